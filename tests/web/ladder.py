"""Every address of a project: which action it asks for and what it answers; and one of everything to ask it about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import uuid4

from django.urls import reverse
from django.utils import timezone

from deployments.discussing import discussing
from deployments.holding import placing
from deployments.models import Approval, Deployment, Emergency, Rendering, Status
from deployments.telling import channels
from deployments.timelines import incidents
from deployments.timelines.incidents import Account
from projects.models import Environment, Membership, SourceBundle, User
from projects.people.api_tokens import make_service_account, make_token
from projects.people.invitations import invite
from projects.people.models import Group, GroupMember
from projects.roles import Action, Role


@dataclass(frozen=True)
class Rung:
    """One address and method: which action it asks for, and what it answers to those who may."""

    name: str
    method: str
    action: Action
    arguments: tuple[str, ...] = ()
    answers: tuple[int, ...] = (200,)
    data: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


Propose = Callable[..., Deployment]
DIGEST = "5e" * 32
VIEW = Action.VIEW
RUNGS = [
    Rung("project", "GET", VIEW),
    Rung("configuration", "GET", VIEW),
    Rung("configuration-revision", "GET", VIEW, ("1",)),
    Rung("configuration-edit", "GET", Action.EDIT_CONFIGURATION),
    Rung("configuration-edit", "POST", Action.EDIT_CONFIGURATION, answers=(422,)),
    Rung("configuration-check", "POST", Action.EDIT_CONFIGURATION),
    Rung("sources", "GET", VIEW),
    Rung("sources", "POST", Action.UPLOAD_SOURCE, answers=(422,), data={"origin": "x"}),
    Rung("source", "GET", VIEW, ("{source}",)),
    Rung("members", "GET", VIEW),
    Rung("members", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"username": "nobody"}),
    Rung("rights", "GET", VIEW),
    Rung("rights-of", "GET", VIEW, ("{person}",)),
    Rung("view-as", "POST", Action.VIEW_AS, answers=(302,)),
    Rung("member-role", "POST", Action.MANAGE_MEMBERS, ("{member}",), (302,)),
    Rung("member-remove", "POST", Action.MANAGE_MEMBERS, ("{member}",), (302,)),
    Rung("service-accounts", "GET", Action.MANAGE_MEMBERS),
    Rung("service-accounts", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"name": "C I"}),
    Rung("service-account", "GET", Action.MANAGE_MEMBERS, ("{service}",)),
    Rung("service-account", "POST", Action.MANAGE_MEMBERS, ("{service}",), (302, 422)),  # 302: to prove it is them
    Rung("service-token-revoke", "POST", Action.MANAGE_MEMBERS, ("{service}", "{token}"), (302,)),
    Rung("service-account-close", "POST", Action.MANAGE_MEMBERS, ("{service}",), (302,)),
    Rung("invite", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"role": "king"}),
    Rung("invitation-resend", "POST", Action.MANAGE_MEMBERS, ("{invitation}",)),
    Rung("invitation-revoke", "POST", Action.MANAGE_MEMBERS, ("{invitation}",), (302,)),
    Rung("member-place", "POST", Action.MANAGE_MEMBERS, ("{member}",), (302,)),
    Rung("groups", "GET", VIEW),
    Rung("groups", "POST", Action.MANAGE_MEMBERS, answers=(422,), data={"name": ""}),
    Rung("group", "GET", VIEW, ("{group}",)),
    Rung("group-add", "POST", Action.MANAGE_MEMBERS, ("{group}",), (422,), {"username": "nobody"}),
    Rung("group-drop", "POST", Action.MANAGE_MEMBERS, ("{group}", "{member}"), (302,)),
    Rung("group-role", "POST", Action.MANAGE_MEMBERS, ("{group}",), (422,), {"role": "king"}),
    Rung("group-remove", "POST", Action.MANAGE_MEMBERS, ("{group}",), (302,)),
    Rung("path", "GET", VIEW),
    Rung("path", "POST", Action.MANAGE_ENVIRONMENTS, answers=(200, 302), data={"do": "add:prod"}),
    Rung("environment-new", "GET", Action.MANAGE_ENVIRONMENTS),
    Rung("environment-new", "POST", Action.MANAGE_ENVIRONMENTS, answers=(422,), data={"name": "X"}),
    Rung("environment-edit", "GET", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("environment-edit", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (422,), {"account": "1"}),
    Rung("environment", "GET", VIEW, ("dev",)),
    Rung("environment-plan", "GET", Action.PROPOSE, ("dev",)),
    Rung("environment-plan", "POST", Action.PROPOSE, ("dev",), (422,), {"configuration": "0"}),
    Rung("environment-destroy", "GET", Action.PROPOSE, ("dev",)),
    Rung("environment-destroy", "POST", Action.PROPOSE, ("dev",), (422,), {"confirm": "prod"}),
    Rung("environment-export", "GET", VIEW, ("dev",)),
    Rung("environment-export-file", "GET", VIEW, ("dev", "template.json")),
    Rung("environment-import", "GET", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("environment-import", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (422,)),
    Rung("environment-import-state", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (422,)),
    Rung("environment-access", "GET", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("environment-access", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",)),
    Rung("protection", "GET", VIEW, ("prod",)),
    Rung("protection-edit", "GET", Action.MANAGE_ENVIRONMENTS, ("prod",)),
    Rung("protection-edit", "POST", Action.MANAGE_ENVIRONMENTS, ("prod",), (422,), {"as": "json", "text": "[]"}),
    Rung("protection-compare", "GET", VIEW, ("prod",)),
    Rung("protection-revision", "GET", VIEW, ("prod", "1")),
    Rung("protection-file", "GET", VIEW, ("prod", "1")),
    Rung("protection-consent", "POST", Action.MANAGE_ENVIRONMENTS, ("prod", "1"), (302,)),
    Rung("protection-decline", "POST", Action.MANAGE_ENVIRONMENTS, ("prod", "1"), (302,)),
    Rung("protection-withdraw", "POST", Action.MANAGE_ENVIRONMENTS, ("prod", "1"), (302,)),
    Rung("environment-secrets", "GET", VIEW, ("dev",)),
    Rung("environment-secrets", "POST", Action.SET_SECRETS, ("dev",), (422,)),
    Rung("environment-adopt", "POST", Action.EDIT_CONFIGURATION, ("dev",), (302,)),
    Rung("environment-drift", "GET", VIEW, ("dev",), (302,)),
    Rung("environment-drift", "POST", Action.PROPOSE, ("dev",), (302,)),
    Rung("environment-optimise", "GET", VIEW, ("dev",)),
    Rung("environment-optimise-finding", "GET", VIEW, ("dev", "0" * 12), (302,)),
    Rung("environment-optimise-finding", "POST", Action.EDIT_CONFIGURATION, ("dev", "0" * 12), (302,)),
    Rung("environment-last-good", "GET", Action.PROPOSE, ("dev",), (302,)),
    Rung("environment-holds", "GET", VIEW, ("dev",)),
    Rung("environment-holds", "POST", Action.HOLD, ("dev",), (422,)),
    Rung("environment-hold-lift", "POST", Action.HOLD, ("dev", "{hold}"), (302,)),
    Rung("environment-at", "GET", VIEW, ("dev",)),
    Rung("environment-try", "POST", Action.TRY, ("dev",), (422,), {"method": "BREW"}),
    Rung("releases", "GET", VIEW),
    Rung("environment-promote", "GET", VIEW, ("dev",), (302,)),
    Rung("deployments", "GET", VIEW),
    Rung("deployment", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-certificate", "GET", VIEW, ("{record}",)),
    Rung("deployment-certificate", "POST", Action.PROPOSE, ("{record}",), (302,)),
    Rung("deployment-news", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-log", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-log-file", "GET", VIEW, ("{record}", "txt")),
    Rung("deployment-resource", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-calls", "GET", VIEW, ("{record}",)),
    Rung("deployment-calls-file", "GET", VIEW, ("{record}",)),
    Rung("deployment-graph", "GET", VIEW, ("{deployment}",)),
    Rung("deployment-approve", "POST", Action.APPROVE, ("{deployment}",), (302,)),
    Rung("deployment-reject", "POST", Action.APPROVE, ("{deployment}",), (302,)),
    Rung("deployment-promote", "GET", Action.PROPOSE, ("{record}",)),
    Rung("deployment-promote", "POST", Action.PROPOSE, ("{record}",), (302,), {"environment": "prod"}),
    Rung("deployment-override", "POST", Action.MANAGE_ENVIRONMENTS, ("{deployment}",), (302,)),
    Rung("deployment-pass-hold", "POST", Action.RUN, ("{deployment}",), (302,)),
    Rung("deployment-emergency", "POST", Action.BREAK_GLASS, ("{deployment}",), (302,)),
    Rung("deployment-look", "POST", Action.APPROVE, ("{record}",), (302,)),
    Rung("deployment-seen", "GET", VIEW, ("{record}", "{seen}")),
    Rung("deployment-start", "POST", Action.RUN, ("{deployment}",), (302,)),
    Rung("deployment-code", "POST", Action.RUN, ("{deployment}",), (302,)),
    Rung("deployment-cancel", "POST", Action.CANCEL_OWN, ("{deployment}",), (302,)),
    Rung("deployment-discard", "POST", Action.PROPOSE, ("{deployment}",), (302,)),
    Rung("discussion", "GET", VIEW, ("{deployment}",)),
    Rung("discussion", "POST", Action.DISCUSS, ("{deployment}",), (422,)),
    Rung("discussion-news", "GET", VIEW, ("{deployment}",)),
    Rung("discussion-people", "GET", Action.DISCUSS, ("{deployment}",)),
    Rung("thread", "GET", VIEW, ("{deployment}", "{thread}")),
    Rung("thread", "POST", Action.DISCUSS, ("{deployment}", "{thread}"), (422,)),
    Rung("thread-resolve", "POST", Action.DISCUSS, ("{deployment}", "{thread}"), (302, 409)),
    Rung("thread-reopen", "POST", Action.DISCUSS, ("{deployment}", "{thread}"), (302, 409)),
    Rung("comment", "GET", Action.DISCUSS, ("{deployment}", "{thread}", "{comment}"), (200, 302)),
    Rung("comment", "POST", Action.DISCUSS, ("{deployment}", "{thread}", "{comment}"), (422,)),
    Rung("comment-delete", "POST", Action.DISCUSS, ("{deployment}", "{thread}", "{comment}"), (302,)),
    Rung("audit", "GET", VIEW),
    Rung("audit-export", "GET", VIEW, ("csv",)),
    Rung("audit-verification", "POST", VIEW),
    Rung("audit-keeping", "POST", Action.MANAGE_MEMBERS, answers=(302,)),
    Rung("notifications", "GET", VIEW),
    Rung("notifications", "POST", Action.MANAGE_NOTIFICATIONS, answers=(422,), data={"kind": "pigeon"}),
    Rung("channel", "GET", Action.MANAGE_NOTIFICATIONS, ("{channel}",)),
    Rung("channel", "POST", Action.MANAGE_NOTIFICATIONS, ("{channel}",), (422,)),
    Rung("channel-remove", "POST", Action.MANAGE_NOTIFICATIONS, ("{channel}",), (302,)),
    Rung("channel-test", "POST", Action.MANAGE_NOTIFICATIONS, ("{channel}",), (302,)),
    Rung("delivery-retry", "POST", Action.MANAGE_NOTIFICATIONS, ("{delivery}",), (302,)),
    Rung("retention", "GET", VIEW, ("dev",)),
    Rung("retention", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (422,), {"keep_last": "0"}),
    Rung("environment-hold", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (302,)),
    Rung("environment-lift", "POST", Action.MANAGE_ENVIRONMENTS, ("dev",), (302,)),
    Rung("record-restore", "POST", Action.PROPOSE, ("{record}",), (302,)),
    Rung("record-tag", "POST", Action.PROPOSE, ("{record}",), (302,)),
    Rung("record-hold", "POST", Action.MANAGE_ENVIRONMENTS, ("{record}",), (302,)),
    Rung("record-lift", "POST", Action.MANAGE_ENVIRONMENTS, ("{record}",), (302,)),
    Rung("timeline", "GET", VIEW),
    Rung("resource-history", "GET", VIEW, ("dev", "Tickets")),
    Rung("incidents", "GET", VIEW),
    Rung("incidents", "POST", Action.RUN, answers=(422,)),
    Rung("incident", "GET", VIEW, ("{incident}",)),
    Rung("incident", "POST", Action.RUN, ("{incident}",), (422,)),
    Rung("incident-close", "POST", Action.RUN, ("{incident}",), (302,)),
    Rung("compare", "GET", VIEW),
    Rung("compare-file", "GET", VIEW, ("json",), (302,)),
    Rung("environment-live", "POST", Action.PROPOSE, ("dev",), (302,)),
    Rung("record", "GET", VIEW, ("{record}",)),
    Rung("record-file", "GET", VIEW, ("{record}", "plan.json")),
    Rung("record-archive", "GET", VIEW, ("{record}",)),
    Rung("compliance", "GET", VIEW),
    Rung("compliance-verification", "GET", VIEW),
    Rung("compliance-paper", "GET", VIEW),
    Rung("compliance-runs", "GET", VIEW),
    Rung("project-archive", "GET", Action.MANAGE_ENVIRONMENTS),
    Rung("record-report", "GET", VIEW, ("{record}",)),
    Rung("record-document", "GET", VIEW, ("{record}",)),
    Rung("environment-archive", "GET", VIEW, ("dev",)),
    Rung("verification", "GET", VIEW, ("{record}",)),
    Rung("replay", "GET", VIEW, ("{record}",)),
    Rung("replay-frames", "GET", VIEW, ("{record}",)),
    Rung("replay-pair", "GET", VIEW),
    Rung("rollback", "GET", Action.PROPOSE, ("{record}",)),
    Rung("rollback", "POST", Action.PROPOSE, ("{record}",), (422,)),
]
OPEN = {"healthz", "readyz", "sign-in", "sign-out", "inbox-badge"}  # answer to anybody
PERSONAL: dict[str, tuple[str, ...]] = {  # answer to anybody who is signed in, with their own things
    "home": (),
    "projects": (),
    "project-new": (),
    "inbox": (),
    "inbox-join": ("1",),
    "mention-read": ("1",),
    "mail-choice": (),
    "view-as-end": (),
}
ADMINISTRATIVE = {  # answer to administrators alone; to others they do not exist
    "installation-audit": ("GET", ()),
    "installation-audit-export": ("GET", ("csv",)),
    "installation-audit-verification": ("POST", ()),
    "history-storage": ("GET", ()),
    "history-storage-apply": ("POST", ()),
    "people": ("GET", ()),
    "project-import": ("GET", ()),
    "project-import-archive": ("POST", ()),
    "person": ("GET", ("1",)),
    "person-act": ("POST", ("1", "sign-out")),
}


def one_of_everything(
    *, owner: User, member: User, prod: Environment, source: SourceBundle, record: Deployment, propose: Propose
) -> dict[str, object]:
    """What the arguments of rungs stand for in the project of `prod`; made here where it is not given."""
    project = prod.project
    channel, _ = channels.add(
        project=project, actor=owner, name="room", kind="slack", address="https://hooks.slack.com/x", occasions=["test"]
    )
    service = make_service_account(project=project, name="ci", role=Role.DEPLOYER, by=owner)
    token, _ = make_token(user=service.user, name="build", actions=[Action.PROPOSE], days=1, made_by=owner)
    waiting = propose(prod, Status.WAITING)
    hold = placing.place(environment=record.environment, actor=owner, reason="Audit week")
    failure = Account("Tickets are lost", timezone.now(), environment=record.environment)
    incident = incidents.note(project=project, actor=owner, said=failure, now=timezone.now())
    Emergency.objects.create(
        deployment=record, actor=owner, actor_text=owner.text, plan_digest=DIGEST, reason="x", factor_at=timezone.now()
    )
    seen = Rendering.objects.create(digest=sha256(project.slug.encode()).hexdigest(), text="<p>what was seen</p>")
    Approval.objects.create(
        deployment=record, actor=owner, actor_text=owner.text, approved=True, plan_digest=DIGEST, saw=seen
    )
    comment = discussing.start(deployment=waiting, about="", actor=owner, text="Why now?", key=uuid4())
    group = Group.objects.create(project=project, name="ops")
    membership = Membership.objects.get(project=project, user=member)
    GroupMember.objects.create(group=group, membership=membership)
    return {
        "channel": channel.pk,
        "hold": hold.pk,
        "incident": incident.pk,
        "delivery": channels.test(channel=channel, actor=owner)[0].pk,
        "source": source.pk,
        "service": service.pk,
        "token": token.pk,
        "invitation": invite(project=project, role=Role.VIEWER, email="", by=owner)[0].pk,
        "group": group.pk,
        "person": member.username,
        "member": membership.pk,
        "deployment": waiting.public_id,
        "thread": comment.thread_id,
        "comment": comment.pk,
        "record": record.public_id,
        "seen": seen.digest,
    }


def address_of(rung: Rung, slug: str, names: dict[str, object]) -> str:
    """The rung's address in that project."""
    return reverse(rung.name, args=[slug, *(each.format(**names) for each in rung.arguments)])

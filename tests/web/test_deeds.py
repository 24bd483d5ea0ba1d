"""Everything that changes something leaves an entry: each address that takes more than a look says which, and why not.

A new address that answers a POST fails here until it is in the table. That the entry is in the transaction of the deed
is tried by letting the log refuse it: then nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command, get_commands
from django.db.models import QuerySet
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from deployments.models import Deployment, Status
from deployments.telling.models import Delivery
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Environment, Membership, Project, SourceBundle, User
from projects.people import bearer
from strandsweb.celery import app as celery
from tests.conftest import person
from tests.people import addresses
from tests.web import ladder
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db

# Name of the address -> the deeds it may leave. More than the example below may be possible.
DEEDS: dict[str, tuple[Deed, ...]] = {
    "project-new": (Deed.PROJECT_CREATED,),
    "project-import-archive": (Deed.PROJECT_IMPORTED,),
    "configuration-edit": (Deed.CONFIGURATION_SAVED,),
    "sources": (Deed.SOURCE_UPLOADED,),
    "members": (Deed.MEMBER_ADDED,),
    "member-role": (Deed.ROLE_CHANGED,),
    "member-remove": (Deed.MEMBER_REMOVED,),
    "service-accounts": (Deed.MEMBER_ADDED,),
    "service-account": (Deed.TOKEN_CREATED,),
    "service-token-revoke": (Deed.TOKEN_REVOKED,),
    "service-account-close": (Deed.MEMBER_REMOVED,),
    "invite": (Deed.MEMBER_INVITED,),
    "invitation-resend": (Deed.MEMBER_INVITED,),
    "invitation-revoke": (Deed.INVITATION_REVOKED,),
    "environment-new": (Deed.ENVIRONMENT_CREATED,),
    "environment-edit": (Deed.ENVIRONMENT_CHANGED,),
    "path": (Deed.PATH_CHANGED,),
    "incidents": (Deed.INCIDENT_NOTED,),
    "incident": (Deed.INCIDENT_CHANGED, Deed.INCIDENT_CLOSED),
    "incident-close": (Deed.INCIDENT_CLOSED,),
    "protection-edit": (Deed.PROTECTION_CHANGED, Deed.PROTECTION_PROPOSED),
    "protection-consent": (Deed.PROTECTION_CONSENTED, Deed.PROTECTION_CHANGED),
    "protection-decline": (Deed.PROTECTION_DECLINED,),
    "protection-withdraw": (Deed.PROTECTION_WITHDRAWN,),
    "environment-plan": (Deed.PLAN_PROPOSED,),
    "environment-destroy": (Deed.PLAN_PROPOSED,),
    "environment-import": (Deed.PLAN_PROPOSED,),
    "environment-import-state": (Deed.PLAN_PROPOSED,),
    "environment-drift": (Deed.DRIFT_CHECKED,),
    "environment-live": (Deed.LIVE_ASKED,),
    "environment-secrets": (Deed.SECRET_SET,),
    "environment-adopt": (Deed.VALUE_ADOPTED, Deed.CONFIGURATION_SAVED),
    "environment-access": (Deed.CONNECTION_TESTED,),
    "environment-optimise-finding": (Deed.CONFIGURATION_SAVED,),
    "environment-try": (Deed.API_TRIED,),
    "rollback": (Deed.PLAN_PROPOSED,),
    "deployment-approve": (Deed.PLAN_APPROVED,),
    "deployment-reject": (Deed.PLAN_REJECTED,),
    "deployment-start": (Deed.RUN_STARTED,),
    "deployment-cancel": (Deed.RUN_CANCELLED,),
    "deployment-discard": (Deed.PLAN_DISCARDED,),
    "deployment-code": (Deed.CODE_ENTERED,),
    "deployment-emergency": (Deed.GLASS_BROKEN,),
    "deployment-look": (Deed.EMERGENCY_REVIEWED,),
    "environment-holds": (Deed.HOLD_PLACED,),
    "environment-hold-lift": (Deed.HOLD_LIFTED,),
    "deployment-certificate": (Deed.CERTIFIED_AGAIN,),
    "deployment-pass-hold": (Deed.HOLD_PASSED,),
    "deployment-override": (Deed.FREEZE_OVERRIDDEN,),
    "deployment-promote": (Deed.PLAN_PROPOSED,),
    "retention": (Deed.RETENTION_CHANGED,),
    "environment-hold": (Deed.LEGAL_HOLD_PLACED,),
    "environment-lift": (Deed.LEGAL_HOLD_LIFTED,),
    "record-restore": (Deed.RECORD_RESTORED,),
    "history-storage-apply": (Deed.STORAGE_RULED,),
    "record-tag": (Deed.RECORD_TAGGED, Deed.RECORD_UNTAGGED),
    "record-hold": (Deed.LEGAL_HOLD_PLACED,),
    "record-lift": (Deed.LEGAL_HOLD_LIFTED,),
    "member-place": (Deed.ROLE_GIVEN, Deed.ROLE_TAKEN),
    "groups": (Deed.GROUP_MADE,),
    "group-add": (Deed.GROUP_JOINED,),
    "group-drop": (Deed.GROUP_LEFT,),
    "group-role": (Deed.GROUP_ROLE_GIVEN, Deed.GROUP_ROLE_TAKEN),
    "group-remove": (Deed.GROUP_REMOVED,),
    "discussion": (Deed.COMMENT_WRITTEN,),
    "thread": (Deed.COMMENT_WRITTEN,),
    "thread-resolve": (Deed.THREAD_RESOLVED,),
    "thread-reopen": (Deed.THREAD_REOPENED,),
    "comment": (Deed.COMMENT_EDITED,),
    "comment-delete": (Deed.COMMENT_DELETED,),
    "view-as": (Deed.VIEW_AS_BEGUN,),
    "view-as-end": (Deed.VIEW_AS_ENDED,),
    "notifications": (Deed.CHANNEL_ADDED,),
    "channel": (Deed.CHANNEL_CHANGED,),
    "channel-remove": (Deed.CHANNEL_REMOVED,),
    "channel-test": (Deed.CHANNEL_TESTED,),
    "delivery-retry": (Deed.DELIVERY_RETRIED,),
    "mail-choice": (Deed.MAILS_CHOSEN,),
    "inbox-join": (Deed.MEMBER_ADDED,),
    "audit-keeping": (Deed.AUDIT_KEPT,),
    "audit-verification": (Deed.AUDIT_VERIFIED,),
    "installation-audit-verification": (Deed.AUDIT_VERIFIED,),
    "person-act": (Deed.ACCOUNT_CLOSED, Deed.ACCOUNT_REOPENED, Deed.FACTORS_RESET, Deed.SESSION_ENDED),
    "sign-in": (Deed.SIGNED_IN, Deed.SIGN_IN_FAILED),
    "account_login": (Deed.SIGNED_IN, Deed.SIGN_IN_FAILED),
    "sign-out": (Deed.SIGNED_OUT,),
    "account_logout": (Deed.SIGNED_OUT,),
    "account_signup": (Deed.ACCOUNT_CREATED,),
    "account_reset_password_from_key": (Deed.PASSWORD_CHANGED,),
    "account_confirm_email": (Deed.EMAIL_CHANGED,),
    "account_change_password": (Deed.PASSWORD_CHANGED,),
    "account_set_password": (Deed.PASSWORD_CHANGED,),
    "account_email": (Deed.EMAIL_CHANGED,),
    "account_reauthenticate": (Deed.SIGN_IN_FAILED,),
    "mfa_authenticate": (Deed.SIGNED_IN, Deed.SIGN_IN_FAILED),
    "mfa_login_webauthn": (Deed.SIGNED_IN, Deed.SIGN_IN_FAILED),
    "mfa_reauthenticate": (Deed.SIGN_IN_FAILED,),
    "mfa_reauthenticate_webauthn": (Deed.SIGN_IN_FAILED,),
    "mfa_activate_totp": (Deed.FACTOR_ADDED,),
    "mfa_deactivate_totp": (Deed.FACTOR_REMOVED,),
    "mfa_generate_recovery_codes": (Deed.FACTOR_ADDED,),
    "mfa_add_webauthn": (Deed.FACTOR_ADDED,),
    "mfa_edit_webauthn": (Deed.FACTOR_RENAMED,),
    "mfa_remove_webauthn": (Deed.FACTOR_REMOVED,),
    "socialaccount_connections": (Deed.PROVIDER_DISCONNECTED,),
    "socialaccount_signup": (Deed.ACCOUNT_CREATED,),
    "invitation": (Deed.ACCOUNT_CREATED, Deed.MEMBER_ADDED),
    "session-end": (Deed.SESSION_ENDED,),
    "usersessions_list": (Deed.SESSION_ENDED,),
    "tokens": (Deed.TOKEN_CREATED,),
    "token-revoke": (Deed.TOKEN_REVOKED,),
    "api-configuration": (Deed.CONFIGURATION_SAVED,),
    "api-sources": (Deed.SOURCE_UPLOADED,),
    "api-plans": (Deed.PLAN_PROPOSED,),
    "api-promotions": (Deed.PLAN_PROPOSED,),
    "api-rollbacks": (Deed.PLAN_PROPOSED,),
    "api-destructions": (Deed.PLAN_PROPOSED,),
    "api-run": (Deed.RUN_STARTED, Deed.RUN_CANCELLED),
    "api-secret": (Deed.SECRET_SET,),
    "api-incidents": (Deed.INCIDENT_NOTED,),
    "api-environment-incidents": (Deed.INCIDENT_NOTED,),
    "api-incident": (Deed.INCIDENT_CHANGED, Deed.INCIDENT_CLOSED),
}
# Name of the address -> why what it is asked leaves no entry of its own.
NOTHING: dict[str, str] = {
    "mention-read": "tidies one's own inbox; who was asked, and what was answered, is in the log",
    "configuration-check": "looks at a text that is being written, and keeps nothing of it",
    "account_reset_password": "sends a mail to whoever has the address, and changes nothing",
    "oidc_login": "leaves for the provider; coming back is the deed",
    "github_login": "leaves for the provider; coming back is the deed",
    "mfa_download_recovery_codes": "shows codes again whose making left an entry",
    "api-nowhere": "there is nothing at that address",
}


# What workers do by themselves, and what is done at the shell: the same.
TASKS: dict[str, tuple[Deed, ...] | str] = {
    "deployments.tasks.plan": (Deed.PLAN_MADE,),
    "deployments.tasks.run": (
        Deed.HOLD_PLACED,
        Deed.CERTIFIED,
        Deed.RUN_ENDED,
        Deed.RUN_HELD_BACK,
        Deed.RECORD_WRITTEN,
        Deed.PLAN_PROPOSED,
    ),
    "deployments.tasks.record": (Deed.CERTIFIED, Deed.RECORD_WRITTEN),
    "deployments.tasks.certify": "reads for whoever asked, which is written down",
    "deployments.tasks.drift": (Deed.DRIFT_FOUND,),
    "deployments.tasks.read_live": (Deed.LIVE_READ,),
    "deployments.tasks.deliver": "each delivery has its row in the log of deliveries",
    "deployments.tasks.expire_records": (Deed.RECORD_EXPIRED,),
    "deployments.tasks.forget_deliveries": (Deed.DELIVERIES_FORGOTTEN,),
    "deployments.tasks.sweep": (Deed.PLAN_MADE, Deed.RUN_CANCELLED),
    "history.tasks.anchor_heads": "copies where chains end to the second place; the copies are the record of it",
    "history.tasks.mail_heads": "mails where chains end",
    "projects.audit.tasks.close_up": "chains entries, and writes how often equal refusals came",
    "projects.audit.tasks.expire": (Deed.AUDIT_EXPIRED,),
}
COMMANDS: dict[str, tuple[Deed, ...] | str] = {
    "deploy": (
        Deed.ENVIRONMENT_CREATED,
        Deed.PROTECTION_CHANGED,
        Deed.PLAN_PROPOSED,
        Deed.PLAN_APPROVED,
        Deed.RUN_STARTED,
        Deed.CONFIGURATION_SAVED,
    ),
    "promote": (Deed.PLAN_PROPOSED, Deed.PLAN_APPROVED, Deed.RUN_STARTED),
    "rollback": (Deed.PLAN_PROPOSED, Deed.PLAN_APPROVED, Deed.RUN_STARTED),
    "destroy": (Deed.PLAN_PROPOSED, Deed.PLAN_APPROVED, Deed.RUN_STARTED),
    "import_resources": (Deed.PLAN_PROPOSED,),
    "import_state": (Deed.PLAN_PROPOSED,),
    "export_state": (Deed.EXPORT_READ,),
    "set_secret": (Deed.SECRET_SET,),
    "seed_demo": (Deed.ACCOUNT_CREATED, Deed.PROJECT_CREATED, Deed.MEMBER_ADDED, Deed.ENVIRONMENT_CREATED),
    "make_administrator": (Deed.ADMINISTRATOR_MADE, Deed.ADMINISTRATOR_GONE, Deed.ACCOUNT_CREATED),
    "history_import": (Deed.PROJECT_IMPORTED,),
    "history_expire": (Deed.RECORD_EXPIRED,),
    "history_lifecycle": (Deed.STORAGE_RULED,),
    "history_reindex": (Deed.HISTORY_REINDEXED,),
    "history_verify": "reads, at the shell of the server",
    "history_key": (Deed.HISTORY_KEY_INTRODUCED,),
    "audit_verify": "reads, at the shell of the server",
}


def test_every_task_and_command_says_which_entries_it_leaves() -> None:
    celery.loader.import_default_modules()
    assert {name for name in celery.tasks if not name.startswith("celery.")} == TASKS.keys()
    ours = {"strandsweb", "history", "deployments", "projects"}
    assert {name for name, app in get_commands().items() if app in ours} == COMMANDS.keys()


def test_the_demo_is_written_down(db: None, settings: Any) -> None:
    with pytest.raises(CommandError):  # no cloud is there to deploy the sample to
        call_command("seed_demo")
    left = set(AuditEntry.objects.values_list("deed", flat=True))
    assert left >= {str(deed) for deed in COMMANDS["seed_demo"]}


@pytest.fixture(scope="module")
def patterns() -> dict[str, URLPattern]:
    """Every address of the application by name."""

    def walk(listed: list[URLPattern | URLResolver]) -> Any:
        for each in listed:
            yield from walk(each.url_patterns) if isinstance(each, URLResolver) else [each]

    return {str(each.name): each for each in walk(get_resolver().url_patterns)}


@pytest.fixture
def names(
    project: Project,
    prod: Environment,
    source: SourceBundle,
    recorded: Deployment,
    propose: Callable[..., Deployment],
    vera: User,
    alice: User,
) -> dict[str, object]:
    """One of everything."""
    return ladder.one_of_everything(
        owner=alice, member=vera, prod=prod, source=source, record=recorded, propose=propose
    )


def takes_more_than_looks(name: str, pattern: URLPattern, names: dict[str, object], visitor: Client) -> bool:
    """Whether the address answers a POST, or as an endpoint of the API any method but GET, other than by 405."""
    if endpoints := bearer.endpoints_of(pattern.callback):
        return bool(endpoints.keys() - {"GET"})
    known = {**addresses.OPEN, **addresses.PERSONAL, **ladder.PERSONAL, **dict.fromkeys(ladder.OPEN, ())}
    known |= {each: arguments for each, (_, arguments) in ladder.ADMINISTRATIVE.items()}
    if name in known:
        return visitor.post(reverse(name, args=known[name])).status_code != 405
    return any(rung.method == "POST" for rung in ladder.RUNGS if rung.name == name)


def test_every_address_that_takes_more_than_looks_says_which_entries_it_leaves(
    patterns: dict[str, URLPattern], names: dict[str, object], alice: User, visit: Visit
) -> None:
    alice.is_superuser = True
    alice.save()
    found = {
        name
        for name, pattern in patterns.items()
        if takes_more_than_looks(name, pattern, names, visit(alice)) or (name in DEEDS or name in NOTHING)
    }
    assert sorted(found - DEEDS.keys() - NOTHING.keys()) == [], "add it to DEEDS, or to NOTHING with the reason"
    assert sorted((DEEDS.keys() | NOTHING.keys()) - patterns.keys()) == [], "no such address any more"
    assert not DEEDS.keys() & NOTHING.keys()


def zipped() -> SimpleUploadedFile:
    """Another source than the sample."""
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("agents/one/handler.py", "answer = 42\n")
    return SimpleUploadedFile("agents.zip", content.getvalue(), "application/zip")


SLACK = "https://hooks.slack.com/y"
KEY = "1f0c2d3e-0000-4000-8000-000000000000"
# Name of the address -> arguments behind the project's name, and what is sent; tried as an owner.
EXAMPLES: dict[str, tuple[tuple[str, ...], Callable[[dict[str, object]], dict[str, Any]]]] = {
    "sources": ((), lambda names: {"origin": "here", "bundle": zipped()}),
    "members": ((), lambda names: {"username": "somebody", "role": "viewer"}),
    "member-role": (("{member}",), lambda names: {"role": "deployer"}),
    "member-remove": (("{member}",), lambda names: {}),
    "member-place": (("{member}",), lambda names: {"place": "dev", "role": "deployer"}),
    "groups": ((), lambda names: {"name": "sre"}),
    "group-add": (("{group}",), lambda names: {"username": "bob"}),
    "group-drop": (("{group}", "{member}"), lambda names: {}),
    "group-role": (("{group}",), lambda names: {"place": "dev", "role": "deployer"}),
    "group-remove": (("{group}",), lambda names: {}),
    "view-as": ((), lambda names: {"role": "viewer"}),
    "service-accounts": ((), lambda names: {"name": "deploys", "role": "deployer"}),
    "service-account-close": (("{service}",), lambda names: {}),
    "service-token-revoke": (("{service}", "{token}"), lambda names: {}),
    "invite": ((), lambda names: {"email": "", "role": "viewer"}),
    "invitation-resend": (("{invitation}",), lambda names: {}),
    "invitation-revoke": (("{invitation}",), lambda names: {}),
    "path": ((), lambda names: {"do": "save", "base": "0", "environment": ["dev", "prod"]}),
    "protection-edit": (("dev",), lambda names: {"as": "json", "do": "save", "base": "0", "text": '{"lint": true}'}),
    "retention": (("dev",), lambda names: {"do": "save", "keep_last": "5", "succeeded_days": "", "failed_days": "9"}),
    "environment-hold": (("dev",), lambda names: {"name": "Case 7", "reason": "Counsel asked"}),
    "record-tag": (("{record}",), lambda names: {"name": "v1.4"}),
    "record-hold": (("{record}",), lambda names: {"name": "Case 7", "reason": "Counsel asked"}),
    "incidents": ((), lambda names: {"title": "Down", "begins_at": "2026-11-20T10:30", "version": "0"}),
    "incident": (
        ("{incident}",), lambda names: {"title": "Slow", "begins_at": "2026-11-20T10:30", "version": "1"},
    ),
    "incident-close": (("{incident}",), lambda names: {}),
    "environment-destroy": (("dev",), lambda names: {"confirm": "dev"}),
    "environment-drift": (("dev",), lambda names: {}),
    "environment-holds": (("prod",), lambda names: {"reason": "Audit week"}),
    "environment-hold-lift": (("dev", "{hold}"), lambda names: {"reason": "It is over"}),
    "environment-live": (("dev",), lambda names: {}),
    "deployment-certificate": (("{record}",), lambda names: {}),
    "deployment-discard": (("{deployment}",), lambda names: {}),
    "deployment-start": (("{ready}",), lambda names: {}),
    "discussion": (("{deployment}",), lambda names: {"text": "And why here?", "key": KEY}),
    "thread": (("{deployment}", "{thread}"), lambda names: {"text": "Because.", "key": KEY}),
    "thread-resolve": (("{deployment}", "{thread}"), lambda names: {}),
    "comment": (("{deployment}", "{thread}", "{comment}"), lambda names: {"text": "Why now, though?"}),
    "comment-delete": (("{deployment}", "{thread}", "{comment}"), lambda names: {}),
    "deployment-cancel": (("{queued}",), lambda names: {}),
    "notifications": (
        (), lambda names: {"name": "hall", "kind": "slack", "address": SLACK, "occasions": "run.failed"},
    ),
    "channel": (("{channel}",), lambda names: {"name": "attic", "occasions": "run.failed"}),
    "channel-remove": (("{channel}",), lambda names: {}),
    "channel-test": (("{channel}",), lambda names: {}),
    "delivery-retry": (("{delivery}",), lambda names: {}),
    "audit-keeping": ((), lambda names: {"keep_days": "400"}),
}  # fmt: skip


NOT_COMPARED = {"audit.AuditEntry", "audit.RepeatedDenial", "sessions.Session", "usersessions.UserSession"}


def everything() -> dict[str, Any]:
    """Every row of every table but the log's own, as the database has it."""
    kept = [model for model in apps.get_models() if model._meta.label not in NOT_COMPARED]
    return {model._meta.label: list(_rows(model._default_manager.all())) for model in kept}


def _rows(rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    return rows.order_by("pk").values()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_deed_and_its_entry_are_one(
    name: str,
    names: dict[str, object],
    project: Project,
    dev: Environment,
    propose: Callable[..., Deployment],
    alice: User,
    visit: Visit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person("somebody")
    Delivery.objects.update(status=Delivery.Status.FAILED)
    quiet = Environment.objects.create(project=project, name="qa", account=dev.account, region=dev.region)
    names |= {
        "ready": propose(quiet, Status.READY).public_id,
        "queued": propose(quiet, Status.QUEUED, run_by=alice, run_by_text="alice").public_id,
    }
    arguments, sent = EXAMPLES[name]
    url = reverse(name, args=[project.slug, *(each.format(**names) for each in arguments)])
    browser, before = visit(alice), everything()
    browser.raise_request_exception = False
    newest = AuditEntry.objects.first()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as full_disk:
        full_disk.setattr(AuditEntry.objects, "create", full)
        assert browser.post(url, sent(names)).status_code == 500
    assert everything() == before, "it was done, and nothing tells of it"
    assert browser.post(url, sent(names)).status_code in (200, 302)
    written = AuditEntry.objects.filter(pk__gt=newest.pk if newest else 0)
    assert DEEDS[name][0] in {entry.deed for entry in written}
    assert all(entry.actor_text == "alice" and entry.request_id and entry.address for entry in written)
    if name not in ("environment-drift", "view-as"):
        assert everything() != before


def test_who_may_not_do_that_to_this_plan_is_written_down(
    propose: Callable[..., Deployment], prod: Environment, dev: Environment, ada: User, bob: User, visit: Visit
) -> None:
    own = propose(prod, Status.WAITING, proposed_by=ada, proposed_by_text="ada")
    sent = {"plan_digest": own.plan.digest, "comment": "", "saw": ""}
    visit(ada).post(reverse("deployment-approve", args=["support-desk", own.public_id]), sent)
    theirs = propose(dev, Status.QUEUED, proposed_by=ada, run_by=ada, run_by_text="ada")
    visit(bob).post(reverse("deployment-cancel", args=["support-desk", theirs.public_id]))
    cancelled, approved = AuditEntry.objects.filter(deed=Deed.DENIED)
    assert (approved.actor_text, approved.target_type) == ("ada", "page") and "approve" in approved.target
    assert cancelled.actor_text == "bob" and "Only an owner" in cancelled.detail["why"]


def test_the_last_owner_stays_and_nothing_is_written_of_it(project: Project, alice: User, visit: Visit) -> None:
    owner = Membership.objects.get(project=project, user=alice)
    before = AuditEntry.objects.count()
    visit(alice).post(reverse("member-remove", args=[project.slug, owner.pk]))
    assert Membership.objects.filter(pk=owner.pk).exists()
    assert AuditEntry.objects.count() == before


def test_workers_know_every_task_that_beat_sends() -> None:
    celery.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(celery.tasks)

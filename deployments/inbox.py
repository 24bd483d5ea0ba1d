"""What waits for a person, over all their projects, and what they asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from deployments import second_factor
from deployments.discussing.models import Mention
from deployments.models import OPEN, RAN, Approval, Deployment, Emergency, ShownCode, Status
from projects.access import environments_where
from projects.models import Credentials, ProtectionRevision, User
from projects.people.models import Invitation
from projects.roles import Action

AT_MOST = 20
"""How many of a kind the page shows; the badge counts more of them."""
COUNTED = 100
"""Where counting ends: the header of every page asks, and nobody reads larger numbers."""
STILL_NEWS = timedelta(days=30)
"""How long a failed run stays in the inbox, when nothing was deployed there since."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Each kind oldest first, at most `AT_MOST` of it; `count` is what the badge says."""

    to_approve: list[Deployment]
    to_start: list[Deployment]
    parked: list[Deployment]
    failed: list[Deployment]
    invitations: list[Invitation]
    mentions: list[Mention]
    emergencies: list[Deployment]
    protections: list[ProtectionRevision]
    asked: list[Deployment]
    proposed: list[ProtectionRevision]

    @property
    def waits(self) -> bool:
        """Something waits for this person."""
        urgent = (self.to_approve, self.to_start, self.parked, self.failed, self.emergencies)
        return any((*urgent, self.invitations, self.mentions, self.protections))


def inbox(user: User) -> Inbox:
    """Everything the page shows."""
    return Inbox(
        to_approve=_shown(to_approve(user)),
        to_start=_shown(to_start(user)),
        parked=_shown(parked(user)),
        failed=_shown(failed(user)),
        invitations=list(invitations(user).select_related("project").order_by("pk")[:AT_MOST]),
        mentions=list(mentions(user).select_related("comment__thread__deployment__environment__project")[:AT_MOST]),
        emergencies=_shown(emergencies(user)),
        protections=list(protections(user).select_related("environment__project").defer("text")[:AT_MOST]),
        asked=_asked(user),
        proposed=_proposed(user),
    )


def count(user: User) -> int:
    """How many things wait for this person, up to `COUNTED`: one query, each of its parts by an index."""
    deployments = (to_start(user), parked(user), failed(user), emergencies(user))
    others = (*deployments, invitations(user), mentions(user), protections(user))
    parts = [each.order_by().values("pk") for each in others]
    return to_approve(user).order_by().values("pk").union(*parts, all=True)[:COUNTED].count()


def badge(request: HttpRequest) -> dict[str, Any]:
    """For every page's header; asked for only where a template uses it."""
    user = request.user
    return {"inbox_count": lambda: count(user) if isinstance(user, User) else 0}


def to_approve(user: User) -> QuerySet[Deployment]:
    """Plans that wait for this person among others, by what the protection asks for, and not reviewed by them yet."""
    return (
        Deployment.objects.filter(_there(user, Action.APPROVE), status=Status.WAITING, awaited__person=user)
        .exclude(Exists(Approval.objects.filter(deployment=OuterRef("pk"), actor=user)))
        .order_by("pk")
    )


def to_start(user: User) -> QuerySet[Deployment]:
    """Plans of mine that only have to be started."""
    return Deployment.objects.filter(_there(user, Action.RUN), status=Status.READY, proposed_by=user).order_by("pk")


def parked(user: User) -> QuerySet[Deployment]:
    """Runs that wait until somebody enters a code of the environment's MFA device."""
    good = ShownCode.objects.filter(deployment=OuterRef("pk"), expires_at__gt=timezone.now() + second_factor.MARGIN)
    return (
        Deployment.objects.filter(
            _there(user, Action.RUN),
            status__in=(Status.QUEUED, Status.RUNNING),
            environment__credentials=Credentials.ROLE,
        )
        .exclude(environment__mfa_serial="")
        .exclude(Exists(good))
        .order_by("pk")
    )


def failed(user: User) -> QuerySet[Deployment]:
    """Runs of mine that failed, where nothing has run since."""
    since = Deployment.objects.filter(
        environment=OuterRef("environment"), status__in={Status.RUNNING, *RAN}, started_at__gt=OuterRef("started_at")
    )
    # A person's own by its index: failures of everybody pile up for ever.
    mine = Deployment.objects.filter(proposed_by=user).order_by().values("pk")
    started = Deployment.objects.filter(run_by=user).order_by().values("pk")
    return (
        Deployment.objects.filter(
            _there(user, Action.VIEW),
            pk__in=mine.union(started),
            status=Status.FAILED,
            ended_at__gt=timezone.now() - STILL_NEWS,
        )
        .exclude(Exists(since))
        .order_by("pk")
    )


def invitations(user: User) -> QuerySet[Invitation]:
    """Those sent to a verified address of mine, to projects I am not in."""
    mine = EmailAddress.objects.filter(user=user, verified=True, email__iexact=OuterRef("email"))
    open_now = Invitation.objects.open().exclude(email="").filter(Exists(mine))
    return open_now.exclude(project__memberships__user=user)


def mentions(user: User) -> QuerySet[Mention]:
    """What somebody asked this person in a discussion, where they have neither answered nor said that they read it."""
    there = _there(user, Action.VIEW, "comment__thread__deployment__environment")
    return Mention.objects.filter(there, person=user, settled_at=None).order_by("pk")


def protections(user: User) -> QuerySet[ProtectionRevision]:
    """Changes of protection that this person may consent to: somebody else proposed them."""
    there = _there(user, Action.MANAGE_ENVIRONMENTS)
    waiting = ProtectionRevision.objects.filter(there, in_force_at=None, closed_at=None)
    return waiting.exclude(author=user).order_by("pk")


def emergencies(user: User) -> QuerySet[Deployment]:
    """What others deployed without approval, in an emergency, and nobody has looked at since."""
    return (
        Deployment.objects.filter(
            _there(user, Action.APPROVE),
            pk__in=Emergency.objects.filter(reviewed_at=None).values("pk"),
            ended_at__isnull=False,
            started_at__isnull=False,
        )
        .exclude(emergency__actor=user)
        .order_by("pk")
    )


def _asked(user: User) -> list[Deployment]:
    mine = (
        Deployment.objects.filter(_there(user, Action.VIEW), proposed_by=user, status__in=OPEN)
        .select_related("environment__project", "configuration")
        .order_by("-pk")[:AT_MOST]
    )
    return list(mine)


def _proposed(user: User) -> list[ProtectionRevision]:
    there = _there(user, Action.VIEW)
    mine = ProtectionRevision.objects.filter(there, author=user, in_force_at=None, closed_at=None)
    return list(mine.select_related("environment__project").defer("text").order_by("-pk")[:AT_MOST])


def _there(user: User, action: Action, environment: str = "environment") -> Exists:
    """That this person may do that in the row's environment: asked row by row, as few rows wait among many places."""
    return Exists(environments_where(user, action).filter(pk=OuterRef(environment)).order_by())


def _shown(found: QuerySet[Deployment]) -> list[Deployment]:
    return list(found.select_related("environment__project", "configuration").order_by("pk")[:AT_MOST])

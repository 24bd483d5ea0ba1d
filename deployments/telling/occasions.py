"""What people are told of: one code per occasion, its words, and whom it concerns."""

from __future__ import annotations

from enum import Enum

from django.db import models


class Occasion(models.TextChoices):
    """`thing.happened`, as webhooks carry it; the words name it in lists."""

    PLAN_WAITING = "plan.waiting", "a plan waits for approval"
    PLAN_APPROVED = "plan.approved", "a plan is approved"
    PLAN_REJECTED = "plan.rejected", "a plan is rejected"
    RUN_STARTED = "run.started", "a run starts"
    RUN_SUCCEEDED = "run.succeeded", "a run succeeds"
    RUN_FAILED = "run.failed", "a run fails"
    RUN_CANCELLED = "run.cancelled", "a run is cancelled"
    DRIFT_FOUND = "drift.found", "drift is found"
    BREAK_GLASS = "break.glass", "somebody deploys without approval in an emergency"
    HOLD_PLACED = "hold.placed", "something is held, or quarantined"
    HOLD_LIFTED = "hold.lifted", "what was held is resumed"
    MENTIONED = "mentioned", "somebody asks you in a discussion"
    PROTECTION_WAITING = "protection.waiting", "a change of protection waits for consent"
    PROTECTION_CHANGED = "protection.changed", "the protection of an environment is another one"
    LEGAL_HOLD = "legal-hold.changed", "records are put on legal hold, or let go of it"
    TEST = "test", "a test"


PERSONAL = [(each.value, each.label) for each in Occasion if each is not Occasion.TEST]
"""What people choose from."""

CHOICES = [choice for choice in PERSONAL if choice[0] != Occasion.MENTIONED]
"""What channels choose from."""

BY_DEFAULT = frozenset(
    {
        Occasion.PLAN_WAITING,
        Occasion.PLAN_APPROVED,
        Occasion.PLAN_REJECTED,
        Occasion.RUN_FAILED,
        Occasion.BREAK_GLASS,
        Occasion.HOLD_PLACED,
        Occasion.PROTECTION_WAITING,
        Occasion.LEGAL_HOLD,
        Occasion.MENTIONED,
    }
)
"""What is mailed to somebody who never said anything."""


class Concerned(Enum):
    """Who gets a mail, if they want it."""

    AWAITED = "those whose approval it waits for"
    PARTIES = "who proposed it and who started it"
    GUARDIANS = "the project's approvers and owners"
    NAMED = "who is asked by name"


CONCERNS: dict[Occasion, Concerned] = {
    Occasion.PLAN_WAITING: Concerned.AWAITED,
    Occasion.PLAN_APPROVED: Concerned.PARTIES,
    Occasion.PLAN_REJECTED: Concerned.PARTIES,
    Occasion.RUN_STARTED: Concerned.PARTIES,
    Occasion.RUN_SUCCEEDED: Concerned.PARTIES,
    Occasion.RUN_FAILED: Concerned.PARTIES,
    Occasion.RUN_CANCELLED: Concerned.PARTIES,
    Occasion.DRIFT_FOUND: Concerned.GUARDIANS,
    Occasion.BREAK_GLASS: Concerned.GUARDIANS,
    Occasion.HOLD_PLACED: Concerned.GUARDIANS,
    Occasion.HOLD_LIFTED: Concerned.GUARDIANS,
    Occasion.PROTECTION_WAITING: Concerned.NAMED,
    Occasion.PROTECTION_CHANGED: Concerned.GUARDIANS,
    Occasion.LEGAL_HOLD: Concerned.NAMED,
    Occasion.MENTIONED: Concerned.NAMED,
}

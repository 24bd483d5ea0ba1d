"""What is said of an occasion: a title, a few lines, and where to look; plain text, whatever names hold."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from deployments.models import Deployment
from deployments.telling.models import Delivery
from deployments.telling.occasions import Occasion
from projects.models import Environment

TITLE_CHARACTERS = 200
TEXT_CHARACTERS = 1500

SAID: dict[Occasion, str] = {
    Occasion.PLAN_WAITING: "A plan waits for approval",
    Occasion.PLAN_APPROVED: "A plan is approved",
    Occasion.PLAN_REJECTED: "A plan is rejected",
    Occasion.RUN_STARTED: "A run has started",
    Occasion.RUN_SUCCEEDED: "A run has succeeded",
    Occasion.RUN_FAILED: "A run has failed",
    Occasion.RUN_CANCELLED: "A run was cancelled",
    Occasion.DRIFT_FOUND: "Drift was found",
    Occasion.BREAK_GLASS: "Deployed without approval, in an emergency",
    Occasion.HOLD_PLACED: "Held back",
    Occasion.HOLD_LIFTED: "Resumed",
    Occasion.PROTECTION_WAITING: "A change of protection waits for the consent of another owner",
    Occasion.PROTECTION_CHANGED: "The protection is another one",
    Occasion.LEGAL_HOLD: "A legal hold on records was placed or lifted",
    Occasion.MENTIONED: "Somebody asks you about a plan",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One occasion in words; `path` is the page about it, on this site."""

    occasion: Occasion
    environment: str
    deployment: str
    actor_text: str
    title: str
    text: str
    path: str


def notice_of(
    occasion: Occasion,
    *,
    environment: Environment,
    deployment: Deployment | None = None,
    actor_text: str = "",
    why: str = "",
) -> Notice:
    """The words for it; `why` is a sentence of who did it, or of what went wrong."""
    place = (environment.project.slug, environment.name)
    lines = []
    if deployment is not None:
        lines.append(f"{deployment.message or deployment.kind}, proposed by {deployment.proposed_by_text}.")
        counts = [(action, count) for action, count in deployment.counts.items() if count and action != "no-change"]
        if counts:
            lines.append(f"The plan: {', '.join(f'{count} to {action}' for action, count in counts)}.")
        if deployment.destroys_data:
            lines.append("It destroys data.")
    if why:
        lines.append(f"{actor_text}: {why}" if actor_text else why)
    elif actor_text:
        lines.append(f"By {actor_text}.")
    if deployment is not None:
        path = reverse("deployment", args=[place[0], deployment.public_id])
    else:
        path = reverse("environment", args=place)
    return Notice(
        occasion=occasion,
        environment=environment.name,
        deployment=deployment.public_id if deployment else "",
        actor_text=one_line(actor_text)[:150],
        title=one_line(f"{SAID[occasion]}: {'/'.join(place)}")[:TITLE_CHARACTERS],
        text="\n".join(one_line(line) for line in lines)[:TEXT_CHARACTERS],
        path=path,
    )


def one_line(text: str) -> str:
    """The text without line ends, control characters and marks that turn the writing round."""
    blanked = " ".join(text.split())
    return "".join(each for each in blanked if unicodedata.category(each) not in ("Cc", "Cf", "Co", "Cs"))


def link_of(delivery: Delivery) -> str:
    """The address of the page it is about. Made from a setting: what a request calls this host is not trusted."""
    return f"{settings.SITE_URL}{delivery.path}"

"""The inputs of a protection, each named by the place of what it says, such as `approvals[0].count`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms

from projects.forms import StyledForm
from projects.protection.freezing import Window, upcoming
from projects.protection.model import Running
from projects.protection.reading import APPROVERS, Unreadable, read

Choices = list[tuple[str, str]]

_DAYS = [("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday")]
_DAYS += [("fri", "Friday"), ("sat", "Saturday"), ("sun", "Sunday")]
_KINDS = [("once", "once"), ("weekly", "every week"), ("cron", "by cron")]
_RUNNING = [(Running.FINISH.value, "lets what runs finish"), (Running.END.value, "ends what runs")]


class Lines(forms.Textarea):
    """A list, one entry to a line."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """The typed lines again."""
        return "\n".join(data.getlist(name))


class PlacedForm(StyledForm):
    """Inputs by their places; they take whatever is typed, as `reading` says what is wrong with it."""

    places: Mapping[str, str] = {}

    def add_prefix(self, field_name: str) -> str:
        """The place, which is the input's name."""
        place = self.places.get(field_name, field_name)
        return f"{self.prefix}.{place}" if self.prefix else place

    def typed(self, name: str) -> str:
        """What was typed there."""
        return str(self.data.get(self.add_prefix(name), "")).strip()

    def lines(self, name: str) -> list[str]:
        """Everything that was chosen or typed there, blank lines left out."""
        given: list[str] = self.data.getlist(self.add_prefix(name))  # type: ignore[attr-defined]
        return [line.strip() for text in given for line in text.splitlines() if line.strip()]

    def number(self, name: str) -> int | float | str | None:
        """The number that was typed, None for nothing, the text where it is none."""
        text = self.typed(name)
        if re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
            return int(text)
        return float(text) if re.fullmatch(r"-?\d{1,12}\.\d{1,12}", text, re.ASCII) else text or None

    def offer(self, name: str, known: Choices, why_not: str) -> None:
        """Lets them choose among what is known, and keeps what was chosen though it is not."""
        names = {value for value, _ in known}
        others = [(value, f"{value} ({why_not})") for value in self.lines(name) if value not in names]
        self.fields[name].choices = [*known, *others]  # type: ignore[attr-defined]


def _number(label: str, help_text: str = "", step: str = "1") -> forms.CharField:
    widget = forms.NumberInput(attrs={"min": "0", "step": step, "inputmode": "decimal" if step == "any" else "numeric"})
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget)


def _flag(label: str, help_text: str = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False)


def _several(label: str, choices: Sequence[tuple[str, str]] = (), help_text: str = "") -> forms.MultipleChoiceField:
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(label=label, help_text=help_text, required=False, choices=choices, widget=widget)


class SettingsForm(PlacedForm):
    """Everything but the approvals and the freezes, of which there are several."""

    places = {
        "proposer_may_approve": "proposerMayApprove",
        "editor_may_approve": "editorMayApprove",
        "comment_required": "commentRequired",
        "fresh_factor": "freshFactor",
        "approvals_expire_hours": "approvalsExpireHours",
        "minimum_wait_minutes": "minimumWaitMinutes",
        "deletes": "budget.deletes",
        "replaced_stateful": "budget.replacedStateful",
        "monthly_increase_usd": "budget.monthlyIncreaseUsd",
        "new_permissions": "budget.newPermissions",
        "resources": "budget.resources",
        "more_approvals": "budget.moreApprovals",
        "refuses": "budget.refuses",
        "promoted_from": "promotedFrom",
        "upstream_of_path": "upstreamOfPath",
    }

    proposer_may_approve = _flag("Who proposed the plan may approve it")
    editor_may_approve = _flag("Who last edited its configuration may approve it")
    comment_required = _flag("An approval needs a comment")
    fresh_factor = _flag("Whoever approves shows a second factor again")
    approvals_expire_hours = _number("Hours until an approval expires", "Empty: it does not.")
    minimum_wait_minutes = _number("Minutes that a plan waits before it runs", "Empty: none.")
    deletes = _number("Resources it deletes")
    replaced_stateful = _number("Replacements of what holds data")
    monthly_increase_usd = _number("USD a month it costs more", step="any")
    new_permissions = _number("New permissions")
    resources = _number("Resources it touches")
    more_approvals = _number("More approvals over budget", "By whoever may approve.")
    refuses = _flag("A plan over budget is refused", "More approvals do not help it then.")
    promoted_from = _several("Promoted only from", help_text="None chosen: from anywhere.")
    branches = forms.CharField(
        label="Git branches",
        required=False,
        widget=Lines(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One to a line, as main or release/*. Empty: any.",
    )
    preflight = _flag("The preflight checks have to pass")
    lint = _flag("The lint has to find no errors in the configuration")
    upstream = _several("Deployed successfully before in", help_text="The same configuration and the same sources.")
    upstream_of_path = _flag(
        "Also in what comes before it on the project's path", "One owner alone cannot change then what that is."
    )

    def as_data(self) -> dict[str, Any]:
        """JSON of what was typed."""
        numbers = ("deletes", "replaced_stateful", "monthly_increase_usd", "new_permissions", "resources")
        approving = ("proposer_may_approve", "editor_may_approve", "comment_required", "fresh_factor")
        flags = (*approving, "preflight", "lint", "upstream_of_path")
        budget = {self.places[name].removeprefix("budget."): self.number(name) for name in (*numbers, "more_approvals")}
        return {
            **{self.places.get(name, name): bool(self.typed(name)) for name in flags},
            "approvalsExpireHours": self.number("approvals_expire_hours"),
            "minimumWaitMinutes": self.number("minimum_wait_minutes"),
            "budget": {**budget, "refuses": bool(self.typed("refuses"))},
            "promotedFrom": self.lines("promoted_from"),
            "branches": self.lines("branches"),
            "upstream": self.lines("upstream"),
        }


class RequirementForm(PlacedForm):
    """So many approvals by some people."""

    count = _number("Approvals")
    people = _several("People")
    groups = _several("Groups")
    roles = _several("Roles", [(role.value, role.value) for role in APPROVERS])

    def as_data(self) -> dict[str, Any]:
        """JSON of what was typed."""
        named = {name: self.lines(name) for name in ("people", "groups", "roles")}
        return {"count": self.number("count"), **named}


class FreezeForm(PlacedForm):
    """When nothing starts; of the kinds of times the chosen one counts, the others are kept while it is edited."""

    places = {
        "start": "once.start",
        "end": "once.end",
        "days": "weekly.days",
        "at": "weekly.at",
        "weekly_minutes": "weekly.minutes",
        "expression": "cron.expression",
        "cron_minutes": "cron.minutes",
    }

    name = forms.CharField(required=False)
    zone = forms.CharField(
        label="Time zone",
        required=False,
        help_text="Such as Europe/Berlin.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    running = forms.ChoiceField(label="When it begins, it", choices=_RUNNING, required=False)
    kind = forms.ChoiceField(label="When", choices=_KINDS, required=False, widget=forms.RadioSelect)
    start = forms.CharField(
        label="From", required=False, widget=forms.TextInput(attrs={"type": "datetime-local", "step": "60"})
    )
    end = forms.CharField(
        label="To", required=False, widget=forms.TextInput(attrs={"type": "datetime-local", "step": "60"})
    )
    days = _several("Days", _DAYS)
    at = forms.CharField(label="From", required=False, widget=forms.TextInput(attrs={"type": "time", "step": "60"}))
    weekly_minutes = _number("Minutes it lasts", "1440 are a day, a week is the most.")
    expression = forms.CharField(
        label="Minute, hour, day, month, weekday",
        required=False,
        help_text="As cron has them: 0 16 * * fri",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    cron_minutes = _number("Minutes it lasts", "From each of those times on; a week is the most.")

    def as_data(self) -> dict[str, Any]:
        """JSON of what was typed."""
        times: dict[str, dict[str, Any]] = {
            "once": {"start": self.typed("start"), "end": self.typed("end")},
            "weekly": {"days": self.lines("days"), "at": self.typed("at"), "minutes": self.number("weekly_minutes")},
            "cron": {"expression": self.typed("expression"), "minutes": self.number("cron_minutes")},
        }
        kind = self.typed("kind")
        when = {kind: times[kind]} if kind in times else {}
        return {"name": self.typed("name"), "zone": self.typed("zone"), "running": self.typed("running"), **when}

    def upcoming(self, now: datetime) -> tuple[Window, ...] | None:
        """Its next times; None while it cannot be read."""
        try:
            (freeze,) = read({"freezes": [self.as_data()]}).freezes
        except Unreadable:
            return None
        return upcoming(freeze, now)

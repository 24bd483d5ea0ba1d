"""The form about an incident."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import URLValidator

from deployments.timelines.incidents import Account, account_of, may_note
from deployments.timelines.models import Incident
from deployments.timelines.windows import EARLIEST, LATEST
from projects.access import environments_where
from projects.forms import StyledForm
from projects.models import Environment, Project, User
from projects.roles import Action

EVERYWHERE = ""


class MomentInput(forms.DateTimeInput):
    """A date and a time, as browsers ask for them."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M:%S", attrs={"step": "1"})


class IncidentForm(StyledForm):
    """What happened, when and where; `version` is what the person saw of it, 0 of a new one."""

    title = forms.CharField(label="What happened", max_length=120)
    environment = forms.ChoiceField(label="Where", required=False)
    begins_at = forms.DateTimeField(label="From (UTC)", widget=MomentInput())
    ends_at = forms.DateTimeField(
        label="To (UTC)", required=False, widget=MomentInput(), help_text="Leave it empty while it goes on."
    )
    link = forms.URLField(
        label="Link",
        required=False,
        max_length=500,
        assume_scheme="https",
        validators=[URLValidator(["http", "https"])],
    )
    text = forms.CharField(
        label="In more words", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput, initial=0)

    def __init__(self, *args: Any, project: Project, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = environments_where(actor, Action.RUN).filter(project=project)
        self._places: dict[str, Environment] = {each.name: each for each in mine}
        choices = [(EVERYWHERE, "all environments")] if may_note(actor, project, None) else []
        self.fields["environment"].choices = [*choices, *((name, name) for name in self._places)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Both times in an order, and in centuries that timelines know."""
        data = super().clean() or {}
        begins_at, ends_at = data.get("begins_at"), data.get("ends_at")
        for name in ("begins_at", "ends_at"):
            if data.get(name) and not EARLIEST <= data[name] <= LATEST:
                self.add_error(name, f"Name a time between {EARLIEST.year} and {LATEST.year}.")
        if begins_at and ends_at and ends_at < begins_at:
            self.add_error("ends_at", "It cannot end before it begins.")
        if "environment" in data and data["environment"] == EVERYWHERE and EVERYWHERE not in self._offered():
            self.add_error("environment", "Choose where.")
        return data

    @property
    def account(self) -> Account:
        """What was said."""
        data = self.cleaned_data
        return Account(
            title=data["title"],
            begins_at=data["begins_at"],
            ends_at=data["ends_at"],
            environment=self._places.get(data["environment"]),
            link=data["link"],
            text=data["text"],
        )

    def _offered(self) -> set[str]:
        return {value for value, _ in self.fields["environment"].choices}  # type: ignore[attr-defined]


def initial_of(incident: Incident) -> dict[str, Any]:
    """What the form shows of an incident."""
    said = account_of(incident)
    return {
        "title": said.title,
        "environment": said.environment.name if said.environment else EVERYWHERE,
        "begins_at": said.begins_at,
        "ends_at": said.ends_at,
        "link": said.link,
        "text": said.text,
        "version": incident.version,
    }

"""Forms about holds: what to hold and why, why to resume, why a plan may pass."""

from __future__ import annotations

from typing import Any

from django import forms

from deployments.models import Deployment
from deployments.releases import BRINGING, Release, release_of, shown
from projects.forms import StyledForm
from projects.models import Environment

RELEASES = 20
"""How many releases are offered, the last that came."""
LOOKED_AT = 200


class HoldForm(StyledForm):
    """What is held, where, and why."""

    release = forms.ChoiceField(label="What", required=False)
    everywhere = forms.BooleanField(label="In all environments of the project", required=False)
    reason = forms.CharField(label="Why", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, environment: Environment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._brought = _brought_to(environment)
        choices = [("", "Everything that automation brings")]
        choices += [(key, f"The release {release_of(each).name}") for key, each in self._brought.items()]
        self.fields["release"].choices = choices  # type: ignore[attr-defined]

    def clean_release(self) -> Deployment | None:
        """A deployment that brought it, or None for everything."""
        return self._brought.get(self.cleaned_data["release"])


class ReasonForm(StyledForm):
    """Why."""

    reason = forms.CharField(label="Why", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class PassForm(ReasonForm):
    """Why exactly this plan may run in spite of a hold."""

    hold = forms.IntegerField(min_value=1, max_value=2**31, widget=forms.HiddenInput)
    plan_digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


def _brought_to(environment: Environment) -> dict[str, Deployment]:
    """The newest deployment of each of the last releases that were planned there, by its key."""
    rows = Deployment.objects.filter(environment=environment, kind__in=BRINGING, planned_at__isnull=False, undoes="")
    newest = dict[Release, Deployment]()
    for each in shown(rows).order_by("-pk")[:LOOKED_AT]:
        newest.setdefault(release_of(each), each)
    return {str(each.pk): each for each in list(newest.values())[:RELEASES]}

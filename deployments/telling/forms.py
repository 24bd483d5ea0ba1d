"""What an owner says of a channel, and a person of their mails."""

from __future__ import annotations

from typing import Any

from django import forms

from deployments.telling.addresses import Blocked, check
from deployments.telling.models import Channel, Kind
from deployments.telling.occasions import CHOICES, PERSONAL
from projects.forms import StyledForm
from projects.models import Project


class MailForm(StyledForm):
    """What is mailed; nothing, if nothing is ticked."""

    occasions = forms.MultipleChoiceField(choices=PERSONAL, required=False, widget=forms.CheckboxSelectMultiple)


class ChannelForm(StyledForm):
    """A new channel, or another name, address or choice for one; an empty address stays what it is."""

    name = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    kind = forms.ChoiceField(choices=[each for each in Kind.choices if each[0] != Kind.EMAIL])
    address = forms.CharField(
        max_length=2000,
        help_text="The URL the service gave you: Slack's incoming webhook, Teams' workflow, or your program's.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )
    occasions = forms.MultipleChoiceField(
        choices=CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )

    def __init__(self, *args: Any, project: Project, channel: Channel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.channel = channel
        if channel is not None:
            del self.fields["kind"]
            self.fields["address"].required = False
            self.fields["address"].help_text = f"Empty: the one at {channel.host}, which is never shown again."

    def clean_name(self) -> str:
        """One channel of a name in a project."""
        name: str = self.cleaned_data["name"]
        others = self.project.channels.filter(name=name)
        if (others.exclude(pk=self.channel.pk) if self.channel else others).exists():
            raise forms.ValidationError("The project has a channel of this name.")
        return name

    def clean_address(self) -> str:
        """Somewhere that messages may go to, as far as the address itself says."""
        address: str = self.cleaned_data["address"]
        if address:
            try:
                check(address)
            except Blocked as refusal:
                raise forms.ValidationError(str(refusal)) from None
        return address

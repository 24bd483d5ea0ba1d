"""Forms about deployments: what to plan, a review, a call, a typed confirmation."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django import forms

from deployments.outputs import METHODS
from projects.forms import StyledForm
from projects.models import Configuration, Environment, SourceBundle

MAX_STATE_BYTES = 32 * 2**20

if TYPE_CHECKING:
    ModelChoice = forms.ModelChoiceField[Any]
else:
    ModelChoice = forms.ModelChoiceField  # Django's class takes no parameters when it runs


class ConfigurationChoice(ModelChoice):
    """A revision by number and message."""

    def label_from_instance(self, obj: Any) -> str:
        """`4 · more memory (Bob)`."""
        return f"{obj.number} · {obj.message or 'no message'} ({obj.author_text})"


class SourceChoice(ModelChoice):
    """A source bundle by digest and origin."""

    def label_from_instance(self, obj: Any) -> str:
        """`3f2a… · main at 41c2`."""
        return f"{obj.short_digest} · {obj.origin}"


class TargetsField(forms.CharField):
    """Names of agents and resources, separated by blanks or commas; cleans to a list."""

    def __init__(self, **kwargs: Any) -> None:
        said = "Agents and resources by the names a plan shows; what they need comes with them. Empty: everything."
        super().__init__(
            label="Only",
            required=False,
            max_length=100_000,
            help_text=kwargs.pop("help_text", said),
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            **kwargs,
        )

    def clean(self, value: Any) -> list[str]:
        """The names, each once."""
        return list(dict.fromkeys(re.findall(r"[^\s,]+", super().clean(value))))


class PlanForm(StyledForm):
    """What to plan for an environment; the latest of each unless chosen otherwise."""

    configuration = ConfigurationChoice(queryset=Configuration.objects.none(), empty_label=None)
    source = SourceChoice(queryset=SourceBundle.objects.none(), required=False, empty_label="none")
    message = forms.CharField(label="Message", max_length=200, required=False)
    targets = TargetsField()
    run_when_approved = forms.BooleanField(label="Deploy by itself once it is approved", required=False)

    def __init__(self, *args: Any, environment: Environment, **kwargs: Any) -> None:
        project = environment.project
        latest, source = project.latest_configuration, project.latest_source
        kwargs["initial"] = {"configuration": latest, "source": source} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.fields["configuration"].queryset = project.configurations.defer("text")  # type: ignore[attr-defined]
        self.fields["source"].queryset = project.sources.defer("files")  # type: ignore[attr-defined]
        if not environment.protected or environment.asks_for_code:
            del self.fields["run_when_approved"]


class ReviewForm(StyledForm):
    """A comment and the digest of the plan the person saw."""

    comment = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What you looked at"})
    )
    plan_digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    saw = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput, required=False)


class OverrideForm(StyledForm):
    """Why a plan may pass a freeze."""

    freeze = forms.CharField(max_length=120, widget=forms.HiddenInput)
    reason = forms.CharField(label="Why it cannot wait", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    plan_digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


class PromotionForm(StyledForm):
    """Where to, and why."""

    environment = forms.SlugField(max_length=20, widget=forms.HiddenInput)
    message = forms.CharField(label="Why", max_length=200, required=False)


class EmergencyForm(StyledForm):
    """What the emergency is."""

    reason = forms.CharField(label="What the emergency is", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    plan_digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


class FindingsForm(StyledForm):
    """What a second person found."""

    findings = forms.CharField(label="What you found", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class CodeField(forms.CharField):
    """What an MFA device shows now; never rendered again."""

    def __init__(self, **kwargs: Any) -> None:
        shown = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        super().__init__(
            label="Code of the MFA device", max_length=20, widget=forms.PasswordInput(attrs=shown), **kwargs
        )

    def clean(self, value: Any) -> str:
        """Without the blanks that devices put between the digits."""
        return "".join(super().clean(value).split())


class CodeForm(StyledForm):
    """A code alone."""

    code = CodeField(required=False)


class SecretForm(StyledForm):
    """A secret's new value; never rendered again."""

    logical_id = forms.CharField(max_length=255, widget=forms.HiddenInput)
    value = forms.CharField(strip=False, max_length=65_536, widget=forms.PasswordInput)
    code = CodeField(required=False)


class MessageForm(StyledForm):
    """Why, in a sentence."""

    message = forms.CharField(label="Why", max_length=200, required=False)


class RollbackForm(StyledForm):
    """Why, and how much of the environment."""

    message = forms.CharField(
        label="What is wrong with what is there now",
        max_length=200,
        help_text="The release that is taken away is quarantined with this as the reason.",
    )
    targets = TargetsField()


class DestroyForm(StyledForm):
    """The environment's name, typed."""

    confirm = forms.CharField(
        max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    message = forms.CharField(label="Why", max_length=200, required=False)
    targets = TargetsField(
        help_text="Agents and resources by the names above; what needs them goes with them. Empty: everything."
    )

    def __init__(self, *args: Any, environment: Environment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environment = environment
        self.fields["confirm"].label = f"Type {environment.name} to plan its destruction"

    def clean_confirm(self) -> str:
        """It is this environment's name."""
        typed: str = self.cleaned_data["confirm"]
        if typed.strip() != self.environment.name:
            raise forms.ValidationError(f"This is not the name of the environment; it is {self.environment.name}.")
        return typed


class ImportForm(StyledForm):
    """Existing resources, one per line: logical id, physical id."""

    resources = forms.CharField(
        label="Resources",
        max_length=100_000,
        help_text="One per line: the logical id, a blank, and the id that AWS knows it by.",
        widget=forms.Textarea(
            attrs={
                "rows": 5,
                "wrap": "off",
                "spellcheck": "false",
                "class": "font-monospace",
                "placeholder": "TicketsTable legacy-tickets",
            }
        ),
    )
    message = forms.CharField(label="Why", max_length=200, required=False)

    def clean_resources(self) -> dict[str, str]:
        """Physical ids by logical id."""
        named: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["resources"].splitlines(), start=1):
            words = line.split(maxsplit=1)
            if not words:
                continue
            if len(words) == 1:
                raise forms.ValidationError(f"Line {number} names no physical id: {words[0]}")
            if named.setdefault(words[0], words[1].strip()) != words[1].strip():
                raise forms.ValidationError(f"Line {number} names {words[0]} again.")
        return named


class StateForm(StyledForm):
    """A state file."""

    file = forms.FileField(label="State file", widget=forms.FileInput(attrs={"accept": ".json,application/json"}))

    def clean_file(self) -> Any:
        """Its JSON."""
        file = self.cleaned_data["file"]
        if file.size > MAX_STATE_BYTES:
            raise forms.ValidationError(f"At most {MAX_STATE_BYTES // 2**20} MB are taken.")
        try:
            return json.load(file)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError("This is not a JSON file.") from error


HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,8000}")
OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "expect"})
"""Headers that belong to the connection, not to the caller."""


class TryForm(StyledForm):
    """One call of the deployed API."""

    method = forms.ChoiceField(choices=[(method, method) for method in METHODS], initial="POST")
    path = forms.CharField(max_length=2000, initial="/")
    body = forms.CharField(
        label="JSON body",
        required=False,
        max_length=100_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "font-monospace"}),
    )
    headers = forms.CharField(
        label="Headers",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(
            attrs={
                "rows": 2,
                "spellcheck": "false",
                "autocomplete": "off",
                "class": "font-monospace",
                "placeholder": "Authorization: Bearer ...",
            }
        ),
        help_text="One per line, for routes that ask who calls. They are sent once and kept nowhere.",
    )

    def clean_headers(self) -> dict[str, str]:
        """The lines as names and values."""
        found = {}
        for line in filter(str.strip, self.cleaned_data["headers"].splitlines()):
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
                raise forms.ValidationError(f"“{line[:40]}” is no header. Write NAME: VALUE, one per line.")
            if name.lower() in OURS:
                raise forms.ValidationError(f"{name} is set by the call itself. Leave it out.")
            found[name] = value
        return found

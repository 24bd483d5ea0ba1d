"""Forms about projects: what people type, checked before it gets near a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.forms.renderers import DjangoTemplates

from projects.models import Credentials, Environment, Project, name_validator

MAX_CONFIGURATION_CHARACTERS = 262_144

if TYPE_CHECKING:
    EnvironmentModelForm = forms.ModelForm[Environment]
else:
    EnvironmentModelForm = forms.ModelForm  # Django's class takes no parameters when it runs


class StyledField(forms.BoundField):
    """A field whose widget carries the look's class, and a mark when what was entered is wrong."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        """Django's attributes, which tie help and errors to the widget, and the class."""
        widget = widget or self.field.widget
        kind = {"checkbox": "form-check-input", "select": "form-select"}.get(
            getattr(widget, "input_type", ""), "form-control"
        )
        wrong = "is-invalid" if self.errors else ""
        classes = " ".join(filter(None, [widget.attrs.get("class"), kind, wrong]))
        return super().build_widget_attrs(attrs, widget) | {"class": classes}


class Renderer(DjangoTemplates):
    """All forms are in our look, those of libraries too."""

    bound_field_class = StyledField


class StyledForm(forms.Form):
    """A form in our look."""

    bound_field_class = StyledField


class ProjectForm(StyledForm):
    """A new project."""

    slug = forms.CharField(
        label="Name",
        max_length=40,
        validators=[name_validator],
        help_text="Lower-case letters, digits and hyphens: the project.name of its strands.yaml.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(max_length=200, required=False)

    def clean_slug(self) -> str:
        """The name is free."""
        slug: str = self.cleaned_data["slug"]
        if Project.objects.filter(slug=slug).exists():
            raise forms.ValidationError("This name is taken.")
        return slug


class ConfigurationForm(StyledForm):
    """A text to be the next revision; `base` is the revision the author started from."""

    text = forms.CharField(
        label="strands.yaml",
        max_length=MAX_CONFIGURATION_CHARACTERS,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "data-editor": "",
                "rows": 28,
                "wrap": "off",
                "spellcheck": "false",
                "autocapitalize": "off",
                "autocomplete": "off",
                "aria-describedby": "problems",
            }
        ),
    )
    message = forms.CharField(
        label="What changes, and why", max_length=200, required=False, widget=forms.TextInput(attrs={"maxlength": 200})
    )
    base = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_text(self) -> str:
        """Browsers send CRLF; files have LF."""
        text: str = self.cleaned_data["text"]
        return text.replace("\r\n", "\n")


class SourceForm(StyledForm):
    """A zip of the agents' code."""

    bundle = forms.FileField(
        label="Zip file",
        help_text="The folder that strands.yaml's agent paths start from, zipped.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    origin = forms.CharField(
        label="Where it comes from",
        max_length=200,
        required=False,
        help_text="A commit, for people.",
    )
    branch = forms.CharField(
        label="Git branch",
        max_length=200,
        required=False,
        help_text="A protection can ask for sources of certain branches only.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_bundle(self) -> UploadedFile[bytes]:
        """Not larger than a bundle may be."""
        file: UploadedFile[bytes] = self.cleaned_data["bundle"]
        if file.size is not None and file.size > settings.SOURCE_MAX_BYTES:
            raise forms.ValidationError(
                f"The file has {file.size / 2**20:.0f} MB; at most {settings.SOURCE_MAX_BYTES // 2**20} MB are taken."
            )
        return file


class EnvironmentForm(EnvironmentModelForm):
    """An environment and its protection; the name is chosen once."""

    bound_field_class = StyledField
    protected = forms.BooleanField(
        required=False,
        label="Protected",
        help_text="Plans must be approved by somebody else, and what holds data is kept. More can be asked for later.",
    )

    class Meta:
        model = Environment
        fields = [
            "name",
            "account",
            "region",
            "credentials",
            "role_arn",
            "read_role_arn",
            "mfa_serial",
            "profile",
            "automatic_rollback",
        ]
        labels = {
            "account": "AWS account",
            "credentials": "Reached by",
            "role_arn": "Role to assume",
            "read_role_arn": "Role that only reads",
            "mfa_serial": "MFA device",
            "automatic_rollback": "Undo failed runs",
        }
        help_texts = {
            "name": "dev, staging, prod ... as strands.yaml names it.",
            "role_arn": "ARN of the role deployments assume in that account; the access page prints its policies.",
            "read_role_arn": "ARN of the role that plans and looks for drift; empty for the same role.",
            "mfa_serial": "Serial of the MFA device of the IAM user that strandsweb runs as. Whoever deploys enters a"
            " code of it; plans are made with the role that only reads. Empty: nobody is asked.",
            "profile": "A profile of the server's AWS configuration.",
            "automatic_rollback": "What a failed run created is deleted again by itself; what was there before stays.",
        }

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        if self.instance.pk:
            self.fields["name"].disabled = True
            del self.fields["protected"]
        if not settings.SERVER_CREDENTIALS:
            self.fields["credentials"].choices = [(Credentials.ROLE.value, Credentials.ROLE.label)]  # type: ignore[attr-defined]
            self.initial["credentials"] = Credentials.ROLE
            del self.fields["profile"]

    def clean(self) -> dict[str, Any]:
        """What the chosen way of reaching the account needs is there."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("credentials") == Credentials.ROLE and not cleaned.get("role_arn") and "role_arn" in cleaned:
            self.add_error("role_arn", "Name the role to assume.")
        if cleaned.get("mfa_serial") and cleaned.get("credentials") != Credentials.ROLE:
            self.add_error("mfa_serial", "A code is asked for where a role is assumed; leave it empty.")
        elif cleaned.get("mfa_serial") and not cleaned.get("read_role_arn") and "read_role_arn" in cleaned:
            self.add_error("read_role_arn", "Name a role that only reads, so that planning does not ask for a code.")
        if cleaned.get("credentials") == Credentials.PROFILE and not cleaned.get("profile") and "profile" in cleaned:
            self.add_error("profile", "Name the profile.")
        return cleaned

    def clean_name(self) -> str:
        """One environment of a name in a project."""
        name: str = self.cleaned_data["name"]
        others = Environment.objects.filter(project=self.project, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError("The project has an environment of this name.")
        return name

    def save(self, commit: bool = True) -> Environment:
        """Writes the row into its project."""
        self.instance.project = self.project
        if not self.instance.pk:
            self.instance.position = self.project.environments.count()
        return super().save(commit)

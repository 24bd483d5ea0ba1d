"""Forms about who is in a project: members, invitations, groups, and their roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from projects.forms import StyledForm
from projects.models import Environment, Membership, Project, User
from projects.roles import Role


class MemberForm(StyledForm):
    """Somebody's role; the person must have an account."""

    username = forms.CharField(
        label="User name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    role = forms.ChoiceField(choices=[(role.value, role.value) for role in Role])

    def clean_username(self) -> User:
        """The person of that name."""
        person = User.objects.filter(username=self.cleaned_data["username"], is_active=True, service=None).first()
        if person is None:
            raise forms.ValidationError("Nobody has an account of this name.")
        return person


class InvitationForm(StyledForm):
    """Somebody to invite."""

    email = forms.EmailField(
        label="E-mail address",
        required=False,
        help_text="Where the link is sent. Empty: you get the link, to hand it over yourself.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=[(role.value, role.value) for role in Role])


class GroupForm(StyledForm):
    """A new group, chosen by hand or kept by a provider."""

    name = forms.CharField(
        max_length=100,
        help_text="Roles and protection know the group by it; it stays as it is.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    provider = forms.ChoiceField(label="Who is in it", required=False)
    claim = forms.CharField(
        label="The provider's name for it",
        max_length=200,
        required=False,
        help_text="Only where the provider says who is in it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, project: Project, providers: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        choices = [("", "members chosen here"), *((key, f"whoever {name} says") for key, name in providers.items())]
        self.fields["provider"].choices = choices  # type: ignore[attr-defined]
        if not providers:
            del self.fields["provider"], self.fields["claim"]

    def clean_name(self) -> str:
        """One line, and one group of a name in a project."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError("Use characters that can be seen, on one line.")
        if self.project.groups.filter(name=name).exists():
            raise forms.ValidationError("The project has a group of this name.")
        return name

    def clean(self) -> dict[str, Any]:
        """A provider's group is named as the provider does, and is one group here."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        provider, claim = cleaned.setdefault("provider", ""), cleaned.setdefault("claim", "")
        if provider and not claim:
            self.add_error("claim", "Say how the provider names the group.")
        elif provider and self.project.groups.filter(provider=provider, claim=claim).exists():
            self.add_error("claim", "The project has this group of the provider already.")
        if not provider:
            cleaned["claim"] = ""
        return cleaned


class GroupMemberForm(StyledForm):
    """A member of the project, to be in a group."""

    username = forms.CharField(
        label="User name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project

    def clean_username(self) -> Membership:
        """The membership of that person."""
        people = self.project.memberships.filter(user__service=None).select_related("user")
        found = people.filter(user__username=self.cleaned_data["username"]).first()
        if found is None:
            raise forms.ValidationError("No member of the project has this name.")
        return found


class PlaceRoleForm(StyledForm):
    """A role in one environment, or none; with `whole`, in the project too."""

    place = forms.ChoiceField(label="Where", required=False)
    role = forms.ChoiceField(required=False, choices=[*((role.value, role.value) for role in Role), ("", "none")])

    def __init__(self, *args: Any, project: Project, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environments = {each.name: each for each in project.environments.all()}
        places = [(name, name) for name in self.environments]
        self.fields["place"].choices = [("", "the project"), *places] if whole else places  # type: ignore[attr-defined]
        self.fields["place"].required = not whole

    def clean_place(self) -> Environment | None:
        """The environment; None for the project."""
        return self.environments.get(self.cleaned_data["place"])

    def clean_role(self) -> Role | None:
        """The role; None to take it back."""
        role = self.cleaned_data["role"]
        return Role(role) if role else None


class ViewAsForm(StyledForm):
    """A role to see the pages as; an owner's own they see anyway."""

    role = forms.TypedChoiceField(
        choices=[(role.value, role.value) for role in Role if role is not Role.OWNER], coerce=Role
    )


class RoleForm(StyledForm):
    """Another role for a member."""

    role = forms.ChoiceField(choices=[(role.value, role.value) for role in Role])

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership = membership

    def clean_role(self) -> Role:
        """A project keeps at least one owner."""
        role = Role(self.cleaned_data["role"])
        if role is not Role.OWNER and is_last_owner(self.membership):
            raise forms.ValidationError("A project needs at least one owner.")
        return role


def is_last_owner(membership: Membership) -> bool:
    """Without this member the project would have no owner of its own; those who come with a group may go with it."""
    owners = Membership.objects.filter(project=membership.project, role=Role.OWNER, given=None, user__service=None)
    return membership.role == Role.OWNER and {*owners.values_list("pk", flat=True)} == {membership.pk}

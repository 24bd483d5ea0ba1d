"""What is asked of who imports a project."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from projects.models import User

LARGEST_BYTES = 512 * 1024 * 1024


class ImportForm(forms.Form):
    """An archive, whose it shall be, and whose key signed it."""

    archive = forms.FileField(
        help_text="Made by the export of a whole project. Above 512 MB, use manage.py history_import on the server.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip", "class": "form-control"}),
        error_messages={"required": "Choose the archive."},
    )
    owner = forms.CharField(
        required=False,
        max_length=150,
        help_text="Username of who shall own the project. Not needed where it is here already.",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    key = forms.CharField(
        required=False,
        max_length=64,
        label="Their key",
        help_text="What manage.py history_key prints there, by another way than the archive came. Without it, the keys "
        "in the archive are taken at their word.",
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_archive(self) -> UploadedFile[bytes]:
        """Bounded."""
        file: UploadedFile[bytes] = self.cleaned_data["archive"]
        if (file.size or 0) > LARGEST_BYTES:
            raise forms.ValidationError("It is larger than 512 MB: use manage.py history_import on the server.")
        return file

    def clean_owner(self) -> User | None:
        """An account of that name, which is a person's."""
        name = self.cleaned_data["owner"].strip()
        if not name:
            return None
        person = User.objects.filter(username=name, is_active=True, service=None).first()
        if person is None:
            raise forms.ValidationError("There is no such account.")
        return person

    def clean_key(self) -> str:
        """The id of a key."""
        key: Any = self.cleaned_data["key"].strip().lower()
        if key and not re.fullmatch(r"[0-9a-f]{64}", key):
            raise forms.ValidationError("The id of a key has 64 digits from 0 to f.")
        return str(key)

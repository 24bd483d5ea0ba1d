"""What somebody writes into a discussion."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

from deployments.discussing.models import MAX_CHARACTERS, Thread
from projects.forms import StyledForm


class Words(forms.CharField):
    """Text whose lines end as browsers count them, so that their bound and ours are the same."""

    def to_python(self, value: Any) -> Any:
        """The text, with one character per line end."""
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class CommentForm(StyledForm):
    """One comment; each form has a key of its own, so that what is sent twice is written once."""

    text = Words(
        label="Comment",
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "aria-describedby": "discussion-help"}),
        error_messages={"required": "Write something first."},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    @classmethod
    def empty(cls, thread: Thread | None = None) -> CommentForm:
        """A new one, for an answer in the thread or for a thread to come."""
        return cls(initial={"key": uuid4()}, auto_id=ids(thread))


class NewThreadForm(CommentForm):
    """The first comment of a thread, and what it is about: a logical id, or nothing for the plan."""

    about = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput)

    @classmethod
    def starting(cls, about: str) -> NewThreadForm:
        """An empty one about that."""
        return cls(initial={"key": uuid4(), "about": about}, auto_id=ids(None))


class EditForm(StyledForm):
    """Other words for a comment."""

    text = CommentForm.base_fields["text"]


def ids(thread: Thread | None) -> str:
    """The pattern of the fields' ids: a page has a form for each of its threads."""
    return f"thread-{thread.pk}-%s" if thread else "new-thread-%s"

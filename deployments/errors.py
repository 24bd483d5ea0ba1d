"""What a workflow refuses; the text is a sentence for the person who asked."""

from __future__ import annotations


class WorkflowError(Exception):
    """The request does not fit how things are now; nothing was changed."""


class NotAllowed(WorkflowError):
    """This person may not do that to this deployment (their own plan, not their run ...)."""


class Moved(WorkflowError):
    """The world is no longer what the plan was made from; another plan of the same wish may fit."""


class OutOfDate(WorkflowError):
    """Somebody or something was quicker: the page the person acted on is no longer true."""


class OnHold(WorkflowError):
    """A person has to resume, or let one plan pass, before this is brought there again."""

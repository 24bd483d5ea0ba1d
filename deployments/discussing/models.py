"""Threads about plans and their resources, what was said in them, and who was asked."""

from __future__ import annotations

from django.db import models

from deployments.models import Deployment
from projects.models import User

MAX_CHARACTERS = 4000
"""Of one comment."""


class Discussion(models.Model):
    """How often a deployment's threads changed; its row lock puts the changes in order, so numbers have no gaps."""

    deployment = models.OneToOneField(Deployment, primary_key=True, on_delete=models.CASCADE, related_name="discussion")
    number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"discussion of {self.deployment_id} at {self.number}"


class Thread(models.Model):
    """What is said about a plan as a whole, or about one resource of it; open until somebody calls it resolved."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="threads")
    logical_id = models.CharField(max_length=255, blank=True, help_text="the resource; empty: the plan as a whole")
    started = models.PositiveIntegerField(help_text="number of the change that began it")
    changed = models.PositiveIntegerField(help_text="number of its last change")
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by_text = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["deployment", "-id"], name="thread_of_deployment"),
            models.Index(fields=["deployment"], condition=models.Q(resolved_at=None), name="thread_open"),
        ]

    def __str__(self) -> str:
        return f"thread {self.pk} about {self.logical_id or 'the plan'}"

    @property
    def is_open(self) -> bool:
        """Nobody has called it resolved."""
        return self.resolved_at is None


class Comment(models.Model):
    """One person's words in a thread, as Markdown. What was deleted stays as a row without words."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    author_text = models.CharField(max_length=150)
    text = models.TextField(max_length=MAX_CHARACTERS)
    key = models.UUIDField(help_text="of the form it was written in, so that sending it twice is sending it once")
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["author", "key"], name="comment_once_per_form")]
        indexes = [models.Index(fields=["author", "created_at"], name="comment_by_author")]

    def __str__(self) -> str:
        return f"comment {self.pk} by {self.author_text}"


class Mention(models.Model):
    """Somebody was asked by name; it waits in their inbox until they answer in the thread or say they have read it."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mentions")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="mentioned_once_in_comment")]
        indexes = [models.Index(fields=["person"], condition=models.Q(settled_at=None), name="mention_waiting")]

    def __str__(self) -> str:
        return f"{self.person} in {self.comment}"

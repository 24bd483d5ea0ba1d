"""Channels of projects, what people want mailed, and every single delivery."""

from __future__ import annotations

import uuid

from django.db import models

from deployments.telling.occasions import BY_DEFAULT, Occasion
from projects.models import Project, User
from projects.people.sealing import seal, unseal

PURPOSE = "channels"


class Kind(models.TextChoices):
    """How something is told."""

    EMAIL = "email", "e-mail"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    WEBHOOK = "webhook", "webhook"


class Channel(models.Model):
    """Where a project tells what happens.

    The address is as secret as the signing key, since whoever knows it can post there: both are sealed, and never
    shown again.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=[each for each in Kind.choices if each[0] != Kind.EMAIL])
    host = models.CharField(max_length=255, help_text="of the address, for people")
    sealed_address = models.TextField()
    sealed_secret = models.TextField(blank=True, help_text="a webhook's signing key")
    occasions = models.JSONField(help_text="codes of Occasion")
    made_by_text = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="channel_name_in_project")]

    def __str__(self) -> str:
        return f"{self.name} of {self.project}"

    @property
    def address(self) -> str:
        """The URL that messages are sent to.

        Raises:
            InvalidToken: the installation's secret key is another one since it was entered.
        """
        return unseal(self.sealed_address, PURPOSE)

    @address.setter
    def address(self, url: str) -> None:
        self.sealed_address = seal(url, PURPOSE)

    @property
    def secret(self) -> str:
        """The key a webhook's messages are signed with; raises as `address`."""
        return unseal(self.sealed_secret, PURPOSE)

    @secret.setter
    def secret(self, key: str) -> None:
        self.sealed_secret = seal(key, PURPOSE)

    @property
    def told(self) -> list[str]:
        """What it is told of, in words."""
        return [each.label for each in Occasion if each in self.occasions]


class MailChoice(models.Model):
    """What somebody wants mailed, once they have said so."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="mail_choice")
    occasions = models.JSONField(help_text="codes of Occasion")

    def __str__(self) -> str:
        return f"mails to {self.user}"


def wanted_by(user: User) -> frozenset[str]:
    """The codes of what this person wants mailed."""
    choice = getattr(user, "mail_choice", None)
    return frozenset(choice.occasions) if choice is not None else BY_DEFAULT


class Delivery(models.Model):
    """One message to one recipient: written with what it tells of, sent afterwards, and kept as the log of it.

    `public_id` is the same in every try, so that a recipient who got it twice can tell.
    """

    class Status(models.TextChoices):
        """waiting -> sent | failed; failed -> waiting when somebody asks for another try."""

        WAITING = "waiting", "on its way"
        SENT = "sent", "delivered"
        FAILED = "failed", "not delivered"

    public_id = models.UUIDField(unique=True, default=uuid.uuid4)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, null=True, on_delete=models.SET_NULL, related_name="deliveries")
    person = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    to_text = models.CharField(max_length=150, help_text="the channel's or the person's name")
    occasion = models.CharField(max_length=20, choices=Occasion.choices)
    environment = models.CharField(max_length=20, blank=True)
    deployment = models.CharField(max_length=40, blank=True, help_text="public id")
    actor_text = models.CharField(max_length=150, blank=True)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=300, help_text="where on this site it is about")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(help_text="when it is tried, or tried again if the worker that has it died")
    outcome = models.CharField(max_length=200, blank=True, help_text="of the last try, for people")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["project", "-id"], name="delivery_of_project"),
            models.Index(fields=["next_at"], condition=models.Q(status="waiting"), name="delivery_waiting"),
            models.Index(fields=["ended_at"], name="delivery_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.occasion} to {self.to_text}: {self.status}"

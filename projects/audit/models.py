"""Entries of the audit log, and per chain its head."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.db import models

from projects.audit.deeds import Deed, Outcome, Via
from projects.models import Project

ELSEWHERE = 0
"""The chain of what belongs to no project: sign-ins, tokens, people."""


def known_deeds() -> list[tuple[str, str]]:
    """Code and words of each; a function, so that another deed is no migration."""
    return Deed.choices


class AppendOnly(Exception):
    """Somebody tried to change or delete an entry."""


class AuditEntry(models.Model):
    """One deed. Written once, in the same transaction as what it tells of; `number` and `digest` follow (`chains`).

    Names are copied, and ids are plain numbers, so that an entry says the same whatever is deleted later. `chain` is
    the project's id, or `ELSEWHERE`.
    """

    chain = models.PositiveBigIntegerField()
    number = models.PositiveBigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    time = models.DateTimeField()
    deed = models.CharField(max_length=30, choices=known_deeds)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    actor_id = models.PositiveBigIntegerField(null=True)
    actor_text = models.CharField(max_length=150, blank=True)
    via = models.CharField(max_length=10, choices=Via.choices)
    token = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    environment = models.CharField(max_length=40, blank=True)
    target_type = models.CharField(max_length=40, blank=True, help_text="deployment, member, configuration, ...")
    target = models.CharField(max_length=300, blank=True, help_text="its id or name, for people and links")
    detail = models.JSONField(default=dict, help_text="{before, after, ...}; never a secret")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["chain", "-id"], name="audit_of_chain"),
            models.Index(fields=["chain", "deed", "-id"], name="audit_by_deed"),
            models.Index(fields=["chain", "actor_text", "-id"], name="audit_by_actor"),
            models.Index(fields=["chain", "environment", "-id"], name="audit_by_environment"),
            models.Index(fields=["chain", "time"], name="audit_by_time"),
            models.Index(fields=["chain", "id"], condition=models.Q(number=None), name="audit_unchained"),
        ]
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="audit_number_in_chain")]

    def __str__(self) -> str:
        return f"{self.actor_text} {self.words} {self.target}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes a new entry; an old one is never written again."""
        if not self._state.adding:
            raise AppendOnly("An entry of the audit log is not changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused; what is too old expires from the front of its chain (`chains.expire`)."""
        raise AppendOnly("An entry of the audit log is not deleted.")

    @property
    def words(self) -> str:
        """The deed in words; of one that this version does not know, its code."""
        return Deed(self.deed).label if self.deed in Deed else self.deed

    @property
    def instant(self) -> str:
        """When, to the microsecond, in UTC."""
        return f"{self.time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


class AuditHead(models.Model):
    """Where a chain stands: its last entry, what expired from its front, and how long entries are kept."""

    chain = models.PositiveBigIntegerField(primary_key=True)
    number = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    expired_number = models.PositiveBigIntegerField(default=0, help_text="the last entry that is not kept any more")
    expired_digest = models.CharField(max_length=64, blank=True)
    keep_days = models.PositiveIntegerField(null=True, help_text="None: for ever")

    def __str__(self) -> str:
        return f"chain {self.chain} at {self.number}"


class RepeatedDenial(models.Model):
    """One refusal that was written, and how often the very same followed; gone a minute later (`denials`)."""

    key = models.CharField(max_length=64, primary_key=True)
    chain = models.PositiveBigIntegerField()
    actor_id = models.PositiveBigIntegerField(null=True)
    said = models.JSONField(help_text="what the entry says, and under which circumstances")
    since = models.DateTimeField(auto_now_add=True, db_index=True)
    times = models.PositiveIntegerField(default=0, help_text="since then, besides the first")

    def __str__(self) -> str:
        return f"{self.said['target']}, {self.times} times more"


def chain_of(project: Project | None) -> int:
    """The chain a deed in this project, or outside any, belongs to."""
    return project.pk if project else ELSEWHERE

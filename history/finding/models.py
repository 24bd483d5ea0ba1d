"""Rows by which records are found: resources they touched, and an inverted index of their words."""

from __future__ import annotations

from django.db import models

from history.models import Record


class TouchedResource(models.Model):
    """What one run did to one resource (history.touched.Touched); names are those the store uses."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="touched")
    project_slug = models.CharField(max_length=40)
    environment_name = models.CharField(max_length=20)
    logical_id = models.CharField(max_length=255)
    at = models.BigIntegerField(help_text="start of the run, milliseconds since 1970")
    position = models.PositiveIntegerField(help_text="order in the plan")
    stack = models.CharField(max_length=100)
    type = models.CharField(max_length=150)
    action = models.CharField(max_length=10)
    outcome = models.CharField(max_length=10)
    physical_id = models.TextField(blank=True)
    was = models.TextField(blank=True, help_text="the physical id before, where it is another now")
    what = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["record", "position"]
        indexes = [
            models.Index(
                fields=["project_slug", "environment_name", "logical_id", "-at", "-record"],
                name="touched_in_environment",
            ),
            models.Index(fields=["project_slug", "logical_id", "-at", "-record"], name="touched_in_project"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.logical_id}"


class Word(models.Model):
    """A word of a project's records, or a filter's value (`status:failed`), once.

    It is kept as bytes: every database sorts those alike, so that words with the same beginning lie together.
    """

    project_slug = models.CharField(max_length=40)
    text = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project_slug", "text"], name="word_in_project")]

    def __str__(self) -> str:
        return bytes(self.text).decode()


class Posting(models.Model):
    """That a record has a word; a word's postings lie in the order of time."""

    pk = models.CompositePrimaryKey("word", "at", "record")
    word = models.ForeignKey(Word, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.BigIntegerField(help_text="start of the run, milliseconds since 1970")
    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["record", "word"], name="posting_of_record")]

    def __str__(self) -> str:
        return f"{self.word_id} in {self.record_id}"

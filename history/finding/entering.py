"""Entering records into the rows by which they are found; part of the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from history.finding.models import Posting, TouchedResource, Word
from history.finding.words import LABEL, labelled, named, words_of
from history.metadata import Metadata
from history.models import Record
from history.wording import fitting

BATCH = 500


def enter(found: Sequence[tuple[Record, Metadata]]) -> None:
    """Makes the rows of records that have none yet."""
    TouchedResource.objects.bulk_create(
        (row for record, metadata in found for row in _touched(record, metadata)), batch_size=BATCH
    )
    _post({record: [*words_of(metadata), *labelled(record.labels)] for record, metadata in found})


def enter_again(record: Record, metadata: Metadata) -> None:
    """The same of one that has some already."""
    TouchedResource.objects.filter(record=record).delete()
    Posting.objects.filter(record=record).delete()
    enter([(record, metadata)])


def label(record: Record) -> None:
    """Has the record found by the names that it has now (its `labels`), and no more by those it had."""
    first, behind = _bytes(named(LABEL, "")), _bytes(LABEL + ";")
    given = Posting.objects.filter(record=record, word__text__gte=first, word__text__lt=behind)
    given.filter(word__project_slug=record.project_slug).delete()
    _post({record: labelled(record.labels)})


def moment_of(at: datetime) -> int:
    """Milliseconds since 1970."""
    return round(at.timestamp() * 1000)


def known_words(project: str, texts: Iterable[str]) -> dict[str, int]:
    """The keys of a project's words, of those it has."""
    wanted = {_bytes(text): text for text in texts}
    found: dict[str, int] = {}
    for part in _parts(list(wanted)):
        rows = Word.objects.filter(project_slug=project, text__in=part).values_list("text", "pk")
        found |= {wanted[bytes(text)]: key for text, key in rows}
    return found


def _post(words: Mapping[Record, Iterable[str]]) -> None:
    by_project: dict[str, dict[Record, list[str]]] = {}
    for record, texts in words.items():
        by_project.setdefault(record.project_slug, {})[record] = [fitting(text, len(text)) for text in texts]
    for project, records in by_project.items():
        keys = _keys(project, {text for texts in records.values() for text in texts})
        Posting.objects.bulk_create(
            (
                Posting(word_id=key, at=moment_of(record.started_at), record=record)
                for record, texts in records.items()
                for key in sorted({keys[text] for text in texts})
            ),
            batch_size=BATCH,
        )


def _keys(project: str, texts: set[str]) -> dict[str, int]:
    """The keys of words, made where there are none; sorted, so that two who make the same wait in the same order."""
    keys = known_words(project, texts)
    if new := sorted(texts - keys.keys()):
        rows = [Word(project_slug=project, text=_bytes(text)) for text in new]
        Word.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
        keys |= known_words(project, new)
    return keys


def _touched(record: Record, metadata: Metadata) -> Iterator[TouchedResource]:
    for position, each in enumerate(metadata.touched or ()):
        yield TouchedResource(
            record=record,
            project_slug=record.project_slug,
            environment_name=record.environment_name,
            at=moment_of(record.started_at),
            position=position,
            logical_id=fitting(each.logical_id, 255),
            stack=fitting(each.stack, 100),
            type=fitting(each.type, 150),
            action=fitting(each.action, 10),
            outcome=fitting(each.outcome, 10),
            physical_id=fitting(each.physical_id, 2048),
            was=fitting(each.was, 2048),
            what=fitting(each.what, 1000),
            error=fitting(each.error, 1000),
        )


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _parts(items: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]

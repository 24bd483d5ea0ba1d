"""Finding records: every word and every filter has to fit, newest first, in pages by key.

A filter and a word of a text are the same: words of the index, whose postings lie in the order of time. The rarest is
gone through, and of what it has the others are asked by key. So a page costs what it shows, however many records there
are; only where two frequent words never meet are many looked at in vain, and a page says how far back it has looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef

from history.finding.entering import known_words, moment_of
from history.finding.models import Posting, Word
from history.finding.words import LABEL, asked, named
from history.models import Record
from history.timeline import PAGE_SIZE, Cursor, Filters, Page
from history.timeline import page as page_of
from projects.models import Project

MOST_BEGINNINGS = 64
"""How many words may begin with what was typed last; where there are more only the word itself counts."""
COUNTED = 2000
LOOKED_AT = 5000
BEHIND = b"\xff"
"""Sorts behind every character of a word."""
MOST_PEOPLE = 500

Place = tuple[int, int]
"""Start and key of a record: the order of postings."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Sets of words, by key, of each of which a record must have one; `vague` was not looked for as a beginning."""

    sets: tuple[tuple[int, ...], ...]
    vague: str = ""


@dataclass(frozen=True, slots=True)
class _Days:
    """From and until when, milliseconds, both included."""

    since: int
    until: int


def find(project: Project, filters: Filters, *, after: Cursor | None = None, size: int = PAGE_SIZE) -> Page:
    """One page of a project's records that fit."""
    wanted = _asked(project, filters)
    if not all(wanted.sets):
        return Page((), None, vague=wanted.vague)
    if not wanted.sets:
        return page_of(filters.in_days(Record.objects.of_project(project)), after=after, size=size)
    days = _Days(moment_of(filters.begin), moment_of(filters.end))
    rarest = wanted.sets[0]
    if len(wanted.sets) > 1:
        rarest = min(wanted.sets, key=lambda words: (_count(words, days), len(words)))
    others = [words for words in wanted.sets if words is not rarest]
    found: list[Place] = []
    place: Place | None = _place(after)
    looked_at, step = 0, size + 1
    while len(found) <= size and place is not None and looked_at < LOOKED_AT:
        candidates = _next(rarest, days, place, step)
        found += _having(candidates, others)
        looked_at += len(candidates)
        place = candidates[-1] if len(candidates) == step else None
        step = min(step * 2, LOOKED_AT // 2)
    shown = Record.objects.filter(project=project).select_related("environment", "project")
    rows = shown.in_bulk([key for _, key in found[:size]])
    entries = tuple(rows[key] for _, key in found[:size] if key in rows)
    if len(found) > size:
        return Page(entries, _cursor(found[size - 1]), vague=wanted.vague)
    stopped = _cursor(place) if place else None
    return Page(entries, stopped, stopped.started_at if stopped else None, wanted.vague)


def people(project: Project) -> list[str]:
    """Everybody who deployed in the project, by name, for a filter's choices."""
    first = named("person", "").encode()
    words = Word.objects.filter(project_slug=project.slug, text__gt=first, text__lt=first + BEHIND)
    there = words.filter(Exists(Posting.objects.filter(word=OuterRef("pk")))).order_by("text")
    return [bytes(text).decode()[len(first) :] for text in there.values_list("text", flat=True)[:MOST_PEOPLE]]


def _asked(project: Project, filters: Filters) -> _Asked:
    """What is asked for; a set is empty where the project does not know the word at all."""
    words = asked(filters.text)
    exact = [*filters.words(), *(text for word in words for text in (word, named(LABEL, word)))]
    keys = known_words(project.slug, exact)
    sets = [_known(keys, [word]) for word in filters.words()]
    sets += [_known(keys, [word, named(LABEL, word)]) for word in words[:-1]]
    vague = ""
    for last in words[-1:]:
        beginnings = [_beginning(project.slug, text) for text in (last, named(LABEL, last))]
        if any(len(each) > MOST_BEGINNINGS for each in beginnings):
            vague = last
            sets.append(_known(keys, [last, named(LABEL, last)]))
        else:
            sets.append(tuple(key for each in beginnings for key in each))
    return _Asked(tuple(sets), vague)


def _known(keys: dict[str, int], words: Iterable[str]) -> tuple[int, ...]:
    return tuple(keys[word] for word in words if word in keys)


def _beginning(project: str, text: str) -> tuple[int, ...]:
    first = text.encode(errors="replace")
    words = Word.objects.filter(project_slug=project, text__gte=first, text__lt=first + BEHIND)
    return tuple(words.order_by("text").values_list("pk", flat=True)[: MOST_BEGINNINGS + 1])


def _count(words: Sequence[int], days: _Days) -> int:
    return Posting.objects.filter(word__in=words, at__range=(days.since, days.until))[:COUNTED].count()


def _next(words: Sequence[int], days: _Days, place: Place, count: int) -> list[Place]:
    """The next records that have one of the words, behind `place`: a few of each word, by key, and of those the newest.

    Written out, since Django sorts everything such words have before it takes the first.
    """
    until, key = min(place, (days.until, 2**63 - 1))
    of_word = (
        f"SELECT * FROM (SELECT at, record_id FROM {Posting._meta.db_table}"  # noqa: S608
        " WHERE word_id = %s AND at >= %s AND at <= %s AND (at < %s OR record_id < %s)"
        " ORDER BY at DESC, record_id DESC LIMIT %s) AS of_word"
    )
    values = [value for word in words for value in (word, days.since, until, until, key, count)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"{' UNION '.join([of_word] * len(words))} ORDER BY at DESC, record_id DESC LIMIT %s",
            [*values, count],
        )
        return [(at, record) for at, record in cursor.fetchall()]


def _having(candidates: list[Place], others: Iterable[Sequence[int]]) -> list[Place]:
    """Those of the candidates that have a word of every other set."""
    for words in others:
        rows = Posting.objects.filter(record__in=[key for _, key in candidates], word__in=words)
        having = set(rows.values_list("record_id", flat=True))
        candidates = [place for place in candidates if place[1] in having]
    return candidates


def _place(cursor: Cursor | None) -> Place:
    if cursor is None:
        return 2**62, 0
    row = Record.objects.filter(deployment_id=cursor.deployment_id).values_list("pk", flat=True).first()
    return moment_of(cursor.started_at), row or 0


def _cursor(place: Place) -> Cursor:
    started_at, deployment_id = Record.objects.values_list("started_at", "deployment_id").get(pk=place[1])
    return Cursor(started_at, deployment_id)

"""Words: which ones lead to a record, and which ones a search asks for (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain

from history.metadata import Metadata

LONGEST = 64
MOST_WORDS = 2000
"""Of one record; what comes behind is not found by words, but by resource it is."""
MOST_ASKED = 8
FILTERS = ("status", "kind", "environment", "person")
INVOLVED, LABEL = "who", "label"

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(metadata: Metadata) -> list[str]:
    """Everything that leads to the record, each once: values of filters first, then words, most telling first."""
    people = dict.fromkeys([metadata.deployed_by, metadata.proposed_by, *metadata.approved_by])
    values = chain(
        (named(name, value) for name, value in _filtered(metadata)),
        (named(INVOLVED, person) for person in people if person),
    )
    return list(dict.fromkeys(chain(values, _words(_texts(metadata, people)))))[:MOST_WORDS]


def labelled(labels: Iterable[str]) -> list[str]:
    """The words of names that were given to a record later; apart from its own, since they can be taken back."""
    return [named(LABEL, word) for word in dict.fromkeys(_words(labels))]


def named(name: str, value: str) -> str:
    """A filter's value as a word; the colon keeps it apart from words of texts."""
    return f"{name}:{value}"


def asked(text: str) -> list[str]:
    """The words of a search, in order; the last one may be a beginning."""
    return [word for word in dict.fromkeys(_plain(text)) if word][:MOST_ASKED]


def _filtered(metadata: Metadata) -> Iterator[tuple[str, str]]:
    yield "status", metadata.status
    yield "kind", metadata.kind
    yield "environment", metadata.environment
    yield "person", metadata.deployed_by


def _texts(metadata: Metadata, people: Iterable[str]) -> Iterator[str]:
    yield from (metadata.deployment_id, metadata.what_changed, *people, metadata.version)
    yield f"revision {metadata.configuration_number} {metadata.source_digest}"
    yield from (f"{name} {value}" for name, value in metadata.tags.items())
    yield from (metadata.environment, metadata.kind, metadata.status, metadata.method)
    yield from (metadata.rollback_to or "", metadata.undoes, metadata.promoted_from)
    touched = metadata.touched or ()
    for each in touched:
        yield f"{each.logical_id} {each.error}"
    for each in touched:
        yield f"{each.type} {each.stack} {each.physical_id} {each.was} {each.what}"


def _words(texts: Iterable[str]) -> Iterator[str]:
    """The words of texts, and of `CustomerSupport` its parts too."""
    for text in texts:
        for written in _WORD.findall(text):
            yield from _plain(written)
            parts = _HUMP.findall(written)
            if len(parts) > 1:
                yield from (part.casefold()[:LONGEST] for part in parts)


def _plain(text: str) -> list[str]:
    return [word[:LONGEST] for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold())]

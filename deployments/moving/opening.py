"""An archive of a project, read with suspicion: nothing is extracted, and nothing believed before it verifies."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from deployments.engine.errors import Refused
from deployments.engine.state import State
from deployments.moving.contents import (
    CONFIGURATIONS,
    FORMAT,
    HOLDS,
    PROJECT,
    PROTECTIONS,
    SOURCES,
    bundle,
    state,
)
from history.store.port import checked
from history.verifier import Head, Keys, Reader, open_kept, read_keys, verify_archive
from projects.bundles import Bundle, BundleError, read_zip
from projects.bundles.content import UNREADABLE
from projects.bundles.names import check_name
from projects.models import Configuration, name_validator
from projects.protection.reading import read_json

MOST_FILES = 2_000_000
MOST_BYTES = 32 * 1024**3
LARGEST_BYTES = 256 * 1024**2
DENSEST = 300  # deflate reaches 1,000; logs and states stay below 50
FREE_BYTES = 64 * 1024**2


class ArchiveRefused(Exception):
    """The archive is not taken; the message says why, and nothing was written."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A verified archive: whose records go how far by `project/environment`, which keys signed them, and all else.

    `head` is `project.json`; `states` are by environment; the bundles are read when they are asked for.
    """

    reader: Reader
    keys: Keys
    ends: dict[str, Head]
    head: dict[str, Any]
    configurations: Sequence[dict[str, Any]]
    protections: Sequence[dict[str, Any]]
    sources: Sequence[dict[str, Any]]
    holds: Sequence[dict[str, Any]]
    states: dict[str, State]

    @property
    def slug(self) -> str:
        """The name of the project."""
        slug: str = self.head["slug"]
        return slug

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(end.sequence for end in self.ends.values())

    def bundle(self, digest: str) -> Bundle:
        """A source bundle.

        Raises:
            ArchiveRefused: it is none, or another one.
        """
        try:
            found = read_zip(self.reader.get(bundle(digest)))
        except BundleError as error:
            raise ArchiveRefused(f"The source bundle {digest[:12]} is refused: {error}.") from error
        if found.digest != digest:
            raise ArchiveRefused(f"The source bundle {digest[:12]} is another one, {found.digest[:12]}.")
        return found


def open_archive(path: Path, believed: str = "") -> Opened:
    """Opens and verifies it whole. `believed` is the id of the key that one knows its installation has.

    Raises:
        ArchiveRefused: it is not an archive of a project, is not safe to read, or something in it is wrong.
    """
    try:
        _check(path)
        reader = open_kept(path)
        found = verify_archive(reader, believed)
        wrong = next((each for each in found if each.problem), None)
        if wrong is not None:
            raise ArchiveRefused(f"The archive does not verify. {wrong.place or 'In all of it'}: {wrong.problem}.")
        keys = read_keys(reader, believed)
        assert isinstance(keys, Keys), "it verified"
        said = json.loads(reader.get("archive.json"))
        ends = {place: Head(**scope["end"]) for place, scope in said["places"].items()}
        opened = _parsed(reader, keys, ends, set(said.get("files", ())))
    except (*UNREADABLE, KeyError, TypeError, AttributeError, RecursionError, ValidationError, Refused) as error:
        raise ArchiveRefused(f"It is not an archive of a project, or it is damaged: {error}.") from error
    for each in opened.sources:
        opened.bundle(each["digest"])
    return opened


def _check(path: Path) -> None:
    """The table of contents, before anything is read; a file never gives more than it says there."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise ArchiveRefused(f"The archive has more than {MOST_FILES:,} files.")
    for entry in entries:
        if complaint := _complaint(entry):
            raise ArchiveRefused(f"{entry.filename!r}: {complaint}.")
    whole = sum(entry.file_size for entry in entries)
    if whole > MOST_BYTES or whole > max(FREE_BYTES, path.stat().st_size * DENSEST):
        raise ArchiveRefused("The archive unpacks to far more than such archives do.")


def _complaint(entry: zipfile.ZipInfo) -> str:
    if complaint := check_name(entry.orig_filename):
        return complaint
    if entry.flag_bits & 0x1:
        return "it is encrypted"
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        return "it is not a plain file"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "it is packed by a method other than deflate"
    if entry.file_size > LARGEST_BYTES:
        return f"it is larger than {LARGEST_BYTES // 1024**2} MiB"
    checked(entry.filename)
    return ""


def _parsed(reader: Reader, keys: Keys, ends: dict[str, Head], files: set[str]) -> Opened:
    if PROJECT not in files:
        raise ArchiveRefused("It holds records, but no project: only exports of whole projects can be taken over.")
    head = json.loads(reader.get(PROJECT))
    if head["format"] != FORMAT:
        raise ArchiveRefused(f"Its format {head['format']!r} is not known here; take a newer strandsweb.")
    names = [each["name"] for each in head["environments"]]
    for name in [head["slug"], *names]:
        name_validator(name)
    for place in ends:
        project, _, environment = place.partition("/")
        name_validator(environment)
        if project != head["slug"]:
            raise ArchiveRefused(f"It holds records of another project, {project}.")
    configurations = list(_lines(reader.get(CONFIGURATIONS)))
    for each in configurations:
        if Configuration.digest_of(each["text"]) != each["digest"]:
            raise ArchiveRefused(f"Revision {each['number']} of the configuration is not what its digest says.")
    protections = list(_lines(reader.get(PROTECTIONS)))
    for each in protections:
        if read_json(each["text"]).digest() != each["digest"] or each["environment"] not in names:
            raise ArchiveRefused(f"Protection {each['number']} of {each['environment']} is not what its digest says.")
    return Opened(
        reader=reader,
        keys=keys,
        ends=ends,
        head=head,
        configurations=configurations,
        protections=protections,
        sources=list(_lines(reader.get(SOURCES))),
        holds=list(_lines(reader.get(HOLDS))),
        states={name: State.from_dict(json.loads(reader.get(state(name)))) for name in names if state(name) in files},
    )


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        yield json.loads(line)

"""Source bundles for comparisons: their lists of files, and the text of one file, checked before it is believed."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass

from django.core.files.storage import storages

from deployments.comparing.code import Code, File, compare_code
from deployments.comparing.configurations import agents_of
from deployments.comparing.sides import Side
from history.textdiff import TextDiff, side_by_side
from history.wording import visible
from projects.bundles.content import UNREADABLE
from projects.models import Project, SourceBundle

LARGEST_TEXT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FileText:
    """What is in a file: its text, or why there is none to show."""

    text: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class FileDiff:
    """Both sides of one file; `text` is None where one of them has none to show."""

    before: FileText
    after: FileText
    text: TextDiff | None


def code_of(project: Project, before: Side, after: Side) -> Code:
    """What changed in the agents' code; each side whose bundle is gone is named."""
    if before.source_digest == after.source_digest:
        return Code(same=True)
    digests = [side.source_digest for side in (before, after)]
    known = {row.digest: row.files for row in SourceBundle.objects.filter(project=project, digest__in=digests)}
    missing = tuple(side.title for side in (before, after) if side.source_digest and side.source_digest not in known)
    if missing:
        return Code(missing=missing)
    listings = [known.get(digest, []) for digest in digests]
    return compare_code(listings[0], agents_of(before), listings[1], agents_of(after))


def file_diff(before: Side, after: Side, old: File | None, new: File | None) -> FileDiff:
    """The two contents of a file, side by side where both are text; what is on one side only is empty on the other."""
    was = read_text(before.source_digest, old) if old else FileText("")
    now = read_text(after.source_digest, new) if new else FileText("")
    text = None
    if was.text is not None and now.text is not None:
        text = side_by_side(visible(was.text), visible(now.text))
    return FileDiff(was, now, text)


def read_text(bundle: str, file: File) -> FileText:
    """The text of one file of a stored bundle, if it is text, not too large, and still what the bundle's list says."""
    if file.size_bytes > LARGEST_TEXT_BYTES:
        return FileText(why=f"It is larger than {LARGEST_TEXT_BYTES // 1024} KiB.")
    try:
        with (
            storages["sources"].open(f"{bundle}.zip") as stored,
            zipfile.ZipFile(stored) as archive,
            archive.open(file.path) as stream,
        ):
            data = stream.read(file.size_bytes + 1)
    except (FileNotFoundError, KeyError):
        return FileText(why="The source bundle is gone from the store.")
    except UNREADABLE:
        return FileText(why="The source bundle cannot be read any more.")
    if hashlib.sha256(data).hexdigest() != file.sha256:
        return FileText(why="The stored file is not the one that was uploaded.")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return FileText(why="It is not text.")
    return FileText(why="It is not text.") if "\0" in text else FileText(text)

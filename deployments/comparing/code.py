"""The agents' code on two sides, file by file: added, removed, changed, moved; from lists, without reading any.

A list is what a source bundle is registered with: `[path, SHA-256, size in bytes]` of every file.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_FILES = 500
"""Files that are listed of one comparison; the rest is counted."""

Listing = Sequence[Sequence[Any]]
ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a bundle; `path` is the whole one, `inside` the one below the agent's folder."""

    path: str
    inside: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FileChange:
    """What became of one file; a side that has not got it is None. A moved file has the same content elsewhere."""

    change: str
    before: File | None
    after: File | None

    @property
    def there(self) -> File:
        """The file of the second side, or the first's that is gone."""
        found = self.after or self.before
        assert found is not None, "a change has a file"
        return found

    @property
    def path(self) -> str:
        """What it is called."""
        return self.there.inside

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"{'file' if self.after else 'gone'}:{self.there.path}"

    @property
    def has_text(self) -> bool:
        """There may be something to read: what only moved says nothing new."""
        return self.change != MOVED


@dataclass(frozen=True, slots=True)
class AgentCode:
    """What changed in one folder, and the agents made of it; no agents: what belongs to none."""

    agents: tuple[str, ...]
    files: tuple[FileChange, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each change."""
        return dict(Counter(file.change for file in self.files))


@dataclass(frozen=True, slots=True)
class Code:
    """The folders in which something changed; `missing` names the sides (before, after) whose bundle is gone.

    `left_out` counts files beyond what is listed.
    """

    folders: tuple[AgentCode, ...] = ()
    missing: tuple[str, ...] = ()
    same: bool = False
    left_out: int = 0

    @property
    def count(self) -> int:
        """How many files changed."""
        return sum(len(folder.files) for folder in self.folders) + self.left_out

    def find(self, key: str) -> FileChange | None:
        """The change of that key."""
        return next((file for folder in self.folders for file in folder.files if file.key == key), None)


def compare_code(
    before: Listing, before_agents: Mapping[str, str], after: Listing, after_agents: Mapping[str, str]
) -> Code:
    """What changed between two lists of files; `agents` are folders by name, see `configurations.agents_of`."""
    together: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
    for agent in sorted({*before_agents, *after_agents}):
        together[_folder(before_agents.get(agent)), _folder(after_agents.get(agent))].append(agent)
    folders, room, left_out = [], MOST_FILES, 0
    elsewhere = [_outside(before, before_agents.values()), _outside(after, after_agents.values())]
    sides: list[tuple[tuple[str, ...], dict[str, File], dict[str, File]]] = [
        *((tuple(agents), _inside(before, old), _inside(after, new)) for (old, new), agents in together.items()),
        ((), elsewhere[0], elsewhere[1]),
    ]
    for agents, old_files, new_files in sides:
        changes = _changes(old_files, new_files)
        left_out += max(0, len(changes) - room)
        if kept := changes[:room]:
            folders.append(AgentCode(agents, tuple(kept)))
        room -= len(kept)
    return Code(tuple(folders), left_out=left_out)


def _folder(path: str | None) -> str | None:
    """`./apps/x/` as `apps/x/`; the whole bundle is the empty folder; None where the agent is not."""
    if path is None:
        return None
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "".join(f"{part}/" for part in parts)


def _inside(listing: Listing, folder: str | None) -> dict[str, File]:
    if folder is None:
        return {}
    return {
        path.removeprefix(folder): File(path, path.removeprefix(folder), sha256, size)
        for path, sha256, size in listing
        if path.startswith(folder)
    }


def _outside(listing: Listing, agents: Iterable[str]) -> dict[str, File]:
    folders = tuple(_folder(path) or "" for path in agents)
    return {path: File(path, path, sha256, size) for path, sha256, size in listing if not path.startswith(folders)}


def _changes(before: Mapping[str, File], after: Mapping[str, File]) -> list[FileChange]:
    gone: dict[str, list[File]] = defaultdict(list)
    for path in sorted(before.keys() - after.keys(), reverse=True):
        gone[before[path].sha256].append(before[path])
    found = []
    for path, file in after.items():
        if path not in before:
            twins = gone[file.sha256] if file.size_bytes else []
            found.append(FileChange(MOVED, twins.pop(), file) if twins else FileChange(ADDED, None, file))
        elif before[path].sha256 != file.sha256:
            found.append(FileChange(CHANGED, before[path], file))
    found += [FileChange(REMOVED, file, None) for files in gone.values() for file in files]
    return sorted(found, key=lambda change: (change.path, change.change))

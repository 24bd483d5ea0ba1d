"""The tree of a YAML document in which every value still knows where it was written."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .problems import Problem, Severity


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A text, number, truth value or nothing; `text` is what the author typed."""

    value: str | int | float | bool | None
    text: str = field(compare=False)
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with the place of the key itself."""

    key: str
    node: "Node"
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class MappingNode:
    entries: tuple[Entry, ...]
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)

    def get(self, key: str) -> "Node | None":
        """The value of `key`, or None when the mapping has no such key."""
        return next((entry.node for entry in self.entries if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class SequenceNode:
    items: tuple["Node", ...]
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


Node = ScalarNode | MappingNode | SequenceNode


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in the document that may be empty: rules walk on places, so a missing or broken value never stops them.

    An empty place carries the position of the nearest thing that exists.
    """

    node: Node | None
    path: str = ""
    line: int = 1
    column: int = 1

    def __getitem__(self, key: str) -> "Place":
        path = f"{self.path}.{key}" if self.path else key
        if isinstance(self.node, MappingNode) and (child := self.node.get(key)) is not None:
            return Place(child, path, child.line, child.column)
        return Place(None, path, self.line, self.column)

    def items(self) -> Iterator["Place"]:
        """The places of a sequence, in order; none for anything else."""
        if isinstance(self.node, SequenceNode):
            for index, child in enumerate(self.node.items):
                yield Place(child, f"{self.path}[{index}]", child.line, child.column)

    def entries(self) -> Iterator[tuple[Entry, "Place"]]:
        """The entries of a mapping with the places of their values; none for anything else."""
        if isinstance(self.node, MappingNode):
            for entry in self.node.entries:
                yield entry, self[entry.key]

    @property
    def text(self) -> str | None:
        """The value when it is a text."""
        return self.node.value if isinstance(self.node, ScalarNode) and isinstance(self.node.value, str) else None

    @property
    def whole(self) -> int | None:
        """The value when it is a whole number."""
        if isinstance(self.node, ScalarNode) and type(self.node.value) is int:
            return self.node.value
        return None

    @property
    def switch(self) -> bool | None:
        """The value when it is true or false."""
        return self.node.value if isinstance(self.node, ScalarNode) and isinstance(self.node.value, bool) else None

    def problem(self, message: str, suggestion: str = "", severity: Severity = "error") -> Problem:
        return Problem(self.line, self.column, self.path, message, suggestion, severity)

    def at(self, entry: Entry) -> "Place":
        """The same place positioned at the entry's key, for findings about the key itself."""
        path = f"{self.path}.{entry.key}" if self.path else entry.key
        return Place(entry.node, path, entry.line, entry.column)


def to_plain(node: Node) -> object:
    """The value as ordinary dictionaries, lists and scalars."""
    match node:
        case ScalarNode(value=value):
            return value
        case SequenceNode(items=items):
            return [to_plain(item) for item in items]
        case MappingNode(entries=entries):
            return {entry.key: to_plain(entry.node) for entry in entries}

"""The words in which the grammar of strands.yaml is written: what a value may look like, said once as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Complaint = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text; `rule` says in words what `pattern` (a full match) asks for, `complaint` checks what no pattern can."""

    noun: str = "a text"
    pattern: str = ""
    rule: str = ""
    complaint: Complaint | None = None
    suggest: Callable[[str], str] | None = None
    example: str = ""
    minimum: int = 1
    maximum: int = 256
    private: bool = False  # never quoted in a message
    builds: Callable[[str], Any] = str


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number with its bounds and unit."""

    minimum: int
    maximum: int
    unit: str = ""
    options: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Shape"
    maximum: int
    minimum: int = 0


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys the author chooses."""

    key: Text
    value: "Shape"
    maximum: int


@dataclass(frozen=True, slots=True)
class Free:
    """Any YAML: what only AWS can judge."""


@dataclass(frozen=True, slots=True)
class Key:
    """One known key of a record."""

    name: str
    shape: "Shape"
    doc: str
    required: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys, and the value class it becomes; `advice` answers keys people try in vain."""

    noun: str
    keys: tuple[Key, ...]
    builds: Callable[..., Any] = dict
    advice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Partial:
    """An override of a record: any of its keys, nothing required, no defaults; keys in `fixed` cannot be overridden."""

    record: Record
    fixed: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        return tuple(key for key in self.record.keys if key.name not in self.fixed)


@dataclass(frozen=True, slots=True)
class Variant:
    """A record whose shape depends on the value of a sibling key; `other` serves values that are not listed."""

    by: str
    cases: Mapping[str, Record]
    other: Free


Shape = Text | Whole | Switch | Choice | ListOf | MapOf | Free | Record | Partial | Variant

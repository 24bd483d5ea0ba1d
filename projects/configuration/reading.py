"""Bytes of a strands.yaml to a bounded tree with positions: plain YAML 1.2, nothing that can surprise or explode."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from .nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from .problems import Problem, shown

MAX_SIZE_BYTES = 256 * 1024
MAX_DEPTH = 16
MAX_ALIASES = 100
MAX_NODES = 50_000  # after every alias has been written out

# libyaml's parser is some twenty times faster and gives the same events; the pure one serves where it is not built.
_Loader: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The last two ranges show a text in another order than it is read: a reviewer would approve what is not there.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
_NULL = re.compile(r"null|Null|NULL|~|", re.ASCII)
_TRUE = re.compile(r"true|True|TRUE", re.ASCII)
_FALSE = re.compile(r"false|False|FALSE", re.ASCII)
_WHOLE = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII
)


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar by YAML 1.2's core schema: `yes`, `on` and dates are texts, `010` is ten."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _WHOLE.fullmatch(text):
        return int(text[2:], {"0o": 8, "0x": 16}[text[:2]]) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(re.sub(r"\.(inf|nan)", r"\1", text.lower()))
    return text


def read(source: str | bytes) -> tuple[MappingNode | None, list[Problem]]:
    """The document's top mapping and everything wrong with it as YAML; the mapping is None when it cannot be read."""
    text, problems = _decode(source)
    if problems:
        return None, problems
    composer = _Composer()
    try:
        # The parser's tables are built from events, so a hostile file is stopped while it is read, not afterwards.
        document = composer.document(iter(yaml.parse(text, Loader=_Loader)))  # type: ignore[no-untyped-call, unused-ignore]
    except _Refused as refused:
        return None, [*composer.problems, refused.problem]
    except yaml.MarkedYAMLError as error:
        return None, [*composer.problems, _broken(error, text)]
    except yaml.YAMLError as error:
        return None, [*composer.problems, Problem(1, 1, "", f"this is not YAML: {error}")]
    if not isinstance(document, MappingNode):
        empty = document is None or (isinstance(document, ScalarNode) and document.value is None)
        message = "the file is empty" if empty else "the file must be a mapping of keys"
        line, column = (1, 1) if document is None else (document.line, document.column)
        return None, [
            *composer.problems,
            Problem(line, column, "", message, "start with project:, agents:, resources:"),
        ]
    return document, composer.problems


def _decode(source: str | bytes) -> tuple[str, list[Problem]]:
    if len(source) > MAX_SIZE_BYTES or (
        isinstance(source, str) and len(source.encode("utf-8", "surrogatepass")) > MAX_SIZE_BYTES
    ):
        return "", [Problem(1, 1, "", f"the file is larger than {MAX_SIZE_BYTES // 1024} KiB", "split the project")]
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line, column = _position(source[: error.start].decode("utf-8", "replace"))
            byte = source[error.start]
            return "", [Problem(line, column, "", f"byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8")]
    else:
        text = source.removeprefix("\ufeff")
    if bad := _CONTROL.search(text):
        line, column = _position(text[: bad.start()])
        return "", [Problem(line, column, "", f"character U+{ord(bad.group()):04X} is not allowed", "remove it")]
    return text, []


def _position(before: str) -> tuple[int, int]:
    lines = re.split("\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1


def _broken(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    # libyaml sometimes notices a tab only on the line after it.
    for number in (line, line - 1):
        indent = re.match(r"[ \t]*", lines[number - 1]) if 0 < number <= len(lines) else None
        if indent and "\t" in indent.group():
            at = indent.group().index("\t") + 1
            return Problem(number, at, "", "a tab cannot indent YAML", "indent with spaces")
    reason = ", ".join(part for part in (error.context, error.problem) if part) or "it cannot be read"
    return Problem(
        line, column, "", f"this is not YAML: {reason}", "check indentation, quotes and brackets before this point"
    )


def _start(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Refused(Exception):
    """The document is not worth reading further."""

    def __init__(self, event: yaml.Event, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(*_start(event), "", message, suggestion)


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias stands for, with what writing it out would cost."""

    node: Node
    size: int
    height: int


@dataclass(slots=True)
class _Composer:
    """Builds the tree from parser events and counts while doing so."""

    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, "_Anchored | None"] = field(default_factory=dict)  # None while the anchored node is still open
    nodes: int = 0
    aliases: int = 0
    deepest: int = 0

    def document(self, events: Iterator[yaml.Event]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(event, "a second document starts here", "keep one document in the file")
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 1)
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self.deepest = max(self.deepest, depth)
        line, column = _start(event)
        self._count(event, 1)
        if depth > MAX_DEPTH:
            raise _Refused(event, f"nested deeper than {MAX_DEPTH} levels")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.problems.append(Problem(line, column, "", f"tag {shown(tag)} is not allowed", "write the plain value"))
        anchor = getattr(event, "anchor", None)
        nodes_before, deepest_before = self.nodes - 1, self.deepest
        if anchor is not None:
            self.anchors[anchor] = None
            self.deepest = depth
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            value = resolve(event.value) if event.style in (None, "") else event.value
            node = ScalarNode(value, event.value, line, column)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(child := next(events), yaml.SequenceEndEvent):
                items.append(self._node(child, events, depth + 1))
            node = SequenceNode(tuple(items), line, column)
        else:
            node = MappingNode(self._entries(events, depth), line, column)
        if anchor is not None:
            self.anchors[anchor] = _Anchored(node, self.nodes - nodes_before, self.deepest - depth)
            self.deepest = max(self.deepest, deepest_before)
        return node

    def _entries(self, events: Iterator[yaml.Event], depth: int) -> tuple[Entry, ...]:
        seen: dict[str, Entry] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            line, column = _start(event)
            value = self._node(next(events), events, depth + 1)
            if not isinstance(key, ScalarNode):
                self.problems.append(Problem(line, column, "", "a key must be a plain word"))
            elif key.text == "<<":
                advice = "YAML 1.2 has no merge keys: repeat the values or use an alias for the whole value"
                self.problems.append(Problem(line, column, "", "<< is not a key", advice))
            elif first := seen.get(key.text):
                message = f"key {shown(key.text)} is given twice, on lines {first.line} and {line}"
                self.problems.append(Problem(line, column, "", message, "keep one of them"))
            else:
                seen[key.text] = Entry(key.text, value, line, column)
        return tuple(seen.values())

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise _Refused(event, f"more than {MAX_ALIASES} aliases")
        if event.anchor not in self.anchors:
            raise _Refused(event, f"alias *{event.anchor} has no anchor before it")
        target = self.anchors[event.anchor]
        if target is None:
            raise _Refused(event, f"alias *{event.anchor} contains itself")
        if depth + target.height > MAX_DEPTH:
            raise _Refused(event, f"alias *{event.anchor} nests deeper than {MAX_DEPTH} levels")
        self.deepest = max(self.deepest, depth + target.height)
        self._count(event, target.size)
        return target.node

    def _count(self, event: yaml.Event, size: int) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise _Refused(event, f"more than {MAX_NODES:,} values once aliases are written out")

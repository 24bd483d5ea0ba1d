"""Changes one value in the text of a strands.yaml and leaves comments, order and style as their author wrote them."""

import io
import re
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from .nodes import to_plain
from .reading import read

Plain = str | int | float | bool | list[Any] | dict[str, Any]

_STEP = re.compile(r"([^.\[\]]+)|\[([^\[\]]+)\]")


class UnknownPath(LookupError):
    """The text has no place of that path."""


def set_value(text: str, path: str, value: Plain) -> str:
    """The text with `value` at `path`, which reads like a problem's path: `agents[0].memory`.

    Items of a list are named by index or by their name: `agents[triage].memory`. Missing keys are added, also whole
    mappings on the way; missing items are not. Raises UnknownPath, and ValueError when the text cannot be read.
    """
    steps = _steps(path)
    round_trip, document = _loaded(text)
    container: Any = document
    for number, step in enumerate(steps):
        key: Any = _key(container, step, ".".join(steps[: number + 1]))
        if number + 1 == len(steps):
            container[key] = value
        elif isinstance(container, list) or key in container:
            container = container[key]
        else:
            container[key] = {}
            container = container[key]
    return _written(round_trip, document)


def remove_value(text: str, path: str) -> str:
    """The text without what stands at `path`; a list or mapping that loses its last entry stays, empty.

    Whole lines go, with the comments at their ends and inside; every comment on a line of its own around them stays.
    Raises UnknownPath, and ValueError when the text cannot be read, or a comment or anything else would go, too.
    """
    steps = _steps(path)
    round_trip, document = _loaded(text)
    expected = _plain(text)
    for holder in (expected, document):
        for number, step in enumerate(steps):
            key = _key(holder, step, ".".join(steps[: number + 1]))
            if isinstance(holder, dict) and key not in holder:
                raise UnknownPath(f"there is no {'.'.join(steps[: number + 1])}")
            if number + 1 == len(steps):
                del holder[key]
            else:
                holder = holder[key]  # noqa: PLW2901 - walks down
    found = _cut(text, steps)
    if found is None:
        found = _written(round_trip, document)
        if not _comment_lines(text) <= _comment_lines(found):
            raise ValueError(f"{path} cannot be taken out without losing a comment")
    if _plain(found) != expected:
        raise ValueError(f"{path} cannot be taken out by itself")
    return found


def _cut(text: str, steps: list[str]) -> str | None:
    """The text without the lines of one entry; None where it shares a line with something else."""
    parent: Any = None
    above: Any = None
    key_node: Any = None
    node: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for step in steps:
        above, parent = key_node, node
        if isinstance(node, yaml.MappingNode):
            key_node, node = next(pair for pair in node.value if pair[0].value == step)
        else:
            key_node, node = None, node.value[_key(_plain_node(node), step, step)]
    lines = text.splitlines(keepends=True)
    start = (key_node or node).start_mark
    if (node.start_mark.line, node.start_mark.column) < (start.line, start.column):
        return None  # an alias: the node is the anchor's
    if parent.flow_style:
        return _cut_inside(lines, parent, key_node or node, node)
    if lines[start.line][: start.column].strip() != ("" if key_node else "-"):
        return None
    if len(parent.value) == 1:
        if above is None:
            return None
        line, column = above.end_mark.line, above.end_mark.column
        colon = lines[line].index(":", column) + 1
        empty = " {}" if key_node else " []"
        lines[line] = lines[line][:colon] + empty + lines[line][colon:]
    del lines[start.line : _last_line(node) + 1]
    return "".join(lines)


def _cut_inside(lines: list[str], parent: Any, first: Any, last: Any) -> str:
    """The text without one entry between brackets or braces, and without the comma that is left over."""
    entries = [entry if isinstance(entry, tuple) else (entry, entry) for entry in parent.value]
    index = next(number for number, (begin, _) in enumerate(entries) if begin is first)
    start, end = first.start_mark, last.end_mark
    if index + 1 < len(entries):
        end = entries[index + 1][0].start_mark
        if end.line > last.end_mark.line and "#" in "".join(lines[last.end_mark.line : end.line]):
            raise ValueError("this cannot be taken out without losing a comment")
    elif index:
        start = entries[index - 1][1].end_mark
    before = "".join([*lines[: start.line], lines[start.line][: start.column]])
    after: list[str] = [lines[end.line][end.column :], *lines[end.line + 1 :]]
    return before + "".join(after)


def _plain_node(node: Any) -> list[Any]:
    """As much of a list's items as finding one by its name needs."""
    return [
        {key.value: value.value for key, value in item.value} if isinstance(item, yaml.MappingNode) else None
        for item in node.value
    ]


def _last_line(node: Any) -> int:
    """The last line a node has text on, from 0: where a block ends, the marks are at what comes next."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        at_next = node.end_mark.column == 0 and node.end_mark.line > node.start_mark.line
        return int(node.end_mark.line) - int(at_next)
    children = [child for entry in node.value for child in (entry if isinstance(entry, tuple) else (entry,))]
    return max([int(node.start_mark.line), *map(_last_line, children)])


def _loaded(text: str) -> tuple[YAML, Any]:
    if read(text)[0] is None:  # bounded, which the round trip is not
        raise ValueError("this cannot be read as a configuration")
    round_trip = _round_trip(text)
    try:
        return round_trip, round_trip.load(text)
    except YAMLError as error:
        raise ValueError(f"this cannot be edited: {error}") from None


def _written(round_trip: YAML, document: Any) -> str:
    written = io.StringIO()
    round_trip.dump(document, written)
    return written.getvalue()


def _plain(text: str) -> Any:
    """What the text says, or None where it says nothing that can be read."""
    document, _ = read(text)
    return to_plain(document) if document else None


def _comment_lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.lstrip().startswith("#")}


def _steps(path: str) -> list[str]:
    steps = [word or index for word, index in _STEP.findall(path)]
    if not steps or not re.fullmatch(r"[^.\[\]]+(\.[^.\[\]]+|\[[^\[\]]+\])*", path):
        raise UnknownPath(f"{path!r} is not a path")
    return steps


def _key(container: Any, step: str, so_far: str) -> str | int:
    if isinstance(container, dict):
        return step
    if isinstance(container, list):
        if step.isascii() and step.isdigit() and int(step) < len(container):
            return int(step)
        for index, item in enumerate(container):
            if isinstance(item, dict) and item.get("name") == step:
                return index
    raise UnknownPath(f"there is no {so_far}")


def _round_trip(text: str) -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1_000_000  # never fold a line that was not folded
    yaml.brace_single_entry_mapping_in_flow_sequence = True  # `[{a: 1}]` stays so
    # Lists are written as the file already writes them: the dash under its key, or two spaces in.
    first = re.search(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- ", text, re.MULTILINE)
    offset = len(first[2]) - len(first[1]) if first else 2
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml

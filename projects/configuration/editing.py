"""Changes one value in the text of a strands.yaml and leaves comments, order and style as their author wrote them."""

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

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
    if read(text)[0] is None:  # bounded, which the round trip is not
        raise ValueError("this cannot be read as a configuration")
    yaml = _round_trip(text)
    try:
        document = yaml.load(text)
    except YAMLError as error:
        raise ValueError(f"this cannot be edited: {error}") from None
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
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()


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
    # Lists are written as the file already writes them: the dash under its key, or two spaces in.
    first = re.search(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- ", text, re.MULTILINE)
    offset = len(first[2]) - len(first[1]) if first else 2
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    return yaml

"""Checks a tree against the grammar: unknown keys, missing keys, types, bounds and formats, each at its place."""

import math
import re
from collections.abc import Iterator, Mapping

from .nodes import MappingNode, Node, Place, ScalarNode, SequenceNode
from .problems import Problem, did_you_mean, shown
from .shapes import Choice, Free, Key, ListOf, MapOf, Partial, Record, Shape, Switch, Text, Variant, Whole


def check(place: Place, shape: Shape) -> Iterator[Problem]:
    """Everything about the value at `place` that is not as `shape` says."""
    match shape:
        case Record():
            yield from _record(place, shape)
        case Partial():
            yield from _partial(place, shape)
        case MapOf():
            yield from _map(place, shape)
        case ListOf():
            yield from _list(place, shape)
        case Text() if place.text is None:
            yield _not_a_text(place, shape)
        case Text():
            yield from _text(place, place.text or "", shape)
        case Whole():
            yield from _whole(place, shape)
        case Switch() if place.switch is None:
            yield _wrong_kind(place, "true or false", "write true or false, without quotes")
        case Choice(options=options) if place.text not in options:
            yield _wrong_kind(
                place, "one of " + ", ".join(options), did_you_mean(place.text, options) if place.text else ""
            )
        case Free():
            yield from _free(place)
        case _:
            assert not isinstance(shape, Variant), "a record hands its variants the sibling they depend on"


def variant_shape(variant: Variant, parent: Node | None) -> Record | Free:
    """The shape a variant takes beside its sibling key in `parent`."""
    return variant.cases.get(Place(parent)[variant.by].text or "", variant.other)


def _record(place: Place, shape: Record) -> Iterator[Problem]:
    if not isinstance(place.node, MappingNode):
        yield _wrong_kind(place, "a mapping of keys", "known: " + ", ".join(key.name for key in shape.keys))
        return
    yield from _keys(place, shape.keys, shape.advice)
    for key in shape.keys:
        if key.required and place.node.get(key.name) is None:
            yield place.problem(f"{shape.noun} needs {key.name}", f"add {key.name}: {key.doc}")
        # A type that demands properties demands them also of a resource that has none at all.
        if isinstance(key.shape, Variant) and place.node.get(key.name) is None:
            demanding = variant_shape(key.shape, place.node)
            if isinstance(demanding, Record):
                for inner in (inner.name for inner in demanding.keys if inner.required):
                    yield place.problem(f"{demanding.noun} needs {inner}", f"add {key.name}: {{{inner}: ...}}")


def _partial(place: Place, shape: Partial) -> Iterator[Problem]:
    if not isinstance(place.node, MappingNode):
        yield _wrong_kind(place, "a mapping of the keys to change")
        return
    fixed = dict.fromkeys(shape.fixed, "it cannot differ between environments")
    yield from _keys(place, shape.keys, {**shape.record.advice, **fixed})


def _map(place: Place, shape: MapOf) -> Iterator[Problem]:
    if not isinstance(place.node, MappingNode):
        yield _wrong_kind(place, "a mapping")
        return
    if (count := len(place.node.entries)) > shape.maximum:
        yield place.problem(f"{count} entries; at most {shape.maximum} are allowed")
    for entry, value in place.entries():
        yield from _text(place.at(entry), entry.key, shape.key)
        yield from check(value, shape.value)


def _list(place: Place, shape: ListOf) -> Iterator[Problem]:
    if not isinstance(place.node, SequenceNode):
        yield _wrong_kind(place, "a list", "write each item behind a hyphen, or in [ ]")
        return
    if not shape.minimum <= (count := len(place.node.items)) <= shape.maximum:
        yield place.problem(f"{count} items; {shape.minimum} to {shape.maximum} are allowed")
    for item in place.items():
        yield from check(item, shape.item)


def _keys(place: Place, keys: tuple[Key, ...], advice: Mapping[str, str]) -> Iterator[Problem]:
    known = {key.name: key for key in keys}
    for entry, value in place.entries():
        key = known.get(entry.key)
        if key is None:
            unknown = f"unknown key {shown(entry.key)}"
            yield place.at(entry).problem(unknown, advice.get(entry.key) or did_you_mean(entry.key, known))
        elif isinstance(value.node, ScalarNode) and value.node.value is None:
            yield place.at(entry).problem(f"{entry.key} has no value", "give it one or leave the key out")
        else:
            shape = variant_shape(key.shape, place.node) if isinstance(key.shape, Variant) else key.shape
            yield from check(value, shape)


def _text(place: Place, text: str, shape: Text) -> Iterator[Problem]:
    quoted = shape.noun if shape.private else shown(text)
    if not shape.minimum <= len(text) <= shape.maximum:
        yield place.problem(f"{shape.noun} has {shape.minimum} to {shape.maximum} characters, not {len(text)}")
    elif shape.pattern and not re.fullmatch(shape.pattern, text, re.DOTALL):
        suggested = shape.suggest(text) if shape.suggest else ""
        advice = f"did you mean {suggested}?" if suggested else shape.example and f"like {shape.example}"
        yield place.problem(f"{quoted} is not {shape.noun}: {shape.rule}", advice)
    elif shape.complaint and (complaint := shape.complaint(text)):
        advice = f"like {shape.example}" if shape.example else shape.rule
        yield place.problem(f"{quoted} is not a usable {shape.noun.split(' ', 1)[1]}: {complaint}", advice)


def _not_a_text(place: Place, shape: Text) -> Problem:
    if not isinstance(place.node, ScalarNode):
        return _wrong_kind(place, shape.noun)
    if shape.private:
        return place.problem("the value is not a text", "write it in quotes")
    advice = f'write it in quotes: "{place.node.text}"'
    if shape.pattern == r"[0-9]{12}":
        advice += ", as a number would lose leading zeros"
    return place.problem(f"{shown(place.node.text)} is not a text but a number or a truth value", advice)


def _whole(place: Place, shape: Whole) -> Iterator[Problem]:
    unit = f" {shape.unit}" if shape.unit else ""
    number = place.whole
    if number is None:
        advice = f"write {place.text} without quotes" if (place.text or "").isdecimal() else ""
        advice = advice or (f"write the number of {shape.unit} alone" if shape.unit else "")
        yield _wrong_kind(place, f"a whole number from {shape.minimum:,} to {shape.maximum:,}{unit}", advice)
    elif not shape.minimum <= number <= shape.maximum:
        bound, side = (shape.minimum, "least") if number < shape.minimum else (shape.maximum, "most")
        yield place.problem(f"{number:,} is out of bounds: at {side} {bound:,}{unit}", f"use {bound}")
    elif shape.options and number not in shape.options:
        closest = min(shape.options, key=lambda option: abs(option - number))
        yield place.problem(f"{number} is not one of " + ", ".join(map(str, shape.options)), f"use {closest}")


def _free(place: Place) -> Iterator[Problem]:
    if (
        isinstance(place.node, ScalarNode)
        and isinstance(place.node.value, float)
        and not math.isfinite(place.node.value)
    ):
        yield place.problem("infinity and not-a-number have no JSON form")
    for child in place.items():
        yield from _free(child)
    for _, child in place.entries():
        yield from _free(child)


def _wrong_kind(place: Place, wanted: str, suggestion: str = "") -> Problem:
    match place.node:
        case ScalarNode(value=None):
            found = "nothing"
        case ScalarNode(text=text):
            found = shown(text)
        case MappingNode():
            found = "a mapping"
        case _:
            found = "a list"
    return place.problem(f"{found} is not {wanted}", suggestion)

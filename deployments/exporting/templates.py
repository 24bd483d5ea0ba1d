"""The recorded state as CloudFormation templates: one for everything, or one per stack that import from each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deployments.blueprint.template import as_template
from deployments.blueprint.values import Output
from deployments.engine.intrinsics import is_intrinsic, recorded_lookup, resolve
from deployments.engine.kinds import Kind, Kinds
from deployments.engine.resources import Resource
from deployments.engine.state import State
from deployments.exporting.references import Meaning, restore

Template = dict[str, Any]
_PLACEHOLDER = re.compile(r"\$\{([^!{}][^{}]*)\}")


def whole(state: State, kinds: Kinds, *, project: str, outputs: Sequence[Output] = ()) -> Template:
    """All resources in one template; every one says whether deleting the stack deletes it, as imports must."""
    state = state.without_replaced()
    return _template(_resources(state, kinds), state, kinds, project=project, outputs=outputs)


@dataclass(frozen=True, slots=True)
class Part:
    """One stack's template, and the stacks that must exist before it."""

    template: Template
    needs: tuple[str, ...]


def split(state: State, kinds: Kinds, *, project: str, outputs: Sequence[Output] = ()) -> dict[str, Part]:
    """A template per stack, in an order in which they can be made; values cross by `Export` and `Fn::ImportValue`.

    Where two stacks need each other, the one that comes first names the other's values literally.
    """
    state = state.without_replaced()
    resources = _resources(state, kinds)
    crossing = _Crossing(state, prefix=f"{project}-{state.environment}")
    by_stack: dict[str, list[Resource]] = {stack: [] for stack in crossing.order}
    for resource in resources:
        by_stack[resource.stack].append(
            replace(
                resource,
                properties=crossing.rewritten(resource.properties, resource.stack),
                depends_on=tuple(name for name in resource.depends_on if crossing.stack_of[name] == resource.stack),
            )
        )
    parts = {}
    for stack, members in by_stack.items():
        own = [output for output in outputs if crossing.stack_of.get(output.logical_id) == stack]
        template = _template(members, state, kinds, project=project, outputs=own, stack=stack)
        if exports := crossing.exports.get(stack):
            template.setdefault("Outputs", {}).update(sorted(exports.items()))
        parts[stack] = Part(template, tuple(name for name in crossing.order if name in crossing.needs[stack]))
    return parts


def _resources(state: State, kinds: Kinds) -> list[Resource]:
    """What is recorded, as if it were wanted, with references; in the state file's order."""
    restored = restore(state.resources, kinds)
    return [
        Resource(
            stack=resource.stack,
            logical_id=logical_id,
            type=resource.type,
            properties=restored[logical_id].properties,
            depends_on=restored[logical_id].depends_on,
            tags=resource.tags,
            retain=resource.retain,
        )
        for logical_id, resource in sorted(state.resources.items(), key=lambda item: (item[1].stack, item[0]))
    ]


def _template(
    resources: Sequence[Resource],
    state: State,
    kinds: Kinds,
    *,
    project: str,
    outputs: Sequence[Output],
    stack: str = "",
) -> Template:
    parameters: dict[str, Any] = {}
    named = [_without_secrets(resource, kinds.get(resource.type), parameters) for resource in resources]
    there = {resource.logical_id: resource.type for resource in resources}
    rendered = as_template(named, [output for output in outputs if output.logical_id in there])
    place = " ".join(filter(None, [project, state.environment, stack]))
    template = {
        "AWSTemplateFormatVersion": rendered.pop("AWSTemplateFormatVersion"),
        "Description": f"{place}, exported from strandsweb at serial {state.serial} of its state",
    }
    if parameters:
        template["Parameters"] = parameters
    for entry in rendered["Resources"].values():
        entry.setdefault("DeletionPolicy", "Delete")
        entry.setdefault("UpdateReplacePolicy", "Delete")
    return template | rendered


def _without_secrets(resource: Resource, kind: Kind | None, parameters: dict[str, Any]) -> Resource:
    """Every sensitive value as a parameter that is asked for and never shown."""
    properties = dict(resource.properties)
    for path in sorted(kind.sensitive) if kind else ():
        *way, last = path.split(".")
        inner: Any = properties
        for step in way:
            inner[step] = inner = dict(inner.get(step, {}))
        if last in inner and not is_intrinsic(inner[last]):
            name = re.sub(r"\W|_", "", f"{resource.logical_id}{path}")
            parameters[name] = {"Type": "String", "NoEcho": True, "Description": f"{path} of {resource.logical_id}"}
            inner[last] = {"Ref": name}
    return replace(resource, properties=properties)


class _Crossing:
    """Values that cross from one stack into another, gathered while templates are written."""

    def __init__(self, state: State, *, prefix: str) -> None:
        self.stack_of = {name: resource.stack for name, resource in state.resources.items()}
        self.exports: dict[str, dict[str, Any]] = {}
        self.needs: dict[str, set[str]] = {stack: set() for stack in sorted(set(self.stack_of.values()))}
        for name, resource in state.resources.items():
            used = {self.stack_of[other] for other in resource.dependencies if other in self.stack_of}
            self.needs[self.stack_of[name]] |= used - {resource.stack}
        self.order = _order(self.needs)
        for position, stack in enumerate(self.order):
            self.needs[stack] &= set(self.order[:position])
        self._prefix = prefix
        self._lookup = recorded_lookup(state.resources, region=state.region, account=state.account)

    def rewritten(self, value: Any, stack: str) -> Any:
        """The value with references that stay inside `stack`; the others become imports, or literal."""
        if isinstance(value, list):
            return [self.rewritten(entry, stack) for entry in value]
        if not isinstance(value, Mapping):
            return value
        if not is_intrinsic(value):
            return {key: self.rewritten(entry, stack) for key, entry in value.items()}
        if "Fn::Sub" in value:
            return self._substituted(value["Fn::Sub"], stack)
        meaning = Meaning(value["Ref"], "") if "Ref" in value else Meaning(*value["Fn::GetAtt"])
        return self._crossed(meaning, stack)

    def _crossed(self, meaning: Meaning, stack: str) -> Any:
        origin = self.stack_of[meaning.logical_id]
        if origin == stack:
            return meaning.intrinsic
        if origin not in self.needs[stack]:
            return resolve(meaning.intrinsic, self._lookup)
        output = re.sub(r"\W|_", "", f"{meaning.logical_id}{meaning.attribute or 'Ref'}")
        name = f"{self._prefix}-{output}"
        self.exports.setdefault(origin, {})[output] = {"Value": meaning.intrinsic, "Export": {"Name": name}}
        return {"Fn::ImportValue": name}

    def _substituted(self, text: str, stack: str) -> Any:
        imported: dict[str, Any] = {}

        def fill(match: re.Match[str]) -> str:
            logical_id, _, attribute = match[1].partition(".")
            meaning = Meaning(logical_id, attribute)
            value = self._crossed(meaning, stack)
            if value == meaning.intrinsic:
                return match[0]
            if isinstance(value, str):
                return value.replace("${", "${!")
            variable = re.sub(r"\W|_", "", match[1])
            imported[variable] = value
            return f"${{{variable}}}"

        filled = _PLACEHOLDER.sub(fill, text)
        if imported:
            return {"Fn::Sub": [filled, imported]}
        return {"Fn::Sub": filled} if _PLACEHOLDER.search(filled) else filled.replace("${!", "${")


def _order(needs: Mapping[str, set[str]]) -> list[str]:
    """Stacks after those they need; where they need each other, by how few are still missing and then by name."""
    order: list[str] = []
    while left := [stack for stack in needs if stack not in order]:
        order.append(min(left, key=lambda stack: (len(needs[stack] - set(order)), stack)))
    return order

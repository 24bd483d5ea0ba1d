"""Random environments for property tests: a few resources that refer to earlier ones, in two versions."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from deployments.engine.resources import Resource
from tests.engine.stage import KINDS, resource

NAMES = ("Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot")
TYPES = ("Role", "Function", "Table", "Rule", "Net")


@dataclass(frozen=True)
class Spec:
    """One resource: `variant` changes what cannot be changed in place, `size` what can."""

    name: str
    type: str
    uses: tuple[str, ...]
    variant: int
    size: int
    retain: bool = False

    def resource(self, there: frozenset[str]) -> Resource:
        uses = [name for name in self.uses if name in there]
        kind = KINDS[f"Test::{self.type}"]
        properties = {
            kind.name_property or ("Range" if self.type == "Net" else "Pattern"): f"{self.name.lower()}-{self.variant}",
            "Size": self.size,
            "Uses": [{"Fn::GetAtt": [name, "Arn"]} for name in uses[:1]],
            "Note": {"Fn::Sub": " ".join(f"${{{name}}}" for name in uses[1:]) or "none"},
        }
        if uses and self.type in ("Rule", "Net"):
            properties["Target" if self.type == "Rule" else "In"] = {"Ref": uses[0]}
        return resource(self.name, self.type, properties, depends_on=tuple(uses[2:]), retain=self.retain)


@st.composite
def specs(draw: st.DrawFn, *, retain: bool = False) -> tuple[Resource, ...]:
    """Up to six resources, each referring to some that come before it by name."""
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=len(NAMES)).map(sorted))
    found = [
        Spec(
            name=name,
            type=draw(st.sampled_from(TYPES)),
            uses=tuple(draw(st.lists(st.sampled_from(chosen[:index]), unique=True, max_size=3))) if index else (),
            variant=draw(st.integers(1, 2)),
            size=draw(st.integers(1, 2)),
            retain=retain and draw(st.booleans()),
        )
        for index, name in enumerate(chosen)
    ]
    return tuple(spec.resource(frozenset(chosen)) for spec in found)

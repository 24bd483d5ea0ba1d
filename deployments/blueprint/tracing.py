"""The traces of an environment's agents, apart from those of everything else in the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployments.blueprint.draft import Draft
from projects.configuration.model import Agent

EXPRESSION_LIMIT = 2_000
"""Characters of one group's filter; X-Ray names no limit, its console takes no more."""


def add_trace_groups(draft: Draft, agents: Sequence[tuple[str, Agent]]) -> None:
    """Adds a group of all traces an agent has a part in; several where their names do not fit into one."""
    names = sorted(draft.names.function(agent.name) for _, agent in agents)
    for number, expression in enumerate(_expressions(names)):
        suffix = str(number + 1) if number else ""
        draft.add(
            f"TraceGroup{suffix}",
            "AWS::XRay::Group",
            {"GroupName": draft.names.trace_group(f"traces{suffix}"), "FilterExpression": expression},
        )


def _expressions(names: Sequence[str]) -> Iterator[str]:
    expression = ""
    for name in names:
        term = f'service("{name}")'
        longer = f"{expression} OR {term}" if expression else term
        if len(longer) > EXPRESSION_LIMIT:
            yield expression
            longer = term
        expression = longer
    if expression:
        yield expression

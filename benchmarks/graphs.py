"""`python -m benchmarks.graphs`: how long it takes to read, lay out and write the graph of a large state.

Each figure is the best of several, in milliseconds of the processor. There is no floor to put beside them: the aim is
a page of 1,000 resources well under a second, and one of 10,000 that still opens.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from deployments.engine.state import State, StateResource
from deployments.graphs.drawing import draw
from deployments.graphs.reading import graph_of_state

TABLES = 60
PER_AGENT = 8
REPEATED = 5
SIZES = (100, 1_000, 10_000)


def made_up(resources: int) -> State:
    """A state of so many: tables and a role that may use them, and agents with a log and alarms each."""
    agents = (resources - TABLES - 1) // PER_AGENT
    return State(1, "l" * 32, "bench", "us-east-1", "1" * 12).with_resources([*_shared(), *_agents(agents)])


def _shared() -> Iterator[StateResource]:
    names = {f"Table{number}": f"arn:aws:dynamodb:us-east-1:1:table/app-table-{number}" for number in range(TABLES)}
    for name, arn in names.items():
        yield StateResource("shared-infrastructure", name, "AWS::DynamoDB::Table", name.lower(), {}, {"Arn": arn})
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": list(names.values())}
    policies = [{"PolicyName": "permissions", "PolicyDocument": {"Statement": [statement]}}]
    yield StateResource(
        "shared-infrastructure", "Role", "AWS::IAM::Role", "app-shared", {"Policies": policies}, {}, tuple(names)
    )


def _agents(count: int) -> Iterator[StateResource]:
    for number in range(count):
        stack, function, log = f"agent-{number}", f"Agent{number}Function", f"Agent{number}Log"
        needs = (log, "Role", f"Table{number % TABLES}", f"Table{number * 7 % TABLES}")
        yield StateResource(stack, log, "AWS::Logs::LogGroup", log, {})
        yield StateResource(stack, function, "AWS::Lambda::Function", function, {}, {}, needs, agent=stack)
        for alarm in range(PER_AGENT - 2):
            name = f"Agent{number}Alarm{alarm}"
            yield StateResource(stack, name, "AWS::CloudWatch::Alarm", name, {}, {}, (function,))


def main() -> None:
    """Prints one row per size."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "strandsweb.settings.embedded")
    import django
    from django.template.loader import render_to_string

    django.setup()
    print(f"{'resources':>9} {'read':>7} {'draw':>7} {'write':>7} {'kB':>7}")
    for resources in SIZES:
        state = made_up(resources)
        read, graph = _best(lambda state=state: graph_of_state(state))
        drawn, drawing = _best(lambda graph=graph: draw(graph))
        context = {"graph": drawing, "label": "Resources"}
        written, html = _best(lambda context=context: render_to_string("graphs/graph.html", context))
        sizes = f"{read:7.1f} {drawn:7.1f} {written:7.1f} {len(html) / 1024:7.0f}"
        print(f"{len(state.resources):9} {sizes}")


def _best(work: Callable[[], Any]) -> tuple[float, Any]:
    """The least time it took, in milliseconds, and what came of it."""
    times = []
    for _ in range(REPEATED):
        began = time.process_time()
        made = work()
        times.append((time.process_time() - began) * 1000)
    return min(times), made


if __name__ == "__main__":
    main()

"""Rules of the edges between agents and resources: permissions (uses) one way, triggers the other."""

import re
from collections.abc import Iterator

from .nodes import Place
from .problems import Problem, did_you_mean
from .resource_types import RESOURCE_TYPES

DEFAULT_TIMEOUT_SECONDS = 30
DEFAULT_BATCH_SIZE = 10


def check_uses(agent: Place, resources: dict[str, Place]) -> Iterator[Problem]:
    """Each use names a resource, says access or actions, and fits the resource's type."""
    for use in agent["uses"].items():
        access, actions = use["access"], use["actions"]
        if use["resource"].node is not None and (access.node is None) == (actions.node is None):
            yield use.problem("a use takes either access or actions", "access: read, write or read-write")
        name = use["resource"].text
        if name is None:
            continue
        if name not in resources:
            yield use["resource"].problem(f"no resource is named {name}", did_you_mean(name, resources))
            continue
        type_name = resources[name]["type"].text or ""
        kind = RESOURCE_TYPES.get(type_name)
        if use["path"].node is not None and type_name != "s3":
            yield use["path"].problem(f"path belongs to s3 buckets; {name} is of type {type_name}", "leave it out")
        if kind is None:
            if access.node is not None and type_name.startswith("AWS::"):
                yield access.problem(f"access words are not known for {type_name}", "list its actions instead")
            continue
        if access.text in ("read", "write", "read-write") and access.text not in kind.access:
            words = " or ".join(kind.access)
            yield access.problem(f"a resource of type {type_name} can only be used to {words}", f"access: {words}")
        for action in actions.items():
            service = (action.text or "").partition(":")[0]
            if re.fullmatch("[a-z0-9-]+", service) and service != kind.service:
                message = f"{action.text} does not apply to {name}, which is of type {type_name}"
                yield action.problem(message, f"its actions start with {kind.service}:")


def check_triggers(agent: Place, resources: dict[str, Place]) -> Iterator[Problem]:
    """Each trigger is a schedule or a resource that can start an agent, with settings that AWS will take."""
    seen: set[str] = set()
    for trigger in agent["triggers"].items():
        schedule, resource = trigger["schedule"], trigger["resource"]
        if (schedule.node is None) == (resource.node is None):
            yield trigger.problem("a trigger is either a schedule or a resource", "keep one of the two")
            continue
        for key in ("batch_size", "batching_window", "pattern"):
            if schedule.node is not None and trigger[key].node is not None:
                yield trigger[key].problem(f"{key} does not go with a schedule", "leave it out")
        if (name := resource.text) is None:
            continue
        if name in seen:
            yield resource.problem(f"{name} already triggers this agent", "keep one of them")
        seen.add(name)
        if name not in resources:
            able = [known for known, spec in resources.items() if _can_trigger(spec)]
            yield resource.problem(f"no resource is named {name}", did_you_mean(name, able))
        elif not _can_trigger(resources[name]):
            type_name = resources[name]["type"].text
            yield resource.problem(f"{name} is of type {type_name}, which cannot trigger an agent")
        else:
            yield from _source(agent, trigger, resources[name])


def _can_trigger(resource: Place) -> bool:
    kind = RESOURCE_TYPES.get(resource["type"].text or "")
    return kind is not None and kind.can_trigger


def _source(agent: Place, trigger: Place, resource: Place) -> Iterator[Problem]:
    type_name = resource["type"].text
    properties = resource["properties"]
    if type_name in ("sqs", "dynamodb"):
        yield from _batches(trigger, fifo=type_name == "sqs" and bool(properties["fifo"].switch))
    else:
        for key in ("batch_size", "batching_window"):
            if trigger[key].node is not None:
                yield trigger[key].problem(f"{key} belongs to queues and streams, not to {type_name}", "leave it out")
    if type_name == "sqs":
        yield from _visibility(agent, trigger, resource)
    if type_name == "dynamodb" and properties["stream"].node is None:
        yield trigger.problem(
            f"table {resource['name'].text} has no stream", "add stream: new-and-old-images to its properties"
        )
    for key in ("prefix", "suffix"):
        if type_name != "s3" and trigger[key].node is not None:
            yield trigger[key].problem(f"{key} belongs to buckets, not to {type_name}", "leave it out")
    pattern = trigger["pattern"]
    if type_name == "eventbridge" and pattern.node is None:
        yield trigger.problem("a trigger from an event bus needs a pattern", 'pattern: {source: ["my-app"]}')
    elif type_name != "eventbridge" and pattern.node is not None:
        yield pattern.problem(f"pattern belongs to event buses, not to {type_name}", "leave it out")
    elif pattern.node is not None and not list(pattern.entries()):
        yield pattern.problem("the pattern must be a mapping that says something", 'like {source: ["my-app"]}')


def _batches(trigger: Place, *, fifo: bool) -> Iterator[Problem]:
    size, window = trigger["batch_size"], trigger["batching_window"]
    if fifo and (size.whole or 0) > DEFAULT_BATCH_SIZE:
        yield size.problem("a fifo queue gives at most 10 messages at once", "use 10")
    elif fifo and window.whole:
        yield window.problem("a fifo queue has no batching window", "leave it out")
    elif (size.whole or 0) > DEFAULT_BATCH_SIZE and not window.whole:
        yield size.problem("more than 10 messages at once need a batching_window", "add batching_window: 1")


def _visibility(agent: Place, trigger: Place, queue: Place) -> Iterator[Problem]:
    """Lambda refuses a queue whose messages would reappear while the agent still works on them."""
    place = queue["properties"]["visibility_timeout"]
    default = 30
    visible_seconds = default if place.node is None else place.whole
    timeout = agent["timeout"]
    timeout_seconds = DEFAULT_TIMEOUT_SECONDS if timeout.node is None else timeout.whole
    if visible_seconds is None or timeout_seconds is None or visible_seconds >= timeout_seconds:
        return
    name, agent_name = queue["name"].text, agent["name"].text
    at = trigger if place.node is None else place
    yield at.problem(
        f"queue {name} shows a message again after {visible_seconds} s, before {agent_name} times out "
        f"({timeout_seconds} s)",
        f"set its visibility_timeout to {min(6 * timeout_seconds, 43_200)} (AWS advises six times the timeout)",
    )

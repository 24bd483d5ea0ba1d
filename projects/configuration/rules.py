"""What must hold between the parts of a configuration: names, references, limits that span several keys.

Each rule walks on places and passes over what is missing or malformed, so that all findings come at once.
"""

from collections import defaultdict
from collections.abc import Iterator

from .api_grammar import check_api
from .credentials import sounds_secret, what_credential
from .edges import check_triggers, check_uses
from .nodes import Entry, Place
from .problems import Problem, did_you_mean
from .resource_types import secret_variable_name, variable_name
from .texts import MAX_TAGS

MAX_ENVIRONMENT_BYTES = 4096  # Lambda's limit for all variables of a function together


def check_rules(root: Place) -> Iterator[Problem]:
    """All findings about the document whose top mapping is `root`."""
    resources: dict[str, Place] = {}
    for resource in root["resources"].items():
        if name := resource["name"].text:
            resources.setdefault(name, resource)
    yield from _unique_names(root)
    yield from _dead_letter_queues(resources)
    yield from _keys_of_tables(resources)
    yield from _rotations(root, resources)
    yield from _vpc(root["shared"]["vpc"])
    yield from _tags(root)
    routes: dict[str, Place] = {}
    for agent in root["agents"].items():
        yield from check_uses(agent, resources)
        yield from check_triggers(agent, resources)
        yield from _secrets(agent, resources)
        yield from _variables(agent, resources)
        yield from _routes(agent, routes)
    yield from check_api(root)
    yield from _overrides(root, set(resources))


def _unique_names(root: Place) -> Iterator[Problem]:
    """Agents and resources share one set of names, also when hyphens are left out (as logical ids do)."""
    seen: dict[str, Place] = {}
    for thing in (*root["agents"].items(), *root["resources"].items()):
        place = thing["name"]
        if (name := place.text) is None:
            continue
        first = seen.setdefault(name.replace("-", ""), place)
        if first is not place:
            other = "already used" if first.text == name else f"too like {first.text}"
            yield place.problem(f"the name {name} is {other} on line {first.line}", "give it another name")


def _dead_letter_queues(resources: dict[str, Place]) -> Iterator[Problem]:
    for name, resource in resources.items():
        properties = resource["properties"]
        place = properties["dead_letter_queue"]
        if resource["type"].text != "sqs" or place.text is None:
            if resource["type"].text == "sqs" and properties["max_receives"].node is not None:
                yield properties["max_receives"].problem("max_receives needs a dead_letter_queue", "name the queue")
            continue
        target = resources.get(place.text)
        queues = [other for other, spec in resources.items() if spec["type"].text == "sqs" and other != name]
        if target is None or target["type"].text != "sqs" or place.text == name:
            yield place.problem(f"{place.text} is not another resource of type sqs", did_you_mean(place.text, queues))
        elif (target["properties"]["fifo"].switch or False) != (properties["fifo"].switch or False):
            yield place.problem("a fifo queue needs a fifo dead letter queue, and any other one that is not")


def _keys_of_tables(resources: dict[str, Place]) -> Iterator[Problem]:
    for resource in resources.values():
        properties = resource["properties"]
        sort_key = properties["sort_key"]
        if resource["type"].text == "dynamodb" and sort_key.text and sort_key.text == properties["partition_key"].text:
            yield sort_key.problem("sort_key must differ from partition_key", "leave sort_key out")


def _rotations(root: Place, resources: dict[str, Place]) -> Iterator[Problem]:
    """Only a function can be called by Secrets Manager."""
    agents = {name: agent for agent in root["agents"].items() if (name := agent["name"].text)}
    for resource in resources.values():
        place = resource["properties"]["rotation"]["agent"]
        if resource["type"].text != "secret" or place.text is None:
            continue
        if place.text not in agents:
            yield place.problem(f"no agent is named {place.text}", did_you_mean(place.text, agents))
        elif agents[place.text]["target"].text not in (None, "lambda"):
            yield place.problem(f"{place.text} is no function, and only functions rotate secrets", "target: lambda")


def _vpc(vpc: Place) -> Iterator[Problem]:
    ipam = vpc["ipam"]
    if ipam.node is not None and ipam["enabled"].switch is not False:
        if vpc["cidr"].node is not None:
            yield vpc["cidr"].problem("cidr and ipam exclude each other", "leave one of them out")
        if ipam["pool_id"].node is None:
            yield ipam.problem("ipam needs pool_id", "add pool_id: ipam-pool-...")
    seen: set[str] = set()
    for endpoint in vpc["endpoints"].items():
        if endpoint.text in seen:
            yield endpoint.problem(f"endpoint {endpoint.text} is listed twice", "keep one of them")
        seen.add(endpoint.text or "")


def _tags(root: Place) -> Iterator[Problem]:
    """AWS's limit counts the tags of project and thing together."""
    common = {entry.key for entry, _ in root["project"]["tags"].entries()}
    for thing in (*root["agents"].items(), *root["resources"].items()):
        own = {entry.key for entry, _ in thing["tags"].entries()}
        if len(common | own) > MAX_TAGS >= max(len(common), len(own)):
            yield thing["tags"].problem(f"{len(common | own)} tags with the project's; at most {MAX_TAGS} are allowed")


def _secrets(agent: Place, resources: dict[str, Place]) -> Iterator[Problem]:
    for _, place in agent["secrets"].entries():
        if place.text is None:
            continue
        kind = resources[place.text]["type"].text if place.text in resources else None
        if kind == "secret":
            continue
        secrets = [name for name, spec in resources.items() if spec["type"].text == "secret"]
        wrong = f"{place.text} is of type {kind}, not secret" if kind else f"no resource is named {place.text}"
        yield place.problem(wrong, did_you_mean(place.text, secrets))


def _variables(agent: Place, resources: dict[str, Place]) -> Iterator[Problem]:
    environment = agent["environment"]
    given = _given_variables(agent, resources)
    size_bytes = 0
    for entry, place in environment.entries():
        key = environment.at(entry)
        value = place.text or ""
        size_bytes += len(entry.key.encode()) + len(value.encode())
        if source := given.get(entry.key):
            yield key.problem(f"{entry.key} is set by strandsweb: {source}", "choose another name")
        yield from _credential(entry, place, value)
    if size_bytes > MAX_ENVIRONMENT_BYTES:
        yield environment.problem(f"{size_bytes:,} bytes of environment; Lambda takes {MAX_ENVIRONMENT_BYTES:,}")


def _credential(entry: Entry, place: Place, value: str) -> Iterator[Problem]:
    advice = "keep it in a resource of type secret and refer to it under secrets"
    if noun := what_credential(value):
        yield place.problem(f"the value of {entry.key} looks like {noun}", advice)
    elif len(value) >= 8 and sounds_secret(entry.key):
        yield place.problem(f"{entry.key} sounds like a credential, and is readable here", advice, "warning")


def _given_variables(agent: Place, resources: dict[str, Place]) -> dict[str, str]:
    """Environment variables the agent gets by itself, with the reason."""
    given: dict[str, str] = {}
    for use in agent["uses"].items():
        name = use["resource"].text
        if name and name in resources and (variable := variable_name(name, resources[name]["type"].text or "")):
            given[variable] = f"the address of resource {name}"
    for entry, _ in agent["secrets"].entries():
        given[secret_variable_name(entry.key)] = f"the ARN of secret {entry.key}"
    return given


def _routes(agent: Place, taken: dict[str, Place]) -> Iterator[Problem]:
    for place in agent["routes"].items():
        if place.text is None:
            continue
        # API Gateway does not tell /a/{x} from /a/{y}.
        parts = ["{}" if part.startswith("{") and "+" not in part else part for part in place.text.split("/")]
        first = taken.setdefault("/".join(parts), place)
        if first is not place:
            yield place.problem(f"route {place.text} is taken by {first.path} on line {first.line}", "change its path")


def _overrides(root: Place, resources: set[str]) -> Iterator[Problem]:
    """Environments may only override what exists."""
    names = defaultdict(set, resources=resources)
    names["agents"] = {name for agent in root["agents"].items() if (name := agent["name"].text)}
    for _, environment in root["environments"].entries():
        for kind, noun in (("agents", "agent"), ("resources", "resource")):
            overrides = environment[kind]
            for entry, _ in overrides.entries():
                if entry.key not in names[kind]:
                    message = f"no {noun} is named {entry.key}"
                    yield overrides.at(entry).problem(message, did_you_mean(entry.key, names[kind]))

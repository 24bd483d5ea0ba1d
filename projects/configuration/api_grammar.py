"""The grammar of the API that agents share, and the rules between it and their routes."""

import re
from collections.abc import Iterator

from .model import ApiGateway, Authorizer, Throttling
from .nodes import Place
from .problems import Problem, did_you_mean
from .shapes import Choice, Key, ListOf, Record, Switch, Text, Whole
from .texts import NAME, ROUTE

API_GATEWAY = Record(
    "an API",
    (
        Key("type", Choice(("http", "rest")), "The kind of API that agents share.", default="http"),
        Key("cors", Switch(), "Let browsers of other origins call it.", default=False),
        Key("access_logs", Switch(), "Write down every call: who, what, how it ended.", default=False),
        Key(
            "throttling",
            Record(
                "throttling",
                (
                    Key("rate", Whole(1, 100_000, "calls a second"), "Calls a second in the long run.", required=True),
                    Key("burst", Whole(1, 50_000, "calls"), "Calls at the same moment.", required=True),
                ),
                Throttling,
            ),
            "How much it takes at most; what is more is answered with 429.",
        ),
        Key(
            "authorizer",
            Record(
                "an authorizer",
                (
                    Key("agent", NAME, "The agent that is asked whether a call may pass.", required=True),
                    Key(
                        "kind",
                        Choice(("request", "token")),
                        "What the agent is told: the request, or the header alone (REST only).",
                        default="request",
                    ),
                    Key(
                        "header",
                        Text(noun="a header", pattern=r"[A-Za-z0-9-]+", rule="letters, digits and hyphens", maximum=64),
                        "The header without which a call is refused at once.",
                        default="Authorization",
                    ),
                    Key(
                        "cache_seconds",
                        Whole(0, 3600, "seconds"),
                        "How long an answer counts for every call with the same header.",
                        default=0,
                    ),
                    Key("open_routes", ListOf(ROUTE, 500), "Routes that anybody may call, unasked.", default=()),
                ),
                Authorizer,
                advice={"except": "write open_routes", "ttl": "write cache_seconds", "type": "write kind"},
            ),
            "Have an agent decide which calls may pass; without it the routes are open to everybody.",
        ),
    ),
    ApiGateway,
)

_REST_PART = re.compile(r"[A-Za-z0-9._:-]+")


def check_api(root: Place) -> Iterator[Problem]:
    """Findings about the API together with the agents and their routes."""
    api = root["shared"]["api_gateway"]
    agents = {name: agent for agent in root["agents"].items() if (name := agent["name"].text)}
    routes = {route.text: route for agent in root["agents"].items() for route in agent["routes"].items() if route.text}
    yield from _authorizer(api, agents, routes)
    if api["type"].text == "rest":
        yield from _rest_paths(routes)


def _authorizer(api: Place, agents: dict[str, Place], routes: dict[str, Place]) -> Iterator[Problem]:
    authorizer = api["authorizer"]
    name = authorizer["agent"].text
    if name and name not in agents:
        yield authorizer["agent"].problem(f"no agent is named {name}", did_you_mean(name, agents))
    elif name and agents[name]["target"].text not in (None, "lambda"):
        yield authorizer["agent"].problem(f"{name} is no function, and only functions authorise", "target: lambda")
    if authorizer["kind"].text == "token" and api["type"].text != "rest":
        yield authorizer["kind"].problem("only a REST API authorises by token", "kind: request, or type: rest")
    seen: set[str] = set()
    for place in authorizer["open_routes"].items():
        if place.text is None:
            continue
        if place.text in seen:
            yield place.problem(f"{place.text} is listed twice", "keep one of them")
        elif place.text not in routes:
            yield place.problem(f"{place.text} is no agent's route", did_you_mean(place.text, routes))
        seen.add(place.text)


def _rest_paths(routes: dict[str, Place]) -> Iterator[Problem]:
    """A REST API knows fewer characters than an HTTP API, and one variable below each path."""
    variables: dict[str, tuple[str, Place]] = {}
    for text, place in routes.items():
        above = ""
        for part in text.partition(" ")[2].split("/")[1:]:
            if part.startswith("{"):
                first, where = variables.setdefault(above, (part, place))
                if first != part:
                    message = (
                        f"a REST API takes one variable below {above or '/'}: {first} of line {where.line} or {part}"
                    )
                    yield place.problem(message, f"write {first} here too")
            elif part and not _REST_PART.fullmatch(part):
                yield place.problem(f'a REST API takes letters, digits and . _ : - in a path, not "{part}"')
            above += f"/{part}"

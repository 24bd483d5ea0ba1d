"""Where the objects of a record have their place in the store: keys, prefixes and safe file names (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

CONFIG = "config.yaml"
PLAN = "plan.json"
APPROVALS = "approvals.json"
STATE_BEFORE = "state-before.json"
STATE_AFTER = "state-after.json"
EVENTS = "execution-log.jsonl"
METADATA = "metadata.json"
CERTIFICATE = "certificate.json"
MANIFEST = "manifest.json"
LOGS = "logs/"

LONGEST_PLAIN_NAME = 100
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def deployments(project: str, environment: str) -> str:
    """The folder of an environment's records: `{project}/{environment}/deployments/`."""
    return f"{project}/{environment}/deployments/"


def record_prefix(project: str, environment: str, deployment_id: str) -> str:
    """The folder of one record."""
    return f"{deployments(project, environment)}{deployment_id}/"


def chain(project: str, environment: str) -> str:
    """The folder of an environment's chain: one copy of every manifest, by its place in the order."""
    return f"{project}/{environment}/chain/"


def link(project: str, environment: str, sequence: int) -> str:
    """The place in the chain: `.../chain/0000000012.json`; there can be only one holder."""
    return f"{chain(project, environment)}{sequence:010d}.json"


def said_later(project: str, environment: str) -> str:
    """The folder of what is said of an environment's records later."""
    return f"{project}/{environment}/annotations/"


def annotation(project: str, environment: str, number: int) -> str:
    """One of them: `.../annotations/0000000012.json`; there can be only one holder."""
    return f"{said_later(project, environment)}{number:010d}.json"


def annotated(project: str, environment: str) -> str:
    """The folder, in the second place, of the ends that an environment's annotations had."""
    return f"{project}/{environment}/annotated/"


def annotated_to(project: str, environment: str, number: int) -> str:
    """One of them: `.../annotated/0000000012.json`."""
    return f"{annotated(project, environment)}{number:010d}.json"


def heads(project: str, environment: str) -> str:
    """The folder, in the second place, of the ends that an environment's chain had."""
    return f"{project}/{environment}/heads/"


def head(project: str, environment: str, sequence: int) -> str:
    """One of them: `.../heads/0000000012.json`."""
    return f"{heads(project, environment)}{sequence:010d}.json"


def current(project: str, environment: str, name: str) -> str:
    """A pointer to the latest: `{project}/{environment}/current/{name}`."""
    return f"{project}/{environment}/current/{name}"


def log_names(resources: Iterable[str]) -> dict[str, str]:
    """A log file name for every resource, by its logical id.

    Names arrive from outside and may hold slashes, dots, control characters, other scripts or nothing. A plain one
    is kept; any other keeps what is readable of it and gets a digest. No two names are equal, also where upper
    and lower case are the same, and the same set of resources always gets the same names.
    """
    ordered = sorted(set(resources))
    taken: set[str] = set()
    names: dict[str, str] = {}
    for resource in sorted(ordered, key=lambda each: not _is_plain(each)):
        stem = resource if _is_plain(resource) else _readable(resource)
        digest = hashlib.sha256(resource.encode("utf-8", "surrogatepass")).hexdigest()
        length = 0 if _is_plain(resource) else 12
        while (name := f"{stem}-{digest[:length]}" if length else stem).lower() in taken:
            length += 12
        taken.add(name.lower())
        names[resource] = f"{LOGS}{name}.log"
    return names


def _is_plain(resource: str) -> bool:
    return len(resource) <= LONGEST_PLAIN_NAME and _PLAIN.fullmatch(resource) is not None


def _readable(resource: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", resource)[:60].strip("-") or "resource"

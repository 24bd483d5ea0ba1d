"""A configuration as an environment sees it, for a promotion that may not fit there (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.overrides import Effective, effective
from projects.configuration import for_environment, parse
from projects.configuration.rendering import plain_effective


class NotForIt(Exception):
    """The configuration does not fit the environment; the text says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What takes effect in an environment, and names of the secrets that it asks for."""

    effective: Effective
    secrets: tuple[str, ...]


def seen_by(environment: str, text: str, number: int) -> Seen:
    """Revision `number`, whose text it is, as the environment sees it.

    Raises:
        NotForIt: it cannot be read, or has no such environment.
    """
    configuration = parse(text).configuration
    if configuration is None:
        raise NotForIt(f"Revision {number} cannot be read any more. Save one that can be, and deploy that first.")
    if environment not in configuration.environments:
        raise NotForIt(f"Revision {number} has no {environment} under environments. Add it, and deploy that first.")
    merged = for_environment(configuration, environment)
    plain = {key: value for key, value in plain_effective(merged).items() if key != "environments"}
    secrets = tuple(resource.name for resource in merged.resources if resource.type == "secret")
    return Seen(effective(environment, plain, configuration.source), secrets)

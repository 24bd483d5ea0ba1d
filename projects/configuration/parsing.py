"""Text to a checked configuration, with everything that is wrong reported at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .building import build
from .checking import check
from .grammar import CONFIGURATION
from .merging import apply_environment
from .model import Configuration
from .nodes import MappingNode, Place
from .problems import Problem, did_you_mean
from .reading import read
from .rules import check_rules

MAX_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Parsed:
    """The outcome of reading a strands.yaml: the configuration when nothing is an error, and all findings by line."""

    configuration: Configuration | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")


class UnknownEnvironment(LookupError):
    """The configuration names no such environment."""


class InvalidConfiguration(ValueError):
    """A configuration that should have been valid is not; `problems` says why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def parse(text: str | bytes) -> Parsed:
    """Reads and checks a whole strands.yaml, also as each environment sees it; never raises for its content."""
    document, problems = read(text)
    if document is None:
        return Parsed(None, tuple(problems))
    problems += _check(document)
    # Overrides are judged on a sound base: its own errors would only come back once per environment.
    if not any(problem.severity == "error" for problem in problems):
        problems += _check_environments(document, problems)
    problems = sorted(set(problems))
    if len(problems) > MAX_PROBLEMS:
        more = len(problems) - MAX_PROBLEMS
        last = problems[MAX_PROBLEMS]
        problems = [*problems[:MAX_PROBLEMS], Problem(last.line, last.column, "", f"and {more} more problems")]
    if any(problem.severity == "error" for problem in problems):
        return Parsed(None, tuple(problems))
    return Parsed(_configuration(document), tuple(problems))


def for_environment(configuration: Configuration, name: str) -> Configuration:
    """The effective configuration of one environment: overrides applied, then checked and built anew.

    Raises UnknownEnvironment, and InvalidConfiguration when the merged whole breaks a rule (parse() has ruled it out).
    """
    if name not in configuration.environments:
        advice = did_you_mean(name, configuration.environments)
        raise UnknownEnvironment(f"no environment is named {name}" + (f" ({advice})" if advice else ""))
    document = apply_environment(configuration.source, name)
    errors = tuple(problem for problem in _check(document) if problem.severity == "error")
    if errors:
        raise InvalidConfiguration(errors)
    return replace(_configuration(document), environment=name)


def _check(document: MappingNode) -> list[Problem]:
    root = Place(document, "", document.line, document.column)
    return [*check(root, CONFIGURATION), *check_rules(root)]


def _check_environments(document: MappingNode, known: list[Problem]) -> Iterator[Problem]:
    reported = {(problem.line, problem.column, problem.message) for problem in known}
    for entry, environment in Place(document)["environments"].entries():
        if {key.key for key, _ in environment.entries()} <= {"account", "region"}:
            continue  # it sees the document as it is
        for problem in _check(apply_environment(document, entry.key)):
            if (problem.line, problem.column, problem.message) not in reported:
                yield replace(problem, message=f"in environment {entry.key}: {problem.message}")


def _configuration(document: MappingNode) -> Configuration:
    configuration: Configuration = build(document, CONFIGURATION)
    return replace(configuration, source=document)

"""What the parts of a REST API share: they live in the API, and API Gateway changes an API once at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from deployments.aws.calls import Answer, Aws, Refusal
from deployments.aws.provisioner import AwsProvisioner
from deployments.engine.ports import Live, Target
from deployments.engine.state import StateResource

ABSENT = ("NotFoundException",)
PERMISSIONS = ("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT")
_PATIENCE_SECONDS = 120


class RestApiPart(AwsProvisioner):
    """A part with an id that API Gateway makes up, found again among the parts of its API.

    `noun` is what the operations call it: `get_resource`, `get_resources`, `delete_resource`, `resourceId`.
    """

    service = "apigateway"
    taggable = False
    at_once = 500
    noun: ClassVar[str]

    @abstractmethod
    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        """Whether a part of the API is what an earlier attempt at this target made."""

    @abstractmethod
    def live(self, part: Mapping[str, Any], properties: Mapping[str, Any]) -> Live:
        """A part as API Gateway tells of it, with what only the recorded properties know."""

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        where = self.address(properties["RestApiId"], physical_id)
        part = self.aws.look("apigateway", f"get_{self.noun}", ABSENT, **where)
        return None if part is None else self.live(part, properties)

    def listed_in(self, recorded: StateResource) -> str:
        return str(recorded.properties["RestApiId"])

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        if len(resources) == 1:
            return super().described(resources)
        there = {part["id"]: part for part in parts_of(self.aws, f"{self.noun}s", self.listed_in(resources[0]))}
        return {
            entry.logical_id: self.live(there[entry.physical_id], entry.properties)
            for entry in resources
            if entry.physical_id in there
        }

    def locate(self, target: Target) -> str | None:
        part = self.there(target)
        return None if part is None else str(part["id"])

    def there(self, target: Target) -> Answer | None:
        """What an earlier attempt at this target made, as the list of parts has it."""
        parts = parts_of(self.aws, f"{self.noun}s", target.properties["RestApiId"])
        return next((part for part in parts if part["id"] not in target.besides and self.is_it(target, part)), None)

    def delete(self, recorded: StateResource) -> None:
        where = self.address(recorded.properties["RestApiId"], recorded.physical_id)
        self.aws.look("apigateway", f"delete_{self.noun}", ABSENT, **where)

    def address(self, api_id: str, part_id: str) -> dict[str, Any]:
        """The parameters that name it."""
        return {"restApiId": api_id, f"{self.noun}Id": part_id}


def parts_of(aws: Aws, nouns: str, api_id: str, **more: Any) -> list[Answer]:
    """All parts of one sort (`resources`) that an API has; none where the API is gone."""
    token = ("position", "position")
    where = {"restApiId": api_id, "limit": 500, **more}
    return aws.pages("apigateway", f"get_{nouns}", "items", token=token, absent=ABSENT, **where) or []


def made_once(aws: Aws, method: str, **parameters: Any) -> Answer | Refusal:
    """A create call; a `Refusal` when it is there already, but not when something else is being changed just now.

    API Gateway says ConflictException to both, and tells them apart in words: "Unable to complete operation due to
    concurrent modification. Please try again later."
    """
    answers: list[Answer | Refusal] = []

    def is_settled() -> bool:
        answers[:] = [aws.attempt("apigateway", method, ("ConflictException",), **parameters)]
        (answer,) = answers
        return not (isinstance(answer, Refusal) and "concurrent modification" in answer.message)

    aws.wait(is_settled, what="The end of another change of the API", seconds=_PATIENCE_SECONDS, first=0.3)
    return answers[0]


def replacements(values: Mapping[str, Any], paths: Mapping[str, str]) -> list[dict[str, str]]:
    """Patch operations that write those of the `values` that have a path."""
    return [replacement(path, values[name]) for name, path in paths.items() if name in values]


def replacement(path: str, value: Any) -> dict[str, str]:
    """A patch operation: https://docs.aws.amazon.com/apigateway/latest/api/API_PatchOperation.html."""
    return {"op": "replace", "path": path, "value": str(value).lower() if isinstance(value, bool) else str(value)}

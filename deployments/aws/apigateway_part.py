"""What the parts of a REST API share: they live in the API, and API Gateway changes an API once at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from deployments.aws.calls import Answer, Aws, Refusal
from deployments.aws.provisioner import AwsProvisioner
from deployments.engine.ports import Target
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
    noun: ClassVar[str]

    @abstractmethod
    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        """Whether a part of the API is what an earlier attempt at this target made."""

    def locate(self, target: Target) -> str | None:
        part = self.there(target)
        return None if part is None else str(part["id"])

    def there(self, target: Target) -> Answer | None:
        """What an earlier attempt at this target made, as the list of parts has it."""
        parts = self.aws.pages(
            "apigateway",
            f"get_{self.noun}s",
            "items",
            token=("position", "position"),
            absent=ABSENT,
            restApiId=target.properties["RestApiId"],
            limit=500,
        )
        found = (part for part in parts or () if part["id"] not in target.besides and self.is_it(target, part))
        return next(found, None)

    def seen(self, physical_id: str, properties: Mapping[str, Any]) -> Answer | None:
        """What API Gateway says of it, or None."""
        where = self.address(properties["RestApiId"], physical_id)
        return self.aws.look("apigateway", f"get_{self.noun}", ABSENT, **where)

    def delete(self, recorded: StateResource) -> None:
        where = self.address(recorded.properties["RestApiId"], recorded.physical_id)
        self.aws.look("apigateway", f"delete_{self.noun}", ABSENT, **where)

    def address(self, api_id: str, part_id: str) -> dict[str, Any]:
        """The parameters that name it."""
        return {"restApiId": api_id, f"{self.noun}Id": part_id}


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

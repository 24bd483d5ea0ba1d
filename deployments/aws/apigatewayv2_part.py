"""What integrations, routes and authorizers of an HTTP API share: they live in the API and carry no tags."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from deployments.aws.calls import Answer, Refusal
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NotFoundException",)

PERMISSIONS = ("apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST")


class ApiGatewayV2Part(AwsProvisioner):
    """Physical id: the part's id, which API Gateway makes up; found again among the parts of its API.

    `noun` is what the operations call it (`Route`: CreateRoute, RouteId); `mutable` its properties but for the API's
    id, each with what stands where nothing is asked for (None: nothing does).
    """

    service = "apigatewayv2"
    taggable = False
    at_once = 500
    noun: ClassVar[str]
    mutable: ClassVar[Mapping[str, Any]]

    @abstractmethod
    def is_it(self, target: Target, part: Mapping[str, Any]) -> bool:
        """Whether a part of the API is what an earlier attempt at this target made."""

    def locate(self, target: Target) -> str | None:
        part = self._there(target)
        return None if part is None else str(part[self._id])

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        api_id = properties["ApiId"]
        part = self.aws.look("apigatewayv2", f"get_{self._word}", _ABSENT, **self._address(api_id, physical_id))
        return None if part is None else self._live(part, api_id)

    def listed_in(self, recorded: StateResource) -> str:
        return str(recorded.properties["ApiId"])

    def described(self, resources: Sequence[StateResource]) -> Mapping[str, Live]:
        if len(resources) == 1:
            return super().described(resources)
        api_id = self.listed_in(resources[0])
        there = {part[self._id]: self._live(part, api_id) for part in self._parts(api_id)}
        return {entry.logical_id: there[entry.physical_id] for entry in resources if entry.physical_id in there}

    def make(self, target: Target) -> Made | Refusal:
        wanted = picked(target.properties, *self.supported)
        part = self.aws.call("apigatewayv2", f"create_{self._word}", recover=lambda: self._there(target), **wanted)
        return self._made(part)

    def update(self, target: Target, live: Live) -> Made:
        changed = self.changed(target, live)
        parameters = {
            name: target.properties.get(name, fallback) for name, fallback in self.mutable.items() if name in changed
        }
        if parameters:
            where = self._address(target.properties["ApiId"], live.physical_id)
            self.aws.call("apigatewayv2", f"update_{self._word}", **where, **parameters)
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        where = self._address(recorded.properties["ApiId"], recorded.physical_id)
        self.aws.look("apigatewayv2", f"delete_{self._word}", _ABSENT, **where)

    @property
    def _word(self) -> str:
        return self.noun.lower()

    @property
    def _id(self) -> str:
        return f"{self.noun}Id"

    def _address(self, api_id: str, part_id: str) -> dict[str, Any]:
        return {"ApiId": api_id, self._id: part_id}

    def _live(self, part: Answer, api_id: str) -> Live:
        live = {**self.kind.defaults, **picked(part, *self.mutable), "ApiId": api_id}
        return Live(part[self._id], live, {self._id: part[self._id]})

    def _made(self, part: Answer) -> Made:
        return Made(part[self._id], {self._id: part[self._id]})

    def _there(self, target: Target) -> Answer | None:
        return next((part for part in self._parts(target.properties["ApiId"]) if self.is_it(target, part)), None)

    def _parts(self, api_id: str) -> list[Answer]:
        method = f"get_{self._word}s"
        return self.aws.pages("apigatewayv2", method, "Items", absent=_ABSENT, ApiId=api_id, MaxResults="500") or []


def defaults(mutable: Mapping[str, Any]) -> dict[str, Any]:
    """What API Gateway reports of properties that nobody asked for."""
    return {name: value for name, value in mutable.items() if value is not None}

"""The Cloud Control API over the sandbox's own services; https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/.

The service is called at once, and the request tells of it a little later: as in AWS a resource may be seen before its
request says SUCCESS, and a cancelled request may have done its work.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict, BaseBackend
from moto.moto_api._internal import mock_random

from strandsweb.sandbox.emulations.patching import PatchFailed, apply_patch
from strandsweb.sandbox.emulations.resourcetypes import TYPES, Model, ResourceType
from strandsweb.sandbox.emulations.store import Tokens, page
from strandsweb.sandbox.insider import Insider
from strandsweb.sandbox.operations import OPERATIONS, Place, Refused

PENDING_SECONDS = 0.1
DONE_SECONDS = 0.5

# How the codes of the services' own errors end, and what Cloud Control calls them.
_CODES = {
    "NotFound": "NotFound",
    "NotFoundException": "NotFound",
    "DoesNotExist": "NotFound",
    "NonExistentQueue": "NotFound",
    "AlreadyExists": "AlreadyExists",
    "AlreadyExistsException": "AlreadyExists",
    "NameExists": "AlreadyExists",
    "InUseException": "AlreadyExists",
    "LimitExceededException": "ServiceLimitExceeded",
    "AccessDenied": "AccessDenied",
    "AccessDeniedException": "AccessDenied",
    "Throttling": "Throttling",
    "ThrottlingException": "Throttling",
}


@dataclass(slots=True)
class Request:
    """One request: its event without status, how it ends, and when it began (seconds)."""

    event: dict[str, Any]
    began: float
    code: str = ""
    message: str = ""
    cancelled: bool = False

    def status(self, place: Place) -> str:
        age = place.seconds - self.began
        if self.cancelled:
            return "CANCEL_COMPLETE"
        if age < DONE_SECONDS:
            return "PENDING" if age < PENDING_SECONDS else "IN_PROGRESS"
        return "FAILED" if self.code else "SUCCESS"

    def shown(self, place: Place) -> dict[str, Any]:
        status = self.status(place)
        ends = self.began + (DONE_SECONDS if status in {"SUCCESS", "FAILED"} else 0)
        event = self.event | {"OperationStatus": status, "EventTime": datetime.fromtimestamp(ends, UTC)}
        if status == "FAILED":
            event |= {"ErrorCode": self.code, "StatusMessage": self.message}
        return event


class CloudControlBackend(BaseBackend):
    """The requests of one account and region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.requests: dict[str, Request] = {}
        self.tokens = Tokens()


cloudcontrol_backends = BackendDict(CloudControlBackend, "cloudcontrol")


def _store(place: Place) -> CloudControlBackend:
    store: CloudControlBackend = cloudcontrol_backends[place.account][place.region]
    return store


def _kind(parameters: dict[str, Any]) -> ResourceType:
    name = parameters["TypeName"]
    if name not in TYPES:
        raise Refused("TypeNotFoundException", f"The type '{name}' cannot be found; this sandbox knows {list(TYPES)}.")
    return TYPES[name]


def _handler_code(error: ClientError) -> str:
    code = str(error.response["Error"]["Code"])
    found = next((ours for theirs, ours in _CODES.items() if code.endswith(theirs)), None)
    return found or (
        "InvalidRequest" if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 else "InternalFailure"
    )


class CloudControl:
    """The operations; `insider` calls the services within the current call."""

    def __init__(self, insider: Insider) -> None:
        self._insider = insider

    def _client(self, kind: ResourceType, place: Place) -> Any:
        return self._insider.client(kind.service, place.account, place.region)

    def _read(self, kind: ResourceType, place: Place, identifier: str) -> Model:
        try:
            return kind.read(self._client(kind, place), identifier, place)
        except ClientError as error:
            if _handler_code(error) != "NotFound":
                raise
            raise Refused(
                "ResourceNotFoundException", f"Resource of identifier '{identifier}' was not found."
            ) from None

    def _begin(self, place: Place, parameters: dict[str, Any], operation: str, identifier: str) -> tuple[Request, bool]:
        """The request of this call, and whether it is new. Raises Refused while another one changes the resource."""
        store = _store(place)
        known = store.tokens.known(operation, parameters, mismatch="ClientTokenConflictException")
        if known:
            return store.requests[known], False
        name = parameters["TypeName"]
        for other in store.requests.values():
            same = other.event["TypeName"] == name and identifier and other.event.get("Identifier") == identifier
            if same and other.status(place) in {"PENDING", "IN_PROGRESS"}:
                message = f"Another operation on '{identifier}' is in progress."
                raise Refused("ConcurrentOperationException", message)
        token = str(mock_random.uuid4())
        request = Request({"TypeName": name, "RequestToken": token, "Operation": operation}, place.seconds)
        if identifier:
            request.event["Identifier"] = identifier
        store.requests[token] = request
        store.tokens.remember(operation, parameters, token)
        return request, True

    def create(self, place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        kind = _kind(parameters)
        model = _parsed(parameters["DesiredState"])
        _check_model(kind, model)
        name = next(
            (key for key in ("Name", "QueueName", "RepositoryName") if key in kind.create_only), kind.identifier
        )
        request, new = self._begin(place, parameters, "CREATE", model.get(kind.identifier, ""))
        if new:
            given = {name: f"sandbox-{mock_random.get_random_hex(12)}"} | model
            try:
                identifier = kind.create(self._client(kind, place), given, place)
                request.event["Identifier"] = identifier
                request.event["ResourceModel"] = json.dumps(self._read(kind, place, identifier))
            except ClientError as error:
                request.code, request.message = _handler_code(error), error.response["Error"]["Message"]
            except (TypeError, ValueError, AttributeError, KeyError) as error:
                request.code, request.message = "InvalidRequest", str(error)
        return {"ProgressEvent": request.shown(place)}

    def update(self, place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        kind, identifier = _kind(parameters), parameters["Identifier"]
        before = self._read(kind, place, identifier)
        try:
            after = apply_patch(before, json.loads(parameters["PatchDocument"]))
        except (PatchFailed, ValueError) as problem:
            raise Refused("ValidationException", f"Invalid patch update: {problem}") from None
        for names, code in ((kind.read_only, "ValidationException"), (kind.create_only, "NotUpdatableException")):
            moved = [f"/properties/{name}" for name in sorted(names) if before.get(name) != after.get(name)]
            if moved:
                what = "readOnlyProperties" if names is kind.read_only else "createOnlyProperties"
                raise Refused(code, f"Invalid patch update: {what} {moved} cannot be updated")
        _check_model(kind, {key: value for key, value in after.items() if key not in kind.read_only})
        request, new = self._begin(place, parameters, "UPDATE", identifier)
        if new:
            try:
                kind.update(self._client(kind, place), identifier, before, after)
                request.event["ResourceModel"] = json.dumps(self._read(kind, place, identifier))
            except ClientError as error:
                request.code, request.message = _handler_code(error), error.response["Error"]["Message"]
        return {"ProgressEvent": request.shown(place)}

    def delete(self, place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        kind = _kind(parameters)
        request, new = self._begin(place, parameters, "DELETE", parameters["Identifier"])
        if new:
            try:
                kind.delete(self._client(kind, place), parameters["Identifier"])
            except ClientError as error:
                request.code, request.message = _handler_code(error), error.response["Error"]["Message"]
        return {"ProgressEvent": request.shown(place)}

    def get(self, place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        model = self._read(_kind(parameters), place, parameters["Identifier"])
        described = {"Identifier": parameters["Identifier"], "Properties": json.dumps(model)}
        return {"TypeName": parameters["TypeName"], "ResourceDescription": described}

    def list(self, place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
        kind = _kind(parameters)
        described = [
            {"Identifier": identifier, "Properties": json.dumps({kind.identifier: identifier})}
            for identifier in kind.ids(self._client(kind, place), place)
        ]
        return {"TypeName": parameters["TypeName"]} | page(described, parameters, "ResourceDescriptions")


def _parsed(text: str) -> Model:
    try:
        model = json.loads(text)
    except ValueError:
        model = None
    if not isinstance(model, dict):
        raise Refused("ValidationException", "DesiredState is no JSON object.")
    return model


def _check_model(kind: ResourceType, model: Model) -> None:
    for name in sorted(model.keys() - kind.properties - kind.create_only):
        raise Refused("ValidationException", f"Model validation failed (#: extraneous key [{name}] is not permitted)")
    for name in sorted(kind.required - model.keys()):
        raise Refused("ValidationException", f"Model validation failed (#: required key [{name}] not found)")


def _request(place: Place, parameters: dict[str, Any]) -> Request:
    request = _store(place).requests.get(parameters["RequestToken"])
    if request is None:
        raise Refused("RequestTokenNotFoundException", "A resource operation with this request token cannot be found.")
    return request


def _status(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"ProgressEvent": _request(place, parameters).shown(place)}


def _cancel(place: Place, parameters: dict[str, Any]) -> dict[str, Any]:
    request = _request(place, parameters)
    if request.status(place) in {"SUCCESS", "FAILED"}:
        raise Refused("ConcurrentModificationException", "The request has ended and cannot be cancelled.")
    request.cancelled = True
    return {"ProgressEvent": request.shown(place)}


def install(insider: Insider) -> None:
    control = CloudControl(insider)
    OPERATIONS.update(
        {
            ("cloudcontrol", "CreateResource"): control.create,
            ("cloudcontrol", "UpdateResource"): control.update,
            ("cloudcontrol", "DeleteResource"): control.delete,
            ("cloudcontrol", "GetResource"): control.get,
            ("cloudcontrol", "ListResources"): control.list,
            ("cloudcontrol", "GetResourceRequestStatus"): _status,
            ("cloudcontrol", "CancelResourceRequest"): _cancel,
        }
    )

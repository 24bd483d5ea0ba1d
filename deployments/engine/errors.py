"""Everything the engine can refuse or fail with, on one page.

`Refused` is the caller's to mend (configuration, stale plan); `CloudError` is what the cloud answered;
anything else that escapes is a bug of ours and is reported as such.
"""

from __future__ import annotations

from enum import StrEnum


class EngineError(Exception):
    """Root of the tree. `str(error)` is a sentence for people."""


class Refused(EngineError):
    """The request cannot be carried out as it stands; nothing was done."""


class UnknownReference(Refused):
    """A resource refers to a logical id that is not there."""


class DependencyCycle(Refused):
    """Resources depend on each other in a circle; the message names the path."""


class PlanMismatch(Refused):
    """The plan does not fit what it is asked to be run on: a new plan is needed."""


class NotPlannable(Refused):
    """A resource cannot be planned: no provisioner for its type, or its live state could not be read."""


class LostLease(EngineError):
    """Another worker holds the environment now; this one must not write any more."""


class Category(StrEnum):
    """What kind of failure an error of the cloud is; decides retry and advice."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"  # 5xx, connection, timeout
    EVENTUAL = "eventual"  # something just made is not visible everywhere yet
    DENIED = "denied"
    CREDENTIALS = "credentials"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"  # exists already, or is being changed by somebody
    QUOTA = "quota"
    INVALID = "invalid"
    INTERNAL = "internal"  # a bug of ours


RETRYABLE = frozenset({Category.THROTTLED, Category.UNAVAILABLE, Category.EVENTUAL})


class CloudError(EngineError):
    """An operation of the cloud failed for good (retries are spent, or would not help)."""

    def __init__(
        self,
        message: str,
        *,
        service: str,
        operation: str,
        code: str,
        category: Category,
        request_id: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.service = service
        self.operation = operation
        self.code = code
        self.category = category
        self.request_id = request_id
        self.advice = advice

    def as_dict(self) -> dict[str, str]:
        """For events and records: message, service, operation, code, category, requestId, advice."""
        return {
            "message": str(self),
            "service": self.service,
            "operation": self.operation,
            "code": self.code,
            "category": self.category.value,
            "requestId": self.request_id,
            "advice": self.advice,
        }

"""What one deployment was, in short: the value behind `metadata.json` and the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from history.touched import Touched


@dataclass(frozen=True, slots=True)
class Counts:
    """How many resources a run really created, updated, deleted, replaced (which counts only there) and took over."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    replaced: int = 0
    imported: int = 0


@dataclass(frozen=True, slots=True)
class Metadata:
    """The head data of a record.

    `started_at` and `ended_at` are ISO 8601 UTC; `status` is succeeded, failed or cancelled; `kind` deploy, rollback,
    import or destroy; `method` web, api, cli or schedule; `deployed_by` names the actor for people; `version` is the
    release (the configuration's number, unless the team says otherwise); `monthly_usd` the fixed cost after the run,
    None where it is unknown; `what_changed` a sentence for lists; `rollback_to` the deployment a rollback aims at;
    `undoes` the failed run that it takes back; `promoted_from` the environment whose deployment it brings;
    `proposed_by` and `approved_by` names for people; `touched` what it did to each resource. The last five are not in
    records from before there was such a thing, and `touched` is None then. `verdict` is what a rollback's certificate
    comes to; `on_hold` what was held when the run began: id, what and reason of each.
    """

    deployment_id: str
    project: str
    environment: str
    kind: str
    status: str
    started_at: str
    ended_at: str
    duration_seconds: float
    deployed_by: str
    method: str
    version: str
    configuration_number: int
    source_digest: str = ""
    counts: Counts = Counts()
    resource_count: int = 0
    monthly_usd: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    what_changed: str = ""
    rollback_to: str | None = None
    undoes: str = ""
    promoted_from: str = ""
    proposed_by: str = ""
    approved_by: tuple[str, ...] = ()
    touched: tuple[Touched, ...] | None = None
    verdict: str = ""
    on_hold: Sequence[Mapping[str, Any]] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, as `metadata.json` holds it."""
        return {
            "deploymentId": self.deployment_id,
            "projectName": self.project,
            "environment": self.environment,
            "kind": self.kind,
            "status": self.status,
            "startTime": self.started_at,
            "endTime": self.ended_at,
            "duration": self.duration_seconds,
            "deployedBy": self.deployed_by,
            "deploymentMethod": self.method,
            "version": self.version,
            "configurationNumber": self.configuration_number,
            "sourceDigest": self.source_digest,
            "changes": {
                "created": self.counts.created,
                "updated": self.counts.updated,
                "deleted": self.counts.deleted,
                "replaced": self.counts.replaced,
                "imported": self.counts.imported,
            },
            "resourceCount": self.resource_count,
            "estimatedCost": self.monthly_usd,
            "tags": dict(self.tags),
            "whatChanged": self.what_changed,
            "rollbackTo": self.rollback_to,
            "undoes": self.undoes,
            "promotedFrom": self.promoted_from,
            "proposedBy": self.proposed_by,
            "approvedBy": list(self.approved_by),
            **({} if self.touched is None else {"touched": [each.as_dict() for each in self.touched]}),
            **({"verdict": self.verdict} if self.verdict else {}),
            **({"onHold": [dict(hold) for hold in self.on_hold]} if self.on_hold else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Metadata:
        """The inverse of `as_dict`."""
        return cls(
            deployment_id=data["deploymentId"],
            project=data["projectName"],
            environment=data["environment"],
            kind=data["kind"],
            status=data["status"],
            started_at=data["startTime"],
            ended_at=data["endTime"],
            duration_seconds=data["duration"],
            deployed_by=data["deployedBy"],
            method=data["deploymentMethod"],
            version=data["version"],
            configuration_number=data["configurationNumber"],
            source_digest=data["sourceDigest"],
            counts=Counts(**data["changes"]),
            resource_count=data["resourceCount"],
            monthly_usd=data["estimatedCost"],
            tags=data["tags"],
            what_changed=data["whatChanged"],
            rollback_to=data["rollbackTo"],
            undoes=data.get("undoes", ""),
            promoted_from=data.get("promotedFrom", ""),
            proposed_by=data.get("proposedBy", ""),
            approved_by=tuple(data.get("approvedBy", ())),
            touched=tuple(map(Touched.from_dict, data["touched"])) if "touched" in data else None,
            verdict=data.get("verdict", ""),
            on_hold=data.get("onHold", ()),
        )

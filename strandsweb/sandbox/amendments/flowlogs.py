"""EC2: a flow log that exists already is told of inside the answer, and a client token makes none twice."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import FlowLogAlreadyExists
from moto.ec2.models.flow_logs import FlowLogsBackend
from moto.ec2.responses.flow_logs import FlowLogs

from strandsweb.sandbox.amendments.eventual import once


def install() -> None:
    create = FlowLogsBackend.create_flow_logs

    def create_flow_logs(self: Any, *, resource_ids: list[str], **options: Any) -> tuple[list[Any], list[Any]]:
        made, failed = [], []
        for identifier in resource_ids:
            try:
                logs, problems = create(self, resource_ids=[identifier], **options)
            except FlowLogAlreadyExists:
                message = "There is an existing Flow Log with the same configuration and log destination."
                logs, problems = [], [(identifier, "FlowLogAlreadyExists", message)]
            made += logs
            failed += problems
        return made, failed

    FlowLogsBackend.create_flow_logs = create_flow_logs  # type: ignore[method-assign, assignment]
    once(
        FlowLogs,
        "create_flow_logs",
        _alive,
        lambda result: " ".join(result["FlowLogIds"]),
    )


def _alive(backend: Any, identifiers: str) -> dict[str, Any] | None:
    there = [identifier for identifier in identifiers.split() if identifier in backend.flow_logs]
    return {"FlowLogIds": there, "Unsuccessful": []} if there else None

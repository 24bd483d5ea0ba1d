"""Entries of the audit log about deployments."""

from __future__ import annotations

from typing import Any

from deployments.models import Deployment
from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import User


def audit(deed: Deed, deployment: Deployment, actor: User | None, **detail: Any) -> None:
    """Says who did that to a deployment; `detail` keeps what is not empty. Part of the caller's transaction."""
    write(
        deed,
        actor=actor,
        environment=deployment.environment,
        target_type="deployment",
        target=deployment.public_id,
        detail={"kind": deployment.kind, **{name: value for name, value in detail.items() if value}},
    )

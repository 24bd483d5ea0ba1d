"""What a plan takes over from the one in whose place it was made, when it does nothing that that one did not do."""

from __future__ import annotations

import logging

from deployments import orders
from deployments.deciding.facts import covered_by_earlier
from deployments.errors import WorkflowError
from deployments.models import Deployment, Emergency

logger = logging.getLogger(__name__)


def carry_over(deployment: Deployment) -> None:
    """An emergency declared for a plan that covers this one holds for this one; approvals are read where they are."""
    for earlier in covered_by_earlier(deployment):
        declared = Emergency.objects.filter(deployment=earlier).first()
        if declared is not None:
            Emergency.objects.create(
                deployment=deployment,
                actor=declared.actor,
                actor_text=declared.actor_text,
                plan_digest=deployment.plan.digest,
                reason=declared.reason,
                factor_at=declared.factor_at,
            )
            return


def go_on(deployment: Deployment, *, inline: bool = False) -> None:
    """Starts a ready plan for whoever had started the one it takes the place of, if that one covers it."""
    predecessor = deployment.predecessor
    if predecessor is None or predecessor.run_by is None or predecessor not in covered_by_earlier(deployment):
        return
    try:
        orders.start(deployment_id=deployment.pk, actor=predecessor.run_by, inline=inline)
    except WorkflowError as refusal:  # it needs a code, say; the page asks for it
        logger.info("%s does not go on by itself: %s", deployment.public_id, refusal)

"""After somebody acted on a deployment, the pages of the others hear of it."""

from __future__ import annotations

import logging

from redis.exceptions import RedisError

from deployments.broadcasts import deployment_changed

logger = logging.getLogger(__name__)


def tell_pages(deployment_id: int) -> None:
    """Rings at every open page; a broker that is down costs the others a few seconds, not the actor the request."""
    try:
        deployment_changed(deployment_id=deployment_id)
    except (RedisError, OSError):
        logger.warning("pages were not told of deployment %s", deployment_id, exc_info=True)

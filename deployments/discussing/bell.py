"""Rings at a deployment's open pages when its discussion changed; each then asks for what it lacks, as its person."""

from __future__ import annotations

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from deployments.broadcasts import group
from deployments.models import Deployment

logger = logging.getLogger(__name__)


def ring(deployment: Deployment) -> None:
    """One rendering for everybody, without a word of what was said; pages that miss it ask every half minute."""
    layer = get_channel_layer()
    if layer is None:
        return
    context = {"project": deployment.environment.project, "deployment": deployment, "rings": True}
    html = render_to_string("deployments/discussion.html#bell", context)
    try:
        async_to_sync(layer.group_send)(group(deployment.pk), {"type": "discussed", "html": html})
    except (RedisError, OSError):
        logger.warning("pages were not told of the discussion of %s", deployment.public_id, exc_info=True)

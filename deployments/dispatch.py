"""Tells the workers that there is work; the rows say what it is, so a lost message only costs time."""

from __future__ import annotations

import logging
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def enqueue(task: str, deployment_id: int) -> None:
    """Sends `deployments.tasks.<task>` once the current transaction commits.

    A broker that does not answer is logged, not raised: `tasks.sweep` finds the row and sends it again.
    """
    transaction.on_commit(partial(_send, task, deployment_id))


def _send(task: str, deployment_id: int) -> None:
    try:
        current_app.send_task(f"deployments.tasks.{task}", args=[deployment_id], retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("broker not reached, %s of deployment %s waits for the sweep: %s", task, deployment_id, error)

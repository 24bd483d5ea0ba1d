"""The board on which processes that call the same AWS account meet: a few small keys in the broker's Redis."""

from __future__ import annotations

import logging
import os
import socket
import time
from functools import cache
from typing import Any

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from deployments.aws.limits import Limiters, Seen

PRESENT_SECONDS = 10
KEPT_SECONDS = 3600
_TIMEOUT_SECONDS = 0.5
logger = logging.getLogger(__name__)


class RedisBoard:
    """`aws.limits.Board` in Redis: who called within the last seconds, and a number that grows with every throttling.

    A process that was killed is off the board after `PRESENT_SECONDS`.
    """

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._reachable = True

    def meet(self, account: str, service: str) -> Seen | None:
        """See `aws.limits.Board`."""
        return self._tell(account, service, throttled=False)

    def throttled(self, account: str, service: str) -> Seen | None:
        """See `aws.limits.Board`."""
        return self._tell(account, service, throttled=True)

    def _tell(self, account: str, service: str, *, throttled: bool) -> Seen | None:
        present, throttles = (f"strands:limits:{account}:{service}:{name}" for name in ("present", "throttles"))
        now = time.time()
        try:
            with self._redis.pipeline() as pipe:
                # By its own number in this moment: a worker's children are made by copying it.
                pipe.zadd(present, {f"{socket.gethostname()}:{os.getpid()}": now})
                pipe.zremrangebyscore(present, "-inf", now - PRESENT_SECONDS)
                pipe.zcard(present)
                pipe.expire(present, KEPT_SECONDS)
                pipe.incrby(throttles, int(throttled))
                pipe.expire(throttles, KEPT_SECONDS)
                _, _, processes, _, count, _ = pipe.execute()
        except RedisError as error:
            if self._reachable:
                logger.warning("Calls to AWS are limited per process only: %s", type(error).__name__)
            self._reachable = False
            return None
        self._reachable = True
        return Seen(int(processes), int(count))


@cache
def limiters(broker_url: str) -> Limiters:
    """This process's limiters, which meet others at the broker where there is one."""
    return Limiters(time.monotonic, RedisBoard(broker_url) if broker_url else None)

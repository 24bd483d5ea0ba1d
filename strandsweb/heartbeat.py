"""Workers say every few seconds that they are alive; whoever wants to know asks the broker how many did lately."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from celery import bootsteps
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

KEY = "strandsweb:workers"
BEAT_SECONDS = 5.0
DEAD_SECONDS = 20  # without a sign for this long a worker counts as dead
ANSWER_SECONDS = 2.0


def connect(broker_url: str) -> Redis:
    """A connection that answers or fails quickly."""
    client: Redis = Redis.from_url(
        broker_url,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), retries=0),  # by default it tries for seconds
    )
    return client


def beat(client: Redis, name: str) -> None:
    """Note that worker `name` is alive now, by the broker's own clock, and drop the names of the dead."""
    now, _ = client.time()
    with client.pipeline() as pipe:
        pipe.zadd(KEY, {name: now})
        pipe.zremrangebyscore(KEY, "-inf", now - 100 * DEAD_SECONDS)
        pipe.execute()


def alive(client: Redis) -> set[str]:
    """The names of the workers that are alive."""
    now, _ = client.time()
    names = cast("list[bytes]", client.zrangebyscore(KEY, now - DEAD_SECONDS, "+inf"))
    return {name.decode() for name in names}


class Heartbeat(bootsteps.StartStopStep):
    """A worker's heart: beats in its main process, which ends with it, from the moment it takes work until it stops."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._entry: Any = None
        self._client: Redis | None = None

    def start(self, worker: Any) -> None:
        """Begin. The timer runs once the worker takes work, and the first beat is then."""
        self._client = client = connect(worker.app.conf.broker_url)
        worker.timer.call_after(0, beat, (client, worker.hostname), priority=10)
        self._entry = worker.timer.call_repeatedly(BEAT_SECONDS, beat, (client, worker.hostname), priority=10)

    def stop(self, worker: Any) -> None:
        """Stop, and say so: a worker that was asked to leave is not missed."""
        if self._entry is not None:
            self._entry.cancel()
        if self._client is not None:
            with suppress(RedisError):  # a broker that went first is no reason not to stop
                self._client.zrem(KEY, worker.hostname)
            self._client.close()

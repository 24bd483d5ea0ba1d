"""How often somebody may call within a minute, counted where all web processes see it."""

from __future__ import annotations

import logging
import time

from django.core.cache import cache

log = logging.getLogger(__name__)
WINDOW_SECONDS = 60


def seconds_to_wait(who: str, most: int) -> int:
    """Counts a call of `who`: 0 when it is one of the first `most` of this minute, else how long the minute still is.

    While nothing can be counted, as the cache is away, everybody is let in.
    """
    now = time.time()
    minute, second = divmod(now, WINDOW_SECONDS)
    key = f"pace:{who}:{int(minute)}"
    try:
        cache.add(key, 0, 2 * WINDOW_SECONDS)
        calls = cache.incr(key)
    except ValueError:  # what was added is gone again: nothing is kept
        return 0
    except Exception:  # whatever the cache's client raises
        log.warning("calls cannot be counted", exc_info=True)
        return 0
    return 0 if calls <= most else int(WINDOW_SECONDS - second) + 1

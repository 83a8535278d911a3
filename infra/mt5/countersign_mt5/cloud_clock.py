"""The cloud's clock as this machine can tell it: deadlines are the cloud's, and a trader's PC may be minutes off.

A signed request says when it was made, and arrives later, never earlier. So the latest of "made at, minus when it
came" over the last hour is the truth less the shortest time of travel: right where the PC's clock is wrong, and a
request that somebody held back is seen to be late. Invariants: never ahead of the cloud's clock, as long as two
requests have come; a single one could itself have been held back, so until then the PC's clock counts where it is
later.
"""
from __future__ import annotations

import threading
from collections import deque

from .clock import SystemClock

_KEEP_MS = 3_600_000
_MAX_SAMPLES = 1_000
#: A step of the PC's clock, or a sleep of the PC: what was measured before it says nothing.
_STEP_MS = 2_000


class CloudClock:
    """May be asked and told from several threads."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: When it came, and how far the cloud was ahead of our steady clock.
        self._samples: deque[tuple[int, int]] = deque(maxlen=_MAX_SAMPLES)
        self._base_ms = self._wall_over_steady()

    def heard(self, sent_ms: int) -> None:
        """A proven message that was made at this time, on the cloud's clock, has just come."""
        with self._lock:
            self._drop_old()
            steady_ms = self._clock.monotonic_ms()
            self._samples.append((steady_ms, sent_ms - steady_ms))

    def now_ms(self) -> int:
        """UTC in milliseconds, as the cloud would say."""
        with self._lock:
            self._drop_old()
            wall_ms = self._clock.now_ms()
            if not self._samples:
                return wall_ms
            ours_ms = self._clock.monotonic_ms() + max(ahead for _, ahead in self._samples)
            return ours_ms if len(self._samples) > 1 else max(ours_ms, wall_ms)

    def skew_ms(self) -> int:
        """How far this machine's clock is ahead of the cloud's."""
        return self._clock.now_ms() - self.now_ms()

    def _wall_over_steady(self) -> int:
        return self._clock.now_ms() - self._clock.monotonic_ms()

    def _drop_old(self) -> None:
        base_ms = self._wall_over_steady()
        if abs(base_ms - self._base_ms) > _STEP_MS:
            self._samples.clear()
            self._base_ms = base_ms
        oldest_ms = self._clock.monotonic_ms() - _KEEP_MS
        while self._samples and self._samples[0][0] < oldest_ms:
            self._samples.popleft()

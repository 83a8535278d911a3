"""Measures how far the trade server's clock is ahead of UTC, to notice a wrong `server_tz` (domain.md 1.5).

Invariant: only a quote that is newer than one seen a few minutes before counts, for only that one is known to be fresh:
on weekends the last quote stands still, and would be read as a server far behind.
"""
from __future__ import annotations

from typing import Iterable

_STEP_MS = 900_000
_MAX_PAUSE_MS = 300_000


class ClockOffset:
    """What the quotes say of one server's clock. All in milliseconds."""

    def __init__(self) -> None:
        self._newest_ms = 0
        self._seen_ms: int | None = None
        self.measured_ms: int | None = None
        #: The measured offset, where it was another than the configured one when it was measured.
        self.disagreement_ms: int | None = None

    def look(self, quote_times_ms: Iterable[int], utc_ms: int, configured_ms: int) -> None:
        """Takes quotes stamped in raw server time; measures to the quarter of an hour where one of them is fresh."""
        newest_ms = max(quote_times_ms, default=0)
        seen_ms, known_ms = self._seen_ms, self._newest_ms
        self._seen_ms, self._newest_ms = utc_ms, max(newest_ms, known_ms)
        if newest_ms <= known_ms or seen_ms is None or not 0 <= utc_ms - seen_ms <= _MAX_PAUSE_MS:
            return
        self.measured_ms = round((newest_ms - utc_ms) / _STEP_MS) * _STEP_MS
        self.disagreement_ms = None if self.measured_ms == configured_ms else self.measured_ms

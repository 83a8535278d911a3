"""Time as this machine tells it. Everything that asks for the time is given a clock, so that tests can play it."""
from __future__ import annotations

import time


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """UTC in milliseconds since 1970, right only as far as the machine's clock is."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Milliseconds that only ever count up, from a beginning that means nothing."""
        return time.monotonic_ns() // 1_000_000

    def sleep_ms(self, duration_ms: int) -> None:
        """Waits."""
        time.sleep(duration_ms / 1000)

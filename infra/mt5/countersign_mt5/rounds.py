"""What the bridge does by itself while it serves: it looks after the terminal, and has the guard look when it is time."""
from __future__ import annotations

from typing import Callable

from .bridge import Bridge
from .clock import SystemClock

#: How often the terminal is looked at while nobody asks.
_LOOK_MS = 5_000
#: The longest wait: on Windows one without an end hears no Ctrl+C, and the guard may have been told what is due now.
_WAIT_MS = 250


def run_rounds(bridge: Bridge, clock: SystemClock, hurry: Callable[[], None], wait: Callable[[int], bool]) -> None:
    """Goes on until it is told to stop. `hurry`: has the cloud hear of what the guard has seen; `wait`: waits so many
    milliseconds, and says whether to stop.
    """
    looked_ms = clock.monotonic_ms()
    while not wait(min(_WAIT_MS, bridge.guard_rest_ms())):
        if bridge.guard_rest_ms() <= 0 and bridge.guard():
            hurry()
        if clock.monotonic_ms() - looked_ms >= _LOOK_MS:
            bridge.look()
            looked_ms = clock.monotonic_ms()

"""When the bridge's guard looks at the terminal: every two seconds, and at the very moment that something is to begin.

Pure, and the same in the simulated broker. Invariants: it never rests for longer than its grid, whatever a clock says; a
moment is looked at once, so that a look that could do nothing is repeated by the grid and not without end.
"""
from __future__ import annotations

from .guard_order import GuardState

#: How often the guard looks where nothing waits for a moment.
GUARD_LOOK_MS = 2_000


def guard_due_ms(state: GuardState) -> int | None:
    """The moment, by the cloud's clock, from which on the guard is to close: what was ordered, or what it has warned of
    by itself. None: nothing waits for one.
    """
    order = state.order
    if order is None or state.phase not in ("idle", "warned"):
        return None
    if order.close is not None:
        return order.close.not_before_ms
    return state.since_ms + order.warning_ms if state.phase == "warned" and state.since_ms is not None else None


def guard_rest_ms(state: GuardState, now_ms: int, since_ms: int, met_ms: int | None) -> int:
    """For how long the guard may rest at a time of the cloud's clock; zero: it is to look now. `since_ms`: since the last
    look; `met_ms`: the moment that was looked at when it had come.
    """
    grid_ms, due_ms = GUARD_LOOK_MS - since_ms, guard_due_ms(state)
    is_awaited = due_ms is not None and due_ms != met_ms
    return max(0, min(grid_ms, due_ms - now_ms) if is_awaited else grid_ms)


def guard_met_ms(state: GuardState, now_ms: int, met_ms: int | None) -> int | None:
    """The moment that a look at this time meets: the one that has come, or the one that was met before."""
    due_ms = guard_due_ms(state)
    return due_ms if due_ms is not None and due_ms <= now_ms else met_ms

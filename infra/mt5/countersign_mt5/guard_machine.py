"""The bridge's own guard (domain.md 3.3): when it closes everything in scope without being asked again, and what it does
next. Pure: the same states and samples give the same answers here and in the simulated broker.

Invariants: nothing is done at a terminal that is logged in to another account than the order's; a close that was ordered
is carried out whether the cloud is heard again or not, unless a newer order takes it back; a breach of one sample closes
nothing; closing goes on until two samples show nothing in scope, whatever the broker answered; money that was paid in or
out is no breach.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Sequence, Union

from . import mt5_names as names
from .guard_money import adds_up, anchored, has_fallen, settled, valued
from .guard_order import (
    Action,
    Breach,
    CancelOrder,
    Close,
    ClosePosition,
    GuardOrder,
    GuardState,
    Held,
    Quotes,
    Sample,
    Tried,
    Working,
)

#: A sample sooner than this after the last breaching one is no second one, and one later than that begins anew.
_SOONEST_MS, _LATEST_MS = 1_000, 15_000
_SILENT_MS = 60_000
_HARD_SAMPLES, _ORDINARY_SAMPLES, _EMPTY_SAMPLES, _RECOVERED_SAMPLES = 2, 3, 2, 2
_RECOVERED_BPS = 50
_DEVIATION_POINTS = (20, 50, 100)
#: What the broker may do yet, or have done all the same, is left alone for a while.
_AMBIGUOUS = (names.RETCODE_PLACED, *names.AMBIGUOUS)
_AMBIGUOUS_PAUSE_MS = 10_000
#: Another price, at once.
_REQUOTED = (10004, 10020, 10021)
#: Done, done in part, nothing to do, or gone.
_DONE = (
    *(names.RETCODE_DONE, names.RETCODE_DONE_PARTIAL, names.RETCODE_NO_CHANGES),
    *(names.RETCODE_INVALID_ORDER, names.RETCODE_POSITION_CLOSED),
)
_PAUSE_MS, _MOST_PAUSE_MS = 2_000, 30_000


@dataclass(frozen=True)
class Step:
    """What came of a look: the actions to be done now, in this order; why the sample was not judged; whether the cloud
    should hear of it at once.
    """

    state: GuardState
    actions: Sequence[Action]
    rejected: str | None
    is_urgent: bool


def guard_ordered(state: GuardState, order: GuardOrder, login: str, server: str) -> GuardState:
    """Takes an order, where it is newer than the last and for the account in the terminal; its figures replace ours."""
    if order.login != login:
        return replace(state, refused="login")
    if order.server != server:
        return replace(state, refused="server")
    before = state.order
    same_account = before is not None and (before.login, before.server) == (login, server)
    if before is not None and same_account and order.version <= before.version:
        return replace(state, refused=None)
    known = state if same_account else GuardState()
    taken = replace(anchored(known, order), order=order, refused=None)
    return _at_rest(taken) if _ends(known, order) else taken


def guard_step(before: GuardState, sample: Sample) -> Step:
    """One look at the terminal."""
    order = before.order
    if order is None:
        return Step(before, (), "no-order", False)
    if sample.login != order.login:
        return Step(before, (), "login", False)
    if sample.server != order.server:
        return Step(before, (), "server", False)
    state, rejected = _judged(before, order, sample)
    if order.close is not None:
        state = _ordered_phase(state, order.close, sample)
    elif rejected is None:
        state = _own_phase(state, order, sample)
    state = _emptied(state, order, sample)
    begins = state.phase == "idle" and state.breach is not None and before.breach is None
    actions = _due(state, order, sample) if state.phase == "closing" else ()
    return Step(state, actions, rejected, state.phase != before.phase or begins)


def guard_acted(state: GuardState, ticket: int, retcode: int | None, at_ms: int) -> GuardState:
    """What the broker answered to an action: when it is tried again where it is still needed then. None: nothing was
    heard.
    """
    tried = state.tries.get(ticket)
    count = 1 if tried is None else tried.count + 1
    others = {other: one for other, one in state.tries.items() if other != ticket}
    if retcode in _DONE:
        return replace(state, tries=others)
    if retcode is None or retcode in _AMBIGUOUS:
        pause_ms = _AMBIGUOUS_PAUSE_MS
    elif retcode in _REQUOTED:
        pause_ms = 0
    else:
        pause_ms = min(_PAUSE_MS * 2 ** min(count, 10), _MOST_PAUSE_MS)
    return replace(state, tries={**others, ticket: Tried(count, at_ms + pause_ms)})


def guard_told(state: GuardState) -> GuardState:
    """Its phase has been told."""
    return state if state.told else replace(state, told=True)


def _ends(state: GuardState, order: GuardOrder) -> bool:
    """Whether an order ends what the guard is about. What it began by itself it ends only for who can know of it."""
    if order.close is not None:
        return state.trip_id is not None and state.trip_id != order.close.trip_id
    if order.latched or state.trip_id is not None:
        return True
    is_own = state.phase in ("closing", "flat")
    return is_own and (not order.armed or (state.phase == "flat" and state.told))


def _at_rest(state: GuardState) -> GuardState:
    rest: dict[str, Any] = {"phase": "idle", "cause": None, "trip_id": None, "since_ms": None, "told": False}
    return replace(state, **rest, breach=None, recovered=0, empty_samples=0, tries={})


def _entered(state: GuardState, sample: Sample, phase: str, **change: Any) -> GuardState:
    begun: dict[str, Any] = {"phase": phase, "since_ms": sample.at_ms, "told": False, "empty_samples": 0}
    return replace(state, **{**begun, **change})


def _judged(state: GuardState, order: GuardOrder, sample: Sample) -> tuple[GuardState, str | None]:
    """The state with what this sample says of breaches; a sample that cannot be believed changes none of that."""
    if not sample.is_readable:
        return state, "unreadable"
    if not adds_up(sample):
        return state, "identity"
    paid, is_settled = settled(state, order, sample)
    if not is_settled:
        return paid, "unposted-flow"
    seen = valued(replace(paid, equity=sample.equity), sample)
    breach = _breach_of(seen, order, sample) if order.armed and not order.latched else None
    is_far = not has_fallen(seen, sample.equity, order.trip_bps - _RECOVERED_BPS)
    return replace(seen, breach=breach, recovered=seen.recovered + 1 if breach is None and is_far else 0), None


def _breach_of(state: GuardState, order: GuardOrder, sample: Sample) -> Breach | None:
    """The breach that a sample shows, counted on from the last one's."""
    cause = _cause_of(state, order, sample)
    if cause is None:
        return None
    is_hard = cause in ("equity", "hard-drawdown")
    last = state.breach
    if last is not None and 0 <= sample.at_ms - last.at_ms < _SOONEST_MS:
        return last
    losing = {row.symbol for row in sample.positions if row.result < 0}
    quotes = {symbol: quote for symbol, quote in sample.quotes.items() if symbol in losing}
    if last is None or not 0 <= sample.at_ms - last.at_ms <= _LATEST_MS:
        return Breach(1, 1 if is_hard else 0, cause, sample.at_ms, quotes)
    # A price that stands still is one sample, however often it is read.
    if not _is_newer(last.quotes, quotes):
        return replace(last, cause=cause, at_ms=sample.at_ms)
    hard = last.hard + 1 if is_hard else 0
    return replace(last, samples=last.samples + 1, hard=hard, cause=cause, at_ms=sample.at_ms)


def _is_newer(before: Quotes, now: Quotes) -> bool:
    def moved(symbol: str) -> bool:
        was, now_is = before.get(symbol), now[symbol]
        return was is None or now_is[2] > was[2] or now_is[:2] != was[:2]

    return not now or any(moved(symbol) for symbol in now)


def _cause_of(state: GuardState, order: GuardOrder, sample: Sample) -> str | None:
    if not any(_in_scope(order, sample)):
        return None
    if sample.equity <= 0 and sample.positions:
        return "equity"
    if state.units <= 0:
        return None
    if has_fallen(state, sample.equity, order.hard_bps):
        return "hard-drawdown"
    if has_fallen(state, sample.equity, order.trip_bps):
        return "drawdown"
    floor = None if state.floor_off else order.equity_floor
    return "floor" if floor is not None and sample.equity < floor else None


def _ordered_phase(state: GuardState, close: Close, sample: Sample) -> GuardState:
    """What is ordered waits for its time and for nothing else."""
    if state.phase == "idle":
        known = _entered(state, sample, "warned", cause="ordered", trip_id=close.trip_id)
    else:
        # What it had begun by itself goes on, and is this trip's from now on.
        known = replace(state, trip_id=close.trip_id)
    is_due = sample.at_ms >= close.not_before_ms
    return _entered(known, sample, "closing") if known.phase == "warned" and is_due else known


def _own_phase(state: GuardState, order: GuardOrder, sample: Sample) -> GuardState:
    """What the guard does by itself: at once at a hard breach, else after the cloud was silent and a warning."""
    breach, is_silent = state.breach, sample.silent_ms > _SILENT_MS
    if state.phase in ("closing", "flat"):
        return state
    if breach is not None and breach.hard >= _HARD_SAMPLES:
        return _entered(state, sample, "closing", cause=breach.cause)
    if state.phase == "idle":
        if is_silent and breach is not None and breach.samples >= _ORDINARY_SAMPLES:
            return _entered(state, sample, "warned", cause=breach.cause)
        return state
    # Who is heard again judges for himself, and says so.
    if not is_silent or not order.armed or state.recovered >= _RECOVERED_SAMPLES:
        return _at_rest(state)
    is_due = sample.at_ms >= (state.since_ms or 0) + order.warning_ms
    return _entered(state, sample, "closing") if is_due else state


def _emptied(state: GuardState, order: GuardOrder, sample: Sample) -> GuardState:
    """Counts samples with nothing in scope; what comes back in scope afterwards is closed again."""
    if state.phase not in ("closing", "flat"):
        return state
    if any(_in_scope(order, sample)):
        return _entered(state, sample, "closing") if state.phase == "flat" else replace(state, empty_samples=0)
    if state.phase == "flat":
        return state
    seen = replace(state, empty_samples=state.empty_samples + 1)
    return _entered(seen, sample, "flat", tries={}) if seen.empty_samples >= _EMPTY_SAMPLES else seen


def _in_scope(order: GuardOrder, sample: Sample) -> tuple[list[Held], list[Working]]:
    def is_meant(row: Union[Held, Working]) -> bool:
        return order.scope == "all" or (row.magic & (2**64 - 1)) >> 40 == order.namespace

    return [row for row in sample.positions if is_meant(row)], [row for row in sample.orders if is_meant(row)]


def _due(state: GuardState, order: GuardOrder, sample: Sample) -> list[Action]:
    """Cancels first, then closes, the largest loss first; what was tried a moment ago is left for later."""
    positions, orders = _in_scope(order, sample)

    def is_due(ticket: int) -> bool:
        tried = state.tries.get(ticket)
        return tried is None or tried.next_ms <= sample.at_ms

    def close(row: Held) -> ClosePosition:
        tried = state.tries.get(row.ticket)
        step = min(0 if tried is None else tried.count, len(_DEVIATION_POINTS) - 1)
        side = "sell" if row.side == "buy" else "buy"
        return ClosePosition(row.ticket, row.symbol, side, row.volume, _DEVIATION_POINTS[step])

    cancels = [CancelOrder(row.ticket, row.symbol) for row in orders if is_due(row.ticket)]
    by_loss = sorted(positions, key=lambda row: (row.result, row.ticket))
    return [*cancels, *(close(row) for row in by_loss if is_due(row.ticket))]

"""Closed bars of a symbol, as the terminal's charts have them.

Invariants: bars that have not ended are never given, nor those that ended so lately that their last quotes may
still be on their way; `server_now` says up to when bars are told, so that one which is left out never passes for
one that is not there.
"""
from __future__ import annotations

from typing import Any, Sequence

from .clock import SystemClock
from .decimal_text import decimal_text
from .envelope import CandlesRequest
from .mt5_names import TIMEFRAME_NUMBERS
from .server_time import DAY_MS, HOUR_MS, ServerTime
from .terminal import Terminal, TerminalError
from .utc_text import iso_utc
from .wire_rows import Row

_MINUTE_MS = 60_000
_SIZES_MS = {
    "M1": _MINUTE_MS,
    "M5": 5 * _MINUTE_MS,
    "M15": 15 * _MINUTE_MS,
    "M30": 30 * _MINUTE_MS,
    "H1": HOUR_MS,
    "H4": 4 * HOUR_MS,
    "D1": DAY_MS,
}
_GRACE_MS = 2_000
#: Longest window of one request, in bars: the terminal answers it whole before the first of them can be taken.
MAX_WINDOW_BARS = 50_000
_READINGS = 5
_PAUSE_MS = 200


class UnknownSymbol(Exception):
    """The broker has no such symbol."""


class WindowTooLong(Exception):
    """More than one reply can be read from."""


def candles(
    request: CandlesRequest, terminal: Terminal, server_time: ServerTime, clock: SystemClock, now_ms: int
) -> Row:
    """The body of a candles reply: bars that begin in [from, to), the first `count` of them; without `from` the newest.

    Raises UnknownSymbol, WindowTooLong, TerminalError.
    """
    symbol = _shown(request.symbol, terminal)
    told_ms = now_ms - _GRACE_MS
    end_ms = told_ms if request.to_ms is None else min(request.to_ms, told_ms)
    begin_ms = request.from_ms
    size_ms = _SIZES_MS[request.timeframe]
    if begin_ms is not None and (end_ms - begin_ms) // size_ms > MAX_WINDOW_BARS:
        raise WindowTooLong()
    bars: Sequence[Any] = ()
    if begin_ms is None or begin_ms < end_ms:
        bars = _settled(lambda: _read(request, terminal, server_time, begin_ms, end_ms), clock)
    closed = []
    last_ms = -1
    for bar in bars:
        opened = int(bar["time"]) * 1000
        at_ms, ends_ms = server_time.to_utc_ms(opened), server_time.to_utc_ms(opened + size_ms)
        if at_ms > last_ms and (begin_ms is None or at_ms >= begin_ms) and at_ms < end_ms and ends_ms <= told_ms:
            closed.append(_bar_row(bar, at_ms, symbol.digits))
            last_ms = at_ms
    kept = closed[-request.count :] if begin_ms is None else closed[: request.count]
    return {"server_now": iso_utc(told_ms), "candles": kept}


def _shown(name: str, terminal: Terminal) -> Any:
    try:
        symbol = terminal.symbol(name)
        if not symbol.visible:
            terminal.select(name)
        return symbol
    except TerminalError as error:
        if error.is_broken_connection:
            raise
        raise UnknownSymbol(name) from error


def _read(
    request: CandlesRequest, terminal: Terminal, server_time: ServerTime, begin_ms: int | None, end_ms: int
) -> Sequence[Any]:
    timeframe = TIMEFRAME_NUMBERS[request.timeframe]
    end = server_time.to_server_ms(end_ms) // 1000
    if begin_ms is None:
        # One may not have ended, and another not be in the window.
        return terminal.bars_until(request.symbol, timeframe, end, request.count + 2)
    # An hour more on either side, for windows in which the server's clock is changed.
    begin = max(0, server_time.to_server_ms(begin_ms - HOUR_MS) // 1000)
    return terminal.bars_in(request.symbol, timeframe, begin, end + HOUR_MS // 1000)


def _settled(read: Any, clock: SystemClock) -> Sequence[Any]:
    """The terminal fetches what it lacks while it answers: the first answers may be short, or none."""
    bars: Sequence[Any] | None = None
    for left in reversed(range(_READINGS)):
        try:
            again = read()
        except TerminalError as error:
            if left == 0 or error.is_broken_connection:
                raise
            again = None
        if bars is not None and again is not None and len(again) == len(bars):
            return again
        if bars is not None or again is None:
            clock.sleep_ms(_PAUSE_MS)
        bars = again
    return bars if bars is not None else ()


def _bar_row(bar: Any, at_ms: int, digits: int) -> Row:
    return {
        "time": iso_utc(at_ms),
        **{name: decimal_text(float(bar[name]), digits) for name in ("open", "high", "low", "close")},
        "volume": str(int(bar["tick_volume"])),
    }

"""The account as it stands: positions, working orders, history, symbols (domain.md 2.1 and 2.2).

Invariants: positions are read before and after the deals, and only two readings that agree make a whole snapshot;
working orders are read before ended ones, so that one which ends in between is in both and never in neither; a
section that could not be read, or is not complete yet, says so, and never passes for an empty one.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Callable, Sequence

from . import mt5_names as names
from .bridge_log import Log
from .clock_offset import ClockOffset
from .cloud_clock import CloudClock
from .command_journal import CommandJournal
from .history import AHEAD_SECONDS, History
from .market_watch import MarketWatch
from .server_time import ServerTime
from .terminal import Terminal, TerminalError
from .utc_text import iso_utc
from .wire_rows import Row, WireRows

_READINGS = 3
#: What the protocol takes in a list; more cannot be told, and counts as not read.
_MAX_OPEN = 2_000
#: Deals, and as many ended orders, in one reply: the oldest come first, and the reply says up to when they go.
MAX_HISTORY_ROWS = 4_000
#: A polled request has to have room for bars beside it.
_MAX_BYTES = 2_500_000
#: Brokers book some things late, under an earlier time.
_OVERLAP_MS = 48 * 3_600_000
#: A quote may be stamped by a server whose clock is a little ahead of ours.
_MAX_AHEAD_MS = 60_000
_MONEY = ("balance", "credit", "profit", "equity", "margin", "margin_free")
_Rows = Sequence[Any]


@dataclass
class _Reading:
    """One pass over the terminal. None is a section that could not be read."""

    captured_ms: int
    account: Any = None
    positions: _Rows | None = None
    orders: _Rows | None = None
    deals: _Rows | None = None
    history_orders: _Rows | None = None
    is_torn: bool = True


class Snapshots:
    """Takes snapshots of whatever account the terminal is logged in to."""

    def __init__(
        self,
        terminal: Terminal,
        history: History,
        journal: CommandJournal,
        watch: MarketWatch,
        server_time: ServerTime,
        offset: ClockOffset,
        cloud: CloudClock,
        log: Log,
    ) -> None:
        self._terminal = terminal
        self._history = history
        self._journal = journal
        self._watch = watch
        self._time = server_time
        self._cloud = cloud
        self._log = log
        self._offset = offset
        self._told_ms: int | None = None

    def take(self, deals_from_ms: int | None, deals_to_ms: int | None = None) -> Row:
        """The body of a snapshot reply; history from an instant on and before another, or as much of it as fits.

        Raises TerminalError where the terminal does not even say which account it is logged in to.
        """
        info, account = self._terminal.info(), self._terminal.account()
        is_whole = self._believed(account, bool(info.connected))
        reading = self._read(deals_from_ms, deals_to_ms)
        if reading.account is not None and _identity(reading.account) != _identity(account):
            raise TerminalError("account_info", 0, "the terminal has just changed its account")
        digits_of = lru_cache(maxsize=None)(self._watch.digits_of)
        rows = WireRows(self._time, digits_of)
        may_trade = bool(info.trade_allowed) and not info.tradeapi_disabled
        shown = rows.account(reading.account or account, may_trade)
        sections = {
            "account": reading.account is not None,
            "positions": _fits(reading.positions) and not reading.is_torn,
            "orders": _fits(reading.orders),
            "deals": is_whole and reading.deals is not None,
            "history_orders": is_whole and reading.history_orders is not None,
        }
        return self._in_size(
            lambda most: {
                "captured_at": iso_utc(reading.captured_ms),
                "connected": bool(info.connected),
                **self._symbols(rows, reading),
                "account": shown if sections["account"] else {**shown, **dict.fromkeys(_MONEY, "0")},
                "positions": [rows.position(row) for row in (reading.positions or ())[:_MAX_OPEN]],
                "orders": [rows.order(row) for row in (reading.orders or ())[:_MAX_OPEN]],
                **self._history_page(rows, reading, (most, deals_to_ms)),
                "sections": sections,
                "highest_magic": str(self._highest_magic(account)),
            }
        )

    def _believed(self, account: Any, is_connected: bool) -> bool:
        try:
            return self._history.is_whole(account, is_connected)
        except TerminalError:
            return False

    def _read(self, deals_from_ms: int | None, deals_to_ms: int | None) -> _Reading:
        """Reads until nothing moved meanwhile, a few times at most; the last reading counts."""
        for left in reversed(range(_READINGS)):
            reading = self._read_once(deals_from_ms, deals_to_ms)
            if not reading.is_torn and (_adds_up(reading) or left == 0):
                break
        return reading

    def _read_once(self, deals_from_ms: int | None, deals_to_ms: int | None) -> _Reading:
        reading = _Reading(captured_ms=self._cloud.now_ms())
        before = _try(self._terminal.positions)
        reading.orders = _try(self._terminal.orders)
        window = self._window(deals_from_ms, deals_to_ms)
        deals = _try(lambda: self._terminal.history_deals(*window))
        ended = _try(lambda: self._terminal.history_orders(*window))
        reading.deals = self._since(deals, deals_from_ms, lambda row: row.time_msc)
        reading.history_orders = self._since(ended, deals_from_ms, _ended_ms)
        reading.positions = _try(self._terminal.positions)
        reading.account = _try(self._terminal.account)
        reading.is_torn = before is None or reading.positions is None or _held(before) != _held(reading.positions)
        return reading

    def _window(self, deals_from_ms: int | None, deals_to_ms: int | None) -> tuple[int, int]:
        """Seconds of server time, wide on either side: the terminal's filter knows neither zones nor late bookings."""
        end = self._cloud.now_ms() // 1000 + 2 * AHEAD_SECONDS
        if deals_to_ms is not None:
            end = min(end, self._time.to_server_ms(deals_to_ms + _OVERLAP_MS) // 1000)
        if deals_from_ms is None:
            return 0, end
        return max(0, self._time.to_server_ms(deals_from_ms - _OVERLAP_MS) // 1000), end

    def _since(self, rows: _Rows | None, from_ms: int | None, at: Callable[[Any], int]) -> _Rows | None:
        if rows is None or from_ms is None:
            return rows
        return [row for row in rows if self._time.to_utc_ms(at(row)) >= from_ms]

    def _history_page(self, rows: WireRows, reading: _Reading, limits: tuple[int, int | None]) -> Row:
        """The oldest deals and ended orders, at most so many of each and before an instant, and up to when, not included,
        they go; None where that is all there is. What is of one moment is never parted."""
        most, to_ms = limits
        deals = self._in_order(reading.deals, lambda row: row.time_msc)
        ended = self._in_order(reading.history_orders, _ended_ms)
        ends = [page[most][0] for page in (deals, ended) if len(page) > most] + ([] if to_ms is None else [to_ms])
        end_ms = min(ends, default=None)
        return {
            "deals": [rows.deal(row) for at_ms, row in deals if end_ms is None or at_ms < end_ms],
            "history_orders": [rows.order(row) for at_ms, row in ended if end_ms is None or at_ms < end_ms],
            "deals_to": None if end_ms is None else iso_utc(end_ms),
        }

    def _in_order(self, found: _Rows | None, at: Callable[[Any], int]) -> list[tuple[int, Any]]:
        dated = [(self._time.to_utc_ms(at(row)), row) for row in found or ()]
        return sorted(dated, key=lambda pair: (pair[0], pair[1].ticket))

    def _symbols(self, rows: WireRows, reading: _Reading) -> Row:
        held = [row.symbol for row in [*(reading.positions or ()), *(reading.orders or ())]]
        found = self._watch.symbols(also=held)
        said = []
        for info in found:
            try:
                said.append(rows.symbol(info, self._margin(info)))
            except (ValueError, ArithmeticError):
                # One symbol with a figure that is none must not hide the account.
                continue
        return {"symbols": said, **self._clock_facts([info.time * 1000 for info in found], reading.captured_ms)}

    def _margin(self, info: Any) -> float | None:
        try:
            return self._terminal.margin(names.ORDER_TYPES.index("buy"), info.name, 1.0, info.ask)
        except TerminalError:
            return None

    def _clock_facts(self, quote_times_ms: Sequence[int], now_ms: int) -> Row:
        offset_ms = self._time.offset_ms(now_ms)
        self._offset.look(quote_times_ms, now_ms, offset_ms)
        measured_ms = self._offset.disagreement_ms
        newest_ms = max((self._time.to_utc_ms(at) for at in quote_times_ms), default=now_ms)
        facts: Row = {
            "server_now": iso_utc(newest_ms if now_ms < newest_ms <= now_ms + _MAX_AHEAD_MS else now_ms),
            "server_offset_seconds": offset_ms // 1000,
        }
        if measured_ms is not None and measured_ms != self._told_ms:
            self._log("server-clock-disagrees", configured_ms=offset_ms, measured_ms=measured_ms)
        self._told_ms = measured_ms
        return facts if measured_ms is None else {**facts, "measured_offset_seconds": measured_ms // 1000}

    def _highest_magic(self, account: Any) -> int:
        """Of what the broker has, and of the journal: an intent whose sending was never seen has used its own too."""
        try:
            return max(self._journal.highest_magic(), max(self._history.magics(account), default=0))
        except TerminalError:
            return self._journal.highest_magic()

    def _in_size(self, made: Callable[[int], Row]) -> Row:
        """With as much history as fits into one reply."""
        most = MAX_HISTORY_ROWS
        body = made(most)
        while len(json.dumps(body)) > _MAX_BYTES and most > 1:
            most //= 2
            body = made(most)
        return body


def _identity(account: Any) -> tuple[int, str]:
    return account.login, account.server


def _try(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except TerminalError:
        return None


def _fits(rows: _Rows | None) -> bool:
    return rows is not None and len(rows) <= _MAX_OPEN


def _held(positions: _Rows) -> set[tuple[Any, ...]]:
    """What a deal changes of a position; its profit moves with every quote."""
    return {(p.ticket, p.identifier, p.type, p.volume, p.price_open, p.sl, p.tp) for p in positions}


def _adds_up(reading: _Reading) -> bool:
    """Whether account and positions are of one moment; some brokers' never add up, so it only asks for another look."""
    account = reading.account
    if account is None or reading.positions is None:
        return True
    floating = sum(p.profit + p.swap for p in reading.positions)
    expected = account.balance + account.credit + floating
    return abs(expected - account.equity) <= max(0.01, abs(expected) * 0.0005)


def _ended_ms(order: Any) -> int:
    return order.time_done_msc or order.time_setup_msc

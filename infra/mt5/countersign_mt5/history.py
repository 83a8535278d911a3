"""The account's history as the terminal has it, and whether that is all of it yet.

A terminal keeps a copy of the history and fills it after it has connected (domain.md 1.5): read too early, an order
that was executed is not there. Invariants: the history counts as whole only once its size has stood still for a
while since the terminal connected, and an account with money has at least the deal that brought it; what a program
concludes from a magic number's absence, it concludes from a whole history.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

from .clock import SystemClock
from .terminal import Terminal

#: All of it, in seconds of server time: brokers stamp nothing before, and nothing later than two days ahead of us.
BEGINNING_SECONDS = 0
AHEAD_SECONDS = 48 * 3600
#: An account that has money and no deal is rather one whose history has not come.
_EMPTY_SETTLE_MS = 60_000


@dataclass(frozen=True)
class _Seen:
    key: tuple[int, str, int]
    totals: tuple[int, int]
    since_ms: int
    is_whole: bool


class History:
    """The history of whatever account the terminal is logged in to."""

    def __init__(self, terminal: Terminal, clock: SystemClock, settle_ms: int) -> None:
        self._terminal = terminal
        self._clock = clock
        self._settle_ms = settle_ms
        self._seen: _Seen | None = None
        self._magics: tuple[tuple[Any, ...], frozenset[int]] | None = None

    def is_whole(self, account: Any, is_connected: bool) -> bool:
        """Looks how large the history is and says whether it can be believed. Raises TerminalError."""
        if not is_connected:
            # The broker is gone: whatever comes when it is back has to stand still again.
            self._seen = None
            return False
        key = (account.login, account.server, self._terminal.connection)
        totals = self._terminal.history_totals(BEGINNING_SECONDS, self.end_seconds())
        now_ms = self._clock.monotonic_ms()
        seen = self._seen
        if seen is None or seen.key != key or any(new < old for new, old in zip(totals, seen.totals)):
            self._seen = _Seen(key, totals, now_ms, is_whole=False)
        elif seen.is_whole:
            self._seen = _Seen(key, totals, seen.since_ms, is_whole=True)
        elif totals != seen.totals:
            self._seen = _Seen(key, totals, now_ms, is_whole=False)
        else:
            needed_ms = self._settle_ms if totals[1] > 0 or account.balance == 0 else _EMPTY_SETTLE_MS
            is_whole = now_ms - seen.since_ms >= needed_ms
            self._seen = _Seen(key, totals, seen.since_ms, is_whole)
        return self._seen.is_whole

    def end_seconds(self) -> int:
        """A server time that nothing in the history is later than."""
        return self._clock.now_ms() // 1000 + AHEAD_SECONDS

    def all_orders(self) -> Sequence[Any]:
        """Every ended order. Raises TerminalError."""
        return self._terminal.history_orders(BEGINNING_SECONDS, self.end_seconds())

    def all_deals(self) -> Sequence[Any]:
        """Every deal. Raises TerminalError."""
        return self._terminal.history_deals(BEGINNING_SECONDS, self.end_seconds())

    def magics(self, account: Any) -> frozenset[int]:
        """Every magic number that the broker has seen, working orders and positions included. Raises TerminalError.

        The history is read again only where it has grown: it is long, and nothing in it changes.
        """
        terminal = self._terminal
        totals = terminal.history_totals(BEGINNING_SECONDS, self.end_seconds())
        key = (account.login, account.server, terminal.connection, totals)
        if self._magics is None or self._magics[0] != key:
            rows = [*self.all_orders(), *self.all_deals()]
            self._magics = (key, frozenset(_unsigned(row.magic) for row in rows))
        working = [*terminal.positions(), *terminal.orders()]
        return self._magics[1] | {_unsigned(row.magic) for row in working}


def _unsigned(magic: int) -> int:
    return magic & (2**64 - 1)

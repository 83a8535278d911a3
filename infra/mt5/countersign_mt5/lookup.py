"""What became of a command: the journal's word, and everything at the broker under its magic.

Invariant: an answer is complete or there is none. From an empty one the cloud concludes that nothing was executed,
and then sends again.
"""
from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable

from .command_journal import CommandJournal
from .envelope import LookupRequest
from .history import History
from .market_watch import MarketWatch
from .server_time import ServerTime
from .terminal import Terminal
from .wire_rows import Row, WireRows, unsigned


class NotReady(Exception):
    """The terminal cannot be believed now."""


def look_up(
    request: LookupRequest,
    terminal: Terminal,
    history: History,
    journal: CommandJournal,
    watch: MarketWatch,
    server_time: ServerTime,
) -> Row:
    """The body of a lookup reply. Raises NotReady, TerminalError."""
    info, account = terminal.info(), terminal.account()
    last = next(iter(reversed(journal.attempts(request.cmd_id))), None)
    if last is not None and last.intent is not None:
        if (last.intent.login, last.intent.server) != (str(account.login), account.server):
            raise NotReady("the terminal is logged in to another account")
    if not history.is_whole(account, bool(info.connected)):
        raise NotReady("the terminal's history is not complete")
    # Working ones first: what ends in between is in both lists and never in neither.
    orders, positions = terminal.orders(), terminal.positions()
    ended, deals = history.all_orders(), history.all_deals()
    is_own = _carries(str(request.magic))
    ids = {row.identifier for row in positions if is_own(row)} | {row.position_id for row in deals if is_own(row)}
    ids.discard(0)
    rows = WireRows(server_time, lru_cache(maxsize=None)(watch.digits_of))
    return {
        "journal": "absent" if last is None else "intent" if last.result is None else "result",
        **({} if last is None or last.result is None else {"result": last.result}),
        "orders": [rows.order(row) for row in orders if is_own(row)],
        "history_orders": [rows.order(row) for row in ended if is_own(row)],
        "positions": [rows.position(row) for row in positions if is_own(row) or row.identifier in ids],
        "deals": [rows.deal(row) for row in deals if is_own(row) or row.position_id in ids],
    }


def _carries(magic: str) -> Callable[[Any], bool]:
    return lambda row: unsigned(row.magic) == magic

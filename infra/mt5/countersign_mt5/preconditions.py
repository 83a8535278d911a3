"""What must hold at the terminal before a command is sent; each refusal has a name, the same as the simulated
broker's.

Invariant: a command whose preconditions do not hold never reaches the trade server, and what cannot be read does
not hold.
"""
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .decimal_text import as_decimal
from .envelope import Command
from .mt5_names import POSITION_TYPES
from .terminal import Terminal, TerminalError
from .wire_rows import spread_points

MAX_COMMENT = 26
#: Kinds that trade at once, and so at a quote.
DEALS = ("open", "close")
_NEED_POSITION = ("close", "close_by", "modify_sltp")


@dataclass(frozen=True)
class Refused:
    """Nothing was sent, and why."""

    reason: str


@dataclass(frozen=True)
class Ready:
    """What was seen when everything held: the symbol with its quote, and the position that a close is about."""

    symbol: Any
    position: Any


def check_account(command: Command, account: Any) -> Refused | None:
    """Whether the terminal is logged in to the account that the command is for."""
    if command.pre.login != str(account.login):
        return Refused("login_mismatch")
    return Refused("server_mismatch") if command.pre.server != account.server else None


def check_command(command: Command, account: Any, terminal: Terminal) -> Refused | Ready:
    """Judges everything else, by one look at the symbol and the position. Raises TerminalError."""
    if command.pre.symbol != command.order.symbol:
        return Refused("symbol_mismatch")
    if command.magic == 0:
        # Everything that is done by hand has that number: nothing could be told by it.
        return Refused("invalid_order")
    # The package refuses a longer comment, and brokers cut what is over this: neither is left to chance.
    if len(command.comment) > MAX_COMMENT:
        return Refused("comment_too_long")
    if not (command.comment.isascii() and command.comment.isprintable()):
        return Refused("comment_not_ascii")
    symbol = quoted_symbol(command.order.symbol, terminal)
    if symbol is None:
        return Refused("unknown_symbol")
    refused = _quote_fault(command, symbol) or _volume_fault(command)
    if refused is not None:
        return Refused(refused)
    if command.kind not in _NEED_POSITION:
        return Ready(symbol, None)
    if command.order.position_ticket is None:
        return Refused("invalid_order")
    position = next(iter(terminal.positions(ticket=command.order.position_ticket)), None)
    fault = _position_fault(command, account, position, terminal)
    return Refused(fault) if fault is not None else Ready(symbol, position)


def quoted_symbol(name: str, terminal: Terminal) -> Any:
    """The symbol; one that is not shown gets no quotes, so it is shown first. None where the broker has no such. Raises
    TerminalError.
    """
    try:
        symbol = terminal.symbol(name)
        if not symbol.visible:
            terminal.select(name)
            symbol = terminal.symbol(name)
        return symbol
    except TerminalError as error:
        if error.is_broken_connection:
            raise
        return None


def _quote_fault(command: Command, symbol: Any) -> str | None:
    pre = command.pre
    if command.kind not in DEALS and (pre.max_spread_points, pre.price_low, pre.price_high) == (None, None, None):
        return None
    if not (symbol.time > 0 and symbol.bid > 0 and symbol.ask > 0):
        return "no_quote"
    if pre.max_spread_points is not None and spread_points(symbol) > pre.max_spread_points:
        return "spread_too_wide"
    # The quote it would trade at: what was countersigned holds for these prices and no others.
    price = as_decimal(symbol.bid if (command.order.type or "").startswith("sell") else symbol.ask)
    low, high = pre.price_low or Decimal(0), pre.price_high
    return "price_outside_band" if price < low or (high is not None and price > high) else None


def _volume_fault(command: Command) -> str | None:
    volume, most = command.order.volume, command.pre.volume_at_most
    return "volume_above_precondition" if volume is not None and most is not None and volume > most else None


def _position_fault(command: Command, account: Any, position: Any, terminal: Terminal) -> str | None:
    """What is wrong with the position; one that is gone is judged by whoever sends (`execute.py`)."""
    order, wanted = command.order, command.pre.position_id
    if position is None:
        # A service operation of the broker gives a position another ticket: it is not gone then.
        moved = wanted is not None and any(row.identifier == wanted for row in terminal.positions())
        return "position_mismatch" if moved else None
    if wanted is not None and position.identifier != wanted or position.symbol != order.symbol:
        return "position_mismatch"
    if command.kind != "close":
        return None
    # On a netting account the same side, or more than there is, would open something.
    if order.type == POSITION_TYPES[position.type]:
        return "side_does_not_close"
    return "volume_above_position" if order.volume is not None and order.volume > as_decimal(position.volume) else None

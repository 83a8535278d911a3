"""What the broker's own records say of a command whose result was lost: by magic where the command leaves one
behind, by the state that it wanted where it does not (a cancellation, a modification).

Invariant: None is "no trace", never "not executed"; and what could not be read raises instead of being no trace.
"""
from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Sequence

from .command_journal import Result
from .decimal_text import MAX_PLACES, as_decimal, decimal_text
from .envelope import Command
from .history import History
from .mt5_names import DEAL_ENTRIES, ORDER_STATES
from .terminal import Terminal
from .wire_rows import unsigned

_NO_FILL = ("rejected", "canceled", "expired")
_OPENS = ("in", "inout")
_CLOSES = ("out", "inout", "out_by")


def evidence(command: Command, terminal: Terminal, history: History) -> Result | None:
    """The members of a result that the records prove; None without a trace. Raises TerminalError."""
    if command.kind in ("cancel", "modify_order", "modify_sltp"):
        return _by_state(command, terminal, history)
    # Ended orders are read after the working ones: one that ends in between is in both.
    orders = [row for row in [*terminal.orders(), *history.all_orders()] if _is_of(row, command)]
    # Some brokers keep a position's magic on what later closes it: only deals that did what was wanted count.
    wanted = _CLOSES if command.kind in ("close", "close_by") else _OPENS
    deals = [row for row in history.all_deals() if _is_of(row, command) and DEAL_ENTRIES[row.entry] in wanted]
    ticket = deals[0].order if deals else min((row.ticket for row in orders), default=0)
    order = next((row for row in reversed(orders) if row.ticket == ticket), None)
    if command.kind == "place":
        return _of_pending(order, deals)
    if deals:
        return _of_deals(command, deals, order)
    position = next((row for row in terminal.positions() if _is_of(row, command)), None)
    if command.kind == "open" and position is not None:
        return _found("done", position.identifier, position.price_open, position.volume)
    # An order that neither traded nor ended may still do either.
    return None if order is None or _state(order) not in _NO_FILL else _found("failed", order.ticket)


def _of_pending(order: Any, deals: Sequence[Any]) -> Result | None:
    if order is not None:
        placed = _state(order) != "rejected"
        return _found("placed" if placed else "failed", order.ticket, order.price_open, order.volume_initial)
    opening = next(iter(deals), None)
    return None if opening is None else _found("placed", opening.order, opening.price, opening.volume)


def _of_deals(command: Command, deals: Sequence[Any], order: Any) -> Result:
    # Both deals of a close-by are one volume, seen from either position.
    counted = deals[:1] if command.kind == "close_by" else deals
    volume = sum((as_decimal(deal.volume) for deal in counted), Decimal(0))
    worth = sum((as_decimal(deal.volume) * as_decimal(deal.price) for deal in counted), Decimal(0))
    price = (worth / volume).quantize(Decimal(1).scaleb(-MAX_PLACES), rounding=ROUND_HALF_UP) if volume else Decimal(0)
    wanted = command.order.volume
    is_part = wanted is not None and volume < wanted or (order is not None and order.volume_current > 0)
    found = _found("partial" if is_part else "done", counted[0].order, float(price), float(volume))
    return {**found, "deal": unsigned(counted[0].ticket)}


def _by_state(command: Command, terminal: Terminal, history: History) -> Result | None:
    order = command.order
    if command.kind == "cancel":
        ended = [row for row in history.all_orders() if row.ticket == order.order_ticket]
        stands = any(_state(row) == "canceled" for row in ended)
    elif command.kind == "modify_order":
        working = terminal.orders(ticket=order.order_ticket)
        stands = any(
            (order.price is None or as_decimal(row.price_open) == order.price) and _has_levels(command, row)
            for row in working
        )
    else:
        stands = any(_has_levels(command, row) for row in terminal.positions(ticket=order.position_ticket))
    if not stands:
        return None
    return {**_found("done", order.order_ticket or 0), "reason": "found_by_state"}


def _has_levels(command: Command, row: Any) -> bool:
    order = command.order
    loss, profit = (order.stop_loss or Decimal(0)), (order.take_profit or Decimal(0))
    keeps_both = order.keeps_stop_loss and order.keeps_take_profit
    right = (order.keeps_stop_loss or as_decimal(row.sl) == loss) and (
        order.keeps_take_profit or as_decimal(row.tp) == profit
    )
    # A modification of nothing proves nothing.
    return right and not (keeps_both and order.price is None)


def _found(outcome: str, order: int, price: float = 0, volume: float = 0) -> Result:
    return {
        "outcome": outcome,
        "order": unsigned(order) if order else None,
        "price": decimal_text(price) if price else None,
        "volume": decimal_text(volume) if volume else None,
        "reason": "found_by_magic",
    }


def _is_of(row: Any, command: Command) -> bool:
    return unsigned(row.magic) == str(command.magic)


def _state(order: Any) -> str:
    return ORDER_STATES[order.state] if 0 <= order.state < len(ORDER_STATES) else ""

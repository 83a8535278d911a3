"""Turns a command into MetaTrader 5's trade request (MqlTradeRequest).

Invariant: whatever closes names its position, without which a deal on a netting account could open the other way.
"""
from __future__ import annotations

import math
from typing import Any

from . import mt5_names as names
from .envelope import PENDING_TYPES, SIDES, Command
from .order_terms import GTC, deal_filling, lifetime, pending_filling
from .preconditions import Ready, Refused
from .server_time import ServerTime
from .terminal import Terminal

Request = dict[str, Any]
_INVALID = Refused("invalid_order")


def trade_request(
    command: Command, ready: Ready, terminal: Terminal, server_time: ServerTime, now_ms: int
) -> Request | Refused:
    """The request of a command at a moment, or why there is none. Raises TerminalError."""
    marks: Request = {"magic": command.magic, "comment": command.comment}
    kind, order = command.kind, command.order
    if kind == "open":
        return _deal(command, ready, marks)
    if kind == "close":
        return _deal(command, ready, {**marks, "position": order.position_ticket})
    if kind == "place":
        return _pending(command, ready, marks, server_time, now_ms)
    if kind == "modify_order":
        return _modification(command, ready, marks, terminal, server_time, now_ms)
    if kind == "cancel":
        return _INVALID if order.order_ticket is None else {"action": names.ACTION_REMOVE, "order": order.order_ticket}
    if kind == "modify_sltp":
        return _stops(command, ready, marks)
    if order.position_by_ticket is None:
        return _INVALID
    tickets = {"position": order.position_ticket, "position_by": order.position_by_ticket}
    return {**marks, "action": names.ACTION_CLOSE_BY, **tickets}


def _deal(command: Command, ready: Ready, marks: Request) -> Request | Refused:
    order, symbol = command.order, ready.symbol
    if order.type not in SIDES or order.volume is None or order.volume == 0:
        return _INVALID
    filling = deal_filling(symbol, order.filling)
    if filling is None:
        return Refused("filling_not_allowed")
    quote = symbol.bid if order.type == "sell" else symbol.ask
    request = {
        **marks,
        "action": names.ACTION_DEAL,
        "symbol": order.symbol,
        "type": names.ORDER_TYPES.index(order.type),
        "volume": float(order.volume),
        "price": quote if order.price is None else float(order.price),
        "type_filling": filling,
        "type_time": GTC,
        **_levels(command),
    }
    return request if order.deviation_points is None else {**request, "deviation": math.floor(order.deviation_points)}


def _pending(
    command: Command, ready: Ready, marks: Request, server_time: ServerTime, now_ms: int
) -> Request | Refused:
    order = command.order
    if order.type not in PENDING_TYPES or not order.volume or not order.price:
        return _INVALID
    if order.type.endswith("_stop_limit") != (order.price_stoplimit is not None):
        return _INVALID
    filling = pending_filling(ready.symbol, order.type, order.filling)
    if filling is None:
        return Refused("filling_not_allowed")
    life = lifetime(ready.symbol, order.expires_ms, order.expiration, server_time, now_ms)
    if life is None:
        return Refused("expiration_not_allowed")
    request = {
        **marks,
        "action": names.ACTION_PENDING,
        "symbol": order.symbol,
        "type": names.ORDER_TYPES.index(order.type),
        "volume": float(order.volume),
        "price": float(order.price),
        "type_filling": filling,
        **_life(life),
        **_levels(command),
    }
    return request if order.price_stoplimit is None else {**request, "stoplimit": float(order.price_stoplimit)}


def _modification(
    command: Command, ready: Ready, marks: Request, terminal: Terminal, server_time: ServerTime, now_ms: int
) -> Request | Refused:
    """MT5 takes a modification whole: what is to stay is said again."""
    order = command.order
    if order.order_ticket is None:
        return _INVALID
    standing = next(iter(terminal.orders(ticket=order.order_ticket)), None)
    if standing is None:
        return Refused("order_not_working")
    life: tuple[int, int] | None = (standing.type_time, standing.time_expiration)
    if not order.keeps_expiry:
        life = lifetime(ready.symbol, order.expires_ms, order.expiration, server_time, now_ms)
    if life is None:
        return Refused("expiration_not_allowed")
    return {
        **marks,
        "action": names.ACTION_MODIFY,
        "order": order.order_ticket,
        "symbol": order.symbol,
        "price": standing.price_open if order.price is None else float(order.price),
        "stoplimit": standing.price_stoplimit,
        **_life(life),
        **_moved_levels(command, standing),
    }


def _stops(command: Command, ready: Ready, marks: Request) -> Request | Refused:
    if ready.position is None:
        return Refused("position_gone")
    return {
        **marks,
        "action": names.ACTION_SLTP,
        "symbol": command.order.symbol,
        "position": command.order.position_ticket,
        **_moved_levels(command, ready.position),
    }


def _life(life: tuple[int, int]) -> Request:
    type_time, expiration = life
    return {"type_time": type_time, **({"expiration": expiration} if expiration else {})}


def _levels(command: Command) -> Request:
    order = command.order
    levels = {"sl": order.stop_loss, "tp": order.take_profit}
    return {name: float(level) for name, level in levels.items() if level is not None}


def _moved_levels(command: Command, standing: Any) -> Request:
    order = command.order
    return {
        "sl": standing.sl if order.keeps_stop_loss else float(order.stop_loss or 0),
        "tp": standing.tp if order.keeps_take_profit else float(order.take_profit or 0),
    }

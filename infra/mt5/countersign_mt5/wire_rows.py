"""The terminal's records as the protocol states them: words for numbers, decimal text, UTC with milliseconds.

Invariant: server wall time becomes UTC, and doubles become decimals, here and nowhere else.
"""
from __future__ import annotations

import re
from typing import Any, Callable

from . import mt5_names as names
from .decimal_text import as_decimal, decimal_text, text_or_none
from .server_time import ServerTime
from .utc_text import iso_utc

Row = dict[str, Any]
#: Digits of a symbol's prices; 0 for one that the terminal does not know, whose prices keep the places that they have.
DigitsOf = Callable[[str], int]
_MAX_LABEL = 100
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def label(text: str) -> str:
    """A broker's or another program's text as databases take it: no control characters, no halves of characters."""
    return _UNPRINTABLE.sub("?", text)[:_MAX_LABEL]


def unsigned(number: int) -> str:
    """A ticket or magic number as text; MT5 keeps 64 bits without a sign."""
    return str(number & (2**64 - 1))


class WireRows:
    """Makes rows by one server's clock. Prices have their symbol's digits, money and volumes the places they need."""

    def __init__(self, server_time: ServerTime, digits_of: DigitsOf) -> None:
        self._time = server_time
        self._digits = digits_of

    def utc(self, server_ms: int) -> str:
        """Raw server time as text in UTC."""
        return iso_utc(self._time.to_utc_ms(server_ms))

    def position(self, row: Any) -> Row:
        """An open position; its profit is without the swap."""
        digits = self._digits(row.symbol)
        return {
            "ticket": unsigned(row.ticket),
            "identifier": unsigned(row.identifier),
            "time": self.utc(row.time_msc),
            "type": names.name_of(names.POSITION_TYPES, row.type, "type"),
            "magic": unsigned(row.magic),
            "reason": names.name_of(names.REASONS, row.reason, "reason"),
            "volume": decimal_text(row.volume),
            "price_open": decimal_text(row.price_open, digits),
            "sl": text_or_none(row.sl, digits),
            "tp": text_or_none(row.tp, digits),
            "price_current": decimal_text(row.price_current, digits),
            "swap": decimal_text(row.swap),
            "profit": decimal_text(row.profit),
            "symbol": label(row.symbol),
            "comment": label(row.comment),
        }

    def order(self, row: Any) -> Row:
        """An order, working or ended; `time_done` is null while it works."""
        digits = self._digits(row.symbol)
        expires = row.time_expiration
        return {
            "ticket": unsigned(row.ticket),
            "time_setup": self.utc(row.time_setup_msc),
            "time_done": self.utc(row.time_done_msc) if row.time_done_msc else None,
            "time_expiration": self.utc(expires * 1000) if expires else None,
            "type": names.name_of(names.ORDER_TYPES, row.type, "type"),
            "state": names.name_of(names.ORDER_STATES, row.state, "state"),
            "type_time": names.name_of(names.TIME_TYPES, row.type_time, "time"),
            "type_filling": names.name_of(names.FILLINGS, row.type_filling, "filling"),
            "magic": unsigned(row.magic),
            "position_id": unsigned(row.position_id),
            "position_by_id": unsigned(row.position_by_id),
            "reason": names.name_of(names.REASONS, row.reason, "reason"),
            "volume_initial": decimal_text(row.volume_initial),
            "volume_current": decimal_text(row.volume_current),
            "price_open": decimal_text(row.price_open, digits),
            "price_stoplimit": text_or_none(row.price_stoplimit, digits),
            "sl": text_or_none(row.sl, digits),
            "tp": text_or_none(row.tp, digits),
            "symbol": label(row.symbol),
            "comment": label(row.comment),
        }

    def deal(self, row: Any) -> Row:
        """A deal; `entry` is null on those that trade nothing, where MT5's IN means nothing."""
        digits = self._digits(row.symbol)
        kind = names.name_of(names.DEAL_TYPES, row.type, "type")
        trades = kind in names.TRADING_DEALS
        return {
            "ticket": unsigned(row.ticket),
            "order": unsigned(row.order),
            "position_id": unsigned(row.position_id),
            "time": self.utc(row.time_msc),
            "type": kind,
            "entry": names.DEAL_ENTRIES[row.entry] if trades else None,
            "magic": unsigned(row.magic),
            "reason": names.name_of(names.REASONS, row.reason, "reason"),
            "volume": decimal_text(row.volume),
            "price": decimal_text(row.price, digits),
            "commission": decimal_text(row.commission),
            "swap": decimal_text(row.swap),
            "profit": decimal_text(row.profit),
            "fee": decimal_text(row.fee),
            "symbol": label(row.symbol),
            "comment": label(row.comment),
            "external_id": label(row.external_id),
        }

    def account(self, row: Any, may_trade: bool) -> Row:
        """`may_trade`: whether the terminal lets programs trade."""
        return {
            "login": str(row.login),
            "server": label(row.server),
            "company": label(row.company),
            "currency": label(row.currency),
            "currency_digits": row.currency_digits,
            "margin_mode": names.name_of(names.MARGIN_MODES, row.margin_mode, "mode"),
            "trade_mode": names.name_of(names.ACCOUNT_TRADE_MODES, row.trade_mode, "mode"),
            "leverage": row.leverage,
            **{name: decimal_text(getattr(row, name)) for name in ("balance", "credit", "profit", "equity")},
            **{name: decimal_text(getattr(row, name)) for name in ("margin", "margin_free")},
            "margin_level": text_or_none(row.margin_level, 2),
            "margin_so_mode": "money" if row.margin_so_mode == 1 else "percent",
            "margin_so_call": decimal_text(row.margin_so_call),
            # A percentage or nothing: of money nobody could tell it apart.
            "margin_so_so": None if row.margin_so_mode == 1 else decimal_text(row.margin_so_so),
            "fifo_close": bool(row.fifo_close),
            "trade_allowed": bool(row.trade_allowed and row.trade_expert and may_trade),
        }

    def symbol(self, row: Any, margin_per_lot: float | None) -> Row:
        """A symbol with its quote; the margin is of one lot bought now, None where the terminal cannot tell."""
        digits = row.digits
        return {
            "symbol": label(row.name),
            "digits": digits,
            "point": decimal_text(row.point),
            "tick_size": decimal_text(row.trade_tick_size),
            "tick_value": decimal_text(row.trade_tick_value),
            "tick_value_loss": decimal_text(row.trade_tick_value_loss),
            "contract_size": decimal_text(row.trade_contract_size),
            "volume_min": decimal_text(row.volume_min),
            "volume_max": decimal_text(row.volume_max),
            "volume_step": decimal_text(row.volume_step),
            "volume_limit": decimal_text(row.volume_limit),
            "stops_level": max(0, row.trade_stops_level),
            "freeze_level": max(0, row.trade_freeze_level),
            "spread": spread_points(row),
            "trade_mode": names.name_of(names.SYMBOL_TRADE_MODES, row.trade_mode, "mode"),
            "execution": names.name_of(names.EXECUTIONS, row.trade_exemode, "execution"),
            "filling_modes": names.names_in_mask(("fok", "ioc", "boc"), row.filling_mode),
            "expiration_modes": names.names_in_mask(names.TIME_TYPES, row.expiration_mode),
            "margin_per_lot": None if margin_per_lot is None else decimal_text(margin_per_lot),
            "currency_base": label(row.currency_base),
            "currency_profit": label(row.currency_profit),
            "bid": decimal_text(row.bid, digits),
            "ask": decimal_text(row.ask, digits),
            "time": self.utc(row.time * 1000),
        }


def spread_points(symbol: Any) -> int:
    """The spread of a symbol's quote in whole points."""
    return max(0, round((as_decimal(symbol.ask) - as_decimal(symbol.bid)) / as_decimal(symbol.point)))

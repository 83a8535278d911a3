"""What the cloud may say to a bridge (domain.md section 7), checked before anything acts on it.

Fields that this version does not know are ignored, so that a newer cloud can still talk to it; an absent optional field
and null mean the same, except for stop levels, where null takes a level away and an absent one leaves it.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Union

from .guard_order import Close, GuardOrder
from .utc_text import parse_iso

COMMAND_KINDS = ("open", "close", "close_by", "place", "modify_order", "cancel", "modify_sltp")
SIDES = ("buy", "sell")
PENDING_TYPES = ("buy_limit", "sell_limit", "buy_stop", "sell_stop", "buy_stop_limit", "sell_stop_limit")
TIMEFRAMES = ("M1", "M5", "M15", "M30", "H1", "H4", "D1")
MAX_BARS = 5_000
LAST_ATTEMPT = 15
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,8})?")
_TICKET = re.compile(r"[0-9]{1,20}")
_MONEY = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,40})?")
_CMD_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


class Malformed(Exception):
    """Not an envelope of version 1."""


@dataclass(frozen=True)
class Precondition:
    """What must hold at the terminal when a command is sent."""

    login: str
    server: str
    symbol: str
    position_id: int | None
    volume_at_most: Decimal | None
    max_spread_points: Decimal | None
    price_low: Decimal | None
    price_high: Decimal | None


@dataclass(frozen=True)
class Order:
    """What is to be traded. Of the levels None is none; `keeps_*` says that a modification leaves one as it is."""

    symbol: str
    type: str | None
    volume: Decimal | None
    price: Decimal | None
    price_stoplimit: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    keeps_stop_loss: bool
    keeps_take_profit: bool
    deviation_points: int | None
    position_ticket: int | None
    position_by_ticket: int | None
    order_ticket: int | None
    expires_ms: int | None
    keeps_expiry: bool
    expiration: str | None
    filling: str | None


@dataclass(frozen=True)
class Command:
    """One command, and itself as it came, for the journal."""

    cmd_id: str
    attempt: int
    kind: str
    expires_ms: int
    pre: Precondition
    order: Order
    magic: int
    comment: str
    said: dict[str, Any]


@dataclass(frozen=True)
class SnapshotRequest:
    """The account as it stands, with its history from an instant on (None: all) and before another (None: to its end)."""

    deals_from_ms: int | None
    deals_to_ms: int | None = None
    #: What the guard is to judge by from now on.
    guard: GuardOrder | None = None


@dataclass(frozen=True)
class GuardRequest:
    """Judge by this from now on."""

    order: GuardOrder


@dataclass(frozen=True)
class ExecuteRequest:
    """Carry this out, once."""

    command: Command


@dataclass(frozen=True)
class LookupRequest:
    """What became of a command."""

    cmd_id: str
    magic: int


@dataclass(frozen=True)
class CandlesRequest:
    """Closed bars that begin in [from, to), the first of them; without `from` the newest."""

    symbol: str
    timeframe: str
    from_ms: int | None
    to_ms: int | None
    count: int


@dataclass(frozen=True)
class Envelope:
    """A request with who asked for it when (the cloud's clock)."""

    kind: str
    request_id: str
    sent_ms: int
    request: Union[SnapshotRequest, ExecuteRequest, LookupRequest, CandlesRequest, GuardRequest]


def parse_envelope(body: bytes) -> Envelope:
    """Reads a request's body. Raises Malformed."""
    try:
        said = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as cause:
        raise Malformed("not JSON") from cause
    return read_envelope(said)


def read_envelope(said: Any) -> Envelope:
    """The same for a request that is JSON already. Raises Malformed."""
    envelope = _Fields(said)
    if envelope.get("v") != 1 or isinstance(envelope.get("v"), bool):
        raise Malformed("not version 1")
    kind = envelope.one_of("kind", ("snapshot", "execute", "lookup", "candles", "guard"))
    return Envelope(
        kind=kind,
        request_id=envelope.text("request_id", 200),
        sent_ms=envelope.instant("sent_at"),
        request=_REQUESTS[kind](envelope),
    )


def parse_command(said: Any) -> Command:
    """Reads a command, from an envelope or from the journal. Raises Malformed."""
    command, pre = _Fields(said), _Fields(_Fields(said).get("pre"))
    evidence = _Fields(command.get("evidence"))
    return Command(
        cmd_id=command.matching("cmd_id", _CMD_ID),
        attempt=command.integer("attempt", 0, LAST_ATTEMPT),
        kind=command.one_of("kind", COMMAND_KINDS),
        expires_ms=command.instant("expires_at"),
        pre=Precondition(
            login=pre.text("login", 100),
            server=pre.text("server", 100),
            symbol=pre.text("symbol", 100),
            position_id=pre.ticket_or_none("position_id"),
            volume_at_most=pre.decimal_or_none("volume_at_most"),
            max_spread_points=pre.count_or_none("max_spread_points"),
            price_low=pre.decimal_or_none("price_low"),
            price_high=pre.decimal_or_none("price_high"),
        ),
        order=_order(_Fields(command.get("order"))),
        magic=int(evidence.matching("magic", _TICKET)),
        comment=evidence.text("comment", 200, least=0),
        said=said,
    )


def read_guard_order(said: Any) -> GuardOrder:
    """Reads an order to the guard, from a request or from the file. Raises Malformed."""
    order = _Fields(said)
    close = None if order.get("close") is None else _Fields(order.get("close"))
    booked_to = order.ticket_or_none("booked_to")
    return GuardOrder(
        version=order.integer("version", 0, 2**53),
        login=order.text("login", 20),
        server=order.text("server", 100),
        armed=order.flag("armed"),
        scope=order.one_of("scope", ("all", "own")),
        namespace=order.integer("namespace", 0, 2**24 - 1),
        units=order.amount("units"),
        peak=order.amount("peak"),
        balance=order.money("balance"),
        credit=order.money("credit"),
        booked_to=0 if booked_to is None else booked_to,
        trip_bps=order.integer("trip_bps", 1, 20_000),
        hard_bps=order.integer("hard_bps", 1, 20_000),
        equity_floor=None if order.get("equity_floor") is None else order.money("equity_floor"),
        warning_ms=order.integer("warning_ms", 0, 3_600_000),
        close=None
        if close is None
        else Close(close.text("trip_id", 100), close.instant("not_before"), close.flag("revocable")),
        latched=order.flag("latched"),
        said=said,
    )


def _guard_or_none(said: Any) -> GuardOrder | None:
    """An order that cannot be read is none: the snapshot that it came with is worth more."""
    try:
        return None if said is None else read_guard_order(said)
    except Malformed:
        return None


def _order(order: _Fields) -> Order:
    deviation = order.count_or_none("deviation_points")
    return Order(
        symbol=order.text("symbol", 100),
        type=order.one_of_or_none("type", SIDES + PENDING_TYPES),
        volume=order.decimal_or_none("volume"),
        price=order.decimal_or_none("price"),
        price_stoplimit=order.decimal_or_none("price_stoplimit"),
        stop_loss=order.level("stop_loss"),
        take_profit=order.level("take_profit"),
        keeps_stop_loss=not order.has("stop_loss"),
        keeps_take_profit=not order.has("take_profit"),
        deviation_points=None if deviation is None else int(deviation),
        position_ticket=order.ticket_or_none("position_ticket"),
        position_by_ticket=order.ticket_or_none("position_by_ticket"),
        order_ticket=order.ticket_or_none("order_ticket"),
        expires_ms=order.instant_or_none("expires_at"),
        keeps_expiry=not order.has("expires_at"),
        expiration=order.one_of_or_none("expiration", ("gtc", "day", "specified", "specified_day")),
        filling=order.one_of_or_none("filling", ("fok", "ioc", "return", "boc")),
    )


def _candles(envelope: _Fields) -> CandlesRequest:
    count = envelope.get("count")
    return CandlesRequest(
        symbol=envelope.text("symbol", 100),
        timeframe=envelope.one_of("timeframe", TIMEFRAMES),
        from_ms=envelope.instant_or_none("from"),
        to_ms=envelope.instant_or_none("to"),
        count=MAX_BARS if count is None else envelope.integer("count", 1, MAX_BARS),
    )


def _lookup(envelope: _Fields) -> LookupRequest:
    return LookupRequest(cmd_id=envelope.text("cmd_id", 100), magic=int(envelope.matching("magic", _TICKET)))


_REQUESTS: dict[str, Any] = {
    "snapshot": lambda envelope: SnapshotRequest(
        envelope.instant_or_none("deals_from"),
        envelope.instant_or_none("deals_to"),
        _guard_or_none(envelope.get("guard")),
    ),
    "guard": lambda envelope: GuardRequest(read_guard_order(envelope.get("guard"))),
    "execute": lambda envelope: ExecuteRequest(parse_command(envelope.get("command"))),
    "lookup": _lookup,
    "candles": _candles,
}


def _no_constant(name: str) -> Any:
    raise ValueError(name)


class _Fields:
    """The members of one object, each taken as what it must be. Everything raises Malformed."""

    def __init__(self, said: Any) -> None:
        if not isinstance(said, dict):
            raise Malformed("not an object")
        self._said = said

    def get(self, name: str) -> Any:
        return self._said.get(name)

    def has(self, name: str) -> bool:
        return name in self._said

    def text(self, name: str, most: int, least: int = 1) -> str:
        value = self.get(name)
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise Malformed(name)
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        value = self.get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise Malformed(name)
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.get(name)
        if value not in allowed:
            raise Malformed(name)
        return str(value)

    def one_of_or_none(self, name: str, allowed: tuple[str, ...]) -> str | None:
        return None if self.get(name) is None else self.one_of(name, allowed)

    def integer(self, name: str, least: int, most: int) -> int:
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Malformed(name)
        return value

    def count_or_none(self, name: str) -> Decimal | None:
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
            raise Malformed(name)
        return Decimal(repr(value))

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if not isinstance(value, bool):
            raise Malformed(name)
        return value

    def money(self, name: str) -> Decimal:
        return Decimal(self.matching(name, _MONEY))

    def amount(self, name: str) -> Decimal:
        value = self.money(name)
        if value < 0:
            raise Malformed(name)
        return value

    def instant(self, name: str) -> int:
        value = self.get(name)
        found = parse_iso(value) if isinstance(value, str) else None
        if found is None:
            raise Malformed(name)
        return found

    def instant_or_none(self, name: str) -> int | None:
        return None if self.get(name) is None else self.instant(name)

    def decimal_or_none(self, name: str) -> Decimal | None:
        return None if self.get(name) is None else Decimal(self.matching(name, _DECIMAL))

    def level(self, name: str) -> Decimal | None:
        """MT5 writes 0 for no level."""
        value = self.decimal_or_none(name)
        return None if value == 0 else value

    def ticket_or_none(self, name: str) -> int | None:
        return None if self.get(name) is None else int(self.matching(name, _TICKET))

"""What the bridge's own guard is told, judges and does (domain.md 3.3, the bridge-local last resort).

Invariants: money, units and values of a unit are Decimals, and decimal text in the file; times in ms are UTC by the
cloud's clock.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any, Mapping, Sequence, Union

from .utc_text import iso_utc

Quotes = Mapping[str, tuple[str, str, int]]
"""Bid and ask as text and when they were quoted, by symbol."""


@dataclass(frozen=True)
class Close:
    """What was ordered to be closed, and from when on."""

    trip_id: str
    not_before_ms: int
    revocable: bool


@dataclass(frozen=True)
class GuardOrder:
    """By what the guard judges. `namespace`: the upper 24 bits of our magic numbers; `booked_to`: 0 for no deal."""

    version: int
    login: str
    server: str
    armed: bool
    scope: str
    namespace: int
    units: Decimal
    peak: Decimal
    balance: Decimal
    credit: Decimal
    booked_to: int
    trip_bps: int
    hard_bps: int
    equity_floor: Decimal | None
    warning_ms: int
    close: Close | None
    latched: bool
    #: As it came, for the file.
    said: dict[str, Any]

    def anchor(self) -> tuple[Decimal, Decimal, Decimal, Decimal, int]:
        """The figures that it states of the account."""
        return self.units, self.peak, self.balance, self.credit, self.booked_to


@dataclass(frozen=True)
class Held:
    """An open position."""

    ticket: int
    magic: int
    symbol: str
    side: str
    volume: Decimal
    profit: Decimal
    swap: Decimal

    @property
    def result(self) -> Decimal:
        """What it stands at, swap included."""
        return self.profit + self.swap


@dataclass(frozen=True)
class Working:
    """A working order."""

    ticket: int
    magic: int
    symbol: str


@dataclass(frozen=True)
class Booked:
    """A deal's type and money."""

    ticket: int
    type: str
    money: Decimal


@dataclass(frozen=True)
class Sample:
    """The terminal at one moment. `silent_ms`: for how long the cloud has not been heard; deals: all behind `booked_to`,
    and more of them, or one twice, do no harm.
    """

    at_ms: int
    silent_ms: int
    login: str
    server: str
    balance: Decimal
    credit: Decimal
    equity: Decimal
    positions: Sequence[Held]
    orders: Sequence[Working]
    deals: Sequence[Booked]
    quotes: Quotes
    #: False: some of it is no number, or the history is not whole yet, so that nothing can be concluded from money.
    is_readable: bool


@dataclass(frozen=True)
class CancelOrder:
    """Take back this working order."""

    ticket: int
    symbol: str


@dataclass(frozen=True)
class ClosePosition:
    """Close this position by a deal of this side."""

    ticket: int
    symbol: str
    side: str
    volume: Decimal
    deviation_points: int


Action = Union[CancelOrder, ClosePosition]


@dataclass(frozen=True)
class Breach:
    """Breaching samples in a row, how many of them, up to the last, were of the hard kind, when the last was, and the
    quotes of the losing symbols in the first.
    """

    samples: int
    hard: int
    cause: str
    at_ms: int
    quotes: Quotes


@dataclass(frozen=True)
class Tried:
    """How often something was tried in vain, and when it is tried again."""

    count: int
    next_ms: int


@dataclass(frozen=True)
class Flow:
    """A flow whose units were made, and at which value of a unit."""

    money: Decimal
    nav: Decimal


@dataclass(frozen=True)
class GuardState:
    """`told`: whether this phase was reported since it began. `nav`: value of a unit in the last sample that was judged
    with all its money explained. `drift`: money that no deal explains, in the last sample. `deals`: money of those behind
    `booked_to`, and whether it is a flow.
    """

    order: GuardOrder | None = None
    refused: str | None = None
    phase: str = "idle"
    cause: str | None = None
    trip_id: str | None = None
    since_ms: int | None = None
    told: bool = False
    units: Decimal = Decimal(0)
    peak: Decimal = Decimal(1)
    nav: Decimal | None = None
    deals: Mapping[int, tuple[Decimal, bool]] = field(default_factory=dict)
    flows: Mapping[int, Flow] = field(default_factory=dict)
    drift: Decimal = Decimal(0)
    unsettled_ms: int | None = None
    floor_off: bool = False
    equity: Decimal | None = None
    breach: Breach | None = None
    recovered: int = 0
    empty_samples: int = 0
    tries: Mapping[int, Tried] = field(default_factory=dict)


def plain(value: Decimal) -> str:
    """Decimal text without an exponent, trailing zeros or a negative zero."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def guard_report(state: GuardState) -> dict[str, Any]:
    """What the guard says of itself, as snapshots carry it."""
    return {
        "version": None if state.order is None else state.order.version,
        "phase": state.phase,
        "trip_id": state.trip_id,
        "since": None if state.since_ms is None else iso_utc(state.since_ms),
        "cause": state.cause,
        "equity": None if state.equity is None else plain(state.equity),
        "samples": 0 if state.breach is None else state.breach.samples,
        "refused": state.refused,
    }


def state_entry(state: GuardState) -> dict[str, Any]:
    """The state as JSON."""
    breach, order = state.breach, state.order
    return {
        **{name: getattr(state, name) for name in _PLAIN},
        **{name: plain(getattr(state, name)) for name in ("units", "peak", "drift")},
        **{name: _text_or_none(getattr(state, name)) for name in ("nav", "equity")},
        "order": None if order is None else order.said,
        "deals": {str(ticket): [plain(money), is_flow] for ticket, (money, is_flow) in state.deals.items()},
        "flows": {str(ticket): [plain(flow.money), plain(flow.nav)] for ticket, flow in state.flows.items()},
        "breach": None if breach is None else asdict(breach),
        "tries": {str(ticket): [tried.count, tried.next_ms] for ticket, tried in state.tries.items()},
    }


def lasting_part(state: GuardState) -> GuardState:
    """What a restart must find again: without the rest it only counts anew."""
    return replace(state, equity=None, nav=None, breach=None, recovered=0)


def state_of(entry: Any, order: GuardOrder | None) -> GuardState:
    """The state of an entry whose order has been read. Raises KeyError, TypeError, ValueError, ArithmeticError."""
    breach = entry["breach"]
    quotes = {} if breach is None else {name: (bid, ask, at) for name, (bid, ask, at) in breach["quotes"].items()}
    return GuardState(
        order=order,
        **{name: entry[name] for name in _PLAIN},
        **{name: Decimal(entry[name]) for name in ("units", "peak", "drift")},
        **{name: None if entry[name] is None else Decimal(entry[name]) for name in ("nav", "equity")},
        deals={int(ticket): (Decimal(money), bool(is_flow)) for ticket, (money, is_flow) in entry["deals"].items()},
        flows={int(ticket): Flow(Decimal(money), Decimal(nav)) for ticket, (money, nav) in entry["flows"].items()},
        breach=None if breach is None else Breach(**{**breach, "quotes": quotes}),
        tries={int(ticket): Tried(count, next_ms) for ticket, (count, next_ms) in entry["tries"].items()},
    )


_PLAIN = (
    *("refused", "phase", "cause", "trip_id", "since_ms", "told", "unsettled_ms", "floor_off"),
    *("recovered", "empty_samples"),
)


def _text_or_none(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)

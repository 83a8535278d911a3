"""The guard at the terminal: takes orders, looks when it is time, and closes what it must.

Invariants: the state that says so is on the disk before anything is sent, as far as the disk can be written; a close
names its position and has no more than its volume as it stands now, so that one sent twice opens nothing; what cannot be
read is never taken for an empty account.
"""
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Sequence

from . import mt5_names as names
from .append_log import LogBroken
from .bridge_log import Log
from .clock import SystemClock
from .cloud_clock import CloudClock
from .decimal_text import as_decimal
from .guard_machine import guard_acted, guard_ordered, guard_step, guard_told
from .guard_order import (
    Action,
    Booked,
    CancelOrder,
    ClosePosition,
    GuardOrder,
    GuardState,
    Held,
    Quotes,
    Sample,
    Working,
    guard_report,
    plain,
)
from .guard_pace import guard_met_ms, guard_rest_ms
from .guard_store import GuardStore
from .history import AHEAD_SECONDS, History
from .order_terms import GTC, deal_filling
from .preconditions import quoted_symbol
from .server_time import ServerTime
from .terminal import Terminal, TerminalError
from .utc_text import iso_utc
from .wire_rows import label, unsigned

#: No number of a command's: what a guard closes belongs to none.
_MAGIC, _COMMENT = 0, "csguard"
#: Brokers book some things late, under an earlier time.
_OVERLAP_MS = 48 * 3_600_000
_READINGS = 3
#: Others wait for the terminal meanwhile: what is left is done at the next look.
_PASS_MS = 4_000
_INVALID, _INVALID_FILL = 10013, 10030
_ZERO = Decimal(0)


class Guard:
    """The guard of whatever account the terminal is logged in to. To be used by whoever has the terminal's turn."""

    def __init__(
        self,
        terminal: Terminal,
        history: History,
        store: GuardStore,
        server_time: ServerTime,
        clock: SystemClock,
        cloud: CloudClock,
        log: Log,
    ) -> None:
        self._terminal = terminal
        self._history = history
        self._store = store
        self._time = server_time
        self._clock = clock
        self._cloud = cloud
        self._log = log
        self._heard_ms = clock.monotonic_ms()
        self._looked_ms = clock.monotonic_ms()
        #: The moment of an order that was looked at when it had come.
        self._met_ms: int | None = None

    def hear(self) -> None:
        """The cloud has just been heard."""
        self._heard_ms = self._clock.monotonic_ms()

    def take(self, order: GuardOrder) -> None:
        """Judges by this from now on, where it is for the account in the terminal. Raises TerminalError."""
        account = self._terminal.account()
        before = self._store.state
        state = guard_ordered(before, order, str(account.login), account.server)
        was, now = before.order, state.order
        is_new = now is not None and (was is None or was.anchor() != now.anchor() or was.login != now.login)
        self._keep(state, self._cloud.now_ms() if is_new else None)
        if now is not was:
            self._log("guard-ordered", version=order.version, armed=order.armed, closes=order.close is not None)
        elif state.refused is not None:
            self._log("guard-order-refused", version=order.version, cause=state.refused)

    def report(self) -> dict[str, Any]:
        """What it says of itself; from here on that has been told."""
        state = self._store.state
        if state.order is not None:
            self._keep(guard_told(state))
        return guard_report(state)

    def rest_ms(self) -> int:
        """For how long it may rest; zero: it is to look now."""
        since_ms = self._clock.monotonic_ms() - self._looked_ms
        return guard_rest_ms(self._store.state, self._cloud.now_ms(), since_ms, self._met_ms)

    def look(self) -> bool:
        """Looks at the terminal and does what is due; whether the cloud should hear of it at once. Raises
        TerminalError.
        """
        self._met_ms = guard_met_ms(self._store.state, self._cloud.now_ms(), self._met_ms)
        self._looked_ms = self._clock.monotonic_ms()
        order = self._store.state.order
        if order is None:
            return False
        self._terminal.connect()
        info = self._terminal.info()
        if not info.connected:
            return False
        before = self._store.state
        step = guard_step(before, self._sample(order))
        self._keep(step.state)
        if step.state.phase != before.phase:
            self._log("guard", phase=step.state.phase, cause=step.state.cause, trip_id=step.state.trip_id)
        started_ms = self._clock.monotonic_ms()
        for action in step.actions:
            if self._clock.monotonic_ms() - started_ms < _PASS_MS:
                self._act(action)
        return step.is_urgent

    def _sample(self, order: GuardOrder) -> Sample:
        """Reads until nothing moved meanwhile, a few times at most; the last reading counts."""
        for _ in range(_READINGS):
            before = self._terminal.positions()
            sample = self._read(order)
            now = self._terminal.positions()
            if [(row.ticket, row.volume) for row in before] == [(row.ticket, row.volume) for row in now]:
                break
        return sample

    def _read(self, order: GuardOrder) -> Sample:
        orders, deals = self._terminal.orders(), self._deals()
        account, positions = self._terminal.account(), self._terminal.positions()
        sample = Sample(
            at_ms=self._cloud.now_ms(),
            silent_ms=self._clock.monotonic_ms() - self._heard_ms,
            login=str(account.login),
            server=account.server,
            balance=_ZERO,
            credit=_ZERO,
            equity=_ZERO,
            positions=[_held(row) for row in positions],
            orders=[Working(row.ticket, row.magic, row.symbol) for row in orders],
            deals=[],
            quotes=self._quotes({row.symbol for row in positions}),
            is_readable=False,
        )
        try:
            booked = [_booked(row) for row in deals if row.ticket > order.booked_to]
            figures = {name: as_decimal(getattr(account, name)) for name in ("balance", "credit", "equity")}
            for row in positions:
                as_decimal(row.profit + row.swap)
        except ValueError:
            return sample
        is_whole = self._history.is_whole(account, is_connected=True)
        return replace(sample, **figures, deals=booked, is_readable=is_whole)

    def _deals(self) -> Sequence[Any]:
        begin_ms = max(0, self._time.to_server_ms(self._store.anchored_ms - _OVERLAP_MS))
        return self._terminal.history_deals(begin_ms // 1000, self._cloud.now_ms() // 1000 + 2 * AHEAD_SECONDS)

    def _quotes(self, symbols: set[str]) -> Quotes:
        quotes: dict[str, tuple[str, str, int]] = {}
        for name in sorted(symbols):
            try:
                quote = self._terminal.symbol(name)
            except TerminalError as error:
                if error.is_broken_connection:
                    raise
                continue
            quotes[name] = (str(quote.bid), str(quote.ask), quote.time * 1000)
        return quotes

    def _act(self, action: Action) -> None:
        request = self._cancel(action) if isinstance(action, CancelOrder) else self._close(action)
        said: dict[str, Any] = {"retcode": request} if isinstance(request, int) else self._sent(request)
        result = {
            "at": iso_utc(self._cloud.now_ms()),
            "trip_id": self._store.state.trip_id,
            "kind": "cancel" if isinstance(action, CancelOrder) else "close",
            "ticket": unsigned(action.ticket),
            "symbol": action.symbol,
            **said,
        }
        self._log("guard-acted", **result)
        try:
            self._store.keep_result(result)
        except LogBroken as cause:
            self._log("guard-journal-broken", cause=str(cause))
        self._keep(guard_acted(self._store.state, action.ticket, said["retcode"], self._cloud.now_ms()))

    def _keep(self, state: GuardState, anchored_ms: int | None = None) -> None:
        """What the disk does not take this process knows all the same: nobody is left unguarded because of it."""
        try:
            self._store.put(state, anchored_ms)
        except LogBroken as cause:
            self._log("guard-journal-broken", cause=str(cause))

    def _cancel(self, action: CancelOrder) -> dict[str, Any]:
        return {"action": names.ACTION_REMOVE, "order": action.ticket}

    def _close(self, action: ClosePosition) -> dict[str, Any] | int:
        """The request, by the position as it stands now, or the return code of why there is none."""
        position = next(iter(self._terminal.positions(ticket=action.ticket)), None)
        if position is None:
            return names.RETCODE_POSITION_CLOSED
        symbol = quoted_symbol(position.symbol, self._terminal)
        if symbol is None:
            return _INVALID
        filling = deal_filling(symbol, None)
        if filling is None:
            return _INVALID_FILL
        is_long = names.POSITION_TYPES[position.type] == "buy"
        return {
            "action": names.ACTION_DEAL,
            "symbol": position.symbol,
            "type": names.ORDER_TYPES.index("sell" if is_long else "buy"),
            "position": position.ticket,
            # What is more than the broker takes at once goes on with the next look.
            "volume": min(position.volume, symbol.volume_max),
            "price": symbol.bid if is_long else symbol.ask,
            "deviation": action.deviation_points,
            "type_filling": filling,
            "type_time": GTC,
            "magic": _MAGIC,
            "comment": _COMMENT,
        }

    def _sent(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._terminal.send(request)
        except TerminalError as error:
            words = f"order_send: {error.code} {error.words}"
            return {"retcode": _INVALID if error.is_refused_argument else None, "reason": words[:300]}
        return {
            "retcode": answer.retcode,
            "order": unsigned(answer.order) if answer.order else None,
            "deal": unsigned(answer.deal) if answer.deal else None,
            "price": plain(as_decimal(answer.price)) if answer.price else None,
            "volume": plain(as_decimal(answer.volume)) if answer.volume else None,
            "broker_comment": label(answer.comment),
        }


def _held(row: Any) -> Held:
    return Held(
        ticket=row.ticket,
        magic=row.magic,
        symbol=row.symbol,
        side=names.POSITION_TYPES[row.type],
        volume=_number(row.volume),
        profit=_number(row.profit),
        swap=_number(row.swap),
    )


def _booked(row: Any) -> Booked:
    money = sum((as_decimal(amount) for amount in (row.profit, row.swap, row.commission, row.fee)), _ZERO)
    return Booked(row.ticket, names.name_of(names.DEAL_TYPES, row.type, "type"), money)


def _number(value: float) -> Decimal:
    """A figure that is none closes in no order; what follows from money, its sample does not say."""
    try:
        return as_decimal(value)
    except ValueError:
        return _ZERO

"""The one MetaTrader 5 terminal of this process, through the official `MetaTrader5` package: the only file that
calls it.

Invariants: one caller at a time; `last_error`, which is one for the whole process, is read right after the call
that it is about; None, which is how the package says that a call failed, never becomes an empty list.
"""
from __future__ import annotations

import importlib
from typing import Any, Callable, Sequence

from .mt5_names import ERROR_INVALID_PARAMS, EXPECTED_CONSTANTS, HIGHEST_IPC_ERROR, LOWEST_IPC_ERROR

_CONNECT_MS = 30_000


class TerminalError(Exception):
    """A call that failed, with the package's own code and words."""

    def __init__(self, call: str, code: int, words: str) -> None:
        super().__init__(f"{call}: {code} {words}")
        self.call = call
        self.code = code
        self.words = words

    @property
    def is_refused_argument(self) -> bool:
        """Whether the package turned the arguments down itself, so that the terminal never saw them."""
        return self.code == ERROR_INVALID_PARAMS

    @property
    def is_broken_connection(self) -> bool:
        """Whether the connection between the package and the terminal failed."""
        return LOWEST_IPC_ERROR <= self.code <= HIGHEST_IPC_ERROR


class WrongPackage(Exception):
    """A `MetaTrader5` package whose constants are not the ones this bridge was written for."""


def load_package() -> Any:
    """The package, which exists on Windows alone. Raises ImportError, WrongPackage."""
    package = importlib.import_module("MetaTrader5")
    wrong = [name for name, number in EXPECTED_CONSTANTS.items() if getattr(package, name, number) != number]
    if wrong:
        raise WrongPackage(", ".join(wrong))
    return package


class Terminal:
    """Reads from the terminal and sends to it. Every call raises TerminalError where the package answers None."""

    def __init__(self, package: Any, path: str | None, portable: bool) -> None:
        self._package = package
        self._path = path
        self._portable = portable
        self._is_connected = False
        #: Counts connections to the terminal: what was true of its history before may not be true after.
        self.connection = 0

    def connect(self) -> None:
        """Connects to the terminal, and starts it where it does not run. It logs in with what its user left there."""
        if self._is_connected:
            return
        arguments = [self._path] if self._path is not None else []
        options = {"timeout": _CONNECT_MS, "portable": self._portable}
        self._call("initialize", *arguments, **options, failed=lambda done: done is not True)
        self._is_connected = True
        self.connection += 1

    def disconnect(self) -> None:
        """Lets go of the terminal, which goes on running."""
        self._is_connected = False
        self._package.shutdown()

    def info(self) -> Any:
        """The terminal itself: whether it is connected to its broker, and lets programs trade."""
        return self._call("terminal_info")

    def account(self) -> Any:
        """The account that it is logged in to."""
        return self._call("account_info")

    def positions(self, ticket: int | None = None) -> Sequence[Any]:
        """Open positions, or those under one ticket."""
        return self._rows("positions_get", ticket)

    def orders(self, ticket: int | None = None) -> Sequence[Any]:
        """Working orders, or those under one ticket."""
        return self._rows("orders_get", ticket)

    def history_orders(self, from_seconds: int, to_seconds: int) -> Sequence[Any]:
        """Ended orders, both ends in server time."""
        return self._call("history_orders_get", from_seconds, to_seconds)

    def history_deals(self, from_seconds: int, to_seconds: int) -> Sequence[Any]:
        """Deals, both ends in server time."""
        return self._call("history_deals_get", from_seconds, to_seconds)

    def history_totals(self, from_seconds: int, to_seconds: int) -> tuple[int, int]:
        """How many ended orders and deals there are."""
        orders = self._call("history_orders_total", from_seconds, to_seconds)
        return orders, self._call("history_deals_total", from_seconds, to_seconds)

    def symbols(self) -> Sequence[Any]:
        """Every symbol of the server, with its quote."""
        return self._call("symbols_get")

    def symbol(self, name: str) -> Any:
        """One symbol with its quote."""
        return self._call("symbol_info", name)

    def select(self, name: str) -> Any:
        """Puts a symbol into the Market Watch, without which it has no quotes."""
        return self._call("symbol_select", name, True, failed=lambda done: done is not True)

    def margin(self, order_type: int, symbol: str, volume: float, price: float) -> float:
        """Margin of such a trade, in the account's currency."""
        return self._call("order_calc_margin", order_type, symbol, volume, price)

    def bars_in(self, symbol: str, timeframe: int, from_seconds: int, to_seconds: int) -> Sequence[Any]:
        """Bars that begin within, both ends included and in server time."""
        return self._call("copy_rates_range", symbol, timeframe, from_seconds, to_seconds)

    def bars_until(self, symbol: str, timeframe: int, to_seconds: int, count: int) -> Sequence[Any]:
        """The newest bars that begin at a server time or before."""
        return self._call("copy_rates_from", symbol, timeframe, to_seconds, count)

    def check(self, request: dict[str, Any]) -> Any:
        """What the terminal thinks of a trade request; nothing is sent."""
        return self._call("order_check", request)

    def send(self, request: dict[str, Any]) -> Any:
        """Sends a trade request. A TerminalError leaves open whether it was executed, but for refused arguments."""
        return self._call("order_send", request)

    def _rows(self, name: str, ticket: int | None) -> Any:
        return self._call(name) if ticket is None else self._call(name, ticket=ticket)

    def _call(
        self,
        name: str,
        *arguments: Any,
        failed: Callable[[Any], bool] = lambda answer: answer is None,
        **options: Any,
    ) -> Any:
        try:
            answer = getattr(self._package, name)(*arguments, **options)
        except Exception as cause:
            raise self._lost(TerminalError(name, HIGHEST_IPC_ERROR, type(cause).__name__)) from cause
        if failed(answer):
            raise self._lost(TerminalError(name, *self._last_error()))
        return answer

    def _last_error(self) -> tuple[int, str]:
        try:
            code, words = self._package.last_error()
            return int(code), str(words)
        except Exception as cause:
            return HIGHEST_IPC_ERROR, type(cause).__name__

    def _lost(self, error: TerminalError) -> TerminalError:
        if error.is_broken_connection:
            self._is_connected = False
        return error

"""The symbols of the terminal's Market Watch. Asking for all of a broker's, which may be thousands, is slow, so that is
done now and then; the quotes of those that are shown are asked for one by one.
"""
from __future__ import annotations

from typing import Any, Iterable

from .clock import SystemClock
from .terminal import Terminal, TerminalError

_LIST_AGAIN_MS = 300_000
#: What one reply has room for.
MAX_SYMBOLS = 500
#: The protocol's decimals end there.
_MAX_DIGITS = 8


class MarketWatch:
    """Which symbols are shown, and what the terminal says of each."""

    def __init__(self, terminal: Terminal, clock: SystemClock) -> None:
        self._terminal = terminal
        self._clock = clock
        self._shown: list[str] = []
        self._listed: tuple[int, int] | None = None

    def symbols(self, also: Iterable[str]) -> list[Any]:
        """Every shown symbol and those of `also`, each with a quote; what the terminal does not know is left out."""
        found = []
        for name in dict.fromkeys([*also, *self._names()]):
            info = self._info(name)
            if info is not None and info.time > 0 and info.bid > 0 and info.ask > 0 and info.digits <= _MAX_DIGITS:
                found.append(info)
        return found[:MAX_SYMBOLS]

    def digits_of(self, name: str) -> int:
        """Places of a symbol's prices; 0 where the terminal does not know it."""
        info = self._info(name) if name else None
        return 0 if info is None else info.digits

    def _names(self) -> list[str]:
        now_ms = self._clock.monotonic_ms()
        listed = self._listed
        is_fresh = listed is not None and listed[1] == self._terminal.connection
        if listed is None or not is_fresh or now_ms - listed[0] >= _LIST_AGAIN_MS:
            try:
                self._shown = [info.name for info in self._terminal.symbols() if info.visible]
                self._listed = (now_ms, self._terminal.connection)
            except TerminalError:
                # Those of before still have quotes.
                pass
        return self._shown

    def _info(self, name: str) -> Any:
        try:
            return self._terminal.symbol(name)
        except TerminalError:
            return None

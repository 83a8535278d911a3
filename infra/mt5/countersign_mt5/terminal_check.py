"""What somebody who installs a bridge wants to see first: which terminal, which account, and whether the clocks
agree.
"""
from __future__ import annotations

from typing import Any

from .clock import SystemClock
from .clock_offset import ClockOffset
from .mt5_names import ACCOUNT_TRADE_MODES, MARGIN_MODES, name_of
from .server_time import ServerTime
from .terminal import Terminal

_LOOKS = 6
_PAUSE_MS = 1_000


def terminal_check(terminal: Terminal, server_time: ServerTime, clock: SystemClock) -> dict[str, Any]:
    """Facts to print; watches the quotes for some seconds to measure the server's clock. Raises TerminalError."""
    terminal.connect()
    info, account = terminal.info(), terminal.account()
    offset = ClockOffset()
    shown: list[Any] = []
    for look in range(_LOOKS):
        if look > 0:
            clock.sleep_ms(_PAUSE_MS)
        shown = [symbol for symbol in terminal.symbols() if symbol.visible]
        now_ms = clock.now_ms()
        offset.look([symbol.time * 1000 for symbol in shown], now_ms, server_time.offset_ms(now_ms))
        if offset.measured_ms is not None:
            break
    return {
        "terminal_build": info.build,
        "connected": bool(info.connected),
        "programs_may_trade": bool(info.trade_allowed and not info.tradeapi_disabled and account.trade_expert),
        "login": str(account.login),
        "server": account.server,
        "currency": account.currency,
        "margin_mode": name_of(MARGIN_MODES, account.margin_mode, "mode"),
        "trade_mode": name_of(ACCOUNT_TRADE_MODES, account.trade_mode, "mode"),
        "symbols_shown": [symbol.name for symbol in shown],
        "server_tz": server_time.zone,
        "server_offset_seconds": server_time.offset_ms(clock.now_ms()) // 1000,
        "measured_offset_seconds": None if offset.measured_ms is None else offset.measured_ms // 1000,
    }

"""MetaTrader 5's numbers and what the protocol calls them (MQL5 reference; domain.md 1.1 to 1.4)."""
from __future__ import annotations

from typing import Sequence

MARGIN_MODES = ("netting", "exchange", "hedging")
ACCOUNT_TRADE_MODES = ("demo", "contest", "real")
SYMBOL_TRADE_MODES = ("disabled", "long_only", "short_only", "close_only", "full")
EXECUTIONS = ("request", "instant", "market", "exchange")
POSITION_TYPES = ("buy", "sell")
ORDER_TYPES = (
    "buy",
    "sell",
    "buy_limit",
    "sell_limit",
    "buy_stop",
    "sell_stop",
    "buy_stop_limit",
    "sell_stop_limit",
    "close_by",
)
ORDER_STATES = (
    "started",
    "placed",
    "canceled",
    "partial",
    "filled",
    "rejected",
    "expired",
    "request_add",
    "request_modify",
    "request_cancel",
)
FILLINGS = ("fok", "ioc", "return", "boc")
TIME_TYPES = ("gtc", "day", "specified", "specified_day")
DEAL_TYPES = (
    "buy",
    "sell",
    "balance",
    "credit",
    "charge",
    "correction",
    "bonus",
    "commission",
    "commission_daily",
    "commission_monthly",
    "agent_daily",
    "agent_monthly",
    "interest",
    "buy_canceled",
    "sell_canceled",
    "dividend",
    "dividend_franked",
    "tax",
)
DEAL_ENTRIES = ("in", "out", "inout", "out_by")
REASONS = (
    "client",
    "mobile",
    "web",
    "expert",
    "sl",
    "tp",
    "so",
    "rollover",
    "vmargin",
    "split",
    "corporate_action",
)
#: Types of deals that trade: on all others MT5 writes an entry that means nothing.
TRADING_DEALS = ("buy", "sell", "buy_canceled", "sell_canceled")

ACTION_DEAL, ACTION_PENDING, ACTION_SLTP, ACTION_MODIFY, ACTION_REMOVE, ACTION_CLOSE_BY = 1, 5, 6, 7, 8, 10
TIMEFRAME_NUMBERS = {"M1": 1, "M5": 5, "M15": 15, "M30": 30, "H1": 0x4001, "H4": 0x4004, "D1": 0x4018}

RETCODE_PLACED, RETCODE_DONE, RETCODE_DONE_PARTIAL, RETCODE_NO_CHANGES = 10008, 10009, 10010, 10025
RETCODE_NO_MONEY, RETCODE_INVALID_ORDER, RETCODE_POSITION_CLOSED = 10019, 10035, 10036
ACCEPTED = (RETCODE_PLACED, RETCODE_DONE, RETCODE_DONE_PARTIAL, RETCODE_NO_CHANGES)
#: What the server may have done all the same: an error of processing, a timeout, a lost connection.
AMBIGUOUS = (10011, 10012, 10031)
#: What `order_check` answers to a request that it finds good.
CHECK_PASSED = (0, RETCODE_PLACED, RETCODE_DONE)

#: `last_error` codes: arguments that the package itself refuses, and a broken connection to the terminal.
ERROR_INVALID_PARAMS = -2
LOWEST_IPC_ERROR, HIGHEST_IPC_ERROR = -10_005, -10_000

#: Constants of the package that this bridge counts on, under the package's own names.
EXPECTED_CONSTANTS: dict[str, int] = {
    "TRADE_ACTION_DEAL": ACTION_DEAL,
    "TRADE_ACTION_PENDING": ACTION_PENDING,
    "TRADE_ACTION_SLTP": ACTION_SLTP,
    "TRADE_ACTION_MODIFY": ACTION_MODIFY,
    "TRADE_ACTION_REMOVE": ACTION_REMOVE,
    "TRADE_ACTION_CLOSE_BY": ACTION_CLOSE_BY,
    **{f"ORDER_TYPE_{name.upper()}": number for number, name in enumerate(ORDER_TYPES)},
    **{f"ORDER_STATE_{name.upper()}": number for number, name in enumerate(ORDER_STATES)},
    **{f"ORDER_FILLING_{name.upper()}": number for number, name in enumerate(FILLINGS)},
    **{f"ORDER_TIME_{name.upper()}": number for number, name in enumerate(TIME_TYPES)},
    **{f"DEAL_ENTRY_{name.upper()}": number for number, name in enumerate(DEAL_ENTRIES)},
    **{f"DEAL_TYPE_{name.upper()}": number for number, name in enumerate(DEAL_TYPES)},
    **{f"TIMEFRAME_{name}": number for name, number in TIMEFRAME_NUMBERS.items()},
    "TRADE_RETCODE_PLACED": RETCODE_PLACED,
    "TRADE_RETCODE_DONE": RETCODE_DONE,
    "TRADE_RETCODE_DONE_PARTIAL": RETCODE_DONE_PARTIAL,
    "TRADE_RETCODE_NO_CHANGES": RETCODE_NO_CHANGES,
    "TRADE_RETCODE_NO_MONEY": RETCODE_NO_MONEY,
    "TRADE_RETCODE_INVALID_ORDER": RETCODE_INVALID_ORDER,
    "TRADE_RETCODE_POSITION_CLOSED": RETCODE_POSITION_CLOSED,
}


def name_of(names: Sequence[str], number: int, kind: str) -> str:
    """The protocol's word for a number; `kind_<number>` for one that a later terminal may bring."""
    return names[number] if 0 <= number < len(names) else f"{kind}_{number}"


def names_in_mask(names: Sequence[str], mask: int) -> list[str]:
    """The words whose bits are set, the lowest bit first."""
    return [name for bit, name in enumerate(names) if mask & (1 << bit)]

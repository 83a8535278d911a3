"""How an order may be filled and how long it may live, as its symbol allows (domain.md 1.3).

Invariant: an order never lives longer than was asked: where a symbol does not take the wanted end, an earlier one is
taken, or the order is refused.
"""
from __future__ import annotations

from typing import Any

from .mt5_names import EXECUTIONS, FILLINGS, TIME_TYPES
from .server_time import DAY_MS, ServerTime

FOK, IOC, RETURN, BOC = range(len(FILLINGS))
GTC, DAY, SPECIFIED, SPECIFIED_DAY = range(len(TIME_TYPES))


def deal_filling(symbol: Any, asked: str | None) -> int | None:
    """Filling of a market order; None where the symbol allows none, or not the one asked for.

    What cannot be filled at once must not go on working, so RETURN is the last resort, and never where the execution is
    at market, which does not take it. Request and instant execution fill whole or not at all whatever the mask says.
    """
    execution = EXECUTIONS[symbol.trade_exemode] if 0 <= symbol.trade_exemode < len(EXECUTIONS) else ""
    at_price = execution in ("request", "instant")
    allowed = [filling for filling in (IOC, FOK) if symbol.filling_mode & (1 << filling)]
    if at_price and FOK not in allowed:
        # The mask's bits are FOK 1 and IOC 2, in the order of the fillings' own numbers.
        allowed.append(FOK)
    if execution == "exchange":
        allowed.append(RETURN)
    if asked is not None:
        return FILLINGS.index(asked) if FILLINGS.index(asked) in allowed else None
    return allowed[0] if allowed else None


def pending_filling(symbol: Any, kind: str, asked: str | None) -> int | None:
    """Filling of a pending order: RETURN always, BOC for limits alone, the others where the symbol has them."""
    if asked is None or asked == "return":
        return RETURN
    if asked == "boc":
        return BOC if kind.endswith("_limit") and symbol.filling_mode & 4 else None
    filling = FILLINGS.index(asked)
    return filling if symbol.filling_mode & (1 << filling) else None


def lifetime(
    symbol: Any, wanted_ms: int | None, asked: str | None, server_time: ServerTime, now_ms: int
) -> tuple[int, int] | None:
    """`type_time` and `expiration` (seconds of server time, 0: none) of a pending order that is to end at `wanted_ms`
    at the latest, or when it is cancelled; None where the symbol allows nothing of the kind.
    """
    allowed = [kind for kind in range(len(TIME_TYPES)) if symbol.expiration_mode & (1 << kind)]
    if asked is not None:
        allowed = [kind for kind in allowed if TIME_TYPES[kind] == asked]
    if wanted_ms is None:
        for kind in (GTC, DAY):
            # A day order ends by itself, and is taken for one without an end only where that was said.
            if kind in allowed and (kind == GTC or asked == "day"):
                return kind, 0
        return None
    wanted = server_time.to_server_ms(wanted_ms)
    now = server_time.to_server_ms(now_ms)
    if wanted <= now:
        return None
    if SPECIFIED in allowed:
        return SPECIFIED, wanted // 1000
    # Both end with a server day: the last one that ends by the wanted time, and is not over.
    day_end = (wanted + 1000) // DAY_MS * DAY_MS
    if day_end <= now:
        return None
    if SPECIFIED_DAY in allowed:
        return SPECIFIED_DAY, day_end // 1000 - 1
    # That is today's end or a later one, and a day order ends with today.
    return (DAY, 0) if DAY in allowed else None

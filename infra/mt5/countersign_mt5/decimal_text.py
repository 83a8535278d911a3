"""Numbers of the terminal, which are doubles, as the decimal text that they stand for.

Invariants: a number that the broker keeps at `digits` places comes out with exactly those; what really is finer (an
average price) keeps up to eight places; the noise of binary fractions beyond 15 significant digits never shows.
"""
from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

MAX_PLACES = 8
_STEP = Decimal(1).scaleb(-MAX_PLACES)


def decimal_text(value: float, digits: int = 0) -> str:
    """A double as plain decimal text with at least `digits` places, at most eight. ValueError where it is no number."""
    number = as_decimal(value)
    places = min(max(digits, _places(number)), MAX_PLACES)
    text = f"{number:.{places}f}"
    return text[1:] if text.startswith("-") and not any(c in "123456789" for c in text) else text


def text_or_none(value: float, digits: int) -> str | None:
    """The same for levels, where MT5 writes 0 for none."""
    return None if value == 0 else decimal_text(value, digits)


def as_decimal(value: float) -> Decimal:
    """A double as the decimal number that it stands for, at most eight places. ValueError where it is no number."""
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    try:
        return Decimal(f"{value:.15g}").quantize(_STEP, rounding=ROUND_HALF_EVEN)
    except InvalidOperation as cause:
        raise ValueError("a number that is too large") from cause


def _places(number: Decimal) -> int:
    _, _, fraction = f"{number:f}".partition(".")
    return len(fraction.rstrip("0"))

"""The trade server's wall clock. MT5 stamps everything with it, written as if it were UTC (domain.md 1.5).

Two rules are common: New York time plus seven hours (`NY+7`, which changes on American dates) and Eastern European Time
(which changes on European ones); in some weeks of a year they are an hour apart. Both are calculated here, because
Python on Windows has no time zone data of its own; other IANA zones come from `zoneinfo`, fixed offsets are `+02:00`.

Invariant: to_utc_ms(to_server_ms(t)) = t, except in the hour that a clock repeats in autumn, of which MT5 keeps no
trace: there the first pass is taken.
"""
from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIXED = re.compile(r"([+-])(0[0-9]|1[0-4]):([0-5][0-9])")
_OffsetRule = Callable[[int], int]

#: Standard offsets in hours of the zones that brokers name and that follow the European Union's dates (since 1996).
EUROPEAN_ZONES = {
    "EET": 2,
    "Europe/Athens": 2,
    "Europe/Helsinki": 2,
    "Europe/Sofia": 2,
    "CET": 1,
    "Europe/Berlin": 1,
    "Europe/London": 0,
}


class UnknownZone(ValueError):
    """A zone that is neither `NY+7`, nor a fixed offset, nor known to this Python."""


class ServerTime:
    """Converts between UTC and the wall clock of one broker's server; all in milliseconds since 1970."""

    def __init__(self, zone: str) -> None:
        """`zone`: `NY+7`, `+02:00`, or an IANA name. Raises UnknownZone on anything else."""
        self.zone = zone
        self._offset = _rule(zone)

    def offset_ms(self, utc_ms: int) -> int:
        """How far the server's clock is ahead of UTC at an instant."""
        return self._offset(utc_ms)

    def to_server_ms(self, utc_ms: int) -> int:
        """What the server's clock shows at an instant."""
        return utc_ms + self._offset(utc_ms)

    def to_utc_ms(self, server_ms: int) -> int:
        """The instant at which the server's clock showed this; a time that it skipped counts as before the skip."""
        before = self._offset(server_ms - DAY_MS)
        after = self._offset(server_ms + DAY_MS)
        for utc_ms in sorted((server_ms - before, server_ms - after)):
            if utc_ms + self._offset(utc_ms) == server_ms:
                return utc_ms
        return server_ms - before


def _rule(zone: str) -> _OffsetRule:
    if zone == "NY+7":
        return lambda utc_ms: (2 + _in_summer(utc_ms, _american_summer)) * HOUR_MS
    if zone in EUROPEAN_ZONES:
        standard = EUROPEAN_ZONES[zone]
        return lambda utc_ms: (standard + _in_summer(utc_ms, _european_summer)) * HOUR_MS
    fixed = _FIXED.fullmatch(zone)
    if fixed is not None:
        size = int(fixed[2]) * HOUR_MS + int(fixed[3]) * 60_000
        ahead_ms = -size if fixed[1] == "-" else size
        return lambda utc_ms: ahead_ms
    return _by_zoneinfo(zone)


def _by_zoneinfo(zone: str) -> _OffsetRule:
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise UnknownZone(zone) from cause

    def offset(utc_ms: int) -> int:
        shift = (_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(info).utcoffset()
        return 0 if shift is None else shift // timedelta(milliseconds=1)

    return offset


def _in_summer(utc_ms: int, summer_of: Callable[[int], tuple[int, int]]) -> int:
    first, last = summer_of((_EPOCH + timedelta(milliseconds=utc_ms)).year)
    return 1 if first <= utc_ms < last else 0


@lru_cache(maxsize=256)
def _american_summer(year: int) -> tuple[int, int]:
    """New York: 02:00 on the wall, so 07:00 UTC in spring and 06:00 UTC in autumn (Energy Policy Act of 2005)."""
    if year >= 2007:
        return _sunday(year, 3, 2) + 7 * HOUR_MS, _sunday(year, 11, 1) + 6 * HOUR_MS
    spring = _sunday(year, 4, 1) if year >= 1987 else _last_sunday(year, 4)
    return spring + 7 * HOUR_MS, _last_sunday(year, 10) + 6 * HOUR_MS


@lru_cache(maxsize=256)
def _european_summer(year: int) -> tuple[int, int]:
    """The whole Union at 01:00 UTC (Directive 2000/84/EC)."""
    return _last_sunday(year, 3) + HOUR_MS, _last_sunday(year, 10) + HOUR_MS


def _sunday(year: int, month: int, number: int) -> int:
    first = (6 - calendar.weekday(year, month, 1)) % 7 + 1
    return _midnight(year, month, first + 7 * (number - 1))


def _last_sunday(year: int, month: int) -> int:
    last = calendar.monthrange(year, month)[1]
    return _midnight(year, month, last - (calendar.weekday(year, month, last) + 1) % 7)


def _midnight(year: int, month: int, day: int) -> int:
    return calendar.timegm((year, month, day, 0, 0, 0)) * 1000

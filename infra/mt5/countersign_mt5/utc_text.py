"""Instants as text: ISO 8601 in UTC with milliseconds, as every time of the protocol is written."""
from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)


def iso_utc(utc_ms: int) -> str:
    """Milliseconds since 1970 as `2026-03-02T10:00:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=utc_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def parse_iso(text: str) -> int | None:
    """Milliseconds since 1970 of a time with `Z` or an offset; None where it is none. Finer digits are cut."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=timezone.utc
        )
    except ValueError:
        return None
    whole = (moment - _EPOCH) // timedelta(milliseconds=1)
    return whole + int((fraction or "0").ljust(3, "0")[:3]) - _offset_ms(zone)


def _offset_ms(zone: str) -> int:
    if zone == "Z":
        return 0
    size = (int(zone[1:3]) * 60 + int(zone[4:6])) * 60_000
    return -size if zone[0] == "-" else size

"""ISO 8601 text, exactly as far as the filter language reads it (spec section 4).

`YYYY-MM-DD` is a date, `YYYY-MM-DDThh:mm[:ss[.fraction]][Z|±hh:mm|±hhmm]` a date-time (a space may stand for `T`; `t` and `z` may be small);
`--MM-DD` is a month-day. Nothing else is any of them. What an absent offset means is not decided here.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

__all__ = ["IsoDateTime", "is_month_day", "parse", "parse_month_day"]

_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_ISO = re.compile(
    _DATE + r"(?:[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?([Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?",
    re.ASCII,
)
_MONTH_DAY = re.compile(r"--(\d\d)-(\d\d)", re.ASCII)
_LEAP_YEAR = 2000

IsoDateTime = tuple[datetime, timedelta | None]
"""A wall-clock time (naive) and its offset from UTC, None when the text has none."""


def parse(text: str) -> date | IsoDateTime | None:
    """Read `text` as a date or a date-time; None when it is neither.

    Digits past the microsecond are cut.

    >>> parse("2026-02-29") is None
    True
    >>> parse("2026-02-28 07:30+0530")
    (datetime.datetime(2026, 2, 28, 7, 30), datetime.timedelta(seconds=19800))
    """
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        if hour is None:
            return date(int(year), int(month), int(day))
        microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
        wall = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microsecond)  # noqa: DTZ001 - the offset stands apart
    except ValueError:  # 30 February, year 0000
        return None
    return wall, _offset(zone)


def _offset(zone: str | None) -> timedelta | None:
    if zone is None:
        return None
    if zone in "Zz":
        return timedelta(0)
    distance = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -distance if zone[0] == "-" else distance


def parse_month_day(text: str) -> tuple[int, int] | None:
    """Read `--MM-DD` as (month, day); None when it is none. 29 February is one."""
    found = _MONTH_DAY.fullmatch(text)
    return _month_day(int(found[1]), int(found[2])) if found else None


def is_month_day(month: int, day: int) -> bool:
    """Whether some year has this day."""
    return _month_day(month, day) is not None


def _month_day(month: int, day: int) -> tuple[int, int] | None:
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        return None
    return month, day

"""ISO 8601 text, exactly as far as the filter language reads it (spec section 4).

`YYYY-MM-DD` is a date, `YYYY-MM-DDThh:mm[:ss[.fraction]][Z|±hh:mm|±hhmm]` a date-time (a space may stand for `T`; `t` and `z` may be small);
`--MM-DD` is a month-day. Nothing else is any of them. What an absent offset means is not decided here.
"""

from __future__ import annotations

import re
from datetime import date, datetime

__all__ = ["parse", "parse_month_day"]

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:[Tt ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?",
    re.ASCII,
)
_DATE = len("YYYY-MM-DD")
_MONTH_DAY = re.compile(r"--(\d\d)-(\d\d)", re.ASCII)
_LEAP_YEAR = 2000


def parse(text: str) -> date | datetime | None:
    """Read `text` as a date or a date-time, aware when it has an offset; None when it is neither.

    Digits past the microsecond are cut.

    >>> parse("2026-02-29") is None
    True
    >>> parse("2026-02-28 07:30+0530").isoformat()
    '2026-02-28T07:30:00+05:30'
    """
    if text[4:5] != "-" or _ISO.fullmatch(text) is None:  # most texts are told by one letter
        return None
    try:
        # What matches is in the form that the standard library reads, small z aside.
        return date.fromisoformat(text) if len(text) == _DATE else datetime.fromisoformat(text.replace("z", "Z"))
    except ValueError:  # 30 February, year 0000
        return None


def parse_month_day(text: str) -> tuple[int, int] | None:
    """Read `--MM-DD` as (month, day); None when it is none. 29 February is one."""
    found = _MONTH_DAY.fullmatch(text) if text.startswith("--") else None
    if found is None:
        return None
    month, day = int(found[1]), int(found[2])
    try:
        date(_LEAP_YEAR, month, day)
    except ValueError:
        return None
    return month, day

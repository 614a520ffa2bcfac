"""Operands: what may stand to the right of an operator, mostly of the type that the attribute has."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from segmentation.language.operators import WHOLE_RANGES, Operand, Operator, Takes
from segmentation.testing.strategies.choices import Choices
from segmentation.testing.strategies.pools import DAYS, GRID, MONTH_DAYS, NUMBER_TEXTS, NUMBERS, OFFSETS, TEXTS, TIMES, WHOLES

__all__ = ["an_operand", "equality_operand", "far_from_the_ends", "json_text", "one_value", "some_date_time"]


def json_text(number: float) -> str:
    """A number as JSON writes it."""
    return json.dumps(number)


def some_date_time(choices: Choices, day: date) -> str:
    """ISO text of some time of a day."""
    return day.isoformat() + choices.pick(TIMES) + choices.pick(OFFSETS)


def far_from_the_ends(day: date) -> bool:
    """Whether every date-time of the day lies in the calendar, in every zone."""
    return date.min.year < day.year < date.max.year


def _day(choices: Choices) -> date:
    day = choices.pick(DAYS)
    if choices.once_in(4) and far_from_the_ends(day):
        day += timedelta(choices.below(61) - 30)
    return day


def _fixed_date(choices: Choices) -> str:
    """An operand of section 5.4: certainly a date, a date-time or a month-day."""
    form = choices.below(8)
    if form == 7:  # noqa: PLR2004 - one of eight
        return choices.pick(MONTH_DAYS)
    day = _day(choices)
    return day.isoformat() if form < 4 or not far_from_the_ends(day) else some_date_time(choices, day)  # noqa: PLR2004 - half of them


def _number(choices: Choices, *, least: float = -math.inf) -> int | float | str:
    number: int | float | str
    number = choices.pick(NUMBERS) if not choices.once_in(3) else choices.pick(NUMBER_TEXTS)
    if choices.once_in(4):
        number = choices.below(50) if not choices.once_in(2) else choices.below(100) / 4
    if least > -math.inf and (number.startswith("-") if isinstance(number, str) else number < least):
        return choices.below(50)
    return number


def _whole(choices: Choices, least: int, greatest: int | None) -> int | float | str:
    if greatest is None:
        number = choices.pick(WHOLES) if not choices.once_in(3) else choices.below(40)
    else:
        # Years of interest are the years of the dates; days and months are all of interest.
        number = choices.pick(DAYS).year if greatest > 366 else least + choices.below(greatest - least + 1)  # noqa: PLR2004 - more than days
    form = choices.below(8)
    if form == 7:  # noqa: PLR2004 - one of eight
        return float(number)
    if form == 6:  # noqa: PLR2004 - another
        return f"{number}.0"
    return str(number) if form == 5 else number  # noqa: PLR2004 - a third


def equality_operand(choices: Choices, type_: str | None) -> Any:
    """An operand of equality, mostly of the type that the attribute has."""
    form = choices.below(10)
    if form < 5:  # noqa: PLR2004 - half of them
        form = {None: 0, "string": 0, "number": 5, "boolean": 6, "date": 7, "datetime": 8, "geopoint": 9}[type_] if not choices.once_in(6) else 0
    match form:
        case 5:
            return _number(choices)
        case 6:
            return choices.pick((True, False, "true", "false"))
        case 7:
            return _fixed_date(choices) if not choices.once_in(3) else _whole(choices, 0, None)
        case 8:
            return some_date_time(choices, _day(choices))
        case 9:
            return choices.pick(GRID)
        case _:
            return _word(choices)


def _word(choices: Choices) -> str:
    text = choices.pick(TEXTS)
    return text + choices.pick(TEXTS) if choices.once_in(6) else text


def one_value(choices: Choices, operator: Operator, type_: str | None, locations: Sequence[str]) -> Any:
    """One operand that the operator takes on an attribute of the type."""
    if operator.operand in WHOLE_RANGES:
        return _whole(choices, *WHOLE_RANGES[operator.operand])
    match operator.operand:
        case Operand.VALUE:
            return equality_operand(choices, type_)
        case Operand.TEXT:
            return _word(choices) if not choices.once_in(4) else equality_operand(choices, type_)
        case Operand.NUMBER:
            return _number(choices, least=0 if type_ in ("date", "datetime") else -math.inf)
        case Operand.DATE:
            return _fixed_date(choices)
        case Operand.MONTH_DAY:
            text = choices.pick(MONTH_DAYS)
            return choices.pick((text, text.removeprefix("--"), choices.pick(DAYS).isoformat()))
        case _:
            return choices.pick(locations)


def an_operand(choices: Choices, operator: Operator, type_: str | None, locations: Sequence[str], longest: int) -> Any:
    """An operand as it stands in a filter: bare, or an array."""
    if operator.takes is Takes.NOTHING:
        return choices.pick((True, [True], "", None, [], False, [False, 1], {"any": "thing"}, 0, "true"))
    least = 0 if operator.takes is Takes.LIST else 1
    if least == 0 and (operator.operand is Operand.LOCATION and not locations):
        return []
    if choices.below(3) < 2:  # noqa: PLR2004 - two in three stand bare or alone
        value = one_value(choices, operator, type_, locations)
        return [value] if choices.once_in(2) else value
    most = longest if operator.takes is Takes.LIST and choices.once_in(8) else 4
    return [one_value(choices, operator, type_, locations) for _ in choices.several(least, most, more=2 if most == 4 else 40)]  # noqa: PLR2004 - short

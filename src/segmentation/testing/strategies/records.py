"""Customer records derived from the constants of filters, ± a little: random data would meet no condition, and what breaks an engine lies next to a threshold."""

from __future__ import annotations

import json
import math
import random as random_module
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from segmentation.language.operators import OPERATORS, WHOLE_RANGES, Operand, Operator, Takes
from segmentation.testing.strategies.choices import Choices, drawn, seeded
from segmentation.testing.strategies.definitions import CUSTOMERS
from segmentation.testing.strategies.filters import type_of
from segmentation.testing.strategies.operands import equality_operand, far_from_the_ends, json_text, some_date_time
from segmentation.testing.strategies.pools import ADVERSARIAL, ADVERSARIAL_PYTHON, ATTRIBUTES, DAYS, GRID, MOST_ELEMENTS, NOW, Colour, Record, Text, Whole

__all__ = ["records_for", "seeded_records"]


@dataclass(slots=True)
class _Constants:
    """What filters ask for: for each attribute the operators with each single operand, and the members that static segments list."""

    asked: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, documents: Iterable[Mapping[str, Any]]) -> _Constants:
        found = cls()
        for document in documents:
            # A key `id` of a filter is an attribute, and holds an object.
            if isinstance(document.get("id"), str):
                found.members += document.get("customers") or ()
                found.add(document.get("filter") or {})
            else:
                found.add(document)
        return found

    def add(self, filter_: Mapping[str, Any]) -> None:
        for key, member in filter_.items():
            if key in ("$and", "$or"):
                for inner in member:
                    self.add(inner)
            elif key == "$not":
                self.add(member)
            elif key != "junction":
                asked = self.asked.setdefault(key, [])
                for operator, operand in member["conditions"].items():
                    asked += [(operator, single) for single in (operand if isinstance(operand, list) else [operand])]


@dataclass(frozen=True, slots=True)
class _RecordMaker:
    """Makes records that come near to what filters ask for."""

    choices: Choices
    constants: _Constants
    attributes: Mapping[str, str | None]
    now: datetime
    zone: ZoneInfo
    python_values: bool

    # Records

    def record(self) -> Record:
        choices = self.choices
        made: Record = {}
        for key in self.constants.asked:
            if choices.below(7) > 0:
                self.place(made, key, self.value(key))
        for _ in choices.several(0, 2):
            self.place(made, choices.pick(list(self.attributes)), self.value(choices.pick(list(self.attributes))))
        if self.constants.members or choices.once_in(4):
            for key in ("id", "source_id"):
                if choices.below(3) > 0:
                    made[key] = self.identity()
        return made

    def identity(self) -> Any:
        choices = self.choices
        if choices.once_in(6):
            return self.adversarial()
        name = choices.pick(self.constants.members or CUSTOMERS)
        if self.python_values and choices.once_in(4):
            return choices.pick((UUID(int=1), Text(name), Colour.GOLD))
        return name

    def place(self, made: Record, key: str, value: Any) -> None:
        """Put a value where a look-up of the key may find it: under the flat key, nested at any of its dots, or both, or where its alias leads."""
        choices = self.choices
        steps = _alias_steps(key)
        if steps and choices.once_in(2):
            _put(made, steps, value)
            return
        dots = [position for position, char in enumerate(key) if char == "."]
        cuts = [] if not dots else dots if not choices.once_in(3) else choices.some_of(dots, 0, len(dots))
        _put(made, _cut(key, sorted(cuts)), value)
        if dots and choices.once_in(8):
            _put(made, [key] if not choices.once_in(2) else _cut(key, dots[:1]), self.value(key))

    # Values

    def value(self, key: str) -> Any:
        choices = self.choices
        form = choices.below(12)
        if form == 11:  # noqa: PLR2004 - one of twelve
            return self.adversarial()
        if form == 10:  # noqa: PLR2004 - likewise
            return None
        if form in (8, 9):
            return self.array(key)
        return self.scalar(key)

    def array(self, key: str) -> Any:
        choices = self.choices
        counts = [
            operand
            for operator, operand in self.constants.asked.get(key, ())
            if operator.startswith("$count") and isinstance(operand, int) and operand < MOST_ELEMENTS
        ]
        if counts and choices.once_in(2):
            elements = [self.scalar(key)] * max(0, choices.pick(counts) + choices.below(3) - 1)
        else:
            elements = [self.scalar(key) if not choices.once_in(6) else self.adversarial() for _ in choices.several(0, 6, more=2)]
        if self.python_values and choices.once_in(3):
            elements = [element for element in elements if _is_hashable(element)]
            return choices.pick((tuple, set, frozenset))(elements)
        return elements

    def adversarial(self) -> Any:
        pool = ADVERSARIAL + ADVERSARIAL_PYTHON if self.python_values and self.choices.once_in(2) else ADVERSARIAL
        return self.choices.pick(pool)

    def scalar(self, key: str) -> Any:
        """A value near one that a condition asks for, as it is or in another type of the same spelling."""
        choices = self.choices
        asked = self.constants.asked.get(key)
        type_ = type_of(key, self.attributes)
        if not asked or choices.once_in(16):
            near = equality_operand(choices, type_)
        else:
            operator, operand = choices.pick(asked)
            near = self.near(OPERATORS[operator], operand, type_)
        if choices.once_in(8):
            near = _respelled(choices, near)
        if self.python_values and choices.once_in(3):
            near = self.python_value(near)
        return near

    def near(self, operator: Operator, operand: Any, type_: str | None) -> Any:
        choices = self.choices
        if operator.takes is Takes.NOTHING:
            return (
                self.day_near(choices.pick((0, 1, 6, 7, 8, 13, 14, 28, 29, 30, 31, 365, 366))) if operator.section > "5.1" else equality_operand(choices, type_)
            )
        if operator.operand in (Operand.DAYS, Operand.YEARS, Operand.NUMBER) and (operator.section != "5.3" or type_ in ("date", "datetime")):
            return self.ago_near(operator, _days_of(operand), exact=type_ == "datetime")
        if operator.operand is Operand.LOCATION:
            point = choices.pick(GRID)
            return point if choices.once_in(2) else f"geo:{point}"
        if operator.operand in WHOLE_RANGES and operator.section == "5.7":
            day = choices.pick(DAYS)
            wanted = int(float(operand)) + choices.below(3) - 1
            return self.spelled(_replaced(day, **{{"$is_year": "year", "$is_month": "month"}.get(operator.name, "day"): wanted}))
        if isinstance(operand, bool):
            return choices.pick((operand, "true", "false", not operand, int(operand), float(operand), str(operand)))
        if isinstance(operand, int | float):
            if type_ in ("date", "datetime"):
                return self.ago_near(operator, _days_of(operand), exact=False)
            return _number_near(choices, operand)
        return self.text_near(operand, is_date=operator.section > "5.3" or type_ in ("date", "datetime"))

    def text_near(self, text: str, *, is_date: bool) -> Any:
        choices = self.choices
        day = _day_in(text)
        if day is not None and (is_date or choices.once_in(2)):
            if choices.below(4) == 0:
                return text
            if text.startswith("--"):
                day = _replaced(day, year=choices.pick(DAYS).year)
            return self.spelled(_moved(day, choices.pick((0, 1, -1, 0))))
        if choices.below(3) > 0:
            number = None if choices.below(2) == 0 else _as_number(text)
            return text if number is None else _number_near(choices, number)
        last = chr(min(max(ord(text[-1]) + choices.below(2) * 2 - 1, 0), 0x10FFFF)) if text else "a"
        return choices.pick(
            (text, text + "x", "x" + text, text[:-1], text[1:], text[:-1] + last, text.swapcase(), text + text, f"x{text}x", text + "\ud83d", " " + text)
        )

    # Dates

    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def day_near(self, distance: float) -> str:
        """A day that many days from today, ± 1, perhaps in another year."""
        choices = self.choices
        distance = int(distance) + choices.pick((0, 0, 1, -1))
        day = _moved(self.today(), distance if choices.once_in(2) else -distance)
        if choices.once_in(3):
            day = _replaced(day, year=choices.pick(DAYS).year)
        return self.spelled(day)

    def ago_near(self, operator: Operator, n: float, *, exact: bool) -> str:
        """A moment that the operator compares with n: n days, or years, or exactly n times 24 hours, ± a little, mostly in the past."""
        choices = self.choices
        if operator.operand is Operand.YEARS:
            return self.spelled(_replaced(self.today(), year=self.today().year - int(n) + choices.below(3) - 1))
        if not exact or choices.once_in(3):
            return self.day_near(n)
        try:
            age = timedelta(days=n) + timedelta(microseconds=choices.below(3) - 1)
            moment = self.now.astimezone(UTC) + age if choices.once_in(4) else self.now.astimezone(UTC) - age
        except OverflowError:  # before the calendar, or after it
            return self.spelled(choices.pick(DAYS))
        return moment.isoformat().replace("+00:00", choices.pick(("Z", "+00:00", "z")))

    def spelled(self, day: date) -> str:
        """ISO text of a day: the date, any time of it, or the first or last microsecond of it in the zone."""
        choices = self.choices
        form = choices.below(6)
        if form < 3:  # noqa: PLR2004 - half of them
            return day.isoformat()
        if form == 3 or not far_from_the_ends(day):  # noqa: PLR2004 - one of six
            return some_date_time(choices, day)
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC) + timedelta(
            days=choices.below(2), microseconds=choices.below(3) - 1
        )
        return midnight.isoformat() if form == 4 else midnight.astimezone(timezone(timedelta(hours=choices.below(27) - 12))).isoformat()  # noqa: PLR2004 - one of six

    # Python values

    def python_value(self, value: Any) -> Any:
        """A Python object that stands for the same, or nearly."""
        choices = self.choices
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return choices.pick((Decimal(str(value)), Decimal(value), value, Whole(value) if isinstance(value, int) else value))
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                return Text(value)
            naive = moment.replace(tzinfo=None)
            return choices.pick(
                (moment, naive.date(), naive, naive.replace(fold=1), naive.replace(tzinfo=self.zone), naive.replace(tzinfo=self.zone, fold=1), Text(value))
            )
        return value


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:  # a signalling NaN raises it, too
        return False
    return True


def _cut(key: str, dots: Sequence[int]) -> list[str]:
    """The parts of a key between the dots at these positions."""
    starts, ends = [0, *(dot + 1 for dot in dots)], [*dots, len(key)]
    return [key[start:end] for start, end in zip(starts, ends, strict=True)]


def _put(made: Record, steps: Sequence[str], value: Any) -> None:
    """Set a value inside nested objects; where something else stands in the way, it goes."""
    for step in steps[:-1]:
        inner = made.get(step)
        if type(inner) is not dict or not inner:  # the empty ones may be constants of this module
            inner = made[step] = {}
        made = inner
    made[steps[-1]] = value


def _alias_steps(key: str) -> list[str] | None:
    """Where an alias leads (section 3.1)."""
    if key == "city":
        return ["address", "city"]
    for prefix, suffix, last in (
        ("loyalty.referred_customers.campaigns.", "", "referred_customers"),
        ("loyalty_points.campaigns.", ".points", "points"),
        ("loyalty_tier.campaigns.", "", "loyalty_tier"),
    ):
        if key.startswith(prefix) and key.endswith(suffix):
            return ["loyalty", "campaigns", key.removeprefix(prefix).removesuffix(suffix), last]
    return None


def _day_in(text: str) -> date | None:
    """The day that ISO text, or a month-day, speaks of."""
    try:
        return date.fromisoformat(f"2000{text[1:6]}" if text.startswith("--") else text[:10])
    except ValueError:
        return None


def _as_number(text: str) -> int | float | None:
    try:
        number = json.loads(text)
    except ValueError:
        return None
    return number if isinstance(number, int | float) and not isinstance(number, bool) else None


def _days_of(operand: Any) -> float:
    """A number operand as days, no more than the calendar has."""
    number = _as_number(operand) if isinstance(operand, str) else operand
    return float(min(max(number or 0, -4_000_000), 4_000_000))


def _moved(day: date, days: int) -> date:
    """That many days later, as far as the calendar goes."""
    return date.fromordinal(min(max(day.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def _replaced(day: date, /, **parts: int) -> date:
    """The day with other parts, where there is such a day."""
    try:
        return day.replace(**parts)
    except (ValueError, OverflowError):
        return day.replace(day=28, **{part: value for part, value in parts.items() if part == "year" and 1 <= value <= date.max.year})


def _number_near(choices: Choices, number: float) -> Any:
    """The number, one next to it, or something spelled or valued like it."""
    near: list[Any] = [number, number, json_text(number), number + 1, number - 1, -number]
    if abs(number) < 2**1000:
        as_float = float(number)
        near += [as_float, math.nextafter(as_float, math.inf), math.nextafter(as_float, -math.inf), as_float + 0.5, json_text(as_float)]
    if number in (0, 1):
        near += [bool(number), json.dumps(bool(number)), -0.0]
    return choices.pick(near)


def _respelled(choices: Choices, value: Any) -> Any:
    """A value of another type with the same spelling: True / "true", 1 / "1" / 1.0 / true, or inside an array."""
    if isinstance(value, str):
        number = _as_number(value)
        if number is not None:
            return number
        return {"true": True, "false": False, "": None, "null": None}.get(value, [value])
    if isinstance(value, int | float):
        if value in (0, 1):
            return choices.pick((bool(value), int(value), float(value), json.dumps(value), json.dumps(bool(value))))
        return json.dumps(value)
    return [value]


def _record_maker(
    choices: Choices,
    documents: Iterable[Mapping[str, Any]] | Mapping[str, Any],
    attributes: Mapping[str, str | None] | None,
    now: datetime,
    timezone_: str,
    *,
    python_values: bool,
) -> _RecordMaker:
    constants = _Constants.of([documents] if isinstance(documents, Mapping) else documents)
    return _RecordMaker(choices, constants, ATTRIBUTES if attributes is None else attributes, now, ZoneInfo(timezone_), python_values)


@st.composite
def records_for(
    draw: DrawFn,
    documents: Iterable[Mapping[str, Any]] | Mapping[str, Any],
    attributes: Mapping[str, str | None] | None = None,
    now: datetime = NOW,
    timezone: str = "UTC",  # the option's name everywhere  # noqa: A002, RUF100
    *,
    python_values: bool = False,
) -> Record:
    """Customer records derived from the constants of filters: each value is one that some condition asks for, or next to one.

    Args:
        draw: Given by Hypothesis.
        documents: A filter or segment, or several of them.
        attributes: The pool that the filters are over, with declared types; default `ATTRIBUTES`.
        now: The time to which relative operators will refer.
        timezone: The zone that the engine will have.
        python_values: Whether values may be what JSON does not have: dates, decimals, UUIDs, enum members, sets, any objects.
    """
    return _record_maker(drawn(draw), documents, attributes, now, timezone, python_values=python_values).record()


def seeded_records(
    seed: int | random_module.Random,
    documents: Iterable[Mapping[str, Any]],
    count: int,
    attributes: Mapping[str, str | None] | None = None,
    now: datetime = NOW,
    timezone: str = "UTC",
    *,
    python_values: bool = False,
) -> list[Record]:
    """Like `records_for`, from a seed, for thousands of segments and records."""
    maker = _record_maker(seeded(seed), documents, attributes, now, timezone, python_values=python_values)
    return [maker.record() for _ in range(count)]

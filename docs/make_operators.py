"""Writes docs/operators.md from the operator table and the conformance cases: `python docs/make_operators.py`, or `make docs`."""  # noqa: INP001 - a script

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple

from segmentation.language import operands
from segmentation.language.checks import Check
from segmentation.language.data import DATES, TEXT_DATES, Kind
from segmentation.language.dates import Calendar
from segmentation.language.operators import OPERATORS, SECTIONS, WHOLE_RANGES, Operand, Operator, Takes
from segmentation.language.places import Circle

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "operators.md"
NOW = "2026-11-22T12:00:00Z"
"""The moment at which cases are evaluated that name no other."""

_ABSENT = "nothing"
_ALL = ", for each listed value by itself"
_OF_ARRAYS = ("$includes", "$intersects", "$count", "$count_more", "$count_less")


def page() -> str:
    """The page, as Markdown."""
    examples = _examples()
    lines = [
        "# Operators",
        "",
        "<!-- Made by docs/make_operators.py from src/segmentation/language/operators.py and tests/cases. Change those, then run: make docs -->",
        "",
        f"The {len(OPERATORS)} operators, by section of the specification. [The filter language](filter-language.md) explains how they behave on arrays,",
        "missing values and dates; [the design](design.md) says what checks, facets and kinds are. `n` is the operand.",
        "",
        "*Operand*: `[…]` marks an operator that takes an array as one operand; any other takes one value, and several in an array combine by",
        "the junction. *Lowers to*: facet × constraint, and in brackets the kinds of data that it is asked of. *any date* is a declared or Python",
        "date or date-time, or undeclared ISO text; *dates* leaves the text out.",
        "",
        f"Examples are taken from the conformance cases and are evaluated at {NOW}, a Sunday, in UTC, with weeks that start on Monday. They",
        "show the value of the attribute; *nothing* means that it is absent.",
    ]
    for section, rows in groupby(OPERATORS.values(), key=lambda operator: operator.section):
        lines += ["", f"## {SECTIONS[section]} (§{section})", "", *_table(list(rows), examples)]
    return "\n".join(lines) + "\n"


def _table(rows: Iterable[Operator], examples: Mapping[str, _Example]) -> Iterator[str]:
    rows = list(rows)
    yield "| operator | operand | true when | negates | lowers to |"
    yield "|---|---|---|---|---|"
    for row in rows:
        meaning = row.meaning + (f"; on a birthday, the same as `{row.twin}`" if row.twin else "")
        yield f"| `{row.name}` | {_operand(row)} | {meaning} | {f'`{row.negates}`' if row.negates else ''} | {_lowered(row)} |"
    yield from ("", "| condition | true of | false of |", "|---|---|---|")
    for row in rows:
        example = examples[row.name]
        yield f"| `{json.dumps({row.name: example.operand})}`{_on(example)} | {_value(example.true_of)} | {_value(example.false_of)} |"


def _operand(row: Operator) -> str:
    words = "ignored" if row.takes is Takes.NOTHING else row.operand.value
    return f"[{words}, …]" if row.takes is Takes.LIST else words


# What an operator lowers to


def _lowered(row: Operator) -> str:
    if row.negates:
        return f"not what `{row.negates}` lowers to"
    lower = row.lower
    assert lower is not None  # noqa: S101 - the table's own rule: only negative operators lower to nothing
    twin = next(other for other in OPERATORS.values() if other.lower is lower)
    if twin is not row:
        return f"what `{twin.name}` lowers to" + _ALL * row.asks_all
    checks = dict.fromkeys(_check(check) for operand in _samples(row.operand) for check in lower([operand]))
    return " or ".join(checks) + _ALL * row.asks_all


def _check(check: Check) -> str:
    return f"{_words(check.facet.name)} × {_constraint(check)}{_kinds(check.kinds)}"


def _constraint(check: Check) -> str:
    names = {"OneOf": "one of", "Window": "window of days", "Inside": "inside a place"}
    name = type(check.constraint).__name__
    return names.get(name, name.lower())


def _kinds(kinds: Kind) -> str:
    if not kinds:
        return ""
    named = {DATES | TEXT_DATES: ["any date"], DATES: ["dates"], Kind.STRING | DATES: ["string", "dates"]}
    return f" [{', '.join(named.get(kinds) or [_words(kind.name or '') for kind in kinds])}]"


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def _samples(operand: Operand) -> list[Any]:
    """Operands, as the parser reads them, that between them show all checks of an operator."""
    calendar = Calendar()
    if operand in WHOLE_RANGES:
        return [1]
    match operand:
        case Operand.VALUE:
            return [operands.value(value, calendar) for value in ("true", 1, "2026-11-22", NOW, "--11-22")]
        case Operand.DATE:
            return [operands.date_operand(text, calendar) for text in ("2026-11-22", NOW, "--11-22")]
        case Operand.MONTH_DAY:
            return [(11, 22)]
        case Operand.LOCATION:
            return [("loc", Circle((0.0, 0.0), 1.0))]
        case Operand.NUMBER:
            return [1]
        case _:
            return ["n"]


# Examples


_Condition = tuple[str, str, str, str | None, str]
"""Operator, attribute key, operand as JSON, declared type, locations in words."""


class _Example(NamedTuple):
    key: str
    operand: Any
    declared: str | None
    locations: str
    true_of: Any
    false_of: Any


def _examples() -> dict[str, _Example]:
    """For every operator, the plainest pair of cases that share a condition and differ in the answer."""
    answers: dict[_Condition, dict[bool, list[Any]]] = defaultdict(lambda: {True: [], False: []})
    for path in sorted((ROOT / "tests" / "cases").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            if (condition := _condition(case)) is not None:
                answers[condition][case["expect"]].append(_find(condition[1], case["customer"]))
    best: dict[str, tuple[float, _Example]] = {}
    for (name, key, operand, declared, locations), found in answers.items():
        for true_of, false_of in product(found[True], found[False]):
            example = _Example(key, json.loads(operand), declared, locations, true_of, false_of)
            cost = _cost(name, example)
            if name not in best or cost < best[name][0]:
                best[name] = (cost, example)
    return {name: example for name, (_, example) in best.items()}


def _condition(case: Mapping[str, Any]) -> _Condition | None:
    """The condition of a case that has only one, and no options that a reader would have to keep in mind."""
    match case:
        case {"filter": {**members}, "expect": bool()} if len(members) == 1 and not case.keys() & {"timezone", "week_start", "now"}:
            [(key, member)] = members.items()
            places = ", ".join(f"`{name}` is {_shape(shape)}" for name, shape in case.get("locations", {}).items())
            conditions = member.get("conditions", {}) if isinstance(member, dict) else {}
            declared = case.get("attributes", {})
            if len(conditions) == 1 and declared.keys() <= {key}:
                [(name, operand)] = conditions.items()
                return name, str(key), json.dumps(operand), declared.get(key), places
    return None


def _shape(shape: Mapping[str, Any]) -> str:
    """A location in words."""
    match shape:
        case {"distance": {"center": center, "radius": radius}}:
            return f"{radius} around `{center}`"
        case _:
            return f"the {shape['geojson']['type']} `{json.dumps(shape['geojson']['coordinates'])}`"


def _find(key: str, customer: Any) -> Any:
    for step in key.split("."):
        customer = customer.get(step, _ABSENT) if isinstance(customer, dict) else _ABSENT
    return customer


def _cost(name: str, example: _Example) -> float:
    """How far an example is from a plain one: short, of plain values, the two next to each other."""
    cost = float(len(json.dumps(example[1:])))
    cost += 500 * (example.operand in ("", [], False)) + 60 * (isinstance(example.operand, list) and OPERATORS[name].takes is Takes.ONE)
    cost += 30 * (isinstance(example.operand, str) and _number(example.operand) is not None)
    cost += 100 * (isinstance(example.operand, float) or example.operand is True) + 100 * (type(example.true_of) is not type(example.false_of))
    cost += 200 * (example.key not in ("metadata.x", "x")) + 100 * (example.declared is not None)
    is_of_text = OPERATORS[name].operand in (Operand.VALUE, Operand.TEXT) and name not in _OF_ARRAYS
    for value in (example.true_of, example.false_of):
        is_plain = isinstance(value, list) if name in _OF_ARRAYS else isinstance(value, str | int)
        cost += 300 * (value == _ABSENT and name not in ("$has_value", "$is_unknown")) + 150 * (not is_plain)
        cost += 100 * (is_of_text and type(value) is not type(_first(example.operand)))
        if isinstance(value, str):
            cost += 150 * (not value.strip()) + 300 * (not value.isascii())
    return cost + 3 * _distance(example.true_of, example.false_of)


def _first(operand: Any) -> Any:
    return operand[0] if isinstance(operand, list) and operand else operand


def _distance(one: Any, other: Any) -> float:
    """How far apart two values are: days or numbers, at most 100, other texts always 10."""
    if isinstance(one, str) and isinstance(other, str):
        days = [_day(text) for text in (one, other)]
        return 10 if None in days else min(100, abs((days[0] or 0) - (days[1] or 0)))
    numbers = [_number(value) for value in (one, other)]
    return 100 if None in numbers else min(100, abs((numbers[0] or 0) - (numbers[1] or 0)))


def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _value(value: Any) -> str:
    return f"*{_ABSENT}*" if value == _ABSENT else f"`{json.dumps(value, ensure_ascii=False)}`"


def _on(example: _Example) -> str:
    key = "" if example.key in ("metadata.x", "x") else f" on `{example.key}`"
    return key + (f", declared `{example.declared}`" if example.declared else "") + (f"; {example.locations}" if example.locations else "")


if __name__ == "__main__":
    assert datetime.fromisoformat(NOW).astimezone(UTC).strftime("%A") == "Sunday"  # noqa: S101 - the page says so
    PAGE.write_text(page(), encoding="utf-8")

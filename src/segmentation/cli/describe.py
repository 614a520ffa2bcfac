"""`segmentation operators` and `segmentation schema`: the language, told from its operator table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from segmentation.cli.options import DATA, FINE, CommandError, Commands, Parser, add_command
from segmentation.cli.printing import indented
from segmentation.language.operators import OPERATORS, REFUSED, SECTIONS, Operand, Operator, Takes, meant, refusal

_EXAMPLES: Mapping[Operand, Any] = {
    Operand.VALUE: "gold",
    Operand.TEXT: "gold",
    Operand.NUMBER: 100,
    Operand.DAYS: 7,
    Operand.YEARS: 1,
    Operand.COUNT: 3,
    Operand.DATE: "2026-11-22",
    Operand.DAY_OF_MONTH: 31,
    Operand.MONTH: 12,
    Operand.YEAR: 2026,
    Operand.MONTH_DAY: "12-31",
    Operand.LOCATION: "loc_warsaw",
    Operand.ANYTHING: True,
}


def register(commands: Commands[Parser]) -> None:
    """Register the commands."""
    _register_operators(commands)
    _register_schema(commands)


def _register_operators(commands: Commands[Parser]) -> None:
    parser = add_command(
        commands,
        "operators",
        _operators,
        "list the operators of the filter language, or tell of one",
        """\
A name is understood with and without its $, which a shell would take for a variable.

examples:
  segmentation operators
  segmentation operators is_days_ago
  segmentation operators --json
""",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="an operator, such as more_than")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _operators(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        print(indented([_row(operator) for operator in OPERATORS.values()]) if arguments.json else _table())
        return FINE
    name = "$" + arguments.name.removeprefix("$")
    if name not in OPERATORS:
        raise CommandError(_no_operator(name), DATA)
    print(indented(_row(OPERATORS[name])) if arguments.json else _details(OPERATORS[name]))
    return FINE


def _no_operator(name: str) -> str:
    """Why a name is none of an operator, and what was probably meant."""
    near = REFUSED[name] if name in REFUSED else meant(name)
    reason = refusal(name) if name in REFUSED else f"{name} is not an operator"
    return f"{reason}; " + (f"did you mean {near}?" if near else "'segmentation operators' lists them all")


def _table() -> str:
    """Every operator on a line, by section, and what the words for operands mean."""
    wide = max(map(len, OPERATORS))
    rows = [f"{'operator':{wide}}  {'operand':14}  true when"]
    for section, operators in groupby(OPERATORS.values(), key=lambda operator: operator.section):
        rows += ["", SECTIONS[section]]
        rows += [f"{operator.name:{wide}}  {_word(operator):14}  {operator.meaning}" for operator in operators]
    rows += ["", "n is the operand, a value of this kind; several values in an array combine by the junction:"]
    rows += [f"  {_word_of(operand):14}{operand.value}" for operand in Operand if operand is not Operand.ANYTHING]
    rows += ["  [...]         an array of such values, taken together", "  ignored       anything"]
    return "\n".join(rows)


def _word(operator: Operator) -> str:
    word = _word_of(operator.operand)
    return {Takes.ONE: word, Takes.LIST: f"[{word}]", Takes.NOTHING: "ignored"}[operator.takes]


def _word_of(operand: Operand) -> str:
    return operand.name.lower().replace("_", "-")


def _details(operator: Operator) -> str:
    operand = "ignored" if operator.takes is Takes.NOTHING else f"n, {operator.operand.value} ({operator.takes.value})"
    rows = [("true when", operator.meaning), ("operand", operand)]
    rows += [("complement", name) for name in _complements(operator)]
    rows += [("on birthdays", f"means {operator.twin}")] * bool(operator.twin)
    rows += [("on dates", f"see {' and '.join(operator.instead)} to compare with a fixed date")] * bool(operator.instead)
    rows += [("example", _example(operator)), ("section", f"{operator.section} {SECTIONS[operator.section]}")]
    return "\n".join([operator.name, *(f"  {name:14}{text}" for name, text in rows)])


def _complements(operator: Operator) -> list[str]:
    """The operators that are true of exactly the values that this one is false of."""
    return [operator.negates] if operator.negates else [other.name for other in OPERATORS.values() if other.negates == operator.name]


def _example(operator: Operator) -> str:
    value = _EXAMPLES[operator.operand]
    return json.dumps({"conditions": {operator.name: [value] if operator.takes is Takes.LIST else value}})


def _row(operator: Operator) -> dict[str, Any]:
    """One operator as JSON-ready data."""
    return {
        "name": operator.name,
        "section": operator.section,
        "meaning": operator.meaning,
        "takes": operator.takes.name.lower(),
        "operand": _word_of(operator.operand),
        "operand_meaning": operator.operand.value,
        "complements": _complements(operator),
        "on_birthdays": operator.twin,
    }


def _register_schema(commands: Commands[Parser]) -> None:
    parser = add_command(
        commands,
        "schema",
        _schema,
        "print the JSON Schema of segment definitions",
        """\
The schema (draft 2020-12) is of one segment; its $defs hold the filter, the conditions and the operand of every operator.
Editors complete and check definitions with it. 'segmentation check' sees more, such as an id that occurs twice.

examples:
  segmentation schema > segment.schema.json
  segmentation schema --filter > filter.schema.json
""",
    )
    parser.add_argument("--filter", action="store_true", help="print the schema of a filter alone")


def _schema(arguments: argparse.Namespace) -> int:
    from segmentation.language.schema import filter_schema, segment_schema  # noqa: PLC0415 - only this command needs it

    print(indented(filter_schema() if arguments.filter else segment_schema()))
    return FINE

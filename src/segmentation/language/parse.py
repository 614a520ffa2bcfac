"""One filter, from JSON to a predicate, with every fault in it (spec sections 2, 5 and 8)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from segmentation import iso8601
from segmentation.errors import article, json_type, nearest, shown
from segmentation.language import operands
from segmentation.language.attributes import BIRTHDAYS, Attribute, AttributeType
from segmentation.language.checks import Check, Facet, OneOf
from segmentation.language.data import Kind, kinds_of
from segmentation.language.operators import OPERATORS, REFUSED, WHOLE_RANGES, Operand, Operator, Takes, meant, positive, refusal
from segmentation.language.options import Options
from segmentation.language.outline import Condition, Junction, JunctionName, Negation, Outline, Path, joined
from segmentation.language.predicate import And, Leaf, Not, Predicate
from segmentation.model.segment import Fault

__all__ = ["DEEPEST", "GROUPS", "Path", "outline", "parse_filter"]

DEEPEST = 64
"""The deepest level that a filter may stand on; the outermost is level 1."""

_ARRAYS = (list, tuple)
_DATED = (AttributeType.DATE, AttributeType.DATETIME)
_SHORT = 60  # letters of a value that are repeated in a hint

GROUPS = ("$and", "$or", "$not")


def parse_filter(document: Any, options: Options, path: Path = ()) -> tuple[Predicate, list[Fault], list[Fault]]:
    """Read a filter that stands at `path`: its predicate, the faults in it, and the warnings. With faults, the predicate is not to be used."""
    parser = _Parser(options)
    read = parser.filter(document, path, 1)
    return read.predicate, parser.faults, parser.warnings


def outline(document: Any, options: Options, path: Path = ()) -> Outline:
    """A filter without faults that stands at `path`, as it was written, each part with its predicate."""
    return _Parser(options).filter(document, path, 1)


@dataclass(slots=True)
class _Parser:
    options: Options
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def fault(self, path: Path, code: str, message: str, suggestion: str | None = None) -> None:
        self.faults.append(Fault(path, code, message, suggestion))

    # Filters and groups (section 2)

    def filter(self, document: Any, path: Path, level: int) -> Junction:
        if level > DEEPEST:
            self.fault(path, "too_deep", f"filters are nested at most {DEEPEST} levels deep")
            return _nothing(path)
        if not isinstance(document, Mapping):
            self.fault(path, "bad_filter", f"a filter is an object, not {article(json_type(document))}")
            return _nothing(path)
        junction = self.junction(document)
        members: list[Outline] = []
        for key, value in document.items():
            here = (*path, key)
            if key == "junction":
                if not isinstance(value, str) or value.lower() not in ("and", "or"):
                    near = nearest(value.lower(), ("and", "or")) if isinstance(value, str) else None
                    self.fault(here, "bad_junction", f"a junction is 'and' or 'or', not {shown(value)}", near)
            elif key in ("$and", "$or"):
                members.append(self.group(key, value, here, level))
            elif key == "$not":
                members.append(Negation(here, self.filter(value, here, level + 1)))
            elif not isinstance(key, str) or not key:
                self.fault(here, "bad_attribute", f"an attribute key is a non-empty string, not {shown(key)}")
            elif key.startswith("$"):
                self.unknown_key(key, here)
            else:
                members += self.attribute(key, value, here, junction)
        return Junction(path, junction, tuple(members)) if members else _nothing(path)

    def junction(self, document: Mapping[str, Any]) -> JunctionName:
        given = document.get("junction")
        return "or" if isinstance(given, str) and given.lower() == "or" else "and"

    def group(self, key: str, value: Any, path: Path, level: int) -> Junction:
        if not isinstance(value, _ARRAYS):
            self.fault(path, "bad_group", f"{key} takes an array of filters, not {article(json_type(value))}")
            return _nothing(path)
        if not value:
            self.fault(path, "empty_group", f"{key} needs at least one filter")
        parts = tuple(self.filter(part, (*path, index), level + 1) for index, part in enumerate(value))
        return Junction(path, "or" if key == "$or" else "and", parts)

    def unknown_key(self, key: str, path: Path) -> None:
        if key in OPERATORS or key in REFUSED:
            message = f"{shown(key)} is an operator: operators stand in the conditions of an attribute"
        else:
            message = f"{shown(key)} is not a key of a filter; keys are attributes, junction, {', '.join(GROUPS)}"
        self.fault(path, "unknown_key", message, nearest(key, (*GROUPS, "junction")))

    def attribute(self, key: str, value: Any, path: Path, junction: JunctionName) -> list[Condition]:
        if not isinstance(value, Mapping):
            hint = f'; write {{"conditions": {{"$is": {json.dumps(value)}}}}}' if isinstance(value, str | bool) and len(str(value)) < _SHORT else ""
            self.fault(path, "bad_attribute", f"an attribute holds an object with conditions, not {article(json_type(value))}{hint}")
            return []
        parts: list[Condition] = []
        for name, inner in value.items():
            if name == "conditions":
                parts = self.conditions(self.options.attribute(key), inner, (*path, name), junction)
            else:
                message = f"an attribute holds conditions and nothing else, not {shown(name)}"
                near = nearest(name, ("conditions",)) if isinstance(name, str) else None
                if isinstance(name, str) and name in OPERATORS:
                    message = f"the operator {shown(name)} stands in conditions"
                self.fault((*path, name), "extra_key", message, near)
        if "conditions" not in value:
            self.fault((*path, "conditions"), "missing", "an attribute holds an object with conditions")
        return parts

    # Conditions (section 5)

    def conditions(self, attribute: Attribute, document: Any, path: Path, junction: JunctionName) -> list[Condition]:
        if not isinstance(document, Mapping):
            self.fault(path, "bad_conditions", f"conditions are an object of operators, not {article(json_type(document))}")
            return []
        if not document:
            self.fault(path, "empty_conditions", "conditions need at least one operator")
        parts = []
        for name, operand in document.items():
            here = (*path, name)
            if name in OPERATORS:
                parts.append(self.condition(OPERATORS[name], attribute, operand, here, junction))
            elif name in REFUSED:
                self.fault(here, "refused_operator", refusal(name), REFUSED[name])
            else:
                self.fault(here, "unknown_operator", f"{shown(name)} is not an operator", meant(name) if isinstance(name, str) else None)
        return parts

    def condition(self, written: Operator, attribute: Attribute, operand: Any, path: Path, junction: JunctionName) -> Condition:
        operator = OPERATORS[written.twin] if written.twin and attribute.key in BIRTHDAYS else written
        if operator.takes is Takes.NOTHING:
            self.warn_of_false(operator, operand, path)
            return Condition(path, attribute, written, operator, operand, _verdict(operator, attribute, [None]))
        is_array = isinstance(operand, _ARRAYS)
        values = list(operand) if is_array else [operand]
        if not values and operator.takes is Takes.ONE:
            self.fault(path, "empty_operand", f"{operator.name} needs a value: {operator.operand.value}")
            return Condition(path, attribute, written, operator, operand, And(()))
        read = [_read(operator, attribute, value, self.options) for value in values]
        if None in read:
            for index, (value, found) in enumerate(zip(values, read, strict=True)):
                if found is None:
                    self.refuse(operator, value, (*path, index) if is_array else path)
            return Condition(path, attribute, written, operator, operand, And(()))
        if operator.takes is Takes.LIST and not (operator.asks_all and read):
            return Condition(path, attribute, written, operator, operand, _verdict(operator, attribute, read))
        if operator.negates and len(read) > 1 and junction == "or":
            message = f"several values of {operator.name} under the junction 'or' are true of every scalar; 'none of them' is $not_in, or the junction 'and'"
            self.warnings.append(Fault(path, "negative_values_under_or", message, "$not_in" if operator.name == "$is_not" else None))
        verdicts = [_verdict(operator, attribute, [value]) for value in read]
        together = joined("and" if operator.asks_all else junction, verdicts)
        return Condition(path, attribute, written, operator, operand, together, tuple(zip(values, verdicts, strict=True)) if len(values) > 1 else ())

    def warn_of_false(self, operator: Operator, operand: Any, path: Path) -> None:
        values = operand if isinstance(operand, _ARRAYS) else [operand]
        for index, value in enumerate(values):
            if value is False:
                opposites = {"$has_value": "$is_unknown", "$is_unknown": "$has_value"}
                message = f"{operator.name} ignores its operand, and false does not negate it; use $not"
                self.warnings.append(
                    Fault((*path, index) if values is operand else path, "ignored_false", message, opposites.get(operator.name)),
                )

    def refuse(self, operator: Operator, operand: Any, path: Path) -> None:
        """Say why a value of an operand cannot be read."""
        message = f"{operator.name} takes {operator.operand.value}, not {shown(operand)}"
        if operand is None:
            self.fault(path, "null_operand", f"{message}; a missing value is found by $is_unknown", "$is_unknown")
        elif operator.operand is Operand.LOCATION and isinstance(operand, str):
            self.fault(path, "unknown_location", f"no location {shown(operand)} was given to the engine", nearest(operand, list(self.options.places)))
        elif operator.instead and isinstance(operand, str) and iso8601.parse(operand) is not None:
            self.fault(path, "bad_operand", f"{message}; dates are compared by {' and '.join(operator.instead)}", operator.instead[0])
        elif operator.operand is Operand.NUMBER and _is_operand(operand) and operands.number(operand) is not None:
            self.fault(path, "negative_days", f"{operator.name} compares the age of a date in days, 0 or more, not {shown(operand)}")
        else:
            self.fault(path, "bad_operand", message)


def _is_operand(operand: Any) -> bool:
    """Whether a value is a string, a finite number that JSON text can carry, or a boolean."""
    if isinstance(operand, str):
        return True
    if isinstance(operand, int):
        return bool(-operands.LARGEST < operand < operands.LARGEST)
    return isinstance(operand, float) and math.isfinite(operand)


def _read(operator: Operator, attribute: Attribute, operand: Any, options: Options) -> Any:
    """One value of an operand, read as the operator takes it; None when it cannot be."""
    if not _is_operand(operand):
        return None
    kind = operator.operand
    if kind is Operand.VALUE:
        return operands.value(operand, options.calendar)
    if kind in WHOLE_RANGES:
        found, (least, greatest) = operands.whole(operand), WHOLE_RANGES[kind]
        return found if found is not None and least <= found and (greatest is None or found <= greatest) else None
    match kind:
        case Operand.TEXT:
            return operands.text(operand)
        case Operand.NUMBER:
            number = operands.number(operand)
            return None if number is not None and number < 0 and attribute.type in _DATED else number
        case Operand.MONTH_DAY:
            return operands.month_day(operand)
        case Operand.LOCATION:
            return (operand, options.places[operand]) if isinstance(operand, str) and operand in options.places else None
        case _:
            return operands.date_operand(operand, options.calendar)


def _verdict(operator: Operator, attribute: Attribute, values: Sequence[Any]) -> Predicate:
    """The predicate of an operator and the values that it takes together."""
    lower = positive(operator).lower
    assert lower is not None  # noqa: S101 - a positive operator lowers to checks, tested over the whole table
    if operator.asks_all and not values:
        return Leaf(attribute, (Check(Facet.PRESENT, OneOf(frozenset({True})), Kind(0)),))
    leaf = _leaf(attribute, tuple(lower(values)))
    return Not(leaf) if operator.negates else leaf


def _leaf(attribute: Attribute, checks: tuple[Check, ...]) -> Leaf:
    """The leaf of an attribute: only the checks of data that it can have, checks of set membership on one facet united."""
    if attribute.type is None:
        return Leaf(attribute, checks)
    possible = kinds_of(attribute)
    apt = [
        check if check.kinds == kinds else Check(check.facet, check.constraint, kinds)
        for check in checks
        if (kinds := _narrowed(check.kinds, possible)) is not None
    ]
    if len({(check.facet, check.kinds) for check in apt}) == len(apt):
        return Leaf(attribute, tuple(apt))
    members: dict[tuple[Facet, Kind], set[Any]] = {}
    others: dict[Check, None] = {}
    for check in apt:
        if isinstance(check.constraint, OneOf):
            members.setdefault((check.facet, check.kinds), set()).update(check.constraint.values)
        else:
            others[check] = None
    return Leaf(attribute, (*(Check(facet, OneOf(frozenset(values)), kinds) for (facet, kinds), values in members.items()), *others))


@cache
def _narrowed(kinds: Kind, possible: Kind) -> Kind | None:
    """The kinds that are possible; None when none is. The checks of whole values have no kinds, and keep them."""
    return kinds & possible or (None if kinds else kinds)


def _nothing(path: Path) -> Junction:
    """The filter that asks nothing; it stands in for what has faults, too."""
    return Junction(path, "and", ())

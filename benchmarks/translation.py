"""Filters in the languages of other engines: what all translations have in common.

A translation takes a filter apart once, here: junctions, negative operators as complements of their positive ones, several
values under one operator. A dialect says how its language writes a leaf, a junction and a complement, and raises
`Untranslatable` for what it cannot say with the same answer.

A dialect knows the data (`Fact`): the kind of every attribute's values and whether any of the benchmark's records lacks it.
Where none does, no guard against missing values is written, so every peer gets the leanest rule that answers correctly on
these records.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from benchmarks.closures import BUILT_IN, COUNTERS, path_getter

__all__ = ["COMPARISONS", "Dialect", "Fact", "Untranslatable", "facts_of", "holds_of_zero", "translate"]

R = TypeVar("R")

COMPARISONS = {"$more_than": ">", "$more_than_equal": ">=", "$less_than": "<", "$less_than_equal": "<="}
_COMPLEMENTS = {"$is_not": "$is", "$not_in": "$in", "$not_contain": "$contains", "$is_unknown": "$has_value"}
_LISTS = frozenset({"$in", "$intersects", "$includes", "$has_value"})


class Untranslatable(Exception):  # noqa: N818 - not an error: an answer
    """A language cannot say this condition with the same answer."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the records say about an attribute.

    Attributes:
        key: the attribute.
        kind: of its values: ``text``, ``number``, ``flag``, ``array`` or ``date``.
        optional: whether a record lacks it, or has null.
        whole: whether all its numbers are integers.
        numeric_text: whether any of its texts reads as a number.
    """

    key: str
    kind: str
    optional: bool
    whole: bool = False
    numeric_text: bool = False

    @property
    def counter(self) -> bool:
        """Whether a missing value counts as 0."""
        return self.key in COUNTERS


def _fact(key: str, values: Sequence[Any], declared: Mapping[str, str]) -> Fact:
    known = [value for value in values if value is not None]
    optional = len(known) < len(values)
    if BUILT_IN.get(key, declared.get(key)) in {"date", "datetime"}:
        return Fact(key, "date", optional)
    kinds = {type(value) for value in known}
    if kinds == {bool}:
        return Fact(key, "flag", optional)
    if kinds and kinds <= {int, float}:
        return Fact(key, "number", optional, whole=kinds == {int})
    if kinds == {list}:
        return Fact(key, "array", optional)
    return Fact(key, "text", optional, numeric_text=any(value.lstrip("+-")[:1].isdigit() for value in known))


def _keys_in(filters: Iterable[Mapping[str, Any]]) -> set[str]:
    keys: set[str] = set()
    waiting = list(filters)
    while waiting:
        for key, body in waiting.pop().items():
            if key in {"$and", "$or"}:
                waiting.extend(body)
            elif key == "$not":
                waiting.append(body)
            elif key != "junction":
                keys.add(key)
    return keys


def facts_of(
    segments: Iterable[Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
    declared: Mapping[str, str],
) -> dict[str, Fact]:
    """The facts of every attribute that the segments use."""
    keys = sorted(_keys_in(segment["filter"] for segment in segments))
    return {key: _fact(key, [path_getter(key)(record) for record in records], declared) for key in keys}


def holds_of_zero(name: str, number: float) -> bool:
    """Whether a comparison holds of 0, the value of a missing counter (and of null, in some languages)."""
    return bool({"$more_than": number < 0, "$more_than_equal": number <= 0, "$less_than": number > 0}.get(name, number >= 0))


class Dialect(ABC, Generic[R]):
    """How one language writes conditions."""

    def __init__(self, facts: Mapping[str, Fact]) -> None:
        self.facts = facts

    @abstractmethod
    def all_of(self, parts: list[R]) -> R:
        """The conjunction of two or more parts."""

    @abstractmethod
    def any_of(self, parts: list[R]) -> R:
        """The disjunction of two or more parts."""

    @abstractmethod
    def complement(self, part: R) -> R:
        """What is true exactly when the part is not."""

    @abstractmethod
    def leaf(self, fact: Fact, name: str, operand: Any) -> R:
        """A positive operator on an attribute; the operand is a list exactly for operators that take one."""


def translate(definition: Mapping[str, Any], dialect: Dialect[R]) -> R:
    """A filter in a dialect.

    Raises:
        Untranslatable: when the language cannot say it.
    """
    junction = definition.get("junction", "and")
    parts: list[R] = []
    for key, body in definition.items():
        if key == "junction":
            continue
        if key in {"$and", "$or"}:
            parts.append(_joined(key[1:], [translate(part, dialect) for part in body], dialect))
        elif key == "$not":
            parts.append(dialect.complement(translate(body, dialect)))
        else:
            for name, operand in body["conditions"].items():
                parts.append(_condition(dialect.facts[key], name, operand, junction, dialect))
    if not parts:
        raise Untranslatable
    return _joined(junction, parts, dialect)


def _joined(junction: str, parts: list[R], dialect: Dialect[R]) -> R:
    if len(parts) == 1:
        return parts[0]
    return dialect.any_of(parts) if junction == "or" else dialect.all_of(parts)


def _condition(fact: Fact, name: str, operand: Any, junction: str, dialect: Dialect[R]) -> R:
    positive = _COMPLEMENTS.get(name, name)
    if positive in _LISTS:
        leaf = dialect.leaf(fact, positive, operand if isinstance(operand, list) else [operand])
        return dialect.complement(leaf) if positive != name else leaf
    leaves = [dialect.leaf(fact, positive, one) for one in (operand if isinstance(operand, list) else [operand])]
    if positive != name:
        leaves = [dialect.complement(leaf) for leaf in leaves]
    return _joined(junction, leaves, dialect)

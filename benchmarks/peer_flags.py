"""Feature-flag engines as peers: `flagsmith-flag-engine` and `growthbook`, both pure Python.

Their targeting languages have no prefix and suffix tests: regular expressions stand for them, as their users write them.
Both compile the expression at every test and rely on the cache of the `re` module, which holds 512 patterns. Date operators
are not translated: neither language has them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeAlias

from benchmarks.closures import path_getter
from benchmarks.peer import Peer
from benchmarks.translation import COMPARISONS, Dialect, Fact, Untranslatable, holds_of_zero

__all__ = ["Flagsmith", "Growthbook"]

Rule: TypeAlias = dict[str, Any]
Condition: TypeAlias = dict[str, Any]


def _pattern(name: str, text: str) -> str:
    """A regular expression for a match from the start of a text."""
    escaped = re.escape(text)
    return {"$starts_with": escaped, "$ends_with": f"(?s:.*){escaped}\\Z"}[name]


class FlagsmithRules(Dialect[Rule]):
    """Rules of type ALL, ANY, NONE; a rule holds either conditions or rules, never both (the engine ANDs the two).

    Operands are text that is cast to the type of the trait, and a text trait that reads as a number is made one.
    """

    def all_of(self, parts: list[Rule]) -> Rule:
        """``ALL``."""
        return self._joined("ALL", parts)

    def any_of(self, parts: list[Rule]) -> Rule:
        """``ANY``."""
        return self._joined("ANY", parts)

    def complement(self, part: Rule) -> Rule:
        """``NONE``."""
        return self._joined("NONE", [part])

    def _joined(self, kind: str, parts: list[Rule]) -> Rule:
        conditions = [part["conditions"][0] for part in parts if self._single(part)]
        return {"type": kind, "conditions": conditions} if len(conditions) == len(parts) else {"type": kind, "rules": parts}

    def _single(self, part: Rule) -> bool:
        return part["type"] != "NONE" and len(part.get("conditions", ())) == 1

    def leaf(self, fact: Fact, name: str, operand: Any) -> Rule:
        """A rule of one condition."""
        return {"type": "ALL", "conditions": [self._condition(fact, name, operand)]}

    def _condition(self, fact: Fact, name: str, operand: Any) -> Condition:
        if name == "$has_value":
            return _condition(fact, "IS_SET", "")
        if fact.kind == "number" and not (fact.counter and fact.optional):
            return self._number(fact, name, operand)
        if fact.kind == "flag" and name == "$is":
            return _condition(fact, "EQUAL", "true" if operand else "false")
        if fact.kind != "text" or (fact.numeric_text and not fact.key == "phone"):
            raise Untranslatable
        if name == "$is":
            return _condition(fact, "EQUAL", operand)
        if name == "$in":
            return _condition(fact, "IN", operand)
        if name == "$contains":
            return _condition(fact, "CONTAINS", operand)
        if name in {"$starts_with", "$ends_with"}:
            return _condition(fact, "REGEX", _pattern(name, operand))
        raise Untranslatable

    def _number(self, fact: Fact, name: str, operand: Any) -> Condition:
        if fact.whole and isinstance(operand, float):
            # The operand is cast to int, which refuses a fraction: move it to the whole number that decides the same.
            up = name in {"$more_than_equal", "$less_than"}
            operand = math.ceil(operand) if up else math.floor(operand)
        if name == "$in" and fact.whole and all(type(one) is int for one in operand):
            return _condition(fact, "IN", [str(one) for one in operand])
        operators = {
            "$is": "EQUAL",
            "$more_than": "GREATER_THAN",
            "$more_than_equal": "GREATER_THAN_INCLUSIVE",
            "$less_than": "LESS_THAN",
            "$less_than_equal": "LESS_THAN_INCLUSIVE",
        }
        if name not in operators:
            raise Untranslatable
        return _condition(fact, operators[name], str(operand))


def _condition(fact: Fact, operator: str, value: Any) -> Condition:
    return {"property": fact.key, "operator": operator, "value": value}


class Flagsmith(Peer):
    """`flagsmith-flag-engine`: one evaluation context that holds all segments, `get_evaluation_result` for the record."""

    name = "flagsmith-flag-engine"
    distribution = "flagsmith-flag-engine"

    def load(self) -> None:
        """Finds the public entry point."""
        self._evaluate = import_module("flag_engine.engine").get_evaluation_result
        self._dialect = FlagsmithRules(self.facts)
        self._getters = [(key, path_getter(key)) for key in self.facts]

    def write(self, definition: Mapping[str, Any]) -> Any:
        """The only rule of a segment."""
        return self.translated(definition, self._dialect)

    def finish(self) -> None:
        """Makes the segments of the context."""
        self._segments = {segment_id: {"key": segment_id, "name": segment_id, "rules": [rule]} for segment_id, rule in zip(self.ids, self.rules, strict=True)}

    def prepare(self, record: Mapping[str, Any]) -> Any:
        """A context whose identity has the record's attributes as traits."""
        traits = {key: get(record) for key, get in self._getters}
        return {
            "environment": {"key": "environment", "name": "environment"},
            "identity": {"identifier": "customer", "key": "customer", "traits": traits},
            "segments": self._segments,
        }

    def matching(self, prepared: Any) -> list[str]:
        """One evaluation."""
        return [segment["name"] for segment in self._evaluate(prepared)["segments"]]


class GrowthbookConditions(Dialect[Condition]):
    """GrowthBook's targeting conditions, a dialect of MongoDB's."""

    def all_of(self, parts: list[Condition]) -> Condition:
        """One object when the attributes differ, else ``$and``."""
        merged: Condition = {}
        for part in parts:
            if any(key in merged or key.startswith("$") for key in part):
                return {"$and": parts}
            merged |= part
        return merged

    def any_of(self, parts: list[Condition]) -> Condition:
        """``$or``."""
        return {"$or": parts}

    def complement(self, part: Condition) -> Condition:
        """``$not``."""
        return {"$not": part}

    def leaf(self, fact: Fact, name: str, operand: Any) -> Condition:
        """A condition on the attribute's path."""
        if name == "$has_value":
            return {fact.key: {"$exists": True}}
        if fact.kind == "array":
            return {fact.key: self._array(name, operand)}
        if fact.kind == "number":
            return self._number(fact, name, operand)
        if fact.kind == "flag" and name == "$is":
            return {fact.key: operand}
        if fact.kind == "text":
            return {fact.key: self._text(name, operand)}
        raise Untranslatable

    def _number(self, fact: Fact, name: str, operand: Any) -> Condition:
        operators = {
            "$is": "$eq",
            "$in": "$in",
            "$more_than": "$gt",
            "$more_than_equal": "$gte",
            "$less_than": "$lt",
            "$less_than_equal": "$lte",
        }
        if name not in operators:
            raise Untranslatable
        condition = {fact.key: {operators[name]: operand}}
        if fact.counter and fact.optional and (name not in COMPARISONS or holds_of_zero(name, operand)):
            if name not in COMPARISONS:
                raise Untranslatable
            return {"$or": [condition, {fact.key: {"$exists": False}}]}
        return condition

    def _text(self, name: str, operand: Any) -> Any:
        if name == "$is":
            return operand
        if name == "$in":
            return {"$in": operand}
        if name == "$contains":
            return {"$regex": re.escape(operand)}
        if name == "$starts_with":
            return {"$regex": "^" + re.escape(operand)}
        if name == "$ends_with":
            return {"$regex": re.escape(operand) + "\\Z"}
        raise Untranslatable

    def _array(self, name: str, operand: Any) -> Condition:
        if name == "$is":
            return {"$in": [operand]}
        if name in {"$in", "$intersects"}:
            return {"$in": operand}
        if name == "$includes":
            return {"$all": operand}
        raise Untranslatable


class Growthbook(Peer):
    """`growthbook`: `evalCondition` for every segment, the function under its targeting rules and the least that it can do.

    There is no compiled form, and no entry point for many conditions.
    """

    name = "growthbook"
    distribution = "growthbook"

    def load(self) -> None:
        """Finds the condition evaluator."""
        self._evaluate = import_module("growthbook.core").evalCondition
        self._dialect = GrowthbookConditions(self.facts)

    def write(self, definition: Mapping[str, Any]) -> Any:
        """The condition itself."""
        return self.translated(definition, self._dialect)

    def matching(self, prepared: Any) -> list[str]:
        """One call a condition."""
        evaluate = self._evaluate
        return [segment_id for segment_id, rule in zip(self.ids, self.rules, strict=True) if evaluate(prepared, rule)]

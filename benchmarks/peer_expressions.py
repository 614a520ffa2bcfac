"""Expression languages as peers: `rule-engine` (pure Python) and `zen-engine` (Rust).

Neither lets a missing value into a comparison or a text function, so those are guarded where the data can be missing. Date
operators are not translated: neither language has calendar periods or anniversaries, and their notions of *now* cannot be
set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from benchmarks.closures import path_getter
from benchmarks.peer import Peer
from benchmarks.translation import COMPARISONS, Dialect, Fact, Untranslatable, holds_of_zero

__all__ = ["RuleEngine", "Zen"]

_COUNTS = {"$count": "==", "$count_more": ">", "$count_less": "<"}


class Expression(Dialect[str]):
    """What the two languages share: infix operators, ``and``, ``or``, ``not``, ``in``."""

    def all_of(self, parts: list[str]) -> str:
        """``and``, in parentheses."""
        return "(" + " and ".join(parts) + ")"

    def any_of(self, parts: list[str]) -> str:
        """``or``, in parentheses."""
        return "(" + " or ".join(parts) + ")"

    def complement(self, part: str) -> str:
        """``not``."""
        return f"not ({part})"

    def name(self, fact: Fact) -> str:
        """How the attribute is called."""
        return fact.key

    def function(self, name: str, value: str, operand: str) -> str:
        """A text or array test; the operand is a literal."""
        raise NotImplementedError

    def any_element(self, value: str, operand: list[Any]) -> str:
        """Whether an array has any of some elements."""
        return "(" + " or ".join(self.function("$contains", value, json.dumps(one)) for one in operand) + ")"

    def length(self, value: str) -> str:
        """The number of elements."""
        raise NotImplementedError

    def leaf(self, fact: Fact, name: str, operand: Any) -> str:
        """A condition, guarded where the value may be missing."""
        value = self.name(fact)
        if name == "$has_value":
            return f"({value} != null)"
        if name.startswith("$count") and fact.kind == "array":
            test = f"{self.length(value)} {_COUNTS[name]} {operand}"
            if not fact.optional:
                return test
            absent = {"$count": operand == 0, "$count_more": False, "$count_less": operand > 0}[name]
            return f"({value} == null or {test})" if absent else f"({value} != null and {test})"
        if fact.kind == "number" and name in COMPARISONS:
            test = f"{value} {COMPARISONS[name]} {operand!r}"
            if fact.optional and fact.counter and holds_of_zero(name, operand):
                return f"({value} == null or {test})"
            return self._guarded(fact, value, test)
        if name in {"$is", "$in"} and fact.kind in {"text", "number", "flag"}:
            if fact.counter and fact.optional:
                raise Untranslatable
            return f"{value} {'==' if name == '$is' else 'in'} {json.dumps(operand)}"
        if fact.kind == "text" and name in {"$starts_with", "$ends_with", "$contains"}:
            return self._guarded(fact, value, self.function(name, value, json.dumps(operand)))
        if fact.kind == "array" and name == "$is":
            return self._guarded(fact, value, self.function("$contains", value, json.dumps(operand)))
        if fact.kind == "array" and name in {"$in", "$intersects"}:
            return self._guarded(fact, value, self.any_element(value, operand))
        if fact.kind == "array" and name == "$includes":
            tests = [self.function("$contains", value, json.dumps(one)) for one in operand]
            return self._guarded(fact, value, " and ".join(tests))
        raise Untranslatable

    def _guarded(self, fact: Fact, value: str, test: str) -> str:
        return f"({value} != null and {test})" if fact.optional else test


class RuleEngineText(Expression):
    """The language of rule-engine; attributes are symbols of a flat record, the fastest look-up it has."""

    def name(self, fact: Fact) -> str:
        """A dotted key is not a symbol."""
        return fact.key.replace(".", "_")

    def function(self, name: str, value: str, operand: str) -> str:
        """Methods of text, and ``in``."""
        if name == "$contains":
            return f"{operand} in {value}"
        return f"{value}.{name[1:]}({operand})"

    def length(self, value: str) -> str:
        """An attribute of arrays."""
        return f"{value}.length"


class ZenText(Expression):
    """The ZEN expression language."""

    def function(self, name: str, value: str, operand: str) -> str:
        """Functions in camel case."""
        function = {"$starts_with": "startsWith", "$ends_with": "endsWith", "$contains": "contains"}[name]
        return f"{function}({value}, {operand})"

    def any_element(self, value: str, operand: list[Any]) -> str:
        """``some`` over the elements."""
        return f"some({value}, # in {json.dumps(operand)})"

    def length(self, value: str) -> str:
        """A function."""
        return f"len({value})"


class RuleEngine(Peer):
    """`rule-engine`: one parsed rule a segment, `Rule.matches` in turn (it has no entry point for many rules)."""

    name = "rule-engine"
    distribution = "rule-engine"

    def load(self) -> None:
        """Makes a context that resolves symbols as items and takes an absent one as null."""
        self._module = import_module("rule_engine")
        self._context = self._module.Context(resolver=self._module.resolve_item, default_value=None)
        self._dialect = RuleEngineText(self.facts)
        self._getters = [(self._dialect.name(fact), path_getter(key)) for key, fact in self.facts.items()]

    def write(self, definition: Mapping[str, Any]) -> Any:
        """A parsed rule."""
        return self._module.Rule(self.translated(definition, self._dialect), context=self._context)

    def prepare(self, record: Mapping[str, Any]) -> Any:
        """A flat record."""
        return {name: get(record) for name, get in self._getters}

    def matching(self, prepared: Any) -> list[str]:
        """One call a rule."""
        return [segment_id for segment_id, rule in zip(self.ids, self.rules, strict=True) if rule.matches(prepared)]


class Zen(Peer):
    """`zen-engine`: all rules as one compiled expression, an array of conditions, so that the record crosses into Rust once.

    It has decision tables that collect every matching row as well, and a call per compiled expression; both were slower
    here at 100 segments and more. The record is handed over as a dict that holds the attributes in use, nested as given.
    """

    name = "zen-engine"
    distribution = "zen-engine"

    def load(self) -> None:
        """Imports the module."""
        self._zen = import_module("zen")
        self._dialect = ZenText(self.facts)

    def write(self, definition: Mapping[str, Any]) -> Any:
        """The text of the condition."""
        return self.translated(definition, self._dialect)

    def finish(self) -> None:
        """Compiles one array expression of all conditions."""
        self._expression = self._zen.compile_expression("[" + ", ".join(self.rules) + "]")

    def prepare(self, record: Mapping[str, Any]) -> Any:
        """The attributes in use."""
        kept: dict[str, Any] = {}
        for key in self.facts:
            *steps, last = key.split(".")
            holder = kept
            for step in steps:
                holder = holder.setdefault(step, {})
            holder[last] = path_getter(key)(record)
        return kept

    def matching(self, prepared: Any) -> list[str]:
        """One evaluation."""
        verdicts = self._expression.evaluate(prepared)
        return [segment_id for segment_id, verdict in zip(self.ids, verdicts, strict=True) if verdict]

"""JsonLogic engines as peers: `datalogic-py` (Rust) and `panzi-json-logic` (pure Python).

Both get the same logic, but for text: JsonLogic proper has no prefix and suffix test, datalogic has. Date operators are not
translated: relative dates need arithmetic on *now* that JsonLogic proper lacks. Neither distribution shares a module with
this project's own dependency (`jsonlogic-py` installs ``jsonlogic``; these install ``datalogic_py`` and ``json_logic``).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeAlias

from benchmarks.peer import Peer
from benchmarks.translation import COMPARISONS, Dialect, Fact, Untranslatable, holds_of_zero

__all__ = ["Datalogic", "Panzi"]

Logic: TypeAlias = dict[str, Any]


class JsonLogic(Dialect[Logic]):
    """JsonLogic, with `starts_with`, `ends_with` and `length` where the engine has them."""

    def __init__(self, facts: Mapping[str, Fact], *, extended: bool) -> None:
        super().__init__(facts)
        self._extended = extended

    def all_of(self, parts: list[Logic]) -> Logic:
        """``and``."""
        return {"and": parts}

    def any_of(self, parts: list[Logic]) -> Logic:
        """``or``."""
        return {"or": parts}

    def complement(self, part: Logic) -> Logic:
        """``!``; of an equality, ``!==``."""
        return {"!==": part["==="]} if "===" in part else {"!": [part]}

    def leaf(self, fact: Fact, name: str, operand: Any) -> Logic:
        """A condition on ``{"var": key}``."""
        value = {"var": fact.key}
        if name == "$has_value":
            return {"!==": [value, None]}
        if fact.kind == "number":
            return self._number(fact, value, name, operand)
        if fact.kind == "array":
            return self._array(value, name, operand)
        if fact.kind == "flag" and name == "$is":
            return {"===": [value, operand]}
        if fact.kind == "text":
            return self._text(fact, value, name, operand)
        raise Untranslatable

    def _number(self, fact: Fact, value: Logic, name: str, operand: Any) -> Logic:
        if name not in COMPARISONS:
            if name not in {"$is", "$in"} or (fact.counter and fact.optional):
                raise Untranslatable
            return {"===": [value, operand]} if name == "$is" else {"in": [value, operand]}
        # null compares as 0: right for a missing counter, wrong for any other missing value unless it fails anyway.
        compared = {COMPARISONS[name]: [value, operand]}
        if fact.optional and not fact.counter and holds_of_zero(name, operand):
            return {"and": [{"!==": [value, None]}, compared]}
        return compared

    def _text(self, fact: Fact, value: Logic, name: str, operand: Any) -> Logic:
        if name == "$is":
            return {"===": [value, operand]}
        if name == "$in":
            return {"in": [value, operand]}
        if name == "$contains":
            return {"in": [operand, value]}
        if name not in {"$starts_with", "$ends_with"}:
            raise Untranslatable
        if self._extended:
            return {name[1:]: [value, operand]}
        size = len(operand)
        cut = {"substr": [value, 0, size] if name == "$starts_with" else [value, -size]}
        matched = {"===": [cut, operand]}
        return {"and": [{"!==": [value, None]}, matched]} if fact.optional else matched

    def _array(self, value: Logic, name: str, operand: Any) -> Logic:
        if name == "$is":
            return {"in": [operand, value]}
        if name in {"$in", "$intersects"}:
            return {"some": [value, {"in": [{"var": ""}, operand]}]}
        if name == "$includes":
            return {"and": [{"in": [one, value]} for one in operand]}
        if name.startswith("$count") and self._extended:
            size = {"length": [{"??": [value, []]}]}
            return {{"$count": "===", "$count_more": ">", "$count_less": "<"}[name]: [size, operand]}
        raise Untranslatable


class Datalogic(Peer):
    """`datalogic-py`: rules compiled once, the record parsed once, one `evaluate_many` call for all rules."""

    name = "datalogic-py"
    distribution = "datalogic-py"

    def load(self) -> None:
        """Opens an engine and a session, the documented hot path."""
        self._engine = import_module("datalogic_py").Engine()
        self._session = self._engine.session()
        self._dialect = JsonLogic(self.facts, extended=True)

    def write(self, definition: Mapping[str, Any]) -> Any:
        """The compiled rule."""
        return self._engine.compile(self.translated(definition, self._dialect))

    def prepare(self, record: Mapping[str, Any]) -> Any:
        """The pre-parsed record."""
        return import_module("datalogic_py").DataHandle(record)

    def matching(self, prepared: Any) -> list[str]:
        """Every verdict is JSON text."""
        verdicts = self._session.evaluate_many(self.rules, prepared)
        return [segment_id for segment_id, verdict in zip(self.ids, verdicts, strict=True) if verdict == "true"]


class Panzi(Peer):
    """`panzi-json-logic`: no compilation; the logic is interpreted rule by rule."""

    name = "panzi-json-logic"
    distribution = "panzi-json-logic"

    def load(self) -> None:
        """Finds the only entry point."""
        self._apply = import_module("json_logic").jsonLogic
        self._dialect = JsonLogic(self.facts, extended=False)

    def write(self, definition: Mapping[str, Any]) -> Any:
        """The logic itself."""
        return self.translated(definition, self._dialect)

    def matching(self, prepared: Any) -> list[str]:
        """One call a rule."""
        apply = self._apply
        return [segment_id for segment_id, rule in zip(self.ids, self.rules, strict=True) if apply(rule, prepared)]

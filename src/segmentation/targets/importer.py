"""Rules of JsonLogic as filters.

A rule is read for what it is true of: its parts stand where a verdict is asked. Comparisons of a variable with a constant become conditions; what
they say of null is computed and written into the filter, since null is 0 to JsonLogic's order. `==` is read as `===`. Rules over views, which
`to_jsonlogic` writes, are recognised.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb
from typing import Any, Final

from segmentation.errors import TranslationError, article, json_type, shown
from segmentation.language.options import Options
from segmentation.language.outline import Path
from segmentation.targets.building import ALWAYS, NEVER, Filter, condition, conjunction, disjunction, exactly, finished, negation, one_of, suited, when_unknown
from segmentation.targets.expressions import written
from segmentation.targets.recognition import attributes_viewed, condition_of
from segmentation.targets.views import NAMES

__all__ = ["from_jsonlogic"]

_MOST_COMBINATIONS: Final = 100
"""How many alternatives `missing_some` may come to."""
_ORDER: Final[dict[str, tuple[str, Callable[[Any, Any], bool]]]] = {
    "<": ("less_than", operator.lt),
    "<=": ("less_than_equal", operator.le),
    ">": ("more_than", operator.gt),
    ">=": ("more_than_equal", operator.ge),
}
_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EQUAL, _UNEQUAL = ("==", "==="), ("!=", "!==")


def from_jsonlogic(
    rule: Any,
    *,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A rule of JsonLogic as a filter.

    The filter is true of a record exactly when the rule, with `===` for `==`, is truthy of it, as long as what stands at each variable is of the
    type of the constant that it is compared with, or null, or absent. Variables are attribute keys.

    Args:
        rule: A rule as JSON has it, or an expression of jsonlogic-py such as `Variable("age") > 18`.
        timezone: As for `SegmentEngine`; likewise the other options. Of a rule that `to_jsonlogic` wrote, those that it was written with.
        week_start: Likewise.
        attributes: Likewise.
        locations: Likewise.

    Raises:
        TranslationError: Some part of the rule cannot be said in the filter language; its `pointer` says where it stands.
        ValueError: Something is wrong with the options.

    Examples:
        >>> from_jsonlogic({"<": [{"var": "age"}, 18]})
        {'junction': 'or', 'age': {'conditions': {'$is_unknown': True, '$less_than': 18}}}
    """
    options = Options.of(timezone, week_start, attributes, locations)
    return finished(_Reader(options).verdict(written(rule), ()), options)


_DIFFERENT_NULLS: Final = "evaluators differ about what this says of null"


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable, with what it is when it is absent. Of an element of a list, what null would be is of no account."""

    key: str
    default: Any = None

    @property
    def nothings(self) -> tuple[Any, Any]:
        """What it may be when it is null: to some evaluators null, to others the default."""
        return None, self.default


class _Reader:
    def __init__(self, options: Options, element_of: str | None = None) -> None:
        self.options = options
        self.element_of = element_of
        """The attribute over whose elements a rule is read, within `some`, `all` and `none`."""

    def verdict(self, rule: Any, path: Path) -> Filter:
        """What a rule is truthy of."""
        if not isinstance(rule, dict):
            return ALWAYS if _truthy(rule) else NEVER
        if len(rule) != 1:
            raise TranslationError(path, f"a rule is an object of one operator, not of {len(rule)} keys")
        ((name, operands),) = rule.items()
        viewed = attributes_viewed(rule) if self.element_of is None and name not in ("and", "!") else set()
        if len(viewed) == 1 and None not in viewed:
            (key,) = viewed
            found = condition_of(rule, str(key), self.options)
            if found is not None:
                return {str(key): {"conditions": found}}
        here = (*path, name)
        parts = operands if isinstance(operands, list) else [operands]
        places = [(*here, index) for index in range(len(parts))] if isinstance(operands, list) else [here]
        method = _METHODS.get(name) if isinstance(name, str) else None
        if method is None:
            raise TranslationError(here, f"{shown(name)} is not an operator that filters can say")
        return method(self, name, parts, places, here)

    # Junctions

    def junction(self, name: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        self.count(parts, here, 1, None)
        read = [self.verdict(part, place) for part, place in zip(parts, places, strict=True)]
        return conjunction(read) if name == "and" else disjunction(read)

    def complement(self, name: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        self.count(parts, here, 1, None)
        if name == "!" and self.element_of is not None:
            raise TranslationError(here, "what some element is not cannot be said of an array")
        made = self.verdict(parts[0], places[0])
        return made if name == "!!" else negation(made)

    def choice(self, _: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        """If … then … else: a pair of a test and its outcome each, and what is left."""
        if self.element_of is not None:
            raise TranslationError(here, "a choice for each element cannot be said of an array")
        alternatives: list[Filter] = []
        so_far: list[Filter] = []
        for index in range(0, len(parts) - 1, 2):
            test, outcome = self.verdict(parts[index], places[index]), self.verdict(parts[index + 1], places[index + 1])
            alternatives.append(conjunction([*so_far, test, outcome]))
            so_far.append(negation(test))
        if len(parts) % 2:
            alternatives.append(conjunction([*so_far, self.verdict(parts[-1], places[-1])]))
        return disjunction(alternatives)

    # Comparisons

    def comparison(self, name: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        self.count(parts, here, 2, 3 if name in _ORDER else 2)
        read = [self.operand(part, place) for part, place in zip(parts, places, strict=True)]
        match read:
            case [low, _Variable() as between, high] if not any(isinstance(bound, _Variable | _Piece) for bound in (low, high)):
                bounds = [self.ordered(_FLIPPED[name], between, low, here), self.ordered(name, between, high, here)]
                of_nothings = [all(of_each) for of_each in zip(*(of_nothings for _, of_nothings in bounds), strict=True)]
                return self.with_null(conjunction([made for made, _ in bounds]), between.key, of_nothings, here)
            case _:
                return conjunction([self.compared(name, one, other, here) for one, other in pairwise(read)])

    def compared(self, name: str, one: Any, other: Any, here: Path) -> Filter:
        if not isinstance(one, _Variable | _Piece) and not isinstance(other, _Variable | _Piece):
            return ALWAYS if _folded(name, one, other, here) else NEVER
        if not isinstance(one, _Variable | _Piece):
            one, other, name = other, one, _FLIPPED.get(name, name)
        if isinstance(other, _Variable | _Piece):
            raise TranslationError(here, "two attributes are compared; filters compare an attribute with a constant")
        if name in _UNEQUAL:
            if self.element_of is not None:
                raise TranslationError(here, "what some element is not cannot be said of an array")
            return negation(self.compared("===", one, other, here))
        if isinstance(one, _Piece):
            return self.piece(name, one, other, here)
        if name in _EQUAL:
            return self.equal(one, [other], here)
        made, of_nothings = self.ordered(name, one, other, here)
        return self.with_null(made, one.key, of_nothings, here)

    def ordered(self, name: str, variable: _Variable, bound: Any, here: Path) -> tuple[Filter, list[bool]]:
        """A variable on one side of a number; and whether null is, and the default."""
        self.suits(variable.key, bound, here)
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise TranslationError(here, f"filters order numbers, not {article(json_type(bound))}")
        word, holds = _ORDER[name]
        if not isinstance(variable.default, int | float | None):
            raise TranslationError(here, f"the default is {article(json_type(variable.default))} and is compared with a number")
        return condition(variable.key, **{word: bound}), [holds(0 if nothing is None else nothing, bound) for nothing in variable.nothings]

    def equal(self, variable: _Variable, values: Sequence[Any], here: Path) -> Filter:
        """The variable is one of the values."""
        for value in values:
            if value is not None:
                self.suits(variable.key, value, here)
        known = [value for value in values if value is not None]
        of_nothings = [any(_same(nothing, value) for value in values) for nothing in variable.nothings]
        if not known and variable.default is None:
            return condition(variable.key, is_unknown=True) if values else NEVER
        return self.with_null(one_of(variable.key, known) if known else NEVER, variable.key, of_nothings, here)

    def with_null(self, made: Filter, key: str, of_nothings: Sequence[bool], here: Path) -> Filter:
        """What is made, with the verdict of null. Within a list, null is for the list."""
        if self.element_of is not None:
            return made
        if len(set(of_nothings)) > 1:
            raise TranslationError(here, _DIFFERENT_NULLS)
        return when_unknown(made, key, self.options, is_true=of_nothings[0])

    def piece(self, name: str, piece: _Piece, text: Any, here: Path) -> Filter:
        if name not in _EQUAL or not isinstance(text, str):
            raise TranslationError(here, "a piece of text is compared by == with text")
        self.suits(piece.variable.key, text, here)
        if not text or piece.of("null") == text or piece.variable.default is not None:
            raise TranslationError(here, _DIFFERENT_NULLS)
        key = piece.variable.key
        if len(text) > piece.length:
            return NEVER
        if len(text) < piece.length:  # a shorter piece is the whole text
            return condition(key, **{"is": text})
        return condition(key, **{"starts_with" if piece.at_start else "ends_with": text})

    def suits(self, key: str, constant: Any, here: Path) -> None:
        suited(key, constant, self.options, here)

    # Membership

    def membership(self, _: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        self.count(parts, here, 2, 2)
        needle, haystack = (self.operand(part, place) for part, place in zip(parts, places, strict=True))
        match needle, haystack:
            case _Variable(), list():
                return self.equal(needle, haystack, here)
            case str(), _Variable():
                self.suits(haystack.key, needle, here)
                if haystack.default is not None:
                    raise TranslationError(here, "a default to search in cannot be said")
                return self.with_null(condition(haystack.key, contains=needle), haystack.key, [False], here)
            case bool() | int() | float(), _Variable() if haystack.default is None and self.element_of is None:
                return self.equal(_Variable(haystack.key), [needle], here)
            case ((None | bool() | int() | float() | str()), list()):
                return ALWAYS if any(_same(needle, value) for value in haystack) else NEVER
            case str(), str():
                return ALWAYS if needle in haystack else NEVER
            case _:
                raise TranslationError(here, "in takes a variable and a list of constants, or a constant and a variable")

    def elements(self, name: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        """Some, none or all of an array's elements."""
        self.count(parts, here, 2, 2)
        if self.element_of is not None:
            raise TranslationError(here, "lists in lists are not looked into")
        source = self.operand(parts[0], places[0])
        if not isinstance(source, _Variable) or source.default not in (None, []):
            raise TranslationError(places[0], f"{name} takes a variable")
        inner = _Reader(self.options, source.key)
        body, place = parts[1], places[1]
        if name == "all":
            complement = _complement(body)
            if complement is None:
                raise TranslationError(place, "all is said of arrays only of what their elements are not: filters ask whether some element is")
            none = negation(self.known(inner.verdict(*complement(place)), source.key))
            return conjunction([condition(source.key, count_more=0), none])
        made = self.known(inner.verdict(body, place), source.key)
        return made if name == "some" else negation(made)

    def known(self, made: Filter, key: str) -> Filter:
        """Of null, which has no elements, nothing of elements is true; constants ask for an element."""
        if made == ALWAYS:
            return condition(key, count_more=0)
        return made if made == NEVER else when_unknown(made, key, self.options, is_true=False)

    # Presence

    def missing(self, _: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        keys, place = (parts[0], places[0]) if parts and isinstance(parts[0], list) else (parts, here)
        return disjunction([condition(key, is_unknown=True) for key in self.keys(keys, place)])

    def missing_some(self, _: str, parts: Sequence[Any], places: Sequence[Path], here: Path) -> Filter:
        self.count(parts, here, 2, 2)
        needed, keys = parts[0], self.keys(parts[1], places[1])
        if isinstance(needed, bool) or not isinstance(needed, int):
            raise TranslationError(places[0], "missing_some takes a whole number")
        needed = min(needed, len(keys))  # when more are needed than are named, all are
        if needed <= 0:
            return NEVER
        if comb(len(keys), needed) > _MOST_COMBINATIONS:
            raise TranslationError(here, f"{needed} of {len(keys)} come to more than {_MOST_COMBINATIONS} alternatives")
        enough = [conjunction([condition(key, has_value=True) for key in some]) for some in combinations(keys, needed)]
        return negation(disjunction(enough))

    def keys(self, keys: Any, place: Path) -> list[str]:
        if self.element_of is not None or not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
            raise TranslationError(place, "the keys that may be missing are text")
        return keys

    def truth(self, _: str, parts: Sequence[Any], _places: Sequence[Path], here: Path) -> Filter:
        """A variable by itself: it is neither null, false, 0, empty text nor an empty list."""
        variable = self.operand({"var": list(parts)}, here)
        if not isinstance(variable, _Variable) or self.element_of is not None or variable.default is not None:
            raise TranslationError(here, "a variable by itself has no default, and is no element of a list")
        key, empty = variable.key, [exactly(variable.key, value) for value in (False, 0, "")]
        something = conjunction([condition(key, count_more=0), condition(key, has_value=True), negation(disjunction(empty))])
        return disjunction([condition(key, count_more=1), something])

    # Operands

    def operand(self, part: Any, place: Path) -> Any:
        """A constant, a variable, or a piece of one."""
        match part:
            case {"var": name} if len(part) == 1:
                return self.variable(name if isinstance(name, list) else [name], (*place, "var"))
            case {"substr": [{"var": name}, int(start)]} if start < 0:
                return _Piece(self.source(name, place), -start, at_start=False)
            case {"substr": [{"var": name}, 0, int(length)]} if length > 0:
                return _Piece(self.source(name, place), length, at_start=True)
            case dict():
                what = ", ".join(map(shown, part)) or "an empty object"
                raise TranslationError(place, f"{what} does not stand for a constant or a variable")
            case list():
                return [self.constant(value, (*place, index)) for index, value in enumerate(part)]
            case _:
                return part

    def source(self, name: Any, place: Path) -> _Variable:
        return self.variable(name if isinstance(name, list) else [name], (*place, "substr", 0, "var"))

    def constant(self, value: Any, place: Path) -> Any:
        if isinstance(value, dict | list):
            raise TranslationError(place, f"a listed value is text, a number, a boolean or null, not {article(json_type(value))}")
        return value

    def variable(self, operands: Sequence[Any], place: Path) -> _Variable:
        name, default = operands[0] if operands else "", operands[1] if len(operands) > 1 else None
        if isinstance(name, int) and not isinstance(name, bool):
            name = str(name)
        if self.element_of is not None:
            if name != "":
                raise TranslationError(place, "within a list, the variable is the element itself: ''")
            return _Variable(self.element_of)
        if not isinstance(name, str) or not name:
            raise TranslationError(place, "a variable has the key of an attribute")
        if name == NAMES or name.startswith("$"):
            raise TranslationError(place, f"{shown(name)} is no attribute key; the members of a static segment are no filter")
        if isinstance(default, dict) or (isinstance(default, list) and default):
            raise TranslationError(place, "a default is a constant")
        return _Variable(name, default)

    def count(self, parts: Sequence[Any], here: Path, least: int, most: int | None) -> None:
        if len(parts) < least or (most is not None and len(parts) > most):
            expected = f"{least}" if most == least else f"{least} to {most}" if most else f"{least} or more"
            raise TranslationError(here, f"{expected} operands are expected, not {len(parts)}")


@dataclass(frozen=True, slots=True)
class _Piece:
    """The beginning or the end of a variable's text."""

    variable: _Variable
    length: int
    at_start: bool

    def of(self, text: str) -> str:
        """The piece of a text."""
        return text[: self.length] if self.at_start else text[-self.length :]


_Method = Callable[[_Reader, str, Sequence[Any], Sequence[Path], Path], Filter]

_METHODS: Final[dict[str, _Method]] = {
    **dict.fromkeys(("and", "or"), _Reader.junction),
    **dict.fromkeys(("!", "!!"), _Reader.complement),
    **dict.fromkeys(("if", "?:"), _Reader.choice),
    **dict.fromkeys((*_ORDER, *_EQUAL, *_UNEQUAL), _Reader.comparison),
    **dict.fromkeys(("some", "none", "all"), _Reader.elements),
    "in": _Reader.membership,
    "missing": _Reader.missing,
    "missing_some": _Reader.missing_some,
    "var": _Reader.truth,
}


def _complement(body: Any) -> Callable[[Path], tuple[Any, Path]] | None:
    """What a negative body negates, and where that stands."""
    match body:
        case {"!": [inner]}:
            return lambda path: (inner, (*path, "!", 0))
        case {"!": inner}:
            return lambda path: (inner, (*path, "!"))
        case {"!=": operands} | {"!==": operands}:
            return lambda path: ({"===": operands}, path)
    return None


def _same(one: Any, other: Any) -> bool:
    """Whether two constants are the same, as `===` has it."""
    return json_type(one) == json_type(other) and one == other and not isinstance(one, list | dict)


def _truthy(constant: Any) -> bool:
    return constant is not None and constant not in (False, 0, "", [])


def _folded(name: str, one: Any, other: Any, here: Path) -> bool:
    """The comparison of two constants."""
    alike = json_type(one) == json_type(other)
    if isinstance(one, list | dict) or isinstance(other, list | dict):
        raise TranslationError(here, "lists are not compared")
    if name in ("===", "!==") or (name in ("==", "!=") and alike):
        return _same(one, other) is (name in _EQUAL)
    if name in _ORDER and alike and json_type(one) in ("number", "string"):
        return _ORDER[name][1](one, other)
    raise TranslationError(here, "constants of different types are compared, which JsonLogic does by coercion")

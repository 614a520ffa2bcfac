"""Queries of react-querybuilder as filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from segmentation import iso8601
from segmentation.errors import TranslationError, article, json_type, shown
from segmentation.language.operands import number_in_text
from segmentation.language.options import Options
from segmentation.language.outline import Path
from segmentation.language.parse import DEEPEST
from segmentation.targets.building import ALWAYS, Filter, condition, conjunction, disjunction, finished, negation, when_unknown

__all__ = ["from_querybuilder"]

_PLACEHOLDER: Final = "~"
"""What a field or an operator is called that nobody has chosen yet."""
_TEXTS: Final = {"contains": "contains", "beginswith": "starts_with", "endswith": "ends_with"}
_ORDER: Final = {
    "<": ("less_than", "before"),
    "<=": ("less_than_equal", "before_equal"),
    ">": ("more_than", "after"),
    ">=": ("more_than_equal", "after_equal"),
}
"""The operators that order, with ours for numbers and for dates."""
# The component writes operators and modes in camel case, and reads them in any.
_NEGATIVE: Final = {
    "!=": "=",
    "notnull": "null",
    "notin": "in",
    "notbetween": "between",
    "doesnotcontain": "contains",
    "doesnotbeginwith": "beginswith",
    "doesnotendwith": "endswith",
}
_MOST_STEPS: Final = 4 * DEEPEST
"""How long the place of a group may be: two steps a level, and levels of one junction come to one."""


def from_querybuilder(
    query: Mapping[str, Any],
    *,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A query of react-querybuilder, as the component or its export `json` gives it, as a filter.

    A positive operator is false of what is unknown; a negative one is the complement of its positive one, so true of it. Numbers in text order
    as numbers and ISO 8601 text as dates; a list may be an array or text with commas. What is muted, or has no field or operator chosen yet,
    counts as absent, and a group without rules as true: so does the component when it exports.

    Args:
        query: A group of rules (`combinator`, `rules`, `not`), or one with independent combinators, `and` before `or`.
        timezone: As for `SegmentEngine`; likewise the other options.
        week_start: Likewise.
        attributes: Likewise.
        locations: Likewise.

    Raises:
        TranslationError: Some part of the query cannot be said in the filter language; its `pointer` says where it stands.
        ValueError: Something is wrong with the options.

    Examples:
        >>> from_querybuilder({"combinator": "and", "rules": [{"field": "age", "operator": ">", "value": "28"}]})
        {'age': {'conditions': {'$more_than': 28}}}
    """
    options = Options.of(timezone, week_start, attributes, locations)
    return finished(_Reader(options).group(query, ()), options)


class _Reader:
    """Reads rules of attributes, or of the elements of one attribute's array."""

    def __init__(self, options: Options, element_of: str | None = None) -> None:
        self.options = options
        self.element_of = element_of

    # Groups

    def group(self, group: Any, path: Path) -> Filter:
        if not isinstance(group, Mapping):
            raise TranslationError(path, f"a query is an object, not {article(json_type(group))}")
        rules = group.get("rules")
        if not isinstance(rules, list):
            raise TranslationError((*path, "rules"), f"rules are an array, not {article(json_type(rules))}")
        if len(path) > _MOST_STEPS:
            raise TranslationError(path, "it is nested too deep")
        if group.get("muted"):
            return ALWAYS
        if group.get("combinator") is None:
            alternatives = self.independent(rules, (*path, "rules"))
        else:
            parts = [self.member(rule, (*path, "rules", index)) for index, rule in enumerate(rules) if _counts(rule)]
            is_or = _is_or(group["combinator"], (*path, "combinator"))
            alternatives = [[part] for part in parts] if is_or else [parts]
        self.check_elements([part for parts in alternatives for part in parts], alternatives, path)
        if not any(alternatives):
            return ALWAYS
        made = disjunction([conjunction(parts) for parts in alternatives])
        return self.complement(made, (*path, "not")) if group.get("not") else made

    def independent(self, rules: Sequence[Any], path: Path) -> list[list[Filter]]:
        """Rules with combinators between them: alternatives, each of parts that all are to hold."""
        alternatives: list[list[Filter]] = [[]]
        for index, rule in enumerate(rules):
            place = (*path, index)
            if isinstance(rule, str) is not bool(index % 2):
                raise TranslationError(place, "rules and combinators take turns")
            if isinstance(rule, str):
                _is_or(rule, place)
            elif _counts(rule):
                if any(alternatives) and _is_or(rules[index - 1], path):
                    alternatives.append([])
                alternatives[-1].append(self.member(rule, place))
        if rules and isinstance(rules[-1], str):
            raise TranslationError((*path, len(rules) - 1), "a combinator stands between two rules")
        return alternatives

    def check_elements(self, parts: Sequence[Filter], alternatives: Sequence[Sequence[Filter]], path: Path) -> None:
        if self.element_of is not None and (not parts or any(len(together) > 1 for together in alternatives)):
            raise TranslationError(path, "of one element a filter asks one thing, or some of several")

    def member(self, rule: Any, path: Path) -> Filter:
        if not isinstance(rule, Mapping):
            raise TranslationError(path, f"a rule is an object, not {article(json_type(rule))}")
        if "rules" in rule:
            return self.group(rule, path)
        return finished(self.rule(rule, path), self.options, path)

    # Rules

    def rule(self, rule: Mapping[str, Any], path: Path) -> Filter:
        key = self.key(rule.get("field"), (*path, "field"))
        source = rule.get("valueSource")
        if source not in (None, "value"):
            raise TranslationError((*path, "valueSource"), "filters compare an attribute with constants, not with another attribute")
        match = rule.get("match")
        if isinstance(match, Mapping) and match.get("mode"):
            return self.matched(key, match, rule.get("value"), path)
        name = _lowered(rule.get("operator"))
        positive = _NEGATIVE.get(name, name)
        if positive not in _OPERATORS:
            raise TranslationError((*path, "operator"), f"{shown(rule.get('operator'))} is not an operator that filters can say")
        made = _OPERATORS[positive](self, key, positive, rule.get("value"), (*path, "value"))
        return made if positive == name else self.complement(made, (*path, "operator"))

    def complement(self, made: Filter, place: Path) -> Filter:
        if self.element_of is not None:
            raise TranslationError(place, "what some element is not cannot be said of an array")
        return negation(made)

    def key(self, field: Any, place: Path) -> str:
        if self.element_of is not None:
            if field != "":
                raise TranslationError(place, "within an array, the field is the element itself: ''")
            return self.element_of
        if not isinstance(field, str) or not field or field.startswith("$"):
            raise TranslationError(place, "a field is the key of an attribute")
        return field

    def matched(self, key: str, match: Mapping[str, Any], value: Any, path: Path) -> Filter:
        """How many elements of an array a query of its own holds of."""
        if self.element_of is not None:
            raise TranslationError((*path, "match"), "arrays in arrays are not looked into")
        match _lowered(match["mode"]), match.get("threshold"):
            case ("some", _) | ("atleast", 1):
                return self.some(key, value, (*path, "value"))
            case ("none", _) | ("atmost" | "exactly", 0):
                return negation(self.some(key, value, (*path, "value")))
            case ("all", _):
                return negation(self.some(key, _opposite(value, (*path, "value")), (*path, "value")))
            case _:
                raise TranslationError((*path, "match"), "filters ask whether some element is, or none is, not how many are")

    def some(self, key: str, value: Any, path: Path) -> Filter:
        return _Reader(self.options, key).group(value, path)

    # Operators

    def unknown(self, key: str, _name: str, _value: Any, place: Path) -> Filter:
        if self.element_of is not None:
            raise TranslationError(place, "filters do not see the nulls in an array")
        return condition(key, is_unknown=True)

    def equal(self, key: str, name: str, value: Any, place: Path) -> Filter:
        return self.unknown(key, name, value, place) if value is None else self.known(condition(key, **{"is": _scalar(value, place)}), key)

    def text(self, key: str, name: str, value: Any, place: Path) -> Filter:
        if not isinstance(value, str):
            raise TranslationError(place, f"text is expected, not {article(json_type(value))}")
        return self.known(condition(key, **{_TEXTS[name]: value}), key)

    def listed(self, key: str, _name: str, value: Any, place: Path) -> Filter:
        values = [_scalar(one, place) for one in _listed(value, place)]
        if not values:
            raise TranslationError(place, "a list of one value or more is expected")
        return self.known(condition(key, **{"in": values}), key)

    def ordered(self, key: str, name: str, value: Any, place: Path) -> Filter:
        bound = _bound(value, place)
        of_numbers, of_dates = _ORDER[name]
        return self.known(condition(key, **{of_dates if isinstance(bound, str) else of_numbers: bound}), key)

    def between(self, key: str, _name: str, value: Any, place: Path) -> Filter:
        match [_bound(one, place) for one in _listed(value, place)]:
            case [low, high] if isinstance(low, str) is isinstance(high, str):
                if self.element_of is not None:
                    raise TranslationError(place, "of one element a filter asks one bound")
                if not isinstance(low, str):
                    low, high = sorted((low, high))  # so does the component, with numbers
                return conjunction([self.ordered(key, ">=", low, place), self.ordered(key, "<=", high, place)])
            case _:
                raise TranslationError(place, "two numbers or two dates are expected")

    def known(self, made: Filter, key: str) -> Filter:
        """A counter is 0 where nothing is stored, and to the component nothing is stored."""
        return when_unknown(made, key, self.options, is_true=False)


_OPERATORS: Final[dict[str, Callable[[_Reader, str, str, Any, Path], Filter]]] = {
    "=": _Reader.equal,
    "null": _Reader.unknown,
    "in": _Reader.listed,
    "between": _Reader.between,
    **dict.fromkeys(_TEXTS, _Reader.text),
    **dict.fromkeys(_ORDER, _Reader.ordered),
}


def _counts(rule: Any) -> bool:
    """Whether a rule or group is there at all: not muted, and chosen."""
    return not isinstance(rule, Mapping) or not (rule.get("muted") or _PLACEHOLDER in (rule.get("field"), rule.get("operator")))


def _is_or(combinator: Any, place: Path) -> bool:
    if not isinstance(combinator, str) or combinator.lower() not in ("and", "or"):
        raise TranslationError(place, f"{shown(combinator)} is not a combinator that filters can say: they are and, or")
    return combinator.lower() == "or"


def _opposite(group: Any, path: Path) -> Any:
    """A group of one rule with a negative operator, as the group of what it denies: all are not, when none is."""
    rules = group.get("rules") if isinstance(group, Mapping) else None
    if (
        not isinstance(rules, list)
        or len(rules) != 1
        or not isinstance(rules[0], Mapping)
        or _lowered(rules[0].get("operator")) not in _NEGATIVE
        or group.get("not")
    ):
        raise TranslationError(path, "all is said of arrays only of what their elements are not: filters ask whether some element is")
    return {**group, "rules": [{**rules[0], "operator": _NEGATIVE[_lowered(rules[0]["operator"])]}]}


def _lowered(name: Any) -> str:
    return name.lower() if isinstance(name, str) else ""


def _scalar(value: Any, place: Path) -> Any:
    if not isinstance(value, str | int | float):
        raise TranslationError(place, f"text, a number or a boolean is expected, not {article(json_type(value))}")
    return value


def _listed(value: Any, place: Path) -> list[Any]:
    """An array, or what stands between commas."""
    if isinstance(value, str):
        return list(_pieces(value))
    if isinstance(value, int | float):
        return [value]
    if not isinstance(value, list):
        raise TranslationError(place, f"an array, or text with commas, is expected, not {article(json_type(value))}")
    return value


def _pieces(text: str) -> Iterator[str]:
    """The pieces between commas, trimmed, empty ones left out; a backslash before a comma makes it a part of its piece."""
    for piece in text.replace("\\,", "\0").split(","):
        trimmed = piece.replace("\0", ",").strip()
        if trimmed:
            yield trimmed


def _bound(value: Any, place: Path) -> Any:
    """A number, that of a text if it holds one, or the text of a date."""
    if isinstance(value, str):
        number = number_in_text(value.strip())
        if number is not None:
            return number
        if iso8601.parse(value.strip()) is not None:
            return value.strip()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise TranslationError(place, "a number or a date is expected")

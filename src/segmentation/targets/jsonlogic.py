"""Filters as rules of JsonLogic.

The predicate is translated, not the operators: each check of a leaf looks at one view of the attribute (`targets.views`), whose scalars are of one
type, with operators on which evaluators agree. So what is missing, wrong-typed or an array means in the rule what it means here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from segmentation.errors import DefinitionError, Problem, TranslationError, is_utf8, pointer
from segmentation.language.attributes import Attribute
from segmentation.language.checks import Check, Constraint, Facet, Inside, Interval, OneOf, Prefix, Substring, Suffix, Window
from segmentation.language.data import Kind
from segmentation.language.dates import DAY
from segmentation.language.definitions import Document, compile_definitions
from segmentation.language.options import Options
from segmentation.language.outline import Condition, Junction, Negation, Outline, Path
from segmentation.language.parse import outline, parse_filter
from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate, leaves
from segmentation.model import Segment
from segmentation.targets.expressions import ELEMENT, Operand, all_of, any_of, compared, is_in, is_not, piece, rule_of, same, some, variable
from segmentation.targets.views import COUNT, FARTHEST, KNOWN, LARGE_NUMBER, LARGEST, NAMES, NEAR_DAYS, path_of, view_of

__all__ = ["rule_of_condition", "to_jsonlogic", "views_of_condition"]


def to_jsonlogic(
    filter_or_segment: Segment | Mapping[str, Any],
    *,
    timezone: str = "UTC",
    week_start: str = "monday",
    attributes: Mapping[str, str] | None = None,
    locations: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A filter, or a segment, as a rule of JsonLogic over what `to_jsonlogic_data` makes of a record.

    The rule is true of the data exactly when the filter is true of the record. Time is in the data, not in the rule.

    Args:
        filter_or_segment: A filter as JSON has it, or a segment (a mapping whose `id` is a string).
        timezone: As for `SegmentEngine`; likewise the other options. The data must be made with the same.
        week_start: Likewise.
        attributes: Likewise.
        locations: Likewise.

    Raises:
        DefinitionError: Something is wrong with the filter or the segment.
        TranslationError: A condition cannot be said so that evaluators agree; its `pointer` says where it stands.
        ValueError: Something is wrong with the options.

    Examples:
        >>> to_jsonlogic({"age": {"conditions": {"$more_than": 18}}}, attributes={"age": "number"})
        {'some': [{'var': ['age.$number', []]}, {'>': [{'var': ''}, 18]}]}
    """
    options = Options.of(timezone, week_start, attributes, locations)
    document: Any = filter_or_segment.definition() if isinstance(filter_or_segment, Segment) else filter_or_segment
    if not isinstance(document, Mapping) or not isinstance(document.get("id"), str):
        return rule_of(_read(document, options, ()))
    for _, predicate in compile_definitions(Document([document]), options):
        if isinstance(predicate, Listed):
            return rule_of(_listed(predicate))
    return rule_of(_read(document["filter"], options, ("filter",)))


def rule_of_condition(key: str, conditions: Mapping[str, Any], options: Options) -> dict[str, Any] | None:
    """The rule of one attribute's conditions, for comparison with a rule that is read; None when there is none."""
    try:
        return rule_of(_read({key: {"conditions": conditions}}, options, ()))
    except (DefinitionError, TranslationError):
        return None


def views_of_condition(key: str, conditions: Mapping[str, Any], options: Options) -> set[str]:
    """The views that the rule of one attribute's conditions reads; none when there is none."""
    predicate, faults, _ = parse_filter({key: {"conditions": conditions}}, options)
    return set() if faults else {view for leaf in leaves(predicate) for check in leaf.checks for view in _views_of(check, leaf.attribute)}


def _views_of(check: Check, attribute: Attribute) -> set[str]:
    match check.facet, check.constraint:
        case Facet.KNOWN | Facet.PRESENT, _:
            return {KNOWN}
        case Facet.COUNT, _:
            return {COUNT}
        case Facet.NUMBER, OneOf(values):
            return {"$number" if abs(value) <= LARGEST else LARGE_NUMBER.name for value in values}
        case Facet.ANNIVERSARY, Window() as window:
            return {_view_of_window(window)}
        case _:
            return {view_of(check, attribute).name}


def _view_of_window(window: Window) -> str:
    return "$anniversary_week" if window.of == "week" else "$anniversary_days_ago" if window.last <= 0 else "$anniversary_days_ahead"


def _read(document: Any, options: Options, path: Path) -> Operand:
    _, faults, _ = parse_filter(document, options, path)
    if faults:
        raise DefinitionError(Problem(0, None, pointer(*fault.path), fault.code, fault.message, fault.suggestion) for fault in faults)
    return _outlined(outline(document, options, path))


def _outlined(part: Outline) -> Operand:
    match part:
        case Junction(_, "or", parts):
            return any_of([_outlined(inner) for inner in parts]) if parts else all_of([])
        case Junction(_, _, parts):
            return all_of([_outlined(inner) for inner in parts])
        case Negation(_, inner):
            return is_not(_outlined(inner))
        case Condition():
            return _predicate(part.predicate, part.path)


def _predicate(predicate: Predicate, path: Path) -> Operand:
    match predicate:
        case And(parts):
            return all_of([_predicate(part, path) for part in parts])
        case Or(parts):
            return any_of([_predicate(part, path) for part in parts])
        case Not(part):
            return is_not(_predicate(part, path))
        case Leaf():
            return _Writer(predicate.attribute, path).leaf(predicate.checks)
        case Listed():
            return _listed(predicate)


def _listed(listed: Listed) -> Operand:
    names = sorted(listed.customers)
    for name in names:
        if not is_utf8(name):
            raise TranslationError(("customers",), "a name with a lone surrogate is not text that every evaluator reads")
    return some(NAMES, [], _is_text(names))


# Text: datalogic reads texts with digits as date-times and durations, and then "1d" === "24h". Where a constant may be one, two texts are the same
# when each is a piece of the other.


def _is_plain(text: str) -> bool:
    """Whether no evaluator takes a text for a date or a duration: it has no digit, or a letter that neither has."""
    return not any(map(str.isnumeric, text)) or any(letter in "@_/#&=" for letter in text)


def _is_text(texts: Sequence[str], element: Operand | None = None) -> Operand:
    """The element is one of the texts."""
    it = variable(ELEMENT) if element is None else element
    plain = [text for text in texts if _is_plain(text)]
    parts = [same(it, plain[0])] if len(plain) == 1 else [is_in(it, plain)] if plain else []
    return any_of([*parts, *(all_of([is_in(text, it), is_in(it, text)]) for text in texts if not _is_plain(text))])


class _Writer:
    """Writes the checks of one condition on one attribute."""

    def __init__(self, attribute: Attribute, path: Path) -> None:
        self.attribute = attribute
        self.path = path
        if not is_utf8(attribute.key):
            raise self.refusal("a key with a lone surrogate is not text that every evaluator reads")

    def refusal(self, reason: str) -> TranslationError:
        return TranslationError(self.path, reason)

    def leaf(self, checks: Sequence[Check]) -> Operand:
        """Some check passes."""
        places = [check.constraint for check in checks if isinstance(check.constraint, Inside)]
        parts = [part for check in checks if not isinstance(check.constraint, Inside) for part in self.check(check)]
        if places:
            ids = sorted({place.location_id for place in places})
            self.texts(ids)
            parts.append(self.some("$places", _is_text(ids)))
        return any_of(parts)

    def some(self, view: str, condition: Operand | bool) -> Operand:
        """Some scalar in a view of the attribute. A counter is 0 where it has none."""
        default = [0] if view == "$number" and self.attribute.counts else []
        return some(path_of(self.attribute.key, view), default, condition)

    def texts(self, texts: Sequence[str]) -> None:
        if not all(map(is_utf8, texts)):
            raise self.refusal("text with a lone surrogate is not text that every evaluator reads")

    def check(self, check: Check) -> list[Operand]:
        """The alternatives that a check comes to; none when it never passes."""
        match check.facet:
            case Facet.KNOWN:
                return [same(variable(path_of(self.attribute.key, KNOWN)), True)]  # noqa: FBT003 - the constant
            case Facet.PRESENT:
                return [all_of([])] if self.attribute.counts else self.check(Check(Facet.KNOWN, check.constraint, Kind(0)))
            case Facet.COUNT:
                return [self.numbers(check.constraint, variable(path_of(self.attribute.key, COUNT), 0), LARGEST)]
            case Facet.TEXT:
                return [self.some(view_of(check, self.attribute).name, self.text(check.constraint))]
            case Facet.NUMBER:
                return self.number(check.constraint)
            case Facet.BOOLEAN:
                assert isinstance(check.constraint, OneOf)  # noqa: S101 - of booleans nothing else is asked, tested over the whole table
                return [self.some("$boolean", _is_number(variable(ELEMENT), sorted(check.constraint.values)))]
            case Facet.INSTANT | Facet.AGE:
                return [self.some(view_of(check, self.attribute).name, self.moments(check.constraint))]
            case Facet.ANNIVERSARY:
                return [self.anniversary(check.constraint)]
            case Facet.MONTH_DAY:
                return [self.some(view_of(check, self.attribute).name, self.numbers(_month_days(check.constraint), variable(ELEMENT), FARTHEST))]
            case _:
                return [self.some(view_of(check, self.attribute).name, self.numbers(check.constraint, variable(ELEMENT), FARTHEST))]

    def text(self, constraint: Constraint) -> Operand | bool:
        it = variable(ELEMENT)
        match constraint:
            case OneOf(values):
                self.texts(texts := sorted(values))
                return _is_text(texts)
            case Prefix("") | Suffix("") | Substring(""):
                return True
            case Substring(text):
                self.texts([text])
                return is_in(text, it)
            case Prefix(text):
                return _is_text([text], piece(it, 0, self.length(text)))
            case Suffix(text):
                return _is_text([text], piece(it, -self.length(text)))
            case _:
                raise AssertionError(constraint)

    def length(self, text: str) -> int:
        self.texts([text])
        if any(letter > "\uffff" for letter in text):
            raise self.refusal("evaluators differ about the length of text with letters beyond U+FFFF, such as emoji")
        return len(text)

    def number(self, constraint: Constraint) -> list[Operand]:
        if not isinstance(constraint, OneOf):
            assert isinstance(constraint, Interval)  # noqa: S101 - of numbers nothing else is asked, tested over the whole table
            if any(abs(bound) > LARGEST for bound in (constraint.low, constraint.high) if bound is not None):
                raise self.refusal("a number beyond 2 ** 53 is not compared exactly by every evaluator")
            return [self.some("$number", self.numbers(constraint, variable(ELEMENT), LARGEST))]
        small = [_plain(number) for number in sorted(constraint.values) if abs(number) <= LARGEST]
        large = [str(int(number)) for number in sorted(constraint.values) if abs(number) > LARGEST]
        parts = [self.some("$number", _is_number(variable(ELEMENT), small))] if small else []
        return [*parts, *([self.some(LARGE_NUMBER.name, _is_text(large))] if large else [])]

    def numbers(self, constraint: Constraint, it: Operand, farthest: int) -> Operand:
        """A number in a set or an interval; bounds farther than any value are drawn near, so that every evaluator reads them."""
        match constraint:
            case OneOf(values):
                return _is_number(it, sorted(value for value in values if abs(value) <= farthest))
            case Interval(low, high, is_low_open, is_high_open):
                parts = []
                if low is not None:
                    parts.append(compared(">" if is_low_open else ">=", it, _plain(max(-farthest, min(low, farthest)))))
                if high is not None:
                    parts.append(compared("<" if is_high_open else "<=", it, _plain(max(-farthest, min(high, farthest)))))
                return all_of(parts)
            case _:
                raise AssertionError(constraint)

    def moments(self, constraint: Constraint) -> Operand:
        """Instants and ages are counts of microseconds beyond 2 ** 53; they are compared as days and the microseconds of a day."""
        days, rest = variable("days"), variable("microseconds")
        match constraint:
            case OneOf(values):
                return any_of([all_of([same(days, value // DAY), same(rest, value % DAY)]) for value in sorted(values)])
            case Interval(low, high):
                parts = []
                if low is not None:
                    whole, part = divmod(min(low, FARTHEST * DAY), DAY)
                    least = compared(">=", rest, part)
                    parts.append(any_of([compared(">", days, whole), all_of([same(days, whole), least])]) if part else compared(">=", days, whole))
                if high is not None:
                    whole, part = divmod(min(high, FARTHEST * DAY) + 1, DAY)
                    most = compared("<", rest, part)
                    parts.append(any_of([compared("<", days, whole), all_of([same(days, whole), most])]) if part else compared("<", days, whole))
                return all_of(parts)
            case _:
                raise AssertionError(constraint)

    def anniversary(self, constraint: Constraint) -> Operand:
        assert isinstance(constraint, Window)  # noqa: S101 - of anniversaries nothing else is asked, tested over the whole table
        it = variable(ELEMENT)
        first, last = constraint.first, constraint.last
        view, distance = _view_of_window(constraint), -first if last <= 0 else last
        if constraint.of == "week":
            return self.some(view, same(it, first // 7))
        if first == last and not constraint.is_outside:
            if distance > NEAR_DAYS:
                raise self.refusal(f"the data tells the nearest anniversary, so that {NEAR_DAYS} days is the farthest that can be asked for exactly")
            return self.some(view, same(it, distance))
        return self.some(view, compared(">" if constraint.is_outside else "<=", it, min(distance, NEAR_DAYS + 1)))


def _is_number(it: Operand, values: Sequence[Any]) -> Operand:
    """The element is one of the values, all of one type that is not text."""
    return same(it, values[0]) if len(values) == 1 else is_in(it, list(values))


def _plain(number: float) -> int | float:
    """A whole number as an integer, which every evaluator reads alike."""
    return int(number) if math.isfinite(number) and number == int(number) else number


def _month_days(constraint: Constraint) -> Constraint:
    """A constraint on (month, day) as one on 100 * month + day, in which form the view has them."""
    match constraint:
        case OneOf(values):
            return OneOf(frozenset(100 * month + day for month, day in values))
        case Interval(low, high, is_low_open, is_high_open):
            first, last = (None if bound is None else 100 * bound[0] + bound[1] for bound in (low, high))
            return Interval(first, last, is_low_open, is_high_open)
        case _:
            raise AssertionError(constraint)

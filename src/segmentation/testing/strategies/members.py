"""Members and non-members of a segment, constructed from what its filter asks.

A filter (or its complement) is true in some *ways*: each a set of literals, conditions that must hold or must not, such that any customer who meets
them is what was wanted, whatever else is true of the customer. Since an array meets a condition by any of its elements, and an attribute's key as a
whole is the first look-up, attributes are independent and so are the positive literals on one of them: each needs a value that meets it and none of
the negative ones. Such values are looked for next to the constants of the conditions, see `witnesses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, islice, product
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from segmentation.engine import SegmentEngine
from segmentation.errors import SegmentationError, UnknownSegmentError
from segmentation.language.attributes import MISSING, Attribute, finder
from segmentation.language.checks import WHOLE_VALUE, Check, Facet, Interval, OneOf, Prefix, Substring, Suffix
from segmentation.language.data import Reading, read
from segmentation.language.dates import Calendar, Clock
from segmentation.language.definitions import Document, compile_definitions
from segmentation.language.options import Options
from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate, holds, leaves
from segmentation.matching.spans import complement, intersection, spans
from segmentation.model import Segment
from segmentation.testing.strategies.pools import NOW, Record
from segmentation.testing.strategies.witnesses import FILLERS, near_leaves

__all__ = ["NoCustomerError", "World", "members_of", "non_members_of", "placed"]

_MOST_WAYS = 256
_MOST_SOLUTIONS = 16
_MOST_VALUES = 24
_MOST_CANDIDATES = 256
_MISSING = object()


class NoCustomerError(SegmentationError, ValueError):
    """There is no customer such as was asked for, or none was found."""

    def __init__(self, segment_id: str, *, is_member: bool, is_certain: bool) -> None:
        self.segment_id = segment_id
        self.is_member = is_member
        """Whether a member was asked for, and no non-member."""
        self.is_certain = is_certain
        """Whether there is certainly none; else the search was given up."""
        what = f"in segment {segment_id!r}" if is_member else f"outside of segment {segment_id!r}"
        super().__init__(f"no customer can be {what}" if is_certain else f"no customer {what} was found; there may be one")

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), is_member=self.is_member, is_certain=self.is_certain), (self.segment_id,)


@dataclass(frozen=True, slots=True)
class _Literal:
    """A leaf that must hold, or must not."""

    leaf: Leaf | Listed
    is_wanted: bool


_Way = tuple[_Literal, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Segments compiled for asking, and the moment."""

    predicates: Mapping[str, Predicate]
    calendar: Calendar
    clock: Clock

    @classmethod
    def of(cls, source: Any, now: datetime, options: Mapping[str, Any]) -> World:
        """The segments of an engine (with the engine's options), or definitions under options."""
        if isinstance(source, SegmentEngine):
            if options:
                raise TypeError(f"an engine has its own options: {', '.join(options)} cannot be given")
            options = source.settings
            definitions: list[Any] = list(source.segments)
        else:
            definitions = [source] if isinstance(source, Mapping | Segment) else list(source)
        read_options = Options.of(**options)
        compiled = compile_definitions(Document(definitions), read_options)
        return cls({definition.id: predicate for definition, predicate in compiled}, read_options.calendar, read_options.calendar.clock(now))

    def is_met(self, leaf: Leaf, stored: Any) -> bool:
        """Whether a stored value (`_MISSING` for none) meets a leaf."""
        return leaf.admits(read(MISSING if stored is _MISSING else stored, leaf.attribute, self.calendar), self.clock)

    def holds(self, predicate: Predicate, record: Record) -> bool:
        """Whether a predicate is true of a record."""
        readings: dict[Attribute, Reading] = {}

        def reader(attribute: Attribute) -> Reading:
            if attribute not in readings:
                readings[attribute] = read(finder(attribute.key)(record), attribute, self.calendar)
            return readings[attribute]

        return holds(predicate, record, reader, self.clock)

    def near(self, predicate: Predicate) -> dict[Attribute, list[Any]]:
        """For every attribute that a predicate asks about, values near what it asks for."""
        by_attribute: dict[Attribute, list[Leaf]] = {}
        for leaf in leaves(predicate):
            by_attribute.setdefault(leaf.attribute, []).append(leaf)
        return {attribute: near_leaves(own, self.clock, self.calendar) for attribute, own in by_attribute.items()}


# Ways


def _ways(predicate: Predicate, *, is_wanted: bool) -> tuple[list[_Way], bool]:
    """The ways in which a predicate comes to the wanted verdict, and whether these are all: its disjunctive normal form, or its complement's."""
    match predicate:
        case Leaf() | Listed():
            return [(_Literal(predicate, is_wanted),)], True
        case Not(part):
            return _ways(part, is_wanted=not is_wanted)
        case And(parts) | Or(parts):
            found = [_ways(part, is_wanted=is_wanted) for part in parts]
            is_complete = all(is_all for _, is_all in found)
            if isinstance(predicate, And) is is_wanted:
                ways = [tuple(chain.from_iterable(choice)) for choice in islice(product(*(ways for ways, _ in found)), _MOST_WAYS + 1)]
            else:
                ways = [way for ways, _ in found for way in ways]
            return ways[:_MOST_WAYS], is_complete and len(ways) <= _MOST_WAYS


def _some_way(predicate: Predicate, source: Random, *, is_wanted: bool) -> _Way | None:
    """One way by chance, where there are too many; None where a choice among nothing is to be made."""
    match predicate:
        case Leaf() | Listed():
            return (_Literal(predicate, is_wanted),)
        case Not(part):
            return _some_way(part, source, is_wanted=not is_wanted)
        case And(parts) | Or(parts) if isinstance(predicate, And) is is_wanted:
            found = [_some_way(part, source, is_wanted=is_wanted) for part in parts]
            return None if None in found else tuple(literal for way in found if way is not None for literal in way)
        case And(parts) | Or(parts):
            return _some_way(source.choice(parts), source, is_wanted=is_wanted) if parts else None


def solutions(segment_id: str, world: World, *, is_wanted: bool) -> list[_Solution]:
    """What to choose members (or non-members) from.

    Raises:
        NoCustomerError: There is nothing to choose from.
    """
    predicate = world.predicates[segment_id]
    ways, is_certain = _ways(predicate, is_wanted=is_wanted)
    found: list[_Solution] = []
    for way in ways:
        solution, is_sure = _solution(way, world)
        is_certain = is_certain and (solution is not None or is_sure)
        found += [] if solution is None else [solution]
        if len(found) == _MOST_SOLUTIONS:
            return found
    if len(ways) == _MOST_WAYS:
        source = Random(0)
        more = (_some_way(predicate, source, is_wanted=is_wanted) for _ in range(_MOST_WAYS))
        found += [solution for way in more if way is not None and (solution := _solution(way, world)[0]) is not None]
    if not found:
        raise NoCustomerError(segment_id, is_member=is_wanted, is_certain=is_certain)
    return found


# Values


@dataclass(frozen=True, slots=True)
class _Solution:
    """The values that meet all literals on each attribute, for one way; of a static segment, the names that do."""

    values: Mapping[Attribute, Sequence[Any]]
    names: Sequence[Any]


def _solution(way: _Way, world: World) -> tuple[_Solution | None, bool]:
    """The solution of a way, and if there is none, whether that is certain."""
    by_attribute: dict[Attribute, list[_Literal]] = {}
    names: list[Any] = [_MISSING]
    for literal in way:
        if isinstance(literal.leaf, Listed):
            names = sorted(literal.leaf.customers) if literal.is_wanted else [_MISSING, *_strangers(literal.leaf)]
        else:
            by_attribute.setdefault(literal.leaf.attribute, []).append(literal)
    if not names:
        return None, True
    values: dict[Attribute, Sequence[Any]] = {}
    for attribute, literals in by_attribute.items():
        found = _values(literals, world)
        if not found:
            return None, _is_impossible(literals, world)
        values[attribute] = found
    return _Solution(values, names), True


def _strangers(listed: Listed) -> list[str]:
    """Names that are like those listed."""
    near = ["nobody", *(name + "x" for name in sorted(listed.customers)[:8])]
    return [name for name in near if name not in listed.customers]


def _values(literals: Sequence[_Literal], world: World) -> list[Any]:
    """Stored values that meet all literals on one attribute: missing, scalars, arrays of scalars."""
    own = [literal.leaf for literal in literals if isinstance(literal.leaf, Leaf)]
    candidates = [*near_leaves(own, world.clock, world.calendar)[:_MOST_CANDIDATES], *FILLERS]
    wanted = [literal.leaf for literal in literals if literal.is_wanted and isinstance(literal.leaf, Leaf)]
    refused = [literal.leaf for literal in literals if not literal.is_wanted and isinstance(literal.leaf, Leaf)]

    def fits(stored: Any) -> bool:
        return all(world.is_met(leaf, stored) for leaf in wanted) and not any(world.is_met(leaf, stored) for leaf in refused)

    # What is true of a whole value, such as its count, is seen to by the shape of the array; what is asked of a scalar, by an element each.
    of_elements = [leaf for leaf in wanted if not any(check.facet in WHOLE_VALUE for check in leaf.checks)]
    barred = [leaf for leaf in refused if not any(check.facet in WHOLE_VALUE for check in leaf.checks)]
    scalars = [value for value in candidates if not isinstance(value, list)]
    elements = [
        [value for value in scalars if world.is_met(leaf, [value]) and not any(world.is_met(other, [value]) for other in barred)][:4] for leaf in of_elements
    ]
    arrays: list[Any] = [list(chosen) for chosen in islice(product(*elements), 8)]
    harmless = [value for value in (*scalars, None) if not any(world.is_met(leaf, [value]) for leaf in barred)][:2]
    lengths = sorted({length for leaf in own for check in leaf.checks if check.facet is Facet.COUNT for length in _lengths(check)})
    arrays += [array + [filler] * (length - len(array)) for array in arrays for length in lengths if length > len(array) for filler in (*harmless, None)]
    found = [value for value in (_MISSING, *candidates, *arrays, None, []) if fits(value)]
    return sorted(found, key=lambda value: isinstance(value, list))[:_MOST_VALUES]


def _lengths(check: Check) -> list[int]:
    match check.constraint:
        case OneOf(values):
            ends = list(values)
        case Interval(low, high):
            ends = [end for end in (low, high) if end is not None]
        case _:
            ends = []
    return [length for end in ends for length in (end, end + 1) if length <= 1000]  # noqa: PLR2004 - longer arrays are not tried


def _is_impossible(literals: Sequence[_Literal], world: World) -> bool:
    """Whether literals on one attribute certainly exclude one another: whatever meets one that must hold meets one that must not.

    Never true without proof; false may mean that the proof is beyond this.
    """
    refused = [check for literal in literals if not literal.is_wanted and isinstance(literal.leaf, Leaf) for check in literal.leaf.checks]
    is_unknown = any(check.facet is Facet.KNOWN for check in refused)
    return any(
        literal.is_wanted
        and isinstance(literal.leaf, Leaf)
        and all(
            # What is unknown has no scalars, unless it is a counter.
            (is_unknown and check.facet not in WHOLE_VALUE and not literal.leaf.attribute.counts) or _is_excluded(check, refused, world.clock)
            for check in literal.leaf.checks
        )
        for literal in literals
    )


def _is_excluded(check: Check, refused: Sequence[Check], clock: Clock) -> bool:
    """Whether every scalar that passes a check passes one of others, on the same facet of at least the same kinds of data."""
    rivals = [other.constraint for other in refused if other.facet is check.facet and not check.kinds & ~other.kinds]
    if check.constraint in rivals:
        return True
    match check.constraint:
        case OneOf(values):
            return all(any(rival.admits(value, clock) for rival in rivals) for value in values)
        case Interval(high=high) if check.facet is Facet.COUNT and high is not None and high < 0:
            return True
        case Interval():
            within = spans([check.constraint], with_members=False)
            return not intersection(within, complement(spans(rivals, with_members=True)))
        case Prefix(text):
            return any(rival.admits(text, clock) for rival in rivals if isinstance(rival, Prefix | Substring))
        case Suffix(text):
            return any(rival.admits(text, clock) for rival in rivals if isinstance(rival, Suffix | Substring))
        case Substring(text):
            return any(rival.admits(text, clock) for rival in rivals if isinstance(rival, Substring))
        case _:
            return False


# Records


def placed(values: Mapping[str, Any], *, is_nested: bool = True) -> Record:
    """A record with values under attribute keys: each inside the objects that its key names, or (certain to be found) under the key as a whole."""
    record: Record = {}
    for key, value in values.items():
        *steps, last = key.split(".") if is_nested else [key]
        inside = record
        for step in steps:
            inner = inside.setdefault(step, {})
            if not isinstance(inner, dict):
                break
            inside = inner
        else:
            inside[last] = deepcopy(value)
            continue
        record[key] = deepcopy(value)
    return record


@st.composite
def _drawn(draw: DrawFn, predicate: Predicate, world: World, known: Sequence[_Solution], near: Mapping[Attribute, list[Any]], *, is_wanted: bool) -> Record:
    solution = draw(st.sampled_from(known))
    needed = {attribute.key: draw(st.sampled_from(values)) for attribute, values in solution.values.items()}
    free = {
        attribute.key: draw(st.just(_MISSING) | st.sampled_from([*values, *FILLERS])) for attribute, values in near.items() if attribute not in solution.values
    }
    name = draw(st.sampled_from(solution.names))
    # What is not needed may get in the way of what is, where keys lead through one another; an identity belongs to static segments alone. A null under
    # the whole key is as unknown as a key that is missing, and ends the look-up, so that no alias is followed.
    identity = {} if name is _MISSING else {"id": name}
    nulled = {key: None if value is _MISSING else value for key, value in needed.items()}
    for values, is_nested in (({**free, **needed}, True), (needed, True), ({**free, **needed}, False), (nulled, False)):
        record = placed({key: value for key, value in {**identity, **values}.items() if value is not _MISSING}, is_nested=is_nested)
        if world.holds(predicate, record) is is_wanted:
            return record
    raise AssertionError("a solution on every attribute is one of the whole")  # pragma: no cover - shown by the tests never to happen


def _customers(
    source: Segment | Mapping[str, Any] | SegmentEngine, segment_id: str | None, now: datetime, options: Mapping[str, Any], *, is_wanted: bool
) -> SearchStrategy[Record]:
    world = World.of(source, now, options)
    if segment_id is None:
        if len(world.predicates) != 1:
            raise TypeError("members of which segment? give its id")
        segment_id = next(iter(world.predicates))
    if segment_id not in world.predicates:
        raise UnknownSegmentError(f"no segment has the id {segment_id!r}")
    predicate = world.predicates[segment_id]
    return _drawn(predicate, world, solutions(segment_id, world, is_wanted=is_wanted), world.near(predicate), is_wanted=is_wanted)


def members_of(
    segment: Segment | Mapping[str, Any] | SegmentEngine, segment_id: str | None = None, *, now: datetime = NOW, **options: Any
) -> SearchStrategy[Record]:
    """Customers in a segment, constructed from what its filter asks, so that none is thrown away.

    Args:
        segment: A definition, or an engine (whose options count).
        segment_id: Which segment of the engine.
        now: The moment at which they are members.
        options: What an engine of the definition has: `timezone`, `week_start`, `attributes`, `locations`.

    Raises:
        NoCustomerError: At once, when nobody can be in the segment, or nobody was found.
        DefinitionError: The definition is faulty.
        UnknownSegmentError: The engine has no such segment.
    """
    return _customers(segment, segment_id, now, options, is_wanted=True)


def non_members_of(
    segment: Segment | Mapping[str, Any] | SegmentEngine, segment_id: str | None = None, *, now: datetime = NOW, **options: Any
) -> SearchStrategy[Record]:
    """Customers outside of a segment, close to it. For the arguments and errors see `members_of`."""
    return _customers(segment, segment_id, now, options, is_wanted=False)

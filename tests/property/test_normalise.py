"""Normalising a predicate keeps its meaning, does not make it larger, and is done at once."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segmentation.language.attributes import Attribute, finder
from segmentation.language.data import Reading, read
from segmentation.language.normalise import normalise
from segmentation.language.options import Options
from segmentation.language.parse import parse_filter
from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate, holds
from segmentation.testing import strategies as our


def parsed(filter_: dict[str, Any], options: Options) -> Predicate:
    predicate, faults, _ = parse_filter(filter_, options)
    assert faults == []
    return predicate


def size(predicate: Predicate) -> int:
    match predicate:
        case And(parts) | Or(parts):
            return 1 + sum(map(size, parts))
        case Not(part):
            return 1 + size(part)
        case Leaf(_, checks):
            return 1 + len(checks)
        case Listed():
            return 1


def is_true(predicate: Predicate, record: dict[str, Any], options: Options, now: Any) -> bool:
    def reader(attribute: Attribute) -> Reading:
        return read(finder(attribute.key)(record), attribute, options.calendar)

    return holds(predicate, record, reader, options.calendar.clock(now))


@given(st.data(), our.engine_options(), our.filters())
def test_the_meaning_is_kept(data: st.DataObject, settings: dict[str, Any], filter_: dict[str, Any]) -> None:
    options = Options.of(**settings)
    predicate = parsed(filter_, options)
    normal = normalise(predicate)
    now = data.draw(our.nows(settings["timezone"]), label="now")
    records = our.records_for(filter_, now=now, timezone=settings["timezone"], python_values=data.draw(st.booleans()))
    for record in data.draw(st.lists(records, min_size=1, max_size=5), label="records"):
        assert is_true(normal, record, options, now) is is_true(predicate, record, options, now)


@given(our.engine_options(), our.filters(max_leaves=30))
def test_once_is_enough(settings: dict[str, Any], filter_: dict[str, Any]) -> None:
    normal = normalise(parsed(filter_, Options.of(**settings)))
    assert normalise(normal) == normal


@given(our.engine_options(), our.filters(max_leaves=30))
def test_nothing_grows(settings: dict[str, Any], filter_: dict[str, Any]) -> None:
    predicate = parsed(filter_, Options.of(**settings))
    assert size(normalise(predicate)) <= size(predicate)


@given(our.engine_options(), our.filters())
def test_what_is_said_twice_or_negated_twice_is_the_same_predicate(settings: dict[str, Any], filter_: dict[str, Any]) -> None:
    options = Options.of(**settings)
    normal = normalise(parsed(filter_, options))
    for other in ({"$not": {"$not": filter_}}, {"$and": [filter_, filter_]}, {"$or": [filter_, {"$and": [filter_]}]}, {"junction": "or", "$and": [filter_]}):
        assert normalise(parsed(other, options)) == normal


@given(our.engine_options(), our.filters())
def test_predicates_are_values(settings: dict[str, Any], filter_: dict[str, Any]) -> None:
    one, other = (parsed(filter_, Options.of(**settings)) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)

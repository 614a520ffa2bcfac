"""Small promises of the language's modules, which whole filters seldom depend on."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import pkgutil
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from segmentation import DefinitionError, SegmentEngine, language
from segmentation.language.attributes import Attribute, finder, keys_in
from segmentation.language.checks import WHOLE_VALUE
from segmentation.language.data import Kind, kinds_of
from segmentation.language.dates import Calendar, anniversaries
from segmentation.language.normalise import normalise
from segmentation.language.operands import number_in_text
from segmentation.language.operators import OPERATORS, Operand, Takes, meant
from segmentation.language.options import Options
from segmentation.language.outline import Condition, Junction, Negation
from segmentation.language.parse import outline, parse_filter
from segmentation.language.places import EARTH_RADIUS, shapes
from segmentation.language.predicate import leaves

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODULES = [importlib.import_module(f"segmentation.language.{module.name}") for module in pkgutil.iter_modules(language.__path__)]
CLASSES: set[Any] = {
    thing
    for module in MODULES
    for thing in vars(module).values()
    if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__ == module.__name__
}


def holds(filter_: dict[str, Any], record: dict[str, Any], now: datetime = NOW, **options: Any) -> bool:
    return SegmentEngine([{"id": "s", "name": "", "filter": filter_}], **options).is_member(record, "s", now)


class Inner(enum.Enum):
    OBJECT = {"c": 1}  # noqa: RUF012 - a member, not an attribute


@pytest.mark.parametrize(
    ("key", "record"),
    [
        (".a.b", {"": {"a": {"b": 1}}}),
        (".a.b", {"": {"a.b": 1}}),
        (".a", {"": {"a": 1}}),
        ("a.b.c", {"a": {"b": Inner.OBJECT}}),
        ("a.b.c", {"a.b": Inner.OBJECT}),
        ("a.c", {"a": Inner.OBJECT}),
    ],
)
def test_odd_paths_are_followed(key: str, record: dict[str, Any]) -> None:
    assert holds({key: {"conditions": {"$is": 1}}}, record)
    assert not holds({key: {"conditions": {"$is": 2}}}, record)


class Equal:
    """Equal to whatever it is compared with."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


def test_an_object_that_equals_everything_is_not_missing() -> None:
    record = {"city": Equal(), "address": {"city": "Rome"}, "a": {"b": Equal()}}
    assert not holds({"city": {"conditions": {"$is": "Rome"}}}, record)
    assert holds({"city": {"conditions": {"$has_value": True}}, "a.b": {"conditions": {"$has_value": True}}}, record)


def test_what_json_cannot_carry_is_copied_all_the_same() -> None:
    note = ["text", object()]
    written: Any = {"id": "s", "name": "", "filter": {"x": {"conditions": {"$in": ["ab", "cd"]}}}, "note": note}
    engine = SegmentEngine([written])
    written["filter"]["x"]["conditions"]["$in"].append("ef")
    note.append("more")
    for again in (engine, engine.replace()):
        assert [again.is_member({"x": text}, "s") for text in ("ab", "cd", "a", "ef")] == [True, True, False, False]
        assert (again.segments[0].model_extra or {})["note"] == note[:2]


def test_thousands_of_things_asked_of_one_attribute_are_told_apart() -> None:
    """By their hashes: else the time to read a filter grows with the square of its conditions."""
    alike: list[dict[str, Any]] = [{"x": {"conditions": {operator: number}}} for number in range(500) for operator in ("$is", "$more_than", "$contains")]
    predicate, _, _ = parse_filter({"$and": [{"junction": "or", **one, "y": one["x"]} for one in alike]}, Options.of())
    found = list(leaves(predicate))
    assert len({hash(leaf) for leaf in found}) > 2_900
    assert len(dict.fromkeys(found)) == 3_000


def message(filter_: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        SegmentEngine([{"id": "s", "name": "", "filter": filter_}])
    return caught.value.problems[0].message


@pytest.mark.parametrize("kind", sorted(CLASSES, key=str), ids=lambda kind: kind.__qualname__)
def test_what_is_compiled_is_small_and_never_changes(kind: Any) -> None:
    assert "__slots__" in vars(kind)
    assert kind.__dataclass_params__.frozen or kind.__name__ == "_Parser"


# Operators


@pytest.mark.parametrize("operator", [operator for operator in OPERATORS.values() if operator.lower], ids=lambda operator: operator.name)
def test_only_checks_of_whole_values_have_no_kinds(operator: Any) -> None:
    operand: Any = {Operand.DATE: "2026-01-01", Operand.MONTH_DAY: "01-01", Operand.LOCATION: "here"}.get(operator.operand, 1)
    here = {"here": {"type": "circle", "format": "distance", "distance": {"center": "0,0", "radius": "1 m"}}}
    predicate, faults, _ = parse_filter({"x": {"conditions": {operator.name: operand}}}, Options.of(locations=here))
    assert not faults
    for check in (check for leaf in leaves(predicate) for check in leaf.checks):
        assert (check.facet in WHOLE_VALUE) is (check.kinds == Kind(0))


@pytest.mark.parametrize(
    ("type_", "name", "operand", "kinds"),
    [
        ("number", "$more_than", 1, Kind.NUMBER), ("date", "$more_than", 1, Kind.DATE), ("datetime", "$more_than", 1, Kind.DATETIME),
        ("date", "$contains", "1", Kind.DATE), ("string", "$contains", "1", Kind.STRING), ("date", "$today", 1, Kind.DATE), ("boolean", "$more_than", 1, Kind(0)),
    ],
)  # fmt: skip
def test_a_declared_type_leaves_the_checks_of_its_data(type_: str, name: str, operand: Any, kinds: Kind) -> None:
    predicate, _, _ = parse_filter({"x": {"conditions": {name: operand}}}, Options.of(attributes={"x": type_}))
    found = Kind(0)
    for check in (check for leaf in leaves(predicate) for check in leaf.checks):
        found |= check.kinds
    assert found == kinds


# Days


def ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()


@pytest.mark.parametrize(
    ("year", "is_leap"), [(1900, False), (2000, True), (2023, False), (2024, True), (2100, False), (1600, True), (404, True), (1, False), (2020, True)]
)
def test_28_february_stands_in_where_there_is_no_29th(year: int, is_leap: bool) -> None:
    day = date(year, 2, 28).toordinal()
    assert anniversaries(day, day) == frozenset({(2, 28)} if is_leap else {(2, 28), (2, 29)})
    assert anniversaries(day + 1, day + 1) == frozenset({(2, 29)} if is_leap else {(3, 1)})


@pytest.mark.parametrize("kind", [datetime, type("Subclass", (datetime,), {})])
def test_python_date_times_have_the_offset_that_they_have(kind: Any) -> None:
    """An aware one is an instant whatever the engine's zone; a naive one stands in it."""
    india = timezone(timedelta(hours=5, minutes=30))
    filter_ = {"x": {"conditions": {"$is": "2026-11-22T06:30:00Z"}}}
    for zone, hour, tzinfo, is_met in (
        ("UTC", 12, india, True),
        ("Asia/Kolkata", 12, None, True),
        ("UTC", 12, None, False),
        ("Asia/Kolkata", 6, UTC, True),
        ("UTC", 6, UTC, True),
    ):
        assert holds(filter_, {"x": kind(2026, 11, 22, hour, 30 if hour == 6 else 0, tzinfo=tzinfo)}, timezone=zone) is is_met


def test_a_year_and_a_day_hold_every_anniversary() -> None:
    first = ordinal("2025-03-01")
    almost = anniversaries(first, first + 364)
    assert almost is not None
    assert len(almost) == 366, "a common year holds them all, 29 February by its stand-in"
    assert anniversaries(first, first + 365) is None
    assert anniversaries(first, first + 1_000) is None
    assert len(anniversaries(ordinal("2024-01-01"), ordinal("2024-12-30")) or ()) == 365
    assert anniversaries(ordinal("9999-12-31"), ordinal("9999-12-31") + 7) == frozenset({(12, 31)})
    assert anniversaries(-5, 1) == frozenset({(1, 1)})


@pytest.mark.parametrize(
    ("now", "name", "month"),
    [(datetime(1, 1, 8, tzinfo=UTC), "$last_month_md", 12), (datetime(9999, 12, 8, tzinfo=UTC), "$next_month_md", 1)],
)
def test_months_outside_of_the_calendar_hold_nothing(now: datetime, name: str, month: int) -> None:
    filter_ = {"x": {"conditions": {name: True}}}
    for number in range(1, 13):
        assert not holds(filter_, {"x": f"1990-{number:02}-15"}, now)
    assert holds(filter_, {"x": f"1990-{month:02}-15"}, now.replace(year=2000))


# Places


def test_the_radius_of_the_earth_counts_to_the_metre() -> None:
    quarter = EARTH_RADIUS * 3.141592653589793 / 2
    assert round(quarter, 1) == 10_007_557.2, "a quarter of the circumference of a sphere of 6,371,008.8 m"
    for radius, is_inside in (
        ("10007557.3 m", True),
        ("10007557.1 m", False),
        ("10007.5573 km", True),
        ("6218.407 mi", False),
        ("6218.408 mi", True),
        ("6218.4 mi", False),
    ):
        here = {"here": {"type": "circle", "format": "distance", "distance": {"center": "geo:0,0", "radius": radius}}}
        assert holds({"x": {"conditions": {"$in_location": "here"}}}, {"x": "0,90"}, locations=here) is is_inside, radius


@pytest.mark.parametrize(
    ("corner", "is_fine"),
    [([180, 90], True), ([-180, -90], True), ([180.1, 0], False), ([0, 90.1], False), ([-180.1, 0], False), ([0, -90.1], False), ([True, 0], False)],
)
def test_corners_lie_on_the_earth(corner: list[Any], is_fine: bool) -> None:
    rings = [[corner, [1, 1], [1, 2], corner]]
    shape = {"type": "polygon", "format": "geojson", "geojson": {"type": "Polygon", "coordinates": rings}}
    if is_fine:
        assert shapes({"p": shape})
    else:
        with pytest.raises(ValueError, match="'p'"):
            shapes({"p": shape})


@pytest.mark.parametrize(
    ("ring", "is_fine"), [([[0, 0], [1, 0], [1, 1], [0, 0]], True), ([[0, 0], [1, 0], [1, 1], [0, 1]], False), ([[0, 0], [1, 0], [0, 0]], False)]
)
def test_rings_are_closed(ring: list[Any], is_fine: bool) -> None:
    shape = {"type": "polygon", "format": "geojson", "geojson": {"type": "Polygon", "coordinates": [ring]}}
    if is_fine:
        assert shapes({"p": shape})
    else:
        with pytest.raises(ValueError, match="'p'"):
            shapes({"p": shape})


# Definitions


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        ('{"data": [{"id": "a", "name": "", "filter": {}}]}', ["a"]),
        ('{"segments": [{"id": "a", "name": "", "filter": {}}]}', ["a"]),
        ('{"object": "list", "id": "x", "data": [{"id": "a", "name": "", "filter": {}}]}', ["a"]),
        ('{"object": "list", "filter": {}, "segments": []}', []),
        ('{"id": "b", "name": "", "filter": {}, "data": [{"id": "a", "name": "", "filter": {}}]}', ["b"]),
        ('{"object": "segment", "id": "b", "name": "", "customers": [], "data": []}', ["b"]),
        ('{"data": [], "segments": [{"id": "a", "name": "", "filter": {}}]}', []),
        ('{"data": 5, "segments": [{"id": "a", "name": "", "filter": {}}]}', ["a"]),
    ],
)
def test_what_is_a_list_of_segments(document: str, ids: list[str]) -> None:
    assert [segment.id for segment in SegmentEngine.from_json(document).segments] == ids


@pytest.mark.parametrize("group", ["$and", "$not"])
def test_definitions_are_copied_to_the_deepest_level(group: str) -> None:
    operand = ["x"]
    written: dict[str, Any] = {"a": {"conditions": {"$is": operand}}}
    for _ in range(63):
        written = {group: [written] if group == "$and" else written}
    engine = SegmentEngine([{"id": "s", "name": "", "filter": written}])
    before = repr(engine.segments)
    operand.append("y")
    assert repr(engine.segments) == before
    with pytest.raises(DefinitionError, match="64 levels"):
        SegmentEngine([{"id": "s", "name": "", "filter": {group: [written] if group == "$and" else written}}])


def test_what_is_kept_may_be_nested_as_deep_as_it_likes() -> None:
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    assert len(SegmentEngine([{"id": "s", "name": "", "filter": {}, "note": deep}])) == 1


# Messages


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("gold", '; write {"conditions": {"$is": "gold"}}'), (True, '; write {"conditions": {"$is": true}}'), ("x" * 59, f'; write {{"conditions": {{"$is": "{"x" * 59}"}}}}'),
        ("x" * 60, ""), (5, ""), ([], ""), (None, ""),
    ],
)  # fmt: skip
def test_a_bare_value_is_answered_with_what_to_write(value: Any, hint: str) -> None:
    told = message({"a": value})
    assert told.startswith("an attribute holds an object with conditions, not ")
    assert (told.partition("; ")[1] + told.partition("; ")[2]) == hint


@pytest.mark.parametrize(("key", "is_operator"), [("$is", True), ("$active", True), ("$more_than_or_equal", True), ("$nor", False)])
def test_an_operator_without_an_attribute(key: str, is_operator: bool) -> None:
    assert message({key: True}).startswith(f"'{key}' is an operator: operators stand in" if is_operator else f"'{key}' is not a key of a filter")


def test_what_stands_beside_conditions() -> None:
    assert message({"a": {"$is": 1, "conditions": {"$is": 1}}}) == "the operator '$is' stands in conditions"
    assert message({"a": {"x": 1, "conditions": {"$is": 1}}}) == "an attribute holds conditions and nothing else, not 'x'"


@pytest.mark.parametrize(("name", "suggestion"), [("$is_not", "$not_in"), ("$not_contain", None)])
def test_what_to_write_for_none_of_several_values(name: str, suggestion: str | None) -> None:
    (warning,) = SegmentEngine([{"id": "s", "name": "", "filter": {"junction": "or", "x": {"conditions": {name: ["a", "b"]}}}}]).warnings
    assert (warning.code, warning.suggestion) == ("negative_values_under_or", suggestion)


@pytest.mark.parametrize(
    ("name", "operator"), [("more_then", "$more_than"), ("gt", "$more_than"), ("$GT", "$more_than"), ("$Is", "$is"), ("exists", "$has_value"), ("$zzzzz", None)]
)
def test_what_operator_was_meant(name: str, operator: str | None) -> None:
    assert meant(name) == operator


@pytest.mark.parametrize(("key", "suggestion"), [("condition", "conditions"), ("zzz", None), (5, None)])
def test_what_key_was_meant(key: Any, suggestion: str | None) -> None:
    with pytest.raises(DefinitionError) as caught:
        SegmentEngine([{"id": "s", "name": "", "filter": {"a": {key: {}, "conditions": {"$is": 1}}}}])
    assert [(problem.code, problem.suggestion) for problem in caught.value.problems] == [("extra_key", suggestion)]


@pytest.mark.parametrize(("name", "hint"), [("strng", "; did you mean 'string'?"), ("xyz", ""), ("Number", "; did you mean 'number'?")])
def test_types_that_are_none(name: str, hint: str) -> None:
    with pytest.raises(ValueError, match="is not a type; types are string, number, boolean, date, datetime, geopoint") as caught:
        SegmentEngine([], attributes={"x": name})
    assert str(caught.value).endswith("geopoint" + hint)


# Outlines


def test_an_outline_is_the_filter_with_places() -> None:
    written = {
        "junction": "OR",
        "birthday": {"conditions": {"$today": True, "$is": ["1990-01-01", 5]}},
        "$not": {"a": {"conditions": {"$includes": ["x", "y"], "$in": ["x", "y"]}}},
        "$and": [{}, {"b": {"conditions": {"$is": 1}}}],
    }
    options = Options.of()
    found = outline(written, options, ("filter",))
    assert isinstance(found, Junction)
    assert (found.path, found.junction, [type(part) for part in found.parts]) == (("filter",), "or", [Condition, Condition, Negation, Junction])
    today, is_, negation, group = found.parts
    assert isinstance(today, Condition)
    assert (today.operator.name, today.meant.name, today.path, today.values) == ("$today", "$today_md", ("filter", "birthday", "conditions", "$today"), ())
    assert isinstance(is_, Condition)
    assert ([value for value, _ in is_.values], is_.operand) == (["1990-01-01", 5], ["1990-01-01", 5])
    assert isinstance(negation, Negation)
    assert isinstance(negation.part, Junction)
    includes, in_ = negation.part.parts
    assert isinstance(includes, Condition)
    assert isinstance(in_, Condition)
    assert ([value for value, _ in includes.values], in_.values) == (["x", "y"], ())
    assert isinstance(group, Junction)
    assert [part.path for part in group.parts] == [("filter", "$and", 0), ("filter", "$and", 1)]
    assert found.predicate == parse_filter(written, options, ("filter",))[0]
    assert is_.attribute == Attribute("birthday", options.attribute("birthday").type)
    assert all(earlier != later for earlier, later in pairwise(part.path for part in found.parts))
    assert today.operator.takes is Takes.NOTHING


def test_a_calendar_is_what_it_was_made_of() -> None:
    assert repr(Calendar("Europe/Warsaw", "sunday")) == "Calendar(timezone='Europe/Warsaw', week_start='sunday')"
    assert Calendar("UTC") == Calendar() != Calendar("Etc/UTC")


# Long lists of values


@pytest.mark.parametrize("operator", ["$is", "$is_not", "$contains", "$after"])
@pytest.mark.parametrize("junction", ["and", "or"])
def test_thousands_of_values_of_a_condition_are_told_apart(operator: str, junction: str) -> None:
    """All parts had one hash, and an Or was united one value at a time: the time followed the square of their number."""
    values = [f"2026-01-01T00:00:00.{number:06d}Z" for number in range(8_000)]
    predicate = normalise(parse_filter({"junction": junction, "a": {"conditions": {operator: values}}}, Options.of())[0])
    assert sum(len(leaf.checks) for leaf in leaves(predicate)) >= len(values)
    assert len({hash(leaf) for leaf in leaves(predicate)}) == len(leaves(predicate))


# What mutants got wrong unnoticed


@pytest.mark.parametrize(
    ("key", "record"),
    [("..x", {"": {"": {"x": 1}}}), ("a.b..c", {"a": {"b": {"": {"c": 1}}}})],
)
def test_steps_of_a_path_may_be_empty(key: str, record: dict[str, Any]) -> None:
    assert finder(key)(record) == 1


def test_every_key_in_a_record_is_told() -> None:
    record = {"a": {"b": {"c": 1}}, "loyalty": {"campaigns": {"x.y": {}}}}
    aliases = {"loyalty.referred_customers.campaigns.x.y", "loyalty_points.campaigns.x.y.points", "loyalty_tier.campaigns.x.y", "city"}
    assert {"a", "a.b", "a.b.c", "loyalty", "loyalty.campaigns", "loyalty.campaigns.x.y", *aliases} == set(keys_in(record))

    class Failing(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError

    assert set(keys_in(Failing(a=1))) == {"city"}


def test_an_undeclared_attribute_may_hold_data_of_any_kind() -> None:
    assert all(kind in kinds_of(Attribute("a")) for kind in Kind)


def test_a_now_after_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="0001 to 9999"):
        Calendar().clock(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))))
    assert Calendar().clock(datetime(9999, 12, 31, 23, tzinfo=UTC)).today == date.max.toordinal()


def test_text_that_is_no_utf8_is_one_problem() -> None:
    with pytest.raises(DefinitionError) as caught:
        SegmentEngine.from_json(b'{"id": "\xff"}')
    assert [problem.code for problem in caught.value.problems] == ["bad_json"]


def test_a_duplicate_names_the_segment_before_it() -> None:
    segment = {"id": "s", "name": "", "filter": {}}
    with pytest.raises(DefinitionError, match="segment 0"):
        SegmentEngine([segment, segment])


def test_numbers_in_text_have_four_thousand_digits_at_most() -> None:
    assert number_in_text("1" * 4_000) == int("1" * 4_000)
    assert number_in_text("-" + "1" * 4_000) == -int("1" * 4_000)
    assert number_in_text("1" * 4_001) is None


@pytest.mark.parametrize("day", [date(2026, 8, 21), date(2026, 8, 22)])
@pytest.mark.parametrize("time", ["", "T12:00:00Z"])
def test_strictly_before_a_day(day: date, time: str) -> None:
    written = {"birthdate": {"conditions": {"$before": day.isoformat() + time}}}
    around = [(day + timedelta(days=step)).isoformat() for step in (-1, 0, 1)]
    assert [holds(written, {"birthdate": stored}) for stored in around] == [True, False, False]
    assert [holds({"x": written["birthdate"]}, {"x": stored}) for stored in around] == [True, False, False]


@pytest.mark.parametrize("coordinates", [[], "abc", {}])
def test_a_polygon_has_rings(coordinates: Any) -> None:
    shape = {"type": "polygon", "format": "geojson", "geojson": {"type": "Polygon", "coordinates": coordinates}}
    with pytest.raises(ValueError, match="p"):
        Options.of(locations={"p": shape})


def test_text_of_several_lines_that_is_no_json_is_one_problem() -> None:
    with pytest.raises(DefinitionError) as caught:
        SegmentEngine.from_json('[\n {"id": "s",\n "name" 5}\n]')
    assert [problem.code for problem in caught.value.problems] == ["bad_json"]


def test_an_id_that_is_there_already_is_told_so_whatever_its_place() -> None:
    engine = SegmentEngine([{"id": "there", "name": "", "filter": {}}])
    more = [{"id": f"s{number}", "name": "", "filter": {}} for number in range(300)]
    with pytest.raises(DefinitionError, match="a segment that is there"):
        engine.replace(add=[*more, {"id": "there", "name": "", "filter": {}}])


def test_definitions_that_json_cannot_carry_are_copied_as_deep_as_filters_go() -> None:
    innermost = {"a": {"conditions": {"$is": "x"}}}
    written: Any = innermost
    for _ in range(63):
        written = {"$and": [written]}
    below: list[Any] = []
    for _ in range(5_000):
        below = [below]
    engine = SegmentEngine([{"id": "s", "name": "", "filter": written, "note": {1, 2}, "below": below}])
    innermost["a"]["conditions"]["$is"] = "y"
    assert [engine.is_member({"a": value}, "s") for value in "xy"] == [True, False]
    deeper: dict[str, Any] = {}
    for _ in range(5_000):
        deeper = {"in": deeper}
    assert len(SegmentEngine([{"id": "s", "name": "", "filter": {}, "note": {1, 2}, "below": deeper}])) == 1

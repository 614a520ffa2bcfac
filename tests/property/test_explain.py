"""An explanation says what the engine decides, of every part; its smallest change is the smallest; its dates are those that its checks admit."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from segmentation import SegmentEngine
from segmentation.explain import ConditionTrace, Explanation, JunctionTrace, ListedTrace, NegationTrace, Trace
from segmentation.explain.periods import RELATIVE, Period, periods
from segmentation.language.data import DATES, TEXT_DATES, Datum, Kind
from segmentation.language.dates import Calendar
from segmentation.language.operators import OPERATORS
from segmentation.language.options import Options
from segmentation.language.parse import outline
from segmentation.language.predicate import leaves
from segmentation.testing import reference
from segmentation.testing import strategies as our

Condition = ConditionTrace | ListedTrace


def conditions(tree: Trace) -> Iterator[Condition]:
    match tree:
        case JunctionTrace(parts=parts):
            for part in parts:
                yield from conditions(part)
        case NegationTrace(part=part):
            yield from conditions(part)
        case _:
            yield tree


def verdict(tree: Trace, flipped: frozenset[str] = frozenset()) -> bool:
    """The verdict of a tree when some conditions were the other way round."""
    match tree:
        case JunctionTrace(junction=junction, parts=parts):
            return (all if junction == "and" else any)(verdict(part, flipped) for part in parts)
        case NegationTrace(part=part):
            return not verdict(part, flipped)
        case _:
            return tree.verdict is not (tree.pointer in flipped)


def nodes(tree: Trace) -> Iterator[Trace]:
    yield tree
    match tree:
        case JunctionTrace(parts=parts):
            for part in parts:
                yield from nodes(part)
        case NegationTrace(part=part):
            yield from nodes(part)


@given(st.data(), our.engine_options(), our.segment_sets(min_size=1, max_size=3))
def test_the_verdict_is_the_engines(data: st.DataObject, options: dict[str, Any], segments: list[dict[str, Any]]) -> None:
    zone = options["timezone"]
    now = data.draw(our.nows(zone), label="now")
    engine = SegmentEngine(segments, **options)
    record = data.draw(our.records_for(segments, now=now, timezone=zone, python_values=data.draw(st.booleans())), label="record")
    inside = set(engine.segment_ids(record, now))
    assert inside == set(reference.segment_ids(segments, record, now=now, **options))
    for segment in segments:
        explanation = engine.explain(record, segment["id"], now)
        assert explanation.verdict is (segment["id"] in inside) is engine.is_member(record, segment["id"], now)
        assert all(verdict(part) is part.verdict for part in nodes(explanation.tree)), "the verdict of every part follows from those of its conditions"
        can_be_told(explanation)


def can_be_told(explanation: Explanation) -> None:
    for each in (explanation, explanation.redacted()):
        assert json.loads(json.dumps(each.to_dict(), allow_nan=False))["verdict"] is explanation.verdict
        text = each.to_text()
        assert all(letter == "\n" or letter.isprintable() or letter == " " for letter in text.encode("utf-8").decode()), "nothing that a terminal would obey"
        assert each.to_text(color=True).replace("\x1b", "").count("\n") == text.count("\n")
        assert pickle.loads(pickle.dumps(each)) == each  # noqa: S301 - our own


@given(our.json_objects(), our.segments())
@example({"name": "\x1b[31m\u202e\x85\x00"}, {"id": "s", "name": "n", "filter": {"name": {"conditions": {"$is": "\x1b]0;x\x07"}}}})
@example({"name": {"\x1b": 1}}, {"id": "s\x1b", "name": "n\x9b", "filter": {"na\x1bme": {"conditions": {"$is": 1}}}})
@example({"name": ["\x7f"]}, {"id": "s\x7f", "name": "n\x7f", "filter": {"na\x7fme": {"conditions": {"$is": "\x7f"}}}})
def test_any_record_can_be_explained(record: dict[str, Any], segment: dict[str, Any]) -> None:
    engine = SegmentEngine([segment], attributes=our.declared(), locations=our.LOCATIONS)
    explanation = engine.explain(record, segment["id"], our.NOW)
    assert explanation.verdict is bool(engine.segment_ids(record, our.NOW))
    can_be_told(explanation)


@given(our.filters(max_leaves=9), st.data())
def test_the_smallest_change_is_the_smallest(filter_: dict[str, Any], data: st.DataObject) -> None:
    engine = SegmentEngine([{"id": "s", "name": "", "filter": filter_}], attributes=our.declared(), locations=our.LOCATIONS)
    explanation = engine.explain(data.draw(our.records_for(filter_), label="record"), "s", our.NOW)
    tree = explanation.tree
    free = [condition.pointer for condition in conditions(tree) if not condition.is_constant]
    assume(len(free) <= 9)
    best: list[frozenset[str]] = []
    for size in range(len(free) + 1):
        best = [frozenset(chosen) for chosen in combinations(free, size) if verdict(tree, frozenset(chosen)) is not tree.verdict]
        if best:
            break
    if not best:
        assert explanation.change is None
    else:
        assert explanation.change is not None
        assert frozenset(condition.pointer for condition in explanation.change.conditions) in best
        assert explanation.change.alternatives == len(best)


MARK = "Xq7-zz-of-the-customer"


@given(our.filters(), st.data())
def test_redacted_means_redacted(filter_: dict[str, Any], data: st.DataObject) -> None:
    """Neither a redacted explanation nor the `repr` of any says what the customer has."""
    secrets = st.sampled_from([MARK, [MARK], {MARK: MARK}, 4_271_828_182, [4_271_828_182], f"1973-03-07T04:27:18.{'4271828182'[:6]}Z"])
    record = {key: data.draw(secrets) for key in our.ATTRIBUTES}
    engine = SegmentEngine([{"id": "s", "name": "", "filter": filter_}], attributes=our.declared(), locations=our.LOCATIONS)
    explanation = engine.explain(record, "s", our.NOW)
    redacted = explanation.redacted()
    for text in (repr(explanation), str(explanation), repr(redacted), redacted.to_text(), redacted.to_text(color=True), json.dumps(redacted.to_dict())):
        assert MARK not in text
        assert "427182" not in text
        assert "1973" not in text
    assert redacted.redacted() == redacted
    assert [part.verdict for part in nodes(redacted.tree)] == [part.verdict for part in nodes(explanation.tree)]


@given(our.filters(max_leaves=4), st.data())
@example({"name": {"conditions": {"$more_than": 5}}}, None)
def test_a_declaration_that_is_proposed_mends_the_mismatch(filter_: dict[str, Any], data: st.DataObject | None) -> None:
    record = {"name": "6"} if data is None else data.draw(our.records_for(filter_, attributes=dict.fromkeys(our.ATTRIBUTES)), label="record")
    engine = SegmentEngine([{"id": "s", "name": "", "filter": filter_}], locations=our.LOCATIONS)
    for condition in conditions(engine.explain(record, "s", our.NOW).tree):
        assert isinstance(condition, ConditionTrace)
        if condition.declare is not None:
            alone = {"id": "s", "name": "", "filter": part_at(filter_, condition)}
            mended = SegmentEngine([alone], locations=our.LOCATIONS, attributes={condition.attribute: condition.declare}).explain(record, "s", our.NOW)
            assert [part.mismatch for part in conditions(mended.tree) if isinstance(part, ConditionTrace)] == [None]
            assert condition.mismatch is not None


def part_at(filter_: dict[str, Any], condition: ConditionTrace) -> dict[str, Any]:
    """The filter of one condition alone; a negative operand that a declared date refuses would be refused again, so it is made 0."""
    document: Any = {"filter": filter_}
    for token in condition.pointer.split("/")[1:]:
        document = document[int(token)] if isinstance(document, list) else document[token.replace("~1", "/").replace("~0", "~")]
    if OPERATORS[condition.operator].section == "5.3":
        document = 0
    return {condition.attribute: {"conditions": {condition.operator: document}}}


# Dates

RELATIVE_OPERATORS = [name for name, operator in OPERATORS.items() if operator.section in ("5.5", "5.6") or name in ("$is", "$more_than", "$less_than_equal")]


def inside(period: Period, day: date, instant: datetime) -> bool:
    match period.unit:
        case "month":
            found = day.month == int(str(period.first))
        case "instant":
            first, last = (None if end is None else datetime.fromisoformat(end) for end in (period.first, period.last))
            found = (first is None or instant >= first) and (last is None or instant <= last)
        case "day":
            found = (period.first is None or day.isoformat() >= period.first) and (period.last is None or day.isoformat() <= period.last)
        case "anniversary":
            if period.first is None or period.last is None:
                found = True
            else:
                start, stop = date.fromisoformat(period.first), date.fromisoformat(period.last)
                days = [start + timedelta(number) for number in range((stop - start).days + 1)]
                found = any((day.month, day.day) == (each.month, each.day) or ((day.month, day.day) == (2, 29) and is_stand_in(each)) for each in days)
    return found is not period.is_outside


def is_stand_in(day: date) -> bool:
    return (day.month, day.day) == (2, 28) and (day + timedelta(1)).month == 3


@given(
    st.sampled_from(RELATIVE_OPERATORS),
    st.integers(0, 800) | st.sampled_from([0, 1, 7, 30, 365, 366, 4_000_000, 10**30]),
    our.nows(),
    our.week_starts(),
    st.data(),
)
@example("$last_month_md", 0, datetime(1, 1, 8, tzinfo=UTC), "monday", None)
@example("$next_month", 0, datetime(9999, 12, 8, tzinfo=UTC), "monday", None)
@example("$last_year", 0, datetime(1, 1, 8, tzinfo=UTC), "monday", None)
@example("$this_week", 0, datetime(1, 1, 2, tzinfo=UTC), "saturday", None)
def test_the_dates_are_those_that_the_checks_admit(name: str, n: int, now: datetime, week_start: str, data: st.DataObject | None) -> None:
    calendar = Calendar("UTC", week_start)  # type: ignore[arg-type]  # one of the three
    clock = calendar.clock(now)
    options = Options.of("UTC", week_start)
    told = {
        check: periods(check, clock, calendar)
        for leaf in leaves(outline({"x": {"conditions": {name: n}}}, options).predicate)
        for check in leaf.checks
        if check.facet in RELATIVE
    }
    assert told
    last = date.max.toordinal()
    for check, found in told.items():
        near = st.integers(-800, 800).map(lambda distance: min(max(clock.today + distance, 1), last)) | st.integers(1, last)
        days = [1, last, clock.today, *(min(max(clock.today + sign * (n + step), 1), last) for sign in (1, -1) for step in (-1, 0, 1))]
        days += [] if data is None else data.draw(st.lists(near, min_size=5, max_size=12), label="days")
        for ordinal in days:
            moment = datetime.combine(date.fromordinal(ordinal), now.astimezone(UTC).timetz())
            kind = next(kind for kind in Kind if kind in check.kinds and kind in DATES | TEXT_DATES)
            datum = Datum(kind, "", ordinal, (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
            assert check.admits(datum, clock) is any(inside(period, date.fromordinal(ordinal), moment) for period in found), (
                check,
                found,
                date.fromordinal(ordinal),
            )


def test_an_attribute_is_asked_once() -> None:
    """A record that answers differently each time still has one explanation."""
    asked: list[str] = []

    class Moody(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.append(key)
            return len(asked) if key == "a" else default

    engine = SegmentEngine([{"id": "s", "name": "", "filter": {"a": {"conditions": {"$is": [1, 2], "$more_than": 0, "$less_than": 2}}}}])
    engine.explain(Moody(), "s", our.NOW)
    assert asked == ["a"]

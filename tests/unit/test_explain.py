"""What an explanation says, word for word, and how the command prints it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from segmentation import SegmentEngine, UnknownSegmentError
from segmentation.cli import main
from segmentation.explain import ConditionTrace, JunctionTrace, State

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def explained(filter_: dict[str, Any], record: Any, **options: Any) -> Any:
    return SegmentEngine([{"id": "seg_gold", "name": "Gold", "filter": filter_}], **options).explain(record, "seg_gold", NOW)


def condition(operator: str, operand: Any, stored: Any, key: str = "x", **options: Any) -> ConditionTrace:
    tree = explained({key: {"conditions": {operator: operand}}}, {} if stored is ... else {key: stored}, **options).tree
    assert isinstance(tree, JunctionTrace)
    (part,) = tree.parts
    assert isinstance(part, ConditionTrace)
    return part


def test_as_text() -> None:
    filter_ = {
        "metadata.points": {"conditions": {"$more_than": 1000}},
        "address.country": {"conditions": {"$in": ["PL", "PT"]}},
        "created_at": {"conditions": {"$more_than_ago": 30}},
        "loyalty.points": {"conditions": {"$less_than": 5}},
        "birthday": {"conditions": {"$this_month": True}},
        "$or": [{"name": {"conditions": {"$starts_with": "A"}}}, {"$not": {"junction": "or", "name": {"conditions": {"$is": ["Bo", "Cy"]}}}}],
    }
    record = {"metadata": {"points": "1200"}, "address": {"country": "PL"}, "created_at": "2026-11-02T10:00:00Z", "name": "Bo", "birthday": "1990-11-05"}
    assert (
        explained(filter_, record).to_text()
        == """\
not in seg_gold (Gold), at 2026-11-22T12:00:00+00:00 UTC
✗ all of
  ✗ metadata.points $more_than 1000: the number is greater than 1000; the date is more than 1000 days ago
      value "1200"
      the value is text, and $more_than with this operand looks at numbers and declared dates
      declared as a number it would be read: attributes={"metadata.points": "number"}
  ✓ address.country $in ["PL", "PT"]: the value equals one of the listed values
      value "PL"
  ✗ created_at $more_than_ago 30: the day is more than 30 days ago
      value "2026-11-02T10:00:00Z" (20 days ago)
      at that moment: 2026-10-22 or before
  ✓ loyalty.points $less_than 5: the number is less than 5
      missing: the customer has no such key, so it counts as 0
  ✓ birthday $this_month: the month is this month, of any year
      on a birthday $this_month means $this_month_md
      value "1990-11-05"
      at that moment: month 11
  ✗ any of
    ✗ name $starts_with "A": the text starts with "A"
        value "Bo"
    ✗ not
      ✓ name $is ["Bo", "Cy"]: the value equals "Bo" or "Cy"
          value "Bo"
          ✓ "Bo"  ✗ "Cy"
to enter, the least to change: metadata.points $more_than 1000 and created_at $more_than_ago 30 and name $starts_with "A" (one of 2 smallest changes)"""
    )


def test_as_data() -> None:
    found = explained({"junction": "or", "a": {"conditions": {"$is": 1}}, "$not": {"b": {"conditions": {"$has_value": True}}}}, {"a": 2}).to_dict()
    assert found["segment"] == {"id": "seg_gold", "name": "Gold"}
    assert (found["verdict"], found["now"], found["timezone"], found["redacted"]) == (True, "2026-11-22T12:00:00+00:00", "UTC", False)
    assert found["change"] == {"conditions": ["/filter/$not/b/conditions/$has_value"], "alternatives": 1}
    assert (found["tree"]["kind"], found["tree"]["pointer"], [part["kind"] for part in found["tree"]["parts"]]) == ("any", "/filter", ["condition", "not"])
    assert found["tree"]["parts"][0] == {
        "kind": "condition", "pointer": "/filter/a/conditions/$is", "verdict": False, "attribute": "a", "type": None, "operator": "$is", "meant": "$is",
        "words": "the value equals 1", "operand": "1", "state": "known", "missing": False, "counts_as_zero": False, "value": 2, "value_is": "a number",
        "ages": [], "periods": [], "mismatch": None, "declare": None, "constant": False, "values": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "declared", "state"),
    [
        (..., None, State.ABSENT), (None, None, State.NULL), (float("nan"), None, State.NULL), ("x", "number", State.UNREADABLE), ([], "number", State.KNOWN),
        ("", None, State.KNOWN), (0, None, State.KNOWN), ({}, None, State.KNOWN), ("5", "number", State.KNOWN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("operator", ["$is", "$is_not"])
def test_missing_is_not_false(stored: Any, declared: str | None, state: State, operator: str) -> None:
    found = condition(operator, 5, stored, attributes={"x": declared} if declared else {})
    assert found.state is state
    assert found.is_missing is (state is not State.KNOWN)
    assert found.verdict is ((stored == "5") is (operator == "$is"))


def test_a_counter_is_zero_where_that_counts() -> None:
    for operator, counts in (("$more_than", True), ("$is", True), ("$has_value", False), ("$is_unknown", False), ("$count", False), ("$includes", True)):
        found = condition(operator, 0, ..., key="loyalty.points")
        assert (found.counts_as_zero, found.is_missing, found.state) == (counts, not counts, State.ABSENT)


@pytest.mark.parametrize(
    ("operator", "operand", "stored", "declared", "mismatch", "declare"),
    [
        ("$more_than", 5, "6", None, "the value is text, and $more_than with this operand looks at numbers and declared dates", "number"),
        ("$more_than", 5, "2026-11-02", None, "the value is text, and $more_than with this operand looks at numbers and declared dates", "date"),
        ("$more_than", 5, True, None, "the value is a boolean, and $more_than with this operand looks at numbers and declared dates", None),
        ("$more_than", 5, [1], None, None, None),
        ("$more_than", 5, ["6", "7"], None, "the value is an array of text, and $more_than with this operand looks at numbers and declared dates", "number"),
        ("$more_than", 5, [], None, "the array is empty", None),
        ("$more_than", 5, {"a": 1}, None, "the value is an object, and $more_than with this operand looks at numbers and declared dates", None),
        ("$contains", "a", 5, None, "the value is a number, and $contains with this operand looks at text and declared dates", None),
        ("$is", "gold", 5, None, "the value is a number, and $is with this operand looks at text", None),
        ("$is", "5", "6", None, None, None),
        ("$today", 1, 5, None, "the value is a number, and $today looks at declared dates and ISO dates in text", None),
        ("$today", 1, "tomorrow", None, "the value is text, and $today looks at declared dates and ISO dates in text", None),
        ("$is", "x", "yes", "boolean", "$is with this operand never meets a declared boolean", None),
        ("$is", True, "yes", "boolean", "text that cannot be read as the declared boolean", None),
        ("$in_location", ["here"], "Rua Augusta", None, "the text names no point (geo:<lat>,<lng>)", None),
        ("$in_location", ["here"], "1,1", None, None, None),
        ("$count", 5, "6", None, None, None),
        ("$has_value", 5, {}, None, None, None),
        ("$in", [], "6", None, None, None),
    ],
)
def test_why_a_type_has_no_chance(operator: str, operand: Any, stored: Any, declared: str | None, mismatch: str | None, declare: str | None) -> None:
    here = {"here": {"type": "circle", "format": "distance", "distance": {"center": "1,1", "radius": "1 km"}}}
    found = condition(operator, operand, stored, attributes={"x": declared} if declared else {}, locations=here)
    assert (found.mismatch, found.declare) == (mismatch, declare)


@pytest.mark.parametrize(
    ("operator", "operand", "stored", "told"),
    [
        ("$more_than_ago", 30, "2026-11-02", "2026-10-22 or before"),
        ("$less_than_ago", 7, "2026-11-02", "2026-11-16 to 2026-11-22"),
        ("$less_than_ago", 0, "2026-11-02", ""),
        ("$is_days_ago", 7, "2026-11-02", "2026-11-15"),
        ("$more_than_future", 7, ..., "2026-11-30 or later"),
        ("$this_week", 1, "2026-11-02", "2026-11-16 to 2026-11-22"),
        ("$last_month", 1, "2026-11-02", "2026-10-01 to 2026-10-31"),
        ("$is_years_ago", 1, "2026-11-02", "2025-01-01 to 2025-12-31"),
        ("$is_less_days_in_future_md", 7, "2026-11-02", "anniversary on 2026-11-22 to 2026-11-29"),
        ("$is_more_days_in_future_md", 7, "2026-11-02", "not anniversary on 2026-11-22 to 2026-11-29"),
        ("$is_less_days_in_future_md", 400, "2026-11-02", "anniversary on any"),
        ("$next_month_md", 1, "2026-11-02", "month 12"),
        ("$after", "2026-11-02", "2026-11-02", ""),
        ("$more_than", 5, 6, ""),
        ("$in", [7, 8], date(2026, 11, 15), "2026-11-15, or 2026-11-14"),
        ("$less_than", 1, datetime(2026, 11, 22, 11, tzinfo=UTC), "2026-11-21T12:00:00.000001+00:00 to 2026-11-22T12:00:00+00:00"),
    ],
)
def test_the_dates_of_relative_conditions(operator: str, operand: Any, stored: Any, told: str) -> None:
    assert ", or ".join(map(str, condition(operator, operand, stored).periods)) == told


@pytest.mark.parametrize(
    ("stored", "ages"),
    [
        ("2026-11-22", ("today",)),
        (["2026-11-21", "2026-11-23"], ("yesterday", "tomorrow")),
        ("2026-12-01", ("in 9 days",)),
        ("2026-11-20T23:00:00Z", ("2 days ago",)),
    ],
)
def test_how_far_a_date_is_from_today(stored: Any, ages: tuple[str, ...]) -> None:
    assert condition("$more_than_ago", 3, stored).ages == ages


def test_ages_are_of_24_hours() -> None:
    for stored, age in (("2026-11-21T00:00:00Z", "1.5 × 24 h ago"), ("2026-11-22T18:00:00Z", "in 0.25 × 24 h")):
        assert condition("$more_than", 3, stored, attributes={"x": "datetime"}).ages == (age,)


class Odd:
    """What a record of Python objects may hold."""


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("a" * 200, '"' + "a" * 119 + '…"'), (list(range(30)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 20 more]"), ({"a": 1}, "an object"), (10**400, "an integer of 1329 bits"),
        (float("inf"), "inf"), (Decimal("1.50"), "1.5"), (date(2026, 1, 2), "2026-01-02"), (Odd(), "an Odd"), ("a\x1b[1m\u202eb", '"a\\u001b[1m\\u202eb"'), (True, "true"),
        ([None, {"a": 1}], "[null, an object]"), (object(), "an object"), ("\ud83d", '"\\ud83d"'), ([[1], 2], "[an array, 2]"), ("a\x7f\x9bb", '"a\\u007f\\u009bb"'),
    ],
)  # fmt: skip
def test_values_as_they_are_shown(stored: Any, text: str) -> None:
    found = condition("$is", "x", stored)
    assert found.value is not None
    assert found.value.text == text
    json.dumps(found.value.data, allow_nan=False)


class Endless(date):
    def isoformat(self) -> str:
        return "\x1b" + "2" * 10_000


@pytest.mark.parametrize("depth", [0, 900, 100_000])
def test_values_nested_without_end_are_cut(depth: int) -> None:
    nested: list[Any] = []
    innermost = nested
    for _ in range(depth):
        nested = [nested]
    innermost.append(nested)  # around in a circle
    found = condition("$is", "x", nested)
    assert found.value is not None
    assert (found.verdict, found.value.text) == (False, "[an array]")
    wide: Any = "x"
    for _ in range(40):  # written out it would take 10**40 letters
        wide = [wide] * 10
    assert len(explained({"x": {"conditions": {"$is": 1}}}, {"x": wide}).to_text()) < 1_000
    assert len(explained({"x": {"conditions": {"$is": 1}}}, {"x": Endless(2026, 1, 1)}).to_text()) < 1_000


def test_text_nested_as_deep_as_it_can_be_read_is_explained() -> None:
    text = '{"x": ' + "[" * 900 + "]" * 900 + "}"
    assert explained({"x": {"conditions": {"$is": 1}}}, text).to_dict()["tree"]["parts"][0]["value"] == ["an array"]


def test_filters_nested_as_deep_as_they_may_be_are_explained() -> None:
    filter_: dict[str, Any] = {"a": {"conditions": {"$is": 1}}}
    for number in range(63):
        filter_ = {"$not": filter_} if number % 2 else {"junction": "or", "$and": [filter_], "b": {"conditions": {"$is": number}}}
    found = explained(filter_, {"a": 1})
    assert found.verdict is SegmentEngine([{"id": "s", "name": "", "filter": filter_}]).is_member({"a": 1}, "s", NOW)
    assert found.change is not None
    assert len(found.change.conditions) == 1
    assert "one of" in found.to_text().splitlines()[-1]


def test_changes_past_counting() -> None:
    filter_ = {"$and": [{"junction": "or", "a": {"conditions": {"$is": number}}, "b": {"conditions": {"$is": number}}} for number in range(2_000)]}
    found = explained(filter_, {})
    assert found.change is not None
    assert (len(found.change.conditions), found.change.alternatives) == (2_000, 1_000_000)
    assert found.to_text().endswith("(one of 1000000 or more smallest changes)")
    one_of_many = explained({"$or": [filter_, filter_]}, {})
    assert one_of_many.change is not None
    assert one_of_many.change.alternatives == 1_000_000


def test_a_condition_that_stands_in_two_places_is_named_once() -> None:
    filter_ = {"$and": [{"junction": "or", "a": {"conditions": {"$is": 1}}, other: {"conditions": {"$is": 2}}} for other in ("b", "c")]}
    assert explained(filter_, {}).to_text().endswith("\nto enter, the least to change: a $is 1 (one of 4 smallest changes)")


def test_keys_that_a_terminal_would_obey() -> None:
    key = 'x\x1b"\u202e'
    found = explained({key: {"conditions": {"$more_than": 5}}}, {key: "6"})
    assert found.to_dict()["tree"]["parts"][0]["attribute"] == key
    assert r"""declared as a number it would be read: attributes={"x\u001b\"\u202e": "number"}""" in found.to_text()
    assert found.to_text().splitlines()[1] == r'✗ x\u001b"\u202e $more_than 5: the number is greater than 5; the date is more than 5 days ago'


def test_several_values_have_a_verdict_each() -> None:
    assert [(value.operand, value.verdict) for value in condition("$includes", ["a", "b"], ["b"]).values] == [('"a"', False), ('"b"', True)]
    assert condition("$includes", ["a"], ["b"]).values == ()
    assert condition("$in", ["a", "b"], "b").values == ()
    assert [value.verdict for value in condition("$is_not", ["a", "b"], "b").values] == [True, False]


def test_a_filter_that_asks_nothing() -> None:
    found = explained({"junction": "or"}, {})
    assert (found.verdict, found.change) == (True, None)
    assert found.to_text().splitlines()[1:] == ["✓ all of nothing: every customer", "to leave: no customer can"]


@pytest.mark.parametrize(("record", "verdict"), [({"id": "a"}, True), ({"source_id": "b", "id": 5}, True), ({"id": "c"}, False), ({}, False)])
def test_static_segments(record: dict[str, Any], verdict: bool) -> None:
    engine = SegmentEngine([{"id": "s", "name": "", "customers": ["a", "b"]}, {"id": "none", "name": "", "customers": []}])
    found = engine.explain(record, "s", NOW)
    assert found.verdict is verdict
    assert found.to_text().splitlines()[1] == f"{'✓' if verdict else '✗'} id or source_id is one of the segment's customers (2 listed)"
    assert found.to_dict()["tree"]["kind"] == "listed"
    assert found.change is not None
    assert engine.explain(record, "none", NOW).change is None
    assert ("missing" in found.to_text()) is (record == {})
    assert "missing" not in found.redacted().to_text()


def test_no_such_segment() -> None:
    with pytest.raises(UnknownSegmentError):
        SegmentEngine([]).explain({}, "nothing")


def test_the_zone_counts() -> None:
    engine = SegmentEngine([{"id": "s", "name": "", "filter": {"x": {"conditions": {"$today": 1, "$yesterday": 1}}}}], timezone="Pacific/Kiritimati")
    text = engine.explain({"x": "2026-11-23"}, "s", NOW).to_text()
    assert text.startswith("not in s, at 2026-11-23T02:00:00+14:00 Pacific/Kiritimati")
    assert "at that moment: 2026-11-23" in text
    assert 'value "2026-11-23" (today)' in text


# The command


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    segments, customer = tmp_path / "segments.json", tmp_path / "customer.json"
    segments.write_text(json.dumps([{"id": "s", "name": "S", "filter": {"a": {"conditions": {"$is": "hush"}}}}, {"id": "t", "name": "", "filter": {}}]))
    customer.write_text('{"a": "hush"}')
    return str(segments), str(customer)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["explain", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_explains_every_segment(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--segments", files[0], files[1], "--now", "2026-11-22T12:00:00Z")
    assert code == 0
    assert (
        out
        == """\
in s (S), at 2026-11-22T12:00:00+00:00 UTC
✓ a $is "hush": the value equals "hush"
    value "hush"
to leave, the least to change: a $is "hush"

in t, at 2026-11-22T12:00:00+00:00 UTC
✓ all of nothing: every customer
to leave: no customer can
"""
    )


def test_the_command_as_json(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--segments", files[0], files[1], "--segment", "s", "--json", "--redact")
    assert code == 0
    (found,) = json.loads(out)
    assert (found["segment"]["id"], found["verdict"], found["redacted"], found["tree"]["parts"][0]["value"]) == ("s", True, True, None)


def test_the_commands_json_is_fit_for_a_terminal(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    Path(files[1]).write_text(r'{"a": "\u009b31m\u007f\u202e\ud83d é"}')
    code, out, _ = run(capsys, "--segments", files[0], files[1], "--segment", "s", "--json")
    assert code == 0
    assert r'"value": "\u009b31m\u007f\u202e\ud83d é"' in out
    assert json.loads(out)[0]["tree"]["parts"][0]["value"] == "\x9b31m\x7f\u202e\ud83d é"


def test_the_command_in_colours(files: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def colours(*arguments: str) -> bool:
        return "\x1b[" in run(capsys, "--segments", files[0], files[1], *arguments)[1]

    assert not colours()
    assert colours("--color", "always")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert colours()
    assert not colours("--color", "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours()


def test_the_command_for_a_customer_who_is_not_stored(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--segments", files[0], "--unknown", "v", "--segment", "s")
    assert code == 0
    assert "missing: the customer has no such key" in out


@pytest.mark.parametrize(
    ("customer", "more", "code", "message"),
    [
        ("{}", ["--segment", "nope"], 1, "nope"),
        ("[]", [], 1, "a customer is a JSON object, not an array"),
        ('{"a": hush}', [], 1, "not one customer: not JSON"),
        ('{"a": 1}\n{"a": 2}\n', [], 1, "not one customer"),
        (None, [], 2, "No such file"),
    ],
)
def test_what_the_command_cannot_explain(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], customer: str | None, more: list[str], code: int, message: str
) -> None:
    path = tmp_path / "other.json"
    if customer is not None:
        path.write_text(customer)
    found, out, err = run(capsys, "--segments", files[0], str(path), *more)
    assert (found, out) == (code, "")
    assert message in err
    assert "hush" not in err


def test_the_command_cannot_read_both_from_one_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--segments", "-", "-")[0] == 2

"""The pytest plugin, in runs of pytest of its own: assertions that explain, a fixture that checks, cases that become tests."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytest_plugins = ["pytester"]

GOLD = {"id": "gold", "name": "Gold", "filter": {"points": {"conditions": {"$more_than": 100}}}}
NEW = {"id": "new", "name": "New", "filter": {"created_at": {"conditions": {"$less_than_ago": 7}}}}
NOW = "2026-11-22T12:00:00Z"


@pytest.fixture
def segments(pytester: pytest.Pytester) -> pytest.Pytester:
    (pytester.path / "segments.json").write_text(json.dumps([GOLD, NEW]))
    return pytester


def cases(pytester: pytest.Pytester, *listed: Any, **more: Any) -> str:
    path = pytester.path / "cases.json"
    path.write_text(json.dumps({"segments": "segments.json", "now": NOW, "cases": list(listed), **more}))
    return str(path)


# Assertions and the fixture


def test_a_failed_assertion_explains(segments: pytest.Pytester) -> None:
    segments.makepyfile("""
        from datetime import datetime, timezone
        from segmentation.testing import assert_member, assert_not_member

        NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)

        def test_in(load_segments):
            assert_member(load_segments("segments.json"), {"points": "150"}, "gold", NOW)

        def test_not_in(load_segments):
            assert_not_member(load_segments("segments.json"), {"points": 150}, "gold", NOW)

        def test_fine(load_segments):
            assert_member(load_segments("segments.json"), {"points": 150}, "gold")
            assert_not_member(load_segments("segments.json"), {"points": 50}, "gold")
    """)
    result = segments.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines([
        "E*the customer should be in the segment, and is not in gold (Gold), at 2026-11-22T12:00:00+00:00 UTC",
        'E*value "150"',
        'E*declared as a number it would be read: attributes={"points": "number"}',
        "E*the customer should not be in the segment, and is in gold (Gold)*",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*assertions.py*")


def test_the_fixture_tells_of_every_problem(segments: pytest.Pytester) -> None:
    (segments.path / "wrong.json").write_text(json.dumps([{"id": "a", "filter": {"x": {"conditions": {"$iss": 1}}}}, {"id": "a", "name": "", "filter": {}}]))
    segments.makepyfile("""
        def test_wrong(load_segments):
            load_segments("wrong.json")

        def test_absent(load_segments):
            load_segments("absent.json")

        def test_options(load_segments):
            engine = load_segments("segments.json", timezone="Europe/Warsaw", attributes={"points": "number"})
            assert engine.segment_ids({"points": "150"}) == ["gold"]
            assert engine.settings["timezone"] == "Europe/Warsaw"
    """)
    result = segments.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["wrong.json: 3 problems*", "*unknown_operator*", "*missing*", "*duplicate_id*", "absent.json: No such file or directory"])


# Cases


def test_cases_are_tests(segments: pytest.Pytester) -> None:
    path = cases(
        segments,
        {"name": "rich", "customer": {"points": 150}, "expected": ["gold"]},
        {"name": "new", "customer": {"created_at": "2026-11-20"}, "in": ["new"]},
        {"name": "later", "customer": {"created_at": "2026-11-20"}, "now": "2026-12-24T00:00:00+01:00", "expected": []},
        {"customer": {"points": 150, "created_at": "2026-11-20"}, "in": ["new"], "not_in": ["gold"]},
        {"name": "poor", "customer": {"points": 10}, "expected": ["gold", "new"]},
        {"name": "more than was expected", "customer": {"points": 150}, "expected": []},
    )
    result = segments.runpytest("-p", "no:cacheprovider", "-v", "--segments", path)
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(["cases.json::rich PASSED*", "cases.json::case 4 FAILED*"])
    result.stdout.fnmatch_lines(
        ["cases.json: poor: the customer is", "not in gold (Gold), at*", "*value 10", "not in new (New), at*", "*missing: the customer has no such key"]
    )
    result.stdout.fnmatch_lines(["cases.json: more than was expected: the customer is", "in gold (Gold), at*"])


def test_cases_are_collected_once_and_beside_other_tests(segments: pytest.Pytester) -> None:
    segments.makepyfile("def test_other(): pass")
    cases(segments, {"customer": {}, "expected": []})
    for arguments in ((), (".",), ("cases.json",), ("test_cases_are_collected_once_and_beside_other_tests.py",)):
        result = segments.runpytest("-p", "no:cacheprovider", "--segments", "cases.json", *arguments)
        result.assert_outcomes(passed=1 if arguments == ("cases.json",) else 2)
    segments.runpytest("-p", "no:cacheprovider", "cases.json").assert_outcomes()


@pytest.mark.parametrize("directory", ["build", ".github", "node_modules", "sub"])
def test_cases_are_collected_where_pytest_does_not_look(segments: pytest.Pytester, directory: str) -> None:
    """A run in which a file of cases that was asked for is not run must not be green."""
    segments.makepyfile("def test_other(): pass")
    (segments.path / directory).mkdir()
    (segments.path / directory / "test_not_asked_for.py").write_text("def test_nothing(): pass")
    cases(segments, {"name": "poor", "customer": {"points": 10}, "expected": ["gold"]}, segments="../segments.json")
    (segments.path / "cases.json").rename(segments.path / directory / "cases.json")
    others = 2 if directory == "sub" else 1
    for arguments, passed in (((), others), ((".", f"--ignore={directory}"), 1), ((f"{directory}/cases.json",), 0), ((f"{directory}/cases.json::poor",), 0)):
        result = segments.runpytest("-p", "no:cacheprovider", "--segments", f"{directory}/cases.json", *arguments)
        result.assert_outcomes(failed=1, passed=passed)
        result.stdout.fnmatch_lines([f"*FAILED*{directory}/cases.json::poor*"])


def test_cases_run_in_several_processes(segments: pytest.Pytester) -> None:
    cases(segments, {"customer": {}, "expected": []}, {"customer": {"points": 101}, "expected": ["gold"]})
    segments.runpytest_subprocess("-p", "no:cacheprovider", "--segments", "cases.json", "-n", "2").assert_outcomes(passed=2)


def test_segments_and_options_may_stand_in_the_file(pytester: pytest.Pytester) -> None:
    (pytester.path / "attributes.json").write_text('{"points": "number"}')
    path = cases(pytester, {"customer": {"points": "150"}, "expected": ["gold"]}, segments=[GOLD], attributes="attributes.json", timezone="Asia/Kolkata")
    pytester.runpytest("-p", "no:cacheprovider", "--segments", path).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"segments": "absent.json"}, "absent.json: No such file or directory"),
        ({"segments": [{"id": "a"}]}, "*segments: 2 problems in the segment definitions:"),
        ({"segments": [GOLD], "timezone": "Mars"}, "*'Mars' is not the IANA name of a time zone*"),
        ({"attributes": "absent.json"}, "*absent.json: No such file or directory"),
        ({"cases": []}, "*cases is an array of at least one case"),
        ({"now": "2026-11-22T12:00:00"}, "*the file: now is an ISO 8601 date-time with an offset*"),
        ({"now": None}, "*the file: now is an ISO 8601 date-time with an offset*"),
        ({"cases": [{"name": "a", "customer": {}, "expected": [], "now": "today"}]}, "*case 1: now is an ISO 8601 date-time with an offset*"),
        ({"timezone": 5}, "*timezone is text, not a number"),
        ({"week_start": ["monday"]}, "*week_start is text, not an array"),
        ({"attributes": ["points"]}, "*attributes is an object, or the path of a file that holds one, not an array"),
        ({"locations": 5}, "*locations is an object, or the path of a file that holds one, not a number"),
        ({"segments": "faulty.json"}, "*faulty.json: 1 problem in the segment definitions:"),
        ({"segments": None}, "*segments: 1 problem in the segment definitions:"),
        ({"segments": 5}, "*segments: 1 problem in the segment definitions:"),
        ({"case": []}, "*the file has segments, now, cases, *, and no 'case' (did you mean cases?)"),
        ({"cases": [5]}, "*case 1 is an object, not a number"),
        ({"cases": [{"customer": [], "expected": []}]}, "*case 1: customer is an object"),
        ({"cases": [{"customer": {}}]}, "*case 1 has either expected, or in and not_in"),
        ({"cases": [{"customer": {}, "expected": [], "in": []}]}, "*case 1 has either expected, or in and not_in"),
        ({"cases": [{"customer": {}, "expectd": []}]}, "*case 1 has *, and no 'expectd' (did you mean expected?)"),
        ({"cases": [{"customer": {}, "expected": ["gould"]}]}, "*case 1: no segment has the id 'gould' (did you mean gold?)"),
        ({"cases": [{"customer": {}, "in": [["gold"]]}]}, "*case 1: no segment has the id an array"),
        ({"cases": [{"customer": {}, "expected": "gold"}]}, "*case 1: expected is an array of the ids of segments, not a string"),
        ({"cases": [{"customer": {}, "expected": None}]}, "*case 1: expected is an array of the ids of segments, not null"),
        ({"cases": [{"customer": {}, "not_in": 5}]}, "*case 1: not_in is an array of the ids of segments, not a number"),
        ({"cases": [{"customer": {}, "in": ["gold"], "not_in": ["new", "gold"]}]}, "*case 1: 'gold' is both in and not_in"),
        ({"cases": [{"name": 5, "customer": {}, "expected": []}]}, "*case 1: name is text of one letter or more, not 5"),
        ({"cases": [{"name": "", "customer": {}, "expected": []}]}, "*case 1: name is text of one letter or more, not ''"),
        ({"cases": [{"name": "case 2", "customer": {}, "in": []}, {"customer": {}, "in": []}]}, "*case 2 has the name of case 1, 'case 2'"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_no_test(segments: pytest.Pytester, changes: dict[str, Any], message: str) -> None:
    path = cases(segments, {"customer": {}, "expected": []}, **changes)
    (segments.path / "faulty.json").write_text(json.dumps({**GOLD, "name": None}))
    result = segments.runpytest("-p", "no:cacheprovider", "--segments", path)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*cases.json: *{message.removeprefix('*')}"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "*cases.json cannot be read: not JSON: *"),
        ("[]", "*cases.json holds an array, not an object"),
        ('{"now": 1, "now": 2}', "*cases.json: the key 'now' occurs twice in one object"),
        ('{"segments": [], "cases": [{"customer": {}, "in": ["x"], "in": []}]}', "*cases.json: the key 'in' occurs twice in one object"),
    ],
)
def test_a_file_that_is_no_object(pytester: pytest.Pytester, text: str, message: str) -> None:
    (pytester.path / "cases.json").write_text(text)
    pytester.runpytest("-p", "no:cacheprovider", "--segments", "cases.json").stdout.fnmatch_lines([message])


def test_names_that_a_terminal_would_obey(segments: pytest.Pytester) -> None:
    path = cases(segments, {"name": "\x1b[31mred\n", "customer": {"points": "\x1b[31m"}, "expected": ["gold"]})
    result = segments.runpytest("-p", "no:cacheprovider", "--segments", path)
    result.assert_outcomes(failed=1)
    assert "\x1b" not in result.stdout.str()
    assert r"cases.json: \u001b[31mred\n: the customer is" in result.stdout.str()


def test_a_file_that_is_not_there(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest("-p", "no:cacheprovider", "--segments", "absent.json")
    result.stderr.fnmatch_lines(["*--segments: there is no file *absent.json"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_run_that_asks_nothing_of_the_plugin_loads_nothing() -> None:
    program = "import sys, pytest_segmentation; print([name for name in sys.modules if name.split('.')[0] in ('segmentation', 'pydantic', 'hypothesis')])"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip() == "[]"


def test_without_hypothesis_the_rest_works() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
from segmentation import SegmentEngine, testing
testing.assert_member(SegmentEngine([{"id": "s", "name": "", "filter": {}}]), {}, "s")
try:
    testing.customers_for
except ModuleNotFoundError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    assert told == 'customers_for needs Hypothesis: pip install "segmentation[testing]"'

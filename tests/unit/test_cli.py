"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import segmentation
from segmentation import SegmentEngine, cli
from segmentation.cli.files import one_or_many
from segmentation.language.operators import OPERATORS, SECTIONS
from segmentation.targets import to_jsonlogic

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"
SEGMENTS = str(EXAMPLES / "segments.json")
MISTAKES = str(EXAMPLES / "mistakes.json")
CUSTOMERS = str(EXAMPLES / "customers.jsonl")
READING = ["--attributes", str(EXAMPLES / "attributes.json"), "--locations", str(EXAMPLES / "locations.json")]
ENGINE = ["--segments", SEGMENTS, *READING, "--now", "2026-11-22T12:00:00Z"]
BASH = shutil.which("bash")
NOW = datetime.fromisoformat("2026-11-22T12:00:00Z")

ADULTS: dict[str, Any] = {"id": "seg_1", "name": "Zoë's adults", "filter": {"age": {"conditions": {"$more_than_equal": 18}}}}
ADULT = '{"object":"list","data_ref":"data","data":[{"id":"seg_1","name":"Zoë\'s adults","object":"segment"}],"total":1}'
NOBODY = '{"object":"list","data_ref":"data","data":[],"total":0}'


@pytest.fixture
def adults(tmp_path: Path) -> list[str]:
    """The options that name a file with one segment."""
    path = tmp_path / "segments.json"
    path.write_text(json.dumps([ADULTS]), encoding="utf-8")
    return ["--segments", str(path)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this process: its exit code, output and errors."""

    def running(*arguments: str, stdin: str | bytes = b"") -> tuple[int, str, str]:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code = cli.main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return running


def process(*arguments: str, stdin: bytes | None = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "segmentation", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, env={**os.environ, **environment})


# evaluate: one customer


def test_the_first_example_customer_has_the_documented_answer(run: Any, endpoint_example: dict[str, Any]) -> None:
    with Path(CUSTOMERS).open(encoding="utf-8") as lines:
        first = lines.readline()
    code, out, err = run("evaluate", *ENGINE, "-", stdin=first)
    assert (code, err) == (0, "")
    assert out == json.dumps(endpoint_example, separators=(",", ":")) + "\n"


def test_one_customer_is_answered_with_the_bytes_of_the_engine(run: Any, tmp_path: Path) -> None:
    engine = SegmentEngine.from_json(
        Path(SEGMENTS),
        attributes=json.loads((EXAMPLES / "attributes.json").read_bytes()),
        locations=json.loads((EXAMPLES / "locations.json").read_bytes()),
    )
    for line in Path(CUSTOMERS).read_bytes().splitlines()[:5]:
        (tmp_path / "customer.json").write_bytes(line)
        assert run("evaluate", *ENGINE, str(tmp_path / "customer.json")) == (0, engine.evaluate_json(line, NOW).decode() + "\n", "")


@pytest.mark.parametrize(
    "text",
    [
        '{"age": 20}',
        '\ufeff{"age": 20}\r\n',
        '\n\n{\n  "age":\n\n  20\n}\n\n',
        '{"age": 20, "referrals":\n[\n{"total": 1}\n,\n{"total": 2}\n]\n}',
        '{\n"note": {},\n"more":\n{}\n, "age": 20}',
        json.dumps({"age": 20, "metadata": {f"key {number}": [number] for number in range(500)}}, indent=2),
    ],
    ids=["one line", "byte order mark, CRLF", "blank lines", "lines that are objects", "members on lines of their own", "many lines"],
)
def test_one_object_is_one_customer_on_however_many_lines(run: Any, adults: list[str], text: str) -> None:
    assert run("evaluate", *adults, "-", stdin=text) == (0, ADULT + "\n", "")


def test_pretty_indents(run: Any, adults: list[str]) -> None:
    code, out, _ = run("evaluate", *adults, "-", "--pretty", stdin='{"age": 20}')
    assert code == 0
    assert out == json.dumps(json.loads(ADULT), indent=2, ensure_ascii=False) + "\n"


def test_an_unknown_customer_is_evaluated_as_just_created(run: Any) -> None:
    code, out, _ = run("evaluate", *ENGINE, "--unknown", "visitor-1")
    assert code == 0
    assert [row["name"] for row in json.loads(out)["data"]] == ["area code not 123", "not bob.smith@email.com", "Out of reach"]


# evaluate: several customers


def test_several_customers_are_answered_by_a_line_each(run: Any, adults: list[str]) -> None:
    lines = [
        '{"id": "cust_1", "source_id": "a", "age": 20}',
        '{"id": null, "source_id": "Zoë", "age": 2}',
        "",
        '{"age": 30}',
        '{"id": 7, "age": 1}',
        '{"id": ["x"], "source_id": {"y": 1}}',
    ]
    expected = [("cust_1", ADULT), ("Zoë", NOBODY), (None, ADULT), (7, NOBODY), (None, NOBODY)]
    code, out, err = run("evaluate", *adults, "-", stdin="\r\n".join(lines))
    assert (code, err) == (0, "")
    assert out == "".join(f'{{"customer":{json.dumps(name, ensure_ascii=False)},"segments":{answer}}}\n' for name, answer in expected)


def test_the_example_customers_are_answered_in_order(run: Any, endpoint_example: dict[str, Any]) -> None:
    code, out, err = run("evaluate", *ENGINE, CUSTOMERS)
    customers = [json.loads(line) for line in Path(CUSTOMERS).read_text(encoding="utf-8").splitlines()]
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [answer["customer"] for answer in answers] == [customer.get("id") or customer["source_id"] for customer in customers]
    assert answers[0]["segments"] == endpoint_example


def test_each_of_the_documented_segments_lacks_someone(run: Any, endpoint_example: dict[str, Any]) -> None:
    _, out, _ = run("evaluate", *ENGINE, CUSTOMERS)
    memberships = [{row["id"] for row in json.loads(line)["segments"]["data"]} for line in out.splitlines()]
    for segment in endpoint_example["data"]:
        assert 0 < sum(segment["id"] in membership for membership in memberships) < len(memberships)


def test_a_bad_line_is_reported_and_the_others_are_answered(run: Any, adults: list[str]) -> None:
    lines = [
        b'{"id": "a", "age": 20}',
        b'{"id": "secret-1", "age": ',
        b"[1, 2]",
        b"",
        b'"secret-2"',
        b'{"id": "secret-\xff"}',
        b'{"id": "secret-3"} x',
        b'{"a":' * 100_000,
        b'{"a": ' + b"1" * 5_000 + b"}",
        b'{"id": "b"}',
    ]
    code, out, err = run("evaluate", *adults, "-", stdin=b"\n".join(lines))
    assert code == 1
    assert [json.loads(line)["customer"] for line in out.splitlines()] == ["a", "b"]
    assert err.splitlines() == [
        "segmentation: error: <stdin>, line 2: not JSON: Expecting value at column 26",
        "segmentation: error: <stdin>, line 3: a customer is a JSON object, not an array",
        "segmentation: error: <stdin>, line 5: a customer is a JSON object, not a string",
        "segmentation: error: <stdin>, line 6: not UTF-8: byte 15 cannot be read",
        "segmentation: error: <stdin>, line 7: not JSON: Extra data at column 20",
        "segmentation: error: <stdin>, line 8: nested too deep to be read",
        "segmentation: error: <stdin>, line 9: a number has too many digits",
    ]


@pytest.mark.parametrize("first", ["x", "{", '{"id": "secret",', "[1]", '{"secret": 1}}', "5"])
def test_a_bad_first_line_is_a_bad_line_too(run: Any, adults: list[str], first: str) -> None:
    code, out, err = run("evaluate", *adults, "-", stdin=f'\n{first}\n{{"id": "a"}}\n{{"id": "b"}}\n')
    assert code == 1
    assert [json.loads(line)["customer"] for line in out.splitlines()] == ["a", "b"]
    assert re.fullmatch("segmentation: error: <stdin>, line 2: .*\n", err)
    assert "secret" not in err


def test_one_object_with_a_fault_is_one_error(run: Any, adults: list[str]) -> None:
    code, out, err = run("evaluate", *adults, "-", stdin='{\n"id": "secret",\n\n"age": 20\n"metadata": {}\n}\n')
    assert (code, out) == (1, "")
    assert err == "segmentation: error: <stdin>: neither one JSON object nor JSON Lines: not JSON: Expecting ',' delimiter at line 5, column 1\n"


@pytest.mark.parametrize("text", ['[{"id": "a"}]', '[\n  {"id": "a"},\n  {"id": "b"}\n]', '[{"id": "a"},\n{"id": "b"}]', "[]"])
def test_an_array_of_customers_is_an_error_that_says_what_to_do(run: Any, adults: list[str], tmp_path: Path, text: str) -> None:
    path = tmp_path / "customers.json"
    path.write_text(text, encoding="utf-8")
    code, out, err = run("evaluate", *adults, str(path))
    assert (code, out) == (1, "")
    assert err == f"segmentation: error: {path}: a JSON array; customers are given one a line (JSON Lines), as by: jq -c '.[]' {path}\n"


def test_no_customers_have_no_answers(run: Any, adults: list[str]) -> None:
    assert run("evaluate", *adults, "-", stdin="\n \n") == (0, "", "")


def test_lone_surrogates_go_through(run: Any, adults: list[str]) -> None:
    code, out, _ = run("evaluate", *adults, "-", stdin='{"id": "a\\ud800b"}\n{"id": "b"}\n')
    assert code == 0
    assert json.loads(out.splitlines()[0])["customer"] == "a\ud800b"


def test_all_customers_are_evaluated_at_one_moment(run: Any, adults: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    moments = set()
    evaluate_json = SegmentEngine.evaluate_json

    def noticing(self: SegmentEngine, customer: Any, now: datetime | None = None) -> bytes:
        moments.add(now)
        return evaluate_json(self, customer, now)

    monkeypatch.setattr(SegmentEngine, "evaluate_json", noticing)
    assert run("evaluate", *adults, "-", stdin='{"id": "a"}\n{"id": "b"}\n{"id": "c"}\n')[0] == 0
    assert len(moments) == 1
    assert None not in moments


def test_json_lines_are_read_as_they_come() -> None:
    lines = iter([(1, b'{"id": "a"}'), (2, b'{"id": "b"}'), (3, b'{"id": "c"}')])
    customer, rest = one_or_many(lines, "x")
    assert customer is None
    assert next(lines) == (3, b'{"id": "c"}'), "two lines were enough to tell"
    assert [number for number, _ in rest] == [1, 2]


@pytest.mark.parametrize("end", ["", "\n", "\r\n\n"])
def test_lines_answers_a_single_line_as_one_of_several(run: Any, adults: list[str], end: str) -> None:
    code, out, err = run("evaluate", *adults, "--lines", "-", stdin='{"id": "a", "age": 20}' + end)
    assert (code, out, err) == (0, f'{{"customer":"a","segments":{ADULT}}}\n', "")


def test_lines_changes_nothing_for_several_lines(run: Any) -> None:
    assert run("evaluate", *ENGINE, "--lines", CUSTOMERS) == run("evaluate", *ENGINE, CUSTOMERS)


def test_lines_of_no_customers_are_no_answers(run: Any, adults: list[str]) -> None:
    assert run("evaluate", *adults, "--lines", "-", stdin="\n") == (0, "", "")


def test_lines_can_be_indented(run: Any, adults: list[str]) -> None:
    code, out, _ = run("evaluate", *adults, "--lines", "--pretty", "-", stdin='{"age": 20}')
    assert code == 0
    assert out == json.dumps({"customer": None, "segments": json.loads(ADULT)}, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("text", ['[{"id": "secret"}]', '{"id": "secret",', '"secret"', '\ufeff{"id": "secret"}}'])
def test_lines_reports_a_bad_single_line_by_its_number(run: Any, adults: list[str], text: str) -> None:
    code, out, err = run("evaluate", *adults, "--lines", "-", stdin=text)
    assert (code, out) == (1, "")
    assert re.fullmatch("segmentation: error: <stdin>, line 1: .*\n", err)
    assert "secret" not in err


def test_lines_does_not_join_lines(run: Any, adults: list[str]) -> None:
    code, out, err = run("evaluate", *adults, "--lines", "-", stdin='{\n"age": 20\n}\n')
    assert (code, out) == (1, "")
    assert [line.split(": ")[2] for line in err.splitlines()] == [f"<stdin>, line {number}" for number in (1, 2, 3)]


# What the engine takes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--now", "2026-11-22T12:00:00"], "naive"),
        (["--now", "2026-11-22"], "not an ISO 8601 date-time"),
        (["--now", "yesterday"], "not an ISO 8601 date-time"),
        (["--now", "0001-01-01T00:00+05:00"], "outside the years"),
        (["--now", "9999-12-31T23:00Z", "--timezone", "Asia/Tokyo"], "outside the years"),
        (["--timezone", "Europe/Warsw"], "did you mean 'Europe/Warsaw'?"),
        (["--week-start", "tuesday"], "tuesday"),
        (["--attributes", '{"metadata.age": "nmber"}'], "'nmber' is not a type"),
        (["--attributes", '{"birthdate": "string"}'], "birthdate"),
        (["--attributes", "{"], "the value cannot be read: not JSON"),
        (["--attributes", MISTAKES], "an array, not an object"),
        (["--attributes", "missing.json"], "missing.json: No such file or directory"),
        (["--locations", '{"here": {}}'], "location 'here'"),
        (["--locations", '{"a": ' * 100_000], "nested too deep"),
        (["--segments", "missing.json"], "missing.json: No such file or directory"),
        (["--segments", str(EXAMPLES)], "Is a directory"),
        (["--segments", "-", "-"], "cannot both come from standard input"),
        (["--unknown", "x", "-"], "not allowed with argument"),
        (["--lines", "--unknown=x"], "--lines: not allowed with argument --unknown"),
        (["missing.jsonl"], "missing.jsonl: No such file or directory"),
        ([], "CUSTOMERS --unknown is required"),
        (["--frobnicate", "-"], "--frobnicate"),
    ],
)
def test_bad_options_are_errors_of_usage(run: Any, adults: list[str], options: list[str], message: str) -> None:
    who = [] if not options or options[-1].startswith("-") or options[-1] == "missing.jsonl" or "-" in options else ["-"]
    code, out, err = run("evaluate", *adults, *options, *who)
    assert (code, out) == (2, "")
    assert err.startswith("segmentation: error: ")
    assert err.count("\n") == 1
    assert message in err


def test_options_reach_the_engine(run: Any, tmp_path: Path) -> None:
    conditions = {"a": {"$today": True}, "b": {"$this_week": True}, "c": {"$more_than": 5}, "d": {"$in_location": "here"}}
    segments = [{"id": key, "name": key, "filter": {key: {"conditions": condition}}} for key, condition in conditions.items()]
    (tmp_path / "segments.jsonl").write_text("\n".join(map(json.dumps, segments)), encoding="utf-8")
    (tmp_path / "attributes.json").write_text('\ufeff{"c": "number"}', encoding="utf-8")
    here = {"here": {"type": "circle", "format": "distance", "distance": {"center": "geo:52.23,21.01", "radius": "5 km"}}}
    customer = {"a": "2026-11-21T23:30:00Z", "b": "2026-11-28", "c": "6", "d": "52.23,21.01"}
    engine = ["--segments", str(tmp_path / "segments.jsonl"), "--now", "2026-11-22T12:00:00+01:00", "--locations", json.dumps(here)]
    more = ["--timezone", "Europe/Warsaw", "--week-start", "sunday", "--attributes", str(tmp_path / "attributes.json")]
    assert [row["id"] for row in json.loads(run("evaluate", *engine, *more, "-", stdin=json.dumps(customer))[1])["data"]] == ["a", "b", "c", "d"]
    assert [row["id"] for row in json.loads(run("evaluate", *engine, "-", stdin=json.dumps(customer))[1])["data"]] == ["d"]


def test_faulty_definitions_stop_an_evaluation(run: Any) -> None:
    code, out, err = run("evaluate", "--segments", MISTAKES, *READING, CUSTOMERS)
    assert (code, out) == (1, "")
    problems = run("check", MISTAKES, *READING)[1].splitlines()[:-1]
    assert err.splitlines() == [*problems, f"segmentation: error: 39 problems in {MISTAKES}"]


# check


@pytest.mark.parametrize("options", [READING, []], ids=["with options", "without"])
def test_every_mistake_of_the_example_is_told_of_in_document_order(run: Any, options: list[str]) -> None:
    code, out, err = run("check", MISTAKES, *options)
    *lines, summary = out.splitlines()
    assert (code, err) == (1, "")
    assert len(lines) >= 24
    assert summary == f"{len(lines)} problems in 1 file"
    found = [re.fullmatch(rf"{re.escape(MISTAKES)}: segment ('seg_\w+'|\d+)(?: at (/\S*))?: .+ \[([a-z_]+)\]", line) for line in lines]
    assert all(found)
    assert len({match[3] for match in found if match}) >= 20, "two dozen mistakes are of many kinds"

    segments = json.loads(Path(MISTAKES).read_text(encoding="utf-8"))
    order = [problem["index"] for problem in json.loads(run("check", "--json", MISTAKES, *options)[1])]
    assert order == sorted(order)
    assert set(order) == set(range(len(segments))), "every segment of the example has a mistake"
    of_first = [match[2].rsplit("/", 1)[1] for match in found[:3] if match]
    assert of_first == ["$more_then", "$more_than_or_equal", "$redeemed"]


def test_a_sound_file_has_no_problems(run: Any) -> None:
    assert run("check", SEGMENTS, *READING) == (0, "28 segments, no problems\n", "")
    assert run("check", "--segments", SEGMENTS, *READING) == (0, "28 segments, no problems\n", "")


def test_several_files_are_sets_by_themselves(run: Any, adults: list[str]) -> None:
    assert run("check", *adults, SEGMENTS, *READING) == (0, "29 segments, no problems\n", "")
    assert run("check", adults[1], "--segments", adults[1]) == (0, "2 segments, no problems\n", "")
    code, out, _ = run("check", adults[1], MISTAKES, SEGMENTS, *READING)
    assert (code, out.splitlines()[-1]) == (1, "39 problems in 1 of 3 files")


def test_warnings_are_marked_and_are_no_fault(run: Any) -> None:
    segments = [ADULTS, {"id": "seg_2", "name": "Panel", "type": "static"}]
    code, out, err = run("check", "-", stdin=json.dumps({"object": "list", "data": segments, "total": 3}))
    assert (code, err) == (0, "")
    assert [re.sub(r"(segment \S+(?: at \S+)?): .* \[", r"\1: … [", line) for line in out.splitlines()] == [
        "<stdin>: warning: segment 0: … [partial_list]",
        "<stdin>: warning: segment 'seg_2' at /customers: … [static_without_members]",
        "2 segments, no problems, 2 warnings",
    ]


def test_a_problem_of_a_whole_segment_has_no_place(run: Any) -> None:
    code, out, err = run("check", "-", stdin="[5]")
    assert (code, err) == (1, "")
    assert out == "<stdin>: segment 0: a segment is an object, not a number [bad_segment]\n1 problem in 1 file\n"


def test_problems_as_json(run: Any) -> None:
    code, out, err = run("check", "--json", "-", stdin=json.dumps([{**ADULTS, "type": "pasive"}]))
    assert (code, err) == (1, "")
    [problem] = json.loads(out)
    assert problem.pop("message")
    expected = {"file": "<stdin>", "severity": "error", "index": 0, "segment": "seg_1", "pointer": "/type", "code": "bad_type", "suggestion": "passive"}
    assert problem == expected
    code, out, _ = run("check", "--json", "-", stdin='{"id": "s", "name": "N", "type": "static"}')
    assert (code, [problem["severity"] for problem in json.loads(out)]) == (0, ["warning"])
    assert run("check", "--json", SEGMENTS, *READING) == (0, "[]\n", "")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\xff", b'[{"id": ' + b"9" * 5_000 + b"}]", b"[" * 100_000])
def test_a_file_that_cannot_be_read_as_json_is_at_fault(run: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "segments.json"
    path.write_bytes(content)
    code, out, err = run("check", str(path))
    assert (code, err) == (1, "")
    assert out.endswith("1 problem in 1 file\n")


def test_a_problem_stays_on_its_line(run: Any) -> None:
    code, out, _ = run("check", "-", stdin=json.dumps([{**ADULTS, "filter": {"a\n\x1b[31mb\ud800": 5}}]))
    assert code == 1
    assert out.count("\n") == 2
    assert "/filter/a\\n\\x1b[31mb\\ud800: " in out


@pytest.mark.parametrize("arguments", [[], [SEGMENTS, "missing.json"], ["--segments"]])
def test_check_needs_files_that_are_there(run: Any, arguments: list[str]) -> None:
    code, out, err = run("check", *arguments)
    assert (code, out) == (2, "")
    assert re.fullmatch("segmentation: error: .*\n", err)


# operators and schema


def test_every_operator_is_listed_with_operand_and_meaning(run: Any) -> None:
    code, out, err = run("operators")
    assert (code, err) == (0, "")
    rows = [re.split(r" {2,}", line, maxsplit=2) for line in out.splitlines() if line.startswith("$")]
    assert [(name, meaning) for name, _, meaning in rows] == [(operator.name, operator.meaning) for operator in OPERATORS.values()]
    assert {"value", "[value]", "ignored", "day-of-month"} <= {operand for _, operand, _ in rows}
    assert {operator.section for operator in OPERATORS.values()} == set(SECTIONS)


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_is_told_of_by_itself_with_an_example_that_compiles(run: Any, name: str) -> None:
    code, out, err = run("operators", name)
    assert (code, err) == (0, "")
    assert run("operators", name.removeprefix("$")) == (code, out, err)
    assert out.startswith(f"{name}\n  true when     {OPERATORS[name].meaning}\n")
    example = re.search("example +(.*)", out)
    assert example
    here = {"loc_warsaw": {"type": "circle", "format": "distance", "distance": {"center": "geo:52.23,21.01", "radius": "5 km"}}}
    SegmentEngine([{"id": "s", "name": "N", "filter": {"a": json.loads(example[1])}}], locations=here)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("$start_with", "$start_with is not an operator; did you mean $starts_with?"),
        ("gt", "$gt is not an operator; did you mean $more_than?"),
        ("$More_Than", "$More_Than is not an operator; did you mean $more_than?"),
        ("xyzzyplughfrotz", "$xyzzyplughfrotz is not an operator; 'segmentation operators' lists them all"),
        ("redeemed", "$redeemed belongs to vouchers and campaigns, not to customers; 'segmentation operators' lists them all"),
        ("$more_than_or_equal", "$more_than_or_equal belongs to validation rules; did you mean $more_than_equal?"),
    ],
)
def test_a_name_of_no_operator_gets_the_nearest(run: Any, name: str, message: str) -> None:
    assert run("operators", name) == (1, "", f"segmentation: error: {message}\n")


def test_operators_as_json(run: Any) -> None:
    rows = json.loads(run("operators", "--json")[1])
    assert [row["name"] for row in rows] == list(OPERATORS)
    assert json.loads(run("operators", "--json", "is_not")[1]) == rows[1]
    assert rows[1]["complements"] == ["$is"]
    assert rows[0]["complements"] == ["$is_not"]


def test_the_schema_is_printed(run: Any) -> None:
    code, out, err = run("schema")
    assert (code, err) == (0, "")
    assert json.loads(out)["$id"] == "urn:segmentation:segment"
    assert json.loads(run("schema", "--filter")[1])["$id"] == "urn:segmentation:filter"


# Help, and the world outside


@pytest.mark.parametrize("command", [[], ["evaluate"], ["check"], ["operators"], ["schema"]])
def test_help_has_examples(run: Any, command: list[str]) -> None:
    code, out, err = run(*command, "--help")
    assert (code, err) == (0, "")
    assert f"examples:\n  {' '.join(['segmentation', *command])}" in out


def test_the_version_is_that_of_the_package(run: Any) -> None:
    assert run("--version") == (0, f"segmentation {segmentation.__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["check", "--jso", SEGMENTS]])
def test_bad_commands_are_errors_of_usage(run: Any, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"segmentation: error: .* \(see segmentation( check)? --help\)\n", err)


def test_it_runs_as_a_module_and_as_a_script() -> None:
    script = Path(sys.executable).with_name("segmentation")
    by_script = subprocess.run([script, "--version"], capture_output=True, check=True)
    assert process("--version").stdout == by_script.stdout == f"segmentation {segmentation.__version__}\n".encode()


@pytest.mark.parametrize("environment", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C"}])
def test_answers_are_utf_8_whatever_the_locale(adults: list[str], environment: dict[str, str]) -> None:
    result = process("evaluate", *adults, "-", stdin='{"id": "日本", "age": 20}\n{"id": "é"}\n'.encode(), **environment)
    assert result.stderr == b""
    assert result.stdout == f'{{"customer":"日本","segments":{ADULT}}}\n{{"customer":"é","segments":{NOBODY}}}\n'.encode()


def test_errors_are_printed_whatever_the_locale() -> None:
    result = process("check", "日本.json", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert result.returncode == 2
    assert result.stderr.startswith(b"segmentation: error: ")
    assert b"Traceback" not in result.stderr


@pytest.mark.skipif(BASH is None, reason="a pipeline of a shell")
@pytest.mark.parametrize(
    "pipeline",
    [
        "{segmentation} evaluate {engine} - < {customers} | head -n 1",
        "while cat {customers}; do :; done | {segmentation} evaluate {engine} - | head -n 1",
        "while cat {customers}; do :; done | {segmentation} evaluate {engine} - | head -n 1000 | tail -n 1",
    ],
)
def test_it_works_in_a_pipe(pipeline: str) -> None:
    names = {"segmentation": shlex.join([sys.executable, "-m", "segmentation"]), "engine": shlex.join(ENGINE), "customers": shlex.quote(CUSTOMERS)}
    command = f"set -o pipefail; {pipeline.format(**names)}"
    result = subprocess.run([str(BASH), "-c", command], capture_output=True, check=False, timeout=60)
    assert json.loads(result.stdout)["segments"]["object"] == "list"
    assert result.stderr.replace(b"cat: write error: Broken pipe\n", b"") == b""
    assert result.returncode in (0, 141), "as a command that SIGPIPE ends; 0 when all was written before head went"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full")
def test_a_full_disk_is_one_error() -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run([sys.executable, "-m", "segmentation", "operators"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 2
    assert result.stderr == b"segmentation: error: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_ends_it_quietly(adults: list[str]) -> None:
    command = [sys.executable, "-m", "segmentation", "evaluate", *adults, "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin
        assert running.stderr
        running.stdin.write(b"no customer\n")
        running.stdin.flush()
        assert b"line 1" in running.stderr.readline()  # it waits for the next line now
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 130
        assert running.stderr.read() == b""


@pytest.mark.parametrize(
    ("command", "source", "expected"),
    [
        ("from-jsonlogic", {">": [{"var": "age"}, 18]}, {"age": {"conditions": {"$more_than": 18}}}),
        ("from-mongo", {"age": {"$gt": 18}}, {"age": {"conditions": {"$more_than": 18}}}),
        ("from-querybuilder", {"combinator": "and", "rules": [{"field": "age", "operator": ">", "value": "18"}]}, {"age": {"conditions": {"$more_than": 18}}}),
    ],
)
def test_other_languages_become_filters(run: Any, tmp_path: Path, command: str, source: Any, expected: Any) -> None:
    file = tmp_path / "source.json"
    file.write_text(json.dumps(source), encoding="utf-8")
    code, out, err = run(command, str(file))
    assert (code, json.loads(out), err) == (0, expected, "")


def test_a_filter_becomes_a_rule_and_a_filter_again(run: Any) -> None:
    filter_ = {"name": {"conditions": {"$starts_with": "S"}}}
    code, rule, _ = run("to-jsonlogic", "-", stdin=json.dumps(filter_))
    assert code == 0
    assert json.loads(rule) == to_jsonlogic(filter_)
    code, out, _ = run("from-jsonlogic", "-", stdin=rule)
    assert (code, json.loads(out)) == (0, filter_)


@pytest.mark.parametrize(
    ("command", "stdin", "code", "message"),
    [
        ("from-jsonlogic", '{"+": [1, 2]}', 1, "<stdin>: at /+: "),
        ("from-mongo", "{", 1, "<stdin>: "),
        ("to-jsonlogic", '{"age": {"conditions": {"$more_then": 18}}}', 1, "$more_than"),
        ("to-jsonlogic", "[]", 1, "<stdin>"),
    ],
)
def test_what_cannot_be_translated_is_told(run: Any, command: str, stdin: str, code: int, message: str) -> None:
    found, out, err = run(command, "-", stdin=stdin)
    assert (found, out) == (code, "")
    assert message in err

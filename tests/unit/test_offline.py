"""Runs that go wrong: a clear message, the exit code, no half output, the input untouched; and what the commands print."""

from __future__ import annotations

import base64
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentation import SegmentEngine, cli

SEGMENTS = [{"id": "seg_s", "name": "Start with S", "filter": {"name": {"conditions": {"$starts_with": "S"}}}}]
NOW = "2026-11-22T12:00:00Z"
FORMER = "what an earlier run wrote"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "s.json").write_text(json.dumps(SEGMENTS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str, output: str = "out.jsonl", form: str = "lists") -> list[str]:
    return ["run", "--segments", "s.json", "--now", NOW, "--format", form, "--output", output, "--customers", *arguments]


def left_over(place: Path) -> list[str]:
    return [path.name for path in place.rglob("*") if path.name.endswith(".part")]


LINES = b'{"id":"1","name":"Sofia"}\n{"id":2,"name":\n\n["no"]\n{"id":"3","name":"S\xff"}\n{"name":"SECRET"}\n{"id":true}\n{"id":"\\ud800"}\n{"source_id":"4","name":"Sam"}\n'


def test_bad_lines_are_rejected_and_told_of(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "c.jsonl").write_bytes(LINES)
    assert cli.main(command("c.jsonl")) == 1
    out, err = capsys.readouterr()
    assert out == "2 customers, 1 segment, lists in out.jsonl\n"
    assert err == "segmentation: error: 6 rows could not be evaluated; see out.jsonl.rejects.jsonl\n"
    assert [json.loads(line)["customer"] for line in (place / "out.jsonl").read_text().splitlines()] == ["1", "4"]
    rejects = [json.loads(line) for line in (place / "out.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [(reject["file"], reject["line"]) for reject in rejects] == [("c.jsonl", line) for line in (2, 4, 5, 6, 7, 8)]
    assert rejects[0]["reason"].startswith("not JSON: Expecting value at column")
    assert [reject["reason"] for reject in rejects[1:]] == [
        "a customer is a JSON object, not an array",
        "not UTF-8: byte 19 cannot be read",
        "no id: neither 'id' nor 'source_id' is text or an integer",
        "no id: neither 'id' nor 'source_id' is text or an integer",
        "the id at 'id' is text that UTF-8 cannot carry",
    ]
    (place / "c.jsonl").write_text('{"id":"1"}\n')
    assert cli.main(command("c.jsonl")) == 0
    assert not (place / "out.jsonl.rejects.jsonl").exists(), "that of the earlier run"


@pytest.mark.parametrize(
    ("form", "output", "beside"), [("counts", "out.json", "out.json"), ("lists", "out.jsonl", "out.jsonl.run.json"), ("bitmaps", "out", "out/run.json")]
)
def test_outputs_say_how_to_repeat_the_run(place: Path, form: str, output: str, beside: str) -> None:
    (place / "c.jsonl").write_text('{"id":"1","name":"Sofia","since":"2026-01-01"}\n')
    options = ["--timezone", "Europe/Warsaw", "--week-start", "sunday", "--attributes", '{"since": "date"}']
    assert cli.main([*command("c.jsonl", output=output, form=form), *options]) == 0
    written = json.loads((place / beside).read_text())
    assert written["now"] == "2026-11-22T12:00:00+00:00"
    engine = SegmentEngine(SEGMENTS, **written["settings"])
    assert engine.settings == {"timezone": "Europe/Warsaw", "week_start": "sunday", "attributes": {"since": "date"}, "locations": {}}


def test_ragged_rows_of_csv_are_rejected_with_their_lines(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "c.csv").write_bytes(b'id,name\n1,"S\nofia"\n\n2\n3,Sam,x\n4,"S"am\n5,S\xff\n,Sue\n7,Sid\n8,"S\n9,Sue\n')
    assert cli.main(command("c.csv")) == 1
    assert "6 rows could not be evaluated" in capsys.readouterr().err
    assert [json.loads(line)["customer"] for line in (place / "out.jsonl").read_text().splitlines()] == ["1", "7"]
    assert [(row["line"], row["reason"]) for row in map(json.loads, (place / "out.jsonl.rejects.jsonl").read_text().splitlines())] == [
        (5, "1 cells; the header has 2"),
        (6, "3 cells; the header has 2"),
        (7, "not CSV: ',' expected after '\"'"),
        (8, "not UTF-8"),
        (9, "no id: 'id' and 'source_id' are empty or not there"),
        (11, "not CSV: unexpected end of data in a quoted cell that goes on to line 12"),
    ]


def cut(path: Path, by: int) -> None:
    path.write_bytes(path.read_bytes()[:-by])


def broken(place: Path, fault: str) -> str:
    """A file with a fault that ends a run."""
    rows = [{"id": str(row), "name": "SECRET"} for row in range(50_000)]
    match fault:
        case "truncated.parquet" | "damaged.parquet":
            path = place / fault
            pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=1_000, use_dictionary=False, write_page_checksum=True)
            content = path.read_bytes()
            path.write_bytes(content[:-100] if fault.startswith("t") else content[:3_000] + b"\xff" * 2_000 + content[5_000:])
        case "truncated.jsonl.gz":
            path = place / fault
            path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode())[:-20])
        case "truncated.jsonl.zst":
            path = place / fault
            with pa.CompressedOutputStream(str(path), "zstd") as stream:
                stream.write("\n".join(map(json.dumps, rows)).encode())
            cut(path, 20)
        case "truncated.arrow":
            path = place / fault
            with pa.ipc.new_file(path, pa.Table.from_pylist(rows).schema) as writer:
                writer.write_table(pa.Table.from_pylist(rows))
            cut(path, 20)
        case "no_id.parquet":
            path = place / fault
            pq.write_table(pa.table({"key": ["1"]}), path)
        case "float_id.parquet":
            path = place / fault
            pq.write_table(pa.table({"id": [1.5]}), path)
        case "two_ids.parquet":
            path = place / fault
            pq.write_table(pa.table([pa.array(["1"]), pa.array(["2"])], names=["id", "id"]), path)
        case "no_id.csv":
            path = place / fault
            path.write_text("key;name\n1;Sofia\n")
        case "twice.csv":
            path = place / fault
            path.write_text("id,name,name\n1,a,b\n")
        case "utf16.csv":
            path = place / fault
            path.write_text("id,name\n1,Sofia\n", encoding="utf-16")
        case "empty.csv":
            path = place / fault
            path.write_text("")
        case _:
            path = place / "nowhere" / fault
    return str(path.relative_to(place))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("truncated.parquet", "cannot be read: "),
        ("damaged.parquet", "cannot be read: "),
        ("truncated.jsonl.gz", "the compressed file ends before"),
        ("truncated.jsonl.zst", "cannot be read: "),
        ("truncated.arrow", "cannot be read: "),
        ("no_id.parquet", "no column 'id' or 'source_id'; --id names another"),
        ("float_id.parquet", "the column 'id' is of the type double; ids are text or integers"),
        ("no_id.csv", "no column 'id' or 'source_id'; --id names another; the cells of CSV are separated by commas, of which its first line has none"),
        ("two_ids.parquet", "two columns are named 'id'"),
        ("twice.csv", "two columns are named 'name'"),
        ("utf16.csv", "the column names are not UTF-8; it begins as UTF-16 does"),
        ("empty.csv", "empty; CSV begins with a line of column names"),
        ("missing.csv", "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_ends_the_run(place: Path, capsys: pytest.CaptureFixture[str], fault: str, message: str) -> None:
    path = broken(place, fault)
    (place / "good.jsonl").write_text('{"id":"1"}\nbad\n')
    (place / "out.jsonl").write_text(FORMER)
    before = Path(path).read_bytes() if Path(path).exists() else None
    assert cli.main(command("good.jsonl", path)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"segmentation: error: {path}: {message}")
    assert err.count("\n") == 1
    assert "SECRET" not in err
    assert (place / "out.jsonl").read_text() == FORMER
    assert not (place / "out.jsonl.rejects.jsonl").exists()
    assert left_over(place) == []
    assert before == (Path(path).read_bytes() if before is not None else None)


def test_strict_stops_at_the_first(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "c.jsonl").write_bytes(LINES)
    assert cli.main([*command("c.jsonl"), "--strict"]) == 1
    assert capsys.readouterr().err.startswith("segmentation: error: c.jsonl, line 2: not JSON: ")
    (place / "c.jsonl").write_text('{"id":"1"}\n{"id":1}\n')
    assert cli.main([*command("c.jsonl"), "--strict"]) == 1
    assert capsys.readouterr().err == "segmentation: error: 1 customers have an id that occurred before\n"
    assert sorted(path.name for path in place.iterdir()) == ["c.jsonl", "s.json"]
    assert cli.main(command("c.jsonl")) == 1
    assert "1 customer with an id that occurred before" in capsys.readouterr().err
    assert len((place / "out.jsonl").read_text().splitlines()) == 2


def test_ids_from_another_column(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "c.csv").write_text("id,key,name\n1,k1,Sofia\n2,,Sam\n")
    assert cli.main([*command("c.csv"), "--id", "key"]) == 1
    assert json.loads((place / "out.jsonl").read_text())["customer"] == "k1"
    assert json.loads((place / "out.jsonl.rejects.jsonl").read_text())["reason"] == "no id: 'key' is empty"
    assert cli.main([*command("c.csv"), "--id", "kye"]) == 1
    assert capsys.readouterr().err.endswith("c.csv: no column 'kye'\n")


def test_a_table_on_screen(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "c.data").write_text('{"id":"1","name":"Sofia"}\n{"id":"2","name":"Bob"}\nbad\n')
    assert cli.main(["run", "--segments", "s.json", "--now", NOW, "--customers", "c.data", "--input-format", "jsonl"]) == 1
    out, err = capsys.readouterr()
    assert out == "segment  name          members   share\nseg_s    Start with S        1  50.00%\n2 customers at 2026-11-22T12:00:00+00:00\n"
    assert err == "segmentation: error: 1 row could not be evaluated; --rejects FILE says which, and why\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (command("c.jsonl", output="out.txt"), "lists are written to a name that ends in"),
        (command("c.jsonl", output="out.csv", form="pairs"), "pairs are written to a name that ends in .parquet"),
        (command("c.jsonl", output="nowhere/out.jsonl"), "nowhere/out.jsonl: No such file or directory"),
        (command("c.jsonl", output="/proc/out.jsonl"), "/proc/out.jsonl: "),
        (command("c.jsonl", output="there.jsonl"), "there.jsonl: Is a directory"),
        (command("c.jsonl", output="there.jsonl", form="bitmaps"), "there.jsonl: exists and is no earlier output"),
        (["run", "--segments", "s.json", "--customers", "c.jsonl", "--format", "pairs"], "--format pairs needs --output"),
        (["run", "--segments", "-", "--customers", "-"], "cannot both come from standard input"),
    ],
)
def test_bad_outputs_are_errors_of_usage(place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    (place / "c.jsonl").write_text('{"id":"1"}\n')
    (place / "there.jsonl").mkdir()
    (place / "there.jsonl" / "precious").write_text("")
    assert cli.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert (place / "there.jsonl" / "precious").exists()
    assert left_over(place) == []


def test_customers_are_never_written_over(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "in").mkdir()
    content = '{"id":"1","name":"Sofia"}\n'
    (place / "in" / "c.jsonl").write_text(content)
    (place / "link.jsonl").symlink_to("in/c.jsonl")
    for arguments in (
        command("in/c.jsonl", output="in/c.jsonl"),
        command("in/c.jsonl", output="link.jsonl"),
        [*command("in/c.jsonl"), "--rejects", "in/c.jsonl"],
        [*command("in/c.jsonl"), "--rejects", "link.jsonl"],
    ):
        assert cli.main(arguments) == 2
        assert "the customers are read from there; write to another name" in capsys.readouterr().err
    assert cli.main(command("in", output="in/out.jsonl")) == 2
    assert capsys.readouterr().err == "segmentation: error: in/out.jsonl: all files in in are read as customers; write to another directory\n"
    assert [path.name for path in (place / "in").iterdir()] == ["c.jsonl"]
    assert (place / "in" / "c.jsonl").read_text() == content


def test_nothing_is_written_over_another_thing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "c.jsonl").write_text('{"id":"1","name":"Sofia"}\n')
    (place / "o.jsonl").write_text(FORMER)
    (place / "hard.jsonl").hardlink_to(place / "c.jsonl")
    for rejects, output, form, message in (
        ("o.jsonl", "o.jsonl", "lists", "o.jsonl: the output is written there"),
        ("./x/../o.jsonl.run.json", "o.jsonl", "lists", "the output is written there"),
        ("_o.unsegmented.parquet", "o.parquet", "pairs", "the output is written there"),
        ("o/r.jsonl", "o", "bitmaps", "the output is written there"),
        ("hard.jsonl", "o.jsonl", "lists", "the customers are read from there"),
        ("s.json", "o.jsonl", "lists", "s.json: the segments are read from there"),
        ("r.jsonl", "s.json", "counts", "s.json: the segments are read from there"),
    ):
        assert cli.main([*command("c.jsonl", output=output, form=form), "--rejects", rejects]) == 2
        assert message in capsys.readouterr().err
    assert sorted(path.name for path in place.iterdir()) == ["c.jsonl", "hard.jsonl", "o.jsonl", "s.json"]
    assert (place / "o.jsonl").read_text() == FORMER
    assert json.loads((place / "s.json").read_text()) == SEGMENTS
    pairs(place, "o.parquet", [{"id": "1"}])
    assert cli.main([*command("_o.unsegmented.parquet", output="o.parquet", form="pairs"), "--id", "customer"]) == 2
    capsys.readouterr()
    assert cli.main(["changes", "o.parquet", "o.parquet", "--output", "o.parquet"]) == 2
    assert capsys.readouterr().err == "segmentation: error: o.parquet: a run is read from there; write to another name\n"
    assert pq.read_metadata("o.parquet").num_rows == 0


def test_a_directory_is_back_when_its_replacement_fails(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between the two moves that replace it."""
    (place / "c.jsonl").write_text('{"id":"1","name":"Sofia"}\n')
    assert cli.main(command("c.jsonl", output="out", form="bitmaps")) == 0
    before = {path.name: path.read_bytes() for path in (place / "out").iterdir()}
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if target.name == "out" and path.name.endswith(".part"):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    assert cli.main(command("c.jsonl", output="out", form="bitmaps")) == 130
    assert {path.name: path.read_bytes() for path in (place / "out").iterdir()} == before
    assert left_over(place) == []


def test_columns_as_polars_writes_them(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Views of text, and dictionaries of them: Arrow has few functions for those."""
    frame = pl.DataFrame({"id": ["1", None, "3"], "name": ["Sam", "Sue", "Sid"], "kind": ["S", "S", "S"]})
    for same in (frame, frame.cast({"id": pl.Categorical}), frame.with_columns(name=pl.col("name").cast(pl.Categorical))):
        same.write_ipc("c.arrow")
        assert cli.main(command("c.arrow")) == 1
        assert capsys.readouterr().out.startswith("2 customers")
        found = [json.loads(line) for line in (place / "out.jsonl").read_text().splitlines()]
        assert [(line["customer"], line["segments"]["total"]) for line in found] == [("1", 1), ("3", 1)]


def limited() -> None:
    """A quota of 64 KiB a file, as a disk that is full: writing more fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))


@pytest.mark.parametrize(("form", "output"), [("lists", "out.jsonl"), ("lists", "out.parquet"), ("pairs", "out.parquet"), ("bitmaps", "out")])
def test_a_full_disk_leaves_nothing(place: Path, form: str, output: str) -> None:
    # Ids that do not compress, so that every output is longer than the quota.
    (place / "c.jsonl").write_text("".join(f'{{"id":"{hash(str(row)) & 0xFFFFFFFFFFFF:x}-{row}","name":"S"}}\n' for row in range(30_000)))
    arguments = [sys.executable, "-m", "segmentation", *command("c.jsonl", output=output, form=form)]
    result = subprocess.run(arguments, capture_output=True, check=False, preexec_fn=limited)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith(b"segmentation: error: ")
    assert b"File too large" in result.stderr
    assert result.stderr.count(b"\n") == 1
    assert sorted(path.name for path in place.iterdir()) == ["c.jsonl", "s.json"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)])
def test_an_interrupted_run_leaves_no_output(place: Path, number: signal.Signals, code: int) -> None:
    (place / "out.jsonl").write_text(FORMER)
    arguments = [sys.executable, "-m", "segmentation", *command("-")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin
        assert running.stderr
        running.stdin.write(b'{"id":"1"}\n' * 20_000)
        running.stdin.flush()
        until = time.monotonic() + 60
        while not left_over(place) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.2)
        running.send_signal(number)
        assert running.wait(timeout=60) == code
        assert running.stderr.read() == b""
    assert (place / "out.jsonl").read_text() == FORMER
    assert not (place / "out.jsonl.run.json").exists()
    if number != signal.SIGKILL:
        assert left_over(place) == []


def test_progress_is_shown_to_terminals_only(place: Path) -> None:
    (place / "c.jsonl").write_text('{"id":"1"}\n')
    arguments = [sys.executable, "-m", "segmentation", *command("c.jsonl")]
    assert subprocess.run(arguments, capture_output=True, check=True).stderr == b""
    terminal, child = os.openpty()
    subprocess.run(arguments, stderr=child, check=True)
    os.close(child)
    assert b"1 customers (100%), " in os.read(terminal, 1_000)
    os.close(terminal)


# Changes


def pairs(place: Path, name: str, customers: list[dict[str, Any]]) -> str:
    (place / "c.jsonl").write_text("\n".join(map(json.dumps, customers)))
    assert cli.main(command("c.jsonl", output=name, form="pairs")) == 0
    return name


def test_changes_are_lines_and_a_summary(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = pairs(place, "old.parquet", [{"id": "1", "name": "Sofia"}, {"id": "2", "name": "Bob"}, {"id": "3", "name": "Sue"}])
    new = pairs(place, "new.parquet", [{"id": "1", "name": "Bob"}, {"id": "2", "name": "Sam"}, {"id": "4", "name": "Sue"}])
    capsys.readouterr()
    assert cli.main(["changes", old, new]) == 0
    out, err = capsys.readouterr()
    segment = {"id": "seg_s", "name": "Start with S", "object": "segment"}
    assert [json.loads(line) for line in out.splitlines()] == [
        {"type": "customer.segment.entered", "customer": {"id": "2"}, "segment": segment},
        {"type": "customer.segment.entered", "customer": {"id": "4"}, "segment": segment, "cause": "customer_added"},
        {"type": "customer.segment.left", "customer": {"id": "1"}, "segment": segment},
        {"type": "customer.segment.left", "customer": {"id": "3"}, "segment": segment, "cause": "customer_removed"},
    ]
    assert err.splitlines()[1].split() == ["seg_s", "1", "1", "1", "1", "0", "0"]
    assert err.splitlines()[2].startswith("4 changes; 0 segments without; ")
    assert cli.main(["changes", old, new, "--output", "changes.jsonl"]) == 0
    assert capsys.readouterr() == (err, "")
    assert (place / "changes.jsonl").read_text() == out


def test_changes_need_pairs_of_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = pairs(place, "old.parquet", [{"id": "1", "name": "Sofia"}])
    pq.write_table(pa.table({"customer": ["1"], "segment": ["seg_s"]}), "other.parquet")
    (place / "broken.parquet").write_bytes(b"PAR1")
    capsys.readouterr()
    for name, message in {
        "other.parquet": "not written by segmentation run --format pairs",
        "broken.parquet": "cannot be read as Parquet",
        "nowhere.parquet": "No such file or directory",
    }.items():
        assert cli.main(["changes", old, name]) == 1
        assert capsys.readouterr() == ("", f"segmentation: error: {name}: {message}\n")
    pairs(place, "new.parquet", [{"id": "1"}, {"id": "2"}])
    (place / "_new.unsegmented.parquet").replace(place / "_old.unsegmented.parquet")
    capsys.readouterr()
    assert cli.main(["changes", old, "new.parquet"]) == 1
    assert "_old.unsegmented.parquet is of another run" in capsys.readouterr().err
    assert cli.main(["changes", "new.parquet", old]) == 1
    assert "_new.unsegmented.parquet, which the run wrote beside it, is not there" in capsys.readouterr().err


def test_damaged_pairs_end_the_comparison(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = pairs(place, "old.parquet", [{"id": f"SECRET{row}", "name": "Sofia"} for row in range(2_000)])
    new = pairs(place, "new.parquet", [{"id": "1", "name": "Sofia"}])
    content = (place / old).read_bytes()
    (place / old).write_bytes(content[:20] + b"\xff" * 400 + content[420:])
    capsys.readouterr()
    for arguments in (["changes", old, new, "--output", "changes.jsonl"], ["changes", new, old], ["report", old, "--output", "r.html"]):
        assert cli.main(arguments) == 1
        assert capsys.readouterr() == ("", "segmentation: error: old.parquet: cannot be read as Parquet\n")
    assert not (place / "changes.jsonl").exists()
    assert left_over(place) == []


# The report


@pytest.mark.parametrize("count", [1, 60])
def test_a_report_is_one_page(place: Path, capsys: pytest.CaptureFixture[str], count: int) -> None:
    segments = [{"id": f"seg_{n}", "name": f"<b>年 & {n}$", "filter": {"age": {"conditions": {"$more_than": n}}}} for n in range(count)]
    twin = {"id": "twin", "name": "Twin", "filter": {"age": {"conditions": {"$more_than": 0, "$is_not": 0}}}}
    (place / "s.json").write_text(json.dumps([*segments, twin]))
    old = pairs(place, "old.parquet", [{"id": str(n), "age": n} for n in range(20)])
    new = pairs(place, "new.parquet", [{"id": str(n), "age": n + 1} for n in range(20)])
    capsys.readouterr()
    assert cli.main(["report", new, "--since", old, "--output", "r.html"]) == 0
    page = (place / "r.html").read_text(encoding="utf-8")
    pictures = [base64.b64decode(part.partition("'")[0]).decode() for part in page.split("src='data:image/svg+xml;base64,")[1:]]
    assert len(pictures) == 3
    assert all("<b>" not in picture and "&lt;b&gt;年 &amp; 0$</text>" in picture for picture in pictures), "text that a browser can show in any script"
    assert "http" not in page
    assert "<b>" not in page
    assert "20 members: &lt;b&gt;年 &amp; 0$ <code>seg_0</code>, Twin <code>twin</code>" in page
    assert ("seg_59" in page) == (count > 59)
    assert cli.main(["report", new, "--output", "r.png"]) == 0
    assert capsys.readouterr().out == "r.html\nr.png\nr.overlaps.png\n"
    assert (place / "r.overlaps.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(["report", new, "--output", "r.pdf"]) == 2

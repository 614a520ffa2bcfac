"""What docs/service.md says happens, and the commands of the service."""

from __future__ import annotations

import contextlib
import doctest
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segmentation import cli
from segmentation.service import Settings, StoreError
from segmentation.service.loading import BATCH
from segmentation.service.sql import SqlStore

REPOSITORY = Path(__file__).resolve().parents[2]
GUIDE = REPOSITORY / "docs" / "service.md"
BASH = shutil.which("bash")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    monkeypatch.setenv("SEGMENTATION_APP_ID", "shop")
    monkeypatch.setenv("SEGMENTATION_APP_TOKEN", "secret")
    return tmp_path


@pytest.mark.usefixtures("commands")
def test_the_guide_goes_as_shown() -> None:
    assert BASH
    assert shutil.which("curl"), "the guide uses curl"
    fences = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    shell = [text for language, text in fences if language == "sh"]
    shown = [text for language, text in fences if language == "json"]
    first = [line for line in shell[0].splitlines() if line]
    assert len(first) == 3  # from nothing to an answer in three commands
    assert first[0] == 'pip install "segmentation[service]"'
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    script = "\n".join([*first[1:], *shell[1:]]).replace("--db shop.db &", f"--db shop.db --port {port} > serve.log 2>&1 &").replace(":8000", f":{port}")
    script = re.sub(r"^(curl(?:.|\\\n)*?)$", r"\1; echo", script, flags=re.MULTILINE).replace("\\; echo\n", "\\\n")
    script = re.sub(r"^(    -d .*)$", r"\1; echo", script, flags=re.MULTILINE)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen([BASH, "-euc", script], stdout=subprocess.PIPE, text=True, env=os.environ | {"PATH": path}, start_new_session=True)
    try:
        printed, _ = process.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, printed
    wanted = "".join(shown[:2]) + "stored 28 segments\nstored 197 customers\n"
    assert doctest.OutputChecker().check_output(wanted, re.sub(r"\n+", "\n", printed), doctest.ELLIPSIS), printed


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = cli.main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_serve_refuses_to_start_without_credentials(commands: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SEGMENTATION_APP_TOKEN")
    code, out, err = run("serve", "--db", "shop.db", capsys=capsys)
    assert (code, out) == (2, "")
    assert "SEGMENTATION_APP_TOKEN must be set" in err
    assert not (commands / "shop.db").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--db", "no/folder/x.db"), "no folder"), (("--db", "post gres://x"), "SQLAlchemy reads"), (("--db", "mssql://x/y"), "not mssql"),
        (("--db", "x.db", "--port", "0"), "not a port"), (("--db", "x.db", "--workers", "0"), "--workers"), ((), "--db"),
        (("--db", "x.db", "--host", ""), "empty address"), (("--db", "sqlite:///file:x.db?uri=true"), "a store is a file"),
        (("--db", "x.db", "--attributes", '{"birthdate": "number"}'), "birthdate"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("commands")
def test_serve_says_what_is_wrong_with_its_options(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("serve", *arguments, capsys=capsys)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_segments_are_imported_all_or_none(commands: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"id": "seg_1", "name": "", "filter": {}, "created_at": "2020-01-01T00:00:00Z"}
    path = commands / "segments.json"
    path.write_text(json.dumps([good, {"id": "seg_2", "name": "", "filter": {"a": {"conditions": {"$nope": 1}}}}]), encoding="utf-8")
    code, out, err = run("import", "segments", "segments.json", "--db", "x.db", capsys=capsys)
    assert (code, out) == (1, "")
    assert "[unknown_operator]" in err
    assert "nothing was stored" in err
    path.write_text(json.dumps([good, {"id": "seg_3", "name": "", "type": "static"}]), encoding="utf-8")
    code, out, err = run("import", "segments", "segments.json", "--db", "x.db", capsys=capsys)
    assert (code, out) == (0, "stored 2 segments\n")
    assert "[static_without_members]" in err
    path.write_text(json.dumps([{"id": "seg_4", "name": "", "filter": {}}, good]), encoding="utf-8")
    code, out, err = run("import", "segments", "segments.json", "--db", "x.db", capsys=capsys)
    assert (code, out) == (1, "")
    assert "segments.json: segment 'seg_1' at /id: the id 'seg_1' is already stored [duplicate_id]" in err
    connection = sqlite3.connect("x.db")
    assert connection.execute("SELECT id, created_at > 1577836800000000 FROM segments ORDER BY position").fetchall() == [("seg_1", 0), ("seg_3", 1)]
    connection.close()


def test_serve_refuses_segments_that_its_options_cannot_read(commands: Path, capsys: pytest.CaptureFixture[str]) -> None:
    circle = '{"loc": {"type": "circle", "format": "distance", "distance": {"center": "geo:0,0", "radius": "1 km"}}}'
    segment = {"id": "seg_1", "name": "", "filter": {"place": {"conditions": {"$in_location": ["loc"]}}}}
    (commands / "segments.json").write_text(json.dumps(segment), encoding="utf-8")
    assert run("import", "segments", "segments.json", "--db", "x.db", capsys=capsys)[0] == 1
    assert run("import", "segments", "segments.json", "--db", "x.db", "--locations", circle, capsys=capsys)[0] == 0
    code, _, err = run("serve", "--db", "x.db", capsys=capsys)
    assert code == 1
    assert "the store: segment 'seg_1' at /filter/place/conditions/$in_location" in err
    assert "[unknown_location]" in err


@pytest.mark.usefixtures("commands")
def test_customers_are_imported_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    faulty = '{"id": 5, "name": "Jane Doe"}'
    text = (
        '\ufeff{"id": "a", "source_id": "s"}\r\n\n{\n'
        + faulty
        + '\n{"id": "b", "source_id": "s"}\n{"id": "c"}\n[1]\n{"id": "d", "source_id": "s"}\n{"id": "c"}'
    )
    Path("customers.jsonl").write_text(text, encoding="utf-8", newline="")
    code, out, err = run("import", "customers", "customers.jsonl", "--db", "x.db", capsys=capsys)
    assert (code, out) == (1, "stored 3 customers\n")
    assert [re.search(r"line (\d+)", line)[1] for line in err.splitlines()] == ["3", "4", "7", "5", "8"]  # type: ignore[index] # or the test fails
    assert "Jane" not in err
    connection = sqlite3.connect("x.db")
    assert connection.execute("SELECT id, source_id FROM customers ORDER BY id").fetchall() == [("a", "s"), ("c", None)]
    connection.close()
    code, _, err = run("import", "customers", "missing.jsonl", "--db", "x.db", capsys=capsys)
    assert code == 2
    assert "missing.jsonl" in err


@pytest.mark.usefixtures("commands")
def test_an_import_that_stops_says_what_it_stored(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("customers.jsonl").write_text("{}\n" * (3 * BATCH), encoding="utf-8")
    put, calls = SqlStore.put_customers, iter(range(10))

    def full(self: SqlStore, *arguments: Any) -> list[str]:
        if next(calls) == 2:
            raise StoreError("SQLITE_FULL")
        return put(self, *arguments)

    monkeypatch.setattr(SqlStore, "put_customers", full)
    code, out, err = run("import", "customers", "customers.jsonl", "--db", "x.db", capsys=capsys)
    assert (code, out) == (2, "")
    assert f"customers.jsonl: stopped; {2 * BATCH} customers had been stored" in err
    assert err.count("SQLITE_FULL") == 1


def test_without_the_extra_it_is_said_what_to_type(commands: Path) -> None:
    script = "import sys; sys.modules['sqlalchemy'] = None; from segmentation.cli import main; sys.exit(main(sys.argv[1:]))"
    for arguments in (["serve", "--db", "x.db"], ["import", "segments", "x", "--db", "x.db"]):
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False, cwd=commands)
        assert done.returncode == 2
        assert 'sqlalchemy: pip install "segmentation[service]"' in done.stderr


def test_the_document_names_the_limits_that_hold() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    defaults: Any = Settings("x.db", "a", "b")
    assert f"| body of a segment | {defaults.max_segment_bytes >> 20} MiB |" in text
    assert f"| body of a customer, a line of JSON Lines | {defaults.max_customer_bytes >> 20} MiB |" in text
    assert f"| body of a bulk request | {defaults.max_bulk_bytes >> 20} MiB; at most {defaults.max_pending_writes} requests" in text

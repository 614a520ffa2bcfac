"""The page on testing segments, followed from the first line to the last in an empty directory."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing-segments.md"
BLOCK = re.compile(r"^```(json|python|yaml|console) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV_", "COVERAGE", "HYPOTHESIS"))}


def test_a_newcomer_gets_what_the_page_shows(tmp_path: Path) -> None:
    ran: list[str] = []
    for language, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language != "console":
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            continue
        assert name == "run"
        line, _, expected = text.partition("\n")
        ran.append(line)
        program, *arguments = line.removeprefix("$ ").split()
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=tmp_path,
            env={**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80", "PYTEST_ADDOPTS": "-p no:schemathesis"},  # a newcomer has no such plugin
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert doctest.OutputChecker().check_output(expected, done.stdout, FLAGS), f"{line}\n{done.stdout}"
    assert [line.split()[1] for line in ran] == ["segmentation", "pytest", "segmentation", "pytest", "pytest"]


def test_the_workflow_runs_what_the_page_ran() -> None:
    blocks = {name: text for _, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))}
    commands = re.findall(r"- run: (.*)", blocks[".github/workflows/segments.yml"])
    assert commands == ['pip install "segmentation[testing]"', "segmentation check segments.json", "pytest --segments cases.json"]

"""What the documents say happens: their examples run, their links lead somewhere, their made page is up to date."""

from __future__ import annotations

import doctest
import json
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from segmentation.cli import main

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS = [*GUIDES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "tests" / "README.md", ROOT / "examples" / "README.md"]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PROGRAM = "$ segmentation"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


class Fence(NamedTuple):
    """A fenced block: its language, the number of its first line, its lines."""

    language: str
    number: int
    lines: list[str]


def fences(path: Path) -> Iterator[Fence]:
    opened: Fence | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("```"):
            if opened:
                opened.lines.append(line)
        elif opened:
            yield opened
            opened = None
        else:
            opened = Fence(line.removeprefix("```").strip(), number + 1, [])
    assert opened is None, f"{name_of(path)}: a block is not closed"


# Python


def session(path: Path) -> str:
    """The prompts of a document, each on its own line, everything else blank: what doctest reports has the right line number."""
    lines = [""] * len(path.read_text(encoding="utf-8").splitlines())
    for fence in fences(path):
        if fence.language == "python" and any(line.startswith(">>>") for line in fence.lines):
            lines[fence.number - 1 : fence.number - 1 + len(fence.lines)] = fence.lines
    return "\n".join(lines)


@pytest.mark.parametrize("path", GUIDES, ids=name_of)
def test_python_sessions_go_as_shown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    test = doctest.DocTestParser().get_doctest(session(path), {"__name__": "__main__"}, name_of(path), str(path), 0)
    told: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=told.append)
    assert not failed, "".join(told)


def test_there_are_python_sessions() -> None:
    assert {name_of(path) for path in GUIDES if ">>>" in session(path)} >= {"README.md", "docs/filter-language.md", "docs/tutorial.md"}


# The command line


class Command(NamedTuple):
    """A command line with what it is said to print."""

    line: str
    output: str


def commands(path: Path) -> Iterator[Command]:
    for fence in fences(path):
        if fence.language not in ("console", "sh"):
            continue
        text = "\n".join(fence.lines).replace("\\\n", " ")
        for part in re.split(r"^(?=\$ )", text, flags=re.MULTILINE):
            line, _, output = part.partition("\n")
            if line.startswith(PROGRAM):
                yield Command(line, output)


@pytest.mark.parametrize(
    "command", [pytest.param(command, id=f"{name_of(path)}-{number}") for path in GUIDES for number, command in enumerate(commands(path), 1)]
)
def test_commands_print_what_is_shown(command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    main(shlex.split(command.line.removeprefix(PROGRAM), comments=True))
    printed = "".join(capsys.readouterr())
    # `...` stands for any text, whole lines included; doctest wants what is printed to end with a newline.
    assert doctest.OutputChecker().check_output(command.output.rstrip("\n") + "\n", printed, doctest.ELLIPSIS), f"{command.line}\n{printed}"


def test_there_are_commands() -> None:
    assert {name_of(path) for path in GUIDES if list(commands(path))} >= {"README.md", "docs/tutorial.md"}


# Links


def headings(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    inside = {fence.number + offset for fence in fences(path) for offset in range(-1, len(fence.lines) + 1)}
    lines = [line for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if number not in inside]
    titles = [line.lstrip("#").strip().lower() for line in lines if re.match(r"#+ ", line)]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def links(path: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"(?<!\\)\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{name_of(path)} links to {link}"
        assert not anchor or anchor in headings(file), f"{name_of(path)} links to {link}: {sorted(headings(file))}"


@pytest.mark.parametrize(
    "name",
    [
        "docs/tutorial.md",
        "docs/filter-language.md",
        "docs/operators.md",
        "docs/design.md",
        "docs/decisions.md",
        "docs/service.md",
        "CONTRIBUTING.md",
        "docs/testing-segments.md",
        "docs/mutants.md",
    ],
)
def test_the_readme_leads_to_every_document(name: str) -> None:
    assert name in links(ROOT / "README.md")


# What is made


def test_the_page_of_operators_is_up_to_date() -> None:
    made: str = runpy.run_path(str(ROOT / "docs" / "make_operators.py"))["page"]()
    assert (ROOT / "docs" / "operators.md").read_text(encoding="utf-8") == made, "run: make docs"


def test_the_demo_begins_with_the_answer_of_the_endpoints_example(capsys: pytest.CaptureFixture[str], endpoint_example: dict[str, Any]) -> None:
    runpy.run_path(str(ROOT / "examples" / "demo.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == json.dumps(endpoint_example, separators=(",", ":"))
    assert len(lines) < 60
    for segment in endpoint_example["data"]:
        assert sum(line.strip().startswith(segment["name"]) for line in lines[1:]) == 1


def codes_in(document: Any) -> set[str]:
    return {problem["code"] for case in document["cases"] for key in ("problems", "warnings") for problem in case.get(key, ())}


def test_every_code_is_explained() -> None:
    """The codes that the conformance cases expect are the codes of the table in the description of the language."""
    known = set().union(*(codes_in(json.loads(path.read_text(encoding="utf-8"))) for path in (ROOT / "tests" / "cases").glob("*.json")))
    page = (ROOT / "docs" / "filter-language.md").read_text(encoding="utf-8").partition("## Errors and warnings")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == known

"""`segmentation check`: what is wrong with definitions, and where."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple

from segmentation.cli.files import content, label
from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command, add_engine_options, engine_of
from segmentation.cli.printing import counted, indented, located
from segmentation.errors import DefinitionError, Problem


def register(commands: Commands[Parser]) -> None:
    """Register the command."""
    parser = add_command(
        commands,
        "check",
        _check,
        "report everything that is wrong with segment definitions",
        """\
Every problem is printed on a line of its own, in document order: file, segment, place (a JSON Pointer within the
segment), what was found and what is accepted, and a code that stays the same between releases. Each file is a set of
segments by itself. Warnings do not change the exit code, which is 1 when there are problems.

examples:
  segmentation check segments.json
  segmentation check segments/*.json --attributes attributes.json --locations locations.json
  segmentation check --json segments.json | jq -r '.[].pointer'
""",
    )
    parser.add_argument("files", metavar="FILE", nargs="*", help="file of definitions, as for --segments; - reads standard input")
    parser.add_argument("--json", action="store_true", help="print the problems and warnings as a JSON array")
    add_engine_options(parser, segments="+")


def _check(arguments: argparse.Namespace) -> int:
    paths: list[str] = [*arguments.files, *arguments.segments]
    if not paths:
        raise CommandError("check takes the files to check, or - for standard input (see segmentation check --help)", USAGE)
    sources = [(path, content(path)) for path in paths]  # a file that is missing is told of before any is checked
    reports = [_checked(path, source, arguments) for path, source in sources]
    found = [(report.path, problem) for report in reports for problem in report.problems]
    warnings = [(report.path, warning) for report in reports for warning in report.warnings]
    if arguments.json:
        print(indented([_as_data("error", *row) for row in found] + [_as_data("warning", *row) for row in warnings]))
        return DATA if found else FINE
    for path, problem in found:
        print(located(path, problem))
    for path, warning in warnings:
        print(located(path, warning, "warning: "))
    summary = [counted(sum(report.segments for report in reports), "segment"), "no problems"]
    if found:
        faulty = sum(bool(report.problems) for report in reports)
        files = counted(faulty, "file") if faulty == len(reports) else f"{faulty} of {counted(len(reports), 'file')}"
        summary = [f"{counted(len(found), 'problem')} in {files}"]
    if warnings:
        summary.append(counted(len(warnings), "warning"))
    print(", ".join(summary))
    return DATA if found else FINE


class _Report(NamedTuple):
    """What is said of one file of definitions."""

    path: str
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    segments: int = 0


def _checked(path: str, source: bytes, arguments: argparse.Namespace) -> _Report:
    try:
        engine = engine_of(source, arguments)
    except DefinitionError as error:
        return _Report(path, error.problems)
    return _Report(path, (), engine.warnings, len(engine))


def _as_data(severity: str, path: str, problem: Problem) -> dict[str, Any]:
    return {"file": label(path), "severity": severity, **problem.to_dict()}

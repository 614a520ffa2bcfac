"""`segmentation changes`: who entered and who left each segment between two runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command
from segmentation.cli.printing import counted, on_one_line
from segmentation.cli.run import offline_library, terminated_as_interrupted

if TYPE_CHECKING:
    from segmentation.offline.changes import Changes


def register(commands: Commands[Parser]) -> None:
    """Register the command."""
    parser = add_command(
        commands,
        "changes",
        _changes,
        "tell who entered and who left each segment between two runs",
        """\
Both runs were written by: segmentation run --format pairs. Each change is a line
  {"type": "customer.segment.entered", "customer": {"id": ...}, "segment": {"id": ..., "name": ..., "object": "segment"}}
or customer.segment.left. Where a segment, or else a customer, is in one of the runs only, the line has a "cause" too:
segment_added, segment_removed, customer_added, customer_removed. The summary is printed on standard error, or on standard
output when the lines go to a file.

examples:
  segmentation changes monday.parquet tuesday.parquet
  segmentation changes monday.parquet tuesday.parquet --output changes.jsonl
  segmentation changes monday.parquet tuesday.parquet | jq -c 'select(.cause == null)'
""",
    )
    parser.add_argument("old", metavar="OLD", help="the pairs of the earlier run")
    parser.add_argument("new", metavar="NEW", help="the pairs of the later run")
    parser.add_argument("--output", metavar="OUT", help="where to write the lines (default: standard output)")


def _changes(arguments: argparse.Namespace) -> int:
    offline = offline_library()
    from segmentation.offline.changes import Changes  # noqa: PLC0415 - as above
    from segmentation.offline.drafts import Drafts  # noqa: PLC0415 - as above
    from segmentation.offline.outputs import unsegmented_beside  # noqa: PLC0415 - as above
    from segmentation.offline.runs import run_of  # noqa: PLC0415 - as above

    try:
        old, new = run_of(arguments.old), run_of(arguments.new)
        for run in (old, new):
            if arguments.output is not None and any(Path(arguments.output).resolve() == path.resolve() for path in (run.path, unsegmented_beside(run.path))):
                raise CommandError(f"{arguments.output}: a run is read from there; write to another name", USAGE)
        with terminated_as_interrupted(), Drafts() as drafts, ExitStack() as stack:
            file = sys.stdout
            if arguments.output is not None:
                file = stack.enter_context(drafts.file(Path(arguments.output)).open("w", encoding="utf-8", newline="\n"))
            changes = Changes(old, new)
            file.writelines(changes.lines())
            stack.close()
            drafts.publish()
    except offline.RunError as error:
        raise CommandError(str(error), DATA) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{error.filename or arguments.output}: {error.strerror or 'cannot be written'}", USAGE) from None
    print(_summary(changes), file=sys.stderr if arguments.output is None else sys.stdout)
    return FINE


_CAUSES = ("customer_added", "customer_removed", "segment_added", "segment_removed")


def _summary(changes: Changes) -> str:
    rows: list[Sequence[str]] = [("segment", "entered", "left", *_CAUSES)]
    for segment in changes.segments:
        if tally := changes.tallies.get(segment.id):
            entered = tally["entered"] - tally["customer_added"] - tally["segment_added"]
            left = tally["left"] - tally["customer_removed"] - tally["segment_removed"]
            rows.append((on_one_line(segment.id), *(f"{count:,}" for count in (entered, left, *(tally[cause] for cause in _CAUSES)))))
    wide = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join([f"{row[0]:{wide[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], wide[1:], strict=True))]) for row in rows]
    same = len(changes.segments) - len(rows) + 1
    added = [segment for segment in changes.new.segments if segment not in changes.old.segments]
    removed = [segment for segment in changes.old.segments if segment not in changes.new.segments]
    lines.append(
        f"{counted(len(changes), 'change')}; {counted(same, 'segment')} without; "
        f"{counted(len(added), 'segment')} added, {len(removed)} removed; {changes.old.summary['now']} to {changes.new.summary['now']}"
    )
    return "\n".join(lines)

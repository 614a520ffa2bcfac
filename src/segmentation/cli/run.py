"""`segmentation run`: whole files of customers, into lists, pairs, counts or bitmaps."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segmentation.cli.files import STDIN, content, label
from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command, add_engine_options, engine_of
from segmentation.cli.printing import complain, counted, located, on_one_line
from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError
from segmentation.language.dates import Calendar

if TYPE_CHECKING:
    from segmentation.offline import Summary

_FORMATS = ("lists", "pairs", "counts", "bitmaps")
_INPUTS = ("parquet", "csv", "jsonl", "arrow")
_ON_SCREEN = 40  # characters of a segment's name
_ENDING = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
"""The signals by which a scheduler, or a terminal that is closed, ends a process."""


def register(commands: Commands[Parser]) -> None:
    """Register the command."""
    parser = add_command(
        commands,
        "run",
        _run,
        "evaluate whole files of customers",
        """\
Customers are read from Parquet, CSV, JSON Lines (the latter two also .gz and .zst) and Arrow IPC, in a stream. A path is a
file, a directory (with all files below; country=PL is a column), a pattern in quotes, or - for JSON Lines from standard
input. What is written:
  lists    a line {"customer": id, "segments": {...}} a customer: OUT.jsonl, also .gz and .zst, or OUT.parquet
  pairs    a row (customer, segment) for every member of every segment: OUT.parquet
  counts   members and share of every segment: OUT.csv or OUT.json; without --output a table on standard output
  bitmaps  a directory OUT with a roaring bitmap of row numbers for every segment, and the customers by row
The output appears when all is done, or not at all. Rows that cannot be evaluated are written with file, line and reason to
OUT.rejects.jsonl; the others are evaluated, and the exit code is 1. All customers are evaluated at the same moment.

examples:
  segmentation run --segments segments.json --customers customers.parquet
  segmentation run --segments segments.json --customers 'export/*.csv' --attributes attributes.json --format pairs --output members.parquet
  segmentation run --segments segments.json --customers customers.jsonl.gz --format lists --output answers.jsonl.zst --strict
""",
    )
    parser.add_argument("--customers", metavar="PATH", nargs="+", action="extend", required=True, help="files, directories or patterns; - reads standard input")
    parser.add_argument("--output", metavar="OUT", help="what to write")
    parser.add_argument("--format", choices=_FORMATS, default="counts", help="what it is (default: counts)")
    parser.add_argument("--id", metavar="COLUMN", help="the column of customers' ids (default: id, where it is empty or not there source_id)")
    parser.add_argument("--input-format", choices=_INPUTS, help="what the files are (default: what their names say)")
    parser.add_argument("--rejects", metavar="FILE", help="where to report rows that cannot be evaluated (default: OUT.rejects.jsonl)")
    parser.add_argument("--strict", action="store_true", help="stop at the first such row, or when an id occurs twice, and write nothing")
    add_engine_options(parser)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.segments == STDIN and STDIN in arguments.customers:
        raise CommandError("segments and customers cannot both come from standard input", USAGE)
    if arguments.output is None and arguments.format != "counts":
        raise CommandError(f"--format {arguments.format} needs --output (see segmentation run --help)", USAGE)
    for place in (arguments.output, arguments.rejects):
        if (
            place is not None
            and arguments.segments != STDIN
            and Path(place).exists()
            and Path(arguments.segments).exists()
            and Path(place).samefile(arguments.segments)
        ):
            raise CommandError(f"{place}: the segments are read from there; write to another name", USAGE)
    now: datetime = arguments.now or datetime.now(UTC)
    try:
        Calendar(arguments.timezone, arguments.week_start).clock(now)
    except ValueError as error:
        raise CommandError(f"argument --now: {error}", USAGE) from None
    engine = _engine(arguments)
    offline = offline_library()
    shown = _Progress()
    try:
        with terminated_as_interrupted():
            summary: Summary = offline.run(
                engine,
                arguments.customers,
                arguments.output,
                arguments.format,
                now=now,
                id_column=arguments.id,
                input_format=arguments.input_format,
                rejects=arguments.rejects,
                strict=arguments.strict,
                progress=shown if sys.stderr is not None and sys.stderr.isatty() else None,
            )
    except offline.RunError as error:
        raise CommandError(str(error), DATA) from None
    except ValueError as error:
        raise CommandError(str(error), USAGE) from None
    except OSError as error:
        raise CommandError(f"{error.filename or arguments.output}: {error.strerror or 'cannot be written'}", USAGE) from None
    finally:
        shown.end()
    if arguments.output is None:
        print(_table(summary))
    return _told(summary, arguments)


def _engine(arguments: argparse.Namespace) -> SegmentEngine:
    try:
        return engine_of(content(arguments.segments), arguments)
    except DefinitionError as error:
        for problem in error.problems:
            print(located(arguments.segments, problem), file=sys.stderr)
        raise CommandError(f"{counted(len(error.problems), 'problem')} in {label(arguments.segments)}", DATA) from None


def offline_library() -> Any:
    """The library of runs, which needs an extra."""
    try:
        from segmentation import offline  # noqa: PLC0415 - numpy, pyarrow and polars are loaded by the commands that need them
    except ModuleNotFoundError as error:
        raise CommandError(f'{error.name} is not installed; files need the extra "batch": pip install "segmentation[batch]"', USAGE) from None
    return offline


def _told(summary: Summary, arguments: argparse.Namespace) -> int:
    if summary.duplicate_ids:
        complain(f"{counted(summary.duplicate_ids, 'customer')} with an id that occurred before; each row was evaluated as a customer")
    if summary.rejected:
        place = arguments.rejects or (f"{arguments.output}.rejects.jsonl" if arguments.output else None)
        complain(f"{counted(summary.rejected, 'row')} could not be evaluated" + (f"; see {place}" if place else "; --rejects FILE says which, and why"))
    if arguments.output is not None:
        print(f"{counted(summary.customers, 'customer')}, {counted(len(summary.segments), 'segment')}, {arguments.format} in {arguments.output}")
    return DATA if summary.rejected or summary.duplicate_ids else FINE


def _table(summary: Summary) -> str:
    rows: list[Sequence[str]] = [("segment", "name", "members", "share")]
    for segment in summary.to_dict()["segments"]:
        name = on_one_line(segment["name"])
        short = name if len(name) <= _ON_SCREEN else name[: _ON_SCREEN - 1] + "…"
        rows.append((on_one_line(segment["id"]), short, f"{segment['members']:,}", f"{segment['share']:.2%}"))
    wide = [max(len(row[place]) for row in rows) for place in range(4)]
    lines = [f"{row[0]:{wide[0]}}  {row[1]:{wide[1]}}  {row[2]:>{wide[2]}}  {row[3]:>{wide[3]}}" for row in rows]
    return "\n".join([*lines, f"{counted(summary.customers, 'customer')} at {summary.now.isoformat()}"])


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let signals that end a process clean up as Ctrl-C does, and Ctrl-C end a read that waits.

    For the latter: polars has its own handler before Python's, which would let it go on. What is ignored stays so: `nohup` ignores SIGHUP.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    if hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003 - its only way
    former = {number: signal.signal(number, stop) for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


class _Progress:
    """A line on standard error that says how far a run is."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._is_shown = False

    def __call__(self, customers: int, part: float | None) -> None:
        """Show it."""
        seconds = time.monotonic() - self._started
        left = f", {seconds / part * (1 - part):,.0f} s left" if part else ""
        share = f" ({part:.0%})" if part else ""
        print(f"\r{customers:,} customers{share}, {customers / max(seconds, 1e-9):,.0f}/s{left}\x1b[K", end="", file=sys.stderr, flush=True)
        self._is_shown = True

    def end(self) -> None:
        """Leave the line."""
        if self._is_shown:
            print(file=sys.stderr)

"""`segmentation report`: a run as pictures."""

from __future__ import annotations

import argparse

from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command
from segmentation.cli.run import offline_library, terminated_as_interrupted


def register(commands: Commands[Parser]) -> None:
    """Register the command."""
    parser = add_command(
        commands,
        "report",
        _report,
        "show the segments of a run in pictures",
        """\
The run was written by: segmentation run --format pairs. The page holds the sizes of segments, the overlaps of the largest,
the empty segments, those with identical members, and with --since who entered and left. It needs no other file and no
network. A name that ends in .png gives the pictures alone.

examples:
  segmentation report tuesday.parquet --output report.html
  segmentation report tuesday.parquet --since monday.parquet --output report.html
""",
    )
    parser.add_argument("run", metavar="RUN", help="the pairs of a run")
    parser.add_argument("--since", metavar="OLD", help="the pairs of an earlier run")
    parser.add_argument("--output", metavar="OUT", required=True, help="what to write: .html or .png")


def _report(arguments: argparse.Namespace) -> int:
    offline = offline_library()
    from segmentation.offline.report import findings_of, write_report  # noqa: PLC0415 - as above
    from segmentation.offline.runs import run_of  # noqa: PLC0415 - as above

    try:
        with terminated_as_interrupted():
            run = run_of(arguments.run)
            files = write_report(findings_of(run, None if arguments.since is None else run_of(arguments.since)), arguments.output)
    except ModuleNotFoundError as error:
        raise CommandError(f'{error.name} is not installed; pictures need the extra "report": pip install "segmentation[report]"', USAGE) from None
    except offline.RunError as error:
        raise CommandError(str(error), DATA) from None
    except ValueError as error:
        raise CommandError(str(error), USAGE) from None
    except OSError as error:
        raise CommandError(f"{error.filename or arguments.output}: {error.strerror or 'cannot be written'}", USAGE) from None
    print("\n".join(str(file) for file in files))
    return FINE

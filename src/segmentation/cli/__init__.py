r"""The command line: `segmentation`, also `python -m segmentation`.

A command is one function from its arguments to an exit code; each module of commands has one function, `register`, that registers their parsers.
Answers go to standard output, in UTF-8 with `\n` wherever it runs; errors go to standard error and never quote customer data.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from segmentation import __version__
from segmentation.cli import changes, check, describe, evaluate, explain, report, run, serve, translate
from segmentation.cli.options import BROKEN_PIPE, FINE, INTERRUPTED, USAGE, CommandError, HelpFormatter, Parser
from segmentation.cli.printing import complain

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The arguments; default: those of the process.

    Returns:
        The exit code: 0 when all is well, 1 when segments or customers are at fault, 2 when the command line is.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What UTF-8 cannot carry is a lone surrogate; backslashreplace writes it as \udxxx, which is what JSON text has for it.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    try:
        code = _run(argv)
        print(end="", flush=True)
    except BrokenPipeError:
        _abandon_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # those of reading became CommandErrors
        _abandon_output()
        complain(f"the output cannot be written: {error.strerror}")
        return USAGE
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parser().parse_args(argv)
        command: Callable[[argparse.Namespace], int] = arguments.command
        return command(arguments)
    except CommandError as error:
        complain(str(error))
        return error.code
    except SystemExit as done:  # --help and --version
        return done.code if isinstance(done.code, int) else FINE


def _abandon_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter would complain of it when it ends."""
    with suppress(AttributeError, OSError):  # there is no standard output, or it is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _parser() -> Parser:
    parser = Parser(
        prog="segmentation",
        description="Which segments is this customer in? Segments are written in the Voucherify segment filter language.",
        epilog="""\
examples:
  segmentation evaluate --segments segments.json customer.json
  segmentation evaluate --segments segments.json customers.jsonl > answers.jsonl
  segmentation explain --segments segments.json customer.json --segment seg_gold
  segmentation check segments.json
  segmentation operators more_than
  segmentation schema > segment.schema.json
  segmentation serve --db segments.db
  segmentation from-jsonlogic rule.json

exit codes: 0 all is well; 1 segments or customers are at fault; 2 the command line is, or a file cannot be read or written.
'segmentation COMMAND --help' says more of a command.
""",
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"segmentation {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (evaluate, explain, check, run, changes, report, serve, translate, describe):
        module.register(commands)
    return parser

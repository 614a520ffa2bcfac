"""What commands share: parsers, exit codes, complaints, and the options that build an engine."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from segmentation import iso8601
from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError, article, json_type, unreadable
from segmentation.language.dates import WEEK_STARTS, Calendar

FINE, DATA, USAGE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141
"""Exit codes: all is well; segments or customers are at fault; the command line is, or a file cannot be read or written; 128 + the signal."""


class CommandError(Exception):
    """Ends a command with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are like all others."""

    def error(self, message: str) -> NoReturn:
        """End the command."""
        raise CommandError(f"{message} (see {self.prog} --help)", USAGE)


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help with its examples laid out as they were written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)
        self._action_max_length = 16  # argparse forgets that commands are indented, and wraps the longest


Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for what add_subparsers answers


def add_command(commands: Commands[Parser], name: str, command: Callable[[argparse.Namespace], int], summary: str, details: str) -> Parser:
    """Register a command: its name, what runs it, and what its help says."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=details,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=command)
    return parser


def add_engine_options(parser: Parser, *, segments: str | None = None) -> None:
    """The options of everything that builds an engine.

    Args:
        parser: The parser of a command.
        segments: `nargs` of --segments, which may then be left out; None: one file, required.
    """
    options = parser.add_argument_group("segments, and how they are read")
    files: dict[str, Any] = {"required": True} if segments is None else {"nargs": segments, "action": "extend", "default": []}
    options.add_argument(
        "--segments", metavar="FILE", help="definitions: a JSON array, one segment, an API list response or JSON Lines; - reads stdin", **files
    )
    _add_reading_options(options)
    options.add_argument("--now", metavar="ISO", type=_moment, help="the moment that counts as now, such as 2026-11-22T12:00:00Z (default: the current time)")


def add_reading_options(parser: Parser) -> None:
    """The options of what reads segments that are stored, and asks about them at the current time."""
    _add_reading_options(parser.add_argument_group("how segments are read"))


def _add_reading_options(options: argparse._ArgumentGroup) -> None:
    options.add_argument("--timezone", metavar="NAME", type=_timezone, default="UTC", help="IANA time zone in which days begin and end (default: UTC)")
    options.add_argument("--week-start", choices=list(WEEK_STARTS), default="monday", help="first day of the week (default: monday)")
    options.add_argument("--attributes", metavar="FILE|JSON", type=_json_object, help='declared types of attributes, such as {"metadata.signup": "date"}')
    options.add_argument("--locations", metavar="FILE|JSON", type=_json_object, help="shapes by location id, for $in_location")


def _timezone(name: str) -> str:
    try:
        return Calendar(name).timezone
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _moment(text: str) -> datetime:
    found = iso8601.parse(text)
    if not isinstance(found, datetime):
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 8601 date-time such as 2026-11-22T12:00:00Z")
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is naive: it has no offset from UTC; write {text}Z, or an offset such as {text}+02:00")
    return found


def _json_object(text: str) -> dict[str, Any]:
    """The JSON object that an option holds, or that is in the file which it names."""
    is_inline = text.lstrip().startswith("{")
    name = "the value" if is_inline else text
    try:
        parsed = json.loads(text if is_inline else Path(text).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None
    except (RecursionError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{name} cannot be read: {unreadable(error)}") from None
    if not isinstance(parsed, dict):
        raise argparse.ArgumentTypeError(f"{name} is {article(json_type(parsed))}, not an object")
    return parsed


def engine_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the engine takes besides segments."""
    return {name: getattr(arguments, name) for name in ("timezone", "week_start", "attributes", "locations")}


def engine_of(source: bytes, arguments: argparse.Namespace) -> SegmentEngine:
    """The engine of some definitions.

    Raises:
        DefinitionError: Something is wrong with them.
        CommandError: Something is wrong with the options.
    """
    try:
        return SegmentEngine.from_json(source, **engine_settings(arguments))
    except DefinitionError:
        raise
    except ValueError as error:
        raise CommandError(str(error), USAGE) from None

"""What commands that ask about customers need first: a sound engine, and a moment."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from segmentation.cli.files import content, label
from segmentation.cli.options import DATA, USAGE, CommandError, engine_of
from segmentation.cli.printing import counted, located
from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError
from segmentation.language.dates import Calendar


def moment_of(arguments: argparse.Namespace) -> datetime:
    """The moment that --now gives, or the current one.

    Raises:
        CommandError: It lies outside the calendar.
    """
    now: datetime = arguments.now or datetime.now(UTC)
    try:
        Calendar(arguments.timezone, arguments.week_start).clock(now)
    except ValueError as error:
        raise CommandError(f"argument --now: {error}", USAGE) from None
    return now


def sound_engine(arguments: argparse.Namespace) -> SegmentEngine:
    """The engine of the definitions that --segments names; what is wrong with them is told on standard error.

    Raises:
        CommandError: Something is.
    """
    try:
        return engine_of(content(arguments.segments), arguments)
    except DefinitionError as error:
        for problem in error.problems:
            print(located(arguments.segments, problem), file=sys.stderr)
        raise CommandError(f"{counted(len(error.problems), 'problem')} in {label(arguments.segments)}", DATA) from None

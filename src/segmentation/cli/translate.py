"""`segmentation to-jsonlogic`, `from-jsonlogic`, `from-querybuilder`, `from-mongo`: filters and other languages."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from typing import Any

from segmentation.cli.files import content, fault, label
from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command, add_reading_options, engine_settings
from segmentation.cli.printing import counted, indented, located
from segmentation.errors import DefinitionError, TranslationError

_MEANS_THE_SAME = "What cannot be said with its meaning kept is refused, and the message says where it stands."


def register(commands: Commands[Parser]) -> None:
    """Register the commands."""
    for name, source, result, example in (
        ("to-jsonlogic", "a filter or a segment", "a rule of JsonLogic", "segmentation to-jsonlogic adults.json > rule.json"),
        ("from-jsonlogic", "a rule of JsonLogic", "a filter", "segmentation from-jsonlogic rule.json"),
        ("from-querybuilder", "a query of react-querybuilder", "a filter", "segmentation from-querybuilder query.json"),
        ("from-mongo", "a query of MongoDB", "a filter", "segmentation from-mongo query.json"),
    ):
        parser = add_command(
            commands,
            name,
            partial(_translate, name.replace("-", "_")),
            f"write {source} as {result}",
            f"{_MEANS_THE_SAME}\n\nexample:\n  {example}\n",
        )
        parser.add_argument("file", metavar="FILE", help=f"file of {source} as JSON; - reads standard input")
        add_reading_options(parser)


def _translate(name: str, arguments: argparse.Namespace) -> int:
    from segmentation import targets  # noqa: PLC0415 - jsonlogic-py is loaded by the commands that need it

    where = label(arguments.file)
    document = _document(arguments.file)
    try:
        translated = getattr(targets, name)(document, **engine_settings(arguments))
    except TranslationError as error:
        raise CommandError(f"{where}: {error}", DATA) from None
    except DefinitionError as error:
        for problem in error.problems:
            print(located(arguments.file, problem), file=sys.stderr)
        raise CommandError(f"{counted(len(error.problems), 'problem')} in {where}", DATA) from None
    except (TypeError, ValueError) as error:
        raise CommandError(str(error), USAGE) from None
    print(indented(translated))
    return FINE


def _document(path: str) -> Any:
    text = content(path).removeprefix(b"\xef\xbb\xbf")
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        raise CommandError(f"{label(path)}: {fault(text)}", DATA) from None

"""`segmentation evaluate`: the segments of one customer, or of many."""

from __future__ import annotations

import argparse
import json
from datetime import datetime

from segmentation.cli.files import STDIN, fault, label, lines_of, one_or_many, opened
from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command, add_engine_options
from segmentation.cli.printing import complain, indented
from segmentation.cli.questions import moment_of, sound_engine
from segmentation.engine import SegmentEngine
from segmentation.errors import RecordError, article, json_type


def register(commands: Commands[Parser]) -> None:
    """Register the command."""
    parser = add_command(
        commands,
        "evaluate",
        _evaluate,
        "list the segments that customers are in",
        """\
One JSON object, on however many lines, is one customer: its answer is printed as the API's endpoint gives it.
Several objects, one a line (JSON Lines), are several customers; each is answered by one line, in order:
  {"customer": id, "segments": {...}}
where the id is the customer's id, else its source_id, else null. With --lines, a single line is answered so too.
A line that cannot be read is reported on standard error with its number; the others are answered, and the exit code
is 1. All customers are evaluated at the same moment.

examples:
  segmentation evaluate --segments segments.json customer.json --pretty
  segmentation evaluate --segments segments.json customers.jsonl --now 2026-11-22T12:00:00Z
  zcat customers.jsonl.gz | segmentation evaluate --segments segments.json --lines - | head
  segmentation evaluate --segments segments.json --unknown visitor-1
""",
    )
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("customers", metavar="CUSTOMERS", nargs="?", help="file of one customer or of JSON Lines; - reads standard input")
    who.add_argument("--unknown", metavar="ID", help="answer for a customer that is not stored, as if it were created now")
    parser.add_argument("--lines", action="store_true", help="read JSON Lines even when there is only one line")
    parser.add_argument("--pretty", action="store_true", help="indent the answers")
    add_engine_options(parser)


def _evaluate(arguments: argparse.Namespace) -> int:
    if arguments.segments == arguments.customers == STDIN:
        raise CommandError("segments and customers cannot both come from standard input", USAGE)
    if arguments.lines and arguments.unknown is not None:
        raise CommandError("argument --lines: not allowed with argument --unknown (see segmentation evaluate --help)", USAGE)
    now = moment_of(arguments)
    engine = sound_engine(arguments)
    if arguments.unknown is not None:
        print(laid_out(engine.evaluate_unknown(arguments.unknown, now).model_dump_json(), arguments))
        return FINE
    name = label(arguments.customers)
    with opened(arguments.customers) as stream:
        lines = lines_of(stream, name)
        customer = None
        if not arguments.lines:
            customer, lines = one_or_many(lines, name)
        if customer is not None:
            print(laid_out(engine.evaluate_json(customer, now).decode(), arguments))
            return FINE
        code = FINE
        for number, line in lines:
            try:
                print(laid_out(_answer(engine, line, now), arguments))
            except RecordError as error:
                complain(f"{name}, line {number}: {error}")
                code = DATA
    return code


def _answer(engine: SegmentEngine, line: bytes, now: datetime) -> str:
    """The answer to one of several customers.

    Raises:
        RecordError: The line is not a JSON object.
    """
    try:
        record = json.loads(line.decode())
    except (RecursionError, ValueError):
        raise RecordError(fault(line)) from None
    if not isinstance(record, dict):
        raise RecordError(f"a customer is a JSON object, not {article(json_type(record))}")
    identifier = next((record[key] for key in ("id", "source_id") if isinstance(record.get(key), str | int)), None)
    return f'{{"customer":{json.dumps(identifier, ensure_ascii=False)},"segments":{engine.evaluate_json(record, now).decode()}}}'


def laid_out(answer: str, arguments: argparse.Namespace) -> str:
    """An answer, indented if that was asked for."""
    return indented(json.loads(answer)) if arguments.pretty else answer

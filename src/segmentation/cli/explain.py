"""`segmentation explain`: why a customer is, or is not, in a segment."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from segmentation.cli.files import STDIN, content, fault, label
from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command, add_engine_options
from segmentation.cli.printing import indented
from segmentation.cli.questions import moment_of, sound_engine
from segmentation.engine import unknown_customer
from segmentation.errors import RecordError, RecordTypeError, UnknownSegmentError


def register(commands: Commands[Parser]) -> None:
    """Register the command."""
    parser = add_command(
        commands,
        "explain",
        _explain,
        "tell why a customer is, or is not, in a segment",
        """\
Every condition is shown with its verdict, its operator in words, the value that the customer has, and, where it
matters, the dates that it comes down to, or why the value has the wrong type. The last line is the smallest set of
conditions whose change would change the verdict. The customer's values are printed; --redact leaves them out.

examples:
  segmentation explain --segments segments.json customer.json --segment seg_gold
  segmentation explain --segments segments.json customer.json --now 2026-11-22T12:00:00Z --json
  segmentation explain --segments segments.json --unknown visitor-1 --segment seg_gold
""",
    )
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("customer", metavar="CUSTOMER", nargs="?", help="file of one customer, a JSON object; - reads standard input")
    who.add_argument("--unknown", metavar="ID", help="explain for a customer that is not stored, as if it were created now")
    parser.add_argument("--segment", metavar="ID", action="append", help="the segment to explain; may be repeated (default: all)")
    parser.add_argument("--redact", action="store_true", help="leave the customer's values out")
    parser.add_argument("--json", action="store_true", help="print the explanations as a JSON array")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: when the output is a terminal)")
    add_engine_options(parser)


def _explain(arguments: argparse.Namespace) -> int:
    if arguments.segments == arguments.customer == STDIN:
        raise CommandError("segments and the customer cannot both come from standard input", USAGE)
    now = moment_of(arguments)
    engine = sound_engine(arguments)
    wanted: Sequence[str] = arguments.segment or [segment.id for segment in engine.segments]
    customer = unknown_customer(arguments.unknown, now) if arguments.customer is None else content(arguments.customer).removeprefix(b"\xef\xbb\xbf")
    try:
        explanations = [engine.explain(customer, segment_id, now) for segment_id in wanted]
    except UnknownSegmentError as error:
        raise CommandError(str(error), DATA) from None
    except RecordTypeError as error:
        raise CommandError(f"{label(arguments.customer)}: {error}", DATA) from None
    except RecordError:
        raise CommandError(f"{label(arguments.customer)}: not one customer: {fault(customer) if isinstance(customer, bytes) else ''}", DATA) from None
    if arguments.redact:
        explanations = [explanation.redacted() for explanation in explanations]
    if arguments.json:
        print(indented([explanation.to_dict() for explanation in explanations]))
    else:
        print("\n\n".join(explanation.to_text(color=_in_color(arguments.color)) for explanation in explanations))
    return FINE


def _in_color(choice: str) -> bool:
    """Whether to colour: as asked, else on a terminal, unless the environment says no (https://no-color.org)."""
    return choice == "always" or (choice == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))

r"""The command line: `segmentation`, also `python -m segmentation`.

A command is one function from its arguments to an exit code, and one function that registers its parser. Answers go to standard output, in UTF-8
with `\n` wherever it runs; errors go to standard error and never quote customer data.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

from segmentation import __version__, iso8601
from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError, Problem, RecordError, article, json_type, nearest
from segmentation.language.dates import WEEK_STARTS, Calendar
from segmentation.language.operators import FAMILIAR, OPERATORS, REFUSED, Operand, Operator, Takes

__all__ = ["main"]

FINE, DATA, USAGE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141
"""Exit codes: all is well; segments or customers are at fault; the command line is, or a file cannot be read or written; 128 + the signal."""

STDIN = "-"


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
    except OSError as error:  # those of reading became _CommandErrors
        _abandon_output()
        _complain(f"the output cannot be written: {error.strerror}")
        return USAGE
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parser().parse_args(argv)
        command: Callable[[argparse.Namespace], int] = arguments.command
        return command(arguments)
    except _CommandError as error:
        _complain(str(error))
        return error.code
    except SystemExit as done:  # --help and --version
        return done.code if isinstance(done.code, int) else FINE


class _CommandError(Exception):
    """Ends a command with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def _complain(message: str) -> None:
    print(f"segmentation: error: {_on_one_line(message)}", file=sys.stderr)


def _on_one_line(text: str) -> str:
    """Text with its control characters escaped: keys and file names may hold any."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda found: repr(found[0])[1:-1], text)


def _abandon_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter would complain of it when it ends."""
    with suppress(AttributeError, OSError):  # there is no standard output, or it is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


# Arguments


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _CommandError(f"{message} (see {self.prog} --help)", USAGE)


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)
        self._action_max_length = 16  # argparse forgets that commands are indented, and wraps the longest


def _parser() -> _Parser:
    parser = _Parser(
        prog="segmentation",
        description="Which segments is this customer in? Segments are written in the Voucherify segment filter language.",
        epilog="""\
examples:
  segmentation evaluate --segments segments.json customer.json
  segmentation evaluate --segments segments.json customers.jsonl > answers.jsonl
  segmentation check segments.json
  segmentation operators more_than
  segmentation schema > segment.schema.json

exit codes: 0 all is well; 1 segments or customers are at fault; 2 the command line is, or a file cannot be read or written.
'segmentation COMMAND --help' says more of a command.
""",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"segmentation {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for register in (_register_evaluate, _register_check, _register_operators, _register_schema):
        register(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for what add_subparsers answers


def _add_command(commands: _Commands[_Parser], name: str, command: Callable[[argparse.Namespace], int], summary: str, details: str) -> _Parser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=details,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=command)
    return parser


def _add_engine_options(parser: _Parser, *, segments: str | None = None) -> None:
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
    options.add_argument("--timezone", metavar="NAME", type=_timezone, default="UTC", help="IANA time zone in which days begin and end (default: UTC)")
    options.add_argument("--week-start", choices=list(WEEK_STARTS), default="monday", help="first day of the week (default: monday)")
    options.add_argument("--attributes", metavar="FILE|JSON", type=_json_object, help='declared types of attributes, such as {"metadata.signup": "date"}')
    options.add_argument("--locations", metavar="FILE|JSON", type=_json_object, help="shapes by location id, for $in_location")
    options.add_argument("--now", metavar="ISO", type=_moment, help="the moment that counts as now, such as 2026-11-22T12:00:00Z (default: the current time)")


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
    except UnicodeDecodeError as error:
        raise argparse.ArgumentTypeError(f"{name} is not UTF-8: byte {error.start} cannot be read") from None
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (RecursionError, ValueError):
        raise argparse.ArgumentTypeError(f"{name} cannot be read: it is nested too deep, or a number has too many digits") from None
    if not isinstance(parsed, dict):
        raise argparse.ArgumentTypeError(f"{name} is {article(json_type(parsed))}, not an object")
    return parsed


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the engine takes besides segments."""
    return {name: getattr(arguments, name) for name in ("timezone", "week_start", "attributes", "locations")}


def _engine(source: bytes, arguments: argparse.Namespace) -> SegmentEngine:
    """The engine of some definitions.

    Raises:
        DefinitionError: Something is wrong with them.
        _CommandError: Something is wrong with the options.
    """
    try:
        return SegmentEngine.from_json(source, **_settings(arguments))
    except DefinitionError:
        raise
    except ValueError as error:
        raise _CommandError(str(error), USAGE) from None


# Files


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """A file, or standard input, to read bytes from."""
    if path == STDIN:
        if sys.stdin is None:
            raise _CommandError("there is no standard input", USAGE)
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(path).open("rb"))
        except OSError as error:
            raise _CommandError(f"{path}: {error.strerror}", USAGE) from None
        yield stream


def _content(path: str) -> bytes:
    with _opened(path) as stream:
        try:
            return stream.read()
        except OSError as error:
            raise _CommandError(f"{_label(path)}: {error.strerror}", USAGE) from None


def _label(path: str) -> str:
    return "<stdin>" if path == STDIN else path


_Line = tuple[int, bytes]


def _lines(stream: BinaryIO, label: str) -> Iterator[_Line]:
    """The lines of a stream that are not blank, numbered from 1, without a byte order mark."""
    number = 0
    try:
        for number, line in enumerate(stream, 1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield number, text
    except OSError as error:
        raise _CommandError(f"{label}, after line {number}: {error.strerror}", USAGE) from None


class _Text(Enum):
    """What the beginning of an input is."""

    OBJECT = auto()
    OTHER = auto()
    """A JSON value that is no object."""
    UNFINISHED = auto()
    """JSON as far as it goes."""
    BROKEN = auto()
    """Not JSON, however it goes on."""


def _kind(text: bytes) -> _Text:
    try:
        return _Text.OBJECT if isinstance(json.loads(text.decode()), dict) else _Text.OTHER
    except json.JSONDecodeError as error:
        # Lines end between tokens, so an error before the end of the text is there to stay.
        return _Text.UNFINISHED if error.pos >= len(error.doc.rstrip()) else _Text.BROKEN
    except (RecursionError, ValueError):
        return _Text.BROKEN


def _one_or_many(lines: Iterator[_Line], label: str) -> tuple[bytes | None, Iterator[_Line]]:
    """The one JSON object that all lines together are, or else the lines, which then are JSON Lines.

    Reads no further than it must to tell, by twice as many lines each time: JSON Lines show by their second line, and reading a customer of many
    lines stays linear.

    Raises:
        _CommandError: The input is a JSON array, or one object with a fault in it.
    """
    held: list[_Line] = []
    wanted = 1
    while True:
        held += islice(lines, wanted - len(held))
        is_all = len(held) < wanted
        text = b"".join(line for _, line in held)
        kind = _kind(text)
        if is_all and kind is _Text.OBJECT:
            return text, iter(())
        if text.lstrip().startswith(b"[") and (kind is _Text.UNFINISHED or (is_all and kind is _Text.OTHER)):
            hint = "" if label == _label(STDIN) else f" {label}"
            raise _CommandError(f"{label}: a JSON array; customers are given one a line (JSON Lines), as by: jq -c '.[]'{hint}", DATA)
        if is_all or kind is _Text.BROKEN:
            break
        wanted *= 2
    objects = sum(_kind(line) is _Text.OBJECT for _, line in held)
    if 2 * objects < len(held) and _kind(held[0][1]) is _Text.UNFINISHED and len(held) > 1:
        raise _CommandError(f"{label}: neither one JSON object nor JSON Lines: {_fault(text, [number for number, _ in held])}", DATA)
    return None, chain(held, lines)


def _fault(text: bytes, numbers: Sequence[int] = ()) -> str:
    """What is wrong with text that is not JSON; `numbers` are those of its lines, when it has several."""
    try:
        json.loads(text.rstrip().decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except json.JSONDecodeError as error:
        line = f"line {numbers[error.lineno - 1]}, " if numbers else ""
        return f"not JSON: {error.msg} at {line}column {error.colno}"
    except RecursionError:
        return "nested too deep to be read"
    except ValueError:
        pass
    return "a number has too many digits"


# evaluate


def _register_evaluate(commands: _Commands[_Parser]) -> None:
    parser = _add_command(
        commands,
        "evaluate",
        _evaluate,
        "list the segments that customers are in",
        """\
One JSON object, on however many lines, is one customer: its answer is printed as the API's endpoint gives it.
Several objects, one a line (JSON Lines), are several customers; each is answered by one line, in order:
  {"customer": id, "segments": {...}}
where the id is the customer's id, else its source_id, else null. A line that cannot be read is reported on standard
error with its number; the others are answered, and the exit code is 1. All customers are evaluated at the same moment.

examples:
  segmentation evaluate --segments segments.json customer.json --pretty
  segmentation evaluate --segments segments.json customers.jsonl --now 2026-11-22T12:00:00Z
  zcat customers.jsonl.gz | segmentation evaluate --segments segments.json - | head
  segmentation evaluate --segments segments.json --unknown visitor-1
""",
    )
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("customers", metavar="CUSTOMERS", nargs="?", help="file of one customer or of JSON Lines; - reads standard input")
    who.add_argument("--unknown", metavar="ID", help="answer for a customer that is not stored, as if it were created now")
    parser.add_argument("--pretty", action="store_true", help="indent the answers")
    _add_engine_options(parser)


def _evaluate(arguments: argparse.Namespace) -> int:
    if arguments.segments == arguments.customers == STDIN:
        raise _CommandError("segments and customers cannot both come from standard input", USAGE)
    now: datetime = arguments.now or datetime.now(UTC)
    try:
        Calendar(arguments.timezone, arguments.week_start).clock(now)
    except ValueError as error:
        raise _CommandError(f"argument --now: {error}", USAGE) from None
    try:
        engine = _engine(_content(arguments.segments), arguments)
    except DefinitionError as error:
        for problem in error.problems:
            print(_located(arguments.segments, problem), file=sys.stderr)
        raise _CommandError(f"{_counted(len(error.problems), 'problem')} in {_label(arguments.segments)}", DATA) from None
    if arguments.unknown is not None:
        print(_laid_out(engine.evaluate_unknown(arguments.unknown, now).model_dump_json(), arguments))
        return FINE
    label = _label(arguments.customers)
    with _opened(arguments.customers) as stream:
        customer, lines = _one_or_many(_lines(stream, label), label)
        if customer is not None:
            print(_laid_out(engine.evaluate_json(customer, now).decode(), arguments))
            return FINE
        code = FINE
        for number, line in lines:
            try:
                print(_laid_out(_answer(engine, line, now), arguments))
            except RecordError as error:
                _complain(f"{label}, line {number}: {error}")
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
        raise RecordError(_fault(line)) from None
    if not isinstance(record, dict):
        raise RecordError(f"a customer is a JSON object, not {article(json_type(record))}")
    identifier = next((record[key] for key in ("id", "source_id") if isinstance(record.get(key), str | int)), None)
    return f'{{"customer":{json.dumps(identifier, ensure_ascii=False)},"segments":{engine.evaluate_json(record, now).decode()}}}'


def _laid_out(answer: str, arguments: argparse.Namespace) -> str:
    return _indented(json.loads(answer)) if arguments.pretty else answer


def _indented(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


# check


def _register_check(commands: _Commands[_Parser]) -> None:
    parser = _add_command(
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
    _add_engine_options(parser, segments="+")


def _check(arguments: argparse.Namespace) -> int:
    paths: list[str] = [*arguments.files, *arguments.segments]
    if not paths:
        raise _CommandError("check takes the files to check, or - for standard input (see segmentation check --help)", USAGE)
    sources = [(path, _content(path)) for path in paths]  # a file that is missing is told of before any is checked
    reports = [_checked(path, source, arguments) for path, source in sources]
    found = [(report.path, problem) for report in reports for problem in report.problems]
    warnings = [(report.path, warning) for report in reports for warning in report.warnings]
    if arguments.json:
        print(_indented([_as_data("error", *row) for row in found] + [_as_data("warning", *row) for row in warnings]))
        return DATA if found else FINE
    for path, problem in found:
        print(_located(path, problem))
    for path, warning in warnings:
        print(_located(path, warning, "warning: "))
    summary = [_counted(sum(report.segments for report in reports), "segment"), "no problems"]
    if found:
        faulty = sum(bool(report.problems) for report in reports)
        files = _counted(faulty, "file") if faulty == len(reports) else f"{faulty} of {_counted(len(reports), 'file')}"
        summary = [f"{_counted(len(found), 'problem')} in {files}"]
    if warnings:
        summary.append(_counted(len(warnings), "warning"))
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
        engine = _engine(source, arguments)
    except DefinitionError as error:
        return _Report(path, error.problems)
    return _Report(path, (), engine.warnings, len(engine))


def _located(path: str, problem: Problem, prefix: str = "") -> str:
    return _on_one_line(f"{_label(path)}: {prefix}{problem}")


def _as_data(severity: str, path: str, problem: Problem) -> dict[str, Any]:
    return {"file": _label(path), "severity": severity, **problem.to_dict()}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# operators


_SECTIONS: Mapping[str, str] = {
    "5.1": "Equality and sets",
    "5.2": "Text",
    "5.3": "Numbers, and ages of dates",
    "5.4": "Dates against a fixed date",
    "5.5": "Relative to today, in calendar days",
    "5.6": "Anniversaries: month and day, the year ignored",
    "5.7": "Parts of a date",
    "5.8": "Arrays",
    "5.9": "Places",
}

_EXAMPLES: Mapping[Operand, Any] = {
    Operand.VALUE: "gold",
    Operand.TEXT: "gold",
    Operand.NUMBER: 100,
    Operand.DAYS: 7,
    Operand.YEARS: 1,
    Operand.COUNT: 3,
    Operand.DATE: "2026-11-22",
    Operand.DAY_OF_MONTH: 31,
    Operand.MONTH: 12,
    Operand.YEAR: 2026,
    Operand.MONTH_DAY: "12-31",
    Operand.LOCATION: "loc_warsaw",
    Operand.ANYTHING: True,
}


def _register_operators(commands: _Commands[_Parser]) -> None:
    parser = _add_command(
        commands,
        "operators",
        _operators,
        "list the operators of the filter language, or tell of one",
        """\
A name is understood with and without its $, which a shell would take for a variable.

examples:
  segmentation operators
  segmentation operators is_days_ago
  segmentation operators --json
""",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="an operator, such as more_than")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def _operators(arguments: argparse.Namespace) -> int:
    if arguments.name is None:
        print(_indented([_row(operator) for operator in OPERATORS.values()]) if arguments.json else _table())
        return FINE
    name = "$" + arguments.name.removeprefix("$")
    if name not in OPERATORS:
        raise _CommandError(_no_operator(name), DATA)
    print(_indented(_row(OPERATORS[name])) if arguments.json else _details(OPERATORS[name]))
    return FINE


def _no_operator(name: str) -> str:
    """Why a name is none of an operator, and what was probably meant."""
    near = REFUSED[name] if name in REFUSED else FAMILIAR.get(name.lower()) or nearest(name.lower(), list(OPERATORS))
    reason = "is not an operator"
    if name in REFUSED:
        reason = "belongs to validation rules" if near else "belongs to vouchers and campaigns, not to customers"
    return f"{name} {reason}; " + (f"did you mean {near}?" if near else "'segmentation operators' lists them all")


def _table() -> str:
    """Every operator on a line, by section, and what the words for operands mean."""
    wide = max(map(len, OPERATORS))
    rows = [f"{'operator':{wide}}  {'operand':14}  true when"]
    for section, operators in groupby(OPERATORS.values(), key=lambda operator: operator.section):
        rows += ["", _SECTIONS[section]]
        rows += [f"{operator.name:{wide}}  {_word(operator):14}  {operator.meaning}" for operator in operators]
    rows += ["", "n is the operand, a value of this kind; several values in an array combine by the junction:"]
    rows += [f"  {_word_of(operand):14}{operand.value}" for operand in Operand if operand is not Operand.ANYTHING]
    rows += ["  [...]         an array of such values, taken together", "  ignored       anything"]
    return "\n".join(rows)


def _word(operator: Operator) -> str:
    word = _word_of(operator.operand)
    return {Takes.ONE: word, Takes.LIST: f"[{word}]", Takes.NOTHING: "ignored"}[operator.takes]


def _word_of(operand: Operand) -> str:
    return operand.name.lower().replace("_", "-")


def _details(operator: Operator) -> str:
    operand = "ignored" if operator.takes is Takes.NOTHING else f"n, {operator.operand.value} ({operator.takes.value})"
    rows = [("true when", operator.meaning), ("operand", operand)]
    rows += [("complement", name) for name in _complements(operator)]
    rows += [("on birthdays", f"means {operator.twin}")] * bool(operator.twin)
    rows += [("on dates", f"see {' and '.join(operator.instead)} to compare with a fixed date")] * bool(operator.instead)
    rows += [("example", _example(operator)), ("section", f"{operator.section} {_SECTIONS[operator.section]}")]
    return "\n".join([operator.name, *(f"  {name:14}{text}" for name, text in rows)])


def _complements(operator: Operator) -> list[str]:
    """The operators that are true of exactly the values that this one is false of."""
    return [operator.negates] if operator.negates else [other.name for other in OPERATORS.values() if other.negates == operator.name]


def _example(operator: Operator) -> str:
    value = _EXAMPLES[operator.operand]
    return json.dumps({"conditions": {operator.name: [value] if operator.takes is Takes.LIST else value}})


def _row(operator: Operator) -> dict[str, Any]:
    """One operator as JSON-ready data."""
    return {
        "name": operator.name,
        "section": operator.section,
        "meaning": operator.meaning,
        "takes": operator.takes.name.lower(),
        "operand": _word_of(operator.operand),
        "operand_meaning": operator.operand.value,
        "complements": _complements(operator),
        "on_birthdays": operator.twin,
    }


# schema


def _register_schema(commands: _Commands[_Parser]) -> None:
    parser = _add_command(
        commands,
        "schema",
        _schema,
        "print the JSON Schema of segment definitions",
        """\
The schema (draft 2020-12) is of one segment; its $defs hold the filter, the conditions and the operand of every operator.
Editors complete and check definitions with it. 'segmentation check' sees more, such as an id that occurs twice.

examples:
  segmentation schema > segment.schema.json
  segmentation schema --filter > filter.schema.json
""",
    )
    parser.add_argument("--filter", action="store_true", help="print the schema of a filter alone")


def _schema(arguments: argparse.Namespace) -> int:
    from segmentation.language.schema import filter_schema, segment_schema  # noqa: PLC0415 - only this command needs it

    print(_indented(filter_schema() if arguments.filter else segment_schema()))
    return FINE

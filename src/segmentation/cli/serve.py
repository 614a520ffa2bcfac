"""`segmentation serve` and `segmentation import`: the HTTP service, and what fills its store."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from segmentation.cli.files import content, label, lines_of, opened
from segmentation.cli.options import DATA, FINE, USAGE, CommandError, Commands, Parser, add_command, add_reading_options, engine_settings
from segmentation.cli.printing import complain, counted, located
from segmentation.errors import DefinitionError

if TYPE_CHECKING:
    from segmentation.service.store import Store

_DATABASE = "store: the path of a SQLite file, or a URL such as sqlite:///segments.db or postgresql+psycopg://host/name; made if need be"
_LONGEST_LINE = 1 << 20
_IMPORT_SECONDS = 60.0


def register(commands: Commands[Parser]) -> None:
    """Register the commands."""
    _register_serve(commands)
    _register_import(commands)


def _register_serve(commands: Commands[Parser]) -> None:
    parser = add_command(
        commands,
        "serve",
        _serve,
        "answer GET /v1/customers/{customerId}/segments over HTTP",
        """\
Needs the extra: pip install "segmentation[service]". Requests must have the headers X-App-Id and X-App-Token; their
values are taken from the environment variables SEGMENTATION_APP_ID and SEGMENTATION_APP_TOKEN.

examples:
  export SEGMENTATION_APP_ID=shop SEGMENTATION_APP_TOKEN=secret
  segmentation serve --db segments.db
  segmentation serve --db segments.db --host 0.0.0.0 --port 80 --workers 4 --timezone Europe/Warsaw
  curl -H "X-App-Id: shop" -H "X-App-Token: secret" http://127.0.0.1:8000/v1/customers/visitor-1/segments
""",
    )
    parser.add_argument("--db", metavar="URL", required=True, help=_DATABASE)
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8000, help="port to listen on (default: 8000)")
    parser.add_argument("--workers", type=_positive, default=1, help="processes, each with an engine of its own (default: 1)")
    add_reading_options(parser)


def _register_import(commands: Commands[Parser]) -> None:
    parser = add_command(
        commands,
        "import",
        _import,
        "put segments or customers from a file into a store",
        """\
Segments are what --segments takes elsewhere; all are stored or, when one is faulty or its id is stored already, none.
Their order, ids and created_at are kept. Customers are JSON Lines; each replaces the stored one with its id, or else
its source_id. A line that cannot be stored is reported on standard error with its number; the others are stored, and
the exit code is 1. A service that runs on the store sees what was imported at once.

examples:
  segmentation import segments segments.json --db segments.db --attributes attributes.json
  zcat customers.jsonl.gz | segmentation import customers - --db segments.db
""",
    )
    parser.add_argument("kind", choices=("segments", "customers"), help="what the file holds")
    parser.add_argument("file", metavar="FILE", help="the file; - reads standard input")
    parser.add_argument("--db", metavar="URL", required=True, help=_DATABASE)
    add_reading_options(parser)


def _host(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty address would be all of them; those are 0.0.0.0, or ::")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65_535):  # noqa: PLR2004 - the largest port
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 999):  # noqa: PLR2004 - more is a slip
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 999")
    return int(text)


def _serve(arguments: argparse.Namespace) -> int:
    try:
        from segmentation.service import Settings, StoreError  # noqa: PLC0415 - an extra
        from segmentation.service.serve import serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _extra_is_missing(error) from None
    try:
        serve(Settings.from_environment(arguments.db, **engine_settings(arguments)), arguments.host, arguments.port, arguments.workers)
    except DefinitionError as error:
        for problem in error.problems:
            print(located("the store", problem), file=sys.stderr)  # not its URL, which may hold a password
        raise CommandError("the segments in the store cannot be read with these options", DATA) from None
    except StoreError as error:
        raise CommandError(f"the store cannot be used: {error}", USAGE) from None
    except ValueError as error:  # of the settings, or of the engine's options
        raise CommandError(str(error), USAGE) from None
    return FINE


def _import(arguments: argparse.Namespace) -> int:
    try:
        from segmentation.service import SettingsError, StoreError  # noqa: PLC0415 - an extra
        from segmentation.service.sql import open_store  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _extra_is_missing(error) from None
    load = _import_segments if arguments.kind == "segments" else _import_customers
    try:
        store = open_store(arguments.db, _IMPORT_SECONDS)
        try:
            return load(store, arguments)
        finally:
            store.close()
    except SettingsError as error:
        raise CommandError(str(error), USAGE) from None
    except StoreError as error:
        raise CommandError(f"the store cannot be used: {error}", USAGE) from None


def _import_segments(store: Store, arguments: argparse.Namespace) -> int:
    from segmentation.service.loading import load_segments  # noqa: PLC0415 - an extra

    try:
        total, warnings = load_segments(store, content(arguments.file), engine_settings(arguments))
    except DefinitionError as error:
        for problem in error.problems:
            print(located(arguments.file, problem), file=sys.stderr)
        raise CommandError(f"{counted(len(error.problems), 'problem')} in {label(arguments.file)}; nothing was stored", DATA) from None
    except ValueError as error:
        raise CommandError(str(error), USAGE) from None
    for warning in warnings:
        print(located(arguments.file, warning, "warning: "), file=sys.stderr)
    print(f"stored {counted(total, 'segment')}")
    return FINE


def _import_customers(store: Store, arguments: argparse.Namespace) -> int:
    from segmentation.service.loading import load_customers  # noqa: PLC0415 - an extra

    name = label(arguments.file)
    code, stored = FINE, 0

    def fault(number: int, why: str) -> None:
        nonlocal code
        code = DATA
        complain(f"{name}, line {number}: {why}")

    def progress(total: int) -> None:
        nonlocal stored
        stored = total
        if sys.stderr.isatty():
            print(f"\r{total:,} customers", end="", file=sys.stderr, flush=True)

    try:
        with opened(arguments.file) as stream:
            load_customers(store, lines_of(stream, name), _LONGEST_LINE, fault, progress)
    except BaseException:
        complain(f"{name}: stopped; {counted(stored, 'customer')} had been stored")
        raise
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"stored {counted(stored, 'customer')}")
    return code


def _extra_is_missing(error: ModuleNotFoundError) -> CommandError:
    return CommandError(f'this command needs {error.name}: pip install "segmentation[service]"', USAGE)

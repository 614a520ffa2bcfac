"""Files and standard input: definitions whole, customers line by line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from enum import Enum, auto
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from segmentation.cli.options import DATA, USAGE, CommandError
from segmentation.errors import unreadable

STDIN = "-"


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file, or standard input, to read bytes from."""
    if path == STDIN:
        if sys.stdin is None:
            raise CommandError("there is no standard input", USAGE)
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(Path(path).open("rb"))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", USAGE) from None
        yield stream


def content(path: str) -> bytes:
    """All of a file, or of standard input."""
    with opened(path) as stream:
        try:
            return stream.read()
        except OSError as error:
            raise CommandError(f"{label(path)}: {error.strerror}", USAGE) from None


def label(path: str) -> str:
    """What a file is called in messages."""
    return "<stdin>" if path == STDIN else path


Line = tuple[int, bytes]


def lines_of(stream: BinaryIO, name: str) -> Iterator[Line]:
    """The lines of a stream that are not blank, numbered from 1, without a byte order mark."""
    number = 0
    try:
        for number, line in enumerate(stream, 1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield number, text
    except OSError as error:
        raise CommandError(f"{name}, after line {number}: {error.strerror}", USAGE) from None


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


def one_or_many(lines: Iterator[Line], name: str) -> tuple[bytes | None, Iterator[Line]]:
    """The one JSON object that all lines together are, or else the lines, which then are JSON Lines.

    Reads no further than it must to tell, by twice as many lines each time: JSON Lines show by their second line, and reading a customer of many
    lines stays linear.

    Raises:
        CommandError: The input is a JSON array, or one object with a fault in it.
    """
    held: list[Line] = []
    wanted = 1
    while True:
        held += islice(lines, wanted - len(held))
        is_all = len(held) < wanted
        text = b"".join(line for _, line in held)
        kind = _kind(text)
        if is_all and kind is _Text.OBJECT:
            return text, iter(())
        if text.lstrip().startswith(b"[") and (kind is _Text.UNFINISHED or (is_all and kind is _Text.OTHER)):
            hint = "" if name == label(STDIN) else f" {name}"
            raise CommandError(f"{name}: a JSON array; customers are given one a line (JSON Lines), as by: jq -c '.[]'{hint}", DATA)
        if is_all or kind is _Text.BROKEN:
            break
        wanted *= 2
    objects = sum(_kind(line) is _Text.OBJECT for _, line in held)
    if 2 * objects < len(held) and _kind(held[0][1]) is _Text.UNFINISHED and len(held) > 1:
        raise CommandError(f"{name}: neither one JSON object nor JSON Lines: {fault(text, [number for number, _ in held])}", DATA)
    return None, chain(held, lines)


def fault(text: bytes, numbers: Sequence[int] = ()) -> str:
    """What is wrong with text that is not JSON; `numbers` are those of its lines, when it has several."""
    try:
        json.loads(text.rstrip().decode())
    except (RecursionError, ValueError) as error:
        return unreadable(error, numbers)
    return "not JSON"

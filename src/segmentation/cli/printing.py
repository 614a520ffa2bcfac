"""What commands print, one way for all of them."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from segmentation.cli.files import label
from segmentation.errors import Problem
from segmentation.explain.seen import escaped


def complain(message: str) -> None:
    """Tell of an error on standard error."""
    print(f"segmentation: error: {on_one_line(message)}", file=sys.stderr)


def on_one_line(text: str) -> str:
    """Text with its control characters escaped: keys and file names may hold any."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda found: repr(found[0])[1:-1], text)


def located(path: str, problem: Problem, prefix: str = "") -> str:
    """A problem of a file, on one line."""
    return on_one_line(f"{label(path)}: {prefix}{problem}")


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def indented(document: Any) -> str:
    """JSON text for people, whatever is in it fit for a terminal; JSON's own line breaks stand outside of texts."""
    return "\n".join(map(escaped, json.dumps(document, indent=2, ensure_ascii=False).split("\n")))

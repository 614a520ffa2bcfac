"""Cases as data: files of customers with the segments that they should be in, as tests of pytest; and the loading of segment files in tests.

A file of cases is one JSON object:

    {"segments": "segments.json", "attributes": {"metadata.signup": "date"}, "timezone": "Europe/Warsaw", "now": "2026-11-22T12:00:00Z", "cases": [
        {"name": "a new customer", "customer": {"name": "Ana"}, "expected": ["seg_new"]},
        {"name": "a leap day", "customer": {"birthdate": "1992-02-29"}, "now": "2027-02-28T12:00:00Z", "in": ["seg_birthday"], "not_in": ["seg_new"]}
    ]}

`segments` is a path, relative to the file, or the definitions themselves; so are `attributes` and `locations`. A case has `expected`, all the
segments and no others, or `in`, or `not_in`, or both of these. Its `name` is its own (default: `case` and its number). Its `now` precedes that of the
file; one of them must be there, since tests that depend on the day on which they run are of no use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from segmentation import iso8601
from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError, article, json_type, nearest, shown, unreadable
from segmentation.explain.seen import escaped

__all__ = ["CaseItem", "CasesFile", "Loader", "loader"]

Loader = Callable[..., SegmentEngine]
"""From the path of a segment file, and the options of an engine, to the engine."""

_TEXTS = ("timezone", "week_start")
_OBJECTS = ("attributes", "locations")
_OPTIONS = (*_TEXTS, *_OBJECTS)
_FILE_KEYS = ("segments", "now", "cases", *_OPTIONS)
_EXPECTATIONS = ("expected", "in", "not_in")
_CASE_KEYS = ("name", "customer", "now", *_EXPECTATIONS)


def loader(directory: Path) -> Loader:
    """A function that loads segment files, whose paths are relative to a directory, and fails the test that uses it when one is faulty."""

    def load(path: str | Path, **options: Any) -> SegmentEngine:
        __tracebackhide__ = True
        try:
            return SegmentEngine.from_json(directory / path, **options)
        except DefinitionError as error:
            pytest.fail(f"{path}: {error}", pytrace=False)
        except OSError as error:
            pytest.fail(f"{path}: {error.strerror}", pytrace=False)

    return load


class CasesFile(pytest.File):
    """A file of cases; its tests are the cases."""

    def collect(self) -> Iterator[CaseItem]:
        """Read the file.

        Raises:
            CollectError: The file, or the segments that it names, cannot be read; the message says all that is wrong.
        """
        document = self.read(self.path)
        self.check_keys("the file", document, _FILE_KEYS)
        engine = self.engine(document)
        cases = document.get("cases")
        if not isinstance(cases, list) or not cases:
            raise self.fault("cases is an array of at least one case")
        if "now" in document:
            self.moment(document["now"], "the file")
        known = {segment.id for segment in engine.segments}
        numbers: dict[str, int] = {}
        for number, case in enumerate(cases, 1):
            name = self.checked(case, number, known)
            if numbers.setdefault(name, number) != number:
                raise self.fault(f"case {number} has the name of case {numbers[name]}, {shown(name)}")
            now = self.moment(case.get("now", document.get("now")), f"case {number}")
            yield CaseItem.from_parent(self, name=escaped(name), engine=engine, case=case, now=now)

    def fault(self, message: str) -> Exception:
        """The error that ends the collection of this file."""
        return self.CollectError(f"{self.path.name}: {message}")

    def read(self, path: Path) -> dict[str, Any]:
        """The JSON object in a file. A key that occurs twice is refused: a second `in` would hide the first."""
        try:
            document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_members)
        except OSError as error:
            raise self.fault(f"{path}: {error.strerror}") from None
        except _TwiceError as error:
            raise self.fault(f"{path.name}: the key {shown(error.args[0])} occurs twice in one object") from None
        except (RecursionError, ValueError) as error:
            raise self.fault(f"{path.name} cannot be read: {unreadable(error)}") from None
        if not isinstance(document, dict):
            raise self.fault(f"{path.name} holds {article(json_type(document))}, not an object")
        return document

    def check_keys(self, what: str, document: Mapping[str, Any], known: tuple[str, ...]) -> None:
        """Refuse keys that nobody would read: a misspelt `expected` would expect nothing."""
        for key in document:
            if key not in known:
                near = nearest(key, known)
                raise self.fault(f"{what} has {', '.join(known)}, and no {key!r}{f' (did you mean {near}?)' if near else ''}")

    def engine(self, document: Mapping[str, Any]) -> SegmentEngine:
        """The engine of the segments that the file names, or holds."""
        options = {key: document[key] for key in _OPTIONS if key in document}
        for key, value in options.items():
            if key in _OBJECTS and isinstance(value, str):
                options[key] = self.read(self.path.parent / value)
            elif not isinstance(value, str if key in _TEXTS else dict):
                raise self.fault(f"{key} is {'text' if key in _TEXTS else 'an object, or the path of a file that holds one'}, not {article(json_type(value))}")
        segments = document.get("segments")
        try:
            if isinstance(segments, str):
                return SegmentEngine.from_json(self.path.parent / segments, **options)
            return SegmentEngine.from_json(json.dumps(segments), **options)
        except OSError as error:
            raise self.fault(f"{segments}: {error.strerror}") from None
        except DefinitionError as error:
            raise self.fault(f"{segments if isinstance(segments, str) else 'segments'}: {error}") from None
        except ValueError as error:  # of the options
            raise self.fault(str(error)) from None

    def checked(self, case: Any, number: int, known: set[str]) -> str:
        """The name of a case that is as it should be."""
        if not isinstance(case, dict):
            raise self.fault(f"case {number} is an object, not {article(json_type(case))}")
        name = case.get("name", f"case {number}")
        self.check_keys(f"case {number}", case, _CASE_KEYS)
        if not isinstance(name, str) or not name:
            raise self.fault(f"case {number}: name is text of one letter or more, not {shown(name)}")
        if not isinstance(case.get("customer"), dict):
            raise self.fault(f"case {number}: customer is an object")
        if not any(key in case for key in _EXPECTATIONS) or ("expected" in case and len(_EXPECTATIONS & case.keys()) > 1):
            raise self.fault(f"case {number} has either expected, or in and not_in")
        for key in _EXPECTATIONS:
            expected = case.get(key, [])
            if not isinstance(expected, list):
                raise self.fault(f"case {number}: {key} is an array of the ids of segments, not {article(json_type(expected))}")
            for segment_id in expected:
                if not isinstance(segment_id, str) or segment_id not in known:
                    near = nearest(segment_id, sorted(known)) if isinstance(segment_id, str) else None
                    raise self.fault(f"case {number}: no segment has the id {shown(segment_id)}{f' (did you mean {near}?)' if near else ''}")
        if both := sorted({*case.get("in", ())} & {*case.get("not_in", ())}):
            raise self.fault(f"case {number}: {shown(both[0])} is both in and not_in")
        return name

    def moment(self, text: Any, name: str) -> datetime:
        """The moment of a case, or of the file."""
        found = iso8601.parse(text) if isinstance(text, str) else None
        if not isinstance(found, datetime) or found.tzinfo is None:
            raise self.fault(f"{name}: now is an ISO 8601 date-time with an offset, such as 2026-11-22T12:00:00Z, in the case or in the file")
        return found


class _TwiceError(Exception):
    """A key occurs twice in an object."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object."""
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise _TwiceError(key)
        members[key] = value
    return members


class _Unexpected(Exception):  # noqa: N818 - an outcome, not an error
    """The customer is not in the segments that were expected."""


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, engine: SegmentEngine, case: Mapping[str, Any], now: datetime, **more: Any) -> None:
        super().__init__(**more)
        self.engine = engine
        self.case = case
        self.now = now

    def runtest(self) -> None:
        """Compare, and explain every segment about which the case is mistaken."""
        customer, found = self.case["customer"], set(self.engine.segment_ids(self.case["customer"], self.now))
        wanted = set(self.case.get("expected", self.case.get("in", ())))
        barred = {segment.id for segment in self.engine.segments} - wanted if "expected" in self.case else set(self.case.get("not_in", ()))
        wrong = [segment.id for segment in self.engine.segments if segment.id in (wanted - found) | (barred & found)]
        if wrong:
            raise _Unexpected("\n\n".join(self.engine.explain(customer, segment_id, self.now).to_text() for segment_id in wrong))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the explanations without a trace of the calls."""
        if isinstance(excinfo.value, _Unexpected):
            return f"{self.path.name}: {self.name}: the customer is\n\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the case stands."""
        return self.path, None, f"{self.path.name}: {self.name}"

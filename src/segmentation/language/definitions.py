"""A set of segment definitions, from text or data to predicates, with every problem collected (spec sections 1 and 8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segmentation.errors import DefinitionError, Problem, article, is_utf8, json_type, pointer, unreadable
from segmentation.language.normalise import normalise
from segmentation.language.options import Options
from segmentation.language.parse import DEEPEST, Path, parse_filter
from segmentation.language.predicate import Listed, Predicate
from segmentation.model.segment import Fault, Segment, faults, type_of

__all__ = ["Definition", "Document", "compile_definitions", "documents_in", "value_in"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A segment that was accepted: what it is called, as it was written, and what it means.

    Held as text, since engines have many and look at few: the properties read it anew each time.
    """

    id: str
    name: str
    written: str | dict[str, Any]
    """The JSON text of the document, or a copy of one that JSON text cannot carry."""
    options: Options
    """What its filter is read under."""
    warnings: tuple[Fault, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The definition as it was given."""
        document: dict[str, Any] = json.loads(self.written) if isinstance(self.written, str) else self.written
        return document

    @property
    def predicate(self) -> Predicate:
        """What it means."""
        return _definition(self.document, self.options)[2]

    def warnings_at(self, index: int) -> list[Problem]:
        """The warnings about it, when it stands at `index` in a set."""
        return _located(self.warnings, index, self.id, self.document)


@dataclass(frozen=True, slots=True)
class Document:
    """What a source of definitions holds: the elements that should be segments, and what is wrong with the source itself."""

    elements: Sequence[Any]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class _Repeated(dict[str, Any]):
    """A JSON object in which keys occur twice, itself or inside; it holds the last value of each."""

    __slots__ = ("keys_twice",)
    keys_twice: list[str]


# From text


def documents_in(text: str | bytes | bytearray) -> Document:
    """Read JSON text as a set of definitions: an array, one segment, a list response, or JSON Lines.

    A byte order mark, CRLF and blank lines are accepted. Never raises for the text: what is wrong with it is among the problems.
    """
    try:
        source = _decoded(text)
    except UnicodeDecodeError as error:
        return Document((), (_unreadable("the text cannot be read", error),))
    try:
        return _document(_loads(source))
    except (RecursionError, ValueError) as error:
        lines = None if isinstance(error, RecursionError) else _lines(source)
        return lines or Document((), (_unreadable("the text cannot be read", error),))


def value_in(text: str | bytes | bytearray) -> Any:
    """The JSON value of a text whose objects remember keys that occur twice, for `compile_definitions` to report.

    Raises:
        ValueError: The text is not JSON.
        RecursionError: It is nested too deep to be read.
    """
    return _loads(_decoded(text))


def _decoded(text: str | bytes | bytearray) -> str:
    source = text if isinstance(text, str) else text.decode(json.detect_encoding(text))
    return source.removeprefix("\ufeff")


def _lines(source: str) -> Document | None:
    """Read JSON Lines; None when most lines are no objects of their own, so that the text is not meant as lines."""
    elements: list[Any] = []
    problems: list[Problem] = []
    numbered = [(number, line) for number, line in enumerate(source.split("\n"), 1) if line.strip()]
    for number, line in numbered:
        try:
            elements.append(_loads(line))
        except (RecursionError, ValueError) as error:
            problems.append(_unreadable(f"line {number} cannot be read", error, ()))
    is_lines = len(numbered) > 1 and 2 * sum(isinstance(element, dict) for element in elements) >= len(numbered)
    return Document(elements, tuple(problems)) if is_lines else None


def _unreadable(what: str, error: ValueError | RecursionError, lines: Sequence[int] | None = None) -> Problem:
    code = "too_deep" if isinstance(error, RecursionError) else "bad_json"
    return _problem_of_source(code, f"{what}: {unreadable(error, lines)}")


def _loads(source: str) -> Any:
    """The value of JSON text. If keys occur twice in it, all its objects are `_Repeated`."""
    are_unique = True

    def members_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal are_unique
        members = dict(pairs)
        are_unique = are_unique and len(members) == len(pairs)
        return members

    value = json.loads(source, object_pairs_hook=members_of)
    return value if are_unique else json.loads(source, object_pairs_hook=_repeated)


def _repeated(pairs: list[tuple[str, Any]]) -> _Repeated:
    repeated = _Repeated(pairs)
    seen: set[str] = set()
    repeated.keys_twice = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # add answers None
    return repeated


def _document(parsed: Any) -> Document:
    if isinstance(parsed, list):
        return Document(parsed)
    if not isinstance(parsed, dict):
        message = f"segment definitions are an array, an object or JSON Lines, not {article(json_type(parsed))}"
        return Document((), (Problem(0, None, "", "bad_segment", message),))
    elements = next((parsed[key] for key in ("data", "segments") if isinstance(parsed.get(key), list)), None)
    if elements is None or (parsed.get("object") != "list" and ("id" in parsed or "filter" in parsed)):
        return Document([parsed])
    problems = tuple(_problem_of_source("duplicate_key", f"the key {key!r} occurs twice") for key in dict.fromkeys(getattr(parsed, "keys_twice", ())))
    total = parsed.get("total")
    warnings: tuple[Problem, ...] = ()
    if isinstance(total, int | float) and not isinstance(total, bool) and total > len(elements):
        warnings = (_problem_of_source("partial_list", f"the list says it has {total} segments and holds {len(elements)}: it is one page of them"),)
    return Document(elements, problems, warnings)


def _problem_of_source(code: str, message: str) -> Problem:
    return Problem(0, None, "", code, message)


# From data


def compile_definitions(document: Document, options: Options, is_taken: Callable[[str], bool] = lambda _: False) -> Iterator[tuple[Definition, Predicate]]:
    """Read every definition, one after the other, with its predicate.

    Args:
        document: The definitions.
        options: The options under which filters are read.
        is_taken: Whether a segment that is not in the document has an id already.

    Raises:
        DefinitionError: At the end, when something is wrong with some definition; it carries every problem of all of them.
    """
    problems = list(document.problems)
    first_with_id: dict[str, int] = {}
    for index, element in enumerate(document.elements):
        written = element.definition() if isinstance(element, Segment) else element
        if not isinstance(written, Mapping):
            problems.append(Problem(index, None, "", "bad_segment", f"a segment is an object, not {article(json_type(written))}"))
            continue
        found, warnings, predicate = _definition(written, options)
        if isinstance(written, _Repeated):
            found = [*_repetitions(written), *found]
        segment_id = written.get("id")
        segment_id = segment_id if isinstance(segment_id, str) and segment_id and is_utf8(segment_id) else None
        if segment_id is not None:
            first = first_with_id.setdefault(segment_id, index)
            if first != index or is_taken(segment_id):
                other = f"segment {first}" if first != index else "a segment that is there"
                found.append(Fault(("id",), "duplicate_id", f"the id {segment_id!r} is already that of {other}"))
        if found:
            problems += _located(found, index, segment_id, written)
        if not problems:
            yield Definition(written["id"], written["name"], _held(written), options, tuple(warnings)), predicate
    if problems:
        raise DefinitionError(problems)


def _held(written: Mapping[str, Any]) -> str | dict[str, Any]:
    """What an engine keeps of a definition, so that nobody changes it behind its back."""
    try:
        text = json.dumps(written)
        if json.loads(text) == written:
            return text
    except Exception:  # noqa: BLE001, S110 - it holds objects of someone's making, or NaN, or is nested too deep
        pass
    copied: dict[str, Any] = _copied(written)
    return copied


_COPIED_DEPTH = 3 * DEEPEST + 16  # two containers a level of a filter, and what stands around and in it


def _copied(value: Any, depth: int = _COPIED_DEPTH) -> Any:
    """A copy of the containers of a definition, so that nobody changes it behind the engine's back. What is kept below any filter is shared."""
    if isinstance(value, Mapping) and depth:
        return {key: _copied(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list) and depth:
        return [_copied(inner, depth - 1) for inner in value]
    return value


def _definition(written: Mapping[str, Any], options: Options) -> tuple[list[Fault], list[Fault], Predicate]:
    """The faults of one definition, its warnings, and its predicate."""
    found = list(faults(written))
    if type_of(written) == "static":
        customers = written.get("customers")
        listed = Listed(frozenset(name for name in customers if isinstance(name, str)) if isinstance(customers, list | tuple) else frozenset())
        noticed = [] if customers is not None else [_NO_MEMBERS]
        return found, noticed, listed
    if not isinstance(written.get("filter"), Mapping):
        return found, [], Listed(frozenset())
    predicate, wrong, noticed = parse_filter(written["filter"], options, ("filter",))
    return found + wrong, noticed, predicate if wrong else normalise(predicate)


_NO_MEMBERS = Fault(("customers",), "static_without_members", "a static segment without customers contains nobody")


_Trail = tuple[Any, str | int] | None
"""A path from its end: the trail to the container, and the key in it. Paths of their own would cost the square of the depth."""


def _path(trail: _Trail) -> Path:
    tokens = []
    while trail is not None:
        trail, token = trail
        tokens.append(token)
    return tuple(reversed(tokens))


def _repetitions(written: Mapping[str, Any]) -> Iterator[Fault]:
    """The keys that occur twice in an object, anywhere in a definition. With a stack of its own: what is kept may be nested deep."""
    pending: list[tuple[_Trail, Any]] = [(None, written)]
    while pending:
        trail, value = pending.pop()
        if isinstance(value, _Repeated):
            for key in dict.fromkeys(value.keys_twice):
                yield Fault(_path((trail, key)), "duplicate_key", f"the key {key!r} occurs twice in one object; only the last would count")
        if isinstance(value, dict):
            pending += [((trail, key), inner) for key, inner in value.items() if isinstance(inner, dict | list)]
        elif isinstance(value, list):
            pending += [((trail, index), inner) for index, inner in enumerate(value) if isinstance(inner, dict | list)]


def _located(found: Iterable[Fault], index: int, segment_id: str | None, written: Mapping[str, Any]) -> list[Problem]:
    """Faults as problems, in document order."""
    ordered = sorted(found, key=lambda fault: _position(written, fault.path))
    return [Problem(index, segment_id, pointer(*fault.path), fault.code, fault.message, fault.suggestion) for fault in ordered]


def _position(document: Any, path: Path) -> list[float]:
    """Where a path leads in a document, for sorting: an object stands before what is in it, a missing member after all that is there."""
    position: list[float] = []
    for token in path:
        if isinstance(document, Mapping) and token in document:
            position.append(list(document).index(token))
            document = document[token]
        elif isinstance(document, list | tuple) and isinstance(token, int):
            position.append(token)
            document = document[token]
        else:
            return [*position, float("inf")]
    return position

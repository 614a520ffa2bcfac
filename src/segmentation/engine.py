"""The engine: a set of segments, compiled once, asked for every customer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic_core import from_json

from segmentation.errors import Problem, RecordError, RecordTypeError, UnknownSegmentError, article, json_type, nearest, unreadable
from segmentation.language.dates import Calendar, Clock
from segmentation.language.definitions import Definition, Document, compile_definitions, documents_in
from segmentation.language.options import Options
from segmentation.language.predicate import Predicate, leaves
from segmentation.matching import Matcher, Readings, Test, compile_predicate
from segmentation.model import Customer, CustomerSegmentsList, Segment, SimpleSegment

if TYPE_CHECKING:
    from pyarrow import RecordBatch

    from segmentation.batch import Membership, Program
    from segmentation.explain import Explanation

__all__ = ["SegmentEngine"]

Record = Customer | Mapping[str, Any] | str | bytes | bytearray
"""What an engine takes as a customer: the model, a JSON object, or the JSON text of one."""


_CACHE_BYTES = 256 << 20
"""What remembered rows may take."""

_Clocks = tuple[tuple[datetime | None, Clock], tuple[datetime | None, Clock]]
"""The last two moments that were asked for, with their clocks: one value, so that threads see all of it or nothing."""

_NO_CLOCKS: _Clocks = ((None, Clock(1, 0, 0)), (None, Clock(1, 0, 0)))


class _Held:
    """A segment in an engine, with its forms in answers and as a test, each made when first asked for: threads that race make equal ones.

    The forms in answers are slots that are filled when first read, because an answer reads hundreds, and properties would take longer than the rest.
    """

    __slots__ = ("_test", "definition", "id", "json", "order", "simple")

    simple: SimpleSegment
    json: bytes

    def __init__(self, order: int, definition: Definition) -> None:
        self.order = order
        self.id = definition.id
        self.definition = definition
        self._test: Test | None = None

    def __getattr__(self, name: str) -> Any:
        """What an empty slot comes to."""
        if name == "simple":
            self.simple = SimpleSegment(id=self.definition.id, name=self.definition.name)
            return self.simple
        if name == "json":
            self.json = self.simple.model_dump_json().encode()
            return self.json
        raise AttributeError(name)

    def test(self, calendar: Calendar) -> Test:
        if self._test is None:
            self._test = compile_predicate(self.definition.predicate, Readings(calendar))
        return self._test


_order: Callable[[_Held], int] = attrgetter("order")
_id: Callable[[_Held], str] = attrgetter("id")
_predicate: Callable[[_Held], Predicate] = attrgetter("definition.predicate")
_json: Callable[[_Held], bytes] = attrgetter("json")
_simple: Callable[[_Held], SimpleSegment] = attrgetter("simple")


def _settings(
    timezone: str,
    week_start: str,
    attributes: Mapping[str, str] | None,
    locations: Mapping[str, Any] | None,
    *,
    cache: bool,
) -> dict[str, Any]:
    """The arguments of an engine, copied: what a pickle restores it from."""
    return {"timezone": timezone, "week_start": week_start, "attributes": dict(attributes or {}), "locations": dict(locations or {}), "cache": cache}


class SegmentEngine:
    """Answers which segments a customer is in.

    Segments are compiled once; an engine never changes afterwards, may be shared between threads, and can be pickled.

    Args:
        segments: Segment definitions, as `Segment` models or as mappings (spec section 1).
        timezone: IANA name of the time zone in which days begin and end (section 4).
        week_start: The first day of the week: `monday`, `sunday` or `saturday`.
        attributes: Types of attributes that the data does not show by itself, such as `{"metadata.signup": "date"}` (section 3).
        locations: Shapes by location id, for `$in_location` (section 5.9).
        cache: Whether to remember, within bounds, what was found for values seen before. Answers do not depend on it.

    Raises:
        DefinitionError: Something is wrong with the segments; its `problems` lists everything, in document order.
        ValueError: Something is wrong with the options.

    Examples:
        >>> engine = SegmentEngine([{"id": "seg_1", "name": "Start with S", "filter": {"name": {"conditions": {"$starts_with": "S"}}}}])
        >>> engine.segment_ids({"name": "Sofia"})
        ['seg_1']
    """

    __slots__ = ("_clocks", "_held", "_matcher", "_next_order", "_options", "_program", "_settings", "_source_warnings")

    def __init__(
        self,
        segments: Iterable[Segment | Mapping[str, Any]],
        timezone: str = "UTC",
        week_start: str = "monday",
        attributes: Mapping[str, str] | None = None,
        locations: Mapping[str, Any] | None = None,
        *,
        cache: bool = True,
    ) -> None:
        if isinstance(segments, str | bytes | Mapping) or not isinstance(segments, Iterable):
            raise TypeError(f"segments is an iterable of Segment or mapping, not {article(json_type(segments))}; JSON text is read by SegmentEngine.from_json")
        self._build(Document(list(segments)), _settings(timezone, week_start, attributes, locations, cache=cache))

    @classmethod
    def from_json(
        cls,
        source: str | bytes | bytearray | os.PathLike[str],
        timezone: str = "UTC",
        week_start: str = "monday",
        attributes: Mapping[str, str] | None = None,
        locations: Mapping[str, Any] | None = None,
        *,
        cache: bool = True,
    ) -> Self:
        """An engine of the segments in JSON: an array, one segment, an API list response, or JSON Lines.

        Args:
            source: JSON text (`str`, `bytes` or `bytearray`), or the path of a file (`os.PathLike`).
            timezone: See the class.
            week_start: See the class.
            attributes: See the class.
            locations: See the class.
            cache: See the class.

        Raises:
            DefinitionError: As for the class, and when the text is not JSON or an object in it has a key twice.
            OSError: The file cannot be read.
            TypeError: The source is neither.
        """
        text = Path(source).read_bytes() if isinstance(source, os.PathLike) else source
        if not isinstance(text, str | bytes | bytearray):
            raise TypeError(f"segments are read from JSON text or from a path of the type os.PathLike, not from {article(json_type(source))}")
        engine = cls.__new__(cls)
        engine._build(documents_in(text), _settings(timezone, week_start, attributes, locations, cache=cache))
        return engine

    def _build(self, document: Document, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._options = Options.of(settings["timezone"], settings["week_start"], settings["attributes"], settings["locations"])
        self._source_warnings = document.warnings
        self._held: dict[str, _Held] = {}
        self._clocks = _NO_CLOCKS
        self._program: Program | None = None
        budget = _CACHE_BYTES if settings["cache"] else 0
        self._matcher = Matcher(self._arriving(document), len(document.elements), self._options.calendar, budget, _order, _id, _predicate)
        self._next_order = len(self._held)

    def _arriving(self, document: Document) -> Iterator[tuple[int, _Held, Predicate]]:
        for order, (definition, predicate) in enumerate(compile_definitions(document, self._options)):
            held = self._held[definition.id] = _Held(order, definition)
            yield order, held, predicate

    # Answers

    def evaluate(self, customer: Record, now: datetime | None = None) -> CustomerSegmentsList:
        """The segments that a customer is in, as the endpoint lists them.

        Never raises for what a JSON object holds.

        Args:
            customer: A `Customer`, a mapping, or the JSON text of one object.
            now: An aware date-time; default: the current time.

        Raises:
            RecordError: The text is not JSON.
            RecordTypeError: The customer is not an object (a `TypeError`).
            ValueError: `now` has no time zone.
        """
        return CustomerSegmentsList.of([*map(_simple, self._match(customer, now))])

    def evaluate_json(self, customer: Record, now: datetime | None = None) -> bytes:
        """The answer of `evaluate` as JSON text in UTF-8."""
        pieces = [*map(_json, self._match(customer, now))]
        return b'{"object":"list","data_ref":"data","data":[%b],"total":%d}' % (b",".join(pieces), len(pieces))

    def segment_ids(self, customer: Record, now: datetime | None = None) -> list[str]:
        """The ids of the segments that a customer is in, in definition order."""
        record = customer if type(customer) is dict else read_record(customer)
        return self._matcher.labels(record, self._clock(now))

    def is_member(self, customer: Record, segment_id: str, now: datetime | None = None) -> bool:
        """Whether a customer is in one segment.

        Raises:
            UnknownSegmentError: No segment has this id (a `KeyError`).
        """
        return bool(self._find(segment_id).test(self._options.calendar)(read_record(customer), self._clock(now)))

    def evaluate_unknown(self, customer_id: str, now: datetime | None = None) -> CustomerSegmentsList:
        """The segments that a customer who is not stored would be in if it were created now (section 6)."""
        now = datetime.now(UTC) if now is None else now
        self._clock(now)  # refuses a naive now before it becomes data
        return self.evaluate(unknown_customer(customer_id, now), now)

    def explain(self, customer: Record, segment_id: str, now: datetime | None = None) -> Explanation:
        """Why a customer is, or is not, in one segment: every condition with its verdict, and what it saw.

        Takes as long as it takes; `is_member` is for asking often. The explanation holds the customer's values, see `Explanation.redacted`.

        Raises:
            UnknownSegmentError: No segment has this id (a `KeyError`).
        """
        from segmentation.explain import explain  # noqa: PLC0415 - engines that are never asked why do not load it

        definition = self._find(segment_id).definition
        return explain(definition.document, definition.predicate, self._options, read_record(customer), self._clock(now))

    def _match(self, customer: Record, now: datetime | None) -> list[_Held]:
        return self._matcher.match(read_record(customer), self._clock(now))

    def _clock(self, now: datetime | None) -> Clock:
        if now is None:
            return self._options.calendar.clock()
        for last, clock in self._clocks:
            if now is last:
                return clock
        clock = self._options.calendar.clock(now)
        self._clocks = ((now, clock), self._clocks[0])
        return clock

    def _find(self, segment_id: str) -> _Held:
        try:
            return self._held[segment_id]
        except (KeyError, TypeError):
            near = nearest(str(segment_id), list(self._held))
            hint = f"; did you mean {near!r}?" if near else ""
            raise UnknownSegmentError(f"no segment has the id {segment_id!r}{hint}") from None

    # Tables

    def evaluate_table(self, table: Any, now: datetime | None = None, *, record_column: str | None = None, json_columns: Iterable[str] = ()) -> Membership:
        """Which customers of a table are in which segments. Needs the extra `batch`.

        A row is a customer record: what pyarrow's `to_pylist` gives, with columns flat (`address.city`) or nested; what each type is to the language stands
        in `docs/tables.md`. An attribute without a column is unknown. Every row's segments are those that `segment_ids` answers for it as a record.

        Args:
            table: A pyarrow Table, RecordBatch or RecordBatchReader, a polars DataFrame or LazyFrame, a pandas DataFrame, or anything with
                `__arrow_c_stream__`.
            now: An aware date-time; default: the current time.
            record_column: A column that holds whole records as JSON text; other columns are then left alone.
            json_columns: Columns that hold the value that they are named after, such as `metadata`, as JSON text.

        Raises:
            ModuleNotFoundError: The extra is not installed.
            TypeError: It is no table.
            RecordError: JSON text cannot be read; the message names the row and the column.
            KeyError: A column that is named is not there.
            ValueError: `now` has no time zone.
        """
        batch = _batch()
        whole = batch.room_for(table, len(self._held))
        blocks = self._blocks(batch, batch.batches_of(table), now, record_column, json_columns, whole)
        membership: Membership = batch.Membership.of(list(self._held), list(blocks), whole)
        return membership

    def map_batches(
        self, batches: Any, now: datetime | None = None, *, record_column: str | None = None, json_columns: Iterable[str] = ()
    ) -> Iterator[RecordBatch]:
        """Stream record batches in and members out: for customers beyond what memory holds. Needs the extra `batch`.

        Args:
            batches: An iterable of pyarrow record batches, or what `evaluate_table` takes as a table.
            now: See `evaluate_table`.
            record_column: See `evaluate_table`.
            json_columns: See `evaluate_table`.

        Returns:
            Record batches as `Membership.to_arrow` has them: a `row`, counted from 0 over all batches, and a `segment_id`, for every customer in every segment.
        """
        return (membership.to_batch() for membership in self.evaluate_batches(batches, now, record_column=record_column, json_columns=json_columns))

    def evaluate_batches(
        self, batches: Any, now: datetime | None = None, *, record_column: str | None = None, json_columns: Iterable[str] = ()
    ) -> Iterator[Membership]:
        """As `map_batches`, but each block of customers as a `Membership` of its own, whose `first_row` says where it stands."""
        batch = _batch()
        ids = list(self._held)
        blocks = self._blocks(batch, batch.batches_of(batches), now, record_column, json_columns)
        return (batch.Membership.of(ids, [block]) for block in blocks)

    def _blocks(
        self, batch: Any, batches: Any, now: datetime | None, record_column: str | None, json_columns: Iterable[str], whole: Any = None
    ) -> Iterator[Any]:
        if isinstance(json_columns, str):
            raise TypeError("json_columns is several names, not one: json_columns=[…]")
        program = self._program
        if program is None:
            program = self._program = batch.Program([held.definition.predicate for held in self._held.values()], self._options.calendar)
        blocks: Iterator[Any] = batch.evaluate(program, batches, self._clock(now), batch.JsonColumns(record_column, frozenset(json_columns)), whole)
        return blocks

    # The set of segments

    def replace(self, add: Iterable[Segment | Mapping[str, Any]] = (), remove: Iterable[str] = ()) -> Self:
        """A new engine with segments removed, then others added; this one stays as it is.

        A segment whose id is in both keeps its place, any other is appended. The new engine equals a fresh one of the resulting list.

        Raises:
            UnknownSegmentError: An id to remove is not there.
            DefinitionError: An added segment is faulty, or has the id of one that stays.
        """
        removed = {segment_id: self._find(segment_id) for segment_id in remove}
        added = list(compile_definitions(Document(list(add)), self._options, lambda segment_id: segment_id in self._held and segment_id not in removed))
        engine = type(self).__new__(type(self))
        engine._settings, engine._options, engine._source_warnings = self._settings, self._options, ()
        engine._clocks = _NO_CLOCKS
        engine._program = None
        engine._held, engine._next_order = self._held.copy(), self._next_order
        arriving: list[tuple[int, _Held, Predicate]] = []
        for definition, predicate in added:
            place = removed.get(definition.id)
            order = engine._next_order if place is None else place.order
            arriving.append((order, _Held(order, definition), predicate))
            engine._next_order += place is None
        for segment_id in removed.keys() - {held.id for _, held, _ in arriving}:
            del engine._held[segment_id]
        engine._held.update((held.id, held) for _, held, _ in arriving)
        arriving.sort(key=itemgetter(0))
        engine._matcher = self._matcher.replaced(arriving, [held.order for held in removed.values()])
        return engine

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments, in definition order."""
        return tuple(Segment.model_validate(held.definition.document) for held in self._held.values())

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that the segments ask about, sorted."""
        return tuple(sorted({leaf.attribute.key for held in self._held.values() for leaf in leaves(held.definition.predicate)}))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is odd, but not wrong, about the definitions (section 8)."""
        of_segments = (problem for position, held in enumerate(self._held.values()) for problem in held.definition.warnings_at(position))
        return (*self._source_warnings, *of_segments)

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword arguments that it reads filters under: `timezone`, `week_start`, `attributes`, `locations`."""
        return {name: copy(value) for name, value in self._settings.items() if name != "cache"}

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        calendar = self._options.calendar
        count = f"{len(self)} segment" if len(self) == 1 else f"{len(self)} segments"
        return f"<{type(self).__name__}: {count}, timezone {calendar.timezone}, weeks start on {calendar.week_start}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), [held.definition.document for held in self._held.values()], self._settings, self._source_warnings)


def _batch() -> Any:
    """The batch engine, which needs libraries that the core does not."""
    try:
        from segmentation import batch  # noqa: PLC0415 - numpy and pyarrow are loaded when they are asked for
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "pyarrow"):
            raise
        raise ModuleNotFoundError('tables need the extra "batch": pip install "segmentation[batch]"', name=error.name) from error
    return batch


def _restored(
    engine_class: type[SegmentEngine], documents: list[Mapping[str, Any]], settings: dict[str, Any], source_warnings: tuple[Problem, ...]
) -> SegmentEngine:
    """Compile a pickled engine anew: pickles hold definitions, not the compiled form, so they outlive releases."""
    engine = engine_class(documents, **settings)
    engine._source_warnings = source_warnings
    return engine


def unknown_customer(customer_id: str, now: datetime) -> dict[str, Any]:
    """The record of a customer who is not stored, as if created at `now` (section 6)."""
    if not isinstance(customer_id, str):
        raise TypeError(f"a customer id is a string, not {article(json_type(customer_id))}")
    return {"object": "customer", "source_id": customer_id, "created_at": now.astimezone(UTC), "metadata": {}, "address": None}


def read_record(customer: Record) -> Mapping[str, Any]:
    """The JSON object that a customer is.

    Raises:
        RecordError: It is text, and not JSON.
        RecordTypeError: It is not an object.
    """
    if type(customer) is dict:
        return customer
    if isinstance(customer, Customer):
        return customer.record()
    if isinstance(customer, str | bytes | bytearray):
        customer = _parsed(customer)
    if not isinstance(customer, Mapping):
        raise RecordTypeError(f"a customer is a JSON object, not {article(json_type(customer))}")
    return customer


def _parsed(text: str | bytes | bytearray) -> Any:
    """The value of JSON text, as `json.loads` reads it.

    The faster parser reads less (no lone surrogates, no UTF-16, fewer levels), and what it reads it reads the same.
    """
    try:
        return from_json(text, cache_strings="keys")  # keys come again; most values do not, and to look for them takes longer than to make them
    except (ValueError, TypeError):
        pass
    try:
        return json.loads(text)
    except (RecursionError, ValueError) as error:
        raise RecordError(f"the customer's text cannot be read: {unreadable(error)}") from None

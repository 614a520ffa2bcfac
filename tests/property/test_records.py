"""A record is the same record as a mapping, as JSON text, as bytes, and as a `Customer`; and no record makes an evaluation raise."""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NoReturn

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from segmentation import Customer, RecordError, RecordTypeError, SegmentEngine
from segmentation.language.operators import OPERATORS
from segmentation.testing import reference
from segmentation.testing import strategies as our

OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
MOST_DIGITS_OF_JSON = 4_300  # the interpreter's own limit

SOME = our.seeded_segments(20_261_122, 60, keys=24)
"""Segments over every attribute of the pool."""
ENGINE = SegmentEngine(SOME, **OPTIONS)


def expected(record: Mapping[str, Any]) -> list[str]:
    return reference.segment_ids(SOME, record, now=our.NOW, **OPTIONS)


# The forms of one record


def forms(record: dict[str, Any]) -> Iterator[Any]:
    text = json.dumps(record)
    yield text
    yield text.encode()
    yield bytearray(text.encode())
    yield json.dumps(record, indent=2).encode("utf-16")
    yield MappingProxyType(record)


@given(our.json_objects())
@example({"object": "customer", "id": None})
@example({"model_extra": 1, "model_config": {}, "record": "x", "model_fields_set": [], "__class__": "x", "": {}, "self": 1, "id": 5})
@example({"name": "\ud83d", "birthdate": "\udc00", "address": 5, "metadata": [], "summary": "x"})
@example({"name": math.nan, "loyalty": {"points": math.inf}})
def test_every_form_of_a_record_gives_its_answer(record: dict[str, Any]) -> None:
    ids = ENGINE.segment_ids(record, our.NOW)
    assert ids == expected(record)
    for form in forms(record):
        assert ENGINE.segment_ids(form, our.NOW) == ids


@given(st.data(), our.segment_sets(min_size=1))
def test_every_form_of_a_record_near_the_filters(data: st.DataObject, segments: list[dict[str, Any]]) -> None:
    engine = SegmentEngine(segments, **OPTIONS)
    record = data.draw(our.records_for(segments), label="record")
    for form in forms(record):
        assert engine.segment_ids(form, our.NOW) == engine.segment_ids(record, our.NOW)


@given(our.json_objects())
@example({"birthday": "2026-11-22", "object": "customer"})
@example({"model_extra": 1, "model_config": {}, "record": "x", "model_fields_set": [], "__class__": "x", "": {}, "self": 1, "id": 5})
@example({"\ud800": None})
def test_a_customer_keeps_the_record_as_it_was(record: dict[str, Any]) -> None:
    customer = Customer.model_validate(record)
    kept = customer.record()
    assert kept.keys() == record.keys()
    assert all(kept[key] is record[key] for key in record)
    assert ENGINE.segment_ids(customer, our.NOW) == ENGINE.segment_ids(record, our.NOW)


@given(st.data(), our.segment_sets(min_size=1))
def test_a_customer_of_python_values(data: st.DataObject, segments: list[dict[str, Any]]) -> None:
    engine = SegmentEngine(segments, **OPTIONS)
    record = data.draw(our.records_for(segments, python_values=True), label="record")
    assert engine.segment_ids(Customer.model_validate(record), our.NOW) == engine.segment_ids(record, our.NOW)


# Nothing raises


@given(our.json_objects(max_leaves=40))
def test_no_json_object_makes_it_raise(record: dict[str, Any]) -> None:
    assert ENGINE.segment_ids(record, our.NOW) == expected(record)


@given(
    st.dictionaries(
        st.sampled_from([*our.ATTRIBUTES, "metadata", "address", "loyalty", "summary", "events", "source_id"]),
        our.python_objects() | our.json_values(),
        max_size=8,
    )
)
def test_no_python_object_makes_it_raise(record: dict[str, Any]) -> None:
    assert ENGINE.segment_ids(record, our.NOW) == expected(record)


def nested(levels: int, wrap: Callable[[Any], Any], core: Any) -> Any:
    for _ in range(levels):
        core = wrap(core)
    return core


WRAPS: dict[str, Callable[[Any], Any]] = {
    "arrays": lambda inner: [inner],
    "objects": lambda inner: {"a": inner},
    "objects under a dotted key": lambda inner: {"a.b": inner, "a": None},
    "both": lambda inner: [{"b": inner}],
    "tuples": lambda inner: (inner,),
}


@pytest.mark.parametrize("levels", [50, 900, 5_000, 100_000])
@pytest.mark.parametrize("wrap", WRAPS)
def test_deep_nesting(levels: int, wrap: str) -> None:
    deep = nested(levels, WRAPS[wrap], "x")
    record = {
        "name": deep,
        "metadata": deep,
        "id": deep,
        "address": {"city": deep},
        "birthdate": [deep],
        "loyalty": {"campaigns": {"Tiers 2.0": deep}},
        "metadata.since": deep,
    }
    ids = expected(record)
    assert ENGINE.segment_ids(record, our.NOW) == ids
    assert ENGINE.segment_ids(Customer.model_validate(record), our.NOW) == ids
    if levels == 50:
        assert ENGINE.segment_ids(json.dumps(record), our.NOW) == ids


@pytest.mark.parametrize("levels", [50, 400, 5_000, 100_000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_deep_nesting_in_text(levels: int, left: str, right: str) -> None:
    """Text that can be read gives the answer of what it says; text too deep for the parser is an error of its own, and never a stack overflow."""
    text = f'{{"name": "Gold", "metadata": {left * levels}1{right * levels}}}'
    try:
        ids = ENGINE.segment_ids(text, our.NOW)
    except RecordError:
        assert levels > 400
    else:
        assert ids == expected(json.loads(text))


def test_a_key_of_many_parts() -> None:
    key = ".".join(["a"] * 300)
    filters = [{key: {"conditions": {name: True}}} for name in ("$has_value", "$is_unknown")]
    engine = SegmentEngine([{"id": str(number), "name": "", "filter": filter_} for number, filter_ in enumerate(filters)])
    for levels in (299, 300, 301):
        record = nested(levels, lambda inner: {"a": inner}, "x")
        assert (engine.segment_ids(record, our.NOW) == ["0"]) is (levels >= 300)


@pytest.mark.parametrize("digits", [400, 4_000, 4_001, 4_300, 5_000, 20_000])
@pytest.mark.parametrize("key", ["name", "metadata.score", "birthdate", "loyalty.points", "metadata.seen"])
def test_huge_numbers(key: str, digits: int) -> None:
    for value in (10 ** (digits - 1), -(10 ** (digits - 1)), "9" * digits, f"1e{digits}", f"0.{'1' * digits}", Decimal("1" * digits), Decimal(f"1e{digits}")):
        record = {key: value, "id": value}
        assert ENGINE.segment_ids(record, our.NOW) == expected(record)
        if isinstance(value, str) or (isinstance(value, int) and digits <= MOST_DIGITS_OF_JSON):
            assert ENGINE.segment_ids(json.dumps(record), our.NOW) == expected(record)
    if digits > MOST_DIGITS_OF_JSON:
        with pytest.raises(RecordError):
            ENGINE.segment_ids(f'{{"name": {"9" * digits}}}', our.NOW)


class Failing(tzinfo):
    """A zone that always fails."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        raise RuntimeError(str(when))

    def dst(self, when: datetime | None) -> timedelta:
        raise RuntimeError(str(when))

    def tzname(self, when: datetime | None) -> str:
        raise RuntimeError(str(when))


class Mute(date):
    """A date that cannot be written."""

    def isoformat(self) -> str:
        raise RuntimeError


class MuteMoment(datetime):
    """A date-time that cannot be written."""

    def isoformat(self, *_args: Any, **_more: Any) -> str:
        raise RuntimeError


class Refusing:
    """An object that refuses everything it can be asked."""

    __hash__ = None  # type: ignore[assignment]  # on purpose

    def _refuse(self, *_args: Any) -> NoReturn:
        raise RuntimeError

    __eq__ = __bool__ = __len__ = __iter__ = __str__ = __repr__ = __float__ = __int__ = __index__ = __contains__ = __getitem__ = __lt__ = __gt__ = _refuse


class Closed(Mapping[str, Any]):
    """An object of JSON that cannot be opened."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class Loud(str):
    """Text that fails when it is looked at."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __contains__(self, other: object) -> bool:
        raise RuntimeError

    def startswith(self, *_args: Any) -> bool:
        raise RuntimeError

    __hash__ = str.__hash__


class Unequal(int):
    """A number that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __lt__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError


class Bottomless(list[Any]):
    """An array that cannot be read."""

    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class Broken(enum.Enum):
    """A member whose value cannot be asked for."""

    MEMBER = "Gold"

    @property
    def value(self) -> NoReturn:
        raise RuntimeError


NaTType = type("NaTType", (datetime,), {})

HOSTILE: dict[str, Callable[[], Any]] = {
    "a failing time zone": lambda: datetime(2026, 11, 22, tzinfo=Failing()),
    "a date that cannot be written": lambda: Mute(2026, 11, 22),
    "a date-time that cannot be written": lambda: MuteMoment(2026, 11, 22, tzinfo=UTC),
    "an object that refuses everything": Refusing,
    "a mapping that cannot be opened": Closed,
    "text that fails": lambda: Loud("Gold"),
    "a number that cannot be compared": lambda: Unequal(1),
    "an array that cannot be read": lambda: Bottomless([1]),
    "a member without a value": lambda: Broken.MEMBER,
    "an enum of itself": lambda: enum.Enum("Nested", {"A": Broken.MEMBER}).A,  # type: ignore[attr-defined]
    "no time": lambda: NaTType(2026, 11, 22),
    "a type": lambda: dict,
    "a function": lambda: len,
    "a signalling NaN": lambda: Decimal("sNaN"),
}


assert settings.default is not None
EXAMPLES = settings.default.max_examples

KEYS = (
    "name",
    "birthdate",
    "created_at",
    "metadata.since",
    "metadata.seen",
    "metadata.score",
    "metadata.vip",
    "metadata.code",
    "metadata.home",
    "id",
    "metadata",
    "address",
    "loyalty",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_object_of_anybodys_making_makes_it_raise(hostile: str) -> None:
    for key in KEYS:
        for record in ({key: HOSTILE[hostile]()}, {key: [HOSTILE[hostile](), "Gold"]}, {key: (HOSTILE[hostile](),)}):
            assert ENGINE.segment_ids(record, our.NOW) == expected(record), key


@pytest.mark.parametrize("operator", OPERATORS)
@settings(max_examples=max(5, EXAMPLES // 10))
@given(data=st.data())
def test_no_operator_raises(operator: str, data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from((None, "string", "number", "boolean", "date", "datetime", "geopoint")), label="type")
    filter_ = {"name": {"conditions": {operator: data.draw(our.operands(operator, type_), label="operand")}}}
    options = {**OPTIONS, "attributes": {} if type_ is None else {"name": type_}}
    segments = [{"id": "s", "name": "", "filter": filter_}]
    engine = SegmentEngine(segments, **options)
    for value in data.draw(st.lists(our.python_objects() | our.json_values(), max_size=4), label="values"):
        assert engine.segment_ids({"name": value}, our.NOW) == reference.segment_ids(segments, {"name": value}, now=our.NOW, **options)


# Text, token by token: there are two parsers, which must read alike

TOKENS = st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True) | st.floats().map(json.dumps) | st.integers().map(str)
STRINGS = st.from_regex(r'"(\\["\\/bfnrtu]|\\u(00[0-9a-f]{2}|[dD][89a-fA-F][0-9a-f]{2})|[ -!#-\[\]-~é😀]){0,6}"', fullmatch=True)


@given(st.lists(st.tuples(st.sampled_from(['"name"', '"metadata.score"', '"metadata"', '"id"', '"n\\u0061me"', '""']), TOKENS | STRINGS), max_size=5))
@example([('"name"', "1"), ('"name"', "2")])
@example([('"metadata.score"', "-0"), ('"name"', "-0")])
@example([('"metadata.score"', "1e400"), ('"name"', "-1e400")])
@example([('"metadata.score"', "9007199254740993"), ('"name"', "18446744073709551616")])
@example([('"metadata.score"', "0.1000000000000000055511151231257827021181583404541015625")])
@example([('"name"', "2.2250738585072011e-308"), ('"metadata.score"', "4.9e-324")])
@example([('"name"', '"\\ud83d\\ude00\\ud83d"')])
def test_text_says_what_the_standard_parser_reads(members: list[tuple[str, str]]) -> None:
    text = "{" + ", ".join(f"{key} : {value}" for key, value in members) + "}"
    try:
        record = json.loads(text)
    except ValueError:
        with pytest.raises(RecordError):
            ENGINE.segment_ids(text, our.NOW)
        return
    # That each number is what the standard parser reads, to the last bit.
    exact = {key: value for key, value in record.items() if key and isinstance(value, int | float) and math.isfinite(value)}
    engine = SegmentEngine([{"id": key, "name": "", "filter": {key: {"conditions": {"$is": value}}}} for key, value in exact.items()])
    for form in (text, text.encode()):
        assert ENGINE.segment_ids(form, our.NOW) == expected(record)
        assert engine.segment_ids(form, our.NOW) == list(exact)


# What is no record


@given(st.text() | st.binary() | our.json_values().map(json.dumps))
@example("")
@example(b"\xff\xfe")
@example("{}x")
@example('"{}"')
@example("\ufeff{}")
def test_text_is_a_record_or_one_of_two_errors(text: str | bytes) -> None:
    try:
        ids = ENGINE.segment_ids(text, our.NOW)
    except RecordTypeError:
        assert not isinstance(json.loads(text), dict)
    except RecordError:
        with pytest.raises((ValueError, RecursionError)):
            json.loads(text)
    else:
        assert ids == expected(json.loads(text))


@given(our.json_values() | our.python_objects())
def test_what_is_no_object_is_refused_by_name(value: Any) -> None:
    assume(not isinstance(value, Mapping | str | bytes | bytearray))
    with pytest.raises(RecordTypeError) as caught:
        ENGINE.segment_ids(value, our.NOW)
    assert isinstance(caught.value, TypeError)


@given(our.json_values().filter(lambda value: not isinstance(value, dict)))
def test_text_of_what_is_no_object_is_refused_by_name(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value).encode()):
        with pytest.raises(RecordTypeError):
            ENGINE.segment_ids(text, our.NOW)

"""Attributes: their keys, aliases and declared types, and finding their value in a record (spec section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final

from segmentation.errors import nearest, shown

__all__ = [
    "BIRTHDAYS",
    "BUILT_IN",
    "MISSING",
    "Attribute",
    "AttributeType",
    "Missing",
    "Record",
    "built_in_type",
    "declarations",
    "finder",
    "has_alias",
    "is_counter",
]

Record = Mapping[str, Any]
"""A customer record: a JSON object, or a Python mapping like one."""

BIRTHDAYS = ("birthdate", "birthday")
"""The attributes on which calendar periods ignore the year (section 5.5)."""


class AttributeType(StrEnum):
    """A type that an attribute can be declared to have."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    GEOPOINT = "geopoint"


COUNTERS: Final = frozenset(
    [f"summary.orders.{name}" for name in ("total_amount", "total_count", "average_amount", "last_order_amount")]
    + [f"summary.redemptions.total_{name}" for name in ("redeemed", "failed", "succeeded", "rolled_back", "rollback_failed", "rollback_succeeded")]
    + [f"summary.redemptions.gift.{name}" for name in ("redeemed_amount", "amount_to_go")]
    + [f"summary.redemptions.loyalty_card.{name}" for name in ("redeemed_points", "points_to_go")]
    + ["loyalty.points", "loyalty.referred_customers"]
)
"""The counters with a fixed key; `events.<name>.count` is one too, see `is_counter`."""

BUILT_IN: Final[Mapping[str, AttributeType]] = {
    **dict.fromkeys(BIRTHDAYS, AttributeType.DATE),
    **dict.fromkeys(("created_at", "updated_at", "summary.orders.last_order_date"), AttributeType.DATETIME),
    **dict.fromkeys(sorted(COUNTERS), AttributeType.NUMBER),
}
"""The attributes that are always declared; `events.<name>.count`, a number, aside."""


def is_counter(key: str) -> bool:
    """Whether the attribute is 0 when it is unknown."""
    return key in COUNTERS or _between(key, "events.", ".count") is not None


def built_in_type(key: str) -> AttributeType | None:
    """The type that an attribute has by itself; None when it is for the caller to declare."""
    return BUILT_IN.get(key) or (AttributeType.NUMBER if is_counter(key) else None)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as filters name it, with the type its data is read as (None: as the data is)."""

    key: str
    type: AttributeType | None = None

    @property
    def counts(self) -> bool:
        """Whether it is 0 when unknown."""
        return is_counter(self.key)


def declarations(attributes: Mapping[str, str] | None) -> dict[str, AttributeType]:
    """Read the caller's `attributes`.

    Raises:
        ValueError: A type that is none, or a built-in attribute declared otherwise than it is.
    """
    declared = {}
    for key, name in (attributes or {}).items():
        if name not in list(AttributeType):
            near = nearest(str(name), list(AttributeType))
            hint = f"; did you mean {str(near)!r}?" if near else ""
            raise ValueError(f"attribute {key!r}: {shown(name)} is not a type; types are {', '.join(AttributeType)}{hint}")
        declared[key] = AttributeType(name)
        if (built_in_type(key) or declared[key]) != declared[key]:
            raise ValueError(f"attribute {key!r} is always a {built_in_type(key)} and cannot be declared a {name}")
    return declared


class Missing:
    """Nothing was found: neither a value nor a null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


def finder(key: str) -> Callable[[Record], Any]:
    """The function that finds an attribute's stored value in a record; it answers `MISSING` when there is none.

    In a mapping that fails when it is asked, nothing is found.
    """
    find_plainly = _finder(key)

    def find(record: Record) -> Any:
        try:
            return find_plainly(record)
        except Exception:  # noqa: BLE001 - the mapping is of someone's making, and data never makes an evaluation raise
            return MISSING

    return find


def _finder(key: str) -> Callable[[Record], Any]:
    path, alias = _path(key), _alias(key)
    if alias is None:
        return path

    def find(record: Record) -> Any:
        value = path(record)
        return alias(record) if value is MISSING else value

    return find


def has_alias(key: str) -> bool:
    """Whether another look-up is tried when the path finds nothing."""
    return alias_of(key) is not None


def _path(key: str) -> Callable[[Record], Any]:
    """Look-up by path: the longest leading part that is a key, the rest inside its value, shorter parts next."""
    first_dot = key.find(".")
    if first_dot < 0:
        return lambda record: record.get(key, MISSING)
    second_dot = key.find(".", first_dot + 1)
    if second_dot > 0:
        return _long_path(key, first_dot, second_dot)
    parent, child = key[:first_dot], key[first_dot + 1 :]

    def find(record: Record) -> Any:
        value = record.get(key, MISSING)
        if value is not MISSING:
            return value
        inner = record.get(parent)
        if type(inner) is not dict:
            inner = _opened(inner)
        return MISSING if inner is None else inner.get(child, MISSING)

    return find


def _long_path(key: str, first_dot: int, second_dot: int) -> Callable[[Record], Any]:
    """As `_path`, of three steps or more; quicker for three when no key in the record has a dot."""
    if key.find(".", second_dot + 1) > 0:
        return lambda record: _search(record, key)
    first, second, third = key[:first_dot], key[first_dot + 1 : second_dot], key[second_dot + 1 :]
    first_two, last_two = key[:second_dot], key[first_dot + 1 :]

    def find(record: Record) -> Any:
        if type(record) is dict and key not in record and first_two not in record:
            outer = record.get(first, MISSING)
            if outer is MISSING:
                return MISSING
            if type(outer) is dict and last_two not in outer:
                inner = outer.get(second, MISSING)
                if inner is MISSING:
                    return MISSING
                if type(inner) is dict:
                    return inner.get(third, MISSING)
        return _search(record, key)

    return find


def _search(record: Record, key: str) -> Any:
    """Depth-first over the leading parts of `key`, longest first, with a stack of its own: keys and records may be deep."""
    pending: list[tuple[Record, int, int]] = [(record, 0, len(key))]
    while pending:
        inside, start, end = pending.pop()
        value = inside.get(key[start:end], MISSING)
        shorter = key.rfind(".", start, end)
        if shorter >= 0:
            pending.append((inside, start, shorter))
        if value is MISSING:
            continue
        if end == len(key):
            return value
        opened = _opened(value)
        if opened is not None:
            pending.append((opened, end + 1, len(key)))
    return MISSING


def _opened(value: Any) -> Record | None:
    """The object that a value is, an enum member standing for its value; None when it is none."""
    while isinstance(value, Enum):
        value = value._value_
    return value if isinstance(value, Mapping) else None


def _alias(key: str) -> Callable[[Record], Any] | None:
    """The look-up of an alias, tried when the path finds nothing."""
    alias = alias_of(key)
    return None if alias is None else _path(alias) if isinstance(alias, str) else _steps(*alias)


def alias_of(key: str) -> str | tuple[str, ...] | None:
    """What is tried when the path finds nothing: another path, or steps that are exact keys; None for nothing."""
    if key == "city":
        return "address.city"
    if campaign := _between(key, "loyalty.referred_customers.campaigns.", ""):
        return ("loyalty", "campaigns", campaign, "referred_customers")
    if campaign := _between(key, "loyalty_points.campaigns.", ".points"):
        return ("loyalty", "campaigns", campaign, "points")
    if campaign := _between(key, "loyalty_tier.campaigns.", ""):
        return ("loyalty", "campaigns", campaign, "loyalty_tier")
    return None


def _steps(*steps: str) -> Callable[[Record], Any]:
    def find(record: Record) -> Any:
        value: Any = record
        for step in steps:
            opened = _opened(value)
            if opened is None:
                return MISSING
            value = opened.get(step, MISSING)
        return value

    return find


def _between(key: str, prefix: str, suffix: str) -> str | None:
    """What stands between a prefix and a suffix, when something does. A campaign's or event's name may hold spaces and dots."""
    if key.startswith(prefix) and key.endswith(suffix) and len(key) > len(prefix) + len(suffix):
        return key[len(prefix) : len(key) - len(suffix)]
    return None

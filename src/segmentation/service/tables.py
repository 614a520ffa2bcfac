"""The tables of a store, and its statements: SQLAlchemy that SQLite and PostgreSQL understand alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from segmentation.service.store import Page

__all__ = [
    "LAYOUT",
    "catalogue",
    "changed_since",
    "customers",
    "customers_to_change",
    "metadata",
    "page_of",
    "read_customer",
    "segment_changes",
    "segments",
    "total_of",
]

LAYOUT = 1
"""What the tables are like; a store with another layout is refused."""

_Big = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts by itself in SQLite, and it has 64 bits

metadata = MetaData()
catalogue = Table(
    "catalogue",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("layout", Integer, nullable=False),
    Column("version", _Big, nullable=False),
    comment="One row. The version counts the changes of the set of segments; who changes it locks the row, so changes come one after the other",
)
segments = Table(
    "segments",
    metadata,
    Column("position", _Big, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("created_at", _Big, nullable=False),
    Column("definition", Text, nullable=False),
    Column("customers", Text, nullable=True),
    Index("segments_by_creation", "created_at", "position"),
    sqlite_autoincrement=True,
    comment="In the order of answers. created_at is in microseconds since 1970; customers of static segments stand apart from the definition",
)
segment_changes = Table(
    "segment_changes",
    metadata,
    Column("version", _Big, primary_key=True, autoincrement=False),
    Column("segment_id", Text, primary_key=True),
    comment="Which segments were added or removed with each of the last versions",
)
customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_id", Text, nullable=True, unique=True),
    Column("record", Text, nullable=False),
    comment="Records as JSON text",
)

_by_id, _by_source_id = customers.alias("by_id"), customers.alias("by_source_id")

read_customer = (
    select(catalogue.c.version, func.coalesce(_by_id.c.record, _by_source_id.c.record))
    .select_from(
        catalogue.outerjoin(_by_id, _by_id.c.id == bindparam("id")).outerjoin(
            _by_source_id, and_(_by_source_id.c.source_id == bindparam("source_id"), _by_id.c.id.is_(None))
        )
    )
    .where(catalogue.c.id == literal_column("1"))
)
"""The version of the segments and a customer's record, by `id`, else by `source_id`: one statement, one snapshot."""

# What changes the set of segments.
new_version = update(catalogue).where(catalogue.c.id == 1).values(version=catalogue.c.version + 1)
version_now = select(catalogue.c.version).where(catalogue.c.id == 1)
note_change = insert(segment_changes)
forget_changes = delete(segment_changes).where(segment_changes.c.version <= bindparam("oldest"))
all_segments = select(segments.c.id, segments.c.position, segments.c.definition, segments.c.customers).order_by(segments.c.position)


def segments_by_id(ids: Sequence[str]) -> Select[Any]:
    """Some segments."""
    return all_segments.where(segments.c.id.in_(ids))


def customers_to_change(column: Column[Any], names: Sequence[str]) -> Select[Any]:
    """Customers with these ids or source ids. Where rows can be locked they are, in an order, so that writers seldom wait for each other in a circle."""
    return select(customers.c.id, customers.c.source_id, customers.c.record).where(column.in_(names)).order_by(column).with_for_update()


def changed_since(version: int, latest: int) -> Select[Any]:
    """The ids of segments that changed after a version."""
    return select(segment_changes.c.segment_id).distinct().where(segment_changes.c.version > version, segment_changes.c.version <= latest)


def _window(page: Page) -> list[Any]:
    conditions = []
    if page.before is not None:
        conditions.append(segments.c.created_at < page.before)
    if page.after is not None:
        conditions.append(segments.c.created_at > page.after)
    return conditions


def page_of(page: Page, start: Sequence[int] | None) -> Select[Any]:
    """The definitions of a page; `start` is (creation, position) of the segment before it."""
    created, position = segments.c.created_at, segments.c.position
    statement = select(segments.c.definition).where(*_window(page)).limit(page.limit)
    if page.is_descending:
        if start is not None:
            statement = statement.where(or_(created < start[0], and_(created == start[0], position < start[1])))
        return statement.order_by(created.desc(), position.desc())
    if start is not None:
        statement = statement.where(or_(created > start[0], and_(created == start[0], position > start[1])))
    return statement.order_by(created, position)


def total_of(page: Page) -> Select[Any]:
    """How many segments there are in the window of a page."""
    return select(func.count()).select_from(segments).where(*_window(page))

"""Stores in SQL databases: SQLite, embedded; PostgreSQL, by URL.

Durability. A change is committed before anyone hears of it. SQLite writes ahead (WAL) with `synchronous=FULL`: every commit reaches the disk, so that
neither a killed process nor a lost power supply takes back what was acknowledged, and what was not committed is not there afterwards.
Readers see the last commit before they began and never wait for a writer; writers queue up, in a process for a lock, between processes for SQLite's.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, delete, event, insert, make_url, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError, SQLAlchemyError

from segmentation import iso8601
from segmentation.service import tables
from segmentation.service.settings import SettingsError
from segmentation.service.store import Changes, ConflictError, Page, Read, SegmentsPage, Store, StoreError, is_storable
from segmentation.service.tables import customers, segments

__all__ = ["json_text", "microseconds", "open_store"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_KEPT_VERSIONS = 10_000
"""Versions for which it is known what changed; a process that missed more reads all segments again."""
_TRIES = 5
_DEADLOCK = "40P01"
"""What PostgreSQL calls two writers that wait for each other; the one that it stops may try again."""
_CHUNK = 400
"""Values in an IN list: some databases take no more than 999 parameters."""


def open_store(database: str, busy_seconds: float = 5.0, *, is_new: bool = True) -> Store:
    """The store at a URL; without `://` it is the path of a SQLite file.

    Args:
        database: The URL, or the path.
        busy_seconds: How long a write waits for a lock.
        is_new: Whether it may be made if it is not there.

    Raises:
        SettingsError: The URL cannot be used.
        StoreError: The database cannot be used.
    """
    try:
        url = make_url(database) if "://" in database else URL.create("sqlite", database=database)
        kind = _KINDS.get(url.get_backend_name())
        if kind is None:
            raise SettingsError(f"a store is a sqlite or a postgresql database, not {url.get_backend_name()}")
        return kind(url, busy_seconds, is_new=is_new)
    except (ArgumentError, NoSuchModuleError):
        raise SettingsError("the URL of the store is not one that SQLAlchemy reads, such as sqlite:///segments.db") from None
    except ModuleNotFoundError as error:
        raise SettingsError(f"the driver of the store is not installed: pip install {error.name}") from None


def json_text(value: Any) -> str:
    """JSON text that every database and every answer can carry.

    Raises:
        ValueError: A number is not finite.
        RecursionError: It is nested too deep.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # lone surrogates are written as escapes
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def microseconds(text: str) -> int:
    """An ISO 8601 date-time in microseconds since 1970; without an offset it is UTC."""
    found = iso8601.parse(text)
    if not isinstance(found, datetime):
        raise TypeError("not an ISO 8601 date-time")
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


@contextmanager
def _told_without_data() -> Iterator[None]:
    """What a database complains of, as a StoreError: its messages may quote rows."""
    try:
        yield
    except DBAPIError as error:
        raise _store_error(error.orig) from None
    except SQLAlchemyError as error:
        raise _store_error(error) from None


def _store_error(error: BaseException | None) -> StoreError:
    return StoreError(getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or type(error).__name__)


class _Row(NamedTuple):
    """A customer to be written."""

    id: str
    source_id: str | None
    record: str


class SqlStore:
    """A store in any database that has INSERT … ON CONFLICT."""

    reads_at_once = False
    writers = 8
    _insert: Any = staticmethod(postgresql.insert)

    def __init__(self, url: URL, busy_seconds: float, *, is_new: bool) -> None:
        self._busy_seconds = busy_seconds
        self._engine = self._connect(url)
        try:
            with _told_without_data(), self._writing() as connection:
                if is_new:
                    tables.metadata.create_all(connection)
                self._lay_out(connection)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _lay_out(connection: Connection) -> None:
        """See that the tables are those of this release."""
        layout = connection.execute(select(tables.catalogue.c.layout)).scalar()
        if layout is None:
            connection.execute(insert(tables.catalogue).values(id=1, layout=tables.LAYOUT, version=0))
        elif layout != tables.LAYOUT:
            raise SettingsError(f"the store has layout {layout}, made by another release; this one uses layout {tables.LAYOUT}")

    # What databases do in their own ways

    def _connect(self, url: URL) -> Engine:
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=self.writers, max_overflow=self.writers)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Everything that is read in one such block is of one moment."""
        with self._engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
            yield connection

    def _insert_customers(self) -> Any:
        statement = self._insert(customers)
        return statement.on_conflict_do_update(index_elements=["id"], set_={"source_id": statement.excluded.source_id, "record": statement.excluded.record})

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # Reading

    def read(self, customer_id: str, *, is_patient: bool = True) -> Read:  # noqa: ARG002 - nothing locks readers out
        """The customer and the version at the same moment."""
        name = customer_id if is_storable(customer_id) else ""
        with _told_without_data(), self._reading() as connection:
            version, record = connection.execute(tables.read_customer, {"id": name, "source_id": name}).one()
        return Read(version, record)

    def customer(self, customer_id: str) -> str | None:
        """A customer's record."""
        record = self.read(customer_id).record
        if record is None:
            return None
        _parsed(record, "a customer")
        return record.decode() if isinstance(record, bytes) else record

    def changes(self, since: int | None) -> Changes:
        """What happened to the segments since a version."""
        with _told_without_data(), self._reading() as connection:
            version = connection.execute(tables.version_now).scalar_one()
            if since is None or not version - _KEPT_VERSIONS <= since <= version:
                return Changes(version, None, [_whole(row) for row in connection.execute(tables.all_segments)])
            touched = connection.execute(tables.changed_since(since, version)).scalars().all()
            rows = [row for ids in _chunks(touched) for row in connection.execute(tables.segments_by_id(ids))]
        rows.sort(key=lambda row: row.position)
        return Changes(version, frozenset(touched), [_whole(row) for row in rows])

    def segment(self, segment_id: str) -> dict[str, Any] | None:
        """A definition."""
        if not is_storable(segment_id):
            return None
        with _told_without_data(), self._reading() as connection:
            row = connection.execute(tables.all_segments.where(segments.c.id == segment_id)).one_or_none()
        return None if row is None else _whole(row)

    def segments(self, page: Page) -> SegmentsPage | None:
        """A page of definitions."""
        with _told_without_data(), self._reading() as connection:
            start = None
            if page.starting_after is not None:
                if not is_storable(page.starting_after):
                    return None
                row = connection.execute(select(segments.c.created_at, segments.c.position).where(segments.c.id == page.starting_after)).one_or_none()
                if row is None:
                    return None
                start = (row.created_at, row.position)
            found = connection.execute(tables.page_of(page, start)).scalars().all()
            total = connection.execute(tables.total_of(page)).scalar_one()
        return SegmentsPage([_parsed(definition, "a segment") for definition in found], total)

    # Changing segments

    def add_segments(self, definitions: Sequence[dict[str, Any]]) -> None:
        """Store new segments, all or none."""
        rows = [
            {
                "id": definition["id"],
                "created_at": microseconds(definition["created_at"]),
                "definition": json_text({key: value for key, value in definition.items() if key != "customers"}),
                "customers": json_text(definition["customers"]) if "customers" in definition else None,
            }
            for definition in definitions
        ]
        if not rows:
            return
        with _told_without_data(), self._writing() as connection:
            version = self._next_version(connection)
            taken: set[str] = set()
            for ids in _chunks([row["id"] for row in rows]):
                taken.update(connection.execute(select(segments.c.id).where(segments.c.id.in_(ids))).scalars())
            if taken:
                raise ConflictError([index for index, row in enumerate(rows) if row["id"] in taken])
            connection.execute(insert(segments), rows)
            connection.execute(tables.note_change, [{"version": version, "segment_id": row["id"]} for row in rows])

    def remove_segment(self, segment_id: str) -> bool:
        """Forget a segment."""
        if not is_storable(segment_id):
            return False
        with _told_without_data(), self._writing() as connection:
            version = self._next_version(connection)
            was_there = connection.execute(delete(segments).where(segments.c.id == segment_id)).rowcount > 0
            if was_there:
                connection.execute(tables.note_change, {"version": version, "segment_id": segment_id})
            else:
                connection.rollback()
        return was_there

    @staticmethod
    def _next_version(connection: Connection) -> int:
        """Count the version up: from here to the end of the transaction no other changes segments."""
        connection.execute(tables.new_version)
        version: int = connection.execute(tables.version_now).scalar_one()
        connection.execute(tables.forget_changes, {"oldest": version - _KEPT_VERSIONS})
        return version

    # Changing customers

    def put_customers(self, records: Sequence[dict[str, Any]], now: str, new_id: Callable[[], str]) -> list[str]:
        """Store customers, all or none."""
        with _told_without_data():
            for _ in range(_TRIES):
                try:
                    return self._put_customers(records, now, new_id)
                except IntegrityError:  # another writer stored one of them meanwhile: it is found at the next try
                    continue
                except OperationalError as error:
                    if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                        raise
        raise StoreError("conflicts")

    def _put_customers(self, records: Sequence[dict[str, Any]], now: str, new_id: Callable[[], str]) -> list[str]:
        with self._writing() as connection:
            known = self._known(connection, records)
            owners = {row.source_id: row.id for row in known.values() if row.source_id is not None}
            moved: list[dict[str, str]] = []
            answers: list[str] = []
            written: dict[str, _Row] = {}
            conflicts: list[int] = []
            for index, record in enumerate(records):
                source_id = record.get("source_id")
                owner = None if source_id is None else owners.get(source_id)
                identity = record.get("id") or owner or new_id()
                if owner not in (None, identity):
                    conflicts.append(index)
                    continue
                old = known.get(identity)
                if old is not None and source_id is None:
                    source_id = old.source_id
                if old is not None and old.source_id not in (None, source_id):
                    del owners[old.source_id]
                    moved.append({"old_id": identity})
                row = _Row(identity, source_id, json_text(_as_stored(record, identity, source_id, old, now)))
                known[identity] = written[identity] = row
                if source_id is not None:
                    owners[source_id] = identity
                answers.append(row.record)
            if conflicts:
                raise ConflictError(conflicts)
            if moved:  # so that source ids can change hands within one transaction
                connection.execute(update(customers).where(customers.c.id == bindparam("old_id")).values(source_id=None), moved)
            if written:
                connection.execute(self._insert_customers(), [row._asdict() for row in sorted(written.values())])
        return answers

    @staticmethod
    def _known(connection: Connection, records: Sequence[dict[str, Any]]) -> dict[str, _Row]:
        """The stored customers that have an id or a source id of the records."""
        found: dict[str, _Row] = {}
        for column in (customers.c.id, customers.c.source_id):
            names = sorted({record[column.name] for record in records if record.get(column.name) is not None})
            for some in _chunks(names):
                for row in connection.execute(tables.customers_to_change(column, some)):
                    found[row.id] = _Row(*row)
        return found

    def remove_customer(self, customer_id: str) -> bool:
        """Forget a customer."""
        if not is_storable(customer_id):
            return False
        with _told_without_data(), self._writing() as connection:
            for column in (customers.c.id, customers.c.source_id):
                if connection.execute(delete(customers).where(column == customer_id)).rowcount:
                    return True
        return False


def _whole(row: Any) -> dict[str, Any]:
    """The definition in a row, its customers included."""
    definition: dict[str, Any] = _parsed(row.definition, f"the segment {row.id!r}")
    if row.customers is not None:
        definition["customers"] = _parsed(row.customers, f"the segment {row.id!r}")
    return definition


def _parsed(text: str | bytes, what: str) -> Any:
    """What JSON text in the store says."""
    try:
        return json.loads(text)
    except ValueError:
        raise StoreError(f"what is stored of {what} is not JSON") from None


def _as_stored(record: dict[str, Any], identity: str, source_id: str | None, old: _Row | None, now: str) -> dict[str, Any]:
    """A record with what a stored customer has: `id`, `source_id` if it has one, `object`, `created_at`, and `updated_at` from the second time on."""
    stored = {"id": identity, **record, "object": "customer"}
    stored["id"] = identity
    if source_id is not None:
        stored["source_id"] = source_id
    if stored.get("created_at") is None:
        stored["created_at"] = now if old is None else _created_at(old, now)
    if old is not None and stored.get("updated_at") is None:
        stored["updated_at"] = now
    return stored


def _created_at(old: _Row, now: str) -> Any:
    """When a stored customer was created; a record that is damaged is as good as new once it is replaced."""
    try:
        return json.loads(old.record).get("created_at", now)
    except (AttributeError, ValueError):
        return now


class SqliteStore(SqlStore):
    """A store in a file of SQLite."""

    reads_at_once = True
    writers = 2  # one is checked while another is stored
    _insert: Any = staticmethod(sqlite.insert)

    def __init__(self, url: URL, busy_seconds: float, *, is_new: bool) -> None:
        if url.database in (None, "", ":memory:") or "mode" in url.query or "uri" in url.query:
            raise SettingsError("a store is a file: a database in memory is not shared and does not last")
        self._path = os.path.abspath(str(url.database))  # noqa: PTH100 - links stay as they are
        self._lock = threading.Lock()
        self._readers: dict[tuple[int, bool], sqlite3.Connection] = {}
        self._file: tuple[int, int] | None = None
        """What tells the file from others; None until it is there."""
        if not is_new:
            self._file = self._file_now()
        super().__init__(url, busy_seconds, is_new=is_new)
        self._file = self._file_now()
        compiled = tables.read_customer.compile(dialect=self._engine.dialect)
        if compiled.params.keys() != {"id", "source_id"}:  # `read` gives the same text for each
            raise AssertionError("the statement that reads a customer has other parameters")
        self._read_sql, self._read_parameters = str(compiled), len(compiled.params)

    def _connect(self, url: URL) -> Engine:
        folder = Path(self._path).parent
        if not folder.is_dir():
            raise SettingsError(f"there is no folder {str(folder)!r} for the store")
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": self._busy_seconds}, pool_size=4, max_overflow=36)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._check_file()
        with self._lock, self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._check_file()
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def _file_now(self) -> tuple[int, int]:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for every request
        except OSError:
            raise StoreError("its file is gone") from None
        return found.st_dev, found.st_ino

    def _check_file(self) -> None:
        """SQLite goes on with a file that was deleted or replaced, and what it writes there is lost."""
        if self._file is not None and self._file_now() != self._file:
            raise StoreError("its file was replaced by another")

    def read(self, customer_id: str, *, is_patient: bool = True) -> Read:
        """The customer and the version at the same moment.

        Every request asks this, so the statement goes straight to SQLite, on a connection that its thread keeps: a tenth of the time.
        """
        self._check_file()
        name = customer_id if is_storable(customer_id) else ""
        try:
            rows = self._reader(is_patient=is_patient).execute(self._read_sql, (name,) * self._read_parameters).fetchall()
        except sqlite3.Error as error:
            raise _store_error(error) from None
        return Read(*rows[0])

    def _reader(self, *, is_patient: bool) -> sqlite3.Connection:
        key = (threading.get_ident(), is_patient)
        connection = self._readers.get(key)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=self._busy_seconds if is_patient else 0, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA query_only=ON")
            self._readers[key] = connection
        return connection

    def close(self) -> None:
        """Let go of the database."""
        for connection in self._readers.values():
            connection.close()
        self._readers.clear()
        super().close()


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    """Set up a connection: transactions are begun by `_begin` alone."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    """Writers take the lock at once, and wait for it: a reader that becomes a writer could not."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


_KINDS: dict[str, type[SqlStore]] = {"sqlite": SqliteStore, "postgresql": SqlStore}

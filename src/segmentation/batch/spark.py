"""Who is in which segment, on PySpark: for customers that one machine is too small for.

Needs the extra `spark` and Java 17 or newer. Reads and writes what Spark reads and writes; `docs/offline.md` has a job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from segmentation.batch.pruning import may_hold

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from segmentation.engine import SegmentEngine

__all__ = ["SCHEMA", "pairs"]

SCHEMA = "customer string, segment string"
"""The columns of `pairs`, as Spark writes a schema."""

_ARROW = pa.schema([("customer", pa.string()), ("segment", pa.string())])


def pairs(
    engine: SegmentEngine,
    customers: DataFrame,
    now: datetime | None = None,
    *,
    id_column: str = "id",
    record_column: str | None = None,
    json_columns: Iterable[str] = (),
) -> DataFrame:
    """A row for every customer in every segment, lazily.

    The engine is pickled once and broadcast: each executor receives it once, each of its Python workers compiles it once. Only the columns that the
    segments ask about are handed to Python. All customers are evaluated at the same moment.

    Args:
        engine: The segments.
        customers: A row a customer; which record a row is stands in `docs/tables.md`.
        now: An aware date-time; default: the current time, when this is called.
        id_column: The column that holds a customer's id. It is cast to text; a null stays null.
        record_column: See `SegmentEngine.evaluate_table`.
        json_columns: See `SegmentEngine.evaluate_table`.

    Raises:
        KeyError: There is no such column.
        ValueError: `now` has no time zone.
    """
    now = datetime.now(UTC) if now is None else now
    if now.tzinfo is None:
        raise ValueError("now is naive: it has no time zone")
    groups = list(json_columns)
    for name in (id_column, *groups, *([] if record_column is None else [record_column])):
        if name not in customers.columns:
            raise KeyError(f"the data frame has no column {name!r}")
    attributes = engine.attributes
    kept = [name for name in customers.columns if name in {id_column, record_column, *groups} or (record_column is None and may_hold(name, attributes))]
    broadcast = customers.sparkSession.sparkContext.broadcast(engine)
    asked = customers.select(*(f"`{name.replace('`', '``')}`" for name in kept))
    plain = asked.toDF(*(f"c{place}" for place in range(len(kept))))  # mapInArrow takes a dot in a name for a field
    return plain.mapInArrow(_evaluation(broadcast, now, kept, id_column, record_column, groups), SCHEMA)


def _evaluation(
    broadcast: Any, now: datetime, names: list[str], id_column: str, record_column: str | None, json_columns: list[str]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What runs in the executors."""

    def evaluate(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        engine: SegmentEngine = broadcast.value
        for plain in batches:
            batch = plain.rename_columns(names)
            ids = batch.column(id_column).cast(pa.string())
            found = engine.evaluate_table(batch, now, record_column=record_column, json_columns=json_columns).to_batch()
            yield pa.record_batch([pc.take(ids, found.column("row")), found.column("segment_id").cast(pa.string())], schema=_ARROW)

    return evaluate

"""Who is in which segment, as a Spark job.

    spark-submit examples/spark_job.py segments.json customers/ members/ [now]

Customers are read from Parquet, and the pairs (customer, segment) written as Parquet. Every executor needs `pip install "segmentation[spark]"`.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from pyspark.sql import SparkSession

from segmentation import SegmentEngine
from segmentation.batch.spark import pairs


def main(segments: str, customers: str, output: str, now: str | None = None) -> None:
    engine = SegmentEngine.from_json(Path(segments))
    spark = SparkSession.builder.appName("segmentation").config("spark.sql.execution.arrow.maxRecordsPerBatch", 65_536).getOrCreate()
    try:
        moment = None if now is None else datetime.fromisoformat(now)
        pairs(engine, spark.read.parquet(customers), moment).write.mode("overwrite").parquet(output)
    finally:
        spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

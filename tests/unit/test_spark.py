"""PySpark in local mode: the job of the examples says of every customer what the engine says of it alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentation import SegmentEngine
from segmentation.testing import strategies as our

JOB = Path(__file__).resolve().parents[2] / "examples" / "spark_job.py"


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_the_job_answers_as_the_engine(tmp_path: Path) -> None:
    segments: list[dict[str, Any]] = [
        {"id": "berlin", "name": "", "filter": {"city": {"conditions": {"$is": "Berlin"}}}},
        {"id": "dotted", "name": "", "filter": {"metadata.tier": {"conditions": {"$in": ["gold", 1]}}}},
        {"id": "old", "name": "", "filter": {"age": {"conditions": {"$more_than": 40}}}},
        {"id": "not_old", "name": "", "filter": {"$not": {"age": {"conditions": {"$more_than": 40}}}}},
        {"id": "new", "name": "", "filter": {"created_at": {"conditions": {"$less_than_ago": 30}}}},
        {"id": "listed", "name": "", "customers": ["c7", "c11"]},
    ]
    table = pa.table(
        {
            "id": [f"c{row}" for row in range(200)],
            "address": [{"city": ["Berlin", "Rome", None][row % 3]} for row in range(200)],
            "metadata.tier": [["gold"], ["1", "x"], [], None] * 50,
            "age": pa.array([None if row % 7 == 0 else row for row in range(200)], pa.int32()),
            "created_at": pa.array([f"2026-{1 + row % 12:02}-01T00:00:00Z" for row in range(200)]),
            "unasked": [b"x"] * 200,
        }
    )
    (tmp_path / "segments.json").write_text(json.dumps(segments))
    (tmp_path / "customers").mkdir()
    for part in range(4):
        pq.write_table(table.slice(50 * part, 50), tmp_path / "customers" / f"{part}.parquet")
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false pyspark-shell",
    }
    paths = [str(tmp_path / name) for name in ("segments.json", "customers", "members")]
    result = subprocess.run([sys.executable, str(JOB), *paths, our.NOW.isoformat()], capture_output=True, text=True, check=False, env=environment, timeout=300)
    assert result.returncode == 0, result.stderr[-3_000:]
    found = pq.read_table(tmp_path / "members").to_pylist()
    engine = SegmentEngine(segments)
    expected = [{"customer": record["id"], "segment": segment} for record in table.to_pylist() for segment in engine.segment_ids(record, our.NOW)]
    assert {pair["segment"] for pair in expected} == {segment["id"] for segment in segments}
    assert sorted(map(str, found)) == sorted(map(str, expected))

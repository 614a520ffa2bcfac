"""What `make demo` runs: every example customer against every example segment, at one moment."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segmentation import DefinitionError, SegmentEngine

HERE = Path(__file__).resolve().parent
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIVE = 5
"""The first five segments are those of the endpoint's example."""


def main() -> None:
    """Print the answers."""
    customers = read_lines(HERE / "customers.jsonl")
    engine = SegmentEngine.from_json(HERE / "segments.json", attributes=read("attributes.json"), locations=read("locations.json"))

    sofia = next(customer for customer in customers if customer.get("source_id") == "sofia.silva")
    print(engine.evaluate_json(sofia, NOW).decode())

    answers = [(customer, set(engine.segment_ids(customer, NOW))) for customer in customers]
    print("\nAnd somebody who is not in it:")
    for segment in engine.segments[:FIVE]:
        outsiders = [customer["name"] for customer, ids in answers if customer.get("name") and segment.id not in ids]
        print(f"  {segment.name:24} {outsiders[-1]}")

    members = Counter(segment_id for _, ids in answers for segment_id in ids)
    print(f"\nThe {len(engine)} segments and how many of the {len(customers)} customers are in them:")
    for segment in engine.segments:
        print(f"  {members[segment.id]:4}  {segment.name}")

    print("\nA definition with three mistakes:")
    mistaken = {"created_at": {"conditions": {"$less_then": 7}}, "city": {"conditions": {"$is": None}}, "$nor": []}
    try:
        SegmentEngine([{"id": "new_in_town", "name": "New in town", "filter": mistaken}])
    except DefinitionError as error:
        for problem in error.problems:
            print(f"  {problem}")


def read(name: str) -> Any:
    """A JSON file of the examples."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A file of JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()

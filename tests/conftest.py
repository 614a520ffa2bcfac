"""Hypothesis profiles, and the fixtures that several folders share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from segmentation.matching import block, matcher

# Machines that share their cores are slow at random, so no test has a deadline and slow generation is no fault. `ci` must give the same verdict twice.
_CALM = (HealthCheck.too_slow,)
settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=_CALM)
settings.register_profile("ci", max_examples=100, deadline=None, suppress_health_check=_CALM, derandomize=True, print_blob=True)
settings.register_profile(
    "deep", max_examples=5_000, deadline=None, suppress_health_check=_CALM, phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The directory of public filters, customers and suites; it stands beside the repository, not in it."""
    found = REPOSITORY.parent / "shared" / "corpus"
    if not found.is_dir():
        reason = f"the corpus of public suites is not at ../shared/corpus (looked for {found})"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and on CI it must be")
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def indexed() -> Iterator[None]:
    """Two segments are indexed already, and answered for by rows alone, where an engine would ask so few one by one: what is small is quick to try and to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "_MOST_ASKED", 1)
        patch.setattr(block, "_NARROW", 0)
        yield


@pytest.fixture
def endpoint_example() -> dict[str, Any]:
    """The answer in the API's description of the endpoint."""
    return {
        "object": "list",
        "data_ref": "data",
        "data": [
            {"id": "seg_DNAOhUtJffvX0f57ajLMFBYR", "name": "area code not 123", "object": "segment"},
            {"id": "seg_IPIYx96l92Op0Sy5MOaImhgw", "name": "not bob.smith@email.com", "object": "segment"},
            {"id": "seg_1wc52c5z6r1kQ81brO8j9Hk2", "name": "Birthday After Dec 31", "object": "segment"},
            {"id": "seg_ZEbbT4mq1ePpM9PzR02lcww2", "name": "Start with S", "object": "segment"},
            {"id": "seg_WJv55MbzQwnr56ttJ2xUrSgt", "name": "Loyalty Card", "object": "segment"},
        ],
        "total": 5,
    }

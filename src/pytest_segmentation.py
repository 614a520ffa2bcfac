"""The pytest plugin of `segmentation`: the option `--segments` and the fixture `load_segments`.

pytest imports this in every run, before it measures coverage, so it imports nothing of the library until something of it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from segmentation.testing.cases import CasesFile, Loader

__all__ = ["load_segments"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("segmentation", "segments of customers")
    group.addoption("--segments", metavar="CASES", action="append", default=[], help="file of cases (customer, now, expected segments), each run as a test")


def pytest_configure(config: pytest.Config) -> None:
    """Collect the files of cases, beside whatever else is collected."""
    places = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    for path in _paths(config):
        if not path.is_file():
            raise pytest.UsageError(f"--segments: there is no file {path}")
        if not any(path == place or place in path.parents for place in places):
            config.args.append(str(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CasesFile | None:
    """Turn a file of cases into tests."""
    if file_path.resolve() not in _paths(parent.config):
        return None
    from segmentation.testing.cases import CasesFile  # noqa: PLC0415 - see the head of the module

    return CasesFile.from_parent(parent, path=file_path)


def _paths(config: pytest.Config) -> list[Path]:
    given: list[str] = config.getoption("--segments")
    return [(config.invocation_params.dir / path).resolve() for path in given]


@pytest.fixture(scope="module")
def load_segments(request: pytest.FixtureRequest) -> Loader:
    """Load and check a file of segment definitions: `load_segments("segments.json", timezone="Europe/Warsaw")` is an engine.

    A path is relative to the test file. When something is wrong with the definitions, the test fails with every problem on a line of its own.
    """
    from segmentation.testing.cases import loader  # noqa: PLC0415 - see the head of the module

    return loader(request.path.parent)

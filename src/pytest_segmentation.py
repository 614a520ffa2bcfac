"""The pytest plugin of `segmentation`: the option `--segments` and the fixture `load_segments`.

pytest imports this in every run, before it measures coverage, so it imports nothing of the library until something of it is asked for.
"""

from __future__ import annotations

from collections.abc import Generator
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
    """Refuse files that are not there."""
    for path in _paths(config):
        if not path.is_file():
            raise pytest.UsageError(f"--segments: there is no file {path}")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Collect the files of cases beside whatever else is collected: also those in directories that pytest does not look into (`build`, `.github`)."""
    report = yield
    if isinstance(collector, pytest.Session) and report.passed:
        for path in _paths(collector.config):
            if not _is_named(path, collector.config):
                report.result.append(_cases_file(path, collector))
    return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CasesFile | None:
    """Turn a file of cases that is named among pytest's own arguments (perhaps one case of it: `cases.json::a newcomer`) into tests."""
    path = file_path.resolve()
    return _cases_file(file_path, parent) if path in _paths(parent.config) and _is_named(path, parent.config) else None


def _paths(config: pytest.Config) -> dict[Path, None]:
    given: list[str] = config.getoption("--segments")
    return dict.fromkeys((config.invocation_params.dir / path).resolve() for path in given)


def _is_named(path: Path, config: pytest.Config) -> bool:
    """Whether pytest finds a file by its arguments, for certain and once: by its name, and not by a directory as well."""
    places = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    return path in places and not any(place in path.parents for place in places)


def _cases_file(path: Path, parent: pytest.Collector) -> CasesFile:
    from segmentation.testing.cases import CasesFile  # noqa: PLC0415 - see the head of the module

    return CasesFile.from_parent(parent, path=path)


@pytest.fixture(scope="module")
def load_segments(request: pytest.FixtureRequest) -> Loader:
    """Load and check a file of segment definitions: `load_segments("segments.json", timezone="Europe/Warsaw")` is an engine.

    A path is relative to the test file. When something is wrong with the definitions, the test fails with every problem on a line of its own.
    """
    from segmentation.testing.cases import loader  # noqa: PLC0415 - see the head of the module

    return loader(request.path.parent)

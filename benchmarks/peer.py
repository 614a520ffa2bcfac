"""What an engine must do to be timed beside ours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any, TypeVar

from benchmarks.translation import Dialect, Fact, Untranslatable, translate

__all__ = ["Peer", "PeerUnavailable"]

R = TypeVar("R")


class PeerUnavailable(Exception):  # noqa: N818 - an answer, printed in the report
    """A peer is not installed here."""


class Peer(ABC):
    """An engine that holds rules and answers which of them a record satisfies.

    Attributes:
        name: for the tables.
        distribution: what pip installs.
        ids: the segments that the peer's language can say, in definition order.
        rules: their rules, as the peer wants them.
        timed: `matching`, with as few Python frames around it as there can be.
        share: how many of the given segments those are, 0 to 1.
    """

    name: str
    distribution: str

    def __init__(self, segments: Sequence[Mapping[str, Any]], facts: Mapping[str, Fact]) -> None:
        self.facts = facts
        self.timed: Callable[[Any], list[str]] = self.matching
        try:
            self.load()
        except ImportError as missing:
            message = f"{self.name} is not installed: pip install {self.distribution}"
            raise PeerUnavailable(message) from missing
        self.ids: list[str] = []
        self.rules: list[Any] = []
        for segment in segments:
            rule = self.translate(segment)
            if rule is not None:
                self.ids.append(segment["id"])
                self.rules.append(rule)
        self.share = len(self.ids) / len(segments) if segments else 1.0
        self.finish()

    @abstractmethod
    def load(self) -> None:
        """Imports the engine; an ImportError means that it is not installed."""

    @abstractmethod
    def write(self, definition: Mapping[str, Any]) -> Any:
        """The rule of a filter; raises `Untranslatable`."""

    def finish(self) -> None:  # noqa: B027 - most peers have nothing to finish
        """Called once all rules are there."""

    def translated(self, definition: Mapping[str, Any], dialect: Dialect[R]) -> R:
        """The filter in a dialect."""
        return translate(definition, dialect)

    def translate(self, segment: Mapping[str, Any]) -> Any | None:
        """The rule of a segment, None when the language cannot say it with the same answer."""
        try:
            return self.write(segment["filter"])
        except Untranslatable:
            return None

    def prepare(self, record: Mapping[str, Any]) -> Any:
        """The record in the form that the peer reads fastest; never part of what is timed."""
        return record

    @abstractmethod
    def matching(self, prepared: Any) -> list[str]:
        """The ids of the rules that a prepared record satisfies: what is timed."""

    def evaluate_all(self, record: Mapping[str, Any]) -> list[str]:
        """The ids of the rules that a record satisfies."""
        return self.matching(self.prepare(record))

    def version(self) -> str:
        """The installed version."""
        return metadata.version(self.distribution)

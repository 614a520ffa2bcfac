"""The explanation of one verdict: the tree of conditions with what each saw, and what would have to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from segmentation.explain.change import Change, smallest_change
from segmentation.explain.text import told, written
from segmentation.explain.trace import ConditionTrace, JunctionTrace, ListedTrace, NegationTrace, Question, Trace, trace
from segmentation.language.attributes import Record
from segmentation.language.dates import Clock
from segmentation.language.options import Options
from segmentation.language.parse import outline
from segmentation.language.predicate import Listed, Predicate

__all__ = ["Explanation", "explain"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a customer is, or is not, in a segment.

    It holds values of the customer, for whoever asked; its `repr` does not show them, and `redacted` gives an explanation without them.
    """

    segment_id: str
    segment_name: str
    now: datetime
    """The moment that was asked about, in the engine's time zone."""
    timezone: str
    tree: Trace
    change: Change | None
    """The smallest set of conditions whose change would flip the verdict; None when no customer can flip it."""
    is_redacted: bool = False

    @property
    def verdict(self) -> bool:
        """Whether the customer is in the segment."""
        return self.tree.verdict

    def to_text(self, *, color: bool = False) -> str:
        """The explanation for people, on lines of their own.

        Args:
            color: Whether to colour it for a terminal, by ANSI escapes. What the customer's data or the definition holds is escaped either way.
        """
        return told(self, color=color)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON-ready data; long arrays and texts of the customer are cut, objects named as such."""
        return written(self)

    def redacted(self) -> Explanation:
        """The explanation without anything of the customer but verdicts, types, and what is missing or an empty array."""
        tree = _redacted(self.tree)
        return replace(self, tree=tree, change=smallest_change(tree), is_redacted=True)


def _redacted(tree: Trace) -> Trace:
    match tree:
        case ConditionTrace():
            return replace(tree, value=None, ages=())
        case ListedTrace():
            return replace(tree, names=())
        case JunctionTrace():
            return replace(tree, parts=tuple(map(_redacted, tree.parts)))
        case NegationTrace():
            return replace(tree, part=_redacted(tree.part))


def explain(
    segment: Mapping[str, Any],
    predicate: Predicate,
    options: Options,
    record: Record,
    clock: Clock,
) -> Explanation:
    """Explain the verdict of a segment about a customer.

    Args:
        segment: The definition, which must be a valid one.
        predicate: What it was compiled to; of a static segment, the `Listed` of its customers.
        options: Those that it was compiled under.
        record: The customer.
        clock: The moment.
    """
    calendar = options.calendar
    question = Question(record, clock, calendar)
    tree = trace(predicate if isinstance(predicate, Listed) else outline(segment["filter"], options, ("filter",)), question)
    now = _EPOCH + timedelta(microseconds=clock.now)
    return Explanation(segment["id"], segment["name"], now.astimezone(calendar.zone), calendar.timezone, tree, smallest_change(tree))

"""The smallest set of conditions whose change would change a verdict, exactly, over the tree of a trace.

Every condition stands for one switch, and each part of a filter stands in the tree once, so the parts are independent and the costs add up:

    cost(condition, its verdict)  = 0          cost(condition, the other) = 1, or ∞ if no customer can change it
    cost(all of parts, true)      = Σ cost(part, true)         cost(all of parts, false) = min cost(part, false)
    cost(any of parts, true)      = min cost(part, true)       cost(any of parts, false) = Σ cost(part, false)
    cost(not part, verdict)       = cost(part, not verdict)

One pass from the leaves up, linear in the size of the tree. Conditions on one attribute may depend on one another (an age is not above 40 and below
30), so a set of this size need not be within a customer's reach; a smaller one never is.
"""

from __future__ import annotations

from dataclasses import dataclass

from segmentation.explain.trace import ConditionTrace, JunctionTrace, ListedTrace, NegationTrace, Trace

__all__ = ["MOST_COUNTED", "Change", "smallest_change"]

MOST_COUNTED = 1_000_000
"""Smallest sets are counted so far: there may be more than a number can be written of."""


@dataclass(frozen=True, slots=True)
class Change:
    """Conditions that must all change their verdict for the whole to change its own."""

    conditions: tuple[ConditionTrace | ListedTrace, ...]
    """In document order; of several smallest sets, the first."""
    alternatives: int
    """How many sets of this size there are, this one included; `MOST_COUNTED` if they are as many or more."""


def smallest_change(tree: Trace) -> Change | None:
    """The smallest set of conditions whose change flips the verdict; None when there is none, because the filter asks nothing that can change."""
    return _change(tree, not tree.verdict)


_NOTHING = Change((), 1)


def _change(tree: Trace, wanted: bool) -> Change | None:
    """What must change for the verdict to be the wanted one."""
    match tree:
        case ConditionTrace() | ListedTrace():
            if tree.verdict is wanted:
                return _NOTHING
            return None if tree.is_constant else Change((tree,), 1)
        case NegationTrace(part=part):
            return _change(part, not wanted)
        case JunctionTrace(junction=junction, parts=parts):
            changes = [_change(part, wanted) for part in parts]
            return _all(changes) if (junction == "and") is wanted else _one(changes)


def _all(changes: list[Change | None]) -> Change | None:
    """Every part must come to the wanted verdict."""
    possible = [change for change in changes if change is not None]
    if len(possible) < len(changes):
        return None
    alternatives = 1
    for change in possible:
        alternatives = min(alternatives * change.alternatives, MOST_COUNTED)
    return Change(tuple(condition for change in possible for condition in change.conditions), alternatives)


def _one(changes: list[Change | None]) -> Change | None:
    """Some part must: the cheapest. Sets of different parts are different sets."""
    possible = [change for change in changes if change is not None]
    if not possible:
        return None
    cheapest = min(possible, key=lambda change: len(change.conditions))
    size = len(cheapest.conditions)
    if not size:
        return _NOTHING
    return Change(cheapest.conditions, min(sum(change.alternatives for change in possible if len(change.conditions) == size), MOST_COUNTED))

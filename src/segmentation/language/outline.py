"""A filter as it was written: its junctions, negations and conditions, each with its place and the predicate that it means.

The parser reads every filter into an outline; its predicate is what engines compile, and the rest is for showing a filter to people. An outline
decides nothing: what a part means is its predicate, and whether that holds of a customer is for `language.predicate` to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from segmentation.language.attributes import Attribute
from segmentation.language.operators import Operator
from segmentation.language.predicate import And, Not, Or, Predicate

__all__ = ["Condition", "Junction", "JunctionName", "Negation", "Outline", "Path", "joined"]

Path = tuple[str | int, ...]
"""Keys and indices, from the outermost to the innermost."""
JunctionName = Literal["and", "or"]


class Condition(NamedTuple):
    """An operator with its operand, on an attribute."""

    path: Path
    attribute: Attribute
    operator: Operator
    """As written."""
    meant: Operator
    """The operator that it stands for: on a birthday it may be the twin that ignores the year."""
    operand: Any
    """As written."""
    predicate: Predicate
    values: tuple[tuple[Any, Predicate], ...] = ()
    """Where several values of the operand have a verdict each: the values with their predicates."""


class Junction(NamedTuple):
    """A filter, or a group of filters: all or any of its parts. The conditions of an attribute are parts of the filter around it (section 2)."""

    path: Path
    junction: JunctionName
    parts: tuple[Outline, ...]

    @property
    def predicate(self) -> Predicate:
        """What it means."""
        return joined(self.junction, [part.predicate for part in self.parts])


class Negation(NamedTuple):
    """A `$not`."""

    path: Path
    part: Outline

    @property
    def predicate(self) -> Predicate:
        """What it means."""
        return Not(self.part.predicate)


Outline = Condition | Junction | Negation


def joined(junction: JunctionName, parts: Sequence[Predicate]) -> Predicate:
    """Predicates combined by a junction; a single one is itself."""
    if len(parts) == 1:
        return parts[0]
    return Or(tuple(parts)) if junction == "or" else And(tuple(parts))

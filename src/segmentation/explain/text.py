"""An explanation on paper: as text, in colours for a terminal, and as JSON-ready data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from segmentation.explain.change import MOST_COUNTED
from segmentation.explain.seen import escaped
from segmentation.explain.trace import ConditionTrace, JunctionTrace, ListedTrace, NegationTrace, State, Trace

if TYPE_CHECKING:
    from segmentation.explain.explanation import Explanation

__all__ = ["told", "written"]

_GREEN, _RED, _YELLOW, _DIM, _BOLD = "32", "31", "33", "2", "1"
_MISSING = {
    State.ABSENT: "missing: the customer has no such key",
    State.NULL: "missing: null",
    State.UNREADABLE: "missing",
}


def told(explanation: Explanation, *, color: bool) -> str:
    """The explanation as lines of text."""
    return "\n".join(_Teller(is_colored=color, is_redacted=explanation.is_redacted).lines(explanation))


class _Teller:
    """Writes lines, in colours or not."""

    def __init__(self, *, is_colored: bool, is_redacted: bool) -> None:
        self.is_colored = is_colored
        self.is_redacted = is_redacted

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.is_colored else text

    def mark(self, verdict: bool) -> str:
        return self.paint("✓", _GREEN) if verdict else self.paint("✗", _RED)

    def lines(self, explanation: Explanation) -> Iterator[str]:
        name = escaped(explanation.segment_id) + (f" ({escaped(explanation.segment_name)})" if explanation.segment_name else "")
        verdict = self.paint("in", _GREEN) if explanation.verdict else self.paint("not in", _RED)
        now = f"{explanation.now.isoformat()} {explanation.timezone}"
        yield f"{verdict} {self.paint(name, _BOLD)}, at {now}"
        yield from self.part(explanation.tree, "")
        yield self.change(explanation)

    def change(self, explanation: Explanation) -> str:
        change, goal = explanation.change, "leave" if explanation.verdict else "enter"
        if change is None:
            return f"to {goal}: no customer can"
        names = " and ".join(dict.fromkeys(_name(condition) for condition in change.conditions))  # a condition may stand in several places
        count = f"{change.alternatives}{' or more' if change.alternatives == MOST_COUNTED else ''}"
        more = "" if change.alternatives == 1 else f" (one of {count} smallest changes)"
        return f"to {goal}, the least to change: {names}{more}"

    def part(self, part: Trace, indent: str) -> Iterator[str]:
        inner = indent + "  "
        head = f"{indent}{self.mark(part.verdict)} "
        match part:
            case JunctionTrace(junction=junction, parts=()):
                yield f"{head}{'all' if junction == 'and' else 'any'} of nothing: every customer"
            case JunctionTrace(parts=(only,)):
                yield from self.part(only, indent)
            case JunctionTrace(junction=junction, parts=parts):
                yield f"{head}{'all' if junction == 'and' else 'any'} of"
                for each in parts:
                    yield from self.part(each, inner)
            case NegationTrace(part=only):
                yield f"{head}not"
                yield from self.part(only, inner)
            case ListedTrace():
                yield f"{head}{_name(part)} ({part.members} listed)"
                if part.names:
                    yield f"{inner}  the customer's: {', '.join(name.text for name in part.names)}"
                elif not self.is_redacted:
                    yield f"{inner}  {self.paint('missing: the customer has neither an id nor a source_id that is text', _YELLOW)}"
            case ConditionTrace():
                yield f"{head}{_name(part)}: {part.words}"
                yield from (f"{inner}  {line}" for line in self.details(part))

    def details(self, part: ConditionTrace) -> Iterator[str]:
        """What a condition saw, one thing a line."""
        if part.meant != part.operator:
            yield self.paint(f"on a birthday {part.operator} means {part.meant}", _DIM)
        if part.state is not State.KNOWN:
            missing = _MISSING[part.state] + (f": {part.mismatch}" if part.state is State.UNREADABLE and part.mismatch else "")
            missing += ", so it counts as 0" if part.counts_as_zero else ""
            yield self.paint(missing, _YELLOW)
        if part.value is not None:
            yield f"value {part.value.text}" + (f" ({', '.join(part.ages)})" if part.ages else "")
        elif part.state is State.KNOWN:
            yield self.paint("value withheld" if self.is_redacted else "value null", _DIM)
        if part.periods:
            yield f"at that moment: {', or '.join(map(str, part.periods))}"
        if part.mismatch and part.state is State.KNOWN:
            yield self.paint(part.mismatch, _YELLOW)
        if part.declare:
            yield self.paint(f'declared as a {part.declare} it would be read: attributes={{{_literal(part.attribute)}: "{part.declare}"}}', _YELLOW)
        if part.values:
            yield "  ".join(f"{self.mark(value.verdict)} {value.operand}" for value in part.values)
        if part.is_constant:
            yield self.paint("the same for every customer", _DIM)


def _name(part: ConditionTrace | ListedTrace) -> str:
    if isinstance(part, ListedTrace):
        return "id or source_id is one of the segment's customers"
    return f"{escaped(part.attribute)} {part.operator}{' ' if part.operand else ''}{part.operand}"


def _literal(text: str) -> str:
    """The literal of a text, in Python and in JSON."""
    return escaped(json.dumps(text, ensure_ascii=False))


def written(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON-ready data."""
    change = explanation.change
    return {
        "segment": {"id": explanation.segment_id, "name": explanation.segment_name},
        "verdict": explanation.verdict,
        "now": explanation.now.isoformat(),
        "timezone": explanation.timezone,
        "redacted": explanation.is_redacted,
        "tree": _part(explanation.tree),
        "change": None if change is None else {"conditions": [condition.pointer for condition in change.conditions], "alternatives": change.alternatives},
    }


def _part(part: Trace) -> dict[str, Any]:
    common = {"pointer": part.pointer, "verdict": part.verdict}
    match part:
        case JunctionTrace():
            return {"kind": "all" if part.junction == "and" else "any", **common, "parts": [_part(each) for each in part.parts]}
        case NegationTrace():
            return {"kind": "not", **common, "part": _part(part.part)}
        case ListedTrace():
            return {"kind": "listed", **common, "names": [name.data for name in part.names], "members": part.members}
        case ConditionTrace():
            return {"kind": "condition", **common, **_condition(part)}


def _condition(part: ConditionTrace) -> dict[str, Any]:
    return {
        "attribute": part.attribute,
        "type": part.type,
        "operator": part.operator,
        "meant": part.meant,
        "words": part.words,
        "operand": part.operand,
        "state": str(part.state),
        "missing": part.is_missing,
        "counts_as_zero": part.counts_as_zero,
        "value": None if part.value is None else part.value.data,
        "value_is": None if part.value is None else part.value.what,
        "ages": list(part.ages),
        "periods": [{"unit": period.unit, "first": period.first, "last": period.last, "outside": period.is_outside} for period in part.periods],
        "mismatch": part.mismatch,
        "declare": part.declare,
        "constant": part.is_constant,
        "values": [{"operand": value.operand, "verdict": value.verdict} for value in part.values],
    }

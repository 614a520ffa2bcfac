"""Expressions of JsonLogic, built with jsonlogic-py: the operators that evaluators agree on, and no others.

Its operators for Python (`&`, `~`, `==` …) write binary junctions, `not` for `!`, and None as text, so expressions are built from their operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from jsonlogic import Expression, Literal, Operand, Operation, Variable

__all__ = ["ELEMENT", "Operand", "all_of", "any_of", "compared", "is_in", "is_not", "piece", "rule_of", "same", "some", "variable", "written"]

_OPERATIONS: Final = {
    name: Operation(name, arity)
    for name, arity in {"and": None, "or": None, "!": 1, "===": 2, "<": 2, "<=": 2, ">": 2, ">=": 2, "in": 2, "some": 2, "substr": None}.items()
}

ELEMENT: Final = ""
"""The path of the element that `some` looks at."""


def _expression(operation: str, *operands: Any) -> Operand:
    first, *rest = (operand if isinstance(operand, Operand) else Literal(operand) for operand in operands)
    return Expression(_OPERATIONS[operation], first, *rest)  # type: ignore[arg-type]  # any operand is written alike


def rule_of(expression: Operand) -> dict[str, Any]:
    """The rule that an expression is."""
    rule: dict[str, Any] = expression._prepare()  # noqa: SLF001 - the library has no other way to the object; its text would have to be parsed again
    return rule


def written(expression: Any) -> Any:
    """A rule as JSON has it, if it is an expression of jsonlogic-py, with None as null and `~` as `!`; anything else as it is."""
    match expression:
        case Literal():
            return expression._rawval  # noqa: SLF001 - its own form makes text of None
        case Variable():
            return {"var": expression._var}  # noqa: SLF001 - likewise
        case Expression():
            operands = [written(operand) for operand in (expression.o1, *expression.on)]
            name = {"not": "!", "contains": "in"}.get(expression.op.op, expression.op.op)
            return {name: operands[::-1] if expression.op.op == "contains" else operands}
        case _:
            return expression


def all_of(parts: Sequence[Operand]) -> Operand:
    """Every part; a single one is itself, and of none the answer is true."""
    return parts[0] if len(parts) == 1 else _expression("and", *(parts or (True,)))


def any_of(parts: Sequence[Operand]) -> Operand:
    """Some part; a single one is itself, and of none the answer is false."""
    return parts[0] if len(parts) == 1 else _expression("or", *(parts or (False,)))


def is_not(part: Operand) -> Operand:
    """The complement."""
    return _expression("!", part)


def variable(path: str, default: Any = None) -> Operand:
    """What stands at a path, or else the default."""
    return Variable(path if default is None else [path, default])  # type: ignore[arg-type]  # what `var` takes is written as it is


def some(path: str, default: list[Any], condition: Operand | bool) -> Operand:
    """Some element of the list at a path meets the condition."""
    return _expression("some", variable(path, default), condition)


def same(one: Any, other: Any) -> Operand:
    """Two values of one type are the same."""
    return _expression("===", one, other)


def compared(operator: str, one: Any, other: Any) -> Operand:
    """One number compared with another."""
    return _expression(operator, one, other)


def is_in(needle: Any, haystack: Any) -> Operand:
    """An element of a list, or a piece of a text."""
    return _expression("in", needle, haystack)


def piece(text: Operand, *where: int) -> Operand:
    """A piece of a text, from a position, of a length."""
    return _expression("substr", text, *where)

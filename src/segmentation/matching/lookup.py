"""Look-up of all attributes in a record at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from segmentation.language.attributes import MISSING, Record, finder, has_alias

__all__ = ["Lookup"]


_DEEPEST = 8  # steps of a path that is found with others; longer ones are found by themselves


class _Node:
    """A place in a record where paths go on."""

    __slots__ = ("dotted", "parts")

    def __init__(self) -> None:
        self.parts: dict[str, tuple[int, _Node | None]] = {}
        """By key: the number of the attribute whose value it is (-1 for none), and where paths go on."""
        self.dotted: set[str] = set()
        """The keys with dots that, were one there, would come before these parts."""


class Lookup:
    """Finds the values of attributes, by number. Immutable."""

    __slots__ = ("_apart", "_blank", "_finders", "_root", "keys")

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.keys = tuple(keys)
        self._blank: list[Any] = [MISSING] * len(self.keys)
        self._finders: list[Callable[[Record], Any]] = [finder(key) for key in self.keys]
        self._apart = [number for number, key in enumerate(self.keys) if has_alias(key) or key.count(".") > _DEEPEST]
        """The attributes whose value may be elsewhere, or deeper than the tree of paths."""
        self._root = _Node()
        for number, key in enumerate(self.keys):
            if key.count(".") <= _DEEPEST:
                self._plant(key, number)

    def _plant(self, key: str, number: int) -> None:
        node, parts = self._root, key.split(".")
        for at, part in enumerate(parts):
            node.dotted.update(".".join(parts[at:end]) for end in range(at + 2, len(parts) + 1))
            known, inner = node.parts.get(part, (-1, None))
            if at == len(parts) - 1:
                known = number
            elif inner is None:
                inner = _Node()
            node.parts[part] = (known, inner)
            node = inner or node

    def values(self, record: Record) -> list[Any]:
        """The stored value of every attribute, `MISSING` where there is none."""
        values = self._blank.copy()
        try:
            is_filled = _fill(values, self._root, record)
        except Exception:  # noqa: BLE001 - a mapping of someone's making, and data never makes an evaluation raise
            is_filled = False
        if not is_filled:  # keys with dots have a say, or a mapping failed
            return [find(record) for find in self._finders]
        for number in self._apart:
            if values[number] is MISSING:
                values[number] = self._finders[number](record)
        return values


def _fill(values: list[Any], node: _Node, inside: Record) -> bool:
    """Find what is below a node by plain keys; False when some key with dots, or an enum member, has a say."""
    if node.dotted and not node.dotted.isdisjoint(inside):
        return False
    get = inside.get
    for part, (number, inner) in node.parts.items():
        value = get(part, MISSING)
        if value is not MISSING:
            if number >= 0:
                values[number] = value
            if inner is not None:
                if isinstance(value, Enum):  # it stands for its value, which may be an object
                    return False
                if (type(value) is dict or isinstance(value, Mapping)) and not _fill(values, inner, value):
                    return False
    return True

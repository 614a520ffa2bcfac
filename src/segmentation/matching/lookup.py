"""Look-up of all attributes in a record at once.

Attributes share the objects that their paths go through, so each object is asked once, for all that is wanted of it. As the look-up of every record goes the
same way, the way is written out as a function: a loop over objects and keys would take twice as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from segmentation.language.attributes import MISSING, Record, finder, has_alias

__all__ = ["Lookup"]


_DEEPEST = 8  # steps of a path that is found with others; longer ones are found by themselves
_WITHOUT_KEYS = frozenset({type(MISSING), type(None), bool, int, float, str, list})
"""The types in which nothing is found; what is neither they nor a dict is looked into with more care."""


class _Step(NamedTuple):
    """What is asked of one object in a record."""

    place: int
    """Where the object stands among the values found so far, the record being the first."""
    first: int
    """Where the first of the values will stand."""
    keys: tuple[str, ...]
    """What is asked of it."""
    dotted: frozenset[str]
    """The keys with dots that, were one there, would come before these."""


class Lookup:
    """Finds the values of attributes, by number. Immutable."""

    __slots__ = ("_apart", "_finders", "_together", "keys")

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.keys = tuple(keys)
        self._finders: list[Callable[[Record], Any]] = [finder(key) for key in self.keys]
        self._apart = [number for number, key in enumerate(self.keys) if has_alias(key) or key.count(".") > _DEEPEST]
        """The attributes whose value may be elsewhere, or deeper than paths are followed together."""
        self._together: Callable[[Record], Sequence[Any] | None] | None = None
        """The look-up of all paths; written out by the first question, since many a look-up is replaced before it is asked."""

    def values(self, record: Record) -> Sequence[Any]:
        """The stored value of every attribute, `MISSING` where there is none; another one may follow."""
        if self._together is None:
            self._together = _written_out(self.keys)
        try:
            values = self._together(record)
        except Exception:  # noqa: BLE001 - keys of someone's making may fail when they are compared, and data never makes an evaluation raise
            values = None
        if values is None:
            return [find(record) for find in self._finders]
        if self._apart:
            values = list(values)
            for number in self._apart:
                if values[number] is MISSING:
                    values[number] = self._finders[number](record)
        return values


def _written_out(keys: Sequence[str]) -> Callable[[Record], Sequence[Any] | None]:
    """The function from a record to the values at some paths; it answers None when keys with dots, or objects that are no dicts, may have a say.

    Keys are constants that it is given, so nothing of them enters its text.
    """
    places: dict[tuple[str, ...], int] = {}
    given: dict[str, Any] = {"missing": MISSING, "without_keys": _WITHOUT_KEYS}
    lines = ["def values(v0):"]
    for place, first, inside, dotted in _steps([tuple(key.split(".")) for key in keys if key.count(".") <= _DEEPEST], places):
        values = range(first, first + len(inside))
        given |= {f"k{value}": key for value, key in zip(values, inside, strict=True)}
        lines.append(f" if type(v{place}) is dict:")
        if dotted:
            given[f"d{place}"] = dotted.isdisjoint
            lines += [f"  if not d{place}(v{place}):", "   return None"]
        lines += [f"  get = v{place}.get", *(f"  v{value} = get(k{value}, missing)" for value in values)]
        lines += [f" elif type(v{place}) in without_keys:", f"  {' = '.join(f'v{value}' for value in values)} = missing", " else:", "  return None"]
    found = [f"v{places[path]}" if (path := tuple(key.split("."))) in places else "missing" for key in keys]
    lines.append(f" return ({' '.join(f'{value},' for value in found)})")
    exec("\n".join(lines), given)  # noqa: S102 - see above
    written: Callable[[Record], Sequence[Any] | None] = given["values"]
    return written


def _steps(paths: Sequence[tuple[str, ...]], places: dict[tuple[str, ...], int]) -> list[_Step]:
    """The steps that find what is at some paths; `places` is told where each value will stand."""
    steps: list[_Step] = []
    waiting: deque[tuple[int, tuple[str, ...], Sequence[tuple[str, ...]]]] = deque([(0, (), paths)])  # an object: its place, how it is reached, paths inside
    count = 1
    while waiting:
        place, prefix, inside = waiting.popleft()
        by_key: dict[str, list[tuple[str, ...]]] = {}
        dotted: set[str] = set()
        for key, *rest in inside:
            by_key.setdefault(key, []).append(tuple(rest))
            dotted.update(".".join((key, *rest[:end])) for end in range(1, len(rest) + 1))
        if not by_key:
            continue
        steps.append(_Step(place, count, tuple(by_key), frozenset(dotted)))
        for number, (key, rests) in enumerate(by_key.items(), count):
            places[*prefix, key] = number
            waiting.append((number, (*prefix, key), [rest for rest in rests if rest]))
        count += len(by_key)
    return steps

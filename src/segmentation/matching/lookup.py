"""Look-up of all attributes in a record at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

from segmentation.language.attributes import MISSING, Record, finder, has_alias

__all__ = ["Lookup"]


_DEEPEST = 8  # steps of a path that is found with others; longer ones are found by themselves
_MISSINGS = repeat(MISSING)


class _Step(NamedTuple):
    """What is asked of one object in a record."""

    place: int
    """Where the object stands among the values found so far."""
    keys: tuple[str, ...]
    """What is asked of it, all in one go; two keys or more, one being asked twice."""
    all_of: Callable[[Record], tuple[Any, ...]]
    """The values of the keys, if it has them all."""
    dotted: frozenset[str]
    """The keys with dots that, were one there, would come before these."""
    nothing: tuple[Any, ...]
    """What is found when there is no such object."""


class _Elsewhere(Exception):  # noqa: N818 - not an error: the record is to be searched key by key
    """Some key with dots, or an enum member, has a say."""


class Lookup:
    """Finds the values of attributes, by number. Immutable."""

    __slots__ = ("_apart", "_finders", "_picked", "_steps", "keys")

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.keys = tuple(keys)
        self._finders: list[Callable[[Record], Any]] = [finder(key) for key in self.keys]
        self._apart = [number for number, key in enumerate(self.keys) if has_alias(key) or key.count(".") > _DEEPEST]
        """The attributes whose value may be elsewhere, or deeper than paths are followed together."""
        places: dict[str, int] = {}
        self._steps = _steps([tuple(key.split(".")) for key in self.keys if key.count(".") <= _DEEPEST], places)
        self._picked: Callable[[list[Any]], Sequence[Any]] | None = None
        """From all that is found to the values; the number -1 is MISSING."""
        if self.keys:
            self._picked = itemgetter(*[places.get(key, -1) for key in self.keys], -1)

    def values(self, record: Record) -> Sequence[Any]:
        """The stored value of every attribute, `MISSING` where there is none; another one may follow."""
        if self._picked is None:
            return ()
        found: list[Any] = [record]
        try:
            for place, keys, all_of, dotted, nothing in self._steps:
                inside = found[place]
                if type(inside) is not dict:
                    if isinstance(inside, Enum):  # it stands for its value, which may be an object
                        raise _Elsewhere  # noqa: TRY301 - one way out for all that is unusual
                    if not isinstance(inside, Mapping):
                        found += nothing
                        continue
                if dotted and not dotted.isdisjoint(inside):
                    raise _Elsewhere  # noqa: TRY301 - likewise
                if type(inside) is dict and len(inside) >= len(keys):
                    try:
                        found += all_of(inside)
                        continue
                    except KeyError:
                        pass
                found += map(inside.get, keys, _MISSINGS)
        except Exception:  # noqa: BLE001 - or a mapping of someone's making failed, and data never makes an evaluation raise
            return [find(record) for find in self._finders]
        found.append(MISSING)
        values = self._picked(found)
        if self._apart:
            values = list(values)
            for number in self._apart:
                if values[number] is MISSING:
                    values[number] = self._finders[number](record)
        return values


def _steps(paths: Sequence[tuple[str, ...]], places: dict[str, int]) -> list[_Step]:
    """The steps that find what is at some paths; `places` is told where each value will stand."""
    steps: list[_Step] = []
    waiting = deque([(0, "", paths)])  # objects to be asked: where they stand, how they are reached, the paths inside
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
        keys = tuple(by_key) if len(by_key) > 1 else 2 * tuple(by_key)
        steps.append(_Step(place, keys, itemgetter(*keys), frozenset(dotted), (MISSING,) * len(keys)))
        for number, (key, rests) in enumerate(by_key.items()):
            places[prefix + key] = count + number
            waiting.append((count + number, f"{prefix}{key}.", [rest for rest in rests if rest]))
        count += len(keys)
    return steps

"""Texts: which leaves a text meets, for many texts at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import compute

from segmentation.batch.bitmaps import Bits, Marks, Rows
from segmentation.batch.haystack import Haystack
from segmentation.errors import is_utf8
from segmentation.language.checks import Check, Constraint, OneOf, Prefix, Substring, Suffix
from segmentation.language.dates import Clock

__all__ = ["texts_admitted"]


def texts_admitted(texts: pa.Array, asked: Sequence[Sequence[Check]], clock: Clock) -> Bits:
    """For every leaf, given as its checks of text, the texts that it admits: bitmaps of shape (leaves, words).

    Args:
        texts: A string array without nulls.
        asked: Of every leaf, the checks of which one must pass.
        clock: The clock of the evaluation.
    """
    found = Marks(len(asked), len(texts))
    members: dict[str, list[int]] = {}
    alike: dict[Constraint, list[int]] = {}
    for number, checks in enumerate(asked):
        for check in checks:
            match check.constraint:
                case OneOf(values):
                    for value in values:
                        if isinstance(value, str):
                            members.setdefault(value, []).append(number)
                case constraint:
                    alike.setdefault(constraint, []).append(number)
    _mark_members(found, texts, members)
    parts: dict[type[Constraint], list[tuple[bytes, list[int]]]] = {Prefix: [], Suffix: [], Substring: []}
    for constraint, numbers in alike.items():
        if isinstance(constraint, Prefix | Suffix | Substring):
            if is_utf8(constraint.text):  # no text of a column holds a lone surrogate
                parts[type(constraint)].append((constraint.text.encode(), numbers))
        else:
            found.add(numbers, np.flatnonzero(np.fromiter((constraint.admits(text, clock) for text in texts.to_pylist()), np.bool_, len(texts))))
    if len(texts) and any(parts.values()):
        _mark_parts(found, Haystack(texts), parts)
    return found.bits


def _mark_parts(found: Marks, haystack: Haystack, parts: Mapping[type[Constraint], Sequence[tuple[bytes, list[int]]]]) -> None:
    """Mark the texts that start with, end with or contain something. To compare bytes of UTF-8 is to compare code points."""
    prefixes, suffixes, substrings = ([needle for needle, _ in parts[kind]] for kind in (Prefix, Suffix, Substring))
    ways: list[tuple[type[Constraint], Iterable[tuple[int, Rows]]]] = []
    if prefixes:
        ways.append((Prefix, enumerate(haystack.with_prefixes(prefixes))))
    if suffixes:
        ways.append((Suffix, enumerate(haystack.with_suffixes(suffixes))))
    if substrings:
        ways.append((Substring, haystack.with_substrings(substrings)))
    for kind, hits in ways:
        for position, rows in hits:
            if len(rows):
                found.add(parts[kind][position][1], rows)


def _mark_members(found: Marks, texts: pa.Array, members: dict[str, list[int]]) -> None:
    names = [name for name in members if is_utf8(name)]
    if not names or not len(texts):
        return
    at = compute.index_in(texts, pa.array(names, texts.type)).fill_null(-1).to_numpy()
    hits = np.flatnonzero(at >= 0)
    hits = hits[np.argsort(at[hits], kind="stable")]
    bounds = np.searchsorted(at[hits], np.arange(len(names) + 1))
    for name, start, stop in zip(names, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if start < stop:
            found.add(members[name], hits[start:stop])

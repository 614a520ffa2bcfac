"""Texts: which leaves a text meets, for many texts at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from segmentation.batch.bitmaps import Bools
from segmentation.errors import is_utf8
from segmentation.language.checks import Check, Constraint, OneOf, Prefix, Substring, Suffix
from segmentation.language.dates import Clock

__all__ = ["texts_admitted"]

_KERNELS: dict[type[Constraint], Callable[..., pa.BooleanArray]] = {
    Prefix: compute.starts_with,
    Suffix: compute.ends_with,
    Substring: compute.match_substring,
}
"""They compare bytes of UTF-8, which is to compare code points."""


def texts_admitted(texts: pa.Array, asked: Sequence[Sequence[Check]], clock: Clock) -> Bools:
    """For every leaf, given as its checks of text, the texts that it admits: truth values of shape (leaves, texts).

    Args:
        texts: A string array without nulls.
        asked: Of every leaf, the checks of which one must pass.
        clock: The clock of the evaluation.
    """
    found = np.zeros((len(asked), len(texts)), np.bool_)
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
    for constraint, numbers in alike.items():
        admitted = _admitted(texts, constraint, clock)
        if admitted is not None:
            found[numbers] |= admitted
    _mark_members(found, texts, members)
    return found


def _admitted(texts: pa.Array, constraint: Constraint, clock: Clock) -> Bools | None:
    """The texts that a constraint admits; None for none of them."""
    kernel = _KERNELS.get(type(constraint))
    if kernel is None:
        return np.fromiter((constraint.admits(text, clock) for text in texts.to_pylist()), np.bool_, len(texts))
    pattern: Any = constraint
    if not is_utf8(pattern.text):
        return None  # no text of a column holds a lone surrogate
    admitted: Bools = kernel(texts, pattern.text).to_numpy(zero_copy_only=False)
    return admitted


def _mark_members(found: Bools, texts: pa.Array, members: dict[str, list[int]]) -> None:
    names = [name for name in members if is_utf8(name)]
    if not names or not len(texts):
        return
    at = compute.index_in(texts, pa.array(names, texts.type)).fill_null(-1).to_numpy()
    hits = np.flatnonzero(at >= 0)
    hits = hits[np.argsort(at[hits], kind="stable")]
    bounds = np.searchsorted(at[hits], np.arange(len(names) + 1))
    for name, start, stop in zip(names, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if start < stop:
            for number in members[name]:
                found[number, hits[start:stop]] = True

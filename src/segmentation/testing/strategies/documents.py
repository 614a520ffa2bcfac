"""Any JSON, and any Python objects, that a record may hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from segmentation.testing.strategies.pools import ADVERSARIAL, ADVERSARIAL_PYTHON, ATTRIBUTES

__all__ = ["json_objects", "json_values", "python_objects"]


def json_values(max_leaves: int = 8) -> SearchStrategy[Any]:
    """Any JSON value: NaN and infinities (which Python reads and writes), huge integers and lone surrogates included."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from(ADVERSARIAL)
        | st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
    )
    return st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys(), inner, max_size=4), max_leaves=max_leaves)


def _keys() -> SearchStrategy[str]:
    parts = sorted({part for key in ATTRIBUTES for part in (key, *key.split("."))} | {"", ".", "..", "record", "model_extra", "object", "junction", "$and"})
    return st.sampled_from(parts) | st.text(st.characters(codec=None, exclude_categories=()), max_size=4)


def json_objects(max_leaves: int = 12) -> SearchStrategy[dict[str, Any]]:
    """Any JSON object, some of its keys being those of attributes."""
    return st.dictionaries(_keys(), json_values(max_leaves), max_size=6)


def python_objects() -> SearchStrategy[Any]:
    """Values that a Python record may hold and JSON may not."""
    return st.sampled_from(ADVERSARIAL_PYTHON)

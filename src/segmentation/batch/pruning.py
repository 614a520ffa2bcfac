"""Which columns of a table need not be read."""

from __future__ import annotations

from collections.abc import Iterable

from segmentation.language.attributes import alias_of

__all__ = ["may_hold"]


def may_hold(column: str, attributes: Iterable[str]) -> bool:
    """Whether an attribute may be found in a column (spec section 3): by a leading part of its path, or of its alias. Static segments ask for the ids.

    >>> [may_hold(column, ["metadata.tier", "city"]) for column in ("metadata", "metadata.tier", "address", "met", "tier", "source_id")]
    [True, True, True, False, False, True]
    """
    if column in {"id", "source_id"}:
        return True
    for key in attributes:
        alias = alias_of(key)
        paths = (key,) if alias is None else (key, alias) if isinstance(alias, str) else (key, alias[0])
        if any(path == column or path.startswith(f"{column}.") for path in paths):
            return True
    return False

"""The engine of a service: it follows the segments in the store."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from segmentation.engine import SegmentEngine
from segmentation.service.store import Store

__all__ = ["Catalogue"]


class Catalogue:
    """The engine of the segments in a store, brought up to date by `replace` when the store's version says so.

    Raises:
        DefinitionError: The segments in the store cannot be read with these options.
        ValueError: Something is wrong with the options.
    """

    def __init__(self, store: Store, options: Mapping[str, Any]) -> None:
        self._store = store
        self._options = options
        self._updating = threading.Lock()
        changes = store.changes(None)
        self._ids = {definition["id"] for definition in changes.present}
        self.current = (changes.version, SegmentEngine(changes.present, **options))
        """The version and its engine: one value, so that nobody sees the one without the other."""

    def at_least(self, version: int) -> SegmentEngine:
        """The engine of a version of the segments, or of a later one. The first caller brings it up to date, the others wait."""
        with self._updating:
            if self.current[0] < version:
                self._update()
            return self.current[1]

    def _update(self) -> None:
        version, engine = self.current
        changes = self._store.changes(version)
        if changes.gone is None:
            engine = SegmentEngine(changes.present, **self._options)
            self._ids.clear()
        else:
            # In two steps: a segment that was removed and stored again stands at the end now, and replace would keep its place.
            engine = engine.replace(remove=self._ids & changes.gone).replace(add=changes.present)
            self._ids -= changes.gone
        self._ids.update(definition["id"] for definition in changes.present)
        self.current = (changes.version, engine)

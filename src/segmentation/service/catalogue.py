"""The engine of a service: it follows the segments in the store."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from segmentation.engine import SegmentEngine
from segmentation.errors import DefinitionError
from segmentation.service.store import Changes, Store

__all__ = ["Catalogue", "UnreadableSegmentsError"]

_log = logging.getLogger("segmentation.service")
_MOST_TOLD = 10
"""Problems of segments that are logged."""


class UnreadableSegmentsError(Exception):
    """Segments came into the store that cannot be read with the options of this service; it can answer when they are gone."""


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
        self._unreadable = -1
        """The version whose segments cannot be read, so that they are tried and told of once."""

    def at_least(self, version: int) -> SegmentEngine:
        """The engine of a version of the segments, or of a later one. The first caller brings it up to date, the others wait.

        Raises:
            UnreadableSegmentsError: A segment that was added cannot be read. The engine stays as it was.
        """
        with self._updating:
            if self.current[0] < version:
                if version == self._unreadable:
                    raise UnreadableSegmentsError
                changes = self._store.changes(self.current[0])
                try:
                    self._follow(changes)
                except DefinitionError as error:
                    self._unreadable = changes.version
                    places = [f"{problem.segment!r} at {problem.pointer} [{problem.code}]" for problem in error.problems[:_MOST_TOLD]]
                    _log.error("segments in the store cannot be read with the options of this service: %s", ", ".join(places))
                    raise UnreadableSegmentsError from None
            return self.current[1]

    def _follow(self, changes: Changes) -> None:
        engine = self.current[1]
        if changes.gone is None:
            engine = SegmentEngine(changes.present, **self._options)
            self._ids.clear()
        else:
            # In two steps: a segment that was removed and stored again stands at the end now, and replace would keep its place.
            engine = engine.replace(remove=self._ids & changes.gone).replace(add=changes.present)
            self._ids -= changes.gone
        self._ids.update(definition["id"] for definition in changes.present)
        self.current = (changes.version, engine)

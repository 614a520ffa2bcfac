"""What the caller says once about the world of the filters: time zone, week, declared attributes, places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from segmentation.language.attributes import Attribute, AttributeType, built_in_type, declarations
from segmentation.language.dates import Calendar
from segmentation.language.places import Place, shapes

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options under which filters are read, checked once."""

    calendar: Calendar
    declared: Mapping[str, AttributeType]
    places: Mapping[str, Place]
    _attributes: dict[str, Attribute] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The attributes that were asked for. Equal ones are one object, which saves memory and comparisons."""

    @classmethod
    def of(
        cls,
        timezone: str = "UTC",
        week_start: str = "monday",
        attributes: Mapping[str, str] | None = None,
        locations: Mapping[str, Any] | None = None,
    ) -> Self:
        """Check the caller's options.

        Raises:
            ValueError: An unknown time zone, week start or attribute type, a built-in attribute declared anew, a shape of another form.
        """
        return cls(Calendar(timezone, week_start), declarations(attributes), shapes(locations))  # type: ignore[arg-type]  # checked by Calendar

    def attribute(self, key: str) -> Attribute:
        """The attribute of a key, with its declared or built-in type."""
        known = self._attributes.get(key)
        if known is None:
            known = self._attributes[key] = Attribute(key, self.declared.get(key) or built_in_type(key))
        return known

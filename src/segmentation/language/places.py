"""Points and the shapes they may lie in (spec section 5.9)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from segmentation.errors import shown

__all__ = ["Circle", "Place", "Point", "Polygon", "point", "shapes"]

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth in metres."""
_METRES = {"m": 1.0, "km": 1_000.0, "mi": 1_609.344}
_DECIMAL = r"\d+(?:\.\d+)?"
_POINT = re.compile(rf"(?:geo:)?(-?{_DECIMAL}),(-?{_DECIMAL})", re.ASCII)
_RADIUS = re.compile(rf"({_DECIMAL}) (m|km|mi)", re.ASCII)
_RING = 4  # the fewest positions of a closed ring: a triangle, its first corner repeated (RFC 7946)

Point = tuple[float, float]
"""Latitude and longitude, WGS 84 degrees."""


def point(text: str) -> Point | None:
    """Read `geo:<lat>,<lng>` or `<lat>,<lng>`; None when the text is no point.

    >>> point("geo:52.23,-21.01")
    (52.23, -21.01)
    """
    found = _POINT.fullmatch(text)
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None  # noqa: PLR2004 - degrees


@dataclass(frozen=True, slots=True)
class Circle:
    """The points whose great-circle distance from `center` is at most `radius` metres."""

    center: Point
    radius: float

    def contains(self, where: Point) -> bool:
        """Whether a point lies inside, by the haversine formula on a sphere."""
        lat1, lng1 = map(math.radians, self.center)
        lat2, lng2 = map(math.radians, where)
        half_chord = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
        return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(1.0, half_chord))) <= self.radius


@dataclass(frozen=True, slots=True)
class Polygon:
    """The points inside by the even-odd rule over all rings, sides being straight in longitude and latitude."""

    rings: tuple[tuple[Point, ...], ...]

    def contains(self, where: Point) -> bool:
        """Whether a point lies inside: whether a ray from it crosses the rings an odd number of times."""
        y, x = where
        inside = False
        for ring in self.rings:
            for (y1, x1), (y2, x2) in pairwise(ring):
                if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                    inside = not inside
        return inside


Place = Circle | Polygon


def _shape(location_id: str, document: Any) -> Place:
    """Read the shape of a location.

    Raises:
        ValueError: The document is neither a circle nor a polygon of the forms that section 5.9 names; the message names the location.
    """
    try:
        match document:
            case {"type": "circle", "format": "distance", "distance": {"center": str(center), "radius": str(radius)}}:
                return Circle(_center(center), _metres(radius))
            case {"type": "polygon", "format": "geojson", "geojson": {"type": "Polygon", "coordinates": rings}}:
                return Polygon(_rings(rings))
            case {"type": "polygon", "format": "geojson", "geojson": {"type": "MultiPolygon", "coordinates": list(polygons) | tuple(polygons)}}:
                return Polygon(tuple(ring for polygon in polygons for ring in _rings(polygon)))
    except ValueError as error:
        raise ValueError(f"location {location_id!r}: {error}") from None
    raise ValueError(
        f"location {location_id!r}: a shape is a circle (type 'circle', format 'distance', distance.center, distance.radius) "
        "or a polygon (type 'polygon', format 'geojson', geojson a Polygon or MultiPolygon)"
    )


def _center(text: str) -> Point:
    center = point(text)
    if center is None:
        raise ValueError(f"a centre is 'geo:<lat>,<lng>', not {shown(text)}")
    return center


def _metres(text: str) -> float:
    found = _RADIUS.fullmatch(text)
    if found is None:
        raise ValueError(f"a radius is a decimal, one space and m, km or mi, not {shown(text)}")
    return float(found[1]) * _METRES[found[2]]


def _rings(rings: Any) -> tuple[tuple[Point, ...], ...]:
    if not isinstance(rings, list | tuple) or not rings:
        raise ValueError("the coordinates of a polygon are an array of rings")
    return tuple(_ring(ring) for ring in rings)


def _ring(positions: Any) -> tuple[Point, ...]:
    ring = tuple(_position(position) for position in positions) if isinstance(positions, list | tuple) else ()
    if len(ring) < _RING or ring[0] != ring[-1]:
        raise ValueError("a ring is an array of four or more positions, closed: the last one equal to the first")
    return ring


def _position(position: Any) -> Point:
    match position:
        case [int() | float() as longitude, int() | float() as latitude, *_] if (
            not isinstance(longitude, bool) and not isinstance(latitude, bool) and abs(longitude) <= 180 and abs(latitude) <= 90  # noqa: PLR2004 - degrees
        ):
            return float(latitude), float(longitude)
    raise ValueError("a position is [longitude, latitude] in degrees")


def shapes(locations: Mapping[str, Any] | None) -> dict[str, Place]:
    """Read the caller's `locations`."""
    return {location_id: _shape(location_id, document) for location_id, document in (locations or {}).items()}

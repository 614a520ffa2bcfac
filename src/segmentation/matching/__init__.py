"""Many predicates, one record."""

from segmentation.matching.matcher import Matcher

__all__ = ["Matcher"]

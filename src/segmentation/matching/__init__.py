"""Many predicates, one record."""

from segmentation.matching.direct import Readings, Test, compile_predicate
from segmentation.matching.matcher import Matcher

__all__ = ["Matcher", "Readings", "Test", "compile_predicate"]

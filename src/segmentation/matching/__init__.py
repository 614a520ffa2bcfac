"""Many predicates, one record."""

from segmentation.matching.direct import Test, compile_predicate
from segmentation.matching.matcher import Matcher

__all__ = ["Matcher", "Test", "compile_predicate"]

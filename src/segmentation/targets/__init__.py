"""Predicates in other languages: JsonLogic, both ways, and filters of query builders and MongoDB."""

from segmentation.targets.jsonlogic import to_jsonlogic
from segmentation.targets.views import to_jsonlogic_data

__all__ = ["to_jsonlogic", "to_jsonlogic_data"]

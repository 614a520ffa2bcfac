"""Predicates in other languages: JsonLogic, both ways, and filters of query builders and MongoDB."""

from segmentation.targets.importer import from_jsonlogic
from segmentation.targets.jsonlogic import to_jsonlogic
from segmentation.targets.mongo import from_mongo
from segmentation.targets.querybuilder import from_querybuilder
from segmentation.targets.views import to_jsonlogic_data

__all__ = ["from_jsonlogic", "from_mongo", "from_querybuilder", "to_jsonlogic", "to_jsonlogic_data"]

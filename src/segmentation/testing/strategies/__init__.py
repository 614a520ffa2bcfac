"""Hypothesis strategies for the whole filter language: filters, segments, customer records, times, options, and faulty definitions.

Everything is built by functions of a `Choices`, which asks either Hypothesis (examples shrink) or a seeded `random.Random` (sets of thousands are
cheap): one description, two sources. Installed with the extra `testing`.
"""

from segmentation.testing.strategies.customers import any_customers, any_segments, customers_for
from segmentation.testing.strategies.definitions import seeded_segments, segment_sets, segments
from segmentation.testing.strategies.documents import json_objects, json_values, python_objects
from segmentation.testing.strategies.faults import invalid_documents
from segmentation.testing.strategies.filters import declared, filters, operands
from segmentation.testing.strategies.members import NoCustomerError, members_of, non_members_of
from segmentation.testing.strategies.pools import ATTRIBUTES, LOCATIONS, NOW, WEEK_STARTS, ZONES
from segmentation.testing.strategies.records import records_for, seeded_records
from segmentation.testing.strategies.times import attribute_types, engine_options, fixed_nows, nows, week_starts, zones

__all__ = [
    "ATTRIBUTES",
    "LOCATIONS",
    "NOW",
    "WEEK_STARTS",
    "ZONES",
    "NoCustomerError",
    "any_customers",
    "any_segments",
    "attribute_types",
    "customers_for",
    "declared",
    "engine_options",
    "filters",
    "fixed_nows",
    "invalid_documents",
    "json_objects",
    "json_values",
    "members_of",
    "non_members_of",
    "nows",
    "operands",
    "python_objects",
    "records_for",
    "seeded_records",
    "seeded_segments",
    "segment_sets",
    "segments",
    "week_starts",
    "zones",
]

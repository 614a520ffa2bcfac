"""The filter language: from JSON to predicates."""

"""A predicate and its formula say the same of the same leaves, and what is decided for candidates is what the predicates say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from segmentation import SegmentEngine
from segmentation.language.attributes import Attribute
from segmentation.language.checks import Check, Facet, OneOf
from segmentation.language.data import Kind
from segmentation.language.predicate import And, Leaf, Listed, Not, Or, Predicate
from segmentation.matching.formulas import formula_of, holds
from segmentation.matching.plan import Conjunction, Plan
from segmentation.testing import reference
from segmentation.testing import strategies as our

OPTIONS: dict[str, Any] = {"attributes": our.declared(), "locations": dict(our.LOCATIONS)}
LEAVES = [Leaf(Attribute(key), (Check(Facet.TEXT, OneOf(frozenset({"x"})), Kind.STRING),)) for key in "abcd"] + [Listed(frozenset({"customer"}))]
A, B = LEAVES[:2]

predicates = st.recursive(
    st.sampled_from(LEAVES),
    lambda parts: st.builds(Not, parts) | st.builds(And, st.lists(parts, max_size=4).map(tuple)) | st.builds(Or, st.lists(parts, max_size=4).map(tuple)),
    max_leaves=20,
)


def said(predicate: Predicate, met: frozenset[Any]) -> bool:
    match predicate:
        case And(parts):
            return all(said(part, met) for part in parts)
        case Or(parts):
            return any(said(part, met) for part in parts)
        case Not(part):
            return not said(part, met)
        case _:
            return predicate in met


@given(predicates, st.booleans())
@example(And((A, Not(A))), False)
@example(Or((A, Not(A), B)), False)
@example(Not(And((A, Not(A)))), True)
@example(Not(Not(Or(()))), False)
def test_a_formula_says_what_its_predicate_says(predicate: Predicate, is_negated: bool) -> None:
    bits: dict[Any, int] = {}
    formula = formula_of(predicate, bits, {}, is_negated=is_negated)
    for truth in range(1 << len(bits)):
        met = frozenset(leaf for leaf, bit in bits.items() if truth >> bit & 1)
        assert holds(formula, truth) is (said(predicate, met) is not is_negated)


def undecided(_predicate: Predicate) -> Plan:
    """The loosest upper bound that there is."""
    nothing_asked: Conjunction = ()
    return Plan((nothing_asked,), is_exact=False)


@given(st.data(), our.segment_sets(min_size=2, max_size=8))
def test_engines_that_decide_every_segment_for_every_customer_answer_the_same(data: st.DataObject, segments: list[dict[str, Any]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("segmentation.matching.matcher.plan", undecided)
        engine = SegmentEngine(segments, **OPTIONS)
    for record in data.draw(st.lists(our.records_for(segments), min_size=1, max_size=4), label="records"):
        assert engine.segment_ids(record, our.NOW) == reference.segment_ids(segments, record, now=our.NOW, **OPTIONS)

"""The tables of the matching engine find what trying every constraint would find."""

from __future__ import annotations

import math
from operator import contains
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from segmentation.language.checks import Interval, OneOf
from segmentation.language.dates import Clock
from segmentation.matching.flips import Flips
from segmentation.matching.postings import Members, Prefixes, Substrings, Suffixes
from segmentation.matching.spans import EVERYTHING, complement, intersection, next_scalar, spans, union

CLOCK = Clock(1, 0, 0)
numbers = st.one_of(st.integers(-3, 3), st.integers(2**53 - 2, 2**53 + 2), st.just(10**400), st.floats(allow_nan=False), st.sampled_from([0.5, -0.0, 2.0**53]))
finite = numbers.filter(lambda number: not math.isinf(number) if isinstance(number, float) else True)
texts = st.text("abc", max_size=5)


def inside(disjoint: list[Any], scalar: Any) -> bool:
    return any((span.start is None or span.start <= scalar) and (span.stop is None or scalar < span.stop) for span in disjoint)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, high = draw(st.none() | finite), draw(st.none() | finite)
    return Interval(low, high, low is not None and draw(st.booleans()), high is not None and draw(st.booleans()))


@given(finite, numbers)
@example(2**53, 2**53 + 1)
@example(2**53 + 1, float(2**53 + 2))
@example(5, 5.000000000000001)
@example(-0.0, 5e-324)
@example(10**400, math.inf)
def test_nothing_lies_between_a_number_and_the_next(number: float, other: float) -> None:
    assert number < next_scalar(number)
    assert (other > number) == (other >= next_scalar(number))


@given(st.lists(intervals() | st.builds(lambda values: OneOf(frozenset(values)), st.lists(finite, max_size=3)), max_size=4), numbers)
def test_spans_hold_what_some_constraint_admits(constraints: list[Interval | OneOf], number: float) -> None:
    held = spans(constraints, with_members=True)
    assert inside(held, number) == any(constraint.admits(number, CLOCK) for constraint in constraints)
    assert held == union(held)
    assert inside(complement(held), number) is not inside(held, number)
    assert complement(complement(held)) == held


@given(st.lists(intervals(), max_size=3), st.lists(intervals(), max_size=3), numbers)
def test_intersection_holds_what_both_hold(some: list[Interval], others: list[Interval], number: float) -> None:
    one, other = spans(some, with_members=False), spans(others, with_members=False)
    assert inside(intersection(one, other), number) == (inside(one, number) and inside(other, number))
    assert intersection(one, EVERYTHING) == one


@given(
    st.lists(st.tuples(numbers, st.integers(0, 70)), max_size=60), st.lists(numbers, min_size=1, max_size=20),
    st.integers(0, 60), st.integers(0, 2**72), st.integers(0, 2**80), st.sampled_from([0, 1 << 20]),
)  # fmt: skip
def test_flips_are_the_exclusive_or_of_all_before(
    flips: list[tuple[float, int]], scalars: list[float], built: int, first: int, initial: int, most_bytes: int
) -> None:
    line = Flips(flips[:built], first, most_bytes)
    for number in range(built, len(flips), 2):  # in steps, as segments are added
        line = line.with_flips(flips[number : number + 2], first + number, most_bytes)
    line = line.with_flips([], initial, most_bytes)
    for scalar in [*scalars, *(scalar for scalar, _ in flips)]:
        expected = initial
        for place, bit in flips:
            expected ^= (place <= scalar) << bit
        assert line.at(scalar) == expected
        assert line.at(scalar) == expected, "kept"


@given(st.lists(texts, min_size=1, max_size=60), texts, st.lists(st.text("abcx", max_size=12), min_size=1, max_size=10))
@example([""], "a", ["", "b"])
@example(["a" * length for length in range(40)], "aa", ["a" * 12])
def test_texts_are_found_as_by_trying_each(constants: list[str], late: str, scalars: list[str]) -> None:
    kinds: list[tuple[Any, Any]] = [(Substrings, contains), (Prefixes, str.startswith), (Suffixes, str.endswith), (Members, str.__eq__)]
    for kind, admits in kinds:
        table = kind()
        for bit, text in enumerate(constants):
            table.add(text, bit)
        table.seal()
        longer = table.copy()
        longer.add(late, 99)
        longer.seal()
        for scalar in scalars:
            expected = sum(1 << bit for bit, text in enumerate(constants) if admits(scalar, text))
            assert table.hits(scalar, CLOCK) == expected
            assert longer.hits(scalar, CLOCK) == expected | admits(scalar, late) << 99

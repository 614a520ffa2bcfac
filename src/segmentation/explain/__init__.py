"""Why a customer is, or is not, in a segment."""

from segmentation.explain.explanation import Explanation, explain
from segmentation.explain.trace import ConditionTrace, JunctionTrace, ListedTrace, NegationTrace, State, Trace, ValueTrace

__all__ = ["ConditionTrace", "Explanation", "JunctionTrace", "ListedTrace", "NegationTrace", "State", "Trace", "ValueTrace", "explain"]

"""For those who test segments: strategies for Hypothesis, and a naive evaluator to compare with."""

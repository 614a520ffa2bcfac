"""Benchmarks: seeded workloads, peers that answer the same question, and the commands that time them."""

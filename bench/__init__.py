"""Benchmarks of the hot paths. `make bench`; figures and reading in docs/benchmarks.md."""

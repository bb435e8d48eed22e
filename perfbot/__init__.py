"""perfbot: says in a merge request which benchmarks became slower, and is right about it on noisy runners."""

__version__ = "0.1.0"

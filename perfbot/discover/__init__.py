"""Finding what a repository has: benchmarks, the tools they need, and a configuration to start from."""

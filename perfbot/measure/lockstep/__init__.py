"""Python suites: a worker process a side, taking turns inside the benchmark."""

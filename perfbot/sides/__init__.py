"""Two sides on disk: checkouts, the cache that keeps them, an environment each, where packages come from."""

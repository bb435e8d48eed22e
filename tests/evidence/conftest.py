"""A small recording, and where the scripts lie."""

from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "evidence"


@pytest.fixture(scope="session")
def scripts() -> Path:
    return SCRIPTS


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Path:
    """A file with a shared and discarded schedule "quickd" and one with processes a benchmark, "own"."""
    rng = np.random.default_rng(5)
    rounds, kinds, pairs = 40, 4, 24
    spread = np.array([0.003, 0.006, 0.01, 0.015])[:, None, None]

    def values(count):
        between = rng.normal(0, 1, (count, kinds, 2, 1)) * spread
        within = rng.exponential(0.02, (count, kinds, 2, pairs))
        return (5e5 * np.exp(between + within)).astype(np.uint32)

    path = tmp_path_factory.mktemp("recorded") / "rounds.npz"
    np.savez(
        path,
        benches=np.array(["a", "b", "c", "d"]),
        quickd_w=values(rounds),
        quickd_start=np.full(rounds, 0.2, dtype=np.float32),
        quickd_meas=np.full((rounds, kinds), 0.03, dtype=np.float32),
        quickd_load=np.zeros((rounds, kinds), dtype=np.int8),
        own_w=values(10),
        own_start=np.full((10, kinds), 0.1, dtype=np.float32),
        own_meas=np.full((10, kinds), 0.05, dtype=np.float32),
    )
    return path

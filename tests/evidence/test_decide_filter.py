"""The decision as a filter: JSON lines in and out."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from evidence.decide import answer
from perfbot.stats.rounds import centre, round_ratio
from perfbot.stats.sequential import Plan, decide

QUESTION = {"delta": 0.02, "alpha": 0.05, "beta": 0.05, "m": 4, "n_max": 120}
NOISE = np.random.default_rng(3).normal(size=(4, 120))
STREAMS = (NOISE * 0.01 + np.array([[0.0], [0.1], [-0.1], [0.0]])) * np.array([[1], [1], [1], [40]])


def ask(scripts, *lines):
    return subprocess.run(
        [sys.executable, scripts / "decide.py"], input="\n".join(lines), capture_output=True, text=True, check=False
    )


def test_a_line_in_a_line_out(scripts):
    line = json.dumps({**QUESTION, "streams": STREAMS.tolist()})
    done = ask(scripts, line, "", line)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == second
    assert first["verdict"] == ["unchanged", "regressed", "improved", "inconclusive"]
    assert first["round"] == [decide(stream, Plan(0.02, 0.05 / 4)).rounds for stream in STREAMS]


@pytest.mark.parametrize("line", ["{", "{}", '{"delta": 2}', json.dumps({**QUESTION, "streams": [["x"]]})])
def test_a_bad_line_is_named(scripts, line):
    done = ask(scripts, json.dumps({**QUESTION, "streams": []}), line)
    assert done.returncode == 2
    assert done.stderr.startswith("line 2: ")
    assert json.loads(done.stdout) == {"verdict": [], "round": []}


def test_nothing_behind_the_stopping_round_matters():
    found = answer({**QUESTION, "streams": STREAMS.tolist()})
    other = STREAMS.copy()
    for stream, stop in zip(other, found["round"], strict=True):
        stream[stop:] = 9.0
    assert answer({**QUESTION, "streams": other.tolist()}) == found
    cut = [stream[:stop].tolist() for stream, stop in zip(STREAMS, found["round"], strict=True)]
    assert answer({**QUESTION, "streams": cut}) == found


def test_m_is_what_alpha_is_shared_by():
    one = [0.0195 + 0.012 * (-1) ** index for index in range(10)]
    alone, among = (answer({**QUESTION, "m": m, "streams": [one]}) for m in (1, 10_000))
    assert alone["verdict"] == ["regressed"]
    assert among["verdict"] == ["inconclusive"]


def test_streams_that_end_early_may_have_a_last_look():
    question = {**QUESTION, "m": 1, "streams": [[-0.005, 0.035] * 11]}
    assert answer(question) == {"verdict": ["inconclusive"], "round": [22]}
    assert answer({**question, "final": True}) == {"verdict": ["regressed"], "round": [22]}


def test_pairs_and_values_are_summarised_first():
    rng = np.random.default_rng(4)
    values = 5e-4 * np.exp(rng.normal(0, 0.02, (2, 10, 2, 24)))
    logs = np.log(values)
    pairs = logs[:, :, 1] - logs[:, :, 0]
    by_pairs = answer({**QUESTION, "pairs": pairs.tolist()})
    by_values = answer({**QUESTION, "values": values.tolist()})
    assert by_pairs == answer({**QUESTION, "streams": [[float(centre(one)) for one in b] for b in pairs]})
    assert by_values == answer(
        {**QUESTION, "streams": [[round_ratio(b, h, value_seconds=5e-4) for b, h in rounds] for rounds in values]}
    )
    assert not math.isnan(by_values["round"][0])

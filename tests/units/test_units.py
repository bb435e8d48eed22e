"""Quantities: what is read, what is shown, and that one undoes the other."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfbot import units

POSITIVE = st.floats(min_value=1e-11, max_value=1e11)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600),
        ("90s", 90),
        ("1h30m", 5400),
        ("1 h 30 min", 5400),
        ("2 days", 172_800),
        ("6 min", 360),
        ("0.5 ms", 5e-4),
        (" 0.01ms ", 1e-5),
        ("3us", 3e-6),
        ("3 µs", 3e-6),
        ("3 μs", 3e-6),
        ("50 ns", 5e-8),
        ("1,500 ms", 1.5),
        (".5s", 0.5),
        ("1m 2s 3ms", 62.003),
        ("0s", 0),
    ],
)
def test_durations_are_read(text, seconds):
    assert units.parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "ten minutes", "5 parsecs", "-1s", "30m1h", "1s 1s", "0,5 ms", "1 KB", "5s!", "s"]
)
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=re.escape(f'found "{text}", expected a duration such as "90s"')):
        units.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "fraction"), [("2%", 0.02), ("0.5 %", 0.005), ("100%", 1.0), ("0%", 0.0), (" 12.5  % ", 0.125)]
)
def test_percentages_are_read(text, fraction):
    assert units.parse_percentage(text) == pytest.approx(fraction)


@pytest.mark.parametrize("text", ["2", "0.02", "-2%", "two %", "%", "2 percent", "2%%"])
def test_what_is_no_percentage_is_refused(text):
    with pytest.raises(ValueError, match="expected a percentage"):
        units.parse_percentage(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2 KiB", 2048),
        ("2 KB", 2000),
        ("2 kB", 2000),
        ("64 MB", 64e6),
        ("1.5GiB", 1.5 * 1024**3),
        ("512 B", 512),
        ("512 bytes", 512),
    ],
)
def test_sizes_are_read(text, size):
    assert units.parse_bytes(text) == size


@pytest.mark.parametrize("text", ["2", "2 kb", "2 mb", "2 Kb", "0.5 ms", "KiB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="expected a size"):
        units.parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5000 ops/s", 5000),
        ("5,000/s", 5000),
        ("5000 /s", 5000),
        ("1.2 M/s", 1.2e6),
        ("90 req/min", 1.5),
        ("3 Mops/s", 3e6),
        ("7 requests / second", 7),
    ],
)
def test_rates_are_read(text, rate):
    assert units.parse_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["5000", "5000 ops", "5000 ops/h", "5 s", "/s"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match="expected a rate"):
        units.parse_rate(text)


@pytest.mark.parametrize(("text", "count"), [("12", 12), ("5,010", 5010), ("1.5 M", 1.5e6), ("1e3", 1000)])
def test_counts_are_read(text, count):
    assert units.parse_count(text) == count


@pytest.mark.parametrize(
    ("text", "value"), [("0.5 ms", 5e-4), ("2 KiB", 2048), ("5000 ops/s", 5000), ("12", 12), ("3 M", 3e6)]
)
def test_a_quantity_says_its_own_unit(text, value):
    assert units.parse_quantity(text) == value


def test_a_quantity_in_a_known_unit_accepts_no_other():
    assert units.parse_quantity("2 KiB", "B") == 2048
    with pytest.raises(ValueError, match="expected a duration"):
        units.parse_quantity("2 KiB", "s")
    with pytest.raises(ValueError, match='found "2 parsecs", expected a quantity such as'):
        units.parse_quantity("2 parsecs")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0118, "s", "11.8 ms"),
        (0.148, "s", "148 ms"),
        (1.2e-6, "s", "1.20 µs"),
        (50e-9, "s", "50.0 ns"),
        (0.9996, "s", "1.00 s"),
        (0.0009994, "s", "999 µs"),
        (80, "s", "80.0 s"),
        (1234, "s", "1,230 s"),
        (0, "s", "0 s"),
        (-0.003, "s", "−3.00 ms"),
        (2048, "B", "2.00 KiB"),
        (512, "B", "512 B"),
        (51.52, "B", "51.5 B"),
        (1019.4 * 1024, "B", "1,020 KiB"),
        (0, "B", "0 B"),
        (5012, "1/s", "5,010 /s"),
        (1.2e6, "1/s", "1.20 M/s"),
        (0.5, "1/s", "0.500 /s"),
        (9876, "1", "9,876"),
        (123_456, "1", "123,456"),
        (1_234_567, "1", "1.23 M"),
        (3.5, "1", "3.50"),
        (0, "1", "0"),
        (60, "frames", "60.0 frames"),
        (1e9, "frames", "1e+09 frames"),
        (0, "frames", "0 frames"),
        (math.inf, "s", "∞ s"),
        (math.nan, "s", "? s"),
    ],
)
def test_quantities_are_shown_with_three_digits(value, unit, text):
    assert units.format_quantity(value, unit) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.38, "+38 %"),
        (-0.22, "−22 %"),
        (0.004, "+0.4 %"),
        (0.0312, "+3.1 %"),
        (0.0996, "+10 %"),
        (0.0003, "+0.03 %"),
        (-0.00001, "0 %"),
        (0, "0 %"),
        (1.99, "+199 %"),
        (2.1, "×3.1"),
        (11.4, "×12"),
        (-0.89, "−89 %"),
        (-0.92, "÷13"),
        (-0.996, "÷250"),
        (-1, "÷∞"),
        (9999.0, "×10,000"),
        (1.23e8, "×1.2e8"),
        (-0.99999, "÷100,000"),
        (math.inf, "×∞"),
    ],
)
def test_changes_are_shown_with_their_sign(fraction, text):
    assert units.format_change(fraction) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.35, 0.41, "[+35, +41]"),
        (-0.24, -0.2, "[−24, −20]"),
        (-0.002, 0.011, "[−0.2, +1.1]"),
        (1.5, 3.1, "[×2.5, ×4.1]"),
        (-1, math.inf, "[÷∞, ×∞]"),
        (9700.0, 10300.0, "[×9,700, ×10,300]"),
        (2.37, 2.43, "[×3.37, ×3.43]"),
        (2.3999, 2.4001, "[×3.400, ×3.400]"),
        (-0.999999, 1e6, "[÷∞, ×∞]"),
    ],
)
def test_intervals_are_shown(low, high, text):
    assert units.format_interval(low, high) == text


@pytest.mark.parametrize(
    ("change", "interval", "told"),
    [
        (0.38, (0.35, 0.41), ("+38 %", "±3")),
        (0.01, (-0.01, 0.03), ("+1.0 %", "±2")),
        (-0.048, (-0.1046, -0.0196), ("−4.8 %", "−10 to −2.0")),
        (0.04, (0.0, 0.1), ("+4.0 %", "0 to +10")),
        (5.9, (4.7, 7.2), ("×6.9", "×5.7 to ×8.2")),
    ],
)
def test_how_sure_an_estimate_is_never_holds_more_than_its_interval(change, interval, told):
    """What is shown as faster must not read as "−4.8 % ±5.6"."""
    assert units.format_estimate(change, interval) == told


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.01, "10.0 ms"),
        (0.4, "0.4 s"),
        (4.25, "4.2 s"),
        (9.96, "10 s"),
        (45.4, "45 s"),
        (59.7, "1 min"),
        (90, "1 min 30 s"),
        (360, "6 min"),
        (599.9, "10 min"),
        (3599, "1 h"),
        (5400, "1 h 30 min"),
        (86_390, "1 d"),
        (97_200, "1 d 3 h"),
    ],
)
def test_durations_are_shown_as_one_tells_them(seconds, text):
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(("fraction", "text"), [(0.02, "2 %"), (0.005, "0.5 %"), (0.125, "12.5 %"), (0, "0 %")])
def test_percentages_are_shown(fraction, text):
    assert units.format_percentage(fraction) == text


@settings(deadline=None)
@given(POSITIVE, st.sampled_from(["s", "B", "1", "1/s"]))
def test_what_is_shown_can_be_read_again(value, unit):
    text = units.format_quantity(value, unit)
    assert units.parse_quantity(text, unit) == pytest.approx(value, rel=0.00501, abs=5.1e-15)


@settings(deadline=None)
@given(st.floats(min_value=0.05, max_value=1e8))
def test_durations_shown_can_be_read_again(seconds):
    assert units.parse_duration(units.format_duration(seconds)) == pytest.approx(seconds, rel=0.05, abs=0.0501)


@settings(deadline=None)
@given(st.floats(min_value=0.0001, max_value=10))
def test_percentages_shown_can_be_read_again(fraction):
    assert units.parse_percentage(units.format_percentage(fraction)) == pytest.approx(fraction, rel=0.001)


@settings(deadline=None)
@given(st.floats(min_value=-0.999, max_value=100))
def test_a_change_keeps_its_direction_and_size(fraction):
    """Shown to a hundredth of a percent, a tenth from 0.1 %, whole percents from 10 %, or two digits of a factor."""
    text = units.format_change(fraction).replace("−", "-").replace(",", "")
    if text[0] in "×÷":
        factor = float(text[1:])
        shown = factor - 1 if text[0] == "×" else 1 / factor - 1
        assert 1 + shown == pytest.approx(1 + fraction, rel=0.051)
    else:
        step = 0.01 if abs(fraction) > 0.0994 else 0.001 if abs(fraction) > 0.00094 else 0.0001
        assert float(text.removesuffix(" %")) / 100 == pytest.approx(fraction, abs=0.501 * step)


def test_a_number_beyond_all_measure_is_refused():
    with pytest.raises(ValueError, match='found "1e999", expected a number below'):
        units.parse_duration("1e999 s")


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"\A[0-9.,e+]{1,8} ?[a-zA-Z%/]{0,6}\Z"))
def test_no_text_does_anything_but_parse_or_be_refused(text):
    for parse in (units.parse_duration, units.parse_percentage, units.parse_bytes, units.parse_rate, units.parse_count):
        value, told = 0.0, "expected"
        try:
            value = parse(text)
        except ValueError as error:
            told = str(error)
        assert "expected" in told
        assert 0 <= value < math.inf


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(30, "30s"), (60, "1m"), (90, "90s"), (599.2, "10m"), (3600, "1h"), (5400, "90m"), (0.3, "1s")],
)
def test_what_is_advised_can_be_typed(seconds: float, text: str) -> None:
    assert units.typed_duration(seconds) == text
    assert units.parse_duration(text) >= seconds

"""A report as OpenMetrics text, for GitLab's metrics report and anything that reads Prometheus' format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from perfbot.model import Report, Result

UNITS = {"s": "seconds", "B": "bytes", "1": "count", "1/s": "per_second"}

Sample = tuple[Mapping[str, str], float]
Family = tuple[str, str, str, Sequence[Sample]]
"""Name, type, help, samples."""


def openmetrics(report: Report) -> str:
    """Head's values and the changes, a sample each benchmark and metric; results without values are left out.

    GitLab shows samples whose text differs from the target branch's, so values are rounded to four digits. It takes
    ``#`` for the beginning of a comment wherever it stands, so that names are given another sign for it.
    """
    families: dict[str, tuple[str, list[Sample]]] = {
        "perfbot_change_ratio": ("Head against base, minus 1.", []),
    }
    for result in report.results:
        names = {"suite": result.suite, "benchmark": result.benchmark, "metric": result.metric}
        labels = {label: name.replace("#", "＃") for label, name in names.items()}
        if result.change is not None:
            families["perfbot_change_ratio"][1].append((labels, _rounded(result.change)))
        if result.head is not None:
            family = families.setdefault(_family(result), ("Typical value on head.", []))
            family[1].append((labels, _rounded(result.head)))
    return exposition((name, "gauge", text, samples) for name, (text, samples) in families.items())


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _family(result: Result) -> str:
    return f"perfbot_head_{UNITS.get(result.unit, 'value')}"


def exposition(families: Iterable[Family]) -> str:
    """OpenMetrics text of families: name, type, help, samples."""
    lines = []
    for name, kind, text, samples in families:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        suffix = "_total" if kind == "counter" else ""
        lines += [f"{name}{suffix}{_labels(labels)} {value:.12g}" for labels, value in samples]
    return "\n".join([*lines, "# EOF", ""])


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    printable = "".join(c if c.isprintable() else "�" for c in text)
    return printable.replace("\\", "\\\\").replace('"', '\\"')

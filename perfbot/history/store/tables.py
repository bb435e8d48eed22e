"""The tables of the history. Migrations build them; a test holds the two together.

::

    project ─┬─ run ──┬── comparison ── rounds          one row a benchmark, metric and run
             │        ├── pending                       its points are not in any trend yet
             │        ├── document                      the rest of the report, without loss
             │        └── acceptance
             ├─ subject ─── comparison                  one row a benchmark and metric
             │          └── standing, way, window       its trend and levels, kept ready; what they go on from
             ├─ release, calibration, command
             ├─ alert                                   what was told and whether it still holds
             └─ job                                     work shared by all replicas; each is done once
    machine ── run                                      classes of machine, never host names

Moments are text in ISO 8601, UTC: the same in both databases, and sorted as they stand.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

Moment = String(32)

project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

machine = Table(
    "machine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("label", Text, nullable=False, unique=True),
    Column("cpu", Text, nullable=False),
    Column("cores", Integer, nullable=False),
    Column("python", Text, nullable=False),
)

subject = Table(
    "subject",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("suite", Text, nullable=False),
    Column("benchmark", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("better", String(8), nullable=False),
    Column("rule", String(8), nullable=False),
    UniqueConstraint(
        "project_id", "suite", "benchmark", "metric", "unit", "better", "rule", name="uq_subject_identity"
    ),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("branch", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("head", Text, nullable=False),
    Column("merge_request", Integer, nullable=False),
    Column("pipeline", BigInteger, nullable=False),
    Column("started", Moment, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("machine_id", ForeignKey("machine.id"), nullable=False),
    Column("results", Integer, nullable=False),
    Column("used", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("author", Text, nullable=False, server_default=""),
    UniqueConstraint("project_id", "fingerprint"),
    Index(None, "project_id", "kind", "branch", "started"),
    Index(None, "project_id", "started"),
)

document = Table(
    "document",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

# Clustered by subject, because a benchmark's page and its trend read one subject over all runs.
comparison = Table(
    "comparison",
    metadata,
    Column("subject_id", ForeignKey("subject.id"), primary_key=True),
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("verdict", String(12), nullable=False),
    Column("base", Double),
    Column("head", Double),
    Column("log_change", Double),
    Column("log_error", Double),
    Index(None, "run_id"),
    sqlite_with_rowid=False,
)

rounds = Table(
    "rounds",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("subject_id", ForeignKey("subject.id"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

acceptance = Table(
    "acceptance",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("match", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("moment", Moment, nullable=False),
    Column("change", Double),
)

command = Table(
    "command",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("delivery", Text, nullable=False),
    Column("merge_request", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("moment", Moment, nullable=False),
    UniqueConstraint("project_id", "delivery"),
)

calibration = Table(
    "calibration",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("machine", Text, nullable=False),
    Column("moment", Moment, nullable=False),
    Column("data", Text, nullable=False),
    UniqueConstraint("project_id", "machine", "moment"),
)

release = Table(
    "release",
    metadata,
    Column("project_id", ForeignKey("project.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("commit", Text, nullable=False),
    Column("moment", Moment, nullable=False),
)

standing = Table(
    "standing",
    metadata,
    Column("subject_id", ForeignKey("subject.id"), primary_key=True),
    Column("branch", Text, primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("points", Integer, nullable=False),
    Column("loss", Double),
    Column("noise", Double),
    Column("stepped", Moment),
    Column("data", Text, nullable=False),
    Column("page", String(80), nullable=False, server_default=""),
    Index(None, "project_id", "branch", "loss"),
    Index(None, "project_id", "branch", "stepped"),
    Index(None, "project_id", "branch", "noise"),
    Index(None, "project_id", "branch", "name"),
    Index(None, "project_id", "branch", "page"),
)

# The levels of a subject, commit by commit, as bytes: comparing two commits reads these, not all comparisons. What is
# final is never written again: one row a part, by how many commits come before it.
way = Table(
    "way",
    metadata,
    Column("subject_id", ForeignKey("subject.id"), primary_key=True),
    Column("branch", Text, primary_key=True),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

# What the next look at a subject goes on from: the newest commits of its series, and what is final of those before.
window = Table(
    "window",
    metadata,
    Column("subject_id", ForeignKey("subject.id"), primary_key=True),
    Column("branch", Text, primary_key=True),
    Column("points", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Runs of branches that count and whose points some trend may lack.
pending = Table(
    "pending",
    metadata,
    Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
)

alert = Table(
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("project.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("raised", Moment, nullable=False),
    Column("recovered", Moment),
    Column("title", Text, nullable=False),
    UniqueConstraint("project_id", "key"),
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created", Double, nullable=False),
    Column("due", Double, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("holder", Text),
    Column("done", Double),
    Column("error", Text, nullable=False),
    UniqueConstraint("kind", "key"),
    Index(None, "kind", "done", "due"),
)

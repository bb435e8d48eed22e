"""What the next look at a subject goes on from; levels part by part; which runs no trend knows of yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """To 0004. Windows and ways are made when trends are next looked at: all runs of branches are pending."""
    op.drop_table("way")
    for name, own in (
        ("way", [sa.Column("start", sa.Integer(), nullable=False, autoincrement=False)]),
        ("window", [sa.Column("points", sa.Integer(), nullable=False)]),
    ):
        key = ["subject_id", "branch", *(["start"] if name == "way" else [])]
        op.create_table(
            name,
            sa.Column("subject_id", sa.Integer(), nullable=False),
            sa.Column("branch", sa.Text(), nullable=False),
            *own,
            sa.Column("data", sa.LargeBinary(), nullable=False),
            sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f(f"fk_{name}_subject_id")),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
        )
    op.create_table(
        "pending",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_pending_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_pending")),
    )
    op.execute("INSERT INTO pending (run_id) SELECT id FROM run WHERE kind = 'branch' AND used")

"""The levels of each subject, kept ready; what a run's head is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """To 0003. Ways are made when trends are next looked at: all of them count as stale."""
    op.create_table(
        "way",
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_way_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", "branch", name=op.f("pk_way")),
    )
    op.add_column("run", sa.Column("subject", sa.Text(), nullable=False, server_default=""))
    op.add_column("run", sa.Column("author", sa.Text(), nullable=False, server_default=""))
    op.add_column("standing", sa.Column("page", sa.String(length=80), nullable=False, server_default=""))
    op.create_index(op.f("ix_standing_project_id_branch_page"), "standing", ["project_id", "branch", "page"])
    op.execute("UPDATE standing SET points = 0")

"""Everything a shop keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANTS_OR_DATES = (
    "(starts_at is null) = (ends_at is null)"
    " and (starts_on is null) = (ends_on is null)"
    " and (starts_at is null) <> (starts_on is null)"
)
HALF_OPEN = (
    "not isempty(blocked) and lower_inc(blocked) and not upper_inc(blocked)"
    " and not lower_inf(blocked) and not upper_inf(blocked)"
    " and isfinite(lower(blocked)) and isfinite(upper(blocked))"
)


def upgrade() -> None:
    """Create every table of a shop's schema."""
    _create_settings_and_people()
    _create_services()
    _create_hours()
    _create_absences()
    _create_bookings()
    _create_allocations()


def _create_settings_and_people() -> None:
    op.create_table(
        "shop_settings",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("slot_interval_minutes", sa.Integer()),
        sa.Column("min_notice_minutes", sa.Integer, nullable=False),
        sa.Column("booking_horizon_days", sa.Integer, nullable=False),
        sa.Column("cancellation_notice_minutes", sa.Integer, nullable=False),
        sa.Column("hold_minutes", sa.Integer, nullable=False),
        sa.Column("auto_confirm", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1", name="shop_settings_one_row"),
        sa.PrimaryKeyConstraint("id", name="shop_settings_pkey"),
    )
    op.create_table(
        "clients",
        sa.Column("name", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("locale", sa.Text),
        sa.Column("notification_channels", postgresql.JSONB, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="clients_pkey"),
        sa.UniqueConstraint("subject", name="clients_subject_key"),
    )
    op.create_table(
        "providers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="providers_pkey"),
    )
    op.create_index(
        "providers_subject_key",
        "providers",
        ["subject"],
        unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )


def _create_services() -> None:
    op.create_table(
        "services",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("duration_minutes", sa.Integer, nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer, nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer, nullable=False),
        sa.Column("slot_interval_minutes", sa.Integer()),
        sa.Column("min_notice_minutes", sa.Integer()),
        sa.Column("max_per_day", sa.Integer()),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("price_amount_minor", sa.BigInteger()),
        sa.Column("price_currency", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("capacity between 1 and 1000", name="services_capacity_range"),
        sa.CheckConstraint(
            "duration_minutes between 1 and 1440", name="services_duration_range"
        ),
        sa.PrimaryKeyConstraint("id", name="services_pkey"),
    )
    op.create_table(
        "service_providers",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("service_id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name="service_providers_provider_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["services.id"],
            name="service_providers_service_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_id", "service_id", name="service_providers_pkey"),
    )
    op.create_index(
        "service_providers_service_id_idx",
        "service_providers",
        ["service_id"],
        unique=False,
    )


def _create_hours() -> None:
    op.create_table(
        "working_hours",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("hours", postgresql.JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name="working_hours_provider_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_id", name="working_hours_pkey"),
    )
    op.create_table(
        "date_overrides",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("hours", postgresql.JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name="date_overrides_provider_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_id", "date", name="date_overrides_pkey"),
    )


def _create_absences() -> None:
    op.create_table(
        "time_off",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True)),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.Column("starts_on", sa.Date()),
        sa.Column("ends_on", sa.Date()),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint(
            INSTANTS_OR_DATES,
            name="time_off_instants_or_dates",
        ),
        sa.CheckConstraint("starts_at < ends_at", name="time_off_instants_in_order"),
        sa.CheckConstraint("starts_on <= ends_on", name="time_off_dates_in_order"),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name="time_off_provider_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="time_off_pkey"),
    )
    op.create_index("time_off_provider_id_idx", "time_off", ["provider_id"], unique=False)
    op.create_table(
        "closures",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True)),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.Column("starts_on", sa.Date()),
        sa.Column("ends_on", sa.Date()),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint(
            INSTANTS_OR_DATES,
            name="closures_instants_or_dates",
        ),
        sa.CheckConstraint("starts_at < ends_at", name="closures_instants_in_order"),
        sa.CheckConstraint("starts_on <= ends_on", name="closures_dates_in_order"),
        sa.PrimaryKeyConstraint("id", name="closures_pkey"),
    )


def _create_bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("provider_id", sa.Uuid, nullable=False),
        sa.Column("service_id", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_start", sa.DateTime(), nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer, nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer, nullable=False),
        sa.Column("price_amount_minor", sa.BigInteger()),
        sa.Column("price_currency", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("notes", sa.Text),
        sa.Column("cancellation_reason", sa.Text),
        sa.Column("schedule_version", sa.Integer, nullable=False),
        sa.Column("event_sequence", sa.Integer, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status in ('pending', 'confirmed', 'completed', 'no_show', 'cancelled')",
            name="bookings_status_known",
        ),
        sa.CheckConstraint("starts_at < ends_at", name="bookings_in_order"),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name="bookings_client_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="bookings_provider_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.id"], name="bookings_service_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="bookings_pkey"),
    )
    op.create_index(
        "bookings_client_idx", "bookings", ["client_id", "starts_at"], unique=False
    )
    op.create_index(
        "bookings_provider_idx", "bookings", ["provider_id", "starts_at"], unique=False
    )
    op.create_index(
        "bookings_service_idx", "bookings", ["service_id", "starts_at"], unique=False
    )
    op.create_index("bookings_starts_at_idx", "bookings", ["starts_at", "id"], unique=False)


def _create_allocations() -> None:
    op.create_table(
        "allocations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("resource_id", sa.Uuid, nullable=False),
        sa.Column("blocked", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("seat", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Uuid()),
        sa.Column("hold_id", sa.Uuid()),
        sa.Column("walk_in_id", sa.Uuid()),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        postgresql.ExcludeConstraint(
            (sa.column("resource_id"), "="),
            (sa.column("blocked"), "&&"),
            (sa.column("session_id"), "<>"),
            using="gist",
            name="allocations_no_overlap",
        ),
        sa.CheckConstraint(
            HALF_OPEN,
            name="allocations_half_open",
        ),
        sa.CheckConstraint(
            "num_nonnulls(booking_id, hold_id, walk_in_id) = 1",
            name="allocations_one_cause",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["bookings.id"],
            name="allocations_booking_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="allocations_pkey"),
        sa.UniqueConstraint(
            "session_id", "resource_id", "seat", name="allocations_seat_key"
        ),
    )
    op.create_index("allocations_booking_idx", "allocations", ["booking_id"], unique=False)
    op.create_index(
        "allocations_expires_at_idx",
        "allocations",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at is not null"),
    )

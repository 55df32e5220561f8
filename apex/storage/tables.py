"""The tables of the platform, as SQLAlchemy Core sees them; the migrations create them.

Every table carries ``tenant_id`` and a row-level-security policy on it: the application's role sees the rows of the
tenant named in the transaction, and none without one. What must look across tenants (log-in, leases, the outbox,
the operator's view) goes through functions of the owner, each as narrow as its purpose.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData()
MONEY = Numeric(14, 2)


def _id() -> Column[object]:
    return Column("id", UUID(as_uuid=False), primary_key=True)


def _tenant() -> Column[object]:
    return Column("tenant_id", UUID(as_uuid=False), ForeignKey("tenants.id"), nullable=False)


def _now(name: str = "created_at") -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


def _when(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


tenants = Table(
    "tenants",
    metadata,
    _id(),
    Column("tenant_id", UUID(as_uuid=False), Computed("id"), unique=True),
    Column("name", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("cloud_account", JSONB),
    _now(),
)

users = Table(
    "users",
    metadata,
    _id(),
    _tenant(),
    Column("email", Text, nullable=False),
    Column("display_name", Text),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    _now(),
    _when("removed_at"),
    # Whoever was removed gives the address back, to whomever it belongs by then: an account of its own.
    Index("users_email", text("lower(email)"), unique=True, postgresql_where=text("removed_at IS NULL")),
    Index("users_tenant", "tenant_id"),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    _tenant(),
    Column("user_id", UUID(as_uuid=False), ForeignKey("users.id"), nullable=False),
    Column("refresh_hash", Text, nullable=False, unique=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    _now(),
    _when("ended_at"),
    Column("end_reason", Text),
    Index("sessions_user", "user_id"),
)

spent_refresh_tokens = Table(
    "spent_refresh_tokens",
    metadata,
    _id(),
    _tenant(),
    Column("refresh_hash", Text, nullable=False, unique=True),
    Column("session_id", UUID(as_uuid=False), ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    _now("spent_at"),
    Index("spent_refresh_tokens_session", "session_id"),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    _tenant(),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    _when("accepted_at"),
    _now(),
)

threads = Table(
    "threads",
    metadata,
    _id(),
    _tenant(),
    Column("user_id", UUID(as_uuid=False), ForeignKey("users.id"), nullable=False),
    Column("title", Text, nullable=False),
    _now(),
    Index("threads_user", "user_id", "created_at", "id"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _tenant(),
    Column("thread_id", UUID(as_uuid=False), ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("data", JSONB),
    Column("run_id", UUID(as_uuid=False)),
    _now(),
    Index("messages_thread", "thread_id", "created_at", "id"),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    _tenant(),
    Column("user_id", UUID(as_uuid=False), ForeignKey("users.id"), nullable=False),
    Column("thread_id", UUID(as_uuid=False), ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    Column("agent_name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="queued"),
    Column("input", JSONB, nullable=False),
    Column("time_limit_seconds", Double, nullable=False),
    Column("caller", JSONB, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("answer", JSONB),
    Column("partial", Boolean, nullable=False, server_default=text("false")),
    Column("error", JSONB),
    Column("steps", JSONB, nullable=False, server_default=text("'[]'")),
    Column("usage", JSONB),
    Column("worker", Text),
    _when("lease_expires_at"),
    _when("cancel_requested_at"),
    Column("cancel_requested_by", UUID(as_uuid=False)),
    _now(),
    _when("started_at"),
    _when("finished_at"),
    Index("runs_user", "user_id", "created_at", "id"),
    Index("runs_thread", "thread_id", "created_at"),
    Index("runs_queue", "created_at", postgresql_where=text("status = 'queued'")),
    Index("runs_leases", "lease_expires_at", postgresql_where=text("status = 'running'")),
)

usage_records = Table(
    "usage_records",
    metadata,
    _id(),
    _tenant(),
    Column("service", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("cost", Numeric, nullable=False),
    _now(),
    Index("usage_records_tenant", "tenant_id", "day"),
)

tool_calls = Table(
    "tool_calls",
    metadata,
    _id(),
    _tenant(),
    Column("run_id", UUID(as_uuid=False), nullable=False),
    Column("user_id", UUID(as_uuid=False), nullable=False),
    Column("tool_name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("duration_seconds", Double),
    Column("owner", UUID(as_uuid=False)),
    # JSON that nobody looks into, and that may hold what a database's JSON may not (a zero character).
    Column("answer", Text),
    Index("tool_calls_run", "run_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    _tenant(),
    Column("topic", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    _now(),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _when("next_attempt_at"),
    _when("set_aside_at"),
    Column("reason", Text),
    Index("outbox_topic", "topic", "id"),
)

notices = Table(
    "notices",
    metadata,
    _id(),
    _tenant(),
    Column("user_id", UUID(as_uuid=False), ForeignKey("users.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    _now(),
)

allowances = Table(
    "allowances",
    metadata,
    Column("tenant_id", UUID(as_uuid=False), ForeignKey("tenants.id"), primary_key=True),
    Column("monthly_amount", MONEY, nullable=False),
    Column("month", Date, nullable=False),
    Column("spent", MONEY, nullable=False, server_default=text("0")),
    Column("version", UUID(as_uuid=False), nullable=False, server_default=func.gen_random_uuid()),
)

allowance_shares = Table(
    "allowance_shares",
    metadata,
    Column("user_id", UUID(as_uuid=False), ForeignKey("users.id"), primary_key=True),
    _tenant(),
    Column("month", Date, nullable=False),
    Column("spent", MONEY, nullable=False),
    Index("allowance_shares_tenant", "tenant_id"),
)

expenses = Table(
    "expenses",
    metadata,
    _id(),
    _tenant(),
    Column("user_id", UUID(as_uuid=False), ForeignKey("users.id"), nullable=False),
    Column("amount", MONEY, nullable=False),
    Column("purpose", Text, nullable=False),
    _now(),
    Index("expenses_user", "user_id", "created_at", "id"),
)

budgets = Table(
    "budgets",
    metadata,
    _id(),
    _tenant(),
    Column("team", Text, nullable=False),
    Column("amount", MONEY, nullable=False),
    _now(),
    Index("budgets_tenant", "tenant_id", "created_at", "id"),
)

registered_tools = Table(
    "registered_tools",
    metadata,
    _id(),
    _tenant(),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("permission", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("partner", Text, nullable=False),
    Column("path", Text, nullable=False),
    _now(),
    _when("withdrawn_at"),
    Index("registered_tools_in_use", "name", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
    Index("registered_tools_name", "name", "created_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _tenant(),
    Column("user_id", UUID(as_uuid=False), ForeignKey("users.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    # JSON text, as it was sent: whoever asks again gets the same.
    Column("answer", Text),
    _now(),
)

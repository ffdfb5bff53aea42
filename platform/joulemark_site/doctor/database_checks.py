"""The database as the settings name it: reachable, new enough, durable, with enough connections, tables and people."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q
from django.db.utils import load_backend

from joulemark_site.doctor.finding import Check, Finding, NotAsked, error, warning
from measurements.intake.platform_key import KeyUnusable, signing_key
from measurements.ledger.log_key import opened
from measurements.ledger.models import Checkpoint

WORDS_OF_REFUSALS = (
    ("JM-DB-PASSWORD", "password authentication failed|no password supplied", "refuses the password",
     "Correct the password in DATABASE_PASSWORD_FILE or DATABASE_URL."),
    ("JM-DB-RULES", "no pg_hba.conf entry|pg_hba.conf rejects|(peer|ident) authentication failed",
     "lets nobody in from here as this user", "Add a line for this user and network to its pg_hba.conf."),
    ("JM-DB-FULL", "too many clients|remaining connection slots", "has no connection left",
     "Raise max_connections, or start fewer processes and threads."),
    ("JM-DB-NAME", 'database ".*" does not exist', "has no database of that name",
     "Create it: CREATE DATABASE … OWNER …"),
    ("JM-DB-ROLE", 'role ".*" does not exist', "has no user of that name",
     "Create it: CREATE ROLE … LOGIN PASSWORD …"),
)  # fmt: skip
"""What PostgreSQL says where it refuses; libpq passes on no code for it."""
OLDEST = 140000
MAX_SKEW_S = 5.0
THREADS = 8
"""Of each web process, as `manage.py serve` has them."""
OF_COMMANDS = 3
"""prepare, manage and backup."""
OF_PEOPLE = 5
OF_OTHER_WORKERS = 4
"""The processes of the worker for the log and of the one for releases, as Procfile starts them."""
NOT_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
MODERATORS = 2


@contextmanager
def opened_database() -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own to the database of the settings. Raises OperationalError."""
    description = {**connection.settings_dict, **settings.DATABASES["default"]}
    wrapper = load_backend(description["ENGINE"]).DatabaseWrapper(description, alias="default")
    try:
        wrapper.ensure_connection()
        yield wrapper
    finally:
        wrapper.close()


@contextmanager
def asked_database() -> Iterator[BaseDatabaseWrapper]:
    """As `opened_database`. Raises NotAsked where it does not answer, which `reachable` finds."""
    try:
        with opened_database() as database:
            yield database
    except OperationalError as reason:
        raise NotAsked("the database does not answer") from reason


def is_postgresql() -> bool:
    """Whether the settings name a PostgreSQL."""
    return str(settings.DATABASES["default"]["ENGINE"]).endswith("postgresql")


def reachable() -> Iterator[Finding]:
    """Whether it answers, and otherwise why not."""
    if not is_postgresql() and not (settings.DATA_DIR / "joulemark.sqlite3").exists():
        yield error(
            "JM-DB-NONE", "JOULEMARK_DATA_DIR", "There is no database yet.", "Run `manage.py prepare`."
        )
        return
    try:
        with opened_database():
            return
    except OperationalError as reason:
        words = str(reason)
    for code, pattern, sentence, remedy in WORDS_OF_REFUSALS:
        if re.search(pattern, words):
            yield error(code, "DATABASE_URL", f"The database {sentence}.", remedy)
            return
    yield error(
        "JM-DB-AWAY",
        "DATABASE_URL",
        "The database does not answer at that address.",
        "Start it, or correct host and port; from a container, localhost is the container itself.",
    )


def server() -> Iterator[Finding]:
    """Version, encoding, durability, clock."""
    if not is_postgresql():
        return
    with asked_database() as database, database.cursor() as cursor:

        def setting(name: str) -> str:
            cursor.execute("SELECT current_setting(%s)", [name])
            return str(cursor.fetchone()[0])

        if int(setting("server_version_num")) < OLDEST:
            yield error("JM-DB-VERSION", "DATABASE_URL", "PostgreSQL is older than 14.", "Upgrade it.")
        if setting("server_encoding") != "UTF8":
            yield error(
                "JM-DB-ENCODING",
                "DATABASE_URL",
                "The database is not in UTF-8: names in other scripts cannot be stored.",
                "Create it anew with ENCODING 'UTF8'.",
            )
        lax = [name for name in NOT_DURABLE if setting(name) == "off"]
        if lax:
            yield error(
                "JM-DB-DURABLE",
                "DATABASE_URL",
                f"PostgreSQL does not wait for the disk ({', '.join(lax)} = off): results with a receipt can be lost.",
                "Remove these lines from its configuration.",
            )
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        skew_s = abs(float(cursor.fetchone()[0]) - time.time())
        if skew_s > MAX_SKEW_S:
            yield error(
                "JM-CLOCK-DATABASE",
                "DATABASE_URL",
                f"The clocks of the database and of this machine differ by {skew_s:.0f} s.",
                "Synchronise both (chrony, systemd-timesyncd).",
            )


def needed_connections() -> int:
    """How many connections the processes open at most, by the variables of Procfile."""
    web = settings.WEB_PROCESSES * (THREADS + settings.STREAMS)
    workers = settings.JUDGES + OF_OTHER_WORKERS if settings.REDIS_URL else 0
    return web + workers + OF_COMMANDS + OF_PEOPLE


def connections() -> Iterator[Finding]:
    """Enough connections for all threads of web processes and for all workers."""
    if not is_postgresql():
        return
    with asked_database() as database, database.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        allowed = int(cursor.fetchone()[0])
    if allowed < needed_connections():
        yield error(
            "JM-DB-CONNECTIONS",
            "JOULEMARK_WEB_PROCESSES",
            f"PostgreSQL allows {allowed} connections, and the processes need {needed_connections()}: {THREADS} for "
            f"each web process and {settings.STREAMS} for its downloads, 1 for each worker process, "
            f"{OF_COMMANDS} for commands and {OF_PEOPLE} for people.",
            "Raise max_connections, or start fewer processes.",
        )


def schema() -> Iterator[Finding]:
    """Tables as this code has them."""
    with asked_database() as database:
        executor = MigrationExecutor(database)
        behind = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        unknown = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations)
    if behind:
        yield error(
            "JM-DB-SCHEMA",
            "DATABASE_URL",
            f"{behind} migrations are not applied.",
            "Run `manage.py prepare`.",
        )
    ours = {f"{app}.{name}" for app, name in unknown if app in executor.loader.migrated_apps}
    if ours:
        yield error(
            "JM-DB-SCHEMA-AHEAD",
            "DATABASE_URL",
            f"The tables are of newer code: {min(ours)} is applied and unknown here.",
            "Install the newer version again, or restore the backup that was made before it.",
        )


def signed_by() -> Iterator[Finding]:
    """Keys that signed last are the keys that are here."""
    try:
        signing_key()
        last = Checkpoint.objects.last()
    except KeyUnusable as reason:
        if "is not the key of this platform" in str(reason):
            yield error(
                "JM-KEY-PLATFORM-OTHER",
                "JOULEMARK_PLATFORM_KEY_FILE",
                "The key for receipts is not the one that signed the last receipt: agents take it for an impostor's.",
                "Restore the right file from a backup.",
            )
        return
    except DatabaseError as reason:
        raise NotAsked("the tables cannot be read") from reason
    if last is None or not (settings.LOG_KEY or settings.LOG_KEY_FILE.exists()):
        return
    try:
        opened(last.note)
    except Exception:  # noqa: BLE001 - whatever is wrong with the key or the note, they do not fit
        yield error(
            "JM-KEY-LOG-OTHER",
            "JOULEMARK_LOG_KEY_FILE",
            "The key of the log is not the one that signed the last checkpoint, and it is not listed as a former one.",
            "Restore the right file, or list the old public key in JOULEMARK_LOG_FORMER_KEYS.",
        )


def people() -> Iterator[Finding]:
    """Enough moderators, with the second factor that the settings ask for."""
    from joulemark_site.moderators import second_factor

    try:
        permission = Permission.objects.filter(codename="add_moderation")
        may = (
            Q(is_superuser=True) | Q(user_permissions__in=permission) | Q(groups__permissions__in=permission)
        )
        moderators = list(User.objects.filter(may, is_staff=True, is_active=True).distinct())
        without = [user.username for user in moderators if not second_factor.is_set_up(user)]
    except DatabaseError as reason:
        raise NotAsked("the tables cannot be read") from reason
    if len(moderators) < MODERATORS:
        yield warning(
            "JM-PEOPLE-MODERATORS",
            "moderators",
            f"{len(moderators)} people can decide about results, and a rejection takes two.",
            "Run `manage.py createsuperuser` for another.",
        )
    if settings.SECOND_FACTOR == second_factor.REQUIRED and without:
        yield error(
            "JM-PEOPLE-SECOND-FACTOR",
            "JOULEMARK_SECOND_FACTOR",
            f"{len(without)} moderators have no second factor, and cannot log in without one.",
            f"Run `manage.py second_factor set-up NAME` for {', '.join(without[:5])}.",
        )


CHECKS = [
    Check("database", reachable),
    Check("database server", server),
    Check("database connections", connections),
    Check("tables", schema),
    Check("signatures", signed_by),
    Check("moderators", people),
]

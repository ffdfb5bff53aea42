"""What the environment alone tells: names, values, and values that do not fit each other. Asks no service."""

from __future__ import annotations

import os
from collections.abc import Iterator

from django.conf import settings
from django.http.request import validate_host

from joulemark.record.origin import parse_origin
from joulemark_site.doctor.finding import Check, Finding, error, warning
from joulemark_site.environment import BadSetting
from joulemark_site.setting_names import unknown_names

SECRET_CHARACTERS = 32
VISIBILITY_TIMEOUT = "visibility_timeout"


def is_public() -> bool:
    """Whether the origin is an address that others reach."""
    return not parse_origin(settings.ORIGIN).is_loopback


def unusable_values(faults: list[BadSetting]) -> Iterator[Finding]:
    """Values that no process would start with."""
    for fault in faults:
        yield error(
            "JM-CONF-VALUE",
            fault.name,
            str(fault),
            "Correct it; docs/operations.md lists what each variable takes.",
        )


def names() -> Iterator[Finding]:
    """Variables that nothing reads."""
    for unknown in unknown_names(os.environ):
        meant = f"; {unknown.nearest} is one" if unknown.nearest else ""
        make = error if unknown.nearest else warning
        yield make(
            "JM-CONF-NAME",
            unknown.name,
            f"{unknown.name} is not a setting{meant}.",
            "Correct the name, or remove the variable: what it was to set is not set.",
        )


def hosts() -> Iterator[Finding]:
    """Host names that are answered."""
    host = parse_origin(settings.ORIGIN).host_in_address
    if any(name in ("*", ".") or name.startswith("*.") for name in settings.ALLOWED_HOSTS):
        yield error(
            "JM-CONF-HOSTS-ANY",
            "JOULEMARK_ALLOWED_HOSTS",
            "The platform answers to any host name, so that a stranger's name can appear in its links.",
            "List the names; without the variable it is the host of JOULEMARK_ORIGIN.",
        )
    elif not validate_host(host, settings.ALLOWED_HOSTS):
        yield error(
            "JM-CONF-HOSTS-ORIGIN",
            "JOULEMARK_ALLOWED_HOSTS",
            "The host of JOULEMARK_ORIGIN is not among the host names that are answered: everybody gets 400.",
            "Add it, or remove the variable.",
        )


def origin() -> Iterator[Finding]:
    """The origin, and what must fit it."""
    is_https = settings.ORIGIN.startswith("https://")
    if is_public() and not is_https:
        yield error(
            "JM-CONF-ORIGIN-HTTP",
            "JOULEMARK_ORIGIN",
            "The platform is public without TLS: passwords and sessions of moderators travel in the clear.",
            "Put a proxy with a certificate in front, and write https://. Agents that enrolled keep the old origin.",
        )
    if is_https and not settings.PROXIES:
        yield error(
            "JM-CONF-PROXIES-NONE",
            "JOULEMARK_PROXIES",
            "The origin has TLS, which a proxy ends, but no proxy is declared: scheme and clients are unknown.",
            "Set it to the number of your proxies in front of the platform, usually 1.",
        )
    if settings.PROXIES > 3:
        yield error(
            "JM-CONF-PROXIES-MANY",
            "JOULEMARK_PROXIES",
            "More than three proxies are declared: with one too many, a client can write its own address.",
            "Count only proxies of your own that append to X-Forwarded-For.",
        )
    if settings.DEBUG:
        make = error if is_public() else warning
        yield make(
            "JM-CONF-DEBUG",
            "JOULEMARK_DEBUG",
            "Debug pages are on: they show settings and source code to whoever causes an error.",
            "Remove the variable.",
        )


def headers() -> Iterator[Finding]:
    """What browsers are told to protect."""
    if not settings.ORIGIN.startswith("https://"):
        return
    if settings.SECURE_HSTS_SECONDS < 3600:
        yield warning(
            "JM-CONF-HSTS",
            "JOULEMARK_HSTS_S",
            "Browsers are not told to come back over TLS alone.",
            "Remove the variable; it is a year then.",
        )
    if settings.PROXIES and not settings.SECURE_SSL_REDIRECT:
        yield warning(
            "JM-CONF-REDIRECT",
            "JOULEMARK_HTTPS_REDIRECT",
            "Requests that came over plain HTTP are answered instead of being redirected.",
            "Remove the variable.",
        )
    if not settings.PERMISSIONS_POLICY or "=*" in settings.PERMISSIONS_POLICY.replace(" ", ""):
        yield warning(
            "JM-CONF-PERMISSIONS",
            "JOULEMARK_PERMISSIONS_POLICY",
            "The policy leaves sensors of browsers open to every page.",
            "Remove the variable.",
        )
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY"):
        if not getattr(settings, name):
            yield error(
                "JM-CONF-COOKIES",
                name,
                "The cookie of a moderator's session may be sent without TLS, or read by scripts.",
                "Set it to True in the settings module that you use.",
            )


def secrets() -> Iterator[Finding]:
    """Secrets that are weak, or lie where others can read them."""
    key = str(settings.SECRET_KEY)
    if len(key) < SECRET_CHARACTERS or len(set(key)) < 5 or key.startswith("django-insecure-"):
        yield error(
            "JM-CONF-SECRET-WEAK",
            "JOULEMARK_SECRET_KEY",
            f"The secret has fewer than {SECRET_CHARACTERS} characters, or too few different ones: it can be guessed.",
            "Remove the variable; a good one is then made in the data folder.",
        )
    for name, word in (
        ("DATABASE_URL", "DATABASE_PASSWORD_FILE"),
        ("JOULEMARK_LOG_KEY", "JOULEMARK_LOG_KEY_FILE"),
    ):
        value = os.environ.get(name, "")
        if value and (name == "JOULEMARK_LOG_KEY" or _has_password(value)):
            yield warning(
                "JM-CONF-SECRET-IN-ENVIRONMENT",
                name,
                f"{name} has a secret in it, which every process of this user can read in the environment.",
                f"Put it into a file of mode 0600 and name that in {word}.",
            )


def _has_password(url: str) -> bool:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return bool(conninfo_to_dict(url).get("password"))
    except ProgrammingError:
        return False


def services() -> Iterator[Finding]:
    """A database and a queue that do not belong together."""
    is_sqlite = str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3")
    if is_sqlite and settings.REDIS_URL:
        yield error(
            "JM-CONF-SQLITE-WORKERS",
            "DATABASE_URL",
            "There is a queue for workers, but the database is SQLite, which has one writer.",
            "Set DATABASE_URL to a PostgreSQL, or remove REDIS_URL.",
        )
    if not is_sqlite and not settings.REDIS_URL:
        yield warning(
            "JM-CONF-NO-QUEUE",
            "REDIS_URL",
            "There is no queue: each web process judges results by itself and limits rates by itself.",
            "Set REDIS_URL, and start workers and beat.",
        )
    if is_sqlite and is_public():
        yield warning(
            "JM-CONF-SQLITE-PUBLIC",
            "DATABASE_URL",
            "A public platform has its results in an SQLite file, with one process.",
            "Set DATABASE_URL to a PostgreSQL, and back it up.",
        )


def moderators() -> Iterator[Finding]:
    """Who reaches the moderators' pages."""
    if any(network.prefixlen == 0 for network in settings.ADMIN_NETWORKS):
        yield error(
            "JM-CONF-ADMIN-OPEN",
            "JOULEMARK_ADMIN_NETWORKS",
            "The list of networks for moderators contains every address.",
            "List the networks, or remove the variable if the pages are to be open.",
        )
    if settings.ADMIN_NETWORKS and not settings.PROXIES and settings.ORIGIN.startswith("https://"):
        yield error(
            "JM-CONF-ADMIN-NETWORKS-PROXY",
            "JOULEMARK_ADMIN_NETWORKS",
            "The list of networks is compared with the proxy's address, because no proxy is declared.",
            "Set JOULEMARK_PROXIES.",
        )
    host = parse_origin(settings.ORIGIN).host_in_address
    if settings.ADMIN_HOSTS and host in settings.ADMIN_HOSTS:
        yield warning(
            "JM-CONF-ADMIN-HOST-SAME",
            "JOULEMARK_ADMIN_HOSTS",
            "The host for moderators is the public one, so that the setting closes nothing.",
            "Give moderators a host name of their own, or remove the variable.",
        )
    if settings.SESSION_COOKIE_AGE > 7 * 24 * 3600 or settings.SESSION_IDLE_S > settings.SESSION_COOKIE_AGE:
        yield warning(
            "JM-CONF-SESSION",
            "JOULEMARK_SESSION_S",
            "Sessions of moderators last longer than a week, or may be idle for longer than they last.",
            "Remove JOULEMARK_SESSION_S and JOULEMARK_SESSION_IDLE_S: 12 and 2 hours.",
        )
    if settings.SECOND_FACTOR == "off" and is_public():
        yield warning(
            "JM-CONF-SECOND-FACTOR-OFF",
            "JOULEMARK_SECOND_FACTOR",
            "A public platform does not take second factors, not even of moderators who have one.",
            "Remove the variable, or write required.",
        )


def intervals() -> Iterator[Finding]:
    """Times that must be shorter than others."""
    pairs = (
        (
            "JOULEMARK_SWEEP_EVERY_S",
            settings.SWEEP_EVERY_S,
            "JOULEMARK_WAITING_ALARM_S",
            settings.WAITING_ALARM_S,
        ),
        (
            "JOULEMARK_SWEEP_WAITING_S",
            settings.SWEEP_WAITING_LONGER_THAN_S,
            "JOULEMARK_WAITING_ALARM_S",
            settings.WAITING_ALARM_S,
        ),
        ("JOULEMARK_LOG_EVERY_S", settings.LOG_EVERY_S, "JOULEMARK_LOG_ALARM_S", settings.LOG_ALARM_S),
        (
            "JOULEMARK_TASK_LIMIT_S",
            settings.CELERY_TASK_TIME_LIMIT,
            "the queue's visibility timeout",
            int(str(settings.CELERY_BROKER_TRANSPORT_OPTIONS[VISIBILITY_TIMEOUT])),
        ),
        ("JOULEMARK_STATEMENT_LIMIT_S", settings.STATEMENT_LIMIT_S, "the minute that a proxy waits", 61),
    )
    for name, value, longer_name, longer in pairs:
        if value >= longer:
            yield error(
                "JM-CONF-INTERVAL",
                name,
                f"{name} ({value} s) is not shorter than {longer_name} ({longer} s).",
                "Shorten it, or remove the variable.",
            )


def keys_apart() -> Iterator[Finding]:
    """Two keys in one file."""
    if not settings.LOG_KEY and settings.LOG_KEY_FILE.resolve() == settings.PLATFORM_KEY_FILE.resolve():
        yield error(
            "JM-CONF-KEYS-SAME",
            "JOULEMARK_LOG_KEY_FILE",
            "Receipts and checkpoints are signed by one key: to rotate one is to rotate both.",
            "Name another file, on a new platform; on an old one keep it and remove neither.",
        )


CHECKS = [
    Check("names", names),
    Check("hosts", hosts),
    Check("origin", origin),
    Check("headers", headers),
    Check("secrets", secrets),
    Check("services", services),
    Check("moderators' door", moderators),
    Check("intervals", intervals),
    Check("keys apart", keys_apart),
]

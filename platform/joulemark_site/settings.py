"""The one settings file. What differs between places comes from the environment; docs/operations.md lists it.

Without any variable this is the embedded platform: SQLite in var/, tasks in the web process after commit.
With DATABASE_URL and REDIS_URL it is the production one.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from kombu import Queue

from joulemark.record.origin import parse_origin
from joulemark.release.columns import DATA_LICENCE_URL
from joulemark_site import environment as env
from joulemark_site import hidden_settings as hidden
from joulemark_site import redis_settings, release_storage, suite_folders, witness_settings
from joulemark_site.log_lines import logging_config
from joulemark_site.steady_schedule import every

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = env.folder("JOULEMARK_DATA_DIR", ROOT / "var")

DEBUG = env.flag("JOULEMARK_DEBUG", default=False)
ORIGIN = env.origin("JOULEMARK_ORIGIN", "http://127.0.0.1:8000")
ADMIN_HOSTS = env.host_names("JOULEMARK_ADMIN_HOSTS")
ADMIN_NETWORKS = env.networks("JOULEMARK_ADMIN_NETWORKS")
ALLOWED_HOSTS = [*env.hosts("JOULEMARK_ALLOWED_HOSTS", ORIGIN), *ADMIN_HOSTS]
SECRET_KEY = env.secret("JOULEMARK_SECRET_KEY", DATA_DIR, "secret-key")
PLATFORM_KEY_FILE = env.file("JOULEMARK_PLATFORM_KEY_FILE", DATA_DIR / "platform-key.pem")
LOG_DIR = env.folder("JOULEMARK_LOG_DIR", DATA_DIR / "log", mode=0o755)  # a proxy serves it
LOG_KEY = env.text("JOULEMARK_LOG_KEY", "")
LOG_KEY_FILE = env.file("JOULEMARK_LOG_KEY_FILE", DATA_DIR / "log-key.pem")
LOG_FORMER_KEYS = env.verifier_keys("JOULEMARK_LOG_FORMER_KEYS")
LOG_WITNESSES = env.verifier_keys("JOULEMARK_LOG_WITNESSES")
LOG_WITNESS_ADDRESSES = witness_settings.witness_addresses("JOULEMARK_LOG_WITNESS_ADDRESSES", LOG_WITNESSES)
LOG_COPIES = hidden.places("JOULEMARK_LOG_COPIES")
LOG_COPIES_TOKEN = env.secret_in_file("JOULEMARK_LOG_COPIES_TOKEN_FILE") or ""

INSTALLED_APPS = [
    "joulemark_site.moderators.apps.ModeratorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "joulemark_site",
    "measurements.answer_cache",
    "measurements.web",
    "measurements.display",
    "measurements.catalog",
    "measurements.contributors",
    "measurements.ledger",
    "measurements.published",
    "measurements.intake",
    "measurements.review",
    "measurements.impact",
    "measurements.summaries",
    "measurements.boards",
    "measurements.search",
    "measurements.pages",
    "measurements.downloads",
    "measurements.releases",
    "measurements.monitoring",
    "measurements.webhooks",
]

MIDDLEWARE = [
    "joulemark_site.request_log.logged_requests",
    "joulemark_site.probe_addresses.answered_probes",
    "joulemark_site.cross_origin.cross_origin_reads",
    "joulemark_site.quota_headers.quota_headers",
    "joulemark_site.caching.explicit_caching",
    "joulemark_site.security.content_security_policy",
    "django.middleware.security.SecurityMiddleware",
    "joulemark_site.readable_requests.readable_requests",
    "joulemark_site.maintenance.refuse_in_maintenance",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "joulemark_site.crowd.presence.mark_simulated",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "joulemark_site.path_language.language_of_path",
    "joulemark_site.moderators.door.moderators_door",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "measurements.boards.as_of_middleware.AsOfMiddleware",
    "measurements.answer_cache.middleware.AnswerCacheMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "joulemark_site.urls"
WSGI_APPLICATION = "joulemark_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "platform" / "joulemark_site" / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        f"measurements.web.compact_templates.{loader}"
                        for loader in ("FolderLoader", "AppLoader")
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", DATA_DIR, "DATABASE_PASSWORD_FILE")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = redis_settings.redis_url("REDIS_URL")
CACHES = {"default": redis_settings.cache(REDIS_URL), "answers": redis_settings.answer_cache(REDIS_URL)}
ANSWER_CACHE_BYTES = env.mebibytes("JOULEMARK_ANSWER_CACHE_MIB", 256)
ANSWER_MEMORY_BYTES = env.mebibytes("JOULEMARK_ANSWER_MEMORY_MIB", 32)
CELERY_BROKER_URL = redis_settings.broker(REDIS_URL)
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_EAGER_PROPAGATES = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = env.seconds("JOULEMARK_TASK_LIMIT_S", 300)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "queue_order_strategy": "priority",  # a worker that has several queues empties the first first
    "socket_timeout": 5,  # a broker that gives no answer is one that is away; a worker asks it every second
}
CELERY_TASK_PUBLISH_RETRY = (
    False  # a lost nudge is found by the sweeper; an upload must not wait for the broker
)
SWEEP_EVERY_S = env.seconds("JOULEMARK_SWEEP_EVERY_S", 60)
SWEEP_WAITING_LONGER_THAN_S = env.seconds("JOULEMARK_SWEEP_WAITING_S", 120)
CELL_EVERY_S = env.seconds("JOULEMARK_CELL_EVERY_S", 10)
ANSWER_RENEWAL_S = env.seconds("JOULEMARK_ANSWER_RENEWAL_S", 5)
WITNESS_EVERY_S = env.seconds("JOULEMARK_LOG_WITNESS_EVERY_S", 30)
WEBHOOKS_EVERY_S = env.seconds("JOULEMARK_WEBHOOKS_EVERY_S", 10)
LOG_EVERY_S = env.seconds("JOULEMARK_LOG_EVERY_S", 5)
RELEASES_EVERY_S = env.count("JOULEMARK_RELEASES_EVERY_S", 24 * 3600)  # 0: none but by hand
RELEASE_LOOK_S = min(
    RELEASES_EVERY_S or 3600, 3600
)  # beat looks so often whether one is due; a restart forgets none
RELEASE_LIMIT_S = 6 * 3600  # a first release of a million results takes about an hour
SWEEP_MESSAGE_LIFE_S = max(SWEEP_EVERY_S, 600)  # a worker's clock may be minutes ahead of the sender's
CELERY_TASK_ANNOTATIONS = {"*": {"expires": SWEEP_MESSAGE_LIFE_S}}  # whatever is lost so, a sweep sends again
QUEUES = ("log", "outgoing", "sweeps", "cells", "judging", "answers", "backlog", "releases")
(
    LOG_QUEUE,
    OUTGOING_QUEUE,
    SWEEP_QUEUE,
    CELL_QUEUE,
    JUDGE_QUEUE,
    ANSWER_QUEUE,
    BACKLOG_QUEUE,
    RELEASE_QUEUE,
) = QUEUES
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = SWEEP_QUEUE
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {
    "ledger.sequence": {"queue": LOG_QUEUE},
    "ledger.ask_witnesses": {
        "queue": OUTGOING_QUEUE
    },  # the process that reaches the outside; the log goes first
    "webhooks.run": {"queue": OUTGOING_QUEUE},
    "review.sweep": {"queue": SWEEP_QUEUE},
    "boards.sweep": {"queue": SWEEP_QUEUE},
    "review.compare": {"queue": CELL_QUEUE},
    "review.compare_due": {"queue": CELL_QUEUE},
    "boards.refresh_cells": {"queue": CELL_QUEUE},
    "boards.refresh_due": {"queue": CELL_QUEUE},
    "review.judge": {"queue": JUDGE_QUEUE},  # from where a flood goes to the backlog
    "review.judge_distrusted": {"queue": JUDGE_QUEUE},
    "review.judge_again": {"queue": BACKLOG_QUEUE},
    "answer_cache.renew": {"queue": ANSWER_QUEUE},  # before what may take hours, for a few seconds at most
    "releases.publish": {"queue": RELEASE_QUEUE},  # for hours, so that nothing waits behind it
}
CELERY_BEAT_ENABLE_REMOTE_CONTROL = True  # `manage.py doctor` counts those that answer
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": every(every_s)}
    for name, every_s in {
        "ledger.sequence": LOG_EVERY_S,
        "ledger.ask_witnesses": WITNESS_EVERY_S,
        "review.sweep": SWEEP_EVERY_S,
        "boards.sweep": SWEEP_EVERY_S,
        "review.compare_due": CELL_EVERY_S / 2,  # a cell whose turn comes is found within half a turn
        "boards.refresh_due": CELL_EVERY_S / 2,
        "answer_cache.renew": ANSWER_RENEWAL_S,
        "releases.publish": RELEASE_LOOK_S,
        "webhooks.run": WEBHOOKS_EVERY_S,
    }.items()
}
STATEMENT_LIMIT_S = env.seconds("JOULEMARK_STATEMENT_LIMIT_S", 50)  # a proxy waits for a minute
STREAMS = env.count("JOULEMARK_STREAMS", 2)
STREAM_LIMIT_S = env.seconds("JOULEMARK_STREAM_LIMIT_S", 900)
STREAM_SILENCE_S = env.seconds("JOULEMARK_STREAM_SILENCE_S", 60)
BODY_TIMEOUT_S = env.seconds("JOULEMARK_BODY_TIMEOUT_S", 20)
TICKET_LIFETIME_S = env.seconds("JOULEMARK_TICKET_LIFETIME_S", 7 * 24 * 3600)
LOG_ALARM_S = env.seconds("JOULEMARK_LOG_ALARM_S", 5 * 60)
WITNESS_ALARM_S = env.seconds("JOULEMARK_LOG_WITNESS_ALARM_S", 24 * 3600)
WAITING_ALARM_S = env.seconds("JOULEMARK_WAITING_ALARM_S", 15 * 60)
QUARANTINE_ALARM_S = env.seconds("JOULEMARK_QUARANTINE_ALARM_S", 7 * 24 * 3600)
JUDGING_ALARM_S = (
    CELERY_TASK_TIME_LIMIT + SWEEP_WAITING_LONGER_THAN_S + SWEEP_EVERY_S
)  # then a sweep had its turn
MESSAGE_ALARM_S = SWEEP_MESSAGE_LIFE_S + 60  # a worker that came by would have thrown it away
MESSAGE_ALARMS_S = {name: MESSAGE_ALARM_S + RELEASE_LIMIT_S * (name == RELEASE_QUEUE) for name in QUEUES}
SWEEP_ALARM_S = env.seconds("JOULEMARK_SWEEP_ALARM_S", 5 * 60)
BOARD_ALARM_S = env.seconds("JOULEMARK_BOARD_ALARM_S", 10 * 60)
CLOCK_ALARM_S = env.seconds("JOULEMARK_CLOCK_ALARM_S", 10 * 60)
DATABASE_DIR = env.folder_of_others("JOULEMARK_DATABASE_DIR")  # for the space on its disk alone
DISK_ALARM_BYTES = env.mebibytes("JOULEMARK_DISK_ALARM_MIB", 1024)
WATCH_EVERY_S = env.seconds("JOULEMARK_WATCH_EVERY_S", 30)
METRICS_TOKEN = hidden.secret_value("JOULEMARK_METRICS_TOKEN")
METRICS_NETWORKS = env.networks("JOULEMARK_METRICS_FROM")
OPERATORS = env.words("JOULEMARK_OPERATORS", "")
MODERATORS = env.words("JOULEMARK_MODERATORS", "")
ALARM_LANGUAGE = env.choice("JOULEMARK_ALARM_LANGUAGE", "en", ("en", "ru"))
WEBHOOKS_PRIVATE = env.flag("JOULEMARK_WEBHOOKS_PRIVATE", default=False)
WEBHOOK_URL = hidden.secret_address("JOULEMARK_WEBHOOK_URL")
PING_URL = hidden.secret_address("JOULEMARK_PING_URL")
EMAIL_HOST = env.text("JOULEMARK_MAIL_HOST", "")
EMAIL_PORT = env.count("JOULEMARK_MAIL_PORT", 25)
EMAIL_HOST_USER = env.text("JOULEMARK_MAIL_USER", "")
EMAIL_HOST_PASSWORD = hidden.secret_value("JOULEMARK_MAIL_PASSWORD")
MAIL_TLS = env.choice("JOULEMARK_MAIL_TLS", "none", ("none", "starttls", "tls"))
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_TLS == "starttls", MAIL_TLS == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("JOULEMARK_MAIL_FROM", "joulemark@localhost")
APPEAL_WINDOW_S = env.seconds("JOULEMARK_APPEAL_WINDOW_S", 30 * 24 * 3600)
APPEAL_ANSWER_S = env.seconds("JOULEMARK_APPEAL_ANSWER_S", 14 * 24 * 3600)
RATES = env.rates(
    "JOULEMARK_RATES",
    "prefix=6000/h,enrolment=60/h,ticket=1200/h,result=2400/h,request=120/h,rows=6000/h,reads=36000/h",
)
PROXIES = env.count("JOULEMARK_PROXIES", 0)
WEB_PROCESSES = env.count(
    "JOULEMARK_WEB_PROCESSES", 1
)  # these two Procfile reads; here they are for the doctor alone
JUDGES = env.count("JOULEMARK_JUDGES", 1)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
SUITES = suite_folders.pinned_suites("JOULEMARK_SUITES")
SUITE_FOLDERS = suite_folders.listed_folders("JOULEMARK_SUITES")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "measurements.web.format_choice.AnyFormat",
    "DEFAULT_THROTTLE_CLASSES": ["measurements.intake.rates.ScopedThrottle"],
    "DEFAULT_SCHEMA_CLASS": "measurements.web.file_schema.FileSchema",
    "EXCEPTION_HANDLER": "measurements.intake.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Joulemark",
    "DESCRIPTION": "What AI models cost in energy: submit signed results, download boards and evidence.",
    "VERSION": "1",
    "LICENSE": {"name": "Data: CC BY 4.0", "url": DATA_LICENCE_URL},
    "SERVE_INCLUDE_SCHEMA": False,
    "DEFAULT_GENERATOR_CLASS": "measurements.web.api_description.EnglishDescription",
    "ENUM_NAME_OVERRIDES": {
        "VerdictEnum": "measurements.display.choices.ClaimVerdict",
        "BoardVerdictEnum": "measurements.display.choices.BoardVerdict",
        "LabelEnum": "measurements.display.choices.ROW_LABELS",
        "GradeEnum": "measurements.display.choices.BOARD_GRADES",
        "ResultStateEnum": "measurements.intake.models.State",
        "ResultGradeEnum": "measurements.display.choices.RESULT_GRADES",
        "ResultLabelEnum": "measurements.display.choices.CELL_LABELS",
        "CellTierEnum": "measurements.display.choices.CELL_TIERS",
        "GradeOrOwnEnum": "measurements.display.choices.Grade",
        "PublishedGradeEnum": "measurements.display.choices.PUBLISHED_GRADE",
        "NoScoreIntervalEnum": "measurements.display.choices.NoScoreInterval",
        "NoCellIntervalEnum": "measurements.display.choices.NoInterval",
        "NoModelIntervalEnum": "measurements.display.choices.NoModelInterval",
        "BoardRowKindEnum": "measurements.display.choices.ModelKind",
        "AnswerFormEnum": "measurements.display.choices.AnswerForm",
        "IntensityRowKindEnum": "measurements.downloads.resource_impact.PLACE_KINDS",
    },
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "POSTPROCESSING_HOOKS": [
        "measurements.web.openapi.without_blank_choices",
        "drf_spectacular.hooks.postprocess_schema_enums",
        "measurements.web.openapi.with_common_refusals",
        "measurements.web.openapi.with_needed_bodies",
        "measurements.web.simulated.with_field",
        "measurements.web.message_schemas.with_messages",
    ],
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [ROOT / "platform" / "joulemark_site" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [ROOT / "platform" / "joulemark_site" / "static"]
RELEASES_WORK_DIR = DATA_DIR / "releases-work"
RELEASES_DIR = env.folder("JOULEMARK_RELEASES_DIR", DATA_DIR / "releases", mode=0o755)  # a proxy may serve it
RELEASES_STORAGE, RELEASES_URL = release_storage.storage(RELEASES_DIR, ORIGIN)
SIMULATED_BY = "joulemark_site.crowd.presence.is_simulated"
STORAGES = {
    "releases": RELEASES_STORAGE,
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
IS_HTTPS = ORIGIN.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = env.count("JOULEMARK_HSTS_S", 365 * 24 * 3600 if IS_HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.flag("JOULEMARK_HSTS_SUBDOMAINS", default=False)
SECURE_SSL_REDIRECT = env.flag("JOULEMARK_HTTPS_REDIRECT", default=IS_HTTPS and PROXIES > 0)
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)\Z"]  # asked from the inside, past the proxy
SILENCED_SYSTEM_CHECKS = [
    "security.W005",
    "security.W021",
]  # other hosts of the operator's domain are not ours to bind
PERMISSIONS_POLICY = env.text(
    "JOULEMARK_PERMISSIONS_POLICY",
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=()",
)
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = env.seconds("JOULEMARK_SESSION_S", 12 * 3600)
SESSION_IDLE_S = env.seconds("JOULEMARK_SESSION_IDLE_S", 2 * 3600)
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [ORIGIN]
CSRF_FAILURE_VIEW = "joulemark_site.errors.forbidden_form"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {},
        "MinimumLengthValidator": {"min_length": 12},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "joulemark_site.moderators.login_attempts.LoginAttempts"
AXES_USERNAME_CALLABLE = "joulemark_site.moderators.login_attempts.name_key"
AXES_CLIENT_IP_CALLABLE = "joulemark_site.moderators.login_attempts.network_key"
AXES_CLIENT_STR_CALLABLE = "joulemark_site.moderators.login_attempts.client_words"
AXES_LOCKOUT_CALLABLE = "joulemark_site.moderators.login_attempts.locked_page"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else a stranger could keep a limit up for ever
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SECOND_FACTOR = env.choice("JOULEMARK_SECOND_FACTOR", "optional", ("off", "optional", "required"))
OTP_TOTP_ISSUER = f"Joulemark {parse_origin(ORIGIN).host}"

LOGGING = logging_config(
    line_format=env.choice("JOULEMARK_LOG_FORMAT", "text", ("text", "json")),
    level=env.level("JOULEMARK_LOG_LEVEL", "INFO"),
    secrets=hidden.secrets_in(
        DATABASES, REDIS_URL, SECRET_KEY, LOG_KEY, METRICS_TOKEN, EMAIL_HOST_PASSWORD, WEBHOOK_URL, PING_URL
    ),
)

env.refuse_misspelt_names()

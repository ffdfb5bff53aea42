"""The one settings file. What differs between places comes from the environment; docs/operations.md lists it.

Without any variable this is the embedded platform: SQLite in var/, tasks in the web process after commit.
With DATABASE_URL and REDIS_URL it is the production one.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.utils.translation import gettext_lazy as _
from kombu import Queue

from joulemark_site import environment as env
from joulemark_site import suite_folders

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = env.folder("JOULEMARK_DATA_DIR", ROOT / "var")

DEBUG = env.flag("JOULEMARK_DEBUG", default=False)
ORIGIN = env.origin("JOULEMARK_ORIGIN", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.hosts("JOULEMARK_ALLOWED_HOSTS", ORIGIN)
SECRET_KEY = env.secret("JOULEMARK_SECRET_KEY", DATA_DIR, "secret-key")
PLATFORM_KEY_FILE = Path(env.text("JOULEMARK_PLATFORM_KEY_FILE", str(DATA_DIR / "platform-key.pem")))
LOG_DIR = env.folder("JOULEMARK_LOG_DIR", DATA_DIR / "log", mode=0o755)  # a proxy serves it
LOG_KEY = env.text("JOULEMARK_LOG_KEY", "")
LOG_KEY_FILE = Path(env.text("JOULEMARK_LOG_KEY_FILE", str(DATA_DIR / "log-key.pem")))
LOG_FORMER_KEYS = env.verifier_keys("JOULEMARK_LOG_FORMER_KEYS")
LOG_WITNESSES = env.verifier_keys("JOULEMARK_LOG_WITNESSES")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
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
    "measurements.boards",
    "measurements.pages",
    "measurements.downloads",
]

MIDDLEWARE = [
    "joulemark_site.caching.explicit_caching",
    "joulemark_site.security.content_security_policy",
    "django.middleware.security.SecurityMiddleware",
    "joulemark_site.readable_requests.readable_requests",
    "joulemark_site.maintenance.refuse_in_maintenance",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "joulemark_site.crowd.presence.mark_simulated",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "measurements.boards.as_of_middleware.AsOfMiddleware",
    "measurements.answer_cache.middleware.AnswerCacheMiddleware",
]

ROOT_URLCONF = "joulemark_site.urls"
WSGI_APPLICATION = "joulemark_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "platform" / "joulemark_site" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
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

REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {"default": env.cache(REDIS_URL), "answers": env.answer_cache(REDIS_URL)}
ANSWER_CACHE_BYTES = env.mebibytes("JOULEMARK_ANSWER_CACHE_MIB", 256)
ANSWER_MEMORY_BYTES = env.mebibytes("JOULEMARK_ANSWER_MEMORY_MIB", 32)
CELERY_BROKER_URL = env.broker(REDIS_URL)
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
LOG_EVERY_S = env.seconds("JOULEMARK_LOG_EVERY_S", 5)
SWEEP_MESSAGE_LIFE_S = max(SWEEP_EVERY_S, 600)  # a worker's clock may be minutes ahead of the sender's
CELERY_TASK_ANNOTATIONS = {"*": {"expires": SWEEP_MESSAGE_LIFE_S}}  # whatever is lost so, a sweep sends again
LOG_QUEUE, SWEEP_QUEUE, CELL_QUEUE, JUDGE_QUEUE, BACKLOG_QUEUE = QUEUES = (
    "log", "sweeps", "cells", "judging", "backlog",
)  # fmt: skip
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in QUEUES]
CELERY_TASK_DEFAULT_QUEUE = SWEEP_QUEUE
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {
    "ledger.sequence": {"queue": LOG_QUEUE},
    "review.sweep": {"queue": SWEEP_QUEUE},
    "boards.sweep": {"queue": SWEEP_QUEUE},
    "review.compare": {"queue": CELL_QUEUE},
    "review.compare_due": {"queue": CELL_QUEUE},
    "boards.refresh_cells": {"queue": CELL_QUEUE},
    "boards.refresh_due": {"queue": CELL_QUEUE},
    "review.judge": {"queue": JUDGE_QUEUE},  # from where a flood goes to the backlog
    "review.judge_distrusted": {"queue": JUDGE_QUEUE},
    "review.judge_again": {"queue": BACKLOG_QUEUE},
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": every_s}
    for name, every_s in {
        "ledger.sequence": LOG_EVERY_S,
        "review.sweep": SWEEP_EVERY_S,
        "boards.sweep": SWEEP_EVERY_S,
        "review.compare_due": CELL_EVERY_S / 2,  # a cell whose turn comes is found within half a turn
        "boards.refresh_due": CELL_EVERY_S / 2,
    }.items()
}
BODY_TIMEOUT_S = env.seconds("JOULEMARK_BODY_TIMEOUT_S", 20)
TICKET_LIFETIME_S = env.seconds("JOULEMARK_TICKET_LIFETIME_S", 7 * 24 * 3600)
LOG_ALARM_S = env.seconds("JOULEMARK_LOG_ALARM_S", 5 * 60)
WAITING_ALARM_S = env.seconds("JOULEMARK_WAITING_ALARM_S", 15 * 60)
QUARANTINE_ALARM_S = env.seconds("JOULEMARK_QUARANTINE_ALARM_S", 7 * 24 * 3600)
APPEAL_WINDOW_S = env.seconds("JOULEMARK_APPEAL_WINDOW_S", 30 * 24 * 3600)
APPEAL_ANSWER_S = env.seconds("JOULEMARK_APPEAL_ANSWER_S", 14 * 24 * 3600)
RATES = env.rates(
    "JOULEMARK_RATES", "prefix=6000/h,enrolment=60/h,ticket=1200/h,result=2400/h,request=120/h,rows=6000/h"
)
PROXIES = env.count("JOULEMARK_PROXIES", 0)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
SUITES = suite_folders.pinned_suites("JOULEMARK_SUITES")
SUITE_FOLDERS = suite_folders.listed_folders("JOULEMARK_SUITES")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "measurements.web.csv_renderer.AnyFormat",
    "DEFAULT_THROTTLE_CLASSES": ["measurements.intake.rates.ScopedThrottle"],
    "DEFAULT_SCHEMA_CLASS": "measurements.web.file_schema.FileSchema",
    "EXCEPTION_HANDLER": "measurements.intake.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Joulemark",
    "DESCRIPTION": "What AI models cost in energy: submit signed results, download boards and evidence.",
    "VERSION": "1",
    "LICENSE": {"name": "Data: CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"},
    "SERVE_INCLUDE_SCHEMA": False,
    "DEFAULT_GENERATOR_CLASS": "measurements.web.api_description.EnglishDescription",
    "ENUM_NAME_OVERRIDES": {
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
        "AnswerFormEnum": "measurements.display.choices.AnswerForm",
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
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # it would ask another host
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
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
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = ORIGIN.startswith("https://")
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [ORIGIN]
CSRF_FAILURE_VIEW = "joulemark_site.errors.forbidden_form"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.level("JOULEMARK_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "httpx": {"level": "WARNING"},  # pinning a suite asks a hub hundreds of questions
        "django.request": {"level": "ERROR"},  # a refusal writes its own line, with its code
        "django.security": {"level": "CRITICAL"},  # the same: any stranger can send a wrong Host
    },
}

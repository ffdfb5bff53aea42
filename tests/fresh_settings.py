"""The settings module as a new process reads it under other variables, without starting one."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from joulemark_site import environment, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUTSIDE = ("DATABASE_URL", "DATABASE_PASSWORD_FILE", "REDIS_URL", "CELERY_BROKER_URL", "HF_ENDPOINT")


def read_settings() -> tuple[dict[str, Any], list[environment.BadSetting]]:
    """The settings by name, and the faults of variables, as `manage.py doctor` collects them."""
    with environment.collected_faults() as faults:
        return _executed(), faults


def _executed() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("fresh_settings", settings.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.isupper()}


@contextmanager
def settings_of(variables: Mapping[str, str]) -> Iterator[list[environment.BadSetting]]:
    """Within, settings and environment are those of a platform with these variables alone; its faults."""
    with pytest.MonkeyPatch.context() as patch:
        for name in OUTSIDE:
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        values, faults = read_settings()
        # INSTALLED_APPS and the like are loaded, and logging stays the tests' own
        chosen = {name: value for name, value in values.items() if name not in ("INSTALLED_APPS", "LOGGING")}
        for (
            name,
            value,
        ) in variables.items():  # what was unusable counted as unset; the doctor looks at names again
            patch.setenv(name, value)
        with override_settings(**chosen):
            yield faults

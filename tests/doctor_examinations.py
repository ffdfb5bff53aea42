"""What `manage.py doctor` finds under other variables, for its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.record import keys
from joulemark_site.doctor.examination import Examination, examine
from tests.fresh_settings import settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark_site.doctor.finding import Check

PUBLIC = {
    "JOULEMARK_ORIGIN": "https://joulemark.example",
    "JOULEMARK_PROXIES": "1",
    "DATABASE_URL": "postgresql://joulemark@database/joulemark",
    "REDIS_URL": "redis://queue:6379/0",
}
"""A public platform with nothing wrong in its environment."""


def found(checks: list[Check], variables: dict[str, str]) -> set[str]:
    """Codes and subjects of what checks find under these variables."""
    with settings_of(variables) as faults:
        return named(examine(checks, faults=faults))


def named(examination: Examination) -> set[str]:
    for finding in examination.findings:
        assert finding.sentence.endswith("."), finding
        assert finding.remedy, finding
    return {f"{finding.code} {finding.subject}" for finding in examination.findings}


def prepared_place(tmp_path: Path) -> dict[str, str]:
    """Folders and files as `prepare` leaves them, with the log where a proxy can read it."""
    data, log = tmp_path / "data", tmp_path / "files" / "log"
    data.mkdir(mode=0o750)
    log.mkdir(parents=True)
    for folder in (tmp_path, log.parent, log):
        folder.chmod(0o755)
    for name in ("platform-key.pem", "log-key.pem"):
        (data / name).write_bytes(keys.to_pem(keys.generate()))
        (data / name).chmod(0o600)
    (data / "secret-key").write_text("x" * 20 + "abcdefghijklmnopqrstuvwxyz")
    (data / "secret-key").chmod(0o600)
    (data / "static").mkdir()
    (data / "static" / "staticfiles.json").write_text("{}")
    return {**PUBLIC, "JOULEMARK_DATA_DIR": str(data), "JOULEMARK_LOG_DIR": str(log)}

"""Starting a platform: what cannot be used is named in one sentence, and nothing half-prepared serves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from joulemark_site import environment
from joulemark_site.environment import BadSetting

ROOT = Path(__file__).parents[2]
NAMES = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}


def manage(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One manage.py command of an embedded platform in `folder`."""
    outside = {key: value for key, value in os.environ.items() if key not in NAMES}
    env = {**outside, "JOULEMARK_DATA_DIR": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failed command has said."""
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(said) == 1, done.stderr
    return said[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JOULEMARK_ORIGIN", "joule.example"),
        ("JOULEMARK_ORIGIN", "http://[::1"),
        ("JOULEMARK_ORIGIN", "http://joule.example:eighty"),
        ("JOULEMARK_DEBUG", "perhaps"),
        ("JOULEMARK_SWEEP_EVERY_S", "soon"),
        ("JOULEMARK_LOG_LEVEL", "LOUD"),
        ("JOULEMARK_DATA_DIR", "/dev/null/here"),
        ("DATABASE_URL", "postgresql://"),
    ],
)
def test_a_bad_variable_ends_the_command_with_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    assert name in sentence(manage(tmp_path, "check", **{name: value}))


def test_an_empty_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("\n")
    said = sentence(manage(tmp_path, "prepare"))
    assert "secret-key in JOULEMARK_DATA_DIR" in said
    assert "empty" in said


def test_garbage_for_a_platform_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "platform-key.pem").write_text("garbage")
    assert str(tmp_path / "platform-key.pem") in sentence(manage(tmp_path, "prepare"))


def test_what_is_not_prepared_does_not_serve(tmp_path: Path) -> None:
    said = sentence(manage(tmp_path, "serve", "--bind", f"unix:{tmp_path}/socket"))
    assert "run `manage.py prepare`" in said
    assert not (tmp_path / "socket").exists()


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    lines = manage(tmp_path, "serve", DATABASE_URL=url).stderr.splitlines()
    warned = [line for line in lines if line.startswith("warning: ")]
    assert "database does not answer" in lines[len(warned)], lines


def test_a_secret_is_made_once_and_is_for_the_owner(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    made = environment.secret("JOULEMARK_UNSET", folder, "secret")
    assert environment.secret("JOULEMARK_UNSET", folder, "secret") == made
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [("secret", 0o600)]


@pytest.mark.parametrize(
    ("origin", "first"),
    [
        ("https://joule.example", "joule.example"),
        ("https://joule.example:8443", "joule.example"),
        ("http://[2001:db8::1]:8000", "[2001:db8::1]"),
    ],
)
def test_the_origin_alone_says_which_hosts_are_answered(
    monkeypatch: pytest.MonkeyPatch, origin: str, first: str
) -> None:
    monkeypatch.delenv("JOULEMARK_ALLOWED_HOSTS", raising=False)
    assert environment.hosts("JOULEMARK_ALLOWED_HOSTS", origin) == [
        first, "127.0.0.1", "localhost", "[::1]",
    ]  # fmt: skip
    monkeypatch.setenv("JOULEMARK_ALLOWED_HOSTS", "other.example")
    assert environment.hosts("JOULEMARK_ALLOWED_HOSTS", origin) == ["other.example"]


@pytest.mark.parametrize("bad", ["https://joule.example/path", "https://user@joule.example", "https://"])
def test_an_origin_is_a_scheme_and_a_host(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    monkeypatch.setenv("JOULEMARK_ORIGIN", bad)
    with pytest.raises(BadSetting, match="JOULEMARK_ORIGIN"):
        environment.origin("JOULEMARK_ORIGIN", "")

"""Where things lie and which platform is meant: XDG folders; settings from the environment, then files.

The platform is the one of the environment, else of the user's settings.toml, else the one that `joulemark join` has
written down in a file of the agent's own, else one on this machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.errors import UsageError
from joulemark.record import origin as origins
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_ORIGIN = "http://127.0.0.1:8000"
VARIABLE = "JOULEMARK_PLATFORM"
OriginSource = Literal["command", "environment", "settings", "joined", "default"]
MOST_WATTS = 50.0
"""A platform does not believe more per core (rule JM-SENSOR)."""


@dataclass(frozen=True, kw_only=True)
class Folders:
    """The agent's folders. Nothing is made until something is written."""

    config: Path
    state: Path
    cache: Path

    @property
    def key(self) -> Path:
        """The file of the private key."""
        return self.config / "key.pem"

    @property
    def next_key(self) -> Path:
        """A key that is about to take over, while a rotation is under way."""
        return self.config / "key-next.pem"

    @property
    def settings(self) -> Path:
        """The settings file, written by the user."""
        return self.config / "settings.toml"

    @property
    def joined(self) -> Path:
        """What `joulemark join` chose: the platform and its suite."""
        return self.config / "joined.json"

    @property
    def platforms(self) -> Path:
        """One file for each platform at which the key is enrolled."""
        return self.config / "platforms"

    @property
    def outbox(self) -> Path:
        """Every result that was kept."""
        return self.state / "outbox"

    @property
    def probes(self) -> Path:
        """One file for each GPU and driver whose counter was probed."""
        return self.state / "probes"

    @property
    def unusable(self) -> Path:
        """One file for each job whose readings gave no result."""
        return self.state / "unusable"

    @property
    def audits(self) -> Path:
        """One file for each platform whose log was audited, and evidence of what cannot be."""
        return self.state / "audits"

    @property
    def witness_key(self) -> Path:
        """The file of the key with which this agent cosigns checkpoints, and only that."""
        return self.config / "witness-key.pem"

    @property
    def witness_name(self) -> Path:
        """The name of that key."""
        return self.config / "witness-name"

    @property
    def witnessed(self) -> Path:
        """One file for each log whose checkpoints were cosigned, and evidence of what cannot be."""
        return self.state / "witness"

    @property
    def sessions(self) -> Path:
        """One file for each session of runs."""
        return self.state / "sessions"

    @property
    def fetched(self) -> Path:
        """One file for each repository of the hub of which this agent fetched files."""
        return self.state / "fetched"

    @property
    def suites(self) -> Path:
        """Suites that platforms handed out, by digest, and one file for what each platform offers."""
        return self.state / "suites"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Folders and settings of one command. `origin_source` is where the platform's origin comes from."""

    folders: Folders
    origin: str
    cpu_watts: float | None
    origin_source: OriginSource = "default"

    @property
    def origin_in_words(self) -> str:
        """The platform with the reason why it is the one that is meant, for a sentence of a command."""
        source = {
            "command": _("given to this command"),
            "environment": _("set by {variable}").format(variable=VARIABLE),
            "settings": _("set in settings.toml"),
            "joined": _("by `joulemark join`"),
            "default": _("the default; change it with `joulemark join ORIGIN` or {variable}").format(
                variable=VARIABLE
            ),
        }[self.origin_source]
        return f"{self.origin} ({source})"

    @property
    def join_command(self) -> str:
        """The command that joins the platform that somebody has named, else with its word for one."""
        return f"joulemark join {'ORIGIN' if self.origin_source == 'default' else self.origin}"

    @property
    def is_plain_http(self) -> bool:
        """Whether the platform is reached without encryption over a network."""
        origin = origins.parse_origin(self.origin)
        return origin.scheme == "http" and not origin.is_loopback


def load(environ: Mapping[str, str] = os.environ, *, origin: str | None = None) -> Config:
    """Folders by platformdirs (XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME) and settings.

    `origin` is the platform that the command itself names, if it does. Else JOULEMARK_PLATFORM wins over `platform` in
    settings.toml, that over what was joined, and that over the default. Raises UsageError.
    """
    import platformdirs

    folders = Folders(
        config=platformdirs.user_config_path("joulemark"),
        state=platformdirs.user_state_path("joulemark"),
        cache=platformdirs.user_cache_path("joulemark"),
    )
    settings = _read_settings(folders.settings)
    chosen, source = _origin(environ, settings, folders, origin)
    return Config(
        folders=folders,
        origin=parse_origin(chosen),
        cpu_watts=_cpu_watts(settings, folders),
        origin_source=source,
    )


def _origin(
    environ: Mapping[str, str], settings: Mapping[str, object], folders: Folders, named: str | None
) -> tuple[str, OriginSource]:
    """The platform that is meant, not yet parsed, and by whom. Raises UsageError for a damaged file of `join`."""
    if named is not None:
        return named, "command"
    if given := environ.get(VARIABLE):
        return given, "environment"
    if setting := settings.get("platform"):
        return str(setting), "settings"
    from joulemark.joined import read_joined

    if joined := read_joined(folders.joined):
        return joined.origin, "joined"
    return DEFAULT_ORIGIN, "default"


def require_no_other(config: Config, environ: Mapping[str, str] = os.environ) -> None:
    """Raises UsageError where the environment or settings.toml name another platform than this command does.

    They win over what is remembered, so that later commands would not talk to the platform that was joined.
    """
    settings = _read_settings(config.folders.settings)
    for name, value in (
        (VARIABLE, environ.get(VARIABLE)),
        (str(config.folders.settings), settings.get("platform")),
    ):
        if value and parse_origin(str(value)) != config.origin:
            raise UsageError(
                _(
                    "{name} sets the platform {value}, which takes precedence over `joulemark join`. "
                    "Remove it there, or join that platform. Nothing was sent or written."
                ).format(name=name, value=parse_origin(str(value)))
            )


def _cpu_watts(settings: Mapping[str, object], folders: Folders) -> float | None:
    """The watts per core of the settings. Raises UsageError for a power that no platform accepts."""
    watts = settings.get("cpu_watts")
    if watts is None:
        return None
    if isinstance(watts, bool) or not isinstance(watts, int | float) or not 0 < watts <= MOST_WATTS:
        raise UsageError(
            _("`cpu_watts` in {settings} must be a number above 0 and at most {most_watts:g}.").format(
                settings=folders.settings, most_watts=MOST_WATTS
            )
        )
    return float(watts)


def parse_origin(text: str) -> str:
    """`scheme://host[:port]`, in lower case and without a path. Raises UsageError."""
    try:
        return str(origins.parse_origin(text))
    except origins.BadPort as error:
        raise UsageError(
            _(
                "The platform {text} has no valid port. Set JOULEMARK_PLATFORM or `platform` in "
                "settings.toml."
            ).format(text=_quoted(text))
        ) from error
    except origins.BadAddress as error:
        raise UsageError(
            _(
                "The platform {text} is not an origin such as https://example.org; pass one to "
                "`joulemark join`, or set JOULEMARK_PLATFORM or `platform` in settings.toml."
            ).format(text=_quoted(text))
        ) from error


def _quoted(text: str) -> str:
    return ascii(text)[: origins.LONGEST_ORIGIN]


def _read_settings(path: Path) -> dict[str, object]:
    import tomllib

    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(
            _("The settings file {path} cannot be read ({why}). Fix or remove it.").format(
                path=path, why=error.strerror
            )
        ) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or not TOML
        from joulemark.record.codec import toml_place

        raise UsageError(
            _("The settings file {path} is not valid TOML{error}. Fix or remove it.").format(
                path=path, error=toml_place(error)
            )
        ) from error
    unknown = sorted(set(settings) - {"platform", "cpu_watts"})
    if unknown:
        raise UsageError(
            _("The settings file {path} has unknown settings: {unknown}. Correct or remove them.").format(
                path=path, unknown=", ".join(unknown)
            )
        )
    return settings

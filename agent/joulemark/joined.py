"""What `joulemark join` has chosen for this machine, in a file of the agent's own; settings.toml is the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.errors import UsageError
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_HOURS = 8760.0


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The platform, and the suite that a run without `--suite` measures on the GPU `gpu`, up to `hours` at a time.

    `suite`, `gpu` and `hours` are None where none was chosen, as on a machine without a GPU.
    """

    origin: str
    suite: str | None = None
    gpu: str | None = None
    hours: float | None = None


def read_joined(path: Path) -> Joined | None:
    """What was joined last, or None. Raises UsageError for a file that cannot be read as one of `join`."""
    import json

    try:
        fields = json.loads(path.read_bytes())
        joined = Joined(**fields)
        _check_fields(fields)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UsageError(
            _(
                "{path} cannot be read: it is not a file that `joulemark join` wrote. Run `joulemark "
                "join ORIGIN` again to replace it."
            ).format(path=path)
        ) from error
    return joined


def write_joined(path: Path, joined: Joined) -> None:
    """Remember it, in place of what was joined before. Raises StorageError."""
    import json
    from dataclasses import asdict

    from joulemark import durable

    durable.write(path, json.dumps(asdict(joined), indent=1).encode() + b"\n", mode=0o600)


def _check_fields(fields: Mapping[str, object]) -> None:
    """Raises ValueError for a value of another type, or hours that no run can last."""
    hours = fields.get("hours")
    texts = (fields.get("suite"), fields.get("gpu"))
    if not isinstance(fields["origin"], str) or any(not isinstance(text, str | None) for text in texts):
        raise ValueError(_("not a text"))
    if hours is None:
        return
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= MAX_HOURS:
        raise ValueError(_("not a number of hours"))

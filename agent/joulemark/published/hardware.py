"""What publishers call hardware, as a class that figures can be grouped by."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from joulemark.published.figures import Hardware

if TYPE_CHECKING:
    from joulemark.published.figures import HardwareKind

COUNTED = re.compile(r"(?P<count>[1-9][0-9]{0,3})\s*[x\u00d7]\s+(?P<name>\S.*)")
"""As in CodeCarbon's `8 x NVIDIA A100-SXM4-80GB`."""

TIMES = "\u00d7"
"""The sign of multiplication."""

LONGEST_PLAIN = 100
"""A slug is cut to this many characters; what is longer gets a digest."""

PLAIN = re.compile(r"[A-Za-z0-9]+(?:[ -][A-Za-z0-9]+)*")
"""Names that their slug fully stands for."""


def gpus(name: str, count: int) -> Hardware:
    """`count` GPUs of one model. A single one is the class that a volunteer's has."""
    return _several("gpu", name, count)


def node(name: str, count: int) -> Hardware:
    """A whole machine with `count` GPUs of one model."""
    return _several("node", name, count)


def processor(name: str) -> Hardware:
    """A machine whose processor and memory alone were read."""
    return _several("cpu", name, 1)


def counted(text: str) -> tuple[str, int]:
    """A name and how many: `8 x NVIDIA A100` is ("NVIDIA A100", 8), a name without a number is one."""
    match = COUNTED.fullmatch(text.strip())
    return (match["name"], int(match["count"])) if match else (text.strip(), 1)


def _several(kind: HardwareKind, name: str, count: int) -> Hardware:
    plain = " ".join(name.split())
    slug, title = _slug(plain), plain
    if count > 1:
        slug, title = f"{count}x-{slug}", f"{count} {TIMES} {plain}"
    return Hardware(slug=f"{kind}-{slug}", title=title, kind=kind)


def _slug(name: str) -> str:
    """Lower case with dashes. A name that this does not fully stand for gets a digest, so that no two share a slug."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if PLAIN.fullmatch(name) and len(name) <= LONGEST_PLAIN:
        return slug
    return f"{slug[:LONGEST_PLAIN]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".strip("-")

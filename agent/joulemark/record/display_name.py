"""Which display names may stand beside results: none that looks like a pseudonym, like us, or like another's name.

Two names look alike when their skeletons are equal: compatibility forms (NFKC), case, accents and characters of other
scripts that look like Latin ones (Unicode Technical Standard #39, confusables) make no difference.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache
from importlib.resources import files

from joulemark.translation import gettext as _

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and signs that draw nothing, though their Unicode category says otherwise."""

RESERVED = frozenset(
    {
        "joulemark", "moderator", "moderators", "operator", "operators", "admin", "admins", "administrator",
        "administrators", "root", "sysadmin", "official", "simulated", "pseudonym", "anonymous",
        "модератор", "модераторы", "оператор", "операторы", "админ", "администратор", "администраторы",
        "администрация", "официальный", "официально", "псевдоним", "аноним",
    }
)  # fmt: skip
"""Words by which a name claims an office or a standing that enrolling does not give."""

BRAND = "joulemark"
DIGITS_THAT_STAND_FOR_LETTERS = str.maketrans("013457", "oleast")
PSEUDONYM = re.compile(r"(?<![a-z0-9])v[^a-z0-9]*(?:[0-9a-fol][^a-z0-9]*){8,}")
"""What looks like `v-` and hex digits. A skeleton has `l` for 1 and `o` for 0."""


def skeleton(name: str) -> str:
    """What of `name` an eye can tell apart: lower-case letters and digits, one space between words; may be empty."""
    text = _folded(name)
    words = re.split(r"[^\w]+|_+", text)
    return " ".join(word for word in words if word)


def name_key(name: str) -> str:
    """SHA-256 (hex) of the skeleton without spaces: equal for names that look alike."""
    return hashlib.sha256(_merged(skeleton(name).replace(" ", "")).encode()).hexdigest()


def fault_of_name(name: str) -> str | None:
    """Why nobody may be called `name`, as a sentence that says what to do; None where it may be used.

    Whether it is another's, a platform alone knows.
    """
    if invisible := sorted({c for c in name if c in INVISIBLE}):
        points = " ".join(f"U+{ord(c):04X}" for c in invisible)
        return _("The name holds characters that draw nothing ({points}); leave them out.").format(
            points=points
        )
    if not skeleton(name):
        return _("The name has no letter and no digit; choose one that can be read aloud.")
    if PSEUDONYM.search(_folded(name)):
        return _(
            "The name looks like a pseudonym (`v-` and hex digits), which this platform gives to each "
            "contributor; choose another, or none."
        )
    if word := _reserved_word(name):
        return _(
            'The name holds or looks like "{word}", which would pass for the platform itself; choose another.'
        ).format(word=word)
    return None


def _folded(name: str) -> str:
    """Lookalikes as Latin letters, NFKD, lower case, no accents; 1, i and l are one, and so are 0 and o."""
    before, text = "", name
    while text != before:
        before, text = text, unicodedata.normalize("NFKD", _latin(text))
        text = "".join(c for c in text if unicodedata.category(c)[0] != "M").casefold()
    return text.translate(str.maketrans("1i|0", "lllo"))


def _latin(text: str) -> str:
    return "".join(_lookalikes().get(c, c) for c in text)


@cache
def _lookalikes() -> dict[str, str]:
    """Latin letters by the character that looks like them; a small letter also by what its capital looks like."""
    text = files("joulemark.record").joinpath("data", "lookalikes.txt").read_text(encoding="utf-8")
    lookalikes: dict[str, str] = {}
    for line in text.splitlines():
        latin, _space, characters = line.partition(" ")
        if not line.startswith("#"):
            lookalikes |= dict.fromkeys(characters, latin)
    capitals = {c.lower(): latin for c, latin in lookalikes.items() if len(c.lower()) == 1 and c.lower() != c}
    return capitals | lookalikes


@cache
def _reserved_skeletons() -> dict[str, str]:
    return {_spelled(skeleton(word)): word for word in sorted(RESERVED)}


def _spelled(text: str) -> str:
    """The same with digits read as the letters that they stand for in names such as `m0d3rat0r`."""
    return _merged(text.translate(DIGITS_THAT_STAND_FOR_LETTERS))


def _merged(text: str) -> str:
    """The same with pairs of letters that look like one."""
    return text.replace("rn", "m").replace("vv", "w")


def _reserved_word(name: str) -> str | None:
    """The reserved word that some words of `name`, written together, look like; digits around it do not matter."""
    signs = name.replace("@", "a").replace("$", "s").replace("!", "i").replace("€", "e")
    reserved = _reserved_skeletons()
    for form in (name, signs):
        digits_off = re.sub(r"(?<![^\W_])[0-9]+|[0-9]+(?![^\W_])", " ", unicodedata.normalize("NFKC", form))
        for text in (skeleton(form), skeleton(digits_off)):
            words = text.split()
            if _spelled(skeleton(BRAND)) in _spelled("".join(words)):
                return BRAND
            for first in range(len(words)):
                for last in range(first, len(words)):
                    together = _spelled("".join(words[first : last + 1]))
                    if together in reserved:
                        return reserved[together]
    return None

"""Secrets that tests plant in every setting, and the search for them in whatever is printed."""

from __future__ import annotations

from joulemark_site import settings
from joulemark_site.setting_names import SETTING_NAMES

WORD = "Zq7-planted-w0rd"
"""No word of any library's, so that it is somewhere only where we put it."""
PEM_LINE = "MC4CAQAwBQYDK2VwBCIEIPLANTEDPLANTEDPLANTEDPLANTEDPLANTEDPLAN"
PEM = f"-----BEGIN PRIVATE KEY-----\n{PEM_LINE}\n-----END PRIVATE KEY-----\n"
CLIENT = "203.0.113.77"
"""An address of a person."""
FORBIDDEN = ("planted-w0rd", "planted_w0rd", PEM_LINE, CLIENT)
VALUES = {
    "a password": WORD,
    "a key": PEM,
    "an address": f"postgresql://joe:{WORD}@db:x/{WORD}",
    "brackets": f"https://[{WORD}",
    "an address that ends in one": f"postgresql://{WORD}@[",
    "two at signs": f"redis://:{WORD}@{WORD}@:99999999/0",
    "a port": f"redis://:{WORD}@queue:port/0",
    "a page": f"https://user:{WORD}@host/path",
    "a mail address": f"{WORD}@example.org",
    "a number": f"1{WORD}",
    "a list": f"a,{WORD}",
    "a public key": f"{WORD}+1+{WORD}",
    "a long one": WORD * 400,
}
"""Unusable values of a setting that hold a secret."""
assert settings.DATA_DIR.name, "the settings are read, and with them the names of all variables"
VARIABLES = sorted(SETTING_NAMES | {"DATABASE_PASSWORD_FILE"})
"""Every variable that the settings read."""
PLACES = frozenset(
    {
        "JOULEMARK_DATA_DIR", "JOULEMARK_LOG_DIR", "JOULEMARK_PLATFORM_KEY_FILE", "JOULEMARK_LOG_KEY_FILE",
        "JOULEMARK_SUITES", "JOULEMARK_DATABASE_DIR", "DATABASE_PASSWORD_FILE",
    }
)  # fmt: skip
"""Their values are paths, which the doctor must name to be of use."""


def assert_clean(text: str) -> None:
    """Fail with the surroundings of the first secret in `text`."""
    for word in FORBIDDEN:
        place = text.find(word)
        assert place < 0, text[max(place - 300, 0) : place + 100]

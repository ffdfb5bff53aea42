"""The language in which the command speaks: English as written in the code, or that of a catalogue in `locale/`.

Nothing is translated until the command line has called `use`: whoever imports this package as a library, the platform
above all, gets English whatever the environment says, so that what is signed, stored or compared has one language.
A catalogue is loaded by the first sentence that needs it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not from typing: importing that is a tenth of a command's start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from gettext import GNUTranslations

SOURCE = "en"
TRANSLATED = ("ru",)
"""The languages that have a catalogue."""
VARIABLE = "JOULEMARK_LANG"
LOCALE_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""As gettext reads them: the first that is set counts."""
DOMAIN = "joulemark"

_language = SOURCE
_catalogues: dict[str, GNUTranslations] = {}


def language_of(environ: Mapping[str, str] = os.environ) -> str:
    """The language that an environment names; English where it names none that is there.

    JOULEMARK_LANG wins over the variables of the locale. Each may be a list with colons, the best first, of names such
    as `ru` or `ru_RU.UTF-8`.
    """
    for variable in (VARIABLE, *LOCALE_VARIABLES):
        if names := environ.get(variable):
            codes = (_language_code(name) for name in names.split(":"))
            return next((code for code in codes if code in (SOURCE, *TRANSLATED)), SOURCE)
    return SOURCE


def unknown_language(environ: Mapping[str, str] = os.environ) -> str | None:
    """The value of JOULEMARK_LANG where it names no language that is there; None where it does or is not set."""
    names = environ.get(VARIABLE)
    if not names or any(_language_code(name) in (SOURCE, *TRANSLATED) for name in names.split(":")):
        return None
    return names


def _language_code(name: str) -> str:
    """`ru` of `ru_RU.UTF-8`; `C` and `POSIX` are English."""
    code = name.strip().replace("-", "_").replace(".", "_").replace("@", "_").partition("_")[0].lower()
    return SOURCE if code in ("c", "posix") else code


def use(language: str) -> None:
    """Speak this language from now on in this process. Raises ValueError for one that is not there."""
    global _language  # noqa: PLW0603  a process has one language, as it has one locale
    if language not in (SOURCE, *TRANSLATED):
        raise ValueError(f"no catalogue of {language!r}")
    _language = language


def language_in_use() -> str:
    """`en` or a translated language."""
    return _language


def gettext(message: str) -> str:
    """The sentence in the language in use; English where the catalogue lacks it."""
    return message if _language == SOURCE else _catalogue().gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The sentence in the form that `count` asks for: two in English, three in Russian."""
    if _language == SOURCE:
        return singular if count == 1 else plural
    return _catalogue().ngettext(singular, plural, count)


def marked(message: str) -> str:
    """The sentence as it is: it is in the catalogue and is translated where it is used, by `gettext`."""
    return message


def _catalogue() -> GNUTranslations:
    if _language not in _catalogues:
        from gettext import GNUTranslations

        path = f"{os.path.dirname(__file__)}/locale/{_language}/LC_MESSAGES/{DOMAIN}.mo"  # noqa: PTH120  pathlib costs
        with open(path, "rb") as file:  # noqa: PTH123  more than the reading
            _catalogues[_language] = GNUTranslations(file)
    return _catalogues[_language]

"""From what a user calls a suite to the suite: out of the software, a folder, or from the platform that hands it out.

A suite of the software that fixes its revisions is taken as it is; a name with a slash is a folder. Any other name is
asked of the platform: which version is current, and its archive, which is fetched once, checked against its digest and
kept. `NAME@VERSION` means one version, current or former; VERSION may be the first 8 or more digits of its digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from joulemark.errors import NotVerified, Refused, SuiteNotOffered, Unreachable, UsageError
from joulemark.session import suite_store
from joulemark.suite import SuiteError, load_suite, open_suite, suite_names
from joulemark.suite.archive import MAX_ARCHIVE_BYTES, decode_archive
from joulemark.suite.loader import digest_of, files_of, folder_of, suite_of_files
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.config import Config
    from joulemark.platform_client import PlatformClient
    from joulemark.record.suite_offers import OfferedSuite, SuiteOffers
    from joulemark.session.suite_store import RememberedOffers
    from joulemark.suite import Suite

Source = Literal["software", "folder", "platform"]
NOT_FOUND = 404
ADVICE = marked(
    "Check the network and JOULEMARK_PLATFORM. With `--offline` a suite that was fetched earlier can "
    "run; `--suite demo` needs no platform."
)


@dataclass(frozen=True, kw_only=True)
class ObtainedSuite:
    """A suite, and where it came from.

    `name` means exactly this suite when it is given again: a name, a folder's name, or `NAME@VERSION`. `files` are its
    files by name. `sentence` says of one that a platform hands out which version it is, and how old the knowledge is
    that it is current; empty for others.
    """

    suite: Suite
    name: str
    source: Source
    files: Mapping[str, bytes]
    sentence: str = ""


def obtain_suite(
    typed: str, *, config: Config, offline: bool = False, client: PlatformClient | None = None
) -> ObtainedSuite:
    """The suite that `typed` means, fetched from the platform where need be.

    `offline`: the platform is not asked, and what it offered last is taken. An unreachable platform is no failure while
    the version that was current last is here: the sentence says so. `client` is used, and left open, where one is
    given.

    Raises UsageError (no such suite anywhere, or broken), SuiteNotOffered (the platform has pinned none, or offline
    none is here), NotVerified (other bytes than the digest says), Unreachable, Refused or StorageError.
    """
    return _named_here(typed, pinned=True) or _from_platform(
        typed, config=config, offline=offline, client=client
    )


def find_suite(typed: str, *, config: Config) -> ObtainedSuite:
    """The suite that `typed` means, to look at: as `obtain_suite`, but what is here goes first.

    Nothing is asked where a fetched version is here, or where the software has the suite, pinned or not.
    """
    here = _named_here(typed, pinned=True)
    if here is not None:
        return here
    name, _at, version = typed.partition("@")
    remembered = suite_store.remembered_offers(config.folders, config.origin)
    offered = None if remembered is None else _offered(remembered.offers, name, version)
    if remembered is not None and offered is not None:
        stored = _stored(offered, remembered, config)
        if stored is not None:
            return stored
    here = _named_here(typed, pinned=False)
    if here is not None:
        return here
    try:
        return _from_platform(typed, config=config, offline=False, client=None)
    except Unreachable as error:  # nothing is to be run, so that the name is at fault rather than the network
        raise UsageError(str(error)) from error


def find_suite_of_digest(name: str, digest: str, *, config: Config) -> Suite | None:
    """The suite of this name with this digest, of the software or fetched before; None where it is not here."""
    if name in suite_names() and load_suite(name).digest == digest:
        return load_suite(name)
    files = suite_store.stored_files(config.folders, digest)
    return None if files is None else _read(files)


def fetched_suites(config: Config) -> list[Suite]:
    """The suites that the platform handed out and that are here, in the order of pinning. Nothing is asked."""
    remembered = suite_store.remembered_offers(config.folders, config.origin)
    if remembered is None:
        return []
    every = (suite_store.stored_files(config.folders, offered.digest) for offered in remembered.offers.suites)
    return [_read(files) for files in every if files is not None]


def ask_offers(config: Config, *, client: PlatformClient | None = None) -> SuiteOffers:
    """Ask the platform which suites it hands out, and remember its answer.

    Raises SuiteNotOffered for a platform that has no such address, Unreachable, Refused or StorageError.
    """
    from joulemark.platform_client import PlatformClient
    from joulemark.record.suite_offers import SuiteOffers

    if client is None:
        with PlatformClient(config.origin, advice=_(ADVICE)) as own:
            return ask_offers(config, client=own)
    try:
        offers = client.read("suites/", SuiteOffers)
    except Refused as refused:
        if refused.status != NOT_FOUND:
            raise
        raise SuiteNotOffered(
            _(
                "{origin} hands out no suites: its software is older than this agent. Ask its "
                "operator to update it, or give the folder of a suite whose results it accepts."
            ).format(origin=config.origin)
        ) from refused
    suite_store.remember_offers(
        config.folders, origin=config.origin, offers=offers, asked_at=datetime.now(UTC)
    )
    return offers


def _named_here(typed: str, *, pinned: bool) -> ObtainedSuite | None:
    """A folder, or the suite of the software; one that fixes no revisions only where `pinned` is off."""
    try:
        if "/" in typed:
            suite = open_suite(typed)
            return ObtainedSuite(suite=suite, name=typed, source="folder", files=files_of(folder_of(typed)))
        name, _at, version = typed.partition("@")
        if name not in suite_names():
            return None
        suite = load_suite(name)
        if (pinned and not suite.is_pinned) or version not in ("", suite.version):
            return None
        return ObtainedSuite(suite=suite, name=typed, source="software", files=files_of(folder_of(name)))
    except SuiteError as error:
        raise UsageError(str(error)) from error


def _from_platform(
    typed: str, *, config: Config, offline: bool, client: PlatformClient | None
) -> ObtainedSuite:
    name, _at, version = typed.partition("@")
    remembered = suite_store.remembered_offers(config.folders, config.origin)
    offered = None if remembered is None else _offered(remembered.offers, name, version)
    stored = None if remembered is None or offered is None else _stored(offered, remembered, config)
    if stored is not None and (offline or version):
        return stored
    if offline:
        raise SuiteNotOffered(
            _(
                "No version of suite {typed} that {origin} hands out is on this machine, and it "
                "cannot be fetched offline. Run the command once without `--offline`, or give the "
                "folder of a pinned suite."
            ).format(typed=typed, origin=config.origin),
            code="suite-not-here",
        )
    try:
        return _fetched(name, version, config, client)
    except Unreachable as error:
        if stored is None:
            error.args = (f"{_lacking(name)} {error}",)
            raise
        return _with_sentence(
            stored,
            _("{sentence} The platform does not answer now: {error}").format(
                sentence=stored.sentence, error=error
            ),
        )


def _lacking(name: str) -> str:
    if name in suite_names():
        return _(
            "The installed suite {name} is not pinned, so the platform was asked for its pinned version."
        ).format(name=name)
    return _("There is no installed suite {name!r} ({suite_names}), so the platform was asked.").format(
        name=name, suite_names=", ".join(suite_names())
    )


def _fetched(name: str, version: str, config: Config, client: PlatformClient | None) -> ObtainedSuite:
    """Ask the platform, and fetch what is not here yet."""
    from joulemark.platform_client import PlatformClient

    if client is None:
        with PlatformClient(config.origin, advice=_(ADVICE)) as own:
            return _fetched(name, version, config, own)
    offers = ask_offers(config, client=client)
    offered = _offered(offers, name, version)
    if offered is None:
        raise _not_offered(name, version, offers, config)
    digest = offered.digest
    sentence = _("{offered} of {origin}, checked now.").format(offered=_called(offered), origin=config.origin)
    files = suite_store.stored_files(config.folders, digest)
    if files is not None:
        return _obtained(offered, files, sentence)
    archive = client.fetch(f"api/v1/suites/{digest}.tar", most_bytes=MAX_ARCHIVE_BYTES)
    obtained = _obtained(offered, _checked(archive, offered, config), sentence)
    suite_store.store_archive(config.folders, digest=digest, archive=archive)
    return obtained


def _checked(archive: bytes, offered: OfferedSuite, config: Config) -> dict[str, bytes]:
    """The files of what was fetched, once they are those of the digest that was offered. Raises NotVerified."""
    try:
        files = decode_archive(archive)
        fault = (
            None if digest_of(files) == offered.digest else _("Its files do not have the announced digest.")
        )
    except SuiteError as error:
        fault = str(error)
    if fault is None:
        return files
    raise NotVerified(
        _(
            "{origin} sent something else than suite {name} {version} with digest {digest}: {fault} "
            "Nothing was stored. Run the command again; if it fails again, report it to the operator."
        ).format(
            origin=config.origin,
            name=offered.name,
            version=offered.version,
            digest=offered.digest[:12],
            fault=fault,
        ),
        code="suite-digest",
    )


def _stored(offered: OfferedSuite, remembered: RememberedOffers, config: Config) -> ObtainedSuite | None:
    """The stored copy of a suite that was offered, with how old that knowledge is; None where it is not here."""
    files = suite_store.stored_files(config.folders, offered.digest)
    if files is None:
        return None
    when = f"{remembered.asked_at:%Y-%m-%d %H:%M} UTC, {_age(remembered.asked_at)}"
    return _obtained(
        offered,
        files,
        _("{offered} of {origin}, last checked {asked}.").format(
            offered=_called(offered), origin=config.origin, asked=when
        ),
    )


def _obtained(offered: OfferedSuite, files: Mapping[str, bytes], sentence: str) -> ObtainedSuite:
    """Raises NotVerified for a suite that is called otherwise than it was offered, or fixes no revisions."""
    suite = _read(files)
    if (suite.name, suite.version) != (offered.name, offered.version) or not suite.is_pinned:
        raise NotVerified(
            (
                _(
                    "The suite offered as {name} {version} is {real_name} {real_version} and pinned. "
                    "Report this to the platform's operator."
                )
                if suite.is_pinned
                else _(
                    "The suite offered as {name} {version} is {real_name} {real_version} and not "
                    "pinned. Report this to the platform's operator."
                )
            ).format(
                name=offered.name,
                version=offered.version,
                real_name=suite.name,
                real_version=suite.version,
            ),
            code="suite-digest",
        )
    return ObtainedSuite(
        suite=suite, name=f"{suite.name}@{suite.version}", source="platform", files=files, sentence=sentence
    )


def _read(files: Mapping[str, bytes]) -> Suite:
    try:
        return suite_of_files(files, folder=_("the archive"))
    except SuiteError as error:
        raise UsageError(
            _(
                "This version of joulemark cannot read a suite that the platform hands out: {error} "
                "Update joulemark."
            ).format(error=error)
        ) from error


def _offered(offers: SuiteOffers, name: str, version: str) -> OfferedSuite | None:
    return offers.version(name, version) if version else offers.current(name)


def _not_offered(
    name: str, version: str, offers: SuiteOffers, config: Config
) -> SuiteNotOffered | UsageError:
    current = [suite.name for suite in offers.suites if suite.current]
    instead = (
        _("It hands out: {current}.").format(current=", ".join(current))
        if current
        else _("It hands out none yet.")
    )
    versions = [suite.version for suite in offers.suites if suite.name == name]
    if versions:
        return UsageError(
            _("{origin} has no version {version} of suite {name}, but: {versions}.").format(
                origin=config.origin, version=version, name=name, versions=", ".join(versions)
            )
        )
    if name in suite_names() or any(suite.name == name for suite in offers.unpinned):
        return SuiteNotOffered(
            _(
                "{origin} has pinned no version of suite {name} and would accept no result of it. "
                "Its operator can pin one with `manage.py pin_suite {name}`. {instead}"
            ).format(origin=config.origin, name=name, instead=instead)
        )
    return UsageError(
        _("There is no suite {name!r}, neither installed ({suite_names}) nor at {origin}. {instead}").format(
            name=name, suite_names=", ".join(suite_names()), origin=config.origin, instead=instead
        )
    )


def _with_sentence(obtained: ObtainedSuite, sentence: str) -> ObtainedSuite:
    return ObtainedSuite(
        suite=obtained.suite,
        name=obtained.name,
        source=obtained.source,
        files=obtained.files,
        sentence=sentence,
    )


def _called(offered: OfferedSuite) -> str:
    which = _("the current version") if offered.current else _("a former version")
    return _("Suite {name} {version} (digest {digest}), {which}").format(
        name=offered.name, version=offered.version, digest=offered.digest[:12], which=which
    )


def _age(asked_at: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(0.0, (datetime.now(UTC) - asked_at).total_seconds())
    days, hours, minutes = int(seconds // 86400), int(seconds // 3600), int(seconds // 60)
    if days:
        return ngettext("{count} day ago", "{count} days ago", days).format(count=days)
    if hours:
        return ngettext("{count} hour ago", "{count} hours ago", hours).format(count=hours)
    if minutes:
        return ngettext("{count} minute ago", "{count} minutes ago", minutes).format(count=minutes)
    return _("just now")

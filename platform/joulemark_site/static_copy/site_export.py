"""Making a static copy: a folder that is there whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.template.loader import render_to_string

from joulemark import __version__
from joulemark.atomic_file import sync_folder, sync_path
from joulemark_site.static_copy.copied_pages import CopiedPages
from joulemark_site.static_copy.errors import SiteCopyError
from joulemark_site.static_copy.explorer_page import write_explorer
from joulemark_site.static_copy.page_frame import POLICY, CopyOrigin
from joulemark_site.static_copy.platform_reader import PlatformReader
from joulemark_site.static_copy.release_copy import copy_release, listed_release, read_manifest
from measurements.ledger.models import Leaf, LeafKind
from measurements.web.languages import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from joulemark.release.manifest import ListedRelease

DRAFT = ".new-"
"""How the folder of a copy begins while it is not whole."""


@dataclass(frozen=True)
class ExportedSite:
    """What was written."""

    release: str
    n_pages: int
    n_files: int
    n_bytes: int


def export_site(
    name: str,
    folder: Path,
    *,
    allow_later: bool = False,
    with_pictures: bool = True,
    report: Callable[[str], None] = lambda _: None,
) -> ExportedSite:
    """Write a copy of the site with the release `name` to `folder`, which is not there or empty.

    The same release gives the same bytes: unless `allow_later`, pages are copied only while the log has nothing behind
    what the release covers. Without pictures, links to PNG files lead to the platform. Raises SiteCopyError.
    """
    release = listed_release(name)
    draft = folder.with_name(f"{DRAFT}{folder.name}")
    try:
        _require_empty(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        pages = CopiedPages(draft, PlatformReader(), with_pictures=with_pictures, report=report)
        exported = _fill(draft, release, pages, allow_later=allow_later, report=report)
        for path in draft.rglob("*"):
            if path.is_file():
                sync_path(path)
        draft.replace(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise SiteCopyError(
            "JM-SITE-WRITE", f"The copy cannot be written ({error}); make room, or name another folder."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return exported


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SiteCopyError(
            "JM-SITE-FOLDER",
            f"{folder} is not empty. Name a folder that is not there yet; nothing that is there is written over.",
        )


def _fill(
    root: Path,
    release: ListedRelease,
    pages: CopiedPages,
    *,
    allow_later: bool,
    report: Callable[[str], None],
) -> ExportedSite:
    manifest = read_manifest(release)
    files = copy_release(release, root, report=report)
    with _one_moment():
        log_size = _log_size(release, allow_later=allow_later)
        pages.read_all()
        if _log_size(release, allow_later=allow_later) != log_size:
            raise _moved(release)
    origin = CopyOrigin(
        release=release.name,
        at=release.made_at,
        origin=settings.ORIGIN,
        licence=manifest.licence,
        software=__version__,
        log_size=log_size,
        release_size=release.tree_size,
    )
    explorers = [f"{language}/explorer/index.html" for language in codes()]
    pages.link_all(origin, other_files=[*files, *explorers])
    styles = sorted(file for file in pages.static_files if file.endswith((".css", ".svg")))
    files += write_explorer(root, manifest, origin, styles=styles)
    root.joinpath("index.html").write_text(
        render_to_string(
            "static_copy/index.html",
            {
                "policy": POLICY,
                "copy": origin,
                "styles": styles,
                "english": "en/index.html",
                "russian": "ru/index.html",
            },
        ),
        encoding="utf-8",
    )
    every = [path for path in root.rglob("*") if path.is_file()]
    return ExportedSite(
        release=release.name,
        n_pages=len(pages.addresses),
        n_files=len(every),
        n_bytes=sum(path.stat().st_size for path in every),
    )


@contextmanager
def _one_moment() -> Iterator[None]:
    """Reads see one moment of the database where it is PostgreSQL; SQLite would keep writers out for so long."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _log_size(release: ListedRelease, *, allow_later: bool) -> int:
    """Entries of the log that pages show, the leaves of releases behind it left aside."""
    later = Leaf.objects.exclude(kind=LeafKind.RELEASE).exclude(index__lt=release.tree_size)
    n_later = later.count()
    if n_later and not allow_later:
        raise _moved(release, n_later)
    return release.tree_size + n_later


def _moved(release: ListedRelease, n_later: int = 0) -> SiteCopyError:
    entries = f"{n_later} entries" if n_later else "entries"
    return SiteCopyError(
        "JM-SITE-LATER",
        f"The log has {entries} that release {release.name} does not cover, so its pages would show more than its "
        "tables. Make a release (manage.py publish_release) and export that one, or add --later: then each page says "
        "so.",
    )

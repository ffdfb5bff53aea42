"""A file of a release costs the same whether there is one release or there are hundreds."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from joulemark.release import layout
from joulemark.release.layout import own_path
from joulemark.release.manifest import decode_list
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.releases import storage
from measurements.releases.models import Release
from measurements.releases.release_list import list_releases
from measurements.releases.services import publish_release
from tests.web.listed_release import MANIFEST, list_a_release

pytestmark = pytest.mark.django_db

N_RELEASES = 400


def _list_more(number: int) -> None:
    """List so many more releases like the one that is there."""
    row = Release.objects.get()
    rows = []
    for day in range(number):
        name = f"{2100 + day // 28}-01-{day % 28 + 1:02}"
        data = MANIFEST + b" " * (day + 1)
        storage.store(own_path(name, layout.MANIFEST), io.BytesIO(data))
        leaf = append_leaf(kind=LeafKind.RELEASE, subject=f"{day:064x}", facts={"name": name, "tree_size": 1})
        fields = {name: getattr(row, name) for name in ("made_at", "tree_size", "root_hash", "n_results")}
        sizes = {"n_rows": 1, "n_files": 1, "total_bytes": 1, "new_bytes": 1}
        digest = hashlib.sha256(data).hexdigest()
        rows.append(Release(**fields, **sizes, name=name, manifest_sha256=digest, leaf=leaf))
    Release.objects.bulk_create(rows)
    list_releases()


def _cost(client: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[str]]:
    """Statements, and files that are read whole, of one answer."""
    read: list[str] = []
    original = storage.read

    def counted(path: str) -> Any:
        read.append(path)
        return original(path)

    with monkeypatch.context() as patched, CaptureQueriesContext(connection) as statements:
        patched.setattr(storage, "read", counted)
        answer = client.get(f"/releases/{path}")
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content).startswith(MANIFEST)  # type: ignore[attr-defined]
    return len(statements), read


def test_a_file_costs_as_much_among_hundreds_of_releases(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = list_a_release()
    client.get(f"/releases/{path}")
    alone = _cost(client, path, monkeypatch)
    assert alone[1] == []
    _list_more(N_RELEASES - 1)
    listed = decode_list((tmp_path / "releases" / layout.RELEASES).read_bytes()).releases
    assert len(listed) == N_RELEASES
    for name in (path, listed[0].manifest, listed[N_RELEASES // 2].manifest):
        assert _cost(client, name, monkeypatch) == alone


def test_what_is_not_listed_is_not_shown_and_what_lost_its_row_is(client: Client) -> None:
    demo_catalog()
    make_result(Run(by="ada"))
    release = publish_release()
    address = f"/releases/{release.name}/manifest.json"
    assert client.get(address).status_code == 200
    Release.objects.update(published_at=None)
    assert client.get(address).status_code == 404
    Release.objects.all().delete()
    assert client.get(address).status_code == 200, "releases.json still names it"
    storage.root().delete(layout.RELEASES)
    assert client.get(address).status_code == 404
    assert client.get("/releases/2199-01-01/manifest.json").status_code == 404

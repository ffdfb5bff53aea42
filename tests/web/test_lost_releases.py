"""Releases that lie in their folder come back after a restore, by the log's word, and whoever disagrees is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.forms.models import model_to_dict
from django.test import Client

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from joulemark_site.doctor import release_checks
from joulemark_site.doctor.examination import examine
from measurements.ledger.gap_rows import restore_rows
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.sequencer import sequence
from measurements.releases import lost_releases, storage
from measurements.releases.models import Release
from measurements.releases.services import publish_release
from tests.doctor_examinations import named
from tests.web.test_lost_results import lose

pytestmark = pytest.mark.django_db

OF_RELEASES = ("data_releases_release",)


def _publish(count: int) -> list[dict[str, Any]]:
    """Publish so many releases with a result each; their rows as they are then."""
    demo_catalog()
    for number in range(count):
        make_result(Run(by=f"person {number}"))
        publish_release()
    sequence()
    return _rows()


def _rows() -> list[dict[str, Any]]:
    rows = [model_to_dict(row) for row in Release.objects.order_by("made_at")]
    return [{name: row[name] for name in row.keys() - {"id", "published_at"}} for row in rows]


def _codes() -> set[str]:
    return {finding.split()[0] for finding in named(examine(release_checks.CHECKS))}


def _leaves() -> list[Leaf]:
    return list(Leaf.objects.filter(kind=LeafKind.RELEASE).order_by("id"))


def test_releases_behind_a_backup_come_back_as_they_were_when_the_log_goes_on(client: Client) -> None:
    before = _publish(3)
    assert _codes() == set()
    pages = client.get("/api/v1/releases/").json()
    lose(*OF_RELEASES)
    assert _codes() == {"JM-RELEASES-UNKNOWN"}
    assert _rows() == []
    rows = restore_rows(_leaves())
    assert (rows.restored, rows.missing) == (3, [])
    assert _rows() == before
    assert client.get("/api/v1/releases/").json() == pages
    assert _codes() == set()
    make_result(Run(by="zoe"))
    assert publish_release().name not in {row["name"] for row in before}


def test_files_that_come_later_are_found_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _publish(2)
    lose(*OF_RELEASES)
    (tmp_path / "releases").rename(tmp_path / "elsewhere")
    rows = restore_rows(_leaves())
    assert (rows.restored, len(rows.missing)) == (0, 2)
    with pytest.raises(CommandError, match="manifest is not in the root") as refused:
        call_command("restore_releases")
    assert all(row["name"] in str(refused.value) for row in before)
    (tmp_path / "elsewhere").rename(tmp_path / "releases")
    call_command("restore_releases")
    assert _rows() == before
    assert capsys.readouterr().out.count("is listed again") == 2
    call_command("restore_releases")
    assert capsys.readouterr().out == "No release was missing.\n"


def _change(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _break(file: Path) -> None:
    """What can no longer be read, wherever the middle of a file is."""
    file.write_bytes(b"?" + file.read_bytes()[1:])


def _rename(file: Path) -> None:
    file.rename(file.with_name(f"{file.name}.away"))


@pytest.mark.parametrize("spoil", [_change, _break, _rename])
@pytest.mark.parametrize("name", ["manifest.json", "SHA256SUMS", "attestation.dsse.json"])
def test_what_does_not_fit_the_log_does_not_come_back(tmp_path: Path, name: str, spoil: Any) -> None:
    before = _publish(2)
    lose(*OF_RELEASES)
    spoil(tmp_path / "releases" / before[0]["name"] / name)
    restored, why_not = lost_releases.restore_lost()
    assert restored == [before[1]["name"]]
    assert set(why_not) == {before[0]["name"]}


def test_a_root_that_does_not_answer_ends_no_resumption(monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(1)
    lose(*OF_RELEASES)

    def silent(path: str) -> bytes:
        raise TimeoutError(path)

    monkeypatch.setattr(storage, "read", silent)
    rows = restore_rows(_leaves())
    assert (rows.restored, len(rows.missing)) == (0, 1)
    assert examine(release_checks.CHECKS).skipped.keys() == {"releases"}
    monkeypatch.undo()
    assert lost_releases.restore_lost()[1] == {}
    assert Release.objects.count() == 1


def test_a_release_of_somebody_else_is_named_and_not_taken_over(tmp_path: Path) -> None:
    before = _publish(1)
    listed = tmp_path / "releases" / "releases.json"
    document = json.loads(listed.read_text())
    entry = {
        **document["releases"][0],
        "name": "2199-01-01",
        "manifest": "2199-01-01/manifest.json",
        "sha256": "7" * 64,
    }
    listed.write_text(json.dumps({**document, "releases": [entry, *document["releases"]]}))
    assert _codes() == {"JM-RELEASES-UNKNOWN"}
    with pytest.raises(CommandError, match="2199-01-01.*no entry"):
        call_command("restore_releases")
    assert _rows() == before


def test_the_doctor_names_what_the_list_lacks_or_has_otherwise(tmp_path: Path) -> None:
    (row,) = _publish(1)
    listed = tmp_path / "releases" / "releases.json"
    document = listed.read_text()
    listed.write_text(document.replace(row["manifest_sha256"], "7" * 64))
    assert _codes() == {"JM-RELEASES-OTHER"}
    listed.write_text("{")
    assert _codes() == {"JM-RELEASES-LIST"}
    listed.unlink()
    assert _codes() == {"JM-RELEASES-UNLISTED"}

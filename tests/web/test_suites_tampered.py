"""Suites that an operator changed behind the log, or never logged, are found and not handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from joulemark.suite.archive import encode_archive
from measurements.catalog import suites
from measurements.catalog.models import PinnedSuite
from measurements.intake.suite_services import hand_out_suite
from measurements.ledger import sequencer
from measurements.review.audit import faults
from tests.pinned import pinned_files

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

TINY = encode_archive(pinned_files())


def test_an_archive_that_was_edited_in_the_database_is_found_and_not_used(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    row, _ = hand_out_suite(archive=TINY)
    sequencer.sequence()
    PinnedSuite.objects.update(archive=TINY.replace(b"Tiny", b"Tidy"))
    suites._stored.clear()
    assert suites.known_suite(row.suite.digest) is None
    assert "JM-SUITE-ARCHIVE" in caplog.text
    assert client.get("/api/v1/suites/").json()["suites"] == []
    sentences = list(faults())
    assert any(
        f"a suite pinned of {row.suite.digest[:12]}, but its row is about" in said for said in sentences
    )
    assert any("archive_sha256 was" in said for said in sentences)
    PinnedSuite.objects.all().delete()
    assert any("that row is gone" in sentence for sentence in faults())


def test_a_suite_that_was_never_logged_is_found() -> None:
    row, _ = hand_out_suite(archive=TINY)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_leaf DISABLE TRIGGER ALL")
        cursor.execute("DELETE FROM ledger_leaf WHERE kind = 'suite-pinned'")
        cursor.execute("ALTER TABLE ledger_leaf ENABLE TRIGGER ALL")
    assert f"The suite {row} is handed out and was never logged." in list(faults())

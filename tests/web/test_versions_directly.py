"""Versions by the driver's own call: the same as in the usual way, which stands in where the call cannot be made."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from measurements.answer_cache.table_versions import read_versions, read_versions_directly
from measurements.catalog.models import Task


@pytest.fixture
def task(committed: None) -> Task:
    """A row whose table counts its changes, in no transaction."""
    read_versions()  # asks once whether the tables of this database count their changes
    return Task.objects.create(slug="t", title="T", modality="text")


def n_usual_reads() -> int:
    """How many statements one reading sends in the usual way."""
    with CaptureQueriesContext(connection) as captured:
        assert read_versions_directly() == read_versions()
    return len(captured) - 1


def test_it_sees_each_change(task: Task) -> None:
    assert n_usual_reads() == 0
    before = read_versions_directly()
    with transaction.atomic():
        Task.objects.update(title="Another")
        assert read_versions_directly() != before, "in the usual way, within a transaction"
        assert n_usual_reads() == 1
        transaction.set_rollback(True)
    assert read_versions_directly() == before
    Task.objects.update(title="Another")
    assert read_versions_directly() != before
    assert n_usual_reads() == 0


def test_a_connection_without_the_statement_is_asked_in_the_usual_way(task: Task) -> None:
    read_versions_directly()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert n_usual_reads() == 1
    connection.close()
    assert read_versions_directly() is not None, "it is not there yet"
    assert n_usual_reads() == 0


def test_a_connection_that_is_gone_says_so(task: Task) -> None:
    read_versions_directly()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    with pytest.raises(OperationalError):
        read_versions_directly()
    connection.close()
    assert read_versions_directly() is not None

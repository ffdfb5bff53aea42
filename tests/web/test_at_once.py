"""Two requests at once through the doors, each in a transaction of its own: what decides who is first."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from joulemark.record.bundle import Bundle
from joulemark.record.codec import encode
from joulemark.suite.archive import encode_archive
from joulemark_simulation import records
from measurements.catalog.models import PinnedSuite
from measurements.contributors.models import Key
from measurements.intake import batches, key_services, suite_services
from measurements.intake import services as intake
from measurements.intake.models import Submission
from measurements.intake.refusals import Forbidden
from measurements.ledger.models import Leaf
from measurements.published import importing
from measurements.published.models import PublishedFigure
from measurements.review import services as review
from tests.pinned import pinned_files
from tests.racing import Gate, Racer
from tests.web.test_key_doors import id_of, rotation


@pytest.fixture
def known(committed: None) -> None:
    """A platform that knows keys 1 and 2."""
    for number in (1, 2):
        key_services.accept_enrolment(data=encode(records.enrolment(key=records.signing_key(number))))


def test_of_two_rotations_of_a_key_at_once_one_is_taken(known: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stolen key and its owner's: whoever is first has it, and there are never two that took over."""
    gate = Gate()
    gate.put_behind(monkeypatch, key_services, "rotate_key")
    first = Racer(lambda: key_services.rotate(data=rotation(1, 3)))
    gate.reached()  # it has written, and nothing is committed
    second = Racer(lambda: key_services.rotate(data=rotation(1, 4)))
    assert second.settled() == "blocked"
    gate.open()
    assert first.result().key_id == id_of(3)
    with pytest.raises(Forbidden) as refused:
        second.result()
    assert refused.value.code == "JM-KEY-ROTATED"
    assert Key.objects.get(pk=id_of(1)).replaced_by_id == id_of(3)
    assert not Key.objects.filter(pk=id_of(4)).exists()
    assert Leaf.objects.filter(kind="key-rotated").count() == 1


@pytest.mark.parametrize("how", ["one by one", "in a batch"])
def test_of_two_results_with_one_trace_at_once_the_later_one_is_found(
    known: None, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Whoever has the earlier entry is committed first: else neither verdict would see the other's result."""
    call_command("load_catalog", verbosity=0)
    trace = records.trace(queries=15, salt=7)
    mine, copied = (records.bundle(key=records.signing_key(number), of=trace) for number in (1, 2))

    def hand_in(bundle: Bundle) -> str:
        if how == "one by one":
            intake.accept_result(data=bundle.to_bytes())
        else:
            batches.accept_results(bodies=[bundle.to_bytes()])
        review.judge_waiting(result_ids=[bundle.digest()])
        return bundle.digest()

    gate = Gate()
    gate.put_behind(monkeypatch, intake, "append_leaves")
    first = Racer(lambda: hand_in(mine))
    gate.reached()  # it has its entry, and nothing is committed
    second = Racer(lambda: hand_in(copied))
    second.settled()
    gate.open()
    codes = {
        result_id: {
            finding["code"] for finding in Submission.objects.get(pk=result_id).verdicts.get().findings
        }
        for result_id in (first.result(), second.result())
    }
    assert [("JM-TRACE-REUSED" in found) for found in codes.values()] == [False, True], codes


def test_two_imports_of_one_new_series_at_once_make_one(
    committed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "summarization.csv"
    table.write_text("model,total_gpu_energy\norg/new,0.0123\n")

    def bring_in() -> str:
        out = StringIO()
        about = {"series": "scores", "source": "A board", "licence": "CC0-1.0", "stdout": out}
        call_command("import_ai_energy_score", str(table), **about)
        return out.getvalue().splitlines()[-1]

    gate = Gate()
    gate.put_behind(monkeypatch, importing, "write_series")
    first = Racer(bring_in)
    gate.reached()  # it has written, and nothing is committed
    second = Racer(bring_in)
    assert second.settled() == "blocked"
    gate.open()
    assert first.result() == "scores: 1 figures of 1 runs, scope gpu (boundary: gpu), new"
    assert second.result() == "scores: nothing has changed"
    assert PublishedFigure.objects.count() == 1


def test_two_who_pin_one_suite_at_once_make_one_row_and_one_leaf(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins while the first has written and not committed."""
    archive, gate = encode_archive(pinned_files()), Gate()
    gate.put_behind(monkeypatch, suite_services, "append_leaf")
    first = Racer(lambda: suite_services.hand_out_suite(archive=archive))
    gate.reached()
    second = Racer(lambda: suite_services.hand_out_suite(archive=archive))
    assert second.settled() == "blocked"
    gate.open()
    (row, created), (same, again) = first.result(), second.result()
    assert (row.pk, created, again) == (same.pk, True, False)
    assert PinnedSuite.objects.count() == 1
    assert Leaf.objects.filter(kind="suite-pinned").count() == 1

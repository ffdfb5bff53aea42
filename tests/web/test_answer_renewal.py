"""Answers that are read often are computed by a task when what they are made of has changed, and nobody waits."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.core.cache import caches
from django.utils import translation

from joulemark_simulation.result_rows import GENERAL
from measurements.answer_cache import hot_addresses, middleware, renewal
from measurements.answer_cache.hot_addresses import HOT, MIN_READS, HotAddress, HotAddresses
from measurements.answer_cache.renewal import Renewal, renew_answers
from measurements.answer_cache.shared_answers import SharedAnswers
from measurements.boards.job_models import JobViews
from measurements.boards.page_views import VIEWED
from measurements.catalog.models import AiModel
from measurements.intake.models import Submission
from tests.web.populated import Values, populate
from tests.web.test_answer_cache import BOARD, kept, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.client_response import ClientResponse


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


@pytest.fixture(autouse=True)
def hot() -> Iterator[HotAddresses]:
    """Nothing is hot before."""
    caches["answers"].clear()
    HOT.forget()
    yield HOT
    HOT.forget()


def read(client: Client, address: str, language: str = "en") -> ClientResponse:
    return client.get(address.replace("/en/", f"/{language}/", 1), headers={"Accept-Encoding": "gzip"})


def make_hot(client: Client, address: str, language: str = "en") -> None:
    for _ in range(MIN_READS):
        read(client, address, language)


def forget_answers() -> None:
    """As if this process had answered nothing yet."""
    middleware.MEMORY.__init__(2**25)  # type: ignore[misc]  # the same object for all that have it


def change() -> None:
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")


def test_the_next_reader_computes_nothing(client: Client, values: Values) -> None:
    for language in ("en", "ru"):
        make_hot(client, BOARD, language)
    change()
    assert Renewal(HOT).run() == 2
    forget_answers()  # another process has computed it
    for language in ("en", "ru"):
        answer, asked = statements(partial(read, client, BOARD, language))
        assert (answer.status_code, len(asked)) == (200, 1), asked


@pytest.mark.laws
def test_what_is_renewed_is_what_a_reader_would_have_computed(client: Client, values: Values) -> None:
    """At every address that says what it is made of, but those that stream, of which nothing is kept."""
    addresses = [address for address in kept(values) if read(client, address).status_code == 200]
    for address in addresses:
        make_hot(client, address)
    change()
    Submission.objects.update(received_at=Submission.objects.earliest("received_at").received_at)
    n_hot = len(HOT.read_all())
    assert n_hot > len(addresses) * 2 / 3, "a few share a slot"
    assert 0 < Renewal(HOT).run() <= n_hot
    forget_answers()
    renewed = {address: read(client, address) for address in addresses}
    forget_answers()
    caches["answers"].clear()
    for address, answer in renewed.items():
        computed = read(client, address)
        assert (answer.content, answer.headers) == (computed.content, computed.headers), address


def test_nothing_is_done_twice_and_nothing_for_what_few_read(client: Client, values: Values) -> None:
    renewing = Renewal(HOT)
    for _ in range(MIN_READS - 1):
        read(client, "/en/compare/")
    make_hot(client, BOARD)
    assert [renewing.run(), renewing.run()] == [1, 0]
    change()
    assert [renewing.run(), renewing.run()] == [1, 0]


def test_a_renewal_is_nobodys_reading_and_leaves_the_language_as_it_was(
    client: Client, values: Values
) -> None:
    make_hot(client, BOARD, "ru")
    change()
    translation.activate("en")
    assert Renewal(HOT).run() == 1
    assert translation.get_language() == "en"
    VIEWED.write()
    assert {*JobViews.objects.filter(task="text_classification").values_list("views", flat=True)} == {
        MIN_READS
    }


def test_a_run_ends_in_time_and_the_next_goes_on(client: Client, values: Values) -> None:
    addresses = [BOARD, "/en/boards/", "/en/compare/", "/en/results/", "/en/about/"]
    for address in addresses:
        make_hot(client, address)
    now = [0.0]

    def clock() -> float:
        now[0] += renewal.RUN_FOR_S / 3
        return now[0]

    renewing = Renewal(HOT, clock)
    done = [renewing.run() for _ in range(4)]
    assert sum(done) == len(HOT.read_all())
    assert max(done) < len(addresses)


def test_one_process_in_so_many_seconds_renews(client: Client, values: Values) -> None:
    make_hot(client, BOARD)
    change()
    assert [renew_answers(every_s=60) for _ in range(2)] == [1, 0]


def test_what_other_software_has_answered_is_left_to_it(client: Client, values: Values) -> None:
    HOT.forget()
    for number in range(MIN_READS):
        HOT.count_read("0" * 64, HotAddress(path=BOARD, language="en", accept="", software="other"))
        assert len(HOT.read_all()) == (number == MIN_READS - 1)
    assert Renewal(HOT).run() == 0


def test_an_address_that_is_no_more_harms_nobody(client: Client, values: Values) -> None:
    make_hot(client, BOARD)
    (noted,) = HOT.read_all()
    for number, path in enumerate(("/en/boards/none/none/", "/never/was/", "/en/about/?" + "a" * 5000)):
        for _ in range(MIN_READS):
            HOT.count_read(f"{number + 1:012x}" + "0" * 52, HotAddress(path, "en", "", noted.software))
    assert Renewal(HOT).run() == 4


def test_whoever_asks_for_many_addresses_makes_none_hot(values: Values) -> None:
    now = [0.0]
    hot = HotAddresses(lambda: now[0])
    address = HotAddress(path=BOARD, language="en", accept="", software="s")
    for number in range(hot_addresses.MAX_COUNTED + 10):
        hot.count_read(f"{number:064x}", address)
    for _ in range(MIN_READS):
        hot.count_read("f" * 64, address)
    assert hot.read_all() == [], "the count is full"
    now[0] = hot_addresses.WINDOW_S
    for _ in range(MIN_READS):
        hot.count_read("f" * 64, address)
    assert hot.read_all() == [address]


def test_without_the_cache_nothing_is_renewed_and_pages_are_answered(
    client: Client, values: Values, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("away")

    for name in ("set", "get", "add", "get_many", "delete"):
        monkeypatch.setattr(type(caches["answers"]), name, fail)
    hot = HotAddresses()
    monkeypatch.setattr(middleware, "HOT", hot)
    monkeypatch.setattr(middleware, "SHARED", SharedAnswers())
    with caplog.at_level(logging.WARNING):
        make_hot(client, BOARD)
        assert read(client, BOARD).status_code == 200
        assert Renewal(hot).run() == 0
        assert renew_answers(every_s=5) == 0
    assert "hot addresses are not noted" in caplog.text

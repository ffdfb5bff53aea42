"""What caches may keep, at every address that there is; and no answer depends on the name it was asked under."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.http import http_date
from pyarrow import parquet
from pytest_django import Settings

from joulemark_simulation.addresses import filled, routes
from joulemark_simulation.result_rows import GENERAL, Run, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel, HardwareClass, NameState
from measurements.contributors.models import Contributor
from measurements.intake.models import State, Submission
from measurements.ledger.sequencer import sequence
from measurements.published.models import PublishedFigure, PublishedSeries
from measurements.review.hardware_names import decide_name
from measurements.review.moderation import decide
from measurements.streams.row_stream import MEDIA_TYPES
from tests.client_response import ClientResponse, body_of
from tests.web.populated import Values, populate, questions

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')
"""Of a moderator's form."""
AGE = re.compile(rb'"oldest_s":[0-9.e-]+')
"""How long something waits: another number each time."""
SOON = http_date(4_000_000_000)
"""A time after every change: who has the answer of then believes to have everything."""
NEVER_CHANGE = {"tile", "bundle", "manifest", "tar"}


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


def addresses(values: Values, *, admin: bool = False) -> list[str]:
    """Every address that answers a GET, with what it needs to be asked."""
    asked, found = questions(), []
    for route in routes(admin=admin):
        if "get" in route.methods and all(name in values for name in route.parameters):
            found += [f"{path}?{asked[path]}" if path in asked else path for path in filled(route, values)]
    return found


def body(answer: ClientResponse) -> bytes:
    """The bytes of an answer, without what the clock alone changes: of a Parquet file the rows, not its moment."""
    if answer.get("Content-Type") == MEDIA_TYPES["parquet"]:
        return repr(parquet.read_table(pa.BufferReader(body_of(answer))).to_pylist()).encode()
    return AGE.sub(b"", TOKEN.sub(b"", body_of(answer)))


@dataclass(frozen=True, kw_only=True)
class ReaderCopy:
    """What a reader keeps of an answer."""

    body: bytes
    tag: str | None

    @classmethod
    def of(cls, answer: ClientResponse) -> ReaderCopy:
        """Its bytes, and the tag under which they can be asked for again."""
        return cls(body=body(answer), tag=answer.headers.get("ETag"))


def test_every_answer_says_what_a_cache_may_do(client: Client, values: Values) -> None:
    statuses = set()
    for address in [
        *addresses(values, admin=True),
        "/boards",
        "/nothing/",
        "/api/v1/nothing",
        "/results/?state=rejected",
    ]:
        for method in (client.get, client.head, client.post):
            answer = method(address)
            assert "Cache-Control" in answer, f"{method.__name__} {address}"
            statuses.add(answer.status_code)
            if answer.status_code >= 400 or method == client.post:
                assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"], address
    assert {200, 301, 302, 404, 405} <= statuses


def test_what_is_kept_for_long_never_changes(client: Client, values: Values) -> None:
    for address in addresses(values, admin=True):
        answer = client.get(address)
        if "max-age" in answer["Cache-Control"] and "max-age=0" not in answer["Cache-Control"]:
            assert answer.status_code == 200
            assert NEVER_CHANGE & set(re.split(r"[/?.]", address)), address
            assert "immutable" in answer["Cache-Control"]
            assert "Accept-Language" not in answer.get("Vary", ""), "bytes that never change have no language"


def withdrawn() -> None:
    """A contributor withdraws one of the results; its cells are computed anew."""
    last = Submission.objects.filter(state="accepted", result__model__slug=GENERAL).first()
    assert last is not None
    Submission.objects.filter(pk=last.pk).update(state="withdrawn")
    refresh_stale_cells()


def another_result() -> None:
    """A further result is accepted."""
    make_result(Run(by="new", device="n", energy_per_query_j=0.9))
    refresh_stale_cells()


def a_name_is_decided() -> None:
    """A moderator refuses a name that stood, which no board's version knows of."""
    moderator = User.objects.create_user("names")
    confirmed = HardwareClass.objects.filter(name_state=NameState.CONFIRMED, result__isnull=False).first()
    assert confirmed is not None
    decide_name(hardware=confirmed, moderator=moderator, state=NameState.REFUSED)


def hardware_stands_again() -> None:
    """The catalogue has the name of the hardware again, without anybody's decision."""
    HardwareClass.objects.update(name_state=NameState.CONFIRMED)


def a_name_is_erased() -> None:
    """A contributor has another name."""
    Contributor.objects.update(display_name=None, name_key=None)


def a_model_is_titled_anew() -> None:
    """The catalogue calls a model otherwise: no result and no board has a new version."""
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")


def rejected_by_two() -> None:
    """Two moderators reject a result."""
    accepted = Submission.objects.filter(state="accepted", result__model__slug=GENERAL).first()
    assert accepted is not None
    for name in ("first", "second"):
        moderator = User.objects.create_user(name)
        decide(submission=accepted, moderator=moderator, state=State.REJECTED, reason="evidence-fails")
    refresh_stale_cells()


def leaves_get_places() -> None:
    """The sequencer gives what came last, two moderators' decisions, its place in the log."""
    sequence()


def a_series_is_replaced() -> None:
    """A publisher's series is imported anew, with one figure that differs."""
    figure = PublishedFigure.objects.first()
    assert figure is not None
    PublishedFigure.objects.filter(pk=figure.pk).update(energy_kwh_per_1000=7.0)
    PublishedSeries.objects.update(revision=2)


CHANGES = [withdrawn, another_result, a_name_is_decided, hardware_stands_again, a_name_is_erased,
           a_model_is_titled_anew, rejected_by_two, leaves_get_places, a_series_is_replaced]  # fmt: skip
"""In an order in which each finds what it changes."""


@pytest.mark.laws
def test_nothing_that_has_changed_is_said_to_be_the_same(client: Client, values: Values) -> None:
    """One change after the other; the reader's copies are always from before the change."""
    copies = {address: ReaderCopy.of(client.get(address)) for address in addresses(values)}
    for change in CHANGES:
        change()
        n_changed = 0
        for address, before in copies.items():
            now = ReaderCopy.of(client.get(address))
            if now.body == before.body:
                continue
            copies[address] = now
            n_changed += 1
            tag = {"If-None-Match": before.tag} if before.tag else {}
            for conditions in ({"If-Modified-Since": SOON}, tag, {**tag, "If-Modified-Since": SOON}):
                again = client.get(address, headers=conditions)
                assert again.status_code != 304, f"{change.__name__}: {address} {conditions}"
                assert body(again) == now.body or "no-store" in again["Cache-Control"]
        assert n_changed > 0, f"{change.__name__} shows somewhere"


@pytest.mark.laws
def test_what_has_not_changed_is_not_sent_again(client: Client, values: Values) -> None:
    sent_again = []
    for address in addresses(values):
        first = client.get(address)
        if first.status_code != 200:
            continue
        if "no-store" in first["Cache-Control"] or first.streaming:
            continue
        again = client.get(address, headers={"If-None-Match": first["ETag"]})
        if again.status_code != 304 or again.content:
            sent_again.append(address)
        weak = client.get(address, headers={"If-None-Match": f'"other", W/{first["ETag"]}'})
        assert weak.status_code == 304, address
        assert again["ETag"] == first["ETag"]
        assert again["Cache-Control"] == first["Cache-Control"]
    assert sent_again == []


@pytest.mark.laws
def test_a_condition_that_does_not_hold_is_refused_in_a_sentence(client: Client, values: Values) -> None:
    for address in addresses(values):
        plain = client.get(address)
        dated = client.get(address, headers={"If-Unmodified-Since": http_date(0)})
        assert dated.status_code == plain.status_code, address
        other = client.get(address, headers={"If-Match": '"another"'})
        assert "Cache-Control" in other, address
        if other.status_code == 412:
            assert other["Cache-Control"] == "no-store", address
            if address.startswith("/api/v1/") and address != "/api/v1/docs/":  # both lead to a page
                assert other.json()["code"] == "JM-HTTP-412", address
        else:
            assert other.status_code == plain.status_code, address


def test_a_bundle_is_sent_to_whoever_asks_for_its_media_type(client: Client, values: Values) -> None:
    address = f"/api/v1/results/{values['result_id'][0]}/bundle"
    for accept in ("application/vnd.joulemark.bundle+json", "text/html", "image/png;q=0.1", "*/*", ";;", ""):
        answer = client.get(address, headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/vnd.joulemark.bundle+json")
    assert client.get(address, headers={"If-None-Match": "*"}).status_code == 304
    gone = address.replace(values["result_id"][0], "0" * 64)
    assert client.get(gone, headers={"If-None-Match": f'"{"0" * 64}"'}).status_code == 404


@pytest.mark.laws
def test_no_address_refuses_a_media_type_that_it_does_not_have(client: Client, values: Values) -> None:
    for address in addresses(values):
        for accept in ("application/problem+json", "application/vnd.joulemark.bundle+json", "x/y"):
            assert client.get(address, headers={"Accept": accept}).status_code != 406, address


def test_a_format_that_there_is_not_is_refused_in_a_sentence(client: Client, values: Values) -> None:
    """Wherever an address has formats to choose among: it is there, so it is not said to be missing."""
    n_refused = 0
    for address in addresses(values):
        if not address.startswith("/api/v1/"):
            continue
        answer = client.get(f"{address}{'&' if '?' in address else '?'}format=nothing")
        assert answer.status_code != 404, address
        if answer.status_code == 400:
            n_refused += 1
            assert answer["Content-Type"] == "application/problem+json", address
            assert "format" in answer.json()["detail"], address
    assert n_refused > 20


AGEING = ("/api/v1/health", "/readyz", "/metrics")
"""They tell how long something has waited: no two answers are alike."""


@pytest.mark.laws
def test_no_answer_depends_on_the_host_name(client: Client, values: Values, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    settings.ORIGIN = "https://energy.example"
    for number in range(120):
        make_result(Run(by=f"p{number % 3}", device="x", energy_per_query_j=0.5 + number / 1000))
    paged = [
        "/api/v1/results/?page_size=7&page=2",
        "/api/v1/results/",
        "/api/v1/decisions/",
        "/results/?page=2",
    ]
    for address in [*addresses(values, admin=True), *paged]:
        plain, other = (client.get(address, headers={"Host": host}) for host in settings.ALLOWED_HOSTS)
        elsewhere = body(other)
        if address not in AGEING:
            assert body(plain) == elsewhere, address
        assert plain.get("Location") == other.get("Location"), address
        assert b"other.example" not in elsewhere, address
        assert "other.example" not in str(other.headers), address
    page = client.get(paged[0], headers={"Host": "other.example"}).json()
    assert page["next"] == "https://energy.example/api/v1/results/?page=3&page_size=7"
    assert page["previous"] == "https://energy.example/api/v1/results/?page_size=7"

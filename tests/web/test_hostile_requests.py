"""Any text in an address, a question, a header, a cookie or a form: an answer below 500, and a problem under /api/."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.http import QueryDict
from django.test import Client

from joulemark_simulation.addresses import routes
from tests.client_response import ClientResponse
from tests.hostile_texts import HOSTILE
from tests.laws import EXAMPLES
from tests.reader_client import ReaderClient
from tests.web.populated import Values, populate, questions

THOROUGH = 1000
"""Examples of a law from which on every place is tried with every text."""
HEADERS = (
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Type", "Content-Length", "Cookie", "Host",
    "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Origin", "Range", "Referer",
    "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "X-Requested-With", "X-HTTP-Method-Override",
)  # fmt: skip


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


@pytest.fixture
def client() -> Client:
    """A client that shows a 500 as an answer instead of raising."""
    return ReaderClient(raise_request_exception=False)


def fault(answer: ClientResponse, where: str) -> list[str]:
    """What is wrong with an answer: 500 or more, or under /api/ a refusal that is no problem document."""
    path = answer.wsgi_request.path_info
    if path in ("/api/v1/health", "/readyz") and answer.status_code == 503:
        return []  # something waits, or is slower than a probe allows: that is what they are asked for
    if answer.status_code == 501 and path == "/oembed/":
        return []  # the protocol's own status for another format
    if answer.status_code >= 500:
        return [f"{answer.status_code} {where}"]
    if answer.status_code < 400 or not path.startswith("/api/"):
        return []
    if answer["Content-Type"] != "application/problem+json":
        return [f"{answer.status_code} {answer['Content-Type']} {where}"]
    try:
        problem = json.loads(answer.content)
    except json.JSONDecodeError:
        return [f"{answer.status_code} {answer.content[:40]!r} {where}"]
    fits = problem["status"] == answer.status_code and problem["code"].startswith("JM-") and problem["detail"]
    return [] if fits else [f"{problem} {where}"]


ALWAYS = ("line breaks",)
"""Tried in every place of every run: a view that writes a parameter into a header fails by nothing else."""


class Kinds:
    """Which hostile texts a place is tried with: all under `make laws`, and a few in turn in every other run."""

    def __init__(self, each: int = 2) -> None:
        self._each = len(HOSTILE) if EXAMPLES >= THOROUGH else each
        self._turn = 0

    def next(self) -> list[tuple[str, str | bytes]]:
        """Those of the next place."""
        names = list(HOSTILE)
        start = self._turn * self._each
        self._turn += 1
        chosen = dict.fromkeys(names[(start + step) % len(names)] for step in range(self._each))
        return [(name, HOSTILE[name]) for name in chosen | dict.fromkeys(ALWAYS)]


def as_header(value: str | bytes) -> str:
    """A value as a server hands a header on: bytes, each as a character (PEP 3333)."""
    data = value if isinstance(value, bytes) else value.encode(errors="surrogateescape")
    return data.decode("latin-1")


def written(value: str | bytes) -> str:
    """A value as an address carries it."""
    return quote(value if isinstance(value, bytes) else value.encode(errors="surrogateescape"), safe="")


@contextmanager
def parameters_asked_for() -> Iterator[set[str]]:
    """The names of all parameters that views look for in a question or a form while this is open."""
    asked: set[str] = set()
    originals = {name: getattr(QueryDict, name) for name in ("__getitem__", "getlist", "get", "__contains__")}

    def recording(name: str) -> Callable[..., Any]:
        def method(self: QueryDict, key: str, *args: object) -> Any:
            asked.add(key)
            return originals[name](self, key, *args)

        return method

    for name in originals:
        setattr(QueryDict, name, recording(name))
    try:
        yield asked
    finally:
        del QueryDict.get, QueryDict.__contains__
        for name in ("__getitem__", "getlist"):
            setattr(QueryDict, name, originals[name])


def one_of_each(values: Values) -> dict[str, str]:
    """An address of every route, by the route's text."""
    first = {name: options[0] for name, options in values.items()}
    return {
        route.text: route.address(first)
        for route in routes()
        if all(name in first for name in route.parameters)
    }


@pytest.mark.laws
def test_any_text_in_any_place_of_a_path(client: Client, values: Values) -> None:
    first, kinds, faults = {name: options[0] for name, options in values.items()}, Kinds(), []
    for route in routes(admin=True):
        for name in route.parameters:
            for kind, text in kinds.next():
                place = {
                    key: written(text) if key == name else first.get(key, "1") for key in route.parameters
                }
                faults += fault(client.get(route.address(place)), f"{kind} as {name} in {route.text}")
    assert faults == []


@pytest.mark.laws
def test_any_text_in_any_parameter_of_a_question(client: Client, values: Values) -> None:
    kinds, faults = Kinds(), []
    for address in one_of_each(values).values():
        rest = questions().get(address, "")
        with parameters_asked_for() as asked:
            faults += fault(client.get(f"{address}?{rest}"), address)
        for name in sorted({*asked, "format", "page", "any"}):
            others = "&".join(part for part in rest.split("&") if part and not part.startswith(f"{name}="))
            for kind, text in kinds.next():
                answer = client.get(f"{address}?{name}={written(text)}&{others}")
                faults += fault(answer, f"{kind} as {name} of {address}")
        for kind, text in kinds.next():
            faults += fault(client.get(f"{address}?{written(text)}=1"), f"{kind} as a name at {address}")
    assert faults == []


@pytest.mark.laws
def test_any_text_in_any_header(client: Client, values: Values) -> None:
    addresses = ["/results/", "/admin/", "/api/v1/boards/", "/api/v1/results/", "/log/checkpoint",
                 f"/api/v1/results/{values['result_id'][0]}/bundle", "/en/api/"]  # fmt: skip
    kinds, faults = Kinds(), []
    for header in HEADERS:
        for address in addresses:
            for kind, value in kinds.next():
                text = as_header(value)
                answer = client.get(address, headers={header: text})
                faults += fault(answer, f"{kind} in {header} at {address}")
    assert faults == []


@pytest.mark.laws
def test_any_text_in_any_cookie(client: Client, values: Values) -> None:
    kinds, faults = Kinds(), []
    for name in ("sessionid", "csrftoken", "django_language", "messages", "other"):
        for address in ("/results/", "/admin/", "/api/v1/results/"):
            for kind, value in [*kinds.next(), ("NUL", "\x00")]:
                text = as_header(value)
                octal = "".join(f"\\{ord(c):03o}" for c in text[:50] if ord(c) < 256)
                for cookie in (f"{name}={text}", f'{name}="{octal}abcdefgh"', f"{text}={name}"):
                    answer = client.get(address, headers={"Cookie": cookie})
                    faults += fault(answer, f"{kind} in {name} at {address}")
    assert faults == []


@pytest.mark.laws
def test_any_text_in_any_form_and_body(client: Client, values: Values) -> None:
    fields = ("language", "next", "username", "password", "csrfmiddlewaretoken", "action")
    kinds, faults = Kinds(), []
    for route_text, address in one_of_each(values).items():
        for method in (client.post, client.put, client.delete, client.patch):
            for kind, value in kinds.next():
                text = value if isinstance(value, bytes) else value.encode(errors="surrogateescape")
                for media_type in ("application/octet-stream", "application/json"):
                    answer = method(address, text, content_type=media_type)
                    faults += fault(answer, f"{kind} as {media_type} to {route_text}")
    for address in ("/admin/login/",):
        for name in fields:
            for kind, value in [*kinds.next(), *kinds.next()]:
                text = value if isinstance(value, bytes) else value.encode(errors="surrogateescape")
                body = urlencode({**dict.fromkeys(fields, "en"), name: text})
                form = "application/x-www-form-urlencoded"
                answer = client.post(address, body, content_type=form)
                faults += fault(answer, f"{kind} as {name} to {address}")
                parts = client.post(address, text, content_type="multipart/form-data; boundary=x")
                faults += fault(parts, f"{kind} in parts to {address}")
    assert faults == []


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver:x", "a" * 10_000, "\x00", "", "[::1", "testserver\n"]
)
def test_a_wrong_host_is_refused_as_everything_else_is(client: Client, db: None, host: str) -> None:
    api = client.get("/api/v1/boards/", headers={"Host": host})
    assert fault(api, host) == []
    if host:
        assert (api.status_code, api.json()["code"]) == (400, "JM-HTTP-400")
        assert "http://127.0.0.1:8000" in api.json()["detail"]
        page = client.get("/boards/", headers={"Host": host})
        assert (page.status_code, page["Content-Type"]) == (400, "text/plain; charset=utf-8")


def test_what_is_refused_says_what_to_do(client: Client, db: None) -> None:
    long = client.get("/api/v1/results/", {"task": "a" * 10_000})
    assert (long.status_code, long.json()["title"]) == (414, "Address too long")
    assert "ask for less" in long.json()["detail"]
    nul = client.get("/api/v1/results/?task=%00")
    assert (nul.status_code, nul.json()["code"]) == (400, "JM-HTTP-400")
    assert "leave it out" in nul.json()["detail"]

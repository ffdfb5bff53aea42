"""Any text in an address, a question, a header, a cookie or a form: an answer below 500, and a problem under /api/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import pytest
from django.http import QueryDict
from django.test import Client

from tests.web.addresses import routes
from tests.web.populated import Values, populate, questions

HOSTILE = {
    "NUL": "\x00",
    "a word and NUL": "ada\x00",
    "line breaks": "a\r\nSet-Cookie: x=y\n",
    "control characters": "\x01\x1b[31m\x7f",
    "a lone surrogate": "\udcff",
    "bytes that are no text": b"\xff\xfe\xed\xa0\x80",
    "10,000 letters": "a" * 10_000,
    "10,000 digits": "9" * 10_000,
    "10,000 letters of three bytes": "\u20ac" * 10_000,
    "a number too large": "9" * 30,
    "a negative number": "-1",
    "no number": "NaN",
    "infinity": "1e999",
    "other digits": "\u0663\u00b2",
    "SQL": "' OR 1=1; DROP TABLE x --",
    "a path": "../../../../etc/passwd",
    "a template": "{{ 7*7 }}{% include 'x' %}",
    "markup": "<script>alert(1)</script>",
    "format": "%s%n{0}{x.__class__}",
    "an end of the world": "9999-12-31T23:59:59.999999-23:59",
    "a year too large": "99999-01-01",
    "nothing": "",
    "a space": " ",
    "bidi": "\u202egpj.exe",
    "a list": "[1,{}]",
}
HEADERS = (
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Type", "Content-Length", "Cookie", "Host",
    "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Origin", "Range", "Referer",
    "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "X-Requested-With", "X-HTTP-Method-Override",
)  # fmt: skip


@pytest.fixture
def values(db) -> Values:
    """Something at every address."""
    return populate()


@pytest.fixture
def client() -> Client:
    """A client that shows a 500 as an answer instead of raising."""
    return Client(raise_request_exception=False)


def check(answer, where: str) -> None:
    """Below 500, and under /api/ a refusal is a problem document with a sentence."""
    path = answer.wsgi_request.path_info
    if path == "/api/v1/health" and answer.status_code == 503:
        return  # something waits: that is what it is asked for
    assert answer.status_code < 500, f"{answer.status_code} {where}"
    if answer.status_code >= 400 and path.startswith("/api/"):
        assert answer["Content-Type"] == "application/problem+json", where
        problem = json.loads(answer.content)
        assert problem["status"] == answer.status_code
        assert problem["code"].startswith("JM-"), where
        assert problem["detail"], where


def written(value: str | bytes) -> str:
    """A value as an address carries it."""
    return quote(value if isinstance(value, bytes) else value.encode(errors="surrogateescape"), safe="")


@contextmanager
def parameters_asked_for() -> Iterator[set[str]]:
    """The names of all parameters that views look for in a question or a form while this is open."""
    asked: set[str] = set()
    originals = {name: getattr(QueryDict, name) for name in ("__getitem__", "getlist", "get", "__contains__")}

    def recording(name: str):
        def method(self: QueryDict, key: str, *args: object):
            asked.add(key)
            return originals[name](self, key, *args)

        return method

    for name in originals:
        setattr(QueryDict, name, recording(name))
    try:
        yield asked
    finally:
        del QueryDict.get, QueryDict.__contains__
        QueryDict.__getitem__, QueryDict.getlist = originals["__getitem__"], originals["getlist"]


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
    first = {name: options[0] for name, options in values.items()}
    for route in routes(admin=True):
        for name in route.parameters:
            for kind, text in HOSTILE.items():
                place = {
                    key: written(text) if key == name else first.get(key, "1") for key in route.parameters
                }
                check(client.get(route.address(place)), f"{kind} as {name} in {route.text}")


@pytest.mark.laws
@pytest.mark.parametrize("kind", HOSTILE)
def test_any_text_in_any_parameter_of_a_question(client: Client, values: Values, kind: str) -> None:
    for address in one_of_each(values).values():
        rest = questions().get(address, "")
        with parameters_asked_for() as asked:
            check(client.get(f"{address}?{rest}"), address)
        for name in sorted({*asked, "format", "page", "any"}):
            others = "&".join(part for part in rest.split("&") if part and not part.startswith(f"{name}="))
            check(
                client.get(f"{address}?{name}={written(HOSTILE[kind])}&{others}"),
                f"{kind} as {name} of {address}",
            )
        check(client.get(f"{address}?{written(HOSTILE[kind])}=1"), f"{kind} as a name at {address}")


@pytest.mark.laws
@pytest.mark.parametrize("header", HEADERS)
def test_any_text_in_any_header(client: Client, values: Values, header: str) -> None:
    addresses = ["/", "/results/", "/admin/", "/api/v1/boards/", "/api/v1/results/", "/log/checkpoint",
                 f"/api/v1/results/{values['result_id'][0]}/bundle", "/api/v1/docs/"]  # fmt: skip
    for address in addresses:
        for kind, value in HOSTILE.items():
            text = value if isinstance(value, str) else value.decode("latin-1")
            if header == "Content-Length" and kind == "a number too large":
                continue  # the test client itself would have to send that much
            check(client.get(address, headers={header: text}), f"{kind} in {header} at {address}")


@pytest.mark.laws
@pytest.mark.parametrize("kind", HOSTILE)
def test_any_text_in_any_cookie(client: Client, values: Values, kind: str) -> None:
    text = HOSTILE[kind] if isinstance(HOSTILE[kind], str) else HOSTILE[kind].decode("latin-1")
    octal = "".join(f"\\{ord(c):03o}" for c in text[:50] if ord(c) < 256)
    for name in ("sessionid", "csrftoken", "django_language", "messages", "other"):
        for cookie in (f"{name}={text}", f'{name}="{octal}abcdefgh"', f"{text}={name}"):
            for address in ("/", "/admin/", "/api/v1/results/"):
                check(client.get(address, headers={"Cookie": cookie}), f"{kind} in {name} at {address}")


@pytest.mark.laws
@pytest.mark.parametrize("kind", HOSTILE)
def test_any_text_in_any_form_and_body(client: Client, values: Values, kind: str) -> None:
    text = (
        HOSTILE[kind] if isinstance(HOSTILE[kind], bytes) else HOSTILE[kind].encode(errors="surrogateescape")
    )
    fields = ("language", "next", "username", "password", "csrfmiddlewaretoken", "action")
    for route_text, address in one_of_each(values).items():
        for method in (client.post, client.put, client.delete, client.patch):
            check(method(address, text, content_type="application/octet-stream"), f"{kind} to {route_text}")
        check(client.post(address, text, content_type="application/json"), f"{kind} as JSON to {route_text}")
    for address in ("/i18n/setlang/", "/admin/login/"):
        for name in fields:
            body = urlencode({**dict.fromkeys(fields, "en"), name: text})
            form = "application/x-www-form-urlencoded"
            check(client.post(address, body, content_type=form), f"{kind} as {name} to {address}")
            check(
                client.post(address, text, content_type="multipart/form-data; boundary=x"), f"{kind} in parts"
            )


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver:x", "a" * 10_000, "\x00", "", "[::1", "testserver\n"]
)
def test_a_wrong_host_is_refused_as_everything_else_is(client: Client, db, host: str) -> None:
    api = client.get("/api/v1/boards/", headers={"Host": host})
    check(api, host)
    if host:
        assert (api.status_code, api.json()["code"]) == (400, "JM-HTTP-400")
        assert "http://127.0.0.1:8000" in api.json()["detail"]
        page = client.get("/boards/", headers={"Host": host})
        assert (page.status_code, page["Content-Type"]) == (400, "text/plain; charset=utf-8")


def test_what_is_refused_says_what_to_do(client: Client, db) -> None:
    long = client.get("/api/v1/results/", {"task": "a" * 10_000})
    assert (long.status_code, long.json()["title"]) == (414, "Address too long")
    assert "ask for less" in long.json()["detail"]
    nul = client.get("/api/v1/results/?task=%00")
    assert (nul.status_code, nul.json()["code"]) == (400, "JM-HTTP-400")
    assert "leave it out" in nul.json()["detail"]

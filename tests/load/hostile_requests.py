"""Requests over real sockets with hostile text in one place each, drawn from the API's description and a seed."""

from __future__ import annotations

import json
import random
import re
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from tests.hostile_texts import HOSTILE

DESCRIPTION = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
PAGES = (
    "/",
    "/ru/",
    "/results/",
    "/en/results/",
    "/en/boards/x/y/",
    "/en/boards/x/y/cell/",
    "/en/embed/boards/x/y/",
    "/en/changes/x/y/",
    "/en/badges/x/y.svg",
    "/en/impact/",
    "/ru/needed/",
    "/oembed/",
    "/sitemaps/x.xml",
    "/log/tile/x",
)
HEADERS = ("Accept", "Accept-Language", "Authorization", "Content-Type", "If-Match", "If-None-Match",
           "If-Modified-Since", "Origin", "Range", "Referer", "User-Agent", "X-Forwarded-For")  # fmt: skip
PLACES = ("path", "question", "name", "header", "cookie", "host", "body")
THREADS = 4
TIMEOUT_S = 60.0


def send_hostile(origin: str, *, count: int, seed: str) -> tuple[Counter[int], list[str]]:
    """(answers by status, what was wrong): `count` requests, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - chances, no secrets
    operations = _operations()
    wanted = [_request(draw, operations, urlsplit(origin).netloc) for _ in range(count)]
    statuses: Counter[int] = Counter()
    faults: list[str] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for (where, path, _), answer in zip(
            wanted, pool.map(lambda one: _answer(origin, one[2]), wanted), strict=True
        ):
            status, kind, body = answer
            statuses[status] += 1
            if status == 0 or (status >= 500 and not path.startswith("/api/v1/health")):
                faults.append(f"{status}: {where}")
            elif status >= 400 and path.startswith("/api/") and not _is_problem(status, kind, body):
                faults.append(f"{status} {kind}: {where}")
    return statuses, faults


def _operations() -> list[tuple[str, str, list[str]]]:
    """(method, path with places, names of parameters of the question) of all that is described, and pages."""
    described: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))["paths"]
    found = [
        (method, path, [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"])
        for path, operations in described.items()
        for method, operation in operations.items()
    ]
    return found + [("get", page, ["page", "as_of", "query"]) for page in PAGES]


def _request(
    draw: random.Random, operations: list[tuple[str, str, list[str]]], host: str
) -> tuple[str, str, bytes]:
    method, path, names = draw.choice(operations)
    kind = draw.choice(list(HOSTILE))
    text = HOSTILE[kind]
    data = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    place = draw.choice(PLACES)
    fitting = re.sub(r"\{[^}]*\}", "x", path)
    if place == "path":
        places = re.findall(r"\{[^}]*\}", path)
        chosen = draw.choice(places) if places else ""
        path = path.replace(chosen, quote(data, safe="")) if chosen else f"{path}{quote(data, safe='')}"
    target = re.sub(r"\{[^}]*\}", "x", path)
    if place == "question":
        target += f"?{draw.choice(names or ['page'])}={quote(data, safe='')}"
    if place == "name":
        target += f"?{quote(data, safe='')}=1"
    body = data if place == "body" or method == "post" else b""
    lines = [
        f"{method.upper()} {target} HTTP/1.1".encode(),
        b"Host: " + (data if place == "host" else host.encode()),
    ]
    if place == "header":
        lines.append(draw.choice(HEADERS).encode() + b": " + data)
    if place == "cookie":
        name = draw.choice(("sessionid", "csrftoken", "django_language", "messages"))
        octal = b"".join(b"\\%03o" % byte for byte in data[:40])
        lines.append(f"Cookie: {name}=".encode() + draw.choice((data, b'"' + octal + b'abcdefgh"')))
    lines += [b"Connection: close", b"Content-Length: %d" % len(body)]
    where = f"{kind} as {place} of {method} {fitting}"
    return where, fitting, b"\r\n".join(lines) + b"\r\n\r\n" + body


def _answer(origin: str, request: bytes) -> tuple[int, str, bytes]:
    """(status, content type, body); status 0 where none came."""
    address = urlsplit(origin)
    received = b""
    try:
        with socket.create_connection(
            (address.hostname or "", address.port or 80), timeout=TIMEOUT_S
        ) as client:
            client.sendall(request)
            while chunk := client.recv(65536):
                received += chunk
    except OSError:
        pass  # what came before the reset is the answer
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    kinds = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("content-type:")]
    words = lines[0].split()
    return (int(words[1]) if len(words) > 1 else 0), (kinds[0] if kinds else ""), body


def _is_problem(status: int, kind: str, body: bytes) -> bool:
    try:
        return kind == "application/problem+json" and json.loads(body)["status"] == status
    except (ValueError, KeyError, TypeError):
        return False

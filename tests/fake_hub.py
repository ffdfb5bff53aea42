"""A small hub: a real HTTP server on 127.0.0.1 that answers what pinning asks, and serves files to those who fetch.

As the hub does, it names each file's commit and ETag (of a large one the SHA-256) on HEAD and GET of
``/ID/resolve/REVISION/PATH`` (data sets: ``/datasets/ID/...``), and gives the rest of a file on request (Range).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CONVERSION = "refs/convert/parquet"
SMALL = b"{}\n"
"""What each of a repository's `small` files holds."""


def commit_of(*names: str) -> str:
    """A commit that follows from names."""
    return hashlib.sha1("/".join(names).encode(), usedforsecurity=False).hexdigest()


def sha256_of(*names: str) -> str:
    """A file's SHA-256 that follows from names."""
    return hashlib.sha256("/".join(names).encode()).hexdigest()


@dataclass
class Repository:
    """What the hub has under a name. `large` are files by path with their size; `converted` those of the conversion.

    `files` are files by path with their bytes: they are what is listed and served at every commit.
    """

    large: dict[str, int] = field(default_factory=dict)
    small: tuple[str, ...] = ("README.md",)
    converted: dict[str, int] | None = None
    gated: bool | str = False
    closed: bool = False
    licence: str | None = "apache-2.0"
    moved_to: str | None = None
    files: dict[str, bytes] | None = None
    created_at: str | None = "2023-11-05T09:41:00.000Z"
    family: str | None = "gpt2"
    tags: tuple[str, ...] = ()
    safetensors: dict[str, object] | None = None

    def listed(self, name: str) -> list[dict[str, object]]:
        """The files with bytes, as the hub lists them."""
        return [
            {
                "type": "file",
                "path": path,
                "size": len(content),
                "oid": commit_of(path),
                **_lfs(path, content),
            }
            for path, content in (self.files or {}).items()
        ]


@dataclass
class FakeHub:
    """What it has, what it was asked, and how it is to misbehave."""

    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: Counter[str | None] = field(default_factory=Counter)
    failures: list[int] = field(default_factory=list)
    origin: str = ""
    page_size: int = 100
    body: bytes | None = None
    cut: dict[str, list[int]] = field(default_factory=dict)
    wrong: dict[str, list[bytes]] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    ranges: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)

    def model(self, name: str, **facts: Any) -> Repository:
        """Add a model's repository."""
        return self._add("models", name, facts)

    def dataset(self, name: str, **facts: Any) -> Repository:
        """Add a data set's repository."""
        return self._add("datasets", name, facts)

    def _add(self, kind: str, name: str, facts: dict[str, Any]) -> Repository:
        made = Repository(**facts)
        self.repositories[kind, name] = made
        return made

    def answer(self, target: str) -> tuple[int, dict[str, str], object]:
        """Status, headers and document for a path below /api/."""
        parts = urlsplit(target)
        kind, _, rest = parts.path.removeprefix("/api/").partition("/")
        name, what, revision = _parted(rest)
        found = self.repositories.get((kind, name))
        if found is None:
            return 401, {"X-Error-Code": "RepoNotFound"}, {"error": "Invalid username or password."}
        if found.moved_to is not None:
            return 307, {"Location": target.replace(name, found.moved_to)}, {}
        if found.closed:
            return 403, {"X-Error-Code": "GatedRepo"}, {"error": "Access is restricted."}
        if CONVERSION in (revision, self._branch(name, revision)) and found.converted is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, {"error": "Invalid rev id"}
        if what == "tree" and found.files is not None:
            return 200, {}, found.listed(name)
        if what == "tree":
            return self._tree(found, name, revision, parts.query, target)
        branch = revision or "main"
        return (
            200,
            {},
            {
                "id": name,
                "sha": commit_of(name, branch),
                "gated": found.gated,
                "tags": [*found.tags, *([f"license:{found.licence}"] if found.licence else [])],
                "siblings": [{"rfilename": path} for path in found.files or (*found.small, *found.large)],
                "downloads": 1,
                **({"createdAt": found.created_at} if found.created_at else {}),
                **({"config": {"model_type": found.family}} if found.family else {}),
                **({"safetensors": found.safetensors} if found.safetensors else {}),
            },
        )

    def _branch(self, name: str, revision: str) -> str:
        return CONVERSION if revision == commit_of(name, CONVERSION) else "main"

    def _tree(
        self, found: Repository, name: str, revision: str, query: str, target: str
    ) -> tuple[int, dict[str, str], object]:
        converted = self._branch(name, revision) == CONVERSION
        large = (found.converted or {}) if converted else found.large
        entries: list[dict[str, object]] = [
            {"type": "file", "path": path, "size": len(SMALL), "oid": commit_of(path)} for path in found.small
        ]
        entries += [
            {"type": "directory", "path": path.partition("/")[0], "size": 0} for path in large if "/" in path
        ]
        entries += [
            {"type": "file", "path": path, "size": size, "oid": commit_of(path),
             "lfs": {"oid": sha256_of(name, path), "size": size, "pointerSize": 135}}
            for path, size in large.items()
        ]  # fmt: skip
        start = int(parse_qs(query).get("cursor", ["0"])[0])
        headers = {}
        if start + self.page_size < len(entries):
            path = f"{self.origin}{urlsplit(target).path}?recursive=1&cursor={start + self.page_size}"
            headers["Link"] = f'<{path}>; rel="next"'
        return 200, headers, entries[start : start + self.page_size]

    def file(self, method: str, target: str, range_: str | None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a file; the headers alone say how long the body should have been."""
        kind, name, revision, path = _resolved(urlsplit(target).path)
        found = self.repositories.get((kind, name))
        if found is None:
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        if found.closed:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        files = found.files if found.files is not None else dict.fromkeys(found.small, SMALL)
        if path not in files:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": revision}, b""
        if method == "GET" and self.statuses.get(path):
            return self.statuses[path].pop(0), {}, b""
        content = files[path]
        headers = {"X-Repo-Commit": revision, "ETag": f'"{commit_of(path, str(len(content)))}"'}
        if _lfs(path, content):
            headers |= {
                "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
                "X-Linked-Size": str(len(content)),
            }
        if method == "HEAD":
            return 200, {**headers, "Content-Length": str(len(content))}, b""
        self.served.append(path)
        if self.wrong.get(path):
            content = self.wrong[path].pop(0)
        status, first = 200, 0
        if range_ is not None:
            self.ranges.append(range_)
            status, first = 206, int(range_.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        body = content[first:]
        headers["Content-Length"] = str(len(body))
        return status, headers, body[: self.cut[path].pop(0)] if self.cut.get(path) else body


def _lfs(path: str, content: bytes) -> dict[str, object]:
    """What a listing says of a file that is kept outside of git."""
    if not path.endswith((".safetensors", ".bin", ".parquet", ".h5")):
        return {}
    digest = hashlib.sha256(content).hexdigest()
    return {"lfs": {"oid": digest, "size": len(content), "pointerSize": 135}}


def _resolved(path: str) -> tuple[str, str, str, str]:
    """Kind, repository, revision and file of a path with ``/resolve/``."""
    repository, _, rest = path.strip("/").partition("/resolve/")
    revision, _, file = rest.partition("/")
    kind = "datasets" if repository.startswith("datasets/") else "models"
    return kind, repository.removeprefix("datasets/"), revision, unquote(file)


def _parted(rest: str) -> tuple[str, str, str]:
    """The repository's name, what is asked of it, and of which revision."""
    for what in ("revision", "tree"):
        name, found, revision = rest.partition(f"/{what}/")
        if found:
            return name, what, unquote(revision)
    return rest, "", ""


class RunningHub:
    """A hub that answers while its block runs."""

    def __init__(self) -> None:
        self.hub = FakeHub()
        hub = self.hub

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked.append(self.path)
                hub.tokens[self.headers.get("Authorization")] += 1
                if not self.path.startswith("/api/"):
                    self._send(*hub.file(self.command, self.path, self.headers.get("Range")))
                    return
                status, headers, document = (
                    (hub.failures.pop(0), {}, {}) if hub.failures else hub.answer(self.path)
                )
                self._send(status, headers, json.dumps(document).encode() if hub.body is None else hub.body)

            do_HEAD = do_GET  # noqa: N815 - the name that the server calls

            def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        hub.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeHub:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self.hub

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

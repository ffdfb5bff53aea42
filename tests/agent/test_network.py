"""Proxies, certificates and tokens as people set them: each command works, or ends with the variable's name."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark import config, network
from joulemark.cli import main
from joulemark.errors import UsageError
from joulemark.exchange_limits import ExchangeLimits
from joulemark.patience import Pauses
from joulemark.record.origin import LONGEST_ORIGIN
from tests.agent.fake_platform import RunningPlatform
from tests.fake_hub import RunningHub
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=["ours", "the hub's"])
HERE = Path(__file__)

PROXY_NAMES = sorted({name for names in network.PROXIES.values() for name in names})
BAD_PROXIES = (
    *("socks5://127.0.0.1:1", "socks4://127.0.0.1:1", "ftp://proxy.example", "http://[::1", "http://a b:1"),
    *(
        "http://proxy.example:99999",
        "http://",
        "://",
        "http://\u0434\u0430\udc80:1",
        "http://proxy..example:1",
        f"http://{'a' * 64}.example:1",
        "http://proxy:port",
        "\t:::",
    ),
)
GOOD_PROXIES = ("", " ", "127.0.0.1:9", "http://127.0.0.1:9", "http://user:pa%20ss@127.0.0.1:9/")
DIRECT = (
    *("", "*", ",,", "::1", "[::1]:80", "fe80::/10", "10.0.0.0/8,*.example", "platform.example:99999"),
    *("[", "]:", "999.1.1.1/77", "\u0434\u0430", "\udc80", "proxy.example,platform.example:8443"),
)
CERTIFICATES = ("", "/no/such/file", str(HERE), str(HERE.parent), "/dev/null", "\udc80", "x" * 5000)
TOKENS = ("", "hf_abc", "hf_abc\r\n", "hf_a\nbc", "hf_\u0434", "a b", "\x7f", "\udc80", "\u200b")
ENVIRONMENT = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from([*BAD_PROXIES, *GOOD_PROXIES]) for name in PROXY_NAMES},
        **{name: st.sampled_from(DIRECT) for name in network.DIRECT},
        **{name: st.sampled_from(CERTIFICATES) for name in (*network.CERTIFICATES, network.KEY_LOG)},
        **{name: st.sampled_from(TOKENS) for name in network.TOKENS},
        **{name: st.sampled_from(["", "5", "soon", "-1", "\u0665"]) for name in network.NUMBERS},
    },
)


@pytest.fixture(scope="module", autouse=True)
def _folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A key log under a relative name is written into the folder that a command runs in: not into the checkout."""
    with contextlib.chdir(tmp_path_factory.mktemp("network")):
        yield


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No other machine answers: whoever asks one is told that there is no network."""
    here = ("127.0.0.1", "::1", "localhost")
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def refuse(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in here:
            raise OSError(101, "Network is unreachable")
        connect(self, address)

    def resolve_here(host: Any, *more: Any, **how: Any) -> Any:
        if host not in here:
            raise socket.gaierror(-2, "Name or service not known")
        return resolve(host, *more, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", resolve_here)
        patch.setattr("joulemark.waiting.SHORT", Pauses(first_s=0.0, longest_s=0.0, count=0))
        patch.setattr("joulemark.session.run.LONG", Pauses(first_s=0.0, longest_s=0.0, count=0))
        yield tmp_path_factory.mktemp("outside")


@contextlib.contextmanager
def as_newcomer(outside: Path, more: Mapping[str, str]) -> Iterator[None]:
    """The environment of a volunteer who never ran a command: an example's platform may have another's port."""
    with tempfile.TemporaryDirectory(dir=outside) as home, environment(Path(home), more):
        yield


@contextlib.contextmanager
def environment(home: Path, more: Mapping[str, str]) -> Iterator[None]:
    """Only what is named, as a shell would have it."""
    before = dict(os.environ)
    kept = {
        name: value for name, value in before.items() if name in ("PATH", "DATABASE_URL", "REDIS_URL", "HOME")
    }
    os.environ.clear()
    os.environ.update(
        {
            **kept,
            **{f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "STATE", "CACHE")},
            "HF_HOME": str(home / "hf"),
            **more,
        }
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def told(*words: str) -> tuple[int, dict[str, Any], str]:
    """A command's exit code, JSON and words; an exception is the test's."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*words, "--json"])
    return (
        code,
        json.loads(out.buffer.getvalue()),
        err.buffer.getvalue().decode(),
    )


def broken_way(scheme: str, host: str, given: Mapping[str, str]) -> str | None:
    """An oracle: the variable that makes a request to another machine impossible to begin, where it is a proxy."""
    listed = next((given[name] for name in network.DIRECT if given.get(name)), "").split(",")
    if {"*", "*.example", host}.intersection(listed):
        return None
    names = [*(f"{scheme}_proxy", f"{scheme}_proxy".upper()), "all_proxy", "ALL_PROXY"]
    name = next((one for one in names if given.get(one, "").strip()), None)
    return name if name and given[name] in BAD_PROXIES else None


@pytest.mark.laws
@pytest.mark.timeout(1800)
@law()
@given(given_settings=ENVIRONMENT, scheme=st.sampled_from(["http", "https"]))
def test_whatever_the_environment_says_a_command_works_or_names_the_variable(
    given_settings: dict[str, str],
    scheme: str,
    outside: Path,
) -> None:
    where = {"JOULEMARK_PLATFORM": f"{scheme}://platform.example"}
    with as_newcomer(outside, {**given_settings, **where}):
        code, answer, err = told("enrol", "--name", "A volunteer")
    assert "Traceback" not in err
    assert answer["ok"] is False
    sentence = answer["error"]["sentence"]
    assert (code, answer["error"]["exit_code"]) in ((2, 2), (5, 5))
    if code == 2:
        assert any(name in sentence for name in given_settings), sentence
    culprit = broken_way(scheme, "platform.example", given_settings)
    if culprit is not None:
        assert code == 2, sentence
        certificates = (*network.CERTIFICATES, network.KEY_LOG)
        assert culprit in sentence or (scheme == "https" and any(name in sentence for name in certificates))


@pytest.mark.laws
@pytest.mark.timeout(1800)
@law(share=0.3)
@given(given_settings=ENVIRONMENT)
def test_this_machine_is_reached_whatever_the_environment_says(
    given_settings: dict[str, str], outside: Path
) -> None:
    with (
        RunningPlatform() as platform,
        as_newcomer(outside, {**given_settings, "JOULEMARK_PLATFORM": platform.origin}),
    ):
        code, answer, _ = told("enrol", "--name", "A volunteer")
        assert (code, answer["ok"]) == (0, True), answer
        assert told("submit")[0] in (0, 6)
        assert told("status")[0] in (0, 6)


@pytest.mark.laws
@pytest.mark.timeout(1800)
@law(share=0.3)
@given(given_settings=ENVIRONMENT, at_home=st.booleans())
def test_the_hub_is_asked_the_same_way(
    given_settings: dict[str, str],
    outside: Path,
    at_home: bool,  # noqa: FBT001 - a law's argument
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with RunningHub() as hub:
        origin = hub.origin if at_home else "https://hub.example"
        with as_newcomer(outside, {**given_settings, "HF_ENDPOINT": origin}):
            target = tmp_path_factory.mktemp("pinned") / "suite"
            code, answer, err = told("suite", "pin", "quick", "--out", str(target))
    assert "Traceback" not in err
    assert code in (0, 2, 5), answer
    if code == 2:
        assert any(name in answer["error"]["sentence"] for name in given_settings), answer
    if at_home:
        tokens = [given_settings.get(name, "").strip() for name in network.TOKENS]
        assert (code == 2) == (next(filter(None, tokens), "") in BAD_TOKENS), answer
        assert bool(hub.asked) == (code != 2)
    else:
        assert code != 0
        culprit = broken_way("https", "hub.example", given_settings)
        assert culprit is None or code == 2, answer


BAD_TOKENS = {text.strip() for text in TOKENS} - {"", "hf_abc"}


@LIBRARIES
@pytest.mark.parametrize(
    ("host", "port", "listed", "direct"),
    [
        ("platform.example", 443, "platform.example", True),
        ("a.platform.example", 443, ".platform.example", True),
        ("notplatform.example", 443, "platform.example", False),
        ("platform.example", 443, "platform.example:8443", False),
        ("platform.example", 8443, "platform.example:8443", True),
        ("10.1.2.3", 80, "10.0.0.0/8", True),
        ("11.1.2.3", 80, "10.0.0.0/8", False),
        ("2001:db8::1", 80, "2001:db8::/32", True),
        ("2001:db8::1", 80, "2001:db8::1", True),
        ("2001:db8::1", 80, "[2001:db8::1]:80", True),
        ("2001:db8::1", 80, "[2001:db8::1]:81", False),
        ("2001:db8::1", 80, "::1 , [", False),
        ("platform.example", 80, "other.example  *", True),
    ],
)
def test_no_proxy_excepts_names_addresses_and_networks(
    library: Any, host: str, port: int, listed: str, *, direct: bool
) -> None:
    url = library.URL(scheme="http", host=host, port=port)
    environ = {"NO_PROXY": listed, "HTTP_PROXY": "http://proxy.example:3128"}
    found = network.proxy_for("http", url.host, url.port, environ)
    assert (found is None) == direct


@LIBRARIES
@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1",
        "http://127.8.8.8:8000",
        "https://[::1]:1",
        "http://localhost",
        "http://a.localhost.",
    ],
)
def test_this_machine_is_never_asked_through_a_proxy(library: Any, origin: str) -> None:
    url = library.URL(origin)
    environ = {"ALL_PROXY": "ftp://broken", "http_proxy": "x", "https_proxy": "y"}
    assert network.proxy_for(url.scheme, url.host, url.port, environ) is None
    assert network.proxy_for("http", "example.org", None, environ) == network.Proxy("http_proxy", "x")


@LIBRARIES
def test_a_proxy_that_is_named_is_asked_and_one_that_does_not_answer_is_named(library: Any) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        environ = {"HTTP_PROXY": f"127.0.0.1:{server.server_port}", "NO_PROXY": "::1"}
        with network.client(library, limits=ExchangeLimits(), environ=environ) as client:
            assert client.get("http://platform.example/x").status_code == 204
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == ["http://platform.example/x"]
    with (
        network.client(
            library, limits=ExchangeLimits(), environ={"ALL_PROXY": "http://127.0.0.1:9"}
        ) as client,
        pytest.raises(library.ConnectError, match="the proxy set in ALL_PROXY"),
    ):
        client.get("http://platform.example/x")


@LIBRARIES
@pytest.mark.parametrize("name", network.CERTIFICATES)
def test_certificates_that_are_gone_are_named(library: Any, name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"The certificates '{tmp_path}/gone' set in {name} .*No such file"):
        network.context(library, {name: str(tmp_path / "gone")})
    with pytest.raises(UsageError, match=name):
        network.require_way(library, "https://platform.example", {name: str(HERE)})
    network.require_way(library, "http://platform.example", {name: str(HERE)})


def test_no_sentence_holds_a_proxys_password_or_a_token() -> None:
    for address in (
        "ftp://me:secret@proxy.example",
        "http://me:secret@[::1",
        "socks5://me:secret@proxy.example",
    ):
        with pytest.raises(UsageError) as error:
            network.require_way(httpx, "http://platform.example", {"ALL_PROXY": address})
        assert "secret" not in str(error.value)
    with pytest.raises(UsageError) as error:
        network.token({"HF_TOKEN": "hf_secret\nx"})
    assert ("HF_TOKEN" in str(error.value), "secret" in str(error.value)) == (True, False)
    assert network.token({"HF_TOKEN": "hf_abc\r\n"}) == "hf_abc"


@pytest.mark.laws
@law()
@given(
    text=st.text()
    | st.sampled_from(["http://[", "http://a b", "https://x:y", "http://\udc80", "http://" + "x" * 300])
)
def test_a_platform_is_an_origin_or_is_refused_by_its_variable(text: str) -> None:
    try:
        origin = config.parse_origin(text)
    except UsageError as error:
        sentence = str(error)
        assert "JOULEMARK_PLATFORM" in sentence, sentence
        sentence.encode("ascii", "strict")
    else:
        assert len(origin) <= LONGEST_ORIGIN
        origin.encode()


def test_the_hubs_own_library_asks_through_our_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import close_session, constants, get_session

    from joulemark.hub import library

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    library.set_library_up("https://hub.example")
    try:
        with pytest.raises(httpx2.ConnectError, match="the proxy set in HTTPS_PROXY"):
            get_session().get("https://hub.example/api/models/x")
        assert constants.HF_HUB_DISABLE_XET is True
    finally:
        close_session()


@LIBRARIES
@pytest.mark.parametrize("host", ["a..b", "a" * 64, f"{'a' * 64}.example"])
def test_a_name_that_no_host_can_have_is_named(library: Any, host: str) -> None:
    """Python refuses to look it up, with an error that no library of HTTP translates."""
    with (
        network.client(library, limits=ExchangeLimits(), environ={}) as direct,
        pytest.raises(library.ConnectError, match="is not a host name"),
    ):
        direct.get(f"http://{host}/")
    with (
        network.client(
            library, limits=ExchangeLimits(), environ={"HTTP_PROXY": f"http://{host}:3128"}
        ) as through,
        pytest.raises(UsageError, match="HTTP_PROXY is not the address"),
    ):
        through.get("http://192.0.2.1/")

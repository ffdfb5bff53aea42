"""One reading of an origin: the platform that names itself and the agent that was told of it mean the same text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark import config
from joulemark.errors import UsageError
from joulemark.record.origin import BadAddress, BadPort, Origin, is_loopback, parse_origin
from joulemark_site import environment
from joulemark_site.environment import BadSetting
from tests.laws import law

LABELS = st.text("abcxyzABCXYZ0189-_", min_size=1, max_size=12)
HOSTS = st.lists(LABELS, min_size=1, max_size=3).map(".".join) | st.sampled_from(
    ["[::1]", "[2001:DB8::1]", "127.0.0.1", "пример.рф"]
)
ORIGINS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "Https"]),
    HOSTS,
    st.just("") | st.integers(0, 70_000).map(":{}".format),
    st.sampled_from(["", "/", "//", "/path", "?q", "#f"]),
)


@pytest.mark.laws
@law()
@given(text=st.text() | ORIGINS)
def test_agent_and_platform_read_an_origin_alike(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("joulemark_site.environment.text", lambda _name, _default: text)
        try:
            of_platform = environment.origin("JOULEMARK_ORIGIN", "")
        except BadSetting:
            with pytest.raises(UsageError):
                config.parse_origin(text)
            return
    assert config.parse_origin(text) == of_platform
    assert str(parse_origin(of_platform)) == of_platform, "written once, it stays as it is"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("HTTPS://Example.ORG:443/", Origin(scheme="https", host="example.org", port=443)),
        ("http://[2001:DB8::1]", Origin(scheme="http", host="2001:db8::1")),
    ],
)
def test_the_parts_of_an_origin(text: str, origin: Origin) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "http://[",
        "//example.org",
        "ftp://x",
        "http://x\n",
        "http://u@x",
        "http://@x",
        "http://:p@x",
        "http://a b",
    ],
)
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_origin(text)


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "٣٤"])
def test_a_port_is_a_number_that_a_server_can_have(port: str) -> None:
    with pytest.raises(BadPort):
        parse_origin(f"http://x:{port}")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.9.9.9", "::1", "[::1%lo]"])
def test_this_machine_itself(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["example.org", "localhost.example", "192.0.2.1", "notlocalhost", "::2"])
def test_another_machine(host: str) -> None:
    assert not is_loopback(host)

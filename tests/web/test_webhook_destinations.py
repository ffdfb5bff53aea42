"""What a webhook is signed with, and where it may go: the standard's own vector, and no way into a private network."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from measurements.webhooks import exchange, signing
from measurements.webhooks.destinations import NotAllowed, is_public, require_usable, resolve
from measurements.webhooks.exchange import WebhookMessage
from measurements.webhooks.models import WebhookEndpoint
from tests.laws import law
from tests.processes import ROOT
from tests.web.special_networks import REACHABLE, UNREACHABLE, Network

pytestmark = pytest.mark.django_db


def test_the_signature_of_the_standards_own_example() -> None:
    """The vector of the reference libraries of standardwebhooks.com."""
    assert (
        signing.signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    for secret in ("", "whsec_", "whsec_%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA"):
        with pytest.raises(signing.BadSecret):
            signing.signature(secret, message_id="m", timestamp=1, body=b"")


@pytest.mark.laws
@law()
@given(st.ip_addresses())
def test_no_address_is_public_that_pythons_own_tables_call_otherwise(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(ip):
        assert ip.is_global
        assert not any((ip.is_private, ip.is_loopback, ip.is_link_local, ip.is_multicast))


@pytest.mark.laws
@law()
@given(st.sampled_from(UNREACHABLE).flatmap(lambda network: st.ip_addresses(network=network)))
def test_no_address_of_a_network_of_special_purpose_is_public(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not any(ip in network for network in REACHABLE):
        assert not is_public(ip)


@pytest.mark.parametrize("network", UNREACHABLE, ids=str)
def test_neither_end_of_a_network_of_special_purpose_is_public(network: Network) -> None:
    assert not is_public(network[0])
    assert not is_public(network[-1])


@pytest.mark.laws
@law()
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(network="2000::/3")))
def test_every_other_address_is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not any(ip in network for network in (*UNREACHABLE, *REACHABLE)):
        assert is_public(ip)


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1"),
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::7f00:1",
        ),
    ],
)
def test_what_is_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


def test_public_addresses() -> None:
    assert all(
        is_public(ipaddress.ip_address(text)) for text in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8")
    )


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://example.org/hook", "use https"),
        ("https://b\u00fccher.example/hook", "xn--"),
        ("https://user:secret@example.org/", "password"),
        ("https://example.org/#x", "fragment"),
        ("ftp://example.org/", "no web address"),
        ("https://" + "a" * 600 + ".example/", "characters"),
    ],
)
def test_an_address_that_no_webhook_may_have(address: str, words: str) -> None:
    with pytest.raises(NotAllowed, match=words):
        require_usable(address)
    with pytest.raises(CommandError):
        call_command("webhook", "add", address)
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f000001", "127.1"])
def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    with pytest.raises(NotAllowed):
        resolve(f"https://{host}/hook")


def test_a_name_is_resolved_once_and_all_that_it_has_must_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"both.example": ["8.8.8.8", "10.0.0.1"], "good.example": ["8.8.8.8"]}
    asked: list[str] = []

    def lookup(host: str, port: int, **_options: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in answers[host]]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(NotAllowed, match="not public"):
        resolve("https://both.example/")
    place = resolve("https://good.example:8443/a?b=1")
    assert (place.url, place.host, place.host_header) == (
        "https://8.8.8.8:8443/a?b=1",
        "good.example",
        "good.example:8443",
    )
    assert asked == ["both.example", "good.example"]
    answers["good.example"] = ["127.0.0.1"]  # rebinding: the next message is not sent there either
    message = WebhookMessage(
        address="https://good.example/", message_id="m", body=b"", secrets=[signing.make_secret()]
    )
    assert "not public" in exchange.send(message).fault


def test_a_secret_that_is_none_is_a_fault_of_its_attempt() -> None:
    message = WebhookMessage(address="https://8.8.8.8/", message_id="m", body=b"", secrets=["whsec_AAAA"])
    assert "in base64" in exchange.send(message).fault


def test_a_receiver_has_all_the_time_to_answer_that_the_documentation_gives_it() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    assert f"Answer 2xx within {exchange.LIMITS.total_s:.0f} seconds" in text
    assert exchange.TIMEOUT.read == exchange.TIMEOUT.write == exchange.LIMITS.total_s

"""Nothing within is reached from without."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from monitor.collect.guard import is_inner_name, is_refused, literal_address, networks_for, refusal_of_url

INNER = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2001:10::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2002:808:808::",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "3fff::1",
    "5f00::1",
    "nonsense",
]
OUTER = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "2a00:1450:4001::200e"]


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_refused(address: str) -> None:
    assert is_refused(address)


@pytest.mark.parametrize("address", OUTER)
def test_public_addresses_are_not(address: str) -> None:
    assert not is_refused(address)


def test_a_configured_network_is_allowed_also_in_its_mapped_form() -> None:
    allow = [ip_network("127.0.0.0/8"), ip_network("fd00::/8")]
    assert not any(is_refused(address, allow) for address in ("127.0.0.1", "::ffff:127.0.0.1", "fd00::1"))
    assert is_refused("10.0.0.1", allow)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("example.org", "None"),
        ("1.example", "None"),
    ],
)
def test_spellings_of_an_address_are_understood(host: str, address: str) -> None:
    assert str(literal_address(host)) == address


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "printer.local", "db.internal", "intranet"])
def test_inner_names_are_known(host: str) -> None:
    assert is_inner_name(host)


def test_other_names_are_not_inner() -> None:
    assert not is_inner_name("example.org")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.org/a?b=c", None),
        ("http://example.org:8080/", None),
        ("ftp://example.org/", "bad scheme"),
        ("file:///etc/passwd", "bad scheme"),
        ("gopher://127.0.0.1:25/_HELO", "bad scheme"),
        ("http://example.org:25/", "bad port"),
        ("http://example.org:6379/", "bad port"),
        ("http://example.org\\@127.0.0.1/", "bad url"),
        ("http://example.org/a b", "bad url"),
        ("http://example.org/\r\nX: y", "bad url"),
        ("http:///path", "bad url"),
        ("http://[::1/", "bad url"),
        ("http://example.org:port/", "bad url"),
    ],
)
def test_refusal_of_url(url: str, reason: str | None) -> None:
    assert refusal_of_url(url) == reason


@pytest.mark.parametrize(
    ("url", "reachable", "refused"),
    [
        ("http://127.0.0.1:11434/v1", "127.0.0.1", "127.0.0.2"),
        ("http://0x7f.1/v1", "127.0.0.1", "10.0.0.1"),
        ("http://[::1]:8000/v1", "::1", "127.0.0.1"),
        ("http://gpu.internal/v1", "10.1.2.3", None),
        ("http://localhost/v1", "::1", None),
        ("https://api.example.com/v1", "10.0.0.9", "169.254.169.254"),  # within what is allowed
    ],
)
def test_a_client_for_one_url_reaches_the_inner_address_that_its_operator_wrote_and_no_other(url, reachable, refused):
    allow = networks_for(url, [ip_network("10.0.0.0/30"), ip_network("10.0.0.8/29")])
    assert not is_refused(reachable, allow)
    assert refused is None or is_refused(refused, allow)

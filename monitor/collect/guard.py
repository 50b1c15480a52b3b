"""URL, IP address -> may we connect there.  Pure.

Never resolves a name: the caller asks for every address that it is about to connect to, and connects to that address.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias
from urllib.parse import urlsplit

Network: TypeAlias = IPv4Network | IPv6Network
ANYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
Address: TypeAlias = IPv4Address | IPv6Address

# Beyond what `is_global` says: ways to carry an inner address inside an outer one, and a metadata service on a public address.
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata service
        "168.63.129.16/32",  # Azure's
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relay
        "198.18.0.0/15",  # benchmarks
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo, ORCHID and others of the IETF's
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)
# What answers there is no web server, and an HTTP request may do harm (WHATWG Fetch, "bad port").
_BAD_PORTS = frozenset(
    [1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103]
)
_BAD_PORTS |= {
    104,
    109,
    110,
    111,
    113,
    115,
    117,
    119,
    123,
    135,
    137,
    139,
    143,
    161,
    179,
    389,
    427,
    465,
    512,
    513,
    514,
    515,
}
_BAD_PORTS |= {
    526,
    530,
    531,
    532,
    540,
    548,
    554,
    556,
    563,
    587,
    601,
    636,
    993,
    995,
    2049,
    3306,
    5432,
    6379,
    6667,
    11211,
}
_INNER_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet", ".corp")


def refusal_of_url(url: str) -> str | None:
    """Return why `url` is not to be requested, judged by its form: "bad url", "bad scheme", "bad port"; else None."""
    if not url.isprintable() or "\\" in url or " " in url.strip():
        return "bad url"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "bad url"
    if parts.scheme not in ("http", "https"):
        return "bad scheme"
    if not host:
        return "bad url"
    return "bad port" if port in _BAD_PORTS else None


def is_refused(address: str, allow: Sequence[Network] = ()) -> bool:
    """True unless `address` is a public one or lies in a network of `allow`."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if is_allowed(ip, allow):
        return False
    return not ip.is_global or ip.is_multicast or any(ip in network for network in _REFUSED)


def is_allowed(ip: Address, allow: Sequence[Network]) -> bool:
    """True if a network of `allow` holds the address, also one written as IPv4-mapped."""
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return any(candidate in network for network in allow for candidate in (ip, mapped) if candidate is not None)


def networks_for(url: str, allow: Sequence[Network]) -> list[Network]:
    """Return what a client may reach that asks only `url`, which its operator wrote: the inner address that it names.

    A name that says it lies within may lead anywhere; another one only where `allow` lets it.
    """
    host = urlsplit(url).hostname or ""
    if literal := literal_address(host):
        return [ipaddress.ip_network(literal)]
    return list(ANYWHERE if is_inner_name(host) else allow)


def literal_address(host: str) -> Address | None:
    """Return the address that `host` spells, in any form that a resolver takes (127.1, 0x7f000001, 2130706433)."""
    if not host[:1].isdigit() and ":" not in host:  # most are names, and asking costs a tenth of a poll
        return None
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except (OSError, ValueError):
        return None


def is_inner_name(host: str) -> bool:
    """True for a name that by itself says it lies within: all that can be checked where a proxy resolves names."""
    name = host.lower().rstrip(".")
    return "." not in name or name.endswith(_INNER_NAMES)

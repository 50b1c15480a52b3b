"""URL -> canonical URL, key of the article, registrable domain.  Pure; what it knows of sites stands in tracking.toml.

Never fetches anything: whether two URLs serve one page is told by their form alone.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

import tldextract

_RULES = tomllib.loads(files("monitor.collect").joinpath("tracking.toml").read_text("utf-8"))
_PREFIXES = tuple(_RULES["prefixes"])
_NAMES = frozenset(_RULES["names"])
_VIEWS = frozenset(_RULES["views"])
_SOURCES = {f"{name}={value}" for name in _RULES["sources"]["names"] for value in _RULES["sources"]["values"]}
_HOST_NAMES = {host: frozenset(name.lower() for name in names) for host, names in _RULES["hosts"].items()}
_POINTERS = tuple(_RULES["pointers"]["hosts"])
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DEVICE_HOST = re.compile(r"^(?:www\d?|m|mobile|amp|touch|wap|edition)\.(?=[^.]+\.)")
_AMP_PATH = re.compile(r"/amp(?=/|$)|\.amp(?=\.html$|$)", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_UNSAFE = "!$&'()*+,;=:@/?%-._~[]|"  # what quoting leaves alone; escapes are kept as they are


def canonical_url(url: str) -> str:
    """Return the same address in its plainest form that can still be fetched; idempotent.  Not a web address: ''."""
    parts = _split(url)
    if parts is None:
        return ""
    scheme, authority, path, query, fragment = parts
    host = authority.partition(":")[0]
    kept = "&".join(pair for pair in query.split("&") if pair and not _tracks(pair, host))
    return urlunsplit((scheme, authority, path or "/", kept, fragment if fragment.startswith("!") else ""))


def article_key(url: str) -> str:
    """Return what is the same for every address of one article: no scheme, www, mobile or AMP form, closing slash."""
    parts = _split(canonical_url(url))
    if parts is None:
        return url.strip()
    _, authority, path, query, fragment = parts
    host = _DEVICE_HOST.sub("", authority)
    path = _AMP_PATH.sub("", path).rstrip("/")
    pairs = sorted(pair for pair in query.split("&") if pair and _name(pair) not in _VIEWS)
    return host + path + ("?" + "&".join(pairs) if pairs else "") + ("#" + fragment if fragment else "")


def address_key(url: str) -> str:
    """Return the article's key with the fragment: the entries of a changelog lead to places on one page."""
    fragment = url.partition("#")[2].strip()
    key = article_key(url)
    return f"{key}#{fragment}" if fragment and not fragment.startswith("!") else key


def absolute_url(url: str, base: str) -> str | None:
    """Return `url` canonical and absolute against `base`, or None where it leads to no web page."""
    return canonical_url(joined_url(url, base) or "") or None


def joined_url(url: str, base: str) -> str | None:
    """Return `url` absolute against `base`, otherwise as it is written, or None where it leads to no web page."""
    if not _trim(url):
        return None
    try:
        joined = urljoin(base, _trim(url))
    except ValueError:
        return None
    return joined if canonical_url(joined) else None


def is_pointer(url: str) -> bool:
    """True for the link of an aggregator or shortener: the article's own address is where it leads."""
    parts = _split(url)
    if parts is None:
        return False
    place = parts[1] + parts[2]
    return any(place == known or place.startswith(known + "/") for known in _POINTERS)


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@lru_cache(maxsize=20_000)
def registrable_domain(url_or_host: str) -> str:
    """Return 'bbc.co.uk' for 'https://feeds.bbc.co.uk/x'; an address or a bare name stands for itself."""
    host = urlsplit(url_or_host).hostname if "://" in url_or_host else url_or_host
    host = (host or "").lower().rstrip(".")
    return _suffixes()(host).top_domain_under_public_suffix or host


@cache
def _suffixes() -> tldextract.TLDExtract:
    """Read the Public Suffix List bundled with tldextract: no download, no cache on disk."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _split(url: str) -> tuple[str, str, str, str, str] | None:
    """Take a web address apart, host and escapes in their normal form, without user and password."""
    try:
        parts = urlsplit(_trim(url))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        return None
    name = _ascii_host(host)
    if name is None:
        return None
    authority = name if port in (None, _DEFAULT_PORTS[scheme]) else f"{name}:{port}"
    return scheme, authority, escaped(parts.path), escaped(parts.query), escaped(parts.fragment)


def _trim(url: str) -> str:
    """Drop what feeds wrap around a link: white space, line breaks, control characters."""
    return re.sub(r"[\x00-\x1f\x7f]", "", url).strip()


def _ascii_host(host: str) -> str | None:
    if ":" in host:
        return f"[{host.lower()}]"
    try:
        name = (host if host.isascii() else host.rstrip(".").encode("idna").decode()).lower().rstrip(".")
    except UnicodeError:
        return None
    return name if re.fullmatch(r"[a-z0-9_~.-]+", name) else None


def escaped(text: str) -> str:
    """Escape what must be, unescape what need not be, and write escapes in capitals (RFC 3986, section 6.2.2)."""

    def normal(match: re.Match[str]) -> str:
        character = unquote(match[0], "latin-1")
        return character if character in _UNRESERVED else match[0].upper()

    return quote(_ESCAPE.sub(normal, text), safe=_UNSAFE)


def _tracks(pair: str, host: str) -> bool:
    name = _name(pair)
    return name in _NAMES or name.startswith(_PREFIXES) or pair.lower() in _SOURCES or name in _host_names(host)


@lru_cache(maxsize=5_000)
def _host_names(host: str) -> frozenset[str]:
    """Find the rules of the host or of any domain above it."""
    labels = host.split(".")
    names = (_HOST_NAMES.get(".".join(labels[start:])) for start in range(len(labels)))
    return next((found for found in names if found), frozenset())


def _name(pair: str) -> str:
    return unquote(pair.partition("=")[0]).lower()

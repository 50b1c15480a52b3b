"""Bytes of a page -> text.  Pure; never fails: what cannot be decoded becomes U+FFFD.

Servers and templates lie about charsets, bytes seldom do: text that is valid UTF-8 and not plain ASCII is UTF-8, whatever
is declared.  Only then the declarations count, the server's before the page's, read as browsers read them.
"""

from __future__ import annotations

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_IN_META = re.compile(rb"<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_PRESCAN = 4096  # browsers look for <meta charset> in the first 1024 bytes; real templates put it later

# What a label means on the web (WHATWG Encoding Standard, section 4.2) where Python takes it more narrowly.
_MEANS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}


def decode(html: bytes, content_type: str = "") -> str:
    """Decode a page by its byte order mark, its bytes, its Content-Type and its <meta charset>, in this order."""
    return html.decode(find_charset(html, content_type), errors="replace").lstrip("\ufeff")


def find_charset(html: bytes, content_type: str = "") -> str:
    for mark, name in _BOMS:
        if html.startswith(mark):
            return name
    if 0 in html[:200]:  # UTF-16 without a mark: in markup every second byte is NUL
        return "utf-16-le" if html[1:2] == b"\0" else "utf-16-be"
    if not html.isascii() and _is_utf8(html):
        return "utf-8"
    return _declared(html, content_type) or _guess(html)


def _is_utf8(html: bytes) -> bool:
    """Tell whether the bytes are UTF-8; a character cut off by the size cap at the end is forgiven."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(html)
    except UnicodeDecodeError as error:
        return error.start > len(html) // 2 > 50_000  # one bad byte late in a long page does not make it Latin-1
    return True


def _declared(html: bytes, content_type: str) -> str | None:
    in_page = _IN_META.search(html[:_PRESCAN])
    in_header = _IN_HEADER.search(content_type)
    labels = [in_header.group(1) if in_header else "", in_page.group(1).decode("ascii", "replace") if in_page else ""]
    names = [_known(label) for label in labels]
    # UTF-8 was ruled out by the bytes, unless they are all ASCII: then any answer is right
    return next((name for name in names if name and (html.isascii() or name != "utf-8")), None)


def _known(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    return _MEANS.get(name, name) if name not in _NOT_TEXT else None


_NOT_TEXT = {"base64", "bz2", "hex", "quopri", "rot13", "uu", "zlib", "undefined", "idna", "punycode", "utf-7"}


def _guess(html: bytes) -> str:
    """Undeclared and not UTF-8: mostly broken UTF-8 if it has any, else the Western default of every browser."""
    pairs = len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", html))
    stray = len(re.findall(rb"[\x80-\xff]", html)) - 2 * pairs
    return "utf-8" if pairs > max(stray, 0) else "cp1252"

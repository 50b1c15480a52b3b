"""Markup of a title or summary -> plain NFC text; bytes of a feed -> its characters.  Pure.

Never resolves references and never trusts a declared encoding over what the bytes themselves show.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata

from lxml import etree

MAX_MARKUP = 200_000  # characters of one field that are read: ten times the longest text kept

# A text is HTML only if it holds a known tag or a comment: "x < y", "<3" and "<Name>" are words.
_MARKUP = re.compile(
    r"<(?:!--|!\[CDATA\[|/?(?:a|abbr|acronym|address|article|aside|audio|b|big|blockquote|body|br|button|caption|center|cite|code|col|dd"
    r"|del|details|dfn|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins"
    r"|kbd|label|li|link|main|map|mark|meta|nav|noscript|object|ol|option|p|param|picture|pre|q|s|samp|script|section|select|small"
    r"|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|tfoot|th|thead|time|tr|tt|u|ul|var|video|wbr)\b)",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
_UNSEEN = frozenset(["script", "style", "noscript", "iframe", "object", "svg", "template", "head"])
# Soft hyphens, zero-width spaces, direction marks, byte order marks: they hide a name from a reader of text.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
_WRAP = re.compile(r"(?<!\n)[^\S\n]*\n[^\S\n]*(?!\n)")  # one line break within a paragraph

_BOMS = (  # the four-byte ones first: UTF-32-LE begins like UTF-16-LE
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARKS = (  # "<" without a mark, XML 1.0, appendix F.1
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_WIDE = re.compile(r"utf[_-]?(?:16|32)|ucs-?[24]|unicode$|iso-10646-ucs", re.IGNORECASE)
# Encodings whose declared name stands for a wider one in practice (WHATWG Encoding Standard, section 4.2).
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
}
_WIDER |= {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
}
_WIDER |= {"x-sjis": "cp932", "windows-31j": "cp932", "tis-620": "cp874"}


def plain_text(value: str, limit: int | None = None) -> str:
    """Return the text of `value`, markup or not, entities decoded once, paragraphs as lines, at most `limit` long."""
    text = value[:MAX_MARKUP].replace("\r\n", "\n")
    if "<" in text and _MARKUP.search(text):
        text = _text_of_html(text)
    elif "&" in text:
        text = html.unescape(_WRAP.sub(" ", text))
    else:
        text = _WRAP.sub(" ", text)
    if "<" in text and _MARKUP.search(text):  # escaped twice: what remains would be shown as tags
        text = _text_of_html(text)
    return _tidy(text)[:limit].rstrip()


def plain_line(value: str, limit: int | None = None) -> str:
    """Return the text of `value` on one line."""
    return plain_text(value).replace("\n", " ")[:limit].rstrip()


def decode_body(body: bytes, content_type: str = "") -> str:
    """Return the characters of an XML or JSON document.

    What the bytes show goes before what is declared: a byte order mark, then UTF-8 that proves itself by its sequences
    (single foreign bytes in it are read as windows-1252), then the XML declaration, then the charset of the answer.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace").lstrip("\ufeff")
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    return _decode_utf8(body) or _decode_declared(body, content_type)


def _decode_utf8(body: bytes) -> str | None:
    """Decode if the document's non-ASCII characters are UTF-8 by and large; None if there are none or they are not."""
    if body.isascii():
        return None
    text = body.decode("utf-8", _FOREIGN)
    foreign = text.count("\ue000")  # how many bytes did not fit
    fitting = (len(body) - len(body.decode("ascii", "ignore")) - foreign) // 2
    if fitting <= 2 * foreign:
        return None
    return text.replace("\ue000", "")


def _decode_declared(body: bytes, content_type: str) -> str:
    declared = _DECLARED.match(body)
    charset = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    names = (declared[1].decode("ascii") if declared else "", charset[1] if charset else "")
    for name in filter(None, names):
        if _WIDE.match(name) and b"\0" not in body:  # .NET writes "utf-16" over what it then sends as UTF-8
            continue
        try:
            return body.decode(_WIDER.get(name.lower().replace("_", "-"), name))
        except (LookupError, UnicodeError, ValueError):
            continue
    return body.decode("cp1252", "replace")


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as windows-1252, each marked by U+E000, so that they can be counted."""
    assert isinstance(error, UnicodeDecodeError)
    if error.reason == "unexpected end of data":  # cut in the middle of a character
        return "", error.end
    bad = error.object[error.start : error.end]
    return "".join("\ue000" + character for character in bad.decode("cp1252", "replace")), error.end


_FOREIGN = "monitor.windows-1252"
codecs.register_error(_FOREIGN, _as_windows_1252)


def _text_of_html(markup: str) -> str:
    try:
        root = etree.fromstring(
            _INVISIBLE.sub("", markup), etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
        )
    except (etree.XMLSyntaxError, ValueError):
        return html.unescape(re.sub(r"<[^<>]*>", " ", markup))
    return "".join(_pieces(root)) if root is not None else ""


def _pieces(root: etree._Element) -> list[str]:
    """Walk the tree without recursion (hostile nesting): text in order, a line break around every block."""
    pieces: list[str] = []
    unseen = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        hidden = tag in _UNSEEN
        if event == "start":
            unseen += hidden
            if tag in _BLOCKS:
                pieces.append("\n")
            if not unseen:
                pieces.append(_SPACES.sub(" ", element.text or ""))
            continue
        unseen -= hidden
        if tag in _BLOCKS:
            pieces.append("\n")
        if not unseen:
            pieces.append(_SPACES.sub(" ", element.tail or ""))
    return pieces


def _tidy(text: str) -> str:
    text = _LINES.sub("\n", _BLANKS.sub(" ", _INVISIBLE.sub("", text)))
    return unicodedata.normalize("NFC", text.strip())

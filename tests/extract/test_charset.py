import pytest

from monitor.extract.charset import decode

NAME = "Baptiste Rozière und Łukasz Øre"
WEST = "Baptiste Rozière, “CTO”"


@pytest.mark.parametrize(
    "declared", ["", "text/html; charset=iso-8859-1", "text/html; charset=nonsense", "text/html; charset=hex"]
)
def test_utf_8_bytes_are_utf_8_whatever_is_declared(declared: str) -> None:
    assert decode(f"<meta charset=windows-1252>{NAME}".encode(), declared).endswith(NAME)


def test_latin_1_means_windows_1252_on_the_web() -> None:
    assert decode(WEST.encode("cp1252"), "text/html; charset=ISO-8859-1") == WEST


def test_latin_bytes_declared_utf_8_are_read_as_the_western_default() -> None:
    assert decode(WEST.encode("cp1252"), "text/html; charset=utf-8") == WEST


def test_the_server_is_believed_before_the_page() -> None:
    html = '<meta charset="iso-8859-1">' + "Привет"
    assert decode(html.encode("koi8-r"), "text/html; charset=koi8-r").endswith("Привет")


@pytest.mark.parametrize("charset", ["shift_jis", "euc-jp", "gb2312", "euc-kr", "big5", "iso-2022-jp"])
def test_eastern_pages_declare_themselves(charset: str) -> None:
    word = {"euc-kr": "한국어", "gb2312": "中国", "big5": "中國"}.get(charset, "日本語")
    html = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}">{word}'
    assert decode(html.encode(charset)).endswith(word)


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_marks_and_nul_bytes_tell_unicode(charset: str) -> None:
    assert decode(f"<html>{NAME}".encode(charset)) == f"<html>{NAME}"


def test_a_character_cut_by_the_size_cap_does_not_spoil_the_rest() -> None:
    assert decode((NAME + "ø").encode()[:-1]).startswith(NAME)


def test_one_bad_byte_in_a_long_page_does_not_spoil_the_rest() -> None:
    assert NAME in decode((NAME * 5000).encode() + b"\xff" + NAME.encode())

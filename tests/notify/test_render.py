"""What people read: headlines like a wire's, safe on a terminal, in a header and in HTML."""

import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Kind, Move, Status
from monitor.notify.render import flatten, render_html, render_line, render_subject, render_text
from monitor.notify.rules import AlertRules, conclude
from tests.builders import NOW, a_move, some_evidence

RULES = AlertRules()
TEXT = st.text(st.characters(), min_size=1, max_size=300)  # lone surrogates and control characters too
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)  # the ledger holds UTF-8


def payload_of(move: Move) -> dict[str, object]:
    alert = conclude(None, move, rules=RULES, now=NOW).alert
    assert alert is not None
    return dict(alert.payload)


def update_of(before: Move, **changes: Any) -> dict[str, object]:
    told = conclude(None, before, rules=RULES, now=NOW).move
    alert = conclude(told, replace(told, **changes), rules=RULES, now=NOW).alert
    assert alert is not None
    return dict(alert.payload)


@pytest.mark.parametrize(
    "changes, headline",
    [
        ({}, "Ada Lovelace leaves Meta for Cohere (reported)"),
        ({"status": Status.CONSIDERED}, "Ada Lovelace may leave Meta for Cohere (considered)"),
        ({"status": Status.DENIED}, "Ada Lovelace not leaving Meta for Cohere (denied)"),
        ({"kind": Kind.LEAVE, "to_org": None}, "Ada Lovelace leaves Meta (reported)"),
        ({"kind": Kind.JOIN, "from_org": None}, "Ada Lovelace joins Cohere as chief scientist (reported)"),
        ({"kind": Kind.JOIN, "from_org": None, "role": None}, "Ada Lovelace joins Cohere (reported)"),
        ({"kind": Kind.FOUND, "from_org": None}, "Ada Lovelace founds Cohere (reported)"),
        ({"kind": Kind.FOUND}, "Ada Lovelace leaves Meta to found Cohere (reported)"),
        ({"kind": Kind.FOUND, "from_org": None, "to_org": None}, "Ada Lovelace founds a company (reported)"),
        ({"kind": Kind.ROLE, "from_org": "Cohere"}, "Ada Lovelace becomes chief scientist at Cohere (reported)"),
        ({"kind": Kind.ROLE, "role": None, "from_role": "CTO"}, "Ada Lovelace steps down as CTO at Cohere (reported)"),
        ({"kind": Kind.ROLE, "role": None}, "Ada Lovelace changes role at Cohere (reported)"),
        ({"kind": Kind.BOARD}, "Ada Lovelace joins the board of Cohere (reported)"),
        ({"kind": Kind.BOARD, "to_org": None}, "Ada Lovelace leaves the board of Meta (reported)"),
    ],
)
def test_a_new_move_reads_like_a_headline(changes: dict[str, Any], headline: str) -> None:
    assert render_subject(payload_of(a_move(**changes))) == headline


def test_an_update_says_what_is_new() -> None:
    before = a_move(kind=Kind.LEAVE, to_org=None)
    payload = update_of(before, to_org="Cohere", kind=Kind.MOVE, status=Status.CONFIRMED)
    assert render_subject(payload) == (
        "Update: Ada Lovelace leaves Meta for Cohere (confirmed) – status reported → confirmed, destination known: Cohere"
    )


def test_the_log_line_holds_headline_source_and_ids() -> None:
    move = a_move()
    assert render_line(payload_of(move)) == (
        "2025-06-10T12:00:00.123456Z move.new Ada Lovelace leaves Meta for Cohere (reported)"
        f" outlet.example https://outlet.example/1 [move {move.id} #1]"
    )


@pytest.mark.parametrize("render", [render_text, render_html])
def test_text_and_html_hold_every_sentence_with_its_link(render: Any) -> None:
    evidence = (some_evidence(), some_evidence(claim_key="2", sentence="She has signed.", url="https://b.example/2"))
    document = render(payload_of(a_move(evidence=evidence)))
    for each in evidence:
        assert each.sentence in document
        assert each.url in document
    assert "chief scientist" in document
    assert "10 June 2025" in document


def test_a_mail_shows_five_pieces_of_evidence_and_counts_the_others() -> None:
    evidence = tuple(some_evidence(claim_key=str(n), sentence=f"Sentence {n}.") for n in range(8))
    text = render_text(payload_of(a_move(evidence=evidence)))
    assert text.count("Sentence") == 5
    assert "3 more in the ledger" in text


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))


@given(NAME, TEXT, TEXT)
def test_no_text_of_an_article_becomes_markup(name: str, sentence: str, title: str) -> None:
    plain = payload_of(a_move("x", evidence=(some_evidence(sentence="x", title="x"),)))
    hostile = payload_of(
        a_move(name + "<b>", evidence=(some_evidence(sentence=sentence + "<i>", title=title + "</a>"),))
    )
    assert tags_of(hostile) == tags_of(plain)


def tags_of(payload: dict[str, object]) -> list[str]:
    parser = Tags()
    parser.feed(render_html(payload))
    return [tag for tag, _ in parser.seen]


def test_a_link_that_runs_a_script_is_no_link() -> None:
    document = render_html(payload_of(a_move(evidence=(some_evidence(url="javascript:alert(1)"),))))
    assert "javascript" not in document


def test_a_template_in_an_article_is_not_run() -> None:
    payload = payload_of(a_move(evidence=(some_evidence(sentence="{{ 7 * 7 }} {% raw %}"),)))
    assert "{{ 7 * 7 }} {% raw %}" in render_text(payload)


@given(TEXT)
def test_a_flat_text_has_one_line_and_no_terminal_codes(text: str) -> None:
    flat = flatten(text + "\r\n\x1b[31m\u202e")
    assert not {unicodedata.category(char) for char in flat} & {"Cc", "Cs", "Zl", "Zp"}
    assert "\u202e" not in flat
    assert flatten(flat) == flat


@given(st.builds(a_move, NAME, to_org=st.none() | TEXT, role=TEXT, kind=st.sampled_from(Kind)))
def test_any_move_renders(move: Move) -> None:
    payload = payload_of(move)
    assert len(render_subject(payload)) <= 250
    assert "\n" not in render_line(payload)
    assert render_text(payload)

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extract.fingerprint import Fingerprint, containment, fingerprint, is_copy
from monitor.model import Article

STORIES = Path(__file__).parents[1] / "cases/copies"
WIRE = (STORIES / "wire.txt").read_text()
OTHER = (STORIES / "other_outlet_same_event.txt").read_text()


def sketch(text: str, title: str = "") -> Fingerprint:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return fingerprint(Article(url="https://news.example/a", title=title, text=text, published_at=at))


def cut(text: str) -> str:
    return text[: len(text) // 2]


def framed(text: str) -> str:
    return f"BERLIN (Newswire) - Business and technology from our partners.\n{text}\nThis story was edited for length."


def requoted(text: str) -> str:
    return text.replace("“", '"').replace("”", '"').replace("’", "'").upper()


def fewer_paragraphs(text: str) -> str:
    return "\n".join(line for number, line in enumerate(text.splitlines()) if number % 4 != 1)


@pytest.mark.parametrize("edit", [str, cut, framed, requoted, fewer_paragraphs])
def test_an_edited_copy_is_a_copy_either_way_round(edit: object) -> None:
    original, copy = sketch(WIRE, "One title"), sketch(edit(WIRE), "Another")
    assert is_copy(original, copy)
    assert is_copy(copy, original)


@pytest.mark.parametrize("edit", [str, cut, framed, requoted, fewer_paragraphs])
def test_a_copy_is_found_by_its_keys(edit: object) -> None:
    assert set(sketch(WIRE).keys) & set(sketch(edit(WIRE)).keys)


def test_another_outlets_words_on_the_same_event_are_no_copy() -> None:
    assert not is_copy(sketch(WIRE), sketch(OTHER))


def test_sharing_the_quotes_and_the_companys_last_paragraph_makes_no_copy() -> None:
    boilerplate = WIRE.splitlines()[-1]
    assert not is_copy(sketch(WIRE), sketch(f"{OTHER}\n{boilerplate}"))


@pytest.mark.parametrize("text", ["", "Ann Lee leaves Acme", "Ann Lee leaves Acme for Calder after four years"])
def test_a_headline_is_no_copy_of_anything(text: str) -> None:
    assert not is_copy(sketch(text), sketch(text))


def test_scripts_without_blanks_are_compared_too() -> None:
    sentence = "研究所は火曜日に新しい所長を任命したと発表した。これまでの所長は九月に退任する予定だという。"
    assert is_copy(sketch(sentence), sketch(sentence + "詳しくは後ほどお伝えする。"))


@given(seed=st.integers(), size=st.integers(50, 400), kept=st.floats(0.3, 1.0))
def test_containment_is_symmetric_and_close_to_the_truth(seed: int, size: int, kept: float) -> None:
    source = random.Random(seed)
    words = [f"w{source.randrange(10**6)}" for _ in range(size)]
    whole, part = sketch(" ".join(words)), sketch(" ".join(words[: int(size * kept)]))
    assert containment(whole, part) == containment(part, whole)
    assert containment(whole, part) >= 0.6

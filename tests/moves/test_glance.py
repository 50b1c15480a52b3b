"""The glance: which sentences the network need read, and what is left out of its windows."""

import pytest

from monitor.moves.glance import BUCKETS, LEAST, Glance, grams
from monitor.moves.learned import MODEL
from monitor.moves.learned_names import find_names
from monitor.moves.learned_tokens import Name, Part, WordPieces, spread, windows

IDLE = "The river rose by two feet after a week of heavy rain."
TELLING = "Orla Penhaligon is leaving Quillmark to run research at Vantory."


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    return WordPieces(MODEL / "vocabulary.txt")


@pytest.fixture(scope="module")
def glance() -> Glance:
    return Glance(MODEL / "glance.npy")


def odds(glance: Glance, pieces: WordPieces, sentence: str) -> float:
    types = spread(find_names(sentence, ""), len(sentence) + 1)
    cut = pieces.cut(sentence, 0, len(sentence))
    return glance.odds(cut, [types[s] for s in cut.start])


@pytest.mark.parametrize(
    "sentence",
    [
        TELLING,
        "Harlow Biotics has named Teodor Vance its chief executive.",
        "Mira Solano, who founded the start-up in 2019, will step down as CEO in March.",
        "Her departure comes two weeks after the merger.",
        "Brightwell poaches Kestrel’s Anselm Roy",
        "He denied that he was leaving the company.",
    ],
)
def test_a_sentence_that_may_tell_is_read(glance, pieces, sentence):
    assert odds(glance, pieces, sentence) >= LEAST


@pytest.mark.parametrize(
    "sentence",
    [
        IDLE,
        "Shares of the company fell by 3 percent on Monday.",
        "Users can now export their photographs as a single file.",
        "The film opens in cinemas across the country on Friday.",
    ],
)
def test_a_sentence_that_tells_of_no_move_is_not(glance, pieces, sentence):
    assert odds(glance, pieces, sentence) < LEAST


def test_who_is_named_does_not_matter(glance, pieces):
    other = TELLING.replace("Orla Penhaligon", "Bertrand Achterberg")
    assert odds(glance, pieces, TELLING) == pytest.approx(odds(glance, pieces, other))


def test_grams_fall_into_the_buckets_and_count_once(pieces):
    cut = pieces.cut("no no no no", 0, 11)
    found = grams(cut, [0] * 4)
    assert len(found) == len(set(found.tolist())) < 14
    assert int(found.max()) < BUCKETS


def test_a_sentence_of_one_word_has_grams(pieces):
    assert len(grams(pieces.cut("Yes", 0, 3), [Name.NONE])) == 6


def test_windows_hold_what_tells_and_what_stands_beside_it(glance, pieces):
    text = " ".join([IDLE] * 6 + [TELLING] + [IDLE] * 6)
    (window,) = windows(pieces, "News of the week", text, find_names("News of the week", text), glance)
    full = f"News of the week\n{text}"
    assert full[window.start[window.parts.index(Part.BODY)] : max(window.end)] == f"{IDLE} {TELLING} {IDLE}"


def test_a_text_that_tells_nothing_has_no_window(glance, pieces):
    assert not list(windows(pieces, "Rivers rise", IDLE, (), glance))

"""The learned reader: offsets, windows, people, merging, and what the shipped network must not get wrong."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from monitor.model import Claim, Kind
from monitor.moves import learned, learned_people
from monitor.moves.learned import MODEL, LearnedReader
from monitor.moves.learned_decode import (
    EVIDENCE,
    FROM,
    KINDS,
    NAMED,
    PERSON,
    TO,
    TOLD,
    Answer,
    Draft,
    Pointers,
    drafts,
    mark_told,
)
from monitor.moves.learned_merge import merge
from monitor.moves.learned_names import find_names
from monitor.moves.learned_people import find_name, find_people, tidy
from monitor.moves.learned_tokens import (
    MAX_WINDOW,
    Name,
    Part,
    Shape,
    Window,
    WordPieces,
    is_title_case,
    sentences,
    shape_of,
    windows,
)

DAY = datetime(2025, 6, 10, tzinfo=UTC)
LONG = " ".join(f"Sentence number {n} says that nobody moves anywhere today." for n in range(60))


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    return WordPieces(MODEL / "vocabulary.txt")


@pytest.fixture(scope="module")
def reader() -> LearnedReader:
    return LearnedReader()


def test_every_piece_stands_where_its_offsets_say(pieces):
    text = "Zoë Müller’s €5bn start-up hires İpek Ünlü (ex-OpenAI) 🎉"
    cut = pieces.cut(text, 0, len(text))
    assert "".join(text[a:b] for a, b in dict.fromkeys(zip(cut.start, cut.end, strict=True))) == text.replace(" ", "")


def test_a_stretch_keeps_offsets_of_the_whole_text(pieces):
    text = "skip this. Apple hires"
    assert pieces.cut(text, 11, len(text)).start == [11, 17]


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("leaves", Shape.LOWER),
        ("Apple", Shape.TITLE),
        ("CEO", Shape.UPPER),
        ("OpenAI", Shape.MIXED),
        ("2025", Shape.DIGIT),
        ("—", Shape.OTHER),
        ("X", Shape.TITLE),
    ],
)
def test_the_shape_tells_what_lower_casing_loses(word, shape):
    assert shape_of(word) is shape


def test_windows_fit_and_carry_the_title_and_lose_no_sentence(pieces):
    title = "Nobody moves"
    cut = list(windows(pieces, title, LONG))
    assert len(cut) > 3
    assert all(len(w) <= MAX_WINDOW and w.start[1] == 0 for w in cut)
    covered = {o for w in cut for o in w.start}
    assert all(len(title) + 1 + LONG.index(f"number {n} ") in covered for n in range(60))


def test_neighbouring_windows_share_a_sentence(pieces):
    first, second = list(windows(pieces, "Nobody moves", LONG))[:2]
    assert set(first.start) & set(second.start) - {-1} - set(range(13))


def test_a_title_without_text_is_one_window(pieces):
    assert len(list(windows(pieces, "Apple hires Jane Roe", ""))) == 1


def test_initials_and_titles_end_no_sentence():
    text = "Mr. J. Roe of Acme Inc. left. She is Dr. No."
    assert [text[a:b] for a, b in sentences(text)] == ["Mr. J. Roe of Acme Inc. left.", "She is Dr. No."]


def test_the_short_name_of_a_month_ends_no_sentence():
    text = "Jane Roe joins Acme on Aug. 14. John Doe left on Jan. 1."
    assert [text[a:b] for a, b in sentences(text)] == ["Jane Roe joins Acme on Aug. 14.", "John Doe left on Jan. 1."]


def test_title_case_is_seen():
    assert is_title_case("Apple Hires Jane Roe From Google")
    assert not is_title_case("Apple hires Jane Roe from Google")


def test_a_surname_alone_belongs_to_the_fuller_name():
    text = "Jane Roe left. Roe said so. Roes do."
    (person,) = find_people(["Roe", "Jane Roe"], text)
    assert person.name == "Jane Roe"
    assert [text[a:b] for a, b in person.spans] == ["Jane Roe", "Roe"]


def test_a_surname_inside_another_full_name_is_not_his():
    text = "Jane Roe met John Roe."
    assert find_name("Jane Roe", text, ["John Roe"]) == [(0, 8)]


def test_windows_tell_what_the_frames_take_for_a_name(pieces):
    title = "Google researcher Priya Raman leaves for Anthropic"
    (window,) = windows(pieces, title, "", find_names(title, ""))
    types = dict(zip(window.start, window.names, strict=True))
    told = {word: types[title.index(word)] for word in ("Google", "researcher", "Priya", "leaves")}
    assert told == {"Google": Name.ORGANISATION, "researcher": Name.ROLE, "Priya": Name.PERSON, "leaves": Name.NONE}


def test_a_surname_of_two_people_joins_neither():
    assert {p.name for p in find_people(["Jane Roe", "John Roe", "Roe"], "Jane Roe, John Roe. Roe left.")} >= {
        "Jane Roe",
        "John Roe",
    }


def test_tidy_takes_off_quotes_and_possessives_but_keeps_jr():
    text = "“Jane Roe’s” Robert Downey Jr."
    assert text[slice(*tidy(text, 0, 11))] == "Jane Roe"
    assert text[slice(*tidy(text, 13, len(text)))] == "Robert Downey Jr."


def answer(window, kind: Kind, sides: dict[int, dict[int, float]]) -> Answer:
    """An answer that is sure of `kind` and whose pointers hold the given logits: field -> piece -> logit."""
    pointers = np.full((2, 5, 2, len(window)), -5.0, dtype=np.float32)
    for field, logits in sides.items():
        for piece, logit in logits.items():
            pointers[:, field, :, piece] = logit
    kinds = np.array([[8.0 if k is kind else 0.0 for k in KINDS]] * 2, dtype=np.float32)
    return Answer(np.array([4.0, -9.0], dtype=np.float32), kinds, np.zeros((2, 4), dtype=np.float32), pointers)


def test_nobody_moves_from_a_company_to_itself(pieces):
    title = "Roe moves from Apple to Meta"
    (window,) = windows(pieces, title, "")
    apple, meta = 4, 6
    sides = {FROM: {apple: 5.0}, TO: {apple: 5.0, meta: 4.0}}
    (found,) = drafts(answer(window, Kind.MOVE, sides), window, [1], 0.5)
    assert (title[slice(*found.from_org)], title[slice(*found.to_org)]) == ("Apple", "Meta")


def test_what_is_said_for_a_name_is_the_sum_over_its_places(pieces):
    title = "Apple sighs: Apple loses Roe to Meta"
    (window,) = windows(pieces, title, "")
    once, again, meta = (window.start.index(at, 1) for at in (0, 13, title.index("Meta")))
    (found,) = drafts(answer(window, Kind.LEAVE, {FROM: {once: 2.0, again: 2.0, meta: 2.4}}), window, [], 0.5)
    assert title[slice(*found.from_org)] == "Apple"


def test_no_name_runs_on_over_many_small_words(pieces):
    title = "Roe is back at Meta after five years at Apple"
    (window,) = windows(pieces, title, "")
    meta, apple = (window.start.index(title.index(name)) for name in ("Meta", "Apple"))
    pointers = np.full((2, 5, 2, len(window)), -9.0, dtype=np.float32)
    pointers[:, FROM, 0, meta] = pointers[:, FROM, 1, apple] = 5.0
    pointers[:, FROM, 1, meta] = 1.0
    named = Pointers(pointers[0], window, []).best(FROM).span
    assert title[slice(*named)] == "Meta"


def test_a_barred_piece_is_no_side(pieces):
    title = "Roe replaces Smith at Meta"
    (window,) = windows(pieces, title, "")
    smith, meta = 3, 5
    (found,) = drafts(
        answer(window, Kind.JOIN, {FROM: {0: 5.0}, TO: {smith: 6.0, meta: 4.0}}),
        window,
        [1, smith],
        0.5,
    )
    assert (found.kind, title[slice(*found.to_org)], found.from_org) == (Kind.JOIN, "Meta", None)


def draft(kind: Kind, full: str, origin: str | None, target: str | None, confidence: float) -> Draft:
    sides = [None if o is None else (full.index(o), full.index(o) + len(o)) for o in (origin, target)]
    return Draft(
        kind,
        *sides,
        status=None,
        background=False,
        logit_exists=0,
        log_kind=0,
        log_sides=0,
        person="Jane Roe",
        confidence=confidence,
    )


def test_the_second_question_marks_what_the_first_answer_told(pieces):
    title = "Roe joined Apple in 2001 and became editor in 2013"
    (window,) = windows(pieces, title, "")
    told = draft(Kind.JOIN, title, None, "Apple", 0.9)
    told.evidence = (0, title.index(" and"))
    marks = np.zeros(len(window), dtype=np.int64)
    marks[1] = PERSON
    marked = mark_told(marks, [told], window)
    by = {title[a:b]: int(m) for a, b, m in zip(window.start, window.end, marked, strict=True) if b > 0}
    assert by["Roe"] == PERSON
    assert (by["joined"], by["Apple"], by["2001"], by["became"], by["2013"]) == (TOLD, NAMED, TOLD, 0, 0)
    assert not marks[2:].any()


def test_a_further_step_of_a_career_stands_beside_the_first():
    full = "Jane Roe joined Apple in 2001, became editor in 2013 and publisher in 2020."
    joined = draft(Kind.JOIN, full, None, "Apple", 0.9)
    roles = [draft(Kind.ROLE, full, "Apple", "Apple", 0.8 - n / 10) for n in range(3)]
    for role, name in zip(roles, ("editor", "publisher", "publisher"), strict=True):
        role.role = (full.index(name), full.index(name) + len(name))
    for one in (joined, *roles):
        one.background, one.further = True, one is not joined
    assert merge([joined, *roles], full, {"complete_from": 0.5}) == [joined, *roles[:2]]


def test_a_departure_and_an_arrival_told_apart_become_one_move():
    full = "Jane Roe left Apple. She joins Meta."
    (one,) = merge(
        [draft(Kind.LEAVE, full, "Apple", None, 0.9), draft(Kind.JOIN, full, None, "Meta", 0.8)],
        full,
        {"complete_from": 0.5},
    )
    assert (one.kind, full[slice(*one.from_org)], full[slice(*one.to_org)]) == (Kind.MOVE, "Apple", "Meta")


def test_an_unlikely_other_side_completes_nothing():
    full = "Jane Roe left Apple. She joins Meta."
    (one,) = merge(
        [draft(Kind.LEAVE, full, "Apple", None, 0.9), draft(Kind.JOIN, full, None, "Meta", 0.2)],
        full,
        {"complete_from": 0.5},
    )
    assert one.kind is Kind.LEAVE


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Anthropic hires Priya Raman as chief scientist", ("Priya Raman", Kind.JOIN, None, "Anthropic")),
        ("Dropbox CFO Lars Okafor steps down", ("Lars Okafor", Kind.LEAVE, "Dropbox", None)),
        ("Meta poaches Apple’s Mei Castellanos", ("Mei Castellanos", Kind.MOVE, "Apple", "Meta")),
    ],
)
def test_the_shipped_network_reads_plain_headlines(reader, title, said):
    (claim,) = [c for c in reader.read(title, "", DAY).claims if not c.background]
    assert (claim.person, claim.kind, claim.from_org, claim.to_org) == said


@pytest.mark.parametrize(
    "title",
    [
        "Stripe unveils new payments tool",
        "Nvidia shares fall after results",
        "Priya Raman, who leads research at Apple, says chips matter",
    ],
)
def test_the_shipped_network_claims_nothing_where_nobody_moves(reader, title):
    assert not [c for c in reader.read(title, "", DAY).claims if c.confidence > 0.5]


def test_evidence_is_an_exact_stretch_of_the_text_and_reading_is_repeatable(reader):
    title, text = (
        "Changes at Sonos",
        "Sonos said on Monday that Patrick Oduya will step down as CEO. Mira Chen succeeds him.",
    )
    full, first = f"{title}\n{text}", reader.read(title, text, DAY)
    assert first.claims
    assert first == LearnedReader().read(title, text, DAY)
    assert all(c.span.of(full) == c.evidence and c.evidence and c.rule == "learned" for c in first.claims)


def test_a_true_claim_scores_above_its_reverse_and_an_absent_name_scores_nothing(reader):
    title = "Google researcher Priya Raman leaves for Anthropic"
    true, false, absent = (
        Claim(person=p, kind=Kind.MOVE, from_org=a, to_org=b)
        for p, a, b in [
            ("Priya Raman", "Google", "Anthropic"),
            ("Priya Raman", "Anthropic", "Google"),
            ("Jane Roe", "Google", "Anthropic"),
        ]
    )
    news, history = reader.score(title, "", true)
    assert news > history
    assert news > 2 * reader.score(title, "", false)[0]
    assert reader.score(title, "", absent) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "🎉" * 400,
        "A" * 5000,
        "(" * 3000,
        "Jane Roe " * 500,
        " " * 20_000,
        "Roe left Apple. " * 20_000,
        "A" * 200_000,
    ],
)
def test_odd_texts_are_read_in_bounded_time(reader, text):
    begin = time.process_time()
    reader.read("", text, DAY)
    assert time.process_time() - begin < 8


def test_many_people_are_found_in_time_that_grows_with_the_text(monkeypatch):
    asked = []
    places = learned_people._places
    monkeypatch.setattr(learned_people, "_places", lambda *a: asked.append(a) or places(*a))
    names = [f"Given{n} Surname{n}" for n in range(100)]
    assert len(find_people(names, " ".join(names))) == 100
    assert len(asked) < 1000


def test_evidence_does_not_run_over_a_sentence_that_was_not_read():
    places = [(-1, -1), (0, 4), (5, 9), (9, 10), (300, 304), (305, 309), (309, 310), (-1, -1)]  # 11 to 299 left out
    window = Window(
        [0] * 8, [Shape.LOWER] * 8, [Part.BODY] * 8, [0] * 8, [a for a, _ in places], [b for _, b in places]
    )
    logits = np.zeros((5, 2, 8), dtype=np.float32)
    logits[EVIDENCE, 0, 1], logits[EVIDENCE, 1, 6] = 9, 9  # from the first sentence to the last
    assert Pointers(logits, window, []).place(EVIDENCE)[1] <= 10


def test_the_model_folder_is_complete():
    assert {p.name for p in Path(MODEL).iterdir()} >= {
        "lower.onnx",
        "upper.onnx",
        "words.npy",
        "scales.npy",
        "glance.npy",
        "vocabulary.txt",
        "card.json",
        "README.md",
    }


@pytest.mark.parametrize("flags", ["flags\t: avx2 fma", None])
def test_a_processor_without_vnni_reads_the_same(reader, tmp_path, monkeypatch, flags):
    """There 8-bit products overflow unless onnxruntime is asked for exact ones; seen with an emulated Haswell (0010)."""
    title = "Meta hires OpenAI researcher Jane Roe"
    if flags:
        (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(learned, "PROCESSOR", tmp_path / "cpuinfo")
    exact = LearnedReader()
    assert exact.read(title, "", DAY) == reader.read(title, "", DAY)
    assert exact._lower.get_session_options().get_session_config_entry("session.x64quantprecision") == "1"


def test_vnni_is_seen_in_the_flags(tmp_path):
    (tmp_path / "cpuinfo").write_text("flags\t: avx2 avx512_vnni")
    assert learned.has_vnni(tmp_path / "cpuinfo")

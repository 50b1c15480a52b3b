"""The index of names: quick to build, quick to search, and picklable."""

from __future__ import annotations

import math
import pickle
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.match.mentions import DOUBTFUL, SURE, find_mentions
from monitor.match.organisations import resolve_organisation
from monitor.match.watchlist import Watchlist
from monitor.model import Subject, SubjectKind
from monitor.names import fold

COMPANY, PERSON = SubjectKind.COMPANY, SubjectKind.PERSON


def test_a_pickled_watchlist_finds_the_same(default_watchlist):
    text = "Alexandr Wang of Scale AI joins Meta."
    again = pickle.loads(pickle.dumps(default_watchlist))
    assert again == default_watchlist
    assert find_mentions(text, again) == find_mentions(text, default_watchlist) != ()


def test_an_empty_watchlist_finds_nothing():
    assert find_mentions("Meta hires Jane Roe.", Watchlist.build([])) == ()


def test_a_hit_that_is_no_word_hides_no_name():
    watch = Watchlist.build(
        [Subject(id="a", kind=COMPANY, name="Labor Day Inc"), Subject(id="b", kind=COMPANY, name="Exlabor")]
    )
    assert [m.subject_id for m in find_mentions("Exlabor Day Incas", watch)] == ["b"]


def test_a_parent_that_is_watched_watches_its_units():
    big = Subject(id="big", kind=COMPANY, name="Bigcorp")
    unit = Subject(id="unit", kind=COMPANY, name="Unitlab", parent="big", watched=False)
    watch = Watchlist.build([big, unit])
    assert watch.watches("unit")
    assert not Watchlist.build([Subject(id="big", kind=COMPANY, name="Bigcorp", watched=False), unit]).watches("unit")
    assert not watch.watches(None)


def test_a_parent_that_is_not_listed_ends_the_ancestry():
    watch = Watchlist.build([Subject(id="unit", kind=COMPANY, name="Unitlab", parent="gone")])
    assert watch.ancestry("unit") == ["unit"]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Mistral", "mistral-ai"),
        ("Mistral AI SAS", "mistral-ai"),
        ("Facebook parent", "meta"),
        ("Meta's FAIR", "fair"),
        ("Meta’s Superintelligence Labs", "meta-superintelligence-labs"),
        ("Alphabet’s Google", "google"),
        ("Google Cloud", "google"),
        ("Google Brain", "google-research"),
        ("Microsoft's AI division", "microsoft"),
        ("Facebook AI Research (FAIR)", "fair"),
        ("Apple India", "apple"),
        ("Alibaba's Qwen team", "qwen"),
        ("Apple and Google", None),
        ("Cohere Health", None),
        ("Amazon rainforest", None),
        ("scale", None),
        ("X", None),
        ("", None),
        (None, None),
    ],
)
def test_organisations_resolve_through_aliases_former_names_and_parents(name, id, default_watchlist):
    company = resolve_organisation(name, default_watchlist)
    assert (company and company.id) == id


@given(st.text(alphabet="Meta Wng’s.ScalŁéİßAIX-\n", max_size=80))
def test_mentions_point_at_their_text(default_watchlist, text):
    for mention in find_mentions(text, default_watchlist):
        assert text[mention.start : mention.end] == mention.text
        assert 0 < mention.score <= 1


def many_subjects(count):
    syllables = ["ka", "lo", "mi", "ren", "tas", "vor", "bel", "dun", "qui", "zar", "ost", "ely"]
    draw = random.Random(1)

    def word():
        return "".join(draw.choices(syllables, k=3)).capitalize()

    return [
        Subject(
            id=f"s{number}",
            kind=PERSON if number % 2 else COMPANY,
            name=f"{word()} {word()}{number}",
            aliases=(f"{word()} {word()}{number}", f"{word()}{number} Labs"),
        )
        for number in range(count)
    ]


def test_ten_thousand_names_are_indexed_and_searched_at_once():
    """Measured: 12,000 names in 0.05 s, 600 words with 20 mentions in 0.2 ms.  The limits leave room for a busy machine."""
    built = math.inf
    for _ in range(3):  # the best of three: the machine's other business is not ours
        began = time.process_time()
        watch = Watchlist.build(many_subjects(3400))
        built = min(built, time.process_time() - began)
    assert len(watch.aliases) > 10_000
    names = random.Random(2).sample([s.name for s in watch.subjects], 20)
    text = " ".join(name for each in names for name in [each, *["plain"] * 28])
    began = time.process_time()
    for _ in range(20):
        found = find_mentions(text, watch)
    searched = (time.process_time() - began) / 20
    assert {m.text for m in found} == set(names)
    assert built < 0.4
    assert searched < 0.004


def test_folded_names_are_indexed_as_texts_are_folded(default_watchlist):
    assert all(fold(name) == name for name in default_watchlist.aliases)


@pytest.mark.parametrize("name", ["Mira J. Solano", "M. J. Solano", "M.J. Solano", "Mira Josephine Solano"])
def test_initials_and_middle_names_are_the_watched_person(name):
    watch = Watchlist.build([Subject(id="mira", kind=PERSON, name="Mira Solano", watched=True)])
    (mention,) = find_mentions(f"{name} has joined Cohere.", watch)
    assert (mention.text, mention.score >= SURE) == (name, True)


@pytest.mark.parametrize(
    "name", ['Robert "Bob" Solano', "Robert J. “Bob” Solano", "Robert (Bob) Solano", "Bob 'Ace' Solano"]
)
def test_a_nickname_within_the_name_makes_nobody_else_of_the_watched_person(name):
    for watched in ("Bob Solano", "Robert Solano"):
        watch = Watchlist.build([Subject(id="bob", kind=PERSON, name=watched, watched=True)])
        (mention,) = find_mentions(f"{name} has joined Cohere.", watch)
        assert (mention.text, mention.score >= SURE) == (name, True)


def test_a_nickname_within_the_name_of_another_is_not_the_watched_person():
    watch = Watchlist.build([Subject(id="bob", kind=PERSON, name="Bob Solano", watched=True)])
    assert not [m for m in find_mentions('Clara "Ace" Solano has joined Cohere.', watch) if m.score >= DOUBTFUL]


@pytest.mark.parametrize(
    "text", ["Clara Josephine Solano has joined Cohere.", "Mira Poached Solano", "Mira Taps Solano"]
)
def test_what_stands_between_may_be_no_middle_name(text):
    watch = Watchlist.build([Subject(id="mira", kind=PERSON, name="Mira Solano", watched=True)])
    assert not [m for m in find_mentions(text, watch) if m.score >= SURE]


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Cohere", "cohere"),
        ("Cohere Technologies", None),
        ("Figure", "figure"),
        ("Figure AI", "figure"),
        ("Figure AI Inc.", "figure"),
        ("Figure Technologies", None),
    ],
)
def test_a_company_that_shares_a_word_is_another(name, id):
    not_words = ("Cohere Technologies",)
    cohere = Subject(id="cohere", kind=COMPANY, name="Cohere", exact=("Cohere",), not_words=not_words, watched=True)
    watch = Watchlist.build([cohere, Subject(id="figure", kind=COMPANY, name="Figure AI", watched=True)])
    found = resolve_organisation(name, watch)
    assert (found and found.id) == id

"""Every case file is read as it says; evidence is an exact span of the text."""

from __future__ import annotations

import pickle
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.model import Claim
from monitor.moves.claims import FrameReader

CASES = sorted((Path(__file__).parents[1] / "cases" / "moves").glob("*.toml"))
FIELDS = {"from": "from_org", "to": "to_org"}


@pytest.fixture(scope="module")
def reader() -> FrameReader:
    return FrameReader()


def read(reader: FrameReader, case: dict[str, Any]) -> tuple[Claim, ...]:
    day = case["published"]
    return reader.read(case["title"], case["text"], datetime(day.year, day.month, day.day, tzinfo=UTC)).claims


def says(claim: Claim, wanted: dict[str, Any]) -> bool:
    return all(getattr(claim, FIELDS.get(name, name)) == value for name, value in wanted.items())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(reader: FrameReader, path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))

    claims = read(reader, case)

    missing = [wanted for wanted in case["claims"] if not any(says(claim, wanted) for claim in claims)]
    assert not missing, claims
    assert len(claims) == len(case["claims"]), claims


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_evidence_is_an_exact_span_of_the_text(reader: FrameReader, path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))

    for claim in read(reader, case):
        assert claim.span.of(f"{case['title']}\n{case['text']}") == claim.evidence


def test_a_reader_survives_pickling_and_reads_the_same() -> None:
    reader = FrameReader(people=["Jane Roe"], organisations=["Quill"])
    day = datetime(2025, 6, 12, tzinfo=UTC)

    again = pickle.loads(pickle.dumps(reader))

    assert again.read("Quill hires Jane Roe", "", day) == reader.read("Quill hires Jane Roe", "", day)


def test_known_names_are_typed_before_anything_else() -> None:
    day = datetime(2025, 6, 12, tzinfo=UTC)

    told = FrameReader(people=["Xi Bo"], organisations=["Good Day"]).read("Xi Bo joins Good Day", "", day)

    assert [(c.person, c.to_org) for c in told.claims] == [("Xi Bo", "Good Day")]


def test_a_text_without_a_trigger_asserts_nothing(reader: FrameReader) -> None:
    assert (
        reader.read("Chip prices", "Prices of memory chips fell by a tenth.", datetime(2025, 6, 12, tzinfo=UTC)).claims
        == ()
    )


def test_counted_people_are_a_group_and_nobody_in_particular(reader: FrameReader) -> None:
    text = "Of the 14 researchers behind the paper, only three remain at Meta. The others have left."

    reading = reader.read("Where they went", text, datetime(2025, 6, 12, tzinfo=UTC))

    assert reading.claims == ()
    assert [(g.count, g.of, g.from_org) for g in reading.groups] == [(11, 14, "Meta")]


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        (
            "Eleven of the fourteen authors have left Meta; five joined Mistral.",
            [(11, 14, "Meta", None, "authors"), (5, 11, None, "Mistral", "authors")],
        ),
        ("Of the 14 authors, 11 have left Meta.", [(11, 14, "Meta", None, "authors")]),
        ("More than two dozen engineers have left Meta this year.", [(24, None, "Meta", None, "engineers")]),
        ("Half a dozen engineers quit Meta.", [(6, None, "Meta", None, "engineers")]),
        ("OpenAI hired four engineers from Meta.", [(4, None, "Meta", "OpenAI", "engineers")]),
        ("Three of the paper’s authors joined Mistral.", [(3, None, None, "Mistral", "the paper's authors")]),
        (
            "Eleven of the fourteen authors have left Meta, five of them for Mistral, and two joined Google.",
            [
                (11, 14, "Meta", None, "authors"),
                (2, 11, None, "Google", "authors"),
                (5, 11, None, "Mistral", "authors"),
            ],
        ),
        ("The eight authors have left Meta.", [(8, None, "Meta", None, "authors")]),
        ("A group of five researchers left Meta for OpenAI.", [(5, None, "Meta", "OpenAI", "researchers")]),
        ("One of the three founders left Meta.", [(1, 3, "Meta", None, "founders")]),
        ("Two joined Mistral.", []),
        ("Three hundred engineers have left Meta.", []),
        ("Four engineers left Meta on June 3 at Google headquarters.", [(4, None, "Meta", None, "engineers")]),
        ("Three engineers left Meta. Not one joined Google.", [(3, None, "Meta", None, "engineers")]),
        ("Three engineers left Meta. Another 70 joined Google.", [(3, None, "Meta", None, "engineers")]),
    ],
)
def test_groups_are_counted_with_where_they_went(reader: FrameReader, text: str, groups: list[object]) -> None:
    found = reader.read("", text, datetime(2025, 6, 12, tzinfo=UTC)).groups
    assert [(g.count, g.of, g.from_org, g.to_org, g.group) for g in found] == groups

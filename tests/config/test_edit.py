"""A reviewed rule goes into the watchlist, and nothing else in it changes."""

from pathlib import Path

import pytest

from monitor.config import load_config
from monitor.config.edit import add_known_move, add_words_against, render_diff
from tests.config.conftest import SOUND

ROOT = Path(__file__).parents[2]
TEXT = """\
# Who is watched.
people:
  # The first one.
  - name: Jane Roe   # known to all
    aliases: ["Roe"]

  # The second one.
  - name: Max Moe

  # The third one.
  - name: Ann Poe
    not: [poet]
companies:
  - name: Aster Labs
"""


def changed(before: str, after: str) -> list[str]:
    return [line for line in render_diff(before, after, "w").splitlines()[3:] if line[0] in "+-"]


@pytest.mark.parametrize(
    "name, diff",
    [
        ("Jane Roe", ["+    not: [painter, poet]"]),
        ("Max Moe", ["+    not: [painter, poet]"]),
        ("Ann Poe", ["-    not: [poet]", "+    not: [poet, painter]"]),
        ("Aster Labs", ["+    not: [painter, poet]"]),
    ],
)
def test_words_against_a_namesake_are_added_beside_its_name(name: str, diff: list[str]) -> None:
    after = add_words_against(TEXT, name, ["painter", "poet"])
    assert changed(TEXT, after) == diff
    lines = after.splitlines()
    at = next(i for i, line in enumerate(lines) if f"name: {name}" in line)
    assert any("not: [" in line for line in lines[at : at + 3])


def test_a_name_that_does_not_stand_there_is_said_to_be_unknown() -> None:
    with pytest.raises(ValueError, match="'Nobody' stands under neither"):
        add_words_against(TEXT, "Nobody", ["x"])


def test_a_known_move_is_added_at_the_end_of_its_section_or_makes_it() -> None:
    known = {"person": "Jane Roe", "from": "Aster Labs", "to": "", "date": "2025-06"}
    after = add_known_move(TEXT, known)
    assert changed(TEXT, after) == [
        "+known_moves:", "+  - person: Jane Roe", "+    from: Aster Labs", "+    date: 2025-06",
    ]  # fmt: skip
    assert add_known_move(after, known).count("person: Jane Roe") == 2


def test_the_watchlist_of_the_product_changes_by_the_rule_alone(tmp_path: Path) -> None:
    before = (ROOT / "config/watchlist.yaml").read_text("utf-8")
    known = {"person": "Hugo Touvron", "from": "Meta", "to": "Mistral AI"}
    after = add_words_against(add_known_move(before, known), "Meta", ["metadata"])
    assert [line[0] for line in changed(before, after)] == ["+"] * 4
    for name, text in SOUND.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "watchlist.yaml").write_text(after, "utf-8")
    assert len(load_config(tmp_path, {}).known_moves) == 8

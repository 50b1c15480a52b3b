"""What a page shows -> the wall it is, if it is one.  Pure; never judges a page that has an article's length of text.

The knowledge is in walls.toml.  A page that has nothing in common with its entry's headline is no article of it either:
that catches home pages served for dead links and walls in languages which nobody listed (0061).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

LITTLE = 1_500  # characters of article text: above this, words like "captcha" are what an article is about
CONSENT = 6_000  # characters: consent texts are long, but their titles give them away
_TOPICAL = 0.25  # part of the headline's words that a page of its own shows (0061)
_ENOUGH = 4  # words of a headline that can tell a page from another


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is seen of a page: its own title, what was extracted as its article, and all that it shows."""

    title: str
    text: str
    shown: str
    html: bytes
    headline: str = ""  # the entry's


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    note: str
    title: re.Pattern[str]
    markup: re.Pattern[bytes]
    words: re.Pattern[str]


def find_wall(view: View) -> str | None:
    """Return the name of the wall that a page is, or None for an article."""
    if len(view.text) > CONSENT:
        return None
    own = _share(_words(view.headline), view.title) >= _TOPICAL
    by_title = (wall.note for wall in _walls() if not own and wall.title.fullmatch(_bare(view.title)))
    little = len(view.text) <= LITTLE
    return next(by_title, None) or (_by_content(view) if little else None)


def _by_content(view: View) -> str | None:
    # where much is shown around little text, "forgot your password?" is a menu's, not the page's
    seen = view.shown if len(view.shown) <= LITTLE else view.text
    notes = (wall.note for wall in _walls() if wall.markup.search(view.html) or wall.words.search(seen))
    return next(notes, None) or _stranger(view)


def _stranger(view: View) -> str | None:
    wanted = _words(view.headline)
    shown = f"{view.title} {view.text} {view.shown}"
    return "another page" if len(wanted) >= _ENOUGH and _share(wanted, shown) < _TOPICAL else None


def _share(wanted: set[str], text: str) -> float:
    """Return which part of the words stands in `text`; none of none."""
    lowered = text.casefold()
    return sum(word in lowered for word in wanted) / len(wanted) if wanted else 0.0


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w{4,}", text.casefold()) if not word.isdigit()}


def _bare(title: str) -> str:
    """Leave off what templates add to a title: " | Site", trailing dots."""
    return re.split(r"\s+[|·•–—-]\s+(?=[^|·•–—-]*$)", " ".join(title.split()))[0].strip(" .!?…:")


@cache
def _walls() -> tuple[Wall, ...]:
    data = tomllib.loads(resources.files(__package__).joinpath("walls.toml").read_text(encoding="utf-8"))
    return tuple(
        Wall(
            note=each["note"],
            title=_any_of(each.get("title", [])),
            markup=re.compile(_any_of(each.get("markup", [])).pattern.encode(), re.IGNORECASE),
            words=_any_of(each.get("text", [])),
        )
        for each in data["wall"]
    )


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in patterns) or r"(?!)", re.IGNORECASE)

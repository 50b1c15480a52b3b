"""Data files -> word classes and frames.

Never holds knowledge itself: every word stands in `lexicon/`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

_FOLDER = resources.files("monitor.moves") / "lexicon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Word classes, all in lower case but for `given_names`, `surnames` and `organisations`."""

    given_names: frozenset[str]
    surnames: frozenset[str]
    common: frozenset[str]
    organisations: frozenset[tuple[str, ...]]
    people: frozenset[tuple[str, ...]]
    outlets: frozenset[str]
    platforms: frozenset[str]
    heads: frozenset[str]
    weak_heads: frozenset[str]
    modifiers: frozenset[str]
    role_orgs: Mapping[str, str]
    former: frozenset[str]
    current: frozenset[str]
    titles: frozenset[str]
    particles: frozenset[str]
    name_suffixes: frozenset[str]
    never: frozenset[str]
    acronyms: frozenset[str]
    peoples: frozenset[str]
    firm_roles: frozenset[str]
    org_marks: frozenset[str]
    descriptors: frozenset[str]
    stop: frozenset[str]
    headline_verbs: frozenset[str]
    places: frozenset[str]
    demonyms: Mapping[str, str]
    state_roles: frozenset[str]


@functools.cache
def load_lexicon() -> Lexicon:
    """Load the word classes, once per process."""
    data = load_table("words")
    return Lexicon(
        given_names=_lines("given_names"),
        surnames=_lines("surnames"),
        common=_lines("common_words"),
        organisations=frozenset(tuple(name.split()) for name in load_table("organisations")["names"]),
        people=frozenset(tuple(name.split()) for name in load_table("people")["names"]),
        outlets=frozenset(load_table("organisations")["outlets"]),
        platforms=frozenset(load_table("organisations")["platforms"]),
        heads=_words(data["roles"]["heads"]),
        weak_heads=_words(data["roles"]["weak"]),
        modifiers=_words(data["roles"]["modifiers"]),
        role_orgs=data["role_orgs"],
        former=_words(data["former"]["words"]),
        current=_words(data["former"]["current"]),
        titles=_words(data["titles"]["words"]),
        particles=_words(data["names"]["particles"]),
        name_suffixes=_words(data["names"]["suffixes"]),
        never=_words(data["names"]["never"]),
        acronyms=_words(data["names"]["acronyms"]),
        peoples=_words(data["names"]["peoples"]),
        firm_roles=_words(data["names"]["firm_roles"]),
        org_marks=_words(data["organisations"]["marks"]),
        descriptors=_words(data["organisations"]["descriptors"]),
        stop=_words(data["stop"]["words"]),
        headline_verbs=_words(data["stop"]["verbs"]),
        places=_words(data["places"]["words"]),
        demonyms=data["demonyms"],
        state_roles=_words(data["states"]["roles"]),
    )


@functools.cache
def load_table(name: str) -> dict[str, Any]:
    """Load `lexicon/NAME.toml`."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _lines(name: str) -> frozenset[str]:
    return frozenset((_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split())


def _words(text: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") for word in text.split())

"""Names of people and organisations -> folded text, keys, likeness.  Standard library only, so that every stage may use it.

Never looks at a watchlist: it compares two names as written, and says nothing about who is meant.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- folding -----------------------------------------------------------------------------------------------------

# NFKD leaves these alone.  One character for one character: offsets into the folded text are offsets into the text.
_ODD_LETTERS = dict(zip("łŁøØđĐħĦıŧŦðÐ", "llooddhhittdd", strict=True))
_ODD_SIGNS = {**dict.fromkeys("’‘‛ʼʹ′´`", "'"), **dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‐‑‒–—―−", "-")}
_SPACES = dict.fromkeys(
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
)
_NON_ASCII = re.compile(r"[^\x00-\x7f]")


def fold(text: str) -> str:
    """Fold case, accents, quotes and dashes; `len(fold(text)) == len(text)`.  `text` must be NFC (0031)."""
    return (text if text.isascii() else _NON_ASCII.sub(_fold_match, text)).lower()


def _fold_match(match: re.Match[str]) -> str:
    return _fold_character(match[0])


@cache
def _fold_character(character: str) -> str:
    if plain := (_ODD_LETTERS | _ODD_SIGNS | _SPACES).get(character):
        return plain
    parts = unicodedata.normalize("NFKD", character)
    if not all(map(unicodedata.combining, parts[1:])):
        return character  # ﬁ, ½: more than one character, so left as it is
    lowered = parts[0].lower()
    return lowered if len(lowered) == 1 else character


def nfc(text: str) -> str:
    """Compose accents: the form in which texts are stored and in which `fold` keeps the length."""
    return unicodedata.normalize("NFC", text)


def slug(name: str) -> str:
    """Turn a name into an id: "Timothée Lacroix" -> "timothee-lacroix"."""
    return re.sub(r"[^a-z0-9]+", "-", fold(nfc(name)).replace("'", "")).strip("-")


@cache
def common_words() -> frozenset[str]:
    """Return the everyday words, folded, that a name may be mistaken for."""
    lines = files("monitor.lexicon").joinpath("common_words.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_common(name: str) -> bool:
    """Tell whether a name is an everyday word or shorter than three letters, so that a hit alone proves nothing."""
    folded = fold(nfc(name)).strip()
    return len(folded) < 3 or folded in common_words()


# --- people ------------------------------------------------------------------------------------------------------

_TITLES = _words("mr mrs ms miss mx dr prof professor sir dame lord lady sen rep gov hon rev judge justice")
_SUFFIXES = _words("jr sr ii iii iv phd md esq cbe obe mbe jd mba cfa")
# "van Rossum" loses its particle, "de Vos" keeps it as a part ("DeVos"): how news writes the surname alone.
_LOOSE_PARTICLES = _words("van von der den ter ten zu zur vom bin ibn al el bint")
_FIXED_PARTICLES = _words("de di da du del della des le la las los dos das lo st mac mc")
_NICKNAME_IN_QUOTES = re.compile(r"[\"(][^\")]*[\")]|(?<= )'[^' ]+'(?= )")
_OWNER = re.compile(r"['’]s (?=[A-Z])")
_POSSESSIVE = re.compile(r"'s?$")
_GLUED_ARTICLE = re.compile(r"\b(al|el)-(?=[a-z])")
_NOT_A_LETTER = re.compile(r"[^\w]+")


def person_key(name: str) -> str:
    """Return the folded surname: "Lample", "Guillaume Lample" and "G. Lample" have the same key.

    Moves are resolved together per key, so it errs on the side of one key for two people.
    """
    surname, _ = _surname_and_given(name)
    return surname


def person_likeness(a: str, b: str) -> float:
    """Return how well two names can be one person's: 1 the same, 0.6 a surname alone, 0 not."""
    (surname_a, given_a), (surname_b, given_b) = _surname_and_given(a), _surname_and_given(b)
    if not surname_a or not surname_b:
        return 0.0
    if surname_a != surname_b:
        return 0.9 if len(given_a) == 1 and (given_a, given_b) == ((surname_b,), (surname_a,)) else 0.0  # Wang Jian
    if given_a == given_b:
        return 1.0 if given_a else 0.95  # two bare surnames: as same as such names get
    if _in_one(given_a) == _in_one(given_b) != "":
        return 0.95  # "Feifei" is "Fei-Fei"
    if not given_a or not given_b:
        return 0.6
    return _given_likeness(given_a, given_b)


def _in_one(given: tuple[str, ...]) -> str:
    """The parts of a given name in one word; nothing of initials, for "J. O." is not "Jo"."""
    return "".join(given) if all(len(part) > 1 for part in given) else ""


def is_given_name(word: str) -> bool:
    """Tell whether a folded word is a well-known first name; that it is not proves nothing."""
    return word in _nicknames()


def same_person(a: str, b: str, *, at_least: float = 0.5) -> bool:
    """Tell whether two names can be one person's; a bare surname is compatible with any given name."""
    return person_likeness(a, b) >= at_least


def _given_likeness(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    first = _one_given_likeness(a[0], b[0])
    if first and all(_one_given_likeness(x, y) for x, y in zip(a[1:], b[1:], strict=False)):
        return first
    if first:
        return 0.3  # the middle names contradict each other
    # "H. Peter Chase" is also "Peter Chase".
    return 0.85 if any(len(x) > 1 and x == y for x, y in ((a[-1], b[0]), (a[0], b[-1]))) else 0.0


def _one_given_likeness(a: str, b: str) -> float:
    if a == b:
        return 1.0
    if len(a) == 1 or len(b) == 1:
        return 0.8 if a[0] == b[0] else 0.0
    return 0.9 if _nicknames().get(a, frozenset()) & _nicknames().get(b, frozenset()) else 0.0


@cache
def _nicknames() -> dict[str, frozenset[int]]:
    """Return folded given name -> the groups it belongs to."""
    groups = tomllib.loads(files("monitor.lexicon").joinpath("nicknames.toml").read_text("utf-8"))["groups"]
    members: dict[str, set[int]] = {}
    for number, group in enumerate(groups):
        for name in group:
            members.setdefault(name, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in members.items()}


@cache
def _surname_and_given(name: str) -> tuple[str, tuple[str, ...]]:
    words = _name_words(name)
    if not words:
        return "", ()
    start = len(words) - 1
    while start > 0 and words[start - 1] in _LOOSE_PARTICLES | _FIXED_PARTICLES:
        start -= 1
    surname = "".join(word for word in words[start:-1] if word in _FIXED_PARTICLES) + words[-1]
    given = tuple(part for word in words[:start] for part in word.split("-") if part)
    return surname.replace("-", ""), given


def _name_words(name: str) -> list[str]:
    folded = _POSSESSIVE.sub("", _NICKNAME_IN_QUOTES.sub(" ", fold(nfc(name)).strip()).strip())
    folded = _GLUED_ARTICLE.sub(r"\1 ", folded).replace("'", "").replace(".", " ")
    words = [word for word in re.split(r"[^\w-]+", folded) if word.strip("-")]
    while words and words[0] in _TITLES:
        words.pop(0)
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return words


# --- organisations -----------------------------------------------------------------------------------------------

_LEGAL = _words(
    "inc incorporated corp corporation company co llc ltd limited plc gmbh ag sa sas bv nv pbc lp llp kk holdings"
)
_GENERIC = _words("ai labs lab technologies technology group platforms com systems software studios startup")


def organisation_key(name: str) -> str:
    """Return the folded core of an organisation's name: "Mistral AI", "Mistral" and "mistral.ai" have the same key."""
    return "".join(_organisation_core(name))


def generic_endings(name: str) -> frozenset[str]:
    """Return the words of a name that its key leaves out though they may tell two firms apart: "AI", "Technologies"."""
    return _GENERIC.intersection(_NOT_A_LETTER.split(fold(nfc(name))))


def same_organisation(a: str, b: str) -> bool:
    """Tell whether two names can be one organisation's: legal and generic endings aside, and "DeepMind" for "Google DeepMind"."""
    return _same_core(a, b) or _same_core(join_owner(a), join_owner(b))


def join_owner(name: str) -> str:
    """Return "Google DeepMind" for "Google's DeepMind"; any other name as it is."""
    return _OWNER.sub(" ", name)


def _same_core(a: str, b: str) -> bool:
    core_a, core_b = _organisation_core(a), _organisation_core(b)
    if not core_a or not core_b:
        return False
    if "".join(core_a) == "".join(core_b) or _is_acronym(a, core_b) or _is_acronym(b, core_a):
        return True
    short, long = sorted((core_a, core_b), key=len)
    # The owner's name in front is left out at will, but only before a name that nobody else would have.
    return len(long) == len(short) + 1 and long[1:] == short and len("".join(short)) >= 6 and not is_common(short[-1])


def _is_acronym(name: str, words: tuple[str, ...]) -> bool:
    """Tell whether a name in capitals is made of the initials of `words`: GM of General Motors."""
    return name.isupper() and len(name) == len(words) > 1 and name.lower() == "".join(word[0] for word in words)


@cache
def _organisation_core(name: str) -> tuple[str, ...]:
    folded = _POSSESSIVE.sub("", fold(nfc(name)).strip()).replace("'", "").replace("&", " and ")
    words = [word for word in _NOT_A_LETTER.split(folded) if word]
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and words[-1] in _LEGAL:
        words.pop()
    while len(words) > 1 and words[-1] in _GENERIC:
        words.pop()
    return tuple(words)

"""A chunked sentence -> one line of words and symbols, and rules that rewrite it.

Never knows what the rules say: they stand in `lexicon/`.  Words are lower case, a phrase is its letter and its number
("P3"), all parted by single blanks, so that a rule is a regular expression over " P0 , R1 of O2 , resigns ".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.moves.phrases import ORG, PERSON, PLACE, Phrase
from monitor.moves.sentences import Sentence, Token

_SIGNS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "—": "-", "–": "-", "‑": "-", "…": "."})
_MACRO = re.compile(r"(?<!\?P)<([a-z_]+)>")
_SPELLED = {"ll": "will", "d": "'d", "ve": "have"}
_CONTRACTED = re.compile(r"(?<=he['’])(?:ll|d|ve)$")  # "she'll" is a person and a verb
_NEW = re.compile(r"\b(?:new|incoming|newly)\b")
_BODIES = ("central bank", "police", "fire", "city", "county")
_BESIDE = 30  # characters between two roles of one person
_REWRITES = 4  # times one rule may go over a line: chains of appositives


@dataclass(slots=True)
class Line:
    """The line and the phrases that its symbols number."""

    text: str
    phrases: list[Phrase]
    sentence: Sentence
    topic: str | None = None  # the organisation that the line says it is about: "At Acme, …", "Acme: …"

    def phrase(self, symbol: str) -> Phrase:
        return self.phrases[int(symbol[1:])]

    def add(self, phrase: Phrase) -> str:
        self.phrases.append(phrase)
        return f"{phrase.letter}{len(self.phrases) - 1}"


def write_line(sentence: Sentence, phrases: Sequence[Phrase]) -> Line:
    """Write `sentence` with its phrases as symbols."""
    starts = {p.start: i for i, p in enumerate(phrases)}
    words, covered = [], -1
    for token in sentence.tokens:
        if token.start in starts:
            number = starts[token.start]
            words.append(f"{phrases[number].letter}{number}")
            words += [_SPELLED[verb] for verb in _CONTRACTED.findall(token.text.lower())]
            covered = phrases[number].end
        elif token.text == "." and token.start == covered and token is not sentence.tokens[-1]:
            continue  # "Acme Inc. has hired"
        elif token.start >= covered and (word := _word(sentence, token)):
            words.append(word)
    return Line(f" {' '.join(words)} ", list(phrases), sentence)


@dataclass(frozen=True, slots=True)
class PhraseRule:
    """Joins chunks into one: the head named by `makes` takes the other slots as attributes."""

    name: str
    pattern: re.Pattern[str]
    makes: str
    former: bool = False

    def rewrite(self, line: Line, referents: Mapping[str, str]) -> None:
        for _ in range(_REWRITES):
            text = self.pattern.sub(lambda m: self._replace(m, line, referents), line.text)
            if text == line.text:
                return
            line.text = text

    def _replace(self, match: re.Match[str], line: Line, referents: Mapping[str, str]) -> str:
        groups = {k: v.strip() for k, v in match.groupdict().items() if v}
        build = {
            "place": _build_place,
            "org": _build_org,
            "role": _build_role,
            "person": _build_person,
            "people": _build_people,
        }[self.makes]
        phrase = build(groups, line, self.former or "f" in groups, referents)
        return match[0] if phrase is None else f" {line.add(phrase)}"


def load_rules(table: Mapping[str, object], macros: Mapping[str, str]) -> tuple[PhraseRule, ...]:
    """Compile the rules of `phrases.toml`."""
    rules = table["rule"]
    assert isinstance(rules, list)
    return tuple(
        PhraseRule(
            rule["name"],
            re.compile(expand_slots(rule["pattern"], macros) + "(?= )"),
            rule["makes"],
            rule.get("former", False),
        )
        for rule in rules
    )


def _word(sentence: Sentence, token: Token) -> str:
    """Return the word in lower case; quotation marks fall away, the apostrophe of a plural becomes "'s"."""
    word = token.text.lower().translate(_SIGNS)
    if word == "*":
        return ""
    if word not in {'"', "'"}:
        return word
    before = sentence.text[: token.start - sentence.start]
    return (
        "'s"
        if word == "'" and before[-1:] == "s" and before[-2:-1].isalpha() and before.count(token.text) % 2 == 0
        else ""
    )


def expand_slots(pattern: str, macros: Mapping[str, str]) -> str:
    """Replace every `<macro>` by its text, within macros too; named groups stay as they are."""
    while _MACRO.search(pattern):
        pattern = _MACRO.sub(lambda m: macros[m[1]], pattern)
    return pattern


def _build_place(groups: Mapping[str, str], line: Line, _: bool, __: Mapping[str, str]) -> Phrase | None:
    return replace(line.phrase(groups["place"]), letter=PLACE)


def _build_org(groups: Mapping[str, str], line: Line, former: bool, _: Mapping[str, str]) -> Phrase | None:
    org = line.phrase(groups["org2"])
    if "place" not in groups and "org" not in groups:
        return replace(org, letter=ORG)
    if "place" in groups:
        return replace(org, start=line.phrase(groups["place"]).start)
    owner = line.phrase(groups["org"])
    return replace(org, text=f"{owner.text} {org.text}", start=owner.start, former=former)


def _build_role(groups: Mapping[str, str], line: Line, former: bool, referents: Mapping[str, str]) -> Phrase | None:
    role = line.phrase(groups["role"])
    parts = [line.phrase(groups[slot]) for slot in ("org", "org2", "place", "role2") if slot in groups]
    org: str | None = role.org
    text = role.text
    if "org" in groups:
        if parts[0].letter == PERSON or org:
            return None
        org = parts[0].text
    elif "place" in groups or "demonym" in groups:
        if org:
            return None
        org = _state(groups, line, role, referents)
    elif "its" in groups:
        org = org or referents.get("its")
    elif "role2" in groups:
        if not _one_holder(role, parts[0]):
            return None
        text, org = text if " and " in text else f"{text} and {parts[0].text}", org or parts[0].org
    return replace(
        role,
        text=text,
        org=org,
        former=former or role.former,
        new=role.new or bool(_NEW.search(groups.get("mods", ""))),
        start=min(p.start for p in (role, *parts)),
        end=max(p.end for p in (role, *parts)),
    )


def _one_holder(role: Phrase, other: Phrase) -> bool:
    """Return whether two roles beside each other are one person's."""
    return other.start - role.end <= _BESIDE and not (role.org and other.org and role.org != other.org)


def _state(groups: Mapping[str, str], line: Line, role: Phrase, referents: Mapping[str, str]) -> str | None:
    """Return the body of a place that a role belongs to: "Peru" of its president, "Miami police" of its police chief."""
    place = line.phrase(groups["place"]).text if "place" in groups else referents.get(groups["demonym"], "")
    lower = role.text.lower()
    body = next((b for b in _BODIES if lower.startswith(f"{b} ")), "")
    holder = f"{place} {body}".strip()
    return holder if _is_state_role(role.text, referents) or " " in holder else None


def _is_state_role(text: str, referents: Mapping[str, str]) -> bool:
    words = text.lower().replace(".", "").split()
    if words[-1] in {"boss", "manager", "coach", "captain"}:
        return len(words) == 1  # a national team's
    return any(word in referents["state_roles"].split() for word in words)


def _build_person(groups: Mapping[str, str], line: Line, former: bool, _: Mapping[str, str]) -> Phrase | None:
    person = line.phrase(groups["person"])
    role = line.phrase(groups["role"]) if "role" in groups else None
    org = line.phrase(groups["org"]) if "org" in groups else None
    if org and (org.letter == PERSON or person.org):
        return None
    parts = [p for p in (person, role, org) if p]
    letter = PERSON if role or person.letter == PERSON else person.letter
    if person.role and role:
        role = role if not role.former and person.former else None
    return replace(
        person,
        letter=letter,
        role=role.text if role else person.role,
        org=(role.org if role and role.org else None) or (org.text if org else None) or person.org,
        former=(former or role.former) if role else person.former,
        new=person.new or "new" in groups or bool(role and role.new),
        start=min(p.start for p in parts),
        end=max(p.end for p in parts),
    )


def _build_people(groups: Mapping[str, str], line: Line, former: bool, _: Mapping[str, str]) -> Phrase | None:
    members = [line.phrase(s) for s in re.findall(r"[PMN]\d+", groups["people"])]
    if not any(m.letter == PERSON for m in members):
        return None
    flat = tuple(one for m in members for one in m.people)
    return Phrase(
        letter=PERSON, text=flat[0].text, start=flat[0].start, end=flat[-1].end, members=flat, former=former,
        role=flat[0].role, org=flat[0].org,
    )  # fmt: skip

"""Labelled items -> training examples of the learned reader: windows, tags, and targets per person.

Also varies items on the fly (names and organisations exchanged, headline alone, Title Case), because a thousand
labelled claims are few and the same names recur.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reader_net import FIELDS, KINDS, STATUSES, TAGS

from monitor.moves.learned_names import find_names
from monitor.moves.learned_people import find_name, find_phrase, surname
from monitor.moves.learned_tokens import Window, WordPieces, sentences, windows
from tests.bench.reader_items import Item

NONE = [(0, 0)]  # the pointer target that says "not stated": piece 0, [CLS]
SEEN = 0.2  # share of the later windows of an article without a claim that an epoch visits
NOTHING_ELSE = 0.3  # share of the questions for more that may mark all that is claimed: then there is nothing else
UNKNOWN: list[tuple[int, int]] = []  # stated but not to be found in the text: no loss
_TRIGGER = re.compile(
    r"\b(quit|resign|step|leav|left|join|hire|hiring|appoint|name|naming|fire|oust|sack|depart|exit|retire|poach|tap|"
    r"replace|succe|become|move|return|head|lead|promot|elect|pick|nominat|found|launch|start|out as|to run|takes? over)"
)
_CAPITALS = re.compile(r"[A-Z][\w’'-]*(?: [A-Z][\w’'.-]*){0,2}")


@dataclass
class Target:
    kind: int
    status: int
    pointers: list[list[tuple[int, int]]]  # per field: every right (first, last) piece


@dataclass
class Candidate:
    """A person (or what looks like one) of a window, and what is claimed of her or him as news and as background."""

    pieces: list[int]
    targets: list[Target | None] = field(default_factory=lambda: [None, None])
    told: list[int] = field(default_factory=list)  # pieces of the evidence of claims that are known already
    named: list[int] = field(default_factory=list)  # … of their sides and roles


@dataclass
class Example:
    window: Window
    tags: list[int]
    candidates: list[Candidate]
    weight: float = 1.0


# --- item -> examples ------------------------------------------------------------------------------------------------


def examples(item: Item, pieces: WordPieces, rng: random.Random) -> Iterator[Example]:
    names = list(dict.fromkeys(c["person"] for c in item.claims))
    mentions = {n: find_name(n, item.full, [m for m in names if m != n]) for n in names}
    evidence = [item.full.find(c["evidence"]) for c in item.claims]
    for number, window in enumerate(windows(pieces, item.title, item.text, find_names(item.title, item.text))):
        if number and rng.random() > SEEN and not any(window.pieces_of(a, a + 1) for a in evidence):
            continue
        marked = {n: pieces for n in names if (pieces := _pieces(window, mentions[n]))}
        claimed = [c for n, pieces in marked.items() for c in _candidates(item, window, n, pieces, evidence, rng)]
        others = _lookalikes(item, window, mentions, rng, count=rng.randint(0, 1))
        yield Example(window, _tags(item, window, mentions), claimed + others)


def _candidates(
    item: Item, window: Window, name: str, marked: list[int], evidence: list[int], rng: random.Random
) -> Iterator[Candidate]:
    """What the window claims of a person, and what it claims besides some of it: a question for each."""
    claims = [
        (claim, inside)
        for claim, at in zip(item.claims, evidence, strict=True)
        if claim["person"] == name and (inside := window.pieces_of(at, at + len(claim["evidence"])))
    ]
    yield _candidate(item, window, marked, claims)
    if len(claims) > 1 or (claims and rng.random() < NOTHING_ELSE):
        most = len(claims) if len(claims) == 1 or rng.random() <= NOTHING_ELSE else len(claims) - 1
        known = rng.sample(claims, rng.randint(1, most))
        rest = _candidate(item, window, marked, [c for c in claims if c not in known])
        rest.told = [i for _, inside in known for i in inside]
        rest.named = [i for claim, inside in known for i in _named(item, window, claim, inside)]
        yield rest


def _candidate(item: Item, window: Window, marked: list[int], claims: list[tuple[dict, range]]) -> Candidate:
    candidate = Candidate(marked)
    for claim, inside in claims:
        slot = int(bool(claim["background"]))
        if candidate.targets[slot] is None:
            candidate.targets[slot] = _target(item, window, claim, inside)
    return candidate


def _named(item: Item, window: Window, claim: dict, inside: range) -> Iterator[int]:
    """The pieces of a claim's sides and role within its evidence."""
    for value in filter(None, (claim["from"], claim["to"], claim["role"])):
        yield from (i for i in _pieces(window, find_phrase(value, item.full)) if i in inside)


def _target(item: Item, window: Window, claim: dict, evidence: range) -> Target:
    pointers = [_places(item, window, claim[f]) for f in FIELDS[:-1]]
    pointers.append([(evidence[0], evidence[-1])])
    return Target(KINDS.index(claim["kind"]), STATUSES.index(claim["status"]), pointers)


def _places(item: Item, window: Window, value: str | None) -> list[tuple[int, int]]:
    if not value:
        return NONE
    spans = find_phrase(value, item.full)
    found = [(r[0], r[-1]) for s in spans if (r := window.pieces_of(*s))]
    return found or (NONE if spans else UNKNOWN)


def _pieces(window: Window, spans: list[tuple[int, int]]) -> list[int]:
    return sorted({i for s in spans for i in window.pieces_of(*s)})


def _tags(item: Item, window: Window, mentions: dict[str, list[tuple[int, int]]]) -> list[int]:
    tags = [0] * len(window)
    roles = {c[f] for c in item.claims for f in ("role", "from_role") if c[f]}
    sides = {c[f] for c in item.claims for f in ("from", "to") if c[f]}
    for name, places in [
        ("role", [s for r in sorted(roles) for s in find_phrase(r, item.full)]),
        ("org", [s for o in sorted(sides) for s in find_phrase(o, item.full)]),
        ("person", [s for spans in mentions.values() for s in spans]),
    ]:
        for span in places:
            for n, i in enumerate(window.pieces_of(*span)):
                tags[i] = TAGS.index(("I-" if n else "B-") + name)
    return tags


def _lookalikes(
    item: Item, window: Window, mentions: dict[str, list[tuple[int, int]]], rng: random.Random, count: int
) -> list[Candidate]:
    """Capitalised runs that are no claimed person: other people, organisations, headline words."""
    taken = {i for spans in mentions.values() for i in _pieces(window, spans)}
    runs = sorted({m.group().rstrip("’'.-") for m in _CAPITALS.finditer(item.full)})
    found = []
    for run in rng.sample(runs, min(len(runs), 3 * count)):
        marked = _pieces(window, find_phrase(run, item.full))
        if marked and not taken & set(marked) and len(found) < count:
            found.append(Candidate(marked))
    return found


# --- item -> another item --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pools:
    """Names to exchange: full personal names, and organisations."""

    people: list[str]
    organisations: list[str]
    filler: list[str]  # sentences of items without a claim


def pools(items: list[Item]) -> Pools:
    people = {c["person"] for i in items for c in i.claims if len(c["person"].split()) in (2, 3)}
    orgs = {c[f] for i in items for c in i.claims for f in ("from", "to") if c[f] and c[f][0].isupper()}
    silent = [i.text for i in items if not i.claims]
    filler = [t[a:b] for t in silent for a, b in sentences(t) if 40 < b - a < 300 and t[b - 1] == "."]
    return Pools(sorted(people), sorted(o for o in orgs if len(o.split()) < 4), filler)


def vary(item: Item, pool: Pools, rng: random.Random) -> Item:
    """One random variation of an item, or the item itself."""
    if item.text and rng.random() < 0.25 and (alone := headline_alone(item)):
        item = alone
    if rng.random() < 0.5:
        item = exchange(item, _new_people(item, pool, rng))
    if rng.random() < 0.35:
        item = exchange(item, _new_organisations(item, pool, rng))
    if rng.random() < 0.12:
        item = title_case(item)
    if len(item.text) < 1500 and rng.random() < (0.15 if item.claims else 0.05):
        item = in_article(item, pool, rng)
    return item


def in_article(item: Item, pool: Pools, rng: random.Random) -> Item:
    """The item among sentences that claim nothing, as what is claimed stands in an article."""
    stops = [end for _, end in sentences(item.text)] or [0]
    cut = rng.choice(stops)
    before, between, after = (rng.sample(pool.filler, rng.randint(0, most)) for most in (3, 3, 7))
    parts = [*before, item.text[:cut].strip(), *between, item.text[cut:].strip(), *after]
    longer = replace(item, text="\n".join(filter(None, parts)))
    return longer if all(c["evidence"] in longer.full for c in item.claims) else item


def headline_alone(item: Item) -> Item | None:
    """The title without the text, with the claims that it makes by itself; None where that is not certain."""
    kept = []
    for claim in item.claims:
        if not find_name(claim["person"], item.title):
            continue
        told = item.full.find(claim["evidence"]) < len(item.title)
        if not told and (claim["background"] or not _TRIGGER.search(item.title.lower())):
            return None
        if short := _in_title(claim, item.title, told):
            kept.append(short)
        elif not told:
            return None
    return replace(item, text="", claims=kept)


def _in_title(claim: dict, title: str, told: bool) -> dict | None:
    sides = {f: claim[f] if claim[f] and find_phrase(claim[f], title) else None for f in ("from", "to")}
    if not any(sides.values()):
        return None
    kind = claim["kind"]
    if kind == "move" and not all(sides.values()):
        kind = "leave" if sides["from"] else "join"
    full = find_phrase(claim["person"], title)
    roles = {f: claim[f] if claim[f] and find_phrase(claim[f], title) else None for f in ("role", "from_role")}
    evidence = claim["evidence"] if told and "\n" not in claim["evidence"] else title
    person = claim["person"] if full else surname(claim["person"])
    return {**claim, **sides, **roles, "kind": kind, "person": person, "evidence": evidence}


def title_case(item: Item) -> Item:
    """Capitalise the title's words; claims whose evidence stands in the title follow."""
    new = re.sub(r"(?<![\w’'])[a-z](?=\w{3})", lambda m: m.group().upper(), item.title)
    claims = [
        {**c, "evidence": new[at : at + len(c["evidence"])]}
        if 0 <= (at := item.full.find(c["evidence"])) < len(item.title)
        else c
        for c in item.claims
    ]
    if any("\n" in c["evidence"] for c in item.claims):
        return item
    return replace(item, title=new, claims=claims)


def exchange(item: Item, words: dict[str, str]) -> Item:
    """Put the values of `words` for its keys, as whole words, in the text and in the labels alike."""
    if not words:
        return item
    pattern = re.compile(
        r"(?<!\w)(?:" + "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)) + r")(?!\w)"
    )

    def swap(text: str | None) -> str | None:
        return text and pattern.sub(lambda m: words[m.group()], text)

    claims = [{k: swap(v) if isinstance(v, str) and k != "status" else v for k, v in c.items()} for c in item.claims]
    return replace(item, title=swap(item.title), text=swap(item.text), claims=claims)


def _new_people(item: Item, pool: Pools, rng: random.Random) -> dict[str, str]:
    words = {}
    for person in dict.fromkeys(c["person"] for c in item.claims):
        new = rng.choice(pool.people)
        words[person] = new if " " in person else surname(new)
        if " " in person and len(surname(person)) > 2:
            words[surname(person)] = surname(new)
            words.setdefault(person.split()[0], new.split()[0])
    return {old: new for old, new in words.items() if len(old) > 2}


def _new_organisations(item: Item, pool: Pools, rng: random.Random) -> dict[str, str]:
    orgs = {c[f] for c in item.claims for f in ("from", "to") if c[f] and c[f][0].isupper() and c[f] in item.full}
    people = {w for c in item.claims for w in c["person"].split()}
    return {o: rng.choice(pool.organisations) for o in sorted(orgs) if o not in people}

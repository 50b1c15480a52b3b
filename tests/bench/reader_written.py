"""Written patterns (tests/cases/reader/written.txt) -> labelled items, with names filled in afresh each time."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reader_data import Pools, in_article, title_case

from monitor.moves.learned_people import find_name, find_phrase, surname
from monitor.moves.learned_tokens import sentences
from tests.bench.reader_items import Item

_HOLE = re.compile(r"\{([A-Z]\d)\}")
_TOPICS = ("AI", "cloud", "hardware", "design", "robotics", "AI safety", "marketing", "chips", "search", "self-driving")
_ROLES = (
    "CEO", "CFO", "CTO", "chief executive", "chief financial officer", "chief scientist", "head of AI", "head of design",
    "vice president of engineering", "general counsel", "president", "chief technology officer", "COO", "chairman",
    "head of product", "research lead", "managing director", "editor", "director", "chief revenue officer", "AI chief",
    "chief operating officer", "security chief", "policy chief", "executive", "researcher", "engineer", "boss", "SVP",
    "head of robotics", "co-head of investment banking", "communications chief", "chief product officer", "policy head",
)  # fmt: skip
_COMPANIES = (
    "OpenAI", "Anthropic", "Google", "Google DeepMind", "Meta", "Apple", "Microsoft", "Amazon", "Tesla", "xAI", "Nvidia", "X",
    "Intel", "AMD", "IBM", "Oracle", "Salesforce", "Uber", "Lyft", "Airbnb", "Stripe", "Block", "PayPal", "Netflix", "Disney",
    "Twitter", "Snap", "TikTok", "ByteDance", "Alibaba", "Tencent", "Baidu", "Samsung", "Sony", "Mistral", "Cohere", "Figure",
    "Scale AI", "Databricks", "Snowflake", "Palantir", "Waymo", "Cruise", "Rivian", "Lucid", "Ford", "GM", "Boeing", "SpaceX",
    "Blue Origin", "Hugging Face", "Perplexity", "Character.AI", "Inflection", "Adept", "Runway", "Stability AI", "GitHub",
    "LinkedIn", "YouTube", "Instagram", "WhatsApp", "AWS", "Dropbox", "Slack", "Zoom", "Shopify", "Spotify", "Square", "Robinhood",
    "Coinbase", "Binance", "Goldman Sachs", "JPMorgan", "Morgan Stanley", "Citigroup", "UBS", "HSBC", "Barclays", "BlackRock",
    "Sequoia", "a16z", "Andreessen Horowitz", "Y Combinator", "Thinking Machines Lab", "Safe Superintelligence", "FAIR",
    "Meta Superintelligence Labs", "Arm", "Qualcomm", "TSMC", "SoftBank", "Sonos", "Peloton", "GoPro", "Fitbit", "Nest", "Yahoo",
    "AOL", "Verizon", "AT&T", "T-Mobile", "Comcast", "CNN", "Fox News", "NBCUniversal", "Warner Bros", "Paramount", "Unity",
    "Epic Games", "Ubisoft", "Activision", "Riot Games", "Valve", "Nintendo", "Pfizer", "Moderna", "McKinsey", "Deloitte",
    "Walmart", "Target", "Starbucks", "Nike", "Unilever", "Nestlé", "Shell", "BP", "Volkswagen", "BMW", "Toyota", "Harvard",
    "Brightleaf", "Quanta Labs", "Nimbus Robotics", "Helio", "Northwind Capital", "Sablier AI", "Orbital Works", "Kestrel",
)  # fmt: skip
_GIVEN = (
    "Jane", "John", "Priya", "Wei", "Yann", "Guillaume", "Maria", "Ahmed", "Olga", "Kenji", "Fatima", "Lars", "Chloé", "Diego",
    "Aisha", "Noam", "Mira", "Ilya", "Andrej", "Sundar", "Satya", "Tim", "Mark", "Susan", "Marissa", "Travis", "Jony", "Scott",
    "Eric", "Linda", "Kevin", "Laura", "Igor", "Sergey", "Elena", "Tomas", "Ruoming", "Xiaolong", "Jürgen", "Siobhan", "Bob",
    "Mike", "Nick", "Sheryl", "Dara", "Reed", "Carla", "Daniela", "Omar", "Hiroshi", "Min-jun", "Anne-Marie", "Jean-Luc", "Raj",
)  # fmt: skip
_FAMILY = (
    "Roe", "Smith", "Patel", "Zhang", "LeCun", "Dubois", "García", "Hassan", "Petrova", "Tanaka", "Johansson", "O’Brien", "Lopez",
    "Khan", "Shazeer", "Moreau", "Kowalski", "Novak", "Kim", "Park", "Nguyen", "Okafor", "Mensah", "Singh", "Iyer", "Cohen", "Katz",
    "Rossi", "Weber", "Schneider", "van Dijk", "de Vries", "McDonald", "Taylor", "Walker", "Field", "Cook", "Pang", "Lee", "Wang",
    "Abbott", "Price", "Banks", "Sharma", "Costa", "Silva", "Lindqvist", "Haugen", "Chen", "Liu", "Wu", "Murphy", "Fischer", "Brown",
)  # fmt: skip


_YEARS = tuple(map(str, range(1999, 2023)))
_NUMBERS = tuple(map(str, range(2, 31)))
_LISTS = {"R": _ROLES, "T": _TOPICS, "Y": _YEARS, "N": _NUMBERS}


@dataclass(frozen=True)
class Pattern:
    title: str
    text: str
    claims: tuple[str, ...]


def load_patterns(path: Path) -> list[Pattern]:
    blocks = re.split(r"^= ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [_pattern(b) for b in blocks]


def _pattern(block: str) -> Pattern:
    lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
    claims = tuple(line[2:] for line in lines if line.startswith("> "))
    return Pattern(lines[0], "\n".join(line for line in lines[1:] if not line.startswith("> ")), claims)


def written_items(patterns: list[Pattern], pool: Pools, rng: random.Random) -> Iterator[Item]:
    """Every pattern once, filled at random; one in four headlines in Title Case."""
    for number, pattern in enumerate(patterns):
        item = _fill(f"w{number:04}", pattern, pool, rng)
        if item.text:
            yield in_article(item, pool, rng) if rng.random() < 0.3 else item
        else:
            yield title_case(item) if rng.random() < 0.25 else item


def _fill(name: str, pattern: Pattern, pool: Pools, rng: random.Random) -> Item:
    words = _Words(pool, rng)
    title, text = (_HOLE.sub(lambda m: words.of(m.group(1)), part) for part in (pattern.title, pattern.text))
    full = f"{title}\n{text}"
    claims = [_claim(line, words, full, len(title)) for line in pattern.claims]
    return Item(name, title, text, claims)


class _Words:
    """What the placeholders of one item stand for."""

    def __init__(self, pool: Pools, rng: random.Random) -> None:
        self._pool, self._rng, self._known = pool, rng, dict[str, str]()

    def of(self, hole: str) -> str:
        if hole not in self._known:
            self._known[hole] = self._new(hole)
        return self._known[hole]

    def _new(self, hole: str) -> str:
        rng = self._rng
        if hole[0] in _LISTS:
            return rng.choice(_LISTS[hole[0]])
        match hole[0]:
            case "P":
                return (
                    rng.choice(self._pool.people)
                    if rng.random() < 0.4
                    else f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"
                )
            case "L":
                return surname(self.of("P" + hole[1:]))
            case "O":
                new = rng.choice(self._pool.organisations if rng.random() < 0.25 else _COMPANIES)
                return new if new not in self._known.values() else self._new(hole)
        raise ValueError(f"no such placeholder: {hole}")


def _claim(line: str, words: _Words, full: str, title_end: int) -> dict:
    person, kind, origin, target, *rest = (_value(part, words) for part in line.split())
    claim = {"person": person, "kind": kind, "from": origin, "to": target, "role": None, "from_role": None}
    claim |= {"status": "confirmed", "background": False, "date": None}
    for part in rest:
        if part == "background":
            claim["background"] = True
        elif "=" in part:
            field, _, value = part.partition("=")
            claim[field] = _value(value, words)
        else:
            claim["status"] = part
    return claim | {"evidence": _evidence(claim, full, title_end)}


def _value(part: str, words: _Words) -> str | None:
    if part == "-":
        return None
    return words.of(part) if re.fullmatch(r"[A-Z]\d", part) else part.replace("_", " ")


def _evidence(claim: dict, full: str, title_end: int) -> str:
    """The first stretch that names the person and the most of the rest."""

    def told(span: tuple[int, int]) -> float:
        stretch = full[slice(*span)]
        rest = sum(bool(claim[f] and find_phrase(claim[f], stretch)) for f in ("from", "to", "role", "from_role"))
        return 2.5 * bool(find_name(claim["person"], stretch)) + rest

    return full[slice(*max([(0, title_end), *sentences(full, title_end + 1)], key=told))]

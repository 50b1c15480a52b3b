"""an organisation's name as an article writes it -> the company of the watchlist that it means, or None.  Pure.

Never guesses: a name that holds more than a company and words for its parts is some other organisation.
"""

from __future__ import annotations

import re

from monitor.match.surroundings import Surroundings, cues
from monitor.match.watchlist import Hit, Use, Watchlist
from monitor.model import Subject, SubjectKind
from monitor.names import fold, generic_endings, is_common, nfc, organisation_key

_WORDS = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


def resolve_organisation(name: str | None, watch: Watchlist) -> Subject | None:
    """Resolve a name through aliases, former names and parents: "Google's DeepMind", "Facebook parent Meta", "Meta AI"."""
    if not name:
        return None
    name = nfc(name).strip()
    subject = _resolve(name, watch)
    return None if subject and _is_another(name, subject) else subject


def _is_another(name: str, subject: Subject) -> bool:
    """Tell "Cohere Technologies" from Cohere where the watchlist does, "Figure Technologies" from Figure AI by itself."""
    if any(Surroundings(name).places(phrase) for phrase in subject.not_words):
        return True
    endings = frozenset[str]().union(*map(generic_endings, (subject.name, *subject.aliases)))
    return is_common(organisation_key(name)) and not subject.exact and not generic_endings(name) <= endings


def _resolve(name: str, watch: Watchlist) -> Subject | None:
    if whole := _whole_name(name, watch):
        return whole
    hits = [hit for hit in watch.find_hits(fold(name)) if _may_count(hit, name)]
    if not hits or _is_foreign(_besides(name, hits), hits):
        return _by_key(name, watch) if not hits else None
    return _most_special(hits, watch)


def _whole_name(name: str, watch: Watchlist) -> Subject | None:
    for alias in watch.aliases.get(fold(name), ()):
        if alias.subject.kind is SubjectKind.COMPANY and (alias.use is not Use.EXACT or name == alias.text):
            return alias.subject
    return None


def _may_count(hit: Hit, name: str) -> bool:
    written = name[hit.start : hit.end]
    if hit.alias.subject.kind is not SubjectKind.COMPANY:
        return False
    return written == hit.alias.text if hit.alias.use is Use.EXACT else any(c.isupper() for c in written)


def _besides(name: str, hits: list[Hit]) -> list[str]:
    """Return the folded words of `name` that belong to no hit."""
    return [
        fold(match[0])
        for match in _WORDS.finditer(name)
        if not any(hit.start <= match.start() < hit.end for hit in hits)
    ]


def _is_foreign(words: list[str], hits: list[Hit]) -> bool:
    """Tell whether the other words make it another organisation: "Cohere Health", not "Google Cloud" or "Meta's AI unit"."""
    return any(hit.alias.use is Use.EXACT for hit in hits) and any(word not in cues("parts") for word in words)


def _most_special(hits: list[Hit], watch: Watchlist) -> Subject | None:
    """Of "Google" and "DeepMind" take the unit; of two strangers neither."""
    found = {hit.alias.subject.id: hit.alias.subject for hit in hits}
    for subject in found.values():
        if found.keys() <= set(watch.ancestry(subject.id)):
            return subject
    return None


def _by_key(name: str, watch: Watchlist) -> Subject | None:
    """Resolve a name that differs in its ending only: "Mistral" for "Mistral AI"."""
    return watch.companies_by_key.get(organisation_key(name)) if name[:1].isupper() else None

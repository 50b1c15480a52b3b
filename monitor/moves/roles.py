"""Tokens -> spans of role phrases ("interim chief product officer", "head of AI models").

Never attaches an organisation: the phrase rules do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.moves.lexicon import Lexicon
from monitor.moves.sentences import Token

_LINKS = {"and", "&", "/", "-", "–"}
_COMPLEMENT_STOP = {
    "at", "in", "on", "to", "from", "by", "as", "with", "after", "before", "who", "which", "that", "is", "was", "has", "had", "will", "and", "or",
    "said", "says", "told", "of", "for", "a", "an", "he", "she", "when", "until", "since", "during", "amid", "over", "under", "following",
    "are", "were", "have", "but", "into", "up", "out", "than", "while", "because", "be", "been", "being", "not", "this", "these", "those", "years", "months",
}  # fmt: skip
_COMPLEMENT_LIMIT = 6
_WEAK_BEFORE = {
    "named",
    "appointed",
    "elected",
    "becomes",
    "as",
    "a",
    "an",
    "the",
    "former",
    "new",
    "its",
    "their",
    "his",
    "her",
    "'s",
    "’s",
    "ex-",
    "current",
    "outgoing",
    "next",
    "first",
    "longtime",
    "top",
}


def find_roles(
    tokens: Sequence[Token], lexicon: Lexicon, *, titled: bool, names: set[int], hard: set[int]
) -> list[tuple[int, int]]:
    """Return half-open token ranges of roles; `names` are known names, `hard` capitalised words that may be names."""
    taken = names | hard
    words = [t.text.lower() for t in tokens]
    found: list[tuple[int, int]] = []
    i = 0
    while i < len(words):
        end = 0 if i in taken else _role_end(tokens, words, i, lexicon, taken)
        if end and _stands(words, i, end, lexicon, taken):
            written_large = tokens[i].capitalised and not titled
            inside = {j for j in hard if words[j] in lexicon.common} if written_large else set()
            line = _Line(tokens=tokens, words=words, lexicon=lexicon, titled=titled, taken=taken - inside)
            end = _complement_end(line, end)
            start = _with_nouns(words, i, lexicon, taken, found[-1][1] if found else 0)
            found.append((start, end))
            i = end
        else:
            i += 1
    return found


def _role_end(tokens: Sequence[Token], words: list[str], start: int, lexicon: Lexicon, taken: set[int]) -> int:
    """Return the end of the longest run of modifiers and heads from `start` that ends in a head, or 0."""
    end, i = 0, start
    while i < len(words) and i not in taken:
        word = words[i]
        if _is_head(word, lexicon):
            if (
                end
                and tokens[i].text in lexicon.given_names
                and i + 1 < len(words)
                and tokens[i + 1].capitalised
                and not _is_head(words[i + 1], lexicon)
            ):
                break  # "Executive Dean Carter"
            if word in _ABBREVIATED and words[i + 1 : i + 2] != ["."]:
                break
            end = i + 1
        elif word in _LINKS:
            if i == start or i + 1 >= len(words) or not _may_follow(words, i + 1, lexicon, taken):
                break
        elif word not in lexicon.modifiers:
            if not (word == "in" and words[i - 1 : i] == ["editor"]) and not (
                word == "of" and words[i + 1 : i + 2] == ["staff"]
            ):
                break
            end = i + 2
            i += 1
        i += 1
    return end


_ABBREVIATED = {"sen", "rep", "gov", "mps"}


def _is_head(word: str, lexicon: Lexicon) -> bool:
    return word in lexicon.heads or (
        word.endswith("s") and word[:-1] in lexicon.heads and word[:-1] not in lexicon.weak_heads
    )


def _may_follow(words: list[str], i: int, lexicon: Lexicon, taken: set[int]) -> bool:
    """Return whether a link before `i` goes on within one role: a head follows after modifiers only."""
    while i < len(words) and i not in taken and words[i] in lexicon.modifiers and words[i] not in lexicon.heads:
        i += 1
    return i < len(words) and i not in taken and words[i] in lexicon.heads


_VERBLIKE = {
    "head",
    "heads",
    "lead",
    "leads",
    "host",
    "hosts",
    "chairs",
    "judges",
    "coaches",
    "anchors",
    "partners",
    "captains",
}
_AFTER_VERB = {
    "to",
    "for",
    "into",
    "off",
    "up",
    "down",
    "back",
    "out",
    "a",
    "an",
    "the",
    "its",
    "his",
    "her",
    "their",
    "with",
    "home",
    "new",
}


def _stands(words: list[str], start: int, end: int, lexicon: Lexicon, taken: set[int]) -> bool:
    """Return False where a weak head alone is a verb or a part of the body."""
    if end - start > 1 or words[start] not in lexicon.weak_heads:
        return True
    before = words[start - 1] if start else ""
    after = words[end] if end < len(words) else ""
    if words[start] in _VERBLIKE and after in _AFTER_VERB:
        return False
    if before in {"to", "will", "would", "could", "may", "might", "who"}:
        return False
    if after in {"of", ","} and words[start] in {
        "head",
        "lead",
        "leader",
        "chair",
        "partner",
        "deputy",
        "host",
        "captain",
        "general",
        "member",
        "chief",
    }:
        return True
    return before in _WEAK_BEFORE or (start - 1) in taken


def _with_nouns(words: list[str], start: int, lexicon: Lexicon, taken: set[int], floor: int) -> int:
    """Take in up to two plain nouns between a name and a role ("Maui emergency chief")."""
    for first in (start - 1, start - 2):
        if first <= floor or first in taken:
            return start
        word = words[first]
        if (
            word not in lexicon.common
            or word in lexicon.stop | lexicon.headline_verbs | lexicon.former | lexicon.current
            or word.endswith("ly")
        ):
            return start
        if first - 1 in taken or words[first - 1] in {"'s", "’s"}:
            return first
    return start


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A sentence as a role's complement sees it; `taken` are the places of names."""

    tokens: Sequence[Token]
    words: list[str]
    lexicon: Lexicon
    titled: bool
    taken: set[int]


def _complement_end(line: _Line, end: int) -> int:
    """Extend a role by "of/for" and the plain nouns after it; a name after it stays outside."""
    words, taken = line.words, line.taken
    if end >= len(words) or words[end] not in {"of", "for"}:
        return end
    i = end + 1
    while i < len(words) and words[i] in {"the", "its", "all", "their"}:
        i += 1
    first = i
    while i < len(words) and i - first < _COMPLEMENT_LIMIT and _plain(line, i):
        i += 1
    if i == first or (i in taken and words[i - 1] in line.lexicon.descriptors | {"and", "&"}):
        return end
    return i if words[i - 1] not in {"and", "&", ","} else i - 1


def _plain(line: _Line, i: int) -> bool:
    token, words, lexicon, taken = line.tokens[i], line.words, line.lexicon, line.taken
    word = words[i]
    if i in taken:
        return False
    if word in {"and", "&"}:
        return (
            i + 1 < len(words)
            and i + 1 not in taken
            and words[i + 1] in lexicon.common
            and words[i + 1] not in lexicon.stop
        )
    if (
        not word[0].isalpha()
        or word in _COMPLEMENT_STOP
        or word in lexicon.stop
        or (line.titled and word in lexicon.headline_verbs)
    ):
        return False
    if word in lexicon.headline_verbs and word not in lexicon.modifiers:
        return False
    return word in lexicon.common or word in lexicon.modifiers or (not token.capitalised) or token.text.isupper()

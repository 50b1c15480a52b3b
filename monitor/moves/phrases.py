"""What the chunkers find: a name, a role or a place, with what the text attaches to it.

Never decides what a phrase does in its sentence: frames do.
"""

from __future__ import annotations

from dataclasses import dataclass

PERSON, ORG, ROLE, PLACE = "P", "O", "R", "L"
ONE_WORD, MANY_WORDS = "N", "M"  # names of unknown type: the slot that they fill decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A chunk of a sentence; `start:end` is its range in the whole text."""

    letter: str
    text: str
    start: int
    end: int
    role: str | None = None  # of a person
    org: str | None = None  # of a person or a role
    former: bool = False  # role and organisation are past
    new: bool = False  # "Twitter's new CEO": the role was taken lately
    refers: bool = False  # "the company": named before
    source: bool = False  # an outlet that is quoted, not part of the story
    members: tuple[Phrase, ...] = ()  # of a list of people or of coordinated organisations

    @property
    def people(self) -> tuple[Phrase, ...]:
        return self.members or (self,)

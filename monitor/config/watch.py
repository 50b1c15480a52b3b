"""validated watchlist -> subjects, cohorts and known moves, with every name and reference checked.

Never matches text: `match` does, with the subjects built here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from monitor.config.document import Path
from monitor.config.files import Company, KnownMove, Person, Watchlist
from monitor.config.model import KnownMove as ResolvedMove
from monitor.config.validate import Checked, suggest
from monitor.errors import Problem
from monitor.model import Kind, Subject, SubjectKind
from monitor.names import fold, is_common, nfc, slug

_SECTION = {"company": "companies", "person": "people", "cohort": "cohorts"}


@dataclass(slots=True)
class Watched:
    """What the watchlist says; `find` resolves a name to an id."""

    source: Checked[Watchlist]
    problems: list[Problem] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    cohorts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    known_moves: list[ResolvedMove] = field(default_factory=list)
    _ids: dict[str, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in _SECTION})
    _names: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in _SECTION})

    def register(self, kind: str, id: str, names: Iterable[str]) -> None:
        names = list(names)
        self._names[kind] += names
        self._ids[kind] |= {fold(nfc(name)): id for name in [*names, id]}

    def find(self, kind: str, name: str) -> str | None:
        """Return the id of the company, person or cohort of this name, alias or id."""
        return self._ids[kind].get(fold(nfc(name)))

    def unknown(self, kind: str, name: str) -> str | None:
        """Say that a name is not known, or None if it is (or stands in an entry that has other problems)."""
        if self.find(kind, name) or name in self.source.failed_names(_SECTION[kind]):
            return None
        return f"{kind} {name!r} is not known{suggest(name, self._names[kind])}"

    def complain(self, message: str, section: str, number: int, *rest: str | int) -> None:
        self.problems.append(self.source.problem(message, section, number, *rest))

    def resolve(self, kind: str, name: str | None, section: str, number: int, *rest: str | int) -> str | None:
        """Return the id of `name`; a name that is not known is a problem at the place given."""
        if name is None:
            return None
        if fault := self.unknown(kind, name):
            self.complain(fault, section, number, *rest)
        return self.find(kind, name)


def resolve_watchlist(source: Checked[Watchlist]) -> Watched:
    """Resolve the watchlist; what is wrong is in `problems`."""
    watched = Watched(source)
    file = source.model
    _register(watched)
    _check_names(watched)
    parents = _resolve_parents(watched)
    _resolve_cohorts(watched)
    for number, known in enumerate(file.known_moves):
        _resolve_known_move(watched, number, known, parents)
    _check_repeated_moves(watched)
    watched.subjects += [_company(company, parents) for company in file.companies]
    watched.subjects += [_person(watched, person) for person in file.people]
    return watched


def id_of(item: Company | Person) -> str:
    return item.id or slug(item.name)


def _register(watched: Watched) -> None:
    file = watched.source.model
    for company in file.companies:
        watched.register("company", id_of(company), [text for text, _ in _names_of(company)])
    for person in file.people:
        watched.register("person", id_of(person), [text for text, _ in _names_of(person)])
    for cohort in file.cohorts:
        watched.register("cohort", cohort.id or slug(cohort.name), [cohort.name])


def _names_of(item: Company | Person) -> Iterator[tuple[str, Path]]:
    """Yield every name with its place inside the item."""
    yield item.name, ("name",)
    for key in ("aliases", "former", "exact"):
        for index, text in enumerate(getattr(item, key, [])):
            yield text, (key, index)


# --- names -------------------------------------------------------------------------------------------------------


def _check_names(watched: Watched) -> None:
    """Report names that mean two subjects, or are listed twice, or are everyday words."""
    owners: dict[str, _Owner] = {}  # folded name -> whose it is
    ids: dict[str, str] = {}
    for section, number, item in _items(watched.source.model):
        if not slug(item.name) and not item.id:
            watched.complain(f"{item.name!r} needs an 'id' of small letters and digits", section, number, "name")
        elif id_of(item) in ids and fold(nfc(ids[id_of(item)])) != fold(nfc(item.name)):
            message = f"id {id_of(item)!r} is already that of {ids[id_of(item)]!r}; give this one an 'id' of its own"
            watched.complain(message, section, number, "name")
        ids.setdefault(id_of(item), item.name)
        own: set[str] = set()
        for text, place in _names_of(item):
            line = watched.source.document.line(watched.source.path(section, number, *place))
            owner = owners.setdefault(fold(nfc(text)), _Owner(item, line))
            if fault := _name_fault(text, place, item, own) or _taken(owner, text, item):
                watched.complain(fault, section, number, *place)
            own.add(fold(nfc(text)))


@dataclass(frozen=True, slots=True)
class _Owner:
    item: Company | Person
    line: int


def _items(file: Watchlist) -> Iterator[tuple[str, int, Company | Person]]:
    for number, company in enumerate(file.companies):
        yield "companies", number, company
    for number, person in enumerate(file.people):
        yield "people", number, person


def _name_fault(text: str, place: Path, item: Company | Person, own: set[str]) -> str | None:
    folded = fold(nfc(text))
    if place[0] == "exact":
        return None
    if folded in own:
        return f"{text!r} is already a name of {item.name!r}: capitals and accents make no difference"
    if not is_common(text) or folded in {fold(nfc(exact)) for exact in item.exact}:
        return None
    trouble = "is shorter than three letters" if len(folded.strip()) < 3 else "is also an everyday word"
    advice = "list it under 'exact' to have it count only as written and where the sentence speaks of"
    kind = "a company" if isinstance(item, Company) else "a person"
    return f"{'name' if place[0] == 'name' else 'alias'} {text!r} {trouble}; {advice} {kind}"


def _taken(owner: _Owner, text: str, item: Company | Person) -> str | None:
    if owner.item is item:
        return None
    what = "name" if text == item.name else "alias"
    return f"{what} {text!r} is already a name of {owner.item.name!r} (line {owner.line})"


# --- references --------------------------------------------------------------------------------------------------


def _resolve_parents(watched: Watched) -> dict[str, str]:
    """Return company id -> parent id; circles are cut and reported."""
    parents: dict[str, str] = {}
    for number, company in enumerate(watched.source.model.companies):
        parent = watched.resolve("company", company.parent, "companies", number, "parent")
        if parent is None:
            continue
        circle = _circle(parents, id_of(company), parent)
        if circle:
            by_id = {id_of(other): other.name for other in watched.source.model.companies}
            names = " → ".join([company.name, *(by_id[id] for id in circle)])
            watched.complain(f"the parents go in a circle: {names}", "companies", number, "parent")
        else:
            parents[id_of(company)] = parent
    return parents


def _circle(parents: dict[str, str], child: str, parent: str) -> list[str]:
    """Return the way from `parent` back to `child`, or nothing if it does not lead there."""
    way = [parent]
    while way[-1] != child and way[-1] in parents:
        way.append(parents[way[-1]])
    return way if way[-1] == child else []


def _resolve_cohorts(watched: Watched) -> None:
    for number, cohort in enumerate(watched.source.model.cohorts):
        found = (
            watched.resolve("person", member, "cohorts", number, "members", index)
            for index, member in enumerate(cohort.members)
        )
        id = cohort.id or slug(cohort.name)
        if id in watched.cohorts:
            watched.complain(f"there is already a cohort {cohort.name!r}", "cohorts", number, "name")
        watched.cohorts[id] = tuple(dict.fromkeys(member for member in found if member))


def _resolve_known_move(watched: Watched, number: int, known: KnownMove, parents: dict[str, str]) -> None:
    person_id = watched.resolve("person", known.person, "known_moves", number, "person")
    from_id = watched.resolve("company", known.from_, "known_moves", number, "from")
    to_id = watched.resolve("company", known.to, "known_moves", number, "to")
    if person_id is None or bool(known.from_) != bool(from_id) or bool(known.to) != bool(to_id):
        return
    names = {id_of(item): item.name for _, _, item in _items(watched.source.model)}
    move = ResolvedMove(
        person_id=person_id,
        person=names[person_id],
        kind=known.kind or _kind_of(known, from_id, to_id, parents),
        status=known.status,
        from_id=from_id,
        from_org=names[from_id] if from_id else None,
        to_id=to_id,
        to_org=names[to_id] if to_id else None,
        role=known.role,
        from_role=known.from_role,
        date=known.date,
        note=known.note or None,
        source=known.source or None,
    )
    watched.known_moves.append(move)


def _kind_of(known: KnownMove, from_id: str | None, to_id: str | None, parents: dict[str, str]) -> Kind:
    if from_id and to_id and (_circle(parents, from_id, to_id) or _circle(parents, to_id, from_id)):
        return Kind.ROLE
    if to_id and "founder" in (known.role or "").lower():
        return Kind.FOUND
    if from_id and to_id:
        return Kind.MOVE
    return Kind.JOIN if to_id else Kind.LEAVE


def _check_repeated_moves(watched: Watched) -> None:
    seen: set[tuple[object, ...]] = set()
    for number, known in enumerate(watched.source.model.known_moves):
        step = (known.person, known.from_, known.to, known.role, known.date)
        if step in seen:
            watched.complain(f"this move of {known.person!r} is listed twice", "known_moves", number)
        seen.add(step)


# --- subjects ----------------------------------------------------------------------------------------------------


def _company(company: Company, parents: dict[str, str]) -> Subject:
    return Subject(
        id=id_of(company),
        kind=SubjectKind.COMPANY,
        name=company.name,
        aliases=_besides(company.name, [*company.aliases, *company.former, *company.exact]),
        exact=tuple(company.exact),
        parent=parents.get(id_of(company)),
        separate=company.separate,
        context=tuple(company.context),
        not_words=tuple(company.not_),
        watched=company.watched,
    )


def _person(watched: Watched, person: Person) -> Subject:
    """Build a person; cohorts and known moves add to the words that speak for them."""
    id = id_of(person)
    cohorts = [c for c in watched.source.model.cohorts if id in watched.cohorts[c.id or slug(c.name)]]
    sides = [org for m in watched.known_moves if m.person_id == id for org in (m.from_org, m.to_org) if org]
    shared = [word for cohort in cohorts for word in cohort.context]
    return Subject(
        id=id,
        kind=SubjectKind.PERSON,
        name=person.name,
        aliases=_besides(person.name, [*person.aliases, *person.exact]),
        exact=tuple(person.exact),
        cohorts=tuple(c.id or slug(c.name) for c in cohorts),
        context=tuple(dict.fromkeys([*person.context, *shared, *sides])),
        not_words=tuple(person.not_),
        watched=person.watched,
    )


def _besides(name: str, others: Iterable[str]) -> tuple[str, ...]:
    return tuple(other for other in dict.fromkeys(others) if other != name)

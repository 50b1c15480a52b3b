"""Claims of many articles become moves: told once, growing together, never confused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Claim, Kind, Move, Origin, SourcedClaim, Status
from monitor.moves.resolve import confidence_of, found_move, resolve

NOW = datetime(2025, 12, 1, tzinfo=UTC)
PARENTS = {"fair": "meta", "google-deepmind": "google"}
IDS = {
    "Meta": "meta",
    "FAIR": "fair",
    "Google": "google",
    "Google DeepMind": "google-deepmind",
    "Mistral AI": "mistral",
}
_numbers = count()


def told(person, kind, from_org=None, to_org=None, *, on="2025-06-01", outlet=None, **claim) -> SourcedClaim:
    number = next(_numbers)
    outlet = outlet or f"outlet{number}.example"
    return SourcedClaim(
        claim=Claim(
            person=person, kind=Kind(kind), from_org=from_org, to_org=to_org, evidence=f"sentence {number}", **claim
        ),
        article_id=f"article{number}",
        url=f"https://{outlet}/{number}",
        outlet=outlet,
        title="",
        published_at=datetime.fromisoformat(on).replace(tzinfo=UTC),
        from_id=IDS.get(from_org),
        to_id=IDS.get(to_org),
    )


def ledger(*claims: SourcedClaim) -> list[Move]:
    """Resolve claims one after the other, each in a batch of its own, as they arrive over the months."""
    moves: dict[str, Move] = {}
    for claim in claims:
        for _, after in resolve(list(moves.values()), [claim], parents=PARENTS, now=NOW).changes:
            moves[after.id] = after
    return list(moves.values())


def test_twenty_outlets_make_one_move_with_twenty_pieces_of_evidence():
    (move,) = ledger(*(told("Jane Roe", "move", "Meta", "Cohere", on=f"2025-06-{day:02}") for day in range(1, 21)))
    assert len(move.evidence) == 20
    assert move.first_seen_at == datetime(2025, 6, 1, tzinfo=UTC)


def test_a_departure_waits_for_its_destination():
    (move,) = ledger(
        told("Joelle Pineau", "leave", "Meta", on="2025-04-01"),
        told("Joëlle Pineau", "join", None, "Cohere", on="2025-08-14"),
    )
    assert (move.kind, move.from_org, move.to_org) == (Kind.MOVE, "Meta", "Cohere")


def test_a_destination_a_year_and_a_half_later_is_another_move():
    assert (
        len(ledger(told("Jane Roe", "leave", "Meta", on="2024-01-01"), told("Jane Roe", "join", None, "Cohere"))) == 2
    )


def test_a_bare_surname_never_completes_a_departure():
    assert len(ledger(told("Jane Roe", "leave", "Meta"), told("Roe", "join", None, "Cohere"))) == 2


def test_a_surname_with_an_agreeing_side_tells_the_same_move():
    (move,) = ledger(told("Pang", "move", "Apple", "Meta"), told("Ruoming Pang", "join", None, "Meta"))
    assert move.person == "Ruoming Pang"


def test_people_who_share_a_surname_are_kept_apart():
    assert len(ledger(told("Alexandr Wang", "join", None, "Meta"), told("Jane Wang", "join", None, "Meta"))) == 2


def test_a_unit_and_its_parent_are_one_side():
    assert (
        len(
            ledger(
                told("Rob Fergus", "move", "Google DeepMind", "FAIR"), told("Robert Fergus", "move", "Google", "Meta")
            )
        )
        == 1
    )


def test_a_name_written_in_two_ways_is_one_organisation():
    assert len(ledger(told("Jane Roe", "join", None, "Mistral"), told("Jane Roe", "join", None, "Mistral AI"))) == 1


def test_rival_destinations_are_two_moves():
    assert len(ledger(told("Jane Roe", "move", "Meta", "Cohere"), told("Jane Roe", "move", "Meta", "Anthropic"))) == 2


def test_outlets_that_differ_on_the_origin_tell_one_move():
    (move,) = ledger(
        told("Jane Roe", "move", "Meta", "Cohere"), told("Jane Roe", "move", "Apple", "Cohere", on="2025-06-03")
    )
    assert move.from_org == "Meta"


def test_a_retelling_years_later_is_no_second_move():
    assert len(ledger(told("Jane Roe", "leave", "Meta", on="2022-03-01"), told("Jane Roe", "leave", "Meta"))) == 1


def test_who_comes_back_and_leaves_again_has_left_twice():
    moves = ledger(
        told("Jane Roe", "leave", "Meta", on="2022-03-01"),
        told("Jane Roe", "move", "Apple", "Meta", on="2023-05-01"),
        told("Jane Roe", "leave", "Meta", on="2025-06-01"),
    )
    assert len(moves) == 3


def test_a_board_seat_is_not_a_job():
    assert len(ledger(told("Jane Roe", "board", None, "Meta"), told("Jane Roe", "join", None, "Meta"))) == 2


def test_a_board_seat_told_in_one_breath_with_the_job_is_no_second_move():
    job = told("Chris Rogers", "role", "Instacart", "Instacart", role="CEO")
    seat = replace(told("Rogers", "board", None, "Instacart"), article_id=job.article_id)
    for claims in ([job, seat], [seat, job]):
        ((_, move),) = resolve([], claims, parents=PARENTS, now=NOW).changes
        assert (move.kind, move.role, len(move.evidence)) == (Kind.ROLE, "CEO", 2)


def test_two_promotions_are_two_moves():
    moves = ledger(
        told("Jane Roe", "role", "Meta", "Meta", role="CTO", on="2024-01-01"),
        told("Jane Roe", "role", "Meta", "Meta", role="CEO", on="2025-06-01"),
    )
    assert len(moves) == 2


def test_founding_long_ago_is_not_the_return_of_today():
    for day in ("2025-06-01", None):
        moves = ledger(
            told("Robert Fergus", "found", None, "FAIR", date="2014", background=True),
            told("Robert Fergus", "move", "Google DeepMind", "Meta", date=day),
        )
        assert {m.kind for m in moves} == {Kind.FOUND, Kind.MOVE}


def test_who_is_known_to_be_there_is_not_told_to_join_again():
    known = told("Guillaume Lample", "found", "Meta", "Mistral AI", date="2023")
    later = told("Guillaume Lample", "move", "LLaMA", "Mistral", date="2025-06-01")
    assert len(ledger(known, later)) == 1


def test_founding_from_where_one_returns_from_is_not_the_return():
    moves = ledger(
        told("Robert Fergus", "move", "Google DeepMind", "Meta"),
        told("Robert Fergus", "found", "Google DeepMind", "FAIR", date="2014", background=True),
    )
    assert len(moves) == 2


def test_leaving_to_found_is_one_move():
    (move,) = ledger(told("Liam Fedus", "leave", "OpenAI"), told("Liam Fedus", "found", "OpenAI", None))
    assert move.kind is Kind.FOUND


def test_a_look_back_finds_the_move_it_speaks_of():
    (move,) = ledger(
        told("Jane Roe", "move", "Meta", "Cohere", on="2024-01-01", date="2024-01"),
        told("Jane Roe", "join", None, "Cohere", background=True, date="2024"),
    )
    assert move.date == "2024-01"
    assert not move.background


@pytest.mark.parametrize(
    ("steps", "history"),
    [
        (["considered", "reported", "confirmed"], ["considered", "reported", "confirmed"]),
        (["confirmed", "reported", "considered"], ["confirmed"]),
        (["reported", "denied"], ["reported", "denied"]),
        (["reported", "denied", "reported"], ["reported", "denied"]),
        (["reported", "denied", "confirmed"], ["reported", "denied", "confirmed"]),
        (["confirmed", "denied"], ["confirmed", "denied"]),
        (["confirmed", "confirmed", "denied"], ["confirmed"]),
    ],
)
def test_status_follows_the_news(steps, history):
    claims = [
        told("Jane Roe", "leave", "Meta", on=f"2025-06-{i + 1:02}", status=Status(s)) for i, s in enumerate(steps)
    ]
    (move,) = ledger(*claims)
    assert [h.status.value for h in move.history] == history
    assert move.status == move.history[-1].status


def test_a_known_move_keeps_its_status_and_its_sides():
    known = replace(
        found_move(told("Armand Joulin", "move", "Meta", "Google DeepMind", date="2023-05"), now=NOW),
        origin=Origin.KNOWN,
    )
    claim = told("Armand Joulin", "leave", "Meta", status=Status.REPORTED)
    ((_, after),) = resolve([known], [claim], parents=PARENTS, now=NOW).changes
    assert after.id == known.id
    assert (after.status, after.to_org, len(after.evidence)) == (Status.CONFIRMED, "Google DeepMind", 2)


def test_the_same_article_read_again_changes_nothing():
    claim = told("Jane Roe", "leave", "Meta")
    (move,) = ledger(claim)
    assert resolve([move], [claim], parents=PARENTS, now=NOW + timedelta(days=1)).changes == ()


def test_each_further_outlet_takes_away_part_of_the_doubt_but_never_all():
    one, *_, many = (
        confidence_of(found_move(told("Jane Roe", "leave", "Meta", confidence=0.8), now=NOW).evidence * 1),
        confidence_of(ledger(*(told("Jane Roe", "leave", "Meta", confidence=0.8) for _ in range(5)))[0].evidence),
    )
    assert one == 0.8 < many < 1


claims_of_one_person = st.lists(
    st.builds(
        told,
        st.sampled_from(["Jane Roe", "Roe", "J. Roe"]),
        st.sampled_from(["join", "leave", "move"]),
        st.sampled_from([None, "Meta", "Apple"]),
        st.sampled_from(["Cohere", "Mistral AI"]),
        on=st.dates(date(2025, 1, 1), date(2025, 11, 1)).map(str),
        status=st.sampled_from(list(Status)),
        background=st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(claims_of_one_person, st.randoms())
def test_the_order_of_claims_does_not_matter(claims, random):
    shuffled = random.sample(claims, len(claims))
    a, b = (resolve([], c, parents=PARENTS, now=NOW) for c in (claims, shuffled))
    assert a.support == b.support
    assert {m for _, m in a.changes} == {m for _, m in b.changes}


def test_a_return_does_not_complete_the_departure_that_it_undoes():
    left, back = (
        told("Jane Roe", "leave", "Meta", on="2025-06-01"),
        told("Jane Roe", "join", None, "Meta", on="2025-06-05"),
    )
    assert {(m.from_org, m.to_org) for m in ledger(left, back)} == {("Meta", None), (None, "Meta")}


@pytest.mark.parametrize("doubt", [{"person_id": "jane-roe", "needs_review": "namesake?"}, {"person_id": None}])
def test_a_namesake_completes_no_departure(doubt):
    left = replace(told("Jane Roe", "leave", "Meta", on="2025-06-01"), person_id="jane-roe")
    moves = ledger(left, replace(told("Jane Roe", "join", None, "Boston Symphony", on="2025-06-20"), **doubt))
    assert {m.to_org for m in moves} == {None, "Boston Symphony"}


def test_an_aside_on_an_earlier_departure_makes_no_second_arrival():
    hired = told("Jane Roe", "join", None, "Meta", on="2025-06-01")
    aside = told("Jane Roe", "leave", "Meta", on="2025-06-02", background=True)
    again = told("Jane Roe", "join", None, "Meta", on="2025-06-05")
    assert len([m for m in ledger(hired, aside, again) if m.to_org]) == 1

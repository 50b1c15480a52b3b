"""Two readers' claims of one text: what is kept where one says more, or the same the other way round."""

from dataclasses import replace

from monitor.model import Claim, Kind, Span, Status
from monitor.moves.agreement import Pair, judge, merge_pair
from monitor.moves.reader import JointReader, _without_doubles

CLAIM = Claim(
    person="Mira Solano",
    kind=Kind.MOVE,
    from_org="Quill AI",
    to_org="Vantory",
    status=Status.CONFIRMED,
    background=False,
    evidence="Vantory buys half of Quill AI, bringing on its chief executive Mira Solano.",
    span=Span(start=0, end=75),
    confidence=0.8,
)


def test_the_other_direction_in_the_same_sentence_is_no_second_move():
    back = replace(CLAIM, from_org="Vantory", to_org="Quill", confidence=0.6)
    assert _without_doubles([back, CLAIM]) == [CLAIM]


def test_another_company_in_the_same_sentence_is():
    other = replace(CLAIM, kind=Kind.LEAVE, from_org="Brightwell", to_org=None, confidence=0.6)
    assert len(_without_doubles([other, CLAIM])) == 2


def test_half_of_the_move_that_is_news_is_no_history_unless_it_has_a_date_of_its_own():
    joined = replace(
        CLAIM, kind=Kind.JOIN, from_org=None, background=True, span=Span(start=100, end=170), confidence=0.5
    )
    assert _without_doubles([joined, CLAIM]) == [CLAIM]
    dated = replace(joined, date="2019")
    assert _without_doubles([dated, CLAIM]) == [CLAIM, dated]
    seat = replace(joined, from_org="Vantory", to_org=None, kind=Kind.LEAVE)
    assert seat in _without_doubles([seat, CLAIM])


def test_what_might_as_well_be_history_is_told_with_less_confidence():
    weights = {"right": {"bias": 3.0}, "background": {"lean": 1.0}}
    (doubtful, _), (sure, past) = (judge({"bias": 1.0, "lean": lean}, weights) for lean in (-0.1, -4.0))
    assert not past
    assert doubtful < 0.52
    assert sure > 0.9
    assert judge({"bias": 1.0, "lean": 4.0}, weights) == (sure, True)


def test_what_both_see_outweighs_what_one_reads_of_the_same_place_in_the_same_sentence():
    both = replace(CLAIM, rule="acquihire+learned", confidence=0.6)
    role = replace(CLAIM, kind=Kind.ROLE, from_org="Vantory", rule="learned", confidence=0.7)
    assert _without_doubles([role, both]) == [both]
    assert role in _without_doubles([role, replace(both, rule="acquihire")])


def test_the_steps_of_a_career_at_one_place_are_told_apart():
    joined = replace(CLAIM, kind=Kind.JOIN, from_org=None, background=True)
    roles = [
        replace(joined, kind=Kind.ROLE, from_org="Vantory", role=role, span=Span(start=start, end=start + 70))
        for role, start in (("editor", 100), ("publisher", 100), ("editor", 200))
    ]
    assert _without_doubles([joined, *roles]) == [joined, *roles[:2]]
    assert _without_doubles([replace(c, background=False) for c in (joined, roles[0])]) != [joined, roles[0]]


def test_an_origin_that_only_the_frames_read_is_kept_for_a_watched_person():
    learned = replace(CLAIM, kind=Kind.JOIN, from_org=None, confidence=0.3)
    sides = {known: merge_pair(Pair(frames=CLAIM, learned=learned, known=known)).from_org for known in (False, True)}
    assert sides == {False: None, True: "Quill AI"}


def test_a_part_of_a_known_organisation_is_written_in_full():
    reader, text = JointReader(organisations=["Quill AI", "Vantory"]), CLAIM.evidence
    assert reader._in_full(replace(CLAIM, from_org="Quill"), text) == CLAIM
    assert JointReader()._in_full(replace(CLAIM, from_org="Quill"), text).from_org == "Quill"
    apart = "Quill, not Quill AI, let Mira Solano go."
    assert reader._in_full(replace(CLAIM, from_org="Quill", evidence=apart), apart).from_org == "Quill"


def test_an_owner_before_a_name_is_part_of_it_where_the_text_says_so_elsewhere():
    claim, reader = replace(CLAIM, from_org="Vantory’s Quill"), JointReader()
    assert reader._in_full(claim, CLAIM.evidence).from_org == "Vantory’s Quill"
    assert reader._in_full(claim, "Vantory Quill makes antennas.").from_org == "Vantory Quill"

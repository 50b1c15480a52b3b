"""Whether a move is told, and why: the cases of tests/cases/notify/rules, and what holds for every move."""

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Event, Kind, Move, Origin, Reason, Status, content_id
from monitor.notify.rules import AlertRules, build_alert, conclude, decide_alert
from tests.builders import NOW, a_move, a_told, some_evidence

CASES = sorted((Path(__file__).parents[1] / "cases/notify/rules").glob("*.toml"))
RULES = AlertRules()

MOVES = st.builds(
    a_move,
    kind=st.sampled_from(Kind),
    status=st.sampled_from(Status),
    origin=st.sampled_from(Origin),
    from_org=st.none() | st.sampled_from(["Meta", "Scale AI"]),
    to_org=st.none() | st.sampled_from(["Cohere", "Mistral"]),
    role=st.none() | st.just("chief scientist"),
    date=st.none() | st.sampled_from(["2025", "2025-06", "2025-06-10", "2019"]),
    background=st.booleans(),
    confidence=st.floats(0, 1),
    needs_review=st.none() | st.just("namesake?"),
    evidence=st.lists(
        st.builds(
            some_evidence,
            background=st.booleans(),
            status=st.sampled_from(Status),
            published_at=st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda age: NOW - age),
        ),
        max_size=3,
    ).map(tuple),
)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_rule(path: Path) -> None:
    case = tomllib.loads(path.read_text())
    decision = decide_alert(None, move_of(case), rules=AlertRules(**case.get("rules", {})), now=NOW)
    assert [reason.value for reason in decision.reasons] == case["reasons"], case["why"]


def move_of(case: dict[str, Any]) -> Move:
    """Build the move of a case: "" stands for None, `told` for what an alert said, `silently` for what none said."""
    move = a_move(**typed(case.get("move", {})))
    if "evidence" in case:
        move = replace(move, evidence=tuple(evidence_of(number, each) for number, each in enumerate(case["evidence"])))
    said = case.get("told", case.get("silently"))
    if said is None:
        return move
    return replace(move, told=a_told(move, **typed(said)), sequence=int("told" in case))


def evidence_of(number: int, values: dict[str, Any]) -> Any:
    days = values.pop("days_ago", 0)
    return some_evidence(**{**typed(values), "claim_key": str(number), "published_at": NOW - timedelta(days=days)})


def typed(values: dict[str, Any]) -> dict[str, Any]:
    types = {"status": Status, "origin": Origin}
    return {key: types.get(key, lambda same: same)(value) if value != "" else None for key, value in values.items()}


@given(MOVES)
def test_a_move_just_told_is_unchanged(move: Move) -> None:
    first = conclude(None, move, rules=RULES, now=NOW)
    if first.alert:
        assert decide_alert(first.move, first.move, rules=RULES, now=NOW).reasons == (Reason.UNCHANGED,)


@given(MOVES, MOVES)
def test_a_move_is_new_at_most_once(first: Move, second: Move) -> None:
    one = conclude(None, first, rules=RULES, now=NOW)
    again = replace(second, id=first.id, told=one.move.told, sequence=one.move.sequence)
    two = conclude(one.move, again, rules=RULES, now=NOW)
    events = [each.alert.event for each in (one, two) if each.alert]
    assert events in ([], [Event.NEW], [Event.NEW, Event.UPDATED])


@given(MOVES)
def test_deciding_twice_decides_the_same(move: Move) -> None:
    once = conclude(None, move, rules=RULES, now=NOW)
    assert conclude(None, move, rules=RULES, now=NOW) == once


@given(MOVES, st.integers(1, 60))
def test_a_silent_move_retold_unchanged_stays_silent(move: Move, days: int) -> None:
    silent = conclude(None, replace(move, origin=Origin.BACKLOG), rules=RULES, now=NOW).move
    later = NOW + timedelta(days=days)
    retold = replace(silent, evidence=(*silent.evidence, some_evidence(claim_key="later", published_at=later)))
    assert conclude(silent, retold, rules=RULES, now=later).alert is None


def test_a_backlog_rumour_is_told_when_a_sure_claim_confirms_it_after_an_unsure_one() -> None:
    rumour = a_move(origin=Origin.BACKLOG, status=Status.REPORTED)
    silent = conclude(None, rumour, rules=RULES, now=NOW).move
    unsure = replace(silent, status=Status.CONFIRMED, confidence=0.3)
    weak = conclude(silent, unsure, rules=RULES, now=NOW)
    sure = conclude(weak.move, replace(weak.move, confidence=0.9), rules=RULES, now=NOW)
    assert (weak.decision.reasons[0], weak.alert) == (Reason.TOO_WEAK, None)
    assert sure.alert is not None
    assert (sure.alert.event, sure.alert.sequence, sure.alert.origin) == (Event.NEW, 1, Origin.LIVE)


def test_a_change_read_late_is_still_a_change_when_it_is_told_afresh() -> None:
    rumour = conclude(None, a_move(origin=Origin.BACKLOG, status=Status.REPORTED), rules=RULES, now=NOW).move
    month_old = some_evidence(claim_key="late", published_at=NOW - timedelta(days=30))
    late = conclude(rumour, replace(rumour, status=Status.CONFIRMED, evidence=(month_old,)), rules=RULES, now=NOW)
    afresh = conclude(late.move, replace(late.move, evidence=(month_old, some_evidence())), rules=RULES, now=NOW)
    assert (late.decision.reasons[0], late.alert) == (Reason.OLD, None)
    assert afresh.decision.reasons == (Reason.NEW, Reason.STATUS_CHANGED)


def test_the_first_alert_states_no_changes_though_the_ledger_held_the_move_before() -> None:
    silent = conclude(None, a_move(origin=Origin.BACKLOG, to_org=None), rules=RULES, now=NOW).move
    alert = conclude(silent, replace(silent, to_org="Cohere"), rules=RULES, now=NOW).alert
    assert alert is not None
    assert alert.payload["data"]["changes"] == {}  # type: ignore[index]


def test_what_the_ledger_held_stands_in_for_what_was_told() -> None:
    before = a_move(origin=Origin.BACKLOG, to_org=None)
    decision = decide_alert(before, a_move(origin=Origin.BACKLOG), rules=RULES, now=NOW)
    assert decision.reasons == (Reason.NEW, Reason.DESTINATION_KNOWN)


def test_updates_count_up_and_say_what_changed() -> None:
    first = conclude(None, a_move(to_org=None, status=Status.REPORTED), rules=RULES, now=NOW)
    after = replace(first.move, to_org="Cohere", status=Status.CONFIRMED)
    second = conclude(first.move, after, rules=RULES, now=NOW)
    assert second.alert is not None
    assert (second.alert.event, second.alert.sequence, second.move.sequence) == (Event.UPDATED, 2, 2)
    assert second.alert.id == content_id(first.move.id, "2")
    assert second.alert.payload["data"]["changes"] == {  # type: ignore[index]
        "status": {"old": "reported", "new": "confirmed"},
        "to": {"old": None, "new": "Cohere"},
    }


def test_no_alert_is_built_where_none_follows() -> None:
    move = a_move(background=True)
    with pytest.raises(ValueError, match="told as history"):
        build_alert(move, decide_alert(None, move, rules=RULES, now=NOW), NOW)

"""The payload: small, plain JSON, and the same bytes however often it is written and read."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Event, Move, Origin, Reason, Status, StatusChange, Subject, SubjectKind
from monitor.notify.payload import MAX_BYTES, Frame, encode, render_payload, sort_evidence
from tests.builders import NOW, a_move, some_evidence

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/webhook.schema.json").read_text())
FRAME = Frame(alert_id="a1", sequence=1, origin=Origin.LIVE, event=Event.NEW, reasons=(Reason.NEW,), at=NOW)
ADDED = {"feeds"}  # within schema 1: alerts of before, which are replayed as they were, lack these
TEXT = st.text(st.characters(), max_size=3000)  # lone surrogates and control characters too


def data_of(move: Move, subjects: dict[str, Subject] | None = None) -> Any:
    return render_payload(move, FRAME, subjects or {})["data"]


def company(id: str, parent: str | None = None) -> Subject:
    return Subject(id=id, kind=SubjectKind.COMPANY, name=id.title(), parent=parent)


@given(
    st.builds(
        a_move,
        st.text(st.characters(exclude_categories=["Cs"])),
        from_org=TEXT,
        role=TEXT,
        evidence=st.lists(st.builds(some_evidence, sentence=TEXT, title=TEXT, url=TEXT), max_size=15).map(tuple),
    )
)
def test_every_payload_is_small_utf8_json_that_survives_a_store(move: Move) -> None:
    payload = render_payload(move, FRAME, {})
    body = encode(payload)
    assert len(body) < MAX_BYTES
    assert encode(json.loads(body)) == body


def test_a_payload_keeps_under_20_kb_with_a_hundred_long_sentences() -> None:
    evidence = tuple(
        some_evidence(claim_key=str(n), sentence="王" * 5000, url=f"https://outlet.example/{'x' * 3000}")
        for n in range(100)
    )
    steps = tuple(
        StatusChange(status=Status.REPORTED, at=NOW, url="https://o.example/" + "y" * 3000) for _ in range(50)
    )
    payload = render_payload(a_move(evidence=evidence, history=steps), FRAME, {})
    data: Any = payload["data"]
    assert len(encode(payload)) < MAX_BYTES
    assert data["evidence_total"] == 100
    assert data["evidence"]


def test_the_order_of_keys_does_not_change_the_body() -> None:
    payload = render_payload(a_move(), FRAME, {})
    assert encode(dict(reversed(payload.items()))) == encode(payload)


def test_evidence_for_the_present_status_comes_first_then_the_newest() -> None:
    old, new = NOW - timedelta(days=2), NOW
    rumour = some_evidence(claim_key="rumour", status=Status.REPORTED, published_at=new)
    first = some_evidence(claim_key="first", status=Status.CONFIRMED, published_at=old)
    second = some_evidence(claim_key="second", status=Status.CONFIRMED, published_at=new)
    history = some_evidence(claim_key="history", status=Status.CONFIRMED, published_at=new, background=True)
    move = a_move(status=Status.CONFIRMED, evidence=(history, rumour, first, second))
    assert [each.claim_key for each in sort_evidence(move)] == ["second", "first", "rumour", "history"]


def test_a_company_brings_its_parents_and_a_circle_ends() -> None:
    subjects = {
        each.id: each for each in (company("meta", "holding"), company("holding", "trust"), company("trust", "meta"))
    }
    assert data_of(a_move(), subjects)["from"] == {"name": "Meta", "id": "meta", "parents": ["holding", "trust"]}


def test_a_person_brings_the_cohorts() -> None:
    person = Subject(id="ada-lovelace", kind=SubjectKind.PERSON, name="Ada Lovelace", cohorts=("llama",))
    assert data_of(a_move(), {person.id: person})["person"]["cohorts"] == ["llama"]


def test_a_side_that_is_not_known_is_null() -> None:
    assert data_of(replace(a_move(), to_org=None, to_id=None))["to"] is None


def test_the_documented_schema_names_exactly_the_fields_of_a_payload() -> None:
    payload: Any = render_payload(a_move(), FRAME, {})
    assert missing_or_extra(payload, SCHEMA) == []


def missing_or_extra(value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:
    """Compare an object's keys with the schema's `properties`, downwards; all but a correction and what was added are required."""
    schema = resolve(schema)
    if isinstance(value, list):
        return [each for item in value for each in missing_or_extra(item, schema["items"], f"{path}[]")]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"].keys() - {"correction"}
    keys = value.keys() - {"correction"}
    wrong = sorted(keys ^ known) + sorted(keys - ADDED ^ set(schema["required"]))
    inner = [
        each
        for key in value.keys() & schema["properties"].keys()
        for each in missing_or_extra(value[key], schema["properties"][key], f"{path}.{key}")
    ]
    return [f"{path}.{key}" for key in wrong] + inner


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    options = schema.get("anyOf", [schema])
    return next((resolve(each) for each in options if each != {"type": "null"} and each is not schema), schema)

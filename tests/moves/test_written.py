"""The written items that the reader learns from keep to the form that training and scoring rely on."""

from collections import Counter

from monitor.model import Kind, Status
from tests.bench.reader_items import load_phenomena, load_written

ITEMS = [*load_written(), *(item for items in load_phenomena().values() for item in items)]
SIDES = {"join": (False, True), "leave": (True, False), "move": (True, True)}


def test_every_item_has_an_id_of_its_own():
    assert [id for id, times in Counter(item.id for item in ITEMS).items() if times > 1] == []


def test_every_claim_is_proved_by_one_line_of_its_text():
    lost = [
        (item.id, claim["person"])
        for item in ITEMS
        for claim in item.claims
        if not claim["evidence"] or claim["evidence"] not in item.full or "\n" in claim["evidence"]
    ]
    assert lost == []


def test_every_claim_is_of_a_known_kind_and_status_with_the_sides_of_its_kind():
    odd = [(item.id, claim["person"]) for item in ITEMS for claim in item.claims if is_odd(claim)]
    assert odd == []


def is_odd(claim: dict) -> bool:
    sides = bool(claim["from"]), bool(claim["to"])
    known = claim["kind"] in set(Kind) and claim["status"] in set(Status) and isinstance(claim["background"], bool)
    return not known or SIDES.get(claim["kind"], sides) != sides

"""Which entries of a poll are new, which are edited, and which are those that were there before under another name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.collect.identity import decide_entries
from monitor.model import Entry, FeedDocument, KnownEntry

DAY = datetime(2025, 7, 9, 12, tzinfo=UTC)
ONE = Entry(
    feed_id="feed", guid="1", url="https://wire.example/a", address="wire.example/a", title="One", published_at=DAY
)
TWO = replace(ONE, guid="2", url="https://wire.example/b", address="wire.example/b", title="Two")


def known(*entries: Entry) -> list[KnownEntry]:
    names = ("key", "guid", "content_hash", "address", "title", "published_at")
    return [KnownEntry(**{name: getattr(entry, name) for name in names}) for entry in entries]


def decide(polled: list[Entry], stored: list[Entry]) -> tuple[list[str], list[str]]:
    new, edited = decide_entries(FeedDocument(entries=tuple(polled)), known(*stored))
    return [entry.guid for entry in new], [entry.guid for entry in edited]


def test_entries_are_new_edited_or_known() -> None:
    three = replace(ONE, guid="3", address="wire.example/c", title="Three")
    assert decide([three, ONE, replace(TWO, title="Two!")], [ONE, TWO]) == (["3"], ["2"])


def test_a_guid_that_changes_with_every_poll_makes_no_new_entry() -> None:
    assert decide([replace(ONE, guid="x"), replace(TWO, guid="y")], [ONE, TWO]) == ([], [])


def test_a_new_guid_with_a_new_title_within_days_is_an_edit() -> None:
    changed = replace(ONE, guid="1#1", title="One, updated", published_at=DAY + timedelta(hours=3))
    assert decide([changed, TWO], [ONE, TWO]) == ([], ["1"])


def test_a_page_that_is_used_again_later_makes_a_new_entry() -> None:
    later = replace(ONE, guid="next", title="Another thing", published_at=DAY + timedelta(days=30))
    assert decide([later], [ONE]) == (["next"], [])


def test_a_corrected_address_makes_no_new_entry() -> None:
    moved = replace(ONE, guid="https://wire.example/c", url="https://wire.example/c", address="wire.example/c")
    assert decide([moved, TWO], [ONE, TWO]) == ([], [])


def test_entries_that_stand_side_by_side_are_two() -> None:
    twin = replace(ONE, guid="twin")
    assert decide([ONE, twin], [ONE]) == (["twin"], [])


def test_entries_that_share_an_address_are_told_apart_by_their_guids() -> None:
    notes = [replace(ONE, guid=f"v{n}", title=f"Version {n}", published_at=DAY + timedelta(hours=n)) for n in range(3)]
    assert decide(notes[1:], notes[:1]) == (["v1", "v2"], [])


def test_a_title_that_comes_again_on_another_day_is_new() -> None:
    assert decide([replace(ONE, guid="x", address="p", published_at=DAY + timedelta(days=1))], [ONE]) == (["x"], [])


def test_without_a_date_the_address_needs_the_title_and_the_title_the_address() -> None:
    bare = replace(ONE, published_at=None)
    assert decide([replace(bare, guid="x")], [bare]) == ([], [])
    assert decide([replace(bare, guid="x", title="Other")], [bare]) == (["x"], [])
    assert decide([replace(bare, guid="x", address="p")], [bare]) == (["x"], [])


def test_two_candidates_are_no_identity() -> None:
    assert decide([replace(ONE, guid="x")], [ONE, replace(ONE, guid="1b")]) == (["x"], [])


def test_a_post_that_stands_in_the_feed_under_two_addresses_is_told_once() -> None:
    first = replace(ONE, summary="Every word of it.")
    second = replace(first, guid="1-0", url="https://wire.example/a-0", address="wire.example/a-0")
    assert decide([first, second], []) == (["1"], [])
    assert decide([first, second], [first]) == ([], [])
    assert decide([replace(second, summary="Other words."), first], []) == (["1-0", "1"], [])


def test_what_a_hub_sends_is_no_edit_of_what_it_does_not_send() -> None:
    same_page = replace(TWO, url=ONE.url, address=ONE.address)
    new, edited = decide_entries(FeedDocument(entries=(same_page,)), known(ONE), whole=False)
    assert ([entry.guid for entry in new], edited) == (["2"], [])

"""What the pipeline may rely on, whatever keeps its rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import PermanentError
from monitor.model import (
    ArticleResult,
    Consolidation,
    Corrected,
    Correction,
    Decision,
    Delivery,
    DeliveryState,
    Endpoint,
    Event,
    Feed,
    Fingerprint,
    Move,
    Origin,
    Push,
    Reason,
    RobotsFile,
    Silence,
    SourcedClaim,
    Status,
    StatusChange,
    SubscriptionState,
    Validators,
    Verdict,
)
from monitor.notify.sources import build_heartbeat, build_source_alert
from monitor.ports import Store
from monitor.store.sqlite import SqliteStore
from tests.builders import (
    LEASE,
    NOW,
    a_claim,
    a_consolidation,
    a_delivery,
    a_feed,
    a_group_claim,
    a_move,
    a_result,
    a_sourced_claim,
    a_subscription,
    a_told,
    an_alert,
    an_article,
    an_entry,
    an_entry_to_read,
    minutes,
    some_evidence,
)
from tests.fakes import MemoryStore

LATER = NOW + LEASE


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(SqliteStore.open(tmp_path / "monitor.db", NOW)) as sqlite:
        yield sqlite


def polled(store: Store, *entries_of: int, origin: Origin = Origin.LIVE) -> Feed:
    """A store that has one feed, with entries of these numbers."""
    store.sync_feeds([a_feed()], NOW)
    feed = replace(a_feed(), next_poll_at=NOW + minutes(15))
    store.save_poll(feed, [an_entry(number) for number in entries_of], [], origin, NOW)
    return feed


def record(store: Store, article: int = 1, *people: str) -> None:
    """Read entry number `article`; its article claims a move of each of `people`."""
    polled(store, article)
    claims = tuple(a_claim(person=person) for person in people or ("Ada Lovelace",))
    store.save_article(an_entry_to_read(an_entry(article)), a_result(an_article(article), claims), NOW)


def tell(
    store: Store, *channels: str, sequences: int = 1, first: int = 1, person: str = "Ada Lovelace", **changes: Any
) -> Move:
    """Raise the first alerts of a person's move, with deliveries changed like this."""
    move = a_move(person)
    for sequence in range(first, sequences + 1):
        told = replace(move, sequence=sequence)
        outcome = a_consolidation(told, sequence=sequence, channels=channels or ("team",))
        outcome = replace(outcome, deliveries=tuple(replace(each, **changes) for each in outcome.deliveries))
        store.consolidate(move.person_key, lambda moves, claims, outcome=outcome: outcome)
    return move


def nothing(moves: Sequence[Move], claims: Sequence[SourcedClaim]) -> Consolidation:
    return Consolidation()


def seen(into: list[object]) -> Callable[[Sequence[Move], Sequence[SourcedClaim]], Consolidation]:
    def decide(moves: Sequence[Move], claims: Sequence[SourcedClaim]) -> Consolidation:
        into.extend([list(moves), list(claims)])
        return Consolidation()

    return decide


class TestFeeds:
    def test_a_new_feed_is_due_at_once_and_keeps_its_particulars(self, store: Store) -> None:
        store.sync_feeds([a_feed(interval=minutes(7))], NOW)
        (leased,) = store.lease_feeds(NOW, LEASE, 10)
        assert (leased.url, leased.title, leased.interval) == (a_feed().url, "Feed a", minutes(7))
        assert (leased.polls, leased.failures, leased.last_change_at) == (0, 0, None)

    def test_a_leased_feed_is_not_leased_again_until_the_lease_ends(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        assert len(store.lease_feeds(NOW, LEASE, 10)) == 1
        assert store.lease_feeds(LATER - minutes(1), LEASE, 10) == []
        assert len(store.lease_feeds(LATER, LEASE, 10)) == 1

    def test_the_most_overdue_feeds_are_leased_first(self, store: Store) -> None:
        feeds = [a_feed(name, next_poll_at=NOW - minutes(late)) for name, late in (("x", 1), ("y", 9), ("z", 5))]
        store.sync_feeds(feeds, NOW)
        for feed in feeds:
            store.save_poll(feed, [], [], Origin.LIVE, NOW)
        assert {feed.id for feed in store.lease_feeds(NOW, LEASE, 2)} == {feeds[1].id, feeds[2].id}

    def test_a_feed_dropped_from_the_configuration_rests_and_comes_back_with_its_history(self, store: Store) -> None:
        store.sync_feeds([a_feed("x"), a_feed("y")], NOW)
        store.save_poll(a_feed("y", body_hash="h", polls=3), [], [], Origin.LIVE, NOW)
        store.sync_feeds([a_feed("x")], NOW)
        assert [feed.id for feed in store.lease_feeds(NOW, LEASE, 10)] == [a_feed("x").id]
        store.sync_feeds([a_feed("x"), a_feed("y")], NOW)
        (back,) = store.lease_feeds(NOW, LEASE, 10)
        assert (back.body_hash, back.polls) == ("h", 3)

    def test_the_configuration_sets_interval_and_title_but_no_empty_title(self, store: Store) -> None:
        store.sync_feeds([a_feed(title="")], NOW)
        store.save_poll(a_feed(title="As it calls itself"), [], [], Origin.LIVE, NOW)
        store.sync_feeds([a_feed(title="", interval=minutes(60))], NOW)
        (leased,) = store.lease_feeds(NOW, LEASE, 1)
        assert (leased.title, leased.interval) == ("As it calls itself", minutes(60))

    def test_a_poll_is_stored_whole(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        after = a_feed(
            validators=Validators(etag='"1"', last_modified="Tue, 10 Jun 2025 12:00:00 GMT"),
            body_hash="00ff",
            next_poll_at=NOW,
            last_poll_at=NOW - minutes(1),
            last_change_at=NOW - timedelta(days=1),
            failures=2,
            error="http 503",
            polls=17,
        )
        store.save_poll(after, [], [], Origin.LIVE, NOW)
        assert store.lease_feeds(NOW, LEASE, 1) == [replace(after, next_poll_at=LATER)]

    def test_a_gone_feed_is_leased_when_it_is_due(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        store.save_poll(a_feed(gone=True, next_poll_at=LATER), [], [], Origin.LIVE, NOW)
        assert store.lease_feeds(NOW, LEASE, 1) == []
        assert [feed.id for feed in store.lease_feeds(LATER, LEASE, 1)] == [a_feed().id]

    def test_a_feed_is_kept_with_all_that_its_polls_told(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        feed = a_feed(
            rhythm=minutes(90),
            news_at=NOW,
            ttl=minutes(30),
            skip_hours=frozenset({0, 23}),
            skip_days=frozenset({6}),
            moved_to="https://b.example/feed",
            moves=3,
        )
        store.save_poll(feed, [], [], Origin.LIVE, NOW)
        assert store.lease_feeds(NOW, LEASE, 1) == [replace(feed, next_poll_at=NOW + LEASE)]

    def test_feeds_whose_health_changed_are_told_of_with_their_deliveries_once(self, store: Store) -> None:
        store.sync_feeds([a_feed("x"), a_feed("y"), a_feed("z")], NOW)
        store.save_poll(a_feed("x", failures=5, error="dns"), [], [], Origin.LIVE, NOW)
        store.save_poll(a_feed("y", quiet_at=NOW + minutes(1)), [], [], Origin.LIVE, NOW)
        store.save_poll(a_feed("z", failures=4), [], [], Origin.LIVE, NOW)
        assert [feed.url for feed in store.feeds_to_tell(NOW, 5)] == [a_feed("x").url]
        assert [feed.url for feed in store.feeds_to_tell(LATER, 5)] == [a_feed("x").url, a_feed("y").url]
        notice = a_delivery(build_source_alert(a_feed("x"), Event.SOURCE_FAILING, NOW))
        store.save_told(a_feed("x").id, "failing", [notice])
        store.save_poll(a_feed("x", failures=6, told=None), [], [], Origin.LIVE, NOW)
        assert store.feeds_to_tell(NOW, 5) == []
        assert [each.alert.event for each in store.find_deliveries()] == [Event.SOURCE_FAILING]
        store.save_poll(a_feed("x"), [], [], Origin.LIVE, NOW)
        assert [feed.told for feed in store.feeds_to_tell(NOW, 5)] == ["failing"]

    def test_a_heartbeat_is_kept_with_its_deliveries(self, store: Store) -> None:
        assert store.last_heartbeat() is None
        polled(store, 1)
        beat = build_heartbeat(store.activity(NOW), None, NOW)
        assert beat.payload["data"]["feeds_failing"] == 0
        store.save_heartbeat(NOW, [a_delivery(beat)])
        assert store.last_heartbeat() == NOW
        assert [each.alert.event for each in store.find_deliveries()] == [Event.HEARTBEAT]

    def test_what_a_hosts_robots_file_asks_is_kept_until_it_is_asked_again(self, store: Store) -> None:
        rules = ((False, "/x"), (True, "/x/y$"))
        file = RobotsFile(origin="https://a.example", rules=rules, expires_at=NOW, delay=timedelta(seconds=2.5))
        store.save_robots(replace(file, rules=(), silent=True, delay=None))
        store.save_robots(file)
        assert store.find_robots(["https://a.example", "https://b.example"]) == [file]

    def test_failing_feeds_are_listed_the_longest_streak_first(self, store: Store) -> None:
        store.sync_feeds([a_feed("x"), a_feed("y"), a_feed("z")], NOW)
        store.save_poll(a_feed("x", failures=1, error="dns"), [], [], Origin.LIVE, NOW)
        store.save_poll(a_feed("z", failures=5, error="timeout"), [], [], Origin.LIVE, NOW)
        assert [(feed.failures, feed.error) for feed in store.failing_feeds()] == [(5, "timeout"), (1, "dns")]


def a_push(number: int = 1, **changes: Any) -> Push:
    values = {"feed_id": a_feed().id, "topic": a_feed().url, "content_type": "application/rss+xml", "received_at": NOW}
    return Push(**{**values, "body": b"<rss>%d</rss>" % number, **changes})


class TestHubs:
    def test_a_subscription_is_found_as_it_was_saved_by_its_feed_and_by_its_token(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        times = {name: NOW + minutes(1) for name in ("asked_at", "verified_at", "expires_at", "pushed_at")}
        told = {"state": SubscriptionState.LIVE, "attempts": 2, "missed": 1, "error": "http 500"}
        saved = store.change_subscription(a_feed().id, lambda _: a_subscription(**times, **told))
        assert saved == a_subscription(**times, **told)
        assert store.find_subscription(feed_id=a_feed().id) == saved
        assert store.find_subscription(token="token-a") == saved
        assert store.find_subscriptions() == [saved]
        assert store.find_subscription(token="token-b") is None
        assert store.counts()["subscriptions.live"] == 1

    def test_a_change_sees_what_stands_there_and_may_end_it(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        store.change_subscription(a_feed().id, lambda _: a_subscription())
        seen: list[object] = []
        assert store.change_subscription(a_feed().id, seen.append) is None
        assert seen == [a_subscription()]
        assert store.find_subscriptions() == []

    def test_a_due_subscription_is_leased_once_and_is_asked_for_from_then_on(self, store: Store) -> None:
        store.sync_feeds([a_feed("a"), a_feed("b")], NOW)
        denied = SubscriptionState.DENIED
        for name, late in (("a", 0), ("b", -1)):
            at = NOW - minutes(late)
            store.change_subscription(
                a_feed(name).id, lambda _, n=name, at=at: a_subscription(n, next_try_at=at, state=denied)
            )
        (leased,) = store.lease_subscriptions(NOW, LEASE, 10)
        assert leased.state is SubscriptionState.ASKED
        assert (leased.feed_id, leased.asked_at, leased.next_try_at) == (a_feed("a").id, NOW, LATER)
        assert store.lease_subscriptions(NOW, LEASE, 10) == []

    def test_the_hub_of_a_feed_that_is_no_longer_polled_is_a_stranger(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        store.change_subscription(a_feed().id, lambda _: a_subscription())
        store.sync_feeds([], NOW)
        assert store.find_subscription(token="token-a") is None
        assert store.lease_subscriptions(NOW, LEASE, 10) == []

    def test_a_push_is_kept_once_and_leased_with_its_feed(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        store.save_poll(a_feed(polls=7), [], [], Origin.LIVE, NOW)
        assert store.add_push(a_push(), 9)
        assert store.add_push(a_push(received_at=NOW + minutes(1)), 9)
        ((feed, leased),) = store.lease_pushes(NOW, LEASE, 9)
        assert leased == a_push()
        assert feed.polls == 7
        assert store.lease_pushes(NOW, LEASE, 9) == []
        store.resume(NOW)
        assert len(store.lease_pushes(NOW, LEASE, 9)) == 1

    def test_pushes_wait_only_as_long_as_there_is_room(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        assert [store.add_push(a_push(number), 2) for number in range(3)] == [True, True, False]

    def test_a_push_ends_with_its_entries_the_news_of_its_feed_and_a_word_of_its_hub(self, store: Store) -> None:
        polled(store, 1)
        before = next(iter(store.lease_feeds(NOW + minutes(15), LEASE, 1)))
        store.change_subscription(a_feed().id, lambda _: a_subscription(missed=2))
        store.add_push(a_push(), 9)
        ((feed, push),) = store.lease_pushes(NOW, LEASE, 9)
        feed = replace(feed, news_at=NOW, quiet_at=NOW + minutes(60), error="not of a push")
        store.save_push(feed, push, [an_entry(2)], [an_entry(1, title="Another")], NOW)
        assert store.lease_pushes(LATER, LEASE, 9) == []
        titles = [each.entry.title for each in store.lease_entries(NOW, LEASE, 10)]
        assert sorted(titles) == [an_entry(2).title, "Another"]
        known = store.find_subscription(feed_id=a_feed().id)
        assert known is not None
        assert (known.pushed_at, known.missed) == (NOW, 0)
        (after,) = store.lease_feeds(NOW + minutes(60), LEASE, 1)
        assert (after.news_at, after.quiet_at, after.error) == (NOW, NOW + minutes(60), before.error)

    def test_a_push_that_cannot_be_read_ends_without_a_trace(self, store: Store) -> None:
        store.sync_feeds([a_feed()], NOW)
        store.add_push(a_push(), 9)
        ((_, push),) = store.lease_pushes(NOW, LEASE, 9)
        store.drop_push(push)
        assert store.lease_pushes(LATER, LEASE, 9) == []


class TestEntries:
    def test_known_entries_tell_what_is_stored_and_how_it_read(self, store: Store) -> None:
        feed = polled(store, 1, 2)
        (known,) = store.known_entries(feed.id, [an_entry(1), an_entry(3)])
        assert (known.key, known.content_hash) == (an_entry(1).key, an_entry(1).content_hash)

    @pytest.mark.parametrize("kept", [{"url": "u", "address": "a"}, {"title": "T", "published_at": NOW}])
    def test_an_entry_is_also_known_by_its_address_or_its_words_within_its_feed(
        self, store: Store, kept: dict[str, Any]
    ) -> None:
        feed = polled(store, 1)
        store.save_poll(feed, [an_entry(7, **kept)], [], Origin.LIVE, NOW)
        (known,) = store.known_entries(feed.id, [an_entry(9, **kept)])
        assert known.key == an_entry(7).key
        elsewhere = an_entry(9, a_feed("other"), **kept)
        assert store.known_entries(elsewhere.feed_id, [elsewhere]) == []

    def test_copies_are_found_by_what_they_share_and_counted_as_outlets(self, store: Store) -> None:
        polled(store, 1, 2)
        first, second = sorted(store.lease_entries(NOW, LEASE, 10), key=lambda each: each.entry.guid)
        original = Fingerprint(runs=40, smallest=tuple(range(1, 100)))
        store.save_article(first, replace(a_result(an_article(1)), fingerprint=original), NOW)
        move = tell(store)
        assert store.find_alike(Fingerprint(runs=30, smallest=(7, 500)), NOW) == [(an_article(1).id, original)]
        assert store.find_alike(Fingerprint(runs=30, smallest=(50, 500)), NOW) == []
        assert store.find_alike(original, LATER) == []
        copy = an_article(2, outlet="other.example")
        store.save_article(second, ArticleResult(article=copy, fingerprint=original, copy_of=an_article(1).id), NOW)
        assert [id for id, _ in store.find_alike(original, NOW)] == [an_article(1).id]
        (found,) = store.find_moves()
        assert found.id == move.id
        assert [each.copies for each in found.evidence] == [("other.example",)]

    def test_an_entry_is_leased_with_all_its_particulars(self, store: Store) -> None:
        polled(store, 1, origin=Origin.BACKLOG)
        expected = an_entry_to_read(an_entry(1), origin=Origin.BACKLOG, first_seen_at=NOW)
        assert store.lease_entries(NOW, LEASE, 10) == [expected]
        assert store.lease_entries(NOW, LEASE, 10) == []

    def test_an_entry_whose_reader_died_is_due_again_and_seen_to_have_been_tried(self, store: Store) -> None:
        polled(store, 1)
        store.lease_entries(NOW, LEASE, 10)
        (again,) = store.lease_entries(LATER, LEASE, 10)
        assert again.attempts == 1

    def test_a_poll_stored_twice_changes_nothing(self, store: Store) -> None:
        polled(store, 1)
        store.skip_entry(an_entry(1), "too old", NOW)
        store.save_poll(a_feed(), [an_entry(1, title="Another title")], [], Origin.LIVE, NOW)
        assert store.lease_entries(NOW, LEASE, 10) == []
        assert store.counts()["entries.skipped"] == 1

    def test_an_edited_entry_is_read_again_as_live_with_the_hash_of_what_was_read(self, store: Store) -> None:
        feed = polled(store, 1, origin=Origin.BACKLOG)
        store.lease_entries(NOW, LEASE, 10)
        store.save_article(an_entry_to_read(), a_result(), NOW)
        edited = an_entry(1, title="Ada Lovelace confirms it")
        store.save_poll(feed, [], [edited], Origin.LIVE, NOW)
        (again,) = store.lease_entries(NOW, LEASE, 10)
        assert (again.entry, again.origin, again.attempts) == (edited, Origin.LIVE, 0)
        assert again.article_hash == an_article().content_hash

    def test_an_entry_edited_before_it_was_read_stays_backlog(self, store: Store) -> None:
        feed = polled(store, 1, origin=Origin.BACKLOG)
        store.save_poll(feed, [], [an_entry(1, title="Edited")], Origin.LIVE, NOW)
        (leased,) = store.lease_entries(NOW, LEASE, 10)
        assert leased.origin is Origin.BACKLOG

    def test_an_entry_edited_while_it_was_read_stays_due(self, store: Store) -> None:
        feed = polled(store, 1)
        (leased,) = store.lease_entries(NOW, LEASE, 10)
        store.save_poll(feed, [], [an_entry(1, title="Edited meanwhile")], Origin.LIVE, NOW)
        store.save_article(leased, a_result(), NOW)
        assert [again.entry.title for again in store.lease_entries(NOW, LEASE, 10)] == ["Edited meanwhile"]

    def test_an_entry_edited_while_it_was_skipped_stays_due(self, store: Store) -> None:
        feed = polled(store, 1)
        store.lease_entries(NOW, LEASE, 10)
        store.save_poll(feed, [], [an_entry(1, title="Edited meanwhile")], Origin.LIVE, NOW)
        store.skip_entry(an_entry(1), "unchanged", NOW)
        assert [again.entry.title for again in store.lease_entries(NOW, LEASE, 10)] == ["Edited meanwhile"]

    def test_a_skipped_entry_is_final(self, store: Store) -> None:
        polled(store, 1)
        store.skip_entry(an_entry(1), "too old", NOW)
        assert store.lease_entries(LATER, LEASE, 10) == []

    def test_an_entry_skipped_for_an_article_that_was_read_knows_it_when_it_is_edited(self, store: Store) -> None:
        feed, article = polled(store, 1, 2), an_article()
        store.save_article(an_entry_to_read(), a_result(article), NOW)
        store.skip_entry(an_entry(2), "read already", NOW, article.id)
        store.save_poll(feed, [], [an_entry(2, title="Edited")], Origin.LIVE, NOW)
        (again,) = store.lease_entries(NOW, LEASE, 10)
        assert (again.entry.title, again.article_hash) == ("Edited", article.content_hash)

    def test_a_page_was_read_for_what_was_seen_before_and_for_what_other_feeds_tell_of_that_time(
        self, store: Store
    ) -> None:
        polled(store, 1)
        whole, part = an_article(1), an_article(2, partial=True)
        for article in (part, whole):
            store.save_article(an_entry_to_read(), a_result(article), NOW)
        again = an_entry_to_read(an_entry(2), first_seen_at=LATER)
        elsewhere = an_entry_to_read(an_entry(2, a_feed("b")), first_seen_at=LATER)
        assert store.was_read(whole.id, an_entry_to_read(an_entry(2)), LATER)
        assert store.was_read(whole.id, elsewhere, NOW)
        assert not store.was_read(whole.id, elsewhere, LATER)
        assert not store.was_read(whole.id, again, NOW)  # what a feed tells later of the same page is new
        assert not store.was_read(part.id, elsewhere, NOW)

    def test_a_late_skip_does_not_undo_a_reading(self, store: Store) -> None:
        record(store, 1)
        store.skip_entry(an_entry(1), "too slow", LATER)
        assert store.counts()["entries.read"] == 1

    def test_an_entry_to_retry_is_due_at_that_time_and_not_before(self, store: Store) -> None:
        polled(store, 1)
        store.lease_entries(NOW, LEASE, 10)
        store.retry_entry(an_entry(1).key, NOW + minutes(60), "timeout")
        assert store.lease_entries(NOW + minutes(59), LEASE, 10) == []
        assert [again.attempts for again in store.lease_entries(NOW + minutes(60), LEASE, 10)] == [1]

    def test_an_entry_read_without_its_page_can_be_retried(self, store: Store) -> None:
        record(store, 1)
        store.retry_entry(an_entry(1).key, LATER, "http 503")
        assert len(store.lease_entries(LATER, LEASE, 10)) == 1


class TestArticles:
    def test_an_article_ends_its_entry_and_makes_its_people_pending(self, store: Store) -> None:
        record(store, 1, "Ada Lovelace", "Alan Turing")
        assert store.lease_entries(LATER, LEASE, 10) == []
        assert sorted(store.pending_people(10)) == ["lovelace", "turing"]

    def test_a_claim_comes_back_as_it_went_in(self, store: Store) -> None:
        polled(store, 1)
        bare = a_claim(from_org=None, role=None, from_role=None, date=None, background=True)
        sourced = a_sourced_claim(claim=bare, origin=Origin.BACKLOG, needs_review="namesake?", from_id=None)
        store.save_article(an_entry_to_read(), replace(a_result(), claims=(sourced,)), NOW)
        got: list[object] = []
        store.consolidate("lovelace", seen(got))
        assert got == [[], [sourced]]

    def test_an_article_read_again_adds_only_the_claims_that_are_new(self, store: Store) -> None:
        record(store, 1)
        store.consolidate("lovelace", nothing)
        confirmed = a_claim(status=Status.CONFIRMED)
        store.save_article(an_entry_to_read(), a_result(claims=(a_claim(), confirmed)), NOW)
        got: list[object] = []
        store.consolidate("lovelace", seen(got))
        assert got[1] == [a_sourced_claim(claim=confirmed)]

    def test_a_claim_withdrawn_before_it_was_told_is_not_told(self, store: Store) -> None:
        record(store, 1)
        store.save_article(an_entry_to_read(), a_result(claims=()), NOW)
        assert store.pending_people(10) == []
        assert store.counts()["claims"] == 1

    def test_a_withdrawn_claim_that_comes_back_is_pending_again_unless_it_was_settled(self, store: Store) -> None:
        record(store, 1)
        store.save_article(an_entry_to_read(), a_result(claims=()), NOW)
        store.save_article(an_entry_to_read(), a_result(), NOW)
        assert store.pending_people(10) == ["lovelace"]
        store.consolidate("lovelace", nothing)
        store.save_article(an_entry_to_read(), a_result(claims=()), NOW)
        store.save_article(an_entry_to_read(), a_result(), NOW)
        assert store.pending_people(10) == []

    def test_an_article_saved_twice_changes_nothing(self, store: Store) -> None:
        record(store, 1)
        before = store.counts()
        store.save_article(an_entry_to_read(), a_result(groups=(a_group_claim(),)), NOW)
        store.save_article(an_entry_to_read(), a_result(groups=(a_group_claim(),)), NOW)
        assert store.counts() == before

    def test_two_feeds_may_lead_to_one_article(self, store: Store) -> None:
        record(store, 1)
        other = an_entry(1, a_feed("b"))
        store.sync_feeds([a_feed("a"), a_feed("b")], NOW)
        store.save_poll(a_feed("b"), [other], [], Origin.LIVE, NOW)
        store.save_article(an_entry_to_read(other), a_result(), NOW)
        assert (store.counts()["articles"], store.counts()["claims"]) == (1, 1)


class TestConsolidate:
    def test_pending_claims_are_given_oldest_publication_first(self, store: Store) -> None:
        for number in (1, 3, 2):
            record(store, number)
        got: list[object] = []
        store.consolidate("lovelace", seen(got))
        assert got[1] == [a_sourced_claim(an_article(number)) for number in (3, 2, 1)]

    def test_only_claims_and_moves_of_the_key_are_given(self, store: Store) -> None:
        record(store, 1, "Ada Lovelace", "Alan Turing")
        store.add_known_moves([a_move("Alan Turing"), a_move("Ada Lovelace")])
        got: list[object] = []
        store.consolidate("turing", seen(got))
        assert got == [[a_move("Alan Turing")], [a_sourced_claim(claim=a_claim(person="Alan Turing"))]]

    def test_settled_claims_are_not_pending_any_more(self, store: Store) -> None:
        record(store, 1)
        store.consolidate("lovelace", nothing)
        assert store.pending_people(10) == []
        got: list[object] = []
        store.consolidate("lovelace", seen(got))
        assert got == [[], []]

    def test_a_move_comes_back_as_it_went_in(self, store: Store) -> None:
        history = tuple(StatusChange(status=s, at=NOW, url="https://x.example/é") for s in Status)
        evidence = tuple(some_evidence(a_sourced_claim(an_article(number))) for number in (3, 1, 2))
        move = a_move(
            "Aurélien Rodriguez", history=history, evidence=evidence, sequence=2, background=True, confidence=0.123
        )
        move = replace(move, told=a_told(move), note="6 yrs", source="https://x.example", needs_review="namesake?")
        store.consolidate("rodriguez", lambda moves, claims: Consolidation(moves=(move,)))
        got: list[object] = []
        store.consolidate("rodriguez", seen(got))
        assert got[0] == [move]

    def test_a_move_changes_with_its_evidence(self, store: Store) -> None:
        first, second, third = (some_evidence(a_sourced_claim(an_article(number))) for number in (1, 2, 3))
        before = a_move(evidence=(first, second))
        changed = replace(first, sentence="Reworded.")
        after = replace(before, to_org="Mistral", told=a_told(before), evidence=(third, changed))
        for move in (before, after):
            store.consolidate("lovelace", lambda moves, claims, move=move: Consolidation(moves=(move,)))
        assert store.find_moves() == [after]

    def test_alert_and_deliveries_are_stored_with_the_move(self, store: Store) -> None:
        outcome = a_consolidation(channels=("mail", "team"))
        assert store.consolidate("lovelace", lambda moves, claims: outcome) == outcome
        assert store.find_moves() == list(outcome.moves)
        found = store.find_deliveries()
        assert sorted(found, key=lambda each: each.channel) == list(outcome.deliveries)
        assert found[0].alert == outcome.alerts[0]

    def test_nothing_is_stored_when_the_decision_fails(self, store: Store) -> None:
        record(store, 1)

        def fail(moves: Sequence[Move], claims: Sequence[SourcedClaim]) -> Consolidation:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.consolidate("lovelace", fail)
        assert store.pending_people(10) == ["lovelace"]
        assert store.find_moves() == []

    def test_an_alert_raised_twice_is_refused_with_all_that_came_with_it(self, store: Store) -> None:
        tell(store)
        record(store, 1)
        again = a_consolidation(a_move(role="president", sequence=1))
        with pytest.raises(PermanentError):
            store.consolidate("lovelace", lambda moves, claims: again)
        assert [move.role for move in store.find_moves()] == ["chief scientist"]
        assert store.pending_people(10) == ["lovelace"]
        assert store.counts()["alerts"] == 1

    def test_a_claim_remembers_its_move_and_why_that_was_told_or_not(self, store: Store) -> None:
        record(store, 1, "Ada Lovelace", "Alan Turing")
        claim = a_sourced_claim()
        outcome = Consolidation(
            moves=(a_move(),),
            support={claim.key: a_move().id},
            decisions={a_move().id: Decision(reasons=(Reason.TOO_WEAK, Reason.OLD))},
        )
        store.consolidate("lovelace", lambda moves, claims: outcome)
        turing = a_sourced_claim(claim=a_claim(person="Alan Turing"))
        found = sorted(store.find_claims(an_article().id), key=lambda row: row[0].claim.person)
        assert found == [(claim, a_move().id, (Reason.TOO_WEAK, Reason.OLD)), (turing, None, None)]

    def test_claims_and_evidence_name_the_feeds_that_carry_their_article(self, store: Store) -> None:
        feeds = [a_feed("x"), a_feed("y")]
        store.sync_feeds(feeds, NOW)
        for feed in feeds:
            entry = an_entry(1, feed)
            store.save_poll(feed, [entry], [], Origin.LIVE, NOW)
            store.save_article(an_entry_to_read(entry), a_result(), NOW)
        both = tuple(sorted(feed.id for feed in feeds))
        assert [claim.feeds for claim, _, _ in store.find_claims(an_article().id)] == [both]
        given: list[Any] = []
        store.consolidate("lovelace", seen(given))
        assert [claim.feeds for claim in given[1]] == [both]
        tell(store)
        assert [each.feeds for move in store.find_moves() for each in move.evidence] == [both]
        store.consolidate("lovelace", seen(given))
        assert [each.feeds for each in given[2][0].evidence] == [both]

    def test_people_wait_in_the_order_of_their_oldest_publication(self, store: Store) -> None:
        record(store, 1, "Ada Lovelace")
        record(store, 9, "Alan Turing")
        record(store, 5, "Grace Hopper", "Ada Lovelace")
        assert store.pending_people(2) == ["turing", "hopper"]
        assert len(store.pending_people(10)) == 3


class TestLedger:
    def test_known_moves_are_added_once(self, store: Store) -> None:
        known = [a_move("Ada Lovelace", origin=Origin.KNOWN), a_move("Alan Turing", evidence=())]
        assert store.add_known_moves(known) == 2
        assert store.add_known_moves([*known, a_move("Grace Hopper")]) == 1
        assert store.find_moves(person="lovelace") == [known[0]]

    def test_a_known_move_does_not_overwrite_the_ledgers(self, store: Store) -> None:
        tell(store)
        assert store.add_known_moves([a_move(role="something else", sequence=0)]) == 0
        assert [(move.role, move.sequence) for move in store.find_moves()] == [("chief scientist", 1)]

    @pytest.mark.parametrize("part", ["Édouard Grave", "edouard", "GRAVE", "edouard-grave", "d gr"])
    def test_a_person_is_found_by_id_or_part_of_the_name_whatever_accents(self, store: Store, part: str) -> None:
        move = a_move("Édouard Grave", person_id="edouard-grave")
        store.add_known_moves([move, a_move("Ada Lovelace")])
        assert store.find_moves(person=part) == [move]

    @pytest.mark.parametrize("part", ["facebook ai", "mistral", "mistral-ai", "NESTLÉ", "nestle"])
    def test_a_company_is_found_on_either_side(self, store: Store, part: str) -> None:
        both = {"from_org": "Facebook AI (Nestlé)", "to_org": "Mistral", "from_id": None, "to_id": "mistral-ai"}
        move = a_move("Ada Lovelace", **both)
        store.add_known_moves([move, a_move("Alan Turing", to_org=None, to_id=None)])
        assert store.find_moves(company=part) == [move]

    def test_a_move_is_found_by_its_id(self, store: Store) -> None:
        store.add_known_moves([a_move("Ada Lovelace"), a_move("Alan Turing")])
        assert store.find_moves(person=a_move("Alan Turing").id) == [a_move("Alan Turing")]

    @pytest.mark.parametrize("part", ["%", "_", "\\", "Ada%e", "metacohere"])
    def test_a_part_of_a_name_is_no_pattern_and_spans_no_two_names(self, store: Store, part: str) -> None:
        store.add_known_moves([a_move()])
        assert store.find_moves(person=part) == []
        assert store.find_moves(company=part) == []

    def test_moves_come_newest_first_since_and_up_to_a_limit(self, store: Store) -> None:
        people = ("Ada Lovelace", "Alan Turing", "Grace Hopper")
        store.add_known_moves([a_move(p, updated_at=NOW + minutes(i)) for i, p in enumerate(people)])
        assert [move.person for move in store.find_moves(since=NOW + minutes(1))] == ["Grace Hopper", "Alan Turing"]
        assert [move.person for move in store.find_moves(limit=1)] == ["Grace Hopper"]
        assert store.find_moves(person="turing", company="cohere", since=NOW + minutes(2)) == []


class TestOutbox:
    def lease(self, store: Store, at: timedelta = timedelta(0)) -> list[tuple[str, int]]:
        return [(each.channel, each.alert.sequence) for each in store.lease_deliveries(NOW + at, LEASE, 100)]

    def accept(self, store: Store, channel: str, sequence: int) -> None:
        delivery = a_delivery(an_alert(a_move(), sequence), channel)
        store.save_delivery(replace(delivery, state=DeliveryState.ACCEPTED, attempts=1, accepted_at=NOW))

    def test_a_delivery_is_leased_once_with_its_alert(self, store: Store) -> None:
        tell(store)
        expected = a_delivery(state=DeliveryState.LEASED, next_try_at=LATER)
        assert store.lease_deliveries(NOW, LEASE, 10) == [expected]
        assert store.lease_deliveries(LATER - minutes(1), LEASE, 10) == []

    def test_a_delivery_whose_sender_died_is_due_when_the_lease_ends(self, store: Store) -> None:
        tell(store)
        assert self.lease(store) == self.lease(store, LEASE) == [("team", 1)]

    def test_the_updates_of_a_move_wait_for_what_was_told_before_on_each_channel(self, store: Store) -> None:
        tell(store, "mail", "team", sequences=3)
        assert sorted(self.lease(store)) == [("mail", 1), ("team", 1)]
        self.accept(store, "mail", 1)
        assert self.lease(store) == [("mail", 2)]
        self.accept(store, "mail", 2)
        self.accept(store, "team", 1)
        assert sorted(self.lease(store)) == [("mail", 3), ("team", 2)]

    def test_a_delivery_that_failed_holds_back_the_later_ones_until_it_is_tried_again(self, store: Store) -> None:
        tell(store, sequences=2)
        (first,) = store.lease_deliveries(NOW, LEASE, 10)
        later = NOW + minutes(30)
        store.save_delivery(replace(first, state=DeliveryState.PENDING, attempts=1, next_try_at=later, error="503"))
        assert self.lease(store, minutes(29)) == []
        (again,) = store.lease_deliveries(later, LEASE, 10)
        assert (again.alert.sequence, again.attempts, again.error) == (1, 1, "503")

    def test_several_outcomes_are_written_at_once(self, store: Store) -> None:
        tell(store, "mail", "team")
        leased = store.lease_deliveries(NOW, LEASE, 10)
        store.save_deliveries([replace(each, state=DeliveryState.ACCEPTED, accepted_at=NOW) for each in leased])
        assert {each.state for each in store.find_deliveries()} == {DeliveryState.ACCEPTED}

    def test_a_dead_delivery_holds_nothing_back(self, store: Store) -> None:
        tell(store, sequences=2)
        (first,) = store.lease_deliveries(NOW, LEASE, 10)
        store.save_delivery(replace(first, state=DeliveryState.DEAD, error="410"))
        assert self.lease(store) == [("team", 2)]

    def test_deliveries_of_different_moves_do_not_wait_for_each_other(self, store: Store) -> None:
        tell(store, sequences=2)
        tell(store, person="Alan Turing")
        assert len(store.lease_deliveries(NOW, LEASE, 10)) == 2

    def test_a_lease_takes_no_more_than_asked_of_each_channel_the_longest_due_first(self, store: Store) -> None:
        tell(store, "mail", "team")
        tell(store, "mail", person="Alan Turing")
        turing = next(each for each in store.find_deliveries() if each.alert.move_id == a_move("Alan Turing").id)
        store.save_delivery(replace(turing, next_try_at=NOW - minutes(1)))
        leased = store.lease_deliveries(NOW, LEASE, 1)
        assert sorted((each.channel, each.alert.move_id == turing.alert.move_id) for each in leased) == [
            ("mail", True),
            ("team", False),
        ]

    def test_nothing_is_leased_of_a_channel_that_is_busy(self, store: Store) -> None:
        tell(store, "mail", "team")
        assert [each.channel for each in store.lease_deliveries(NOW, LEASE, 9, busy={"mail"})] == ["team"]

    def test_a_channel_is_left_alone_until_it_may_be_tried_and_then_tried_once(self, store: Store) -> None:
        tell(store)
        tell(store, "mail", "team", person="Alan Turing")
        store.save_endpoint(Endpoint(channel="team", failures=3, error="503", retry_at=LATER))
        assert [each.channel for each in store.lease_deliveries(NOW, LEASE, 9)] == ["mail"]
        assert [each.channel for each in store.lease_deliveries(LATER, LEASE, 9)].count("team") == 1

    def test_what_is_due_to_a_disabled_channel_is_dead_with_the_reason(self, store: Store) -> None:
        tell(store)
        store.save_endpoint(Endpoint(channel="team", error="http 410", disabled_at=NOW))
        assert store.lease_deliveries(NOW, LEASE, 9) == []
        (dead,) = store.find_deliveries(state=DeliveryState.DEAD)
        assert dead.error == "the endpoint is disabled: http 410"

    def test_a_released_delivery_is_due_as_it_was(self, store: Store) -> None:
        tell(store)
        (leased,) = store.lease_deliveries(NOW + minutes(1), LEASE, 9)
        store.release_deliveries([leased.id], NOW + minutes(2))
        assert store.find_deliveries() == [a_delivery()]

    def test_what_a_channel_did_not_take_for_long_is_given_up(self, store: Store) -> None:
        tell(store, "mail", "team")
        assert store.expire_deliveries("team", NOW, "given up") == 0
        assert store.expire_deliveries("team", LATER, "given up") == 1
        (dead,) = store.find_deliveries(state=DeliveryState.DEAD)
        assert (dead.channel, dead.error) == ("team", "given up")

    def test_what_waits_for_its_next_try_is_hastened_and_what_is_held_is_not(self, store: Store) -> None:
        tell(store, next_try_at=LATER)
        tell(store, person="Alan Turing")
        (leased,) = store.lease_deliveries(NOW, LEASE, 9)
        store.save_delivery(replace(leased, state=DeliveryState.PENDING, attempts=1, next_try_at=LATER))
        store.hasten_deliveries("team", NOW)
        assert [each.id for each in store.lease_deliveries(NOW, LEASE, 9)] == [leased.id]

    def test_a_digest_is_leased_whole_whatever_the_limit(self, store: Store) -> None:
        for person in ("Ada Lovelace", "Alan Turing", "Grace Hopper"):
            tell(store, person=person, digest="daily", next_try_at=LATER)
        assert store.lease_deliveries(NOW, LEASE, 1) == []
        leased = store.lease_deliveries(LATER, LEASE, 1)
        assert [each.digest for each in leased] == ["daily"] * 3

    def test_what_is_held_back_gives_way_to_a_later_alert_of_the_move(self, store: Store) -> None:
        tell(store, "mail", "team", next_try_at=LATER)
        tell(store, "team", sequences=2, first=2)
        found = {(each.channel, each.alert.sequence): each for each in store.find_deliveries()}
        assert found["team", 1].state is DeliveryState.SUPERSEDED
        assert found["team", 1].error == f"superseded by {found['team', 2].id}"
        assert found["mail", 1].state is DeliveryState.PENDING
        assert self.lease(store) == [("team", 2)]

    def test_what_is_due_is_told_before_the_later_alert(self, store: Store) -> None:
        tell(store, sequences=2)
        assert {each.state for each in store.find_deliveries()} == {DeliveryState.PENDING}

    def test_dead_deliveries_are_replayed_by_channel_and_time_and_their_endpoint_is_trusted_again(
        self, store: Store
    ) -> None:
        tell(store, "mail:a@x.example", "mail:b@x.example", "mailing", "team")
        for each in store.lease_deliveries(NOW, LEASE, 9):
            store.save_delivery(replace(each, state=DeliveryState.DEAD, digest="daily"))
            store.save_endpoint(Endpoint(channel=each.channel, disabled_at=NOW))
        assert store.replay_dead("mail", NOW + minutes(1), LATER) == 0
        assert store.replay_dead("mail", NOW, LATER) == 2
        assert [each.channel for each in store.find_endpoints()] == ["mailing", "team"]
        leased = store.lease_deliveries(LATER, LEASE, 9)
        assert sorted(each.channel for each in leased) == ["mail:a@x.example", "mail:b@x.example"]
        assert store.replay_dead(None, NOW, LATER) == 2

    def test_what_was_accepted_stays_accepted_whatever_a_late_sender_says(self, store: Store) -> None:
        tell(store)
        (leased,) = store.lease_deliveries(NOW, LEASE, 10)
        self.accept(store, "team", 1)
        store.save_delivery(replace(leased, state=DeliveryState.PENDING, error="timeout"))
        (found,) = store.find_deliveries()
        assert (found.state, found.accepted_at, found.error) == (DeliveryState.ACCEPTED, NOW, None)

    @pytest.mark.parametrize("state", [DeliveryState.ACCEPTED, DeliveryState.DEAD])
    def test_a_replayed_delivery_is_due_at_once_under_its_id(self, store: Store, state: DeliveryState) -> None:
        tell(store)
        (leased,) = store.lease_deliveries(NOW, LEASE, 10)
        store.save_delivery(replace(leased, state=state, attempts=9, error="410", accepted_at=NOW))
        assert store.replay_delivery(leased.id, LATER) == a_delivery(next_try_at=LATER)
        assert self.lease(store, LEASE) == [("team", 1)]

    def test_a_delivery_under_way_is_left_alone_by_replay(self, store: Store) -> None:
        tell(store)
        (leased,) = store.lease_deliveries(NOW, LEASE, 10)
        assert store.replay_delivery(leased.id, NOW) == leased
        assert store.replay_delivery("msg_unknown", NOW) is None

    def test_deliveries_are_listed_newest_first_by_state(self, store: Store) -> None:
        tell(store, sequences=2)
        self.accept(store, "team", 1)

        def listed(state: DeliveryState | None, limit: int = 100) -> list[int]:
            return [each.alert.sequence for each in store.find_deliveries(state=state, limit=limit)]

        assert listed(None) == [2, 1]
        assert listed(None, limit=1) == [2]
        assert listed(DeliveryState.ACCEPTED) == [1]
        assert listed(DeliveryState.DEAD) == []


class TestCorrections:
    def correct(self, store: Store, id: str, **changes: Any) -> Corrected | None:
        """Retract the move of `id`; the outcome names the deliveries that were seen."""
        self.seen: list[Delivery] = []

        def decide(move: Move, deliveries: Sequence[Delivery]) -> Corrected:
            self.seen = list(deliveries)
            alert = an_alert(move, 2, event=Event.RETRACTED)
            correction = Correction(
                id="c1", move_id=move.id, verdict=Verdict.NOT_A_MOVE, author="anna", reason="a stage", created_at=NOW
            )
            after = replace(move, retracted="not-a-move", sequence=2)
            values = {"alert": alert, "deliveries": (a_delivery(alert, "team"),), **changes}
            return Corrected(correction=correction, before=move, move=after, **values)

        return store.correct(id, decide)

    @pytest.mark.parametrize("id", [a_move().id, an_alert().id, a_delivery().id])
    def test_a_move_is_corrected_by_the_id_of_move_alert_or_delivery(self, store: Store, id: str) -> None:
        told = replace(tell(store, "mail", "team"), sequence=1)
        outcome = self.correct(store, id)
        assert outcome
        assert outcome.before == told
        assert [(each.channel, each.alert.sequence) for each in self.seen] == [("mail", 1), ("team", 1)]
        assert store.find_moves() == [replace(told, retracted="not-a-move", sequence=2)]
        assert sorted((each.channel, each.alert.event) for each in store.find_deliveries()) == [
            ("mail", Event.NEW), ("team", Event.NEW), ("team", Event.RETRACTED),
        ]  # fmt: skip
        assert store.find_corrections() == store.find_corrections(told.id) == [outcome.correction]
        assert store.find_corrections("other") == []

    def test_nothing_is_corrected_under_an_unknown_id(self, store: Store) -> None:
        assert self.correct(store, "nothing") is None

    def test_what_is_withdrawn_is_not_told_unless_it_is_under_way(self, store: Store) -> None:
        tell(store, "mail", "team")
        (leased,) = store.lease_deliveries(NOW, LEASE, 1, busy={"mail"})
        withdrawn = tuple(each.id for each in store.find_deliveries())
        self.correct(store, a_move().id, alert=None, deliveries=(), withdrawn=withdrawn)
        states = {each.channel: (each.state, each.error) for each in store.find_deliveries()}
        assert states == {
            "mail": (DeliveryState.SUPERSEDED, "corrected by anna: not-a-move"),
            "team": (DeliveryState.LEASED, None),
        }
        assert leased.channel == "team"


class TestEndpoints:
    def test_an_endpoint_is_kept_as_it_was_last_saved(self, store: Store) -> None:
        endpoint = Endpoint(channel="team", failures=2, error="503", retry_at=LATER, noticed_at=NOW)
        store.save_endpoint(replace(endpoint, failures=1))
        store.save_endpoint(endpoint)
        assert store.find_endpoints() == [endpoint]
        assert store.trust_endpoint("team") == 1
        assert store.find_endpoints() == []

    def test_a_notice_is_written_once_with_the_endpoint_and_is_about_no_move(self, store: Store) -> None:
        alert = an_alert(id="notice", move_id="", sequence=0, event=Event.ENDPOINT_FAILED)
        notice = a_delivery(alert, "mail")
        for _ in range(2):
            store.save_endpoint(Endpoint(channel="team", noticed_at=NOW), [notice])
        assert store.find_deliveries() == [notice]
        assert [each.channel for each in store.lease_deliveries(NOW, LEASE, 9)] == ["mail"]

    def test_an_alert_about_no_one_move_is_raised_once(self, store: Store) -> None:
        alert = an_alert(id="threshold", move_id="", sequence=0, event=Event.THRESHOLD)
        assert store.raise_alert(alert, [a_delivery(alert, "mail")])
        assert not store.raise_alert(alert, [a_delivery(alert, "team")])
        assert store.find_deliveries() == [a_delivery(alert, "mail")]

    def test_a_silence_is_in_force_until_it_ends_and_is_remembered(self, store: Store) -> None:
        silence = Silence(
            id="s1", matchers={"person": ("Ada", "alan-turing")}, author="anna", reason="enough",
            created_at=NOW, expires_at=LATER,
        )  # fmt: skip
        store.add_silence(silence)
        assert store.find_silences() == store.find_silences(NOW) == [silence]
        assert store.find_silences(LATER) == store.find_silences(NOW - minutes(1)) == []
        assert store.end_silence("s1", NOW + minutes(1))
        assert not store.end_silence("s1", NOW + minutes(2))
        assert store.find_silences(NOW + minutes(1)) == []
        assert [each.expires_at for each in store.find_silences()] == [NOW + minutes(1)]


class TestUpkeep:
    def test_slots_of_a_host_are_a_gap_apart_and_never_past(self, store: Store) -> None:
        gap = timedelta(seconds=2)
        assert [store.take_slot("x.example", NOW, gap) for _ in range(3)] == [NOW, NOW + gap, NOW + 2 * gap]
        assert store.take_slot("y.example", NOW, gap) == NOW
        assert store.take_slot("x.example", LATER, gap) == LATER

    def test_tokens_add_up_for_a_day_and_begin_anew_on_the_next(self, store: Store) -> None:
        today = NOW.date()
        assert [store.spend_tokens(today, tokens) for tokens in (700, 400, -100, 0)] == [700, 1100, 1000, 1000]
        assert store.spend_tokens(today + timedelta(days=1), 5) == 5

    def test_a_sweep_returns_deliveries_whose_lease_ran_out(self, store: Store) -> None:
        tell(store, "mail", "team")
        store.lease_deliveries(NOW, LEASE, 1, busy={"mail"})
        assert store.sweep(NOW + minutes(1)) == 0
        assert store.sweep(LATER) == 1
        assert store.counts()["deliveries.pending"] == 2

    def test_what_a_dead_process_held_is_due_at_once_when_its_state_is_resumed(self, store: Store) -> None:
        store.sync_feeds([a_feed("x"), a_feed("y")], NOW)
        later = NOW + minutes(15)
        store.save_poll(a_feed("y", next_poll_at=later), [an_entry(1, a_feed("y"))], [], Origin.LIVE, NOW)
        tell(store)
        leased = store.lease_feeds(NOW, LEASE, 10), store.lease_entries(NOW, LEASE, 10)
        assert (*map(len, leased), len(store.lease_deliveries(NOW, LEASE, 10))) == (1, 1, 1)
        at = NOW + minutes(1)
        store.resume(at)
        assert [feed.url for feed in store.lease_feeds(at, LEASE, 10)] == [a_feed("x").url]
        assert [again.attempts for again in store.lease_entries(at, LEASE, 10)] == [1]
        assert len(store.lease_deliveries(at, LEASE, 10)) == 1

    def test_what_waits_as_planned_is_left_alone_by_resume(self, store: Store) -> None:
        polled(store, 1, 2)
        tell(store)
        store.lease_feeds(NOW + minutes(15), LEASE, 10)
        store.save_poll(a_feed(next_poll_at=NOW + minutes(30)), [], [], Origin.LIVE, NOW)
        store.lease_entries(NOW, LEASE, 10)
        store.retry_entry(an_entry(1).key, NOW + minutes(60), "503")
        store.skip_entry(an_entry(2), "too old", NOW)
        (leased,) = store.lease_deliveries(NOW, LEASE, 10)
        store.save_delivery(replace(leased, state=DeliveryState.PENDING, next_try_at=NOW + minutes(45)))
        store.resume(NOW)
        assert store.next_due() == NOW + minutes(30)
        assert store.lease_entries(NOW + minutes(59), LEASE, 10) == []
        assert store.lease_deliveries(NOW + minutes(44), LEASE, 10) == []

    def test_next_due_is_the_earliest_of_feeds_entries_and_deliveries(self, store: Store) -> None:
        assert store.next_due() is None
        polled(store)
        assert store.next_due() == NOW + minutes(15)
        polled(store, 1)
        store.retry_entry(an_entry(1).key, NOW + minutes(9), "timeout")
        assert store.next_due() == NOW + minutes(9)
        tell(store)
        assert store.next_due() == NOW

    def test_a_delivery_that_waits_for_an_earlier_one_is_not_due(self, store: Store) -> None:
        tell(store, sequences=2)
        (first,) = store.lease_deliveries(NOW, LEASE, 10)
        store.save_delivery(replace(first, state=DeliveryState.PENDING, next_try_at=NOW + minutes(30)))
        assert store.next_due() == NOW + minutes(30)

    def test_counts_name_every_state_even_at_zero(self, store: Store) -> None:
        empty = store.counts()
        assert set(empty.values()) == {0}
        record(store, 1)
        tell(store)
        counted = store.counts()
        assert counted.keys() == empty.keys()
        assert {name: rows for name, rows in counted.items() if rows} == {
            "feeds.active": 1,
            "entries.read": 1,
            "articles": 1,
            "claims": 1,
            "moves.reported": 1,
            "alerts": 1,
            "deliveries.pending": 1,
        }


def test_a_delivery_never_stored_is_not_saved(store: Store) -> None:
    unknown: Delivery = a_delivery()
    store.save_delivery(unknown)
    assert store.find_deliveries() == []

"""The database and the dictionaries, worked on alike for a while, hold and hand out the same."""

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from monitor.model import Consolidation, Delivery, DeliveryState, EntryToRead, Origin, Status
from monitor.store.sqlite import SqliteStore
from tests.builders import (
    LEASE,
    NOW,
    a_claim,
    a_delivery,
    a_feed,
    a_move,
    a_result,
    an_alert,
    an_article,
    an_entry,
    an_entry_to_read,
    minutes,
    some_evidence,
)
from tests.fakes import MemoryStore

PEOPLE = ("Ada Lovelace", "Alan Turing")
FEEDS = ("a", "b")
numbers = st.integers(min_value=1, max_value=4)
people = st.sampled_from(PEOPLE)
feeds = st.sampled_from(FEEDS)


class Twins(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.now = NOW
        self.sqlite = SqliteStore.open(Path(self.folder.name) / "monitor.db", NOW)
        self.memory = MemoryStore()
        self.entries: dict[str, EntryToRead] = {}
        self.leased: list[Delivery] = []
        self.both("sync_feeds", [a_feed(name) for name in FEEDS], NOW)
        for number in (1, 2):
            self.poll("a", number, "First", 0)
            self.read(number, {(PEOPLE[0], Status.REPORTED)})
            self.consolidate({"mail", "team"})

    def teardown(self) -> None:
        self.sqlite.close()
        self.folder.cleanup()

    def both(self, method: str, *arguments: object, in_order: bool = True, **named: object) -> object:
        """Call a method of both stores; they must answer alike."""
        ours, twins = (getattr(store, method)(*arguments, **named) for store in (self.sqlite, self.memory))
        if in_order:
            assert ours == twins
        else:
            assert sorted(ours, key=repr) == sorted(twins, key=repr)
        return ours

    @rule(passed=st.sampled_from([1, 4, 5, 30]))
    def wait(self, passed: int) -> None:
        self.now += minutes(passed)

    @rule(names=st.sets(feeds))
    def reconfigure(self, names: set[str]) -> None:
        self.both("sync_feeds", [a_feed(name, title="") for name in sorted(names)], self.now)

    @rule()
    def lease_feeds(self) -> None:
        self.both("lease_feeds", self.now, LEASE, 10, in_order=False)

    @rule(feed=feeds, number=numbers, title=st.sampled_from(["First", "Second"]), failures=st.integers(0, 1))
    def poll(self, feed: str, number: int, title: str, failures: int) -> None:
        entry = an_entry(number, a_feed(feed), title=title)
        found = self.both("known_entries", a_feed(feed).id, [entry], in_order=False)
        known = {each.key: each.content_hash for each in found}
        new = [] if entry.key in known else [entry]
        edited = [entry] if known.get(entry.key, entry.content_hash) != entry.content_hash else []
        after = a_feed(feed, next_poll_at=self.now + minutes(15), failures=failures)
        self.both("save_poll", after, new, edited, Origin.LIVE, self.now)
        if new or edited:
            self.entries[entry.key] = an_entry_to_read(entry)

    @rule()
    def lease_entries(self) -> None:
        for leased in self.both("lease_entries", self.now, LEASE, 100):
            self.entries[leased.entry.key] = leased

    @rule(number=numbers, said=st.sets(st.tuples(people, st.sampled_from(list(Status))), max_size=3))
    def read(self, number: int, said: set[tuple[str, Status]]) -> None:
        for entry in self.entries.values():
            if entry.entry.guid == f"guid-{number}":
                claims = tuple(a_claim(person=person, status=status) for person, status in sorted(said))
                self.both("save_article", entry, a_result(an_article(number), claims), self.now)

    @rule(data=st.data(), again=st.booleans())
    def give_up(self, data: st.DataObject, again: bool) -> None:
        if self.entries:
            key = data.draw(st.sampled_from(sorted(self.entries)))
            if again:
                self.both("retry_entry", key, self.now + minutes(5), "503")
            else:
                self.both("skip_entry", self.entries[key].entry, "old", self.now)

    @rule(channels=st.sets(st.sampled_from(["mail", "team"])))
    def consolidate(self, channels: set[str]) -> None:
        for key in self.both("pending_people", 10):

            def decide(moves: tuple, claims: tuple) -> Consolidation:
                person = claims[0].claim.person
                move = moves[0] if moves else a_move(person, evidence=(), sequence=0)
                known = {evidence.claim_key for evidence in move.evidence}
                more = tuple(some_evidence(claim) for claim in claims if claim.key not in known)
                move = replace(move, evidence=move.evidence + more, sequence=move.sequence + 1, updated_at=self.now)
                alert = an_alert(move, move.sequence, created_at=self.now)
                deliveries = tuple(a_delivery(alert, channel) for channel in sorted(channels))
                support = {claim.key: move.id for claim in claims}
                return Consolidation(moves=(move,), support=support, alerts=(alert,), deliveries=deliveries)

            self.both("consolidate", key, decide)

    @rule()
    def lease_deliveries(self) -> None:
        self.leased += self.both("lease_deliveries", self.now, LEASE, 100)

    @rule(data=st.data(), state=st.sampled_from(list(DeliveryState)), pause=st.sampled_from([0, 10]))
    def end_delivery(self, data: st.DataObject, state: DeliveryState, pause: int) -> None:
        if self.leased:  # ends may come late or twice
            delivery = data.draw(st.sampled_from(self.leased))
            at = self.now + minutes(pause)
            self.both("save_delivery", replace(delivery, state=state, attempts=delivery.attempts + 1, next_try_at=at))

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        if self.memory.deliveries:
            self.both("replay_delivery", data.draw(st.sampled_from(sorted(self.memory.deliveries))), self.now)

    @rule()
    def resume(self) -> None:
        self.both("resume", self.now)

    @rule()
    def sweep(self) -> None:
        self.both("sweep", self.now)

    @invariant()
    def they_hold_the_same(self) -> None:
        if not hasattr(self, "memory"):
            return
        for method in ("counts", "next_due", "failing_feeds", "find_moves", "find_deliveries"):
            self.both(method)
        for number in range(1, 5):
            self.both("find_claims", an_article(number).id)


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

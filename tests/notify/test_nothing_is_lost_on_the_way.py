"""Clocks set right, circuits, corrections and retries: what was recorded is told in its time, once, and never after it was taken back."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.clock import FixedClock
from monitor.config.settings import Settings
from monitor.courier import Courier
from monitor.daemon.upkeep import Upkeep
from monitor.model import (
    Accepted,
    Consolidation,
    Delivery,
    DeliveryState,
    Event,
    Failed,
    Move,
    SourcedClaim,
    Status,
    Verdict,
)
from monitor.notify.corrections import Configured, Request, decide_correction
from monitor.notify.routes import Route, plan_delivery
from monitor.notify.rules import AlertRules, conclude
from monitor.notify.timing import QuietHours, Slot
from monitor.store.sqlite import SqliteStore
from monitor.vigil import Vigil
from tests.builders import NOW, a_move

YEAR, HOUR = timedelta(days=365), timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(tmp_path / "monitor.db", NOW)) as opened:
        yield opened


@dataclass
class Receiver:
    answer: Accepted | Failed = field(default_factory=Accepted)
    got: list[Delivery] = field(default_factory=list)

    def send(self, delivery: Delivery, now: datetime) -> Accepted | Failed:
        self.got.append(delivery)
        return self.answer


def record(
    store: SqliteStore, at: datetime, *channels: str, name: str = "Ada Lovelace", slot: Slot | None = None
) -> None:
    def decide(moves: tuple[Move, ...], claims: tuple[SourcedClaim, ...]) -> Consolidation:
        told = conclude(None, a_move(name, evidence=()), rules=AlertRules(), now=at)
        deliveries = tuple(plan_delivery(told.alert, channel, at, slot) for channel in channels)
        return Consolidation(moves=(told.move,), alerts=(told.alert,), deliveries=deliveries)

    store.consolidate(name, decide)


def send(courier: Courier) -> None:
    courier.deliver()
    courier.lines.wait(5)


# --- a clock that was ahead -----------------------------------------------------------------------------------------


def test_a_receiver_that_failed_while_the_clock_was_a_year_ahead_is_tried_again_now(store: SqliteStore) -> None:
    clock, hook = FixedClock(NOW + YEAR), Receiver(Failed(reason="tls"))
    for number in range(4):
        record(store, clock.at, "hook", name=f"Ada Number{number}")
    courier, upkeep = Courier(store=store, channels={"hook": hook}, clock=clock), Upkeep(store, Settings, clock)
    upkeep._look_at_clock(1000.0)
    send(courier)
    clock.at = NOW
    upkeep._look_at_clock(1010.0)
    hook.answer = Accepted()
    for _ in range(3):
        send(courier)
        clock.at += HOUR
    assert {delivery.state for delivery in store.find_deliveries()} == {DeliveryState.ACCEPTED}


def test_what_was_not_tried_while_the_clock_was_ahead_waits_for_no_future_date(store: SqliteStore) -> None:
    clock = FixedClock(NOW + timedelta(days=3))
    upkeep = Upkeep(store, Settings, clock)
    upkeep._look_at_clock(1000.0)
    for number in range(6):
        record(store, clock.at, "hook", name=f"Ada Number{number}")
    clock.at = NOW
    upkeep._look_at_clock(1010.0)
    send(Courier(store=store, channels={"hook": Receiver(Failed(reason="http 500"))}, clock=clock))
    assert max(delivery.next_try_at for delivery in store.find_deliveries()) < NOW + HOUR


def test_a_clock_that_steps_back_a_minute_opens_no_digest_early(store: SqliteStore) -> None:
    clock, slot = FixedClock(NOW), Slot(at=NOW + timedelta(days=5), digest="weekly 2025")
    upkeep = Upkeep(store, Settings, clock)
    upkeep._look_at_clock(1000.0)
    record(store, NOW, "hook", slot=slot)
    clock.at += HOUR
    upkeep._look_at_clock(4600.0)
    clock.at -= timedelta(seconds=61)
    upkeep._look_at_clock(4610.0)
    assert [delivery.next_try_at for delivery in store.find_deliveries()] == [slot.at]


def test_heartbeats_go_on_after_a_clock_that_was_ahead(store: SqliteStore) -> None:
    route, clock = Route(channels=("log",), events=frozenset({"heartbeat"})), FixedClock(NOW + YEAR)
    vigil = Vigil(store=store, clock=clock, routes=[route])
    vigil.keep()
    for days in range(3):
        clock.at = NOW + timedelta(days=days)
        vigil.keep()
    assert len(store.find_deliveries()) == 4


# --- what died, and what was corrected ------------------------------------------------------------------------------


def test_the_remedy_of_a_notice_sends_again_what_died(store: SqliteStore) -> None:
    clock, hook, ops = FixedClock(NOW), Receiver(Failed(reason="http 500")), Receiver()
    record(store, NOW, "hook")
    courier = Courier(store=store, channels={"hook": hook, "ops": ops}, clock=clock, fallback=("ops",))
    for _ in range(400):
        if ops.got:
            break
        send(courier)
        clock.at += timedelta(minutes=16)
    data = ops.got[0].alert.payload["data"]
    assert data["dead"] == 1
    assert data["remedy"] == "monitor replay --endpoint hook"
    assert store.replay_dead("hook", datetime.fromtimestamp(0, UTC), clock.at) == 1


def test_a_move_that_was_taken_back_is_not_told_by_a_replay(store: SqliteStore) -> None:
    clock, hook, mail = FixedClock(NOW), Receiver(Failed(reason="http 410", permanent=True, gone=True)), Receiver()
    record(store, NOW, "hook", "mail")
    courier = Courier(store=store, channels={"hook": hook, "mail": mail}, clock=clock)
    send(courier)
    request = Request(verdict=Verdict.NOT_A_MOVE, author="anna", reason="left the stage")
    store.correct(
        store.find_moves()[0].id,
        lambda move, deliveries: decide_correction(move, deliveries, request, Configured(), clock.at),
    )
    hook.answer = Accepted()
    hook.got.clear()
    store.replay_dead("hook", NOW - HOUR, clock.at)
    store.trust_endpoint("hook")
    for _ in range(3):
        clock.at += timedelta(minutes=6)
        send(courier)
    assert {delivery.alert.event for delivery in hook.got} <= {Event.RETRACTED}
    assert [delivery.alert.event for delivery in mail.got] == [Event.NEW, Event.RETRACTED]


def test_a_correction_that_waits_for_the_morning_is_not_swallowed_by_an_update(store: SqliteStore) -> None:
    clock, team = FixedClock(NOW), Receiver()
    record(store, NOW, "team")
    courier = Courier(store=store, channels={"team": team}, clock=clock)
    send(courier)
    night = QuietHours(start=time(11), end=time(20), zone=ZoneInfo("UTC"))
    configured = Configured(routes=[Route(channels=("team",), quiet=night)])
    request = Request(verdict=Verdict.WRONG_COMPANY, author="anna", reason="namesake", to_org="Cohere Health")
    before = store.find_moves()[0]
    store.correct(
        before.id, lambda move, deliveries: decide_correction(move, deliveries, request, configured, clock.at)
    )
    clock.at += timedelta(minutes=30)

    def confirm(moves: tuple[Move, ...], claims: tuple[SourcedClaim, ...]) -> Consolidation:
        (move,) = moves
        told = conclude(move, replace(move, status=Status.CONFIRMED), rules=AlertRules(), now=clock.at)
        return Consolidation(
            moves=(told.move,), alerts=(told.alert,), deliveries=(plan_delivery(told.alert, "team", clock.at),)
        )

    store.consolidate(before.person_key, confirm)
    for _ in range(12):
        send(courier)
        clock.at += HOUR
    assert [delivery.alert.sequence for delivery in team.got] == [1, 2, 3]
    assert "correction" in team.got[1].alert.payload["data"]

"""The life of a delivery: attempts further and further apart, then accepted or dead with the reason."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Accepted, Delivery, DeliveryState, Failed
from monitor.notify.outbox import JITTER, MAX_RETRY_AFTER, SCHEDULE, after_attempt, after_failure, decide_delay
from tests.builders import NOW, a_delivery

JITTERS = st.floats(0, 1)
DOWN = Failed(reason="http 503")


def fail_until_dead(failed: Failed, jitter: float) -> list[Delivery]:
    states, now = [a_delivery()], NOW
    while states[-1].state is DeliveryState.PENDING:
        now = max(now, states[-1].next_try_at)
        states.append(after_failure(states[-1], failed, now, jitter))
    return states


def test_an_accepted_delivery_forgets_its_error() -> None:
    failed = after_failure(a_delivery(), DOWN, NOW, 0)
    accepted = after_attempt(failed, Accepted(detail="204"), NOW, 0)
    assert (accepted.state, accepted.accepted_at, accepted.error) == (DeliveryState.ACCEPTED, NOW, None)
    assert accepted.attempts == 2


def test_a_permanent_failure_ends_a_delivery_with_its_reason() -> None:
    dead = after_attempt(a_delivery(), Failed(reason="http 410", permanent=True), NOW, 0)
    assert (dead.state, dead.error, dead.attempts) == (DeliveryState.DEAD, "http 410", 1)


@given(JITTERS)
def test_a_receiver_may_be_down_for_two_days(jitter: float) -> None:
    states = fail_until_dead(DOWN, jitter)
    assert states[-1].error == "given up after 13 attempts: http 503"
    assert states[-2].next_try_at - NOW > timedelta(days=2)
    assert len(states) == len(SCHEDULE) + 2


@given(JITTERS, JITTERS, st.integers(1, len(SCHEDULE) - 1))
def test_delays_grow_whatever_the_jitter(one: float, other: float, attempts: int) -> None:
    assert decide_delay(attempts, None, one) <= decide_delay(attempts + 1, None, other)


@given(JITTERS, st.integers(1, len(SCHEDULE)))
def test_jitter_spreads_the_retries_of_many(jitter: float, attempts: int) -> None:
    delay = decide_delay(attempts, None, jitter)
    assert SCHEDULE[attempts - 1] <= delay <= SCHEDULE[attempts - 1] * (1 + JITTER)


@given(JITTERS, st.integers(1, len(SCHEDULE)), st.timedeltas(timedelta(days=-1), timedelta(days=400)))
def test_retry_after_is_a_floor_with_a_cap(jitter: float, attempts: int, retry_after: timedelta) -> None:
    delay = decide_delay(attempts, retry_after, jitter)
    assert delay >= min(retry_after, MAX_RETRY_AFTER)
    assert delay <= max(decide_delay(attempts, None, jitter), MAX_RETRY_AFTER)


@given(JITTERS)
def test_id_and_alert_never_change(jitter: float) -> None:
    assert {(each.id, each.alert.id) for each in fail_until_dead(DOWN, jitter)} == {
        (a_delivery().id, a_delivery().alert.id)
    }

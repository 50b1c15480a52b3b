"""When an endpoint is left alone, for how long, and when it is trusted again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Accepted, Endpoint, Failed
from monitor.notify.breaker import (
    GIVES_UP_AFTER,
    OPENS_AFTER,
    PAUSES,
    after_result,
    decide_pause,
    has_recovered,
    is_closed,
)
from monitor.notify.outbox import JITTER, SCHEDULE
from tests.builders import NOW

FRESH = Endpoint(channel="team")
DOWN = Failed(reason="http 503")


def fail(times: int, failed: Failed = DOWN) -> Endpoint:
    endpoint = FRESH
    for _ in range(times):
        endpoint = after_result(endpoint, failed, NOW, 0.5)
    return endpoint


def test_one_failure_may_be_a_moments_three_open_the_circuit() -> None:
    assert is_closed(fail(OPENS_AFTER - 1), NOW)
    opened = fail(OPENS_AFTER)
    assert not is_closed(opened, NOW)
    assert is_closed(opened, NOW + PAUSES[0] * (1 + JITTER))
    assert opened.error == "http 503"


@given(st.integers(1, 50), st.floats(0, 1))
def test_pauses_grow_to_a_limit(failures: int, jitter: float) -> None:
    one, next_one = (decide_pause(number, None, jitter) or timedelta(0) for number in (failures, failures + 1))
    assert one <= next_one <= PAUSES[-1] * (1 + JITTER)


def test_an_endpoint_that_asks_for_a_pause_gets_it_at_once_and_no_more_than_a_day() -> None:
    asked = after_result(FRESH, Failed(reason="http 429", retry_after=timedelta(minutes=3)), NOW, 0)
    assert asked.retry_at == NOW + timedelta(minutes=3)
    forever = after_result(FRESH, Failed(reason="http 429", retry_after=timedelta(days=400)), NOW, 0)
    assert forever.retry_at == NOW + timedelta(days=1)


def test_what_it_takes_closes_the_circuit_and_forgets_the_rest() -> None:
    before = fail(9)
    after = after_result(before, Accepted(), NOW, 0)
    assert after == FRESH
    assert has_recovered(before, after)
    assert not has_recovered(FRESH, after)


def test_a_refusal_of_one_alert_is_no_failure_of_the_endpoint() -> None:
    refused = after_result(fail(5), Failed(reason="550 no such user", permanent=True), NOW, 0)
    assert (refused.failures, refused.retry_at) == (0, None)


def test_an_endpoint_that_wants_no_more_is_disabled() -> None:
    gone = after_result(FRESH, Failed(reason="http 410", permanent=True, gone=True), NOW, 0)
    assert gone.disabled_at == NOW
    assert not is_closed(gone, NOW + timedelta(days=400))


def test_an_endpoint_is_not_given_up_before_a_delivery_is() -> None:
    assert sum(SCHEDULE, timedelta()) * (1 + JITTER) < GIVES_UP_AFTER

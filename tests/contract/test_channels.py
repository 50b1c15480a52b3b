"""What every Channel promises: an outcome instead of an exception, and no secret in anything that is stored or shown."""

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from monitor.model import Accepted, Failed
from monitor.notify.apprise import AppriseService
from monitor.notify.chat import Chat, Service
from monitor.notify.email import Email, Relay, Tls
from monitor.notify.log import Log
from monitor.notify.routes import plan_delivery
from monitor.notify.rules import AlertRules, conclude
from monitor.notify.webhook import Webhook
from monitor.ports import Channel
from tests.builders import NOW, a_move
from tests.notify.servers import HttpPoster, free_port, http_receiver, smtp_server

KEY = base64.b64encode(b"planted-key-of-24-bytes!").decode()
PASSWORD, USER, TOKEN, BEARER = "planted-password", "planted-user", "planted-token", "Bearer planted-bearer"
PLANTED = (KEY, PASSWORD, TOKEN, BEARER.split()[1], "planted-path")


def a_webhook(address: str) -> Webhook:
    url = f"http://{USER}:{PASSWORD}@{address}/planted-path?token={TOKEN}"
    return Webhook(
        name="hook",
        url=url,
        secrets=(f"whsec_{KEY}",),
        poster=HttpPoster(),
        headers={"authorization": BEARER},
        timeout=timedelta(seconds=2),
    )


def an_email(port: int) -> Email:
    relay = Relay(host="127.0.0.1", port=port, tls=Tls.NONE, user=USER, password=PASSWORD, timeout=timedelta(seconds=2))
    return Email(name="mail", relay=relay, sender="moves@monitor.example", recipient="anna@reader.example")


@contextmanager
def webhook_that(status: int) -> Iterator[Channel]:
    # a receiver that quotes all it was sent, as debugging endpoints do
    quoted = {"Retry-After": TOKEN, "X-Echo": f"{PASSWORD} {TOKEN} {KEY} {BEARER}"}
    with http_receiver((status, quoted)) as receiver:
        yield a_webhook(receiver.url.removeprefix("http://").removesuffix("/hook"))


def a_service(kind: str, address: str) -> Channel:
    tail = f"{address}/planted-path/{TOKEN}"
    if kind == "apprise":
        url = f"json://{USER}:{PASSWORD}@{tail}?-x-key={KEY}"
        return AppriseService(name="chat", url=url, timeout=timedelta(seconds=2))
    url = f"http://{USER}:{PASSWORD}@{tail}"
    return Chat(name="chat", service=Service(kind), url=url, poster=HttpPoster(), timeout=timedelta(seconds=2))


@contextmanager
def service_that(kind: str, status: int) -> Iterator[Channel]:
    with http_receiver((status, {"X-Echo": f"{PASSWORD} {TOKEN} {KEY}"})) as receiver:
        yield a_service(kind, receiver.url.removeprefix("http://").removesuffix("/hook"))


@contextmanager
def service_to_nowhere(kind: str) -> Iterator[Channel]:
    yield a_service(kind, f"127.0.0.1:{free_port()}")


@contextmanager
def webhook_to_nowhere() -> Iterator[Channel]:
    yield a_webhook(f"127.0.0.1:{free_port()}")


@contextmanager
def email_that(step: str = "", reply: str = "", password: str = PASSWORD) -> Iterator[Channel]:
    with smtp_server(password=password) as mailbox:
        mailbox.says[step] = reply
        yield an_email(mailbox.port)


@contextmanager
def email_to_nowhere() -> Iterator[Channel]:
    yield an_email(free_port())


@contextmanager
def log_that(error: OSError | None) -> Iterator[Channel]:
    def write(_line: str) -> None:
        if error:
            raise error

    yield Log(write=write)


SERVICES = ("slack", "discord", "apprise")
WORKING = {
    "webhook": lambda: webhook_that(204),
    "email": email_that,
    "log": lambda: log_that(None),
    **{kind: partial(service_that, kind, 200) for kind in SERVICES},
}
BROKEN = {
    "webhook 410": lambda: webhook_that(410),
    "webhook 302": lambda: webhook_that(302),
    "webhook 500": lambda: webhook_that(500),
    "webhook to nowhere": webhook_to_nowhere,
    "email refused for good": lambda: email_that("RCPT", f"550 {PASSWORD} is no password"),
    "email refused for now": lambda: email_that("DATA", f"451 try without {PASSWORD}"),
    "email sender refused": lambda: email_that("MAIL", f"550 not with {PASSWORD}"),
    "email login refused": lambda: email_that(password="another"),
    "email to nowhere": email_to_nowhere,
    **{f"{kind} 404": partial(service_that, kind, 404) for kind in SERVICES},
    **{f"{kind} to nowhere": partial(service_to_nowhere, kind) for kind in SERVICES},
    "log closed": lambda: log_that(BrokenPipeError(f"{PASSWORD}")),
}


def delivery_to(channel: Channel):
    alert = conclude(None, a_move(), rules=AlertRules(), now=NOW).alert
    assert alert is not None
    return plan_delivery(alert, channel.name, NOW)


@pytest.mark.parametrize("make", WORKING.values(), ids=WORKING)
def test_a_channel_accepts(make) -> None:
    with make() as channel:
        assert isinstance(channel.send(delivery_to(channel), NOW), Accepted)


@pytest.mark.parametrize("make", BROKEN.values(), ids=BROKEN)
def test_a_channel_turns_every_failure_into_a_reason(make) -> None:
    with make() as channel:
        result = channel.send(delivery_to(channel), NOW)
    assert isinstance(result, Failed)
    assert result.reason
    assert "\n" not in result.reason


@pytest.mark.parametrize("make", [*WORKING.values(), *BROKEN.values()], ids=[*WORKING, *BROKEN])
def test_no_secret_leaves_a_channel(make, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    with make() as channel:
        result = channel.send(delivery_to(channel), NOW)
    logged = [each.getMessage() for each in caplog.records if each.name != "mail.log"]  # the test's server's own log
    shown = [repr(channel), str(channel), repr(result), *logged, *capfd.readouterr()]
    assert [secret for secret in PLANTED for text in shown if secret in text] == []

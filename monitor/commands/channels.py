"""configured channels -> whether each can be reached, or takes a test alert: for `monitor doctor`.

Never sends anything unless it is asked to, and never quotes a secret: an address after its host may be one.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from urllib.parse import urlsplit

from monitor.app import build_channels, build_fetcher
from monitor.clock import Clock
from monitor.collect import guard
from monitor.config import Channel, Config, EmailChannel, LogChannel, ServiceChannel, WebhookChannel
from monitor.errors import MonitorError
from monitor.model import (
    Accepted,
    Alert,
    Event,
    Evidence,
    Failed,
    Kind,
    Move,
    Origin,
    Reason,
    Register,
    Status,
    StatusChange,
    content_id,
)
from monitor.notify.apprise import find_host
from monitor.notify.payload import Frame, render_payload
from monitor.notify.redact import redact, secrets_of
from monitor.notify.routes import plan_delivery
from monitor.ports import Channel as Edge

TIMEOUT = 8.0  # seconds for each address


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One look: sound, or what is wrong and what to do."""

    name: str
    ok: bool
    detail: str
    do: str = ""


# --- reached, but not told anything ---------------------------------------------------------------------------------


def look_at_channel(channel: Channel, config: Config) -> Finding:
    """Reach a channel's address without sending anything through it."""
    name = f"channel {channel.name}"
    try:
        detail = _try(channel, config)
    except smtplib.SMTPAuthenticationError:
        return Finding(name=name, ok=False, detail="the relay refuses the user name or password", do="mend the secret")
    except (OSError, smtplib.SMTPException, ValueError, MonitorError) as error:
        why = getattr(error, "strerror", None) or getattr(error, "verify_message", None) or str(error)
        do = "check its address, the network and the firewall"
        return Finding(name=name, ok=False, detail=redact(str(why), _secrets_of(channel)), do=do)
    return Finding(name=name, ok=True, detail=detail)


def _try(channel: Channel, config: Config) -> str:
    match channel:
        case LogChannel():
            return "writes to the log"
        case WebhookChannel():
            return _reach_through(config, channel.url.get_secret_value())
        case ServiceChannel(service="apprise"):
            return _ask_apprise(channel.url.get_secret_value())
        case ServiceChannel():
            return _reach_through(config, channel.url.get_secret_value())
        case EmailChannel():
            return greet(channel)
    assert_never(channel)


def _secrets_of(channel: Channel) -> tuple[str, ...]:
    match channel:
        case WebhookChannel() | ServiceChannel():
            return secrets_of(channel.url.get_secret_value())
        case EmailChannel(password=password) if password:
            return (password.get_secret_value(),)
        case _:
            return ()


def _ask_apprise(url: str) -> str:
    """Have Apprise read an address; where one of our own servers is in it, that must have an address, too."""
    service, host = find_host(url)
    if host:
        socket.getaddrinfo(host, None)
    return f"Apprise reads it: {service}" + (f" at {host}, which has an address" if host else "")


def _reach_through(config: Config, url: str) -> str:
    """Reach an address the way that alerts go: through the proxy, if there is one; what lies behind it only a test shows."""
    proxy = config.settings.http.proxy
    if not proxy:
        return reach(url, config.settings.http.allowed)
    return f"the proxy {reach(proxy, guard.ANYWHERE)}; `monitor doctor --send` tries what lies behind it"


def reach(url: str, allow: Sequence[guard.Network]) -> str:
    """Connect to a host, TLS and all; the path, which may be the secret, is not asked for."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    with socket.create_connection((host, port), timeout=TIMEOUT) as plain:
        if guard.is_refused(plain.getpeername()[0], allow):
            raise OSError(f"{host} is in a private network, which http.allow_networks does not allow")
        if parts.scheme == "https":
            ssl.create_default_context().wrap_socket(plain, server_hostname=host).close()
    return f"{host} answers" + (" with a valid certificate" if parts.scheme == "https" else "")


def greet(channel: EmailChannel) -> str:
    """Greet a mail relay, encrypted and logged in as an alert would be, and say goodbye."""
    context = ssl.create_default_context()
    if channel.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            channel.host, channel.port, "localhost", timeout=TIMEOUT, context=context
        )
    else:
        session = smtplib.SMTP(channel.host, channel.port, "localhost", timeout=TIMEOUT)
    with closing(session):
        if channel.security == "starttls":
            session.starttls(context=context)
        session.ehlo()
        if channel.username and channel.password:
            session.login(channel.username, channel.password.get_secret_value())
        session.quit()
    return f"{channel.host} answers" + (", logged in" if channel.username else "")


# --- told a test ----------------------------------------------------------------------------------------------------


def send_test(channel: Channel, config: Config, clock: Clock) -> list[Finding]:
    """Send a test alert through a channel, to each of its recipients."""
    fetcher = build_fetcher(config, clock)
    try:
        return [_send_test(edge, clock.now()) for edge in build_channels(channel, fetcher)]
    except MonitorError as error:
        do = "mend its address"
        return [Finding(name=f"channel {channel.name}", ok=False, detail=str(error), do=do)]
    finally:
        fetcher.close()


def _send_test(edge: Edge, now: datetime) -> Finding:
    name = f"test to {edge.name}"
    try:
        result = edge.send(plan_delivery(build_test_alert(now), edge.name, now), now)
    except Exception as error:  # noqa: BLE001 - the top of a job
        return Finding(name=name, ok=False, detail=f"crashed: {type(error).__name__}", do="report it: a bug")
    match result:
        case Accepted(detail=detail):
            return Finding(name=name, ok=True, detail=f"accepted: {detail}")
        case Failed(reason=reason):
            return Finding(name=name, ok=False, detail=reason, do="mend what the reason names, then try again")


def build_test_alert(now: datetime) -> Alert:
    """Make an alert, marked as a test, of a move that nobody made."""
    id = content_id("test", now.isoformat())
    frame = Frame(
        alert_id=id, sequence=1, origin=Origin.LIVE, event=Event.NEW, reasons=(Reason.NEW,), at=now, test=True
    )
    return Alert(
        id=id,
        move_id="",
        sequence=1,
        event=Event.NEW,
        reasons=(Reason.NEW,),
        origin=Origin.LIVE,
        created_at=now,
        payload=render_payload(_invent_move(id, now), frame, {}),
    )


def _invent_move(id: str, now: datetime) -> Move:
    url, sentence = "https://example.org/test", "Test Person leaves Example Labs for Sample Works."
    evidence = Evidence(
        claim_key=id,
        article_id=id,
        url=url,
        outlet="example.org",
        title=sentence,
        published_at=now,
        sentence=sentence,
        status=Status.CONFIRMED,
        background=False,
        confidence=1.0,
    )
    return Move(
        id=id,
        person="Test Person",
        person_id=None,
        person_key="person",
        kind=Kind.MOVE,
        from_org="Example Labs",
        to_org="Sample Works",
        from_id=None,
        to_id=None,
        role=None,
        from_role=None,
        date=None,
        status=Status.CONFIRMED,
        history=(StatusChange(status=Status.CONFIRMED, at=now, url=url),),
        confidence=1.0,
        register=Register.BUSINESS,
        origin=Origin.LIVE,
        background=False,
        first_seen_at=now,
        updated_at=now,
        evidence=(evidence,),
    )

"""Mail against a real SMTP server: threads, names beyond ASCII, TLS, and every way a relay says no."""

import email
import email.policy
import shutil
import socket
import ssl
import subprocess
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Accepted, Delivery, Failed, Status
from monitor.notify.email import Email, Relay, Tls, build_message, spread_email
from monitor.notify.routes import plan_delivery
from monitor.notify.rules import AlertRules, conclude
from tests.builders import NOW, a_delivery, a_move
from tests.notify.servers import Mailbox, free_port, smtp_server

CHANNEL = "mail:anna@reader.example"
SENDER = "Move Monitor <moves@monitor.example>"
PASSWORD = "planted-password"


def deliveries() -> tuple[Delivery, Delivery]:
    """The delivery of a rumour, and of its confirmation."""
    first = conclude(None, a_move("Édouard Grave", to_org=None), rules=AlertRules(), now=NOW)
    after = replace(first.move, to_org="Kyutai", status=Status.CONFIRMED)
    second = conclude(first.move, after, rules=AlertRules(), now=NOW + timedelta(hours=1))
    assert first.alert
    assert second.alert
    return plan_delivery(first.alert, CHANNEL, NOW), plan_delivery(second.alert, CHANNEL, NOW)


def channel(port: int, **changes: Any) -> Email:
    relay = {"host": "127.0.0.1", "port": port, "tls": Tls.NONE, "timeout": timedelta(seconds=5), **changes}
    return Email(name=CHANNEL, relay=Relay(**relay), sender=SENDER, recipient="Anna Höß <anna@reader.example>")


def received(mailbox: Mailbox) -> EmailMessage:
    (envelope,) = mailbox.taken
    assert isinstance(envelope.content, bytes)
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_arrives_with_text_html_and_headers() -> None:
    delivery, _ = deliveries()
    with smtp_server() as mailbox:
        assert channel(mailbox.port).send(delivery, NOW) == Accepted(detail="250")
    (envelope,) = mailbox.taken
    message = received(mailbox)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("moves@monitor.example", ["anna@reader.example"])
    assert message["Subject"] == "Édouard Grave leaves Meta for another company (reported)"
    assert message["To"].addresses[0].display_name == "Anna Höß"
    assert message["Message-ID"] == f"<{delivery.id}@monitor.example>"
    assert message["Date"].datetime == NOW.replace(microsecond=0)
    assert message["List-Id"] == "Personnel moves <moves.monitor.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["In-Reply-To"] is None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert "Édouard Grave leaves Meta" in part.get_content()


def test_an_update_stands_in_the_thread_of_the_first_alert() -> None:
    first, second = (build_message(each, sender=SENDER, recipient="a@b.example") for each in deliveries())
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert second["Subject"].startswith("Update: Édouard Grave leaves Meta for Kyutai (confirmed)")


def test_a_retry_is_the_same_mail_byte_for_byte() -> None:
    one, two = (build_message(deliveries()[0], sender=SENDER, recipient="a@b.example").as_bytes() for _ in range(2))
    assert one == two


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=150))  # names are cut at 200
def test_no_name_injects_a_header_or_is_garbled(name: str) -> None:
    alert = conclude(None, a_move(name + "\r\nBcc: eve@evil.example"), rules=AlertRules(), now=NOW).alert
    assert alert is not None
    sent = build_message(a_delivery(alert), sender=SENDER, recipient="a@b.example").as_bytes()
    message = email.message_from_bytes(sent, policy=email.policy.default)
    assert message["Bcc"] is None
    assert "Bcc: eve@evil.example" in message["Subject"]
    assert sent.isascii()
    assert max(map(len, sent.splitlines())) <= 998


@pytest.mark.parametrize("step, what", [("MAIL", "sender"), ("RCPT", "recipient"), ("DATA", "mail")])
@pytest.mark.parametrize("code, permanent", [("450 4.2.0 Greylisted, come back", False), ("550 5.7.1 Go away", True)])
def test_a_refusal_is_judged_by_its_code(step: str, what: str, code: str, permanent: bool) -> None:
    with smtp_server() as mailbox:
        mailbox.says[step] = code
        result = channel(mailbox.port).send(deliveries()[0], NOW)
    assert result == Failed(reason=f"{what} refused: {code}", permanent=permanent)
    assert mailbox.taken == []


def test_a_greylisted_mail_is_taken_at_the_second_attempt() -> None:
    with smtp_server() as mailbox:
        mailbox.says["RCPT"] = "451 4.7.1 Greylisted"
        first = channel(mailbox.port).send(deliveries()[0], NOW)
        mailbox.says.clear()
        second = channel(mailbox.port).send(deliveries()[0], NOW)
    assert [type(first), type(second)] == [Failed, Accepted]
    assert received(mailbox)["Message-ID"] == f"<{deliveries()[0].id}@monitor.example>"


def test_a_relay_that_is_not_there_is_tried_again() -> None:
    assert channel(free_port()).send(deliveries()[0], NOW) == Failed(reason="no connection")


def test_a_relay_that_never_speaks_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        relay = channel(silent.getsockname()[1], timeout=timedelta(milliseconds=200))
        assert relay.send(deliveries()[0], NOW) == Failed(reason="timeout")


def test_a_login_lets_the_mail_in() -> None:
    with smtp_server(password=PASSWORD) as mailbox:
        result = channel(mailbox.port, user="monitor", password=PASSWORD).send(deliveries()[0], NOW)
    assert result == Accepted(detail="250")
    assert mailbox.logins == [PASSWORD.encode()]


def test_a_refused_login_can_be_mended_and_is_tried_again() -> None:
    with smtp_server(password="another") as mailbox:
        result = channel(mailbox.port, user="monitor", password=PASSWORD).send(deliveries()[0], NOW)
    assert result == Failed(reason="login refused: 535")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context and that of a client who trusts it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the test's certificate, and is not installed")
    where: Path = tmp_path_factory.mktemp("tls")
    key, cert = str(where / "key.pem"), str(where / "cert.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    options = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=cert)


def test_starttls_protects_the_login(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = certificate
    with smtp_server(tls_context=server, require_starttls=True, password=PASSWORD, auth_require_tls=True) as mailbox:
        relay = channel(mailbox.port, tls=Tls.STARTTLS, context=client, user="monitor", password=PASSWORD)
        assert relay.send(deliveries()[0], NOW) == Accepted(detail="250")


def test_tls_from_the_first_byte(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = certificate
    with smtp_server(implicit_tls=server) as mailbox:
        assert channel(mailbox.port, tls=Tls.TLS, context=client).send(deliveries()[0], NOW) == Accepted(detail="250")


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.TLS])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext], tls: Tls
) -> None:
    options = {"implicit_tls": certificate[0]} if tls is Tls.TLS else {"tls_context": certificate[0]}
    with smtp_server(**options) as mailbox:
        result = channel(mailbox.port, tls=tls).send(deliveries()[0], NOW)
    assert result == Failed(reason="tls: the relay's certificate is not valid")
    assert mailbox.taken == []


def test_without_starttls_nothing_is_sent_in_the_clear() -> None:
    with smtp_server() as mailbox:
        result = channel(mailbox.port, tls=Tls.STARTTLS).send(deliveries()[0], NOW)
    assert result == Failed(reason="the relay offers no STARTTLS, or no login that we know")
    assert mailbox.taken == []


def test_each_recipient_is_a_channel_whose_refusal_concerns_no_other() -> None:
    template = channel(0)
    anna, bert = spread_email(replace(template, name="mail"), ["Anna <anna@x.example>", "bert@x.example"])
    assert (anna.name, bert.name) == ("mail:anna@x.example", "mail:bert@x.example")
    assert (anna.recipient, bert.recipient) == ("Anna <anna@x.example>", "bert@x.example")


@pytest.mark.parametrize("address", ["", "nobody", "@x.example", "a@"])
def test_what_is_no_address_is_refused_before_the_first_alert(address: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        Email(name="mail", relay=Relay(host="127.0.0.1"), sender=SENDER, recipient=address)


def test_a_domain_beyond_ascii_is_written_as_the_name_system_wants_it() -> None:
    message = build_message(deliveries()[0], sender="moves@bücher.example", recipient="a@straße.example")
    assert message["From"].addresses[0].addr_spec == "moves@xn--bcher-kva.example"
    assert message["Message-ID"].endswith("@xn--bcher-kva.example>")

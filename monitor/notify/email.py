"""delivery -> mail over SMTP -> Accepted | Failed.  EDGE.

Never writes to two people in one transaction: each recipient is a channel of its own (0053).
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from enum import StrEnum

from monitor.model import Accepted, Alert, Delivery, Failed, SendResult, content_id
from monitor.notify.look import PLAIN, Look, show_html, show_subject, show_text
from monitor.notify.redact import redact
from monitor.notify.render import flatten
from monitor.notify.routes import delivery_id

TIMEOUT = timedelta(seconds=30)  # for each command
# Quoted-printable and base64 only: not every relay announces 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")


class Tls(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"  # from the first byte on (port 465)
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The SMTP server that takes our mail."""

    host: str
    port: int = 587
    tls: Tls = Tls.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: timedelta = TIMEOUT
    context: ssl.SSLContext | None = field(default=None, repr=False)  # None: the system's certificates, checked

    def __post_init__(self) -> None:
        if not f"{self.user or ''}{self.password or ''}".isascii():
            raise ValueError("smtplib logs in with ASCII user names and passwords only")  # python/cpython#73936


@dataclass(slots=True, kw_only=True)
class Email:
    """One recipient behind one relay."""

    name: str
    relay: Relay
    sender: str  # "Move Monitor <moves@example.org>"
    recipient: str
    look: Look = PLAIN

    def __post_init__(self) -> None:
        for address in (self.sender, self.recipient):
            _address(address)  # ValueError now rather than at the first alert

    def send(self, delivery: Delivery, now: datetime) -> SendResult:  # noqa: ARG002 - the mail bears the alert's time
        message = build_message(delivery, sender=self.sender, recipient=self.recipient, look=self.look)
        try:
            with closing(self._connect()) as session:
                self._prepare(session)
                return self._hand_over(session, message)
        except (smtplib.SMTPException, OSError) as error:  # no fault of the mail's: it is always tried again
            return Failed(reason=redact(_explain_session(error), self._hidden()))

    def _connect(self) -> smtplib.SMTP:
        relay, timeout = self.relay, self.relay.timeout.total_seconds()
        name = _domain(self.sender)  # else smtplib asks the resolver for our own name, which can take seconds
        if relay.tls is Tls.TLS:
            return smtplib.SMTP_SSL(relay.host, relay.port, name, timeout=timeout, context=self._context())
        return smtplib.SMTP(relay.host, relay.port, name, timeout=timeout)

    def _prepare(self, session: smtplib.SMTP) -> None:
        if self.relay.tls is Tls.STARTTLS:
            session.starttls(context=self._context())
        if self.relay.user is not None:
            session.login(self.relay.user, self.relay.password or "")

    def _context(self) -> ssl.SSLContext:
        return self.relay.context or ssl.create_default_context()

    def _hand_over(self, session: smtplib.SMTP, message: EmailMessage) -> SendResult:
        try:
            session.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return self._refusal("recipient", code, text)
        except smtplib.SMTPSenderRefused as error:
            return self._refusal("sender", error.smtp_code, error.smtp_error)
        except smtplib.SMTPResponseException as error:
            return self._refusal("mail", error.smtp_code, error.smtp_error)
        except smtplib.SMTPNotSupportedError:
            return Failed(reason="the relay takes no addresses beyond ASCII (SMTPUTF8)", permanent=True)
        with suppress(smtplib.SMTPException, OSError):  # it is taken by now, however the relay says goodbye
            session.quit()
        return Accepted(detail="250")

    def _refusal(self, what: str, code: int, text: bytes | str) -> Failed:
        """Judge a reply by its first digit (RFC 5321, section 4.2.1): 5 is for good, 4 is greylisting and the like."""
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return Failed(reason=redact(f"{what} refused: {code} {said}", self._hidden()), permanent=code >= 500)

    def _hidden(self) -> tuple[str, ...]:
        return (self.relay.password,) if self.relay.password else ()


def spread_email(email: Email, recipients: Sequence[str]) -> tuple[Email, ...]:
    """Return one channel for each recipient, named "mail:anna@example.org": each has its own retries and its own end."""
    return tuple(
        replace(email, name=name_recipient(email.name, recipient), recipient=recipient) for recipient in recipients
    )


def name_recipient(channel: str, recipient: str) -> str:
    return f"{channel}:{parseaddr(recipient)[1]}"


def build_message(delivery: Delivery, *, sender: str, recipient: str, look: Look = PLAIN) -> EmailMessage:
    """Return the mail of a delivery: the same bytes at every attempt, so no random boundary and no time of sending."""
    alert, domain = delivery.alert, _domain(sender)
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = show_subject(look, alert.payload)
    message["From"] = _address(sender)
    message["To"] = _address(recipient)
    message["Date"] = format_datetime(alert.created_at)
    message["Message-ID"] = f"<{delivery.id}@{domain}>"
    if first := _first_of_thread(alert, delivery.channel):
        message["In-Reply-To"] = message["References"] = f"<{first}@{domain}>"
    message["List-Id"] = f"Personnel moves <moves.{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(show_text(look, alert.payload))
    message.add_alternative(show_html(look, alert.payload), subtype="html")
    message.set_boundary(f"=={delivery.id}==")
    return message


def _first_of_thread(alert: Alert, channel: str) -> str | None:
    """Return the delivery id of the move's first alert on this channel; None if `alert` is the first itself."""
    if alert.sequence <= 1:  # 0: a digest or a notice
        return None
    return delivery_id(content_id(alert.move_id, "1"), channel)


def _address(text: str) -> Address:
    name, address = parseaddr(flatten(text))
    local, _, domain = address.rpartition("@")
    if not local or not domain:
        raise ValueError(f"not a mail address: {text!r}")
    return Address(display_name=name, addr_spec=f"{local}@{_to_ascii(domain)}")


def _domain(sender: str) -> str:
    return _address(sender).domain


def _to_ascii(domain: str) -> str:
    return domain.encode("idna").decode()


def _explain_session(error: Exception) -> str:
    """Name what kept the session from opening.  Replies to a login are not quoted: they may quote the login."""
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        error = error.__context__  # smtplib calls a timeout a hang-up
    cause = next(text for kind, text in _CAUSES if isinstance(error, kind))
    code = getattr(error, "smtp_code", None)
    return f"{cause}: {code}" if code else cause


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "login refused"),
    (smtplib.SMTPNotSupportedError, "the relay offers no STARTTLS, or no login that we know"),
    (smtplib.SMTPServerDisconnected, "the relay hung up"),
    (smtplib.SMTPException, "the relay is not ready"),
    (ssl.SSLCertVerificationError, "tls: the relay's certificate is not valid"),
    (ssl.SSLError, "tls failed"),
    (TimeoutError, "timeout"),
    (ConnectionError, "no connection"),
    (socket.gaierror, "dns"),
    (Exception, "no connection"),
)

"""delivery -> one of the services that Apprise speaks to (Telegram, Teams, ntfy …) -> Accepted | Failed.  EDGE.

Never believes in a call that returned: Apprise's own result decides.  Never lets Apprise write into our log.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from monitor.errors import PermanentError
from monitor.model import Accepted, Delivery, Failed, SendResult
from monitor.notify.look import PLAIN, Look, show_subject, show_text
from monitor.notify.redact import redact, secrets_of

TIMEOUT = timedelta(seconds=30)


def find_fault(url: str) -> str | None:
    """Say that Apprise cannot read a service's address, without quoting it; None where it can."""
    return None if _load().Apprise.instantiate(url) else "is no address that Apprise knows"


def find_host(url: str) -> tuple[str, str | None]:
    """Return what Apprise calls the service behind an address, and the host in it, where its place holds nothing else.

    Raises PermanentError, which does not quote the address, where Apprise cannot read it.
    """
    service = _load().Apprise.instantiate(url)
    if not service:
        raise PermanentError("is no address that Apprise knows")
    own = all("{host}" in template for template in service.templates)  # of others, the first part may be a token
    return str(service.service_name), service.host if own else None


@dataclass(slots=True, kw_only=True)
class AppriseService:
    """One service behind one address, all of which is secret."""

    name: str
    url: str = field(repr=False)
    timeout: timedelta = TIMEOUT
    look: Look = PLAIN

    def send(self, delivery: Delivery, now: datetime) -> SendResult:  # noqa: ARG002 - the text bears the alert's time
        said: list[str] = []
        try:
            result = self._notify(delivery, said)
        except (TypeError, ValueError, OSError) as error:
            return Failed(reason=f"Apprise: {type(error).__name__}")
        if result.status.name == "SUCCESS":
            return Accepted(detail="Apprise: success")
        why = redact("; ".join(said), self._hidden()) or "no reason given"
        return Failed(reason=f"Apprise: {result.status.name.lower()}: {why}"[:200])

    def _notify(self, delivery: Delivery, said: list[str]) -> Any:
        apprise = _load()
        service = apprise.Apprise()
        one = apprise.Apprise.instantiate(self.url)
        if one:  # where it is none, the result is NOMATCH
            if (
                "overflow=" not in self.url
            ):  # what is too long for the service goes as several messages, not for ever in vain
                one.overflow_mode = apprise.OverflowMode.SPLIT
            service.add(one)
        return service.notify(
            title=show_subject(self.look, delivery.alert.payload),
            body=show_text(self.look, delivery.alert.payload),
            body_format=apprise.NotifyFormat.TEXT,
            timeout=self.timeout.total_seconds(),
            log_callback=lambda entry, _: said.append(str(entry.message)),
            log_level=logging.WARNING,
        )

    def _hidden(self) -> tuple[str, ...]:
        """Of slack://token/… the host is a secret too."""
        parts = urlsplit(self.url)
        return (*secrets_of(self.url), parts.netloc, *(parts.hostname or "").split("."), parts.fragment)


def _load() -> Any:
    """Import Apprise when it is needed: it takes 0.4 s."""
    import apprise  # noqa: PLC0415

    # Both spell whole addresses at lower levels; what matters of them comes through the callback.
    logging.getLogger("apprise").setLevel(logging.WARNING)
    logging.getLogger("apprise").propagate = False
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    return apprise

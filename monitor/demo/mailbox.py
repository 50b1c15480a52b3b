"""SMTP on loopback -> the messages that arrived.  Never relays anything."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller


@dataclass  # not slotted: aiosmtpd makes a weak reference to it
class Mailbox:
    """A mail server that keeps what it accepts; a context manager.  `answer` is its reply to DATA."""

    host: str = "127.0.0.1"
    answer: str = "250 2.0.0 Ok"
    messages: list[EmailMessage] = field(default_factory=list)
    _controller: Controller | None = None

    def __enter__(self) -> Self:
        self._controller = Controller(self, hostname=self.host, port=_free_port(self.host))
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._controller:
            self._controller.stop()

    @property
    def port(self) -> int:
        if self._controller is None:
            raise RuntimeError("the mailbox is closed")
        return int(self._controller.port)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.messages.append(message)  # policy.default makes an EmailMessage
        return self.answer


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])

"""delivery -> one line -> Accepted | Failed.  EDGE: the channel that needs no configuration.

Never decides where the line goes: `write` is a terminal or the program's own log.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model import Accepted, Delivery, Failed, SendResult
from monitor.notify.render import render_line


def write_line(line: str) -> None:
    """Write to standard output, replacing what its encoding cannot hold."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()


@dataclass(slots=True, kw_only=True)
class Log:
    name: str = "log"
    write: Callable[[str], None] = field(default=write_line, repr=False)

    def send(self, delivery: Delivery, now: datetime) -> SendResult:  # noqa: ARG002 - the line bears the alert's time
        try:
            self.write(render_line(delivery.alert.payload))
        except OSError as error:  # a closed pipe, a full disk
            return Failed(reason=f"cannot write: {type(error).__name__}")
        return Accepted(detail="written")

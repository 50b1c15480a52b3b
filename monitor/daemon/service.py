"""States of the daemon -> the service manager that started it, where one asks (sd_notify(3)).

Never fails: without a service manager, or with one that does not listen, nothing happens.
"""

from __future__ import annotations

import os
import socket


def notify(*states: str) -> None:
    """Tell the service manager, such as `READY=1` or `WATCHDOG=1`."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    address = "\0" + address[1:] if address.startswith("@") else address  # an abstract socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(1.0)
        try:
            channel.sendto("\n".join(states).encode(), address)
        except OSError:
            return

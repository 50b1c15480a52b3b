"""One pass of the real program that kills itself with SIGKILL at a given step; the ports are the real ones.

usage: driver.py CONFIG STATE NOW POINT     POINT: "before:METHOD" or "after:METHOD" of the store, or of "send"; "" for none
"""

import os
import signal
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from monitor.app import build
from monitor.clock import FixedClock
from monitor.config import load_config
from monitor.daemon.drive import run_once


class Deadly:
    """Passes every call on, and kills the process before or after one of them."""

    def __init__(self, inner, point):
        self._inner, self._point = inner, point

    def __getattr__(self, name):
        value = getattr(self._inner, name)
        if not callable(value):
            return value

        def call(*args, **kwargs):
            if name == "consolidate" and self._point == "during:consolidate":
                key, decide = args
                args = (key, lambda *seen: die_after(decide, *seen))
            if self._point == f"before:{name}":
                die()
            result = value(*args, **kwargs)
            if self._point == f"after:{name}" and result not in ([], {}):
                die()
            return result

        return call


def die_after(function, *args):
    """Die inside the transaction, when the decision is made and nothing is written."""
    if function(*args).alerts:
        die()
    return function(*args)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    config, state, now, point = sys.argv[1:]
    app = build(load_config(Path(config), os.environ), Path(state), FixedClock(datetime.fromisoformat(now)))
    channels = {name: Deadly(channel, point) for name, channel in app.pipeline.channels.items()}
    run_once(replace(app.pipeline, store=Deadly(app.store, point), channels=channels))
    app.close()


if __name__ == "__main__":
    main()

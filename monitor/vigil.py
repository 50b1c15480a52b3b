"""rows of feeds, the day's work -> alerts of what is wrong, and a sign of life (0093).

Never decides: `notify/sources.py` does.  What was told stands in the feed's row, so a restart tells nothing twice.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.clock import Clock
from monitor.log import log
from monitor.model import Event
from monitor.notify.routes import Route, plan_deliveries
from monitor.notify.sources import FAILING_AFTER, build_heartbeat, build_source_alert, decide_event, told_after
from monitor.ports import Store

EVERY = timedelta(days=1)
_watch = threading.Lock()  # two batches of polls may end at once: what one tells of, the other must see as told


@dataclass(frozen=True, slots=True, kw_only=True)
class Vigil:
    """Looks after the feeds, and tells those who want to know."""

    store: Store
    clock: Clock
    routes: Sequence[Route]

    def keep(self) -> None:
        """Tell of every feed that began to fail, recovered or fell silent, and once a day that all this is watched."""
        with _watch:
            self._tell_of_feeds()
            if any("heartbeat" in route.events for route in self.routes):
                self._beat()

    def _tell_of_feeds(self) -> None:
        now = self.clock.now()
        for feed in self.store.feeds_to_tell(now, FAILING_AFTER):
            event = decide_event(feed, now)
            if event is None:
                continue
            deliveries = plan_deliveries(build_source_alert(feed, event, now), self.routes, now)
            self.store.save_told(feed.id, told_after(event), deliveries)
            level = log.info if event is Event.SOURCE_RECOVERED else log.warning
            level(event.value, feed=feed.url, error=feed.error, told=len(deliveries))

    def _beat(self) -> None:
        now, last = self.clock.now(), self.store.last_heartbeat()
        if last is not None and abs(now - last) < EVERY:  # one far ahead was set by a clock that was
            return
        alert = build_heartbeat(self.store.activity(last or now - EVERY), last, now)
        self.store.save_heartbeat(now, plan_deliveries(alert, self.routes, now))
        log.info("heartbeat", alert=alert.id)

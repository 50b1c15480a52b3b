"""validated thresholds -> thresholds with their references resolved; what is wrong is added to the problems.

Never counts anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.config import files
from monitor.config.model import Threshold
from monitor.config.routing import quiet_hours
from monitor.config.validate import Checked, suggest
from monitor.config.watch import Watched
from monitor.errors import Problem


def resolve_thresholds(
    source: Checked[files.Channels], watched: Watched, problems: list[Problem]
) -> tuple[Threshold, ...]:
    numbers = range(len(source.model.thresholds))
    return tuple(_Resolver(source=source, number=n, watched=watched, problems=problems).resolve() for n in numbers)


@dataclass(slots=True, kw_only=True)
class _Resolver:
    """Resolves one threshold."""

    source: Checked[files.Channels]
    number: int
    watched: Watched
    problems: list[Problem]

    def resolve(self) -> Threshold:
        it = self.source.model.thresholds[self.number]
        if bool(it.left) == bool(it.cohort or it.at) or bool(it.cohort) != bool(it.at):
            self._complain("a threshold has either 'left', or 'cohort' and 'at'")
        self._check_channels(it.to)
        group = self._find("cohort", "cohort", it.cohort)
        return Threshold(
            name=it.name,
            count=it.count,
            left=self._find("company", "left", it.left),
            within=it.within,
            members=self.watched.cohorts.get(group or "", ()),
            at=self._find("company", "at", it.at),
            to=tuple(dict.fromkeys(it.to)),
            quiet=quiet_hours(self.source.model),
        )

    def _check_channels(self, names: list[str]) -> None:
        known = self.source.model.channels.keys() | self.source.failed_names("channels")
        for index, name in enumerate(names):
            if name not in known:
                self._complain(f"channel {name!r} is not known{suggest(name, known)}", "to", index)

    def _find(self, kind: str, key: str, name: str | None) -> str | None:
        if not name:
            return None
        if fault := self.watched.unknown(kind, name):
            self._complain(fault, key)
        return self.watched.find(kind, name)

    def _complain(self, message: str, *place: str | int) -> None:
        self.problems.append(self.source.problem(message, "thresholds", self.number, *place))

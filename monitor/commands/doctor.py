"""Configuration, state directory, network -> what stands in the daemon's way, each with what to do.

Never sends an alert unless it is asked to: a channel's address is reached and its relay greeted, no more.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from monitor.clock import Clock
from monitor.collect import guard
from monitor.commands.channels import TIMEOUT, Finding, look_at_channel, reach, send_test
from monitor.commands.status import LEAST_DISK
from monitor.config import Config
from monitor.daemon.upkeep import verify
from monitor.errors import ConfigError, MonitorError
from monitor.store.sqlite import SqliteStore

OFF = timedelta(seconds=60)  # webhook receivers refuse signatures that are five minutes off


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is looked at."""

    config: Config | ConfigError
    state: Path
    clock: Clock
    send: bool = False  # a test alert through every channel


Look: TypeAlias = Callable[[], Finding | list[Finding]]


def examine(patient: Patient) -> Iterator[Finding]:
    """Yield what was found, as it is found; what needs the network is asked at once."""
    looks: list[Look] = [
        lambda: look_at_config(patient.config),
        lambda: look_at_folder(patient.state),
        lambda: look_at_disk(patient.state),
        lambda: look_at_database(patient.state / "monitor.db", patient.clock),
    ]
    if isinstance(patient.config, Config):
        config = patient.config
        looks += [lambda: look_at_names(config), lambda: look_at_clock(config, patient.clock)]
        looks += [partial(look_at_channel, channel, config) for channel in config.channels]
        looks += [partial(send_test, channel, config, patient.clock) for channel in config.channels if patient.send]
        looks += [lambda: look_at_second_reader(config)] if config.second_reader else []
    with ThreadPoolExecutor(16) as pool:
        for future in [pool.submit(look) for look in looks]:
            found = future.result()
            yield from found if isinstance(found, list) else [found]


# --- this machine ---------------------------------------------------------------------------------------------------


def look_at_config(config: Config | ConfigError) -> Finding:
    if isinstance(config, ConfigError):
        first = f"{len(config.problems)} problem(s), the first: {config.problems[0]}"
        return Finding(name="configuration", ok=False, detail=first, do="`monitor check` lists them all")
    return Finding(name="configuration", ok=True, detail=f"{len(config.feeds)} feeds, {len(config.channels)} channels")


def look_at_folder(state: Path) -> Finding:
    """Write a file to the state directory, down to the disk."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=state) as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        do = "give the daemon's user the right to write there, or choose another --state"
        return Finding(name="state directory", ok=False, detail=f"{state}: {error.strerror}", do=do)
    return Finding(name="state directory", ok=True, detail=f"{state} can be written")


def look_at_disk(state: Path) -> Finding:
    """Measure the disk that the state directory is on, or will be made on."""
    usage = shutil.disk_usage(next(folder for folder in (state, *state.absolute().parents) if folder.exists()))
    free = f"{usage.free / 10**9:.1f} GB free of {usage.total / 10**9:.1f} GB"
    return Finding(name="disk", ok=usage.free > LEAST_DISK, detail=free, do="make room, or shorten settings.keep")


def look_at_database(path: Path, clock: Clock) -> Finding:
    """Read all of the database."""
    if not path.exists():
        return Finding(name="database", ok=True, detail="none yet; the first start makes it")
    try:
        verify(path)
        with closing(SqliteStore.open(path, clock.now())) as store:
            counts, last_write = store.counts(), store.figures()["last_write"]
    except MonitorError as error:
        return Finding(
            name="database", ok=False, detail=str(error), do="stop the daemon and `monitor restore` a backup"
        )
    if last_write and last_write > clock.now() + OFF:
        do = "set the clock; the daemon makes due what a wrong one has planned"
        return Finding(name="database", ok=False, detail=f"was last written at {last_write}, in the future", do=do)
    return Finding(name="database", ok=True, detail=f"whole; {counts['articles']} articles, {counts['alerts']} alerts")


# --- the network ----------------------------------------------------------------------------------------------------


def look_at_names(config: Config) -> Finding:
    """Resolve the host of every feed."""
    hosts = sorted({urlsplit(feed.url).hostname or "" for feed in config.feeds})
    with ThreadPoolExecutor(16) as pool:
        unknown = [host for host, found in zip(hosts, pool.map(_resolves, hosts), strict=True) if not found]
    if not unknown:
        return Finding(name="names", ok=True, detail=f"{len(hosts)} hosts of feeds have addresses")
    if config.settings.http.proxy:
        detail = f"{len(unknown)} of {len(hosts)} hosts have no address here; the proxy has to know them"
        return Finding(name="names", ok=True, detail=detail)
    few = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
    do = "check the name service of this machine" if len(unknown) == len(hosts) else "check these feeds' addresses"
    return Finding(name="names", ok=False, detail=f"{len(unknown)} of {len(hosts)} hosts have no address: {few}", do=do)


def _resolves(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


def look_at_clock(config: Config, clock: Clock) -> Finding:
    """Compare the clock with what the first web servers that answer say."""
    for url in list({urlsplit(feed.url).netloc: feed.url for feed in config.feeds}.values())[:5]:
        theirs = ask_time(url)
        if theirs is not None:
            off = clock.now() - theirs
            detail = f"{abs(off.total_seconds()):.0f} s {'ahead of' if off > timedelta(0) else 'behind'} {urlsplit(url).hostname}"
            return Finding(name="clock", ok=abs(off) < OFF, detail=detail, do="set the clock, keep it by NTP")
    return Finding(name="clock", ok=True, detail="not compared: no server told its time")


def ask_time(url: str) -> datetime | None:
    """Return the Date that a web server answers with."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        with closing(kind(parts.hostname or "", parts.port, timeout=TIMEOUT)) as connection:
            connection.request("HEAD", "/")
            return parsedate_to_datetime(connection.getresponse().headers["Date"])
    except (OSError, http.client.HTTPException, TypeError, ValueError):
        return None


def look_at_second_reader(config: Config) -> Finding:
    """Reach the second reader's address without asking it anything."""
    url = config.second_reader.url if config.second_reader else ""
    try:
        detail = reach(url, guard.networks_for(url, config.settings.http.allowed))
    except (OSError, ValueError) as error:
        do = "check its address and whether it runs; until then claims in doubt stay as they are read"
        return Finding(name="second reader", ok=False, detail=getattr(error, "strerror", None) or str(error), do=do)
    return Finding(name="second reader", ok=True, detail=detail)

"""The folders that a command was given -> configuration, program, store; what goes wrong is told in one line.

Never works on any of it.  Imports what a command needs only when it runs.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.clock import Clock, SystemClock
from monitor.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.config import Config
    from monitor.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    config: Path
    state: Path

    @property
    def database(self) -> Path:
        return self.state / "monitor.db"


class OneLineGroup(click.Group):
    """Commands whose errors are one line and exit status 1, not a traceback: a full disk is no bug."""

    def invoke(self, ctx: click.Context) -> Any:
        from monitor.log import concealed

        try:
            return super().invoke(ctx)
        except ConfigError:
            raise
        except MonitorError as error:
            raise click.ClickException(concealed(str(error))) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # `monitor moves | head`: click ends quietly
                raise
            raise click.ClickException(str(error)) from error


def loaded(folders: Folders) -> Config:
    """Load the configuration; its problems end the command with exit status 2."""
    from monitor.config import load_config
    from monitor.config.hidden import find_secrets
    from monitor.log import conceal

    try:
        config = load_config(folders.config, os.environ)
    except ConfigError as error:
        click.echo(str(error), err=True)
        click.echo(f"{len(error.problems)} problem(s) in {folders.config}; nothing was started", err=True)
        sys.exit(2)
    conceal(find_secrets(config))
    return config


@contextmanager
def opened(folders: Folders, clock: Clock, *, locked: bool = True) -> Iterator[App]:
    """Build the program from its configuration; closed at the end."""
    from monitor.app import build
    from monitor.log import configure_log

    config = loaded(folders)
    configure_log()
    app = build(config, folders.state, clock, locked=locked)
    try:
        yield app
    finally:
        app.close()


@contextmanager
def reading(folders: Folders) -> Iterator[SqliteStore]:
    """Open the store beside a running daemon."""
    from monitor.store.sqlite import SqliteStore

    if not folders.database.exists():
        raise click.ClickException(f"no ledger in {folders.state}; `monitor run` or `monitor once` makes it")
    store = SqliteStore.open(folders.database, SystemClock().now())
    try:
        yield store
    finally:
        store.close()

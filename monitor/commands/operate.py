"""The commands by which an operator looks after the daemon: arguments in, text and exit status out.

Never does the work itself, and imports what a command needs only when it runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.clock import SystemClock
from monitor.commands.folders import Folders, loaded, reading
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.config import Config


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@click.pass_obj
def status(folders: Folders, *, as_json: bool) -> None:
    """Show what the daemon is doing, what is wrong, and what to do about it."""
    from monitor.commands.status import Scene, render_status, status_json, take_status

    with reading(folders) as store:
        scene = Scene(store=store, state=folders.state, config=tried(folders), now=SystemClock().now())
        report = take_status(scene)
    click.echo(status_json(report) if as_json else render_status(report))


@click.command()
@click.option("--send", is_flag=True, help="Send a test alert, marked as such, through every channel.")
@click.pass_obj
def doctor(folders: Folders, *, send: bool) -> None:
    """Look for what stands in the daemon's way: configuration, disk, database, clock, names, channels.

    Reaches every channel's address but sends no alert, unless told to.  Exit status 1 if anything is wrong.
    """
    from monitor.commands.doctor import Patient, examine

    sick = 0
    for finding in examine(Patient(config=tried(folders), state=folders.state, clock=SystemClock(), send=send)):
        mark = click.style("ok   ", fg="green") if finding.ok else click.style("WRONG", fg="red")
        click.echo(f"{mark}  {finding.name:16}  {finding.detail}")
        if not finding.ok:
            click.echo(f"{'':25}→ {finding.do}")
            sick += 1
    if sick:
        raise click.ClickException(f"{sick} of these stand in the way")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(folders: Folders, file: Path) -> None:
    """Write a verified copy of the ledger to FILE, while the daemon runs.

    The copy is whole or it is not there; an existing FILE is left alone.
    """
    from monitor.daemon.upkeep import backup as copy

    with reading(folders) as store:
        size = copy(store, file)
    click.echo(f"{file}: {size:,} bytes, verified")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def restore(folders: Folders, file: Path) -> None:
    """Put the copy FILE in place of the ledger, once it is verified; refused while a daemon runs.

    The ledger before is kept beside it.  What was told since the copy was made may be told again, under the same ids.
    """
    from monitor.daemon.upkeep import restore as put_back

    before = put_back(file, folders.state, SystemClock().now())
    click.echo(f"{folders.database} is now the copy {file}" + (f"; the one before is {before}" if before else ""))


@click.command()
@click.pass_obj
def gc(folders: Folders) -> None:
    """Forget now what settings.keep lets go: texts of articles without a move, deliveries that have ended.

    The daemon does the same once an hour.  Moves, evidence and alerts are kept for ever; dead deliveries until they are
    replayed or discarded.
    """
    from monitor.daemon.upkeep import collect_garbage

    config = loaded(folders)
    with reading(folders) as store:
        forgotten = collect_garbage(store, config.settings.keep, SystemClock().now())
    click.echo(f"{forgotten['texts']} texts and {forgotten['deliveries']} deliveries that had ended forgotten")


def tried(folders: Folders) -> Config | ConfigError:
    """Return the configuration, or what is wrong with it."""
    from monitor.config import load_config
    from monitor.config.hidden import find_secrets
    from monitor.log import conceal

    try:
        config = load_config(folders.config, os.environ)
    except ConfigError as error:
        return error
    conceal(find_secrets(config))
    return config


COMMANDS = (status, doctor, backup, restore, gc)

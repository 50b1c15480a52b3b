"""The commands by which an operator looks after the daemon: arguments in, text and exit status out.

Never does the work itself, and imports what a command needs only when it runs.
"""

from __future__ import annotations

from pathlib import Path

import click

from monitor.clock import SystemClock
from monitor.folders import Folders, loaded, reading


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(folders: Folders, file: Path) -> None:
    """Write a verified copy of the ledger to FILE, while the daemon runs.

    The copy is whole or it is not there; an existing FILE is left alone.
    """
    from monitor.upkeep import backup as copy

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
    from monitor.upkeep import restore as put_back

    before = put_back(file, folders.state, SystemClock().now())
    click.echo(f"{folders.database} is now the copy {file}" + (f"; the one before is {before}" if before else ""))


@click.command()
@click.pass_obj
def gc(folders: Folders) -> None:
    """Forget now what settings.keep lets go: texts of articles without a move, accepted deliveries.

    The daemon does the same once an hour.  Moves, evidence and alerts are kept for ever.
    """
    from monitor.upkeep import collect_garbage

    config = loaded(folders)
    with reading(folders) as store:
        forgotten = collect_garbage(store, config.settings.keep, SystemClock().now())
    click.echo(f"{forgotten['texts']} texts and {forgotten['deliveries']} accepted deliveries forgotten")


COMMANDS = (backup, restore, gc)

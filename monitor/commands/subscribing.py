"""The commands about feeds: arguments in, tables, OPML and an edited feeds.yaml out.

Never does the work itself, and imports what a command needs only when it runs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click

from monitor.clock import SystemClock
from monitor.commands.folders import Folders, loaded, reading
from monitor.errors import ConfigError, PermanentError


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a feed.")
@click.option("--failing", is_flag=True, help="Only those that are not well.")
@click.pass_context
def feeds(ctx: click.Context, *, as_json: bool, failing: bool) -> None:
    """Show every feed: how it fares, its last news, when it is polled next, its error."""
    if ctx.invoked_subcommand:
        return
    from monitor.commands.feedtable import feed_json, health_of, print_feeds

    now = SystemClock().now()
    with reading(ctx.obj) as store:
        subscriptions = {each.feed_id: each for each in store.find_subscriptions()}
        found = [f for f in store.find_feeds() if not failing or health_of(f, now) not in ("well", "new")]
    if as_json:
        for feed in found:
            click.echo(feed_json(feed, subscriptions.get(feed.id), now))
    else:
        print_feeds(found, subscriptions, now)


@feeds.command()
@click.argument("url")
@click.option("--dry-run", is_flag=True, help="Only show what the site has.")
@click.pass_obj
def add(folders: Folders, url: str, *, dry_run: bool) -> None:
    """Find the feed of URL, the address of a feed or of a site, and add it to feeds.yaml; its comments stay.

    Where a site has several, the first is added and the others are shown.
    """
    from monitor.app import build_fetcher
    from monitor.commands.subscribe import search
    from monitor.sandbox import ProcessSandbox

    config = loaded(folders)
    fetcher, sandbox = build_fetcher(config, SystemClock()), ProcessSandbox()
    try:
        found = search(url if "://" in url else f"https://{url}", fetcher, sandbox)
    finally:
        fetcher.close()
        sandbox.close()
    for number, each in enumerate(found.candidates):
        mark = "add" if number == 0 and not dry_run else "   "
        click.echo(f"{mark}  {each.url}  {each.title}  ({len(each.document.entries)} entries)")
    if not found.candidates:
        raise click.ClickException(f"{url}: {found.reason}")
    if not dry_run:
        first = found.candidates[0]
        write(folders, [(first.url, first.title)])


@feeds.command("import")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def import_opml(folders: Folders, file: IO[bytes]) -> None:
    """Add the feeds of an OPML FILE to feeds.yaml."""
    from monitor.collect.discovery import parse_opml

    try:
        found = parse_opml(file.read())
    except PermanentError as error:
        raise click.ClickException(f"{file.name}: {error}") from error
    write(folders, [(feed.url, feed.title) for feed in found])


@feeds.command()
@click.pass_obj
def export(folders: Folders) -> None:
    """Write the configured feeds as OPML, for other readers; those whose address is secret are left out."""
    from monitor.collect.discovery import FoundFeed, render_opml

    config = loaded(folders)
    click.echo(
        render_opml(
            [FoundFeed(url=f.url, title=f.title) for f in config.feeds if not f.address], "Feeds of the monitor"
        ),
        nl=False,
    )


def write(folders: Folders, wanted: Sequence[tuple[str, str]]) -> None:
    """Add feeds to the file; where the configuration would no longer load, the file stays as it was."""
    from monitor.config import load_config
    from monitor.config.feedlist import add_feeds

    path: Path = folders.config / "feeds.yaml"
    before = path.read_bytes()
    added = add_feeds(path, wanted)
    try:
        load_config(folders.config, os.environ)
    except ConfigError as error:
        path.write_bytes(before)
        raise click.ClickException(f"not added: {error}") from error
    skipped = len(wanted) - len(added)
    click.echo(f"{len(added)} added to {path}" + (f", {skipped} stood there already" if skipped else ""))


SUBSCRIBING = (feeds,)

"""The command `monitor`: arguments in, text and exit status out.

Never does the work itself, and imports what a command needs only when it runs, so that `monitor moves` answers at once.
Exit status: 0 done, 1 the command could not do it, 2 an error in the configuration or in the arguments.
"""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

import click

from monitor.clock import FixedClock, SystemClock
from monitor.commands.alerting import ALERTING, INSTANT
from monitor.commands.folders import Folders, OneLineGroup, loaded, opened, reading
from monitor.commands.operate import COMMANDS
from monitor.commands.subscribing import SUBSCRIBING


@click.group(cls=OneLineGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--config",
    envvar="MONITOR_CONFIG",
    default="config",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of settings.yaml, feeds.yaml, watchlist.yaml, channels.yaml.",
)
@click.option(
    "--state",
    envvar="MONITOR_STATE",
    default="state",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the database; made if it is missing.",
)
@click.version_option(package_name="move-monitor", prog_name="monitor")
@click.pass_context
def main(ctx: click.Context, config: Path, state: Path) -> None:
    """Tell who moves where in the technology world: read the news, keep the ledger of moves, alert once.

    \b
    First steps:
      monitor demo                 see it work: a newsroom, a rumour, its confirmation, the alerts
      monitor check                validate the configuration; sends nothing
      monitor run                  the daemon; alerts go to the log until you add a channel
      monitor moves --company Meta the ledger
      monitor explain URL          why an article raised an alert, or did not
    """  # noqa: D301 - click reads \b as "keep these lines as they are"
    ctx.obj = Folders(config=config, state=state)


# --- running --------------------------------------------------------------------------------------------------------


@main.command()
@click.pass_obj
def run(folders: Folders) -> None:
    """Run the daemon in the foreground.

    Polls the feeds that are due at once and then on their intervals; SIGTERM or Ctrl-C ends it within ten seconds.
    What was under way is taken up again at the next start.
    """
    from monitor.config import load_config
    from monitor.daemon.drive import hear_signals, run_daemon

    signals = hear_signals(
        SimpleQueue(), signal.SIGHUP
    )  # "reload" while we start, or upgrade the database, ends nothing
    with opened(folders, SystemClock()) as app:
        if not run_daemon(app, lambda: load_config(folders.config, os.environ), folders.config, signals):
            os._exit(0)  # a job outlasts our patience: nothing is closed under it, its rows' leases bring them back


@main.command()
@click.option("--now", type=INSTANT, help="Set the clock, for backtests and tests.")
@click.pass_obj
def once(folders: Folders, now: datetime | None) -> None:
    """Do one full pass: poll what is due, read, record, deliver; then exit.

    A feed that fails is reported and tried again later; the exit status is 0 all the same.
    """
    from monitor.commands.progress import shown_progress
    from monitor.daemon.drive import run_once

    with opened(folders, FixedClock(now) if now else SystemClock()) as app:
        with shown_progress() as progress:
            run_once(app.pipeline, progress)
        for feed in app.store.failing_feeds():
            click.echo(f"feed fails: {feed.url}: {feed.error} ({feed.failures} in a row)", err=True)


@main.command()
@click.option("--write-schemas", is_flag=True, help="Write config/schema/*.json for editors, then exit.")
@click.pass_obj
def check(folders: Folders, *, write_schemas: bool) -> None:
    """Validate every configuration file and say what the daemon would do; sends nothing."""
    from monitor.commands.report import describe_config

    if write_schemas:
        from monitor.config import write_schemas as write

        write(folders.config / "schema")
        return
    click.echo(describe_config(loaded(folders)))


@main.command()
@click.option("--speed", default=1.0, show_default=True, help="2 runs the story twice as fast.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep config and state of the demo in this folder.")
def demo(speed: float, keep: Path | None) -> None:
    """Show the product in a minute, without network or account.

    Starts a newsroom, a mail server and a webhook receiver on this machine, and the daemon beside them: feeds publish a
    rumour, its retelling, its confirmation, and the alerts arrive.
    """
    from monitor.demo import run_demo

    run_demo(speed=speed, keep=keep)


# --- reading --------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
def claims(file: TextIO) -> None:
    """Read items of FILE.jsonl (or -) for claims; no state, network or watchlist needed.

    In: one JSON object a line, {"id", "published", "title", "text"}.  Out: {"id", "claims": […], "groups": […]}.
    """
    from monitor.commands.report import claim_line
    from monitor.moves.reader import default_reader

    reader = default_reader()
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                click.echo(claim_line(line, reader))
            except (ValueError, KeyError, TypeError) as error:
                raise click.ClickException(f"{file.name}:{number}: {error!r}") from error


@main.command()
@click.argument("article", metavar="URL-or-FILE")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@click.option("--published", type=INSTANT, help="Publication time, where the article does not state it.")
@click.pass_obj
def explain(folders: Folders, article: str, published: datetime | None, *, as_json: bool) -> None:
    """Show every stage's value and reason for one article, and why there is, or is no, alert.

    Records nothing and sends nothing.
    """
    from monitor.commands.explain import explain_article, render_explanation

    with opened(folders, SystemClock(), locked=False) as app:
        explanation = explain_article(app, article, published)
    spell = partial(json.dumps, ensure_ascii=False, indent=1, default=str) if as_json else render_explanation
    click.echo(spell(explanation))


@main.command()
@click.option("--person", help="Part of a person's name, or a watchlist id.")
@click.option("--company", help="Part of a company's name on either side, or a watchlist id.")
@click.option("--since", type=INSTANT, help="Only moves that changed since then.")
@click.option("--limit", default=200, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a move, with all its evidence.")
@click.pass_obj
def moves(
    folders: Folders, person: str | None, company: str | None, since: datetime | None, limit: int, *, as_json: bool
) -> None:
    """Show the ledger, newest first."""
    from monitor.commands.report import move_json, print_moves

    with reading(folders) as store:
        found = store.find_moves(person=person, company=company, since=since, limit=limit)
    if as_json:
        for move in found:
            click.echo(move_json(move))
    else:
        print_moves(found)


# --- the outbox -----------------------------------------------------------------------------------------------------


@main.command()
@click.option(
    "--state", "wanted", type=click.Choice(["pending", "leased", "accepted", "dead", "superseded", "silenced"])
)
@click.option("--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def deliveries(folders: Folders, wanted: str | None, limit: int, *, as_json: bool) -> None:
    """Show deliveries, newest first: what was accepted, what is due again when, what is dead and why."""
    from monitor.commands.report import delivery_json, print_deliveries
    from monitor.model import DeliveryState

    with reading(folders) as store:
        found = store.find_deliveries(state=DeliveryState(wanted) if wanted else None, limit=limit)
    if as_json:
        for delivery in found:
            click.echo(delivery_json(delivery))
    else:
        print_deliveries(found)


# --- looking after it -----------------------------------------------------------------------------------------------

for _command in (*SUBSCRIBING, *ALERTING, *COMMANDS):
    main.add_command(_command)

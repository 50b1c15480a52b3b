"""The commands by which people try out, silence, repeat and correct alerts: arguments in, text and exit status out.

Never does the work itself, and imports what a command needs only when it runs.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.clock import SystemClock
from monitor.commands.folders import Folders, loaded, reading
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.model import Article
    from monitor.store.sqlite import SqliteStore


class Instant(click.ParamType[datetime]):
    """An ISO 8601 date or time; without an offset it is UTC."""

    name = "ISO time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an ISO 8601 time such as 2025-05-31 or 2025-05-31T09:30:00+02:00", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


INSTANT = Instant()


# --- routes ---------------------------------------------------------------------------------------------------------


@click.group()
def routes() -> None:
    """Try out who is told what."""


@routes.command("test")
@click.option("--move", help="Id of a move (`monitor moves --json` shows it), or part of its person's name.")
@click.option("--last", default=5, show_default=True, help="The last N moves of the ledger.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def test_routes(folders: Folders, move: str | None, last: int, *, as_json: bool) -> None:
    """Show for moves of the ledger who would get an alert of each, and why the others would not; sends nothing."""
    from monitor.app import build_routes
    from monitor.commands.rehearsal import Stage, rehearsal_dict, rehearse, render_rehearsals

    config = loaded(folders)
    with reading(folders) as store:
        found = store.find_moves(person=move, limit=last)
    if not found:
        raise click.ClickException(f"no move {move} in the ledger" if move else "the ledger holds no move yet")
    subjects = {subject.id: subject for subject in config.subjects}
    stage = Stage(routes=build_routes(config), subjects=subjects, feeds=config.feed_names)
    rehearsals = rehearse(found, stage, SystemClock().now())
    dicts = [rehearsal_dict(each) for each in rehearsals]
    click.echo(json.dumps(dicts, ensure_ascii=False, indent=1) if as_json else render_rehearsals(rehearsals))


@click.group()
def templates() -> None:
    """Look at alerts as a channel's templates show them."""


@templates.command("preview")
@click.argument("name", required=False)
@click.option("--move", help="Id of a move, or part of its person's name; the ledger's last one if it is left out.")
@click.option("--part", type=click.Choice(["subject", "text", "html", "extra"]), help="Only this part.")
@click.pass_obj
def preview_templates(folders: Folders, name: str | None, move: str | None, part: str | None) -> None:
    """Show a move of the ledger in the templates NAME of config/templates, or in the built-in look; sends nothing."""
    from monitor.commands.preview import preview

    config = loaded(folders)
    with reading(folders) as store:
        found = store.find_moves(person=move, limit=1)
    if not found:
        raise click.ClickException(f"no move {move} in the ledger" if move else "the ledger holds no move yet")
    for title, shown in preview(folders.config / "templates", name, found[0], config, SystemClock().now()):
        if part in (None, title):
            click.echo(shown if part else f"--- {title}\n{shown}")


# --- the outbox ------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("id", required=False)
@click.option("--since", type=INSTANT, help="All dead deliveries of alerts since then.")
@click.option("--endpoint", help="Only those to this channel, which is trusted again if it was given up.")
@click.pass_obj
def replay(folders: Folders, id: str | None, since: datetime | None, endpoint: str | None) -> None:
    """Deliver ID again, or all that is dead, under the same ids.

    The daemon sends at its next heartbeat, `monitor once` at once.
    """
    if (id is None) == (since is None and endpoint is None):
        raise click.UsageError("give an ID, or --since and --endpoint")
    now = SystemClock().now()
    with reading(folders) as store:
        if id is None:
            dead = store.replay_dead(endpoint, since or datetime.fromtimestamp(0, UTC), now)
            trusted = store.trust_endpoint(endpoint) if endpoint else 0
            if endpoint and not dead and not trusted:
                _find_channel(folders, endpoint)
            click.echo(
                f"{dead} dead deliveries are pending again" + (f"; {endpoint} is trusted again" if trusted else "")
            )
            return
        delivery = store.replay_delivery(id, now)
    if delivery is None:
        raise click.ClickException(f"no delivery {id}; `monitor deliveries` lists them")
    click.echo(f"{delivery.id} to {delivery.channel} is pending again")


def _find_channel(folders: Folders, name: str) -> None:
    names = [channel.name for channel in loaded(folders).channels]
    if name not in names:
        raise click.ClickException(f"no channel {name!r}; there are: {', '.join(names) or 'none'}")


@click.command()
@click.argument("wanted", metavar="ID-or-CHANNEL")
@click.option("--by", "author", required=True, help="Who says so.")
@click.option("--because", "reason", required=True)
@click.pass_obj
def discard(folders: Folders, wanted: str, author: str, reason: str) -> None:
    """Let go of a dead delivery, or of all dead ones of a channel, that nobody is to be sent any more.

    It ends as silenced, with who and why, and is forgotten in its time (settings.keep.deliveries).
    """
    with reading(folders) as store:
        number = store.discard_dead(wanted, f"discarded by {author}: {reason}")
    if not number:
        raise click.ClickException(
            f"nothing dead is {wanted} or goes to it; `monitor deliveries --state dead` lists them"
        )
    click.echo(f"{number} dead deliveries are discarded")


@click.group(invoke_without_command=True)
@click.pass_context
def endpoints(ctx: click.Context) -> None:
    """Show the channels that something is held against: disabled, left alone after failures, failing."""
    if ctx.invoked_subcommand:
        return
    from monitor.commands.status import describe_endpoint

    with reading(ctx.obj) as store:
        found, now = store.find_endpoints(), SystemClock().now()
    for each in found:
        click.echo(f"{each.channel}: {describe_endpoint(each, now)}")
    if not found:
        click.echo("nothing is held against any channel")


@endpoints.command()
@click.argument("channel")
@click.pass_obj
def trust(folders: Folders, channel: str) -> None:
    """Send to CHANNEL again at once, what waits for it first; what is dead stays so (`monitor replay`)."""
    now = SystemClock().now()
    with reading(folders) as store:
        found = [
            e.channel for e in store.find_endpoints() if e.channel == channel or e.channel.startswith(f"{channel}:")
        ]
        for each in found:
            store.trust_endpoint(each)
            store.hasten_deliveries(each, now)
    if not found:
        raise click.ClickException(f"nothing is held against {channel}; `monitor endpoints` shows what is")
    click.echo(f"{', '.join(found)}: trusted again")


@click.group()
def silence() -> None:
    """Keep what matches from being told, for a time."""


@silence.command("add")
@click.option("--person", multiple=True, help="Name, watchlist id or cohort.  Every option may be given several times.")
@click.option("--company", multiple=True, help="Name or id, on either side, or above a side.")
@click.option("--from", "from_", multiple=True, help="The company left.")
@click.option("--to", multiple=True, help="The company joined.")
@click.option("--kind", multiple=True, type=click.Choice(["join", "leave", "move", "found", "role", "board"]))
@click.option("--status", multiple=True, type=click.Choice(["considered", "reported", "confirmed", "denied"]))
@click.option(
    "--register",
    multiple=True,
    type=click.Choice(["business", "politics", "sport", "entertainment", "academia"]),
)
@click.option("--channel", multiple=True, help="Only on this channel.")
@click.option("--move", multiple=True, help="Id of a move.")
@click.option("--by", "author", required=True, help="Who asks for it.")
@click.option("--because", "reason", required=True)
@click.option("--until", type=INSTANT, required=True)
@click.pass_obj
def add_silence(folders: Folders, /, author: str, reason: str, until: datetime, **matchers: tuple[str, ...]) -> None:
    """Silence alerts that match all of the options given; what is silenced stays in the ledger and in `deliveries`."""
    from monitor.notify.silences import build_silence, with_ids

    matchers["from"] = matchers.pop("from_")
    subjects = loaded(folders).subjects
    for field in ("person", "company", "from", "to"):
        matchers[field] = with_ids(matchers[field], subjects)
    try:
        built = build_silence(matchers, author=author, reason=reason, now=SystemClock().now(), until=until)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with reading(folders) as store:
        store.add_silence(built)
    click.echo(f"{built.id} until {built.expires_at:%Y-%m-%d %H:%M} UTC")


@silence.command("list")
@click.option("--all", "past", is_flag=True, help="Those that have ended, too.")
@click.pass_obj
def list_silences(folders: Folders, *, past: bool) -> None:
    """Show the silences in force."""
    with reading(folders) as store:
        for each in store.find_silences(None if past else SystemClock().now()):
            said = ", ".join(f"{field}: {' or '.join(values)}" for field, values in sorted(each.matchers.items()))
            click.echo(f"{each.id}  until {each.expires_at:%Y-%m-%d %H:%M} UTC  {said}  ({each.author}: {each.reason})")


@silence.command("remove")
@click.argument("id")
@click.pass_obj
def remove_silence(folders: Folders, id: str) -> None:
    """End a silence now."""
    with reading(folders) as store:
        if not store.end_silence(id, SystemClock().now()):
            raise click.ClickException(f"no silence {id} is in force; `monitor silence list` shows them")
    click.echo(f"{id} has ended")


@click.command()
@click.option(
    "--config",
    "new",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the changed configuration; the present one is that of `monitor --config`.",
)
@click.option("--since", type=INSTANT, required=True, help="Over the articles published since then.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def backtest(folders: Folders, new: Path, since: datetime, *, as_json: bool) -> None:
    """Show which alerts a changed watchlist, settings or routes would add, remove or send elsewhere.

    Runs both configurations over the stored articles; changes nothing and sends nothing.
    """
    from monitor.commands.backtest import Run, compare, comparison_dict, render_comparison

    old, changed = loaded(folders), loaded(Folders(config=new, state=folders.state))
    with reading(folders) as store:
        comparison = compare(all_articles(store, since), Run.of(old, since, store), Run.of(changed, since, store))
    text = json.dumps(comparison_dict(comparison), ensure_ascii=False, indent=1)
    click.echo(text if as_json else render_comparison(comparison))


def all_articles(store: SqliteStore, since: datetime) -> Iterator[Article]:
    after = ""
    while batch := store.find_articles(since, after, 500):
        yield from batch
        after = batch[-1].url


# --- corrections ------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("id")
@click.argument("verdict", type=click.Choice(["not-a-move", "wrong-person", "wrong-company", "already-known"]))
@click.option("--by", "author", required=True, help="Who says so.")
@click.option("--because", "reason", required=True)
@click.option("--person", help="Who it is.")
@click.option("--from", "from_org", help='The company left; "" for none.')
@click.option("--to", "to_org", help='The company joined; "" for none.')
@click.option("--not", "words", multiple=True, help="A word that speaks of the namesake, for the watchlist.")
@click.option("--yes", is_flag=True, help="Write the rule into the watchlist without asking.")
@click.pass_obj
def correct(folders: Folders, /, id: str, verdict: str, words: tuple[str, ...], *, yes: bool, **said: str) -> None:
    """Say what is wrong with an alert.  ID is that of the alert, of a delivery, or of the move.

    Changes the move, its history kept; tells whoever got the alert, on the same channels; proposes a rule for the
    watchlist; keeps the case in the state folder.  With --person, --from or --to the move is put right, otherwise it
    is taken back.
    """
    from monitor.commands.amend import WATCHLIST, amend, keep_case, propose_rule
    from monitor.model import Verdict
    from monitor.notify.corrections import Request

    config = loaded(folders)
    request = Request(verdict=Verdict(verdict), **said)
    with reading(folders) as store:
        corrected = amend(store, config, id, request, SystemClock().now())
        case = keep_case(store, corrected, folders.state / "cases")
    told = ", ".join(
        each.channel + (f" at {each.next_try_at:%H:%M} UTC" if each.next_try_at > each.created_at else "")
        for each in corrected.deliveries
    )
    event = corrected.alert.event.value if corrected.alert else "nobody has heard of it"
    click.echo(f"move {corrected.move.id}: {event}{' to ' + told if told else ''}")
    click.echo(f"kept as {case}")
    file = folders.config / WATCHLIST
    edit = propose_rule(file.read_text("utf-8"), corrected, config, words)
    click.echo(edit.diff or edit.why_not)
    if edit.diff and (yes or click.confirm(f"Write this into {file}?")):
        write_checked(folders, file, edit.after)


def write_checked(folders: Folders, file: Path, text: str) -> None:
    """Put `text` in place of a file of the configuration, unless it would not be sound with it."""
    from monitor.config import load_config
    from monitor.daemon.upkeep import give

    try:
        load_config(folders.config, os.environ, {file.name: text.encode()})
    except ConfigError as error:
        raise click.ClickException(f"not written, for then: {error}") from error
    file = file.resolve()
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    give(new, file)
    new.replace(file)
    click.echo("written; a running daemon takes it up by itself")


ALERTING: tuple[click.Command, ...] = (backtest, correct, discard, endpoints, replay, routes, silence, templates)

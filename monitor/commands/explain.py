"""One article -> every stage's value and reason, up to the alert that it would raise or the condition that failed.

Never records or sends anything: the ledger is read, the decision is made as the daemon would make it now; a second reader is
asked as the daemon would ask it, and what that takes counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.app import App, read_page
from monitor.collect.pages import with_answer
from monitor.collect.urls import canonical_url
from monitor.commands.report import claim_dict, group_dict
from monitor.errors import MonitorError, PermanentError
from monitor.model import ArticleResult, Fetched, Move, Page, Review, SourcedClaim, Validators
from monitor.moves.resolve import resolve
from monitor.names import person_key
from monitor.notify.routes import explain_routes, name_feeds
from monitor.notify.rules import Conclusion, conclude

Explanation = dict[str, Any]


def explain_article(app: App, source: str, published_at: datetime | None) -> Explanation:
    """Explain the article at a URL or in a file of HTML or plain text.

    Raises PermanentError where the page cannot be had or read.
    """
    page = load_page(app, source, published_at or app.pipeline.clock.now())
    ((_, result),) = app.sandbox.map(read_page, [page])
    if isinstance(result, MonitorError):
        raise PermanentError(f"{source}: {result}")
    second = app.pipeline.second_reader
    (review,) = second.review([result]) if second else [Review(result=result, outcome="off")]
    return {**explain_result(app, page, review.result), "second_reader": review.outcome}


def load_page(app: App, source: str, published_at: datetime) -> Page:
    if source.startswith(("http://", "https://")):
        page = Page(url=canonical_url(source), title="", summary="", published_at=published_at)
        ((_, poll),) = app.fetcher.fetch([(source, Validators())])
        page = with_answer(page, poll, poll.url if isinstance(poll, Fetched) else "")
        if page.html is None:
            raise PermanentError(f"{source}: {page.refused}")
        return page
    return page_of_file(Path(source), published_at)


def page_of_file(path: Path, published_at: datetime) -> Page:
    """Read a file: HTML as a page; plain text with its first line as the title."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise PermanentError(f"{path}: {error.strerror}") from error
    page = Page(url=path.resolve().as_uri(), title="", summary="", published_at=published_at)
    if b"<html" in body[:5000].lower() or b"<!doctype" in body[:200].lower():
        return with_html(page, body)
    title, _, text = body.decode("utf-8", "replace").strip().partition("\n")
    return Page(url=page.url, title=title, summary=text, published_at=published_at, refused="plain text")


def with_html(page: Page, body: bytes) -> Page:
    return Page(url=page.url, title="", summary="", published_at=page.published_at, html=body)


def explain_result(app: App, page: Page, result: ArticleResult) -> Explanation:
    """Follow a read page to the decisions on its moves."""
    article = result.article
    moves = list(_explain_moves(app, result))
    return {
        "page": {"url": page.url, "bytes": len(page.html or b""), "refused": page.refused},
        "article": {
            "id": article.id,
            "title": article.title,
            "words": len(article.text.split()),
            "published_at": article.published_at,
            "outlet": article.outlet,
            "language": article.language,
            "partial": article.partial,
            "note": article.note,
        },
        "mentions": [asdict(m) for m in result.mentions],
        "claims": [_explain_claim(c) for c in result.claims],
        "claims of nobody watched": [claim_dict(c) for c in result.unwatched],
        "groups": [group_dict(g) for g in result.groups],
        "moves": moves,
        "verdict": _conclude(result, moves),
    }


def _explain_claim(claim: SourcedClaim) -> dict[str, Any]:
    start, end = claim.claim.span.start, claim.claim.span.end
    ids = {"person_id": claim.person_id, "from_id": claim.from_id, "to_id": claim.to_id}
    return {**claim_dict(claim.claim), **ids, "span": [start, end], "needs_review": claim.needs_review}


def _explain_moves(app: App, result: ArticleResult) -> Iterator[dict[str, Any]]:
    pipeline, feeds = app.pipeline, app.store.find_feeds_of(result.article.id)
    claims = [replace(claim, feeds=feeds) for claim in result.claims]
    now = pipeline.clock.now()
    for key in sorted({person_key(c.claim.person) for c in claims}):
        mine = [c for c in claims if person_key(c.claim.person) == key]
        ledger = app.store.find_moves_of(key)
        resolution = resolve(ledger, mine, parents=pipeline.parents, now=now)
        for before, after in resolution.changes:
            concluded = conclude(before, after, rules=pipeline.rules, now=now, subjects=pipeline.subjects)
            yield _explain_move(app, before, concluded)
        changed = {after.id for _, after in resolution.changes}
        for move in ledger:
            if move.id in set(resolution.support.values()) - changed:
                yield {
                    "move": _headline(move),
                    "new": False,
                    "reasons": ["this article is its evidence already"],
                    "alert": None,
                }


def _explain_move(app: App, before: Move | None, concluded: Conclusion) -> dict[str, Any]:
    routes = explain_routes(concluded.alert, app.pipeline.routes) if concluded.alert else ()
    return {
        "move": _headline(concluded.move),
        "new": before is None,
        "confidence": concluded.move.confidence,
        "threshold": app.pipeline.rules.threshold,
        "reasons": [reason.value for reason in concluded.decision.reasons],
        "alert": concluded.alert.event.value if concluded.alert else None,
        "routes": [
            {
                "route": r.route.name or f"route {number}",
                "to": list(r.route.channels),
                "takes": r.takes,
                "misses": name_feeds(r.misses, app.config.feed_names),
            }
            for number, r in enumerate(routes, 1)
        ],
    }


def _headline(move: Move) -> str:
    return f"{move.person}: {move.from_org or '?'} → {move.to_org or '?'} ({move.kind}, {move.status})"


def _conclude(result: ArticleResult, moves: list[dict[str, Any]]) -> str:
    if not result.mentions:
        return "no alert: the text mentions nobody who is watched"
    if not result.claims:
        found = len(result.unwatched)
        return (
            f"no alert: no claim concerns anybody watched ({found} of others)"
            if found
            else "no alert: the text claims no move"
        )
    alerts = [m for m in moves if m["alert"]]
    if alerts:
        return f"{len(alerts)} alert(s): " + "; ".join(f"{m['alert']} {m['move']}" for m in alerts)
    return "no alert: " + "; ".join(f"{m['move']}: {m['reasons'][0]}" for m in moves)


# --- as text --------------------------------------------------------------------------------------------------------


def render_explanation(explanation: Explanation) -> str:
    """Lay an explanation out for reading, stage by stage."""
    return "\n".join(_lines(explanation))


def _lines(e: Explanation) -> Iterator[str]:
    yield f"page      {e['page']['url']}  {e['page']['bytes']} bytes" + (
        f"  ({e['page']['refused']})" if e["page"]["refused"] else ""
    )
    article = e["article"]
    yield f"article   {article['title']}"
    yield (
        f"          {article['words']} words, {article['published_at']}, {article['outlet'] or 'no outlet'}, "
        f"{article['language'] or 'language unknown'}" + (f", partial: {article['note']}" if article["partial"] else "")
    )
    yield f"mentions  {len(e['mentions'])}: " + ", ".join(
        sorted({f"{m['text']} → {m['subject_id']}" for m in e["mentions"]})
    )
    yield from _claim_lines("claim     ", e["claims"])
    yield from _claim_lines("unwatched ", e["claims of nobody watched"])
    if e["second_reader"] not in ("off", "no doubt", "judged"):  # a verdict stands beside its claim's rule
        yield f"second    no answer: {e['second_reader']}"
    for group in e["groups"]:
        yield f"group     {group['count']} of {group['of'] or '?'} {group['group']}: {group['from'] or '?'} → {group['to'] or '?'}"
    for move in e["moves"]:
        yield f"move      {move['move']}  [{'new' if move['new'] else 'in the ledger'}]"
        yield f"decision  {move['alert'] or 'no alert'}: " + ", ".join(move["reasons"])
        for route in move.get("routes", ()):
            outcome = (
                "→ " + ", ".join(route["to"])
                if route["takes"]
                else "no: " + ("; ".join(route["misses"]) or "a route above took it")
            )
            yield f"route     {route['route']} {outcome}"
    yield f"verdict   {e['verdict']}"


def _claim_lines(label: str, claims: list[dict[str, Any]]) -> Iterator[str]:
    for c in claims:
        ids = f"  ids {c['person_id']}, {c['from_id']}, {c['to_id']}" if "person_id" in c else ""
        yield (
            f"{label}{c['person']}: {c['from'] or '?'} → {c['to'] or '?'}  {c['kind']}, {c['status']}"
            f"{', background' if c['background'] else ''}, role {c['role'] or '–'}, date {c['date'] or '–'}{ids}"
        )
        yield f"          “{c['evidence']}”"
        yield f"          trigger “{c['trigger']}”, rule {c['rule']}, confidence {c['confidence']}" + (
            f", needs review: {c['needs_review']}" if c.get("needs_review") else ""
        )

"""delivery -> a message as Slack or Discord lay it out, POSTed to an incoming webhook -> Accepted | Failed.  EDGE.

Never lets a name from an article mention anybody or make a link of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from monitor.model import Delivery, Failed, Refused, SendResult
from monitor.notify.redact import redact, secrets_of
from monitor.notify.render import flatten, is_link, render_subject, view
from monitor.notify.webhook import TIMEOUT, Poster, judge

_COLOURS = {"confirmed": 0x2E7D32, "reported": 0xF9A825, "considered": 0x0277BD, "denied": 0xC62828}
_MAX_TEXT = 1_800  # characters of a sentence; Slack takes 3,000 in a block
_MAX_DESCRIPTION = 4_000  # Discord takes 4,096 in an embed's description, and 6,000 in all
_MAX_TITLE = 250


class Service(StrEnum):
    SLACK = "slack"
    DISCORD = "discord"


@dataclass(slots=True, kw_only=True)
class Chat:
    """One incoming webhook of Slack or Discord; its address is the secret."""

    name: str
    service: Service
    url: str = field(repr=False)
    poster: Poster = field(repr=False)
    timeout: timedelta = TIMEOUT

    def send(self, delivery: Delivery, now: datetime) -> SendResult:
        body = json.dumps(render_message(self.service, delivery.alert.payload), ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8"}
        match self.poster.post(self.url, headers, body, self.timeout.total_seconds()):
            case Refused() as refused:
                reason = redact(refused.reason, secrets_of(self.url))
                return Failed(reason=reason, permanent=refused.permanent, retry_after=refused.retry_after)
            case answer:
                return judge(answer, now)


def render_message(service: Service, payload: Mapping[str, object]) -> dict[str, Any]:
    """Return the body of the service's webhook."""
    return _SERVICES[service](payload)


def _render_slack(payload: Mapping[str, object]) -> dict[str, Any]:
    """Blocks, for Slack: https://api.slack.com/reference/block-kit/blocks."""
    title = _escape_slack(render_subject(payload))
    lines = [_quote(each, _escape_slack, "<{url}|{title}>") for each in _evidence(payload)]
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{title}*"}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": line}} for line in lines),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": _footer(payload)}]},
    ]
    return {"text": title, "blocks": blocks, "unfurl_links": False}


def _render_discord(payload: Mapping[str, object]) -> dict[str, Any]:
    """An embed, for Discord: https://discord.com/developers/docs/resources/webhook#execute-webhook."""
    data: Any = payload["data"]
    embed = {
        "title": render_subject(payload)[:_MAX_TITLE],
        "description": _describe_discord(_evidence(payload)),
        "color": _COLOURS.get(data.get("status", ""), 0x616161),
        "timestamp": payload["timestamp"],
        "footer": {"text": _footer(payload)},
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _describe_discord(quoted: list[Mapping[str, Any]]) -> str:
    """Leave out sentences, then links, the last one's first, until there is room for every move of a digest."""
    shown = [dict(each) for each in quoted]
    for part in ("sentence", "url"):
        for each in reversed(shown):
            if len(text := _join_discord(shown)) <= _MAX_DESCRIPTION:
                return text
            each[part] = None
    return _join_discord(shown)[:_MAX_DESCRIPTION]


def _join_discord(shown: list[dict[str, Any]]) -> str:
    return "\n\n".join(_quote(each, _escape_discord, "[{title}](<{url}>)") for each in shown)


_SERVICES: Mapping[Service, Callable[[Mapping[str, object]], dict[str, Any]]] = {
    Service.SLACK: _render_slack,
    Service.DISCORD: _render_discord,
}


def _evidence(payload: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """Return what to quote: an alert's best three sentences, or of a digest one for each move."""
    data: Any = payload["data"]
    if "moves" in data:
        return [{**move, "title": view_of(move)} for move in data["moves"]]
    return list(data.get("evidence", ()))[:3]


def view_of(move: Mapping[str, Any]) -> str:
    return str(view({"type": "move.new", "data": {"evidence": [], **move, "sequence": 1, "test": False}})["headline"])


def _quote(each: Mapping[str, Any], escape: Callable[[str], str], link: str) -> str:
    title = escape(flatten(each["title"] or each["outlet"] or ""))
    url = each["url"] or ""
    safe = is_link(url) and not set(url) & set("<>|() \"'")
    linked = link.format(url=url, title=title) if safe else title
    sentence = f"> “{escape(flatten(each['sentence']))[:_MAX_TEXT]}”\n" if each["sentence"] else ""
    alert = f" ({each['alert_id']})" if "alert_id" in each else ""  # one of a digest
    return f"{sentence}{escape(each['outlet'] or '')}: {linked}{alert}"


def _footer(payload: Mapping[str, object]) -> str:
    data: Any = payload["data"]
    if "moves" in data:  # a digest or a threshold: its own id is nobody's to correct
        return "Wrong? monitor correct ALERT …"
    return f"Alert {data['alert_id']}. Wrong? monitor correct {data['alert_id']} …" if "move_id" in data else ""


def _escape_slack(text: str) -> str:
    """https://api.slack.com/reference/surfaces/formatting#escaping; without < nothing is a mention or a link."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"{char}\u200b" if char in "*_~`" else char for char in text)


def _escape_discord(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\*_~`|>[]()<#@" else char for char in text)

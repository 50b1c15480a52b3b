"""templates of a channel, payload -> subject, text, HTML, extras of a webhook.  Pure, in Jinja's sandbox.

Never loses an alert to a template: one that fails gives way to the built-in look.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from monitor.notify.payload import MAX_BYTES, encode
from monitor.notify.render import ENVIRONMENT, flatten, render_html, render_subject, render_text, view

_FAILURES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a channel shows the alert of a move; None where the built-in look will do."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None
    extra: str | None = None  # renders a JSON object, which becomes `data.extra` of a webhook


PLAIN = Look()


def show_subject(look: Look, payload: Mapping[str, object]) -> str:
    return flatten(_show(look.subject, payload) or "") or render_subject(payload)


def show_text(look: Look, payload: Mapping[str, object]) -> str:
    return _show(look.text, payload) or render_text(payload)


def show_html(look: Look, payload: Mapping[str, object]) -> str:
    return _show(look.html, payload, escaped=True) or render_html(payload)


def with_extra(look: Look, payload: Mapping[str, object]) -> Mapping[str, object]:
    """Add what the channel's template makes of the payload, where it is a JSON object and there is room."""
    shown = _show(look.extra, payload)
    try:
        extra = json.loads(shown) if shown else None
    except ValueError:
        return payload
    data: Any = payload["data"]
    extended = {**payload, "data": {**data, "extra": extra}}
    return extended if isinstance(extra, dict) and len(encode(extended)) < MAX_BYTES else payload


def try_out(template: str, payload: Mapping[str, object], *, escaped: bool = False) -> str:
    """Render a template and let it fail: a jinja2.TemplateError, or what its expressions raise."""
    environment = ENVIRONMENT.overlay(autoescape=escaped)
    return environment.from_string(template).render(view(payload))


def _show(template: str | None, payload: Mapping[str, object], *, escaped: bool = False) -> str | None:
    if template is None or "move_id" not in _data(payload):  # digests and notices have a look of their own
        return None
    try:
        return try_out(template, payload, escaped=escaped)
    except _FAILURES:
        return None


def _data(payload: Mapping[str, object]) -> Mapping[str, Any]:
    data = payload["data"]
    assert isinstance(data, Mapping)
    return data

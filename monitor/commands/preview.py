"""templates, a move of the ledger -> what a channel would show of it.

Never falls back as a channel does: a template that fails is an error here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from jinja2 import TemplateError

from monitor.commands.rehearsal import Stage, rehearse
from monitor.config import Config
from monitor.config.templates import read_templates
from monitor.errors import PermanentError
from monitor.model import Move
from monitor.notify.look import try_out
from monitor.notify.render import render_html, render_subject, render_text

_BUILT_IN = {"subject": render_subject, "text": render_text, "html": render_html}


def preview(folder: Path, name: str | None, move: Move, config: Config, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield each part with its text; PermanentError where a template fails, or there is none of that name."""
    texts, problems = read_templates(folder, name) if name else ({}, [])
    if problems:
        raise PermanentError("\n".join(map(str, problems)))
    if name and not texts:
        raise PermanentError(f"{folder} holds no {name}.subject.j2, .text.j2, .html.j2 or .extra.j2")
    (rehearsal,) = rehearse([move], Stage(subjects={subject.id: subject for subject in config.subjects}), now)
    for part in (*_BUILT_IN, "extra"):
        try:
            if part in texts:
                yield part, _check(part, try_out(texts[part], rehearsal.alert.payload, escaped=part == "html"))
            elif part in _BUILT_IN:
                yield part, _BUILT_IN[part](rehearsal.alert.payload)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise PermanentError(f"{name}.{part}.j2: {error}") from error


def _check(part: str, shown: str) -> str:
    if part == "extra" and not isinstance(json.loads(shown), dict):
        raise ValueError("is no JSON object")
    return shown

"""config/templates/NAME.PART.j2 -> texts, or the problem with file and line.

Never renders one: what a template sees is known where alerts are shown.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError

from monitor.errors import Problem

PARTS = ("subject", "text", "html", "extra")


def read_templates(folder: Path, name: str) -> tuple[dict[str, str], list[Problem]]:
    """Return the parts that there are templates for."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for part in PARTS:
        file = folder / f"{name}.{part}.j2"
        try:
            if not file.is_file():
                continue
            texts[part] = file.read_text("utf-8", "replace")
        except OSError as error:
            message = error.strerror or "not readable"
            problems.append(Problem(file=f"templates/{file.name}", line=1, column=1, message=message))
        else:
            problems += _check(f"templates/{file.name}", texts[part])
    return texts, problems


def _check(file: str, text: str) -> list[Problem]:
    try:
        Environment(autoescape=True).parse(text)
    except TemplateSyntaxError as error:
        return [Problem(file=file, line=error.lineno, column=1, message=error.message or "is no template")]
    return []

"""The models of the config files -> JSON Schemas for editors.  The committed ones equal these (tested).

Never used to validate: the models do.
"""

from __future__ import annotations

import json
from pathlib import Path

from monitor.config.files import FILES


def render_schemas() -> dict[str, str]:
    """Return file name -> JSON Schema (draft 2020-12) as text."""
    return {name.replace(".yaml", ".json"): _render(name) for name in FILES}


def write_schemas(folder: Path) -> None:
    """Write the schemas, one for each config file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_schemas().items():
        (folder / name).write_text(text, "utf-8")


def _render(name: str) -> str:
    schema = FILES[name].model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": name}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"

"""Every case in tests/cases/config spoils a sound configuration and tells all the problems that must be reported."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from monitor.config import load_config
from monitor.errors import ConfigError

CASES = sorted((Path(__file__).parent.parent / "cases/config").glob("*.toml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_all_problems_are_reported_at_their_places(path, folder):
    case = tomllib.loads(path.read_text("utf-8"))
    for name, text in case.get("files", {}).items():
        (folder / name).write_text(text, "utf-8")
    for name, digits in case.get("bytes", {}).items():
        (folder / name).write_bytes(bytes.fromhex(digits))
    for name in case.get("missing", []):
        (folder / name).unlink()
    assert problems(folder, case.get("environ", {})) == case["problems"]


def problems(folder, environ):
    try:
        load_config(folder, environ)
    except ConfigError as error:
        return [str(problem).replace(str(folder), "FOLDER") for problem in error.problems]
    return []

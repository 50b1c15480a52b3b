"""The watchlist of the default configuration, and small ones of a case's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import load_config
from monitor.match.watchlist import Watchlist
from monitor.model import Subject, SubjectKind

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def default_watchlist():
    return Watchlist.build(load_config(ROOT / "config", {}).subjects)


@pytest.fixture
def watchlist_of(default_watchlist):
    def build(case):
        if "subjects" not in case:
            return default_watchlist
        return Watchlist.build([subject(**fields) for fields in case["subjects"]])

    return build


def subject(*, id, kind, name, **fields):
    fields = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    return Subject(id=id, kind=SubjectKind(kind), name=name, **fields)

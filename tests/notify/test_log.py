"""The channel that needs no configuration: one line for each alert."""

import io
import sys

import pytest

from monitor.model import Accepted, Failed
from monitor.notify.log import Log
from monitor.notify.render import render_line
from monitor.notify.routes import plan_delivery
from monitor.notify.rules import AlertRules, conclude
from tests.builders import NOW, a_move

MOVE = a_move("Édouard\x1b[2J\nGrave")


def delivery():
    alert = conclude(None, MOVE, rules=AlertRules(), now=NOW).alert
    assert alert is not None
    return plan_delivery(alert, "log", NOW)


def test_an_alert_is_one_line_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert Log().send(delivery(), NOW) == Accepted(detail="written")
    (line,) = capsys.readouterr().out.splitlines()
    assert line == render_line(delivery().alert.payload)
    assert "\x1b" not in line


def test_a_terminal_that_knows_no_accents_still_gets_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert isinstance(Log().send(delivery(), NOW), Accepted)
    assert b"?douard" in raw.getvalue()


def test_a_full_disk_is_tried_again() -> None:
    def write(_line: str) -> None:
        raise OSError(28, "No space left on device")

    assert Log(write=write).send(delivery(), NOW) == Failed(reason="cannot write: OSError")

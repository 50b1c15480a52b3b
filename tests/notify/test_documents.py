"""What docs/webhook.md shows must work: the receiver verifies our requests, the example is a payload of ours."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.notify.outbox import SCHEDULE
from monitor.notify.render import render_subject
from monitor.notify.signature import parse_secret, sign
from tests.notify.test_payload import SCHEMA, missing_or_extra

TEXT = (Path(__file__).parents[2] / "docs/webhook.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found.group(1)


def test_the_receiver_of_the_document_takes_our_requests_and_no_others() -> None:
    code: dict[str, Any] = {}
    exec(block("python"), code)
    now = datetime.now(UTC)
    headers = sign([parse_secret(SECRET)], "msg_1", now, b"{}")
    old = sign([parse_secret(SECRET)], "msg_1", now - timedelta(minutes=6), b"{}")
    assert code["is_genuine"](SECRET, headers, b"{}")
    assert not code["is_genuine"](SECRET, headers, b"{ }")
    assert not code["is_genuine"](SECRET, old, b"{}")


def test_the_example_has_all_fields_and_reads_well() -> None:
    payload = json.loads(block("json"))
    assert missing_or_extra(payload, SCHEMA) == []
    assert render_subject(payload).startswith(
        "Update: Ada Lovelace leaves FAIR for Cohere (confirmed) – status reported"
    )


def test_the_document_tells_the_schedule() -> None:
    attempts, hours = len(SCHEDULE) + 1, sum(SCHEDULE, timedelta()) // timedelta(hours=1)
    assert f"After {attempts} attempts, some {hours} hours" in TEXT

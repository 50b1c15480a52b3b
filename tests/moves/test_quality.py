"""What was reached in reading is kept: the score on the labelled sets stays within the interval of docs/quality.json."""

import json

import pytest

from tests.bench import quality
from tests.bench import score_reader as bench

RECORDED = quality.DOCS / "quality.json"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not bench.EVAL.exists(), reason="needs the labelled sets in ../shared"),
    pytest.mark.skipif(not RECORDED.exists(), reason="no figures recorded yet: make quality"),
]


@pytest.mark.parametrize("name", ["dev", "seeds"])
def test_reading_is_no_worse_than_recorded(name):
    recorded = json.loads(RECORDED.read_text())[name]["news found"]
    now = quality.table(quality.measure(name))["news found"]
    assert now["f1"] >= recorded["f1_low"], (
        f"news found F1 was {recorded['f1']}, is {now['f1']}; make quality if that is meant"
    )

"""The configuration that the product comes with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from monitor.config import load_config, write_schemas
from monitor.config.files import FILES
from monitor.model import Kind

ROOT = Path(__file__).parents[2]
AUTHORS = [
    "Hugo Touvron",
    "Thibaut Lavril",
    "Gautier Izacard",
    "Xavier Martinet",
    "Marie-Anne Lachaux",
    "Timothée Lacroix",
    "Baptiste Rozière",
    "Naman Goyal",
    "Eric Hambro",
    "Faisal Azhar",
    "Aurélien Rodriguez",
    "Armand Joulin",
    "Édouard Grave",
    "Guillaume Lample",
]


@pytest.fixture(scope="module")
def config():
    return load_config(ROOT / "config", {})


def test_the_authors_of_the_llama_paper_are_a_cohort(config):
    assert [config.names[id] for id in config.cohorts["llama-authors"]] == AUTHORS


def test_seven_moves_are_known(config):
    told = {(m.person, m.from_org, m.to_org, m.date, m.kind) for m in config.known_moves}
    assert told == {
        ("Naman Goyal", "Meta", "Thinking Machines Lab", "2025-02", Kind.MOVE),
        ("Baptiste Rozière", "Meta", "Mistral AI", "2024-08", Kind.MOVE),
        ("Aurélien Rodriguez", "Meta", "Cohere", "2024-07", Kind.MOVE),
        ("Eric Hambro", "Meta", "Anthropic", "2023-11", Kind.MOVE),
        ("Timothée Lacroix", "Meta", "Mistral AI", "2023-06", Kind.FOUND),
        ("Armand Joulin", "Meta", "Google DeepMind", "2023-05", Kind.MOVE),
        ("Guillaume Lample", "Meta", "Mistral AI", "2023", Kind.FOUND),
    }
    assert all(m.role and m.note and m.source for m in config.known_moves)


def test_units_stand_under_their_parents(config):
    parents = config.parents
    assert (parents["fair"], parents["google-deepmind"], parents["google"]) == ("meta", "google", "alphabet")
    assert (parents["microsoft-ai"], parents["qwen"]) == ("microsoft", "alibaba")


def test_a_newcomer_sees_alerts_in_the_log(config):
    assert [(route.to, route.match.people) for route in config.routes] == [(("log",), frozenset())]


def test_some_twenty_feeds_are_polled(config):
    assert 20 <= len(config.feeds) <= 30
    assert all(feed.title and feed.url.startswith("https://") for feed in config.feeds)


def test_the_commented_examples_are_sound(tmp_path):
    for name in FILES:
        text = (ROOT / "config" / name).read_text("utf-8")
        (tmp_path / name).write_text(_uncommented(text) if name == "channels.yaml" else text, "utf-8")
    secrets = {"MONITOR_TEAM_SECRET": "whsec_" + "YWJj" * 8, "MONITOR_SMTP_PASSWORD": "secret"}
    config = load_config(tmp_path, secrets)
    assert [channel.name for channel in config.channels] == ["log", "team", "mail"]
    assert len(config.routes) == 3


def _uncommented(text: str) -> str:
    """Uncomment the lines of examples: those whose comment is indented YAML."""
    return re.sub(r"^  # ((?:  )*(?:- |[a-z]+:(?: |$)).*|  .*)$", r"  \1", text, flags=re.MULTILINE)


def test_the_committed_schemas_are_those_of_the_models(tmp_path):
    write_schemas(tmp_path)
    written = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text("utf-8") for path in (ROOT / "config/schema").iterdir()}
    assert committed == written, "run: monitor check --write-schemas"


@pytest.mark.parametrize("name", FILES)
def test_editors_are_told_the_schema(name):
    first = (ROOT / "config" / name).read_text("utf-8").splitlines()[0]
    schema = name.replace(".yaml", ".json")
    assert first == f"# yaml-language-server: $schema=schema/{schema}"
    assert (ROOT / "config/schema" / schema).exists()


def _keys(schema: dict) -> set[str]:
    found = set(schema.get("properties", {}))
    return found.union(*(_keys(part) for part in schema.get("$defs", {}).values()))


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_documented(name):
    documented = set(re.findall(r"`([\w.]+)`", (ROOT / "docs/configure.md").read_text("utf-8")))
    documented = {part for key in documented for part in key.split(".")}
    schema = json.loads((ROOT / "config/schema" / name.replace(".yaml", ".json")).read_text("utf-8"))
    assert _keys(schema) <= documented


def test_loading_is_quick():
    """Five times the CPU of a short loop, imports included, in a process of its own; ten leaves room for a busy machine."""

    def spent(work: str) -> float:
        code = f"import time; {work}; print(time.process_time())"
        run = partial(subprocess.run, [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
        return min(float(run().stdout) for _ in range(3))

    loop = spent("sum(i * i for i in range(1_000_000))")
    load = spent("from pathlib import Path; from monitor.config import load_config; load_config(Path('config'), {})")
    assert load < 10 * loop

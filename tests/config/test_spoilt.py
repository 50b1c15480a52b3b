"""Whatever a hand does to a file, the answer is a configuration or a list of problems, never a traceback."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import load_config
from monitor.errors import ConfigError

FILES = {
    "settings.yaml": "contact: me@example.org\npoll:\n  interval: 15m\nhttp: {allow_networks: [10.0.0.0/8]}\n"
    "second_reader:\n  url: http://localhost:11434/v1\n  model: m\n  timeout: 9s\n",
    "feeds.yaml": "feeds:\n  - https://example.org/feed\n  - url: https://example.org/b\n    interval: 1h\n",
    "watchlist.yaml": (
        "companies:\n  - name: Meta\n    exact: [Meta]\n  - name: FAIR Lab\n    parent: Meta\n"
        "people:\n  - name: Jane Roe\n    aliases: [Janey Roe]\n"
        "cohorts:\n  - name: All\n    members: [Jane Roe]\n"
        "known_moves:\n  - person: Jane Roe\n    to: Meta\n    date: 2025-02\n"
    ),
    "channels.yaml": (
        "channels:\n  log:\n    type: log\n  hook:\n    type: webhook\n    url: https://example.org\n"
        "    secret_env: S\nroutes:\n  - match:\n      company: Meta\n    to: [log, hook]\n"
    ),
}
JUNK = [
    "null",
    "[]",
    "{}",
    "1",
    "- x",
    "{a: b}",
    "&a [*a]",
    "*a",
    '"',
    "!!binary x",
    "[[[]]]",
    "{[1]: 2}",
    "x: y: z",
    "\t",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_spoilt_file_is_told_in_problems(tmp_path, data):
    for name, text in FILES.items():
        lines = text.splitlines()
        for _ in range(data.draw(st.integers(0, 2))):
            spoil(lines, data)
        (tmp_path / name).write_text("\n".join(lines), "utf-8")
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in problems(tmp_path))


def problems(folder):
    try:
        load_config(folder, {"S": "whsec_" + "YWJj" * 8})
    except ConfigError as error:
        return error.problems or [None]
    return []


def spoil(lines, data):
    at = data.draw(st.integers(0, len(lines) - 1))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    junk = data.draw(st.sampled_from(JUNK))
    key = lines[at].partition(":")[0]
    lines[at] = data.draw(st.sampled_from(["", indent + junk, f"{key}: {junk}", lines[0]]))

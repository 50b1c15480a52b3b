"""The rules of the house that a program can check (docs/decisions/0001)."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MONITOR = ROOT / "monitor"
MODULES = sorted(path for path in MONITOR.rglob("*.py") if path.read_text().strip())

BROAD = {"Exception", "BaseException"}

# module -> functions that read the wall clock; monotonic clocks measure durations and are free.
WALL_CLOCK = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"},
    "utils": {"localtime", "formatdate"},
}

# Libraries that take a tenth of a second or more to import: the ledger's commands start without them.
SLOW_IMPORTS = {"trafilatura", "htmldate", "feedparser", "aiohttp", "spacy", "onnxruntime", "numpy", "apscheduler"}


def name_of(path: Path) -> str:
    return str(path.relative_to(MONITOR))


def nodes_of(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_goes_in_and_out_and_what_it_never_does(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert re.search(r"\b(never|no|not|only|pure)\b", docstring, re.IGNORECASE), (
        "first line in and out, second: never …"
    )


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "clock.py"], ids=name_of)
def test_the_wall_clock_is_read_in_clock_only(path: Path) -> None:
    assert [ast.unparse(node) for node in nodes_of(path) if reads_wall_clock(node)] == []


def reads_wall_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return any(alias.name in WALL_CLOCK["time"] for alias in node.names)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = ast.unparse(node.func.value).rpartition(".")[2]
    # with an explicit time, these only convert
    converts = node.func.attr in {"localtime", "gmtime", "ctime", "formatdate"} and bool(node.args)
    converts = converts or (node.func.attr == "strftime" and len(node.args) > 1)
    return node.func.attr in WALL_CLOCK.get(owner, ()) and not converts


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_broad_except_stands_at_the_top_of_a_job_only(path: Path) -> None:
    lines = path.read_text().splitlines()
    broad = [node.lineno for node in nodes_of(path) if isinstance(node, ast.ExceptHandler) and is_broad(node)]
    assert [number for number in broad if "top of a job" not in lines[number - 1]] == []
    assert len(broad) <= 2


def is_broad(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:  # tidies up and passes the error on
        return False
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(each, ast.Name) and each.id in BROAD for each in caught)


@pytest.mark.skipif(not (MONITOR / "cli.py").exists(), reason="no command line yet")
def test_the_command_line_starts_without_the_slow_libraries() -> None:
    code = "import sys, monitor.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert SLOW_IMPORTS & set(loaded.stdout.split()) == set()

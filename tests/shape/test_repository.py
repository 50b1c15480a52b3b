"""What the tracked files may hold, and what must be documented."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Names of one machine or of one registry: the repository is for everybody's.
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:work|root|opt/wheels)/"
    r"|(?:py)pi\.(?:org|python)|python(?:hosted)\.|(?:npm)js\.|(?:artifact)ory|(?:dev)pi\b"
    r"|--(?:extra-)?index-url|--(?:find)-links|--(?:trusted)-host"
)
# The Makefile tells pip-compile to leave those options out of the locks.
EMIT = re.compile(r"--no-emit-(?:index-url|find-links|trusted-host)")


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def text_of(path: Path) -> str:
    """The text of a tracked file; "" where it is binary or just being removed."""
    try:
        return path.read_text()
    except (UnicodeDecodeError, FileNotFoundError):
        return ""


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = {
        (str(path.relative_to(ROOT)), match.group())
        for path in tracked()
        for match in FORBIDDEN.finditer(EMIT.sub("", text_of(path)))
    }
    assert found == set()


@pytest.mark.parametrize("lock", ["requirements.lock", ".ci/dev.lock"])
def test_a_lock_pins_every_package_by_hash(lock: str) -> None:
    lines = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert pins
    assert [line[:60] for line in pins if "==" not in line or "--hash=sha256:" not in line] == []


def test_the_lock_satisfies_every_dependency() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert declared() - locked == set(), "run `make lock`"


def declared() -> set[str]:
    text = (ROOT / "pyproject.toml").read_text()
    block = text.partition("\ndependencies = [")[2].partition("\n]")[0]
    return {name.lower().replace("_", "-") for name in re.findall(r'"([A-Za-z0-9_.-]+?)(?=[\[<>=!~;" ])', block)}


@pytest.mark.skipif(not (ROOT / "monitor/cli.py").exists(), reason="no command line yet")
def test_every_command_is_documented() -> None:
    from monitor.cli import main

    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "\n".join(path.read_text() for path in documents)
    assert [path for path in command_paths(main, "monitor") if path not in text] == []


def command_paths(command: object, path: str) -> Iterator[str]:
    """Yield "monitor once", "monitor feeds add" … of a click group, groups left out."""
    children: dict[str, object] = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        yield from command_paths(child, f"{path} {name}")

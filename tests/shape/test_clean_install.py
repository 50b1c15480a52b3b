"""An installation without the development group starts."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("LICENSE", "README.md", "monitor", "pyproject.toml")
IMPORT_ALL = """
import importlib, pkgutil, monitor
for module in pkgutil.walk_packages(monitor.__path__, "monitor."):
    importlib.import_module(module.name)
"""


def pip(python: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *arguments], check=True)


@pytest.fixture(scope="module")
def locked(pytestconfig: pytest.Config) -> Path:
    """An environment that holds requirements.lock and nothing else, kept until the lock changes."""
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    home = pytestconfig.cache.mkdir("clean-install") / f"{sys.version_info.minor}-{digest[:12]}"
    python = home / "bin/python"
    if not (home / "complete").exists():
        shutil.rmtree(home.parent)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
        pip(python, "install", "--require-hashes", "--requirement", str(ROOT / "requirements.lock"))
        (home / "complete").touch()
    return python


@pytest.fixture(scope="module")
def installed(locked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the package, built from a copy of the tree: setuptools would pack what lies in a stale build/."""
    tree = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tree / name)
    pip(locked, "install", "--no-deps", "--no-build-isolation", "--force-reinstall", str(tree))
    return locked


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_module_imports_without_the_development_group(installed: Path, tmp_path: Path) -> None:
    outcome = run([str(installed), "-c", IMPORT_ALL], tmp_path)
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "monitor/cli.py").exists(), reason="no command line yet")
def test_the_installed_command_starts(installed: Path, tmp_path: Path) -> None:
    outcome = run([str(installed.with_name("monitor")), "--help"], tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert "once" in outcome.stdout

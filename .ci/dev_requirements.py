"""pyproject.toml -> the development group's requirements, one a line.

Never resolves anything: pip-compile reads the lines from its standard input.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
sys.stdout.write("\n".join(project["dependency-groups"]["dev"]) + "\n")

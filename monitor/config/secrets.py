"""names of environment variables and files -> secrets, or the problem that one is missing.

Never puts a secret into a message.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from monitor.config.document import Document
from monitor.config.document import Path as Place
from monitor.errors import Problem


@dataclass(slots=True, kw_only=True)
class SecretReader:
    """Reads the secrets that one file names; collects what is missing."""

    folder: Path
    environ: Mapping[str, str]
    document: Document
    problems: list[Problem] = field(default_factory=list)

    def read(self, at: Place, key: str, *, check: Callable[[str], str | None] | None = None) -> SecretStr | None:
        """Return the secret that `KEY_env` or `KEY_file` at place `at` names; None if neither is there or it is missing."""
        entry = self.document.data
        for part in at:
            entry = entry[part]
        env_key, file_key = f"{key}_env", f"{key}_file"
        if entry.get(env_key) and entry.get(file_key):
            self._complain((*at, file_key), f"there is {env_key!r} and {file_key!r}; one of them is enough")
        if variable := entry.get(env_key):
            return self._checked(self.environ.get(variable), f"environment variable {variable}", (*at, env_key), check)
        if file := entry.get(file_key):
            return self._checked(self._content(file), f"file {file}", (*at, file_key), check)
        return None

    def _content(self, file: str) -> str | None:
        try:
            return (self.folder / Path(file).expanduser()).read_text("utf-8").strip()
        except (OSError, RuntimeError, ValueError):  # no such file, no such home, no such path or no text
            return None

    def _checked(
        self, value: str | None, where: str, at: Place, check: Callable[[str], str | None] | None
    ) -> SecretStr | None:
        if not value:
            state = "empty" if value is not None else "not set" if where.startswith("env") else "not readable"
            self._complain(at, f"{where} is {state}")
            return None
        if check and (fault := check(value)):
            self._complain(at, f"{where} {fault}")
            return None
        return SecretStr(value)

    def _complain(self, at: Place, message: str) -> None:
        self.problems.append(self.document.problem(at, message))


def signing_secret_fault(secret: str) -> str | None:
    """Say what is wrong with a Standard Webhooks secret (24 to 64 bytes, base64, prefix whsec_), or None."""
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if 24 <= size <= 64:
        return None
    return 'holds no signing secret; make one with: echo "whsec_$(openssl rand -base64 32)"'

"""What every test may use: the desk of the end-to-end stories; hypothesis without a deadline, as machines are shared."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from monitor.log import log
from tests.e2e.desk import desk

__all__ = ["desk"]

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def unbound_log() -> Iterator[None]:
    """A command that runs in the tests' own process binds the log for good; `capture_logs` needs it as it was."""
    yield
    vars(log).pop("bind", None)

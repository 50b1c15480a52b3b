"""What every test may use: the desk of the end-to-end stories; hypothesis without a deadline, as machines are shared."""

from hypothesis import settings

from tests.e2e.desk import desk

__all__ = ["desk"]

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

"""A short storm of kills; `make crash` runs the long one."""

import pytest

from tests.crash.storm import is_sound, rage


@pytest.mark.slow
def test_fifteen_kills_at_any_moment_lose_no_alert_and_double_none(tmp_path):
    found = rage(tmp_path, kills=15, seed=7)
    assert is_sound(found), found
    assert found["kills"] == 15
    assert found["moves published"] > 15

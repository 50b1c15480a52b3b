"""Search for a feed, address or date text that breaks a promise.

usage: python -m tests.fuzz [TARGET …] [--seconds 600]

Every finding ends the target and is shown at its smallest; keep it as a case.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from random import SystemRandom

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS

ROUND = 2_000  # inputs under one seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=list(TARGETS))
    parser.add_argument("--seconds", type=float, default=600)
    args = parser.parse_args()
    sys.exit(sum([not survives(name, args.seconds) for name in args.targets]))


def survives(name: str, seconds: float) -> bool:
    check, inputs = TARGETS[name]
    tried, ends_at = 0, time.monotonic() + seconds

    def counted(value: object) -> None:
        nonlocal tried
        tried += 1
        if time.monotonic() < ends_at:
            check(value)

    rounds = settings(
        max_examples=ROUND, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    while time.monotonic() < ends_at:
        number = SystemRandom().getrandbits(32)
        try:
            seed(number)(rounds(given(inputs)(counted)))()
        except Exception:  # noqa: BLE001 - the finding
            traceback.print_exc()
            print(f"{name}: broken after {tried} inputs (seed {number})", flush=True)
            return False
    print(f"{name}: {tried} inputs in {seconds:.0f} s, nothing broken", flush=True)
    return True


if __name__ == "__main__":
    main()

"""Long random scripts against a machine: a seed makes the steps, and a failure is shrunk to the few that show it.

A step is plain data that the machine can do in any state, so steps can be left out. Hypothesis's own state machines
draw a dozen operations and hardly a conflict in the time in which this does hundreds; what is lost is its shrinking,
and the one here, Zeller's `ddmin`, is a page.

In: a machine and a seed. Out: nothing, or an error with the seed and a script to paste into `test_regressions.py`.
`REACTIVE_NB_SEED=1000 pytest tests/properties` looks at other scripts.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

FIRST_SEED = int(os.environ.get("REACTIVE_NB_SEED", "0"))
_SHRINKING_SECONDS = 30


class Machine(Protocol):
    """The system under test beside its oracle."""

    def propose(self, rng: random.Random) -> Any:
        """Return a next step."""

    def do(self, step: Any) -> None:
        """Do a step, and assert all that must hold after it; a step that makes no sense now does nothing."""

    def finish(self) -> None:
        """Assert what must hold in the end."""

    def close(self) -> None:
        """Let go of everything."""


def explore(make: Callable[[], Machine], seed: int, steps: int) -> None:
    """Do `steps` random steps; raise with a short script if something does not hold."""
    rng = random.Random(seed)
    script: list[Any] = []
    machine = make()
    try:
        for _ in range(steps):
            script.append(machine.propose(rng))
            machine.do(script[-1])
        machine.finish()
    except Exception as error:  # whatever it is, it was not expected
        machine.close()
        shrunk = _shrunk(make, script, type(error))
        listed = "".join(f"\n        {step!r}," for step in shrunk)
        raise AssertionError(f"seed {seed}: {error!r}\n    replay({make.__name__}, [{listed}\n    ])") from error
    machine.close()


def replay(make: Callable[[], Machine], script: Sequence[Any]) -> None:
    """Do the steps of a script; raise what does not hold."""
    machine = make()
    try:
        for step in script:
            machine.do(step)
        machine.finish()
    finally:
        machine.close()


def _shrunk(make: Callable[[], Machine], script: list[Any], kind: type[Exception]) -> list[Any]:
    """Return a part of a failing script that still fails in the same way, if time allows one without a step to spare."""
    deadline = time.monotonic() + _SHRINKING_SECONDS

    def fails(part: list[Any]) -> bool:
        try:
            replay(make, part)
        except Exception as error:  # noqa: BLE001 - the failure is what is looked for
            return type(error) is kind
        return False

    size = len(script)
    while size and time.monotonic() < deadline:
        smaller = None
        for start in range(0, len(script), size):
            part = script[:start] + script[start + size :]
            if time.monotonic() < deadline and fails(part):
                smaller = part
                break
        if smaller is not None:
            script = smaller
            size = min(size, len(script))
        else:
            size //= 2
    return script

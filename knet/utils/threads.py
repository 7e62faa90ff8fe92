"""How long threads of PyTorch busy-wait (spin) for each other before they sleep."""

import os

#: Rounds that an idle thread waits before it sleeps; see docs/operations.md for the measurement.
SPIN_COUNT = '5000'


def bound_waiting() -> None:
    """Let idle threads sleep soon, so that programs on a shared machine do not wait for each other's waiting.

    It counts for OpenMP libraries that are loaded later, so call it before PyTorch is imported. Settings of the
    user win.
    """
    if not {'GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'} & set(os.environ):
        os.environ['GOMP_SPINCOUNT'] = SPIN_COUNT

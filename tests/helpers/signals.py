"""Signals of programs that tests start."""

import signal


def heed_interrupts() -> None:
    """Let Ctrl-C reach this process; shells start what runs in the background without, and programs inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

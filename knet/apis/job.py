"""What the processes of a job know of each other: who is where, who does not answer, when all stop.

Everything goes through the key-value store in which the processes met, so it needs no device and no collective
operation, and it still works while the process group waits. A process that is frozen, or whose main thread hangs, is
found by that, and named.
"""

import logging
import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional

from knet.utils.lock import unlock_all
from knet.utils.stopping import check_stop, request_stop

_logger = logging.getLogger('mmdet')
#: Seconds between two lines of the log that say that all processes answer.
_HEARTBEAT = 300
#: Seconds by which other ranks wait before they report a process that does not answer, so that one reports it.
_HEAD_START = 3
#: Seconds for which the process that keeps the store waits for the others to leave it.
_FAREWELL = 5

#: States of a process: ``work`` has to make progress; ``busy`` may last as long as the process answers, and the others
#: may wait for it; ``wait`` waits for the others; ``left`` has ended.
WORK, BUSY, WAIT, LEFT = 'work', 'busy', 'wait', 'left'


class Job:
    """The processes of a job, as one of them sees them.

    Args:
        store: Store of torch for the main thread; all processes see its keys.
        own_store: Another connection to it, for the thread that reports this process and reads the others.
        rank: Number of this process.
        world_size: Number of processes.
        timeout: Seconds without progress after which a process counts as frozen.
    """

    def __init__(self, store: Any, own_store: Any, rank: int, world_size: int, timeout: float) -> None:
        self.store, self._own_store = store, own_store
        self.rank, self.world_size, self.timeout = rank, world_size, timeout
        self._interval = min(5.0, timeout / 10)
        self._ticks, self._state, self._place = 0, BUSY, 'starting'
        self._barriers = 0
        self._seen = {other: _Sign() for other in range(world_size)}
        self._answered = time.monotonic()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._exchange, self._watch)]
        for thread in self._threads:
            thread.start()

    def tick(self, place: str) -> None:
        """Note progress of this process.

        Args:
            place: Where it is, such as ``'step 7, reading data'``.
        """
        self._ticks += 1
        self._state, self._place = WORK, place

    @contextmanager
    def waiting(self, place: str, state: str = BUSY) -> Iterator[None]:
        """Allow this process to make no progress for the duration of a block, as long as it answers."""
        before = self._state, self._place
        self._state, self._place = state, place
        try:
            yield
        finally:
            self._ticks += 1
            self._state, self._place = before

    def barrier(self) -> None:
        """Wait until all processes have arrived here, however long their work takes.

        Raises:
            Stopped: If a stop is asked for meanwhile.
        """
        self._barriers += 1
        self._meet(f'barrier/{self._barriers}', check_stop)

    def _meet(self, key: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Count the arrivals under a key until all have come."""
        arrived, pause = self.store.add(key, 1), 0.001
        with self.waiting('waiting for the others', WAIT):
            while arrived < self.world_size:
                meanwhile()
                time.sleep(pause)
                pause = min(2 * pause, 0.1)
                arrived = self.store.add(key, 0)

    def agree_to_stop(self, done: int, requested: Optional[str]) -> bool:
        """Return whether all processes stop after this step; the same on all of them.

        One process is never more than one step ahead of another, because each step ends by a sum over all. So what one
        writes down after a step is read by all after the next.

        Args:
            done: Number of steps that are done.
            requested: What asks this process to stop; None if nothing does.
        """
        if requested is not None:
            self._ask(done + 1, requested)
        if not self.store.check(['stop']):
            return False
        step, name = self.store.get('stop').decode().split(' ', 1)
        request_stop(name)
        return done >= int(step)

    def gather_stopped(self, requested: str) -> None:
        """Ask the others to stop as well, wait until all have come to their end, and leave them.

        The process that keeps the store leaves last: a broken connection makes PyTorch write at length in the others.

        Args:
            requested: What asked for the stop.
        """
        self._ask(0, requested)
        self._meet('stopped')
        self.leave()
        gone = self.store.add('gone', 1)
        deadline = time.monotonic() + _FAREWELL
        while self.rank == 0 and gone < self.world_size and time.monotonic() < deadline:
            time.sleep(0.01)
            gone = self.store.add('gone', 0)

    def _ask(self, step: int, requested: str) -> None:
        """Write down after how many steps all stop; of several that ask at the same time, the first decides."""
        if not self.store.check(['stop']) and self.store.add('stop/asked', 1) == 1:
            self.store.set('stop', f'{step} {requested}')

    def leave(self) -> None:
        """Tell the others that this process has ended its work."""
        self._state = LEFT
        self._ended.set()
        for thread in self._threads:
            thread.join(2 * self._interval)

    def _exchange(self) -> None:
        """Report this process and read the others, again and again."""
        beats = 0
        keys = [f'beat/{other}' for other in range(self.world_size)]
        try:
            while True:
                ended = self._ended.is_set()
                beats += 1
                self._own_store.set(keys[self.rank], f'{beats} {self._ticks} {self._state} {self._place}')
                if ended:
                    return
                for other, key in enumerate(keys):
                    if self._own_store.check([key]):
                        self._seen[other].update(self._own_store.get(key).decode())
                if self._own_store.check(['stop']):
                    request_stop(self._own_store.get('stop').decode().split(' ', 1)[1])
                self._answered = time.monotonic()
                self._ended.wait(self._interval)
        except RuntimeError:  # The process that keeps the store has ended, and soon everything ends.
            return

    def _watch(self) -> None:
        """Look for processes that do not answer, and end this one if there is one."""
        before = reported = time.monotonic()
        while not self._ended.wait(self._interval):
            now = time.monotonic()
            if now - before > max(4 * self._interval, 2):  # This process was frozen itself; the others were not.
                self._forgive(now)
            before = now
            behind = self._behind(now)
            if behind:
                self._give_up(behind)
            if self.rank == 0 and now - reported >= _HEARTBEAT:
                reported = now
                _logger.info('%s', self.summary(now))

    def _forgive(self, now: float) -> None:
        self._answered = now
        for sign in self._seen.values():
            sign.beat_at = sign.tick_at = now

    def _behind(self, now: float) -> List[str]:
        """Return a sentence for each process that the others wait for in vain."""
        if now - self._answered > self.timeout:
            return [f'rank 0, which keeps the list of all processes, has not answered for {now - self._answered:.0f} s']
        active = {rank: sign for rank, sign in self._seen.items() if sign.state != LEFT}
        frozen = [rank for rank, sign in active.items() if now - sign.beat_at > self.timeout]
        fresh = all(now - sign.beat_at < 3 * self._interval and sign.state != BUSY for sign in active.values())
        if not frozen and fresh:
            working = {rank: sign for rank, sign in active.items() if sign.state == WORK}
            slow = [rank for rank, sign in working.items() if now - sign.tick_at > self.timeout]
            least = min((working[rank].ticks for rank in slow), default=0)
            # If all stand still, they wait for the one that did least.
            frozen = [rank for rank in slow if len(slow) < len(working) or working[rank].ticks == least]
        return [f'rank {rank} {self._seen[rank].describe(now)}' for rank in frozen]

    def _give_up(self, behind: List[str]) -> None:
        if f'rank {self.rank} ' not in ' '.join(behind):
            time.sleep(_HEAD_START * min(self.rank, 1))
        print(
            f'error: {"; ".join(behind)}. No progress for {self.timeout:.0f} s (--timeout MINUTES sets that): look at '
            'that process and its machine. The same command with --auto-resume continues a training',
            file=sys.stderr,
            flush=True,
        )
        unlock_all()
        os._exit(1)

    def summary(self, now: float) -> str:
        """Return a line that says where the processes are."""
        slowest = min(self._seen, key=lambda rank: self._seen[rank].ticks)
        where = self._seen[slowest].describe(now)
        return f'{self.world_size} processes answer; furthest behind: rank {slowest} {where}'


class _Sign:
    """The last sign of a process: when it answered, when it made progress, and where it was then."""

    def __init__(self) -> None:
        self.beat_at = self.tick_at = time.monotonic()
        self._beats, self.ticks, self.state, self.place = 0, 0, BUSY, 'starting'

    def update(self, text: str) -> None:
        """Take over what the process has reported."""
        beats, ticks, state, place = text.split(' ', 3)
        now = time.monotonic()
        if int(beats) != self._beats:
            self.beat_at = now
        if int(ticks) != self.ticks or state != self.state:
            self.tick_at = now
        self._beats, self.ticks, self.state, self.place = int(beats), int(ticks), state, place

    def describe(self, now: float) -> str:
        """Return when the process was where."""
        return (
            f'({self.place}) answered {now - self.beat_at:.0f} s ago and made progress {now - self.tick_at:.0f} s ago'
        )

"""A job in a process of its own that runs when it is told to.

The parent lets jobs and yardsticks take turns, so that all of them see the same machine, and asks each process for its
peak memory at the end. Run as ``python -m _benchmark.process JOB OPTIONS`` this file is such a process.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from knet.utils.cli import UsageError

Options = Dict[str, Any]


class Job:
    """A job in its own process.

    Args:
        name: One of :data:`.jobs.JOBS`.
        options: Options of the job; plain values.
    """

    def __init__(self, name: str, options: Options) -> None:
        tools = Path(__file__).resolve().parents[1]
        env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(tools), str(tools.parent), *sys.path]))
        self.name = name
        self.runs: List[Dict[str, float]] = []
        self._process = subprocess.Popen(
            [sys.executable, '-m', '_benchmark.process', name, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            text=True,
        )
        self._ask(None)

    def _ask(self, request: Any) -> Dict[str, float]:
        assert self._process.stdin is not None and self._process.stdout is not None  # both are pipes
        if request is not None:
            self._process.stdin.write(request + '\n')
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise UsageError(f'benchmark job {self.name} failed; its message is above')
        return json.loads(answer)

    def run(self, keep: bool = True) -> None:
        """Run once; the first runs warm up and are not kept."""
        result = self._ask('run')
        if keep:
            self.runs.append(result)

    def finish(self) -> Dict[str, Any]:
        """End the process.

        Returns:
            Median, minimum and maximum of every number, and ``peak_rss_gib``.
        """
        summary: Dict[str, Any] = dict(self._ask('finish'))
        self._process.communicate()
        for key in self.runs[0]:
            values = [run[key] for run in self.runs]
            summary[key] = dict(median=statistics.median(values), min=min(values), max=max(values))
        return summary


def serve(name: str, options: Options) -> None:
    """Obey ``run`` and ``finish`` on standard input; answer in JSON lines."""
    from .jobs import JOBS

    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print
    run = JOBS[name](options)
    print('{}', file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() == 'finish':
            usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
            print(json.dumps(dict(peak_rss_gib=max(usage) / 2**20)), file=answers, flush=True)
            return
        print(json.dumps(run()), file=answers, flush=True)


if __name__ == '__main__':
    serve(sys.argv[1], json.loads(sys.argv[2]))

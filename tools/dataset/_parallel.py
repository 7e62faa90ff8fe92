"""The same work for many files, by several processes, with a progress bar."""

from multiprocessing import Pool
from typing import Any, Callable, List, Sequence

from tqdm import tqdm

from knet.utils.lifetime import end_with_parent


def run_parallel(function: Callable[[Any], Any], jobs: Sequence[Any], nproc: int, title: str) -> List[Any]:
    """Call a function for every job.

    Args:
        function: Defined at the top of a module, so that processes find it.
        jobs: Arguments of the calls.
        nproc: Processes; 1 works in this one.
        title: Title of the progress bar.

    Returns:
        The values, in the order of the jobs.

    Raises:
        Exception: The first error of a job, as the job raised it.
    """
    with tqdm(total=len(jobs), desc=title, unit='file', mininterval=1) as bar:
        if nproc <= 1 or len(jobs) <= 1:
            return [_tick(function(job), bar) for job in jobs]
        with Pool(min(nproc, len(jobs)), end_with_parent) as pool:
            return [_tick(value, bar) for value in pool.imap(function, jobs, chunksize=4)]


def _tick(value: Any, bar: tqdm) -> Any:
    bar.update()
    return value

"""What the benchmarks of video panoptic segmentation share: two evaluators, each with two protocols."""

from typing import Optional, Tuple

from _reproduce.plan import Number, Score, Test


def stq_number(paper: Optional[float] = None, others: str = '', note: str = '') -> Number:
    """Return STQ as a score to compare with; arguments as of :class:`Number`."""
    return Number('STQ', 'stq', ('STQ',), paper, others, note)


def vpq_number(paper: Optional[float] = None, others: str = '', note: str = '') -> Number:
    """Return the mean VPQ over all window lengths as a score to compare with; arguments as of :class:`Number`."""
    return Number('VPQ', 'vpq', ('VPQ',), paper, others, note)


def panoptic_test(stq: str, vpq: str, truth: str, *numbers: Number) -> Test:
    """Return the test of a video model.

    Args:
        stq: Evaluator of STQ, with the options that choose the data set.
        vpq: Evaluator of VPQ, likewise.
        truth: Template of the data root.
        *numbers: What to compare with.
    """
    scores: Tuple[Score, ...] = tuple(
        Score(
            name,
            f'tools/{tool} {{out}} {truth} --protocol {{protocol}} --nproc {{nproc}} '
            f'--json {{scores}}/{name}-{{protocol}}.json',
        )
        for name, tool in (('stq', stq), ('vpq', vpq))
    )
    return Test('video', 'test_step.py', scores, numbers)

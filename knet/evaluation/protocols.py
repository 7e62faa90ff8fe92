"""Names and differences of the metric protocols.

``official`` follows the evaluators of the benchmarks. ``paper-repo`` repeats
the arithmetic of the scripts published with the Video K-Net paper, so that
numbers made with them can be compared. Results always name their protocol.
"""
from typing import Dict, Tuple

from knet.labels import LabelSpace

OFFICIAL = 'official'
PAPER_REPO = 'paper-repo'
PROTOCOLS = (OFFICIAL, PAPER_REPO)

#: The published STQ script takes more classes for things than have instances.
_PAPER_REPO_STQ_THINGS: Dict[str, Tuple[int, ...]] = {'kitti_step': tuple(range(11, 19))}


def check_protocol(protocol: str) -> str:
    """Return ``protocol`` if it exists.

    Raises:
        ValueError: If it doesn't.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f'unknown protocol {protocol!r}; known: {", ".join(PROTOCOLS)}')
    return protocol


def stq_things(protocol: str, label_space: LabelSpace) -> Tuple[int, ...]:
    """Dataset ids of the classes whose tubes STQ compares."""
    if protocol == PAPER_REPO:
        return _PAPER_REPO_STQ_THINGS.get(label_space.name, label_space.thing_ids)
    return label_space.thing_ids

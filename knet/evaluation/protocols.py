"""Names and differences of the metric protocols.

``official`` follows the evaluators of the benchmarks. ``paper-repo`` repeats the arithmetic of the scripts published
with the Video K-Net paper, so that numbers made with them can be compared. Results always name their protocol.
"""

from typing import Dict, Tuple

from knet.labels import LabelSpace

OFFICIAL = 'official'
PAPER_REPO = 'paper-repo'
PROTOCOLS = (OFFICIAL, PAPER_REPO)

#: The published STQ script takes more classes for things than have instances.
_PAPER_REPO_STQ_THINGS: Dict[str, Tuple[int, ...]] = {'kitti_step': tuple(range(11, 19))}

#: Benchmarks whose VPQ ignores crowds, as COCO does; for the others they are ordinary segments.
_VPQ_CROWD_IGNORED = ('cityscapes_panoptic', 'vipseg')


def check_protocol(protocol: str) -> str:
    """Return ``protocol`` if it exists.

    Raises:
        ValueError: If it doesn't.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f'unknown protocol {protocol!r}; known: {", ".join(PROTOCOLS)}')
    return protocol


def stq_things(protocol: str, label_space: LabelSpace) -> Tuple[int, ...]:
    """Return the dataset ids of the classes whose tubes STQ compares."""
    if protocol == PAPER_REPO:
        return _PAPER_REPO_STQ_THINGS.get(label_space.name, label_space.thing_ids)
    return label_space.thing_ids


def vpq_ignores_crowd(protocol: str, label_space: LabelSpace) -> bool:
    """Return whether VPQ neither matches nor misses crowds (things with instance 0)."""
    return protocol == OFFICIAL and label_space.name in _VPQ_CROWD_IGNORED

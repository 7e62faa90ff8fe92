"""Options of ``test_cfg`` that control how the output of the last stage becomes a prediction."""

from dataclasses import dataclass, field, fields
from typing import Any, Mapping, Type, TypeVar, Union

from knet.labels import LabelSpace

Options = TypeVar('Options')

UNASSIGNED = ('class0', 'stuff', 'void')


def read_options(kind: Type[Options], cfg: Mapping[str, Any], place: str) -> Options:
    """Make a dataclass of options from a part of a config.

    Args:
        kind: The dataclass.
        cfg: Values by name; options that are left out keep their defaults.
        place: Name of that part of the config, for errors.

    Raises:
        ValueError: If the config has an option that the dataclass does not have.

    >>> read_options(SelectionOptions, dict(mask_thr=0.4), 'test_cfg.rcnn')
    SelectionOptions(max_per_img=100, mask_thr=0.4)
    """
    names = [option.name for option in fields(kind)]  # type: ignore[arg-type]  # any dataclass
    unknown = sorted(set(cfg) - set(names))
    if unknown:
        raise ValueError(f'{place} has no option {unknown[0]!r}; choose from {", ".join(names)}')
    return kind(**cfg)


@dataclass(frozen=True)
class SelectionOptions:
    """Options of the selection of instances or tracks, where masks may overlap.

    Attributes:
        max_per_img: Number of (query, class) pairs kept.
        mask_thr: A pixel belongs to a mask if its probability exceeds this threshold.
    """

    max_per_img: int = 100
    mask_thr: float = 0.5


@dataclass(frozen=True)
class JointMerge:
    """Thresholds of :func:`~knet.det.panoptic_fusion.merge_jointly`.

    Attributes:
        instance_score_thr: Things with a lower score are dropped.
        overlap_thr: Least share of its visible pixels that a mask must have won.
    """

    instance_score_thr: float = 0.3
    overlap_thr: float = 0.6


@dataclass(frozen=True)
class ThingFirstMerge:
    """Thresholds of :func:`~knet.det.panoptic_fusion.merge_thing_first`.

    Attributes:
        instance_score_thr: Things with a lower score are dropped.
        iou_thr: Largest share of a thing that may be taken already.
        stuff_max_area: Least number of free pixels of a stuff mask; the name is that of configs in circulation.
    """

    instance_score_thr: float = 0.3
    iou_thr: float = 0.5
    stuff_max_area: int = 4096


@dataclass(frozen=True)
class FusionOptions:
    """Options of the panoptic fusion, and of the ids that a video model paints.

    Attributes:
        max_per_img: Number of thing (query, class) pairs considered.
        merge: Thresholds of the merge, whose type selects the merge. In configs, ``merge_joint`` selects the merge and
            ``merge_stuff_thing`` holds the thresholds.
        unassigned: Class of the pixels of no segment: ``'class0'``, the stuff class with dataset id 0 (as in the
            original and its published numbers), ``'void'``, or ``'stuff'``, the best stuff class at the pixel.
        paper_id_order: Whether track ids are paired with things by position although duplicates were dropped in
            between, as in the original. Image models ignore it.
    """

    max_per_img: int = 100
    merge: Union[JointMerge, ThingFirstMerge] = field(default_factory=JointMerge)
    unassigned: str = 'void'
    paper_id_order: bool = False

    def __post_init__(self) -> None:
        if self.unassigned not in UNASSIGNED:
            raise ValueError(f'test_cfg.rcnn.unassigned={self.unassigned!r}; choose one of {list(UNASSIGNED)}')
        if self.max_per_img < 1:
            raise ValueError(f'test_cfg.rcnn.max_per_img={self.max_per_img!r}; at least one mask must be considered')

    def checked_for(self, label_space: LabelSpace) -> 'FusionOptions':
        """Return these options if a model of these classes can follow them.

        Raises:
            ValueError: If its classes cannot fill the pixels of no segment as asked; the message names the remedy.
        """
        impossible = {
            'class0': 0 not in label_space.stuff_ids and 'no stuff class with id 0',
            'stuff': not label_space.num_stuff and 'no stuff',
        }.get(self.unassigned)
        if impossible:
            remedy = "'void' or 'stuff'" if label_space.num_stuff else "'void'"
            raise ValueError(
                f'test_cfg.rcnn.unassigned={self.unassigned!r}, but label space {label_space.name!r} has {impossible}; '
                f'set it to {remedy}'
            )
        return self

    @classmethod
    def from_config(cls, cfg: Mapping[str, Any]) -> 'FusionOptions':
        """Read ``test_cfg.rcnn``.

        Raises:
            ValueError: If it has an unknown option or value.
        """
        options = dict(cfg)
        kind = JointMerge if options.pop('merge_joint', True) else ThingFirstMerge
        thresholds = options.pop('merge_stuff_thing', {})
        options['merge'] = read_options(kind, thresholds, f'test_cfg.rcnn.merge_stuff_thing ({kind.__name__})')
        return read_options(cls, options, 'test_cfg.rcnn')

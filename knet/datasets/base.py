"""What panoptic data sets of images and of videos have in common."""

import logging
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Type, Union

import numpy as np
from mmcv.utils import print_log
from mmdet.datasets.pipelines import Compose
from torch.utils.data import Dataset

from knet.evaluation.pairs import count_pairs
from knet.evaluation.pq import PanopticQuality
from knet.evaluation.semantic import MeanIoU
from knet.evaluation.tables import format_table
from knet.labels import AnyLabelSpace, get_label_space
from knet.layouts.base import FrameRecord, Layout
from knet.layouts.id_maps import split_id_map
from knet.layouts.label_checks import check_classes
from knet.structures import PanopticPrediction

#: Samples in a row that a pipeline may reject before training stops with an error.
MAX_REJECTED = 200


#: What the image metrics know of one frame, or of many merged.
ImageCounts = Tuple[PanopticQuality, MeanIoU]


class PanopticDataset(Dataset):
    """Frames with panoptic labels, one sample per frame.

    Subclasses name the :attr:`layout`, which finds the files and decodes the label files.

    Args:
        pipeline: Transforms of a sample, see :mod:`knet.datasets.pipelines`.
        data_root: Folder of the data set; ``~`` is expanded.
        split: Name of the part, e.g. ``'train'``.
        test_mode: Samples for inference: nothing random, nothing rejected.
        label_space: The classes of the label files, see :func:`knet.labels.get_label_space`; default: those of the
            layout.

    Attributes:
        layout: Layout of the data set on disk.
        records: The frames in order of video and frame.
        label_space: The classes.
        CLASSES: Class names in ascending dataset id.
        PALETTE: RGB colour of every class.
        flag: (len,) uint8 zeros; all frames form one batch group.

    Raises:
        FileNotFoundError: If the folder or a label file is missing.
        ValueError: If the split is empty, a file name is wrong, or the label files cannot hold the classes.
    """

    layout: Type[Layout]

    def __init__(
        self,
        pipeline: Sequence[Dict[str, Any]],
        data_root: str,
        split: str = 'train',
        test_mode: bool = False,
        label_space: Optional[AnyLabelSpace] = None,
    ) -> None:
        self.data_root = str(Path(data_root).expanduser())
        self.split = split
        self.test_mode = test_mode
        self.label_space = get_label_space(self.layout.label_space if label_space is None else label_space)
        self.CLASSES = self.label_space.names
        self.PALETTE = [list(info.colour) for info in self.label_space.classes]
        self._read_id_map = self.layout.decoder(self.label_space)
        self.records = self.scan()
        self._check_annotations()
        self.flag = np.zeros(len(self.records), dtype=np.uint8)
        self.pipeline = Compose(pipeline)

    def scan(self) -> List[FrameRecord]:
        """List the frames of the split in order of video and frame number."""
        return self.layout.list_frames(
            self.data_root, self.split, labelled=not self.is_unlabelled, every_frame=self.test_mode
        )

    @property
    def read_id_map(self) -> Callable[..., np.ndarray]:
        """Function from the paths of :attr:`FrameRecord.annotation` to an (H, W) int32 id map."""
        return self._read_id_map

    def _check_annotations(self) -> None:
        if self.is_unlabelled:
            return
        missing = [path for record in self.records for path in record.annotation if not Path(path).is_file()]
        if missing:
            raise FileNotFoundError(
                f'{self}: {len(missing)} label files are missing, the first is {missing[0]} (belongs to an image that '
                "exists). Complete the labels or remove the images; only the split 'test' may be without labels."
            )

    @property
    def is_unlabelled(self) -> bool:
        """True if the split has images only."""
        return self.test_mode and self.split == 'test'

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(data_root={self.data_root!r}, split={self.split!r})'

    def frame(self, index: int) -> Dict[str, Any]:
        """Return the input of the pipeline for one frame."""
        record = self.records[index]
        return dict(
            filename=record.image,
            ori_filename=Path(record.image).name,
            ann=record.annotation,
            ann_reader=self.read_id_map,
            label_space=self.label_space,
            video_id=record.video_id,
            frame_id=record.frame_id,
            is_first_frame=record.is_first,
        )

    def sample(self, index: int) -> Union[Dict[str, Any], List[Dict[str, Any]]]:
        """Return the input of the pipeline for a sample: a frame, or a list of frames."""
        return self.frame(index)

    def __getitem__(self, index: int) -> Dict[str, Any]:
        """Run the pipeline; a rejected training sample is replaced by a random other one.

        Raises:
            RuntimeError: If :data:`MAX_REJECTED` samples in a row are rejected.
        """
        for _ in range(MAX_REJECTED):
            data, rejecting = self._run_pipeline(self.sample(index))
            if data is not None:
                return data
            if self.test_mode:
                raise RuntimeError(
                    f'{self}: {rejecting} rejects {self.records[index].image}; a test pipeline must keep every frame.'
                )
            index = np.random.randint(len(self))
        raise RuntimeError(
            f'{self}: {MAX_REJECTED} samples in a row were rejected, the last one by {rejecting}. '
            'Relax the options of that transform, or check that the labels contain thing instances.'
        )

    def _run_pipeline(self, data: Any) -> Tuple[Any, Optional[str]]:
        """Return the output of the pipeline, or None and the transform that rejected the sample."""
        for transform in self.pipeline.transforms:
            data = transform(data)
            if data is None:
                return None, repr(transform)
        return data, None

    def video_indices(self) -> 'OrderedDict[int, List[int]]':
        """Return the dataset indices of every video in frame order, videos in ascending id."""
        videos: OrderedDict[int, List[int]] = OrderedDict()
        for index, record in enumerate(self.records):
            videos.setdefault(record.video_id, []).append(index)
        return videos

    def read_panoptic(self, index: int) -> Tuple[np.ndarray, np.ndarray]:
        """Return the ground truth of a frame: (H, W) uint8 dataset ids and int32 instance ids, 0 for stuff.

        Raises:
            ValueError: If the split has no labels or a class is unknown.
        """
        paths = self.records[index].annotation
        if self.is_unlabelled or not paths:
            raise ValueError(f'{self} has no labels to compare {self.records[index].image} with.')
        id_map = self.read_id_map(*paths)
        check_classes(id_map, self.label_space, paths[0])
        semantic, instance = split_id_map(id_map)
        # Cityscapes counts riders and trucks as well, which are stuff in STEP.
        return semantic, np.where(self.label_space.is_thing.take(semantic), instance, 0).astype(np.int32)

    def pre_eval(self, prediction: PanopticPrediction, index: int) -> ImageCounts:
        """Compare the prediction of one frame with its ground truth.

        Args:
            prediction: Maps at the original size.
            index: Dataset index of the frame.

        Returns:
            The input of :meth:`evaluate` for this frame.
        """
        semantic, instance = self.read_panoptic(index)
        record = self.records[index]
        pairs = count_pairs(
            semantic,
            instance,
            prediction.semantic,
            prediction.instance,
            self.label_space,
            names=(record.annotation[0], f'the prediction for {record.image}'),
        )
        counts = PanopticQuality(self.label_space), MeanIoU(self.label_space)
        for accumulator in counts:
            accumulator.update_pairs(pairs)
        return counts

    def check_metrics(self, metric: Union[str, Sequence[str]]) -> List[str]:
        """Return the names of metrics as a list.

        Raises:
            ValueError: If one is unknown.
        """
        metrics = [metric] if isinstance(metric, str) else list(metric)
        unknown = sorted(set(metrics) - {'PQ', 'mIoU'})
        if unknown:
            raise ValueError(f'unknown metrics {unknown} for single images; choose from PQ and mIoU')
        return metrics

    def evaluate(
        self,
        results: Sequence[ImageCounts],
        metric: Union[str, Sequence[str]] = ('PQ', 'mIoU'),
        logger: Optional[Union[logging.Logger, str]] = None,
    ) -> Dict[str, float]:
        """Score single images.

        Args:
            results: Outputs of :meth:`pre_eval`, one per frame.
            metric: ``'PQ'``, ``'mIoU'`` or both.
            logger: Logger of the table, see :func:`mmcv.utils.print_log`.

        Returns:
            ``PQ, PQ_th, PQ_st, SQ, RQ`` and ``mIoU`` as asked for, in 0..1; means over no class are left out.

        Raises:
            ValueError: If a metric is unknown or frames are missing.
        """
        metrics = self.check_metrics(metric)
        if len(results) != len(self):
            raise ValueError(f'{self}: {len(results)} results for {len(self)} frames')
        quality, iou = PanopticQuality(self.label_space), MeanIoU(self.label_space)
        for frame_quality, frame_iou in results:
            quality.merge(frame_quality)
            iou.merge(frame_iou)
        pq, miou = quality.compute(), iou.compute()
        rows: List[Tuple[Any, ...]] = [
            (c.name, c.pq, c.sq, c.rq, c.tp, c.fp, c.fn, miou.class_iou[i]) for i, c in pq.classes.items()
        ]
        rows.append(('mean', pq.pq, pq.sq, pq.rq, '', '', '', miou.miou))
        print_log('\n' + format_table(('class', 'PQ', 'SQ', 'RQ', 'TP', 'FP', 'FN', 'IoU'), rows), logger)
        scores = dict(PQ=pq.pq, PQ_th=pq.pq_th, PQ_st=pq.pq_st, SQ=pq.sq, RQ=pq.rq) if 'PQ' in metrics else {}
        if 'mIoU' in metrics:
            scores['mIoU'] = miou.miou
        return {name: value for name, value in scores.items() if value is not None}

"""Video instances in the format of COCO: clips for training, whole videos in chunks for testing."""

import logging
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from mmcv.utils import print_log
from mmdet.datasets.builder import DATASETS
from mmdet.datasets.pipelines import Compose
from torch.utils.data import Dataset

from knet.evaluation.metric import score
from knet.evaluation.vis_ap import VisAveragePrecision
from knet.labels import AnyLabelSpace, get_label_space
from knet.layouts.coco import match_categories, read_annotations
from knet.layouts.coco_video import Video, VideoFrame, index_videos
from knet.layouts.files import require_files
from knet.layouts.youtube_vis import VisGroundTruth
from knet.results.exports.youtube_vis import write_submission
from knet.results.track_store import TrackPredictions, track_records
from knet_vis.structures import VideoInstances

from .sampling import ClipSampler

Logger = Optional[Union[logging.Logger, str]]
#: Frames with a side below this size in pixels are not used as keys.
_MIN_FRAME_SIDE = 32


@DATASETS.register_module()
class CocoVideoDataset(Dataset):
    """Videos with instances, in the format that ``tools/dataset/youtubevis2coco.py`` writes.

    For training, there is one sample per key frame, and the pipeline gets the list of frames of a clip around it. For
    testing, there is one sample per video, and :meth:`load_frames` returns parts of it. Labels are thing labels of the
    label space; categories are matched by name.

    Args:
        ann_file: Path of the json file.
        pipeline: Configs of transforms of lists of frames, see :mod:`.pipelines`.
        label_space: Label space of things only, its name, file or plain data, see
            :func:`knet.labels.get_label_space`.
        data_root: Folder that relative paths start from; ``~`` is expanded.
        img_prefix: Folder of the frames.
        ref_img_sampler: Arguments of :class:`.sampling.ClipSampler`; None yields whole videos.
        filter_empty_gt: Whether only keys with an annotation are used.
        test_mode: Whether samples are whole videos without any randomness. A file without annotations is accepted then,
            but cannot be scored.

    Attributes:
        videos: The videos in ascending order of their ids.
        keys: (video, frame) positions of the training samples.
        flag: (len,) uint8, 1 for landscape, which groups batches.

    Raises:
        FileNotFoundError: If the json or frames are missing.
        ValueError: If the json contradicts itself or the label space, or if no sample is left.
    """

    #: Names that :meth:`evaluate` takes.
    METRICS: Tuple[str, ...] = ('segm',)

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[Dict[str, Any]],
        label_space: AnyLabelSpace,
        data_root: Optional[str] = None,
        img_prefix: str = '',
        ref_img_sampler: Optional[Dict[str, Any]] = None,
        filter_empty_gt: bool = True,
        test_mode: bool = False,
    ) -> None:
        root = Path(data_root or '').expanduser()
        self.ann_file, self.img_prefix = str(root / ann_file), str(root / img_prefix)
        self.label_space = get_label_space(label_space)
        self.CLASSES = self.label_space.names
        self.PALETTE = [list(info.colour) for info in self.label_space.classes]
        self.test_mode = test_mode
        self.sampler = None if test_mode or ref_img_sampler is None else ClipSampler(**ref_img_sampler)
        self.videos = self._read()
        self.keys = [
            (v, f)
            for v, video in enumerate(self.videos)
            for f, frame in enumerate(video.frames)
            if self._is_key(video, frame, filter_empty_gt)
        ]
        if not len(self):
            raise ValueError(
                f'{self.ann_file}: no video or key frame is left to use; the split is empty or has no '
                'instance (filter_empty_gt=False keeps frames without).'
            )
        names = [frame.file_name for video in self.videos for frame in video.frames]
        require_files(self.img_prefix, names, f'frames of {self.ann_file}')
        sizes = [self.videos[self._position(i)[0]].size for i in range(len(self))]
        self.flag = np.array([width > height for height, width in sizes], dtype=np.uint8)
        self.pipeline = Compose(pipeline)

    def _read(self) -> List[Video]:
        sections = ('videos', 'images', 'categories') + (() if self.test_mode else ('annotations',))
        data = read_annotations(self.ann_file, sections, ('annotations',))
        self.is_unlabelled = not data.get('annotations')
        data['annotations'] = data.get('annotations') or []
        # Position = thing label.
        space = self.label_space
        self.cat_ids = list(match_categories(data['categories'], space.things, self.ann_file, space.left_out).values())
        self.cat2label = {category: label for label, category in enumerate(self.cat_ids)}
        videos = index_videos(data, [category['id'] for category in data['categories']], self.ann_file)
        for video in videos if space.left_out else ():
            video.unseen = self._known(video.unseen)
            for frame in video.frames:
                frame.annotations = self._known(frame.annotations)
        return videos

    def _known(self, annotations: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """Return the annotations of the classes that the label space does not leave out."""
        return [ann for ann in annotations if ann['category_id'] in self.cat2label]

    @staticmethod
    def _is_key(video: Video, frame: VideoFrame, filter_empty_gt: bool) -> bool:
        return min(video.size) >= _MIN_FRAME_SIDE and bool(not filter_empty_gt or frame.annotations)

    def __len__(self) -> int:
        return len(self.videos if self.sampler is None else self.keys)

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(ann_file={self.ann_file!r})'

    def _position(self, index: int) -> Tuple[int, int]:
        """Return video and frame of a sample."""
        return (index, 0) if self.sampler is None else self.keys[index]

    def frame(self, video_index: int, position: int) -> Dict[str, Any]:
        """Return the input of the pipeline for one frame.

        Args:
            video_index: Position in :attr:`videos`.
            position: Position of the frame in its video.
        """
        video = self.videos[video_index]
        info = video.frames[position]
        return dict(
            filename=str(Path(self.img_prefix, info.file_name)),
            img_info=dict(filename=info.file_name, height=video.size[0], width=video.size[1]),
            img_prefix=self.img_prefix,
            ann_info=self._targets(info),
            bbox_fields=[],
            mask_fields=[],
            seg_fields=[],
            video_id=video.id,
            frame_id=position,
            is_first_frame=position == 0,
        )

    def _targets(self, frame: VideoFrame) -> Dict[str, Any]:
        """Return the arrays of the n objects of a frame that training uses, without crowds and tiny objects."""
        used = [
            ann
            for ann in frame.annotations
            if not ann.get('iscrowd') and not ann.get('ignore') and ann['area'] > 0 and min(ann['bbox'][2:]) >= 1
        ]
        boxes = np.array([ann['bbox'] for ann in used], dtype=np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return dict(
            bboxes=boxes,
            labels=np.array([self.cat2label[ann['category_id']] for ann in used], dtype=np.int64),
            instance_ids=np.array([ann['instance_id'] for ann in used], dtype=np.int64),
            masks=[ann['segmentation'] for ann in used],
        )

    def load_frames(self, video_index: int, positions: Sequence[int]) -> Dict[str, Any]:
        """Run the pipeline on chosen frames of a video.

        Args:
            video_index: Position in :attr:`videos`.
            positions: Positions of the frames, in order.

        Returns:
            The pipeline's output.
        """
        return self.pipeline([self.frame(video_index, position) for position in positions])

    def __getitem__(self, index: int) -> Dict[str, Any]:
        """Return a clip for training, or a whole video for testing."""
        video_index, key = self._position(index)
        length = len(self.videos[video_index].frames)
        positions = range(length) if self.sampler is None else self.sampler.draw(key, length)
        return self.load_frames(video_index, positions)

    def video_lengths(self) -> List[int]:
        """Return the number of frames of every video."""
        return [len(video.frames) for video in self.videos]

    def check_metrics(self, metric: Union[str, Sequence[str]]) -> List[str]:
        """Return the names of metrics as a list.

        Raises:
            ValueError: If a metric is unknown, or if there are no annotations.
        """
        metrics = [metric] if isinstance(metric, str) else list(metric)
        unknown = [name for name in metrics if name not in self.METRICS]
        if unknown:
            raise ValueError(
                f'unknown metric {unknown[0]!r} for {self.__class__.__name__}; known: {", ".join(self.METRICS)}'
            )
        if metrics and self.is_unlabelled:
            raise ValueError(
                f'{self.ann_file} has no annotations to compare with; use --format-only and submit the '
                'file to the server.'
            )
        return metrics

    def records(self, result: VideoInstances, index: int) -> List[Dict[str, Any]]:
        """Return the tracks of one video as items of ``results.json``.

        Args:
            result: Prediction of all frames.
            index: Position of the video.
        """
        return track_records(result.scores, result.labels, result.segmentations, self.videos[index].id, self.cat_ids)

    def ground_truth(self) -> VisGroundTruth:
        """Return the tracks of the annotations."""
        names = dict(zip(self.cat_ids, (info.name for info in self.label_space.things)))
        return VisGroundTruth.from_videos(self.videos, names, self.ann_file)

    def format_results(self, results: Sequence[List[Dict[str, Any]]], resfile_path: str) -> Tuple[str, str]:
        """Write the files that evaluation servers accept.

        Args:
            results: :meth:`records` of every video.
            resfile_path: Folder of the files.

        Returns:
            Paths of ``results.json`` and ``submission_file.zip``.
        """
        flat = [record for video in results for record in video]
        return write_submission(flat, self.ground_truth(), resfile_path)

    def evaluate(
        self, results: Sequence[List[Dict[str, Any]]], metric: Union[str, Sequence[str]] = 'segm', logger: Logger = None
    ) -> Dict[str, float]:
        """Score the tracks of all videos.

        Args:
            results: :meth:`records` of every video.
            metric: ``'segm'`` or a list of it.
            logger: Logger that prints the table, see :func:`mmcv.utils.print_log`.

        Returns:
            ``AP, AP50, ...`` in 0..1, see :class:`knet.evaluation.vis_ap.VisAveragePrecision`; scores without any track
            to average over are left out.
        """
        self.check_metrics(metric)
        if len(results) != len(self.videos):
            raise ValueError(f'{self}: {len(results)} results for {len(self.videos)} videos')
        truth = self.ground_truth()
        records = [record for video in results for record in video]
        result = score(VisAveragePrecision(truth.categories), TrackPredictions(records), truth)
        print_log('\n' + result.table(), logger)
        return {name: value for name, value in result.headline().items() if value is not None}

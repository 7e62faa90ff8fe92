"""COCO panoptic: instances and a map of stuff to learn from, panoptic PNGs to be compared with."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Sequence, Tuple, Union

import numpy as np
from mmcv.utils import print_log
from mmdet.datasets.builder import DATASETS

from knet.evaluation.pairs import count_pairs
from knet.evaluation.semantic import MeanIoU
from knet.evaluation.tables import format_table
from knet.labels import AnyLabelSpace
from knet.layouts.coco import (
    ids_to_rgb,
    match_categories,
    png_name,
    read_annotations,
    result_names,
    rgb_to_ids,
    stuff_values,
    thing_result,
)
from knet.layouts.files import require_files
from knet.layouts.id_maps import ID_SHIFT, split_id_map
from knet.layouts.segments import check_panoptic, read_segments
from knet.structures import PanopticPrediction
from knet.utils.io import decode_png, encode_png, read_png, write_bytes_atomic, write_json_atomic, write_png_atomic

from .coco import CocoInstanceDataset, Logger
from .panoptic_api import compare_panoptic, panoptic_scores

#: ``pan_results``: content of the PNG and its segments (dataset ids); ``ins_results``: the things as instances.
PanopticResult = Dict[str, Any]


@DATASETS.register_module()
class CocoPanopticDatasetCustom(CocoInstanceDataset):
    """Images with things, stuff and panoptic maps in COCO's form.

    Training takes the things from the instance json, where they may overlap, and the stuff from PNGs
    (:class:`.pipelines.LoadThingStuffAnnotations`). Testing compares with the panoptic json and its PNGs; training does
    not read that json.

    Args:
        ann_file: ``dict(ins_ann=..., panoptic_ann=...)``, two json files.
        pipeline: Transforms.
        seg_prefix: Folder of the stuff maps for training, of the panoptic PNGs for testing.
        label_space: The classes.
        filter_empty_gt: Leave out images without a thing.
        kwargs: See :class:`.coco.CocoInstanceDataset`.

    Raises:
        FileNotFoundError: If files are missing.
        ValueError: If files contradict each other or the label space.
    """

    METRICS = ('PQ', 'segm', 'mIoU')

    def __init__(
        self,
        ann_file: Dict[str, str],
        pipeline: Sequence[Dict[str, Any]],
        seg_prefix: str,
        label_space: AnyLabelSpace = 'coco_panoptic',
        filter_empty_gt: bool = False,
        **kwargs: Any,
    ) -> None:
        if not isinstance(ann_file, dict) or set(ann_file) != {'ins_ann', 'panoptic_ann'}:
            raise ValueError(
                f'ann_file of {self.__class__.__name__} is dict(ins_ann=..., panoptic_ann=...), got {ann_file}'
            )
        if any(step.get('type') == 'LoadAnnotations' and step.get('with_seg') for step in pipeline):
            raise ValueError(
                f'the pipeline of {self.__class__.__name__} loads stuff maps with LoadAnnotations, which '
                "leaves their numbering as it is; use dict(type='LoadThingStuffAnnotations')"
            )
        super().__init__(
            ann_file['ins_ann'],
            pipeline,
            seg_prefix=seg_prefix,
            label_space=label_space,
            filter_empty_gt=filter_empty_gt,
            **kwargs,
        )
        if self.test_mode:
            self._load_panoptic(str(Path(self.data_root or '', ann_file['panoptic_ann'])))
        else:
            require_files(
                self.seg_prefix, [self.stuff_map(info) for info in self.data_infos], f'stuff maps of {self.ann_file}'
            )

    # ------------------------------------------------------------ the files
    @staticmethod
    def stuff_map(info: Dict[str, Any]) -> str:
        """Return the name of the stuff map of an image."""
        return info.get('segm_file', png_name(info['filename']))

    @staticmethod
    def panoptic_id(info: Dict[str, Any]) -> Union[int, str]:
        """Return what the panoptic json calls an image."""
        return info['id']

    def stuff_map_table(self) -> np.ndarray:
        """Return the dataset id, void or -1 (impossible) of every value in the stuff maps, (256,) int16.

        The values are those of :func:`knet.layouts.coco.stuff_values`; things are void here.
        """
        table = np.full(256, -1, dtype=np.int16)
        for dataset_id, value in stuff_values(self.label_space).items():
            table[value] = dataset_id
        table[[0, 255]] = self.label_space.void
        return table

    def pre_pipeline(self, results: Dict[str, Any]) -> None:
        """Add the numbering of stuff maps to the keys that MMDetection puts into the sample."""
        super().pre_pipeline(results)
        results['stuff_map_table'] = self.stuff_map_table()

    def _parse_ann_info(self, img_info: Dict[str, Any], ann_info: List[Dict[str, Any]]) -> Dict[str, Any]:
        return dict(super()._parse_ann_info(img_info, ann_info), seg_map=self.stuff_map(img_info))

    def _load_panoptic(self, path: str) -> None:
        data = read_annotations(path, ('categories',) if self.is_unlabelled else ('categories', 'annotations'))
        #: Category id of the json by dataset id.
        space = self.label_space
        self.category_of = match_categories(data['categories'], space.classes, path, space.left_out)
        for info, category in zip(self.label_space.things, self.cat_ids):
            if self.category_of[info.dataset_id] != category:
                raise ValueError(
                    f'{path}: {info.name} is category {self.category_of[info.dataset_id]}, in '
                    f'{self.ann_file} it is {category}. Both files must come from the same release.'
                )
        kinds = {self.category_of[info.dataset_id]: int(info.is_thing) for info in self.label_space.classes}
        for category in data['categories']:
            category.setdefault('isthing', kinds.get(category['id'], 1))
        known = {category['id']: category for category in data['categories']}
        self.panoptic_categories = {i: known[i] for i in known if i in self.category_of.values()}
        self.panoptic_annotations: List[Dict[str, Any]] = []
        if not self.is_unlabelled:
            check_panoptic(data, path)
            self.panoptic_annotations = self._order_panoptic(data['annotations'], path)

    def _order_panoptic(self, annotations: List[Dict[str, Any]], path: str) -> List[Dict[str, Any]]:
        """Return the panoptic annotation of every image, in data set order."""
        by_image = {ann['image_id']: ann for ann in annotations}
        ordered = []
        for info in self.data_infos:
            ann = by_image.get(self.panoptic_id(info))
            if ann is None:
                raise ValueError(
                    f'{path}: no annotation for image {self.panoptic_id(info)!r}, which '
                    f'{self.ann_file} lists. Both files must come from the same release.'
                )
            ordered.append(ann)
        require_files(self.seg_prefix, [ann['file_name'] for ann in ordered], f'panoptic PNGs of {path}')
        return ordered

    def read_panoptic(self, index: int) -> Tuple[np.ndarray, np.ndarray]:
        """Return the ground truth of an image: (H, W) uint8 dataset ids and int32 instance ids.

        Instance ids are 0 for stuff, crowd and void. Test mode only.

        Raises:
            ValueError: If PNG and json differ.
        """
        ann = self.panoptic_annotations[index]
        dataset_id = {category: key for key, category in self.category_of.items()}
        codes = {}
        for number, segment in enumerate(ann['segments_info'], 1):
            category = dataset_id.get(segment['category_id'], self.label_space.void)
            is_counted = category in self.label_space.thing_ids and not segment['iscrowd']
            codes[segment['id']] = category << ID_SHIFT | (number if is_counted else 0)
        return split_id_map(read_segments(Path(self.seg_prefix, ann['file_name']), codes, self.label_space.void))

    # ------------------------------------------------------------ predictions
    def pre_eval(self, prediction: PanopticPrediction, index: int) -> PanopticResult:
        """Reduce the prediction of an image to a PNG and run lengths; see :data:`PanopticResult`."""
        self._check_size(prediction.panoptic.shape, index)
        segments = [dict(id=s.id, category_id=s.category, area=s.area) for s in prediction.segments]
        return dict(
            pan_results=(encode_png(ids_to_rgb(prediction.panoptic)), segments),
            ins_results=thing_result(prediction, self.label_space),
        )

    def results2json(self, results: Sequence[PanopticResult], outfile_prefix: str) -> Dict[str, str]:
        """Write the files for the COCO server, panoptic maps and instances.

        The files are ``<outfile_prefix>.panoptic.json`` with its PNGs in the folder ``<outfile_prefix>.panoptic``, and
        ``<outfile_prefix>.segm.json``.

        Args:
            results: Outputs of :meth:`pre_eval`.
            outfile_prefix: Path without the ending.

        Returns:
            Paths by kind of result.
        """
        files = super().results2json([result['ins_results'] for result in results], outfile_prefix)
        annotations = []
        names = result_names([info['filename'] for info in self.data_infos])
        for info, result, name in zip(self.data_infos, results, names):
            png, segments = result['pan_results']
            write_bytes_atomic(Path(f'{outfile_prefix}.panoptic', name), png)
            annotations.append(
                dict(
                    image_id=self.panoptic_id(info),
                    file_name=name,
                    segments_info=[dict(s, category_id=self.category_of[s['category_id']]) for s in segments],
                )
            )
        files['panoptic'] = f'{outfile_prefix}.panoptic.json'
        write_json_atomic(files['panoptic'], dict(annotations=annotations), indent=None)
        return files

    # ------------------------------------------------------------ scores
    def check_metrics(self, metric: Union[str, Sequence[str]]) -> List[str]:
        """Return the names of metrics as a list; ``'panoptic'`` is an old name of ``'PQ'``."""
        metrics = [metric] if isinstance(metric, str) else metric
        return super().check_metrics(['PQ' if name == 'panoptic' else name for name in metrics])

    def score(
        self, metric: str, results: Sequence[PanopticResult], files: Dict[str, str], logger: Logger
    ) -> Dict[str, float]:
        """Compute one of :attr:`METRICS`.

        ``'PQ'`` is the panoptic quality of panopticapi, ``'segm'`` the average precision of the things of the panoptic
        maps, ``'mIoU'`` the mean IoU of their classes, where pixels without a segment are misses.
        """
        if metric == 'PQ':
            return self._panoptic_quality(files['panoptic'], logger)
        return self._mean_iou(results, logger) if metric == 'mIoU' else super().score(metric, results, files, logger)

    def _panoptic_quality(self, path: str, logger: Logger) -> Dict[str, float]:
        predictions = read_annotations(path, ('annotations',))['annotations']
        with TemporaryDirectory() as folder:
            truth, truth_folder = self.panoptic_annotations, self.seg_prefix
            if self.label_space.left_out:
                truth, truth_folder = [self._without_left_out(ann, folder) for ann in truth], folder
            total = compare_panoptic(
                list(zip(truth, predictions)), truth_folder, str(Path(path).with_suffix('')), self.panoptic_categories
            )
        scores, table = panoptic_scores(total, self.panoptic_categories)
        print_log('\n' + table, logger)
        return scores

    def _without_left_out(self, annotation: Dict[str, Any], folder: str) -> Dict[str, Any]:
        """Write the PNG of an image with void where classes are left out, and return its annotation without them.

        Args:
            annotation: Panoptic annotation of the image.
            folder: Folder of the new PNG.
        """
        kept = [s for s in annotation['segments_info'] if s['category_id'] in self.panoptic_categories]
        ids = rgb_to_ids(read_png(Path(self.seg_prefix, annotation['file_name'])))
        write_png_atomic(
            Path(folder, annotation['file_name']), ids_to_rgb(np.where(np.isin(ids, [s['id'] for s in kept]), ids, 0))
        )
        return dict(annotation, segments_info=kept)

    def _mean_iou(self, results: Sequence[PanopticResult], logger: Logger) -> Dict[str, float]:
        iou = MeanIoU(self.label_space)
        for index, result in enumerate(results):
            png, segments = result['pan_results']
            name = f'the prediction for {self.data_infos[index]["filename"]}'
            classes = np.full(len(segments) + 1, self.label_space.void)
            classes[[s['id'] for s in segments]] = [s['category_id'] for s in segments]
            predicted = classes[rgb_to_ids(decode_png(png, name))]
            semantic = self.read_panoptic(index)[0]
            nothing = np.zeros_like(semantic)
            iou.update_pairs(
                count_pairs(
                    semantic,
                    nothing,
                    predicted,
                    nothing,
                    self.label_space,
                    names=(self.panoptic_annotations[index]['file_name'], name),
                )
            )
        scores = iou.compute()
        rows = [
            (info.name, scores.class_iou[info.dataset_id])
            for info in self.label_space.classes
            if scores.class_iou[info.dataset_id] is not None
        ]
        print_log('\n' + format_table(('class', 'IoU'), [*rows, ('mean', scores.miou)]), logger)
        return {} if scores.miou is None else dict(mIoU=scores.miou)

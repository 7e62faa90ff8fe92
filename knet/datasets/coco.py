"""COCO: instances, scored by average precision."""

import io
import logging
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import cv2
from mmdet.datasets.api_wrappers import COCO
from mmdet.datasets.builder import DATASETS
from mmdet.datasets.coco import CocoDataset

from knet.labels import AnyLabelSpace, get_label_space
from knet.layouts.coco import check_instances, instance_result, match_categories, read_annotations, visible_instances
from knet.layouts.files import require_files
from knet.utils.io import read_bytes, write_json_atomic
from knet.utils.limits import check_picture

Logger = Optional[Union[logging.Logger, str]]


@DATASETS.register_module()
class CocoInstanceDataset(CocoDataset):
    """Images with instances in COCO's form.

    MMDetection's data set, with the classes of a label space: labels are thing labels and categories are matched by
    name. Predictions are reduced to run lengths one by one (:meth:`pre_eval`).

    Args:
        ann_file: Instance json.
        pipeline: Transforms of MMDetection.
        label_space: The classes.
        data_root: Folder that relative paths start from; ``~`` is expanded.
        test_mode: Give samples for inference: nothing is random and no image is left out. A file without annotations
            suffices, but has no scores.
        kwargs: ``img_prefix``, ``filter_empty_gt``, see :class:`mmdet.datasets.CocoDataset`.

    Raises:
        FileNotFoundError: If the json or images are missing.
        ValueError: If the json contradicts itself or the label space.
    """

    #: Names that :meth:`evaluate` takes.
    METRICS: Tuple[str, ...] = ('segm',)

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[Dict[str, Any]],
        label_space: AnyLabelSpace = 'coco',
        data_root: Optional[str] = None,
        test_mode: bool = False,
        **kwargs: Any,
    ) -> None:
        self.label_space = get_label_space(label_space)
        self.is_unlabelled = False
        # The parent class would set test_mode only after it has read the file.
        self.test_mode = test_mode
        super().__init__(
            ann_file,
            pipeline,
            classes=self.label_space.names,
            data_root=str(Path(data_root).expanduser()) if data_root else None,
            test_mode=test_mode,
            **kwargs,
        )
        self.PALETTE = [list(info.colour) for info in self.label_space.classes]
        if len(self) == 0:
            raise ValueError(
                f'{self.ann_file}: no image is left to use; the split is empty or its images have no '
                'instance (filter_empty_gt=False keeps those).'
            )
        require_files(self.img_prefix, [info['filename'] for info in self.data_infos], f'images of {self.ann_file}')

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(ann_file={self.ann_file!r})'

    def load_annotations(self, ann_file: str) -> List[Dict[str, Any]]:
        """Read and check the instance json; return one dict per image."""
        sections = ('images', 'categories') if self.test_mode else ('images', 'categories', 'annotations')
        data = read_annotations(ann_file, sections, ('annotations',))
        self.is_unlabelled = data.get('annotations') is None
        data['annotations'] = data.get('annotations') or []
        # The position is the thing label.
        space = self.label_space
        self.cat_ids = list(match_categories(data['categories'], space.things, ann_file, space.left_out).values())
        self.cat2label = {category: label for label, category in enumerate(self.cat_ids)}
        check_instances(data, [category['id'] for category in data['categories']], ann_file)
        if space.left_out:
            data['annotations'] = [ann for ann in data['annotations'] if ann['category_id'] in self.cat2label]
        data['annotations'] = visible_instances(data, ann_file)
        _number_from_one(data['annotations'])
        self.coco = _index(data)
        self.img_ids = self.coco.get_img_ids()
        return [dict(self.coco.imgs[i], filename=self.coco.imgs[i]['file_name']) for i in self.img_ids]

    def prepare_test_img(self, idx: int) -> Dict[str, Any]:
        """Return a sample for inference; see :meth:`prepare_train_img`."""
        return self._name_damaged_image(super().prepare_test_img, idx)

    def prepare_train_img(self, idx: int) -> Optional[Dict[str, Any]]:
        """Return a sample for training, None if the pipeline rejects it.

        Raises:
            ValueError: If the image is damaged or its size is not that of its masks.
        """
        data = self._name_damaged_image(super().prepare_train_img, idx)
        if data is not None and 'img_metas' in data:
            self._check_size(data['img_metas'].data['ori_shape'][:2], idx, 'the image')
        return data

    def _name_damaged_image(self, prepare: Callable[[int], Any], index: int) -> Any:
        try:
            return prepare(index)
        except (AttributeError, cv2.error) as error:
            # MMDetection takes the shape of what the decoder returns, which is None for damaged files.
            path = str(Path(self.img_prefix, self.data_infos[index]['filename']))
            check_picture(read_bytes(path, 'image'), path)
            if cv2.imread(path) is not None:
                raise
            raise ValueError(f'{path}: truncated or damaged image. Unpack it again.') from error

    def pre_eval(self, prediction: Any, index: int) -> Any:
        """Reduce the prediction of an image to boxes and run lengths.

        Args:
            prediction: A :class:`~knet.structures.InstancePrediction` at the original size.
            index: Data set index of the image.

        Returns:
            The input of :meth:`evaluate` for this image, a :data:`~knet.layouts.coco.InstanceResult`.
        """
        self._check_size(prediction.masks.shape[1:], index)
        return instance_result(prediction, self.label_space)

    def _check_size(self, size: Sequence[int], index: int, what: str = 'the prediction') -> None:
        info = self.data_infos[index]
        if tuple(size) != (info['height'], info['width']):
            raise ValueError(
                f'{Path(self.img_prefix, info["filename"])}: {what} is {tuple(size)}, the entry in '
                f'{self.ann_file} {(info["height"], info["width"])} (height, width). Images and '
                'annotations must come from the same release.'
            )

    def check_metrics(self, metric: Union[str, Sequence[str]]) -> List[str]:
        """Return the names of metrics as a list.

        Raises:
            ValueError: If one is unknown, or if there are no annotations.
        """
        metrics = [metric] if isinstance(metric, str) else list(metric)
        unknown = [name for name in metrics if name not in self.METRICS]
        if unknown:
            raise ValueError(
                f'unknown metric {unknown[0]!r} for {self.__class__.__name__}; known: {", ".join(self.METRICS)}'
            )
        if metrics and self.is_unlabelled:
            raise ValueError(f'{self.ann_file} has no annotations to compare with; use --format-only.')
        return metrics

    def evaluate(
        self,
        results: Sequence[Any],
        metric: Union[str, Sequence[str], None] = None,
        logger: Logger = None,
        jsonfile_prefix: Optional[str] = None,
    ) -> Dict[str, float]:
        """Score the predictions of all images.

        Args:
            results: Outputs of :meth:`pre_eval`, one per image.
            metric: Some of :attr:`METRICS`; None = all.
            logger: Logger of the tables, see :func:`mmcv.utils.print_log`.
            jsonfile_prefix: Keep the result files under this name; see :meth:`results2json`.

        Returns:
            Scores in 0..1; means over nothing are left out.

        Raises:
            ValueError: If a metric is unknown, predictions are missing, or there is nothing to compare them with.
        """
        metrics = self.check_metrics(self.METRICS if metric is None else metric)
        if len(results) != len(self):
            raise ValueError(f'{self}: {len(results)} results for {len(self)} images')
        files, folder = self.format_results(list(results), jsonfile_prefix)
        try:
            scores: Dict[str, float] = {}
            for name in metrics:
                scores.update(self.score(name, results, files, logger))
        finally:
            if folder is not None:
                folder.cleanup()
        return scores

    def score(self, metric: str, results: Sequence[Any], files: Dict[str, str], logger: Logger) -> Dict[str, float]:
        """Compute one of :attr:`METRICS`; here COCO's average precision of masks.

        Args:
            metric: Name of the metric.
            results: Outputs of :meth:`pre_eval`.
            files: Paths of the files that :meth:`results2json` has written.
            logger: Logger of the tables.

        Returns:
            ``segm_mAP`` and its parts ``_50, _75, _s, _m, _l``.
        """
        found = self.evaluate_det_segm(results, files, self.coco, [metric], logger)
        if not found:
            # No instance at all is predicted.
            return {f'{metric}_mAP': 0.0}
        # -1 stands for "no ground truth of this size".
        return {name: value for name, value in found.items() if isinstance(value, float) and value >= 0}

    def results2json(self, results: Sequence[Any], outfile_prefix: str) -> Dict[str, str]:
        """Write the instances of all images as ``<outfile_prefix>.segm.json``.

        Args:
            results: Outputs of :meth:`pre_eval`.
            outfile_prefix: Path without the ending.

        Returns:
            Paths by metric.
        """
        path = f'{outfile_prefix}.segm.json'
        write_json_atomic(path, self._segm2json(results)[1], indent=None)
        return dict(segm=path)


def _number_from_one(annotations: List[Dict[str, Any]]) -> None:
    """Renumber annotations where COCO's evaluator cannot use an id: it takes 0 for "no match", and no texts."""
    if any(type(ann['id']) is not int or ann['id'] < 1 for ann in annotations):
        for number, ann in enumerate(annotations, 1):
            ann['id'] = number


def _index(data: Dict[str, Any]) -> COCO:
    """Return the annotations behind COCO's interface, without reading the file again."""
    coco = COCO()
    coco.dataset = data
    with redirect_stdout(io.StringIO()):
        coco.createIndex()
    coco.img_ann_map, coco.cat_img_map = coco.imgToAnns, coco.catToImgs
    return coco

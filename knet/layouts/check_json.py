"""Walk a whole data set whose labels stand in a json file in COCO's form, of images or of videos."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import LabelSpace
from knet.layouts.check import ClassCount, DataCheck, Finding, Progress, in_parallel, plain
from knet.layouts.coco import check_instances, match_categories, read_annotations
from knet.layouts.coco_video import index_videos
from knet.layouts.masks import read_mask
from knet.utils.io import PathLike, read_picture

Entry = Dict[str, Any]
#: Reads the class map of an image, (H, W) uint8 dataset ids or void, by its entry in the json; None if it has none.
Further = Callable[[Entry], Optional[np.ndarray]]


def check_annotations(
    ann_file: PathLike,
    image_root: PathLike,
    label_space: LabelSpace,
    labelled: bool = True,
    videos: bool = False,
    further: Optional[Further] = None,
    nproc: int = 1,
    progress: Progress = plain,
) -> DataCheck:
    """Read a json file, every mask in it and every image of it.

    Args:
        ann_file: Annotations in COCO's form.
        image_root: Folder that the names of the images are relative to.
        label_space: The classes.
        labelled: Whether the file must have annotations.
        videos: Whether the images are frames of videos, see :mod:`knet.layouts.coco_video`.
        further: Function that reads a class map, whose stuff is counted, and raises an error for what is wrong with it.
        nproc: Number of images that are read at a time.
        progress: Wrapper of the findings, for a progress bar.
    """
    result, document = DataCheck(label_space), Finding()
    sections = ('images', 'categories', *(('videos',) if videos else ()), *(('annotations',) if labelled else ()))
    data = document.attempt(lambda: read_annotations(ann_file, sections))
    if data is None:
        result.problems += document.problems
        return result
    data['annotations'] = data.get('annotations') or []
    things, left_out = label_space.things, label_space.left_out
    categories = document.attempt(lambda: match_categories(data['categories'], things, ann_file, left_out)) or {}
    if categories:
        known = [category['id'] for category in data['categories']]
        checker = index_videos if videos else check_instances
        document.attempt(lambda: _complain(lambda: checker(data, known, ann_file), ann_file, 'an entry'))
    result.problems += document.problems
    dataset_ids = {category: key for key, category in categories.items()}
    walk = _Walk(ann_file, image_root, data, dataset_ids, label_space.stuff_ids, further)
    for finding in in_parallel(walk.check, data['images'], nproc, progress):
        result.add(finding)
    result.images, result.videos = len(data['images']), len(data['videos']) if videos else 0
    return result.finish()


def _complain(action: Callable[[], Any], path: PathLike, what: str) -> Any:
    """Return the value of an action; an entry of another form than COCO's is one clear error."""
    try:
        return action()
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f'{path}: {what} is not as in COCO ({error!r}); write the file again') from error


class _Walk:
    """The images of a file with their annotations."""

    def __init__(
        self,
        ann_file: PathLike,
        image_root: PathLike,
        data: Dict[str, Any],
        dataset_ids: Dict[Any, int],
        stuff: Sequence[int],
        further: Optional[Further],
    ) -> None:
        self.ann_file, self.image_root = ann_file, Path(image_root)
        self.dataset_ids, self.stuff, self.further = dataset_ids, stuff, further
        self.annotations: Dict[Any, List[Entry]] = {}
        for ann in data['annotations']:
            self.annotations.setdefault(ann.get('image_id') if isinstance(ann, dict) else None, []).append(ann)

    def check(self, image: Entry) -> Finding:
        """Read an image and its masks."""
        finding = Finding()
        what = f'image {image.get("id")!r}' if isinstance(image, dict) else 'an image'
        finding.attempt(lambda: _complain(lambda: self._check(image, finding), self.ann_file, what))
        return finding

    def _check(self, image: Entry, finding: Finding) -> None:
        size = image['height'], image['width']
        path = self.image_root / image['file_name']
        finding.size = finding.attempt(lambda: read_picture(path).shape[:2])
        if finding.size is not None and finding.size != size:
            finding.problems.append(
                f'{path}: the image is {finding.size}, the entry in {self.ann_file} {size} (height, width). Images and '
                'annotations must come from the same release.'
            )
        if self.further is not None and finding.size is not None:
            classes = finding.attempt(lambda: self.further(image))  # type: ignore[misc]
            for dataset_id, pixels in zip(*np.unique(classes, return_counts=True)) if classes is not None else ():
                if dataset_id in self.stuff:
                    finding.counts[int(dataset_id)] = ClassCount(images=1, pixels=int(pixels))
        for ann in self.annotations.get(image['id'], []):
            what = f'annotation {ann.get("id")!r}' if isinstance(ann, dict) else 'an annotation'
            area = finding.attempt(lambda: _complain(lambda: self._area(ann, size), self.ann_file, what))  # noqa: B023
            dataset_id = self.dataset_ids.get(ann['category_id']) if area else None
            if area and dataset_id is not None:
                count = finding.counts.setdefault(dataset_id, ClassCount(images=1))
                count.pixels += area
                if ann.get('iscrowd'):
                    count.crowds += 1
                else:
                    count.objects.add((image.get('video_id'), ann.get('instance_id', ann['id'])))

    def _area(self, ann: Entry, size: Any) -> int:
        """Return the number of pixels of a mask; 0 where the object is not visible."""
        code = read_mask(ann['segmentation'], size, f'{self.ann_file}: the mask of annotation {ann["id"]}')
        return 0 if code is None else int(mask_api.area(code))

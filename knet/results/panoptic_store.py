"""The prediction store: panoptic maps of videos as PNG files.

Layout of a result folder::

    RESULT/manifest.json                            what made it, which videos are complete
    RESULT/panoptic/<video>/SSSSSS_FFFFFF_cat.png   uint16, dataset class ids
    RESULT/panoptic/<video>/SSSSSS_FFFFFF_ins.png   uint16, track ids, 0 = none
    RESULT/depth/<video>/SSSSSS_FFFFFF.png          of models that estimate it: uint16, metres * 256
    RESULT/final/SSSS/FFFFFF.png                    on request: KITTI-STEP submission, RGB = class, id // 256, id % 256

Ground truth is read by :mod:`knet.layouts`.
"""

import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

import numpy as np

from knet.labels import LabelSpace
from knet.layouts.base import StoredVideos, stamp_files
from knet.layouts.images import read_depth, read_gray
from knet.layouts.kitti_step import encode_rgb_panoptic
from knet.results.exports.kitti_step import final_file
from knet.results.run_folder import RunFolder, check_names, read_label_space, read_names
from knet.utils.io import PathLike, write_png_atomic

_FRAME_NAME = re.compile(r'(\d+)_(\d+)_(cat|ins)\.png')
_FINAL_NAME = re.compile(r'\d+\.png')
MANIFEST = 'manifest.json'
_MAX_CLASS = 255
_MAX_INSTANCE = 65535


class PredictionWriter:
    """Writes predictions so that a stopped run can continue.

    A video counts as complete once :meth:`finish_video` was called; videos that were interrupted are written again from
    their first frame. Several processes may write different videos into the same folder.

    Args:
        out_dir: Result folder, created if missing.
        meta: Values that determine the predictions (config, checkpoint hash, ...); must be JSON. Resuming with another
            one is an error.
        resume: Keep the videos that are complete. False starts over: what an earlier run left is removed at once, so
            that a score can never mix two runs. Of several processes only one may do that, before the others write.
        final: Also write the KITTI-STEP submission files.
        names: Names of the videos in the data set by number, for the manifest. Resuming with a list in which a number
            is another video is an error.
        label_space: Classes of the predictions, for the manifest.

    Raises:
        ValueError: If ``out_dir`` holds predictions made with another ``meta`` or of other videos under the same
            numbers (only with ``resume``), or its manifest is damaged.
        OSError: If the folder cannot be written.
    """

    def __init__(
        self,
        out_dir: PathLike,
        meta: Dict[str, Any],
        resume: bool = True,
        final: bool = False,
        names: Optional[Dict[int, str]] = None,
        label_space: Optional[LabelSpace] = None,
    ) -> None:
        self.out_dir = Path(out_dir)
        self.final = final
        self._names = dict(names or {})
        self._run = RunFolder(out_dir, MANIFEST, '.done', meta, label_space)
        self._started: Set[int] = set()
        if resume:
            self._run.check()
            before = read_names(self._run.manifest)
            check_names(self.out_dir, before, self._names)
            # Videos that the list has lost since may still lie in the folder.
            self._names = {**before, **self._names}
        else:
            self._forget_earlier_run()
        self._write_manifest()

    def _forget_earlier_run(self) -> None:
        """Remove all that a writer writes, and nothing else that may lie in the folder."""
        self._run.clear()
        for pattern, name in (('panoptic/*/*.png', _FRAME_NAME), ('final/*/*.png', _FINAL_NAME)):
            for path in self.out_dir.glob(pattern):
                if path.parent.name.isdigit() and name.fullmatch(path.name):
                    path.unlink()

    def write(self, video_id: int, frame_id: int, semantic: np.ndarray, instance: np.ndarray) -> None:
        """Write one frame.

        Args:
            video_id: Video number, >= 0.
            frame_id: Frame number, >= 0.
            semantic: (H, W) integers, dataset class ids 0..255 (255 = nothing).
            instance: (H, W) integers, track ids 0..65535; 0 = none.

        Raises:
            ValueError: If the maps differ in size or hold values that don't fit into the files.
        """
        name = f'{video_id:06d}_{frame_id:06d}'
        if semantic.shape != instance.shape or semantic.ndim != 2:
            raise ValueError(
                f'prediction {name}: semantic {semantic.shape} and instance {instance.shape} must be one (H, W)'
            )
        for what, array, highest in (('class', semantic, _MAX_CLASS), ('track id', instance, _MAX_INSTANCE)):
            if array.size and (array.min() < 0 or array.max() > highest):
                raise ValueError(
                    f'prediction {name}: {what}s must lie in 0..{highest}, found {array.min()}..{array.max()}'
                )
        if video_id not in self._started:
            self._start_video(video_id)
        folder = self.out_dir / 'panoptic' / str(video_id)
        semantic, instance = semantic.astype(np.uint16), instance.astype(np.uint16)
        write_png_atomic(folder / f'{name}_cat.png', semantic)
        write_png_atomic(folder / f'{name}_ins.png', instance)
        if self.final:
            write_png_atomic(final_file(self.out_dir, video_id, frame_id), encode_rgb_panoptic(semantic, instance))

    def _final_folder(self, video_id: int) -> Path:
        return final_file(self.out_dir, video_id, 0).parent

    def _start_video(self, video_id: int) -> None:
        """Remove the record of the video that an earlier run has written."""
        self._started.add(video_id)
        self._run.forget(video_id)
        for folder in (self.out_dir / 'panoptic' / str(video_id), self._final_folder(video_id)):
            for leftover in folder.glob('*.png'):
                leftover.unlink()

    def finish_video(self, video_id: int, num_frames: int) -> None:
        """Record that all ``num_frames`` frames of the video are written."""
        self._run.finish(video_id, num_frames)

    def is_complete(self, video_id: int, num_frames: int) -> bool:
        """Return whether the video needs no further work.

        Args:
            video_id: Video number.
            num_frames: Number of frames the video has now.

        Returns:
            True if the video was finished with as many frames, by this run or a resumed one, and its files are still
            there.
        """
        if not self._run.is_finished(video_id, num_frames):
            return False
        if self.final and len(list(self._final_folder(video_id).glob('*.png'))) != num_frames:
            return False
        frames = _list_frames(self.out_dir / 'panoptic' / str(video_id), video_id)
        return len(frames) == num_frames and all(pair[0] and pair[1] for pair in frames.values())

    def _write_manifest(self) -> None:
        names = dict(names={str(video): self._names[video] for video in sorted(self._names)}) if self._names else {}
        self._run.write_manifest(videos=self._run.finished(), **names)

    def close(self) -> None:
        """Collect the finished videos of all processes in the manifest."""
        # Another process may finish a video while we write: the last one to write must have seen everything.
        seen = None
        while seen != self._run.finished():
            seen = self._run.finished()
            self._write_manifest()

    def __enter__(self) -> 'PredictionWriter':
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


class PredictionReader(StoredVideos):
    """Reads the predictions of a result folder, written by us or by others.

    Args:
        result_dir: Folder that holds ``panoptic/<video>/``.

    Raises:
        FileNotFoundError: If there are no predictions.
    """

    def __init__(self, result_dir: PathLike) -> None:
        super().__init__(Path(result_dir) / 'panoptic', {})
        if not self.root.is_dir():
            raise FileNotFoundError(
                f'{self.root}: no such folder; give the folder that tools/test_step.py wrote '
                '(it holds panoptic/<video>/SSSSSS_FFFFFF_{cat,ins}.png)'
            )
        folders = sorted(p for p in self.root.iterdir() if p.is_dir() and p.name.isdigit())
        for folder in folders:
            video = int(folder.name)
            if video in self._videos:
                raise ValueError(f'{self.root}: two folders are video {video}, one of them {folder.name!r}; remove one')
            self._videos[video] = self._complete_pairs(folder, video)
        if not any(self._videos.values()):
            raise FileNotFoundError(f'{self.root}: no <video>/SSSSSS_FFFFFF_cat.png in it')

    def label_space(self) -> Optional[LabelSpace]:
        """Return the classes that the manifest stores; None for folders of other programs and of older runs.

        Raises:
            ValueError: If the manifest is damaged.
        """
        return read_label_space(self.root.parent / MANIFEST)

    def stored_names(self) -> Dict[int, str]:
        """Return the names of videos that the manifest stores, by number; empty for folders of other programs.

        Raises:
            ValueError: If the manifest is damaged.
        """
        return read_names(self.root.parent / MANIFEST)

    @staticmethod
    def _complete_pairs(folder: Path, video: int) -> Dict[int, Sequence[Path]]:
        pairs: Dict[int, Sequence[Path]] = {}
        for frame, (semantic, instance) in _list_frames(folder, video).items():
            if semantic is None or instance is None:
                raise FileNotFoundError(
                    f'{semantic or instance}: its {"ins" if semantic else "cat"} partner is '
                    f'missing; predict video {video}, frame {frame} again'
                )
            pairs[frame] = (semantic, instance)
        return pairs

    def read(self, video_id: int, frame_id: int) -> Tuple[np.ndarray, np.ndarray]:
        """Read one frame.

        Returns:
            semantic (H, W) uint8 class ids and instance (H, W) int32 track ids.

        Raises:
            ValueError: If a file is damaged or isn't a gray label map.
        """
        semantic_file, instance_file = self._videos[video_id][frame_id]
        semantic, instance = (read_gray(path) for path in (semantic_file, instance_file))
        if semantic.shape != instance.shape:
            raise ValueError(
                f'{semantic_file} is {semantic.shape[1]}x{semantic.shape[0]}, but '
                f'{instance_file.name} is {instance.shape[1]}x{instance.shape[0]}'
            )
        if semantic.size and semantic.max() > _MAX_CLASS:
            raise ValueError(f'{semantic_file}: class {semantic.max()} found, classes lie in 0..{_MAX_CLASS}')
        return semantic.astype(np.uint8), instance.astype(np.int32)

    def stamp(self, video_id: int) -> str:
        """Return a text that changes when a label map or depth map of the video does."""
        depth = (self.root.parent / 'depth' / str(video_id)).glob('*.png')
        return f'{super().stamp(video_id)} {stamp_files(depth)}'

    def read_depth(self, video_id: int, frame_id: int) -> np.ndarray:
        """Read the depth of a frame: (H, W) float32 metres, 0 = none.

        Raises:
            FileNotFoundError: If it isn't stored.
            ValueError: If the file is damaged or not 16-bit gray.
        """
        path = self.root.parent / 'depth' / str(video_id) / f'{video_id:06d}_{frame_id:06d}.png'
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no predicted depth of this frame; score without depth, or predict it')
        return read_depth(path)


def _list_frames(folder: Path, video: int) -> Dict[int, List[Optional[Path]]]:
    """Return class and instance files by frame number; None for a missing partner."""
    frames: Dict[int, List[Optional[Path]]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _FRAME_NAME.fullmatch(path.name)
        if not match:
            continue
        if int(match.group(1)) != video:
            raise ValueError(f'{path}: the name says video {int(match.group(1))}, the folder {video}; rename it')
        frames.setdefault(int(match.group(2)), [None, None])[match.group(3) == 'ins'] = path
    return frames

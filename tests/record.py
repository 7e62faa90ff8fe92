"""Record what a revision computes, and compare two records: the proof that a refactoring changed no result.

    git worktree add ../before REVISION
    python tests/record.py make --repo ../before --out records/before
    python tests/record.py make --repo . --out records/now --checkpoints records/before/work_dirs
    python tests/record.py compare records/before records/now

A record holds toy data in every layout, the weights after 30 training iterations of each kind of model (image, pair,
clip, semantic), the predictions of every toy task with a fixed checkpoint, and the scores of all evaluators. Only
command lines are called, so that any two revisions with the same commands can be compared. Predictions use the
checkpoints of the first record. Everything runs on one thread of the CPU; a record takes some ten minutes.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

REPO = Path(__file__).resolve().parents[1]
SMALL = '--train 4 --val 2 --frames 8'
#: Layouts of toy data and how they are made.
DATA = {
    'kitti-step': f'{SMALL} --crowd 1',
    'cityscapes-step': '--train 8 --val 4',
    'cityscapes-panoptic': SMALL,
    'coco': SMALL,
    'vipseg': SMALL,
    'cityscapes-vps': '--train 2 --val 1 --frames 30',
    'semantic-kitti': SMALL,
    'vspw': '--train 4 --val 2 --frames 20 --height 64 --width 208',
    'youtube-vis': f'{SMALL} --height 128 --width 224 --zoom 1.8 --rate 2 --void 0',
}
CONVERTERS = [
    'tools/dataset/cityscapes_instance_idmap.py data/toy/cityscapes-panoptic',
    'tools/dataset/cityscapes_panoptic.py --src data/toy/cityscapes-panoptic',
    'tools/dataset/coco_panoptic_stuff.py --src data/toy/coco',
    'tools/dataset/cityscapes_vps_prepare.py --src data/toy/cityscapes-vps --dst data/toy/cityscapes-vps',
    'tools/dataset/youtubevis2coco.py -i data/toy/youtube-vis -o data/toy/youtube-vis/annotations',
]
#: Models whose training is recorded, one of each kind.
TRAINED = ('knet_toy_cityscapes_step', 'video_knet_toy_kitti_step', 'knet_track_toy_youtubevis', 'video_knet_toy_vspw')
_THINGS = (
    '--cfg-options model.test_cfg.rcnn.merge_stuff_thing.instance_score_thr=0.05 model.tracker.init_score_thr=0.05'
)
VIS_TRUTH = 'data/toy/youtube-vis/annotations/youtube_vis_2019_valid.json'
#: Task, and how it is tested; {c} is the config, {k} the checkpoint, {o} the output folder, {v} the truth of VIS.
TESTED = {
    'knet_toy_cityscapes_step': ['tools/test.py {c} {k} --out {o}/maps --eval PQ mIoU --json {o}/scores.json'],
    'knet_toy_cityscapes_panoptic': ['tools/test.py {c} {k} --out {o}/maps --eval PQ segm mIoU --json {o}/scores.json'],
    'knet_toy_coco_panoptic': ['tools/test.py {c} {k} --out {o}/maps --eval PQ mIoU --json {o}/scores.json'],
    'knet_toy_coco_instance': [
        'tools/test.py {c} {k} --eval segm --json {o}/scores.json',
        'tools/test.py {c} {k} --format-only --eval-options jsonfile_prefix={o}/results',
    ],
    'video_knet_toy_kitti_step': [
        f'tools/test_step.py {{c}} {{k}} --out-dir {{o}} --final --show-dir {{o}} --eval stq vpq {_THINGS}',
        'tools/eval_dstq_step.py {o} data/toy/kitti-step --json {o}/official_stq.json',
        'tools/eval_dstq_step.py {o} data/toy/kitti-step --protocol paper-repo --json {o}/paper_stq.json',
        'tools/eval_dvpq_step.py {o} data/toy/kitti-step -k 1 2 3 4 --nproc 2 --json {o}/official_vpq.json',
        'tools/eval_dvpq_step.py {o} data/toy/kitti-step --protocol paper-repo --json {o}/paper_vpq.json',
        'tools/visualize.py {o} data/toy/kitti-step --out {o}/pictures --gif',
    ],
    'video_knet_toy_vipseg': [
        f'tools/test_step.py {{c}} {{k}} --out-dir {{o}} --eval stq vpq {_THINGS}',
        'tools/eval_dstq_vipseg.py {o} data/toy/vipseg --json {o}/official_stq.json',
        'tools/eval_dvpq_vipseg.py {o} data/toy/vipseg --json {o}/official_vpq.json',
    ],
    'video_knet_toy_cityscapes_vps': [
        f'tools/test_step.py {{c}} {{k}} --out-dir {{o}} --eval stq vpq {_THINGS}',
        'tools/eval_dvpq_step.py {o} data/toy/cityscapes-vps --data-set cityscapes-vps --json {o}/official_vpq.json',
        'tools/cityscapes_vps_format.py {o} data/toy/cityscapes-vps {o}/server',
    ],
    'video_knet_toy_vspw': [
        'tools/test_step.py {c} {k} --out-dir {o} --show-dir {o} --eval miou vc',
        'tools/eval_vspw.py {o} data/toy/vspw --json {o}/vss.json',
    ],
    'knet_track_toy_youtubevis': [
        'tools_vis/test_whole_video.py {c} {k} --out-dir {o} --eval segm --json {o}/scores.json',
        'tools_vis/test_whole_video.py {c} {k} --out-dir {o} --format-only',
        'tools_vis/eval_vis.py {o}/results.json {v} --json {o}/ap.json',
    ],
}
#: Files that name a run or a time instead of a result.
BOOKKEEPING = {'manifest.json', 'videos.json', '.world.json', 'toy.json'}


class Recorder:
    """Run the commands of a revision in a folder of its own.

    Args:
        repo: Checkout of the revision.
        out: Folder of the record; data, checkpoints and predictions lie in it.
    """

    def __init__(self, repo: Path, out: Path) -> None:
        self.repo, self.out = repo.resolve(), out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.env = {**os.environ, 'PYTHONPATH': str(self.repo), 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}

    def run(self, command: str) -> None:
        """Run ``TOOL ARGUMENTS`` of the revision; its output goes to ``log.txt``.

        Raises:
            RuntimeError: If the command fails.
        """
        tool, *arguments = command.split()
        print(f'  {command}', flush=True)
        with open(self.out / 'log.txt', 'a', encoding='utf-8') as log:
            log.write(f'\n$ {command}\n')
            log.flush()
            done = subprocess.run(
                [sys.executable, str(self.repo / tool), *arguments],
                cwd=self.out,
                env=self.env,
                stdout=log,
                stderr=log,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f'{command}: exit code {done.returncode}; see {self.out / "log.txt"}')

    def config(self, name: str) -> str:
        """Path of a toy config."""
        return str(self.repo / 'configs' / 'toy' / f'{name}.py')

    def train(self, name: str, folder: str, iterations: int) -> None:
        """Train a config for a number of iterations with seed 0."""
        self.run(
            f'tools/train.py {self.config(name)} --work-dir {folder} --seed 0 --no-validate --cfg-options '
            f'runner._delete_=True runner.type=IterBasedRunner runner.max_iters={iterations} '
            f'checkpoint_config.by_epoch=False checkpoint_config.interval={iterations} data.workers_per_gpu=0'
        )

    def make(self, checkpoints: Optional[Path]) -> None:
        """Make the record; without ``checkpoints`` it trains those that predictions are made with."""
        for layout, options in DATA.items():
            self.run(f'tools/dataset/make_toy_videos.py --layout {layout} --out data/toy/{layout} {options}')
        for command in CONVERTERS:
            self.run(command)
        for name in TRAINED:
            self.train(name, f'trained/{name}', 30)
        for name in () if checkpoints else TESTED:
            self.train(name, f'work_dirs/{name}', 60)
        known = checkpoints.resolve() if checkpoints else self.out / 'work_dirs'
        for name, commands in TESTED.items():
            for command in commands:
                checkpoint = known / name / 'latest.pth'
                self.run(command.format(c=self.config(name), k=checkpoint, o=f'out/{name}', v=VIS_TRUTH))
        self.write()

    def write(self) -> None:
        """Write ``record.json``: a hash per file, and per tensor of the trained weights."""
        files = {}
        for folder in ('data', 'out'):
            for path in sorted((self.out / folder).rglob('*')):
                if path.is_file() and path.name not in BOOKKEEPING and '.done' not in path.parts:
                    files[path.relative_to(self.out).as_posix()] = hash_file(path)
        weights = {name: hash_weights(self.out / 'trained' / name / 'iter_30.pth') for name in TRAINED}
        text = json.dumps(dict(files=files, weights=weights), indent=1)
        (self.out / 'record.json').write_text(text, encoding='utf-8')
        print(f'{len(files)} files and {sum(map(len, weights.values()))} tensors in {self.out / "record.json"}')


def hash_file(path: Path) -> str:
    """Hash of the content; archives by their entries, because they store the time as well."""
    if path.suffix == '.zip':
        import zipfile

        with zipfile.ZipFile(path) as archive:
            return ' '.join(hashlib.sha256(archive.read(name)).hexdigest()[:16] for name in sorted(archive.namelist()))
    content = path.read_bytes()
    if path.parent.name == 'videos' and path.suffix == '.json':
        # Stored tracks name the run that made them, with a hash of the text of its config.
        content = json.dumps(json.loads(content)['tracks']).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def hash_weights(path: Path) -> Dict[str, str]:
    """Hash of every tensor of a checkpoint by key."""
    import torch

    state = torch.load(str(path), map_location='cpu', weights_only=False)['state_dict']
    return {key: hashlib.sha256(value.numpy().tobytes()).hexdigest()[:16] for key, value in state.items()}


def differences(first: Dict[str, Any], second: Dict[str, Any]) -> List[str]:
    """Lines that say what differs between two tables of hashes, or is on one side only."""
    lines = [f'only in the first record: {key}' for key in sorted(set(first) - set(second))]
    lines += [f'only in the second record: {key}' for key in sorted(set(second) - set(first))]
    return lines + [f'differs: {key}' for key in sorted(set(first) & set(second)) if first[key] != second[key]]


def compare(first: Path, second: Path) -> int:
    """Print the differences of two records; return the exit code."""
    before, after = (json.loads((path / 'record.json').read_text(encoding='utf-8')) for path in (first, second))
    lines = differences(before['files'], after['files'])
    for name in TRAINED:
        lines += [
            f'{line} (weights of {name})' for line in differences(before['weights'][name], after['weights'][name])
        ]
    print(
        '\n'.join(lines)
        or f'equal: {len(before["files"])} files, '
        f'{sum(map(len, before["weights"].values()))} tensors of {len(TRAINED)} trainings'
    )
    return int(bool(lines))


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    make = commands.add_parser('make', help='record a revision')
    make.add_argument('--repo', type=Path, default=REPO, help='checkout of the revision')
    make.add_argument('--out', type=Path, required=True, help='folder of the record')
    make.add_argument('--checkpoints', type=Path, help='work_dirs of another record, for its weights')
    both = commands.add_parser('compare', help='compare two records')
    both.add_argument('first', type=Path)
    both.add_argument('second', type=Path)
    args = parser.parse_args()
    if args.command == 'compare':
        return compare(args.first, args.second)
    Recorder(args.repo, args.out).make(args.checkpoints)
    return 0


if __name__ == '__main__':
    sys.exit(main())

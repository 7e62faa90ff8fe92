"""What the link brings on toy streets: K-Net with and without it, from scratch, by seed.

    python tools/experiments/vss_toy.py [--seeds 0 1 2] [--work-dir work_dirs/vss_toy]

Both models see the same pairs of frames in the same order for the same number of iterations. One run after another;
what a stopped experiment has finished is kept. Writes results/vss_toy.csv and prints the table of docs/vss.md.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Dict, List

os.environ['KNET_NO_PLUGIN'] = '1'  # the runs are processes of their own
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from knet.utils.cli import add_debug_option, run_tool
from knet.utils.io import atomic_path

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = {'off': 'knet_toy_vspw', 'on': 'video_knet_toy_vspw'}
SCORES = ('mIoU', 'wIoU', 'VC8', 'VC16', 'VC8_paper', 'VC16_paper')
DATA = ROOT / 'data' / 'toy' / 'vspw'


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs' / 'vss_toy')
    parser.add_argument('--csv', type=Path, default=ROOT / 'results' / 'vss_toy.csv')
    add_debug_option(parser)
    return parser.parse_args()


def tool(*words: Any) -> None:
    """Run a command line of the project.

    Raises:
        RuntimeError: If it fails.
    """
    environment = {key: value for key, value in os.environ.items() if key != 'KNET_NO_PLUGIN'}
    command = [sys.executable, *map(str, words)]
    if subprocess.run(command, cwd=str(ROOT), env=environment, check=False).returncode:
        raise RuntimeError(f'failed: {" ".join(command)}')


def one_run(link: str, seed: int, work_dir: Path) -> Dict[str, Any]:
    """Train, predict and score once; a row of the table."""
    config, run_dir = f'configs/toy/{CONFIGS[link]}.py', work_dir / f'{CONFIGS[link]}_{seed}'
    scores = run_dir / 'out' / 'vss.json'
    if not scores.is_file():
        tool('tools/train.py', config, '--work-dir', run_dir, '--seed', seed, '--no-validate', '--auto-resume')
        tool('tools/test_step.py', config, run_dir / 'latest.pth', '--out-dir', run_dir / 'out', '--eval', 'miou', 'vc')
    found = json.loads(scores.read_text())
    return dict(link=link, seed=seed, **{name: found[name] for name in SCORES})


def write_csv(path: Path, rows: List[Dict[str, Any]]) -> None:
    """All rows so far."""
    with atomic_path(path) as temporary, open(temporary, 'w', newline='') as file:
        writer = csv.DictWriter(file, ['link', 'seed', *SCORES], lineterminator='\n')
        writer.writeheader()
        writer.writerows({key: round(value, 5) if isinstance(value, float) else value for key, value in row.items()}
                         for row in rows)


def table(rows: List[Dict[str, Any]]) -> str:
    """Markdown: mean and standard deviation over the seeds, in percent."""
    lines = [f'| link | {" | ".join(SCORES)} |', '|---' * (len(SCORES) + 1) + '|']
    for link in CONFIGS:
        values = [[100 * row[name] for row in rows if row['link'] == link] for name in SCORES]
        cells = [f'{mean(v):.2f} ± {stdev(v) if len(v) > 1 else 0:.2f}' for v in values if v]
        lines.append(f'| {link} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def main() -> None:
    """Run what is missing, then tell."""
    args, rows = parse_args(), []
    tool('tools/dataset/make_toy_videos.py', '--layout', 'vspw', '--out', DATA, '--train', 40, '--val', 8,
         '--frames', 24, '--height', 64, '--width', 208)
    for seed in args.seeds:
        for link in CONFIGS:
            rows.append(one_run(link, seed, args.work_dir.resolve()))
            write_csv(args.csv, rows)
    print(table(rows))


if __name__ == '__main__':
    run_tool(main)

"""The drills by name; each disturbs a run, starts it again, and compares its result with that of an undisturbed one."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Callable, Dict

from tests.drills.scene import Outcome, Run, Scene, files_of, leftovers, weights_of
from tests.tools.conftest import ROOT, command

_dice = random.Random(7)


def _train_kill(scene: Scene, ranks: int, name: str) -> Outcome:
    """Signal a training at a random step, then let it go on."""
    work_dir = scene.new('work')
    first = scene.run(scene.train_words(work_dir, ranks))
    step = _dice.randrange(1, 11)
    first.send(name, lambda: len(re.findall(r' it/s ', first.log.read_text())) >= step)
    seconds, left, code = first.end()
    again = scene.run(scene.train_words(work_dir, ranks))
    _, left_again, code_again = again.end()
    equal = code_again == 0 and weights_of(work_dir) == weights_of(scene.trained(ranks))
    best = sorted(path.name for path in work_dir.glob('*.pth')) == sorted(
        path.name for path in scene.trained(ranks).glob('*.pth')
    )
    return Outcome(seconds, left + left_again, leftovers(work_dir), equal and best, f'exit {code}')


def _test_kill(scene: Scene, ranks: int, name: str) -> Outcome:
    """Signal a streaming test after a random number of files, then let it go on."""
    out = scene.new('out')
    scene.predicted()
    first = scene.run(scene.test_words(out, ranks))
    count = _dice.randrange(1, 16)
    first.send(name, lambda: len(list(out.glob('panoptic/*/*.png'))) >= count)
    seconds, left, code = first.end()
    _, left_again, code_again = scene.run(scene.test_words(out, ranks)).end()
    equal = code_again == 0 and files_of(out) == files_of(scene.predicted())
    return Outcome(seconds, left + left_again, leftovers(out), equal, f'exit {code}')


def _evaluator_kill(scene: Scene, name: str) -> Outcome:
    """Signal an evaluator with two processes."""
    words = command('eval_dstq_step.py', scene.predicted(), scene.folder / 'street', '--nproc', 2)
    run = scene.run(words)
    run.wait_until(lambda: len(run.processes()) >= 3)
    moment = time.monotonic() + 0.3 * _dice.random()
    run.send(name, lambda: time.monotonic() >= moment)
    seconds, left, code = run.end()
    return Outcome(seconds, left, [], None, f'exit {code}')


def _converter_kill(scene: Scene, name: str) -> Outcome:
    """Signal a converter with two processes, then let it go on."""
    source = scene.new('vipseg')
    made = command('dataset/make_toy_videos.py', '--out', source, '--layout', 'vipseg', '--train', 3, '--val', 1)
    _, _, code = scene.run(made).end()
    if code:
        return Outcome(note='skipped: no toy videos')
    whole, parts = scene.new('whole'), scene.new('parts')
    convert = partial(command, 'dataset/vipseg_resize_720p.py', '--src', source, '--nproc', 2, '--dst')
    _, _, code = scene.run(convert(whole)).end()
    first = scene.run(convert(parts))
    first.send(name, lambda: len(list(parts.rglob('*.png'))) >= 2)
    seconds, left, _ = first.end()
    _, left_again, code_again = scene.run(convert(parts)).end()
    content = [{str(p.relative_to(f)): p.read_bytes() for p in f.rglob('*.*g')} for f in (whole, parts)]
    return Outcome(seconds, left + left_again, leftovers(parts), code_again == code == 0 and content[0] == content[1])


def _drawing_kill(scene: Scene, name: str) -> Outcome:
    """Signal the drawing of predictions, then draw again."""
    whole, parts = scene.new('whole'), scene.new('parts')
    draw = partial(command, 'visualize.py', scene.predicted(), scene.folder / 'street', '--out-dir')
    _, _, code = scene.run(draw(whole)).end()
    first = scene.run(draw(parts))
    first.send(name, lambda: any(parts.rglob('*.gif')))
    seconds, left, code_first = first.end()
    _, left_again, code_again = scene.run(draw(parts)).end()
    content = [{str(p.relative_to(f)): p.read_bytes() for p in f.rglob('*') if p.is_file()} for f in (whole, parts)]
    equal = code_again == code == 0 and content[0] == content[1]
    return Outcome(seconds, left + left_again, leftovers(parts), equal, f'exit {code_first}')


def _tests(scene: Scene, *words: str) -> Outcome:
    """Run tests of the suite that kill, or that bring hostile input."""
    run = scene.run([sys.executable, '-m', 'pytest', '-q', '--rootdir', ROOT, '-p', 'no:cacheprovider', *words])
    _, left, code = run.end()
    counts = re.findall(r'\d+ \w+', run.log.read_text().strip().splitlines()[-1])
    return Outcome(0.0, left, [], code == 0, ', '.join(counts[:1]))


def _refused(scene: Scene, run: Run, pattern: str) -> Outcome:
    """Expect a run to end with one error and without a traceback."""
    seconds, left, code = run.end()
    text = run.log.read_text()
    named = code == 1 and re.search(pattern, text) is not None and 'Traceback' not in text
    return Outcome(seconds, left, [], None if named else False, f'exit {code}' + ('' if named else ': ' + text[-200:]))


def _full_disk(scene: Scene) -> Outcome:
    """Train on a file system that is too small for a second checkpoint, then make room."""
    disk = scene.new('disk')
    disk.mkdir()
    if subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=24m', 'none', str(disk)], stderr=subprocess.DEVNULL
    ).returncode:
        return Outcome(note='skipped: no right to mount')
    try:
        ballast = disk / 'ballast'
        run = scene.run(scene.train_words(disk / 'w'))
        run.wait_until(lambda: (disk / 'w/epoch_1.pth').exists())
        while True:
            try:
                with ballast.open('ab', buffering=0) as file:
                    file.write(bytes(1 << 16))
            except OSError:
                break
        outcome = _refused(scene, run, 'error: .*No space left on device: the disk is full')
        kept = (disk / 'w/epoch_1.pth').exists()
        ballast.unlink()
        _, left, code = scene.run(scene.train_words(disk / 'w')).end()
        equal = kept and code == 0 and weights_of(disk / 'w') == weights_of(scene.trained(1))
        return Outcome(outcome.seconds, outcome.processes + left, leftovers(disk), equal, outcome.note)
    finally:
        subprocess.run(['umount', str(disk)], check=False)


def _small_shared_memory(scene: Scene) -> Outcome:
    """Train where a sample does not fit into shared memory, then without loader processes."""
    if subprocess.run(['unshare', '-m', 'true'], stderr=subprocess.DEVNULL).returncode:
        return Outcome(note='skipped: no right to mount')
    work_dir = scene.new('shared')
    mount = 'mount -t tmpfs -o size=200k none /dev/shm && exec "$@"'
    run = scene.run(['unshare', '-m', 'sh', '-c', mount, 'sh', *scene.train_words(work_dir)])
    outcome = _refused(scene, run, r'error: shared memory \(/dev/shm\) is full.*data.workers_per_gpu=0')
    _, left, code = scene.run([*scene.train_words(work_dir), 'data.workers_per_gpu=0']).end()
    equal = outcome.holds and code == 0 and weights_of(work_dir) == weights_of(scene.trained(1))
    return Outcome(outcome.seconds, outcome.processes + left, leftovers(work_dir), equal, outcome.note)


def _read_only(scene: Scene) -> Outcome:
    """Train into a folder on a file system that nobody may write."""
    folder = Path('/sys/knet') if os.geteuid() == 0 else scene.new('locked')
    if os.geteuid():
        folder.mkdir(mode=0o500)
    return _refused(scene, scene.run(scene.train_words(folder / 'w')), 'error: .*cannot be written')


def _damaged(scene: Scene, size: int) -> Outcome:
    """Cut the newest checkpoint off, then let the training go on."""
    work_dir = scene.new('work')
    shutil.copytree(str(scene.trained(1)), str(work_dir), symlinks=True)
    newest = work_dir / 'epoch_3.pth'
    newest.write_bytes(newest.read_bytes()[:size])
    began = time.monotonic()
    run = scene.run(scene.train_words(work_dir))
    _, left, code = run.end()
    told = 'epoch_3.pth is damaged' in run.log.read_text()
    equal = told and code == 0 and weights_of(work_dir) == weights_of(scene.trained(1))
    return Outcome(time.monotonic() - began, left, leftovers(work_dir), equal, f'exit {code}')


def _two_runs(scene: Scene) -> Outcome:
    """Start a second training in the work directory of one that runs."""
    work_dir = scene.new('work')
    first = scene.run(scene.train_words(work_dir))
    first.wait_until(lambda: ' it/s ' in first.log.read_text())
    os.kill(first.process.pid, signal.SIGSTOP)  # It must not be done before the second has started.
    outcome = _refused(scene, scene.run(scene.train_words(work_dir)), f'in use by process {first.process.pid} on')
    os.kill(first.process.pid, signal.SIGCONT)
    _, left, code = first.end()
    equal = outcome.equal is None and code == 0 and weights_of(work_dir) == weights_of(scene.trained(1))
    return Outcome(outcome.seconds, outcome.processes + left, leftovers(work_dir), equal, outcome.note)


def _frozen(scene: Scene, rank: int) -> Outcome:
    """Stop one of two ranks for good; the timeout is six seconds."""
    work_dir = scene.new('work')
    run = scene.run(scene.train_words(work_dir, 2, '--timeout', 0.1))
    run.wait_until(lambda: ' it/s ' in run.log.read_text())
    os.kill(run.rank(rank), signal.SIGSTOP)
    seconds, left, code = run.end()
    named = f'error: rank {rank} ' in run.log.read_text()
    _, left_again, code_again = scene.run(scene.train_words(work_dir, 2)).end()
    equal = named and code_again == 0 and weights_of(work_dir) == weights_of(scene.trained(2))
    return Outcome(seconds, left + left_again, leftovers(work_dir), equal, f'exit {code}')


def _nan(scene: Scene) -> Outcome:
    """Let the learning rate explode after the first epoch: the checkpoint of the epoch stays."""
    work_dir = scene.new('work')
    words = [*scene.train_words(work_dir), 'optimizer.lr=1e30', 'lr_config.warmup=None']
    run = scene.run(words)
    outcome = _refused(scene, run, r'error: .*not finite')
    return Outcome(outcome.seconds, outcome.processes, leftovers(work_dir), outcome.equal, outcome.note)


_SIGNALS = ('SIGKILL', 'SIGTERM', 'SIGUSR1', 'SIGINT')

#: The drills in the order of the table.
DRILLS: Dict[str, Callable[[Scene], Outcome]] = {
    **{
        f'training, {ranks} process{"es" * (ranks > 1)}, {name}': partial(_train_kill, ranks=ranks, name=name)
        for ranks in (1, 2)
        for name in _SIGNALS
    },
    **{
        f'test, {ranks} process{"es" * (ranks > 1)}, {name}': partial(_test_kill, ranks=ranks, name=name)
        for ranks in (1, 2)
        for name in _SIGNALS
    },
    **{f'evaluator, 2 processes, {name}': partial(_evaluator_kill, name=name) for name in _SIGNALS},
    **{f'converter, 2 processes, {name}': partial(_converter_kill, name=name) for name in ('SIGKILL', 'SIGTERM')},
    **{f'drawing, {name}': partial(_drawing_kill, name=name) for name in ('SIGKILL', 'SIGTERM')},
    'test of whole videos, SIGKILL': lambda scene: _tests(
        scene, str(ROOT / 'tests/vis/test_tools.py'), '-k', 'test_a_killed_run_continues'
    ),
    'hostile names and bombs': lambda scene: _tests(scene, str(ROOT / 'tests/tools/test_faults.py'), '-k', 'paths'),
    'full disk': _full_disk,
    'shared memory too small': _small_shared_memory,
    'read-only folder': _read_only,
    'checkpoint of zero bytes': partial(_damaged, size=0),
    'checkpoint cut off': partial(_damaged, size=20000),
    'two runs in one folder': _two_runs,
    'rank 1 of 2 frozen': partial(_frozen, rank=1),
    'rank 0 of 2 frozen': partial(_frozen, rank=0),
    'losses not finite': _nan,
}

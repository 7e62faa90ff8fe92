"""Several processes: the same results as one, work that was interrupted, processes that die."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from .conftest import ENVIRONMENT, ROOT, call, command, files_of, free_port, launch

pytestmark = pytest.mark.process


def test_two_processes_write_the_files_and_scores_of_one(
    toy_config: Path, trained: Path, predicted: Path, tmp_path: Path
) -> None:
    launch('dist_step_test.sh', toy_config, trained, 2, '--show-dir', tmp_path, '--final', '--eval', 'stq', 'vpq')
    one, two = files_of(predicted, '*'), files_of(tmp_path, '*')
    assert {'stq.json', 'vpq.json', 'manifest.json'} <= set(one) and len(one) == 12 * 4 + 3 + 3
    assert {name for name in {*one, *two} if one.get(name) != two.get(name)} == set()


def test_two_nodes_write_the_files_of_one(toy_config: Path, trained: Path, predicted: Path, tmp_path: Path) -> None:
    """Each node has a launcher of its own; here both are this machine."""
    words = [
        'sh',
        str(ROOT / 'tools/dist_step_test.sh'),
        str(toy_config),
        str(trained),
        '1',
        '--out-dir',
        str(tmp_path),
        '--final',
    ]
    env = dict(ENVIRONMENT, NNODES='2', MASTER_ADDR='127.0.0.1', PORT=str(free_port()))
    nodes = [
        subprocess.Popen(
            words, env=dict(env, NODE_RANK=str(number)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for number in range(2)
    ]
    texts = [node.communicate(timeout=240)[0] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], '\n'.join(texts)
    assert files_of(tmp_path) == files_of(predicted)
    assert 'rank 0 of 2' in texts[0] and 'rank 0 of 2' not in texts[1]


def stamps(out: Path, videos: List[str]) -> Dict[Path, Tuple[int, int]]:
    """Inode and time of change of the files of some videos."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for video in videos
        for path in (out / 'panoptic' / video).iterdir()
    }


def finished(out: Path) -> List[str]:
    """Videos that a run calls complete; a name that begins with a dot is a file still being written."""
    return [path.stem for path in out.glob('.done/*.json') if not path.name.startswith('.')]


def test_a_killed_run_redoes_only_what_is_missing(
    toy_config: Path, trained: Path, predicted: Path, tmp_path: Path
) -> None:
    out = tmp_path / 'out'
    options = [toy_config, trained, '--out-dir', out, '--final', '--eval', 'stq', 'vpq']
    process = subprocess.Popen(
        command('test_step.py', *options), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.time() + 120
    while not finished(out) and process.poll() is None and time.time() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    complete = finished(out)
    assert 0 < len(complete) < 3, 'not killed in the middle'
    before = stamps(out, complete)
    launch('dist_step_test.sh', *options[:2], 2, *options[2:])  # not even the number of processes must stay the same
    assert stamps(out, complete) == before
    expected = files_of(predicted, '*')
    assert files_of(out, '*') == {name: data for name, data in expected.items() if not name.startswith('overlay')}


@pytest.fixture
def failing_config(toy_config: Path, tmp_path: Path) -> Any:
    """Makes configs whose data set fails in one process."""

    def make(**fault: Any) -> Path:
        path = tmp_path / 'failing.py'
        path.write_text(f"""
_base_ = '{toy_config}'
custom_imports = dict(imports=['knet.plugin', 'tests.tools.faults'], allow_failed_imports=False)
fault = dict(type='FailingStreet', **{fault!r})
data = dict(train=dict(dataset=fault), test=fault)
""")
        return path

    return make


def fail(*args: Any) -> Tuple[int, str]:
    """Exit code and all output of a launcher that must not hang."""
    script, *rest = [str(arg) for arg in args]
    done = subprocess.run(
        ['sh', str(ROOT / 'tools' / script), *rest],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
        timeout=240,
    )
    return done.returncode, done.stdout


def test_an_error_of_one_process_ends_the_test(failing_config: Any, trained: Path, tmp_path: Path) -> None:
    config = failing_config(rank=1, after=2, how='raise')
    code, text = fail('dist_step_test.sh', config, trained, 2, '--out-dir', tmp_path / 'out', '--eval', 'stq')
    assert code == 1 and re.search('error: rank 1: .*leftImg8bit.png: broken on purpose', text), text
    assert 'Traceback' not in text, text
    assert not (tmp_path / 'out/stq.json').exists(), 'an incomplete run was scored'


def test_the_death_of_one_process_ends_the_training(failing_config: Any, tmp_path: Path) -> None:
    config = failing_config(rank=1, after=2, how='kill')
    code, text = fail(
        'dist_train.sh',
        'job',
        config,
        2,
        tmp_path / 'w',
        '--no-validate',
        '--seed',
        1,
        '--cfg-options',
        'data.samples_per_gpu=1',
    )
    assert code == 128 + signal.SIGKILL and 'error: rank 1 was killed by SIGKILL' in text, text
    assert 'Traceback' not in text, text


def test_a_mistake_that_all_processes_meet_is_said_once(toy_config: Path, trained: Path) -> None:
    code, text = fail('dist_step_test.sh', f'{toy_config}x', trained, 2)
    assert code == 1 and text.count('config not found') == 1 and 'Traceback' not in text, text


def test_starting_over_forgets_the_earlier_run_at_once(
    failing_config: Any, toy_config: Path, trained: Path, predicted: Path, tmp_path: Path
) -> None:
    out = tmp_path / 'out'
    shutil.copytree(str(predicted), str(out))
    (out / 'notes.txt').write_text('not of the writer')
    config = failing_config(rank=0, after=6, how='raise')
    code, _, err = call('test_step.py', config, trained, '--out-dir', out, '--fresh')
    assert code == 1 and 'broken on purpose' in err
    left = sorted(files_of(out, '*_cat.png'))
    assert len(left) <= 6 and len({os.path.dirname(name) for name in left}) <= 2, 'videos of the earlier run are left'
    assert not (out / 'stq.json').exists() and not list((out / 'final').rglob('*.png'))
    assert (out / 'notes.txt').exists()
    code, _, err = call('test_step.py', toy_config, trained, '--out-dir', out, '--fresh', '--final')
    assert code == 0, err
    assert files_of(out / 'panoptic') == files_of(predicted / 'panoptic')

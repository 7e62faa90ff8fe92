"""tools/reproduce.sh: plans, steps that are done once, and the table."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any, Callable, List

import pytest

from knet.utils.cli import UsageError
from knet.utils.stopping import Stopped
from tests.test_docs import OPTION, PROGRAM, options

from .conftest import ENVIRONMENT, ROOT, call
from .reproduction import BENCHMARKS, archives_of, kit, settings_of


def commands_of(settings: Any) -> List[Any]:
    return [command for step in kit('steps').steps_of(settings) for command in step.commands()]


class TestPlans:
    @pytest.mark.parametrize('benchmark', BENCHMARKS)
    @pytest.mark.parametrize('form', [{}, dict(gpus=8), dict(gpus=16, partition='gpu')])
    def test_commands_are_those_of_the_project(self, benchmark: str, form: dict, tmp_path: Path) -> None:
        for toy in (True, False):
            for command in commands_of(
                kit('settings').Settings(**dict(vars(settings_of(benchmark, tmp_path, **form)), toy=toy))
            ):
                program = PROGRAM.search(command.text)
                assert program is not None and (ROOT / program.group(1)).is_file(), command.text
                given = set(OPTION.findall(command.text[program.end() :]))
                assert given <= options(ROOT / program.group(1)), command.text
                for word in command.words:
                    if 'configs/' in word and word.endswith('.py'):
                        assert (ROOT / word).is_file(), word

    @pytest.mark.parametrize('benchmark', BENCHMARKS)
    def test_forms_of_launching(self, benchmark: str, tmp_path: Path) -> None:
        texts = [command.text for command in commands_of(settings_of(benchmark, tmp_path, gpus=8))]
        assert sum('dist_train.sh' in text for text in texts) == len(kit('benchmarks').BENCHMARKS[benchmark].stages)
        texts = [command.text for command in commands_of(settings_of(benchmark, tmp_path, gpus=4, partition='part'))]
        launched = [text for text in texts if 'GPUS=4' in text]
        assert all(' part ' in text for text in launched) and len(launched) == sum(
            'slurm' in t or 'whole' in t for t in texts
        )

    def test_options_reach_trainings_and_tests_only(self, tmp_path: Path) -> None:
        texts = [c.text for c in commands_of(settings_of('vspw', tmp_path, cfg_options=('a.b=1',)))]
        assert all(('a.b=1' in text) == ('train.py' in text or 'test_step.py' in text) for text in texts)

    def test_expected_hours_say_where_they_are_from(self, tmp_path: Path) -> None:
        real = kit('settings').Settings(kit('benchmarks').BENCHMARKS['kitti-step'], tmp_path, tmp_path, gpus=8)
        notes = {step.name.partition('-')[2]: step.note for step in kit('steps').steps_of(real)}
        # 12 epochs of two passes over 5027 pairs, 8 at a time.
        assert notes['train-video'].startswith('15084 iterations in 8 processes; hours: 1.1 (estimate')
        assert 'not known' in notes['train-image'] and notes['train-image'].startswith('11904 iterations')


class TestDryRun:
    def test_names_what_is_missing_and_writes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / 'empty').mkdir()
        words = ('vipseg', '--archives', tmp_path / 'empty', '--work-dir', tmp_path / 'work', '--dry-run')
        code, out, err = call('reproduce.py', *words)
        assert code == 1 and not (tmp_path / 'work').exists()
        assert err.count('missing: ') == 5 and 'VIPSeg.tar: from the repository VIPSeg-Dataset' in err
        assert 'python tools/dataset/vipseg_resize_720p.py' in out
        code, _, err = call('reproduce.py', *words[:-1])
        assert code == 1 and 'nothing was changed' in err and not (tmp_path / 'work').exists()

    def test_says_how_much_room_is_needed(self, tmp_path: Path) -> None:
        archives = archives_of('vspw', tmp_path)
        words = ('vspw', '--archives', archives, '--work-dir', tmp_path / 'work', '--dry-run', '--toy')
        code, out, _ = call('reproduce.py', *words)
        assert code == 0 and 'disk: unpacking needs' in out and 'train-video-deeplabv3plus' in out

    def test_too_little_room_is_an_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        archives = kit('archives')
        (tmp_path / 'a.tar').write_bytes(b'x' * 100)
        monkeypatch.setattr(archives.shutil, 'disk_usage', lambda path: type('Usage', (), dict(free=99)))
        plan = kit('plan').Archive(('a.tar',), 'here', '{data}', ('a',))
        with pytest.raises(UsageError, match='choose another --work-dir'):
            archives.check_room(tmp_path / 'new' / 'work', {tmp_path / 'a.tar': plan})


def step(name: str, *lines: str, **inputs: str) -> Any:
    """A step of Python commands."""
    made = [kit('commands').Command(('python', '-c', line)) for line in lines]
    return kit('steps').Step(name, lambda: made, inputs)


@pytest.fixture
def carry_out(tmp_path: Path) -> Callable[..., List[str]]:
    """Carry steps out as the command does; return the names of those that ran."""
    run = kit('run')

    def carry_out(*steps: Any) -> List[str]:
        marks, ran = run.Marks(tmp_path / 'steps', list(steps)), []
        for one in steps:
            if not marks.is_done(one):
                ran.append(one.name)
                run.run_step(one, marks, tmp_path / 'logs' / f'{one.name}.log')
        return ran

    return carry_out


class TestSteps:
    def test_what_is_done_is_not_done_again(self, carry_out: Callable, tmp_path: Path) -> None:
        steps = [step('01-a', 'print("first")', config='x'), step('02-b', 'print("second")')]
        assert carry_out(*steps) == ['01-a', '02-b'] and carry_out(*steps) == []
        assert 'first' in (tmp_path / 'logs' / '01-a.log').read_text()
        mark = json.loads((tmp_path / 'steps' / '01-a.json').read_text())
        assert mark['inputs'] == {'config': 'x'} and mark['commands'][0].startswith('python -c')

    def test_other_inputs_are_an_error(self, carry_out: Callable) -> None:
        carry_out(step('01-a', 'pass', config='x'))
        with pytest.raises(UsageError, match='config: x then, y now.*--work-dir'):
            carry_out(step('01-a', 'pass', config='y'))

    def test_a_change_reaches_the_steps_after_it(self, tmp_path: Path) -> None:
        run, make = kit('run'), kit('steps').Step
        first, second = step('01-a', config='x'), make('02-b', list, {}, ('01-a',))
        marks = run.Marks(tmp_path, [first, second])
        marks.set(second, [], 0.0)
        changed = run.Marks(tmp_path, [step('01-a', config='y'), second])
        with pytest.raises(UsageError, match='02-b.json.*01-a: '):
            changed.is_done(second)

    def test_a_failure_names_its_log_and_is_continued(self, carry_out: Callable, tmp_path: Path) -> None:
        fails = f'import sys; open({str(tmp_path / "count")!r}, "a").write("x"); print("why"); sys.exit(3)'
        with pytest.raises(UsageError, match='02-b failed with exit code 3: .*02-b.log has its output'):
            carry_out(step('01-a', 'pass'), step('02-b', fails), step('03-c', 'pass'))
        assert 'why' in (tmp_path / 'logs' / '02-b.log').read_text()
        assert carry_out(step('01-a', 'pass'), step('02-b', 'pass'), step('03-c', 'pass')) == ['02-b', '03-c']

    def test_a_stop_is_no_failure(self, carry_out: Callable) -> None:
        with pytest.raises(Stopped, match='the same command continues'):
            carry_out(step('01-a', 'import sys; sys.exit(75)'))

    def test_a_signal_reaches_the_command_once(self, carry_out: Callable, tmp_path: Path) -> None:
        """A second one would end a training at once."""
        program = (
            'import signal, sys, time; got = []; signal.signal(signal.SIGINT, lambda *a: got.append(1));'
            'print("ready", flush=True); t = time.time()\n'
            'while time.time() < t + 20 and not got: time.sleep(0.05)\n'
            'time.sleep(0.3); print("got", len(got)); sys.exit(75 if got else 0)'
        )
        log = tmp_path / 'logs' / '01-a.log'

        def interrupt() -> None:
            while not (log.is_file() and '\nready' in log.read_text()):
                time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(Stopped, match='stopped by SIGINT; the same command'):
            carry_out(step('01-a', program))
        assert 'got 1' in log.read_text() and not (tmp_path / 'steps' / '01-a.json').exists()

    def test_an_unpacked_archive_may_go(self, tmp_path: Path) -> None:
        settings, steps = settings_of('vspw', tmp_path), kit('steps').steps_of
        archive = archives_of('vspw', tmp_path) / 'VSPW_480p.tar'
        marks = kit('run').Marks(tmp_path / 'steps', steps(settings))
        unpack, *others = steps(settings)
        for one in (unpack, *others):
            marks.set(one, [], 0.0)
        archive.unlink()
        again = kit('run').Marks(tmp_path / 'steps', steps(settings))
        assert all(again.is_done(one) for one in steps(settings))

    def test_numbers_of_processes_change_nothing(self, tmp_path: Path) -> None:
        archives_of('vspw', tmp_path)
        facts = [
            kit('run').Marks(tmp_path / 'steps', kit('steps').steps_of(settings_of('vspw', tmp_path, **form)))._digests
            for form in ({}, dict(gpus=8, nproc=4), dict(gpus=8, partition='part'))
        ]
        assert facts[0] == facts[1] == facts[2]


class TestTable:
    def test_verdicts(self, tmp_path: Path) -> None:
        settings = settings_of('kitti-step', tmp_path)
        scores = settings.scores('video')
        scores.mkdir(parents=True)
        for protocol, stq in (('official', 0.698), ('paper-repo', 0.7046)):
            (scores / f'stq-{protocol}.json').write_text(json.dumps(dict(STQ=stq)))
        text = kit('report').write_table(settings)
        assert '| STQ | 70.9 | 64.4 and 66 | 69.8 | 70.46 | -0.44 | reproduced |' in text
        rows = json.loads((settings.work_dir / 'results.json').read_text())['rows']
        assert [row['verdict'] for row in rows] == ['reproduced', 'not scored here']
        assert (settings.work_dir / 'results.md').read_text() == text and 'compare with nothing' in text

    @pytest.mark.parametrize('benchmark', BENCHMARKS)
    def test_every_number_has_a_file(self, benchmark: str, tmp_path: Path) -> None:
        """What the table reads is what a scoring command writes."""
        settings = settings_of(benchmark, tmp_path)
        for test in settings.benchmark.tests:
            lines = [c.text for score in test.scores for c in kit('commands').scorings(settings, test, score)]
            for number in test.numbers:
                assert any(f'{number.file}-official.json' in line for line in lines), number


def test_counts_of_the_release(tmp_path: Path) -> None:
    plan, archives = kit('plan'), kit('archives')
    (tmp_path / 'x').mkdir()
    for name in ('1.png', '2.png', '._1.png'):
        (tmp_path / 'x' / name).write_text('')
    archive = plan.Archive(('x.zip',), 'here', '', ('x',), counts=(plan.Count('x/*.png', 2),))
    archives.check_counts(tmp_path, archive)
    (tmp_path / 'x' / '2.png').unlink()
    with pytest.raises(UsageError, match='1 found, the release has 2; download x.zip again'):
        archives.check_counts(tmp_path, archive)


def test_tracks_without_ground_truth_are_not_scored(tmp_path: Path) -> None:
    settings = settings_of('youtube-vis', tmp_path)
    valid = tmp_path / 'work/data/youtube_vis_2019/valid.json'
    valid.parent.mkdir(parents=True)
    for document, commands in ((dict(videos=[]), 0), (dict(videos=[], annotations=[]), 1)):
        valid.write_text(json.dumps(document))
        (score,) = [one for one in kit('steps').steps_of(settings) if one.name.endswith('score-video-ap')]
        assert len(score.commands()) == commands


@pytest.mark.process
def test_the_shell_command_finds_the_program(tmp_path: Path) -> None:
    with zipfile.ZipFile(str(tmp_path / 'VSPW_480p.zip'), 'w') as archive:
        archive.writestr('VSPW_480p/train.txt', '')
    words = ['bash', str(ROOT / 'tools/reproduce.sh'), 'vspw', '--archives', '.', '--work-dir', 'work', '--dry-run']
    done = subprocess.run(words, cwd=str(tmp_path), env=ENVIRONMENT, text=True, stdout=subprocess.PIPE)
    assert done.returncode == 0 and 'score-video-pspnet-vss' in done.stdout
    assert str(tmp_path / 'work') in done.stdout and sys.executable not in done.stdout

"""What a person sees of the tools: help, hints, score files without anything else, the screen of a training."""

import ast
import io
import json
import logging
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import torch
from mmcv.utils.logging import logger_initialized

from knet.apis.screen import FILE_ONLY, ScreenTextLoggerHook, set_up_screen, task_losses
from knet.utils.cli import ToolParser, run_tool

from .conftest import ENVIRONMENT, ROOT, TOOLS, call


class Captured(BaseException):
    """Carries the parser of a tool out of it."""


def parser_of(tool: str) -> ToolParser:
    """Return the parser of a tool of the repository."""

    def capture(parser: ToolParser, *_: Any, **__: Any) -> None:
        raise Captured(parser)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ToolParser, 'parse_known_args', capture)
        patch.syspath_prepend(str((ROOT / tool).parent))
        with pytest.raises(Captured) as caught:
            runpy.run_path(str(ROOT / tool), run_name='tool')['main']()
    return caught.value.args[0]


@pytest.fixture(scope='module')
def parsers() -> Dict[str, ToolParser]:
    """The parser of every tool."""
    return {tool: parser_of(tool) for tool in TOOLS}


def test_every_option_has_a_help_text(parsers: Dict[str, ToolParser]) -> None:
    mute = [
        f'{tool} {action.option_strings or action.dest}'
        for tool, parser in parsers.items()
        for action in parser._actions
        if not action.help
    ]
    assert len(parsers) > 30 and not mute


def test_every_help_text_can_be_shown(parsers: Dict[str, ToolParser]) -> None:
    assert all(len(parser.format_help()) > 100 for parser in parsers.values())


#: Former name of an option -> the one that every tool accepts for the same thing.
ONE_NAME = {
    '--dst': '--out-dir',
    '--output': '--out-dir',
    '--splits': '--split',
    '--gt': '--gt-path',
    '--input': '--src',
}
#: Tools whose ``--out`` is a folder.
OUT_IS_A_FOLDER = ('visualize', 'export', 'make_toy_videos', 'benchmark', 'test')


def test_one_name_per_thing(parsers: Dict[str, ToolParser]) -> None:
    for tool, parser in parsers.items():
        known = set(parser._option_string_actions)
        assert not {f for f, name in ONE_NAME.items() if f in known and name not in known}, tool
        assert Path(tool).stem not in OUT_IS_A_FOLDER or '--out-dir' in known, tool
        assert '--debug' in known, tool


@pytest.mark.parametrize(
    'tool, words, hint',
    [
        ('tools/train.py', ['config.py', '--work_dir', 'x'], '--work_dir: did you mean --work-dir?'),
        ('tools/train.py', ['config.py', '--workdir=x'], '--workdir: did you mean --work-dir?'),
        ('tools/train.py', ['config.py', '--cfg_options', 'a=1'], 'did you mean --cfg-options?'),
        ('tools/test_step.py', ['config.py', 'a.pth', '--out_dir', 'x'], 'did you mean --out-dir?'),
        ('tools/visualize.py', ['result', '--Out_Dir', 'x'], 'required: --out-dir.*--Out_Dir: did you mean --out-dir?'),
        ('tools/eval_dstq_step.py', ['result', '--gt_path', 'x'], 'did you mean --gt-path?'),
        ('tools_vis/test_whole_video.py', ['config.py', 'a.pth', '--formatonly'], 'did you mean --format-only?'),
        ('tools/dataset/kitti_step_prepare.py', ['--scr', 'x'], 'required: --src.*--scr: did you mean --src?'),
    ],
)
def test_a_near_miss_gets_a_hint(
    parsers: Dict[str, ToolParser], tool: str, words: List[str], hint: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as stop:
        parsers[tool].parse_args(words)
    assert stop.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.search(hint.replace('?', r'\?').replace('.*', '.*'), last), last


@pytest.mark.parametrize('words', [['config.py', '--zebra'], ['config.py', '-5'], ['--', '--work_dir', 'x']])
def test_what_resembles_nothing_gets_no_hint(
    parsers: Dict[str, ToolParser], words: List[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit):
        parsers['tools/train.py'].parse_args(words)
    assert 'did you mean' not in capsys.readouterr().err


@pytest.mark.parametrize('layout', ['kitti-step', 'vipseg', 'youtube-vis', 'cityscapes-vps', 'coco', 'semantic-kitti'])
@pytest.mark.parametrize('there', [False, True])
def test_missing_toy_data_name_their_generator(
    layout: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['tool'])
    root = f'data/toy/{layout}'
    if there:
        Path(root).mkdir(parents=True)

    def fail() -> None:
        raise FileNotFoundError(f'{root}/video_sequence/train: is no folder.')

    with pytest.raises(SystemExit):
        run_tool(fail)
    made = f'make_toy_videos.py --layout {layout} --out-dir {root}'
    assert (made in capsys.readouterr().err) is not there


def test_a_shipped_toy_config_names_the_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = call('train.py', ROOT / 'configs/toy/video_knet_toy_kitti_step.py')
    assert code == 1 and 'make_toy_videos.py --layout kitti-step --out-dir data/toy/kitti-step' in err, err


@pytest.mark.skipif(not hasattr(torch.serialization, 'add_safe_globals'), reason='torch < 2.4 prints it')
def test_known_warnings_are_silent(tmp_path: Path) -> None:
    """A toolkit without a GPU, and mmcv of the 1.x line, are no news."""
    environment = dict(ENVIRONMENT, CUDA_HOME=str(tmp_path), CUDA_VISIBLE_DEVICES='', PYTHONPATH=str(ROOT))
    words = [sys.executable, '-c', 'import knet, mmcv.runner']
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    assert done.returncode == 0 and done.stderr == ''


#: Modules that import ``knet`` when they are imported.
OURS = ('knet', 'knet_vis', '_root', '_repository', '_study', 'ladder')


@pytest.mark.parametrize('tool', TOOLS)
def test_tools_import_knet_before_mmcv(tool: str) -> None:
    nodes = ast.parse((ROOT / tool).read_text()).body
    lines = [(node.lineno, alias.name) for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    lines += [(node.lineno, str(node.module)) for node in nodes if isinstance(node, ast.ImportFrom)]
    order = [name.split('.')[0] for _, name in sorted(lines)]
    mine = next(i for i, name in enumerate(order) if name in OURS)
    assert not {'mmcv', 'mmdet', 'mmseg', 'torch'} & set(order[:mine])


def test_score_files_hold_scores_only(toy_config: Path, trained: Path, tmp_path: Path) -> None:
    code, text, err = call('test_step.py', toy_config, trained, '--out-dir', tmp_path / 'out', '--eval', 'stq', 'vpq')
    assert code == 0 and text.startswith('STQ, protocol official') and 'frames/s' not in text
    assert '12/12' in err and 'predictions: ' in err


# What a training shows.


@pytest.fixture
def logger(tmp_path: Path) -> Iterator[Tuple[logging.Logger, Any]]:
    """A logger with the handlers of mmcv, and a function that returns what the screen and the file got."""
    log, screen = logging.getLogger(str(tmp_path)), io.StringIO()
    log.setLevel(logging.INFO)
    handlers = (logging.StreamHandler(screen), logging.FileHandler(str(tmp_path / 'a.log')))
    for handler in handlers:
        handler.setFormatter(logging.Formatter('%(levelname)s - %(message)s'))
        log.addHandler(handler)
    yield log, lambda: (screen.getvalue(), (tmp_path / 'a.log').read_text())
    handlers[1].close()


def test_the_file_has_everything_and_the_screen_what_people_follow(logger: Tuple[logging.Logger, Any]) -> None:
    log, seen = logger
    set_up_screen(log)
    log.info('the config', extra=FILE_ONLY)
    log.info('resumed at %d', 5)
    log.warning('watch out', extra=FILE_ONLY)
    assert seen() == (
        'resumed at 5\nwarning: watch out\n',
        'INFO - the config\nINFO - resumed at 5\nWARNING - watch out\n',
    )


def test_verbose_shows_what_the_file_holds(logger: Tuple[logging.Logger, Any]) -> None:
    log, seen = logger
    set_up_screen(log)
    set_up_screen(log, verbose=True)
    log.info('the config', extra=FILE_ONLY)
    screen, file = seen()
    assert 'the config' in screen and 'the config' in file


def test_losses_are_summed_by_task() -> None:
    values = {'loss_rpn_mask': 1.0, 's0_loss_cls': 2.0, 's0_loss_cls_ref': 3.0, 'loss_rpn_seg_ref_rpn': 4.0}
    values.update({'loss_track': 5.0, 'loss_track_aux': 6.0, 's0_pos_acc': 90.0, 'grad_norm': 70.0, 'loss': 21.0})
    sums = task_losses(values)
    assert sums == {'rpn': 1.0, 's0': 2.0, 'ref': 7.0, 'track': 11.0} and sum(sums.values()) == values['loss']


def test_a_training_shows_one_short_line_per_interval(
    toy_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger('mmdet'), 'handlers', [])
    monkeypatch.delitem(logger_initialized, 'mmdet', raising=False)
    options = ['--work-dir', tmp_path, '--seed', 5, '--cfg-options', 'runner.max_epochs=1']
    code, text, err = call('train.py', toy_config, *options)
    assert code == 0 and text == '', err
    lines = err.splitlines()
    steps = [line for line in lines if 'it/s' in line]
    shape = r'epoch 1/1 \d/4  loss \d.*  rpn .*  s0 .*  s2 .*  ref .*  track .*  lr \S+  \S+ it/s  eta \S+  \S+ GiB'
    assert len(steps) == 4 and all(re.fullmatch(shape, line) and len(line) < 160 for line in steps), steps
    assert sum('validation' in line and 'STQ' in line for line in lines) == 1
    assert len(lines) < 12 and 'type=' not in err, err
    file = next(tmp_path.glob('*.log')).read_text()
    assert 'environment: ' in file and "type='Kernel" in file and 'loss_rpn_mask: ' in file and 'Hooks will' in file
    assert not any(line in file for line in steps)
    values = [json.loads(line) for line in next(tmp_path.glob('*.log.json')).read_text().splitlines()]
    assert [line['iter'] for line in values if line.get('mode') == 'train'] == [1, 2, 3, 4]
    assert 's0_loss_cls' in values[1] and ScreenTextLoggerHook.__name__ not in values[0]['config']

"""Jobs that share the videos out among themselves write the files of one."""

import shutil
from pathlib import Path

import pytest

from tests.vis.conftest import converted, fake_config, fake_weights  # noqa: F401  fixtures are used by their names

from .conftest import call, files_of

pytestmark = pytest.mark.slow


def test_shards_write_the_files_and_scores_of_one_job(
    toy_config: Path, trained: Path, predicted: Path, tmp_path: Path
) -> None:
    for shard in ('2/2', '1/2'):
        code, _, err = call('test_step.py', toy_config, trained, '--out-dir', tmp_path, '--final', '--shard', shard)
        assert code == 0, err
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.png')}
    code, _, err = call('test_step.py', toy_config, trained, '--out-dir', tmp_path, '--final', '--eval', 'stq', 'vpq')
    assert code == 0, err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.png')} == before
    one, shards = files_of(predicted, '*'), files_of(tmp_path, '*')
    assert {name for name in one if not name.startswith('overlay') and one[name] != shards.get(name)} == set()


@pytest.mark.parametrize(
    'options, text',
    [(['--shard', '3/2'], 'must be i/n'), (['--shard', '1/2', '--eval', 'stq'], '--shard predicts a part')],
)
def test_wrong_shards_are_refused(toy_config: Path, trained: Path, tmp_path: Path, options: list, text: str) -> None:
    code, _, err = call('test_step.py', toy_config, trained, '--out-dir', tmp_path / 'out', *options)
    assert code in (1, 2) and text in err and not (tmp_path / 'out').exists()


def test_shards_of_whole_videos_write_the_files_and_scores_of_one_job(
    fake_config: Path,  # noqa: F811
    fake_weights: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    test = ('../tools_vis/test_whole_video.py', fake_config, fake_weights, '--work-dir')
    for options in (['--shard', '2/3'], ['--shard', '3/3'], ['--shard', '1/3'], ['--format-only']):
        for folder in ('shards', 'one') if options == ['--format-only'] else ('shards',):
            code, _, err = call(*test, tmp_path / folder, *options)
            assert code == 0, err
        records = files_of(tmp_path / 'shards/videos', '*.json')
        assert len(records) == (1 if options[1:] == ['2/3'] else 2 if options[1:] == ['3/3'] else 3)
    assert files_of(tmp_path / 'shards', '[!.]*') == files_of(tmp_path / 'one', '[!.]*')
    scores = {}
    for folder in ('shards', 'one'):
        code, _, err = call(*test, tmp_path / folder, '--eval', 'segm', '--json', f'{folder}.json')
        assert code == 0, err
        scores[folder] = Path(f'{folder}.json').read_bytes()
    assert scores['shards'] == scores['one']


def test_a_shard_of_whole_videos_gives_no_scores(
    fake_config: Path,  # noqa: F811
    fake_weights: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    options = ['--shard', '1/2', '--eval', 'segm', '--work-dir', tmp_path / 'out']
    code, _, err = call('../tools_vis/test_whole_video.py', fake_config, fake_weights, *options)
    assert code == 1 and '--shard predicts a part' in err and not (tmp_path / 'out').exists()


@pytest.mark.parametrize('tool', ['eval_dstq_step.py', 'eval_dvpq_step.py'])
def test_evaluators_sum_up_what_several_jobs_have_counted(
    tool: str, predicted: Path, street: Path, tmp_path: Path
) -> None:
    shutil.copytree(str(predicted), str(tmp_path / 'out'))
    for shard in ('3/3', '1/3', '2/3'):
        code, text, err = call(tool, tmp_path / 'out', street, '--shard', shard)
        assert code == 0 and f'{shard[0]}-of-3.npz; --merge 3' in text, err
    tables = {}
    for name, options in (('parts', ['--merge', 3]), ('one', [])):
        code, text, err = call(tool, tmp_path / 'out', street, *options, '--json', tmp_path / f'{name}.json')
        assert code == 0, err
        tables[name] = text.replace(f'{name}.json', '')
    assert tables['parts'] == tables['one']
    assert (tmp_path / 'parts.json').read_bytes() == (tmp_path / 'one.json').read_bytes()

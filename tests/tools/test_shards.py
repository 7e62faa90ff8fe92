"""Jobs that share the videos out among themselves write the files of one."""

from pathlib import Path

import pytest

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

"""knet.cli.mmcv_wheel: mmcv's source becomes a wheel without its setup.py, and its stand-in serves as compiled ops."""

import importlib.util
import io
import sys
import tarfile
import types
import zipfile
from pathlib import Path
from typing import Dict

import pytest

from knet.cli import mmcv_wheel
from knet.utils import compat, torch_ops

LOADER = """import pkgutil

def check_ops_exist():
    ext_loader = pkgutil.find_loader('mmcv._ext')
    return ext_loader is not None
"""
SOURCE: Dict[str, str] = {
    'setup.py': 'raise SystemExit("never run")\n',
    'PKG-INFO': 'Metadata-Version: 2.1\nName: mmcv\nVersion: 1.7.2\nSummary: Vision\nProvides-Extra: all\n\nText\n',
    'LICENSE': 'Apache\n',
    'requirements/runtime.txt': "addict\nopencv-python>=3\nregex;sys_platform=='win32'\n",
    'mmcv/__init__.py': '',
    'mmcv/model_zoo/mmcls.json': '{}',
    'mmcv/ops/csrc/op.cpp': 'int main() {}',
    'mmcv/utils/ext_loader.py': LOADER,
}


def archive(folder: Path, **changes: str) -> Path:
    """Write a source archive as pip loads it."""
    path = folder / 'mmcv-1.7.2.tar.gz'
    with tarfile.open(path, 'w:gz') as target:
        for name, text in {**SOURCE, **changes}.items():
            info = tarfile.TarInfo(f'mmcv-1.7.2/{name}')
            info.size = len(text.encode())
            target.addfile(info, io.BytesIO(text.encode()))
    return path


def make_wheel(folder: Path) -> Path:
    files = mmcv_wheel.read_source(archive(folder))
    mmcv_wheel.repair(files)
    return mmcv_wheel.write_wheel(files, folder)


def test_wheel_holds_the_package_and_the_stand_in(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    version = mmcv_wheel.wheel_version()
    assert wheel.name == f'mmcv-{version}-py3-none-any.whl' and version.startswith('1.7.2+torch.')
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        assert {'mmcv/__init__.py', 'mmcv/model_zoo/mmcls.json', f'mmcv-{version}.dist-info/LICENSE'} <= names
        assert not any('csrc' in name or 'setup.py' in name for name in names)
        assert content.read('mmcv/_ext.py') == Path(torch_ops.__file__).read_bytes()
        assert 'find_loader' not in content.read('mmcv/utils/ext_loader.py').decode()
        metadata = content.read(f'mmcv-{version}.dist-info/METADATA').decode().splitlines()
        assert f'Version: {version}' in metadata and 'Version: 1.7.2' not in metadata
        assert [line for line in metadata if line.startswith('Requires-Dist')] == [
            'Requires-Dist: addict',
            "Requires-Dist: regex;sys_platform=='win32'",
        ]
        record = content.read(f'mmcv-{version}.dist-info/RECORD').decode().splitlines()
        assert {line.split(',')[0] for line in record} == names


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    first = make_wheel(tmp_path).read_bytes()
    assert make_wheel(tmp_path).read_bytes() == first


def test_another_source_is_refused(tmp_path: Path) -> None:
    files = mmcv_wheel.read_source(archive(tmp_path, **{'mmcv/utils/ext_loader.py': 'pass\n'}))
    with pytest.raises(mmcv_wheel.BuildError, match=r'ext_loader\.py is not that of mmcv 1\.7\.2'):
        mmcv_wheel.repair(files)


@pytest.mark.process
def test_pip_hands_over_the_source_without_running_its_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setup.py of the source ends the process that runs it, as that of mmcv does on Python 3.13."""
    archive(tmp_path)
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(tmp_path))
    assert mmcv_wheel.build(tmp_path / 'out').is_file()


@pytest.mark.process
def test_no_source_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(tmp_path))
    with pytest.raises(mmcv_wheel.BuildError, match=r'(?s)pip cannot load the source of mmcv 1\.7\.2:\n.*No matching'):
        mmcv_wheel.build(tmp_path / 'out')


@pytest.fixture
def copy(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Return the stand-in as the wheel brings it: a module of its own, from the same file, in place of mmcv's."""
    spec = importlib.util.spec_from_file_location('mmcv._ext', mmcv_wheel.STAND_IN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, 'mmcv._ext', module)
    return module


def test_the_copy_counts_as_no_compiled_ops_and_follows_this_version(copy: types.ModuleType) -> None:
    assert not compat.has_compiled_ops()
    del copy.nms  # as if the wheel had been built by an older version
    assert compat.provide_ops() and not compat.provide_ops()
    assert copy.nms is torch_ops.nms
    with pytest.raises(torch_ops.MissingCompiledOp, match='"softnms" is one of them'):
        copy.softnms()


def test_the_copy_alone_has_every_op_that_mmcv_asks_for(copy: types.ModuleType) -> None:
    assert callable(copy.nms) and callable(copy.three_nn_forward)
    with pytest.raises(RuntimeError, match='"three_nn_forward" is one of them.*--full'):
        copy.three_nn_forward()

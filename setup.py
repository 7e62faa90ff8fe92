"""What pyproject.toml cannot say of the package: which files of the repository travel with it.

``pip install --no-build-isolation -e .`` installs for development.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
#: Go into ``knet/.mim``, where OpenMMLab's installer looks for them and knet.utils.package finds them.
SHIPPED = ('configs', 'tools', 'tools_vis', 'requirements', 'model-index.yml')
IGNORED = shutil.ignore_patterns('__pycache__', '*.pyc', '.*')


class BuildWithFiles(build_py):
    """Copy the files after the modules; an editable installation finds them in the repository."""

    def run(self) -> None:
        """Build the modules, then copy the files into the folder that becomes the wheel."""
        super().run()
        if getattr(self, 'editable_mode', False):
            return
        target = Path(self.build_lib, 'knet', '.mim')
        shutil.rmtree(str(target), ignore_errors=True)
        target.mkdir(parents=True)
        for name in SHIPPED:
            if (HERE / name).is_dir():
                shutil.copytree(str(HERE / name), str(target / name), ignore=IGNORED)
            else:
                shutil.copy(str(HERE / name), str(target / name))


setup(cmdclass={'build_py': BuildWithFiles})

"""The command ``video-knet``, also ``python -m knet``: one name for the programs of ``tools`` and ``tools_vis``.

Every command runs one program with the remaining arguments, as if it had been called itself; nothing else is imported.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Dict, List, Tuple

import knet
from knet.utils.cli import run_tool
from knet.utils.package import config_names, package_root

_SETUP = 'knet.cli.complete'
#: Command -> program and what it does; a second word chooses among the programs of a group.
COMMANDS: Dict[str, Tuple[str, str]] = {
    'train': ('tools/train.py', 'train a model from a config'),
    'test': ('tools/test_step.py', 'run a video model on videos, store and score its predictions'),
    'test image': ('tools/test.py', 'run an image model, or score single frames'),
    'test clip': ('tools_vis/test_whole_video.py', 'run a clip model: video instance segmentation'),
    'eval stq': ('tools/eval_dstq_step.py', 'STQ, and DSTQ with depth, of stored predictions'),
    'eval vpq': ('tools/eval_dvpq_step.py', 'VPQ, and depth-aware VPQ, of stored predictions'),
    'eval vspw': ('tools/eval_vspw.py', 'mIoU and VC of semantic predictions'),
    'eval vis': ('tools_vis/eval_vis.py', 'AP of tracks of video instance segmentation'),
    'demo': ('tools/demo_video.py', 'segment a video or a folder of frames'),
    'data toy': ('tools/dataset/make_toy_videos.py', 'make toy videos in the layout of a data set'),
    'data frames': ('tools/dataset/frames_to_kitti_step.py', 'your own frames, in the layout of KITTI-STEP'),
    'data kitti-step': ('tools/dataset/kitti_step_prepare.py', 'prepare KITTI-STEP'),
    'data cityscapes-vps': ('tools/dataset/cityscapes_vps_prepare.py', 'prepare Cityscapes-VPS'),
    'data cityscapes': ('tools/dataset/cityscapes_panoptic.py', 'prepare Cityscapes'),
    'data coco': ('tools/dataset/coco_panoptic_stuff.py', 'prepare COCO panoptic'),
    'data vipseg': ('tools/dataset/vipseg_resize_720p.py', 'prepare VIPSeg'),
    'data youtube-vis': ('tools/dataset/youtubevis2coco.py', 'prepare YouTube-VIS'),
    'check': ('tools/check_dataset.py', 'check every file of a data set before a long training'),
    'browse': ('tools/misc/browse_dataset.py', 'draw what a config loads'),
    'visualize': ('tools/visualize.py', 'draw stored predictions'),
    'report': ('tools/report.py', 'write scores, curves and clips as one page'),
    'benchmark': ('tools/benchmark.py', 'measure speed and memory'),
    'setup': (_SETUP, 'complete an installed wheel: mmcv and what pip cannot be told'),
    'configs': ('', 'list the configs that commands know by name'),
}


def usage() -> str:
    """Return the text of ``--help``."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f'  {name:{width}}{text}' for name, (_, text) in COMMANDS.items()]
    return '\n'.join(
        [
            f'Video K-Net {knet.__version__}: video segmentation in which a mask is a kernel.',
            '',
            'usage: video-knet COMMAND [arguments]; "video-knet COMMAND --help" shows them',
            '',
            *lines,
            '',
            'CONFIG is a file or the name of a shipped config.',
        ]
    )


def choose(words: List[str]) -> Tuple[str, List[str]]:
    """Return the command that the arguments begin with, and the arguments that are left.

    Raises:
        SystemExit: If they begin with none.
    """
    for count in (2, 1):
        name = ' '.join(words[:count])
        if len(words) >= count and name in COMMANDS:
            return name, words[count:]
    group = [name for name in COMMANDS if name.split()[0] == words[0]]
    known = ', '.join(group or dict.fromkeys(name.split()[0] for name in COMMANDS))
    sys.exit(f'error: unknown command {" ".join(words[:2] if group else words[:1])}; there are {known}')


def run(name: str, arguments: List[str]) -> None:
    """Run the program of a command as if it had been called itself."""
    program, _ = COMMANDS[name]
    sys.argv = [f'video-knet {name}', *arguments]
    if program == _SETUP:
        import_module(program).main()
        return
    file = package_root() / program
    sys.path.insert(0, str(file.parent))  # programs import what lies beside them
    # As runpy does it, except that help texts go on to call the program by its command.
    program_module = sys.modules['__main__'] = ModuleType('__main__')
    program_module.__file__ = str(file)
    exec(compile(file.read_bytes(), str(file), 'exec'), vars(program_module))


def main() -> None:
    """Read the command and run its program."""
    words = sys.argv[1:]
    if not words or words[0] in ('-h', '--help', 'help'):
        print(usage())
    elif words[0] in ('-V', '--version'):
        print(f'video-knet {knet.__version__}')
    elif words == ['configs']:
        print(*config_names(), sep='\n')
    else:
        command, arguments = choose(words)
        # A program reports its own errors; left are those of its imports, such as a missing mmcv.
        run_tool(lambda: run(command, arguments))

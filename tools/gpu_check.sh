#!/usr/bin/env bash
# Checks this project on a GPU: versions, installation, the tests marked gpu, the benchmark. Takes at most 8 minutes.
#
#   bash tools/gpu_check.sh [OUT]
#
# OUT              folder for what the steps say (default: gpu_check); at most 8 small files
# A step that fails or takes too long does not stop the others; the exit code is 1 if one did.
# Without a GPU the tests are skipped and the benchmark runs at toy size on the CPU: a dry run.
# Variables: PYTHON       interpreter (default: that of tools/install.sh where there is one, else python3)
#            TEST_SECONDS, BENCHMARK_SECONDS   time of these steps (default: 160 and 230)
set -uo pipefail
case "${1:-}" in -h | --help) sed -n '/^# Checks/,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;; esac
here=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-gpu_check}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2
cd "$here" || exit 2
python=${PYTHON:-$(bash tools/install.sh --print-python 2>/dev/null || command -v python3)}
export PYTHONPATH=$here${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1 PYTHONWARNINGS=ignore
export MPLBACKEND=Agg TORCHINDUCTOR_CACHE_DIR=${TORCHINDUCTOR_CACHE_DIR:-$(mktemp -d)}
begun=$SECONDS
summary=$out/summary.txt
: >"$summary"
failed=0

# step NAME SECONDS COMMAND...: runs a command within its time; its output goes to NAME.txt and, at its end, is shown.
step() {
    local name=$1 seconds=$2 started=$SECONDS code=0 result
    shift 2
    echo "== $name (at most $seconds s)"
    timeout -k 10 "$seconds" "$@" >"$out/$name.txt" 2>&1 </dev/null || code=$?
    case $code in
        0) result=passed ;;
        124 | 137) result="failed: out of time" ;;
        *) result="failed: exit code $code" ;;
    esac
    [ "$code" -eq 0 ] || failed=1
    tail -n 40 "$out/$name.txt" | cut -c1-400
    echo "$name: $result ($((SECONDS - started)) s)" | tee -a "$summary"
}

versions() {
    nvidia-smi || echo 'nvidia-smi: there is none'
    "$python" - <<'PYTHON'
import platform
from importlib.metadata import PackageNotFoundError, version

import torch

for name in 'torch torchvision numpy opencv-python opencv-python-headless mmcv mmcv-full mmdet mmsegmentation triton'.split():
    try:
        print(name, version(name))
    except PackageNotFoundError:
        pass
print('python', platform.python_version(), '| CUDA', torch.version.cuda, '| cuDNN', torch.backends.cudnn.version())
print('GPU', torch.cuda.get_device_name() if torch.cuda.is_available() else 'none')
PYTHON
}
installation() {
    "$python" - <<'PYTHON'
import time

import torch
from mmcv import Config

begun = time.perf_counter()
import knet.plugin
import knet_vis.plugin
from mmdet.models import build_detector

print(f'import: {time.perf_counter() - begun:.1f} s')
device = 'cuda' if torch.cuda.is_available() else 'cpu'
for name in ('knet_toy_cityscapes_step', 'video_knet_toy_kitti_step', 'video_knet_toy_vspw', 'knet_track_toy_youtubevis'):
    model = build_detector(Config.fromfile(f'configs/toy/{name}.py').model).to(device)
    print(f'{name}: {type(model).__name__}, {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {device}')
PYTHON
}
export -f versions installation
export python

step versions 30 bash -c versions
step installation 60 bash -c installation
benchmark_seconds=${BENCHMARK_SECONDS:-230}
if "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    options=(inference train vipseg --device cuda --seconds 0.8 --limit $((benchmark_seconds * 2 / 3)))
else
    options=(inference train vipseg --modes fp32 --size 64 128 --vipseg-size 64 128 --seconds 0.1 --limit 45)
fi
step tests "${TEST_SECONDS:-160}" "$python" -m pytest -q --tb short --show-capture no -p no:cacheprovider --durations 8 tests/gpu
step benchmark "$benchmark_seconds" "$python" tools/benchmark.py "${options[@]}" --out "$out"
echo "total: $((SECONDS - begun)) s, $([ "$failed" -eq 0 ] && echo everything passed || echo 'something failed')" | tee -a "$summary"
echo "== $out"
ls -l "$out"
exit "$failed"

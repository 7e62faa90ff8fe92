#!/usr/bin/env bash
# Train the toy-size model on the first frames of a real clip and score the rest, in a temporary folder.
#   bash tests/real/run_clip.sh CLIP [OUT]
# CLIP holds images/FFFFFF.jpg and panoptic/FFFFFF.png (KITTI-STEP encoding), frames 0 to 100.
set -euo pipefail
clip=$(cd "$1" && pwd)
out=${2:-$(mktemp -d)}
cd "$(dirname "$0")/../.."
python=${PYTHON:-$(bash tools/install.sh --print-python)}
config=configs/toy/video_knet_toy_clip.py
root="data.train.dataset.data_root=$out/data data.val.data_root=$out/data data.test.data_root=$out/data"

"$python" tools/dataset/frames_to_kitti_step.py --images "$clip/images" --panoptic "$clip/panoptic" \
    --dst "$out/data" --train 0-69 --val 70-100 --height 192
# $root is several words on purpose.
# shellcheck disable=SC2086
"$python" tools/train.py "$config" --work-dir "$out/work" --seed 0 --auto-resume --no-validate --cfg-options $root
# shellcheck disable=SC2086
"$python" tools/test_step.py "$config" "$out/work/latest.pth" --out-dir "$out/predictions" --eval stq vpq --cfg-options $root
"$python" tools/visualize.py "$out/predictions" "$out/data" --out "$out/pictures" --gif --mp4
echo "results: $out"

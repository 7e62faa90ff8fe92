#!/usr/bin/env bash
# The main job on the built-in toy videos: make data, train on images, then on videos, predict, score, draw.
#
#   bash tools/quickstart.sh [WORK_DIR]
#
# WORK_DIR   where all results go (default: work_dirs/quickstart)
# Takes about 8 minutes on two idle cores, the installation included. What is done already is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in
    -h | --help) sed -n '/^# The main/,/^set /{/^set /d;s/^# \{0,1\}//;p;}' tools/quickstart.sh; exit 0 ;;
    -*) printf 'error: unknown option %s\n       usage: bash tools/quickstart.sh [WORK_DIR]\n' "$1" >&2; exit 1 ;;
esac
[ $# -le 1 ] || { printf 'error: more than one WORK_DIR\n       usage: bash tools/quickstart.sh [WORK_DIR]\n' >&2; exit 1; }
bash tools/install.sh
python=$(bash tools/install.sh --print-python)
work=${1:-work_dirs/quickstart}
data=data/toy/kitti-step
images=configs/toy/knet_toy_kitti_step.py
config=configs/toy/video_knet_toy_kitti_step.py

step() { printf '\n== %s (%d s since start) ==\n' "$1" "$SECONDS"; }

step '1/6 toy videos: 84 to train on, 6 that the model never sees'
"$python" tools/dataset/make_toy_videos.py --layout kitti-step --out-dir "$data" --train 84 --val 6

step '2/6 image K-Net from scratch, and what it sees'
"$python" tools/train.py "$images" --work-dir "$work/images" --seed 0 --auto-resume --no-validate
"$python" tools/test.py "$images" "$work/images" --show-dir "$work/first_pictures" --eval PQ
printf 'first pictures: %s\n' "$work/first_pictures"

step '3/6 Video K-Net, which starts from it'
"$python" tools/train.py "$config" --load-from "$work/images" --work-dir "$work" --seed 0 --auto-resume --no-validate

step '4/6 prediction and scores on the unseen videos'
# The same network with three ways to carry identities from frame to frame.
test_with() {
    name=$1
    shift
    "$python" tools/test_step.py "$config" "$work/latest.pth" --out-dir "$work/$name" --eval stq vpq "$@" \
        >"$work/$name.txt"
    echo "$work/$name.txt"
}
test_with embedding
test_with mask-iou --cfg-options model.tracker._delete_=True model.tracker.type=MaskIoUTracker
test_with new-ids --cfg-options model.tracker._delete_=True model.tracker.type=NewIdTracker

step '5/6 pictures and report'
"$python" tools/visualize.py "$work/embedding" "$data" --out-dir "$work/pictures" --gif --mp4
log=$(ls -t "$work"/*.log.json | head -n 1)
"$python" tools/report.py --out "$work/report.html" --title 'Video K-Net on toy streets' \
    --stq "$work/embedding/stq.json" --vpq "$work/embedding/vpq.json" --log "$log" \
    --result "$work/embedding" --gt "$data" --name embedding \
    --compare "mask IoU=$work/mask-iou" --compare "new ids=$work/new-ids" \
    --fact 'command=bash tools/quickstart.sh' --fact 'seed=0'

step '6/6 scores on unseen videos, in percent'
cat "$work/embedding.txt"
"$python" tools/misc/compare_scores.py "embedding=$work/embedding" "mask IoU=$work/mask-iou" \
    "new ids=$work/new-ids" --json "$work/scores.json"
printf '\nreport: %s\nclips:  %s\n' "$work/report.html" "$work/pictures"

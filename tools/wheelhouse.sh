#!/usr/bin/env bash
# Collects the wheels that a machine without internet needs beside its own PyTorch, torchvision, numpy and OpenCV.
#
#   bash tools/wheelhouse.sh OUT [--python 3.12] [--have LIST]
#
# OUT              folder for the wheels; carry it to the other machine and call there:
#                  bash tools/install.sh --offline OUT
# --python X.Y     version of Python on the other machine (default: that of the interpreter here)
# --have LIST      file with the packages that the other machine has, one a line; the output of
#                  "python -m pip list --format=freeze" on that machine serves. Without it everything
#                  except the four packages above is collected (about 80 MB instead of 6 MB).
# Variables: PYTHON       interpreter that collects (3.8 to 3.14, with pip); default: that of tools/install.sh
#            MACHINE      processor of the other machine, as "uname -m" says there (default: that of this machine)
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

out=
version=
have=
while [ $# -gt 0 ]; do
    case $1 in
        --python | --have)
            [ $# -gt 1 ] || fail "$1 needs a value" 'usage: bash tools/wheelhouse.sh OUT [--python 3.12] [--have LIST]'
            if [ "$1" = --python ]; then version=$2; else have=$2; fi
            shift ;;
        -h | --help) sed -n '/^# Collects/,/^set /{/^set /d;s/^# \{0,1\}//;p;}' tools/wheelhouse.sh; exit 0 ;;
        -*) fail "unknown argument $1" 'usage: bash tools/wheelhouse.sh OUT [--python 3.12] [--have LIST]' ;;
        *) out=$1 ;;
    esac
    shift
done
[ -n "$out" ] || fail 'the folder for the wheels is missing' 'usage: bash tools/wheelhouse.sh OUT [--python 3.12] [--have LIST]'
[ -z "$have" ] || [ -f "$have" ] || fail "the list of packages $have does not exist" \
    'Make it on the other machine: python -m pip list --format=freeze > have.txt'
python=${PYTHON:-$(bash tools/install.sh --print-python)}
version=${version:-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
case $version in
    3.8 | 3.9 | 3.10 | 3.11 | 3.12 | 3.13 | 3.14) ;;
    *) fail "--python $version: Video K-Net needs Python 3.8 to 3.14" ;;
esac
machine=${MACHINE:-$(uname -m)}

scratch=$(mktemp -d -t video-knet-wheelhouse.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$out"
rm -f "$out"/*.whl
pip() { "$python" -m pip --disable-pip-version-check "$@"; }

echo "[1/3] mmcv without compiled ops as a wheel"
"$python" -m knet.cli.mmcv_wheel "$scratch" >"$scratch/log" 2>&1 ||
    { tail -n 12 "$scratch/log" >&2; fail 'mmcv could not be built (see above)'; }

echo "[2/3] what the packages need on Python $version"
platforms=(--platform any)
for glibc in $(seq 17 39); do platforms+=(--platform "manylinux_2_${glibc}_$machine"); done
platforms+=(--platform "manylinux2014_$machine" --platform "manylinux1_$machine")
target=(--only-binary :all: --python-version "$version" --implementation cp "${platforms[@]}" --find-links "$scratch")
cat requirements/{runtime,lite,build}.txt | grep -v '^#\|^torch\|^pip' >"$scratch/requirements.txt"
printf 'pytest\npytest-timeout\n' >>"$scratch/requirements.txt"
# pip decides about requirements "for old Pythons only" by the interpreter that runs it.
case $version in 3.8 | 3.9 | 3.10) printf 'tomli\nexceptiongroup\n' >>"$scratch/requirements.txt" ;; esac
pip install -q --dry-run --ignore-installed --report "$scratch/report.json" --target "$scratch/none" "${target[@]}" \
    -r "$scratch/requirements.txt" >"$scratch/log" 2>&1 ||
    { tail -n 12 "$scratch/log" >&2; fail "no set of wheels fits Python $version on $machine (see above)"; }
"$python" - "$scratch" "$have" <<'PYTHON' >"$scratch/names.txt"
import json
import re
import sys

scratch, have = sys.argv[1:]


def normal(name):
    return re.sub(r'[-_.]+', '-', name.strip()).lower()


known = {'torch', 'torchvision', 'numpy', 'opencv-python', 'opencv-python-headless', 'mmcv'}
if have:
    known.update(normal(re.split(r'[=@<> ]', line)[0]) for line in open(have) if line.strip())
for item in json.load(open(f'{scratch}/report.json'))['install']:
    name, version = item['metadata']['name'], item['metadata']['version']
    if normal(name) not in known:
        print(f'{name}=={version}')
print(*[line.strip() for line in open('requirements/nodeps.txt') if line.strip() and line[0] != '#'], sep='\n')
PYTHON

echo "[3/3] $(wc -l <"$scratch/names.txt") packages beside mmcv"
pip download -q --no-deps -d "$out" "${target[@]}" -r "$scratch/names.txt" >"$scratch/log" 2>&1 ||
    { tail -n 12 "$scratch/log" >&2; fail 'the wheels could not be loaded (see above)'; }
cp "$scratch"/mmcv-*.whl "$out"
ls -1 "$out"
echo "wheelhouse: $(find "$out" -name '*.whl' | wc -l) wheels, $(du -sh "$out" | cut -f1) in $out"

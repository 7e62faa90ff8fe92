#!/usr/bin/env bash
# Makes an environment in which Video K-Net runs. Safe to call again: what is there is reused.
#
#   bash tools/install.sh                  mmcv without compiled ops; any PyTorch since 2.0
#   bash tools/install.sh --full           mmcv-full with compiled ops; PyTorch 2.0.1 unless one is there
#   bash tools/install.sh --offline WHEELS without internet: adds the wheels that tools/wheelhouse.sh collected to the
#                                          active environment (or to that of python3); its torch, numpy, OpenCV stay
#   bash tools/install.sh --print-python   only print the interpreter of the environment
#
# The active virtual or conda environment is used; without one, .venv in this folder is made.
# Variables: PYTHON          interpreter for a new .venv (3.8 to 3.14)
#            TORCH           what to install, e.g. TORCH="torch==2.0.1 torchvision==0.15.2"
#            PIP_FIND_LINKS  folder with wheels (also of mmcv-full); pip's other variables work too
set -euo pipefail
{ # bash reads all of this before it starts, so that an update of the file during a long install does no harm
cd "$(dirname "$0")/.."
here=$PWD

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

usage='usage: bash tools/install.sh [--full | --offline WHEELS] [--print-python]'
flavour=lite
print_python=
wheels=
while [ $# -gt 0 ]; do
    case $1 in
        --full) flavour=full ;;
        --offline)
            [ $# -gt 1 ] || fail '--offline needs the folder of the wheels' "$usage"
            wheels=$2
            shift ;;
        --print-python) print_python=1 ;;
        -h | --help) sed -n "/^# Makes/,/^set /{/^set /d;s/^# \{0,1\}//;p;}" tools/install.sh; exit 0 ;;
        *) fail "unknown argument $1" "$usage" ;;
    esac
    shift
done

# --- which environment, which Python --------------------------------------------------------------------------------

prefix=${VIRTUAL_ENV:-}
if [ -z "$prefix" ] && [ "${CONDA_DEFAULT_ENV:-base}" != base ]; then prefix=${CONDA_PREFIX:-}; fi
if [ -n "$prefix" ]; then
    [ -x "$prefix/bin/python" ] || fail "the active environment $prefix has no Python" 'Call "deactivate" first.'
else
    prefix=$here/.venv
fi
python=$prefix/bin/python
if [ -n "$print_python" ]; then
    [ -x "$python" ] || fail 'there is no environment yet: run bash tools/install.sh'
    echo "$python"
    exit 0
fi

version_of() {
    if "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; then return; fi
    case $1 in
        */shims/*) echo 'a pyenv shim that starts no Python: choose a version by "pyenv global"' ;;
        *) echo 'not working' ;;
    esac
}
kind_of() {
    local version
    version=$(version_of "$1")
    case $version in [0-9]*) echo "Python $version" ;; *) echo "$version" ;; esac
}
suitable() {
    case $(version_of "$1") in
        3.8.* | 3.9.* | 3.10.* | 3.11.*) true ;;
        # mmcv-full 1.7.2 and the torch it compiles against end with Python 3.11.
        3.12.* | 3.13.* | 3.14.*) [ "$flavour" = lite ] ;;
        *) false ;;
    esac
}
if [ "$flavour" = lite ]; then versions='3.8 to 3.14'; else versions='3.8 to 3.11 (for --full)'; fi

# Says what was installed, or that it does not work.
report() {
    "$python" - <<'EOF' || fail 'the packages are there but Video K-Net cannot be imported (see above)'
import knet.plugin
from knet.utils.compat import has_compiled_ops
import mmcv, numpy, platform, torch
device = torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU'
print(f'install: Python {platform.python_version()}, torch {torch.__version__}, numpy {numpy.__version__}, '
      f'mmcv {mmcv.__version__} {"with" if has_compiled_ops() else "without"} compiled ops, {device}')
EOF
}

# --- without internet -----------------------------------------------------------------------------------------------

if [ -n "$wheels" ]; then
    compgen -G "$wheels/*.whl" >/dev/null || fail "the folder $wheels holds no wheels" \
        'Make them on a machine with internet: bash tools/wheelhouse.sh OUT --python 3.12 --have LIST'
    [ -x "$python" ] || python=$(command -v python3) || fail 'no environment is active and there is no python3'
    suitable "$python" || fail "$python is $(kind_of "$python"); $versions is needed"
    for module in torch torchvision numpy cv2; do
        "$python" -c "import $module" || fail "$python lacks $module" \
            'An offline installation builds on an environment that has PyTorch, torchvision, numpy and OpenCV.'
    done
    offline_pip() { "$python" -m pip install -q --disable-pip-version-check --no-index --no-deps "$@"; }
    offline_pip "$wheels"/*.whl || fail "the wheels of $wheels could not be installed (see above)"
    # The programs of tools/ find the package beside them anyway.
    offline_pip --no-build-isolation -e . ||
        echo "install: setuptools is missing there; other folders import knet with PYTHONPATH=$here"
    report
    exit 0
fi

# From what is tried most to what is tried least.
minors='11 12 13 10 14 9 8'
candidates() {
    printf '%s\n' python3 python
    for minor in $minors; do echo "python3.$minor"; done
    if command -v pyenv >/dev/null 2>&1; then
        for minor in $minors; do ls -d "$(pyenv root)"/versions/3."$minor".*/bin/python 2>/dev/null || true; done
    fi
    if command -v uv >/dev/null 2>&1; then
        for minor in $minors; do uv python find "3.$minor" 2>/dev/null || true; done
    fi
}

# Sets `base`, the interpreter that a new environment is made from.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        base=$(command -v "$PYTHON") || fail "PYTHON=$PYTHON does not exist"
        suitable "$base" || fail "PYTHON=$PYTHON is $(kind_of "$base"); $versions is needed"
        return
    fi
    local tried=
    for candidate in $(candidates); do
        base=$(command -v "$candidate" 2>/dev/null) || continue
        if suitable "$base"; then return; fi
        tried="$tried $candidate ($(version_of "$base"))"
    done
    fail "no suitable Python found: $versions is needed" "Looked at:${tried:- nothing, there is none on PATH}" \
        'Install one with your system, pyenv or "uv python install 3.11",' \
        'or name it: PYTHON=/path/to/python3.11 bash tools/install.sh'
}

base=
if [ -x "$python" ]; then
    suitable "$python" || fail "the environment $prefix has $(kind_of "$python"); $versions is needed" \
        'Activate another one, or deactivate it or remove it to have a new one made.'
else
    find_python
fi

# --- already done? --------------------------------------------------------------------------------------------------

stamp=$prefix/.video-knet-$flavour
fingerprint() {
    echo "$here ${TORCH:-}"
    cksum tools/install.sh setup.py pyproject.toml knet/__init__.py knet/cli/*.py knet/utils/torch_ops.py requirements/*.txt
}
installed() { "$python" -c 'import sys; from importlib.metadata import version; [version(x) for x in sys.argv[1:]]' "$@" 2>/dev/null; }
if [ -x "$python" ] && [ -f "$stamp" ] && [ "$(fingerprint)" = "$(cat "$stamp")" ] &&
    installed torch mmdet mmsegmentation video-knet; then
    echo "install: $prefix is ready"
    exit 0
fi

# --- the steps and what can go wrong --------------------------------------------------------------------------------

steps=6
step=0
log=$(mktemp -t video-knet-install.XXXXXX)
scratch=$(mktemp -d -t video-knet-install.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
constraints=$scratch/constraints.txt

# Runs a command with its output in the log; says what happens, shows life, and how long it took.
run_step() {
    local title=$1 started=$SECONDS job ticks=0 code=0
    shift
    step=$((step + 1))
    echo "[$step/$steps] $title"
    printf '### %s\n' "$title" >"$log"
    set -m # a process group of its own, so that an interrupt ends all of it
    "$@" >>"$log" 2>&1 </dev/null &
    job=$!
    set +m
    trap 'kill -- "-$job" 2>/dev/null; echo interrupted >&2; exit 130' INT TERM
    while kill -0 "$job" 2>/dev/null; do
        sleep 0.2
        ticks=$((ticks + 1))
        if [ $((ticks % 100)) -eq 0 ]; then echo "      $((SECONDS - started)) s: $(last_words 1 | cut -c1-100)"; fi
    done
    wait "$job" || code=$?
    trap - INT TERM
    [ "$code" -eq 0 ] || explain "$title"
    echo "      done in $((SECONDS - started)) s"
}

last_words() { grep -v '^WARNING\|^ *$' "$log" | tail -n "$1"; }

# Turns what pip wrote into one clear error.
explain() {
    if grep -qi 'no space left on device' "$log"; then
        fail "the disk became full: $1" "$(df -Ph "$here" | tail -n 1)" "Log: $log"
    elif grep -qiE 'name resolution|Failed to resolve|NewConnectionError|ConnectTimeout|ProxyError|Network is unreachable|Connection (refused|reset)' "$log"; then
        fail "no network: $1" 'It needs a package index of pip, or wheels in the folder PIP_FIND_LINKS.' \
            'Check the connection, PIP_INDEX_URL and HTTPS_PROXY and call this again: what is done stays done.' "Log: $log"
    fi
    last_words 12 >&2
    fail "failed: $1" "Log: $log"
}

pip_install() { "$python" -m pip install --disable-pip-version-check --progress-bar off "$@"; }

check_disk() {
    local need=8 free
    if [ -x "$python" ] && installed torch; then need=1; fi
    free=$(df -Pk "$here" | awk 'NR == 2 {print int($4 / 1048576)}')
    [ "$free" -ge "$need" ] || fail "not enough disk space in $here: $free GB free, $need GB needed" \
        'PyTorch brings its CUDA libraries. Free some space, or activate an environment on another disk.'
}

make_environment() {
    if [ -x "$python" ]; then return; fi
    if "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        "$base" -m venv "$prefix"
    elif command -v uv >/dev/null 2>&1; then
        uv venv --seed --python "$base" "$prefix"
    else
        echo "$base lacks the modules venv and ensurepip (Debian, Ubuntu: apt install python3-venv)"
        return 1
    fi
}

# mmcv-full comes as a wheel or has to be compiled; find out before gigabytes are loaded.
check_compiler() {
    if installed mmcv-full || command -v "${CXX:-c++}" >/dev/null; then return; fi
    "$python" -m pip download -q --no-deps --only-binary :all: -d "$scratch" "$mmcv_full" >/dev/null 2>&1 ||
        fail 'no C++ compiler found, and --full compiles mmcv-full' \
            'Install one (Debian, Ubuntu: apt install g++), name it by CXX, put a ready mmcv-full wheel into a' \
            'folder named by PIP_FIND_LINKS, or install without --full: everything runs without compiled ops.'
}

install_torch() {
    # Some releases of torch would bring a newer setuptools, with which mmcv-full does not build.
    grep '^setuptools' requirements/build.txt >"$constraints"
    # shellcheck disable=SC2086  # several requirements
    pip_install -c "$constraints" $torch
    # Later steps must not exchange this torch; before 2.3 it was built for numpy 1.
    "$python" - >>"$constraints" <<'EOF'
from importlib.metadata import version
print('torch==' + version('torch'))
if tuple(int(x) for x in version('torch').split('.')[:2]) < (2, 3):
    print('numpy<2')
EOF
}

install_rest() {
    pip_install -c "$constraints" -r requirements/runtime.txt -r requirements/video.txt -r requirements/tests.txt
}

install_compiled_mmcv() {
    if installed mmcv; then "$python" -m pip uninstall -y mmcv; fi
    if ! pip_install --only-binary :all: -c "$constraints" "$mmcv_full"; then
        echo 'no ready wheel: compiling, this takes 10 to 30 minutes'
        pip_install -c "$constraints" $(grep -v '^#\|^mmcv' requirements/full.txt)
        MMCV_WITH_OPS=1 MAX_JOBS=$(getconf _NPROCESSORS_ONLN) \
            pip_install --no-build-isolation -v -c "$constraints" "$mmcv_full"
    fi
}

install_mmcv() {
    if [ "$flavour" = full ]; then install_compiled_mmcv; fi
    "$python" -m knet setup
}

mmcv_full=$(grep '^mmcv-full==' requirements/full.txt)
begun=$SECONDS
check_disk
run_step "environment $prefix" make_environment
run_step 'pip, setuptools, wheel' pip_install -r requirements/build.txt
if [ "$flavour" = full ]; then check_compiler; fi
torch=${TORCH:-torch>=2.0 torchvision>=0.15}
if [ "$flavour" = full ] && [ -z "${TORCH:-}" ] && ! installed torch; then torch='torch==2.0.1 torchvision==0.15.2'; fi
run_step "PyTorch: $torch (up to 3 GB to load)" install_torch
run_step 'mmdet, mmsegmentation and the rest' install_rest
run_step "mmcv, flavour $flavour" install_mmcv
run_step 'Video K-Net itself' pip_install --no-deps --no-build-isolation -e .

report
fingerprint >"$stamp"
rm -f "$log"
echo "install: ready in $((SECONDS - begun)) s. To use it: source $prefix/bin/activate"
exit 0
}

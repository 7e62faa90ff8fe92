# Sourced by the dist_*.sh and slurm_*.sh scripts; plain POSIX sh.

usage_error() {
    echo "error: $1" >&2
    exit 2
}

python_command() {
    if [ -n "${PYTHON:-}" ]; then
        echo "$PYTHON"
    elif command -v python >/dev/null 2>&1; then
        echo python
    else
        echo python3
    fi
}

# Processes share the cores unless OMP_NUM_THREADS says otherwise.
threads_per_process() {
    cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
    threads=$((cores / $1))
    [ "$threads" -ge 1 ] || threads=1
    echo "$threads"
}

free_port() {
    "$(python_command)" -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'
}

is_number() {
    case "$1" in
        '' | *[!0-9]*) return 1 ;;
        *) return 0 ;;
    esac
}

# launch PROCESSES_PER_NODE SCRIPT [args]: one process per GPU (or per CPU share).
# Several nodes: run the same command on each with NNODES, NODE_RANK (0, 1, ...),
# MASTER_ADDR (host name of node 0) and, if 29500 is taken, PORT.
launch() {
    processes=$1
    script=$2
    shift 2
    is_number "$processes" && [ "$processes" -ge 1 ] || usage_error "GPUS must be a number >= 1, not '$processes'"
    nodes=${NNODES:-1}
    if [ "$nodes" -gt 1 ]; then
        [ -n "${MASTER_ADDR:-}" ] || usage_error 'NNODES > 1 needs MASTER_ADDR, the host name of node 0'
        port=${PORT:-29500}
    else
        port=${PORT:-$(free_port)}
    fi
    OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(threads_per_process "$processes")}
    export OMP_NUM_THREADS
    exec "$(python_command)" -m torch.distributed.run \
        --nnodes="$nodes" --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="$port" \
        --nproc_per_node="$processes" \
        "$tools/$script" "$@" --launcher pytorch
}

# launch_test LAUNCHER SCRIPT CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [args]: one process unless GPUS says otherwise.
launch_test() {
    launcher=$1
    script=$2
    shift 2
    [ $# -ge 2 ] || usage_error "usage: $launcher CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [$script options]"
    config=$1
    checkpoint=$2
    shift 2
    gpus=1
    if is_number "${1:-}"; then
        gpus=$1
        shift
    fi
    launch "$gpus" "$script" "$config" "$checkpoint" "$@"
}

# slurm_launch PARTITION JOB SCRIPT [args]: GPUS tasks, GPUS_PER_NODE on each
# node, CPUS_PER_TASK each; more srun options in SRUN_ARGS; DEVICE=cpu asks for no GPUs.
slurm_launch() {
    partition=$1
    job=$2
    script=$3
    shift 3
    command -v srun >/dev/null 2>&1 || usage_error 'srun not found: this is no Slurm machine; use tools/dist_*.sh'
    per_node=${GPUS_PER_NODE:-$GPUS}
    [ "$per_node" -le "$GPUS" ] || per_node=$GPUS
    gres="--gres=gpu:$per_node"
    [ "${DEVICE:-gpu}" != cpu ] || gres=
    OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
    export OMP_NUM_THREADS
    # gres and SRUN_ARGS hold several words or none, so they stay unquoted.
    # shellcheck disable=SC2086
    exec srun -p "$partition" --job-name="$job" $gres \
        --ntasks="$GPUS" --ntasks-per-node="$per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
        "$(python_command)" -u "$tools/$script" "$@" --launcher slurm
}

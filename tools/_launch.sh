# Sourced by the dist_*.sh and slurm_*.sh scripts, which set "usage"; plain POSIX sh.
#
# Several nodes without Slurm: run the same command on each with NNODES, NODE_RANK
# (0, 1, ...), MASTER_ADDR (host name of node 0) and, if 29500 is taken, PORT. Nodes wait NODE_TIMEOUT seconds (600) for
# each other. Two jobs do not take each other's nodes, even with one port, unless they run the same config.

usage_error() {
    printf 'error: %s\n%s\n' "$1" "$usage" >&2
    exit 2
}

# require COUNT "$@": that many positional arguments; -h prints the usage.
require() {
    count=$1
    shift
    case "${1:-}" in
        -h | --help)
            echo "$usage"
            exit 0
            ;;
    esac
    [ $# -ge "$count" ] || usage_error "$count arguments are needed, got $#"
}

is_number() {
    case "$1" in
        '' | *[!0-9]*) return 1 ;;
        *) return 0 ;;
    esac
}

# check_number NAME VALUE LOWEST
check_number() {
    is_number "$2" && [ "$2" -ge "$3" ] || usage_error "$1 must be a number >= $3, not '$2'"
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

# launch PROCESSES_PER_NODE SCRIPT [args]: one process per GPU (or per CPU share).
launch() {
    processes=$1
    script=$2
    shift 2
    check_number GPUS "$processes" 1
    nodes=${NNODES:-1}
    check_number NNODES "$nodes" 1
    if [ "$nodes" -gt 1 ]; then
        [ -n "${MASTER_ADDR:-}" ] || usage_error 'NNODES > 1 needs MASTER_ADDR, the host name of node 0'
        [ -n "${NODE_RANK:-}" ] || usage_error 'NNODES > 1 needs NODE_RANK, the number of this node from 0'
        check_number NODE_RANK "$NODE_RANK" 0
        [ "$NODE_RANK" -lt "$nodes" ] || usage_error "NODE_RANK counts from 0: $NODE_RANK is too much for NNODES=$nodes"
        port=${PORT:-29500}
        check_number NODE_TIMEOUT "${NODE_TIMEOUT:-600}" 1
        meeting="--rdzv_id=$script-$(basename "${1:-}") --rdzv_conf=timeout=${NODE_TIMEOUT:-600}"
    else
        meeting=
        NODE_RANK=0
        MASTER_ADDR=127.0.0.1
        port=${PORT:-$(free_port)}
    fi
    check_number PORT "$port" 1
    [ "$port" -le 65535 ] || usage_error "PORT must be at most 65535, not $port"
    OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(threads_per_process "$processes")}
    export OMP_NUM_THREADS
    # meeting holds two words or none, so it stays unquoted.
    # shellcheck disable=SC2086
    exec "$(python_command)" "$tools/_torchrun.py" \
        --nnodes="$nodes" --node_rank="$NODE_RANK" --master_addr="$MASTER_ADDR" --master_port="$port" $meeting \
        --nproc_per_node="$processes" --monitor_interval=0.2 \
        "$tools/$script" "$@" --launcher pytorch
}

# launch_test SCRIPT CONFIG CHECKPOINT_OR_WORK_DIR [GPUS] [args]: one process unless GPUS says otherwise.
launch_test() {
    script=$1
    shift
    require 2 "$@"
    config=$1
    checkpoint=$2
    shift 2
    gpus=1
    # A word that is no option stands where the number of GPUS belongs.
    case "${1:--}" in
        -*) ;;
        *)
            gpus=$1
            shift
            ;;
    esac
    launch "$gpus" "$script" "$config" "$checkpoint" "$@"
}

# slurm_launch SCRIPT DEFAULT_GPUS WORD PARTITION JOB CONFIG TARGET [args]: GPUS tasks, GPUS_PER_NODE on each node,
# CPUS_PER_TASK each; more srun options in SRUN_ARGS; DEVICE=cpu asks for no GPUs. WORD comes before TARGET
# on the command line of SCRIPT. With REQUEUE=yes the job is a batch job, which Slurm signals SIGNAL_SECONDS before its
# end, and which then stops in order and queues again.
slurm_launch() {
    script=$1
    gpus=${GPUS:-$2}
    word=$3
    usage="$usage
environment: GPUS ($2), GPUS_PER_NODE (8), CPUS_PER_TASK (5), SRUN_ARGS, DEVICE=cpu for no GPUs,
  REQUEUE=yes for a batch job that stops SIGNAL_SECONDS (120) before the end of its time and goes on by itself"
    shift 3
    case "${2:-}" in
        *.py) usage_error "PARTITION is missing before '$1': the config is the third argument (an unset variable \$PARTITION is no argument)" ;;
    esac
    require 4 "$@"
    partition=$1
    job=$2
    config=$3
    target=$4
    shift 4
    per_node=${GPUS_PER_NODE:-8}
    cpus=${CPUS_PER_TASK:-5}
    check_number GPUS "$gpus" 1
    check_number GPUS_PER_NODE "$per_node" 1
    check_number CPUS_PER_TASK "$cpus" 1
    command -v srun >/dev/null 2>&1 || usage_error 'srun not found: this is no Slurm machine; use tools/dist_*.sh'
    [ "$per_node" -le "$gpus" ] || per_node=$gpus
    gres="--gres=gpu:$per_node"
    [ "${DEVICE:-gpu}" != cpu ] || gres=
    OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
    export OMP_NUM_THREADS
    # gres, SRUN_ARGS and word hold several words or none, so they stay unquoted.
    if [ "${REQUEUE:-no}" = yes ]; then
        command -v sbatch >/dev/null 2>&1 || usage_error 'sbatch not found, which REQUEUE=yes needs'
        seconds=${SIGNAL_SECONDS:-120}
        check_number SIGNAL_SECONDS "$seconds" 1
        resume=
        [ "$script" != train.py ] || resume=--auto-resume
        # shellcheck disable=SC2086
        exec sbatch -p "$partition" --job-name="$job" $gres \
            --ntasks="$gpus" --ntasks-per-node="$per_node" --cpus-per-task="$cpus" \
            --requeue --signal="USR1@$seconds" --open-mode=append ${SRUN_ARGS:-} \
            "$tools/_requeue.sh" \
            "$(python_command)" -u "$tools/$script" "$config" $word "$target" "$@" --launcher slurm $resume
    fi
    # shellcheck disable=SC2086
    exec srun -p "$partition" --job-name="$job" $gres \
        --ntasks="$gpus" --ntasks-per-node="$per_node" \
        --cpus-per-task="$cpus" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
        "$(python_command)" -u "$tools/$script" "$config" $word "$target" "$@" --launcher slurm
}

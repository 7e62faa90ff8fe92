#!/bin/sh
# A Slurm cluster on this one machine, for trying the slurm_*.sh launchers and for test_slurm.py.
usage='usage: sh tests/slurm/start_slurm.sh [start | stop]
  start  install slurm-wlm and munge if they are missing (Debian or Ubuntu, as root), start the daemons, and print
         the line to type before srun; nothing outside of SLURM_DIR is configured
  stop   end the daemons
environment: SLURM_DIR (a folder in TMPDIR), SLURM_PORT (16817; one more is taken for each node),
  SLURM_NODES (1; 2 starts two daemons that play two nodes, as root), INSTALL=no to install nothing'
set -eu
SLURM_DIR=${SLURM_DIR:-${TMPDIR:-/tmp}/one-node-slurm}
SLURM_PORT=${SLURM_PORT:-16817}
SLURM_NODES=${SLURM_NODES:-1}
# Node 0 is the one whose name comes first, and others look it up.
case $SLURM_NODES in
    1) nodes=$(hostname -s) ;;
    2) nodes="$(hostname -s) $(hostname -s)-2" ;;
    *) echo "error: SLURM_NODES must be 1 or 2, not $SLURM_NODES" >&2 && exit 2 ;;
esac

fail() {
    echo "error: $1" >&2
    exit 1
}

# The daemons' own pid files, so that no other Slurm or munge of the machine is touched.
stop() {
    for file in "$SLURM_DIR"/slurmd*.pid "$SLURM_DIR/slurmctld.pid" "$SLURM_DIR/munged.pid"; do
        if [ -s "$file" ]; then
            kill "$(cat "$file")" 2>/dev/null || true
            rm -f "$file"
        fi
    done
}

install_slurm() {
    PATH=$PATH:/usr/sbin:/sbin
    for program in munged slurmctld slurmd srun; do
        command -v "$program" >/dev/null 2>&1 || missing="${missing:-} $program"
    done
    [ -n "${missing:-}" ] || return 0
    [ "${INSTALL:-yes}" = yes ] || fail "not installed:$missing; run sh tests/slurm/start_slurm.sh as root"
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 ||
        fail "not installed:$missing; ask for the packages slurm-wlm and munge"
    # The packages start daemons of their own, which find no configuration; that is no reason to stop.
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge ||
        fail 'the packages slurm-wlm and munge cannot be installed; try apt-get update first'
}

write_config() {
    host=$(hostname -s)
    mkdir -p "$SLURM_DIR/state"
    chmod 755 "$SLURM_DIR"
    [ -s "$SLURM_DIR/munge.key" ] || (umask 077 && head -c 1024 /dev/urandom >"$SLURM_DIR/munge.key")
    cat >"$SLURM_DIR/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$SLURM_DIR/munge.socket
CredType=cred/munge
StateSaveLocation=$SLURM_DIR/state
SlurmdSpoolDir=$SLURM_DIR/spool-%n
SlurmctldPidFile=$SLURM_DIR/slurmctld.pid
SlurmdPidFile=$SLURM_DIR/slurmd-%n.pid
SlurmctldLogFile=$SLURM_DIR/slurmctld.log
SlurmdLogFile=$SLURM_DIR/slurmd-%n.log
SlurmctldPort=$SLURM_PORT
# In containers there are no control groups to put jobs into.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdParameters=config_overrides
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    port=$SLURM_PORT
    for node in $nodes; do
        port=$((port + 1))
        mkdir -p "$SLURM_DIR/spool-$node"
        echo "NodeName=$node NodeAddr=127.0.0.1 Port=$port CPUs=2 State=UNKNOWN"
    done >>"$SLURM_DIR/slurm.conf"
    echo "ConstrainCores=no" >"$SLURM_DIR/cgroup.conf"
}

# A daemon finds its node by the name of the machine, so each of two gets a name of its own.
start_node() {
    if [ "$SLURM_NODES" = 1 ]; then
        slurmd -N "$1" || slurmd
    else
        unshare --uts sh -c 'hostname "$1" && exec slurmd' sh "$1"
    fi
}

start() {
    install_slurm
    stop
    write_config
    SLURM_CONF=$SLURM_DIR/slurm.conf
    export SLURM_CONF
    munged --force --key-file="$SLURM_DIR/munge.key" --socket="$SLURM_DIR/munge.socket" \
        --pid-file="$SLURM_DIR/munged.pid" --log-file="$SLURM_DIR/munged.log" --seed-file="$SLURM_DIR/munged.seed" ||
        fail "munged does not start: $(tail -n 1 "$SLURM_DIR/munged.log")"
    slurmctld || fail "slurmctld does not start: $(tail -n 1 "$SLURM_DIR/slurmctld.log")"
    for node in $nodes; do
        start_node "$node" || fail "slurmd does not start: $(tail -n 1 "$SLURM_DIR/slurmd-$node.log")"
    done
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if [ "$(sinfo -h -o '%D %T' 2>/dev/null)" = "$SLURM_NODES idle" ]; then
            echo "export SLURM_CONF=$SLURM_CONF"
            return 0
        fi
        sleep 1
    done
    fail "the nodes are not idle after 20 s: $(tail -n 3 "$SLURM_DIR/slurmctld.log" "$SLURM_DIR"/slurmd-*.log)"
}

case "${1:-start}" in
    start) start ;;
    stop) stop ;;
    *)
        printf 'error: %s?\n%s\n' "$1" "$usage" >&2
        exit 2
        ;;
esac

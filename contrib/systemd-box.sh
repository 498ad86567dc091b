#!/bin/bash
# shellcheck disable=SC2013,SC2015,SC2086 # words of /proc files are split on purpose
# systemd-box.sh - boot a throwaway, real systemd (PID 1, journald, D-Bus, logind) in Linux
# namespaces on a machine whose own PID 1 is not systemd; run tests against it; take it down.
#
#   systemd-box.sh check                              can it work here? exit 0, or 77 and a reason
#   systemd-box.sh run   [OPTIONS] [-- CMD [ARG...]]  boot, run CMD (or --script) inside, collect, stop
#   systemd-box.sh start [OPTIONS]                    boot only; prints the box's folder BOX
#   systemd-box.sh exec  BOX [--as USER] -- CMD ...   run CMD inside a started box
#   systemd-box.sh journal BOX [JOURNALCTL-ARG...]    read its journal from outside (works after stop too)
#   systemd-box.sh stop  BOX                          shut down cleanly, write journal.json
#   systemd-box.sh rm    BOX                          stop if needed and delete the folder
#
# OPTIONS
#   --bin SRC[:DST]     copy a program in                (DST: /usr/local/bin/NAME, mode 755)
#   --unit FILE         copy a system unit in            (/etc/systemd/system/NAME)
#   --user-unit FILE    copy a user unit in              (/etc/systemd/user/NAME)
#   --tree DIR          copy an installed tree in        (what `make install DESTDIR=DIR` left)
#   --copy SRC:DST      copy a file or folder to DST
#   --bind SRC[:DST]    bind-mount read-write (artifacts, build folders on another mount)
#   --user NAME[:UID]   make a login user whose user manager (systemd --user) runs; repeatable
#   --script FILE       what `run` executes inside (instead of CMD; begin it with #!)
#   --root DIR          boot this root instead of a copy of / (e.g. made by mmdebstrap: another
#                       Debian's systemd); its systemd, dbus and libpam-systemd are used
#   --out DIR           the box's folder, kept afterwards (default: a mktemp one; `run` then deletes it)
#   --target UNIT       what to boot (default: systemd-box.target = basic + D-Bus + logind)
#   --env NAME=VALUE    environment of CMD/--script; repeatable
#   --ram SIZE          upper limit of the scratch overlay in RAM (default 2g)
#   --limit SECONDS     kill the box if CMD takes longer (default 600)
#   --host-net          share the host's network instead of a private loopback
#   --verbose           say each step on stderr
#
# Inside, / is a copy-on-write overlay of this machine's / (writes go to RAM and vanish), /tmp /run
# /dev are fresh, /box is BOX/share, read-write. The host's enabled units are not: /etc/systemd is
# emptied first. BOX holds console.log, journal/ (the real journal files), journal.json (after
# stop), share/ and, after `run`, status (CMD's exit code; it is also run's own).
#
# Needs: root, systemd, dbus, libpam-systemd, util-linux, bsdutils (script), procps, iproute2 (lo up).
# No tty, no internet. Exit 77: the machine can't (automake's "skipped").
# It signals only the one process tree that it started.
set -euo pipefail

me=$(readlink -f "$0"); prog=${0##*/}
say()  { [ -z "${VERBOSE:-}" ] || echo "$prog: $*" >&2; }
die()  { echo "$prog: $*" >&2; exit 2; }
skip() { echo "$prog: cannot run here: $*" >&2; exit 77; }
SYSTEMD=/lib/systemd/systemd; [ -x $SYSTEMD ] || SYSTEMD=/usr/lib/systemd/systemd

cg2mount() { awk '$0 ~ / - cgroup2 / {print $5; exit}' /proc/self/mountinfo; }

cmd_check() {
    [ "$(id -u)" = 0 ] || skip "not root"
    [ -x $SYSTEMD ] || skip "no systemd (apt-get install systemd dbus libpam-systemd)"
    for t in unshare nsenter pivot_root setpriv script mount dbus-daemon journalctl; do
        command -v $t >/dev/null || skip "no $t"
    done
    [ -n "$(cg2mount)" ] || skip "no cgroup2 mount"
    grep -qw overlay /proc/filesystems || skip "kernel has no overlayfs"
    unshare --mount --pid --fork --uts --ipc --net --cgroup true 2>/dev/null || skip "unshare is refused"
    echo "ok: $($SYSTEMD --version | head -1)"
}

# ---- PID 1 of the new namespaces: build the root, become systemd --------------------------------
cmd__init() {
    B=$1; R=$B/root
    # shellcheck source=/dev/null # what boot() declared
    . "$B/conf"
    if [ -z "${2:-}" ]; then # only PID 1 goes into the payload cgroup, which becomes its cgroup root
        echo 0 >"$(cat "$B/cgroup")/payload/cgroup.procs"
        exec unshare --cgroup -- bash "$me" _init "$B" 2
    fi
    mount --make-rprivate /
    mount -t tmpfs -o "size=$RAM,mode=755" sdbox "$B/ov"; mkdir "$B/ov/up" "$B/ov/wk"
    mount -t overlay -o "lowerdir=$LOWER,upperdir=$B/ov/up,workdir=$B/ov/wk" overlay "$R"
    ro() { mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; }

    # fresh API file systems; the kernel's own knobs stay read-only, as nspawn has them
    mount -t proc -o nosuid,nodev,noexec proc "$R/proc"
    for p in sys sysrq-trigger bus fs irq scsi; do if [ -e "$R/proc/$p" ]; then ro "$R/proc/$p"; fi; done
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$R/sys"
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$R/sys/fs/cgroup"
    mount -t tmpfs -o mode=755,nosuid,size=4m tmpfs "$R/dev"
    for d in null zero full random urandom tty fuse; do
        [ -e /dev/$d ] || continue
        : >"$R/dev/$d"; mount --bind /dev/$d "$R/dev/$d"
    done
    mkdir "$R/dev/pts" "$R/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$R/dev/pts"
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$R/dev/shm"
    ln -s pts/ptmx "$R/dev/ptmx"; ln -s /proc/self/fd "$R/dev/fd"
    ln -s fd/0 "$R/dev/stdin"; ln -s fd/1 "$R/dev/stdout"; ln -s fd/2 "$R/dev/stderr"
    : >"$R/dev/console"; mount --bind "$(tty)" "$R/dev/console"
    mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$R/run"
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$R/tmp"
    mkdir -p "$R/box"; mount --bind "$B/share" "$R/box"
    rm -rf "$R/var/log/journal"; mkdir -p "$R/var/log/journal"
    mount --bind "$B/journal" "$R/var/log/journal"

    rm -f "$R/.dockerenv" "$R/run/.containerenv"
    # the host's enabled units, linger marks, caches and identity are not the box's
    rm -rf "$R/etc/systemd/system" "$R/etc/systemd/user" "$R/var/lib/systemd/linger"
    mkdir -p "$R/etc/systemd/system" "$R/etc/systemd/user" "$R/var/lib/systemd/linger"
    tr -d - </proc/sys/kernel/random/uuid >"$R/etc/machine-id"
    echo systemd-box >"$R/etc/hostname"; : >"$R/etc/fstab"
    for u in systemd-journald-audit.socket systemd-udevd.service systemd-timesyncd.service \
             systemd-networkd.service systemd-resolved.service systemd-pstore.service \
             sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
             sys-fs-fuse-connections.mount dev-hugepages.mount proc-sys-fs-binfmt_misc.automount \
             systemd-modules-load.service systemd-sysctl.service systemd-random-seed.service \
             systemd-remount-fs.service getty.target console-getty.service; do
        ln -s /dev/null "$R/etc/systemd/system/$u"
    done
    printf '[Unit]\nDescription=Throwaway systemd for tests\nRequires=basic.target\nWants=dbus.socket systemd-logind.service systemd-user-sessions.service\nAfter=basic.target dbus.socket systemd-logind.service systemd-user-sessions.service\nAllowIsolate=yes\n' \
        >"$R/etc/systemd/system/systemd-box.target"

    # what the caller brings
    local item src dst uid
    for item in ${ITEMS[@]+"${ITEMS[@]}"}; do
        src=${item#*=}; dst=${src##*::}; src=${src%%::*}
        case $item in
            bin=*)   install -D -m755 "$src" "$R$dst" ;;
            unit=*)  install -D -m644 "$src" "$R/etc/systemd/system/${src##*/}" ;;
            uunit=*) install -D -m644 "$src" "$R/etc/systemd/user/${src##*/}" ;;
            tree=*)  tar -C "$src" --owner=0 --group=0 -cf - . | tar -C "$R" --no-overwrite-dir -xpf - ;; # leaves / and /usr as they are
            copy=*)  mkdir -p "$R$(dirname "$dst")"; cp -a "$src" "$R$dst" ;;
            bind=*)  if [ -d "$src" ]; then mkdir -p "$R$dst"; else mkdir -p "$R$(dirname "$dst")"; [ -e "$R$dst" ] || : >"$R$dst"; fi
                     mount --bind "$src" "$R$dst" ;;
        esac
    done
    for item in ${USERS[@]+"${USERS[@]}"}; do
        src=${item%%:*}; uid=2000; case $item in *:*) uid=${item#*:} ;; esac
        if ! grep -q "^$src:" "$R/etc/passwd"; then # by hand: a minimal root has no useradd
            while grep -q "^[^:]*:[^:]*:$uid:" "$R/etc/passwd" "$R/etc/group"; do uid=$((uid+1)); done
            echo "$src:x:$uid:$uid::/home/$src:/bin/bash" >>"$R/etc/passwd"
            echo "$src:x:$uid:" >>"$R/etc/group"; echo "$src:!:19000:0:99999:7:::" >>"$R/etc/shadow"
            mkdir -p "$R/home"; cp -a "$R/etc/skel" "$R/home/$src"; chown -R "$uid:$uid" "$R/home/$src"; chmod 700 "$R/home/$src"
        fi
        : >"$R/var/lib/systemd/linger/$src"
    done

    if [ -z "$HOST_NET" ] && command -v ip >/dev/null; then ip link set lo up; fi
    cd "$R"; pivot_root . .; umount -l .
    # in a container systemd leaves propagation alone, but LoadCredential= needs a shared /run
    mount --make-rshared /
    # the box may not set the clock, load modules, reach the hardware or the kernel log
    exec env -i container=systemd-box PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog,-mac_admin,-mac_override,-audit_control,-audit_read,-wake_alarm,-block_suspend \
        $SYSTEMD --show-status=1 "systemd.unit=$TARGET"
}

# ---- outside ------------------------------------------------------------------------------------
pair() { # SRC[:DST] [DEFAULT-DST] -> PAIR=abs-SRC::DST
    local s=${1%%:*}; [ -e "$s" ] || die "no such file: $s"; s=$(readlink -e "$s")
    case $1 in *:*) PAIR=$s::${1#*:} ;; *) PAIR=$s::${2:-$s} ;; esac; }

parse() {
    ITEMS=(); USERS=(); ENVS=(); CMD=(); SCRIPT=; OUT=; TARGET=systemd-box.target; RAM=2g; LIMIT=600; HOST_NET=; LOWER=/
    while [ $# -gt 0 ]; do
        case $1 in
            --bin) pair "$2" "/usr/local/bin/$(basename "${2%%:*}")"; ITEMS+=("bin=$PAIR"); shift 2 ;;
            --unit) pair "$2"; ITEMS+=("unit=$PAIR"); shift 2 ;;
            --user-unit) pair "$2"; ITEMS+=("uunit=$PAIR"); shift 2 ;;
            --tree) pair "$2"; ITEMS+=("tree=$PAIR"); shift 2 ;;
            --copy) pair "$2"; ITEMS+=("copy=$PAIR"); shift 2 ;;
            --bind) pair "$2"; ITEMS+=("bind=$PAIR"); shift 2 ;;
            --user) USERS+=("$2"); shift 2 ;;
            --env) ENVS+=("$2"); shift 2 ;;
            --script) pair "$2"; SCRIPT=${PAIR%%::*}; shift 2 ;;
            --root) pair "$2"; LOWER=${PAIR%%::*}; shift 2 ;;
            --out) OUT=$2; shift 2 ;;
            --target) TARGET=$2; shift 2 ;;
            --ram) RAM=$2; shift 2 ;;
            --limit) LIMIT=$2; shift 2 ;;
            --host-net) HOST_NET=1; shift ;;
            --verbose) VERBOSE=1; shift ;;
            --) shift; CMD=("$@"); break ;;
            *) die "unknown option: $1" ;;
        esac
    done
}

alive() { # PID STARTTIME: still that process, and no zombie
    local st; read -r st <"/proc/$1/stat" || return 1; set -- "$2" $st
    [ "${23}" = "$1" ] && [ "$4" != Z ]; } 2>/dev/null
pid1() { # BOX: host pid of the box's PID 1, if it is still the process that was started
    local u t; [ -s "$1/unshare.pid" ] && read -r u t <"$1/unshare.pid" || return 1
    alive "$u" "$t" || return 1
    pgrep -P "$u" | head -1; }

boot() {
    ( cmd_check ) >/dev/null
    if [ -n "$OUT" ]; then mkdir -p "$OUT"; B=$(readlink -f "$OUT"); else B=$(mktemp -d /tmp/sdbox.XXXXXX); fi
    [ ! -e "$B/unshare.pid" ] || die "$B already holds a box"
    chmod 711 "$B"; mkdir -p "$B/root" "$B/ov" "$B/share" "$B/journal"
    CG=$(cg2mount)$(sed -n 's/^0:://p' /proc/self/cgroup); CG=${CG%/}/sdbox-$$-$RANDOM
    mkdir -p "$CG/payload"; echo "$CG" >"$B/cgroup"
    declare -p ITEMS USERS TARGET RAM HOST_NET SYSTEMD LOWER >"$B/conf"
    local net=--net; [ -z "$HOST_NET" ] || net=
    # a shell that joins the box's cgroup, leaves its pid, and becomes unshare
    printf '%s\n' '#!/bin/bash' "echo \$\$ >'$CG/cgroup.procs'" \
        "read -r st </proc/\$\$/stat; set -- \$st; echo \"\$\$ \${22}\" >'$B/unshare.pid'" \
        "exec unshare --mount --pid --fork --kill-child=KILL --uts --ipc $net -- bash '$me' _init '$B'" >"$B/launch"
    say "booting $B"
    local t0; t0=$(date +%s%N)
    # `run` also dies with its caller's shell; `start` is meant to outlive it
    setsid ${DIE_WITH_ME:+setpriv --pdeathsig KILL} script -qefc "bash '$B/launch'" "$B/console.log" </dev/null >/dev/null 2>&1 &
    local n=0 p s
    while :; do
        p=$(pid1 "$B" || true)
        if [ -n "$p" ]; then
            s=$(inside "$p" systemctl is-system-running 2>/dev/null || true)
            case $s in running|degraded) break ;; esac
        elif [ -e "$B/unshare.pid" ] && [ $n -gt 20 ]; then
            cat "$B/console.log" >&2; halt "$B"; die "systemd did not start"
        fi
        n=$((n+1)); [ $n -lt 600 ] || { cat "$B/console.log" >&2; halt "$B"; die "no boot in time (state: ${s:-none})"; }
        sleep 0.1
    done
    local x; for x in ${USERS[@]+"${USERS[@]}"}; do
        n=0; until inside "$p" systemctl -q is-active "user@$(inside "$p" id -u "${x%%:*}").service" || [ $n -gt 100 ]; do n=$((n+1)); sleep 0.1; done
    done
    echo "$(( ($(date +%s%N) - t0) / 1000000 ))" >"$B/boot-ms"
    say "systemd is $s after $(cat "$B/boot-ms") ms, pid $p here"
    [ "$s" = running ] || inside "$p" systemctl --failed --no-legend --plain >&2 || true
}

inside() { # PID CMD...: in all of the box's namespaces, with a clean environment
    local p=$1; shift
    nsenter -t "$p" -m -u -i -n -p -C -r -w -- env -i HOME=/root USER=root LOGNAME=root SHELL=/bin/bash \
        LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${ENVS[@]+"${ENVS[@]}"} "$@"; }

cmd_exec() {
    local B=$1 as=; shift; ENVS=()
    while [ $# -gt 0 ]; do case $1 in
        --as) as=$2; shift 2 ;; --env) ENVS+=("$2"); shift 2 ;; --) shift; break ;; *) break ;; esac; done
    local p; p=$(pid1 "$B") && [ -n "$p" ] || die "$B is not running"
    if [ -n "$as" ]; then # as a user with a running user manager
        local u h; u=$(inside "$p" id -u "$as"); h=$(inside "$p" getent passwd "$as" | cut -d: -f6)
        ENVS+=("HOME=$h" "USER=$as" "LOGNAME=$as" "XDG_RUNTIME_DIR=/run/user/$u" "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$u/bus")
        set -- setpriv --reuid="$as" --regid="$(inside "$p" id -g "$as")" --init-groups --reset-env -- \
            env ${ENVS[@]+"${ENVS[@]}"} PATH=/usr/local/bin:/usr/bin:/bin "$@"
    fi
    # leave the caller's cgroup (subshell), so that nothing the command leaves behind stays there
    local cg; cg=$(cat "$B/cgroup")
    ( mkdir -p "$cg/exec" && echo $BASHPID >"$cg/exec/cgroup.procs" 2>/dev/null || true; inside "$p" "$@" )
}

# Signal what `exec` runs inside, not the nsenter outside: it has to reap its child, or the zombie
# goes to the host's init, may stay for long, and the box's PID 1 waits for it before it powers off.
kill_inside() { # BOX SIGNAL
    local p ns q n any cg; p=$(pid1 "$1" || true); [ -n "$p" ] || return 0
    ns=$(readlink "/proc/$p/ns/pid"); cg=$(cat "$1/cgroup")/exec; [ -e "$cg" ] || return 0
    for n in 1 2 3 4 5 6 7 8 9 10; do
        any=
        for q in $(cat "$cg/cgroup.procs"); do
            if [ "$(readlink "/proc/$q/ns/pid" 2>/dev/null)" = "$ns" ]; then kill -s "$2" "$q" 2>/dev/null || true; any=1; fi
        done
        [ -n "$any" ] || return 0
        sleep 0.05
    done
}

halt() { # end what `exec` left, ask PID 1 to power off; the last resort is the kernel's cgroup.kill
    local B=$1 p u t n=0 cg=; p=$(pid1 "$B" || true)
    [ ! -s "$B/cgroup" ] || cg=$(cat "$B/cgroup")
    if [ -n "$p" ]; then
        read -r u t <"$B/unshare.pid"
        inside "$p" journalctl --sync >/dev/null 2>&1 || true
        kill_inside "$B" KILL
        kill -s RTMIN+4 "$p" 2>/dev/null || true
        while alive "$u" "$t" && [ $n -lt 300 ]; do sleep 0.1; n=$((n+1)); done
        ! alive "$u" "$t" || echo "$prog: no clean shutdown in 30 s, killing the box" >&2
    fi
    if [ -n "$cg" ] && [ -d "$cg" ]; then # only this box's own cgroup
        [ ! -e "$cg/cgroup.kill" ] || echo 1 >"$cg/cgroup.kill" || true
        n=0; while [ -d "$cg" ] && [ $n -lt 30 ]; do
            find "$cg" -depth -type d -exec rmdir {} \; 2>/dev/null || true; [ ! -d "$cg" ] || sleep 0.1; n=$((n+1)); done
    fi
}

cmd_stop() {
    local B=$1; ENVS=(); [ -e "$B/conf" ] || die "$B is no box"
    halt "$B"; rmdir "$B/root" "$B/ov" 2>/dev/null || true
    # --all: without it journalctl's JSON turns every field over 4096 bytes into null
    journalctl -D "$B/journal" --all --no-pager -o json >"$B/journal.json"
    say "stopped; $(wc -l <"$B/journal.json") journal entries in $B/journal.json"
}

cmd_run() {
    parse "$@"; [ -n "$SCRIPT" ] || [ ${#CMD[@]} -gt 0 ] || die "run needs --script FILE or -- CMD"
    local keepE=(); keepE=(${ENVS[@]+"${ENVS[@]}"}); ENVS=(); B=
    TIMER=
    trap 'rc=$?; trap - EXIT INT TERM HUP; [ -z "$TIMER" ] || kill $TIMER 2>/dev/null || :; [ -z "$B" ] || cmd_stop "$B"; [ -n "$OUT" ] || [ -z "$B" ] || rm -rf --one-file-system "$B"; exit $rc' EXIT
    trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 129' HUP
    DIE_WITH_ME=1; boot
    if [ -n "$SCRIPT" ]; then install -m755 "$SCRIPT" "$B/share/script"; CMD=(/box/script ${CMD[@]+"${CMD[@]}"}); fi
    local rc=0 e=(); local x; for x in ${keepE[@]+"${keepE[@]}"}; do e+=(--env "$x"); done
    # in the background, so that a signal to this shell is acted on at once
    bash "$me" exec "$B" ${e[@]+"${e[@]}"} -- "${CMD[@]}" </dev/null &
    local job=$!
    ( trap - EXIT INT TERM HUP; n=0
      while [ $n -lt "$LIMIT" ]; do sleep 1; n=$((n+1)); kill -0 $$ 2>/dev/null || exit 0; done
      : >"$B/timed-out"; kill_inside "$B" TERM; sleep 2; kill_inside "$B" KILL ) </dev/null >/dev/null 2>&1 &
    TIMER=$!
    wait $job || rc=$?
    if [ -e "$B/timed-out" ]; then echo "$prog: CMD ran past $LIMIT s" >&2; rc=124; fi
    echo $rc >"$B/status"; exit $rc
}

case ${1:-} in
    check) cmd_check ;;
    start) shift; parse "$@"; ENVS=(); boot; echo "$B" ;;
    run)   shift; cmd_run "$@" ;;
    exec)  shift; [ $# -ge 2 ] || die "exec BOX -- CMD"; cmd_exec "$@" ;;
    stop)  cmd_stop "$2" ;;
    journal) B=$2; shift 2; exec journalctl -D "$B/journal" --no-pager "$@" ;;
    rm)    [ -e "$2/conf" ] || die "$2 is no box"; ENVS=(); halt "$2"; rm -rf --one-file-system "$2" ;;
    _init) shift; cmd__init "$@" ;;
    *) sed -n '3,/^set -euo/p' "$me" | sed '$d; s/^# \{0,1\}//'; exit 2 ;;
esac

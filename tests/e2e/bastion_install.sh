#!/bin/bash
# The bastion as README sets it up, with nothing moved: the shipped program as /usr/bin/credtop,
# /etc/credtop, a user in the group credtop-audit, and sshd with the shipped snippet.  In a
# mount namespace with copies of /etc and /usr/bin, so nothing of it is left behind; skipped
# where that is not allowed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/e2e/lib.sh
. "$here/lib.sh"
root=$(cd "$here/../.." && pwd)

if [[ ${1:-} != --inside ]]; then
    [[ -x /usr/sbin/sshd ]] || { echo "skipped: openssh-server is not installed"; finish; }
    unshare -m --propagation private true 2>/dev/null || { echo "skipped: no mount namespaces here"; finish; }
    exec unshare -m --propagation private "$0" --inside
fi

work=$(mktemp -d "$SANDBOX_DIR/install.XXXXXX") || exit 1
chmod 755 "$work" "$SANDBOX_DIR"
umask 022
mkdir -p "$work"/{etc,bin}
cp -a /etc/. "$work/etc/" 2>/dev/null
{ mount --bind "$work/etc" /etc && mount -t tmpfs -o size=64m,mode=755 none "$work/bin" && mkdir "$work"/bin/{upper,work} &&
    mount -t overlay -o "lowerdir=/usr/bin,upperdir=$work/bin/upper,workdir=$work/bin/work" none /usr/bin &&
    mount -t tmpfs -o mode=755 none /home && mkdir -p /run/sshd; } 2>"$work/mounts" ||
    { echo "skipped: $(head -n 1 "$work/mounts")"; finish; }

install -m 755 "$CREDTOP" /usr/bin/credtop
install -d -m 755 /etc/credtop
sed -e "s|^env_file = |&$SANDBOX_DIR/|" -e "s|^\[credtop\]|&\nmode = audit\naws_credentials_file = /etc/credtop/keys|" \
    "$CREDTOP_CONF" >/etc/credtop/credtop.conf
{ cat "$AWS_SHARED_CREDENTIALS_FILE"; printf '\n[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"; } >/etc/credtop/keys
groupadd --system credtop-audit
useradd --create-home --shell /bin/sh --groups credtop-audit auditor
usermod --password "*" auditor
chown root: /home/auditor
chgrp credtop-audit /etc/credtop/keys
chmod 640 /etc/credtop/keys
chmod 644 /etc/credtop/credtop.conf
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
install -D -m 644 "$work/key.pub" /home/auditor/.ssh/authorized_keys
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
{ printf 'ListenAddress 127.0.0.1:%s\nHostKey %s/host\nPidFile none\nUsePAM no\nPasswordAuthentication no\n' "$port" "$work"
    printf 'Subsystem sftp internal-sftp\n'; cat "$root/packaging/sshd/credtop.conf"; } >/etc/ssh/sshd_config
/usr/sbin/sshd -D -e 2>"$work/sshd.log" &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT

client() {
    timeout 20 ssh -F none -p "$port" -i "$work/key" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectionAttempts=20 "$@" auditor@127.0.0.1
}

# Waits for the screen, then leaves by a key.
shown=$({ sleep 2; printf Q; } | TERM=xterm-256color client -tt 2>&1)
status=$?
check 'an auditor of the group: the dashboard, by the files in /etc' "$status: ${shown: -500} $(cat "$work/sshd.log")" \
    grep -q 'RESTRICTED' <<<"$shown"
check 'it has answers from AWS' "${shown: -700}" grep -q 'AWS ok\|POISONED' <<<"$shown"
check 'and Q leaves' "$status" test "$status" = 0
said=$(timeout 20 ssh -F none -p "$port" -i "$work/key" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR auditor@127.0.0.1 id 2>&1 </dev/null)
check 'a command is not run' "$said" grep -q 'not a terminal' <<<"$said"
check 'nobody else may stand in: the home folder of the auditor is as it was' "$(find /home/auditor)" \
    test "$(find /home/auditor -type f -newer /etc/ssh/sshd_config | wc -l)" = 0
said=$(setpriv --reuid auditor --regid auditor --init-groups env HOME=/home/auditor \
    credtop --config /etc/credtop/credtop.conf rotate prod-eu --yes 2>&1 </dev/null)
check "even with a shell: the system's mode = audit refuses a rotation" "$said" grep -q 'audit mode changes nothing' <<<"$said"
finish

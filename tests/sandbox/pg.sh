# The sandbox's own PostgreSQL: a throw-away cluster with TLS and scram-sha-256, on
# 127.0.0.1 and a socket that only its own system user may use.
# Sourced by sandbox.sh; needs $dir and process.sh; sets $pg_root, $pg_port.
#
# PostgreSQL refuses to run as root; then it runs as `postgres` (or `nobody`), and its
# files lie in a folder of their own below ${TMPDIR:-/tmp}, since $dir is closed to others.
# shellcheck shell=bash

: "${dir?sourced by sandbox.sh}"

pg_root='' pg_port='' pg_user='' pg_bin=''
pg_as=()

pg_find() {
    local folder
    pg_bin=$(for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
        [[ -x $folder/initdb ]] && echo "$folder"
    done | sort -V | tail -n 1)
    if [[ -z $pg_bin ]] && command -v initdb >/dev/null; then
        pg_bin=$(dirname "$(readlink -f "$(command -v initdb)")")
    fi
    [[ -n $pg_bin ]] || fail "no PostgreSQL server found (/usr/lib/postgresql/*/bin/initdb): apt-get install postgresql"
}

pg_choose_user() {
    pg_user=$(id -un)
    ((EUID == 0)) || return 0
    pg_user=postgres
    id -u "$pg_user" >/dev/null 2>&1 || pg_user=nobody
    command -v setpriv >/dev/null || fail "setpriv (util-linux) is needed to run PostgreSQL from a root shell"
    pg_as=(setpriv "--reuid=$pg_user" "--regid=$(id -g "$pg_user")" --init-groups)
}

# A folder that the server's user can reach: all parents must let it pass.
pg_make_root() {
    local base
    for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
        [[ -d $base && -w $base ]] || continue
        "${pg_as[@]}" test -x "$base/." 2>/dev/null || continue
        pg_root=$(mktemp -d "$base/credtop-pg.XXXXXX") || continue
        # The socket's address has room for 107 bytes.
        ((${#pg_root} + 24 < 107)) && break
        rmdir "$pg_root"
        pg_root=''
    done
    [[ -n $pg_root ]] || fail "no folder for PostgreSQL: user $pg_user can enter neither ${TMPDIR:-/tmp} nor /tmp"
    chmod 0700 "$pg_root"
    cp "$dir/server.crt" "$dir/server.key" "$pg_root/"
    chmod 0600 "$pg_root/server.key"
    ((EUID != 0)) || chown -R "$pg_user" "$pg_root"
    ln -s "$pg_root" "$dir/pg"
}

# An authority of the sandbox's own, and a certificate for localhost and 127.0.0.1.
pg_certificates() {
    local new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 400)
    {
        "${new[@]}" -subj '/CN=credtop sandbox CA' -keyout "$dir/ca.key" -out "$dir/ca.crt" &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
                -keyout "$dir/server.key" -out "$dir/server.csr" &&
            openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -set_serial "0x$(random_hex 8)" \
                -days 200 -out "$dir/server.crt" \
                -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1')
    } >"$dir/openssl.log" 2>&1 || fail "openssl could not make the certificates: see $dir/openssl.log"
    rm -f "$dir/server.csr"
}

pg_init() {
    pg_find
    pg_choose_user
    pg_certificates
    pg_make_root
    (cd / && "${pg_as[@]}" "$pg_bin/initdb" -D "$pg_root/data" -U "$pg_user" --auth-local=peer --auth-host=scram-sha-256 \
        -E UTF8 --locale=C --no-sync) >"$dir/initdb.log" 2>&1 || fail "initdb failed: see $dir/initdb.log"
    pg_settings | as_pg_user tee -a "$pg_root/data/postgresql.conf" >/dev/null
    as_pg_user tee "$pg_root/data/pg_hba.conf" >/dev/null <<END
local   all all              peer
hostssl all all 127.0.0.1/32 scram-sha-256
host    all app_dev 127.0.0.1/32 scram-sha-256
END
}

pg_settings() {
    cat <<END
listen_addresses = '127.0.0.1'
unix_socket_directories = '$pg_root'
unix_socket_permissions = 0700
password_encryption = scram-sha-256
ssl = on
ssl_cert_file = '$pg_root/server.crt'
ssl_key_file = '$pg_root/server.key'
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 16MB
max_connections = 60
autovacuum = off
log_min_error_statement = panic
log_connections = on
END
}

as_pg_user() {
    (cd / && "${pg_as[@]}" "$@")
}

# Starts the server on $pg_port as a child of this shell, which its life is tied to.
pg_launch() {
    # INT is the fast shutdown; the server gets it when this shell dies.
    (cd / && exec setpriv --pdeathsig INT "${pg_as[@]:1}" -- \
        "$pg_bin/postgres" -D "$pg_root/data" -p "$pg_port") </dev/null >>"$dir/postgres.log" 2>&1 &
    local pid=$!
    if until_true 20 pg_answers_or_gone "$pid" && pg_answers && process_record postgres "$pid"; then
        return 0
    fi
    kill -s QUIT "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    return 1
}

# The first start: another port when somebody was faster.
pg_start() {
    local try
    for try in 1 2 3 4 5 6 7 8; do
        pg_port=$((15000 + SRANDOM % 10000))
        port_is_free "$pg_port" || continue
        : >"$dir/postgres.log"
        if pg_launch; then
            echo "$pg_port" >"$dir/postgres.port"
            return 0
        fi
        grep -q 'could not bind\|could not create any TCP' "$dir/postgres.log" || break
    done
    fail "PostgreSQL did not start (try $try): $(tail -n 3 "$dir/postgres.log")"
}

# Asked through the socket: on the port another sandbox's server might answer.
pg_answers() {
    "$pg_bin/pg_isready" -q -h "$pg_root" -p "$pg_port" -t 1
}

pg_answers_or_gone() {
    pg_answers || ! kill -0 "$1" 2>/dev/null
}

# SQL from stdin, as the cluster's owner, over the socket; never on a command line.
pg_sql() {
    as_pg_user "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$pg_root" -p "$pg_port" -d postgres >>"$dir/psql.log" 2>&1 ||
        fail "psql: $(tail -n 1 "$dir/psql.log")"
}

# Nothing answers on 127.0.0.1:PORT.
port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

pg_remove() {
    local root
    root=$(readlink "$dir/pg" 2>/dev/null) || return 0
    # Only ever a folder that pg_make_root made.
    [[ $root == */credtop-pg.?????? && -d $root && ! -L $root ]] && rm -rf "$root"
    rm -f "$dir/pg"
}

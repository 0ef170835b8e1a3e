#!/usr/bin/env python3
"""Through pgbouncer, in transaction pooling, with TLS and SCRAM on both sides: a login works,
time and again, and pgbouncer's own refusals have words."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from e2e import CONF, CREDTOP, DIR, Report, wait_for

BINARY = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def dotenv():
    with open(os.path.join(DIR, "dev.env"), encoding="utf-8") as f:
        return dict(re.findall(r'(?m)^(DB_\w+)="?(.*?)"?$', f.read()))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def write(path, text, owner, mode=0o600):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def start(env, port):
    """It does not run as root: it is PostgreSQL's user here, in a folder of that user's."""
    cluster = os.path.realpath(os.path.join(DIR, "pg"))
    owner = os.stat(os.path.join(cluster, "data"))
    folder = tempfile.mkdtemp(dir=cluster, prefix="pgbouncer-")
    if os.geteuid() == 0:
        os.chown(folder, owner.st_uid, owner.st_gid)
    # What has a quote in it is doubled; so is nothing else.
    password = env["DB_PASSWORD"].replace('"', '""')
    write(os.path.join(folder, "users"), f'"{env["DB_USER"]}" "{password}"\n', owner)
    write(os.path.join(folder, "ini"), f"""[databases]
{env["DB_NAME"]} = host=127.0.0.1 port={env["DB_PORT"]}
down = host=127.0.0.1 port={free_port()}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
client_tls_sslmode = require
client_tls_cert_file = {cluster}/server.crt
client_tls_key_file = {cluster}/server.key
server_tls_sslmode = require
server_login_retry = 1
query_wait_timeout = 2
ignore_startup_parameters = extra_float_digits
logfile = {folder}/log
""", owner)
    user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with open(os.path.join(folder, "out"), "w", encoding="utf-8") as out:
        bouncer = subprocess.Popen([BINARY, "-q", os.path.join(folder, "ini")], cwd="/", stdout=out, stderr=out, stdin=subprocess.DEVNULL, **user)

    def answers():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    if not wait_for(10, lambda: answers() or bouncer.poll() is not None) or bouncer.poll() is not None:
        with open(os.path.join(folder, "out"), encoding="utf-8") as f:
            raise RuntimeError(f"pgbouncer did not start: {f.read()[:300]}")
    return bouncer


def status(env, port, cases):
    text = "[credtop]\nlogin_deadline = 6s\n"
    for name, changes in cases.items():
        values = {**env, "DB_HOST": "localhost", "DB_PORT": str(port), **changes}
        write(os.path.join(DIR, f"bouncer-{name}.env"), "".join(f'{k}="{v}"\n' for k, v in values.items()), os.stat(DIR))
        text += f"\n[environment {name}]\nmode = development\nenv_file = bouncer-{name}.env\ndb_sslrootcert = ca.crt\n"
    path = os.path.join(DIR, "bouncer.conf")
    write(path, text, os.stat(CONF))
    done = subprocess.run([CREDTOP, "--config", path, "status", "--format", "json"], capture_output=True, timeout=60, check=False)
    if not done.stdout.startswith(b"{"):
        raise RuntimeError(done.stderr.decode()[:500])
    return {e["name"]: e for e in json.loads(done.stdout)["environments"]}


def main():
    report = Report()
    if not BINARY:
        print("skip: pgbouncer is not installed")
        report.check("pgbouncer is not installed: nothing was tried", True)
        report.finish()
    env, port = dotenv(), free_port()
    cases = {"good": {}, "wrong": {"DB_PASSWORD": "wrong"}, "no-user": {"DB_USER": "nobody_here"}, "no-db": {"DB_NAME": "no_such_db"},
             "down": {"DB_NAME": "down"}}
    bouncer = start(env, port)
    try:
        for _ in range(6):     # more logins than server connections: they are shared and given back
            envs = status(env, port, {"good": {}})
            report.equal("good: logs in through transaction pooling", envs["good"]["database"]["result"], "login_ok")
        envs = status(env, port, cases)
    finally:
        bouncer.send_signal(signal.SIGINT)
        bouncer.wait(10)
    for name, phase, words in (("wrong", "authentication", ["pgbouncer", "password"]), ("no-user", "authentication", ["password"]),
                               ("no-db", "authentication", ["no such database"]), ("down", "authentication", ["pgbouncer"])):
        d, said = envs[name]["database"], " ".join(c["text"] for c in envs[name]["causes"])
        report.equal(f"{name}: fails in {phase}", (d["result"], d["failed_phase"]), ("login_failed", phase))
        print(f"# {name}: {d['sqlstate']} {said}")
        for word in words:
            report.check(f"{name}: says {word}", word in said, said)
    report.finish()


sys.exit(main())

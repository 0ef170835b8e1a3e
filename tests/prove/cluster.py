"""A PostgreSQL of one's own beside the sandbox's, which may be killed, stopped and moved to another
port: started and ended by its own process id, in a folder that goes with the sandbox."""

import os
import shutil
import signal
import subprocess

import logins
from e2e import DIR, wait_for

BIN = os.path.dirname(os.path.realpath(logins.PSQL))
SETTINGS = """listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
fsync = off
synchronous_commit = off
shared_buffers = 16MB
max_connections = {most}
autovacuum = off
log_min_error_statement = panic
"""
HBA = """local all all peer
local replication all peer
hostssl all all 127.0.0.1/32 scram-sha-256
"""


class Cluster:
    MOST = 24

    def __init__(self, name, of=None):
        """`of` a running cluster: a standby of that one."""
        self.folder = os.path.join(logins.SOCKET, name)
        self.log = os.path.join(DIR, name + ".log")
        self.process = self.port = None
        os.mkdir(self.folder, 0o700)
        owner = os.stat(os.path.join(logins.SOCKET, "data"))
        self.owner = (owner.st_uid, owner.st_gid)
        self.as_owner = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self.own(self.folder)
        self.certify(os.path.join(DIR, "server.crt"), os.path.join(DIR, "server.key"))
        data = os.path.join(self.folder, "data")
        if of:
            self.run("pg_basebackup", "-D", data, "-h", of.folder, "-p", str(of.port), "-R", "-X", "stream", "-c", "fast", "-N")
        else:
            self.run("initdb", "-D", data, "--auth-local=peer", "--auth-host=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
            with open(os.path.join(data, "pg_hba.conf"), "w", encoding="utf-8") as f:
                f.write(HBA)
        with open(os.path.join(data, "postgresql.conf"), "a", encoding="utf-8") as f:
            f.write(SETTINGS.format(folder=self.folder, most=self.MOST))

    def own(self, path):
        if os.geteuid() == 0:
            os.chown(path, *self.owner)

    def run(self, program, *words):
        done = subprocess.run([os.path.join(BIN, program), *words], cwd="/", env={"PATH": "/usr/bin:/bin"}, check=False,
                              capture_output=True, stdin=subprocess.DEVNULL, **self.as_owner)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')[-400:]}")

    def certify(self, crt, key):
        """What it shows from the next start, or reload(), on."""
        for source, name in ((crt, "server.crt"), (key, "server.key")):
            path = os.path.join(self.folder, name)
            shutil.copyfile(source, path)
            os.chmod(path, 0o600)
            self.own(path)

    def sql(self, text):
        return logins.sql(text, self.folder, self.port)

    def session(self, text):
        return logins.Psql(text, self.folder, self.port)

    def reload(self):
        loaded = self.sql("SELECT pg_conf_load_time();")
        self.process.send_signal(signal.SIGHUP)
        if not wait_for(10, lambda: self.sql("SELECT pg_conf_load_time();") != loaded):
            raise RuntimeError("PostgreSQL does not read its configuration again")

    def answers(self):
        return subprocess.run([os.path.join(BIN, "pg_isready"), "-q", "-h", self.folder, "-p", str(self.port), "-t", "1"],
                              check=False).returncode == 0

    def start(self, port):
        """Its life is tied to this process, by the fast shutdown's signal."""
        self.port = port
        command = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() == 0:
            command += [f"--reuid={self.owner[0]}", f"--regid={self.owner[1]}", "--init-groups"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*command, "--", os.path.join(BIN, "postgres"), "-D", os.path.join(self.folder, "data"),
                                             "-p", str(port)], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_for(20, lambda: self.answers() or self.process.poll() is not None) or self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                raise RuntimeError(f"{self.folder}: PostgreSQL did not start: {f.read()[-600:]}")

    def stop(self, how=signal.SIGINT):
        """SIGINT: the fast shutdown, SIGQUIT: the immediate one; what was written is then recovered at the start."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)

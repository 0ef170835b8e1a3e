#!/usr/bin/env python3
"""Secrets of every shape, down to a real login with that very password; and logins that fail,
each with the phase it failed in and the words for it.  Real roles, databases and certificates
in the sandbox's PostgreSQL; an awsim of its own holds the secrets."""

import glob
import json
import os
import re
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading

from e2e import CONF, CREDTOP, DIR, Report, wait_for

ACCOUNT, REGION = "111122223333", "eu-central-1"
KEY_ID, KEY = "AKIDLOGINS0000000001", secrets.token_hex(20)
BUILD = os.environ.get("SANDBOX_BUILD", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release"))
TAG = "l_" + secrets.token_hex(3)     # of everything made in the database

# What passwords may be, and what a shell, a URL, a connection string or JSON would get wrong.
ODD = {"quotes": "a'b\"c`d", "percent": "100%41%zz%", "at": "user:p@host/db?x=1#y", "backslash": "\\back\\n\\u0041\\",
       "spaces": "  two  spaces  ", "umlaut": "pässwörd€", "emoji": "p😀ss", "tabs": "a\tb\nc", "long": "x1'" * 40,
       "longest": secrets.token_hex(450), "equals": "host=evil password=x", "dollar": "$HOME${x}$(id)", "brace": "no{json}",
       "json-like": "[1,2]", "null": "null", "number": "12345678", "comma": "a,b;c|d&e", "latin": "\u00e4\u00a0nbsp"}


def pg_settings():
    with open(CONF, encoding="utf-8") as f:
        port = re.search(r"(?s)environment prod-eu\].*?db_port = (\d+)", f.read()).group(1)
    folder = os.path.realpath(os.path.join(DIR, "pg"))
    psql = sorted(glob.glob("/usr/lib/postgresql/*/bin/psql") + glob.glob("/usr/pgsql-*/bin/psql")) or ["psql"]
    return int(port), folder, psql[-1]


PORT, SOCKET, PSQL = pg_settings()


def psql(folder=SOCKET, port=PORT):
    """Its command, and how to start it as the owner of the cluster in this folder."""
    owner = os.stat(os.path.join(folder, "data"))
    as_owner = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    return ([PSQL, "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", str(port), "-d", "postgres"],
            {"cwd": "/", "env": {"PGCLIENTENCODING": "UTF8", "PATH": "/usr/bin:/bin"}, **as_owner})


def sql(text, *where):
    command, more = psql(*where)
    return subprocess.run(command, input=text.encode(), check=True, capture_output=True, **more).stdout.decode().strip()


class Psql:
    """A session that has done this, and stays inside the block."""

    def __init__(self, text, *where):
        command, more = psql(*where)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)
        self.process.stdin.write(text + "\n\\echo done\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=10)


def literal(text):
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def role(name):
    return f"{TAG}_{name}".replace("-", "_")


class Cases:
    """Each an environment of the configuration, a secret, and what must come of it."""

    def __init__(self):
        self.sql, self.secrets, self.conf, self.expected = [], [], [], {}

    def add(self, name, string=None, binary=None, conf=None, ok=True, phase=None, sqlstate="", words=()):
        version = {"id": secrets.token_hex(16), "stages": ["AWSCURRENT"], "created_ago_s": 60}
        if binary is not None:
            version["binary_base64"] = binary
        else:
            version["string"] = string
        self.secrets.append({"account": ACCOUNT, "region": REGION, "name": f"{TAG}/{name}", "versions": [version]})
        settings = {"db_sslmode": "verify-full", "db_sslrootcert": os.path.join(DIR, "ca.crt"), **(conf or {})}
        lines = "".join(f"{k} = {v}\n" for k, v in settings.items())
        self.conf.append(f"\n[environment {name}]\nmode = production\nregion = {REGION}\nsecret = {TAG}/{name}\n{lines}")
        self.expected[name] = (ok, phase, sqlstate, words)

    def login(self, name, password, attributes="LOGIN"):
        self.sql.append(f"CREATE ROLE {role(name)} {attributes} PASSWORD {literal(password)};")


def rds(name, password, **more):
    members = {"engine": "postgres", "host": "localhost", "port": PORT, "username": role(name), "password": password,
               "dbname": "postgres", **more}
    return json.dumps({k: v for k, v in members.items() if v is not None})


def shapes(c):
    place = {"db_host": "localhost", "db_port": PORT, "db_name": "postgres"}
    for name, password in ODD.items():
        c.login(f"j-{name}", password)
        c.add(f"j-{name}", rds(f"j-{name}", password))
        c.login(f"s-{name}", password)
        c.add(f"s-{name}", password, conf={**place, "db_user": role(f"s-{name}")})
    for name, string in {"port-text": rds("port-text", "pw-1", port=str(PORT)),
                         "alias": rds("alias", "pw-1", dbname=None, database="postgres"),
                         "both-names": rds("both-names", "pw-1", database="nowhere"),
                         "no-engine": rds("no-engine", "pw-1", engine=None),
                         "aurora": rds("aurora", "pw-1", engine="aurora-postgresql"),
                         "extra": rds("extra", "pw-1", masterarn="arn:x", list=[1, {"password": "no"}]),
                         "escaped": rds("escaped", "pw-1").replace("pw-1", "\\u0070\\u0077-1"),
                         "white": "\n  " + rds("white", "pw-1") + "  \n",
                         "large": rds("large", "pw-1", note="n" * 60000)}.items():
        c.login(name, "pw-1")
        c.add(name, string)
    c.login("no-host", "pw-1")
    c.add("no-host", rds("no-host", "pw-1", host=None, port=None, dbname=None), conf=place)
    shape = {"ok": False, "phase": "credentials"}
    for name, string, words in (("no-place", rds("x", "pw", host=None), ["host"]), ("no-user", rds("x", "pw", username=None), ["user"]),
                                ("no-password", rds("x", None), ['"password"']), ("empty-password", rds("x", ""), ['"password"']),
                                ("bad-port", rds("x", "pw", port=70000), ['"port"']), ("mysql", rds("x", "pw", engine="mysql"), ['"engine"']),
                                ("half", rds("x", "sekrit")[:-1], ["not JSON"]), ("nul", rds("x", "se\0krit"), ["NUL"]),
                                ("number-password", '{"password":1}', ['"password"'])):
        c.add(name, string, words=words, conf={"db_host": "localhost"} if name == "no-user" else None, **shape)
    c.add("binary", binary="AAEC/w==", words=["binary"], **shape)


def refusals(c):
    c.login("wrong", "right")
    c.add("wrong", rds("wrong", "wrong"), ok=False, phase="authentication", sqlstate="28P01", words=["secret and", "disagree"])
    c.add("nobody", rds("nobody", "x"), ok=False, phase="authentication", sqlstate="28P01")
    c.login("nologin", "pw", "NOLOGIN")
    c.add("nologin", rds("nologin", "pw"), ok=False, phase="authentication", sqlstate="28000", words=["NOLOGIN"])
    c.login("expired", "pw", "LOGIN VALID UNTIL '2020-01-01'")
    c.add("expired", rds("expired", "pw"), ok=False, phase="authentication", sqlstate="28P01", words=["VALID UNTIL"])
    c.login("soon", "pw", "LOGIN VALID UNTIL '2099-01-01 00:00:00+00'")
    c.add("soon", rds("soon", "pw"))
    c.login("limit", "pw", "LOGIN CONNECTION LIMIT 0")
    c.add("limit", rds("limit", "pw"), ok=False, phase="authentication", sqlstate="53300", words=["role's connection limit"])
    c.login("no-db", "pw")
    c.add("no-db", rds("no-db", "pw", dbname=f"{TAG}_none"), ok=False, phase="authentication", sqlstate="3D000", words=["no database of that name"])
    c.login("closed-db", "pw")
    c.sql.append(f"CREATE DATABASE {TAG}_closed; REVOKE CONNECT ON DATABASE {TAG}_closed FROM PUBLIC;"
                 f"CREATE DATABASE {TAG}_off ALLOW_CONNECTIONS false; CREATE DATABASE {TAG}_full CONNECTION LIMIT 0;")
    c.add("closed-db", rds("closed-db", "pw", dbname=f"{TAG}_closed"), ok=False, phase="authentication", sqlstate="42501", words=["not allow this role"])
    c.login("off-db", "pw")
    c.add("off-db", rds("off-db", "pw", dbname=f"{TAG}_off"), ok=False, phase="authentication", sqlstate="55000", words=["takes no connections"])
    c.login("full-db", "pw")
    c.add("full-db", rds("full-db", "pw", dbname=f"{TAG}_full"), ok=False, phase="authentication", sqlstate="53300", words=["database's connection limit"])
    c.login("plain", "pw")
    c.add("plain", rds("plain", "pw"), conf={"db_sslmode": "disable"}, ok=False, phase="authentication", sqlstate="28000",
          words=["pg_hba.conf has no entry", "without TLS"])
    c.login("boss", "pw", "LOGIN SUPERUSER")
    c.add("boss", rds("boss", "pw"))
    c.sql.append(f"SET password_encryption = md5; CREATE ROLE {role('old-hash')} LOGIN PASSWORD 'pw';")
    c.add("old-hash", rds("old-hash", "pw"), ok=False, phase="authentication", sqlstate="28P01")
    c.add("refused", rds("x", "pw", port=free_port()), ok=False, phase="connect", words=["refused"])
    c.add("unresolved", rds("x", "pw", host="no-such-host.invalid"), ok=False, phase="resolve", words=["no-such-host.invalid"])


class Rejected:
    """Rows of pg_hba.conf before all others, for a while."""

    def __init__(self, rows):
        self.path = os.path.join(SOCKET, "data", "pg_hba.conf")
        with open(self.path, encoding="utf-8") as f:
            self.before = f.read()
        self.rows = rows

    def write(self, text):
        loaded = sql("SELECT pg_conf_load_time();")
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)
        sql("SELECT pg_reload_conf();")
        # A new session has it from the process that reads pg_hba.conf.
        if not wait_for(10, lambda: sql("SELECT pg_conf_load_time();") != loaded):
            raise RuntimeError("PostgreSQL does not read its configuration again")

    def __enter__(self):
        self.write("".join(row + "\n" for row in self.rows) + self.before)

    def __exit__(self, *_):
        self.write(self.before)


def rejections(c):
    """Rejected by role and by database, whatever the password; and who no row is for."""
    c.sql.append(f"CREATE DATABASE {TAG}_no;")
    for name in ("hba-role", "hba-base", "hba-other"):
        c.login(name, "pw")
    rejects = {"ok": False, "phase": "authentication", "sqlstate": "28000", "words": ["pg_hba.conf rejects"]}
    c.add("hba-role", rds("hba-role", "pw"), **rejects)
    c.add("hba-base", rds("hba-base", "pw", dbname=f"{TAG}_no"), **rejects)
    c.add("hba-wrong", rds("hba-role", "not even asked for"), **rejects)
    c.add("hba-other", rds("hba-other", "pw"))
    return [f"host all {role('hba-role')} 127.0.0.1/32 reject", f"hostssl {TAG}_no all 127.0.0.1/32 reject"]


# --------------------------------------------------------------- certificates

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def certificate(name, alt, days=2, own=False, by=os.path.join(DIR, "ca")):
    """A certificate by the sandbox's authority (or another's .crt and .key), or by itself; cert and key."""
    base = os.path.join(DIR, f"logins-{name}")
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
           base + ".key"]
    if own:
        subprocess.run(new + ["-x509", "-days", "2", "-addext", f"subjectAltName={alt}", "-out", base + ".crt"], check=True, capture_output=True)
        return base + ".crt", base + ".key"
    subprocess.run(new + ["-out", base + ".csr"], check=True, capture_output=True)
    with open(base + ".ext", "w", encoding="utf-8") as f:
        f.write(f"subjectAltName={alt}\n")
    subprocess.run(["openssl", "x509", "-req", "-in", base + ".csr", "-CA", by + ".crt", "-CAkey", by + ".key",
                    "-set_serial", str(secrets.randbits(60)), "-days", str(days), "-extfile", base + ".ext",
                    "-out", base + ".crt"], check=True, capture_output=True)
    return base + ".crt", base + ".key"


class TlsServer:
    """Says yes to TLS, shows a certificate, and says no more."""

    def __init__(self, files):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            threading.Thread(target=self.meet, args=(self.socket.accept()[0],), daemon=True).start()

    def meet(self, s):
        try:
            s.settimeout(5)
            if s.recv(8) == bytes.fromhex("0000000804d2162f"):
                s.sendall(b"S")
                with self.context.wrap_socket(s, server_side=True) as tls:
                    tls.recv(1000)
        except OSError:
            pass
        finally:
            s.close()


def certificates(c):
    past = TlsServer(certificate("past", "DNS:localhost", days=-1))
    other = TlsServer(certificate("db.example", "DNS:db.example,IP:10.9.8.7"))
    self_made = TlsServer(certificate("self-made", "DNS:localhost", own=True))
    tls = {"ok": False, "phase": "TLS"}
    c.add("tls-past", rds("x", "pw", port=past.port), words=["certificate of", "expired on 20"], **tls)
    c.add("tls-name", rds("x", "pw", port=other.port), words=["db.example, 10.9.8.7", "not for localhost"], **tls)
    c.add("tls-unknown", rds("x", "pw", port=self_made.port), words=["self-made", "not trusted", "db_sslrootcert"], **tls)
    c.add("tls-no-file", rds("x", "pw"), conf={"db_sslrootcert": os.path.join(DIR, "none.crt")}, words=["db_sslrootcert"], **tls)
    # What the operator asked for: the name does not count, and the certificate is good.
    c.add("tls-ca-only", rds("x", "pw", port=other.port), conf={"db_sslmode": "verify-ca"}, ok=False, phase="authentication")
    return past, other, self_made


# ------------------------------------------------------------------------ run

def start_awsim(c):
    seed, port_file = os.path.join(DIR, "logins-seed.json"), os.path.join(DIR, "logins.port")
    if os.path.exists(port_file):
        os.unlink(port_file)     # of a run before
    with open(seed, "w", encoding="utf-8") as f:
        json.dump({"accounts": [{"id": ACCOUNT, "keys": [{"id": KEY_ID, "secret": KEY, "arn": f"arn:aws:iam::{ACCOUNT}:user/l", "user_id": "AIDAL"}]}],
                   "secrets": c.secrets, "log_groups": []}, f)
    awsim = subprocess.Popen([os.path.join(BUILD, "awsim"), "--seed", seed, "--port-file", port_file, "--lifetime", "120", "--parent", str(os.getpid())])
    if not wait_for(10, lambda: os.path.exists(port_file) or awsim.poll() is not None) or awsim.poll() is not None:
        raise RuntimeError("awsim did not start")
    with open(port_file, encoding="utf-8") as f:
        return awsim, f"http://127.0.0.1:{f.read().strip()}"


def status(c, url, *options):
    path = os.path.join(DIR, "logins.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"[credtop]\nendpoint_url = {url}\nlogin_deadline = 5s\n" + "".join(c.conf))
    os.chmod(path, 0o600)
    env = {**os.environ, "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": KEY, "AWS_ENDPOINT_URL": url}
    done = subprocess.run([CREDTOP, "--config", path, *options, "status", "--format", "json"], capture_output=True, timeout=60, check=False, env=env)
    if not done.stdout.startswith(b"{"):
        raise RuntimeError(done.stderr.decode()[:600])
    return {e["name"]: e for e in json.loads(done.stdout)["environments"]}, done.stdout


def judge(report, name, e, expected):
    ok, phase, sqlstate, words = expected
    d = e.get("database") or {}
    text = " ".join(cause["text"] for cause in e["causes"])
    if ok:
        report.check(f"{name}: logs in", d.get("result") == "login_ok", f"{d.get('result')}: {text}")
        return
    got = "credentials" if d.get("result") == "no_credentials" else d.get("failed_phase")
    report.equal(f"{name}: fails in {phase}", (got, d.get("sqlstate") or ""), (phase, sqlstate))
    for word in words:
        report.check(f"{name}: says \"{word}\"", word in text, text)


def main():
    report, c = Report(), Cases()
    shapes(c)
    rows = rejections(c)
    refusals(c)     # the last of its roles have an old hash
    servers = certificates(c)
    sql("\n".join(c.sql))
    awsim, url = start_awsim(c)
    try:
        with Rejected(rows):
            envs, raw = status(c, url)
        for name, expected in c.expected.items():
            judge(report, name, envs[name], expected)
        report.equal("boss: superuser", [envs["boss"]["database"][m] for m in ("superuser", "current_user")], [True, role("boss")])
        report.equal("soon: when its password ends", envs["soon"]["database"]["valid_until"], "2099-01-01T00:00:00Z")
        report.equal("tls-name: the names it is for", envs["tls-name"]["database"]["certificate"]["names"], ["db.example", "10.9.8.7"])
        leaks = [name for name, p in ODD.items() if len(p) > 7 and json.dumps(p)[1:-1].encode() in raw]
        report.check("no password is in the answer", not leaks, leaks)
        audit(report, c, url, servers)
        envs, _ = status(c, url)
        for name in ("hba-role", "hba-base"):
            report.equal(f"{name}: logs in when the row is gone", envs[name]["database"]["result"], "login_ok")
    finally:
        awsim.send_signal(signal.SIGTERM)
        awsim.wait(10)
    report.finish()


def audit(report, c, url, servers):
    """Reachability and certificate alone: the host is in the configuration, no secret is read."""
    past, other, self_made = servers
    a = Cases()
    good = {"db_host": "localhost", "db_port": PORT}
    a.add("a-good", "x", conf=good)
    a.add("a-plain", "x", conf={**good, "db_sslmode": "disable"})
    for name, server, words in (("a-past", past, ["expired on 20"]), ("a-name", other, ["db.example, 10.9.8.7", "not for localhost"]),
                                ("a-unknown", self_made, ["not trusted", "db_sslrootcert"])):
        a.add(name, "x", conf={"db_host": "localhost", "db_port": server.port}, ok=False, phase="TLS", words=words)
    a.add("a-refused", "x", conf={"db_host": "localhost", "db_port": free_port()}, ok=False, phase="connect", words=["refused"])
    envs, _ = status(a, url, "--audit")
    for name, expected in a.expected.items():
        if expected[0]:
            report.equal(f"{name}: reachable", envs[name]["database"]["result"], "reachable")
        else:
            judge(report, name, envs[name], expected)


if __name__ == "__main__":
    sys.exit(main())

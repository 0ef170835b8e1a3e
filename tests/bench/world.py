"""The world a row runs in: an awsim of its own with seeded secrets and logs, credtop's
configuration for it, and the sandbox's PostgreSQL where logins are measured."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BENCH_BUILD", os.path.join(ROOT, "build/release")))
CREDTOP = os.path.join(BUILD, "credtop")
WORDS = ("Fetched 20 rows from orders in 14 ms", "GET /v1/customers/58213/orders?limit=20 200",
         "connectToDatabase: pool size 2, idle 1", "Validated request body against schema order-v3")
FETCH = "Fetching credentials from Secrets Manager"


class Folder:
    """A folder that goes with the block."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="credtop-bench.")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path


class Environment:
    def __init__(self, name, account="111122223333", region="us-east-1", **more):
        self.name, self.account, self.region, self.more = name, account, region, more
        self.secret, self.group = f"{name}/app/db", f"/aws/lambda/{name}"
        self.key = more.pop("key", None)
        self.login = more.pop("login", {"host": "127.0.0.1", "port": 1, "dbname": "app", "username": "app",
                                        "password": "not-a-password"})


def key_of(account):
    return {"id": f"AKIDBENCH{account}", "secret": f"secret-of-{account}", "arn": f"arn:aws:iam::{account}:user/bench",
            "user_id": "AIDABENCH"}


def seed_of(environments):
    accounts = sorted({e.account for e in environments})
    return {"accounts": [{"id": a, "keys": [key_of(a)]} for a in accounts],
            "secrets": [{"account": e.account, "region": e.region, "name": e.secret, "created_ago_s": 864000,
                         "last_rotated_ago_s": 86400,
                         "versions": [{"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, e.name)), "stages": ["AWSCURRENT"],
                                       "created_ago_s": 86400, "string": json.dumps(e.login)}]} for e in environments],
            "log_groups": [{"account": e.account, "region": e.region, "name": e.group} for e in environments]}


class Awsim:
    def __init__(self, folder, environments, *options):
        seed = folder.write("seed.json", json.dumps(seed_of(environments)))
        port_file = os.path.join(folder.path, "awsim.port")
        self.process = subprocess.Popen([os.path.join(BUILD, "awsim"), "--seed", seed, "--port-file", port_file,
                                         "--parent", str(os.getpid()), "--lifetime", "3600", *options])
        end = time.monotonic() + 20
        while not os.path.exists(port_file):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit("bench: awsim did not start")
            time.sleep(0.01)
        with open(port_file, encoding="ascii") as f:
            self.url = f"http://127.0.0.1:{int(f.read())}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def logs(self, e, stream, events):
        self.control("POST", "/_sim/logs", {"account": e.account, "region": e.region, "group": e.group,
                                            "stream": stream, "events": [{"t_ms": t, "message": m} for t, m in events]})

    def fill(self, e, lines, span_s=3300, containers=10, seed=7):
        """About this many lines of Lambdas over the last hour; what they count as."""
        rng, now_ms = random.Random(seed), int(time.time() * 1000)
        truth = dict(lines=0, invocations=0, cold_starts=0, fetches=0)
        invocations = max(1, round((lines / containers - 2) / 4))
        for _ in range(containers):
            stream, out = "2026/11/24/[$LATEST]%032x" % rng.getrandbits(128), []
            start = now_ms - span_s * 1000 - rng.randrange(0, 60000)
            step = (span_s * 1000 - 5000) / (invocations + 1)
            out.append((start, "INIT_START Runtime Version: nodejs:22.v48\tRuntime Version ARN: arn:x\n"))
            for i in range(invocations):
                out += invocation(rng, int(start + 100 + i * step), i == 0)
            for at in range(0, len(out), 5000):
                self.logs(e, stream, out[at:at + 5000])
            truth["lines"] += len(out)
            truth["invocations"] += invocations
            truth["cold_starts"] += 1
            truth["fetches"] += 1
        return truth


def invocation(rng, t, cold):
    request = str(uuid.UUID(int=rng.getrandbits(128)))
    says = [FETCH] if cold else []
    lines = [(t, f"START RequestId: {request} Version: $LATEST\n")]
    lines += [(t + 1, f"2026-11-24T10:12:25.386Z\t{request}\tINFO\t{text}\n") for text in says + [rng.choice(WORDS)]]
    lines.append((t + 3, f"END RequestId: {request}\n"))
    lines.append((t + 3, f"REPORT RequestId: {request}\tDuration: 2.10 ms\tBilled Duration: 3 ms\tMemory Size: 256 MB\t"
                         "Max Memory Used: 92 MB\t\n"))
    return lines


def config(folder, environments, url, settings=()):
    """credtop.conf and the credentials; the variables credtop and its peers run with."""
    text = "[credtop]\nsyslog = no\nendpoint_url = " + url + "\n" + "".join(f"{k} = {v}\n" for k, v in settings)
    for e in environments:
        text += f"\n[environment {e.name}]\nmode = production\nregion = {e.region}\nprofile = {e.account}\n"
        text += f"secret = {e.secret}\nlog_group = {e.group}\n" + "".join(f"{k} = {v}\n" for k, v in e.more.items())
    conf = folder.write("credtop.conf", text)
    keys = "".join(f"[{a}]\naws_access_key_id = {key_of(a)['id']}\naws_secret_access_key = {key_of(a)['secret']}\n\n"
                   for a in sorted({e.account for e in environments}))
    variables = dict(os.environ, AWS_SHARED_CREDENTIALS_FILE=folder.write("credentials", keys),
                     AWS_CONFIG_FILE=folder.write("config", ""), AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="",
                     AWS_MAX_ATTEMPTS="10", AWS_RETRY_MODE="standard", LC_ALL="C.UTF-8", TERM="xterm-256color",
                     HOME=folder.path, XDG_CONFIG_HOME=folder.path)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "NO_COLOR"):
        variables.pop(name, None)
    return conf, variables


class Postgres:
    """The sandbox's PostgreSQL with a role and database for each login asked for."""

    def __init__(self, folder):
        self.dir = os.path.join(folder.path, "sandbox")
        self.script = os.path.join(ROOT, "tests/sandbox/sandbox.sh")
        subprocess.run([self.script, "up", "--without-fleet", "--build", BUILD, "--parent", str(os.getpid()), self.dir],
                       check=True, stdout=subprocess.DEVNULL)
        self.root = os.readlink(os.path.join(self.dir, "pg"))
        with open(os.path.join(self.root, "data/postmaster.pid"), encoding="ascii") as f:
            self.port = int(f.read().split("\n")[3])
        self.ca = os.path.join(self.dir, "ca.crt")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([self.script, "down", self.dir], check=False, stdout=subprocess.DEVNULL)

    def logins(self, names):
        sql, out = "", []
        for name in names:
            role, password = name.replace("-", "_"), uuid.uuid4().hex
            sql += f"CREATE ROLE {role} LOGIN PASSWORD '{password}';\nCREATE DATABASE {role} OWNER {role};\n"
            out.append({"host": "localhost", "port": self.port, "dbname": role, "username": role, "password": password})
        owner = os.stat(os.path.join(self.root, "data"))
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.root, "-p", str(self.port), "-d", "postgres"]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", *command]
        subprocess.run(command, input=sql, text=True, check=True, cwd="/", stdout=subprocess.DEVNULL)
        return out

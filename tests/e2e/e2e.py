"""What the end-to-end tests share: reporting, the sandbox, credtop's JSON."""

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

CREDTOP = os.environ.get("CREDTOP", "build/release/credtop")
CONF = os.environ.get("CREDTOP_CONF", "")
DIR = os.environ.get("SANDBOX_DIR", "")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLLOW = os.path.join(os.environ.get("SANDBOX_BUILD", os.path.join(ROOT, "build/release")), "follow")
ACCOUNT, REGION = "111122223333", "eu-central-1"
OPERATIONS = ("ListSecrets", "DescribeSecret", "ListSecretVersionIds", "GetSecretValue", "DescribeLogStreams",
              "FilterLogEvents", "GetCallerIdentity")


class Report:
    """ok and not ok, and the exit status."""

    def __init__(self):
        if not CONF or not DIR:
            sys.exit("run this through tests/e2e/run.sh: it needs a sandbox")
        self.passed = self.failed = 0

    def check(self, name, good, why=""):
        if good:
            self.passed += 1
            print(f"ok - {name}", flush=True)
        else:
            self.failed += 1
            print(f"not ok - {name}: {why}", flush=True)
        return bool(good)

    def equal(self, name, got, expected):
        return self.check(name, got == expected, f"got {got!r}, expected {expected!r}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


def wait_for(seconds, condition):
    """Until condition() is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.1)


def truth():
    with open(os.path.join(DIR, "truth.json"), encoding="utf-8") as f:
        return json.load(f)


def fleet_signal(sig):
    with open(os.path.join(DIR, "pids"), encoding="utf-8") as f:
        pids = [int(line.split()[1]) for line in f if line.startswith("fleet ")]
    os.kill(pids[0], sig)


class PausedFleet:
    """The fleet stands still inside the block: nothing is logged, the truth file is whole."""

    def __enter__(self):
        fleet_signal(signal.SIGUSR1)
        if not wait_for(10, lambda: truth()["quiet"]):
            raise RuntimeError("the fleet did not pause")
        return truth()

    def __exit__(self, *_):
        fleet_signal(signal.SIGUSR2)
        wait_for(10, lambda: not truth()["quiet"])


def status(*options, timeout=60):
    """credtop's JSON and exit status."""
    done = subprocess.run([CREDTOP, "--config", CONF, *options, "status", "--format", "json"], capture_output=True,
                          timeout=timeout, check=False)
    try:
        return json.loads(done.stdout), done.returncode
    except ValueError as error:
        raise RuntimeError(f"status is no JSON ({error}): {done.stdout[:300]!r} {done.stderr[:300]!r}") from error


def by_name(answer):
    return {e["name"]: e for e in answer["environments"]}


def endpoint():
    with open(os.path.join(DIR, "endpoint"), encoding="utf-8") as f:
        return f.read().strip()


def sim(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint() + path, data=data, method=method,
                                     headers={"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else {}


def calls(operation):
    """How often an operation was asked for, whatever came of it."""
    found = sim("GET", "/_sim/calls").get(operation, {})
    return found.get("ok", 0) + found.get("failed", 0)


def logins(user=""):
    """How many logins (of this user) PostgreSQL has let in or turned away so far."""
    with open(os.path.join(DIR, "postgres.log"), encoding="utf-8", errors="replace") as f:
        return sum(("connection authorized" in line or "authentication failed" in line) and user in line for line in f)


def login_times(user, offset=0):
    """When PostgreSQL let credtop in as this user, after this place of its log; and where the log ends now."""
    with open(os.path.join(DIR, "postgres.log"), encoding="utf-8", errors="replace") as f:
        f.seek(offset)
        text = f.read()
        found = re.findall(r"(?m)^(\S+ \S+) (\S+) .*connection authorized: user=%s .*application_name=credtop" % user, text)
        return [datetime.datetime.strptime(at, "%Y-%m-%d %H:%M:%S.%f") for at, _ in found], f.tell()


def total_wait(seconds, counts):
    """Until each of the counts is above zero somewhere in the fleet."""
    def all_there():
        envs = truth()["environments"].values()
        return all(any(env["total"].get(c, 0) > 0 for env in envs) for c in counts)
    return wait_for(seconds, all_there)


def post(group, stream, events):
    """Events are (time, message) or (time, message, milliseconds until they can be read)."""
    rows = [{"t_ms": e[0], "message": e[1], **({"ingest_delay_ms": e[2]} if len(e) > 2 else {})} for e in events]
    for i in range(0, len(rows), 5000):
        sim("POST", "/_sim/logs", {"account": ACCOUNT, "region": REGION, "group": group, "stream": stream,
                                   "events": rows[i:i + 5000]})


def write_conf(name, environments, **settings):
    """A configuration of environments {name: [line, ...]} that have log groups; its path."""
    path = os.path.join(DIR, name + ".conf")
    lines = ["[credtop]", f"endpoint_url = {endpoint()}"]
    lines += [f"{key} = {value}" for key, value in {"quota_percent": 100, "log_poll": "1s", **settings}.items()]
    for env, more in environments.items():
        lines += ["", f"[environment {env}]", "mode = production", f"region = {REGION}", "secret = prod-eu/app/db", *more]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    os.chmod(path, 0o600)
    return path


class Follow:
    """The backend following a configuration until told to stop; then what it counted."""

    def __init__(self, conf, seconds=0, look_at=None):
        command = [FOLLOW, conf, str(seconds)] + ([look_at] if look_at else [])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def leap(self):
        """Its clock goes five minutes on."""
        self.process.send_signal(signal.SIGUSR1)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def result(self, timeout=90):
        out, err = self.process.communicate(timeout=timeout)
        try:
            return json.loads(out)
        except ValueError as error:
            raise RuntimeError(f"follow says no JSON ({error}): {out[:300]!r} {err[:300]!r}") from error

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.result()

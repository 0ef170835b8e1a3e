#!/usr/bin/env python3
"""`credtop discover` on an account of its own (a simulator beside the sandbox's): pages, tags,
names, what a function says of itself, rights that are missing, a file that exists."""

import json
import os
import signal
import stat
import subprocess
import tempfile

from e2e import ACCOUNT, CREDTOP, FOLLOW, REGION, Report, wait_for

KEY, SECRET = "AKIDDISCOVER00000001", "discover-secret-one"
LIMITED = ("AKIDDISCOVER00000002", "discover-secret-two")
PASSWORD = "in-Plain-Sight-4711"


def secret(name, region=REGION, **more):
    return {"account": ACCOUNT, "region": region, "name": name, "created_ago_s": 1000, **more,
            "versions": [{"id": "11111111-0000-4000-8000-000000000000", "stages": ["AWSCURRENT"], "string": "{}"}]}


def function(name, region=REGION, **variables):
    return {"account": ACCOUNT, "region": region, "name": name, **({"environment": variables} if variables else {})}


def seed():
    said = function("quite-other", NODE_ENV="production", DB_SECRET_NAME="prod/billing/db", DB_HOST="db.example",
                    DB_PASSWORD=PASSWORD)
    return {
        "accounts": [{"id": ACCOUNT, "keys": [
            {"id": KEY, "secret": SECRET, "arn": f"arn:aws:iam::{ACCOUNT}:user/d", "user_id": "AIDAD"},
            {"id": LIMITED[0], "secret": LIMITED[1], "arn": f"arn:aws:iam::{ACCOUNT}:user/l", "user_id": "AIDAL",
             "deny": ["ListFunctions"]}]}],
        "secrets": [secret("prod/billing/db"), secret("shop-postgres", tags={"used-by": "checkout"}),
                    secret("prod/orders/db"), secret("stripe/api-key")] +
                   [secret(f"many/{n:03d}/db", "us-west-2") for n in range(130)],
        "functions": [said, function("checkout"), function("prod-orders-api"), function("lost", DB_SECRET_NAME="gone/db"),
                      *(function(f"many-{n:03d}", "us-west-2") for n in range(130))],
        "log_groups": [{"account": ACCOUNT, "region": REGION, "name": f"/aws/lambda/{name}"}
                       for name in ("quite-other", "checkout", "prod-orders-api")],
    }


class Account:
    def __init__(self, folder):
        port_file = os.path.join(folder, "port")
        with open(os.path.join(folder, "seed.json"), "w", encoding="utf-8") as f:
            json.dump(seed(), f)
        binary = os.path.join(os.path.dirname(FOLLOW), "awsim")
        self.process = subprocess.Popen([binary, "--seed", f.name, "--port-file", port_file, "--lifetime", "60",
                                         "--parent", str(os.getpid())])
        if not wait_for(10, lambda: os.path.exists(port_file)):
            raise RuntimeError("awsim did not start")
        with open(port_file, encoding="utf-8") as f:
            self.url = f"http://127.0.0.1:{f.read().strip()}"
        self.home = folder

    def credtop(self, *options, keys=(KEY, SECRET)):
        env = {"PATH": os.environ["PATH"], "HOME": self.home, "XDG_STATE_HOME": self.home, "AWS_ACCESS_KEY_ID": keys[0],
               "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION,
               "AWS_EC2_METADATA_DISABLED": "true"}
        return subprocess.run([CREDTOP, *options], capture_output=True, timeout=60, check=False, env=env, text=True,
                              stdin=subprocess.DEVNULL)

    def checked(self, text):
        """The configuration in force, by section."""
        path = os.path.join(self.home, "checked.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        if self.credtop("config", "check", path).returncode != 0:
            return {}
        found, section = {}, None
        for line in text.splitlines():
            if line.startswith("["):
                section = found.setdefault(line[1:-1], {})
            elif line and line[0] != "#":
                section[line.split(" = ")[0]] = line.split(" = ")[1]
        return found


def one_region(report, account):
    done = account.credtop("discover")
    found = account.checked(done.stdout)
    report.equal("one region: written, and nothing else said", (done.returncode, done.stderr), (0, ""))
    report.equal("its environments", sorted(found), ["credtop", "environment prod-billing", "environment prod-orders",
                                                     "environment shop"])
    report.equal("by DB_SECRET_NAME, by tag, by name",
                 [found[f"environment {e}"].get("function") for e in ("prod-billing", "shop", "prod-orders")],
                 ["quite-other", "checkout", "prod-orders-api"])
    report.check("what is in plain sight is said, and not shown",
                 "DB_PASSWORD, in plain sight" in done.stdout and PASSWORD not in done.stdout, done.stdout)
    report.check("what is not taken, and what is missing, is said",
                 "stripe/api-key" in done.stdout and "names gone/db, which is not" in done.stdout, done.stdout)
    with open(os.path.join(account.home, "credtop/journal.jsonl"), encoding="utf-8") as f:
        journal = f.read()
    report.check("the journal knows that functions were listed", "ListFunctions" in journal and PASSWORD not in journal, journal)


def rights(report, account):
    done = account.credtop("discover", keys=LIMITED)
    found = account.checked(done.stdout)
    report.check("without ListFunctions: by the log groups' names, and it says so", done.returncode == 1 and
                 "ListFunctions" in done.stderr and "Could not be read: ListFunctions" in done.stdout and
                 found.get("environment prod-orders", {}).get("log_group") == "/aws/lambda/prod-orders-api", done)
    done = account.credtop("--audit", "discover", keys=LIMITED)
    found = account.checked(done.stdout)
    report.check("in audit mode functions are not asked for", done.returncode == 0 and
                 found.get("credtop") == {"mode": "audit"} and "function" not in found["environment prod-orders"], done)
    done = account.credtop("discover", keys=(KEY, "wrong"))
    report.check("wrong keys", done.returncode == 3 and done.stdout == "" and "credtop doctor" in done.stderr, done)
    done = account.credtop("discover", "--region", "eu-south-2")
    report.check("a region without secrets", done.returncode == 2 and done.stdout == "", done)


def pages(report, account):
    done = account.credtop("discover", "--region", f"us-west-2,{REGION}")
    found = account.checked(done.stdout)
    functions = [s.get("function") for name, s in found.items() if name.startswith("environment many-")]
    report.check("several pages, two regions", done.returncode == 0 and len(found) == 1 + 130 + 3 and
                 sorted(functions) == [f"many-{n:03d}" for n in range(130)], (len(found), done.stderr, functions[:3]))


def files(report, account):
    path = os.path.join(account.home, "new/folder/credtop.conf")
    done = account.credtop("discover", "--output", path)
    mode = stat.S_IMODE(os.stat(path).st_mode)
    report.equal("--output: a file for its owner alone", (done.returncode, done.stdout, mode), (0, "", 0o600))
    before = os.stat(path).st_mtime_ns
    for name, place in (("a file", path), ("a dangling link", os.path.join(account.home, "link"))):
        if name != "a file":
            os.symlink(os.path.join(account.home, "nowhere"), place)
        done = account.credtop("discover", "--output", place)
        report.check(f"--output: {name} is not overwritten", done.returncode == 3 and "exists" in done.stderr, done)
    report.check("nor touched", os.stat(path).st_mtime_ns == before and
                 not os.path.exists(os.path.join(account.home, "nowhere")), path)
    done = account.credtop("--config", path, "doctor")
    report.check("doctor takes it from there", "[ok]   prod-billing identity" in done.stdout.replace("  ident", " ident"), done.stdout)


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        account = Account(folder)
        try:
            one_region(report, account)
            rights(report, account)
            pages(report, account)
            files(report, account)
        finally:
            account.process.send_signal(signal.SIGTERM)
            account.process.wait()
    report.finish()


main()

#!/usr/bin/env python3
"""No password of the sandbox is in anything that credtop writes."""

import json
import os
import subprocess

from e2e import CONF, CREDTOP, DIR, Report


def passwords():
    """Every password in Secrets Manager and in the .env file, and the AWS keys."""
    found = set()
    with open(os.path.join(DIR, "seed.json"), encoding="utf-8") as f:
        seed = json.load(f)
    for secret in seed["secrets"]:
        for version in secret["versions"]:
            text = version["string"]
            found.add(json.loads(text)["password"] if text.startswith("{") else text)
    for function in seed["functions"]:
        found.update(v for k, v in function["environment"].items() if k == "DB_PASSWORD")
    for account in seed["accounts"]:
        found.update(key["secret"] for key in account["keys"])
    with open(os.path.join(DIR, "dev.env"), encoding="utf-8") as f:
        found.update(line.split("=", 1)[1].strip().strip('"') for line in f if line.startswith("DB_PASSWORD="))
    return found


def forms(password):
    """As it is, and as JSON would have it; the long tail alone finds a part of it."""
    return {password.encode(), json.dumps(password)[1:-1].encode(), password[-16:].encode()}


def main():
    report = Report()
    secrets = passwords()
    report.check("there are passwords to look for", len(secrets) >= 20, len(secrets))
    log = os.path.join(DIR, "passwords.log")
    for command in (["status", "--format", "json"], ["status"], ["report"], ["report", "--format", "json"],
                    ["verify", "prod-us"], ["verify", "prod-us", "--format", "json"]):
        form = " ".join(command)
        done = subprocess.run([CREDTOP, "--config", CONF, "--log", log, *command], capture_output=True, timeout=60,
                              check=False)
        written = done.stdout + done.stderr
        report.check(f"{form}: it wrote its answer", b"prod-us" in written and len(written) > 500, written[:200])
        leaks = [p[:3] + "..." for p in secrets if any(f in written for f in forms(p))]
        report.check(f"{form}: no password in it", not leaks, leaks)
        if command[0] != "status":
            report.check(f"{form}: its name is", b"in plain sight: DB_PASSWORD" in written.replace(b"\\_", b"_"), written[:300])
    with open(log, "rb") as f:
        text = f.read()
    report.check("the log was written", text, "it is empty")
    leaks = [p[:3] + "..." for p in secrets if any(f in text for f in forms(p))]
    report.check("no password in the log", not leaks, leaks)
    report.equal("the log is the owner's alone", oct(os.stat(log).st_mode & 0o777), oct(0o600))
    os.unlink(log)
    with open(os.path.join(DIR, "journal", "journal.jsonl"), "rb") as f:
        text = f.read()
    report.check("the journal tells of the functions", b"GetFunctionConfiguration" in text, text[-300:])
    leaks = [p[:3] + "..." for p in secrets if any(f in text for f in forms(p))]
    report.check("no password in the journal", not leaks, leaks)
    report.finish()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The system's configuration cannot be undone; restricted mode takes nothing from its user."""

import json
import os
import shutil
import subprocess
import sys
import time

from bastion import Bastion, reveals_and_changes
from e2e import CONF, Report, by_name
from terminal import Terminal

HOSTILE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL",
           "AWS_SHARED_CREDENTIALS_FILE", "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "SSL_CERT_FILE", "HTTPS_PROXY",
           "https_proxy", "http_proxy", "ALL_PROXY", "PGHOST", "PGSERVICEFILE", "LC_ALL", "TZ")


def run(program, *options, env=None):
    return subprocess.run([program, *options], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, env=env)



def mode_is_the_systems(report, b):
    with open(CONF, encoding="utf-8") as f:
        own = b.write("own.conf", f.read().replace("env_file = ", f"env_file = {os.path.dirname(CONF)}/"))
    b.write("system.conf", "[credtop]\nmode = audit\n")
    home = {**os.environ, "XDG_CONFIG_HOME": b.folder}
    before = reveals_and_changes()
    done = run(b.credtop, "-c", own, "status", "--format", "json")
    report.equal("mode = audit of the system's file wins over -c", json.loads(done.stdout)["mode"], "audit")
    for order in (("rotate", "prod-eu", "--yes"), ("rotate", "prod-eu", "--dry-run"), ("recycle", "prod-eu", "--yes"),
                  ("test", "prod-eu")):
        done = run(b.credtop, "-c", own, *order, env=home)
        report.check(f"{order[0]} {order[-1]} is refused by it", done.returncode in (2, 3) and "audit mode" in done.stderr + done.stdout,
                     (done.returncode, done.stdout[-300:], done.stderr[-300:]))
    report.equal("and nothing was read or changed", reveals_and_changes() - before, 0)
    b.write("system.conf", "[credtop]\nmode = operate\n")
    done = run(b.credtop, "-c", own, "status", "--format", "json")
    report.equal("where it says operate, so it is", json.loads(done.stdout)["mode"], "operate")
    done = run(b.credtop, "--audit", "-c", own, "status", "--format", "json")
    report.equal("and --audit tightens", json.loads(done.stdout)["mode"], "audit")
    b.write("system.conf", "[credtop]\nmode = adit\n")
    done = run(b.credtop, "-c", own, "status")
    report.check("one that cannot be understood starts nothing",
                 done.returncode == 3 and "system.conf:2" in done.stderr and "nothing is started" in done.stderr,
                 (done.returncode, done.stderr))
    os.remove(os.path.join(b.folder, "system.conf"))
    done = run(b.credtop, "-c", own, "status", "--format", "json")
    report.equal("without one the user's counts", json.loads(done.stdout)["mode"], "operate")


def takes_nothing_from_its_user(report, b):
    hostile = {**os.environ, **{name: "/nonexistent" for name in HOSTILE}, "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
               "AWS_ACCESS_KEY_ID": "AKIDNOBODY", "AWS_SECRET_ACCESS_KEY": "x"}
    before, files = reveals_and_changes(), b.files()
    done = run(b.credtop, "--restricted", "status", "--format", "json", env=hostile)
    answer = json.loads(done.stdout) if done.stdout else {}
    report.equal("restricted is audit", answer.get("mode"), "audit")
    prod = by_name(answer)["prod-eu"] if answer else {}
    report.check("keys are the system configuration's, whatever the environment says",
                 prod.get("secret", {}).get("current", "") or prod.get("state") == "OK", (prod, done.stderr))
    report.equal("nothing was revealed or changed", reveals_and_changes() - before, 0)
    report.equal("no file was made or written", b.files(), files)
    for wrong in (("-c", CONF), ("--log", "/tmp/x"), ("journal", "show"), ("test", "prod-eu"), ("rotate", "prod-eu", "--yes")):
        done = run(b.credtop, "--restricted", *wrong)
        report.check(f"restricted refuses {wrong[0]}", done.returncode == 3 and "--restricted does not go with" in done.stderr
                     and not done.stdout, (done.returncode, done.stderr))
    os.chmod(b.conf, 0o620)
    done = run(b.credtop, "--restricted", "status")
    report.check("a system configuration that others may write is refused", done.returncode == 3 and "chmod" in done.stderr,
                 done.stderr)
    os.chmod(b.conf, 0o600)


def runs_no_program(report):
    b = Bastion()
    touched = os.path.join(b.folder, "ran")
    config = b.write("aws-config", f"[default]\nregion = eu-central-1\ncredential_process = /bin/touch {touched}\n")
    with open(b.conf, encoding="utf-8") as f:
        text = f.read().replace(f"aws_credentials_file = {b.keys}", f"aws_config_file = {config}")
    b.write("system.conf", text)
    done = run(b.credtop, "--restricted", "status")
    report.check("credential_process is not run", "is not run in restricted mode" in done.stdout and
                 not os.path.exists(touched), (done.stdout[-600:], done.stderr))
    shutil.rmtree(b.folder)


def is_not_left_alone(report):
    b = Bastion(leave_after="2s")
    env = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    t = Terminal([b.credtop, "--restricted"], env=env)
    begun = time.monotonic()
    report.check("leave_after: a screen", t.shows("RESTRICTED"), t.text())
    t.shows("nothing says this", seconds=1.2)
    t.press("j")
    report.check("leave_after: nobody presses a key, and it leaves", t.ends(8) == 0 and "without a key" in t.text(), t.text()[-300:])
    report.check("leave_after: a key puts it off", time.monotonic() - begun >= 3, time.monotonic() - begun)
    t.close()
    shutil.rmtree(b.folder)


def main():
    report = Report()
    b = Bastion()
    takes_nothing_from_its_user(report, b)
    mode_is_the_systems(report, b)
    shutil.rmtree(b.folder)
    runs_no_program(report)
    is_not_left_alone(report)
    report.finish()


if __name__ == "__main__":
    sys.exit(main())

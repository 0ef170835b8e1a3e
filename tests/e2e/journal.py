#!/usr/bin/env python3
"""The journal: orders, calls, steps, refusals and outcomes, before they happen; what cannot be
written is not sent; and verify finds every change, by a hash that is recomputed here."""
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time

import e2e
import passwords

PLACE = os.path.join(e2e.DIR, "journal-test")


def conf(name, *lines):
    """The sandbox's configuration with other journal lines; its path."""
    with open(e2e.CONF, encoding="utf-8") as f:
        text = re.sub(r"(?m)^(journal|syslog) = .*\n", "", f.read())
    path = os.path.join(e2e.DIR, f"journal-{name}.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("[credtop]\n", "[credtop]\n" + "".join(line + "\n" for line in lines), 1))
    os.chmod(path, 0o600)
    return path


def credtop(path, *options, env=None, timeout=40):
    done = subprocess.run([e2e.CREDTOP, "--config", path, *options], capture_output=True, timeout=timeout, text=True,
                          env=env, check=False)
    return done.returncode, done.stdout, done.stderr


def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def chained(path):
    """The chain, recomputed from README's description alone."""
    prev = "0" * 64
    with open(path, "rb") as f:
        for i, line in enumerate(f.read().splitlines(), 1):
            bare = re.sub(rb',"hash":"[0-9a-f]{64}"}$', b"}", line)
            said = json.loads(line)
            if said["seq"] != i or said["prev"] != prev or said["hash"] != hashlib.sha256(bare).hexdigest():
                return False
            prev = said["hash"]
    return True


def an_order(report):
    path = os.path.join(PLACE, "one", "journal.jsonl")
    c = conf("one", f"journal = {path}", "syslog = no")
    env = dict(os.environ, SSH_CONNECTION="192.0.2.7 50000 10.0.0.1 22")
    credtop(c, "test", "prod-eu", env=env)
    lines = [line for line in read(path) if line["kind"] != "watch"]   # which looks while the order runs
    kinds = [line["kind"] for line in lines]
    # A call and a step for each of AWSCURRENT, AWSPENDING (which no version has) and AWSPREVIOUS.
    report.equal("test: the lines", kinds, ["session.start", "order", *["call", "step"] * 3, "outcome", "session.end"])
    outcome = lines[kinds.index("outcome")]
    report.check("test: the chain, recomputed", chained(path))
    call = lines[2]
    report.equal("test: the call", (call["operation"], call["resource"], call["env"], call["order"], call["name"]),
                 ("GetSecretValue", "prod-eu/app/db", "prod-eu", 1, "test"))
    report.check("test: versions and request id", len(lines[3]["version_before"]) == 36 and lines[3]["request_id"], lines[3])
    report.check("test: who we are to AWS", outcome.get("keys", "arn:aws:iam::").startswith("arn:aws:iam::"), outcome)
    report.check("test: the outcome", outcome["words"].startswith("done: the database takes AWSCURRENT"), outcome)
    report.check("test: who", all(line["login"] and line["uid"] == os.getuid() and line["client"] == "192.0.2.7"
                                  and line["session"] == lines[0]["session"] for line in lines), lines[0])
    report.equal("file: ours alone", stat.S_IMODE(os.stat(path).st_mode), 0o600)
    report.equal("folder: ours alone", stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700)
    with open(path, "rb") as f:
        text = f.read()
    leaks = [p[:3] + "..." for p in passwords.passwords() if any(form in text for form in passwords.forms(p))]
    report.check("no password is in it", not leaks, leaks)
    return c, path


def refusals(report, c, path):
    before = len(read(path))
    got, _, _ = credtop(c, "--audit", "test", "prod-eu")
    lines = read(path)[before:]
    report.equal("audit: refused", (got, [line["kind"] for line in lines]), (3, ["session.start", "refused", "session.end"]))
    report.check("audit: why", "audit mode reveals nothing" in lines[1]["words"] and lines[1]["mode"] == "audit", lines[1])
    before = len(read(path))
    credtop(c, "--audit", "status")
    report.equal("audit: a look leaves nothing", len(read(path)), before)


def watch(report, c, path):
    before = len(read(path))
    credtop(c, "status")
    lines = read(path)[before:]
    report.equal("the watch: one line a session", [line["kind"] for line in lines],
                 ["session.start", "watch", "session.end"])
    report.check("the watch: says how many and how often",
                 re.search(r"reads secrets of [0-9]+ environments every 5 s$", lines[1]["words"]), lines[1])


def a_rotation(report, c, path):
    """The plan, then each change before it is made: SQL as well as AWS."""
    before = len(read(path))
    own = conf("own", f"journal = {path}", "syslog = no")
    with open(own, encoding="utf-8") as f:
        text = re.sub(r"(?m)^mode = production$", "mode = production\nrotation = credtop", f.read())
    with open(own, "w", encoding="utf-8") as f:
        f.write(text)
    got, out, err = credtop(own, "rotate", "batch", "--yes")
    lines = read(path)[before:]
    kinds = [line["kind"] for line in lines]
    report.equal("rotate: exit status", (got, kinds[:2]), (0, ["session.start", "order"]))
    report.check("rotate: the plan before any change", 0 < kinds.index("plan") < next(
        i for i, line in enumerate(lines) if line.get("operation") in ("PutSecretValue", "ALTER ROLE")), kinds)
    calls = [line["operation"] for line in lines if line["kind"] == "call"]
    changes = [name for name in calls if name != "GetSecretValue"]
    report.check("rotate: every change, SQL too", {"PutSecretValue", "ALTER ROLE", "UpdateSecretVersionStage"} <= set(changes)
                 and changes.index("PutSecretValue") < changes.index("ALTER ROLE"), calls)
    report.check("rotate: whose keys", all("batch-ops" in line["keys"] for line in lines[1:-1]), lines[1])
    role = next(line for line in lines if line.get("operation") == "ALTER ROLE")
    report.check("rotate: versions before and after", len(role["version_before"]) == 36 and len(role["version_after"]) == 36
                 and role["version_before"] != role["version_after"] and role["resource"] == "app_batch", role)
    told = e2e.calls("PutSecretValue") + e2e.calls("UpdateSecretVersionStage")
    report.check("rotate: as many lines as AWS saw calls",
                 sum(name in ("PutSecretValue", "UpdateSecretVersionStage") for name in calls) == told, (calls, told))
    report.equal("rotate: the chain", credtop(c, "journal", "verify")[0], 0)


def nowhere_to_write(report):
    with e2e.PausedFleet():
        for name, place, words in (
                ("a file for a folder", e2e.CONF + "/journal.jsonl", "Not a directory"),
                ("a folder that cannot be made", "/proc/credtop/journal.jsonl", "No such file"),
                ("a link", os.path.join(PLACE, "link"), "symbolic link"),
                ("another file", os.path.join(PLACE, "notes"), "something else than a journal")):
            if name == "a link" and not os.path.lexists(place):
                os.symlink(os.path.join(PLACE, "target"), place)
            if name == "another file":
                with open(place, "w", encoding="utf-8") as f:
                    f.write("notes\n")
            c = conf("nowhere", f"journal = {place}", "syslog = no")
            calls, logins = e2e.calls("GetSecretValue"), e2e.logins("app_prod_eu")
            got, out, err = credtop(c, "test", "prod-eu")
            report.check(f"{name}: refused, and says why", got == 3 and words in out + err and "nothing was sent" in out,
                         f"{got} {out}{err}")
            report.equal(f"{name}: nothing was sent", (e2e.calls("GetSecretValue"), e2e.logins("app_prod_eu")), (calls, logins))
        changes = e2e.sim("GET", "/_sim/calls")["classes"]["MUTATES"]
        got, out, _ = credtop(c, "rotate", "prod-us", "--yes")
        report.equal("a rotation neither", (got, e2e.sim("GET", "/_sim/calls")["classes"]["MUTATES"]), (2, changes))
        _, out, _ = credtop(c, "status")
        report.equal("the watch neither", e2e.calls("GetSecretValue"), calls)
        report.check("the watch says why", "journal" in out, out)
    c = conf("off", "journal = off")
    got, out, err = credtop(c, "test", "prod-eu")
    report.equal("journal = off: works", got, 0)
    got, _, err = credtop(c, "journal", "show")
    report.check("journal = off: show says so", got == 3 and "journal = off" in err, err)


def verify(report, c, path):
    got, out, _ = credtop(c, "journal", "verify")
    report.check("verify: good", got == 0 and out.startswith("good: "), out)
    with open(path, "rb") as f:
        whole = f.read()
    lines = whole.splitlines(keepends=True)
    head = json.loads(lines[-1])["hash"]
    copy = os.path.join(PLACE, "copy", "journal.jsonl")
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    for name, changed, line in (
            ("edit", lines[:4] + [lines[4].replace(b"prod-eu", b"prod-us")] + lines[5:], 5),
            ("deletion", lines[:3] + lines[4:], 4),
            ("deletion of the first", lines[1:], 1),
            ("insertion", lines[:3] + [lines[1]] + lines[3:], 4),
            ("reordering", lines[:3] + [lines[4], lines[3]] + lines[5:], 4),
            ("no JSON", lines[:6] + [b"hello\n"] + lines[7:], 7),
            ("a cut in the middle of the last line and a new end", lines[:-1] + [lines[-1][:50], b"\n"], len(lines))):
        with open(copy, "wb") as f:
            f.writelines(changed)
        got, out, _ = credtop(c, "journal", "verify", "--file", copy)
        report.check(f"verify: {name}: exit status 2 and the line", got == 2 and out.startswith(f"{copy}:{line}: "),
                     f"{got} {out}")
    with open(copy, "wb") as f:
        f.writelines(lines[:-2])
    got, out, _ = credtop(c, "journal", "verify", "--file", copy)
    report.check("verify: truncation: not seen without an anchor, and says so", got == 0 and "--head" in out, out)
    got, out, _ = credtop(c, "journal", "verify", "--file", copy, "--head", head)
    report.check("verify: truncation: seen with --head", got == 2 and f"{copy}:{len(lines) - 2}: " in out, out)
    got, out, _ = credtop(c, "journal", "verify", "--head", head, "--format", "json")
    answer = json.loads(out)
    report.equal("verify: json", (got, answer["good"], answer["lines"], answer["last_hash"]), (0, True, len(lines), head))
    with open(copy, "wb") as f:
        f.writelines(lines[:-1] + [lines[-1][:50]])
    got, out, _ = credtop(c, "journal", "verify", "--file", copy)
    report.check("verify: a torn end is a crash's", got == 0 and "torn by a crash" in out, out)
    got, _, err = credtop(c, "journal", "verify", "--file", os.path.join(PLACE, "nothing", "here"))
    report.check("verify: no journal: could not tell", got == 3 and err, err)
    got, _, err = credtop(c, "journal", "verify", "--head", "abc")
    report.check("verify: --head that is no hash", got == 3 and "64 of 0-9 a-f" in err, err)


def show(report, c, path):
    got, out, _ = credtop(c, "journal", "show")
    report.check("show: a table", got == 0 and out.startswith("TIME") and "GetSecretValue  prod-eu/app/db" in out, out)
    _, out, _ = credtop(c, "journal", "show", "--format", "json")
    with open(path, encoding="utf-8") as f:
        report.equal("show: json is the file", out, f.read())
    time.sleep(1.2)
    _, out, _ = credtop(c, "journal", "show", "--format", "json", "--since", "1s")
    report.equal("show: --since", out, "")
    got, _, err = credtop(c, "journal", "print")
    report.check("no such word: names those allowed", got == 3 and "show|verify|tail" in err, err)
    got, _, err = credtop(c, "journal")
    report.check("no word: names those allowed", got == 3 and "show|verify|tail" in err, err)


def tail(report, c):
    out = os.path.join(PLACE, "tail.out")
    with open(out, "wb") as f:
        follower = subprocess.Popen([e2e.CREDTOP, "--config", c, "journal", "tail", "--format", "json"], stdout=f)
    e2e.wait_for(10, lambda: os.path.getsize(out) > 0)
    with open(out, encoding="utf-8") as f:
        report.equal("tail: the last ten", len(f.readlines()), 10)
    credtop(c, "--audit", "test", "prod-us")
    seen = e2e.wait_for(10, lambda: open(out, encoding="utf-8").read().count("session.end") >= 2
                        and '"env":"prod-us"' in open(out, encoding="utf-8").read())
    report.check("tail: follows", seen, open(out, encoding="utf-8").read()[-400:])
    follower.send_signal(signal.SIGTERM)
    report.equal("tail: ends when told", follower.wait(timeout=10), 0)


def together(report, c, path):
    """Several at once, some killed: one chain."""
    names = ["prod-eu", "prod-us", "stage", "prod-ap", "test"]
    running = [subprocess.Popen([e2e.CREDTOP, "--config", c, "test", n], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL) for n in names for _ in range(3)]
    for i, p in enumerate(running):
        if i % 4 == 3:
            time.sleep(0.01)
            p.kill()
    for p in running:
        p.wait(timeout=60)
    got, out, _ = credtop(c, "journal", "verify")
    report.equal("fifteen at once, some killed: one chain", got, 0)
    report.check("and what they did is in it", len({line["session"] for line in read(path)}) > 12 if "torn" not in out
                 else True, out)


def main():
    report = e2e.Report()
    shutil.rmtree(PLACE, ignore_errors=True)
    os.mkdir(PLACE)
    c, path = an_order(report)
    refusals(report, c, path)
    watch(report, c, path)
    verify(report, c, path)
    show(report, c, path)
    tail(report, c)
    together(report, c, path)
    a_rotation(report, c, path)
    nowhere_to_write(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What credtop prints for programs: each format is what its readers expect, they agree with one
another, and the judges can say no."""

import copy
import csv
import io
import json
import os
import queue
import random
import signal
import subprocess
import tempfile
import threading
import time

import lambda_lines
from checkers import all_schema_faults, prometheus_faults, schema_faults
from e2e import CONF, CREDTOP, DIR, ROOT, Report, by_name, calls, post, sim, write_conf

GROUP = f"/scripts/told-{os.getpid()}"


def credtop(*options, **more):
    return subprocess.run([CREDTOP, "--config", CONF, *options], capture_output=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, **more)


def start(*options):
    return subprocess.Popen([CREDTOP, "--config", CONF, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL)




def schema(name):
    with open(os.path.join(ROOT, f"packaging/schema/{name}.schema.json"), encoding="utf-8") as f:
        return json.load(f)


def judges_say_no(report, rules, good):
    """A spoiled document is found out, so that the checks above mean something."""
    def spoiled(change):
        doc = copy.deepcopy(good)
        change(doc)
        return bool(schema_faults(rules, doc))
    environment = good["environments"][0]
    changes = {
        "a member more": lambda d: d.update(more=1),
        "a member less": lambda d: d.pop("mode"),
        "another version": lambda d: d.update(version=2),
        "a text for a number": lambda d: d["calls"].update(total="7"),
        "a state that is none": lambda d: d["environments"][0].update(state="FINE"),
        "a time that is none": lambda d: d.update(time="yesterday"),
        "true for a number": lambda d: d["summary"].update(healthy=True),
        "a count less": lambda d: d["environments"][0]["logs"]["total"].pop(next(iter(environment["logs"]["total"]))),
    }
    missed = [name for name, change in changes.items() if not spoiled(change)]
    report.check("the schema refuses what it should", not missed, missed)
    bad = ["# HELP a b\n# TYPE a gauge\na 1\na 2\n", "a 1\n", "# HELP a b\n# TYPE a counter\na 1\n",
           "# HELP a b\n# TYPE a gauge\na{x=\"1\"y=\"2\"} 1\n", "# HELP a b\n# TYPE a gauge\na NaN\n",
           "# HELP a b\n# TYPE a gauge\na{x=\"\\z\"} 1\n"]
    missed = [text for text in bad if not prometheus_faults(text)[0]]
    report.check("the metrics' judge refuses what it should", not missed, missed)


def statuses(report):
    running = {f: start("status", "--format", f) for f in ("json", "csv", "prometheus")}
    done = {f: p.communicate(timeout=60) + (p.returncode,) for f, p in running.items()}
    answer = json.loads(done["json"][0])
    faults = all_schema_faults(schema("status"), answer)
    report.check("status: the JSON is what the shipped schema says", not faults, faults[:5])
    judges_say_no(report, schema("status"), answer)
    audit = json.loads(credtop("--audit", "status", "--format", "json").stdout)
    faults = all_schema_faults(schema("status"), audit)
    report.check("status: in audit mode, too", not faults, faults[:5])

    raw = done["csv"][0].decode()
    rows = list(csv.DictReader(io.StringIO(raw, newline=""), strict=True))
    report.check("status: every CSV line ends in CR LF", raw.count("\r\n") == raw.count("\n") == len(rows) + 1, raw[:200])
    report.equal("status: CSV has every environment", [r["environment"] for r in rows],
                 [e["name"] for e in answer["environments"]])
    known = by_name(answer)
    differ = [r["environment"] for r in rows if r["state"] != known[r["environment"]]["state"] or None in r.values()]
    report.check("status: and its state", not differ, differ)

    faults, samples = prometheus_faults(done["prometheus"][0].decode())
    report.check("status: the metrics are clean", not faults, faults[:5])
    differ = [name for name, e in known.items() if samples.get(
        ("credtop_environment_state", (("environment", name), ("state", e["state"])))) != 1]
    report.check("status: and tell the same states", not differ, differ)
    sums = [sum(v for (n, labels), v in samples.items() if n == "credtop_environment_state" and
                ("environment", name) in labels) for name in known]
    report.check("status: one state an environment", all(s == 1 for s in sums), sums)
    report.equal("status: one exit status", {f: d[2] for f, d in done.items()}, dict.fromkeys(done, done["json"][2]))
    # What reads a long past is said, where pages would take too long.
    said = [line for d in done.values() for line in d[1].decode().splitlines() if "Insights" not in line]
    report.equal("status: nothing else is said", said, [])


def events_once(report, conf, made):
    """The events of a group that is known line by line."""
    done = {f: subprocess.run([CREDTOP, "-c", conf, "events", "told", "--kind", "all", "--format", f], capture_output=True,
                              timeout=60, check=False) for f in ("json", "csv", "table")}
    report.check("events: all are printed", all(d.returncode == 0 and not d.stderr for d in done.values()), done)
    lines = [json.loads(line) for line in done["json"].stdout.splitlines()]
    faults = [f for line in lines for f in all_schema_faults(schema("events"), line)]
    report.check("events: the JSON is what the shipped schema says", not faults, faults[:5])
    report.check("events: in order", [e["time"] for e in lines] == sorted(e["time"] for e in lines), lines[:3])
    truth = lambda_lines.total([made])
    kinds = {k: sum(e["kind"] == k for e in lines) for k in ("fetches", "hits", "stale_hits", "fallbacks")}
    report.equal("events: as many as there were", kinds, {k: truth.get(k, 0) for k in kinds})
    rows = list(csv.DictReader(io.StringIO(done["csv"].stdout.decode(), newline=""), strict=True))
    same = [[r["time"], r["kind"], r["text"].removeprefix("'")] for r in rows] == \
        [[e["time"], e["kind"], e["text"] or ""] for e in lines]
    report.check("events: CSV tells the same", same, rows[:2])
    report.equal("events: and the table", len(done["table"].stdout.splitlines()), len(lines) + 1)


def events_followed(report, conf):
    """What comes later stands behind, marked where it is older than what was printed."""
    now = int(time.time() * 1000)
    lines = queue.Queue()
    running = subprocess.Popen([CREDTOP, "-c", conf, "events", "-f", "--kind", "fetches", "--format", "json"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reader = threading.Thread(target=lambda: [lines.put(json.loads(line)) for line in running.stdout])
    reader.start()
    first = lines.get(timeout=20)
    post(GROUP, "s1", [(now, "Fetching credentials from Secrets Manager")])
    second = lines.get(timeout=20)
    post(GROUP, "s1", [(now - 60000, "Fetching credentials from Secrets Manager")])
    third = lines.get(timeout=50)   # so late that only the sweep of each half minute reaches it
    report.equal("events -f: marked where it is out of order", [e["disordered"] for e in (first, second, third)],
                 [False, False, True])
    running.send_signal(signal.SIGINT)
    report.equal("events -f: an interrupt ends it well", running.wait(timeout=10), 0)
    reader.join()
    report.equal("events -f: quietly", running.stderr.read(), b"")


def events(report):
    made = lambda_lines.Container(random.Random(5), next(iter(lambda_lines.FORMATS)), fallback=False, init=False)
    began = int(time.time() * 1000) - 30 * 60000
    for i in range(12):
        made.invoke(began + i * 60000)
    post(GROUP, made.stream, [line[:2] for line in made.lines])
    journal = os.path.join(DIR, f"events-{os.getpid()}.jsonl")
    conf = write_conf("told", {"told": [f"log_group = {GROUP}"]}, journal=journal)
    events_once(report, conf, made)
    report.check("events: nothing that reveals is sent: the journal has no line", not os.path.exists(journal), journal)
    events_followed(report, conf)


def doctor(report):
    """Each line says what was found; what reveals is asked for by the login alone, in audit mode not at all."""
    before = {op: calls(op) for op in ("GetSecretValue", "RotateSecret", "ListFunctions", "GetFunctionConfiguration")}
    done = credtop("--audit", "doctor")
    report.equal("doctor --audit: nothing is revealed", {op: calls(op) for op in before}, before)
    done = credtop("doctor")
    lines = done.stdout.decode().splitlines()

    def said(level, subject, words):
        return any(line.startswith(f"[{level}]") and line[7:].startswith(subject + " ") and words in line for line in lines)
    report.equal("doctor: something fails in the sandbox", done.returncode, 2)
    report.check("doctor: the login that fails", said("fail", "legacy", "28P01") and said("fail", "dr-eu", "connect"), lines)
    report.check("doctor: the login that works", said("ok", "prod-eu", 'login as "app_prod_eu"'), lines)
    report.check("doctor: who we are", said("ok", "prod-eu", ":user/ops, region eu-central-1"), lines)
    report.check("doctor: what we may", said("ok", "prod-eu", "allowed: DescribeSecret, ListSecretVersionIds"), lines)
    report.check("doctor: the patterns", said("ok", "prod-eu", " fetches, ") and said("ok", "prod-eu", "fetch line is"), lines)
    report.check("doctor: what to do", any("legacy: credtop test NAME" in line for line in lines), lines)
    sim("POST", "/_sim/faults", {"operation": "DescribeSecret", "fault": "denied", "count": 100})
    sim("POST", "/_sim/faults", {"operation": "FilterLogEvents", "fault": "denied", "count": 100})
    conf = write_conf("denied", {"one": ["log_group = /aws/lambda/app-prod-eu"]})
    lines = subprocess.run([CREDTOP, "-c", conf, "doctor"], capture_output=True, timeout=60, check=False).stdout.decode().splitlines()
    sim("DELETE", "/_sim/faults")
    report.check("doctor: denied, and what to grant", said("fail", "one", "secretsmanager:DescribeSecret denied") and
                 said("fail", "one", "logs:FilterLogEvents denied") and
                 any("one: grant secretsmanager:DescribeSecret" in line for line in lines), lines)
    conf = write_conf("unmatched", {"one": ["log_group = /aws/lambda/app-prod-eu", "fetch = Nobody says this"]})
    lines = subprocess.run([CREDTOP, "-c", conf, "doctor"], capture_output=True, timeout=60, check=False).stdout.decode().splitlines()
    report.check("doctor: a pattern that matches nothing", said("warn", "one", "matches fetch = Nobody says this"), lines)
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": home}
        done = subprocess.run([CREDTOP, "doctor"], capture_output=True, timeout=60, check=False, env=env)
        lines = done.stdout.decode().splitlines()
        report.check("doctor: without a configuration", done.returncode == 2 and said("fail", "config", "there is none") and
                     said("ok", "AWS", "identity arn:") and any("credtop discover" in line for line in lines), lines)


def main():
    report = Report()
    statuses(report)
    events(report)
    doctor(report)
    report.finish()


main()

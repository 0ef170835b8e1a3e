#!/usr/bin/env python3
"""`credtop verify` and `credtop report`: each environment of the sandbox is found to be set up
as it was made, with --source the code too; and the report is well-formed."""

import json
import os
import re
import shutil
import subprocess
import time

from e2e import ACCOUNT, CONF, CREDTOP, DIR, Report, post, sim, truth, wait_for, write_conf

NOT_PASS = {  # by environment: check -> result
    "prod-eu": {},
    "prod-us": {"PLAIN": "fail"},
    "test": {"PLAIN": "fail", "FALLBACK": "fail", "POISONED": "fail"},
    "legacy": {"ROTATION": "warn", "AGE": "warn", "SECRET_NAME": "fail", "RETENTION": "warn", "LOGIN": "fail"},
    "stage": {"PENDING": "fail", "OVERDUE": "fail"},
    "dr-eu": {"NODE_ENV": "fail", "LOGIN": "fail"},
    "prod-ap": {"STALE": "warn"},
    "batch": {},
}
NOISE = {"ERRORS"}  # what the fleet's containers meet meanwhile

FLOW = {
    "src/config/env.ts": "export async function getDbCredentials() {\n"
                         "  console.log('Fetching credentials from Secrets Manager');\n}\n",
    "src/config/database.ts": "export const getDatabaseConfig = async () => ({ ...(await getDbCredentials()) });\n",
    "src/models/index.ts": "export const models = init(sequelize);\n",
    "src/utils/dbHelper.ts": "let credentialsFetched = false;\nexport async function connectToDatabase() {\n"
                             "  if (!credentialsFetched) { await update(); credentialsFetched = true; }\n}\n",
    ".env": "NODE_ENV=development\nDB_PASSWORD=\n",
}


def run(*arguments, conf=CONF):
    return subprocess.run([CREDTOP, "--config", conf, *arguments], capture_output=True, text=True, timeout=90, check=False)


def verify(*arguments, conf=CONF):
    done = run("verify", "--format", "json", *arguments, conf=conf)
    try:
        return json.loads(done.stdout), done.returncode
    except ValueError as error:
        raise RuntimeError(f"verify is no JSON ({error}): {done.stdout[:300]!r} {done.stderr[:300]!r}") from error


def results(env):
    return {c["id"]: c["result"] for c in env["checks"]}


def all_called(name, state):
    """Every container of this state has been called since it came to it."""
    containers = [c for c in truth()["environments"][name]["containers"] if c["state"] == state]
    return containers and all(c["stale_hits"] > 0 for c in containers)


def environments(report, answer):
    found = {e["name"]: e for e in answer["environments"]}
    for name, expected in NOT_PASS.items():
        env = found[name]
        bad = {c: r for c, r in results(env).items() if r in ("warn", "fail") and c not in NOISE}
        report.equal(f"{name}: what is wrong", bad, expected)
        silent = [c for c in env["checks"] if not c["found"] or not c["why"] or not c["mend"]]
        report.check(f"{name}: every check has its words", len(env["checks"]) >= 30 and not silent, silent)
        report.equal(f"{name}: who asked", env["account"], "444455556666" if name == "batch" else ACCOUNT)
    report.check("dev: not judged by what it does not use", results(found["dev"])["LOGIN"] == "pass" and
                 results(found["dev"])["SECRET"] == "not_applicable", found["dev"]["summary"])
    report.equal("the journal is whole", answer["journal"]["state"], "whole")
    seen = [c["seen"] for c in found["prod-eu"]["checks"] if c["result"] == "pass"]
    report.check("evidence has its time", all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}Z", s or "") for s in seen), seen)


def one(report):
    answer, code = verify("prod-eu")
    report.equal("verify prod-eu: nothing is wrong", [c for c in answer["checks"] if c["result"] in ("warn", "fail")], [])
    report.equal("verify prod-eu: the exit status", code, answer["exit_status"])
    report.equal("verify legacy: the exit status", verify("legacy")[1], 2)
    done = run("verify", "nowhere")
    report.check("verify nowhere: says which there are", done.returncode == 3 and "allowed: prod-eu" in done.stderr, done.stderr)
    done = run("verify", "stage")
    report.check("verify stage: how to mend it, by name", "credtop rotate stage --finish" in done.stdout, done.stdout)


def deployed(report):
    """Containers that began after the deployment, were called, and never fetched."""
    group, function = "/aws/lambda/app-py-us-silent", "app-prod-eu"
    now = int(time.time() * 1000)
    request = "8f5e0f2a-0000-4000-8000-000000000001"
    post(group, "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef", [
        (now - 900, "INIT_START Runtime Version: nodejs:22.v1\tRuntime Version ARN: arn:aws:lambda:x\n"),
        (now - 800, f"START RequestId: {request} Version: $LATEST\n"),
        (now - 700, f"END RequestId: {request}\n"),
        (now - 700, f"REPORT RequestId: {request}\tDuration: 90.00 ms\tBilled Duration: 90 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\n"),
    ])
    conf = write_conf("silent", {"silent": [f"function = {function}", f"log_group = {group}"]}, database_poll="1h")
    answer, code = verify("silent", conf=conf)
    found = {c["id"]: c for c in answer["checks"]}
    report.check("a deployment without a fetch fails", found["DEPLOYED"]["result"] == "fail" and
                 "none has fetched" in found["DEPLOYED"]["found"], found["DEPLOYED"])
    report.check("lines that go elsewhere are told", found["LINES"]["result"] == "warn", found["LINES"])
    report.check("a group of nobody's choice keeps its lines for ever", found["RETENTION"]["result"] == "warn", found["RETENTION"])
    report.equal("and the exit status", code, 2)
    sim("POST", "/_sim/faults", {"operation": "GetFunctionConfiguration", "fault": "denied"})
    denied = {c["id"]: c for c in verify("prod-eu")[0]["checks"]}
    sim("DELETE", "/_sim/faults")
    report.check("without the permission it is not known, and why", denied["PLAIN"]["result"] == "unknown" and
                 "denied" in denied["PLAIN"]["found"], denied["PLAIN"])


def source(report):
    tree = os.path.join(DIR, "source")
    for path, text in FLOW.items():
        os.makedirs(os.path.dirname(os.path.join(tree, path)) or tree, exist_ok=True)
        with open(os.path.join(tree, path), "w", encoding="utf-8") as f:
            f.write(text)
    answer, code = verify("prod-eu", "--source", tree)
    bad = [c for c in answer["source"]["checks"] if c["result"] != "pass"]
    report.check("source: all of the flow is found", not bad and code in (0, 3), bad)
    with open(os.path.join(tree, "src/config/database.ts"), "w", encoding="utf-8") as f:
        f.write("\nexport function getDatabaseConfig() { return {}; }\n")
    with open(os.path.join(tree, "serverless.yml"), "w", encoding="utf-8") as f:
        f.write("env:\n  DB_PASSWORD: correct horse\n")
    done = run("verify", "prod-eu", "--source", tree)
    report.check("source: file and line of what is wrong", "src/config/database.ts:2" in done.stdout and
                 "serverless.yml:2" in done.stdout and done.returncode == 2, done.stdout[-800:])
    report.check("source: the password is not quoted", "correct horse" not in done.stdout, "it is")
    done = run("verify", "prod-eu", "--source", os.path.join(tree, "none"))
    report.check("source: a folder that is not there", done.returncode == 3 and "cannot be opened" in done.stderr, done.stderr)
    shutil.rmtree(tree)


def markdown(report):
    done = run("report")
    lines = done.stdout.splitlines()
    report.check("report: a heading an environment", all(f"## {n}" in lines for n in NOT_PASS), lines[:12])
    cells, bad, before = 0, [], ""
    for line in lines:
        if line.startswith("|"):
            n = len(re.findall(r"(?<!\\)\|", line))
            cells = n if not before.startswith("|") else cells
            bad += [line] if n != cells else []
        before = line
    report.check("report: every table has its columns", not bad, bad[:3])
    report.check("report: no tag", not re.search(r"<[a-zA-Z/!]", done.stdout), "there is one")
    report.check("report: who, with what, and the journal's state",
                 all(w in done.stdout for w in ("| with | credtop ", "| by | ", "| journal | whole: ", ACCOUNT)), lines[:14])


def main():
    report = Report()
    wait_for(30, lambda: all_called("prod-ap", "stale") and all_called("test", "poisoned"))
    answer = json.loads(run("report", "--format", "json").stdout)
    environments(report, answer)
    one(report)
    deployed(report)
    source(report)
    markdown(report)
    report.finish()


if __name__ == "__main__":
    main()

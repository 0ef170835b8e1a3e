#!/usr/bin/env python3
"""`credtop rotate` with alternating users: the clone is created, then the two take turns; who
gets in after each, also with the version before; the way back; every refusal.  Real roles and
databases in the sandbox's PostgreSQL; an awsim of its own holds the secrets."""
import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request

import e2e
import logins
import rotate

KEY_ID, KEY = "AKIDTURNS00000000001", secrets.token_hex(20)
LONGEST = 57   # bytes of a user whose clone's name still fits


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


class World:
    """Environments with a user, a database of its own and a secret each, and superusers' secrets."""

    def __init__(self, name):
        self.name, self.tag = name, "t" + secrets.token_hex(3)
        self.secrets, self.conf, self.users = [], [], {}
        self.awsim, self.url = None, ""
        self.path = os.path.join(e2e.DIR, name + ".conf")

    def secret(self, name, value):
        version = {"id": secrets.token_hex(16), "stages": ["AWSCURRENT"], "created_ago_s": 60, "string": value}
        self.secrets.append({"account": e2e.ACCOUNT, "region": e2e.REGION, "name": f"{self.tag}/{name}", "versions": [version]})
        return f"{self.tag}/{name}"

    def superuser(self, name, attributes="SUPERUSER", password=None, **more):
        """A role, and its secret's name; `password` is what the secret says instead of its own."""
        role, own = f"{self.tag}_{name}".replace("-", "_"), secrets.token_hex(8)
        logins.sql(f"CREATE ROLE {role} LOGIN {attributes} PASSWORD '{own}';")
        members = {"engine": "postgres", "host": "127.0.0.1", "port": logins.PORT, "username": role, "password": password or own, **more}
        return self.secret(name, json.dumps({k: v for k, v in members.items() if v is not None}))

    def add(self, name, user=None, conf=None, **more):
        user, password = user or f"{self.tag}_{name}".replace("-", "_"), secrets.token_hex(8)
        database = f"{self.tag}_{name}".replace("-", "_")
        self.users[name] = user
        logins.sql(f"CREATE ROLE {identifier(user)} LOGIN PASSWORD '{password}';")
        logins.sql(f"CREATE DATABASE {database} OWNER {identifier(user)};")
        logins.sql(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC;")
        value = {"engine": "postgres", "host": "127.0.0.1", "port": logins.PORT, "username": user, "password": password,
                 "dbname": database, "mine": {"kept": [1, None]}, **more}
        settings = {"strategy": "alternating-users", "superuser_secret": f"{self.tag}/su", **(conf or {})}
        lines = "".join(f"{k} = {v}\n" for k, v in settings.items() if v is not None)
        self.conf.append(f"\n[environment {name}]\nmode = production\nprotect = no\nregion = {e2e.REGION}\n"
                         f"secret = {self.secret(name, json.dumps(value))}\ndb_sslmode = verify-full\n"
                         f"db_sslrootcert = {e2e.DIR}/ca.crt\n{lines}")

    def start(self):
        binary = os.path.join(logins.BUILD, "awsim")
        seed, port = (os.path.join(e2e.DIR, f"{self.name}.{what}") for what in ("seed", "port"))
        if os.path.exists(port):
            os.unlink(port)
        with open(seed, "w", encoding="utf-8") as f:
            json.dump({"accounts": [{"id": e2e.ACCOUNT, "keys": [{"id": KEY_ID, "secret": KEY, "user_id": "AIDAT",
                                                                  "arn": f"arn:aws:iam::{e2e.ACCOUNT}:user/t"}]}],
                       "secrets": self.secrets, "log_groups": []}, f)
        self.awsim = subprocess.Popen([binary, "--seed", seed, "--port-file", port, "--lifetime", "1800", "--parent", str(os.getpid())])
        if not e2e.wait_for(10, lambda: os.path.exists(port)):
            raise RuntimeError("awsim did not start")
        with open(port, encoding="utf-8") as f:
            self.url = f"http://127.0.0.1:{f.read().strip()}"
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(f"[credtop]\nendpoint_url = {self.url}\njournal = {e2e.DIR}/{self.name}/journal.jsonl\nsyslog = no\n"
                    "call_deadline = 5s\nlogin_deadline = 3s\n" + "".join(self.conf))
        os.chmod(self.path, 0o600)

    def stop(self):
        self.awsim.terminate()
        self.awsim.wait()

    def environment(self):
        return {**os.environ, "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": KEY, "AWS_ENDPOINT_URL": self.url}

    def run(self, *arguments, program=None, **variables):
        done = subprocess.run([program or e2e.CREDTOP, "--config", self.path, *arguments], capture_output=True, timeout=60,
                              text=True, stdin=subprocess.DEVNULL, env={**self.environment(), **variables}, check=False)
        return done.returncode, done.stdout, done.stderr

    def rotate(self, env, *options, program=None, **variables):
        return self.run("rotate", env, "--yes", *options, program=program, **variables)

    def who(self, env):
        """{stage: (user, whether the database takes it)}, by real logins."""
        answer = json.loads(self.run("test", env, "--format", "json")[1])
        return {login["stage"]: (login["user"], login["ok"]) for login in answer["logins"]}

    def control(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, data=json.dumps(body).encode() if body else None, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else {}

    def changes(self):
        return self.control("GET", "/_sim/calls")["classes"]["MUTATES"]

    def fault(self, operation, kind, **more):
        self.control("POST", "/_sim/faults", {"operation": operation, "fault": kind, "count": 1, **more})

    def clear(self):
        self.control("DELETE", "/_sim/faults")


def other(user):
    return user[:-6] if user.endswith("_clone") else user + "_clone"


def check_turns(report, w, env, times=3):
    """Each rotation: the other user, and the one before goes on logging in."""
    user = w.users[env]
    for n in range(1, times + 1):
        got, out, err = w.rotate(env)
        report.check(f"{env}, {n}: done", got == 0 and f"user {other(user)}" in out, out + err)
        report.check(f"{env}, {n}: {'the clone is created' if n == 1 else 'no role is created'}",
                     ("CREATE ROLE" in out.split("finishSecret: ")[1].split("setSecret", 1)[1].split("\n")[0]) == (n == 1), out)
        report.equal(f"{env}, {n}: who gets in", w.who(env), {"AWSCURRENT": (other(user), True), "AWSPREVIOUS": (user, True)})
        user = other(user)
    roles = logins.sql(f"SELECT count(*) FROM pg_roles WHERE rolname IN ({logins.literal(user)}, {logins.literal(other(user))})")
    report.equal(f"{env}: two roles", roles, "2")


def check_plan(report, w):
    before = w.changes()
    got, out, err = w.run("rotate", "arn", "--dry-run")
    user = w.users["arn"]
    for words in ("strategy alternating-users", f"{user} logs in now, {user}_clone afterwards", "the secret's masterarn",
                  f'CREATE ROLE "{user}_clone" LOGIN PASSWORD \'SCRAM-SHA-256$...\' IN ROLE "{user}"', "nothing breaks"):
        report.check(f"plan: {words[:40]}", got == 0 and words in out, out + err)
    got, out, err = w.run("rotate", "plain", "--dry-run")
    report.check("masterarn and nothing configured: single user, and says so",
                 got == 0 and "strategy single-user (the default)" in out and "masterarn" in out, out + err)
    got, out, err = w.run("rotate", "plain", "--dry-run", "--strategy", "alternating-users")
    report.check("--strategy alternating-users", got == 0 and "alternating-users (--strategy says so)" in out, out + err)
    got, out, err = w.run("rotate", "turn", "--dry-run", "--strategy", "single-user")
    report.check("--strategy single-user", got == 0 and "single-user (--strategy says so)" in out, out + err)
    got, out, err = w.run("rotate", "turn", "--strategy", "both")
    report.check("--strategy both: refused", got == 3 and "single-user|alternating-users" in err, out + err)
    report.equal("plans: nothing was changed", w.changes(), before)


REFUSALS = {   # environment: words
    "missing": "can't find the specified secret", "no-superuser": "superuser_secret = NAME-OR-ARN", "other-host": "another server",
    "other-port": "another server", "bad-password": "password", "no-user": "names no user", "itself": "one of the two",
    "long": "has 64 bytes", "hidden": "db_user"}


def refusals(w):
    w.superuser("su-host", host="localhost")
    w.superuser("su-port", port=logins.PORT + 1)
    w.superuser("su-password", password="wrong")
    w.secret("su-string", "only-a-password")
    names = {"missing": "nowhere", "no-superuser": None, "other-host": "su-host", "other-port": "su-port",
             "bad-password": "su-password", "no-user": "su-string", "itself": "twin"}
    for name, secret in names.items():
        w.add(name, conf={"superuser_secret": secret and f"{w.tag}/{secret}"})
    w.secret("twin", json.dumps({"host": "127.0.0.1", "port": logins.PORT, "username": w.users["itself"] + "_clone", "password": "x"}))
    w.add("long", user=f"{w.tag}_" + "u" * (LONGEST + 1 - len(w.tag) - 1))
    w.add("hidden", conf={"db_user": "somebody"})


def check_refusals(report, w):
    before, roles = w.changes(), logins.sql("SELECT count(*) FROM pg_roles")
    for env, words in REFUSALS.items():
        got, out, err = w.rotate(env)
        report.check(f"{env}: refused, and says so", got == 2 and words in err, (got, out + err))
        report.check(f"{env}: nothing was changed", env == "hidden" or w.who(env)["AWSCURRENT"][1], w.who(env))
    report.equal("refused: nothing was changed at AWS", w.changes(), before)
    report.equal("refused: no role was made", logins.sql("SELECT count(*) FROM pg_roles"), roles)
    got, out, err = w.rotate("weak")
    report.check("a superuser who may not: failed, and says so", got == 1 and "42501" in err, (got, out + err))
    report.equal("a superuser who may not: as it was", w.who("weak"), {"AWSCURRENT": (w.users["weak"], True)})


def check_sessions(report, w):
    """With a single user, whoever is logged in when the password changes stays: that is counted."""
    user = w.users["held"]
    value = next(json.loads(s["versions"][0]["string"]) for s in w.secrets if s["name"] == f"{w.tag}/held")
    there = f"SELECT count(*) FROM pg_stat_activity WHERE usename = {logins.literal(user)}"
    held = subprocess.Popen([logins.PSQL, "-X", "-q", "-h", "127.0.0.1", "-p", str(logins.PORT), "-U", user, "-d", value["dbname"],
                             "-c", "SELECT pg_sleep(60)"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env={"PGPASSWORD": value["password"], "PGSSLMODE": "require", "PATH": "/usr/bin:/bin"})
    try:
        report.check("held: somebody is logged in", e2e.wait_for(10, lambda: logins.sql(there) == "1"), held.poll())
        got, out, err = w.rotate("held")
        report.check("held: one session goes on", got == 0 and re.search(rf"(?m)^old sessions +done .* 1 of {user} from before", out),
                     out + err)
        report.check("held: and did", held.poll() is None)
    finally:
        logins.sql(there.replace("count(*)", "pg_terminate_backend(pid)"))   # asleep, it does not notice that psql has gone
        held.wait()
    report.check("held: it is gone", e2e.wait_for(10, lambda: logins.sql(there) == "0"))
    got, out, err = w.rotate("held")
    report.check("held: none goes on", got == 0 and re.search(r"(?m)^old sessions +done .* 0 of ", out), out + err)


def check_lost(report, w):
    """Answers that are lost, and rotations that stop, on the way."""
    for operation, kind, more in (("PutSecretValue", "reset", {}), ("PutSecretValue", "truncate", {}),
                                  ("UpdateSecretVersionStage", "error500", {"count": 3}), ("UpdateSecretVersionStage", "reset", {}),
                                  ("GetSecretValue", "reset", {}), ("DescribeSecret", "throttle", {"count": 2})):
        w.fault(operation, kind, **more)
        got, out, err = w.rotate("turn")
        w.clear()
        report.check(f"{operation} {kind}: done all the same", got == 0, out + err)
        report.equal(f"{operation} {kind}: who gets in", [ok for _, ok in w.who("turn").values()], [True, True])
    for way in ((), ("--finish",), ("--strategy", "single-user")):
        name = " ".join(way) or "ordered again"
        user = w.who("turn")["AWSCURRENT"][0]
        w.fault("UpdateSecretVersionStage", "denied")
        got, out, err = w.rotate("turn")
        report.check(f"{name}: finishSecret denied: says what to do", got == 1 and "finish the rotation" in err, out + err)
        who = w.who("turn")
        report.equal(f"{name}: half way, both get in", (who["AWSCURRENT"], who["AWSPENDING"]), ((user, True), (other(user), True)))
        got, out, err = w.rotate("turn", *way)
        report.check(f"{name}: goes on from there", got == 0 and re.search(r"(?m)^setSecret +skipped", out), out + err)
        report.equal(f"{name}: who gets in", w.who("turn"), {"AWSCURRENT": (other(user), True), "AWSPREVIOUS": (user, True)})


def check_doubt(report, w):
    """ALTER ROLE that waits for a lock past the deadline: it is looked up, not guessed, and never taken back.  With
    a single user the session that hangs holds the order's own lock: then the next run finishes."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER ROLE%'"
    for env, times in (("turn", "2"), ("plain", "1")):
        run = None
        with logins.Psql("BEGIN; LOCK TABLE pg_catalog.pg_authid IN SHARE MODE;"):
            run = subprocess.Popen([e2e.CREDTOP, "--config", w.path, "rotate", env, "--yes"], stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=w.environment())
            report.check(f"{env}, in doubt: ALTER ROLE waits", e2e.wait_for(20, lambda: logins.sql(waiting) == times), logins.sql(waiting))
            if env == "plain":
                report.equal("plain, in doubt: not known", run.wait(60), 3)
        out, err = run.communicate(timeout=60)
        report.check(f"{env}, in doubt: done, or not known", run.returncode == (3 if env == "plain" else 0), out + err)
        if env == "plain":
            report.check("plain, in doubt: says what to do", "finish the rotation now" in err, err)
            e2e.wait_for(10, lambda: logins.sql(waiting) == "0")
            got, out, err = w.rotate(env)
            report.check("plain, in doubt: the next run finishes", got == 0, out + err)
        report.equal(f"{env}, in doubt: AWSCURRENT gets in", w.who(env)["AWSCURRENT"][1], True)


def check_back(report, w):
    user = w.who("turn")["AWSCURRENT"][0]
    before = w.changes()
    got, out, err = w.run("rotate", "turn", "--roll-back", "--dry-run")
    report.check("roll back: the plan", got == 0 and "AWSPREVIOUS follows" in out and w.changes() == before, out + err)
    got, out, err = w.rotate("turn", "--roll-back")
    report.check("roll back: done", got == 0 and f"user {other(user)}; {user} goes on" in out, out + err)
    report.equal("roll back: one change", w.changes(), before + 1)
    report.equal("roll back: who gets in", w.who("turn"), {"AWSCURRENT": (other(user), True), "AWSPREVIOUS": (user, True)})
    w.fault("UpdateSecretVersionStage", "reset")
    got, out, err = w.rotate("turn", "--roll-back")
    w.clear()
    report.check("roll back, answer lost: looked up", got == 0, out + err)
    report.equal("roll back and back: who gets in", w.who("turn"), {"AWSCURRENT": (user, True), "AWSPREVIOUS": (other(user), True)})
    w.fault("UpdateSecretVersionStage", "denied")
    got, out, err = w.rotate("turn", "--roll-back")
    w.clear()
    report.check("roll back denied: failed, and says so", got == 1 and "both users log in" in err, out + err)
    before = w.changes()
    logins.sql(f"ALTER ROLE {identifier(other(user))} NOLOGIN")
    got, out, err = w.rotate("turn", "--roll-back")
    report.check("roll back, AWSPREVIOUS does not get in: refused", got == 2 and "does not take AWSPREVIOUS" in err, (got, out + err))
    logins.sql(f"ALTER ROLE {identifier(other(user))} LOGIN")
    logins.sql(f"ALTER ROLE {identifier(user)} NOLOGIN")
    got, out, err = w.rotate("turn", "--roll-back")
    report.check("roll back, AWSCURRENT does not get in: refused", got == 2 and "AWSCURRENT's login must work" in err, (got, out + err))
    logins.sql(f"ALTER ROLE {identifier(user)} LOGIN")
    got, out, err = w.rotate("no-superuser", "--roll-back")
    report.check("roll back, never rotated: refused", got == 2 and "nothing to go back to" in err, (got, out + err))
    report.equal("roll back refused: nothing was changed", w.changes(), before)
    w.rotate("plain")
    before = w.changes()
    got, out, err = w.rotate("plain", "--roll-back")
    report.check("roll back, single user: refused", got == 2 and "the way back is forward" in err, (got, out + err))
    got, out, err = w.rotate("plain", "--roll-back", "--finish")
    report.check("roll back and finish: one of them", got == 3 and "exclude each other" in err, (got, out + err))
    report.equal("roll back, single user: nothing was changed", w.changes(), before)


def check_two(report, w):
    w.fault("PutSecretValue", "slow", ms=3000)
    first = subprocess.Popen([e2e.CREDTOP, "--config", w.path, "rotate", "turn", "--yes"], stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=w.environment())
    e2e.wait_for(10, lambda: logins.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != "0")
    time.sleep(1)
    got, out, err = w.rotate("turn")
    report.check("two operators: the second is refused", got == 2 and "somebody else is rotating" in err, (got, out + err))
    out, err = first.communicate(timeout=60)
    w.clear()
    report.check("two operators: the first is done", first.returncode == 0, out + err)


def check_traces(report, w):
    """When the order has ended and the program not yet, neither the superuser's password nor the user's is in it."""
    if os.geteuid() != 0:
        print("skipped: traces of the superuser's password (they need root)")
        return
    first = {s["name"]: json.loads(s["versions"][0]["string"])["password"] for s in w.secrets
             if s["name"] in (f"{w.tag}/su", f"{w.tag}/traces")}
    w.fault("UpdateSecretVersionStage", "denied")
    run = rotate.Mute(rotate.command("traces", "--yes", conf=w.path), w.environment())
    report.check("traces: it stands still", e2e.wait_for(20, run.stands), run.p.poll())
    time.sleep(0.5)   # the order's own thread ends
    found, size = rotate.search_of(first.values()).image(run.p.pid)
    w.clear()
    got, err = run.end()
    report.check("traces: its image was read", size > 1 << 20 and len(first) == 2, size)
    report.equal("traces: no password is in it", found, [])
    report.check("traces: it got as far as the superuser", got == 1 and "finish the rotation" in err, (got, err))


def check_journal(report, w, values):
    _, out, err = w.run("journal", "show")
    for words in ("CREATE ROLE", "ALTER ROLE", "PutSecretValue", "strategy alternating-users"):
        report.check(f"journal: {words}", words in out, err)
    with open(os.path.join(e2e.DIR, w.name, "journal.jsonl"), encoding="utf-8") as f:
        text = f.read()
    report.check("journal: no verifier, no password", "SCRAM-SHA-256$4096" not in text and not any(v in text for v in values), "")
    report.equal("journal: good", w.run("journal", "verify")[0], 0)


def main():
    report, w = e2e.Report(), World("alternating")
    arn = f"arn:aws:secretsmanager:{e2e.REGION}:{e2e.ACCOUNT}:secret:{w.tag}/su"
    w.superuser("su")
    w.superuser("su-rds", host=None, port=None, engine=None)
    w.superuser("su-weak", attributes="NOSUPERUSER")
    w.add("turn")
    w.add("arn", conf={"superuser_secret": None}, masterarn=arn)
    w.add("plain", conf={"superuser_secret": None, "strategy": None}, masterarn=arn)
    w.add("held", conf={"superuser_secret": None, "strategy": "single-user"})
    w.add("traces")
    w.add("odd", user=f"{w.tag} \"q\" 'x' \\ ü;--")
    w.add("longest", user=f"{w.tag}_" + "u" * (LONGEST - len(w.tag) - 1))
    w.add("rds", conf={"superuser_secret": f"{w.tag}/su-rds"})
    w.add("weak", conf={"superuser_secret": f"{w.tag}/su-weak"})
    refusals(w)
    values = [json.loads(s["versions"][0]["string"])["password"] for s in w.secrets if s["versions"][0]["string"][:1] == "{"]
    w.start()
    check_plan(report, w)
    for env in ("turn", "arn", "odd", "longest", "rds"):
        check_turns(report, w, env, 3 if env == "turn" else 2)
    check_sessions(report, w)
    check_lost(report, w)
    check_doubt(report, w)
    check_back(report, w)
    check_two(report, w)
    check_refusals(report, w)
    check_traces(report, w)
    check_journal(report, w, [v for v in values if len(v) > 8])
    w.stop()
    report.finish()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""credtop against moto's server, an implementation of AWS that is not ours: wire format,
signatures, paging, labels, log events.  Skips where moto or boto3 is not installed (they
are not in Debian)."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import e2e


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fill(boto3, url):
    options = {"endpoint_url": url, "region_name": "eu-central-1", "aws_access_key_id": "AKIDEXAMPLE",
               "aws_secret_access_key": "example"}
    sm, logs = boto3.client("secretsmanager", **options), boto3.client("logs", **options)
    value = {"engine": "postgres", "host": "127.0.0.1", "port": 1, "username": "app", "password": "nobody", "dbname": "app"}
    for name in ("shop/db", "mail/db"):
        sm.create_secret(Name=name, SecretString=json.dumps(value))
        sm.put_secret_value(SecretId=name, SecretString=json.dumps(value | {"password": "nobody2"}))
    group, stream = "/aws/lambda/shop", "2026/11/24/[$LATEST]0123456789abcdef0123456789abcdef"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now, events = int(time.time() * 1000) - 60000, []
    request = "8f507cfc-1111-4697-b07a-ac58fc914c%02d"
    events.append((0, "INIT_START Runtime Version: nodejs:22.v48\tRuntime Version ARN: arn:x"))
    for i in range(30):
        rid = request % i
        events.append((i * 1000 + 10, f"START RequestId: {rid} Version: $LATEST"))
        if i == 0:
            events.append((12, f"2026-01-01T00:00:00.000Z\t{rid}\tINFO\tFetching credentials from Secrets Manager"))
        events.append((i * 1000 + 30, f"END RequestId: {rid}"))
        events.append((i * 1000 + 30, f"REPORT RequestId: {rid}\tDuration: 20.00 ms\tBilled Duration: 20 ms\t"))
    logs.put_log_events(logGroupName=group, logStreamName=stream,
                        logEvents=[{"timestamp": now + t, "message": m} for t, m in events])


def main():
    report = e2e.Report()
    server = shutil.which("moto_server")
    try:
        import boto3
    except ImportError:
        boto3 = None
    if server is None or boto3 is None:
        print("skip: moto_server or boto3 is not installed (not in Debian)")
        print("0 passed, 0 failed")
        return 0
    port, folder = free_port(), tempfile.mkdtemp(prefix="credtop-moto-")
    url = f"http://127.0.0.1:{port}"
    moto = subprocess.Popen([server, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not e2e.wait_for(30, lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0):
            report.check("moto starts", False, "no answer in 30 s")
            return report.finish()
        fill(boto3, url)
        conf = os.path.join(folder, "credtop.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"[credtop]\nsyslog = no\nendpoint_url = {url}\n\n[environment shop]\nregion = eu-central-1\nsecret = shop/db\n"
                    "function = shop\ndb_sslmode = disable\n\n[environment mail]\nregion = eu-central-1\nsecret = mail/db\n"
                    "db_sslmode = disable\n\n[environment gone]\nregion = eu-central-1\nsecret = no/such\n")
        os.chmod(conf, 0o600)
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        env |= {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
        done = subprocess.run([e2e.CREDTOP, "--config", conf, "status", "--format", "json"], capture_output=True, timeout=60,
                              env=env)
        answer = e2e.by_name(json.loads(done.stdout))
        shop = answer["shop"]
        report.equal("shop: the secret's name", shop["secret"]["name"], "shop/db")
        report.check("shop: two versions with labels",
                     {label for v in shop["secret"]["versions"] for label in v["labels"]} >= {"AWSCURRENT", "AWSPREVIOUS"},
                     shop["secret"]["versions"])
        report.equal("shop: who we are", shop["identity"]["account"], "123456789012")
        total = shop["logs"]["total"]
        report.equal("shop: log lines counted", [total[k] for k in ("cold_starts", "fetches", "hits", "invocations")],
                     [1, 1, 29, 30])
        report.equal("shop: the login was tried where the secret says", (shop["database"]["failed_phase"], shop["state"]),
                     ("connect", "FAILED"))
        report.equal("mail: listed beside it", answer["mail"]["secret"]["name"], "mail/db")
        report.check("gone: does not exist, in words", any("does not exist" in c["text"] for c in answer["gone"]["causes"]),
                     answer["gone"]["causes"])
    finally:
        moto.terminate()
        moto.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

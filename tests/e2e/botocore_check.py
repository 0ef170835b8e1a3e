#!/usr/bin/env python3
"""Every request credtop signs is signed as botocore's own signer would sign it.

Runs `credtop status` against a server that records what comes, with keys of a profile, of a
role and of a role's role, and signs every request again with botocore.  Needs no sandbox;
skips where python3-botocore is not installed."""

import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    print("skip: python3-botocore is not installed")
    print("0 passed, 0 failed")
    sys.exit(0)

CREDTOP = os.environ.get("CREDTOP", "build/release/credtop")
passed = failed = 0


def check(name, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"ok - {name}" if good else f"not ok - {name}: {why}", flush=True)


class Aws(http.server.BaseHTTPRequestHandler):
    """Answers enough that every operation of `status` is sent; keeps what it was sent."""

    protocol_version = "HTTP/1.1"
    keys = {"AKIDBASE": ("wJalr/XUtnFEMI+K7MDENG", None)}
    seen = []
    lock = threading.Lock()

    def assume(self):
        with self.lock:
            n = len(self.keys)
            self.keys[f"ASIAROLE{n}"] = (f"sec/ret+{n}=", f"token/{n}+with=signs")
        secret, token = self.keys[f"ASIAROLE{n}"]
        return (f"<Credentials><AccessKeyId>ASIAROLE{n}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                f"<SessionToken>{token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>")

    def reply_to(self, operation):
        if operation == "AssumeRole":
            return self.assume()
        if operation == "GetCallerIdentity":
            return ("<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn><UserId>U</UserId>"
                    "<Account>123456789012</Account></GetCallerIdentityResult>")
        if operation == "ListSecrets":
            return json.dumps({"SecretList": []})
        if operation == "DescribeSecret":
            return json.dumps({"ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf", "Name": "a",
                               "VersionIdsToStages": {"v" * 32: ["AWSCURRENT"]}})
        return json.dumps({"events": [], "searchedLogStreams": [], "logStreams": [], "Versions": []})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = target or re.search(rb"Action=(\w+)", body)[1].decode()
        reply = self.reply_to(operation).encode()
        with self.lock:
            self.seen.append((operation, self.path, list(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


def signature(path, headers, body):
    """The signature as it came and as botocore makes it."""
    lower = {name.lower(): value for name, value in headers}
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request, "
                         r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", lower["authorization"])
    if not found:
        return None, lower["authorization"]
    key, _, region, service, signed, got = found.groups()
    secret, token = Aws.keys[key]
    if lower.get("x-amz-security-token") != token:
        return got, "another session token"
    request = AWSRequest(method="POST", url=f"http://{lower['host']}{path}", data=body,
                         headers={name: lower[name] for name in signed.split(";")})
    request.context["timestamp"] = lower["x-amz-date"]
    signer = SigV4Auth(Credentials(key, secret, token), service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return got, signer.signature(text, request)


def run(folder, url):
    files = {
        "config": "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = wJalr/XUtnFEMI+K7MDENG\n"
                  "[profile one]\nrole_arn = arn:aws:iam::123456789012:role/path/one\nsource_profile = base\n"
                  "external_id = a:b/c=d,e@f\n"
                  "[profile two]\nrole_arn = arn:aws:iam::123456789012:role/two\nsource_profile = one\n",
        "credtop.conf": f"[credtop]\nsyslog = no\nendpoint_url = {url}\n" + "".join(
            f"\n[environment {name}]\nregion = {region}\nprofile = {profile}\nsecret = {secret}\nfunction = {name}\n{more}"
            for name, region, profile, secret, more in (
                ("a", "eu-central-1", "base", "prod/a+b=c@d", ""),
                ("b", "eu-central-1", "base", "prod/b", ""),
                ("c", "us-gov-west-1", "one", "c!x", ""),
                ("d", "cn-north-1", "two", "d", "role = arn:aws-cn:iam::123456789012:role/three\nexternal_id = 7\n"))),
    }
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(os.path.join(folder, name), 0o600)
    env = {"PATH": os.environ["PATH"], "HOME": folder, "AWS_CONFIG_FILE": os.path.join(folder, "config"),
           "AWS_EC2_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8"}
    return subprocess.run([CREDTOP, "status", "--config", os.path.join(folder, "credtop.conf"), "--format", "json"],
                          env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        done = run(folder, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    check("credtop status gave JSON", done.stdout.startswith(b"{"), f"{done.returncode}: {done.stderr.decode()[:300]}")
    by_operation = {}
    for operation, path, headers, body in Aws.seen:
        got, want = signature(path, headers, body)
        count, wrong = by_operation.get(operation, (0, ""))
        by_operation[operation] = (count + 1, wrong or ("" if got == want else f"{got}, botocore {want}"))
    for operation in ("AssumeRole", "GetCallerIdentity", "ListSecrets", "DescribeSecret", "FilterLogEvents"):
        check(f"{operation} was sent", operation in by_operation, f"only {sorted(by_operation)}")
    for operation, (count, wrong) in sorted(by_operation.items()):
        check(f"{operation}: {count} signatures are botocore's", not wrong, wrong)
    used = {re.search(r"Credential=([^/]+)/", dict(h)["Authorization"])[1] for _, _, h, _ in Aws.seen}
    check("base keys, role keys and chained keys were used", len(used) >= 4, f"only {sorted(used)}")
    operation, path, headers, body = Aws.seen[0]
    got, want = signature(path, headers, body + b" ")
    check("a changed body is found out", got != want)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()

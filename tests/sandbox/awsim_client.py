"""What awsim_check.py stands on: a seed, one awsim, signed requests, and the counting."""
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from unittest import mock

try:
    import boto3
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.exceptions import ClientError, BotoCoreError
except ImportError as missing:
    print(f"awsim_check: skipped, boto3 is not installed ({missing})")
    sys.exit(0)

ACCOUNT, OTHER = "111122223333", "444455556666"
REGION = "eu-central-1"
KEY = ("AKIDTESTTESTTEST0001", "long/secret+key=one", None)
TEMPORARY = ("ASIATESTTESTTEST0002", "temporary-secret-two", "the/session+token==")
AUDITOR = ("AKIDTESTTESTTEST0003", "auditor-secret-three", None)
FOREIGN = ("AKIDTESTTESTTEST0004", "foreign-secret-four", None)
V1, V2, V3 = (f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-000000000000" for n in "123")

SEED = {
    "accounts": [
        {"id": ACCOUNT, "keys": [
            {"id": KEY[0], "secret": KEY[1], "arn": f"arn:aws:iam::{ACCOUNT}:user/ops", "user_id": "AIDAOPS"},
            {"id": TEMPORARY[0], "secret": TEMPORARY[1], "token": TEMPORARY[2],
             "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/me", "user_id": "AROAOPS:me"},
            {"id": AUDITOR[0], "secret": AUDITOR[1], "arn": f"arn:aws:iam::{ACCOUNT}:user/audit",
             "user_id": "AIDAAUDIT", "deny": ["GetSecretValue", "PutSecretValue"]}]},
        {"id": OTHER, "keys": [
            {"id": FOREIGN[0], "secret": FOREIGN[1], "arn": f"arn:aws:iam::{OTHER}:user/x", "user_id": "AIDAX"}]},
    ],
    "secrets": [
        {"account": ACCOUNT, "region": REGION, "name": "orders/db", "description": "Orders database",
         "rotation": {"enabled": True, "days": 30, "function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"},
         "created_ago_s": 8640000, "last_rotated_ago_s": 86400, "next_rotation_in_s": -3600, "owning_service": "rds",
         "versions": [
             {"id": V1, "stages": ["AWSPREVIOUS"], "created_ago_s": 172800, "string": "{\"password\":\"old\"}"},
             {"id": V2, "stages": ["AWSCURRENT"], "created_ago_s": 86400, "string": "{\"password\":\"n\u00e9w\"}"},
             {"id": V3, "stages": ["AWSPENDING"], "created_ago_s": 7200}]},
        {"account": ACCOUNT, "region": REGION, "name": "binary", "versions": [
            {"id": V1, "stages": ["AWSCURRENT"], "binary_base64": "AAEC/w=="},
            {"id": V2, "stages": [], "string": "deprecated"}]},
        {"account": ACCOUNT, "region": REGION, "name": "doomed", "deleted_in_s": 604800, "versions": [
            {"id": V1, "stages": ["AWSCURRENT"], "string": "x"}]},
        {"account": ACCOUNT, "region": REGION, "name": "hollow", "versions": []},
    ] + [
        {"account": ACCOUNT, "region": "us-west-2", "name": f"many-{n:03d}", "created_ago_s": 1000 - n,
         "versions": [{"id": V1, "stages": ["AWSCURRENT"], "string": str(n)}]} for n in range(60)
    ],
    "log_groups": [{"account": ACCOUNT, "region": REGION, "name": f"/aws/lambda/fn-{n:02d}"} for n in range(7)],
}

passed, failed = [], []


def check(name, ok, detail=""):
    (passed if ok else failed).append(name)
    if not ok:
        print(f"FAILED {name} {detail}")


def equal(name, got, want):
    check(name, got == want, f"got {got!r}, want {want!r}")


def refused(name, code, call, text="", status=None):
    try:
        got = call()
        check(name, False, f"no error but {str(got)[:200]}")
    except ClientError as e:
        r = e.response
        ok = r["Error"]["Code"] == code and text in r["Error"]["Message"]
        ok = ok and (status is None or r["ResponseMetadata"]["HTTPStatusCode"] == status)
        check(name, ok, f"got {r['Error']} {r['ResponseMetadata']['HTTPStatusCode']}")
    except BotoCoreError as e:
        check(name, False, f"{type(e).__name__}: {e}")


def broken(name, call):
    """The call fails below the level of AWS's errors."""
    try:
        got = call()
        check(name, False, f"no error but {str(got)[:200]}")
    except ClientError as e:
        check(name, False, f"an orderly error: {e}")
    except Exception:
        check(name, True)


class Awsim:
    def __init__(self, binary, folder, seed=None, *options):
        self.folder = tempfile.mkdtemp(dir=folder)
        self.seed = os.path.join(self.folder, "seed.json")
        self.port_file = os.path.join(self.folder, "port")
        with open(self.seed, "w", encoding="utf-8") as f:
            json.dump(seed or SEED, f)
        self.process = subprocess.Popen(
            [binary, "--seed", self.seed, "--port-file", self.port_file, "--parent", str(os.getpid()),
             "--lifetime", "600", *options])
        end = time.monotonic() + 10
        while not os.path.exists(self.port_file):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit("awsim_check: awsim did not start")
            time.sleep(0.01)
        with open(self.port_file, encoding="ascii") as f:
            self.port = int(f.read())
        self.url = f"http://127.0.0.1:{self.port}"

    def client(self, service, key=KEY, region=REGION, secret=None, timeout=20):
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, aws_access_key_id=key[0],
            aws_secret_access_key=secret or key[1], aws_session_token=key[2],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=timeout, connect_timeout=5))

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def fault(self, operation, fault, **more):
        self.control("POST", "/_sim/faults", {"operation": operation, "fault": fault, **more})

    def logs(self, group, stream, events, account=ACCOUNT, region=REGION):
        self.control("POST", "/_sim/logs", {"account": account, "region": region, "group": group, "stream": stream,
                                            "events": events})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def now_ms():
    return int(time.time() * 1000)


def signed(sim, headers, body=b"{}", offset_s=0, key=KEY, region=REGION, service="secretsmanager", unsigned=()):
    """A request signed by botocore's signer at another time, sent by hand."""
    request = AWSRequest("POST", sim.url + "/", data=body, headers=headers)
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_s)
    target = "botocore.auth.get_current_datetime"
    if hasattr(botocore.auth, "get_current_datetime"):
        with mock.patch(target, lambda *a, **k: when.replace(tzinfo=None)):
            botocore.auth.SigV4Auth(Credentials(*key), service, region).add_auth(request)
    else:
        class Fixed(datetime.datetime):
            @classmethod
            def utcnow(cls):
                return when.replace(tzinfo=None)
        with mock.patch("botocore.auth.datetime.datetime", Fixed):
            botocore.auth.SigV4Auth(Credentials(*key), service, region).add_auth(request)
    sent = dict(request.headers.items())
    sent.update(unsigned)
    out = urllib.request.Request(sim.url + "/", data=body, headers=sent, method="POST")
    try:
        with urllib.request.urlopen(out, timeout=20) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as e:
        text = e.read()
        return e.code, json.loads(text) if text[:1] == b"{" else text, e.headers


JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.ListSecrets"}

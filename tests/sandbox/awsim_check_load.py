"""awsim_check.py's part about quotas, ListSecrets' lag, TLS and how much awsim can carry."""
import http.client
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
import urllib.request
from email.utils import parsedate_to_datetime

import boto3
from botocore.config import Config

from awsim_client import (ACCOUNT, KEY, REGION, SEED, TEMPORARY, V1, V2, Awsim, ClientError, check, equal, refused)


def check_quota(binary, folder):
    sim = Awsim(binary, folder, None, "--quotas", "aws", "--quota-scale", "0.1")
    ours, others = sim.client("secretsmanager"), sim.client("secretsmanager", TEMPORARY)
    got = []
    for _ in range(20):
        try:
            got.append(ours.list_secrets(MaxResults=1)["SecretList"][0]["Name"])
        except ClientError as e:
            got.append(e.response["Error"]["Code"])
    equal("ten a second at a tenth", (got[:10].count("orders/db"), "ThrottlingException" in got), (10, True))
    quota = sim.control("GET", "/_sim/quota")
    bucket = next(b for b in quota["buckets"] if b["quota"] == "ListSecrets")
    equal("bucket", (bucket["account"], bucket["region"], bucket["rate"], bucket["taken"] + bucket["throttled"]),
          (ACCOUNT, REGION, 10, 20))
    check("bucket's use", bucket["peak"] == 20 and bucket["use"] == 2 and bucket["lowest"] < 1, bucket)
    keys = quota["keys"]
    equal("throttled by key", (keys[KEY[0]]["throttled"], keys[KEY[0]]["operations"]["ListSecrets"],
                               keys[TEMPORARY[0]]["throttled"]),
          (bucket["throttled"], bucket["throttled"], 0))
    refused("one bucket for all keys", "ThrottlingException", others.list_secrets)
    equal("another region has its own", len(sim.client("secretsmanager", region="us-west-2").list_secrets(
        MaxResults=1)["SecretList"]), 1)
    equal("throttled by key, the other",
          sim.control("GET", "/_sim/quota")["keys"][TEMPORARY[0]]["throttled"], 1)
    sim.control("DELETE", "/_sim/quota")
    equal("forgotten", sim.control("GET", "/_sim/quota")["buckets"], [])
    time.sleep(0.3)
    equal("filled again", others.list_secrets(MaxResults=1)["SecretList"][0]["Name"], "orders/db")
    sim.stop()


def check_list_lag(binary, folder):
    own = [{k: v for k, v in s.items() if k != "owning_service"} for s in SEED["secrets"]]   # managed ones cannot be changed
    sim = Awsim(binary, folder, dict(SEED, secrets=own))
    sm = sim.client("secretsmanager")
    orders = lambda: next(x for x in sm.list_secrets()["SecretList"] if x["Name"] == "orders/db")
    before = orders()
    sim.control("POST", "/_sim/list-lag", {"ms": 700})
    sm.update_secret_version_stage(SecretId="orders/db", VersionStage="AWSCURRENT", MoveToVersionId=V1,
                                   RemoveFromVersionId=V2)
    sm.create_secret(Name="fresh", SecretString="x")
    equal("described at once", sm.describe_secret(SecretId="orders/db")["VersionIdsToStages"][V1], ["AWSCURRENT"])
    equal("listed as it was", orders(), before)
    check("not listed yet", "fresh" not in [x["Name"] for x in sm.list_secrets()["SecretList"]])
    time.sleep(0.8)
    equal("listed as it is", orders()["SecretVersionsToStages"][V1], ["AWSCURRENT"])
    check("listed now", "fresh" in [x["Name"] for x in sm.list_secrets()["SecretList"]])
    sim.stop()


def make_certificates(folder):
    """A private CA and a certificate of 127.0.0.1 by it; None without the openssl command."""
    if not shutil.which("openssl"):
        return None
    path = lambda name: os.path.join(folder, name)
    with open(path("ext"), "w", encoding="ascii") as f:
        f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    make = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
            [*make, "-x509", "-days", "2", "-subj", "/CN=private CA", "-keyout", path("ca.key"), "-out",
             path("ca.pem")],
            [*make, "-subj", "/CN=awsim", "-keyout", path("key.pem"), "-out", path("csr.pem")],
            ["openssl", "x509", "-req", "-days", "2", "-in", path("csr.pem"), "-CA", path("ca.pem"), "-CAkey",
             path("ca.key"), "-CAcreateserial", "-extfile", path("ext"), "-out", path("cert.pem")]):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return path("ca.pem"), path("cert.pem"), path("key.pem")


def check_tls(binary, folder):
    made = make_certificates(folder)
    if not made:
        print("awsim_check: openssl is not installed; TLS is skipped")
        return
    ca, cert, key = made
    plain_file = os.path.join(folder, "plain-port")
    sim = Awsim(binary, folder, None, "--tls-cert", cert, "--tls-key", key, "--plain-port-file", plain_file,
                "--latency", "20")
    url = f"https://127.0.0.1:{sim.port}"
    make = lambda verify: boto3.client(
        "secretsmanager", region_name=REGION, endpoint_url=url, aws_access_key_id=KEY[0], aws_secret_access_key=KEY[1],
        verify=verify, config=Config(retries={"total_max_attempts": 1}))
    equal("TLS by a private CA", make(ca).describe_secret(SecretId="orders/db")["Name"], "orders/db")
    try:
        make(None).list_secrets()
        check("TLS, CA unknown", False)
    except Exception as e:
        check("TLS, CA unknown", "CERTIFICATE_VERIFY_FAILED" in str(e), e)
    with open(plain_file, encoding="ascii") as f:
        sim.url = f"http://127.0.0.1:{int(f.read())}"
    equal("the plain port beside it", sim.control("GET", "/_sim/calls")["DescribeSecret"]["ok"], 1)
    context = ssl.create_default_context(cafile=ca)
    with urllib.request.urlopen(url + "/_sim/calls", timeout=20, context=context) as answer:
        equal("control over TLS", json.load(answer)["DescribeSecret"]["ok"], 1)
    equal("TLS ends well", sim.stop(), 0)
    for name, options, text in (
            ("no key", ["--tls-cert", cert], "belong together"),
            ("plain alone", ["--plain-port-file", plain_file], "belong together"),
            ("missing file", ["--tls-cert", cert, "--tls-key", key + "x"], key + "x: No such file"),
            ("not a pair", ["--tls-cert", cert, "--tls-key", os.path.join(folder, "ca.key")], "not a pair"),
            ("scale", ["--quota-scale", "0"], "--quota-scale must be"),
            ("scale, text", ["--quota-scale", "1.x"], "--quota-scale must be"),
            ("clock", ["--clock-offset", "1s"], "--clock-offset must be")):
        done = subprocess.run([binary, "--seed", sim.seed, "--port-file", os.path.join(folder, "p"), "--lifetime", "5",
                               *options], capture_output=True, timeout=20, check=False)
        check(f"TLS options, {name}", done.returncode != 0 and text in done.stderr.decode(), done.stderr)


def check_clock_option(binary, folder):
    sim = Awsim(binary, folder, None, "--clock-offset", "-3600000")
    request = urllib.request.Request(sim.url + "/_sim/calls")
    with urllib.request.urlopen(request, timeout=20) as answer:
        off = time.time() - parsedate_to_datetime(answer.headers["Date"]).timestamp()
    check("clock an hour behind", 3595 < off < 3605, off)
    sim.stop()


def check_capacity(binary, folder):
    """Many at once, each with latency, are no slower than one: 300 callers in 50 ms and a little."""
    sim = Awsim(binary, folder, None, "--latency", "300")
    n, done = 300, []

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=60)
        connection.request("POST", "/", "{}", {"X-Amz-Target": "secretsmanager.ListSecrets"})
        done.append(connection.getresponse().status)
        connection.close()
    threads = [threading.Thread(target=ask) for _ in range(n)]
    begin = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - begin
    check("latency is not work", done == [403] * n and 0.3 <= took < 3, (took, len(done)))
    sim.stop()


def check_all(binary, folder):
    for section in (check_quota, check_list_lag, check_tls, check_clock_option, check_capacity):
        section(binary, folder)

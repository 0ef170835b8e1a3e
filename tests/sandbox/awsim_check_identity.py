"""awsim_check.py's part about identity: roles, web identity, SSO, instance, container, expiry.

Every way in is first walked by boto3 itself, from its own files and environment, and
then by hand where only the wire shows the rule.
"""
import datetime
import hashlib
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import JSONFileCache

from awsim_client import (ACCOUNT, FOREIGN, KEY, OTHER, REGION, SEED, TEMPORARY, Awsim, check, equal, refused, signed,
                          JSON)

ROLE = {name: f"arn:aws:iam::{account}:role/{path}" for name, account, path in (
    ("ops", ACCOUNT, "ops"), ("deep", OTHER, "team/deep"), ("guarded", ACCOUNT, "guarded"), ("mfa", ACCOUNT, "mfa"),
    ("pod", OTHER, "pod"), ("host", ACCOUNT, "host"), ("task", OTHER, "task"), ("sso", OTHER, "AWSReservedSSO_Ops_1"),
    ("short", ACCOUNT, "short"))}
WEB, OLD_WEB, SSO, OLD_SSO = "ey.web.identity", "ey.old.web", "sso-access-token", "sso-old-token"
MFA = f"arn:aws:iam::{ACCOUNT}:mfa/ops"

IDENTITY_SEED = dict(
    SEED,
    roles=[
        {"arn": ROLE["ops"], "trusts": [f"arn:aws:iam::{ACCOUNT}:user/ops"], "max_duration_s": 7200},
        {"arn": ROLE["deep"], "trusts": [ROLE["ops"]], "max_duration_s": 43200, "deny": ["GetSecretValue"]},
        {"arn": ROLE["guarded"], "trusts": [ACCOUNT], "external_id": "ext-1"},
        {"arn": ROLE["mfa"], "trusts": [f"arn:aws:iam::{ACCOUNT}:root"], "mfa_serial": MFA, "mfa_code": "123456"},
        {"arn": ROLE["pod"]}, {"arn": ROLE["host"]}, {"arn": ROLE["task"]}, {"arn": ROLE["sso"]},
        {"arn": ROLE["short"], "trusts": [ACCOUNT], "session_s": 1},
    ],
    web_identities=[{"token": WEB, "roles": [ROLE["pod"]], "subject": "system:serviceaccount:a:b"},
                    {"token": OLD_WEB, "roles": [ROLE["pod"]], "expires_in_s": -5}],
    sso=[{"token": SSO, "user": "jo@example.com", "expires_in_s": 7200, "roles": [ROLE["sso"]]},
         {"token": OLD_SSO, "user": "jo@example.com", "expires_in_s": -5, "roles": [ROLE["sso"]],
          "refresh_token": "refresh-1", "client_id": "client", "client_secret": "client-secret", "refreshed_s": 1800}],
    instance={"role": ROLE["host"], "session_s": 3600},
    container={"role": ROLE["task"], "authorization": "Bearer task/token="},
)


@contextmanager
def environment(folder, config="", **variables):
    """A machine's AWS set-up, and nothing else of the one we run on."""
    kept = dict(os.environ)
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    file = os.path.join(folder, "config")
    with open(file, "w", encoding="utf-8") as f:
        f.write(config)
    os.environ.update({"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": os.path.join(folder, "none"),
                       "AWS_EC2_METADATA_DISABLED": "true", "HOME": folder, "AWS_DEFAULT_REGION": REGION}, **variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def caller(profile=None, **more):
    """Who boto3 says it is after finding credentials by itself."""
    core = botocore.session.Session(profile=profile)
    for name, value in more.items():
        provider = core.get_component("credential_provider").get_provider("assume-role")
        provider._prompter = value if name == "mfa" else None
    session = boto3.Session(botocore_session=core)
    return session.client("sts", config=Config(retries={"total_max_attempts": 1})).get_caller_identity()


def key_of(answer):
    c = answer["Credentials"]
    return (c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"])


def plain(sim, method, path, headers=(), body=None):
    request = urllib.request.Request(sim.url + path, data=body, headers=dict(headers), method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode(), e.headers


# ---------------------------------------------------------------- sections

def check_assume_role(sim):
    sts = sim.client("sts")
    got = sts.assume_role(RoleArn=ROLE["ops"], RoleSessionName="me@here", DurationSeconds=900)
    ops = key_of(got)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/me@here"
    equal("assumed arn", got["AssumedRoleUser"]["Arn"], arn)
    left = (got["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    check("assumed for 900 s", 880 < left <= 900, left)
    check("temporary key", ops[0].startswith("ASIA") and len(ops[2]) > 300, ops[0])
    who = sim.client("sts", ops).get_caller_identity()
    equal("session's identity", (who["Arn"], who["Account"], who["UserId"]),
          (arn, ACCOUNT, got["AssumedRoleUser"]["AssumedRoleId"]))
    equal("session works", sim.client("secretsmanager", ops).describe_secret(SecretId="orders/db")["Name"], "orders/db")
    for name, key in (("token missing", (ops[0], ops[1], None)), ("token of another", (ops[0], ops[1], TEMPORARY[2]))):
        refused(f"session, {name}", "UnrecognizedClientException", sim.client("secretsmanager", key).list_secrets)

    chained = sim.client("sts", ops)
    deep = key_of(chained.assume_role(RoleArn=ROLE["deep"], RoleSessionName="deeper", DurationSeconds=3600))
    who = sim.client("sts", deep).get_caller_identity()
    equal("chained into another account", (who["Account"], who["Arn"]),
          (OTHER, f"arn:aws:sts::{OTHER}:assumed-role/deep/deeper"))
    refused("chained too long", "ValidationError",
            lambda: chained.assume_role(RoleArn=ROLE["deep"], RoleSessionName="deeper", DurationSeconds=3601),
            "role chaining", 400)
    refused("role's own denial", "AccessDeniedException",
            lambda: sim.client("secretsmanager", deep).get_secret_value(SecretId="x"), "not authorized")

    def ask(role, **more):
        return lambda: sts.assume_role(RoleArn=role, RoleSessionName="me", **more)
    refused("not trusted", "AccessDenied", ask(ROLE["deep"]), "sts:AssumeRole", 403)
    refused("no such role", "AccessDenied", ask(f"arn:aws:iam::{ACCOUNT}:role/none"), "not authorized", 403)
    refused("no external id", "AccessDenied", ask(ROLE["guarded"]), status=403)
    refused("wrong external id", "AccessDenied", ask(ROLE["guarded"], ExternalId="ext-2"), status=403)
    equal("external id", len(ask(ROLE["guarded"], ExternalId="ext-1")()["Credentials"]), 4)
    refused("foreign account", "AccessDenied",
            lambda: sim.client("sts", FOREIGN).assume_role(RoleArn=ROLE["guarded"], RoleSessionName="me",
                                                           ExternalId="ext-1"))
    refused("no MFA", "AccessDenied", ask(ROLE["mfa"]), "not authorized", 403)
    refused("wrong MFA code", "AccessDenied", ask(ROLE["mfa"], SerialNumber=MFA, TokenCode="654321"),
            "invalid MFA one time pass code", 403)
    refused("wrong MFA serial", "AccessDenied", ask(ROLE["mfa"], SerialNumber=MFA + "x", TokenCode="123456"), "serial")
    equal("MFA", len(ask(ROLE["mfa"], SerialNumber=MFA, TokenCode="123456")()["Credentials"]), 4)
    refused("too long for the role", "ValidationError", ask(ROLE["ops"], DurationSeconds=7201), "MaxSessionDuration",
            400)
    careless = boto3.client("sts", region_name=REGION, endpoint_url=sim.url, aws_access_key_id=KEY[0],
                            aws_secret_access_key=KEY[1], config=Config(parameter_validation=False))
    refused("too short", "ValidationError",
            lambda: careless.assume_role(RoleArn=ROLE["ops"], RoleSessionName="me", DurationSeconds=899),
            "DurationSeconds", 400)
    refused("session name", "ValidationError",
            lambda: sts.assume_role(RoleArn=ROLE["ops"], RoleSessionName="a b"), "roleSessionName")
    refused("not simulated", "ValidationError", ask(ROLE["ops"], Policy="{}"), "does not simulate Policy")


def check_expiry(sim):
    sts = sim.client("sts")
    make = lambda role: key_of(sts.assume_role(RoleArn=ROLE[role], RoleSessionName="me"))
    key, other = make("ops"), make("ops")
    equal("expire one", sim.control("POST", "/_sim/expire", {"key": key[0]}), {"expired": 1})
    refused("expired", "ExpiredTokenException", sim.client("secretsmanager", key).list_secrets, "is expired", 403)
    refused("expired, logs", "ExpiredTokenException", sim.client("logs", key).describe_log_groups, status=403)
    refused("expired, sts", "ExpiredToken", sim.client("sts", key).get_caller_identity, status=400)
    equal("the other goes on", sim.client("sts", other).get_caller_identity()["Account"], ACCOUNT)
    listed = [x for x in sim.control("GET", "/_sim/sessions")["sessions"] if x["key"] == other[0]]
    equal("listed session", (listed[0]["role"], listed[0]["calls"]), (ROLE["ops"], 1))
    check("expire a role", sim.control("POST", "/_sim/expire", {"arn": ROLE["ops"]})["expired"] >= 1)
    refused("expired with its role", "ExpiredTokenException", sim.client("secretsmanager", other).list_secrets)
    short = make("short")
    equal("short session", sim.client("sts", short).get_caller_identity()["Account"], ACCOUNT)
    time.sleep(1.1)
    refused("ends by itself", "ExpiredTokenException", sim.client("secretsmanager", short).list_secrets)
    equal("nobody to expire", sim.control("POST", "/_sim/expire", {"key": "AKIDNOBODYNOBODY0000"}), {"expired": 0})
    status, text, _ = plain(sim, "POST", "/_sim/expire", body=b'{"key":"a","arn":"b"}')
    check("expire, two ways", status == 400 and "exactly one of" in text, text)


def check_profiles(sim, folder):
    keys = f"aws_access_key_id = {KEY[0]}\naws_secret_access_key = {KEY[1]}\n"
    config = f"""
[profile base]
{keys}
[profile ops]
role_arn = {ROLE['ops']}
source_profile = base
role_session_name = from-profile
[profile deep]
role_arn = {ROLE['deep']}
source_profile = ops
role_session_name = from-profile
[profile guarded]
role_arn = {ROLE['guarded']}
source_profile = base
external_id = ext-1
[profile mfa]
role_arn = {ROLE['mfa']}
source_profile = base
mfa_serial = {MFA}
"""
    with environment(folder, config, AWS_ENDPOINT_URL=sim.url):
        equal("profile", caller("base")["Arn"], f"arn:aws:iam::{ACCOUNT}:user/ops")
        equal("profile with a role", caller("ops")["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/from-profile")
        equal("profile with a chain", caller("deep")["Arn"], f"arn:aws:sts::{OTHER}:assumed-role/deep/from-profile")
        check("profile with an external id", "/guarded/" in caller("guarded")["Arn"])
        check("profile with MFA", "/mfa/" in caller("mfa", mfa=lambda text: "123456")["Arn"])
        refused("profile with a wrong code", "AccessDenied", lambda: caller("mfa", mfa=lambda text: "000000"))


def check_web_identity(sim, folder):
    file = os.path.join(folder, "web-token")
    with open(file, "w", encoding="utf-8") as f:
        f.write(WEB)
    with environment(folder, "", AWS_ENDPOINT_URL=sim.url, AWS_WEB_IDENTITY_TOKEN_FILE=file, AWS_ROLE_ARN=ROLE["pod"],
                     AWS_ROLE_SESSION_NAME="pod-1"):
        equal("web identity", caller()["Arn"], f"arn:aws:sts::{OTHER}:assumed-role/pod/pod-1")
    sts = boto3.client("sts", region_name=REGION, endpoint_url=sim.url,
                       config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))

    def ask(token, role=ROLE["pod"]):
        return lambda: sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="pod", WebIdentityToken=token)
    equal("its subject", ask(WEB)()["SubjectFromWebIdentityToken"], "system:serviceaccount:a:b")
    refused("web identity of nobody", "InvalidIdentityToken", ask("none"), status=400)
    refused("web identity, expired", "ExpiredTokenException", ask(OLD_WEB), status=400)
    refused("web identity, other role", "AccessDenied", ask(WEB, ROLE["ops"]), status=403)
    sim.fault("AssumeRoleWithWebIdentity", "throttle", count=1)
    refused("web identity, throttled", "Throttling", ask(WEB), status=400)
    sim.control("POST", "/_sim/expire", {"web_identity": WEB})
    refused("web identity, expired by hand", "ExpiredTokenException", ask(WEB), status=400)


def sso_cache(folder, name, token, **more):
    cache = os.path.join(folder, ".aws", "sso", "cache")
    os.makedirs(cache, exist_ok=True)
    until = more.pop("until_s", 7200)
    text = {"accessToken": token, "region": REGION, "startUrl": "https://example.awsapps.com/start",
            "expiresAt": stamp(until), **more}
    with open(os.path.join(cache, hashlib.sha1(name.encode()).hexdigest() + ".json"), "w", encoding="utf-8") as f:
        json.dump(text, f)


def stamp(in_s):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=in_s)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_sso(sim, folder):
    config = f"""
[profile sso]
sso_session = corp
sso_account_id = {OTHER}
sso_role_name = AWSReservedSSO_Ops_1
[profile old]
sso_session = old
sso_account_id = {OTHER}
sso_role_name = AWSReservedSSO_Ops_1
[profile legacy]
sso_start_url = https://example.awsapps.com/start
sso_region = {REGION}
sso_account_id = {OTHER}
sso_role_name = AWSReservedSSO_Ops_1
[sso-session corp]
sso_region = {REGION}
sso_start_url = https://example.awsapps.com/start
[sso-session old]
sso_region = {REGION}
sso_start_url = https://example.awsapps.com/start
"""
    arn = f"arn:aws:sts::{OTHER}:assumed-role/AWSReservedSSO_Ops_1/jo@example.com"
    with environment(folder, config, AWS_ENDPOINT_URL=sim.url):
        sso_cache(folder, "corp", SSO)
        sso_cache(folder, "https://example.awsapps.com/start", SSO)
        sso_cache(folder, "old", OLD_SSO, until_s=60, clientId="client", clientSecret="client-secret",
                  refreshToken="refresh-1", registrationExpiresAt=stamp(86400))
        with sso_folder(folder):
            equal("sso session", caller("sso")["Arn"], arn)
            equal("sso, legacy", caller("legacy")["Arn"], arn)
            equal("sso, refreshed", caller("old")["Arn"], arn)
    calls = sim.control("GET", "/_sim/calls")
    equal("sso calls", (calls["GetRoleCredentials"]["ok"], calls["CreateToken"]["ok"]), (3, 1))
    path = f"/federation/credentials?role_name=AWSReservedSSO_Ops_1&account_id={OTHER}"
    status, text, _ = plain(sim, "GET", path, {"x-amz-sso_bearer_token": SSO})
    got = json.loads(text)["roleCredentials"]
    left = got["expiration"] / 1000 - time.time()
    check("sso by hand", status == 200 and 3500 < left <= 3600 and got["accessKeyId"].startswith("ASIA"), text)
    for name, token, where, want in (("old token", OLD_SSO, path, (401, "UnauthorizedException")),
                                     ("no token", "", path, (401, "UnauthorizedException")),
                                     ("other role", SSO, path.replace("Ops_1", "Admin"), (403, "ForbiddenException"))):
        status, text, headers = plain(sim, "GET", where, {"x-amz-sso_bearer_token": token} if token else {})
        equal(f"sso, {name}", (status, headers["x-amzn-ErrorType"]), want)
        check(f"sso, {name}, text", "message" in json.loads(text), text)
    refresh = {"clientId": "client", "clientSecret": "client-secret", "grantType": "refresh_token",
               "refreshToken": "refresh-1"}
    for change, want in (({}, (200, None)), ({"refreshToken": "x"}, (400, "InvalidGrantException")),
                         ({"clientSecret": "x"}, (401, "InvalidClientException")),
                         ({"grantType": "x"}, (400, "UnsupportedGrantTypeException")),
                         ({"clientId": None}, (400, "InvalidRequestException"))):
        status, text, headers = plain(sim, "POST", "/token", {"Content-Type": "application/json"},
                                      json.dumps(dict(refresh, **change)).encode())
        equal(f"refresh {change}", (status, headers["x-amzn-ErrorType"]), want)
    sim.control("POST", "/_sim/expire", {"sso": SSO})
    equal("sso, expired by hand", plain(sim, "GET", path, {"x-amz-sso_bearer_token": SSO})[0], 401)


@contextmanager
def sso_folder(folder):
    """botocore takes its SSO cache folder from HOME once, at import."""
    kept = JSONFileCache.__init__

    def init(self, working_dir=None, dumps_func=None):
        if not working_dir or working_dir.endswith(os.path.join("sso", "cache")):
            working_dir = os.path.join(folder, ".aws", "sso", "cache")
        kept(self, working_dir, dumps_func)
    JSONFileCache.__init__ = init
    try:
        yield
    finally:
        JSONFileCache.__init__ = kept


def check_instance(sim, folder):
    with environment(folder, "", AWS_ENDPOINT_URL=sim.url, AWS_EC2_METADATA_SERVICE_ENDPOINT=sim.url + "/",
                     AWS_EC2_METADATA_DISABLED="false"):
        equal("instance", caller()["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/host/i-0a1b2c3d4e5f60718")
    ttl, own = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"
    where = "/latest/meta-data/iam/security-credentials/"
    status, token, headers = plain(sim, "PUT", "/latest/api/token", {ttl: "1"})
    equal("instance's token", (status, headers[ttl]), (200, "1"))
    equal("instance's role", plain(sim, "GET", where, {own: token})[:2], (200, "host"))
    got = json.loads(plain(sim, "GET", where + "host", {own: token})[1])
    check("instance's credentials",
          got["Code"] == "Success" and got["Token"] and got["LastUpdated"] < got["Expiration"])
    again = json.loads(plain(sim, "GET", where + "host", {own: token})[1])
    equal("the same again", again["AccessKeyId"], got["AccessKeyId"])
    equal("another role", plain(sim, "GET", where + "guest", {own: token})[0], 404)
    equal("version 1", plain(sim, "GET", where)[0], 401)
    equal("a made up token", plain(sim, "GET", where, {own: token[:-4] + "AAAA"})[0], 401)
    for value in ("0", "21601", "x"):
        equal(f"token for {value} s", plain(sim, "PUT", "/latest/api/token", {ttl: value})[0], 400)
    equal("token without time", plain(sim, "PUT", "/latest/api/token")[0], 400)
    equal("token, forwarded", plain(sim, "PUT", "/latest/api/token", {ttl: "1", "X-Forwarded-For": "10.0.0.1"})[0], 403)
    equal("other metadata", plain(sim, "GET", "/latest/meta-data/hostname", {own: token})[0], 404)
    time.sleep(1.1)
    equal("token's end", plain(sim, "GET", where, {own: token})[0], 401)
    sim.control("POST", "/_sim/expire", {"key": got["AccessKeyId"]})
    token = plain(sim, "PUT", "/latest/api/token", {ttl: "60"})[1]
    fresh = json.loads(plain(sim, "GET", where + "host", {own: token})[1])
    check("replaced when expired", fresh["AccessKeyId"] != got["AccessKeyId"])
    sim.fault("ImdsToken", "hang")
    try:
        urllib.request.urlopen(urllib.request.Request(sim.url + "/latest/api/token", headers={ttl: "60"}, method="PUT"),
                               timeout=0.3)
        check("hop limit", False)
    except OSError:
        check("hop limit", True)
    sim.control("DELETE", "/_sim/faults")
    sim.fault("ImdsToken", "denied", count=1)
    equal("instance, denied", plain(sim, "PUT", "/latest/api/token", {ttl: "1"})[0], 403)


def check_container(sim, folder):
    where, header = "/container/creds", {"Authorization": "Bearer task/token="}
    with environment(folder, "", AWS_ENDPOINT_URL=sim.url, AWS_CONTAINER_CREDENTIALS_FULL_URI=sim.url + where,
                     AWS_CONTAINER_AUTHORIZATION_TOKEN=header["Authorization"]):
        equal("container", caller()["Arn"], f"arn:aws:sts::{OTHER}:assumed-role/task/task")
    got = json.loads(plain(sim, "GET", where, header)[1])
    equal("container's members", sorted(got), ["AccessKeyId", "Expiration", "RoleArn", "SecretAccessKey", "Token"])
    equal("container, no token", plain(sim, "GET", where)[0], 401)
    equal("container, wrong token", plain(sim, "GET", where, {"Authorization": "x"})[0], 401)
    sim.fault("ContainerCredentials", "error500", count=1)
    status, text, _ = plain(sim, "GET", where, header)
    equal("container, broken", (status, json.loads(text)["code"]), (500, "InternalServerException"))


def check_clock(sim):
    sts = sim.client("sts")
    key = key_of(sts.assume_role(RoleArn=ROLE["ops"], RoleSessionName="me", DurationSeconds=900))
    sim.control("POST", "/_sim/clock", {"offset_ms": 600000})
    equal("clock ahead", signed(sim, JSON)[1]["__type"], "InvalidSignatureException")
    equal("clock ahead, corrected", signed(sim, JSON, offset_s=600)[0], 200)
    equal("session judged by it", signed(sim, JSON, offset_s=600, key=key)[0], 200)
    sim.control("POST", "/_sim/clock", {"offset_ms": 901000})
    equal("session ended by it", signed(sim, JSON, offset_s=901, key=key)[1]["__type"], "ExpiredTokenException")
    sim.control("POST", "/_sim/clock", {"offset_ms": 0})
    equal("clock right again", signed(sim, JSON)[0], 200)


def check_older_hosts(binary, folder):
    """An instance that still allows version 1 and keeps giving out what has expired; none at all."""
    seed = dict(IDENTITY_SEED, instance={"role": ROLE["host"], "session_s": 900, "v1": True, "keep_expired": True})
    del seed["container"]
    sim = Awsim(binary, folder, seed)
    where = "/latest/meta-data/iam/security-credentials/"
    equal("version 1 allowed", plain(sim, "GET", where)[:2], (200, "host"))
    sim.fault("ImdsToken", "denied")
    with environment(folder, "", AWS_ENDPOINT_URL=sim.url, AWS_EC2_METADATA_SERVICE_ENDPOINT=sim.url + "/",
                     AWS_EC2_METADATA_DISABLED="false"):
        check("instance, version 1", "/host/" in caller()["Arn"])
    first = json.loads(plain(sim, "GET", where + "host")[1])
    sim.control("POST", "/_sim/expire", {"key": first["AccessKeyId"]})
    again = json.loads(plain(sim, "GET", where + "host")[1])
    equal("kept though expired", again["AccessKeyId"], first["AccessKeyId"])
    equal("no container", plain(sim, "GET", "/container/creds")[0], 404)
    sim.stop()
    sim = Awsim(binary, folder)
    equal("no instance", plain(sim, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "1"})[0], 404)
    sim.stop()


BAD_SEEDS = (
    ("role's arn", {"roles": [{"arn": "arn:aws:iam::111122223333:user/somebody"}]}, "$.roles[0].arn"),
    ("role's account", {"roles": [{"arn": "arn:aws:iam::999999999999:role/x"}]}, "$.roles[0].arn"),
    ("role twice", {"roles": [{"arn": ROLE["ops"]}, {"arn": ROLE["ops"]}]}, "$.roles[1].arn: is there twice"),
    ("role's trust", {"roles": [{"arn": ROLE["ops"], "trusts": ["x"]}]}, "$.roles[0].trusts"),
    ("half an MFA", {"roles": [{"arn": ROLE["ops"], "mfa_serial": MFA}]}, "$.roles[0].mfa_serial"),
    ("sso's role", {"sso": [{"token": "t", "roles": [ROLE["ops"]]}]}, "$.sso[0].roles"),
    ("sso's refresh", {"sso": [{"token": "t", "refresh_token": "r"}]}, "$.sso[0].refresh_token"),
    ("web identity's member", {"web_identities": [{"token": "tttt", "role": ""}]}, "$.web_identities[0].role"),
    ("instance's role", {"instance": {"role": ROLE["ops"]}}, "$.instance.role"),
    ("container's role", {"container": {}}, "$.container.role"),
)


def check_all(binary, folder):
    sim = Awsim(binary, folder, IDENTITY_SEED)
    check_assume_role(sim)
    check_expiry(sim)
    for section in (check_profiles, check_web_identity, check_sso, check_instance, check_container):
        section(sim, folder)
    check_clock(sim)
    equal("identity ends well", sim.stop(), 0)
    check_older_hosts(binary, folder)

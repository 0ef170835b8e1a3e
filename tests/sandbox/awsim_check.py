#!/usr/bin/env python3
"""Conformity check of awsim: real AWS clients (boto3, aws CLI) against every operation.

    awsim_check.py [PATH/TO/awsim]

Prints "N passed, N failed"; exit status 0 when none failed.  Without boto3 it says so
and skips, with status 0, so that a machine without it can still run the other tests.
"""
import datetime
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime

sys.dont_write_bytecode = True   # no __pycache__ in the source tree

import awsim_check_identity
import awsim_check_insights
import awsim_check_lambda
import awsim_check_load
import awsim_check_rotation
from awsim_client import (ACCOUNT, AUDITOR, FOREIGN, JSON, KEY, REGION, SEED, TEMPORARY, V1, V2, V3, Awsim, ClientError,
                          broken, check, equal, failed, now_ms, passed, refused, signed)


# ------------------------------------------------------------------ sections

def check_identity(sim):
    got = sim.client("sts").get_caller_identity()
    equal("sts account", got["Account"], ACCOUNT)
    equal("sts arn", got["Arn"], f"arn:aws:iam::{ACCOUNT}:user/ops")
    equal("sts user id", got["UserId"], "AIDAOPS")
    equal("sts with token", sim.client("sts", TEMPORARY).get_caller_identity()["UserId"], "AROAOPS:me")
    unknown = ("AKIDNOBODYNOBODY0000", "x", None)
    refused("sts unknown key", "InvalidClientTokenId", sim.client("sts", unknown).get_caller_identity, status=403)
    refused("sts bad secret", "SignatureDoesNotMatch", sim.client("sts", KEY, secret="wrong").get_caller_identity,
            status=403)
    lists = [("unknown key", unknown, None, "UnrecognizedClientException",
              "The security token included in the request is invalid."),
             ("bad secret", KEY, "wrong", "InvalidSignatureException", "does not match"),
             ("wrong token", (TEMPORARY[0], TEMPORARY[1], "another"), None, "UnrecognizedClientException", ""),
             ("missing token", (TEMPORARY[0], TEMPORARY[1], None), None, "UnrecognizedClientException", ""),
             ("token too many", (KEY[0], KEY[1], "token"), None, "UnrecognizedClientException", "")]
    for name, key, secret, code, text in lists:
        for service, call in (("secretsmanager", "list_secrets"), ("logs", "describe_log_groups")):
            refused(f"{service} {name}", code, getattr(sim.client(service, key, secret=secret), call), text, 403)


def check_signature(sim):
    equal("signed by hand", signed(sim, JSON)[0], 200)
    status, body, headers = signed(sim, JSON, offset_s=-400)
    equal("six minutes old", (status, body["__type"]), (403, "InvalidSignatureException"))
    text = body.get("Message", body.get("message"))
    check("six minutes old, text", text.startswith("Signature expired: "), body)
    check("Date header", bool(headers["Date"]) and headers["Date"].endswith("GMT"))
    check("request id", len(headers["x-amzn-RequestId"]) == 36)
    equal("six minutes early", signed(sim, JSON, offset_s=400)[1]["__type"], "InvalidSignatureException")
    equal("four minutes old", signed(sim, JSON, offset_s=-240)[0], 200)
    equal("other service", signed(sim, JSON, service="logs")[1]["__type"], "InvalidSignatureException")
    equal("x-amz header unsigned", signed(sim, JSON, unsigned={"X-Amz-Extra": "1"})[1]["__type"],
          "InvalidSignatureException")
    cut = {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}
    equal("authorization cut", signed(sim, JSON, unsigned=cut)[1]["__type"],
          "IncompleteSignatureException")
    unknown = dict(JSON, **{"X-Amz-Target": "secretsmanager.DeleteSecret"})
    equal("unknown operation", (signed(sim, unknown)[0], signed(sim, unknown)[1]["__type"]),
          (404, "UnknownOperationException"))
    equal("not JSON", signed(sim, JSON, body=b"[1")[1]["__type"], "SerializationException")
    equal("wrong type", signed(sim, JSON, body=b'{"MaxResults":"9"}')[1]["__type"], "SerializationException")
    equal("out of range", signed(sim, JSON, body=b'{"MaxResults":101}')[1]["__type"], "ValidationException")
    equal("null is absent", signed(sim, JSON, body=b'{"MaxResults":null}')[0], 200)
    no_auth = urllib.request.Request(sim.url + "/", data=b"{}", headers=JSON, method="POST")
    try:
        urllib.request.urlopen(no_auth, timeout=20)
        check("unsigned", False)
    except urllib.error.HTTPError as e:
        equal("unsigned", json.loads(e.read())["__type"], "MissingAuthenticationTokenException")


def check_read_secrets(sim):
    sm = sim.client("secretsmanager")
    d = sm.describe_secret(SecretId="orders/db")
    arn = d["ARN"]
    check("arn", arn.startswith(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:orders/db-"), arn)
    equal("versions", d["VersionIdsToStages"], {V1: ["AWSPREVIOUS"], V2: ["AWSCURRENT"], V3: ["AWSPENDING"]})
    equal("rotation", (d["RotationEnabled"], d["RotationRules"], d["OwningService"]),
          (True, {"AutomaticallyAfterDays": 30}, "rds"))
    now = datetime.datetime.now(datetime.timezone.utc)
    check("overdue", d["NextRotationDate"] < now and d["LastRotatedDate"] < now - datetime.timedelta(hours=23))
    check("never rotated", "RotationEnabled" not in sm.describe_secret(SecretId="hollow"))
    equal("full arn", sm.describe_secret(SecretId=arn)["Name"], "orders/db")
    equal("partial arn", sm.describe_secret(SecretId=arn[:-7])["Name"], "orders/db")
    refused("no such arn", "ResourceNotFoundException", lambda: sm.describe_secret(SecretId=arn[:-1] + "_"))
    refused("no such name", "ResourceNotFoundException", lambda: sm.describe_secret(SecretId="nope"),
            "Secrets Manager can't find the specified secret.", 400)
    refused("other region", "ResourceNotFoundException",
            lambda: sim.client("secretsmanager", region="us-east-1").describe_secret(SecretId="orders/db"))
    refused("other account, name", "ResourceNotFoundException",
            lambda: sim.client("secretsmanager", FOREIGN).describe_secret(SecretId="orders/db"))
    refused("other account, arn", "AccessDeniedException",
            lambda: sim.client("secretsmanager", FOREIGN).describe_secret(SecretId=arn))
    equal("deprecated left out", list(sm.describe_secret(SecretId="binary")["VersionIdsToStages"]), [V1])

    v = sm.get_secret_value(SecretId="orders/db")
    equal("value", (v["SecretString"], v["VersionId"], v["VersionStages"]),
          ("{\"password\":\"n\u00e9w\"}", V2, ["AWSCURRENT"]))
    age = (now - v["CreatedDate"]).total_seconds()
    check("value's date", 86390 < age < 86500, age)
    equal("value by stage", sm.get_secret_value(SecretId="orders/db", VersionStage="AWSPREVIOUS")["VersionId"], V1)
    equal("value by id", sm.get_secret_value(SecretId=arn, VersionId=V1)["SecretString"], "{\"password\":\"old\"}")
    equal("binary", sm.get_secret_value(SecretId="binary")["SecretBinary"], b"\0\1\2\xff")
    refused("empty pending", "ResourceNotFoundException",
            lambda: sm.get_secret_value(SecretId="orders/db", VersionStage="AWSPENDING"),
            "Secrets Manager can't find the specified secret value for staging label: AWSPENDING")
    refused("no value at all", "ResourceNotFoundException",
            lambda: sm.get_secret_value(SecretId="hollow"), "AWSCURRENT")
    refused("id and stage differ", "ResourceNotFoundException",
            lambda: sm.get_secret_value(SecretId="orders/db", VersionId=V1, VersionStage="AWSCURRENT"),
            "not associated")
    refused("doomed", "InvalidRequestException", lambda: sm.get_secret_value(SecretId="doomed"), "marked for deletion")
    check("doomed described", sm.describe_secret(SecretId="doomed")["DeletedDate"] > now)
    refused("denied by policy", "AccessDeniedException",
            lambda: sim.client("secretsmanager", AUDITOR).get_secret_value(SecretId="orders/db"), "not authorized", 400)
    equal("auditor may describe", sim.client("secretsmanager", AUDITOR).describe_secret(SecretId="orders/db")["Name"],
          "orders/db")

    versions = sm.list_secret_version_ids(SecretId="binary")
    equal("version ids", [x["VersionId"] for x in versions["Versions"]], [V1])
    versions = sm.list_secret_version_ids(SecretId="binary", IncludeDeprecated=True)["Versions"]
    equal("deprecated too", [x["VersionId"] for x in versions], [V1, V2])
    check("version dates", all("CreatedDate" in x for x in versions))
    first = sm.list_secret_version_ids(SecretId="orders/db", MaxResults=2)
    second = sm.list_secret_version_ids(SecretId="orders/db", MaxResults=2, NextToken=first["NextToken"])
    equal("version pages", [x["VersionId"] for x in first["Versions"] + second["Versions"]], [V1, V2, V3])
    check("version pages end", "NextToken" not in second)


def check_list_secrets(sim):
    sm, far = sim.client("secretsmanager"), sim.client("secretsmanager", region="us-west-2")
    listed = sm.list_secrets()["SecretList"]
    equal("list leaves deleted out", sorted(x["Name"] for x in listed), ["binary", "hollow", "orders/db"])
    equal("list with deleted", len(sm.list_secrets(IncludePlannedDeletion=True)["SecretList"]), 4)
    orders = next(x for x in listed if x["Name"] == "orders/db")
    equal("list's map", orders["SecretVersionsToStages"][V2], ["AWSCURRENT"])
    names, pages = [], 0
    for page in far.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 25}):
        names += [x["Name"] for x in page["SecretList"]]
        pages += 1
    equal("pages", (pages, names), (3, [f"many-{n:03d}" for n in range(60)]))
    equal("by name, down", far.list_secrets(SortBy="name", SortOrder="desc")["SecretList"][0]["Name"], "many-059")
    filters = [{"Key": "name", "Values": ["many-01", "many-02"]}, {"Key": "name", "Values": ["!many-015"]}]
    equal("filtered", len(far.list_secrets(Filters=filters)["SecretList"]), 19)
    worded = sm.list_secrets(Filters=[{"Key": "description", "Values": ["orders"]}])["SecretList"]
    equal("filtered by words", [x["Name"] for x in worded], ["orders/db"])
    refused("bad token", "InvalidNextTokenException", lambda: far.list_secrets(NextToken="Zm9vYmFy"))
    token = far.list_secrets(MaxResults=1)["NextToken"]
    refused("token, other parameters", "InvalidNextTokenException",
            lambda: far.list_secrets(MaxResults=1, NextToken=token, SortOrder="desc"))
    sim.fault("ListSecrets", "empty-pages")
    names, sizes = [], []
    for page in far.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 40}):
        names += [x["Name"] for x in page["SecretList"]]
        sizes.append(len(page["SecretList"]))
    equal("empty pages", (sizes, len(set(names))), ([0, 40, 0, 20], 60))
    sim.control("DELETE", "/_sim/faults")


def check_write_secrets(sim):
    sm = sim.client("secretsmanager", region="eu-west-1")
    made = sm.create_secret(Name="app/db", SecretString="one", Description="d", ClientRequestToken=V1)
    equal("created", (made["Name"], made["VersionId"]), ("app/db", V1))
    again = sm.create_secret(Name="app/db", SecretString="one", ClientRequestToken=V1)
    equal("created again", again["ARN"], made["ARN"])
    refused("created twice", "ResourceExistsException", lambda: sm.create_secret(Name="app/db", SecretString="two"))
    refused("bad name", "ValidationException", lambda: sm.create_secret(Name="a b", SecretString="two"))
    staged = {"SecretId": "app/db", "SecretString": "two", "ClientRequestToken": V2, "VersionStages": ["AWSPENDING"]}
    put = sm.put_secret_value(**staged)
    equal("staged", put["VersionStages"], ["AWSPENDING"])
    equal("current stays", sm.get_secret_value(SecretId="app/db")["SecretString"], "one")
    put = sm.put_secret_value(**staged)
    equal("same token, same bytes", put["VersionId"], V2)
    refused("same token, other bytes", "ResourceExistsException",
            lambda: sm.put_secret_value(SecretId="app/db", SecretString="2", ClientRequestToken=V2))
    refused("short token", "InvalidParameterException",
            lambda: raw_put(sim, {"SecretId": "app/db", "SecretString": "x", "ClientRequestToken": "short"}))
    refused("no token", "InvalidRequestException", lambda: raw_put(sim, {"SecretId": "app/db", "SecretString": "x"}))
    refused("two values", "InvalidParameterException",
            lambda: sm.put_secret_value(SecretId="app/db", SecretString="x", SecretBinary=b"x"))
    refused("no value", "InvalidParameterException", lambda: sm.put_secret_value(SecretId="app/db"))
    stage = sm.update_secret_version_stage
    refused("swap without from", "InvalidParameterException",
            lambda: stage(SecretId="app/db", VersionStage="AWSCURRENT", MoveToVersionId=V2), "RemoveFromVersionId")
    refused("swap with wrong from", "InvalidParameterException",
            lambda: stage(SecretId="app/db", VersionStage="AWSCURRENT", MoveToVersionId=V2, RemoveFromVersionId=V2))
    refused("current can't go", "InvalidParameterException",
            lambda: stage(SecretId="app/db", VersionStage="AWSCURRENT", RemoveFromVersionId=V1), "completely removed")
    refused("to nobody", "ResourceNotFoundException",
            lambda: stage(SecretId="app/db", VersionStage="AWSCURRENT", MoveToVersionId=V3, RemoveFromVersionId=V1))
    stage(SecretId="app/db", VersionStage="AWSCURRENT", MoveToVersionId=V2, RemoveFromVersionId=V1)
    equal("moved", sm.describe_secret(SecretId="app/db")["VersionIdsToStages"],
          {V1: ["AWSPREVIOUS"], V2: ["AWSPENDING", "AWSCURRENT"]})
    stage(SecretId="app/db", VersionStage="AWSPENDING", RemoveFromVersionId=V2)
    sm.put_secret_value(SecretId="app/db", SecretBinary=b"\0three", ClientRequestToken=V3)
    equal("put moves current", sm.describe_secret(SecretId="app/db")["VersionIdsToStages"],
          {V2: ["AWSPREVIOUS"], V3: ["AWSCURRENT"]})
    equal("binary back", sm.get_secret_value(SecretId="app/db")["SecretBinary"], b"\0three")
    refused("value of a deprecated version gone by stage", "ResourceNotFoundException",
            lambda: sm.get_secret_value(SecretId="app/db", VersionStage="AWSPENDING"))
    for n in range(97):
        sm.put_secret_value(SecretId="app/db", SecretString=str(n))
    refused("too many versions", "LimitExceededException",
            lambda: sm.put_secret_value(SecretId="app/db", SecretString="more"))
    rotated = sim.control("POST", "/_sim/secret/rotate", {"account": ACCOUNT, "region": REGION, "name": "orders/db",
                                                          "string": "rotated"})
    d = sim.client("secretsmanager").describe_secret(SecretId="orders/db")
    equal("rotated", (d["VersionIdsToStages"]), {V2: ["AWSPREVIOUS"], rotated["version_id"]: ["AWSCURRENT"]})
    now = datetime.datetime.now(datetime.timezone.utc)
    check("rotated's dates", (now - d["LastRotatedDate"]).total_seconds() < 60 and d["NextRotationDate"] > now)


def raw_put(sim, body):
    status, answer, _ = signed(sim, dict(JSON, **{"X-Amz-Target": "secretsmanager.PutSecretValue"}),
                               json.dumps(body).encode(), region="eu-west-1")
    if status == 200:
        return answer
    raise ClientError({"Error": {"Code": answer["__type"], "Message": answer.get("Message", "")},
                       "ResponseMetadata": {"HTTPStatusCode": status}}, "PutSecretValue")


def check_log_lists(sim):
    logs = sim.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/", limit=5)
    rest = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/", limit=5, nextToken=groups["nextToken"])
    equal("groups", [g["logGroupName"] for g in groups["logGroups"] + rest["logGroups"]],
          [f"/aws/lambda/fn-{n:02d}" for n in range(7)])
    g = groups["logGroups"][0]
    equal("group arns", g["arn"], g["logGroupArn"] + ":*")
    equal("by pattern", [x["logGroupName"] for x in logs.describe_log_groups(logGroupNamePattern="fn-03")["logGroups"]],
          ["/aws/lambda/fn-03"])
    refused("prefix and pattern", "InvalidParameterException",
            lambda: logs.describe_log_groups(logGroupNamePattern="x", logGroupNamePrefix="x"))
    logs.create_log_group(logGroupName="/made")
    refused("group twice", "ResourceAlreadyExistsException", lambda: logs.create_log_group(logGroupName="/made"))
    refused("group name", "InvalidParameterException", lambda: logs.create_log_group(logGroupName="a b"))
    for s in ("b", "a", "2026/11/24/[$LATEST]0123"):
        logs.create_log_stream(logGroupName="/made", logStreamName=s)
    refused("stream twice", "ResourceAlreadyExistsException",
            lambda: logs.create_log_stream(logGroupName="/made", logStreamName="a"))
    refused("stream without group", "ResourceNotFoundException",
            lambda: logs.create_log_stream(logGroupName="/none", logStreamName="a"))
    t = now_ms()
    logs.put_log_events(logGroupName="/made", logStreamName="b", logEvents=[{"timestamp": t - 10, "message": "x"},
                                                                            {"timestamp": t, "message": "y"}])
    logs.put_log_events(logGroupName="/made", logStreamName="a", logEvents=[{"timestamp": t - 5, "message": "z"}])
    streams = logs.describe_log_streams(logGroupName="/made")["logStreams"]
    equal("streams", [s["logStreamName"] for s in streams], ["2026/11/24/[$LATEST]0123", "a", "b"])
    equal("stream's times", (streams[2]["firstEventTimestamp"], streams[2]["lastEventTimestamp"]), (t - 10, t))
    streams = logs.describe_log_streams(logGroupIdentifier=g["logGroupArn"].replace("/aws/lambda/fn-00", "/made"),
                                        orderBy="LastEventTime", descending=True, limit=2)
    equal("streams by time", [s["logStreamName"] for s in streams["logStreams"]], ["b", "a"])
    refused("streams by time and prefix", "InvalidParameterException",
            lambda: logs.describe_log_streams(logGroupName="/made", orderBy="LastEventTime", logStreamNamePrefix="a"))
    refused("events out of order", "InvalidParameterException", lambda: logs.put_log_events(
        logGroupName="/made", logStreamName="a", logEvents=[{"timestamp": t, "message": "x"},
                                                            {"timestamp": t - 1, "message": "y"}]))
    got = logs.put_log_events(logGroupName="/made", logStreamName="a",
                              logEvents=[{"timestamp": t - 15 * 86400000, "message": "x"}])
    equal("too old", got["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"], 1)
    refused("no such group", "ResourceNotFoundException", lambda: logs.filter_log_events(logGroupName="/none"),
            "The specified log group does not exist.", 400)


def sweep(logs, **arguments):
    events, pages, token = [], 0, {}
    while pages < 1000:
        page = logs.filter_log_events(**arguments, **token)
        events += page["events"]
        pages += 1
        if "nextToken" not in page:
            return events, pages
        token = {"nextToken": page["nextToken"]}
    raise RuntimeError("a sweep without end")


def check_filter_events(sim):
    logs, group = sim.client("logs"), "/aws/lambda/fn-01"
    t = now_ms() - 3600000
    lines = ["START RequestId: a Version: $LATEST\n", "2026\tINFO\tFetching credentials from Secrets Manager\n",
             "ERROR Timeout", "ERROR \"quoted\" \u00fc\u4e2d\U0001f600", "END RequestId: a\n",
             "REPORT RequestId: a\tDuration: 1 ms\n"]
    for k in range(3):
        sim.logs(group, f"s{k}", [{"t_ms": t + 10 * n, "message": lines[n % 6]} for n in range(100)])
    events, pages = sweep(logs, logGroupName=group, limit=70, interleaved=True)
    equal("all events", (len(events), pages), (300, 5))
    check("in time order", [e["timestamp"] for e in events] == sorted(e["timestamp"] for e in events))
    ids = {e["eventId"] for e in events}
    equal("ids unique", len(ids), 300)
    check("ids of 56 digits that hold the time",
          all(len(e["eventId"]) == 56 and int(e["eventId"]) >> 144 == e["timestamp"] for e in events))
    equal("same ids again", {e["eventId"] for e in sweep(logs, logGroupName=group)[0]}, ids)
    equal("messages", [e["message"] for e in events[::3]][:6], lines)
    equal("range is inclusive", len(sweep(logs, logGroupName=group, startTime=t + 100, endTime=t + 200)[0]), 33)
    equal("one stream", len(sweep(logs, logGroupName=group, logStreamNames=["s1"])[0]), 100)
    equal("by prefix", len(sweep(logs, logGroupName=group, logStreamNamePrefix="s")[0]), 300)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    equal("by identifier", len(sweep(logs, logGroupIdentifier=arn)[0]), 300)
    equal("searched streams", logs.filter_log_events(logGroupName=group, limit=1)["searchedLogStreams"], [])
    for pattern, want in (("ERROR", 102), ("ERROR Timeout", 51), ("ERROR -Timeout", 51), ("-ERROR", 198),
                          ('"Fetching credentials from Secrets Manager"', 51), ("?REPORT ?Timeout", 99),
                          ("?REPORT ?START ERROR", 102), ('?"INIT_START" ?"REPORT RequestId"', 48), (" ", 300),
                          ("error", 0)):
        equal(f"pattern {pattern}", len(sweep(logs, logGroupName=group, filterPattern=pattern)[0]), want)
    for pattern in ('"open', "a-b", "%x%", "{ $.a = 1 }", "? x"):
        refused(f"bad pattern {pattern}", "InvalidParameterException",
                lambda p=pattern: logs.filter_log_events(logGroupName=group, filterPattern=p))
    token = logs.filter_log_events(logGroupName=group, limit=1)["nextToken"]
    refused("token, other range", "InvalidParameterException",
            lambda: logs.filter_log_events(logGroupName=group, limit=1, nextToken=token, startTime=1))
    refused("token, made up", "InvalidParameterException",
            lambda: logs.filter_log_events(logGroupName=group, nextToken="Zm9v"))
    refused("name and identifier", "InvalidParameterException",
            lambda: logs.filter_log_events(logGroupName=group, logGroupIdentifier=group))
    sim.fault("FilterLogEvents", "empty-pages", match=group)
    events, pages = sweep(logs, logGroupName=group, limit=150)
    equal("empty pages, nothing lost", (len({e["eventId"] for e in events}), pages), (300, 4))
    sim.control("DELETE", "/_sim/faults")
    big = "x" * 200000
    sim.logs("/big", "s", [{"t_ms": t + n, "message": big} for n in range(12)])
    events, pages = sweep(logs, logGroupName="/big")
    equal("pages of a megabyte", (len(events), pages), (12, 3))


def check_late_events(sim):
    logs, group, t = sim.client("logs"), "/late", now_ms()
    sim.logs(group, "s", [{"t_ms": t, "message": "two"}, {"t_ms": t - 1000, "message": "one", "ingest_delay_ms": 700},
                          {"t_ms": t - 5000, "message": "zero", "ingested_ms": t - 4000}])
    equal("not yet", [e["message"] for e in sweep(logs, logGroupName=group)[0]], ["zero", "two"])
    time.sleep(0.9)
    events = sweep(logs, logGroupName=group)[0]
    equal("late", [e["message"] for e in events], ["zero", "one", "two"])
    check("late ingestion time", events[1]["ingestionTime"] > events[2]["ingestionTime"] >= t)
    equal("given ingestion time", events[0]["ingestionTime"], t - 4000)


def check_get_events(sim):
    logs, t = sim.client("logs"), now_ms() - 1000000
    for s in ("one", "two"):
        sim.logs("/get", s, [{"t_ms": t + n, "message": f"{s} {n}"} for n in range(25)])
    seen, token, pages = [], {}, 0
    while pages < 100:
        page = logs.get_log_events(logGroupName="/get", logStreamName="one", startFromHead=True, limit=10, **token)
        seen += [e["message"] for e in page["events"]]
        pages += 1
        if token.get("nextToken") == page["nextForwardToken"]:
            break
        token = {"nextToken": page["nextForwardToken"]}
    equal("forward", seen, [f"one {n}" for n in range(25)])
    page = logs.get_log_events(logGroupName="/get", logStreamName="two", limit=5)
    equal("newest first page", [e["message"] for e in page["events"]], [f"two {n}" for n in range(20, 25)])
    page = logs.get_log_events(logGroupName="/get", logStreamName="two", limit=5, nextToken=page["nextBackwardToken"])
    equal("backward", [e["message"] for e in page["events"]], [f"two {n}" for n in range(15, 20)])
    page = logs.get_log_events(logGroupName="/get", logStreamName="two", startTime=t + 3, endTime=t + 5)
    equal("end is exclusive", [e["message"] for e in page["events"]], ["two 3", "two 4"])
    check("no event id", "eventId" not in page["events"][0])
    refused("no such stream", "ResourceNotFoundException",
            lambda: logs.get_log_events(logGroupName="/get", logStreamName="three"))


def check_faults(sim):
    sm, logs, sts = sim.client("secretsmanager"), sim.client("logs"), sim.client("sts")
    ask = lambda: sm.describe_secret(SecretId="orders/db")
    for fault, code, status in (("throttle", "ThrottlingException", 400), ("error500", "InternalServiceError", 500),
                                ("error503", "ServiceUnavailableException", 503),
                                ("denied", "AccessDeniedException", 400),
                                ("expired", "ExpiredTokenException", 403)):
        sim.fault("DescribeSecret", fault, count=1)
        refused(f"fault {fault}", code, ask, status=status)
        equal(f"fault {fault} over", ask()["Name"], "orders/db")
    sim.fault("GetCallerIdentity", "expired", count=1)
    refused("fault expired, sts", "ExpiredToken", sts.get_caller_identity, status=400)
    for fault in ("reset", "reset-body", "truncate"):
        sim.fault("DescribeSecret", fault, count=1)
        broken(f"fault {fault}", ask)
        equal(f"fault {fault} over", ask()["Name"], "orders/db")
    sim.fault("ListSecrets", "malformed", count=1)
    broken("fault malformed", lambda: signed(sim, JSON))    # boto3 itself takes it for an empty answer
    equal("fault malformed over", signed(sim, JSON)[0], 200)
    sim.fault("DescribeSecret", "html", count=1)
    try:
        ask()
        check("fault html", False)
    except ClientError as e:
        equal("fault html", e.response["ResponseMetadata"]["HTTPStatusCode"], 502)
    sim.fault("DescribeSecret", "hang")
    broken("fault hang", lambda: sim.client("secretsmanager", timeout=0.5).describe_secret(SecretId="orders/db"))
    equal("others go on", logs.describe_log_groups(limit=1)["logGroups"][0]["logGroupName"], "/aws/lambda/fn-00")
    sim.control("DELETE", "/_sim/faults")
    sim.fault("DescribeSecret", "slow", ms=400, count=1)
    begin = time.monotonic()
    ask()
    check("fault slow", 0.4 <= time.monotonic() - begin < 2, time.monotonic() - begin)
    sim.fault("DescribeSecret", "drip", ms=2, count=1)
    begin = time.monotonic()
    equal("fault drip", ask()["Name"], "orders/db")
    check("fault drip took its time", time.monotonic() - begin > 0.5, time.monotonic() - begin)
    sim.fault("FilterLogEvents", "huge", count=1)
    answer = logs.filter_log_events(logGroupName="/get")
    equal("fault huge", int(answer["ResponseMetadata"]["HTTPHeaders"]["content-length"]), 64 << 20)
    sim.fault("GetSecretValue", "denied", match="orders/db")
    refused("matched", "AccessDeniedException", lambda: sm.get_secret_value(SecretId="orders/db"))
    arn = sm.describe_secret(SecretId="orders/db")["ARN"]
    refused("matched by arn", "AccessDeniedException", lambda: sm.get_secret_value(SecretId=arn))
    equal("not matched", sm.get_secret_value(SecretId="binary")["Name"], "binary")
    sim.control("DELETE", "/_sim/faults")
    sim.fault("*", "throttle", key=TEMPORARY[0])
    refused("by key", "ThrottlingException", sim.client("logs", TEMPORARY).describe_log_groups)
    equal("other key", len(logs.describe_log_groups(limit=1)["logGroups"]), 1)
    sim.control("DELETE", "/_sim/faults")
    check_skew(sim)


def check_skew(sim):
    sim.fault("ListSecrets", "skew", ms=600000)
    status, body, headers = signed(sim, JSON)
    equal("skew refused", (status, body["__type"]), (403, "InvalidSignatureException"))
    off = (parsedate_to_datetime(headers["Date"]) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    check("skewed Date", 590 < off < 610, off)
    equal("skew corrected", signed(sim, JSON, offset_s=600)[0], 200)
    sim.control("DELETE", "/_sim/faults")


def check_calls(sim):
    sim.control("DELETE", "/_sim/calls")
    sm = sim.client("secretsmanager")
    sm.list_secrets()
    sm.describe_secret(SecretId="orders/db")
    refused("counted failure", "ResourceNotFoundException", lambda: sm.describe_secret(SecretId="nope"))
    calls = sim.control("GET", "/_sim/calls")
    described = calls["DescribeSecret"]
    equal("calls", (described["ok"], described["failed"], calls["GetSecretValue"]["ok"]), (1, 1, 0))
    equal("classes", calls["classes"], {"READ": 3, "REVEALS": 0, "MUTATES": 0, "IDENTITY": 0})
    equal("by key", calls["keys"][KEY[0]], {"ListSecrets": 1, "DescribeSecret": 2})
    for name, path, body, text in (
            ("fault name", "/_sim/faults", {"operation": "ListSecrets", "fault": "x"}, "must be one of throttle"),
            ("operation", "/_sim/faults", {"operation": "X", "fault": "hang"}, "$.operation"),
            ("member", "/_sim/faults", {"operation": "*", "fault": "hang", "cont": 1}, "unknown; known are operation"),
            ("event", "/_sim/logs", {"account": ACCOUNT, "region": REGION, "group": "/g", "stream": "s",
                                     "events": [{"t_ms": 1, "message": "m"}, {"t_ms": 1}]}, "$.events[1].message"),
            ("account", "/_sim/logs", {"account": "000000000000", "region": REGION, "group": "/g", "stream": "s"},
             "$.account"),
            ("path", "/_sim/nothing", {}, "no such control")):
        try:
            sim.control("POST", path, body)
            check(f"control {name}", False)
        except urllib.error.HTTPError as e:
            message = json.loads(e.read())["error"]
            check(f"control {name}", text in message, message)


def check_cli(sim, folder):
    tool = shutil.which("aws")
    if not tool:
        print("awsim_check: aws CLI is not installed; its three checks are skipped")
        return
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "AWS_ACCESS_KEY_ID": KEY[0],
                   "AWS_SECRET_ACCESS_KEY": KEY[1],
                   "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": sim.url, "AWS_EC2_METADATA_DISABLED": "true"}

    def aws(*arguments):
        done = subprocess.run([tool, *arguments, "--output", "json"], env=environment, capture_output=True, timeout=120,
                              check=False)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr.decode()

    got = aws("sts", "get-caller-identity")
    check("cli sts", isinstance(got, dict) and got["Account"] == ACCOUNT, got)
    got = aws("secretsmanager", "list-secrets")
    check("cli secrets", isinstance(got, dict) and len(got["SecretList"]) == 3, got)
    got = aws("logs", "filter-log-events", "--log-group-name", "/aws/lambda/fn-01", "--page-size", "90")
    check("cli logs", isinstance(got, dict) and len(got["events"]) == 300, str(got)[:300])


def check_start(binary, folder):
    def run(seed, *options):
        file = os.path.join(folder, "bad.json")
        with open(file, "w", encoding="utf-8") as f:
            f.write(seed if isinstance(seed, str) else json.dumps(seed))
        command = [binary, "--seed", file, "--port-file", os.path.join(folder, "p"), "--lifetime", "1", *options]
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
        return done.returncode, done.stderr.decode()

    account = SEED["accounts"]
    secret = {"account": ACCOUNT, "region": REGION, "name": "x"}
    for name, seed, text in (
            ("not JSON", "{\n \"accounts\": [,]}", "bad.json:2:"),
            ("no accounts", {}, "$.accounts: is needed"),
            ("unknown member", {"accounts": account, "secret": []}, "$.secret: unknown"),
            ("account id", {"accounts": [{"id": "12"}]}, "$.accounts[0].id"),
            ("foreign account", {"accounts": account, "secrets": [dict(secret, account="999999999999")]},
             "$.secrets[0].account"),
            ("version id", {"accounts": account, "secrets": [dict(secret, versions=[{"id": "short", "stages": []}])]},
             "$.secrets[0].versions[0].id"),
            ("label twice", {"accounts": account, "secrets": [dict(secret, versions=[
                {"id": V1, "stages": ["A"]}, {"id": V2, "stages": ["A"]}])]}, "$.secrets[0].versions[1].stages"),
            ("base64", {"accounts": account, "secrets": [dict(secret, versions=[
                {"id": V1, "stages": [], "binary_base64": "a*=="}])]}, "versions[0].binary_base64"),
            ("group name", {"accounts": account, "log_groups": [{"account": ACCOUNT, "region": REGION, "name": "a b"}]},
             "$.log_groups[0].name"),
            ("deny", {"accounts": [{"id": ACCOUNT, "keys": [dict(account[0]["keys"][0], deny=["X"])]}]},
             "$.accounts[0].keys[0].deny"),
            *((name, dict(more, accounts=account), text) for name, more, text in
              awsim_check_identity.BAD_SEEDS + awsim_check_lambda.BAD_SEEDS)):
        status, message = run(seed)
        check(f"seed {name}", status == 2 and text in message and message.count("\n") == 1, (status, message))
        check(f"seed {name} tells no secret", KEY[1] not in message)
    equal("lifetime ends it", run(SEED)[0], 0)
    equal("bad option", run(SEED, "--quotas", "some")[0], 2)
    parent = subprocess.Popen(["sleep", "60"])
    file = os.path.join(folder, "parent-port")
    seed = os.path.join(folder, "good.json")
    with open(seed, "w", encoding="utf-8") as f:
        json.dump(SEED, f)
    orphan = subprocess.Popen([binary, "--seed", seed, "--port-file", file, "--parent", str(parent.pid)])
    while not os.path.exists(file):
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    equal("ends with its parent", orphan.wait(timeout=5), 0)


def check_uneven(binary, folder):
    """Paging as uneven as the seed wants it, quotas, and a latency."""
    seed = dict(SEED, paging={"list_secrets_max": 9, "list_empty_every": 3, "filter_max": 11})
    sim = Awsim(binary, folder, seed, "--quotas", "aws", "--latency", "30")
    far, logs = sim.client("secretsmanager", region="us-west-2"), sim.client("logs")
    sizes, names = [], set()
    for page in far.get_paginator("list_secrets").paginate():
        sizes.append(len(page["SecretList"]))
        names |= {x["Name"] for x in page["SecretList"]}
    check("uneven lists", len(names) == 60 and 0 in sizes and max(sizes) == 9, sizes)
    sim.logs("/g", "s", [{"t_ms": now_ms(), "message": str(n)} for n in range(30)])
    equal("uneven events", len(sweep(logs, logGroupName="/g")[0]), 30)
    begin = time.monotonic()
    far.describe_secret(SecretId="many-000")
    check("latency", time.monotonic() - begin >= 0.03)
    throttled = []

    def many():
        client = sim.client("logs")
        for _ in range(4):
            try:
                client.filter_log_events(logGroupName="/g", limit=1)
            except ClientError as e:
                throttled.append(e.response["Error"]["Code"])
    threads = [threading.Thread(target=many) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check("quota", 10 <= len(throttled) <= 23 and set(throttled) == {"ThrottlingException"}, len(throttled))
    idle = socket.create_connection(("127.0.0.1", sim.port))
    sim.fault("DescribeSecret", "hang")
    broken("hanging", lambda: sim.client("secretsmanager", timeout=0.3).describe_secret(SecretId="x"))
    begin = time.monotonic()
    equal("SIGTERM ends it", sim.stop(), 0)
    check("quickly", time.monotonic() - begin < 3, time.monotonic() - begin)
    idle.close()


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    binary = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(root, "build", "release", "awsim")
    if not os.access(binary, os.X_OK):
        raise SystemExit(f"awsim_check: {binary} is not there: make {os.path.relpath(binary, root)}")
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    folder = tempfile.mkdtemp(prefix="awsim-check-")
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.path.join(folder, "none")
    try:
        check_start(binary, folder)
        sim = Awsim(binary, folder)
        for section in (check_identity, check_signature, check_read_secrets, check_list_secrets, check_write_secrets,
                        check_log_lists, check_filter_events, check_late_events, check_get_events, check_faults,
                        check_calls):
            section(sim)
        check_cli(sim, folder)
        equal("ends well", sim.stop(), 0)
        check_uneven(binary, folder)
        awsim_check_identity.check_all(binary, folder)
        awsim_check_load.check_all(binary, folder)
        awsim_check_lambda.check_all(binary, folder)
        awsim_check_rotation.check_all(binary, folder)
        awsim_check_insights.check_all(binary, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"awsim_check: {len(passed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""awsim_check.py's part about rotations.  The functions here change the secret alone; those
that change a database are tried by the end-to-end tests, which have one."""
import time

from awsim_client import ACCOUNT, REGION, SEED, V1, V2, V3, Awsim, check, equal, refused

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:turn"
TOKEN = "cccccccc-0000-4000-8000-00000000000{}"


def secret(name, rotation=True, **more):
    return dict({"account": ACCOUNT, "region": REGION, "name": name,
                 "versions": [{"id": V1, "stages": ["AWSCURRENT"], "string": "one"}]},
                **({"rotation": {"enabled": True, "days": 30, "function": FUNCTION}} if rotation else {}), **more)


ROTATION_SEED = dict(SEED, secrets=[
    secret("turning"), secret("stuck", versions=[{"id": V1, "stages": ["AWSCURRENT"], "string": "one"},
                                                 {"id": V2, "stages": ["AWSPENDING"]}]),
    secret("left over", versions=[{"id": V1, "stages": ["AWSCURRENT", "AWSPENDING"], "string": "one"}]),
    secret("still", rotation=False), secret("managed", owning_service="rds"), secret("gone", deleted_in_s=86400),
    secret("postgres", versions=[{"id": V1, "stages": ["AWSCURRENT"], "string": "no json"}])])


def until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def check_all(binary, folder):
    sim = Awsim(binary, folder, ROTATION_SEED)
    sm, logs = sim.client("secretsmanager"), sim.client("logs")
    stages = lambda name: sm.describe_secret(SecretId=name)["VersionIdsToStages"]
    behave = lambda **more: sim.control("POST", "/_sim/rotation", dict({"function": "turn", "kind": "secret"}, **more))
    lines = lambda: [e["message"] for e in logs.filter_log_events(logGroupName="/aws/lambda/turn")["events"]]
    token = TOKEN.format

    behave(step_ms=100)
    got = sm.rotate_secret(SecretId="turning", ClientRequestToken=token(1))
    equal("rotation accepted", got["VersionId"], token(1))
    equal("an empty AWSPENDING first", stages("turning"), {V1: ["AWSCURRENT"], token(1): ["AWSPENDING"]})
    refused("no value yet", "ResourceNotFoundException",
            lambda: sm.get_secret_value(SecretId="turning", VersionStage="AWSPENDING"), "AWSPENDING")
    equal("the same token again", sm.rotate_secret(SecretId="turning", ClientRequestToken=token(1))["VersionId"], token(1))
    refused("another one meanwhile", "InvalidRequestException",
            lambda: sm.rotate_secret(SecretId="turning", ClientRequestToken=token(2)), "A previous rotation isn't complete")
    check("rotated", until(lambda: stages("turning") == {token(1): ["AWSCURRENT"], V1: ["AWSPREVIOUS"]}), stages("turning"))
    check("another value", sm.get_secret_value(SecretId="turning")["SecretString"] != "one")
    check("dates follow", sm.describe_secret(SecretId="turning")["NextRotationDate"].timestamp() > time.time() + 86400)
    check("log lines", until(lambda: sum(x.startswith("END") for x in lines()) == 4), lines())
    for words in ("createSecret: Successfully put secret for ARN", "finishSecret: Successfully set AWSCURRENT stage"):
        check(f"log: {words}", any(words in x and x.startswith("[INFO]\t") for x in lines()), lines())

    behave(fail_at="setSecret", error="Unable to log into database")
    sm.rotate_secret(SecretId="turning", ClientRequestToken=token(3))
    check("fails with its words", until(lambda: any(
        x.startswith("[ERROR] ValueError: Unable to log into database") for x in lines())), lines())
    equal("a failure leaves AWSPENDING", stages("turning")[token(3)], ["AWSPENDING"])
    refused("stuck after it", "InvalidRequestException",
            lambda: sm.rotate_secret(SecretId="turning", ClientRequestToken=token(4)), "A previous rotation")
    got = sm.cancel_rotate_secret(SecretId="turning")
    equal("cancel names the version", got["VersionId"], token(3))
    d = sm.describe_secret(SecretId="turning")
    equal("cancel turns rotation off", (d["RotationEnabled"], "NextRotationDate" in d), (False, False))
    equal("cancel leaves the label", stages("turning")[token(3)], ["AWSPENDING"])
    refused("cancel twice", "InvalidRequestException", lambda: sm.cancel_rotate_secret(SecretId="turning"), "not enabled")
    sm.update_secret_version_stage(SecretId="turning", VersionStage="AWSPENDING", RemoveFromVersionId=token(3))
    behave(stop_before="finishSecret")
    sm.rotate_secret(SecretId="turning", ClientRequestToken=token(5))
    check("stops before finishSecret", until(lambda: any(
        x["VersionId"] == token(5) and sm.get_secret_value(SecretId="turning", VersionId=token(5))["VersionId"] == token(5)
        for x in sm.list_secret_version_ids(SecretId="turning")["Versions"])) and
        stages("turning")[token(5)] == ["AWSPENDING"], stages("turning"))
    equal("rotating again turns it on", sm.describe_secret(SecretId="turning")["RotationEnabled"], True)

    behave(step_ms=400)
    before = len(lines())
    sm.rotate_secret(SecretId="left over", ClientRequestToken=token(6))
    equal("AWSPENDING on AWSCURRENT is no obstacle", stages("left over")[token(6)], ["AWSPENDING"])
    sm.cancel_rotate_secret(SecretId="left over")
    check("cancelled on the way", until(lambda: any("not enabled for rotation" in x for x in lines()[before:])),
          lines()[before:])
    equal("rotate not at once", sm.rotate_secret(SecretId="postgres", ClientRequestToken=token(7), RotateImmediately=False,
                                                 RotationRules={"AutomaticallyAfterDays": 7})["Name"], "postgres")
    equal("only the rule", (sm.describe_secret(SecretId="postgres")["RotationRules"], stages("postgres")),
          ({"AutomaticallyAfterDays": 7}, {V1: ["AWSCURRENT"]}))
    behave(kind="postgres")
    sm.rotate_secret(SecretId="postgres", ClientRequestToken=token(8))
    check("no JSON", until(lambda: any("host key is missing from secret JSON" in x for x in lines())), lines())

    for name, text in (("stuck", "A previous rotation isn't complete"), ("still", "No Lambda rotation function ARN"),
                       ("managed", "managed by an AWS service"), ("gone", "marked for deletion")):
        refused(f"rotate {name}", "InvalidRequestException",
                lambda: sm.rotate_secret(SecretId=name, ClientRequestToken=token(9)), text)
    for name, text in (("still", "not enabled"), ("managed", "managed by"), ("gone", "marked for deletion")):
        refused(f"cancel {name}", "InvalidRequestException", lambda: sm.cancel_rotate_secret(SecretId=name), text)
    refused("put into a managed secret", "InvalidRequestException",
            lambda: sm.put_secret_value(SecretId="managed", SecretString="x"), "managed by")
    refused("move a managed label", "InvalidRequestException", lambda: sm.update_secret_version_stage(
        SecretId="managed", VersionStage="AWSCURRENT", MoveToVersionId=V1, RemoveFromVersionId=V1), "managed by")
    refused("rotate nothing", "ResourceNotFoundException",
            lambda: sm.rotate_secret(SecretId="none", ClientRequestToken=token(9)))

    password = lambda **more: sm.get_random_password(**more)["RandomPassword"]
    equal("32 characters", len(password()), 32)
    equal("as long as asked for", len(password(PasswordLength=4096)), 4096)
    text = password(PasswordLength=4000, ExcludeCharacters=":/@\"'\\", IncludeSpace=True)
    check("characters left out", not set(":/@\"'\\") & set(text) and " " in text)
    check("digits alone", password(PasswordLength=64, ExcludePunctuation=True, ExcludeUppercase=True,
                                   ExcludeLowercase=True).isdigit())
    check("each kind", all(any(f(c) for c in password(PasswordLength=4)) for f in
                           (str.isdigit, str.isupper, str.islower, lambda c: not c.isalnum())))
    refused("nothing left", "InvalidParameterException", lambda: password(
        ExcludePunctuation=True, ExcludeUppercase=True, ExcludeLowercase=True, ExcludeNumbers=True), "nothing")
    behave(step_ms=60000)
    sm.rotate_secret(SecretId="turning", ClientRequestToken=token(5))
    sm.update_secret_version_stage(SecretId="left over", VersionStage="AWSPENDING", RemoveFromVersionId=token(6))
    sm.rotate_secret(SecretId="left over", ClientRequestToken=V3)
    begin = time.monotonic()
    equal("ends well with a rotation under way", sim.stop(), 0)
    check("ends at once", time.monotonic() - begin < 2, time.monotonic() - begin)

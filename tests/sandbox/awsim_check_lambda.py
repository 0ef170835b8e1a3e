"""awsim_check.py's part about Lambda configurations."""
import time

from awsim_client import ACCOUNT, AUDITOR, KEY, REGION, SEED, Awsim, check, equal, refused

FUNCTION = {"account": ACCOUNT, "region": REGION, "name": "orders"}
VARIABLES = {"NODE_ENV": "production", "DB_SECRET_NAME": "orders/db", "DB_PASSWORD": "in plain sight"}
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"

LAMBDA_SEED = dict(SEED, functions=[
    dict(FUNCTION, environment=VARIABLES, description="takes orders", modified_ago_s=60, update_ms=400),
    dict(FUNCTION, name="other", log_group="/shared/group", log_format="JSON", app_log_level="WARN"),
    dict(FUNCTION, name="broken", update_fails=True),
    *(dict(FUNCTION, region="us-west-2", name=f"many-{n:03d}") for n in range(120))])

BAD_SEEDS = (
    ("function's name", {"functions": [dict(FUNCTION, name="a b")]}, "$.functions[0].name"),
    ("function twice", {"functions": [FUNCTION, FUNCTION]}, "$.functions[1].name: is there twice"),
    ("function's variables", {"functions": [dict(FUNCTION, environment={"AWS_REGION": "x"})]}, "[0].environment"),
    ("function's variable", {"functions": [dict(FUNCTION, environment={"AB": 1})]}, "[0].environment"),
    ("function's level", {"functions": [dict(FUNCTION, app_log_level="LOUD")]}, "[0].app_log_level"),
)


def check_all(binary, folder):
    sim = Awsim(binary, folder, LAMBDA_SEED)
    fn = sim.client("lambda")
    got = fn.get_function_configuration(FunctionName="orders")
    equal("function", (got["FunctionArn"], got["Environment"]["Variables"], got["State"], got["LastUpdateStatus"]),
          (ARN, VARIABLES, "Active", "Successful"))
    equal("function's log group", got["LoggingConfig"], {"LogFormat": "Text", "LogGroup": "/aws/lambda/orders"})
    check("function's date", got["LastModified"].endswith("+0000") and len(got["LastModified"]) == 28,
          got["LastModified"])
    for name in (ARN, f"{ACCOUNT}:function:orders", ARN + ":$LATEST"):
        equal(f"function by {name}", fn.get_function_configuration(FunctionName=name)["RevisionId"], got["RevisionId"])
    equal("function by version", fn.get_function_configuration(FunctionName="orders", Qualifier="$LATEST")["Version"],
          "$LATEST")
    other = fn.get_function_configuration(FunctionName="other")
    check("function without variables", "Environment" not in other)
    equal("function's levels", other["LoggingConfig"], {"LogFormat": "JSON", "ApplicationLogLevel": "WARN",
                                                        "LogGroup": "/shared/group"})
    for name, more in (("none", {}), ("orders", {"Qualifier": "7"}), (ARN.replace(REGION, "us-east-1"), {})):
        refused(f"no function {name} {more}", "ResourceNotFoundException",
                lambda: fn.get_function_configuration(FunctionName=name, **more), "Function not found", 404)

    far, names = sim.client("lambda", region="us-west-2"), []
    for page in far.get_paginator("list_functions").paginate():
        names.append([f["FunctionName"] for f in page["Functions"]])
    equal("functions", ([len(p) for p in names], sum(names, [])), ([50, 50, 20], [f"many-{n:03d}" for n in range(120)]))
    equal("at most 50", len(far.list_functions(MaxItems=1000)["Functions"]), 50)
    listed = next(f for f in fn.list_functions()["Functions"] if f["FunctionName"] == "orders")
    check("listed function", listed["Environment"]["Variables"] == VARIABLES and "State" not in listed, listed)
    refused("marker", "InvalidParameterValueException", lambda: far.list_functions(Marker="x"), status=400)

    update = fn.update_function_configuration
    refused("old revision", "PreconditionFailedException",
            lambda: update(FunctionName="orders", RevisionId="x", Environment={"Variables": {}}), "RevisionId", 412)
    fresh = dict(VARIABLES, CRED_EPOCH="1")
    done = update(FunctionName="orders", RevisionId=got["RevisionId"], Environment={"Variables": fresh})
    equal("update begun", (done["LastUpdateStatus"], done["Environment"]["Variables"]), ("InProgress", fresh))
    check("new revision", done["RevisionId"] != got["RevisionId"])
    refused("update in progress", "ResourceConflictException", lambda: update(FunctionName=ARN, Description="x"),
            "in progress", 409)
    time.sleep(0.5)
    equal("update done", fn.get_function_configuration(FunctionName="orders")["LastUpdateStatus"], "Successful")
    update(FunctionName="broken", Description="x")
    equal("update failed", fn.get_function_configuration(FunctionName="broken")["LastUpdateStatus"], "Failed")
    update(FunctionName="other", LoggingConfig={"LogGroup": "/elsewhere"}, Environment={"Variables": {"AB": "1"}})
    other = fn.get_function_configuration(FunctionName="other")
    equal("logging changed", (other["LoggingConfig"]["LogGroup"], other["Environment"]["Variables"]),
          ("/elsewhere", {"AB": "1"}))
    for name, more, text in (("reserved", {"Environment": {"Variables": {"AWS_REGION": "x"}}}, "reserved keys"),
                             ("too much", {"Environment": {"Variables": {"AB": "x" * 4100}}}, "4KB"),
                             ("not simulated", {"Timeout": 9}, "does not simulate Timeout")):
        refused(f"update, {name}", "InvalidParameterValueException",
                lambda: update(FunctionName="other", **more), text, 400)
    sim.fault("GetFunctionConfiguration", "throttle", count=1)
    refused("function throttled", "TooManyRequestsException",
            lambda: fn.get_function_configuration(FunctionName="orders"), status=429)
    sim.fault("ListFunctions", "denied", count=1, key=AUDITOR[0])
    refused("functions denied", "AccessDeniedException", sim.client("lambda", AUDITOR).list_functions,
            "lambda:ListFunctions", 403)
    refused("lambda, bad secret", "InvalidSignatureException",
            sim.client("lambda", KEY, secret="x").list_functions, status=403)
    calls = sim.control("GET", "/_sim/calls")
    check("functions reveal", calls["classes"]["REVEALS"] >= 10 and calls["classes"]["MUTATES"] >= 5, calls["classes"])
    equal("lambda ends well", sim.stop(), 0)

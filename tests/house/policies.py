#!/usr/bin/env python3
"""The IAM policies grant exactly what the program can call.  Prints what does not hold, one a line.

Both sides come from elsewhere than the generator: the policies from their JSON, the operations from the
rows of ops.def themselves, and whether a row is called at all from the sources of the backend."""
import glob
import json
import re

# AWS asks for no permission for GetCallerIdentity, and the roles' own policies and single sign-on
# decide about what fetches credentials of our own.
ASKS_NO_PERMISSION = {"STS"}
OWN = "OWN"
# What a row's resource column means in a policy.
LIMITED = {
    "ANY": r"\*",
    "SECRET": r"arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET-NAME-\?{6}",
    "LOG_GROUP": r"arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION(:\*)?",
    "FUNCTION": r"arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION",
}


def rows():
    """{action: (id, class, resource)}, and the ids of all rows."""
    with open("backend/aws/ops.def", encoding="utf-8") as f:
        # A path in a string holds what begins and ends a comment.
        text = re.sub(r'("[^"]*")|/\*.*?\*/', lambda m: m[1] or "", f.read(), flags=re.S)
    needed, ids = {}, []
    for args in re.findall(r"^(?:OP|REST)\((.*?)\)\s*$", text, flags=re.M | re.S):
        row, service, name, kind, _, _, resource = [a.strip() for a in args.split(",")][:7]
        ids.append(row)
        if service not in ASKS_NO_PERMISSION and kind != OWN:
            needed[f"{service.lower()}:{name.strip(chr(34))}"] = (row, kind, resource)
    return needed, ids


def as_list(value):
    return value if isinstance(value, list) else [value]


def granted(name):
    """[(action, resources, condition)] of the Allow statements, and the actions denied."""
    with open(f"packaging/iam/{name}.json", encoding="utf-8") as f:
        policy = json.load(f)
    allow, deny = [], []
    for s in policy["Statement"]:
        if unknown := set(s) - {"Sid", "Effect", "Action", "Resource", "Condition"}:
            print(f"{name}.json: {s.get('Sid')} has {sorted(unknown)}: a grant this check cannot judge")
        for action in as_list(s["Action"]):
            if s["Effect"] == "Allow":
                allow.append((action, as_list(s["Resource"]), s.get("Condition")))
            else:
                deny.append(action)
    return allow, deny


def judge(name, wanted):
    """wanted: {action: resource}; what else is granted, missing, or granted too widely."""
    allow, deny = granted(name)
    actions = [action for action, _, _ in allow]
    for action in sorted(set(wanted) - set(actions)):
        print(f"{name}.json does not grant {action}, which a row needs")
    for action in sorted({a for a in actions if actions.count(a) > 1}):
        print(f"{name}.json grants {action} twice")
    for action, resources, condition in allow:
        if "*" in action or "?" in action:
            print(f"{name}.json grants {action}: name each action")
        elif action not in wanted:
            print(f"{name}.json grants {action}, which no row of its classes needs")
        else:
            pattern = wanted[action]
            for resource in resources:
                if not re.fullmatch(pattern, resource):
                    print(f"{name}.json grants {action} on {resource}, and its row says {pattern}")
            if action == "kms:Decrypt" and "kms:ViaService" not in str(condition):
                print(f"{name}.json grants kms:Decrypt by whatever way: kms:ViaService is missing")
    return deny


needed, ids = rows()
if len(needed) < 10 or not {kind for _, kind, _ in needed.values()} >= {"READ", "REVEALS", "MUTATES"}:
    print("ops.def could not be read")

# To read a secret under a key of one's own is the one thing that is no operation of credtop's.
key = {"kms:Decrypt": r"arn:aws:kms:REGION:ACCOUNT:key/KEY-ID"}
everything = {action: LIMITED[resource] for action, (_, _, resource) in needed.items()}
reading = {action: LIMITED[resource] for action, (_, kind, resource) in needed.items() if kind == "READ"}
judge("operator", everything | key)
denied = judge("auditor", reading)
for action, (_, kind, _) in needed.items():
    matches = [d for d in denied if re.fullmatch(re.escape(d).replace(r"\*", ".*"), action)]
    if kind == "READ" and matches:
        print(f"auditor.json grants {action} and denies it as {matches[0]}")
    if kind != "READ" and not matches:
        print(f"auditor.json does not deny {action}, whose class is {kind}")

source = ""
for path in glob.glob("backend/**/*.c", recursive=True):
    with open(path, encoding="utf-8") as f:
        source += f.read()
for row in ids:
    if not re.search(rf"\bAWS_{row}\b", source):
        print(f"nothing calls {row}: its row is a right that nobody needs")

"""Watching: a screen of its own for each cell.  While the fault stands it answers keys and says in
words what is wrong; when it ends all is right again within a poll, and every event is counted."""

import hashlib
import json
import os
import re

from cell import CHECKS, ENVIRONMENT, FAULTS, RIGHT_S, Cell, Lived, applies
from glass import Screen
from world import CREDTOP
import e2e

OPERATIONS = ("ListSecrets", "DescribeSecret", "ListSecretVersionIds", "GetSecretValue", "FilterLogEvents", "DescribeLogStreams",
              "DescribeLogGroups", "StartQuery", "GetQueryResults", "GetCallerIdentity", "GetFunctionConfiguration")
# What it asks for to have keys of its own, which is before all else.
KEYS = ("AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials", "ImdsToken", "ImdsRole", "ImdsCredentials",
        "ContainerCredentials")
# What the program does without, by design, and so does not call a failure: creation dates of versions
# (an auditor's policy may leave them out), fetches older than what is read (a container then stays
# unknown), and a listing, instead of which each secret is described.
WITHOUT = ("ListSecretVersionIds", "DescribeLogStreams", "ListSecrets")
KEYS_WORDS = r"|HTTP \d\d\d|no instance"   # what gives out keys has no words of AWS's: the status is told
# The answer has what was asked for, wherever its token would lead.
GOES_ON = {("DescribeLogGroups", "endless")}
# A query costs money, and is not begun again by itself: that the past is not read stays said.
STAYS = {"StartQuery": r"Logs Insights could not", "GetQueryResults": r"Logs Insights could not"}
IMDS_SLOW_MS = 300   # an instance is asked for a second, as AWS's own programs do it
# Who could not get keys asks for them again after 5 seconds, then 10.
KEYS_LONGER_S = 10

ROLE = f"arn:aws:iam::{e2e.ACCOUNT}:role/"
SSO_TOKEN, WEB_TOKEN, TASK_TOKEN = "sso-access-token", "ey.web.identity", "Bearer task/token="


def change(seed):
    """Every way to keys: a role for each."""
    seed["roles"] = [{"arn": ROLE + "ops", "trusts": [f"arn:aws:iam::{e2e.ACCOUNT}:user/ops"]}] + [
        {"arn": ROLE + name} for name in ("web", "sso", "host", "task")]
    seed["web_identities"] = [{"token": WEB_TOKEN, "roles": [ROLE + "web"]}]
    seed["sso"] = [{"token": SSO_TOKEN, "roles": [ROLE + "sso"], "expires_in_s": 36000}]
    seed["instance"] = {"role": ROLE + "host"}
    seed["container"] = {"role": ROLE + "task", "authorization": TASK_TOKEN}


class Watching(Lived):
    def __init__(self, name):
        super().__init__(name, change)
        four = [ENVIRONMENT, "test", "stage", "prod-eu"]
        self.conf_of = {
            "": self.conf("one", [ENVIRONMENT], self.head),
            "ListSecrets": self.conf("many", four, self.head),   # worth a listing
            "StartQuery": self.conf("insights", [ENVIRONMENT], [*self.head, "engine = insights", "backfill = 24h"]),
            "AssumeRole": self.conf("role", [ENVIRONMENT], self.head, [f"role = {ROLE}ops"]),
            "GetRoleCredentials": self.conf("sso", [ENVIRONMENT], self.head, ["profile = sso"]),
        }
        self.conf_of["GetQueryResults"] = self.conf_of["StartQuery"]
        self.keyless = {k: v for k, v in self.variables.items()
                        if k not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_EC2_METADATA_DISABLED")}
        self.sign_on()

    def sign_on(self):
        """As `aws sso login` leaves it, and a pod's and a task's token."""
        cache = os.path.join(self.folder, ".aws", "sso", "cache")
        os.makedirs(cache)
        rows = {os.path.join(cache, hashlib.sha1(b"corp").hexdigest() + ".json"): json.dumps(
            {"startUrl": "https://example.awsapps.com/start", "region": e2e.REGION, "accessToken": SSO_TOKEN,
             "expiresAt": "2099-01-01T00:00:00Z"})}
        rows[os.path.join(self.folder, "aws.config")] = (
            f"[profile sso]\nregion = {e2e.REGION}\nsso_session = corp\nsso_account_id = {e2e.ACCOUNT}\nsso_role_name = sso\n"
            f"[sso-session corp]\nsso_start_url = https://example.awsapps.com/start\nsso_region = {e2e.REGION}\n")
        rows[os.path.join(self.folder, "web")] = WEB_TOKEN
        for path, text in rows.items():
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        self.variables["AWS_CONFIG_FILE"] = self.keyless["AWS_CONFIG_FILE"] = os.path.join(self.folder, "aws.config")

    def variables_of(self, operation):
        more = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url} if operation.startswith("Imds") else {
            "ContainerCredentials": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + "/container/creds",
                                     "AWS_CONTAINER_AUTHORIZATION_TOKEN": TASK_TOKEN},
            "AssumeRoleWithWebIdentity": {"AWS_ROLE_ARN": ROLE + "web",
                                          "AWS_WEB_IDENTITY_TOKEN_FILE": os.path.join(self.folder, "web")}}.get(operation)
        return dict(self.keyless, **more) if more else self.variables

    def cell(self, cell):
        before = self.calls(cell.operation)
        fault = {"operation": cell.operation, "fault": cell.fault}
        if cell.fault == "slow" and cell.operation.startswith("Imds"):
            fault["ms"] = IMDS_SLOW_MS
        self.sim("POST", "/_sim/faults", fault)
        words = FAULTS[cell.fault]
        if words and cell.operation in KEYS:
            words += KEYS_WORDS
        if (cell.operation, cell.fault) in GOES_ON:
            words = None
        if words and cell.operation in STAYS:
            words += "|" + STAYS[cell.operation] + ("|reading the past" if cell.fault == "throttle" else "")
        self.invoke(fetches=cell.operation != "DescribeLogStreams")
        screen = Screen([CREDTOP, "--config", self.conf_of.get(cell.operation, self.conf_of[""])],
                        self.variables_of(cell.operation))
        most = RIGHT_S + self.longer(cell) + (KEYS_LONGER_S if cell.operation in KEYS else 0)
        try:
            cell.said = self.says(screen, cell, words, lambda: self.calls(cell.operation) - before, cell.operation in WITHOUT)
            self.invoke()
            self.sim("DELETE", "/_sim/faults")
            if cell.operation in CHECKS:
                screen.press("r")   # by itself it is looked at every ten minutes
            stays = STAYS.get(cell.operation)
            cell.right_s = self.right(screen, cell, None if stays else words, most)
            if stays and words and cell.fault != "throttle":   # what was throttled is waited for, and read then
                cell.want(re.search(stays, self.look_now(screen, cell)), "that the past is not known is not said any more")
        finally:
            self.sim("DELETE", "/_sim/faults")
            self.close(screen, cell)


def cells():
    return [Cell("watching", o, f) for o in (*OPERATIONS, *KEYS) for f in FAULTS if applies(o, f)]

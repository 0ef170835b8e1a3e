"""Simulated Lambda containers for tests: their log lines in each format, and what a
reader must count for each.

A line is (time, message, kinds): kinds are credtop's names of what the line counts as."""

import json
import time
import uuid

FETCH = "Fetching credentials from Secrets Manager"
FALLBACK = "Falling back to environment variables"
FETCH_ERROR = "Failed to fetch credentials from Secrets Manager: AccessDeniedException"
DB_ERROR = 'error: password authentication failed for user "app"'
KINDS = ("cold_starts", "fetches", "hits", "stale_hits", "fallbacks", "fetch_errors", "invocations", "db_errors",
         "failures")
# What must not be taken for anything: a mention, an echo, other programs' words.
NOISE = ["Processed 12 orders", f"see the guide: '{FETCH}' is logged once", f"console.log('{FETCH}')",
         "(node:8) NOTE: The AWS SDK for JavaScript (v2) is in maintenance mode.\n\nSDK releases are limited.",
         'quoted "twice" \\ and ünïcode /var/task']


def stamp(ms, separator="T", fraction="."):
    return time.strftime(f"%Y-%m-%d{separator}%H:%M:%S", time.gmtime(ms // 1000)) + f"{fraction}{ms % 1000:03d}"


class Format:
    """Node.js, text."""

    def init(self, _t):
        return "INIT_START Runtime Version: nodejs:22.v48\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:ab\n"

    def start(self, _t, request):
        return f"START RequestId: {request} Version: $LATEST\n"

    def end(self, _t, request):
        return f"END RequestId: {request}\n"

    def report(self, _t, request, cold, timeout):
        init = "Init Duration: 166.62 ms\t" if cold else ""
        status = "Status: timeout" if timeout else ""
        return (f"REPORT RequestId: {request}\tDuration: 2.10 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t"
                f"Max Memory Used: 74 MB\t{init}{status}\n")

    def timeout(self, t, request):
        return f"{stamp(t)}Z {request} Task timed out after 3.00 seconds\n\n"

    def said(self, t, request, level, text):
        return f"{stamp(t)}Z\t{request or 'undefined'}\t{level}\t{text}\n"


class Python(Format):
    """Python's logging in text: the level first, no request id during initialisation."""

    def said(self, t, request, level, text):
        return f"[{level}]\t{stamp(t)}Z\t{request or ''}\t{text}\n"


class Java(Format):
    """Java with AWS's log4j2 layout; it logs nothing we need during initialisation."""

    def said(self, t, request, level, text):
        if not request:
            return text + "\n"
        return f"{stamp(t, ' ')} {request} {level:5} Handler:41 - {text}\n"


class Json(Format):
    """Lambda's JSON log format, application and platform."""

    spaces = (",", ":")

    def dump(self, o):
        return json.dumps(o, separators=self.spaces, ensure_ascii=False) + "\n"

    def platform(self, t, kind, record):
        return self.dump({"time": stamp(t) + "Z", "type": "platform." + kind, "record": record})

    def init(self, t):
        return self.platform(t, "initStart", {"initializationType": "on-demand", "phase": "init",
                                              "runtimeVersion": "nodejs:22.v48"})

    def start(self, t, request):
        return self.platform(t, "start", {"requestId": request, "version": "$LATEST"})

    def end(self, t, request):
        return self.platform(t, "runtimeDone", {"requestId": request, "status": "success"})

    def report(self, t, request, cold, timeout):
        metrics = {"durationMs": 2.1, "billedDurationMs": 3, "memorySizeMB": 128, "maxMemoryUsedMB": 74}
        if cold:
            metrics["initDurationMs"] = 166.62
        return self.platform(t, "report", {"requestId": request, "metrics": metrics,
                                           "status": "timeout" if timeout else "success"})

    def timeout(self, _t, _request):
        return None      # the report's status says it

    def said(self, t, request, level, text):
        o = {"timestamp": stamp(t) + "Z", "level": level}
        if request:
            o["requestId"] = request
        return self.dump({**o, "message": text})


class PythonJson(Json):
    """The same from Python: its own order and spaces, everything beyond ASCII escaped."""

    def said(self, t, request, level, text):
        o = {"timestamp": stamp(t) + "Z", "level": level, "message": text, "logger": "root"}
        if request:
            o["requestId"] = request
        return json.dumps(o) + "\n"


FORMATS = {"text": Format(), "json": Json(), "python": Python(), "python-json": PythonJson(), "java": Java()}


class Container:
    """One stream.  `fallback`: its fetch fails.  `init`: it fetches while it initialises."""

    def __init__(self, rng, form="text", fallback=False, init=False):
        self.rng, self.form, self.fallback, self.fetch_in_init = rng, FORMATS[form], fallback, init
        self.stream = "2026/11/24/[$LATEST]%032x" % rng.getrandbits(128)
        self.lines = []
        self.began = self.fetched = False

    def add(self, t, message, *kinds):
        if message is not None:
            self.lines.append((t, message, kinds))

    def fetch(self, t, request):
        self.add(t, self.form.said(t, request, "INFO", FETCH), "fetches")
        if self.fallback:
            self.add(t + 1, self.form.said(t + 1, request, "ERROR", FETCH_ERROR), "fetch_errors")
            self.add(t + 2, self.form.said(t + 2, request, "WARN", FALLBACK), "fallbacks")
        self.fetched = True

    def invoke(self, t, noise=0.3, fails=0.05):
        """One invocation of some twenty milliseconds, with the cold start before it when it is the first."""
        request = str(uuid.UUID(int=self.rng.getrandbits(128)))
        cold = not self.began
        if cold:
            self.began = True
            self.add(t - 20, self.form.init(t - 20), "cold_starts")
            if self.fetch_in_init:
                self.fetch(t - 10, None)
        self.add(t, self.form.start(t, request))
        fetches = not self.fetched
        if fetches:
            self.fetch(t + 1, request)
        if self.rng.random() < noise:
            self.add(t + 5, self.form.said(t + 5, request, "INFO", self.rng.choice(NOISE)))
        if self.fallback and not fetches:
            self.add(t + 6, self.form.said(t + 6, request, "ERROR", DB_ERROR), "db_errors")
        failed = self.rng.random() < fails
        if failed and self.form.timeout(t, request):
            self.add(t + 18, self.form.timeout(t + 18, request), "failures")
        self.add(t + 19, self.form.end(t + 19, request))
        kinds = ["invocations"] + ([] if fetches else ["stale_hits" if self.fallback else "hits"])
        if failed and not self.form.timeout(t, request):
            kinds.append("failures")
        self.add(t + 20, self.form.report(t + 20, request, cold, failed), *kinds)

    def counts(self):
        found = dict.fromkeys(KINDS, 0)
        for _, _, kinds in self.lines:
            for kind in kinds:
                found[kind] += 1
        return found


def total(containers):
    counts = [c.counts() for c in containers]
    return {kind: sum(c[kind] for c in counts) for kind in KINDS}


def wrong(found, expected):
    """What differs, in words; nothing when all is equal."""
    return "; ".join(f"{k}: credtop {found.get(k)}, truth {v}" for k, v in expected.items() if found.get(k) != v)


def wrong_containers(rows, containers):
    """The same by container, of the kinds a container's row has."""
    by_stream = {row["stream"]: row for row in rows}
    faults = []
    for c in containers:
        expected = {k: v for k, v in c.counts().items() if k != "failures"}
        fault = wrong(by_stream.get(c.stream, {}), expected)
        if fault:
            faults.append(f"{c.stream[-8:]}: {fault}")
    if len(rows) != len(containers):
        faults.append(f"{len(rows)} containers, truth {len(containers)}")
    return " | ".join(faults[:3])

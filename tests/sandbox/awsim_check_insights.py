"""awsim_check.py's part about CloudWatch Logs Insights."""
import time

from awsim_client import ACCOUNT, REGION, Awsim, check, equal, refused

FETCH = "Fetching credentials from Secrets Manager"
ID = "8f507cfc-1111-2222-3333-%012d"


def put(sim, t):
    """Two containers; ten invocations each, a minute apart; each fetches in its first one."""
    for k, group in enumerate(("/aws/lambda/a", "/aws/lambda/b")):
        lines = []
        for n in range(10):
            at = t + n * 60000 + k
            text = lambda s: f"2026-11-24T10:00:00.123Z\t{ID % n}\tINFO\t{s}\n"
            lines += [{"t_ms": at, "message": f"START RequestId: {ID % n} Version: $LATEST\n"}]
            lines += [{"t_ms": at + 5, "message": text(FETCH)}] if n == 0 else []
            lines += [{"t_ms": at + 10, "message": f"END RequestId: {ID % n}\n"},
                      {"t_ms": at + 10, "message": f"REPORT RequestId: {ID % n}\tDuration: {n}.5 ms\tBilled Duration: "
                       f"{n + 1} ms\tMemory Size: 128 MB\tMax Memory Used: 74 MB\t"
                       + ("Init Duration: 166.62 ms\t" if n == 0 else "") + "\n"}]
        sim.logs(group, f"2026/11/24/[$LATEST]{k:032x}", lines)


def rows(answer):
    return [{c["field"]: c["value"] for c in row} for row in answer["results"]]


def check_all(binary, folder):
    sim = Awsim(binary, folder)
    logs = sim.client("logs")
    t = (int(time.time()) - 3600) // 3600 * 3600000     # a full hour
    put(sim, t)
    both = {"logGroupNames": ["/aws/lambda/a", "/aws/lambda/b"], "startTime": t // 1000, "endTime": t // 1000 + 3600}

    def ask(query, **more):
        where = dict(both, **more)
        if more.keys() & {"logGroupName", "logGroupIdentifiers"}:
            del where["logGroupNames"]
        query_id = logs.start_query(queryString=query, **where)["queryId"]
        return logs.get_query_results(queryId=query_id)

    got = ask(f"fields @timestamp, @log, @logStream, @requestId | filter @message like /{FETCH}/ "
              "| sort @timestamp desc | limit 1000")
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(t // 1000))
    equal("insights, fetches", [{k: v for k, v in r.items() if k != "@ptr"} for r in rows(got)],
          [{"@timestamp": f"{stamp}.{5 + k:03d}", "@log": f"{ACCOUNT}:/aws/lambda/{'ab'[k]}",
            "@logStream": f"2026/11/24/[$LATEST]{k:032x}", "@requestId": ID % 0} for k in (1, 0)])
    numbers = got["statistics"]
    equal("insights, numbers", (numbers["recordsMatched"], numbers["recordsScanned"], got["status"]),
          (2, 62, "Complete"))
    check("insights, pointers", len({r["@ptr"] for r in rows(got)}) == 2)
    got = rows(ask('filter @type = "REPORT" and ispresent(@initDuration) '
                   '| fields @requestId, @initDuration, @duration'))
    equal("insights, cold starts", [(r["@requestId"], r["@initDuration"], r["@duration"]) for r in got],
          [(ID % 0, "166.62", "0.5")] * 2)
    got = rows(ask(f"parse @message /(?<kind>START|REPORT|{FETCH})/ | filter ispresent(kind) "
                   "| stats count(*) as n by bin(5m), @logStream, kind | sort n desc"))
    equal("insights, counts", sorted((r["bin(5m)"][11:16][3:], r["@logStream"][-1], r["kind"], r["n"]) for r in got),
          sorted([(m, k, kind, "5") for m in ("00", "05") for k in "01" for kind in ("START", "REPORT")]
                 + [("00", k, FETCH, "1") for k in "01"]))
    equal("insights, counts sorted", [r["n"] for r in got], ["5"] * 8 + ["1"] * 2)
    equal("insights, count of all", rows(ask("stats count(*)")), [{"count(*)": "62"}])
    equal("insights, by bin", [r["count(*)"] for r in rows(ask("stats count(*) by bin(1m) | sort bin(1m)"))],
          ["8"] + ["6"] * 9)
    for name, query, want in (
            ("or", "filter @type = 'START' or @type = 'END'", 40),
            ("not like", "filter @message not like /REPORT/", 42),
            ("and before or", "filter @type='END' and @message like 'x' or @message like /(?i)fetching/", 2),
            ("regular expression", "filter @message like /REPORT.*Init Duration: [0-9.]+ ms/", 2),
            ("escaped", "filter @message like /\\[none\\]/", 0), ("unequal", "filter @type != 'REPORT'", 42),
            ("limit", "fields @message | limit 7", 7), ("comma in text", "filter @message like 'a, b'", 0)):
        equal(f"insights, {name}", len(ask(query)["results"]), want)
    equal("insights, end included", len(ask("fields @message", endTime=t // 1000)["results"]), 8)
    equal("insights, after the end", len(ask("fields @message", startTime=t // 1000 + 600)["results"]), 0)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/a"
    equal("insights, by arn", len(ask("fields @message", logGroupIdentifiers=[arn])["results"]), 31)
    equal("insights, one group", len(ask("fields @message", logGroupName="/aws/lambda/b", limit=5)["results"]), 5)
    got = rows(ask("fields @message | limit 1", logGroupName="/aws/lambda/a"))
    check("insights, newest first", got[0]["@message"].startswith("REPORT") and "9.5 ms" in got[0]["@message"], got)

    for name, query, text in (("command", "fields @message | dedup @message", "unexpected dedup at character 18"),
                              ("function", "stats avg(@duration)", "unexpected avg at character 6"),
                              ("regex open", "filter @message like /x", "not closed"),
                              ("regex wrong", "filter @message like /(x/", "regular expression"),
                              ("operator", "filter @duration > 5", "awsim knows like"),
                              ("limit", "limit 0", "limit takes"),
                              ("bin", "stats count(*) by bin(5x)", "bin() takes"),
                              ("rest", "fields @message @log", "unexpected @log"),
                              ("nothing", "", "unexpected the end")):
        refused(f"insights, bad {name}", "MalformedQueryException", lambda: ask(query), text, 400)
    refused("insights, no group", "ResourceNotFoundException", lambda: ask("limit 1", logGroupName="/none"))
    refused("insights, two ways", "InvalidParameterException",
            lambda: logs.start_query(queryString="limit 1", logGroupName="/aws/lambda/a", **both))
    refused("insights, unknown query", "ResourceNotFoundException", lambda: logs.get_query_results(queryId="x"))

    sim.control("POST", "/_sim/query-time", {"ms": 400})
    query_id = logs.start_query(queryString="fields @message", **both)["queryId"]
    got = logs.get_query_results(queryId=query_id)
    equal("insights, running", (got["status"], len(got["results"])), ("Running", 31))
    time.sleep(0.5)
    got = logs.get_query_results(queryId=query_id)
    equal("insights, complete", (got["status"], len(got["results"])), ("Complete", 62))
    refused("insights, stopped too late", "InvalidParameterException",
            lambda: logs.stop_query(queryId=query_id), "ended")
    query_id = logs.start_query(queryString="fields @message", **both)["queryId"]
    equal("insights, stopped", (logs.stop_query(queryId=query_id)["success"],
                                logs.get_query_results(queryId=query_id)["status"]), (True, "Cancelled"))
    sim.control("POST", "/_sim/query-time", {"ms": 60000})
    for _ in range(100):
        logs.start_query(queryString="limit 1", **both)
    refused("insights, too many", "LimitExceededException", lambda: logs.start_query(queryString="limit 1", **both))
    sim.control("POST", "/_sim/query-time", {"ms": 0})
    equal("insights ends well", sim.stop(), 0)

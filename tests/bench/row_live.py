"""live: a thousand environments in four accounts and three regions, at AWS's published
quotas and 50 ms away; then three hundred of them at an endpoint that never answers; then
every call hanging, and q.  Databases are on a closed port: a poll is a connect."""
import os
import socket
import threading
import time

from measure import Figure, Usage
from row_screen import Ingest
from terminal import Terminal
from world import CREDTOP, Awsim, Environment, Folder, config, key_of

ACCOUNTS = ("111122223333", "222233334444", "333344445555", "444455556666")
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-1")
ENVIRONMENTS, HANGING, LIVE = 1000, 300, 20
SECONDS = int(os.environ.get("BENCH_SECONDS", "180"))
WARM_S = min(60, SECONDS)


class Silent:
    """An endpoint that takes connections and never says a word."""

    def __enter__(self):
        self.listener, self.taken = socket.create_server(("127.0.0.1", 0), backlog=512), []
        threading.Thread(target=self.take, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        return self

    def take(self):
        try:
            while True:
                self.taken.append(self.listener.accept()[0])
        except OSError:
            pass   # closed

    def __exit__(self, *_):
        self.listener.close()
        for c in self.taken:
            c.close()


def environments_of(silent=None):
    all_of_them = []
    for i in range(ENVIRONMENTS):
        more = {"endpoint_url": silent.url} if silent and i >= ENVIRONMENTS - HANGING else {}
        all_of_them.append(Environment(f"bench-{i:04d}", ACCOUNTS[i % 4], REGIONS[i // 4 % 3], **more))
    return all_of_them


def calls(sim, *operations):
    """Calls that were answered, and throttles."""
    c = sim.control("GET", "/_sim/calls")
    throttled = sum(v["throttled"] for v in c.values() if isinstance(v, dict) and "throttled" in v)
    return sum(c[o]["ok"] for o in operations), throttled


def watch(conf, variables, sim, ingest, seconds):
    """After it has warmed up: CPU, memory, calls a minute."""
    with Terminal([CREDTOP, "--config", conf], variables) as t:
        t.drain(WARM_S, ingest)
        sim.control("DELETE", "/_sim/calls")
        usage = Usage(t.pid)
        t.drain(seconds, ingest)
        listed, throttled = calls(sim, "ListSecrets", "DescribeSecret")
        logs = calls(sim, "FilterLogEvents")[0]
        out = {"cpu": usage.percent(), "memory": usage.memory_mb(), "listed": listed, "logs": logs,
               "throttled": throttled}
        sim.control("POST", "/_sim/faults", {"operation": "*", "fault": "hang"})
        t.drain(8)
        out["stop_ms"] = 1000 * t.stop_s(lambda: os.write(t.fd, b"q"))
        sim.control("DELETE", "/_sim/faults")
    return out


def poll_s():
    """How often the secrets are asked about, by default: what the goal counts in."""
    return 30


def row(table):
    with Folder() as folder, Silent() as silent:
        healthy, mixed = environments_of(), environments_of(silent)
        with Awsim(folder, healthy, "--quotas", "aws", "--latency", "50") as sim:
            ingest = Ingest(sim, healthy[:LIVE], 2)
            conf, variables = config(folder, healthy, sim.url)
            alone = watch(conf, variables, sim, ingest, SECONDS)
            conf, _ = config(folder, mixed[:-HANGING], sim.url)
            fewer = watch(conf, variables, sim, ingest, SECONDS / 2)
            conf, _ = config(folder, mixed, sim.url)
            beside = watch(conf, variables, sim, ingest, SECONDS / 2)
    one = lambda v: Figure([v])
    below = lambda most: {"goal": f"< {most}", "reached": lambda v, _: v < most}
    table.add("live", "1,000 environments, CPU of a core", "%", one(alone["cpu"]), **below(5))
    table.add("live", "1,000 environments, memory", "MB", one(alone["memory"]), **below(64))
    per_poll = alone["listed"] / ENVIRONMENTS / (SECONDS / poll_s())
    table.add("live", "secrets, calls per environment and poll", "", one(per_poll), **below(0.02))
    table.add("live", "throttled requests", "", one(alone["throttled"]), goal="0", reached=lambda v, _: v == 0)
    table.add("live", "end with every call hanging", "ms", one(alone["stop_ms"]), **below(100))
    kept = beside["logs"] / max(1, fewer["logs"])
    table.add("live", "log polls of 700 beside 300 hanging", "of those without", one(kept), goal=">= 0.95",
              reached=lambda v, _: v >= 0.95)
    table.add("live", "the same, CPU of a core", "%", one(beside["cpu"]),
              note=f"one run, {SECONDS} s after {WARM_S} s; 20 of the environments log 4 invocations a second; 50 ms "
                   "latency, published quotas, half of them used")

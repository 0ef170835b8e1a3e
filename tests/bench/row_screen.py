"""screen: the terminal at 80x24 with twenty live environments, beside htop and btop at one
frame a second too."""
import os
import random
import statistics
import time

import peers
from measure import RUNS, Figure, Usage
from terminal import Terminal
from world import CREDTOP, Awsim, Environment, Folder, config, invocation

ENVIRONMENTS, SECONDS, KEYS = 20, 30, 200
DOWN, UP = b"\x1bOB", b"\x1bOA"   # as an xterm sends them to a program in its application mode


class Ingest:
    """Lines for the environments, called twice a second."""

    def __init__(self, sim, environments, invocations):
        self.sim, self.environments, self.invocations, self.rng = sim, environments, invocations, random.Random(3)
        self.streams = {e.name: "2026/11/24/[$LATEST]%032x" % self.rng.getrandbits(128) for e in environments}

    def __call__(self):
        now = int(time.time() * 1000)
        for e in self.environments:
            lines = [line for _ in range(self.invocations) for line in invocation(self.rng, now - 300, False)]
            self.sim.logs(e, self.streams[e.name], lines)


def first_paints(command, variables):
    out = []
    for _ in range(2 * RUNS + 1):
        with Terminal(command, variables) as t:
            out.append(1000 * t.first_paint_s())
            t.drain(0.1)
    return Figure(out[1:])


def key_times(t, ingest=None, apart_s=0.06):
    """Milliseconds of many keys, the cursor down and up; apart_s after the last one's paint."""
    times, next_tick = [], 0
    for i in range(KEYS):
        if ingest and time.monotonic() >= next_tick:
            ingest()
            next_tick = time.monotonic() + 0.5
        times.append(1000 * t.key_s(DOWN if i % 2 == 0 else UP))
        t.drain(apart_s)
    times.sort()
    return statistics.median(times), times[int(len(times) * 0.99) - 1]


def peer(name, variables, *options):
    """(first paint, bytes a second, idle CPU, memory) of htop or btop; None: not there."""
    path = peers.program(name)
    if path is None:
        return None
    command = [path, *options]
    paint = first_paints(command, variables)
    with Terminal(command, variables) as t:
        t.drain(3)
        usage = Usage(t.pid)
        rate = t.drain(SECONDS) / SECONDS
        return paint, Figure([rate]), Figure([usage.percent()]), Figure([usage.memory_mb()])


def watch(conf, variables, ingest):
    """What one credtop shows: bytes a second, idle CPU, memory, keys without and with ingest."""
    with Terminal([CREDTOP, "--config", conf], variables) as t:
        t.drain(8, ingest)
        rate = t.drain(SECONDS, ingest) / SECONDS
        t.drain(5)
        usage = Usage(t.pid)
        t.drain(SECONDS)
        cpu, memory = usage.percent(), usage.memory_mb()
        idle, held = key_times(t), key_times(t, apart_s=0.01)
        busy = key_times(t, Ingest(ingest.sim, ingest.environments, 20))
        stop = 1000 * t.stop_s(lambda: os.write(t.fd, b"q"))
    return rate, cpu, memory, idle, held, busy, stop


def row(table):
    environments = [Environment(f"bench-{i:02d}") for i in range(ENVIRONMENTS)]
    with Folder() as folder, Awsim(folder, environments) as sim:
        for i, e in enumerate(environments):
            sim.fill(e, 200, seed=i)
        conf, variables = config(folder, environments, sim.url)
        command = [CREDTOP, "--config", conf]
        answered = first_paints(command, variables)
        sim.control("POST", "/_sim/faults", {"operation": "*", "fault": "hang"})
        hanging = first_paints(command, variables)
        sim.control("DELETE", "/_sim/faults")
        rate, cpu, memory, idle, held, busy, stop = watch(conf, variables, Ingest(sim, environments, 2))
        os.makedirs(os.path.join(folder.path, "btop"), exist_ok=True)
        folder.write("btop/btop.conf", "update_ms = 1000\n")
        htop = peer("htop", variables, "-d", "10")
        btop = peer("btop", variables, "--utf-force")
    one = lambda v: Figure([v])
    of = lambda p, i: p[i] if p else None
    table.add("screen", "first paint", "ms", answered, "htop", of(htop, 0), "< 15", lambda v, _: v < 15)
    table.add("screen", "first paint", "ms", answered, "btop", of(btop, 0))
    table.add("screen", "first paint, every AWS call hanging", "ms", hanging, goal="< 15",
              reached=lambda v, _: v < 15)
    table.add("screen", "key to paint, median", "ms", one(idle[0]))
    table.add("screen", "key to paint, p99", "ms", one(idle[1]), goal="< 16", reached=lambda v, _: v < 16)
    table.add("screen", "key to paint, p99, a key held down", "ms", one(held[1]),
              goal="< 16", reached=lambda v, _: v < 16)
    table.add("screen", "key to paint, p99, under ingest", "ms", one(busy[1]), goal="< 16", reached=lambda v, _: v < 16)
    table.add("screen", "to the terminal, live", "B/s", one(rate), "htop", of(htop, 1), "<= 800", lambda v, _: v <= 800)
    table.add("screen", "to the terminal, live", "B/s", one(rate), "btop", of(btop, 1))
    table.add("screen", "CPU, logs quiet", "%", one(cpu), "htop", of(htop, 2), "<= 0.3", lambda v, _: v <= 0.3)
    table.add("screen", "CPU, logs quiet", "%", one(cpu), "btop", of(btop, 2))
    table.add("screen", "resident memory", "MB", one(memory), "htop", of(htop, 3), "<= 16", lambda v, _: v <= 16)
    table.add("screen", "key q to the end", "ms", one(stop), goal="< 100", reached=lambda v, _: v < 100,
              note=f"20 environments at default intervals, 80x24; {SECONDS} s each for bytes and CPU, {KEYS} keys; "
                   "ingest: 40 invocations a second and environment; live: 4")

"""Measuring: a program's wall, CPU and memory; medians; what machine this is; growth."""
import math
import os
import platform
import statistics
import subprocess
import time

RUNS = 5


class Figure:
    """Several measurements of one thing, told by their median."""

    def __init__(self, values):
        self.values = [float(v) for v in values]
        self.median, self.least, self.most = statistics.median(self.values), min(self.values), max(self.values)

    def json(self):
        return {"median": self.median, "min": self.least, "max": self.most, "runs": len(self.values)}


def run(command, variables, expect=(0,), stdout=subprocess.DEVNULL, keep=None):
    """Wall and CPU seconds (with what it started and waited for), and the largest memory in MB."""
    began = time.monotonic()
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE if keep is not None else stdout,
                          stderr=subprocess.PIPE if keep is None else None) as process:
        out = process.stdout.read() if keep is not None else process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if process.returncode not in expect:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {out[-300:]!r}")
    if keep is not None:
        keep.append(out)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def runs(command, variables, count=RUNS, **more):
    """(wall, cpu, memory), each a Figure; one run before that does not count."""
    run(command, variables, **more)
    return tuple(Figure(v) for v in zip(*(run(command, variables, **more) for _ in range(count))))


def exponent(sizes, values):
    """b of values ~ sizes ** b, by least squares in the logarithms."""
    x, y = [math.log(s) for s in sizes], [math.log(v) for v in values]
    mx, my = statistics.mean(x), statistics.mean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo", encoding="ascii") as f:
        memory = int(f.readline().split()[1]) / 1024 / 1024
    return f"{os.cpu_count()} cores, {model}, {memory:.0f} GB, Linux {platform.release().split('-')[0]}, {load()}"


def load():
    return f"load {os.getloadavg()[0]:.1f} at start"


class Usage:
    """CPU and memory of a running process."""

    def __init__(self, pid):
        self.pid, self.tick = pid, os.sysconf("SC_CLK_TCK")
        self.start()

    def cpu_s(self):
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as f:
            main = int(f.read().split()[0])
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
            except OSError:
                pass   # a thread that ended
        return max(main, total) / 1e9

    def start(self):
        self.from_s, self.from_cpu = time.monotonic(), self.cpu_s()

    def percent(self):
        return 100 * (self.cpu_s() - self.from_cpu) / (time.monotonic() - self.from_s)

    def memory_mb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmRSS:"))

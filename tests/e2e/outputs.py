#!/usr/bin/env python3
"""Every command's output: into a pipe, into one that its reader closes, onto a full disk."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from e2e import CONF, CREDTOP, Report

# What is printed on standard output, and the status that belongs to it.
COMMANDS = {
    "--help": 0, "--version": 0,
    "status": None, "status --format json": None, "status --format csv": None, "status --format prometheus": None,
    "test prod-us": 0, "test prod-us --format json": 0,
    "rotate prod-us --dry-run": 0, "recycle prod-us --dry-run": 0,
    "journal show": 0, "journal show --format json": 0, "journal verify": 0, "journal tail": 0,
    "events prod-us": 0, "events prod-us --format json": 0, "events prod-us --format csv": 0, "events prod-us -f": 0,
    "doctor": 2, "discover": 0, "config check": 0, "config show": 0,
}
FOLLOWS = ("journal tail", "events prod-us -f")


def arguments(command):
    # discover reads a configuration for its mode alone; all have the sandbox's.
    return [CREDTOP, "--config", CONF, *command.split()]


def run(command, stdout):
    return subprocess.run(arguments(command), stdout=stdout, stderr=subprocess.PIPE, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)


def into_a_pipe(command):
    done = run(command, subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


def closed_at_once(command):
    reader, writer = os.pipe()
    os.close(reader)
    done = run(command, writer)
    os.close(writer)
    return done.returncode, done.stderr


def onto_a_full_disk(command):
    with open("/dev/full", "wb") as full:
        done = run(command, full)
    return done.returncode, done.stderr


def closed_later(command):
    """The reader takes what there is first, and goes; then nothing more comes."""
    running = subprocess.Popen(arguments(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    first = running.stdout.read(1)
    running.stdout.close()
    try:
        return running.wait(timeout=10), bool(first), running.stderr.read()
    except subprocess.TimeoutExpired:
        running.kill()
        return "still running", bool(first), b""


def usable(text):
    return all(c not in text for c in (b"\x1b", b"\r\x1b", b"\x08"))


def main():
    report = Report()
    once = [c for c in COMMANDS if c not in FOLLOWS]
    with ThreadPoolExecutor(4) as pool:
        plain = dict(zip(once, pool.map(into_a_pipe, once)))
        written = [c for c in COMMANDS if "--format" not in c or "prometheus" in c]    # the others share its way out
        closed = dict(zip(written, pool.map(closed_at_once, written)))
        full = dict(zip(written, pool.map(onto_a_full_disk, written)))
        later = dict(zip(FOLLOWS, pool.map(closed_later, FOLLOWS)))
    for command, (status, out, err) in plain.items():
        expected = COMMANDS[command]
        report.check(f"{command}: into a pipe", (status == expected if expected is not None else status in (0, 1, 2)) and
                     out and usable(out) and usable(err), (status, out[:100], err[:300]))
    for command, (status, err) in closed.items():
        expected = COMMANDS[command] if COMMANDS[command] is not None else plain[command][0]
        report.check(f"{command}: a closed pipe is quiet, and no failure", status == expected and b"annot write" not in err,
                     (status, err[:300]))
    for command, (status, err) in full.items():
        report.check(f"{command}: a full disk is said, with status 3", status == 3 and
                     b"annot write" in err and b"No space left" in err, (status, err[:300]))
    for command, (status, some, err) in later.items():
        report.check(f"{command}: ends when its reader goes", status == 0 and some and not err, (status, some, err[:300]))
    report.finish()


main()

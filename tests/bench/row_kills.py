"""kills: rotations by credtop, each killed (SIGKILL) at a random moment of its time, one
after the other; after each, real logins with AWSCURRENT's and with AWSPENDING's password.
One of them must get in, always.  The next rotation of the same secret goes on from where the
killed one stopped, so nearly every state is also begun from.  KILLS: how many (1,000)."""
import json
import os
import random
import subprocess
import sys
import time

from measure import Figure
from world import CREDTOP, Awsim, Environment, Folder, Postgres, config

KILLS = int(os.environ.get("KILLS", "1000"))
PER_SECRET = 60   # a secret has at most 100 versions a day, and a rotation makes one
USUAL_RUNS = 5


class Kills:
    """Killing, looking, and what was found."""

    def __init__(self, conf, variables):
        self.command, self.variables = [CREDTOP, "--config", conf], variables
        self.rng = random.Random()
        self.running = self.half_way = self.ahead = self.locked_out = 0

    def rotate(self, name):
        return subprocess.Popen([*self.command, "rotate", name, "--yes"], env=self.variables, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def to_the_end(self, name):
        """Seconds of one that nobody kills."""
        began = time.monotonic()
        with self.rotate(name) as p:
            words = p.stderr.read()
        if p.returncode != 0:
            raise RuntimeError(f"{name} does not rotate ({p.returncode}): {words[-300:]!r}")
        return time.monotonic() - began

    def gets_in(self, name):
        """{"AWSCURRENT": True or False, ...}, of the labels there are; by logging in."""
        done = subprocess.run([*self.command, "test", name, "--format", "json"], env=self.variables, capture_output=True,
                              timeout=60, check=False)
        logins = {login["stage"]: login for login in json.loads(done.stdout)["logins"]}
        if not any(l["ok"] or l["sqlstate"] for l in logins.values()):
            raise RuntimeError(f"{name}: the logins told nothing: {done.stdout[-500:]!r}")
        return {stage: login["ok"] for stage, login in logins.items()}

    def kill(self, name, usual):
        with self.rotate(name) as p:
            time.sleep(self.rng.random() * usual)
            self.running += p.poll() is None
            p.kill()
        found = self.gets_in(name)
        current, pending = found.get("AWSCURRENT"), found.get("AWSPENDING")
        self.half_way += pending is not None
        self.ahead += bool(pending and not current)
        self.locked_out += not (current or pending)

    def unsettled(self, names):
        """Of how many the next rotation does not end with AWSCURRENT alone getting in."""
        count = 0
        for name in names:
            try:
                self.to_the_end(name)
                found = self.gets_in(name)
                count += found.get("AWSCURRENT") is not True or found.get("AWSPENDING") is not None
            except RuntimeError as error:
                print(f"bench: {error}", file=sys.stderr)
                count += 1
        return count

    def journal_is_whole(self):
        return subprocess.run([*self.command, "journal", "verify"], env=self.variables, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0


def measured(kills, names):
    """Times of a rotation, and of all the kills."""
    usual = Figure([kills.to_the_end(names[0]) for _ in range(USUAL_RUNS)])
    began = time.monotonic()
    for i in range(KILLS):
        kills.kill(names[i % len(names)], usual.median)
    return usual, time.monotonic() - began


def row(table):
    names = [f"kill-{i:02d}" for i in range(-(-KILLS // PER_SECRET))]
    with Folder() as folder, Postgres(folder) as postgres:
        environments = [Environment(n, login=l, rotation="credtop", db_sslmode="verify-full", db_sslrootcert=postgres.ca)
                        for n, l in zip(names, postgres.logins(names))]
        with Awsim(folder, environments) as sim:
            kills = Kills(*config(folder, environments, sim.url))
            usual, seconds = measured(kills, names)
            unsettled = kills.unsettled(names)
            whole = kills.journal_is_whole()
    none = ("0", lambda count, _: count == 0)
    what = f"{KILLS:,} kills"
    table.add("kills", f"{what}: nobody gets in", "times", Figure([kills.locked_out]), goal=none[0], reached=none[1])
    table.add("kills", f"{what}: the next rotation does not settle it", "times", Figure([unsettled]), goal=none[0],
              reached=none[1])
    table.add("kills", f"{what}: the journal is not whole", "times", Figure([not whole]), goal=none[0], reached=none[1])
    table.add("kills", f"{what}: it was still running", "times", Figure([kills.running]), goal="half",
              reached=lambda count, _: count * 2 >= KILLS)
    table.add("kills", f"{what}: AWSPENDING was left", "times", Figure([kills.half_way]))
    table.add("kills", f"{what}: AWSPENDING alone got in", "times", Figure([kills.ahead]))
    table.add("kills", "a rotation that nobody kills", "s", usual)
    table.add("kills", f"{what}, and the logins after each", "s", Figure([seconds]),
              note=f"{len(names)} secrets; SIGKILL at a random moment of a rotation's usual time; TLS and SCRAM logins")

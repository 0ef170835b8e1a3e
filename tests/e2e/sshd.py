#!/usr/bin/env python3
"""Debian's sshd with the shipped snippet: whatever an auditor's client asks for, the dashboard
alone answers.  And an operator's line that drops while an order is under way."""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys

from alternating import World
from bastion import Bastion, reveals_and_changes
from e2e import CONF, DIR, ROOT, Report, endpoint, wait_for
from terminal import Terminal

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/sbin")
USER = pwd.getpwuid(os.getuid()).pw_name
ENTERS = "\x1b]0;entered by TERMINFO\x07"


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def snippet(program, port):
    """The shipped one, for this user on this port, with this program."""
    with open(os.path.join(ROOT, "packaging/sshd/credtop.conf"), encoding="utf-8") as f:
        text = f.read()
    text, groups = re.subn(r"(?m)^Match Group credtop-audit$", f"Match User {USER} LocalPort {port}", text)
    text, commands = re.subn(r"ForceCommand /usr/bin/credtop --restricted\n", f"ForceCommand {program} --restricted\n", text)
    assert (groups, commands) == (1, 1), "the snippet is not what this test knows"
    return text


class Server:
    """sshd on two ports: the auditor's, with the snippet, and an operator's, without.  It takes
    every variable that a client sends, which no server should."""

    def __init__(self, b):
        self.b, self.folder = b, b.folder
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path(name)], check=True)
        shutil.copy(self.path("user.pub"), self.path("authorized_keys"))
        b.write("snippet", "")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)   # the service's own, gone with the next boot
        self.process = None
        for _ in range(5):   # a port may be taken between picking and binding
            self.port, self.operator = free_ports(2)
            if self.start():
                return
        raise RuntimeError("sshd did not start: " + self.log())

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        self.conf = self.b.write("sshd_config", f"""
ListenAddress 127.0.0.1:{self.port}
ListenAddress 127.0.0.1:{self.operator}
HostKey {self.path("host")}
PidFile none
AuthorizedKeysFile {self.path("authorized_keys")}
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
AcceptEnv *
Subsystem sftp internal-sftp
{snippet(self.b.credtop, self.port)}
""")
        with open(self.path("sshd.log"), "a", encoding="utf-8") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.conf], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        def answers():
            try:
                for port in (self.port, self.operator):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                return self.process.poll() is not None and "ended"
        return wait_for(10, answers) is True

    def log(self):
        with open(self.path("sshd.log"), encoding="utf-8", errors="replace") as f:
            return f.read()[-800:]

    def client(self, *options, port=None):
        return ["ssh", "-F", "none", "-p", str(port or self.port), "-i", self.path("user"), "-o", "IdentitiesOnly=yes",
                "-o", "IdentityAgent=none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", *options]

    def ask(self, *words, options=(), port=None, **more):
        return subprocess.run([*self.client(*options, port=port), f"{USER}@127.0.0.1", *words], capture_output=True, text=True,
                              timeout=20, check=False, stdin=subprocess.DEVNULL, errors="replace", **more)

    def terminal(self, *words, options=(), port=None, env=None, **more):
        return Terminal([*self.client("-tt", *options, port=port), f"{USER}@127.0.0.1", *words], env=env, **more)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def the_snippet(report, s):
    with open(os.path.join(ROOT, "packaging/sshd/credtop.conf"), encoding="utf-8") as f:
        conf = s.b.write("shipped", f"HostKey {s.path('host')}\n" + f.read())
    done = subprocess.run([SSHD, "-t", "-f", conf], capture_output=True, text=True, check=False, timeout=10)
    report.check("the snippet as it is shipped is good", done.returncode == 0, done.stderr)


def the_dashboard(report, s):
    env = {**os.environ, "TERM": "xterm-256color"}
    t = s.terminal(env=env, rows=24, cols=80)
    report.check("login: the dashboard, restricted", t.shows("RESTRICTED") and t.shows("AWS ok"), (t.text()[-900:], s.log()))
    for key, words in (("R", "rotate: audit mode changes nothing"), ("P", "psql: audit mode reveals nothing"),
                       ("t", "test login: audit mode reveals nothing")):
        start = len(t.seen)
        t.press(key)
        report.check(f"{key} is refused, and why", t.shows(re.escape(words), start=start), t.text(start))
    start = len(t.seen)
    t.press(b"\x1a\x1c")   # Ctrl-Z, Ctrl-\
    t.resize(40, 132)
    # Twelve rows of the table more, and the wide header.
    report.check("resized: drawn anew, neither stopped nor ended", t.shows("credtop [0-9]", start=start) and
                 t.shows("account", start=start), t.text(start))
    t.press("Q")
    report.equal("Q leaves", t.ends(), 0)
    t.close()


def other_requests(report, s):
    made = s.path("made")
    done = s.ask("id; touch " + made)
    report.check("a command is not run", done.returncode == 3 and "uid=" not in done.stdout and "not a terminal" in done.stderr
                 and not os.path.exists(made), (done.returncode, done.stdout, done.stderr))
    t = s.terminal("touch " + made + "; sh -i", env={**os.environ, "TERM": "xterm"})
    report.check("a command with a terminal: the dashboard", t.shows("RESTRICTED") and not os.path.exists(made), t.text())
    t.press("Q")
    report.equal("and it ends with Q", t.ends(), 0)
    t.close()
    done = subprocess.run(["sftp", "-b", "-", *s.client()[1:3], "-P", str(s.port), *s.client()[5:], f"{USER}@127.0.0.1"],
                          input=f"put {s.conf} {made}\n", capture_output=True, text=True, timeout=20, check=False)
    report.check("no sftp", done.returncode != 0 and not os.path.exists(made), (done.stdout, done.stderr))
    there = endpoint().rsplit(":", 1)[1]
    done = s.ask(options=("-W", f"127.0.0.1:{there}"))
    report.check("no forwarding out", done.returncode != 0 and "forwarding failed" in done.stderr, (done.returncode, done.stderr))
    done = s.ask(options=("-N", "-R", f"0:127.0.0.1:{there}", "-o", "ExitOnForwardFailure=yes"))
    report.check("no forwarding in", done.returncode != 0 and "forwarding failed" in done.stderr, (done.returncode, done.stderr))
    done = s.ask(options=("-N", "-R", f"{s.folder}/sock:127.0.0.1:{there}", "-o", "ExitOnForwardFailure=yes"))
    report.check("nor by a socket", done.returncode != 0 and not os.path.exists(s.path("sock")), (done.returncode, done.stderr))
    # The same client on the port without the snippet may: these refusals are the snippet's.
    done = s.ask("id", port=s.operator)
    report.check("without the snippet a command is run", "uid=" in done.stdout, (done.stdout, done.stderr))


def hostile_terminfo(s):
    """A terminal whose start sequence sets the title."""
    folder = s.path("terminfo")
    source = subprocess.run(["infocmp", "xterm-256color"], capture_output=True, text=True, check=True).stdout
    source = re.sub(r"smcup=[^,]*(\\,[^,]*)*,", r"smcup=\\E]0;entered by TERMINFO^G,", source)
    os.mkdir(folder)
    subprocess.run(["tic", "-x", "-o", folder, "-"], input=source, text=True, check=True, capture_output=True)
    return folder


def the_environment(report, s):
    folder = hostile_terminfo(s)
    hostile = {"TERMINFO": folder, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "AKIDNOBODY",
               "AWS_SECRET_ACCESS_KEY": "x", "AWS_PROFILE": "nobody", "XDG_CONFIG_HOME": folder, "HOME": folder,
               "LINES": "5", "COLUMNS": "20", "LC_ALL": "C.UTF-8"}
    options = [word for name, value in hostile.items() for word in ("-o", f"SetEnv={name}={value}")][1::2]
    joined = " ".join(option.removeprefix("SetEnv=") for option in options)
    env = {**os.environ, "TERM": "xterm-256color"}
    plain = Terminal([s.b.credtop, "--config", CONF, "--audit"], env={**env, "TERMINFO": folder})
    report.check("(audit alone drops a hostile TERMINFO, too)", plain.shows("READ-ONLY") and ENTERS.encode() not in plain.seen)
    plain.close()
    if os.path.exists(os.path.join(folder, "x/xterm-256color")):
        plain = Terminal([s.b.credtop, "--config", CONF], env={**env, "TERMINFO": folder})
        report.check("(an operator's TERMINFO is obeyed: it is one)", plain.shows("OPERATOR") and ENTERS.encode() in plain.seen,
                     plain.seen[:200])
        plain.close()
    t = s.terminal(options=("-o", f"SetEnv={joined}"), env=env)
    report.check("variables of the client: AWS answers all the same", t.shows("RESTRICTED") and t.shows("AWS ok"), t.text()[-900:])
    report.check("its TERMINFO is not obeyed", ENTERS.encode() not in t.seen, t.seen[:300])
    t.press("Q")
    t.ends()
    t.close()
    for term in ("no-such-terminal", "dumb", "../../" + folder):
        t = s.terminal(env={**os.environ, "TERM": term})
        report.check(f"TERM={term.rsplit('/', 1)[0]}: a message, and the end", t.ends() == 3 and "TERM=" in t.text(), (t.status, t.text()))
        t.close()


def the_line_drops(report, s):
    t = s.terminal(env={**os.environ, "TERM": "xterm-256color"})
    report.check("(a session to drop)", t.shows("RESTRICTED") and len(s.b.processes()) > 0, t.text())
    t.close()   # SIGKILL: the client says nothing more
    report.check("the line drops: the program ends", wait_for(5, lambda: not s.b.processes()), s.b.processes())


def mid_order(report, s):
    """An operator's rotation, whose line drops while the new password is being put away: it is
    told whole, somebody gets in, and the next one finishes."""
    w = World("sshd-drop")
    w.add("drop", conf={"strategy": "single-user", "superuser_secret": None})
    w.start()
    journal = os.path.join(DIR, "sshd-drop", "journal.jsonl")
    os.remove(s.b.conf)   # of the auditors: there is none now, and nothing says audit
    w.fault("PutSecretValue", "slow", ms=2500)
    env = w.environment()
    keys = " ".join(f"{name}={env[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    t = s.terminal(f"{s.b.credtop} --config {w.path} rotate drop --yes", options=("-o", f"SetEnv={keys}"), port=s.operator)
    def lines():
        if not os.path.exists(journal):
            return []
        with open(journal, encoding="utf-8") as f:
            return [json.loads(line) for line in f.read().splitlines()]
    def sent():
        t.read(0.05)
        return any(line.get("operation") == "PutSecretValue" for line in lines())
    report.check("a rotation is under way", wait_for(10, sent), (t.text(), s.log()))
    t.close()
    report.check("its line drops: the program ends", wait_for(15, lambda: not s.b.processes()), s.b.processes())
    said = [line for line in lines() if line["kind"] == "outcome"]
    report.check("what became of it is journaled, and the session's end",
                 said and lines()[-1]["kind"] == "session.end", [line["kind"] for line in lines()])
    report.check("it is not called failed: it went on, or is unknown", said and not said[0]["words"].startswith("failed"), said)
    who = w.who("drop")
    report.check("somebody gets in", any(good for _, good in who.values()), who)
    done = w.rotate("drop")
    report.check("the next rotation finishes", done[0] == 0 and w.who("drop")["AWSCURRENT"][1], done)
    w.stop()


def main():
    report = Report()
    if not SSHD or not shutil.which("ssh") or not shutil.which("sftp"):
        print("skipped: openssh-server and openssh-client are not installed")
        report.finish()
    b = Bastion()
    s = Server(b)
    try:
        before = reveals_and_changes()
        the_snippet(report, s)
        the_dashboard(report, s)
        other_requests(report, s)
        the_line_drops(report, s)
        report.equal("in all of this nothing was revealed or changed", reveals_and_changes() - before, 0)
        the_environment(report, s)
        mid_order(report, s)
    finally:
        s.stop()
    shutil.rmtree(b.folder)
    report.finish()


if __name__ == "__main__":
    sys.exit(main())

"""An AWS of one's own beside the sandbox's: the same secrets, another awsim, so that the faults
of one cell disturb no other.  The databases are the sandbox's."""

import json
import os
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from e2e import CONF, CREDTOP, DIR, FOLLOW, endpoint  # noqa: E402

AWSIM = os.path.join(os.path.dirname(FOLLOW), "awsim")


class World:
    def __init__(self, name, change=None, options=()):
        """change(seed) may alter what the world begins with; options are awsim's."""
        self.name = name
        self.folder = os.path.join(DIR, "world-" + name)
        os.mkdir(self.folder, 0o700)
        with open(os.path.join(DIR, "seed.json"), encoding="utf-8") as f:
            seed = json.load(f)
        if change:
            change(seed)
        path, port = os.path.join(self.folder, "seed.json"), os.path.join(self.folder, "port")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(seed, f)
        self.process = subprocess.Popen([AWSIM, "--seed", path, "--port-file", port, "--parent", str(os.getpid()),
                                         "--lifetime", "3600", *options])
        end = time.monotonic() + 10
        while not os.path.exists(port):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("awsim did not start")
            time.sleep(0.02)
        with open(port, encoding="ascii") as f:
            self.port = int(f.read())
        plain = os.path.join(self.folder, "plain-port")   # beside TLS, for what has none
        if os.path.exists(plain):
            with open(plain, encoding="ascii") as f:
                port = f.read().strip()
        else:
            port = str(self.port)
        self.url = "http://127.0.0.1:" + port
        self.variables = dict(os.environ, AWS_ENDPOINT_URL=self.url, XDG_STATE_HOME=self.folder, HOME=self.folder)

    def sim(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else {}

    def calls(self, operation):
        found = self.sim("GET", "/_sim/calls")[operation]
        return found["ok"] + found["failed"]

    def conf(self, name, environments, head=(), each=(), url=None):
        """The sandbox's configuration with these environments alone, this world's endpoint, and more lines."""
        with open(CONF, encoding="utf-8") as f:
            first, *sections = f.read().replace(endpoint(), url or self.url).split("\n[environment ")
        replaced = {line.split(" = ")[0] for line in head} | {"journal"}
        lines = [line for line in first.split("\n") if line.split(" = ")[0] not in replaced]
        text = "\n".join(lines).replace("[credtop]", "\n".join(
            ["[credtop]", f"journal = {self.folder}/{name}.jsonl", *head]), 1)
        for section in sections:
            if section.split("]")[0] in environments:
                text += "\n[environment " + section.rstrip("\n") + "\n" + "".join(line + "\n" for line in each)
        path = os.path.join(self.folder, name + ".conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def credtop(self, conf, *words, timeout=60):
        """Exit status (None: it hung), standard output, standard error."""
        try:
            done = subprocess.run([CREDTOP, "--config", conf, *words], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=timeout, text=True, env=self.variables, check=False)
        except subprocess.TimeoutExpired:
            return None, "", f"it did not end within {timeout} s"
        return done.returncode, done.stdout, done.stderr

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

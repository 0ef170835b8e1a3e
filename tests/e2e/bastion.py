"""A folder with the program, a system configuration beside it, and keys that only that names."""

import os
import re
import shutil
import tempfile

from e2e import CONF, CREDTOP, DIR, sim

BESIDE = os.path.join(os.path.dirname(os.path.realpath(CREDTOP)), "credtop-beside")


def variable(name):
    """Of the sandbox's keys."""
    return os.environ[name]


READS = {"ListSecrets", "DescribeSecret", "ListSecretVersionIds", "FilterLogEvents", "DescribeLogStreams",
         "DescribeLogGroups", "GetCallerIdentity", "GetLogEvents"}


def reveals_and_changes():
    """Calls so far by credtop's own key (the fleet has others) that are not reads."""
    mine = sim("GET", "/_sim/calls")["keys"].get(variable("AWS_ACCESS_KEY_ID"), {})
    return sum(n for name, n in mine.items() if name not in READS)


class Bastion:
    """self.credtop is the shipped program but for the place of the system's configuration."""

    def __init__(self, **settings):
        self.folder = tempfile.mkdtemp(prefix="bastion.", dir=DIR)
        os.chmod(self.folder, 0o755)
        self.credtop = shutil.copy(BESIDE, os.path.join(self.folder, "credtop"))
        self.keys = self.write("keys", f"[default]\naws_access_key_id = {variable('AWS_ACCESS_KEY_ID')}\n"
                                       f"aws_secret_access_key = {variable('AWS_SECRET_ACCESS_KEY')}\n")
        with open(CONF, encoding="utf-8") as f:
            text = re.sub(r"(?m)^(env_file = )(?!/)", rf"\1{DIR}/", f.read())
        more = "".join(f"{key} = {value}\n" for key, value in {"aws_credentials_file": self.keys, **settings}.items())
        self.conf = self.write("system.conf", text.replace("[credtop]\n", "[credtop]\n" + more, 1))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def processes(self):
        """Of this copy of the program: their ids."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/exe") == self.credtop:
                    found.append(int(pid))
            except OSError:
                continue
        return found

    def files(self):
        """Every file below the folder, with what would change when it was written."""
        rows = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                st = os.lstat(os.path.join(folder, name))
                rows[os.path.join(folder, name)] = (st.st_size, st.st_mtime_ns, st.st_ino)
        return rows

"""A folder with the program, a system configuration beside it, and keys that only that names."""

import os
import re
import shutil
import tempfile

from e2e import CONF, CREDTOP, DIR, ROOT, sim

BESIDE = os.path.join(os.path.dirname(os.path.realpath(CREDTOP)), "credtop-beside")


def variable(name):
    """Of the sandbox's keys."""
    return os.environ[name]


def rows(*classes):
    """Operations of ops.def of these classes."""
    with open(os.path.join(ROOT, "backend/aws/ops.def"), encoding="utf-8") as f:
        found = re.findall(r"(?m)^(?:OP|REST)\(\w+, +\w+, +\"(\w+)\", +(\w+),", f.read())
    assert len(found) > 15, "ops.def could not be read"
    return {name for name, kind in found if kind in classes}


def reveals_and_changes():
    """Calls so far by credtop's own key (the fleet has others) that reveal or change."""
    mine = sim("GET", "/_sim/calls")["keys"].get(variable("AWS_ACCESS_KEY_ID"), {})
    return sum(n for name, n in mine.items() if name in rows("REVEALS", "MUTATES"))


class Bastion:
    """self.credtop is the shipped program but for the place of the system's configuration."""

    def __init__(self, **settings):
        self.folder = tempfile.mkdtemp(prefix="bastion.", dir=DIR)
        os.chmod(self.folder, 0o755)
        self.credtop = shutil.copy(BESIDE, os.path.join(self.folder, "credtop"))
        with open(variable("AWS_SHARED_CREDENTIALS_FILE"), encoding="utf-8") as f:
            profiles = f.read()
        self.keys = self.write("keys", profiles + f"\n[default]\naws_access_key_id = {variable('AWS_ACCESS_KEY_ID')}\n"
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

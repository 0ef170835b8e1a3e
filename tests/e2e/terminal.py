"""A program on a pseudo terminal: keys in, what it wrote out."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

SEQUENCES = re.compile(rb"\x1b(\[[0-9;?<>=!]*[ -/]*[@-~]|[()][A-Za-z0-9]|[=>78M])|[\x0e\x0f]")


class Terminal:
    def __init__(self, command, env=None, rows=24, cols=80):
        self.seen = b""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
            os.execvpe(command[0], command, env if env is not None else os.environ)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def press(self, keys):
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())

    def read(self, seconds):
        """What comes within so long; False at the end of the file."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            got = b""
        self.seen += got
        return bool(got)

    def text(self, start=0):
        return SEQUENCES.sub(b"", self.seen[start:]).decode("utf-8", "replace")

    def shows(self, pattern, seconds=8, start=0):
        """Whether the pattern comes, in what was written from `start` on."""
        end = time.monotonic() + seconds
        alive = True
        while not re.search(pattern, self.text(start)):
            if time.monotonic() > end or not alive:
                return False
            alive = self.read(0.1)
        return True

    def ends(self, seconds=8):
        """The exit status (negative: the signal), or None when it goes on."""
        end = time.monotonic() + seconds
        while self.status is None and time.monotonic() < end:
            alive = self.read(0.05)
            pid, status = os.waitpid(self.pid, 0 if not alive else os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def close(self):
        """Ends it, however it takes it."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)

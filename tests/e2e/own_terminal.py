"""credtop on a terminal of its own, for the tests that look at its bytes."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from e2e import CREDTOP


class Screen:
    """credtop on a terminal of its own; what it wrote is in .text."""

    def __init__(self, conf, *options):
        self.text = b""
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            os.execv(CREDTOP, [CREDTOP, "--config", conf, *options])

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], max(0, seconds))
        if not ready:
            return False
        try:
            part = os.read(self.fd, 65536)
        except OSError:
            return False
        self.text += part
        return bool(part)

    def seconds_until(self, texts, most):
        """From now until one of the texts is written; None when none is."""
        start, seen = time.monotonic(), len(self.text)
        while time.monotonic() - start < most:
            self.read(0.02)
            if any(text in self.text[seen:] for text in texts):
                return time.monotonic() - start
        return None

    def rest(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)

    def seconds_to_end(self, most):
        """From now until the process has ended, and its status; it is killed when it stays."""
        start = time.monotonic()
        while time.monotonic() - start < most:
            self.read(0.002)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return time.monotonic() - start, os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return None, None

    def stop(self, seconds=5):
        os.write(self.fd, b"Q")
        return self.seconds_to_end(seconds)

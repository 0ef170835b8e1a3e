"""A program in a terminal of 80x24: what it writes, and when."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

# What programs ask a terminal before they draw, and an xterm's answers.
ANSWERS = ((b"\x1b[c", b"\x1b[?62;22c"), (b"\x1b[0c", b"\x1b[?62;22c"), (b"\x1b[>c", b"\x1b[>0;276;0c"),
           (b"\x1b[6n", b"\x1b[1;1R"))


class Terminal:
    def __init__(self, command, variables, rows=24, columns=80):
        self.written, self.first_at = 0, None
        self.began = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], command, variables)
        os.set_blocking(self.fd, False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.fd)

    def read(self, seconds):
        """What comes within the time, at once when something does; b"" when nothing does."""
        ready, _, _ = select.select([self.fd], [], [], max(0, seconds))
        if not ready:
            return b""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return b""   # the program has gone
        self.written += len(data)
        for question, answer in ANSWERS:
            if question in data:
                os.write(self.fd, answer)
        return data

    def drain(self, seconds, tick=None):
        """Reads for that long; returns the bytes.  tick() is called every half second."""
        from_bytes, end, next_tick = self.written, time.monotonic() + seconds, time.monotonic()
        while (now := time.monotonic()) < end:
            if tick and now >= next_tick:
                tick()
                next_tick = now + 0.5
            self.read(min(0.1, end - now))
        return self.written - from_bytes

    def first_paint_s(self, deadline_s=10):
        """From before the fork until a screenful's worth has come."""
        while self.written < 400:
            if time.monotonic() - self.began > deadline_s:
                raise RuntimeError("nothing was painted")
            self.read(0.5)
        return time.monotonic() - self.began

    def key_s(self, key, deadline_s=2):
        """From the key to what it makes the program write; what was written before is read first."""
        while self.read(0.004):
            pass
        began = time.monotonic()
        os.write(self.fd, key)
        if not self.read(deadline_s):
            raise RuntimeError(f"the key {key!r} painted nothing")
        return time.monotonic() - began

    def stop_s(self, how, deadline_s=10):
        """how() asks it to end; until it has."""
        began = time.monotonic()
        how()
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() - began > deadline_s:
                raise RuntimeError("it does not end")
            self.read(0.001)
        return time.monotonic() - began

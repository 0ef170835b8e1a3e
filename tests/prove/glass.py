"""credtop on a terminal of its own, and what stands on its glass: as much of an xterm as curses
asks for, so that a test reads the whole screen and not only what was written last."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

TOKEN = re.compile(r"\x1b\[([?>=!]?)([0-9;]*)([ -/]*)([@-~])|\x1b\][^\x07]*\x07|\x1b[()][A-Za-z0-9]|\x1b([=>78MDE])|([\x00-\x1a\x1c-\x1f])"
                   r"|([^\x00-\x1f\x1b]+)")
INCOMPLETE = re.compile(r"\x1b(\[[?>=!]?[0-9;]*[ -/]*|\][^\x07]*|[()]?)?\Z")


class Glass:
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [[" "] * columns for _ in range(rows)]
        self.y = self.x = 0
        self.top, self.bottom = 0, rows - 1
        self.last, self.rest = " ", ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, data):
        text, at = self.rest + self.decoder.decode(data), 0
        self.rest = ""
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                if INCOMPLETE.match(text, at):
                    self.rest = text[at:]
                    return
                at += 1
                continue
            at = found.end()
            mark, numbers, _, final, single, control, plain = found.groups()
            if plain:
                self.put(plain)
            elif control:
                self.control(control)
            elif single:
                self.single(single)
            elif final and not mark:
                self.sequence(final, [int(n) if n else 0 for n in numbers.split(";")])
            elif final and mark == "?" and numbers == "1049":
                self.erase(0, self.rows)

    def put(self, text):
        for c in text:
            if self.x >= self.columns:
                self.x = 0
                self.down()
            self.cells[self.y][self.x] = self.last = c
            self.x += 1

    def control(self, c):
        if c == "\r":
            self.x = 0
        elif c in "\n\x0b\x0c":
            self.down()
        elif c == "\b":
            self.x = max(0, min(self.x, self.columns - 1) - 1)
        elif c == "\t":
            self.x = min(self.columns - 1, (self.x // 8 + 1) * 8)

    def single(self, c):
        if c == "M":
            if self.y == self.top:
                self.scroll(-1)
            else:
                self.y = max(0, self.y - 1)
        elif c in "DE":
            self.down()

    def down(self):
        if self.y == self.bottom:
            self.scroll(1)
        else:
            self.y = min(self.rows - 1, self.y + 1)

    def scroll(self, n, first=None):
        first = self.top if first is None else first
        for _ in range(abs(n)):
            if n > 0:
                del self.cells[first]
                self.cells.insert(self.bottom, [" "] * self.columns)
            else:
                del self.cells[self.bottom]
                self.cells.insert(first, [" "] * self.columns)

    def erase(self, first, end):
        for y in range(first, end):
            self.cells[y] = [" "] * self.columns

    def sequence(self, final, p):
        n = max(1, p[0])
        row = self.cells[self.y]
        x = min(self.x, self.columns - 1)
        if final in "Hf":
            self.y = min(self.rows, n) - 1
            self.x = min(self.columns, max(1, p[1] if len(p) > 1 else 1)) - 1
        elif final == "A":
            self.y = max(0, self.y - n)
        elif final == "B":
            self.y = min(self.rows - 1, self.y + n)
        elif final == "C":
            self.x = min(self.columns - 1, self.x + n)
        elif final == "D":
            self.x = max(0, x - n)
        elif final in "G`":
            self.x = min(self.columns, n) - 1
        elif final == "d":
            self.y = min(self.rows, n) - 1
        elif final == "J":
            self.clear(x, p[0])
        elif final == "K":
            start, end = ((x, self.columns), (0, x + 1), (0, self.columns))[p[0]]
            row[start:end] = [" "] * (end - start)
        elif final == "X":
            row[x:x + n] = [" "] * len(row[x:x + n])
        elif final == "@":
            row[x:x] = [" "] * n
            del row[self.columns:]
        elif final == "P":
            del row[x:x + n]
            row.extend([" "] * (self.columns - len(row)))
        elif final in "LM":
            self.scroll(n if final == "M" else -n, self.y)
        elif final in "ST":
            self.scroll(n if final == "S" else -n)
        elif final == "b":
            self.put(self.last * n)
        elif final == "r":
            self.top = n - 1
            self.bottom = min(self.rows, p[1] if len(p) > 1 and p[1] else self.rows) - 1
            self.y = self.x = 0

    def clear(self, x, which):
        row = self.cells[self.y]
        if which == 0:
            row[x:] = [" "] * (self.columns - x)
            self.erase(self.y + 1, self.rows)
        elif which == 1:
            row[:x + 1] = [" "] * (x + 1)
            self.erase(0, self.y)
        else:
            self.erase(0, self.rows)


class Screen:
    """A program behind such a glass."""

    def __init__(self, command, variables, rows=40, columns=132):
        self.glass = Glass(rows, columns)
        self.arrived = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], command, dict(variables, TERM="xterm-256color", LC_ALL="C.UTF-8"))

    def read(self, seconds):
        """Whether anything came within the time."""
        ready, _, _ = select.select([self.fd], [], [], max(0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        self.arrived = time.monotonic()
        self.glass.feed(data)
        return bool(data)

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def text(self):
        while self.read(0):
            pass
        return self.glass.text()

    def until(self, pattern, seconds):
        """Whether the pattern comes to stand on the glass."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.glass.text()):
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.read(min(left, 0.1))
        return True

    def rest(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(min(left, 0.1))

    def key_s(self, key, pattern, seconds=3):
        """From the key to the arrival of the bytes that bring the pattern; None when it does not come."""
        while self.read(0.002):
            pass
        began = time.monotonic()
        self.press(key)
        return self.arrived - began if self.until(pattern, seconds) else None

    def stop(self, seconds=5):
        """Its exit status; None when it had to be killed."""
        try:
            self.press("Q")
        except OSError:
            pass
        end, status = time.monotonic() + seconds, None
        while time.monotonic() < end:
            self.read(0.01)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return None

#!/usr/bin/env python3
"""A change for the worse rings the bell, and shows a notice and a title where that was asked for;
not in quiet hours, and not while the first answers come in."""

import os
import re
import time

from e2e import CONF, DIR, Report, sim
from own_terminal import Screen

BELL, NOTICE, TITLE, TITLE_BACK = b"\x07", b"\x1b]9;credtop: ", b"\x1b]2;credtop: ", b"\x1b[23;2t"
SETTLED_S, WORSE_S = 7, 20


CALM = ("json-eu", "py-us")   # nothing happens to these by itself


def conf(name, *settings):
    """The sandbox's, with more settings and the calm environments alone."""
    path = os.path.join(DIR, name + ".conf")
    with open(CONF, encoding="utf-8") as f:
        sections = re.split(r"^(?=\[)", f.read(), flags=re.MULTILINE)
    calm = [s for s in sections if not s.startswith("[environment") or s.startswith(tuple(f"[environment {c}]" for c in CALM))]
    text = "".join(calm).replace("[credtop]\n", "[credtop]\n" + "".join(s + "\n" for s in settings), 1)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o600)
    return path


def around_now():
    clock = lambda offset: time.strftime("%H:%M", time.localtime(time.time() + offset))
    return f"quiet_hours = {clock(-3600)}-{clock(3600)}"


def main():
    r = Report()
    wanted = {"bell": (), "desktop": ("notify = desktop", "title = yes"), "off": ("notify = off",),
              "quiet": ("notify = desktop", around_now())}
    screens = {name: Screen(conf("notify-" + name, *settings)) for name, settings in wanted.items()}
    every = lambda seconds: [s.rest(seconds / 20 / len(screens)) for _ in range(20) for s in screens.values()]
    every(SETTLED_S)
    for name, s in screens.items():
        r.check(f"{name}: no bell while the first answers come in", BELL not in s.text and NOTICE not in s.text)
        s.text = s.text if name == "desktop" else b""
    sim("POST", "/_sim/faults", {"operation": "*", "fault": "denied"})
    end = time.monotonic() + WORSE_S
    while time.monotonic() < end and not (BELL in screens["bell"].text and NOTICE in screens["desktop"].text):
        every(0.4)
    every(1)
    sim("DELETE", "/_sim/faults")
    r.check("bell: it rings", BELL in screens["bell"].text)
    r.check("bell: no more than that", NOTICE not in screens["bell"].text and TITLE not in screens["bell"].text)
    r.check("desktop: a notice names an environment and its state", NOTICE in screens["desktop"].text)
    r.check("desktop: the title counts", TITLE in screens["desktop"].text)
    r.check("off: nothing", BELL not in screens["off"].text)
    r.check("quiet hours: nothing", BELL not in screens["quiet"].text and NOTICE not in screens["quiet"].text)
    for s in screens.values():
        s.stop()
    r.check("desktop: the terminal has its own title again", TITLE_BACK in screens["desktop"].text)
    r.finish()


if __name__ == "__main__":
    main()

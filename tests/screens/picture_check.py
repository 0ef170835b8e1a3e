#!/usr/bin/env python3
"""The pictures: picture.py puts every cell where it stood, and those that are committed are shown by
README and hold nothing but shapes and text.  Prints what does not hold, one a line."""
import glob
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(os.path.join(HERE, "../.."))
SVG = "{http://www.w3.org/2000/svg}"
PAD, CELL = 10, 8


def drawn(capture, columns=40, rows=2):
    run = subprocess.run([os.path.join(HERE, "picture.py"), "a <title> & more", str(columns), str(rows)], input=capture.encode(),
                         capture_output=True, check=False)
    return ET.fromstring(run.stdout) if run.returncode == 0 else run.stderr.decode()


def expect(what, got, wanted):
    if got != wanted:
        print(f"{what}: {got!r}, wanted {wanted!r}")


def texts(svg):
    """[(text, first column, columns, colour)]"""
    return [(t.text, (float(t.get("x")) - PAD) / CELL, float(t.get("textLength", 0)) / CELL, t.get("fill")) for t in svg.iter(SVG + "text")]


def shapes(svg, kind):
    """Those inside the grid: (first column, width in columns, colour)."""
    return [((float(s.get("x")) - PAD) / CELL, float(s.get("width")) / CELL, s.get("fill")) for s in svg.find(SVG + "g").iter(SVG + kind)]


svg = drawn("  a<b  \x1b[31mred\x1b[0m\n\x1b[38;5;208mgoes on\nnot in the picture")
expect("title", svg.find(SVG + "title").text, "a <title> & more")
expect("text, spaces, colours", texts(svg), [("a<b", 2, 3, "#d4d7dd"), ("red", 7, 3, "#e06c75"), ("goes on", 0, 7, "#ff8700")])
expect("a style lasts over a line", [t[3] for t in texts(drawn("\x1b[32mone\ntwo"))], ["#8fbf72", "#8fbf72"])
expect("wide and combined characters keep the columns", [t[:3] for t in texts(drawn("日e\u0301x"))],
       [("日", 0, 2), ("e\u0301", 2, 1), ("x", 3, 1)])
expect("reverse", shapes(drawn("\x1b[7mab\x1b[27mc"), "rect"), [(0, 2, "#d4d7dd")])
expect("a ground is one rectangle under text of several inks", shapes(drawn("\x1b[48;5;237mx\x1b[31myz"), "rect"), [(0, 3, "#3a3a3a")])
expect("blocks are shapes", (texts(drawn("▃█x")), shapes(drawn("▃█x"), "rect")),
       ([("x", 2, 1, "#d4d7dd")], [(0, 1, "#d4d7dd"), (1, 1, "#d4d7dd")]))
expect("a braille cell has a circle a dot", len(list(drawn("⣿").find(SVG + "g").iter(SVG + "circle"))), 8)
for bad, name in (("\x1b]0;title\x07", "a title"), ("\x1b[2J", "an erasure"), ("\x1b[99m", "an unknown SGR")):
    if not isinstance(drawn(bad), str):
        print(f"{name} in a capture is not refused")

with open("README.md", encoding="utf-8") as f:
    shown = set(re.findall(r"\]\((packaging/pictures/[^)]+)\)|src=\"(packaging/pictures/[^\"]+)\"", f.read()))
shown = {a or b for a, b in shown}
there = set(glob.glob("packaging/pictures/*"))
for path in sorted(shown - there):
    print(f"README shows {path}, which is not there")
for path in sorted(there - shown):
    print(f"{path} is not in README")
for path in sorted(there):
    tags = {e.tag.removeprefix(SVG) for e in ET.parse(path).iter()}
    if extra := tags - {"svg", "title", "g", "rect", "circle", "path", "text"}:
        print(f"{path} holds {sorted(extra)}")
if not there:
    print("there are no pictures")
sys.exit(0)

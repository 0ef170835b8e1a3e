#!/usr/bin/env python3
"""A terminal's cells as a picture: picture.py TITLE COLUMNS ROWS <CAPTURE >FILE.svg

CAPTURE is what `tmux capture-pane -e -p` prints: text with SGR sequences.  Every run of text is
told its exact width, and blocks, lines and braille dots are drawn as shapes, so that the
columns stand where they stood whatever font the reader has."""
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL_W, CELL_H, FONT = 8, 17, 13.3
PAD, BAR = 10, 28
GROUND, INK = "#16181d", "#d4d7dd"
# The sixteen colours that a terminal's theme decides about.
SIXTEEN = """#1d1f26 #e06c75 #8fbf72 #d9b36c #6ea6e8 #c586c0 #5fb8b8 #c8ccd4
#6b7280 #ff8589 #a9dc8c #f0cd84 #8cc0ff #dda2d8 #7fd6d6 #ffffff""".split()


def indexed(n):
    """Colour n of 256: sixteen, a cube of six, greys."""
    if n < 16:
        return SIXTEEN[n]
    if n < 232:
        steps = [0, 95, 135, 175, 215, 255]
        n -= 16
        return "#%02x%02x%02x" % (steps[n // 36], steps[n // 6 % 6], steps[n % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (n - 232),) * 3)


class Style:
    """What SGR has set so far."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.ink = self.ground = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = False

    def apply(self, numbers):
        at = iter(numbers)
        switches = {1: ("bold", True), 2: ("dim", True), 3: ("italic", True), 4: ("underline", True), 7: ("reverse", True),
                    23: ("italic", False), 24: ("underline", False), 27: ("reverse", False)}
        for n in at:
            if n == 0:
                self.reset()
            elif n == 22:
                self.bold = self.dim = False
            elif n in switches:
                setattr(self, *switches[n])
            elif n in (38, 48):
                kind = next(at)
                colour = indexed(next(at)) if kind == 5 else "#%02x%02x%02x" % (next(at), next(at), next(at))
                setattr(self, "ink" if n == 38 else "ground", colour)
            elif 30 <= n <= 37 or 90 <= n <= 97:
                self.ink = SIXTEEN[n - 30 if n < 90 else n - 82]
            elif 40 <= n <= 47 or 100 <= n <= 107:
                self.ground = SIXTEEN[n - 40 if n < 100 else n - 92]
            elif n == 39:
                self.ink = None
            elif n == 49:
                self.ground = None
            else:
                sys.exit(f"picture.py: SGR {n} is not known here")

    def look(self):
        """(ink, ground or None, other attributes) as they are drawn."""
        ink, ground = self.ink or INK, self.ground
        if self.reverse:
            ink, ground = ground or GROUND, ink
        return ink, ground, (self.bold, self.dim, self.italic, self.underline)


def width(c):
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def cells(line, style):
    """[(column, characters, columns wide, look)] of one line; goes on with the style of the one before."""
    found, column = [], 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if re.fullmatch(r"\x1b\[[0-9;]*m", part):
            style.apply([int(n or 0) for n in part[2:-1].split(";")])
            continue
        if "\x1b" in part:
            part = re.sub(r"\x1b[()][A-Z0-9]|[\x0e\x0f]", "", part)
            if "\x1b" in part:
                sys.exit(f"picture.py: a sequence that is not SGR: {part!r}")
        for c in part:
            w = width(c)
            if w == 0 and found:
                found[-1] = (found[-1][0], found[-1][1] + c, found[-1][2], found[-1][3])
            elif w > 0:
                found.append((column, c, w, style.look()))
                column += w
    return found


def rect(x, y, w, h, colour):
    return f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" fill="{colour}"/>'


def block(n, x, y, ink):
    """U+2580 to U+2595: parts of a cell."""
    eighth_h, eighth_w = CELL_H / 8, CELL_W / 8
    if n == 0x2580:
        return rect(x, y, CELL_W, 4 * eighth_h, ink)
    if n <= 0x2588:
        high = (n - 0x2580) * eighth_h
        return rect(x, y + CELL_H - high, CELL_W, high, ink)
    if n <= 0x258F:
        return rect(x, y, (0x2590 - n) * eighth_w, CELL_H, ink)
    if n in (0x2591, 0x2592, 0x2593):
        share = {0x2591: 0.25, 0x2592: 0.5, 0x2593: 0.75}[n]
        return f'<rect x="{x:g}" y="{y:g}" width="{CELL_W}" height="{CELL_H}" fill="{ink}" opacity="{share}"/>'
    return None


# Arms of the light box-drawing characters: left, right, up, down.
ARMS = {"─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru", "┼": "lrud",
        "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu", "━": "lr", "┃": "ud", "═": "lr", "║": "ud"}
# Braille: bit to column and row of the cell's dots.
DOTS = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]


def shape(c, x, y, ink):
    """The character drawn, or None when it is one for the font."""
    n = ord(c[0])
    if len(c) > 1:
        return None
    if 0x2580 <= n <= 0x2595:
        return block(n, x, y, ink)
    if 0x2801 <= n <= 0x28FF:
        return "".join(f'<circle cx="{x + 2.2 + 3.6 * cx:g}" cy="{y + 2.6 + 4 * cy:g}" r="1.3" fill="{ink}"/>'
                       for bit, (cx, cy) in enumerate(DOTS) if (n - 0x2800) >> bit & 1)
    if c in ARMS:
        mid_x, mid_y, thick = x + CELL_W / 2, y + CELL_H / 2, 2 if c in "━┃" else 1
        ends = {"l": (x, mid_y), "r": (x + CELL_W, mid_y), "u": (mid_x, y), "d": (mid_x, y + CELL_H)}
        path = "".join(f"M{mid_x:g} {mid_y:g}L{ends[a][0]:g} {ends[a][1]:g}" for a in ARMS[c])
        return f'<path d="{path}" stroke="{ink}" stroke-width="{thick}"/>'
    return None


def runs(row):
    """Neighbours of one look that the font draws, together: [(column, text, columns, look)]."""
    joined = []
    for column, c, w, look in row:
        last = joined[-1] if joined else None
        # A wide or a combined character stands alone: its glyph's width is not the font's to choose.
        if last and last[3] == look and last[0] + last[2] == column and w == 1 and len(c) == 1 and last[4]:
            joined[-1] = (last[0], last[1] + c, last[2] + 1, look, True)
        else:
            joined.append((column, c, w, look, w == 1 and len(c) == 1))
    return joined


def text(column, y, what, columns, look):
    ink, _, (bold, dim, italic, underline) = look
    kept = what.rstrip(" ")
    lead = len(kept) - len(kept.lstrip(" "))
    kept = kept[lead:]
    if not kept:
        return ""
    columns -= len(what) - len(kept)
    more = (' font-weight="bold"' if bold else "") + (' font-style="italic"' if italic else "")
    more += (' text-decoration="underline"' if underline else "") + (' opacity="0.6"' if dim else "")
    fit = f' textLength="{columns * CELL_W}" lengthAdjust="spacingAndGlyphs"' if columns > 0 else ""
    return f'<text x="{PAD + (column + lead) * CELL_W}" y="{y + 12.6:g}" fill="{ink}"{more}{fit}>{escape(kept)}</text>'


def draw(title, columns, lines):
    wide, high = 2 * PAD + columns * CELL_W, BAR + PAD + len(lines) * CELL_H
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img">',
           f"<title>{escape(title)}</title>",
           f'<rect width="{wide}" height="{high}" rx="8" fill="{GROUND}"/>']
    out += [f'<circle cx="{18 + 16 * i}" cy="14" r="5" fill="#3a3f4b"/>' for i in range(3)]
    out.append('<g font-family="DejaVu Sans Mono,Menlo,Consolas,Liberation Mono,monospace" '
               f'font-size="{FONT}" xml:space="preserve">')
    style = Style()
    for nr, line in enumerate(lines):
        y = BAR + nr * CELL_H
        row = cells(line, style)
        grounds = runs([(c, "x" * w, 1, (None, look[1], None)) for c0, _, w, look in row for c in range(c0, c0 + w)])
        merged = []
        for column, _, w, look, _ in grounds:
            if merged and merged[-1][0] + merged[-1][1] == column and merged[-1][2] == look[1]:
                merged[-1][1] += w
            else:
                merged.append([column, w, look[1]])
        out += [rect(PAD + c * CELL_W, y, w * CELL_W, CELL_H, ground) for c, w, ground in merged if ground]
        glyphs = []
        for column, c, w, look in row:
            drawn = shape(c, PAD + column * CELL_W, y, look[0])
            if drawn is None:
                glyphs.append((column, c, w, look))
            else:
                out.append(drawn)
        out += [t for t in (text(c, y, s, w, look) for c, s, w, look, _ in runs(glyphs)) if t]
    out.append("</g></svg>")
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: picture.py TITLE COLUMNS ROWS <CAPTURE >FILE.svg")
    columns, rows = int(sys.argv[2]), int(sys.argv[3])
    lines = sys.stdin.buffer.read().decode("utf-8").split("\n")[:rows]
    lines += [""] * (rows - len(lines))
    sys.stdout.write(draw(sys.argv[1], columns, lines))


if __name__ == "__main__":
    main()

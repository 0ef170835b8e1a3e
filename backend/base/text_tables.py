#!/usr/bin/env python3
"""Writes text_tables.h: which characters are drawn, and how many columns they take.

    python3 backend/base/text_tables.py > backend/base/text_tables.h

The Unicode version is that of the Python it runs on.  Three classes go into the
table; what is in none of them is drawn, one column wide:

  CODE  never drawn: shown as <U+XXXX>
  MARK  no column of its own: joins the character before it
  WIDE  two columns
"""
import sys
import unicodedata

# Drawn by nobody, though Unicode calls them letters, marks or symbols.
BLANK = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159}
SELECTORS = [(0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)]
# One column or two, alone or in pairs: terminals do not agree, and a table of ours
# cannot line up with all of them.  Flags' letters and skin tones; numbers on black
# squares; and the monograms, trigrams, hexagrams and counting rods that Unicode 16
# made wide.
DISAGREED = [
    (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF), (0x3248, 0x324F),
    (0x2630, 0x2637), (0x268A, 0x268F), (0x4DC0, 0x4DFF), (0x1D300, 0x1D356), (0x1D360, 0x1D376),
]
# Korean vowels and final consonants that join the syllable before them.
JOINING_JAMO = [(0x1161, 0x11FF), (0xD7B0, 0xD7FF)]


def within(cp, ranges):
    return any(first <= cp <= last for first, last in ranges)


def class_of(cp):
    category = unicodedata.category(chr(cp))
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return "CODE"
    if category == "Zs" and cp != 0x20:
        return "CODE"
    if cp in BLANK or within(cp, SELECTORS) or within(cp, DISAGREED):
        return "CODE"
    if category in ("Mn", "Me") or within(cp, JOINING_JAMO):
        return "MARK"
    if unicodedata.east_asian_width(chr(cp)) in ("W", "F"):
        return "WIDE"
    return None


def ranges():
    start = kind = None
    for cp in range(0x110000 + 1):
        now = class_of(cp) if cp < 0x110000 else None
        if now != kind:
            if kind:
                yield start, cp - 1, kind
            start, kind = cp, now


def main():
    out = sys.stdout
    out.write("/* Made by: python3 backend/base/text_tables.py > backend/base/text_tables.h\n")
    out.write(f" * Unicode {unicodedata.unidata_version}.  Not to be edited.  Included by text.c alone. */\n")
    out.write("#ifndef CT_TEXT_TABLES_H\n#define CT_TEXT_TABLES_H\n\n#include <stdint.h>\n\n")
    out.write(f'#define TEXT_UNICODE_VERSION "{unicodedata.unidata_version}"\n\n')
    out.write("/* clang-format off */\n\n")
    out.write("enum text_class { PLAIN, CODE, MARK, WIDE };\n\n")
    out.write("struct text_range {\n    uint32_t first, last;\n    enum text_class class;\n};\n\n")
    out.write("/* Sorted, without overlap. */\n")
    out.write("static const struct text_range text_ranges[] = {\n")
    line = ""
    for first, last, kind in ranges():
        item = f"{{0x{first:04X}, 0x{last:04X}, {kind}}},"
        if len(line) + len(item) + 5 > 120:
            out.write(f"    {line}\n")
            line = ""
        line += (" " if line else "") + item
    out.write(f"    {line}\n}};\n\n#endif\n")


main()

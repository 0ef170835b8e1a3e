#!/usr/bin/env python3
"""The server-side filter is worth its name: the same events, read whole and read through the
filter, give the same counts of everything but OTHER; for text and JSON, and for patterns
picked at random, a set for each environment.  What cannot be said in a filter is read whole."""

import random
import time

import lambda_lines
from e2e import Follow, Report, post, write_conf

LISTS = ("fetch", "hit", "fallback", "fetch_error", "db_error")
# Words of the noise below: whole lines, beginnings, ends, middles, quotes, escapes, other alphabets.
BODIES = ["Loading secret", "loaded secret /prod/db in 12 ms", 'say "please" twice', "back\\slash and tab\tend",
          "schlüssel geladen", "ключ загружен 42", "falling (back)", "a.b.c: error [E42] {x}", "28P01", "x", "- - -",
          "cache HIT for key=db", "cache MISS for key=db", "two\nlines of it", "50% done?", "über/alles \"é\" \\n"]
SAYABLE = ("Loading secret", "*secret*", "cache HIT*", "*MISS for key=db", "falling (back)", "*E42*")
UNSAYABLE = ("*", "é", "*\"*", "*\\*", "ключ*")
NGROUPS, NSETS = 3, 14


def glob_of(rng, body):
    """A pattern that fits the body: parts of it replaced by stars."""
    body = body.split("\n")[0]
    a, b = sorted(rng.randrange(len(body) + 1) for _ in range(2))
    return rng.choice((body, body[:b] + "*", "*" + body[a:], "*" + body[a:b] + "*", body[:a] + "*" + body[b:])).strip()


def pattern_set(rng):
    """Lines of an environment; some lists its own, the others the common ones."""
    lines = []
    for name in LISTS:
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            glob = glob_of(rng, rng.choice(BODIES)) if rng.random() < .8 else rng.choice(SAYABLE)
            if "\t" not in glob and glob:
                lines.append(f"{name} = {glob}")
    return lines


def containers(rng, form, n):
    began = int(time.time() * 1000) - 40 * 60000
    made = [lambda_lines.Container(rng, form, fallback=k == 2, init=k == 1) for k in range(n)]
    for k, c in enumerate(made):
        for i in range(25):
            t = began + k * 500 + i * 60000
            c.invoke(t)
            body = rng.choice(BODIES)
            c.add(t + 7, c.form.said(t + 7, rng.choice((None, c.lines[-2][1][20:56])) if form != "java" else None,
                                     rng.choice(("INFO", "ERROR")), body))
    return made


def main():
    report = Report()
    rng = random.Random(3)
    forms = ("text", "json", "python-json")
    for form in forms:
        for c in containers(rng, form, NGROUPS):
            post(f"/filter/{form}", c.stream, [line[:2] for line in c.lines])
    sets = [[]] + [pattern_set(rng) for _ in range(NSETS)]
    sets += [[f"{rng.choice(LISTS)} = {glob}"] for glob in UNSAYABLE]
    environments = {f"{form}-{i}": [f"log_group = /filter/{form}", *lines] for form in forms for i, lines in enumerate(sets)}
    found = {setting: Follow(write_conf("filter-" + setting, environments, server_filter=setting, log_threads=8,
                                        call_deadline="60s")).result() for setting in ("no", "yes")}
    filtered = 0
    for name, lines in environments.items():
        whole, through = found["no"][name], found["yes"][name]
        fault = lambda_lines.wrong({k: v for k, v in through["total"].items() if k != "other"},
                                   {k: v for k, v in whole["total"].items() if k != "other"})
        report.check(f"{name}: {len(lines) - 1} patterns: the same through the filter", not fault, f"{fault}: {lines}")
        rows = [sorted(found_in["containers"], key=lambda r: r["stream"]) for found_in in (whole, through)]
        report.check(f"{name}: in each container", rows[0] == rows[1], f"{rows[0][:1]} {rows[1][:1]}")
        filtered += through["filtered"]
        if int(name.rsplit("-", 1)[1]) > NSETS:
            report.check(f"{name}: {lines[1]} cannot be said: read whole", not through["filtered"], "it is filtered")
        if name.endswith("-0"):
            report.check(f"{name}: the filter keeps lines away", through["filtered"] and
                         through["lines"] < whole["lines"] * 4 / 5, f"{through['lines']} of {whole['lines']}")
    report.check("many sets are filtered", filtered > len(environments) * 2 / 5, filtered)
    kinds = {k for e in found["yes"].values() for k, v in e["total"].items() if v}
    report.check("every kind was there", kinds >= set(lambda_lines.KINDS), kinds)
    report.finish()


main()

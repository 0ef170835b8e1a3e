#!/usr/bin/env python3
"""Text and JSON log formats, of Node.js, Python and Java: the same counts as the truth,
in total and in each container, alone and mixed in one group."""

import random
import time

import lambda_lines
from e2e import Follow, Report, post, write_conf


def containers(rng, form):
    began = int(time.time() * 1000) - 50 * 60000
    made = []
    for k in range(5):
        # Java's program logs nothing before its first request.
        c = lambda_lines.Container(rng, form, fallback=k == 3, init=k == 1 and form != "java")
        for i in range(20):
            c.invoke(began + k * 1000 + i * (60000 + 10000 * k))
        made.append(c)
    return made


def main():
    report = Report()
    rng = random.Random(11)
    groups = {form: containers(rng, form) for form in lambda_lines.FORMATS}
    groups["mixed"] = [c for form in lambda_lines.FORMATS for c in containers(rng, form)]
    for name, made in groups.items():
        for c in made:
            post(f"/formats/{name}", c.stream, [line[:2] for line in c.lines])
    for setting in ("no", "yes"):
        conf = write_conf("formats", {name: [f"log_group = /formats/{name}"] for name in groups}, server_filter=setting)
        found = Follow(conf).result()
        for name, made in groups.items():
            title = f"{name}, server_filter = {setting}"
            fault = lambda_lines.wrong(found[name]["total"], lambda_lines.total(made))
            report.check(f"{title}: counts equal the truth", not fault, fault)
            fault = lambda_lines.wrong_containers(found[name]["containers"], made)
            report.check(f"{title}: in each container", not fault, fault)
            report.equal(f"{title}: filtered", found[name]["filtered"], setting == "yes")
    report.finish()


main()

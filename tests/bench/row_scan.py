"""scan: log pages on one core; see scan.c."""
import json
import os
import subprocess

from measure import Figure
from world import BUILD

MIXES = {"text": "text lines", "traces": "multi-line", "json": "JSON lines", "foreign": "non-ASCII"}


def row(table):
    out = subprocess.run([os.path.join(BUILD, "bench-scan"), "7"], capture_output=True, text=True, check=True).stdout
    lines = [json.loads(line) for line in out.splitlines()]
    simdjson = next((line["peer"] for line in lines if "peer" in line), "simdjson on-demand")
    figures = {(line["mix"], line["reader"]): Figure(line["mb_per_s"]) for line in lines if "mix" in line}
    for mix, name in MIXES.items():
        ours = figures[mix, "log_page_scan"]
        table.add("scan", f"scan, {name}", "MB/s", ours, simdjson, figures.get((mix, "simdjson")), ">= 1.0x",
                  lambda _, ratio: ratio >= 1.0, more=True)
        table.add("scan", f"scan, {name}", "MB/s", ours, "jansson", figures[mix, "jansson"], ">= 40x",
                  lambda _, ratio: ratio >= 40, more=True)
        table.add("scan", f"scan + classify, {name}", "MB/s", figures[mix, "scan+classify"], goal=">= 1,000",
                  reached=lambda value, _: value >= 1000)
        table.add("scan", f"... + containers, {name}", "MB/s", figures[mix, "scan+classify+containers"],
                  note="1 MB pages, thread CPU time; every reader must find the same events, fields and lengths")

"""The table: one line a figure, credtop's and the peer's beside it."""


def short(value):
    if value is None:
        return "-"
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def spread(figure):
    text = short(figure.median)
    return text if len(figure.values) == 1 else f"{text} ({short(figure.least)}..{short(figure.most)})"


class Table:
    """Rows in order; `more` says whether more is better, for the ratio."""

    def __init__(self):
        self.rows = []

    def add(self, row, what, unit, ours, peer=None, peer_figure=None, goal=None, reached=None, more=False, note=""):
        ratio = None
        if peer_figure is not None and ours is not None and min(ours.median, peer_figure.median) > 0:
            ratio = ours.median / peer_figure.median if more else peer_figure.median / ours.median
        verdict = None
        if reached and ours is not None and (ratio is not None or "x" not in goal):   # a ratio needs its peer
            verdict = reached(ours.median, ratio)
        self.rows.append({"row": row, "what": what, "unit": unit, "credtop": ours, "peer": peer,
                          "peer_figure": peer_figure, "ratio": ratio, "goal": goal, "reached": verdict, "note": note})

    def json(self):
        def plain(value):
            return value.json() if hasattr(value, "json") else value
        return [{k: plain(v) for k, v in row.items()} for row in self.rows]

    def text(self):
        lines = [("row", "what", "credtop", "peer", "its figure", "ratio", "goal", "")]
        for r in self.rows:
            peer = "" if r["peer"] is None else r["peer"]
            figure = "" if r["peer"] is None else "not installed"
            if r["peer_figure"] is not None:
                figure = spread(r["peer_figure"])
            ratio = "" if r["ratio"] is None else short(r["ratio"]) + "x"
            verdict = {True: "reached", False: "MISSED", None: ""}[r["reached"]]
            what = f"{r['what']}, {r['unit']}" if r["unit"] else r["what"]
            ours = "-" if r["credtop"] is None else spread(r["credtop"])
            lines.append((r["row"], what, ours, peer, figure, ratio, r["goal"] or "", verdict))
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        out = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in lines]
        out.insert(1, "-" * max(len(line) for line in out))
        notes = list(dict.fromkeys(f"{r['row']}: {r['note']}" for r in self.rows if r["note"]))
        return "\n".join(out + ([""] + notes if notes else [])) + "\n"

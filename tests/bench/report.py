# SPDX-License-Identifier: GPL-2.0-only
"""Tables, sums and files of what was measured.

A record is a dictionary: protocol, operation, outstanding, what, system, unit, and samples, the
cost of one operation in each round. Less is better.
"""

import csv
import math
import statistics

SYSTEMS = ("ditto", "sunrpc", "offload", "knfsd", "ksmbd", "ganesha", "samba", "floor", "fs")
# Of them what no server is: what each operation takes without one.
BARE = ("floor", "fs")
HEAD = ("tier", "protocol", "operation", "outstanding", "what", "system", "unit", "median", "least",
        "spread", "over_ditto")


def spread(samples):
    """How far the samples are from each other, as a part of their median."""
    middle = statistics.median(samples)
    return (max(samples) - min(samples)) / middle if middle else 0.0


def middle(record):
    """The median of a record."""
    return statistics.median(record["samples"])


def groups(records):
    """Medians as {(protocol, what, unit): {(operation, outstanding): {system: median}}}."""
    found = {}
    for r in records:
        rows = found.setdefault((r["protocol"], r["what"], r["unit"]), {})
        rows.setdefault((r["operation"], r["outstanding"]), {})[r["system"]] = \
            statistics.median(r["samples"])
    return found


def systems_of(rows):
    """The systems of a group, in the order of the columns."""
    present = {name for row in rows.values() for name in row}
    return [name for name in SYSTEMS if name in present]


def geometric_mean(values):
    """Of positive numbers; None without any."""
    values = [v for v in values if v > 0]
    return math.exp(statistics.mean(map(math.log, values))) if values else None


def ratios(rows, peer):
    """Ditto over a peer, by row, where both were measured."""
    return {key: row["ditto"] / row[peer] for key, row in rows.items()
            if row.get("ditto") and row.get(peer)}


def table(key, rows):
    """One group as lines of Markdown."""
    protocol, what, unit = key
    systems = systems_of(rows)
    peers = [s for s in systems if s not in ("ditto", *BARE)] if "ditto" in systems else []
    columns = [f"{s}" for s in systems] + [f"ditto / {p}" for p in peers]
    yield f"### {protocol}, {what}: {unit} of one operation"
    yield ""
    yield "| operation | outstanding | " + " | ".join(columns) + " |"
    yield "|---|--:|" + "--:|" * len(columns)
    by_peer = {p: ratios(rows, p) for p in peers}
    for (operation, outstanding), row in rows.items():
        cells = [number(row[s]) if s in row else "-" for s in systems]
        cells += [f"{by_peer[p][operation, outstanding]:.2f}"
                  if (operation, outstanding) in by_peer[p] else "-" for p in peers]
        yield f"| {operation} | {outstanding} | " + " | ".join(cells) + " |"
    for peer, values in by_peer.items():
        mean = geometric_mean(values.values())
        if mean:
            yield ""
            yield f"Geometric mean of ditto / {peer}: {mean:.3f}"
    yield ""


def number(value):
    """A figure with as many digits as it is worth."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.2f}"


def tables(records):
    """All groups as lines of Markdown."""
    for key, rows in groups(records).items():
        yield from table(key, rows)


def summary(tiers):
    """The ratios of all tiers, {tier: records}, as lines of Markdown."""
    yield "| tier | protocol | cost | peer | rows | ditto / peer | worst row |"
    yield "|---|---|---|---|--:|--:|---|"
    for tier, records in tiers.items():
        for (protocol, what, unit), rows in groups(records).items():
            for peer in systems_of(rows):
                values = ratios(rows, peer)
                if peer in ("ditto", *BARE) or not values:
                    continue
                (operation, outstanding), worst = max(values.items(), key=lambda item: item[1])
                yield (f"| {tier} | {protocol} | {what}, {unit} | {peer} | {len(values)} | "
                       f"{geometric_mean(values.values()):.3f} | "
                       f"{operation} ({outstanding}) {worst:.2f} |")


def flatness(records):
    """What a call costs at the last step of the scale over the first, as lines of Markdown.

    The names of such operations are "CALL of N THINGS".
    """
    found = {}
    for r in records:
        call, of, step = r["operation"].partition(" of ")
        if of and r["unit"] == "instructions":
            found.setdefault((f"{call}, {step.split()[-1]}", r["system"]), []).append(r)
    if not found:
        return
    yield "| call | system | first | last | last / first |"
    yield "|---|---|--:|--:|--:|"
    for (call, system), steps in found.items():
        ends = [steps[i]["operation"].partition(" of ")[2].split()[0] for i in (0, -1)]
        yield (f"| {call} | {system} | {ends[0]} | {ends[1]} | "
               f"{middle(steps[-1]) / middle(steps[0]):.3f} |")
    yield ""


def largest_spread(records):
    """The median and the largest spread of the rows."""
    values = [spread(r["samples"]) for r in records]
    return (statistics.median(values), max(values)) if values else (0.0, 0.0)


def write_csv(path, tiers):
    """All medians of all tiers, {tier: records}, one line each."""
    with open(path, "w", encoding="ascii", newline="") as f:
        out = csv.writer(f)
        out.writerow(HEAD)
        found = {tier: groups(records) for tier, records in tiers.items()}
        for tier, r in ((tier, r) for tier, records in tiers.items() for r in records):
            rows = found[tier][r["protocol"], r["what"], r["unit"]]
            mine = rows[r["operation"], r["outstanding"]].get("ditto")
            middle = statistics.median(r["samples"])
            out.writerow([tier, *(r[name] for name in HEAD[1:7]), f"{middle:.3f}",
                          f"{min(r['samples']):.3f}", f"{spread(r['samples']):.4f}",
                          f"{middle / mine:.4f}" if mine else ""])

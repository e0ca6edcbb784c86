# SPDX-License-Identifier: GPL-2.0-only
"""Charts of what was measured, if python3-matplotlib is installed."""

import os

import report

try:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
except ImportError:
    pyplot = None


def chart(path, title, rows):
    """Bars: one group for each operation, relative to the first peer."""
    systems = report.systems_of(rows)
    peers = [s for s in systems if s not in ("ditto", *report.BARE)]
    rows = {key: row for key, row in rows.items() if peers and row.get(peers[0])}
    if not rows:
        return
    width = 0.8 / len(systems)
    figure, axes = pyplot.subplots(figsize=(max(6, 0.6 * len(rows)), 4))
    for i, system in enumerate(systems):
        axes.bar([at + i * width for at in range(len(rows))],
                 [row.get(system, 0) / row[peers[0]] for row in rows.values()],
                 width, label=system)
    axes.axhline(1, color="black", linewidth=0.5)
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(rows))],
                    [f"{operation} ({n})" for operation, n in rows], rotation=60, ha="right")
    axes.set_ylabel(f"over {peers[0]}")
    axes.set_title(title)
    axes.legend()
    figure.savefig(path, bbox_inches="tight")
    pyplot.close(figure)


def draw(folder, tiers):
    """One chart for each table of all tiers, {tier: records}."""
    if not pyplot:
        return
    os.makedirs(folder, exist_ok=True)
    for tier, records in tiers.items():
        for (protocol, what, unit), rows in report.groups(records).items():
            chart(f"{folder}/{tier}-{protocol}-{what}.png", f"{protocol}, {what}: {unit}", rows)

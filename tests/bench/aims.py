#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What each operation is to cost beside a peer, and whether it does: aims.py LOAD.JSON...

Figures are instructions. No server is much below the floor and what the file system takes by
itself, so where an aim is below 1.15 times both, that is the aim ("floor").
"""

import json
import sys

sys.dont_write_bytecode = True

import report  # noqa: E402  # pylint: disable=wrong-import-position

ROOM = 1.15
NFS3_SHORT = ("GETATTR", "LOOKUP", "ACCESS")
NFS3_SMALL = (*NFS3_SHORT, "READ 4 KiB", "WRITE 4 KiB")
NFS3_NAMES = ("CREATE", "REMOVE", "RENAME", "READDIRPLUS 1000")
NFS4 = ("OPEN+CLOSE", "CREATE", "LOCK+LOCKU", "GETATTR")
SMB = ("QUERY_INFO", "OPEN+CLOSE", "STAT", "CREATE", "RENAME", "REMOVE", "LOCK+UNLOCK", "LIST 1000")
LARGE = ("READ 1 MiB", "WRITE 1 MiB")
# Of a listing the figure of the file system is no lower bound.
UNBOUNDED = ("READDIRPLUS 1000", "LIST 1000")
# Protocol, operations, cost, peer, and the ratio with 1 and with 8 outstanding.
AIMS = (
    ("nfs3", NFS3_SMALL, "all", "knfsd", {1: 0.85, 8: 0.65}),
    ("nfs3", NFS3_NAMES, "all", "knfsd", {1: 0.85, 8: 0.75}),
    ("nfs3", LARGE, "all", "knfsd", {1: 0.85, 8: 0.85}),
    ("nfs3", (*NFS3_SMALL, *NFS3_NAMES), "own", "knfsd", {1: 0.7, 8: 0.5}),
    ("nfs4.1", NFS4, "all", "knfsd", {1: 0.85, 8: 0.75}),
    ("nfs4.1", LARGE, "all", "knfsd", {1: 0.85, 8: 0.85}),
    ("nfs4.1", (*NFS4, "REMOVE"), "own", "knfsd", {1: 0.7, 8: 0.5}),
    ("smb3.1.1", SMB, "all", "ksmbd", {1: 0.3, 8: 0.3}),
    ("smb3.1.1", LARGE, "all", "ksmbd", {1: 0.85, 8: 0.85}),
    ("nfs3", (*NFS3_SHORT, *NFS3_NAMES), "all", "ganesha", {1: 0.33, 8: 0.33}),
    ("nfs4.1", (*NFS4, "REMOVE"), "all", "ganesha", {1: 0.33, 8: 0.33}),
    ("smb3.1.1", SMB, "all", "samba", {1: 0.33, 8: 0.33}),
)


def verdict(row, operation, ratio, peer):
    """(floor and file system, with room for the server; met, floor or missed)."""
    bare = ROOM * (row.get("floor", 0) + row.get("fs", 0))
    if row["ditto"] <= ratio * row[peer]:
        return bare, "met"
    bounded = operation not in UNBOUNDED and row["ditto"] <= bare
    return bare, "floor" if bounded else "missed"


def cells_of(records):
    """{protocol: {operation: {(cost, peer, outstanding): (cost of Ditto, cell)}}}."""
    found = report.groups(records)
    cells = {}
    for protocol, operations, what, peer, ratios in AIMS:
        rows = found.get((protocol, what, "instructions"), {})
        for operation in operations:
            for outstanding, ratio in ratios.items():
                row = rows.get((operation, outstanding), {})
                if not row.get("ditto") or not row.get(peer):
                    continue
                word = verdict(row, operation, ratio, peer)[1]
                cell = f"{row['ditto'] / row[peer]:.2f} ({ratio})" + f" {word}" * (word != "met")
                cells.setdefault(protocol, {}).setdefault(operation, {})[
                    (what, peer, outstanding)] = row["ditto"], cell
    return cells


def lines(records):
    """A table for each protocol: ratios with their aims, and what misses one."""
    for protocol, operations in cells_of(records).items():
        columns = list(dict.fromkeys(key for row in operations.values() for key in row))
        counts = sorted({key[2] for key in columns})
        yield f"| {protocol} | " + " | ".join(
            [f"ditto, {n}" for n in counts] +
            [f"{'own of ' * (what == 'own')}{peer}, {n}" for what, peer, n in columns]) + " |"
        yield "|---|" + "--:|" * (len(counts) + len(columns))
        for operation, row in operations.items():
            costs = {key[2]: cost for key, (cost, _) in row.items() if key[0] == "all"}
            yield f"| {operation} | " + " | ".join(
                [f"{costs[n]:,.0f}" if n in costs else "" for n in counts] +
                [row[key][1] if key in row else "" for key in columns]) + " |"
        yield ""


def main():
    """Print the table of all files."""
    if not sys.argv[1:]:
        sys.exit("usage: aims.py LOAD.JSON...")
    records = []
    for path in sys.argv[1:]:
        with open(path, encoding="ascii") as f:
            records += json.load(f)
    print("\n".join(lines(records)))


if __name__ == "__main__":
    main()

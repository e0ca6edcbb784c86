# SPDX-License-Identifier: GPL-2.0-only
"""Servers beside each other: rounds in turns, medians, a table of ratios."""

import argparse
import math
import os
import statistics
import subprocess
import sys

import guest

# Rows below this are reported at the end: the noise of a quiet machine is smaller.
SLOW = 0.95


def measure(servers, table, rounds, scale):
    """Medians of interleaved rounds: one list of numbers for each row."""
    times = [[[] for _ in servers] for _ in table]
    for number in range(-1, rounds):
        order = list(enumerate(servers))
        # Not in the first one: the floor answers as the servers before it did.
        if number % 2 == 0:
            order.reverse()
        for row, taken in zip(table, times):
            for i, server in order:
                if server.kind == "floor" and not hasattr(row, "reply"):
                    continue
                took = row.measure(server, scale)
                # The first round only warms up.
                if number >= 0:
                    taken[i].append(took)
        print(f"# round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return [[statistics.median(t) if t else None for t in taken] for taken in times]


def say_round(title, titles, number, rounds):
    """Tell that a round is over; tests/bench/suite reads "[done/all]". The warming one is -1."""
    done = titles.index(title) * (rounds + 1) + number + 2
    print(f"# {title}: round {number + 1} of {rounds} [{done}/{len(titles) * (rounds + 1)}]",
          file=sys.stderr, flush=True)


def show(servers, table, medians):
    """Print the table and its conclusions; returns the rows that are too slow."""
    a, b, *more = servers
    print(f"{'operation':<18}{'out':>4}{a.label + ' us':>12}{b.label + ' us':>12}{'ratio':>8}" +
          "".join(f"{s.label + ' us':>12}" for s in more))
    ratios, slow = [], []
    for row, (mine, other, *floor) in zip(table, medians):
        ratios.append(mine / other)
        print(f"{row.label:<18}{row.outstanding:>4}{mine:>12.2f}{other:>12.2f}" +
              f"{mine / other:>8.2f}" + "".join(f"{f:>12.2f}" for f in floor if f))
        if mine / other < SLOW:
            slow.append(f"{row.label}/{row.outstanding} {mine / other:.2f}")
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"geometric mean of the ratios: {mean:.3f}")
    print(f"below {SLOW}: " + (", ".join(slow) or "none"))
    return slow


def options(description):
    """The options that all comparisons share; the caller may add to them."""
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="4 rounds of a fifth of the calls")
    parser.add_argument("--only", help="only rows whose name contains this")
    parser.add_argument("--noise", action="store_true",
                        help="knfsd beside itself, to see what the numbers are worth")
    return parser


def listed(known):
    """A type of options: some of the known names, with commas."""
    def names_of(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return names
    return names_of


# How file systems that are on a disk are made.
MAKE = {
    "ext4": ("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q"),
}


def mount_disk(kind):
    """Mount a file system whose disk is a file in memory: its requests take no time."""
    os.makedirs("/disk", exist_ok=True)
    for command in (("mount", "-t", "tmpfs", "-o", "size=3G", "disk", "/disk"),
                    ("truncate", "-s", "2G", "/disk/disk"), (*MAKE[kind], "/disk/disk"),
                    ("mount", "-o", "loop", "/disk/disk", "/bench")):
        subprocess.run(command, check=True)


def prepare(kind="tmpfs"):
    """A file system for all servers, and the load generator."""
    os.makedirs("/bench", exist_ok=True)
    if kind in MAKE:
        mount_disk(kind)
    else:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2G", "bench", "/bench"], check=True)
    subprocess.run(["modprobe", "ditto_load"], check=True)
    still()


def still():
    """Stop khugepaged: to make a huge page it copies 2 MiB, which some row would pay."""
    pause = "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs"
    if os.path.exists(pause):
        with open(pause, "w", encoding="ascii") as f:
            f.write(str(2**32 - 1))


def floors(chosen):
    """The loop that answers with nothing, for a third column; it is ready."""
    if chosen.noise:
        return []
    floor = guest.Floor()
    floor.start()
    return [floor]


def run(servers, table, chosen):
    """Measure and print as the options say."""
    rounds, scale = (4, 0.2) if chosen.quick else (chosen.rounds, 1)
    show(servers, table, measure(servers, table, rounds, scale))

# SPDX-License-Identifier: GPL-2.0-only
"""Allocations per operation that a server's threads make, by the kmem tracepoints.

The allocations of NULL are subtracted, because they are the transport's on every server.
"""

import collections
import os
import re

TRACING = "/sys/kernel/tracing"
EVENTS = ("kmalloc", "kmem_cache_alloc", "mm_page_alloc")
CALLS = 2000
OPERATIONS = (
    ("NULL", "null", "root", {}),
    ("GETATTR", "getattr", "file", {}),
    ("LOOKUP", "lookup", "root", {"name": "file"}),
    ("READ 4 KiB", "read", "file", {"size": 4096, "span": 16 << 20}),
)
# "comm-pid [cpu] flags time: event: ..."; the flags tell interrupts by h, H and s.
LINE = re.compile(rf": ({'|'.join(EVENTS)}): (.*)")
SITE = re.compile(r"call_site=([^ +]+)")


def put(name, text):
    """Write a file of tracefs."""
    with open(os.path.join(TRACING, name), "w", encoding="ascii") as f:
        f.write(text)


def get(name):
    """Read a file of tracefs."""
    with open(os.path.join(TRACING, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def lost():
    """Number of events that the buffer had no room for."""
    return sum(int(n) for n in re.findall(r"^(?:overrun|dropped events): (\d+)",
                                          get("per_cpu/cpu0/stats"), re.M))


def count(server, op, handle, more):
    """Allocations by (event, call site) that CALLS operations of a server cause."""
    # Allocations that are made once are made here.
    server.load(op, handle, CALLS, 1, **more)
    put("trace", "")
    put("tracing_on", "1")
    server.load(op, handle, CALLS, 1, **more)
    put("tracing_on", "0")
    if lost():
        raise RuntimeError("the trace buffer is too small")
    found = collections.Counter()
    for event, rest in LINE.findall(get("trace")):
        site = SITE.search(rest)
        found[event, site.group(1) if site else "-"] += 1
    return found


def report(servers):
    """Print a table of allocations per operation and their call sites."""
    put("tracing_on", "0")
    put("buffer_size_kb", "32768")
    print(f"{'operation':<12}{'server':<8}" + "".join(f"{e:>18}" for e in EVENTS))
    sites = []
    for server in servers:
        pids = " || ".join(f"common_pid == {pid}" for pid in server.threads)
        for event in EVENTS:
            put(f"events/kmem/{event}/filter", pids)
            put(f"events/kmem/{event}/enable", "1")
        base = collections.Counter()
        for label, op, handle, more in OPERATIONS:
            found = count(server, op, handle, more)
            if op == "null":
                base = found
                per = {e: sum(n for (x, _), n in found.items() if x == e) for e in EVENTS}
                label = "(NULL)"
            else:
                found.subtract(base)
                per = {e: sum(n for (x, _), n in found.items() if x == e) for e in EVENTS}
                sites += [(label, server.label, event, site, n / CALLS)
                          for (event, site), n in found.items() if abs(n) > CALLS / 100]
            print(f"{label:<12}{server.label:<8}" +
                  "".join(f"{per[e] / CALLS:>18.3f}" for e in EVENTS))
        for event in EVENTS:
            put(f"events/kmem/{event}/enable", "0")
    for label, name, event, site, per_op in sites:
        print(f"# {label} {name}: {per_op:.2f} {event} in {site}")

# SPDX-License-Identifier: GPL-2.0-only
"""Allocations of the kernel that fail, chosen by a function on the stack."""
import contextlib
import os

FAILSLAB = "/sys/kernel/debug/failslab"
EVERYWHERE = (0, 2 ** 64 - 1)
NOWHERE = (0, 0)


def function(name):
    """The address of a function of the kernel or a module, and that of the next function."""
    with open("/proc/kallsyms", encoding="ascii") as f:
        found = sorted((int(w[0], 16), w[2]) for w in (line.split() for line in f)
                       if w[1] in "tT")
    for (first, symbol), (end, _) in zip(found, found[1:]):
        if symbol == name:
            return first, end
    raise AssertionError(f"this kernel has no {name}")


def module(name):
    """The address range of a module's code."""
    with open("/proc/kallsyms", encoding="ascii") as f:
        words = (line.split() for line in f if line.endswith(f"[{name}]\n"))
        addresses = [int(w[0], 16) for w in words if w[1] in "tT"]
    return min(addresses), max(addresses) + 0x1000


def put(**values):
    """Settings of the failing allocator."""
    for name, value in values.items():
        with open(f"{FAILSLAB}/{name.replace('_', '-')}", "w", encoding="ascii") as f:
            f.write(f"{value}\n")


def left():
    """How many more allocations fail."""
    with open(f"{FAILSLAB}/times", encoding="ascii") as f:
        return int(f.read())


def mark(tasks, marked):
    """Mark the tasks that are the only ones whose allocations may fail."""
    for pid in tasks:
        with open(f"/proc/{pid}/make-it-fail", "w", encoding="ascii") as f:
            f.write(f"{int(marked)}\n")


def threads(name):
    """The tasks with a name."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="ascii") as f:
            if f.read().rstrip() == name:
                found.append(pid)
    return found


@contextlib.contextmanager
def failing(below, percent=100, times=-1, except_below=NOWHERE, tasks=()):
    """Let allocations below code fail: a share of them, so many, of some tasks or in any context.

    Only the innermost functions of the stack are found.
    """
    mark(tasks, True)
    put(ignore_gfp_wait="N", task_filter="Y" if tasks else "N", verbose=0, interval=1, times=times,
        require_start=hex(below[0]), require_end=hex(below[1]),
        reject_start=hex(except_below[0]), reject_end=hex(except_below[1]),
        probability=percent)
    try:
        yield
    finally:
        put(probability=0, times=-1, require_start=hex(EVERYWHERE[0]),
            require_end=hex(EVERYWHERE[1]), reject_start=hex(NOWHERE[0]),
            reject_end=hex(NOWHERE[1]), task_filter="N")
        mark(tasks, False)

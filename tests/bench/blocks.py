# SPDX-License-Identifier: GPL-2.0-only
"""How often the blocks of the guest's kernel are executed, as tests/vm/blocks.c counts them.

Runs in the guest whose blocks are counted (tests/vm/run -k blocks). A count is a dictionary from
(address, number of instructions) to times.
"""

import bisect
import itertools
import os
import struct
import time

# Where the plugin looks for questions, and writes the blocks: number of the question and of the
# last answer, and where counting begins and ends.
ASK = "/run/vm/blocks"
ASKED = struct.Struct("<4Q")
# Functions of the load generator between which calls are made.
BEGIN, END = "load_exchange ditto_load", "load_measured ditto_load"
RECORD = struct.Struct("<3Q")
POLL_S = 0.02


def between(symbols):
    """Count from one function until another."""
    with open(ASK, "r+b", buffering=0) as f:
        f.seek(ASKED.size // 2)
        f.write(struct.pack("<2Q", symbols.address(BEGIN), symbols.address(END)))


def read(numbers=itertools.count(1)):
    """The count until now."""
    number = next(numbers)
    with open(ASK, "r+b", buffering=0) as f:
        f.write(struct.pack("<Q", number))
        while ASKED.unpack(os.pread(f.fileno(), ASKED.size, 0))[1] != number:
            time.sleep(POLL_S)
    found = {}
    with open(f"{ASK}.out", "rb") as f:
        for address, size, times in RECORD.iter_unpack(f.read()):
            found[address, size] = found.get((address, size), 0) + times
    return found


def of_one(less, more, calls):
    """The count of one call, of which so many were made between the two counts."""
    return {block: (times - less.get(block, 0)) / calls for block, times in more.items()}


class Symbols:
    """Functions of the kernel and of its modules, by the lines of /proc/kallsyms."""

    def __init__(self, lines):
        found = {}
        for words in map(str.split, lines):
            if words[1] in "tTwW":
                module = words[3].strip("[]") if len(words) > 3 else "kernel"
                found.setdefault(int(words[0], 16), f"{words[2]} {module}")
        self.addresses, self.names = zip(*sorted(found.items()))

    def address(self, name):
        """Where a function of a module begins."""
        return self.addresses[self.names.index(name)]

    def at(self, address):
        """(function and module, whether it begins there)."""
        i = bisect.bisect(self.addresses, address) - 1
        if i < 0:
            return "unknown kernel", False
        return self.names[i], self.addresses[i] == address


def functions(count, symbols):
    """{function and module: (its own instructions, times that it is entered)}."""
    found = {}
    for (address, size), times in count.items():
        name, begins = symbols.at(address)
        instructions, entered = found.get(name, (0, 0))
        found[name] = instructions + times * size, entered + times * begins
    return found


def report(found, title):
    """Lines: all, by module, by function."""
    modules = {}
    for name, (instructions, _) in found.items():
        module = name.rsplit(" ", 1)[1]
        modules[module] = modules.get(module, 0) + instructions
    yield f"{title}: {sum(modules.values()):,.0f} instructions of a call"
    yield ""
    for module, instructions in sorted(modules.items(), key=lambda item: -item[1]):
        if round(instructions):
            yield f"{instructions:10,.0f}  {module}"
    yield ""
    yield "   its own  entered  function"
    for name, (instructions, entered) in sorted(found.items(), key=lambda item: -item[1][0]):
        if round(instructions):
            yield f"{instructions:10,.1f} {entered:8.2f}  {name}"

# SPDX-License-Identifier: GPL-2.0-only
"""Time that does not count for the limit of a test, as what it starts stays for all of a run."""
import contextlib
import mmap
import struct
import time as clock

# When such a time began, or 0, and the seconds of those before; shared with the test's process.
_shared = mmap.mmap(-1, 16)


def reset():
    struct.pack_into('dd', _shared, 0, 0, 0)


def seconds():
    began, before = struct.unpack_from('dd', _shared)
    return before + (clock.monotonic() - began if began else 0)


@contextlib.contextmanager
def time():
    """What is done here does not count."""
    _, before = struct.unpack_from('dd', _shared)
    struct.pack_into('dd', _shared, 0, clock.monotonic(), before)
    try:
        yield
    finally:
        struct.pack_into('dd', _shared, 0, 0, seconds())

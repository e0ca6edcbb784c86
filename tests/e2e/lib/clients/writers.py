# SPDX-License-Identifier: GPL-2.0-only
"""Clients that write while something happens to the server."""
import os

from files import get, pattern, put
from processes import Child


def writer(m, done, limit=4000):
    """Write and sync one file after the other until stopped; returns how many were acknowledged."""
    def work():
        for i in range(limit):
            if os.path.exists(f'{done}.stop'):
                break
            with open(f'{m}/w{i}', 'wb') as f:
                f.write(pattern(i, 40000))
                f.flush()
                os.fsync(f.fileno())
            put(done, b'%d' % (i + 1))
        return i
    return Child(work)


def progress(done):
    try:
        return int(get(done) or 0)
    except FileNotFoundError:
        return 0

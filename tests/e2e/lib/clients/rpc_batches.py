# SPDX-License-Identifier: GPL-2.0-only
"""Calls of a raw client that are sent together."""
import os
import struct
import time

import rpc
from files import KIB, pattern, put
from nfs3 import NFS


def record(message):
    return struct.pack('>I', 0x80000000 | len(message)) + message


def call(xid, proc, args=b'', **kw):
    return rpc.call_bytes(NFS, kw.pop('vers', 3), proc, args, xid=xid, **kw)


def replies(c, count):
    """What was answered, by transaction id."""
    got = [c.recv() for _ in range(count)]
    return {r.xid: (r.stat, r.why, r.body) for r in got}


def setup(w):
    if w.server.name == 'ditto':
        w.server.ctl('server', 'set', 'fast-path', '1')
    n = w.client.nfs()
    put(w.path('f'), b'content')
    put(w.path('big'), pattern(1, 128 * KIB))
    f, big = (n.lookup(n.root, name).fh for name in ('f', 'big'))
    # An access time ahead of the clock is not changed by reading.
    for name in ('.', 'f', 'big'):
        os.utime(w.path(name), (time.time() + 1000, time.time()))
    return n, f, big

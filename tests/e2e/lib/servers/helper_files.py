# SPDX-License-Identifier: GPL-2.0-only
"""Files whose data is at a helper of the tests' own."""
import contextlib
import os
import random
import struct
import subprocess

import nfs3
from checks import wait_for
from fault_points import Point
from files import MIB, put
from offload_helper import Helper

RANGE = 8 * MIB
XATTR = 'trusted.ditto.offload'
IO_ERROR = 'Input/output error'
# Two whole ranges and a part of a third.
SIZE = 2 * RANGE + 1000003
# struct vfs_cap_data of CAP_NET_RAW, permitted and effective (capabilities(7)).
CAPABILITIES = struct.pack('<5I', 0x02000001, 1 << 13, 0, 0, 0)


def pattern(name, size=SIZE):
    """Content of a file: every 64 KiB begin with their number."""
    some = random.Random(name).randbytes(65528)
    return b''.join(i.to_bytes(8, 'big') + some for i in range(size // 65536 + 1))[:size]


@contextlib.contextmanager
def helper(w, how=None, wait=0):
    """The helper. Calls of NFSv3 wait for data for some milliseconds; see t_offload_wait.py."""
    w.server.ctl('server', 'set', 'offload-wait-ms', str(wait))
    h = Helper(w.server_ns, how)
    try:
        yield h
    finally:
        h.close()


def offloaded(w, h, name, data=None, cookie=None):
    """Make a file and release its blocks; returns the content."""
    data = pattern(name) if data is None else data
    cookie = cookie or f'store\n{name}'.encode()
    put(w.path(name), data)
    h.store[cookie] = data
    h.fill.release(w.path(name), cookie)
    return data


def blocks(w, name):
    return os.stat(w.path(name)).st_blocks * 512


def has_record(w, name):
    return XATTR in os.listxattr(w.path(name))


def settled(call, *args):
    """Repeat a raw call until it is not answered with JUKEBOX."""
    result = []

    def done():
        result[:] = [call(*args)]
        return result[0].status != nfs3.JUKEBOX
    wait_for('an answer other than JUKEBOX', done)
    return result[0]


class Reader:
    """A process of the server that reads a file; it does not inherit the helper's sockets."""

    def __init__(self, path):
        self.process = subprocess.Popen(['cat', path], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={'LC_ALL': 'C'})

    def join(self):
        """What it read, or the text of its error."""
        data, error = self.process.communicate()
        return error.decode().strip().split(': ')[-1] if self.process.returncode else data


def local(path):
    """Read a file as a process of the server."""
    return Reader(path).join()


def moves(h):
    """The ranges that were asked for."""
    return sorted({at // RANGE for _, at, _ in h.requests})


def adopted(w, h, name, size=SIZE):
    """Make a file whose content comes from the helper's store."""
    h.store[name.encode()] = pattern(name)
    put(w.path(name), b'')
    h.fill.adopt(w.path(name), name.encode(), size)
    return pattern(name)[:size]


@contextlib.contextmanager
def stopped_at(name):
    point = Point(name, None)
    try:
        yield point
    finally:
        point.go_on()

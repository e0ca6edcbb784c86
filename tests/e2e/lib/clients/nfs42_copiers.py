# SPDX-License-Identifier: GPL-2.0-only
"""Clients that copy within a server by NFSv4.2."""
import collections
import contextlib
import os

import nfs4
from checks import eq
from files import MIB, pattern, put
from nfs4 import ANON, BOTH, READ, free_stateid, putfh
from nfs4_callers import Caller
from nfs4_copy import between, copy, offload_cancel, offload_status
from nfs4_opens import V41, last, opened

SIZE = 40 * MIB


def pair(w, data=b'0123456789', fill=b''):
    """A session, and stateid and handle of two open files."""
    os.chmod(w.export, 0o777)
    put(w.path('from'), data, 0o666)
    put(w.path('to'), fill, 0o666)
    c = V41.at(w, minor=2)
    return c, opened(c, 'from', READ), opened(c, 'to', BOTH, own=b'other')


def calls(w):
    return collections.Counter(w.server.calls('nfs4'))


def copied(source, target, count=None):
    """Copy by copy_file_range() until the end; returns the number of calls."""
    with open(source, 'rb') as a, open(target, 'r+b' if os.path.exists(target) else 'wb') as b:
        n, left = 0, count if count is not None else os.fstat(a.fileno()).st_size
        while left:
            done = os.copy_file_range(a.fileno(), b.fileno(), left)
            if not done:
                break
            left, n = left - done, n + 1
        return n


def jobs(w):
    return w.server.json('job', 'list')


def source(w, size=SIZE):
    """A file to copy from, and an empty one to copy to."""
    os.chmod(w.export, 0o777)
    data = pattern(9, MIB) * (size // MIB)
    put(w.path('from'), data, 0o666)
    put(w.path('to'), b'', 0o666)
    return data


class Copier(Caller):
    """A client of 4.2 that can be called back, with the source open, and the target if wished."""

    def __init__(self, w, target=True):
        super().__init__(w, minor=2)
        r, self.src_fh = self.open('from', READ | nfs4.WANT_NO)
        self.src, self.dst, self.dst_fh = r.stateid, ANON, self.s.fh('data', 'to')
        if target:
            self.dst = self.open('to', BOTH | nfs4.WANT_NO, own=b'target')[0].stateid

    def start(self, *args):
        """Start a copy; returns its stateid."""
        r = last(between(self, self.src_fh, self.dst_fh,
                         copy(self.src, self.dst, *args, sync=False)), nfs4.OK)
        eq((len(r.callback), r.count, r.synchronous, r.consecutive), (1, 0, False, True))
        self.verf = r.verf
        return r.callback[0]

    def ended(self, sid, seconds=20):
        call = self.cb.wait(self.conn, 'offload', seconds)
        eq((call.stateid, call.fh), (sid, self.dst_fh))
        return call

    def progress(self, sid):
        return last(self.compound(putfh(self.dst_fh), offload_status(sid)), nfs4.OK)

    def is_forgotten(self, sid):
        for op in (offload_status, offload_cancel, free_stateid):
            last(self.compound(putfh(self.dst_fh), op(sid)), nfs4.BAD_STATEID)


@contextlib.contextmanager
def held_up(w, c):
    """A copy of c, which waits for another client's delegation of the target."""
    w.server.ctl('server', 'set', 'recall-pause-s', '0')
    other = Caller(w, w.clients[1])
    deleg, fh = other.delegated('to')
    sid = c.start()
    other.recall()
    yield sid
    # what it holds may be gone, with the share or the server
    with contextlib.suppress(EOFError, OSError):
        other.compound(putfh(fh), nfs4.delegreturn(deleg))


def copier_to(w, share, path):
    """A copier from 'data' to an empty file of another share."""
    put(f'{path}/to', b'', 0o666)
    c = Copier(w, target=False)
    c.dst_fh = c.s.fh(share, 'to')
    return c

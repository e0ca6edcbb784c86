# SPDX-License-Identifier: GPL-2.0-only
"""Clients of NFSv4 that can be called back, and helpers of tests of delegations."""
import collections
import contextlib
import os
import threading

import nfs4
from checks import WAIT_LIMIT, eq, wait_for
from files import put
from nfs4 import DELEG_NONE, DELEG_READ, DELEG_WRITE, READ, WANT_NO, WRITE, delegreturn, putfh
from nfs4_callback import Callbacks, Listener
from nfs4_status import OK
from one_file import ALL

DATA = b'0123456789' * 10
LEASE = 10


def files(w, *names):
    os.chmod(w.export, 0o777)
    for name in names or ('f',):
        put(w.path(name), DATA, ALL)


class Caller:
    """A client of 4.1 that can be called back, with a handle of the share."""

    def __init__(self, w, client=None, minor=1, name=None, verf=None, back=None, **answers):
        self.client = client or w.client
        self.cb = Callbacks(**answers)
        self.conn = self.cb.on(nfs4.connect(self.client))
        self.s = nfs4.Session.make(self.conn, name, verf, minor, back=back)
        self.compound = self.s.compound
        self.root = self.s.fh('data')
        if not os.path.exists(w.path('way')):
            put(w.path('way'), b'', 0o666)
        wait_for('the way back', self.proven)

    def proven(self):
        """Serve the probe; true if the server has its reply and will grant delegations."""
        self.conn.serve(0.05)
        r, fh = self.open('way', READ | WANT_NO, own=b'way')
        self.compound(putfh(fh), nfs4.close(r.stateid)).ok()
        return r.rflags & nfs4.OPEN_MAY_NOTIFY_LOCK

    def open(self, name, acc=READ, **kw):
        r, fh = nfs4.again_while_delayed(lambda: self.s.open(self.root, name, acc, **kw),
                                         lambda r: r[0].status)
        eq(r.status, OK, 'OPEN')
        return r, fh

    def delegated(self, name='f', acc=READ, **kw):
        r, fh = self.open(name, acc, **kw)
        eq(r.deleg.type, DELEG_WRITE if acc & WRITE else DELEG_READ, 'delegation')
        eq(r.deleg.recall, False)
        return r.deleg.stateid, fh

    def recall(self, seconds=WAIT_LIMIT):
        return self.cb.wait(self.conn, 'recall', seconds)

    def give_back(self, sid, fh, status=OK):
        r = self.compound(putfh(fh), delegreturn(sid))
        eq(r.status, status, 'DELEGRETURN')

    def flags(self):
        return self.compound().ok()[0].flags


class Caller40:
    """The same for 4.0."""

    def __init__(self, w, client=None, name=None, **answers):
        self.client = client or w.client
        self.cb = Callbacks(**answers)
        self.at = Listener(self.client, self.cb)
        self.c = nfs4.Client40(nfs4.connect(self.client), name, prog=0x40001234,
                               addr=self.at.uaddr, ident=77)
        self.compound = self.c.compound
        self.root = self.c.fh('data')

    def delegated(self, name='f', acc=READ, own=b'owner'):
        """Open until the server grants a delegation: from the second OPEN on, after the probe."""
        def promised():
            r, fh = self.c.open(self.root, name, acc, own=own)
            return (r, fh) if r.deleg.type != DELEG_NONE else None
        r, fh = wait_for('a delegation', promised)
        eq(r.deleg.type, DELEG_WRITE if acc & WRITE else DELEG_READ, 'delegation')
        return r.deleg.stateid, fh

    def recall(self, seconds=WAIT_LIMIT):
        return self.cb.take('recall', seconds)

    def give_back(self, sid, fh, status=OK):
        eq(self.compound(putfh(fh), delegreturn(sid)).status, status, 'DELEGRETURN')

    def end(self):
        self.at.__exit__()


class V3:
    """Another client, which uses NFSv3."""

    def __init__(self, w):
        self.n = w.clients[-1].nfs()

    def fh(self, name='f'):
        return self.n.lookup(self.n.root, name).fh

    def write(self, name='f'):
        return self.n.write(self.fh(name), 0, b'NEW').status

    def until(self, status, name='f', seconds=WAIT_LIMIT):
        wait_for(f'status {status} of a write', lambda: self.write(name) == status, seconds)


def counts(w):
    """The server's counters of delegations."""
    return collections.Counter(w.server.calls('delegations'))


def lease(w, seconds=LEASE):
    w.server.ctl('server', 'set', 'lease-time-s', str(seconds))


def set_break_wait(w, ms):
    w.server.ctl('server', 'set', 'break-wait-ms', str(ms))


@contextlib.contextmanager
def answering(caller):
    """Serve the caller's callbacks during the block."""
    done = threading.Event()

    def serve():
        while not done.is_set():
            caller.conn.serve(0.2)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

# SPDX-License-Identifier: GPL-2.0-only
"""Locks that 4.1 clients wait for: CB_NOTIFY_LOCK (RFC 8881 section 20.11)."""
import fcntl
import functools

import nfs4
import nfs4_callers
from checks import eq, wait_for
from files import put
from harness import test
from lockers import READ as RDLCK, SOON, WRITE as WRLCK, Locker
from nfs4 import (BOTH, OPEN_MAY_NOTIFY_LOCK, READW_LT, READ_LT, WANT_NO, WRITEW_LT, WRITE_LT,
                  locku, putfh)
from nfs4_callback import SILENT
from nfs4_callers import files
from nfs4_status import DELAY, DENIED, OK
from nlm_lockers import connect
from one_file import ALL
from smb2 import Smb2

wire = functools.partial(test, server='ditto', squash='root-to-admin')


class Caller(nfs4_callers.Caller):
    """A client with the file f open, and a lock-owner."""

    def __init__(self, w, client=None, minor=1, own=b'locker', **answers):
        super().__init__(w, client, minor, **answers)
        self.own = own
        self.sids = {}
        r, self.file = self.open('f', BOTH | WANT_NO)
        self.opened = r.stateid
        eq(r.rflags & OPEN_MAY_NOTIFY_LOCK, OPEN_MAY_NOTIFY_LOCK, 'the promise')

    def lock(self, kind, first=0, length=10, own=None):
        own = own or self.own
        sid = self.sids.get(own)
        new = None if sid else (0, 0, self.s.owner(own))
        r = self.compound(putfh(self.file), nfs4.lock(kind, first, length, sid or self.opened,
                                                      new=new))
        if r.status == OK:
            self.sids[own] = r[-1].stateid
        return r.status

    def unlock(self, first=0, length=10, own=None):
        own = own or self.own
        r = self.compound(putfh(self.file), locku(WRITE_LT, first, length, self.sids[own]))
        self.sids[own] = r.ok()[-1].stateid

    def told(self, own=None, seconds=SOON):
        call = self.cb.wait(self.conn, 'notify_lock', seconds)
        eq((call.fh, call.owner), (self.file, (self.s.clientid, own or self.own)))
        return call


def told_of_locks(w):
    """The number of CB_NOTIFY_LOCK calls to the clients."""
    return w.server.calls('nfs4-delegations').get('notify lock', 0)


@wire(clients=2)
def told_when_free(w):
    """One callback with handle and owner, after the reply, when the lock is available."""
    files(w)
    for minor in (1, 2):
        a, b = (Caller(w, c, minor) for c in w.clients)
        eq(a.lock(WRITE_LT), OK)
        eq(b.lock(WRITEW_LT, 5, 10), DENIED)
        used = b.s.slots[0]
        eq(b.lock(WRITEW_LT, 5, 10), DENIED, 'the same once more')
        a.unlock(0, 5)
        b.cb.none(b.conn)
        a.unlock(5, 5)
        eq(b.told().sequence.after, [(b.s.id, [(used, 0)])])
        b.cb.none(b.conn)
        eq(b.lock(WRITEW_LT, 5, 10), OK)
        b.unlock(5, 10)
        a.cb.none(a.conn, 0.1)
    wait_for('the answers', lambda: told_of_locks(w) >= 2)
    eq(told_of_locks(w), 2)


@wire(clients=2)
def nobody_waits(w):
    """Clients that do not wait, have the lock, or closed the file get no callback."""
    files(w)
    a, b = (Caller(w, c) for c in w.clients)
    eq(a.lock(WRITE_LT), OK)
    eq(b.lock(WRITE_LT), DENIED)
    eq(b.lock(READ_LT), DENIED)
    a.unlock()
    b.cb.none(b.conn)
    eq(a.lock(READ_LT), OK)
    eq(b.lock(WRITEW_LT), DENIED)
    eq(b.compound(putfh(b.file), nfs4.close(b.opened)).status, OK)
    eq(waiting(w), [])
    a.unlock()
    b.cb.none(b.conn)
    eq(told_of_locks(w), 0)


@wire(clients=2)
def nothing_is_kept(w):
    """The lock is not reserved for the notified client, which is notified again if it waits."""
    files(w)
    a, b = (Caller(w, c) for c in w.clients)
    eq(a.lock(WRITE_LT), OK)
    for _ in range(3):
        eq(b.lock(WRITEW_LT), DENIED)
        a.unlock()
        b.told()
        eq(a.lock(WRITE_LT), OK, 'by who does not wait')
    eq(b.lock(WRITEW_LT), DENIED)
    a.unlock()
    b.told()
    eq(b.lock(WRITEW_LT), OK)


@wire(clients=2)
def modes_and_owners(w):
    """Readers are notified after the writer, each owner by itself; a writer after all readers."""
    files(w)
    a, b = (Caller(w, c) for c in w.clients)
    eq(a.lock(WRITE_LT), OK)
    for own in (b'one', b'two'):
        eq(b.lock(READW_LT, own=own), DENIED)
    a.unlock()
    eq(sorted(b.cb.wait(b.conn, 'notify_lock').owner[1] for _ in range(2)), [b'one', b'two'])
    for own in (b'one', b'two'):
        eq(b.lock(READW_LT, own=own), OK)
    # a reader that upgrades waits for the other reader only
    eq(b.lock(WRITEW_LT, own=b'one'), DENIED)
    eq(a.lock(WRITEW_LT), DENIED)
    b.unlock(own=b'two')
    b.told(b'one')
    a.cb.none(a.conn, 0.2)
    eq(b.lock(WRITEW_LT, own=b'one'), OK)
    b.unlock(own=b'one')
    a.told()
    eq(a.lock(WRITEW_LT), OK)


@wire(clients=2)
def slow_to_take_it(w):
    """A client that delays or loses the callback is called again."""
    files(w)
    a, b = (Caller(w, c) for c in w.clients)
    say = [DELAY, SILENT, OK]
    b.cb.answers['notify_lock'] = lambda _: say.pop(0) if say else OK
    w.server.ctl('server', 'set', 'lease-time-s', '10')
    eq(a.lock(WRITE_LT), OK)
    eq(b.lock(WRITEW_LT), DENIED)
    a.unlock()
    for _ in range(3):
        b.told()
    eq(b.lock(WRITEW_LT), OK)


@wire(clients=2)
def circles(w):
    """Two clients that wait for each other are not refused; they may have stopped waiting."""
    files(w)
    a, b = (Caller(w, c) for c in w.clients)
    eq((a.lock(WRITE_LT, 0), b.lock(WRITE_LT, 10)), (OK, OK))
    eq(a.lock(WRITEW_LT, 10), DENIED)
    eq(b.lock(WRITEW_LT, 0), DENIED)
    b.unlock(10)
    a.told()
    eq(a.lock(WRITEW_LT, 10), OK)
    a.unlock(0, 20)
    b.told()


@wire(clients=3, locks='raw', smb=True, timeout=60)
def whoever_held_it(w):
    """The holder may be a local process, SMB, NLM, or a client that disappears."""
    files(w)
    a, b = (Caller(w, c) for c in w.clients[:2])
    local = Locker(w.path('f'))
    local.lock(WRLCK, 0, 10)
    eq(b.lock(WRITEW_LT), DENIED)
    local.unlock()
    b.told()
    local.lock(RDLCK, 5, 1)
    eq(b.lock(WRITEW_LT), DENIED)
    local.end()
    b.told()
    v3 = w.clients[2].nfs()
    n = connect(w.clients[2], v3.lookup(v3.root, 'f').fh)
    eq(n.lock((0, 10)).status, 0)
    eq(b.lock(WRITEW_LT), DENIED)
    eq(n.unlock((0, 10)).status, 0)
    b.told()
    smb = Smb2(w.client)
    fid = smb.create('f')
    smb.lock(fid, 0, 10)
    eq(b.lock(READW_LT), DENIED)
    smb.close(fid)
    b.told()
    smb.end()
    eq(a.lock(WRITE_LT), OK)
    eq(b.lock(WRITEW_LT), DENIED)
    for x in w.server.json('lock', 'client', 'list'):
        if any(c['client'] == x['name'] for c in w.server.json('lock', 'list')
               if c['state'] != 'waiting' and c['type'] == 'range'):
            w.server.ctl('lock', 'client', 'release', x['name'])
    b.told()
    eq(b.lock(WRITEW_LT), OK)
    b.unlock()
    eq(b.compound(putfh(b.file), nfs4.close(b.opened)).status, OK)
    eq(b.s.destroy().status, OK)
    eq(b.s.nfs.compound(nfs4.destroy_clientid(b.s.clientid)).status, OK)


@wire(clients=2)
def without_a_way_back(w):
    """Without a back channel the client is not promised a callback."""
    files(w)
    s = nfs4.Session.make(nfs4.connect(w.client))
    r, _ = s.open(s.fh('data'), 'f', BOTH | WANT_NO)
    eq((r.status, r.rflags & OPEN_MAY_NOTIFY_LOCK), (OK, 0))


def waiting(w):
    return [x for x in w.server.locks() if x['state'] == 'waiting']


def locks(w):
    return w.server.calls('nfs4')['lock']


@test(server='ditto', clients=2, timeout=90)
def kernel_client(w):
    """The kernel's client tries each lock once in vain and once more, without polling."""
    put(w.path('f'), b'0123456789' * 10, ALL)
    for vers in ('4.1', '4.2'):
        a, b = (Locker(f'{c.mount(vers=vers)}/f', c) for c in w.clients)
        for kind in (WRLCK, RDLCK):
            a.lock(WRLCK, 0, 10)
            asked = locks(w)
            b.start('wait', kind, 5, 10).waits()
            wait_for('it was refused', lambda n=asked: locks(w) > n and waiting(w))
            before, told = locks(w), told_of_locks(w)
            # it would have asked twice by now
            b.waits(4)
            eq(locks(w), before)
            a.unlock()
            b.result(SOON)
            wait_for('it answers', lambda n=told: told_of_locks(w) > n)
            eq((locks(w), told_of_locks(w)), (before + 1, told + 1))
            a.refused('lock', WRLCK, 14, 1)
            b.unlock()
        a.lock(WRLCK)
        b.start('flock', fcntl.LOCK_EX).waits()
        a.end()
        b.result(SOON)
        b.end()
        for c in w.clients:
            c.umount(c.mounts[0])


@test(server='ditto', clients=2, timeout=120)
def handed_around(w):
    """Many clients that want the same lock all get it in time, without polling."""
    put(w.path('n'), b'%08d' % 0, ALL)
    paths = [(f'{c.mount(vers="4.1")}/n', c) for c in w.clients]
    lockers = [Locker(*paths[i % 2]) for i in range(6)]
    for x in lockers:
        x.start('count', 20)
    for x in lockers:
        x.result(60)
        x.end()
    wait_for('the last count', lambda: open(w.path('n'), 'rb').read() == b'%08d' % 120)

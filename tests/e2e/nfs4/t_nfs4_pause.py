# SPDX-License-Identifier: GPL-2.0-only
"""A request that conflicts with a delegation waits a moment for its holder."""
import functools
import itertools
import os
import threading
import time

import nfs3
import nfs4
import rpc
from checks import eq, wait_for
from client_lists import clients
from files import put
from harness import test
from nfs4_acl import ALL, ALLOW, LOOK, READ, set_acl
from nfs4_callback import SILENT
from nfs4_callers import DATA, V3, Caller, Caller40, files, set_break_wait
from nfs4_listing import listing
from nfs4_status import DELAY, OK
from processes import process_stopped

LEASE = 5
PAUSE_MS = 200


class Prompt:
    """Holder of a new file that returns a recalled delegation at once."""

    numbers = itertools.count()

    def __init__(self, w, caller, acc):
        self.caller = caller
        for _ in range(10):
            self.name = f'f{next(self.numbers)}'
            files(w, self.name)
            try:
                self.sid, self.fh = caller.delegated(self.name, acc=acc)
                break
            except AssertionError as e:     # nobody promises one
                print(e)
        self.thread = threading.Thread(target=self.work)

    def start(self):
        self.thread.start()

    def work(self):
        self.caller.recall()
        self.caller.give_back(self.sid, self.fh)

    def end(self):
        self.thread.join()


V3_ACTS = ('write', 'setattr', 'rename', 'remove')
V4_ACTS = ('open', 'read', 'write', 'setattr', 'remove')


def by_v3(n, what, name):
    """The first status of an NFSv3 operation."""
    fh = n.lookup(n.root, name).fh
    return {
        'write': lambda: n.write(fh, 0, b'NEW'),
        'setattr': lambda: n.setattr(fh, nfs3.sattr(size=3)),
        'rename': lambda: n.rename(n.root, name, n.root, name + '2'),
        'remove': lambda: n.remove(n.root, name),
    }[what]().status


def by_v4(c, what, name):
    root, fh = c.fh('data'), c.fh('data', name)
    return {
        'open': lambda: c.open(root, name, nfs4.BOTH)[0],
        'read': lambda: c.compound(nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, 9)),
        'write': lambda: c.compound(nfs4.putfh(fh), nfs4.write(nfs4.ANON, 0, b'NEW' * 999)),
        'setattr': lambda: c.compound(nfs4.putfh(fh), nfs4.setattr(nfs4.ANON, {'size': 1})),
        'remove': lambda: c.compound(nfs4.putfh(root), nfs4.remove(name)),
    }[what]().status


def met(w, holder, acc, what, act):
    """The status for a client that conflicts with a delegation for reading, or for both."""
    prompt = Prompt(w, holder, acc)
    if what == 'read' and acc == nfs4.READ:     # takes nothing
        holder.give_back(prompt.sid, prompt.fh)
        return act(what, prompt.name)
    prompt.start()
    status = act(what, prompt.name)
    prompt.end()
    return status


@test(server='ditto', clients=2, squash='root-to-admin', timeout=180)
def prompt_holders(w):
    """A holder that returns at once causes no repeated request."""
    set_break_wait(w, 9000)                       # a machine may be slow now and then
    holders = Caller(w, w.clients[0]), Caller40(w, w.clients[0])
    other = w.clients[1]
    others = ((V3_ACTS, functools.partial(by_v3, other.nfs())),
              (V4_ACTS, functools.partial(by_v4, nfs4.Client40(nfs4.connect(other)))),
              (V4_ACTS, functools.partial(by_v4, nfs4.Session.make(nfs4.connect(other)))))
    told = [met(w, holder, acc, what, act) for whats, act in others for what in whats
            for holder in holders for acc in (nfs4.READ, nfs4.BOTH)]
    holders[1].end()
    eq(told, [OK] * len(told))


@test(server='ditto', clients=2, squash='root-to-admin')
def data_of_the_holder(w):
    """A reader that waited gets the data that the holder of a write delegation kept back."""
    files(w)
    a, b = Caller(w, w.clients[0]), nfs4.Session.make(nfs4.connect(w.clients[1]))
    sid, fh = a.delegated(acc=nfs4.BOTH)

    def work():
        a.recall()
        a.compound(nfs4.putfh(fh), nfs4.write(sid, 0, b'KEPT')).ok()
        a.give_back(sid, fh)
    thread = threading.Thread(target=work)
    thread.start()
    r = b.patiently(nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, 100))
    thread.join()
    eq(r.ok()[-1].data, b'KEPT' + DATA[4:])


@test(server='ditto', clients=2, squash='root-to-admin')
def as_long_as_set(w):
    """break-wait-ms takes effect at once, for slow holders and without waiting."""
    a, other = Caller(w), V3(w)
    for ms, answer in ((10000, nfs3.OK), (0, nfs3.JUKEBOX)):
        set_break_wait(w, ms)
        name = f'f{ms}'
        files(w, name)
        sid, fh = a.delegated(name)

        def work():
            a.recall()
            time.sleep(0.2)
            a.give_back(sid, fh)            # pylint: disable=cell-var-from-loop
        thread = threading.Thread(target=work)
        thread.start()
        eq(other.write(name), answer, f'a wait of {ms} ms')
        thread.join()


@test(server='ditto', clients=2, squash='root-to-admin')
def not_for_ever(w):
    """The wait for a holder that does nothing is short and does not take every thread."""
    files(w, 'f', 'g')
    w.server.ctl('server', 'set', 'threads', '4')
    set_break_wait(w, PAUSE_MS)
    a = Caller(w, w.clients[0], recall=SILENT)
    a.delegated()
    others = [V3(w) for _ in range(12)]
    start = time.monotonic()
    eq(others[0].write(), nfs3.JUKEBOX)
    eq(time.monotonic() - start >= PAUSE_MS * 0.8 / 1000, True, 'it waits')
    said = [None] * len(others)
    set_break_wait(w, 2000)

    def work(i):
        said[i] = [others[i].write() for _ in range(3)]
    start = time.monotonic()
    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(others))]
    for t in threads:
        t.start()
    eq(V3(w).write('g'), nfs3.OK)
    for t in threads:
        t.join()
    spent = time.monotonic() - start
    eq(said, [[nfs3.JUKEBOX] * 3] * len(others))
    # 36 waits one after the other would take 72 s
    eq(spent < 60, True, f'{spent} s')
    w.server.ctl('server', 'set', 'threads', '1')
    eq(others[0].write(), nfs3.JUKEBOX)


@test(server='ditto', clients=2, timeout=150)
def courtesy_holders(w):
    """A conflict with a range or open of a courtesy client succeeds at the first request."""
    files(w, 'f', 'held')
    set_break_wait(w, 9000)
    w.server.ctl('server', 'set', 'lease-time-s', str(LEASE))
    live = nfs4.Session.make(nfs4.connect(w.clients[1]))
    root = live.fh('data')
    # What it holds keeps it also where it is late.
    nfs4.again_while_delayed(lambda: live.open(root, 'held'), lambda r: r[0].status)

    def is_courtesy():
        live.compound(nfs4.putrootfh()).ok()
        return any(x.get('courtesy') for x in clients(w))

    def gone(name):
        dead = nfs4.Client40(nfs4.connect(w.clients[0]), name)
        r, fh = dead.open(dead.fh('data'), 'f', nfs4.BOTH, nfs4.DENY_WRITE
                          if name == b'opener' else nfs4.DENY_NONE)
        if name == b'locker':
            dead.compound(nfs4.putfh(fh), nfs4.lock(
                2, 0, 10, r.stateid, new=(dead.seqid(), 0, dead.owner(b'lock')))).ok()
        wait_for('it is a courtesy client', is_courtesy)
    gone(b'opener')
    r, fh = live.open(root, 'f', nfs4.BOTH)
    eq(r.status, OK, 'OPEN')
    gone(b'locker')
    eq(live.compound(nfs4.putfh(fh), nfs4.lock(
        2, 0, 10, r.stateid, new=(0, 0, live.owner(b'lock')))).status, OK, 'LOCK')


@test(server='ditto', clients=2, squash='root-to-admin')
def not_behind_a_listing(w):
    """What ends a listing early keeps no later operation of the COMPOUND waiting."""
    w.server.helper_start()
    files(w)
    os.mkdir(w.path('d'))
    put(w.path('d/one'))
    put(w.path('d/two'))
    a, root = Caller(w), nfs4.Session.make(nfs4.connect(w.clients[1]))
    user = nfs4.Session.make(nfs4.connect(w.clients[1]), cred=rpc.auth_sys(1001, 1001))
    listed = [e.name.decode() for e in listing(root, root.fh('data', 'd'))[0]]
    set_acl(root, root.fh('data', 'd', listed[1]),
            [(ALLOW, 0, ALL, 'S-1-5-21-1-2-3-500@'), (ALLOW, 0, READ | LOOK, 'EVERYONE@')])
    d = user.fh('data', 'd')
    sid, fh = a.delegated(acc=nfs4.BOTH)
    set_break_wait(w, 0)
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    thread = threading.Thread(target=lambda: (a.recall(), a.give_back(sid, fh)))
    thread.start()
    # Whether the list lets the user read it depends on the user's SIDs.
    with process_stopped(w.server.helper.pid):
        r = user.compound(nfs4.putfh(d), nfs4.readdir(0, bytes(8), 'acl'),
                          nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, 9))
    thread.join()
    entries = r.of('readdir').entries
    eq([e.name.decode() for e in entries], listed[:1])
    eq(r.status, DELAY, 'READ, though the holder has given way meanwhile')
    eq(user.patiently(nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, 9)).ok()[-1].data, DATA[:9])

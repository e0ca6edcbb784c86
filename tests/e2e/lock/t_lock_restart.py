# SPDX-License-Identifier: GPL-2.0-only
"""Crashes and restarts of clients and of the server: which locks are kept, and which lost."""
import contextlib
import errno
import signal
import sqlite3
import time

import daemons
import nfs3
import nlm
import servers
from checks import eq, one_of, wait_for
from harness import test
from lockers import READ, SOON, WRITE, Locker, another, boot, bury, crash, end, pair
from namespaces import Ns
from nlm_lockers import connect, file, machines, status
from nsm import Notified, Nsm

# Kind of the records of clients by NLM, as in enum ditto_record_kind.
HOST_RECORD = 0

# A client that is reached after so many seconds comes late.
LATE = 8

# A client asks again so often while the server is in grace.
GRACE_RETRY = 5


def active(w):
    return bool(w.server.grace()['active'])


def restart_until_reclaimed(w, locks):
    """Restart the server; the grace ends when so many locks are held again."""
    if w.server.name != 'ditto':
        w.server.restart()
        return
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('the locks are reclaimed', lambda: w.server.claims().get('ranges', 0) >= locks)
    w.server.end_grace()


@test(locks=True, clients=2, timeout=60)
def client_reboots(w):
    """The locks of a crashed machine are free after it notifies the server."""
    a, b = pair(w)
    other = another(w, 1)
    a.lock(WRITE, 0, 10)
    other.lock(READ, 20, 10)
    old = w.clients[0]
    crash(old)
    a.end(signal.SIGKILL)
    other.end(signal.SIGKILL)
    bury(old)
    b.refused('lock', WRITE, 0, 10)
    b.refused('lock', WRITE, 20, 10)
    new = boot(old)
    wait_for('its locks are free', lambda: not b.holder(WRITE))
    b.lock(WRITE)
    c = Locker(f'{new.mount()}/f', new)
    c.refused('lock', WRITE)
    b.unlock()
    c.lock(WRITE)
    end(b, c)


@test(server='ditto', locks=True, clients=2, timeout=60)
def client_reboots_under_waiters(w):
    """Waiters get the locks of a rebooted machine, whose own waits are dropped."""
    a, b = pair(w)
    c, d = another(w, 1), another(w, 2)
    a.lock(WRITE, 0, 10)
    b.lock(WRITE, 20, 10)
    c.start('wait', WRITE, 20, 10).waits()
    d.start('wait', WRITE, 0, 10).waits()
    old = w.clients[0]
    crash(old)
    a.end(signal.SIGKILL)
    c.end(signal.SIGKILL)
    bury(old)
    d.waits()
    boot(old)
    d.result(15)
    eq([x for x in w.server.locks() if x['state'] == 'waiting'], [])
    b.unlock()
    end(b, d)


@test(server='ditto', locks=True, clients=2, timeout=60)
def client_never_comes_back(w):
    """The administrator releases the locks of a dead machine."""
    a, b = pair(w)
    a.lock(WRITE, 0, 10)
    b.start('wait', WRITE, 0, 10).waits()
    old = w.clients[0]
    crash(old)
    a.end(signal.SIGKILL)
    bury(old)
    name, = {x['client'] for x in w.server.locks() if x['state'] == 'held'}
    w.server.ctl('lock', 'client', 'release', name)
    b.result(SOON)
    end(b)
    w.clients.pop(0)


@test(locks=True, clients=2, timeout=120)
def server_restarts(w):
    """Notified clients reclaim their locks in grace, and no other client gets them."""
    a, b = pair(w)
    c = another(w, 2)
    a.lock(WRITE, 0, 10)
    b.lock(READ, 20, 10)
    restart_until_reclaimed(w, 2)
    c.start('wait' if w.server.name == 'ditto' else 'lock', WRITE, 100, 10)
    c.result(servers.GRACE + 3 * GRACE_RETRY)
    c.refused('lock', WRITE, 0, 10)
    c.refused('lock', WRITE, 25, 1)
    kind, start, length, _ = c.holder(WRITE, 0, 10)
    eq((kind, start, length), (WRITE, 0, 10))
    a.unlock()
    c.lock(WRITE, 0, 10)
    end(a, b, c)


@test(server='ditto', locks=True, clients=2, timeout=120)
def waiters_over_a_restart(w):
    """A client that waits over a restart of the server gets the lock in the end."""
    a, b = pair(w)
    a.lock(WRITE, 0, 10)
    b.start('wait', WRITE, 0, 10).waits()
    restart_until_reclaimed(w, 1)
    b.waits(1)
    a.unlock()
    # it polls, as its request was lost with the server
    b.result(40)
    end(a, b)


@test(server='ditto', locks=True, clients=2, timeout=90)
def grace(w):
    """In grace only known clients lock, by reclaims; afterwards only new locks are allowed."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    epoch = w.server.grace()['epoch']
    w.server.lengthen_grace()
    with Notified(w.clients[0]) as g, Notified(w.clients[1]) as h:
        w.server.restart()
        call = g.take()
        eq(call.state & 1, 1)
        h.none()
        a, b = [connect(c, a.fh) for c in w.clients]
        r = w.server.grace()
        eq((r['active'], r['known']), (1, 1))
        assert r['epoch'] > epoch, r
        assert 0 < r['left_ms'] <= 300 * 1000, r
        status(b.lock((50, 10)), nlm.GRACE, 'new')
        status(a.lock((50, 10)), nlm.GRACE, 'new, though known')
        status(b.lock((0, 10), reclaim=True), nlm.GRACE, 'of a stranger')
        one_of(b.test((0, 10)).status, (nlm.OK, nlm.GRACE))
        status(b.unlock((0, 10)), nlm.OK)
        status(a.lock((0, 10), reclaim=True), nlm.OK, 'a reclaim')
        status(b.share(1, nlm.NONE, nlm.READ), nlm.GRACE)
        n = w.clients[1].nfs()
        eq(n.read(a.fh, 0, 10).status, nfs3.OK, 'reading needs no lock')
        n.rpc.close()
        w.server.end_grace()
        status(a.lock((70, 10), reclaim=True), nlm.GRACE, 'too late')
        status(b.lock((0, 10)), nlm.DENIED, 'reclaimed by its owner')
        status(b.lock((50, 10)), nlm.OK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks=True, clients=2, timeout=60)
def grace_ended_by_hand(w):
    a, _ = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.server.ctl('server', 'set', 'grace-s', '600')
    with Notified(w.clients[0]):
        w.server.restart()
        w.server.ctl('server', 'set', 'grace-s', '600')
        wait_for('the grace', lambda: active(w))
        a, b = [connect(c, a.fh) for c in w.clients]
        status(b.lock((0, 10)), nlm.GRACE)
        w.server.ctl('grace', 'end')
        assert not active(w)
        status(a.lock((0, 10), reclaim=True), nlm.GRACE)
        status(b.lock((0, 10)), nlm.OK)
        b.free_all()
        w.server.ctl('grace', 'end')


@test(server='ditto', locks=True, clients=2, timeout=60)
def grace_ends_early(w):
    """The grace time ends when no known client is left."""
    a, b = machines(w)
    for x in (a, b):
        status(x.lock((0, 10), exclusive=False), nlm.OK)
    # both send a restart notification themselves; the first has no listener
    with Notified(w.clients[1]) as g:
        w.clients[0].daemons.stop()
        w.clients[0].daemons = None
        w.server.lengthen_grace()
        w.server.restart()
        g.take()
        first, second = [Nsm(c.connect(port=w.server.port)) for c in w.clients[:2]]
        second.notify('client2', 99)
        assert active(w), 'the first may still reclaim'
        first.notify('client1', 99)
        wait_for('the grace ends', lambda: not active(w))
        b = connect(w.clients[1], a.fh)
        status(b.lock((0, 10)), nlm.OK)
        b.free_all()


def daemons_away(w):
    """Stop the daemons of the first client; returns a function that starts them without statd.

    It would take a notification that comes before the test listens for it.
    """
    client = w.clients[0]
    folder = client.daemons.folder
    client.daemons.stop()
    client.daemons = None

    def back():
        client.daemons = daemons.Daemons(client, folder, statd=False)
    return back


def restarted_unheard(w):
    """The server restarts while its first client has a lock and is not reached.

    Returns that client, and a function that starts its daemons again.
    """
    a, _ = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    back = daemons_away(w)
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('the grace', lambda: active(w))
    return a, back


def reclaimed_late(w, a, back, answer):
    """The client is reached again, notified, and reclaims; returns new connections of both."""
    back()
    with Notified(w.clients[0]) as g:
        g.take()
        a, b = [connect(c, a.fh) for c in w.clients]
        status(a.lock((0, 10), reclaim=True), answer)
    return a, b


@test(server='ditto', locks=True, clients=2, timeout=90)
def notified_late(w):
    """A client that cannot be reached at the restart is notified later, and reclaims in grace."""
    a, back = restarted_unheard(w)
    # as long as a port of a switch may take to come up, or longer
    time.sleep(LATE)
    assert active(w), 'the grace waits for the client'
    a, b = reclaimed_late(w, a, back, nlm.OK)
    w.server.end_grace()
    status(b.lock((0, 10)), nlm.DENIED)
    a.free_all()


def recorded(w):
    """The number of clients by NLM that the helper has on disk."""
    with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db')) as db:
        rows = db.execute('SELECT count(*) FROM record WHERE kind = ?', (HOST_RECORD,))
        return rows.fetchone()[0]


@test(server='ditto', locks=True, clients=2, timeout=90)
def lost_with_the_grace(w):
    """The record of a client that does not answer is kept in grace, and removed at its end."""
    a, _ = restarted_unheard(w)
    time.sleep(LATE)
    eq((active(w), recorded(w)), (True, 1))
    w.server.end_grace()
    wait_for('the client is lost', lambda: not recorded(w))
    w.server.restart()
    b = connect(w.clients[1], a.fh)
    wait_for('a lock', lambda: b.lock((0, 10)).status == nlm.OK)
    status(connect(w.clients[0], a.fh).lock((20, 10), reclaim=True), nlm.GRACE)
    b.free_all()


@test(server='ditto', locks=True, clients=2, timeout=90)
def notified_after_the_grace(w):
    """A client that is notified after the grace has lost its locks, and is told so."""
    a, back = restarted_unheard(w)
    w.server.end_grace()
    _, b = reclaimed_late(w, a, back, nlm.GRACE)
    status(b.lock((0, 10)), nlm.OK)
    status(b.unlock((0, 10)), nlm.OK)
    b.free_all()


@test(server='ditto', locks=True, clients=2, timeout=90)
def reclaimed_unnoticed(w):
    """A client that reclaims and did not answer the notice keeps what it has after the grace."""
    a, _ = restarted_unheard(w)
    b = connect(w.clients[1], a.fh)
    a = connect(w.clients[0], a.fh)
    wait_for('the reclaim', lambda: a.lock((0, 10), reclaim=True).status == nlm.OK)
    w.server.end_grace()
    time.sleep(LATE)
    status(b.lock((0, 10)), nlm.DENIED)
    a.free_all()
    b.free_all()


@test(server='ditto', locks=True, clients=2, timeout=90)
def asks_unnoticed(w):
    """A client that did not answer the notice keeps the lock that it gets after the grace."""
    a, _ = restarted_unheard(w)
    # the pause before the next notice has grown to seconds
    time.sleep(LATE)
    a, b = connect(w.clients[0], a.fh), connect(w.clients[1], a.fh)
    w.server.end_grace()
    wait_for('a new lock', lambda: a.lock((20, 10)).status == nlm.OK)
    time.sleep(LATE)
    status(b.lock((20, 10)), nlm.DENIED)
    status(b.lock((0, 10)), nlm.OK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks=True, clients=1, timeout=60)
def no_grace_for_nobody(w):
    """A restarted server without records has no grace time."""
    n = w.client.nfs()
    fh = file(w)
    n.rpc.close()
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('the helper is back', lambda: w.server.setting('helper'))
    a = connect(w.client, fh)
    wait_for('a lock', lambda: a.lock((0, 10)).status == nlm.OK)
    a.free_all()


@test(server='ditto', locks=True, clients=2, timeout=60)
def helper_of_a_restart(w):
    """Without records the server waits for the helper before it grants locks."""
    a, _ = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.server.helper_stop('KILL')
    w.server.lengthen_grace()
    w.server.restart()
    a, b = [connect(c, a.fh) for c in w.clients]
    one_of(b.lock((0, 10)).status, (nlm.GRACE, nlm.NOLOCKS))
    with Notified(w.clients[0]) as g:
        w.server.helper_start(w.server.conf)
        g.take()
        status(b.lock((0, 10)), nlm.GRACE)
        wait_for('the reclaim', lambda: a.lock((0, 10), reclaim=True).status == nlm.OK)
        w.server.ctl('grace', 'end')
    status(b.lock((0, 10)), nlm.DENIED)
    a.free_all()


@test(server='ditto', locks=True, clients=2, timeout=60)
def killed_helper(w):
    """Locks of clients are not affected when the helper is killed and restarted."""
    a, b = pair(w)
    a.lock(WRITE, 0, 10)
    b.lock(WRITE, 20, 10)
    w.server.helper_stop('KILL')
    a.lock(WRITE, 40, 10)
    w.server.helper_start()
    assert not active(w), 'a helper that restarts is no restart of the server'
    b.refused('lock', READ, 0, 10)
    a.refused('lock', READ, 20, 10)
    end(a, b)


@test(server='ditto', locks=True, clients=2, timeout=60)
def unload_with_locks(w):
    """The modules unload with holders, waiters and callbacks under way."""
    a, b = pair(w)
    a.lock(WRITE, 0, 10)
    b.start('wait', WRITE, 0, 10).waits()
    n = connect(w.client, file(w, 'g'), caller='raw')
    status(n.lock((0, 10)), nlm.OK)
    status(n.lock((0, 10), svid=2, block=True), nlm.BLOCKED)
    status(n.unlock((0, 10)), nlm.OK)
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    restart_until_reclaimed(w, 1)
    c = another(w, 2)
    c.start('wait', READ, 100, 1).result(servers.GRACE + 3 * GRACE_RETRY)
    c.refused('lock', WRITE, 0, 10)
    a.unlock()
    b.result(40)
    end(a, b, c)


@test(server='ditto', locks=True, clients=2, timeout=60)
def namespace_goes_with_locks(w):
    """A server's namespace ends with locks held and waited for."""
    a, b = machines(w)
    with nlm.Granted(w.clients[1], b):
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        s = w.server
        for x in (a, b):
            x.rpc.close()
        s.helper_stop('KILL')
        for listener in s.json('listener', 'list'):
            s.ctl('listener', 'del', str(listener['id']))
        s.daemons.stop()
        w.server_ns.remove()
        volume = w.volumes.pop()
        wait_for('the file system is released', lambda: released(volume), 20)
    w.server_ns = s.ns = Ns('e2e-s', 'server')
    s.shares = {}
    s.start()
    eq(s.locks(), [])


def released(volume):
    try:
        volume.umount()
        return True
    except OSError as e:
        eq(e.errno, errno.EBUSY)
        return False

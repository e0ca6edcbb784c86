# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's NFSv4 client when networks fail and servers restart."""
import errno
import os
import time

import nfs4
import smb2
from checks import eq, expect_errno, wait_for
from files import get, pattern, put
from harness import NFS4_VERSIONS, test
from lockers import READ, WRITE, Locker
from nfs4_callers import Caller, files
from nfs4_holders import release_all
from nfs4_opens import V41
from processes import Child, parallel, process_stopped, run
from smb2 import OPEN, SHARE_ALL, Smb2, refused

LEASE = 5
# Seconds that a client needs to notice, reconnect and recover.
RECOVERY = 40


def clients(w):
    return w.server.json('lock', 'client', 'list')


def cable(w, n, state):
    """Connect or disconnect a client."""
    run('ip', '-n', w.server_ns.name, 'link', 'set', f'veth{n + 1}', state)


def end(*lockers):
    for locker in lockers:
        locker.end()


@test(server='ditto', clients=2, timeout=60)
def session_trunking(w):
    """Two addresses of one server are used as connections of one session."""
    a, b = w.clients
    m = a.mount(vers='4.1', opts='max_connect=4')
    own = a.server_addr
    try:
        a.server_addr = b.server_addr
        n = a.mount(vers='4.1', opts='max_connect=4')
    finally:
        a.server_addr = own
    put(f'{m}/f', b'by one')
    eq(get(f'{n}/f'), b'by one')
    session, = w.server.json('session', 'list')
    eq(len(session['address']), 2)
    parallel(*[lambda i=i: put(f'{(m, n)[i % 2]}/f{i}', pattern(i, 1 << 19)) for i in range(8)])
    for i in range(8):
        eq(get(w.path(f'f{i}')) == pattern(i, 1 << 19), True, f'file {i}')


@test(server='ditto', timeout=60)
def many_connections_one_session(w):
    m = w.client.mount(vers='4.1', opts='nconnect=4')
    parallel(*[lambda i=i: put(f'{m}/f{i}', pattern(i, 1 << 19)) for i in range(8)])
    session, = w.server.json('session', 'list')
    eq((len(session['address']), session['dialect']), (4, '4.1'))
    for i in range(8):
        eq(get(w.path(f'f{i}')) == pattern(i, 1 << 19), True, f'file {i}')


def locked(w, vers, name):
    """The lock is known to the server and not kept under a delegation."""
    w.server.ctl('server', 'set', 'delegations', 'off')
    m = w.clients[0].mount(vers=vers, opts='nosharecache')
    a = Locker(f'{m}/{name}', w.clients[0])
    a.write(b'before')
    a.lock(WRITE, 0, 10)
    return m, a


@test(server='ditto', locks='raw', clients=2, timeout=150)
def server_restarts(w):
    """After a reload opens and locks are reclaimed, and nobody else gets them."""
    a, b = locked(w, '4.0', 'a')[1], locked(w, '4.1', 'b')[1]
    other = w.clients[1].mount(vers='4.1')
    c = [Locker(f'{other}/{name}', w.clients[1]) for name in 'ab']
    for x in c:
        x.refused('lock', WRITE)
    w.server.lengthen_grace()
    w.server.restart()
    for x in (a, b):
        x.start('write', b'after.', 6)
    for x in (a, b):
        x.result(RECOVERY)
        eq(x.read(12), b'beforeafter.')
    w.server.end_grace()
    for x, y in zip((a, b), c):
        x.read(1)
        y.start('holder', WRITE)
        eq(y.result(RECOVERY)[:3], (WRITE, 0, 10))
        y.refused('lock', WRITE, 5, 1)
        x.unlock()
        y.lock(WRITE)
    end(a, b, *c)
    release_all(w)


@test(server='ditto', locks='raw', clients=1, timeout=120)
def grace_ends_early(w):
    """The grace time ends when all known 4.1 clients have finished their reclaims."""
    _, a = locked(w, '4.1', 'a')
    w.server.lengthen_grace()
    w.server.restart()
    a.start('write', b'after.', 6).result(RECOVERY)
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    a.start('lock', READ, 20, 10).result(RECOVERY)
    end(a)
    release_all(w)


@test(server='ditto', timeout=90)
def service_stops_and_starts(w):
    """State survives while the server has no listeners."""
    lockers = [locked(w, v, f'f{i}')[1] for i, v in enumerate(NFS4_VERSIONS)]
    ports = w.server.json('listener', 'list')
    for listener in ports:
        w.server.ctl('listener', 'del', str(listener['id']))
    for x in lockers:
        x.start('write', b'after.', 6)
    time.sleep(1)
    w.server.listen()
    for x in lockers:
        x.result(RECOVERY)
        x.lock(READ, 20, 10)
    eq(w.server.json('server', 'show')['ranges'], 2 * len(lockers))
    end(*lockers)


def lost_network(w, vers, seconds):
    """Disconnect a client that has a lock for a while."""
    m, a = locked(w, vers, 'f')
    cable(w, 0, 'down')
    time.sleep(seconds)
    return m, a


@test(server='ditto', clients=2, timeout=150)
def network_lost_shortly(w):
    """A client that is away for less than the lease time loses nothing."""
    w.server.ctl('server', 'set', 'lease-time-s', '30')
    other = w.clients[1].mount(vers='4.1')
    for vers in ('4.0', '4.1'):
        m, a = lost_network(w, vers, 3)
        c = Locker(f'{other}/f', w.clients[1])
        c.refused('lock', WRITE)
        cable(w, 0, 'up')
        a.start('write', b'after.', 6).result(RECOVERY)
        c.refused('lock', WRITE)
        end(a, c)
        w.clients[0].umount(m)


@test(server='ditto', clients=2, timeout=200)
def network_lost_for_long(w):
    """A client that is away for longer loses only state that others wanted."""
    w.server.ctl('server', 'set', 'lease-time-s', str(LEASE))
    other = w.clients[1].mount(vers='4.1')
    for vers in ('4.0', '4.1'):
        m, a = lost_network(w, vers, 0)
        wait_for('it is in courtesy', lambda: any(x.get('courtesy') for x in clients(w)),
                 3 * LEASE)
        cable(w, 0, 'up')
        a.start('write', b'after.', 6).result(RECOVERY)
        c = Locker(f'{other}/f', w.clients[1])
        c.refused('lock', WRITE)
        cable(w, 0, 'down')
        wait_for('it is in courtesy', lambda: any(x.get('courtesy') for x in clients(w)),
                 3 * LEASE)

        def taken():
            try:
                c.lock(WRITE)
            except OSError:
                return False
            return True
        wait_for('it gives way', taken)
        cable(w, 0, 'up')
        # the lock is lost, and with it the right to write under it
        a.start('write', b'stolen', 6)
        try:
            a.result(RECOVERY)
        except OSError:
            pass
        a.refused('lock', WRITE)
        end(a, c)
        w.clients[0].umount(m)
        put(w.path('f'))


@test(server='ditto', locks='raw', clients=2, timeout=150)
def kept_while_the_record_stays(w):
    """State of a silent client is given to others only after its record is gone."""
    w.server.ctl('server', 'set', 'lease-time-s', str(LEASE))
    put(w.path('f'), b'', 0o666)
    name = os.urandom(8)
    a, b = V41.at(w, name=name), V41.at(w, w.clients[1])
    nfs4.again_while_delayed(lambda: a.try_open('f', nfs4.BOTH, nfs4.DENY_WRITE),
                             lambda r: r.status).ok()
    nfs4.again_while_delayed(lambda: b.try_open('g', how=nfs4.UNCHECKED), lambda r: r.status).ok()

    def is_courtesy():
        b.compound().ok()
        return any(x.get('courtesy') for x in clients(w))

    def tries():
        return b.try_open('f', nfs4.WRITE).status
    wait_for('it is a courtesy client', is_courtesy, 3 * LEASE)
    w.server.helper_stop('KILL')
    for _ in range(15):
        eq(tries(), nfs4.DELAY)
        time.sleep(0.1)
    # nor can the administrator give it away
    holder, = [x['name'] for x in clients(w) if x.get('courtesy')]
    assert 'record' in w.server.refused('lock', 'client', 'release', holder)
    # it has lost nothing
    a.compound().ok()
    eq(tries(), nfs4.SHARE_DENIED)
    wait_for('it is a courtesy client again', is_courtesy, 3 * LEASE)
    eq(tries(), nfs4.DELAY)
    w.server.helper_start(w.server.conf)
    wait_for('it gives way', lambda: tries() == nfs4.OK, 3 * LEASE)
    eq(a.compound().status, nfs4.BADSESSION)
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('the grace period', lambda: w.server.grace()['active'])
    a = V41.at(w, name=name, reclaimed=False)
    r = a.compound(nfs4.putfh(a.fh('data', 'f')),
                   nfs4.open(a.owner(), None, nfs4.BOTH, nfs4.DENY_WRITE,
                             claim=nfs4.CLAIM_PREVIOUS))
    eq(r.status, nfs4.RECLAIM_BAD)
    w.server.ctl('grace', 'end')
    release_all(w)


@test(server='ditto', locks='raw', clients=2, timeout=180)
def asks_while_it_is_withdrawn(w):
    """A client that is back before its withdrawal has ended retries, and has lost nothing."""
    w.server.ctl('server', 'set', 'lease-time-s', str(LEASE))
    w.server.ctl('server', 'set', 'upcall-ms', '15000')
    put(w.path('f'), b'', 0o666)
    a, b = V41.at(w), V41.at(w, w.clients[1])
    opened = nfs4.again_while_delayed(lambda: a.try_open('f', nfs4.BOTH, nfs4.DENY_WRITE),
                                      lambda r: r.status).ok()
    nfs4.again_while_delayed(lambda: b.try_open('g', how=nfs4.UNCHECKED), lambda r: r.status).ok()

    def is_courtesy():
        b.compound().ok()
        return any(x.get('courtesy') for x in clients(w))
    wait_for('it is a courtesy client', is_courtesy, 3 * LEASE)
    said = []
    with process_stopped(w.server.helper.pid):
        eq(b.try_open('f', nfs4.WRITE).status, nfs4.DELAY)

        def is_back():
            said.append(a.compound().status)
            return said[-1] == nfs4.OK
        wait_for('it renews', is_back, 45)
    eq(set(said), {nfs4.DELAY, nfs4.OK})
    a.compound(nfs4.putfh(a.fh('data', 'f')), nfs4.read(opened.of('open').stateid, 0, 1)).ok()
    release_all(w)


@test(smb=True, squash='none', timeout=150)
def smb_locks_while_the_record_stays(w):
    """A LOCK of SMB that must not wait is refused by a silent client whose record remains."""
    w.server.ctl('server', 'set', 'lease-time-s', str(LEASE))
    files(w, 'g')
    os.chmod(w.path('g'), 0o666)
    s = Smb2(w.client)
    fid = s.create('g', how=OPEN, share=SHARE_ALL)
    a = V41.at(w)
    r = nfs4.again_while_delayed(lambda: a.try_open('g'), lambda r: r.status).ok()
    a.lock(r[-1].fh, nfs4.WRITE_LT, (0, 10), r[-2].stateid).ok()

    def silent():
        return any(x.get('courtesy') for x in clients(w))
    wait_for('it is a courtesy client', silent, 3 * LEASE)
    w.server.helper_stop('KILL')
    for _ in range(2):
        refused('LOCK_NOT_GRANTED', s.lock, fid, 5, 1)
    s.lock(fid, 10, 1)
    w.server.helper_start(w.server.conf)

    def granted():
        try:
            s.lock(fid, 5, 1)
        except smb2.Status:
            return False
        return True
    wait_for('it gives way', granted, 3 * LEASE)
    eq(a.compound().status, nfs4.BADSESSION)
    s.end()


@test(server='ditto', locks='raw', timeout=150)
def processes_while_the_record_stays(w):
    """A local process does not hang on a silent client whose record remains."""
    w.server.ctl('server', 'set', 'lease-time-s', str(LEASE))
    files(w, 'f', 'g')
    a = Caller(w)
    sid, fh = a.delegated('f')
    r, g = a.open('g', nfs4.BOTH | nfs4.WANT_NO, own=b'locker')
    a.compound(nfs4.putfh(g), nfs4.lock(nfs4.WRITE_LT, 0, 10, r.stateid,
                                        new=(0, 0, a.s.owner(b'lock')))).ok()

    def silent():
        return any(x.get('courtesy') for x in clients(w))
    wait_for('it is a courtesy client', silent, 3 * LEASE)
    w.server.helper_stop('KILL')
    s = Locker(w.path('g'))
    s.refused('lock', WRITE, 5, 1)
    s.start('wait', WRITE, 5, 1).waits()
    s.signal()
    with expect_errno(errno.EINTR):
        s.result()
    writer = Child(put, w.path('f'), b'local')
    time.sleep(1)
    # it renews, and its delegation is recalled for the waiting process
    a.compound().ok()
    a.recall(20)
    a.give_back(sid, fh)
    writer.join()
    eq(get(w.path('f')), b'local')
    s.refused('lock', WRITE, 5, 1)
    wait_for('it is a courtesy client again', silent, 3 * LEASE)
    s.refused('lock', WRITE, 5, 1)
    s.start('wait', WRITE, 5, 1).waits()
    w.server.helper_start(w.server.conf)
    s.result()
    eq(a.compound().status, nfs4.BADSESSION)
    s.end()


@test(server='ditto', timeout=60)
def unmounted_and_forgotten(w):
    """A client that unmounts leaves nothing behind, at once in 4.1."""
    m = w.client.mount(vers='4.1')
    put(f'{m}/f', b'x')
    eq(len(w.server.json('session', 'list')), 1)
    w.client.umount(m)
    wait_for('it is gone', lambda: not clients(w))
    eq(w.server.json('session', 'list'), [])
    eq(os.listdir(w.path()), ['f'])


@test(server='ditto', timeout=90)
def sessions_closed_under_load(w):
    """Requests are executed exactly once when the session is closed again and again."""
    w.server.ctl('server', 'set', 'delegations', 'off')
    m = w.client.mount(vers='4.1', opts='nconnect=2')

    def load(n):
        for i in range(40):
            put(f'{m}/{n}.{i}', pattern(i, 5000))
            os.rename(f'{m}/{n}.{i}', f'{m}/{n}-{i}')

    def close():
        for _ in range(8):
            for s in w.server.json('session', 'list'):
                w.server.ctl('session', 'close', str(s['id']), check=False)
            time.sleep(0.3)
    parallel(close, *[lambda n=n: load(n) for n in range(4)])
    eq(sorted(os.listdir(w.path())), sorted(f'{n}-{i}' for n in range(4) for i in range(40)))
    put(f'{m}/last', b'it goes on')
    eq(len(w.server.json('session', 'list')), 1)

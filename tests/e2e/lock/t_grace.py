# SPDX-License-Identifier: GPL-2.0-only
"""Changes of files in grace, while opens and delegations may still be reclaimed."""
import contextlib
import errno
import fcntl
import os
import sqlite3

import nfs3
import nfs4
import nlm
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test
from nfs4_opens import V40, V41, last, opened as opened40
from nlm_lockers import connect, machines, status
from nsm import Notified
from smb2 import MAKE, Smb2, refused
from smb_durable import waiting
from smb_lasting import available, client, gone

FILES = ('f', 'g', 'held')


def files(w, names=FILES + tuple(f'{name}.other' for name in FILES)):
    os.chmod(w.export, 0o777)
    for name in names:
        put(w.path(name), b'0123456789', 0o666)
        os.chmod(w.path(name), 0o666)


def active(w):
    return w.server.grace()['active']


def v41(w, name, **kw):
    return V41.at(w, name=name, verf=b'verifier', **kw)


def opened(c, name, acc, deny=nfs4.DENY_NONE):
    return nfs4.again_while_delayed(lambda: c.try_open(name, acc, deny),
                                    lambda r: r.status).ok()[-1].fh


def restart(w):
    w.server.lengthen_grace()
    w.server.restart()
    wait_for('the grace', lambda: active(w))


def reclaimed(c, fh, acc, deny=nfs4.DENY_NONE):
    r = c.patiently(nfs4.putfh(fh), nfs4.open(c.owner(), None, acc, deny,
                                              claim=nfs4.CLAIM_PREVIOUS)).ok()
    return r[-1].stateid


def done(c):
    c.patiently(nfs4.reclaim_complete()).ok()


def changes3(w, n, name):
    """All changes of a file in NFSv3, in an order in which each can be made."""
    def moved():
        return f'{name}.moved' if os.path.exists(w.path(f'{name}.moved')) else name
    fh = n.lookup(n.root, name).fh
    yield 'write', lambda: n.write(fh, 0, b'x')
    yield 'size', lambda: n.setattr(fh, nfs3.sattr(size=5))
    yield 'mode', lambda: n.setattr(fh, nfs3.sattr(mode=0o666))
    yield 'create over', lambda: n.create(n.root, name, attrs=nfs3.sattr(size=0))
    yield 'link', lambda: n.link(fh, n.root, f'{name}.link')
    yield 'rename', lambda: n.rename(n.root, name, n.root, f'{name}.moved')
    yield 'rename over', lambda: n.rename(n.root, f'{name}.other', n.root, moved())
    yield 'remove', lambda: n.remove(n.root, moved())


def changes4(c, fh, name):
    root = nfs4.putfh(c.root)
    yield 'mode', lambda: c.compound(nfs4.putfh(fh), nfs4.setattr(nfs4.ANON, {'mode': 0o666}))
    yield 'link', lambda: c.compound(nfs4.putfh(fh), nfs4.savefh(), root, nfs4.link(f'{name}.link'))
    yield 'rename', lambda: c.compound(root, nfs4.savefh(), root,
                                       nfs4.rename(name, f'{name}.moved'))
    yield 'remove', lambda: c.compound(root, nfs4.remove(f'{name}.link'))


@test(server='ditto', locks='raw', clients=2, timeout=90)
def changes_wait(w):
    """Nobody else changes a file until all opens are reclaimed; new files are not affected."""
    files(w)
    a, b = v41(w, b'a'), v41(w, b'b')
    fh = opened(a, 'f', nfs4.BOTH, nfs4.DENY_WRITE)
    opened(b, 'g', nfs4.READ)
    restart(w)
    a, b = v41(w, b'a', reclaimed=False), v41(w, b'b', reclaimed=False)
    n = w.client.nfs()
    for name in ('f', 'g'):
        for what, change in changes3(w, n, name):
            eq((what, change().status), (what, nfs3.JUKEBOX))
    f, g = (n.lookup(n.root, name).fh for name in ('f', 'g'))
    gh = b.fh('data', 'g')
    for what, change in changes4(b, gh, 'g'):
        if what == 'remove':
            os.link(w.path('g'), w.path('g.link'))
        eq((what, change().status), (what, nfs4.DELAY))
    os.unlink(w.path('g.link'))
    status(connect(w.client, g).lock((0, 10)), nlm.GRACE)

    # Reads and new files.
    eq(n.read(f, 0, 10).data, b'0123456789')
    new = n.create(n.root, 'new').fh
    eq(n.write(new, 0, b'new').status, nfs3.OK)
    eq(n.rename(n.root, 'new', n.root, 'g').status, nfs3.JUKEBOX)
    n.create(n.root, 'new.other')
    for what, change in changes3(w, n, 'new'):
        eq((what, change().status), (what, nfs3.OK))
    eq(n.mkdir(n.root, 'dir').status, nfs3.OK)
    eq(n.rename(n.root, 'dir', n.root, 'moved').status, nfs3.OK)
    eq(n.rmdir(n.root, 'moved').status, nfs3.OK)
    # Local processes do not wait for reclaims.
    put(w.path('g'), b'by a process')

    # The client that reclaimed it goes on, on that file alone.
    sid = reclaimed(a, fh, nfs4.BOTH, nfs4.DENY_WRITE)
    a.compound(nfs4.putfh(fh), nfs4.write(sid, 0, b'mine')).ok()
    a.compound(nfs4.putfh(fh), nfs4.setattr(sid, {'size': 8})).ok()
    for what, change in changes4(a, fh, 'f'):
        eq((what, change().status), (what, nfs4.OK))
        if what == 'rename':
            os.rename(w.path('f.moved'), w.path('f'))
    eq(a.compound(nfs4.putfh(a.root), nfs4.remove('g')).status, nfs4.DELAY)
    eq(n.write(f, 0, b'x').status, nfs3.JUKEBOX)
    # An open for reading is compatible with another client's delegation.
    reclaimed(b, gh, nfs4.READ)
    eq(b.compound(nfs4.putfh(b.root), nfs4.remove('g')).status, nfs4.DELAY)

    done(a)
    eq((active(w), n.write(g, 0, b'x').status), (1, nfs3.JUKEBOX), 'one is missing')
    done(b)
    wait_for('the grace ends', lambda: not active(w))
    eq(n.write(g, 0, b'x').status, nfs3.OK)
    assert n.write(f, 0, b'x').status != nfs3.OK, 'it is denied'
    eq(get(w.path('f')), b'mine4567')
    for x in (a, b):
        x.rpc.close()
    w.server.release_clients()


def state(w):
    return w.server.grace()['state']


def database(w):
    return contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db', isolation_level=None))


@contextlib.contextmanager
def unreadable(w):
    """Restart the server with a helper that cannot read its records until this ends."""
    w.server.lengthen_grace()
    w.server.helper_stop()
    w.server.restart()
    with database(w) as db:
        db.execute('ALTER TABLE record RENAME TO away')
        w.server.helper_start(w.server.conf)
        wait_for('the line in the log', lambda: (
            'records cannot be read, which clients need' in w.server.helper_log()))
        yield
        db.execute('ALTER TABLE away RENAME TO record')
    wait_for('the grace', lambda: state(w) == 'grace')


@test(server='ditto', locks='raw', timeout=90)
def records_are_read_late(w):
    """Clients reclaim although their records cannot be read at first."""
    files(w)
    fh = opened(v41(w, b'a'), 'f', nfs4.BOTH)
    with unreadable(w):
        pass
    a = v41(w, b'a', reclaimed=False)
    reclaimed(a, fh, nfs4.BOTH)
    done(a)
    w.server.release_clients()


@test(smb=True, squash='none', locks='raw', timeout=120)
def nothing_is_served_before_the_records(w):
    """Until the helper has read who may reclaim, no protocol changes or opens an old file."""
    files(w)
    available(w)
    fh = opened(v41(w, b'a'), 'g', nfs4.BOTH, nfs4.DENY_WRITE)
    s = client(w)
    held = s.lasting('held', state=0, share=0, ms=300000)
    s.end()
    wait_for('it waits', lambda: waiting(w) == ['held'])
    with unreadable(w):
        eq((state(w), w.server.grace()['active']), ('loading', 0))
        n = w.client.nfs()
        for name in ('g', 'held'):
            for what, change in changes3(w, n, name):
                eq((name, what, change().status), (name, what, nfs3.JUKEBOX))
        status(connect(w.client, fh_of(n, 'f')).lock((0, 10)), nlm.GRACE)
        new = v41(w, b'new', reclaimed=False)
        eq(new.try_open('f', nfs4.WRITE).status, nfs4.DELAY)
        eq(new.compound(nfs4.reclaim_complete()).status, nfs4.DELAY)
        other, s = client(w, 2), client(w)
        refused('FILE_NOT_AVAILABLE', other.make, 'held')
        refused('FILE_NOT_AVAILABLE', s.back, held.fid, 'held', lease=0)
        status_of = w.server.ctl('status', check=False).stdout
        assert status_of.startswith('degraded') and 'who may reclaim' in status_of, status_of
        put(w.path('f'), b'by a process')
        eq(state(w), 'loading')
    eq(get(w.path('held')), b'0123456789')
    s.close(s.back(held.fid, 'held', lease=0).fid)
    a = v41(w, b'a', reclaimed=False)
    reclaimed(a, fh, nfs4.BOTH, nfs4.DENY_WRITE)
    done(a)
    done(new)
    wait_for('the grace ends', lambda: not active(w))
    other.close(other.make('held').fid)
    other.end()
    s.end()
    w.server.release_clients()
    gone(w)


def crash(w):
    """The helper and the server end without having done what they meant to do."""
    w.server.helper_stop('KILL')
    w.server.restart()
    w.server.helper_start(w.server.conf)
    wait_for('the grace', lambda: state(w) == 'grace')


@test(server='ditto', locks='raw', clients=2, timeout=120)
def forgotten_before_others_get_it(w):
    """While those who did not reclaim cannot be forgotten on disk, nobody gets what they had."""
    files(w)
    a, b = v41(w, b'a'), v41(w, b'b')
    fh = opened(a, 'f', nfs4.BOTH, nfs4.DENY_WRITE)
    opened(b, 'g', nfs4.READ)
    restart(w)
    b = v41(w, b'b', reclaimed=False)
    reclaimed(b, b.fh('data', 'g'), nfs4.READ)
    done(b)
    n = w.client.nfs()
    with database(w) as db:
        db.execute('BEGIN IMMEDIATE')
        assert 'did not come back' in w.server.refused('grace', 'end')
        eq((state(w), w.server.grace()['active']), ('forgetting', 1))
        # Neither is it reclaimed any more.
        late = v41(w, b'a', reclaimed=False)
        eq(late.compound(nfs4.putfh(fh), nfs4.open(
            late.owner(), None, nfs4.BOTH, nfs4.DENY_WRITE,
            claim=nfs4.CLAIM_PREVIOUS)).status, nfs4.NO_GRACE)
        eq(b.try_open('f', nfs4.BOTH, nfs4.DENY_BOTH).status, nfs4.GRACE)
        eq(n.write(fh_of(n, 'f'), 0, b'x').status, nfs3.JUKEBOX)
        assert 'did not come back' in w.server.ctl('grace', 'status')
        w.server.helper_stop('KILL')
        # It crashes now: the client has lost nothing.
        db.execute('ROLLBACK')
    w.server.restart()
    w.server.helper_start(w.server.conf)
    wait_for('the grace', lambda: state(w) == 'grace')
    a = v41(w, b'a', reclaimed=False)
    reclaimed(a, fh, nfs4.BOTH, nfs4.DENY_WRITE)
    eq(get(w.path('f')), b'0123456789')
    # With a helper that can write they are forgotten, and the same client may not reclaim.
    w.server.ctl('grace', 'end')
    eq((state(w), active(w)), ('normal', 0))
    w.server.release_clients()


@test(server='ditto', locks='raw', clients=2, timeout=120)
def forgotten_for_good(w):
    """Who did not reclaim in one life cannot do so in the next, when others had the file."""
    files(w)
    fh = opened(v41(w, b'a'), 'f', nfs4.BOTH, nfs4.DENY_WRITE)
    restart(w)
    b = v41(w, b'b')
    with database(w) as db:
        db.execute('BEGIN IMMEDIATE')
        w.server.refused('grace', 'end')
        db.execute('ROLLBACK')
    wait_for('they are forgotten', lambda: state(w) == 'normal')
    opened(b, 'f', nfs4.BOTH, nfs4.DENY_BOTH)
    crash(w)
    a = v41(w, b'a', reclaimed=False)
    r = a.patiently(nfs4.putfh(fh), nfs4.open(a.owner(), None, nfs4.BOTH, nfs4.DENY_WRITE,
                                              claim=nfs4.CLAIM_PREVIOUS))
    eq(r.status, nfs4.RECLAIM_BAD)
    w.server.ctl('grace', 'end')
    w.server.release_clients()


@test(server='ditto', locks='raw', clients=2, timeout=120)
def a_machine_that_does_not_come_back(w):
    """Others get the ranges of a machine once its record is removed, and not before."""
    files(w)
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.clients[0].daemons.stop()
    w.clients[0].daemons = None
    restart(w)
    with database(w) as db:
        db.execute('BEGIN IMMEDIATE')
        w.server.refused('grace', 'end')
        eq(state(w), 'forgetting')
        b = connect(w.clients[1], a.fh)
        status(b.lock((0, 10)), nlm.GRACE)
        db.execute('ROLLBACK')
    wait_for('it is forgotten', lambda: state(w) == 'normal')
    status(b.lock((0, 10)), nlm.OK)
    crash(w)
    a = connect(w.clients[0], a.fh)
    status(a.lock((0, 10), reclaim=True), nlm.GRACE, 'it is not known any more')
    b = connect(w.clients[1], a.fh)
    status(b.lock((0, 10), reclaim=True), nlm.OK)
    w.server.ctl('grace', 'end')
    b.free_all()


@test(smb=True, squash='none', locks='raw', timeout=120)
def grace_of_another_lock_manager(w):
    """A mount of the server itself begins a grace of lockd: ranges wait for it, and nothing else."""
    files(w)
    s, a, n = client(w), v41(w, b'a'), w.client.nfs()
    # lockd takes its name at rpcbind over.
    locker = connect(w.client, fh_of(n, 'f'))
    where = f'{w.base}/mounted'
    os.mkdir(where)
    port = w.server.port
    options = f'vers=3,addr=127.0.0.1,port={port},mountaddr=127.0.0.1,mountport={port},' \
        'mountvers=3,proto=tcp,mountproto=tcp'
    w.server.ns.run('mount', '-i', '-t', 'nfs', '-o', options, '127.0.0.1:/data', where)
    try:
        eq((state(w), w.server.grace()['others'], active(w)), ('normal', 'ranges', 1))
        assert 'lockd' in w.server.ctl('grace', 'status')
        assert 'lockd' in w.server.ctl('status', check=False).stdout
        fh = opened(a, 'g', nfs4.BOTH)
        fid = s.make('f').fid
        s.write(fid, b'smb')
        eq(n.write(fh_of(n, 'g'), 0, b'x').status, nfs3.OK)
        a.compound(nfs4.putfh(fh), nfs4.write(nfs4.ANON, 0, b'y')).ok()
        status(locker.lock((0, 10)), nlm.GRACE)
        s.close(fid)
    finally:
        w.server.ns.run('umount', where)
    wait_for('it ends', lambda: not active(w))
    s.end()
    w.server.release_clients()


@test(server='ditto', locks='raw', clients=2, timeout=90)
def by_hand(w):
    """The administrator ends the grace time."""
    files(w)
    opened(v41(w, b'a'), 'f', nfs4.BOTH)
    restart(w)
    n = w.client.nfs()
    g = n.lookup(n.root, 'g').fh
    eq(n.write(g, 0, b'x').status, nfs3.JUKEBOX)
    w.server.ctl('grace', 'end')
    eq(n.write(g, 0, b'x').status, nfs3.OK)
    w.server.release_clients()


@test(server='ditto', locks=True, clients=2, timeout=90)
def locks_of_version_3_delay_nobody(w):
    """Advisory ranges delay no write: without other records no change waits."""
    files(w)
    a, _ = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    with Notified(w.clients[0]):
        restart(w)
        n = w.client.nfs()
        for what, change in changes3(w, n, 'g'):
            eq((what, change().status), (what, nfs3.OK))
        eq(active(w), 1)
        a = connect(w.clients[0], a.fh)
        status(a.lock((0, 10), reclaim=True), nlm.OK)
        w.server.ctl('grace', 'end')
    a.free_all()


@test(smb=True, squash='none', locks='raw', timeout=120)
def smb_waits(w):
    """A persistent open works in grace, but cannot replace files of others."""
    files(w)
    available(w)
    a = v41(w, b'a')
    fh = opened(a, 'g', nfs4.BOTH)
    s = client(w)
    held = s.lasting('held', state=0)
    s.end()
    wait_for('it waits', lambda: waiting(w) == ['held'])
    restart(w)
    wait_for('it is restored', lambda: waiting(w) == ['held'])
    s = client(w)
    fid = s.back(held.fid, 'held', lease=0).fid
    refused('FILE_NOT_AVAILABLE', s.make, 'f')
    s.write(fid, b'smb')
    refused('FILE_NOT_AVAILABLE', s.rename, fid, 'g', True)
    s.rename(fid, 'free')
    n = w.client.nfs()
    # The open of a client of SMB is none of the client of NFS.
    eq(n.remove(n.root, 'free').status, nfs3.JUKEBOX)
    a = v41(w, b'a', reclaimed=False)
    reclaimed(a, fh, nfs4.BOTH)
    refused('FILE_NOT_AVAILABLE', s.rename, fid, 'f', True)
    done(a)
    wait_for('the grace ends', lambda: not active(w))
    s.rename(fid, 'f', True)
    eq(get(w.path('f')), b'smb3456789')
    s.close(fid)
    s.end()
    w.server.release_clients()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def streams_wait(w):
    """A new stream that is refused in grace is made when it is asked for again."""
    files(w)
    opened(v41(w, b'a'), 'g', nfs4.BOTH)
    restart(w)
    s = Smb2(w.client)
    refused('FILE_NOT_AVAILABLE', s.create, 'f:new', how=MAKE)
    w.server.ctl('grace', 'end')
    wait_for('the grace ends', lambda: not active(w))
    s.close(s.create('f:new', how=MAKE))
    s.end()


def reclaimed40(c, fh, acc, deny, where):
    """Reclaim an open and a range of version 4.0; returns the stateid of the open."""
    sid = last(c.counted(fh, nfs4.open(c.owner(), None, acc, deny, seqid=c.seqid(),
                                       claim=nfs4.CLAIM_PREVIOUS), b'owner'), nfs4.OK).stateid
    last(c.lock(fh, nfs4.WRITE_LT, where, sid, reclaim=True), nfs4.OK)
    return sid


def fh_of(n, name):
    return n.lookup(n.root, name).fh


def others_are_refused(w, n, new, s, names):
    """What all actors but the holder get: the grace, whatever is reclaimed by now."""
    for name in names:
        for what, change in changes3(w, n, name):
            eq((name, what, change().status), (name, what, nfs3.JUKEBOX))
        status(connect(w.client, fh_of(n, name)).lock((0, 10)), nlm.GRACE)
        eq(new.try_open(name, nfs4.WRITE).status, nfs4.GRACE)
        refused('FILE_NOT_AVAILABLE', s.make, name)


@test(smb=True, squash='none', locks='raw', clients=2, timeout=120)
def five_actors(w):
    """A client of 4.0 reclaims; one of NFSv3 and NLM, of 4.1 and of SMB wait, a process does not."""
    files(w)
    available(w)
    verf, where = b'verifier', (0, 4)
    old = V40(w, name=b'old', verf=verf)
    sid, fh = opened40(old, 'f', nfs4.BOTH, nfs4.DENY_WRITE)
    last(old.lock(fh, nfs4.WRITE_LT, where, sid), nfs4.OK)
    opened(v41(w, b'new'), 'g', nfs4.READ)
    restart(w)
    old, n, s = V40(w, name=b'old', verf=verf), w.clients[1].nfs(), client(w)
    new = v41(w, b'new', reclaimed=False)
    others_are_refused(w, n, new, s, ('f', 'g'))
    put(w.path('g'), b'by a process')
    # Without a reclaim it waits like all others.
    last(old.try_open('g', nfs4.WRITE), nfs4.GRACE)
    sid = reclaimed40(old, fh, nfs4.BOTH, nfs4.DENY_WRITE, where)
    last(old.compound(nfs4.putfh(fh), nfs4.write(sid, 0, b'mine')), nfs4.OK)
    others_are_refused(w, n, new, s, ('f', 'g'))
    # A client of 4.0 cannot tell that it has reclaimed all (RFC 7530 section 9.6).
    done(new)
    eq(active(w), 1)
    w.server.ctl('grace', 'end')
    # Now the claims of the client of 4.0 decide.
    assert n.write(fh_of(n, 'f'), 0, b'x').status != nfs3.OK, 'it is denied'
    status(connect(w.client, fh_of(n, 'f')).lock((0, 10)), nlm.DENIED)
    eq(new.try_open('f', nfs4.WRITE).status, nfs4.SHARE_DENIED)
    refused('SHARING_VIOLATION', s.make, 'f')
    with open(w.path('f'), 'r+b') as f, expect_errno(errno.EAGAIN, errno.EACCES):
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 4, 0)
    eq(n.write(fh_of(n, 'g'), 0, b'x').status, nfs3.OK)
    last(old.counted(fh, nfs4.open(old.owner(b'late'), None, nfs4.READ, seqid=old.seqid(b'late'),
                                   claim=nfs4.CLAIM_PREVIOUS), b'late'), nfs4.NO_GRACE)
    eq(get(w.path('f')), b'mine456789')
    s.end()
    w.server.release_clients()
    gone(w)

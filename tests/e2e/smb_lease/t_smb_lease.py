# SPDX-License-Identifier: GPL-2.0-only
"""Leases and oplocks of SMB: who breaks them, and how they are returned."""
import os
import struct
import time

from impacket.smb3structs import SMB2_DIALECT_21, SMB2_DIALECT_30

import nfs3
import nfs4
import nlm
import smb2
from checks import SLOW, eq, one_of, wait_for
from files import get, put
from harness import test
from nlm_lockers import connect, status
from one_file import ALL, setup
from processes import Child
from smb2 import DELETE, GENERIC_READ, GENERIC_WRITE, OPEN, OVERWRITE_IF, refused
from smb_cachers import (BATCH, BREAKING, BREAK_S, H, II, LEASE, NONE, OPLOCK_EXCLUSIVE, R, W,
                         Cacher, Granted, key, later, two)

ATTRIBUTES = 0x100180       # reads and writes attributes


def soon(read, want, what):
    """Wait until a caching reader sees a write."""
    wait_for(f'{what}: {want}', lambda: read() == want)


@test(smb=True, squash='none')
def ranges_behind_the_end(w):
    """Where a file has no data, another's range leaves R and H to be had, and not W."""
    os.chmod(w.export, 0o777)
    a, b = Cacher(w.client), Cacher(w.client)
    fid = a.open('f').fid
    a.lock(fid, 100, 10)
    for size, state in ((0, R | H), (100, R | H), (101, 0)):
        put(w.path('f'), bytes(size))
        granted = b.open('f', key=key(1), state=R | W | H)
        eq(granted.state, state, f'a lease of {size} bytes')
        b.close(granted.fid)
    a.end()
    b.end()



@test(smb=True, squash='none')
def granted_as_asked(w):
    """Valid lease states are granted, invalid ones are not."""
    s, _, _, _ = two(w)
    for i, (ask, got) in enumerate([(0, 0), (R, R), (W, 0), (H, 0), (H | W, 0), (R | H, R | H),
                                    (R | W, R | W), (R | H | W, R | H | W)]):
        g = s.open(f'g{i}', key=key(i + 1), state=ask, epoch=7)
        eq((g.level, g.state, g.flags, g.epoch), (LEASE, got, 0, 8 if got else 7))
        s.close(g.fid)
    for i, level in enumerate((II, OPLOCK_EXCLUSIVE, BATCH)):
        g = s.open(f'o{i}', level=level)
        eq(g.level, level)
        s.close(g.fid)
    eq(s.open('o0', level=LEASE).level, NONE)
    os.mkdir(w.path('dir'), 0o777)
    g = s.open('dir', key=key(99), state=R | H | W, epoch=0, access=GENERIC_READ)
    eq((g.level, g.state), (LEASE, R | H))
    s.end()


@test(smb=True, squash='none')
def one_key_widens(w):
    """Opens of one key share a lease that only grows, until the last one is closed."""
    s, _, n, fh = two(w)
    a = s.open('f', key=key(1), state=R, epoch=3)
    eq((a.state, a.epoch), (R, 4))
    b = s.open('f', key=key(1), state=R | H | W, epoch=4)
    eq((b.state, b.epoch), (R | H | W, 5))
    c = s.open('f', key=key(1), state=R, epoch=5)
    eq((c.state, c.epoch), (R | H | W, 5))
    s.close(a.fid)
    s.close(b.fid)
    s.write(c.fid, b'mine')
    eq(s.read(c.fid, 4), b'mine')
    s.quiet()
    refused('INVALID_PARAMETER', s.open, 'other', key=key(1), state=R)
    eq(os.path.exists(w.path('other')), False)
    s.close(c.fid)
    wait_for('the grant is back', lambda: w.server.claims() == {})
    eq(n.write(fh, 0, b'x').status, nfs3.OK)
    s.quiet()
    s.end()


@test(smb=True, squash='none')
def key_of_another_file(w):
    """A key that is in use on another file or stream is refused before anything is changed."""
    s, _, _, _ = two(w)
    for name in ('old', 'old:s'):
        fid = s.open(name).fid
        s.write(fid, b'data')
        s.close(fid)
    mine = s.open('f:s', key=key(1), state=R | H | W, epoch=0)
    eq(mine.state, R | H | W)
    for name in ('old', 'old:s', 'old:new', 'new', 'new:s', 'f', 'f:other'):
        refused('INVALID_PARAMETER', s.open, name, key=key(1), state=R, how=OVERWRITE_IF)
    eq(os.path.exists(w.path('new')), False)
    for name in ('old', 'old:s'):
        fid = s.open(name, how=OPEN).fid
        eq(s.read(fid, 4), b'data')
        s.close(fid)
    for name in ('old:new', 'f:other'):
        refused('OBJECT_NAME_NOT_FOUND', s.open, name, how=OPEN)
    same = s.open('F:S', key=key(1), state=R | H | W, epoch=0, how=OPEN)
    eq(same.state, R | H | W)
    s.quiet()
    s.end()


@test(smb=True, squash='none', clients=2)
def another_client_opens(w):
    """W is broken first, and the other client gets what is compatible."""
    a, b, _, _ = two(w)
    mine = a.open('f', key=key(1), state=R | H | W, epoch=0)
    number = b.opening('f', key=key(2), state=R | H | W, epoch=0)
    eq(a.broken(), (key(1), R | H | W, R | H, True, 2))
    a.ack(key(1), R | H)
    other = b.opened(number)
    eq(other.state, R | H)
    # reading breaks nothing, writing breaks both
    b.read(other.fid, 3)
    a.quiet()
    b.write(other.fid, b'new')
    eq(a.broken()[1:4], (R | H, 0, True))
    a.ack(key(1), 0)
    b.quiet()
    eq(a.read(mine.fid, 3), b'new')
    a.end()
    b.end()


@test(smb=True, squash='none')
def acknowledged_by_the_rules(w):
    a, b, _, _ = two(w)
    refused('OBJECT_NAME_NOT_FOUND', a.ack, key(1), R)
    a.open('f', key=key(1), state=R | H | W, epoch=0)
    refused('UNSUCCESSFUL', a.ack, key(1), R)
    number = b.opening('f')
    eq(a.broken()[1:4], (R | H | W, R | H, True))
    refused('REQUEST_NOT_ACCEPTED', a.ack, key(1), R | H | W)
    # another open with the key succeeds, with the flag that the lease is breaking
    again = a.open('f', key=key(1), state=R | H | W, epoch=0)
    eq((again.state, again.flags), (R | H | W, BREAKING))
    # less may be kept than is left
    a.ack(key(1), R)
    b.opened(number)
    refused('UNSUCCESSFUL', a.ack, key(1), R)
    eq(a.open('f', key=key(1), state=R, epoch=0).state, R)
    a.end()
    b.end()


@test(smb=True, squash='none')
def oplocks(w):
    a, b, n, fh = two(w, SMB2_DIALECT_21)
    g = a.open('f', level=BATCH)
    eq(g.level, BATCH)
    number = b.opening('f', level=BATCH)
    eq(a.oplock_broken(), (g.fid, II))
    refused('INVALID_OPLOCK_PROTOCOL', a.oplock_ack, g.fid, BATCH)
    other = b.opened(number)
    eq(other.level, II)
    # the close was an answer, too: nothing is left
    refused('INVALID_OPLOCK_PROTOCOL', a.oplock_ack, g.fid, NONE)
    # a byte written breaks level II without a word back
    eq(n.write(fh, 0, b'x').status, nfs3.OK)
    eq(b.oplock_broken(), (other.fid, NONE))
    refused('INVALID_OPLOCK_PROTOCOL', b.oplock_ack, other.fid, NONE)
    a.close(g.fid)
    refused('FILE_CLOSED', a.oplock_ack, g.fid, NONE)
    b.close(other.fid)
    g = a.open('f', level=OPLOCK_EXCLUSIVE)
    number = b.opening('f', level=OPLOCK_EXCLUSIVE)
    eq(a.oplock_broken(), (g.fid, II))
    a.oplock_ack(g.fid, II)
    eq(b.opened(number).level, II)
    # one that looks at attributes only breaks nothing
    b.open('f', access=ATTRIBUTES)
    a.quiet()
    a.end()
    b.end()


@test(smb=True, squash='none')
def closed_instead_of_acknowledged(w):
    a, b, _, _ = two(w)
    g = a.open('f', level=BATCH)
    number = b.opening('f', key=key(2), state=R | H | W, epoch=0)
    eq(a.oplock_broken()[1], II)
    a.close(g.fid)
    eq(b.opened(number).state, R | H | W)
    a.end()
    b.end()


@test(smb=True, squash='none')
def sharing_violation_asks_first(w):
    """H is broken before a sharing violation, because the holder may close."""
    a, b, _, _ = two(w)
    g = a.open('f', key=key(1), state=R | H | W, epoch=0, share=0)
    number = b.opening('f')
    eq(a.broken()[1:4], (R | H | W, R | W, True))
    a.close(g.fid)
    b.close(b.opened(number).fid)
    # with another key, since the first one has an answer outstanding
    a.open('f', key=key(2), state=R | H | W, epoch=0, share=0)
    number = b.opening('f')
    a.broken()
    a.ack(key(2), R | W)
    refused('SHARING_VIOLATION', b.opened, number)
    a.quiet()
    a.end()
    b.end()


@test(smb=True, squash='none')
def nfs_breaks(w):
    """NFSv3 gets JUKEBOX until the cached data is written back."""
    s, _, n, fh = two(w)
    g = s.open('f', key=key(1), state=R | H | W, epoch=0)
    eq(n.getattr(fh).status, nfs3.OK)
    s.quiet()
    eq(n.read(fh, 0, 4).status, nfs3.JUKEBOX)
    eq(s.broken(), (key(1), R | H | W, R | H, True, 2))
    eq(n.read(fh, 0, 4).status, nfs3.JUKEBOX)
    s.write(g.fid, b'kept back')
    s.ack(key(1), R | H)
    eq(n.read(fh, 0, 9).data, b'kept back')
    s.quiet()
    eq(n.write(fh, 0, b'changed').status, nfs3.OK)
    eq(s.broken()[1:4], (R | H, 0, True))
    s.ack(key(1), 0)
    eq(s.read(g.fid, 7), b'changed')
    s.close(g.fid)
    g = s.open('f', key=key(1), state=R | H | W, epoch=0)
    eq(n.write(fh, 0, b'y').status, nfs3.JUKEBOX)
    eq(s.broken()[1:4], (R | H | W, 0, True))
    waiting = later(n, 'write', fh, 0, b'y')
    s.ack(key(1), 0)
    eq(waiting.join(), nfs3.OK)
    s.close(g.fid)
    # a name that goes takes the handle
    g = s.open('f', key=key(1), state=R | H, epoch=0)
    waiting = later(n, 'remove', n.root, 'f')
    eq(s.broken()[1:4], (R | H, R, True))
    s.close(g.fid)
    eq(waiting.join(), nfs3.OK)
    s.end()


@test(smb=True, squash='none', locks='raw')
def nlm_breaks(w):
    s, _, _, fh = two(w)
    l = connect(w.client, fh)
    s.open('f', key=key(1), state=R | H | W, epoch=0)
    one_of(l.lock((0, 10)).status, (nlm.DENIED, nlm.BLOCKED, nlm.GRACE))
    eq(s.broken()[1:4], (R | H | W, 0, True))
    s.ack(key(1), 0)
    wait_for('the lock', lambda: l.lock((0, 10)).status == nlm.OK)
    status(l.unlock((0, 0)), nlm.OK)
    s.end()


@test(smb=True, squash='none')
def local_open_breaks(w):
    """A local process waits in open() until the lease is reduced."""
    s, _, _, _ = two(w)
    g = s.open('f', key=key(1), state=R | H | W, epoch=0)
    reader = Child(get, w.path('f'))
    eq(s.broken()[1:3], (R | H | W, R | H))
    s.write(g.fid, b'kept back')
    s.ack(key(1), R | H)
    eq(reader.join()[:9], b'kept back')
    writer = Child(put, w.path('f'), b'local')
    eq(s.broken()[1:3], (R | H, 0))
    s.ack(key(1), 0)
    writer.join()
    eq(s.read(g.fid, 5), b'local')
    # no lease while a process may write when it likes
    with open(w.path('f'), 'rb+'):
        eq(s.open('f', key=key(2), state=R, epoch=0).state, 0)
    s.end()


@test(smb=True, squash='none')
def written_in_a_cached_directory(w):
    """Who caches a directory is told of data by a CLOSE of SMB, and by a WRITE of anybody else."""
    s, other, n, fh = two(w)
    c = nfs4.Session.make(nfs4.connect(w.client))
    got, fh4 = nfs4.again_while_delayed(lambda: c.open(c.fh('data'), 'f', nfs4.BOTH),
                                        lambda r: r[0].status)
    lock = nfs4.lock(nfs4.WRITE_LT, 100, 1, got.stateid, new=(0, 0, c.owner(b'locker')))
    locked = c.compound(nfs4.putfh(fh4), lock).ok()[-1].stateid
    local = os.open(w.path('f'), os.O_RDWR)

    def cached():
        """The lease of the directory, and its open."""
        g = s.open('', key=key(1), state=R | H, epoch=0, access=GENERIC_READ,
                   options=smb2.DIRECTORY_FILE)
        eq(g.state, R | H)
        return g

    def told(change):
        g = cached()
        change()
        eq(s.broken()[:4], (key(1), R | H, 0, True))
        s.ack(key(1), 0)
        s.close(g.fid)
    told(lambda: n.write(fh, 0, b'x'))
    for stateid in got.stateid, locked, nfs4.ANON:
        told(lambda: c.compound(nfs4.putfh(fh4), nfs4.write(stateid, 0, b'y')).ok())
    told(lambda: os.pwrite(local, b'z', 0))
    fid = other.open('f').fid
    g = cached()
    # whoever has the lease since then has seen what was written before
    c.compound(nfs4.putfh(fh4), nfs4.close(got.stateid)).ok()
    os.close(local)
    other.write(fid, b'w')
    s.quiet()
    s.close(g.fid)
    told(lambda: other.close(fid))
    s.end()
    other.end()


@test(smb=True, squash='none', fs='ext4', timeout=90)
def names_that_are_not_in_memory(w):
    """Who caches a directory is told of a file in it that is known by its handle alone."""
    os.chmod(w.export, 0o777)
    for name in 'one/f', 'two/g', 'none/x':
        put(w.path(name.replace('/', '-')), b'data', ALL)
        os.mkdir(w.path(name.split('/')[0]))
        os.rename(w.path(name.replace('/', '-')), w.path(name))
    os.link(w.path('two/g'), w.path('one/g'))
    n = w.client.nfs()
    f, g = [n.lookup(n.lookup(n.root, d).fh, name).fh for d, name in (('one', 'f'), ('two', 'g'))]
    w.server.restart()
    put('/proc/sys/vm/drop_caches', b'2')
    s, n = Cacher(w.client, dialect=SMB2_DIALECT_30), w.client.nfs()

    def told(fh, *which):
        opens = [s.open(d, key=key(i), state=R | H, epoch=0, access=GENERIC_READ,
                        options=smb2.DIRECTORY_FILE) for i, d in enumerate(('one', 'two', 'none'))]
        eq([x.state for x in opens], [R | H] * 3)
        eq(n.write(fh, 0, b'x').status, nfs3.OK)
        eq(sorted(s.broken()[0] for _ in which), [key(i) for i in which])
        for i in which:
            s.ack(key(i), 0)
        s.quiet()
        for x in opens:
            s.close(x.fid)
    for fh in f, g:
        told(fh, 0, 1, 2)
    # only where the file is, once it has been looked up there
    n.lookup(n.lookup(n.root, 'one').fh, 'f')
    told(f, 0)
    n.lookup(n.lookup(n.root, 'one').fh, 'g')
    told(g, 0, 1, 2)
    n.lookup(n.lookup(n.root, 'two').fh, 'g')
    told(g, 0, 1)
    s.end()


@test(smb=True, squash='none')
def local_move_of_a_cached_directory(w):
    """A process that moves a cached directory takes HANDLE, one that removes it takes all."""
    s, _, _, _ = two(w)
    os.mkdir(w.path('d'))
    how = {'access': GENERIC_READ, 'state': R | H, 'epoch': 0, 'options': smb2.DIRECTORY_FILE}
    g = s.open('d', key=key(1), **how)
    eq(g.state, R | H)
    os.chmod(w.path('d'), 0o700)
    s.quiet()
    os.rename(w.path('d'), w.path('e'))
    eq(s.broken()[1:4], (R | H, R, True))
    s.ack(key(1), R)
    s.close(g.fid)
    os.mkdir(w.path('f2'))
    s.open('f2', key=key(2), **how)
    os.rmdir(w.path('f2'))
    eq(s.broken()[:4], (key(2), R | H, 0, True))
    s.ack(key(2), 0)
    s.end()


def replace(w, name='f'):
    """Rename over the file, as a local mv does."""
    put(w.path('new'), b'new', ALL)
    os.rename(w.path('new'), w.path(name))


@test(smb=True, squash='none', clients=2)
def local_rename_beside_new_leases(w):
    """While a local process waits for a break, no new lease is granted."""
    a, b, n, _ = two(w)
    for k in range(1, 30, 10):
        a.open('f', key=key(k), state=R | H, epoch=0)
        mover = Child(replace, w)
        eq(a.broken()[1:4], (R | H, 0, True))
        for i in range(1, 5):
            eq(b.open('f', key=key(k + i), state=R | i & H, epoch=0).state, 0)
        a.ack(key(k), 0)
        mover.join()
        eq(n.read(n.lookup(n.root, 'f').fh, 0, 9).data, b'new')
    a.end()
    b.end()


@test(smb=True, squash='none', clients=2)
def local_rename_is_killed(w):
    """A local process that is killed while it waits leaves nothing behind."""
    a, b, n, fh = two(w)
    a.open('f', key=key(1), state=R | H, epoch=0)
    mover = Child(replace, w)
    eq(a.broken()[1:4], (R | H, 0, True))
    mover.kill()
    a.ack(key(1), 0)
    wait_for('a lease again', lambda: b.open('f', key=key(2), state=R | H, epoch=0).state)
    put(w.path('g'), b'x', ALL)
    mover = Child(os.rename, w.path('g'), w.path('f'))
    eq(b.broken()[1:3], (R | H, 0))
    b.ack(key(2), 0)
    mover.join()
    a.end()
    b.end()


@test(smb=True, squash='none', clients=2)
def oldest_open_below_decides(w):
    """A directory is not renamed above opens: the holder of the oldest one is asked first."""
    a, b, _, _ = two(w)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    folder = a.open('d', access=GENERIC_READ | DELETE, options=smb2.DIRECTORY_FILE)
    kept = b.open('d\\f', key=key(1), state=R | H, epoch=0)
    for i in range(20):
        b.open(f'd\\{i}')
    mover = Child(refused, 'ACCESS_DENIED', a.rename, folder.fid, 'e')
    eq(b.broken()[:3], (key(1), R | H, R))
    b.close(kept.fid)
    mover.join()
    a.end()
    b.end()


@test(smb=True, squash='none', clients=2)
def overwritten_beside_streams(w):
    """An open that overwrites a file waits for no holder of its streams, and asks each of them."""
    a, b, _, _ = two(w)
    held = [a.open(f'f:{i}', key=key(i), state=R | H, epoch=0) for i in (1, 2, 3)]
    for _ in range(2):
        b.close(b.open('f', how=OVERWRITE_IF).fid)
    eq(get(w.path('f')), b'')
    eq(sorted(a.broken()[:4] for _ in held), [(key(i), R | H, R, True) for i in (1, 2, 3)])
    for i in (1, 2, 3):
        a.ack(key(i), R)
        a.write(held[i - 1].fid, b'still open')
    # nobody waits on the streams any more
    b.close(b.open('f', how=OVERWRITE_IF).fid)
    for g in held:
        a.close(g.fid)
    b.close(b.open('f', how=OVERWRITE_IF).fid)
    refused('OBJECT_NAME_NOT_FOUND', b.open, 'f:1', how=OPEN)
    a.end()
    b.end()


@test(smb=True, squash='none')
def own_operations(w):
    """Operations of the holder itself do not break its lease."""
    s, _, _, _ = two(w)
    g = s.open('f', key=key(1), state=R | H | W, epoch=0,
               access=GENERIC_READ | GENERIC_WRITE | DELETE)
    again = s.open('f', key=key(1), state=R | H | W, epoch=0)
    s.write(g.fid, b'a' * 100)
    s.read(again.fid, 10)
    s.set(g.fid, 20, struct.pack('<Q', 10))
    s.lock(g.fid, 0, 5)
    s.unlock(g.fid, 0, 5)
    s.rename(g.fid, 'g')
    s.delete_on_close(g.fid)
    s.quiet()
    s.close(again.fid)
    s.close(g.fid)
    eq(os.path.exists(w.path('g')), False)
    g = s.open('f', level=BATCH, access=GENERIC_READ | GENERIC_WRITE | DELETE)
    s.write(g.fid, b'a' * 100)
    s.lock(g.fid, 0, 5)
    s.rename(g.fid, 'g')
    s.quiet()
    s.end()


@test(smb=True, squash='none', timeout=90)
def never_acknowledged(w):
    """A break without acknowledgment ends after 35 s, and the lease is void."""
    a, b, _, _ = two(w)
    g = a.open('f', key=key(1), state=R | H | W, epoch=0)
    began = time.monotonic()
    number = b.opening('f', key=key(2), state=R | H | W, epoch=0)
    eq(a.broken()[2], R | H)
    said, out = b.answer(number, seconds=BREAK_S + 40)
    waited = time.monotonic() - began
    eq(said, smb2.OK)
    # not all again: the handle is still open
    eq(Granted(out).state, R | H)
    eq(BREAK_S - 1 < waited < BREAK_S + 20 * SLOW, True, f'{waited:.1f} s')
    refused('UNSUCCESSFUL', a.ack, key(1), R | H)
    eq(a.read(g.fid, 1), b'0')
    a.close(g.fid)
    a.end()
    b.end()


@test(smb=True, squash='none')
def holder_gone(w):
    """A break without a connection, or whose holder disappears, delays nobody."""
    a, b, _, _ = two(w)
    a.open('f', key=key(1), state=R | H | W, epoch=0)
    number = b.opening('f', key=key(2), state=R | H | W, epoch=0)
    a.broken()
    a.end()
    eq(b.opened(number).state, R | H | W)
    b.end()
    wait_for('claims go', lambda: w.server.claims() == {})


@test(smb=True, squash='none')
def waiting_open_is_cancelled(w):
    a, b, _, _ = two(w)
    g = a.open('f', key=key(1), state=R | H | W, epoch=0)
    number = b.opening('f')
    b.cancel(number)
    eq(smb2.NAMES[b.answer(number)[0]], 'CANCELLED')
    eq(a.broken()[2], R | H)
    a.ack(key(1), R | H)
    a.close(g.fid)
    a.end()
    b.end()


def until_allowed(call, *args):
    """Repeat an NFS call until it is allowed."""
    while True:
        r = call(*args)
        if r.status != nfs3.JUKEBOX:
            eq(r.status, nfs3.OK)
            return r
        time.sleep(0.02)


@test(smb=True, squash='none', clients=2, timeout=120)
def mounts_are_coherent(w):
    """Two kernel clients with leases, and NFS, see each other's last writes."""
    _, n, fh = setup(w, b'round --- by -')
    a, b = (c.mount_smb() for c in w.clients)
    write = [lambda data: put(f'{a}/f', data), lambda data: put(f'{b}/f', data),
             lambda data: until_allowed(n.write, fh, 0, data)]
    read = [lambda: get(f'{a}/f'), lambda: get(f'{b}/f'),
            lambda: until_allowed(n.read, fh, 0, 99).data]
    for i in range(200):
        writer, reader = i % 3, (i + 1 + i // 3 % 2) % 3
        data = b'round %03d by %d' % (i, writer)
        write[writer](data)
        soon(read[reader], data, f'round {i}')


@test(smb=True, squash='none', clients=2, timeout=120)
def mounts_that_keep_files_open(w):
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'-' * 64, ALL)
    a, b = (c.mount_smb() for c in w.clients)
    with open(f'{a}/f', 'rb+', buffering=0) as x, open(f'{b}/f', 'rb+', buffering=0) as y:
        for i in range(100):
            one, other = (x, y) if i % 2 else (y, x)
            data = b'round %03d' % i
            os.pwrite(one.fileno(), data, 0)
            os.fsync(one.fileno())
            soon(lambda: os.pread(other.fileno(), 9, 0), data, f'round {i}')

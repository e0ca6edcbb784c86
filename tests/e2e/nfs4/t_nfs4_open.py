# SPDX-License-Identifier: GPL-2.0-only
"""Opens and locks by the kernel's clients of NFSv4.0, 4.1 and 4.2."""
import errno
import os

import local_locks
import nfs3
import nfs4
import nlm
from checks import eq, expect_errno, wait_for
from files import get, pattern, put
from harness import NFS4_VERSIONS, test
from lockers import READ, WRITE, Locker
from nfs4_opens import V41, last, opened
from nlm_lockers import connect, free, status, taken
from processes import parallel
from smb2 import GENERIC_READ, GENERIC_WRITE, SHARE_ALL, SHARE_READ, Smb2, refused


def versions(func=None, **kw):
    """Register a test for each minor version."""
    def register(f):
        for vers in NFS4_VERSIONS:
            name = f'{f.__name__}_v{vers.replace(".", "")}'

            def copy(w):
                f(w)
            copy.__module__, copy.__name__ = __name__, name
            test(copy, server='ditto', **kw)
            copy.spec['vers'] = vers
        return f
    return register(func) if func else register


@versions
def open_read_write(w):
    m = w.client.mount()
    data = pattern(1, 3 << 20)
    put(f'{m}/f', data)
    eq(get(w.path('f')), data)
    w.client.umount(m)
    m = w.client.mount()
    eq(get(f'{m}/f'), data)
    fd = os.open(f'{m}/f', os.O_RDWR)
    os.pwrite(fd, b'in the middle', 12345)
    os.fsync(fd)
    eq(get(w.path('f'))[12345:12358], b'in the middle')
    os.ftruncate(fd, 10)
    os.close(fd)
    eq(get(w.path('f')), data[:10])
    put(f'{m}/f', b'new')
    eq(get(w.path('f')), b'new')
    os.unlink(f'{m}/f')
    eq(os.listdir(w.export), [])
    eq(w.server.claims().get('opens', 0), 0, 'opens that are left')


@versions
def modes_and_errors(w):
    """open(2) returns the errors of a local file system."""
    m = w.client.mount()
    with expect_errno(errno.ENOENT):
        os.open(f'{m}/none', os.O_RDONLY)
    os.close(os.open(f'{m}/f', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o444))
    eq(os.stat(w.path('f')).st_mode & 0o7777, 0o444)
    with expect_errno(errno.EEXIST):
        os.open(f'{m}/f', os.O_RDWR | os.O_CREAT | os.O_EXCL)
    os.mkdir(f'{m}/d')
    with expect_errno(errno.EISDIR):
        os.open(f'{m}/d', os.O_WRONLY)
    os.symlink('f', f'{m}/l')
    os.mkfifo(f'{m}/p')
    os.close(os.open(f'{m}/l', os.O_RDONLY))
    os.close(os.open(f'{m}/p', os.O_RDONLY | os.O_NONBLOCK))
    eq(os.stat(f'{m}/f').st_size, 0)


@versions(clients=2)
def exclusive_races(w):
    """One of many exclusive creates succeeds, and the others get EEXIST."""
    mounts = [c.mount() for c in w.clients]

    def make(m, name):
        def go():
            try:
                os.close(os.open(f'{m}/{name}', os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
                put(w.path(f'{name}.{os.getpid()}'))
            except FileExistsError:
                pass
        return go

    for i in range(10):
        parallel(*[make(m, f'f{i}') for m in mounts for _ in range(3)])
        eq(len([n for n in os.listdir(w.export) if n.startswith(f'f{i}.')]), 1, 'makers')


@versions
def upgraded_and_downgraded(w):
    """Descriptors of one file with different modes are opened and closed in any order."""
    put(w.path('f'), b'0123456789', 0o666)
    m = w.client.mount()
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)):
        fds = [os.open(f'{m}/f', how) for how in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)]
        for i in order:
            if i:
                os.pwrite(fds[i], b'%d' % i, 0)
                os.fsync(fds[i])
            if i != 1:
                eq(len(os.pread(fds[i], 10, 0)), 10)
            os.close(fds[i])
        fd = os.open(f'{m}/f', os.O_RDONLY)
        with expect_errno(errno.EBADF):
            os.write(fd, b'x')
        os.close(fd)


@versions
def unlinked_while_open(w):
    """A file unlinked by its client or on the server stays usable while it is open."""
    m = w.client.mount()
    fd = os.open(f'{m}/f', os.O_RDWR | os.O_CREAT)
    os.write(fd, b'data')
    os.unlink(f'{m}/f')
    eq(os.path.exists(f'{m}/f'), False)
    eq(os.pread(fd, 10, 0), b'data')
    os.close(fd)
    wait_for('it is gone', lambda: not os.listdir(w.export))
    fd = os.open(f'{m}/g', os.O_RDWR | os.O_CREAT)
    os.write(fd, b'data')
    os.fsync(fd)
    os.unlink(w.path('g'))
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    eq(os.pread(fd, 10, 0), b'data')
    os.pwrite(fd, b'more', 4)
    os.fsync(fd)
    eq(os.fstat(fd).st_size, 8)
    os.close(fd)


@versions
def the_mode_changes_while_open(w):
    m = w.client.mount()
    fd = os.open(f'{m}/f', os.O_RDWR | os.O_CREAT, 0o600)
    os.fchmod(fd, 0)
    os.write(fd, b'goes on')
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    eq(os.pread(fd, 10, 0), b'goes on')
    os.close(fd)


@versions(clients=2)
def locks_of_versions(w):
    """A client of this version and clients of each other version exclude each other."""
    put(w.path('f'), b'0123456789', 0o666)
    a = Locker(f'{w.clients[0].mount()}/f', w.clients[0])
    for vers in NFS4_VERSIONS:
        m = w.clients[1].mount(vers=vers)
        b = Locker(f'{m}/f', w.clients[1])
        a.lock(WRITE, 0, 10)
        b.refused('lock', READ, 9, 1)
        b.lock(WRITE, 10, 10)
        a.refused('lock', WRITE, 5, 10)
        eq(b.holder(WRITE, 0, 5)[:3], (WRITE, 0, 10))
        a.unlock()
        b.lock(WRITE, 0, 0)
        eq(a.holder(READ, 100, 5)[0], WRITE)
        b.end()
        w.clients[1].umount(m)
        a.lock(WRITE, 0, 20)
        a.unlock()
    a.end()


def forgotten(w):
    """Remove all 4.0 clients, which would otherwise be remembered until their leases end."""
    for client in w.clients:
        for where in client.mounts[:]:
            client.umount(where)
    for client in w.server.json('lock', 'client', 'list'):
        if client['protocol'].startswith('nfs4'):
            w.server.ctl('lock', 'client', 'release', client['name'])


def by_nlm(w):
    """A raw NLM client with the file handle of version 3."""
    n = nfs3.Nfs3(w.client.connect())
    root = n.mnt(w.export).fh
    wait_for('the file is found', lambda: n.lookup(root, 'f').status != nfs3.JUKEBOX)
    return connect(w.client, n.lookup(root, 'f').fh)


@versions(locks='raw')
def locks_and_nlm(w):
    put(w.path('f'), b'0123456789', 0o666)
    a = Locker(f'{w.client.mount()}/f', w.client)
    l = by_nlm(w)
    a.lock(WRITE, 10, 10)
    wait_for('the delegation is back', lambda: l.test((10, 10), svid=9).status == nlm.DENIED)
    eq(taken(l, (15, 1)).where, (10, 10))
    free(l, (0, 10))
    status(l.lock((0, 10)), nlm.OK)
    a.refused('lock', READ, 5, 1)
    eq(a.holder(READ, 0, 10)[:3], (WRITE, 0, 10))
    status(l.unlock((0, 10)), nlm.OK)
    a.lock(READ, 0, 0)
    status(l.lock((0, 10), exclusive=False), nlm.OK)
    a.refused('lock', WRITE, 0, 5)
    status(l.unlock((0, 0)), nlm.OK)
    a.end()
    forgotten(w)


@versions(smb=True, squash='none')
def locks_and_smb(w):
    """SMB locks and locks of the NFS client exclude each other."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'0123456789' * 10, 0o666)
    s = Smb2(w.client)
    a = Locker(f'{w.client.mount()}/f', w.client)
    fid = s.create('f')
    a.lock(WRITE, 10, 10)
    refused('LOCK_NOT_GRANTED', s.lock, fid, 15, 1)
    refused('FILE_LOCK_CONFLICT', s.write, fid, b'x', 19)
    s.write(fid, b'x', 20)
    s.lock(fid, 20, 5)
    a.refused('lock', READ, 22, 1)
    eq(a.holder(READ, 22, 1)[:3], (WRITE, 20, 5))
    s.unlock(fid, 20, 5)
    a.lock(WRITE, 22, 1)
    a.unlock()
    s.lock(fid, 0, 100)
    s.close(fid)
    a.lock(WRITE, 0, 100)
    a.end()
    s.end()


@versions
def locks_and_processes(w):
    """Locks of the client and of local processes exclude each other, both ways."""
    put(w.path('f'), b'0123456789' * 10, 0o666)
    a = Locker(f'{w.client.mount()}/f', w.client)
    s = Locker(w.path('f'))
    a.lock(WRITE, 0, 10)
    s.refused('lock', READ, 5, 1)
    s.lock(WRITE, 10, 10)
    a.refused('lock', READ, 15, 1)
    eq(s.holder(WRITE, 0, 5)[:3], (WRITE, 0, 10))
    eq(a.holder(WRITE, 12, 5)[:3], (WRITE, 10, 10))
    eq([x[:3] for x in local_locks.shown(w)], [('WRITE', '0', '9'), ('WRITE', '10', '19')])
    a.unlock()
    s.lock(READ, 0, 20)
    a.lock(READ, 0, 30)
    s.refused('lock', WRITE, 0, 1)
    a.refused('lock', WRITE, 0, 1)
    s.end()
    a.lock(WRITE, 0, 1)
    a.end()
    eq(local_locks.shown(w), [])


@versions(smb=True, squash='none', locks='raw')
def share_reservations(w):
    """Opens of the client conflict with denials by SMB, NLM and raw NFSv4."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'0123456789', 0o666)
    m = w.client.mount()
    s = Smb2(w.client)
    fid = s.create('f', GENERIC_READ, SHARE_READ)
    os.close(os.open(f'{m}/f', os.O_RDONLY))
    with expect_errno(errno.EACCES):
        os.open(f'{m}/f', os.O_RDWR)
    s.close(fid)
    fd = os.open(f'{m}/f', os.O_RDWR)
    os.write(fd, b'x')
    os.fsync(fd)
    refused('SHARING_VIOLATION', s.create, 'f', GENERIC_READ, SHARE_READ)
    s.close(s.create('f', GENERIC_READ | GENERIC_WRITE, SHARE_ALL))
    l = by_nlm(w)
    status(l.share(1, nlm.WRITE, nlm.READ), nlm.DENIED)
    c = V41.at(w)
    last(c.try_open('f', nfs4.READ, nfs4.DENY_WRITE), nfs4.SHARE_DENIED)
    os.close(fd)
    status(l.share(1, nlm.WRITE, nlm.READ), nlm.OK)
    with expect_errno(errno.EACCES):
        os.open(f'{m}/f', os.O_WRONLY)
    status(l.unshare(1), nlm.OK)
    sid, fh = opened(c, 'f', nfs4.READ, nfs4.DENY_WRITE)
    with expect_errno(errno.EACCES):
        os.open(f'{m}/f', os.O_WRONLY)
    last(c.close(fh, sid), nfs4.OK)
    os.close(os.open(f'{m}/f', os.O_WRONLY))
    s.end()
    forgotten(w)


@versions(clients=2, locks='raw', timeout=120)
def reclaimed_after_a_restart(w):
    """Opens and locks survive a restart, and nobody else gets them."""
    put(w.path('f'), b'0123456789' * 10, 0o666)
    m, n = [c.mount() for c in w.clients]
    a, b = Locker(f'{m}/f', w.clients[0]), Locker(f'{n}/f', w.clients[1])
    a.lock(WRITE, 0, 10)
    b.lock(READ, 20, 10)
    fds = [os.open(path, os.O_RDWR | os.O_CREAT) for path in (f'{m}/g', f'{n}/h')]
    for fd in fds:
        os.write(fd, b'before')
    w.server.lengthen_grace()
    w.server.restart()
    # a machine notices it by its next request
    for fd in fds:
        os.write(fd, b' and after')
        os.fsync(fd)
    wait_for('the locks are reclaimed', lambda: w.server.claims().get('ranges', 0) >= 2)
    w.server.end_grace()
    c = Locker(f'{n}/f', w.clients[1])
    c.start('wait', WRITE, 100, 10).result(60)
    c.refused('lock', WRITE, 0, 10)
    c.refused('lock', WRITE, 25, 1)
    eq(c.holder(WRITE, 0, 10)[:3], (WRITE, 0, 10))
    a.unlock()
    c.lock(WRITE, 0, 10)
    eq([get(w.path(name)) for name in 'gh'], 2 * [b'before and after'])
    for one in fds:
        os.close(one)
    for one in (a, b, c):
        one.end()
    forgotten(w)

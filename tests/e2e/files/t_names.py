# SPDX-License-Identifier: GPL-2.0-only
"""Names through the kernel's client: links, renames, special files, directories."""
import errno
import os
import stat
import time

from checks import eq, expect_errno, one_of, wait_for
from files import file_type, get, put
from harness import test
from processes import Child, parallel


@test(nfs4='nfs4')
def special_files(w):
    m = w.client.mount()
    os.mkfifo(f'{m}/fifo', 0o640)
    os.mknod(f'{m}/char', stat.S_IFCHR | 0o600, os.makedev(1, 3))
    os.mknod(f'{m}/block', stat.S_IFBLK | 0o600, os.makedev(259, 300))
    os.mknod(f'{m}/sock', stat.S_IFSOCK | 0o755)
    for name, kind, dev in (('fifo', stat.S_IFIFO, 0), ('char', stat.S_IFCHR, os.makedev(1, 3)),
                            ('block', stat.S_IFBLK, os.makedev(259, 300)),
                            ('sock', stat.S_IFSOCK, 0)):
        for where in (m, w.export):
            eq(oct(file_type(f'{where}/{name}')), oct(kind), f'type of {where}/{name}')
            eq(os.lstat(f'{where}/{name}').st_rdev, dev, f'device of {where}/{name}')
    eq(oct(os.lstat(w.path('fifo')).st_mode & 0o777), oct(0o640))
    with open(f'{m}/char', 'wb') as f:  # the client's own null device
        f.write(b'gone')
    reader = Child(lambda: get(f'{m}/fifo'))  # a FIFO is the client's own, too
    put(f'{m}/fifo', b'through')
    eq(reader.join(), b'through')
    for name in ('fifo', 'char', 'block', 'sock'):
        os.unlink(f'{m}/{name}')
    eq(os.listdir(w.export), [])


@test(nfs4='nfs4')
def symbolic_links(w):
    w.needs('long links')
    m = w.client.mount()
    longest = '/'.join(['d' * 200] * 20) + '/' + 'e' * 60
    for i, target in enumerate(('x', '../..', '/absolute', longest[:4095 - 16], 'ünï', '. .')):
        os.symlink(target, f'{m}/l{i}')
        eq(os.readlink(w.path(f'l{i}')), target)
    os.symlink('made/here', w.path('local'))
    eq(os.readlink(f'{m}/local'), 'made/here')
    with expect_errno(errno.EEXIST):
        os.symlink('again', f'{m}/l0')
    put(f'{m}/target', b'data')
    os.symlink('target', f'{m}/follow')
    eq(get(f'{m}/follow'), b'data')


@test(nfs4='nfs4')
def hard_links(w):
    m = w.client.mount()
    put(f'{m}/a', b'one')
    os.mkdir(f'{m}/d')
    os.link(f'{m}/a', f'{m}/d/b')
    eq(os.stat(f'{m}/a').st_ino, os.stat(f'{m}/d/b').st_ino)
    eq(os.stat(w.path('a')).st_nlink, 2)
    with expect_errno(errno.EEXIST):
        os.link(f'{m}/a', f'{m}/d/b')
    with expect_errno(errno.EPERM):
        os.link(f'{m}/d', f'{m}/e')
    os.unlink(f'{m}/a')
    put(f'{m}/d/b', b'two')
    eq(get(w.path('d/b')), b'two')
    eq(os.stat(w.path('d/b')).st_nlink, 1)


@test(nfs4='nfs4')
def renames(w):
    m = w.client.mount()
    os.makedirs(f'{m}/d1/sub')
    os.mkdir(f'{m}/d2')
    put(f'{m}/d1/f', b'f')
    put(f'{m}/d2/g', b'g')
    ino = os.stat(f'{m}/d1/f').st_ino
    os.rename(f'{m}/d1/f', f'{m}/d2/g')
    eq(get(w.path('d2/g')), b'f')
    eq(os.stat(f'{m}/d2/g').st_ino, ino, 'the number goes with the file')
    eq(os.listdir(w.path('d1')), ['sub'])
    os.rename(f'{m}/d1/sub', f'{m}/d2/sub')
    eq(sorted(os.listdir(w.path('d2'))), ['g', 'sub'])
    with expect_errno(errno.EINVAL):
        os.rename(f'{m}/d2', f'{m}/d2/sub/x')
    with expect_errno(errno.EISDIR):
        os.rename(f'{m}/d2/g', f'{m}/d1')
    with expect_errno(errno.ENOTDIR):
        os.rename(f'{m}/d1', f'{m}/d2/g')
    with expect_errno(errno.ENOTEMPTY, errno.EEXIST):
        os.rename(f'{m}/d1', f'{m}/d2')
    os.mkdir(f'{m}/empty')
    os.rename(f'{m}/d2', f'{m}/empty')
    eq(sorted(os.listdir(w.path('empty'))), ['g', 'sub'])
    with expect_errno(errno.ENOENT):
        os.rename(f'{m}/nothing', f'{m}/x')
    put(f'{m}/same', b's')
    os.link(f'{m}/same', f'{m}/same2')
    os.rename(f'{m}/same', f'{m}/same2')  # two names of one file: nothing happens
    eq(get(w.path('same2')), b's')


@test(nfs4='nfs4')
def directories(w):
    m = w.client.mount()
    os.mkdir(f'{m}/d', 0o711)
    eq(oct(os.stat(w.path('d')).st_mode), oct(0o40711))
    with expect_errno(errno.EEXIST):
        os.mkdir(f'{m}/d')
    put(f'{m}/d/f')
    with expect_errno(errno.ENOTEMPTY, errno.EEXIST):
        os.rmdir(f'{m}/d')
    with expect_errno(errno.ENOTDIR):
        os.rmdir(f'{m}/d/f')
    with expect_errno(errno.EISDIR):
        os.unlink(f'{m}/d')
    with expect_errno(errno.ENAMETOOLONG):
        os.mkdir(f'{m}/{"x" * 256}')
    os.unlink(f'{m}/d/f')
    os.rmdir(f'{m}/d')
    names = [f'entry {i} ' + 'n' * (i % 60) for i in range(1500)]
    for name in names:
        put(w.path(name))
    eq(sorted(os.listdir(m)), sorted(names))
    with os.scandir(m) as entries:
        eq(sum(e.stat().st_size == 0 for e in entries), 1500)


@test(clients=2, nfs4='nfs4')
def removed_while_open(w):
    """Open files that the client, another client or a local process removes stay usable."""
    a, b = (c.mount() for c in w.clients)
    put(f'{a}/mine', b'mine')
    with open(f'{a}/mine', 'rb') as f:
        os.unlink(f'{a}/mine')
        eq(f.read(), b'mine')  # the client hides it under another name meanwhile
    wait_for('the hidden name goes', lambda: not os.listdir(w.export))
    put(f'{a}/theirs', b'theirs')
    with open(f'{a}/theirs', 'rb', buffering=0) as f:
        os.unlink(f'{b}/theirs')
        if w.vers == '3':
            with expect_errno(errno.ESTALE):
                os.fstat(f.fileno())
                while True:  # attributes may be cached for a while
                    time.sleep(0.2)
                    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                    os.fstat(f.fileno())
        else:  # the server knows that it is open
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            eq(os.pread(f.fileno(), 20, 0), b'theirs')
    eq(os.listdir(a), [])


@test(nfs4='nfs4')
def local_unlink_frees_space(w):
    m = w.client.mount()
    put(f'{m}/big', bytes(20 << 20))
    with open(f'{m}/big', 'rb') as f:
        f.read(100000)
    before = os.statvfs(w.export).f_bfree
    os.unlink(w.path('big'))

    def freed():
        os.sync()
        v = os.statvfs(w.export)
        return (v.f_bfree - before) * v.f_frsize >= 20 << 20
    wait_for('the space of a removed file', freed, 15)


@test(clients=2, nfs4='nfs4')
def rename_and_unlink_races(w):
    """Two clients rename, remove and create the same names, and no damage remains."""
    mounts = [c.mount(opts='noac,lookupcache=none,nosharecache') for c in w.clients]
    for d in 'xy':
        os.mkdir(w.path(d))

    def work(number):
        m, done = mounts[number], 0
        for i in range(60):
            name = f'n{(i * 7 + number) % 5}'
            here, there = ('xy', 'yx')[(i + number) % 2]
            for action in (lambda: put(f'{m}/{here}/{name}', b'%d' % number),
                           lambda: os.rename(f'{m}/{here}/{name}', f'{m}/{there}/{name}'),
                           lambda: os.unlink(f'{m}/{there}/{name}') if i % 3 == 0 else None):
                try:
                    action()
                    done += 1
                except OSError as e:
                    one_of(e.errno, (errno.ENOENT, errno.ESTALE), f'round {i}')
        return done
    done = parallel(lambda: work(0), lambda: work(1))
    assert min(done) > 20, f'hardly anything worked: {done}'
    for d in 'xy':
        local = sorted(os.listdir(w.path(d)))
        for m in mounts:
            eq(sorted(os.listdir(f'{m}/{d}')), local)
        for name in local:
            one_of(get(w.path(d, name)), (b'0', b'1', b''))


@test(clients=2, nfs4='nfs4')
def changes_are_seen(w):
    """Changes by a client or a local process are seen at the next open."""
    a, b = (c.mount(opts='acregmin=0,acregmax=0,acdirmin=0,acdirmax=0') for c in w.clients)
    put(f'{a}/f', b'1')
    eq(get(f'{b}/f'), b'1')
    put(f'{a}/f', b'second')
    eq(get(f'{b}/f'), b'second')
    put(w.path('f'), b'local one')
    eq(get(f'{a}/f'), b'local one')
    eq(get(f'{b}/f'), b'local one')
    os.rename(w.path('f'), w.path('g'))
    eq(os.listdir(b), ['g'])
    os.chmod(f'{a}/g', 0o600)
    eq(oct(os.stat(f'{b}/g').st_mode), oct(0o100600))
    os.mkdir(f'{a}/new')
    assert os.path.isdir(f'{b}/new')


@test(nfs4='nfs4')
def mount_does_not_cross(w):
    """A file system mounted below the share is not served with it."""
    os.mkdir(w.path('inner'))
    put(w.path('inner/beneath'), b'')
    w.volume(w.path('inner'), 'tmpfs', '1m')
    put(w.path('inner/hidden'), b'')
    m = w.client.mount()
    assert 'hidden' not in os.listdir(f'{m}/inner'), 'another file system is served'
    w.client.umount(m)


@test(timeout=60)
def hundred_thousand_entries(w):
    """A directory with 100,000 entries is listed plainly and with attributes."""
    w.needs('many files')
    os.mkdir(w.path('many'))
    fd = os.open(w.path('many'), os.O_RDONLY)
    for i in range(100000):
        os.mknod(f'e{i:06}', stat.S_IFREG | 0o644, dir_fd=fd)
    os.close(fd)
    m = w.client.mount(opts='nordirplus')
    names = os.listdir(f'{m}/many')
    eq(len(names), 100000)
    eq(len(set(names)), 100000)
    w.client.umount(m)
    n = w.client.nfs()
    many = n.lookup(n.root, 'many').fh
    first = n.listing(many, count=65536)
    eq(len({e.name for e in first}), 100002)
    # cookies go on meaning the same while others come and go
    at = first[50000].cookie
    fd = os.open(w.path('many'), os.O_RDONLY)
    gone = {e.name for e in first[20000:20010] + first[60000:60010]}
    for name in gone:
        if name not in (b'.', b'..'):
            os.unlink(name, dir_fd=fd)
    os.close(fd)
    rest, verf = [], n.readdir(many, 0).verf
    while True:
        r = n.readdir(many, at, verf, 65536)
        eq(r.status, 0)
        rest += r.entries
        if r.eof:
            break
        at = rest[-1].cookie
    expected = [e.name for e in first[50001:] if e.name not in gone]
    eq([e.name for e in rest] == expected, True, 'the rest of a listing after removals')

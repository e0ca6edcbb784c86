# SPDX-License-Identifier: GPL-2.0-only
"""File data through the kernel's client: reads return what was written."""
import errno
import mmap
import os
import shutil

from checks import eq, expect_errno
from files import get, pattern, put
from harness import test
from processes import as_user, parallel
from trees import digest, make_tree


def copy(source, target):
    shutil.copytree(source, target, symlinks=True)


@test(nfs4='nfs4')
def tree_copy_both_ways(w):
    origin = f'{w.base}/origin'
    os.mkdir(origin)
    make_tree(origin)
    for path, (mode, uid, content, *rest) in digest(origin).items():
        if path.endswith('/hard'):
            os.unlink(f'{origin}/{path}')  # a copy does not keep links: compare without
    want = digest(origin)
    m = w.client.mount()
    copy(origin, f'{m}/there')
    eq(digest(w.path('there')), want, 'the tree on the server')
    copy(f'{m}/there', f'{w.base}/back')
    eq(digest(f'{w.base}/back'), want, 'the tree that came back')
    shutil.rmtree(f'{m}/there')
    eq(os.listdir(w.export), [], 'what is left on the server')


@test(nfs4='nfs4')
def made_on_the_server(w):
    """Hard links, modes and times of a tree made locally are seen by a client."""
    make_tree(w.path())
    m = w.client.mount()
    eq(digest(m), digest(w.export))


@test(nfs4='nfs4')
def offsets_and_holes(w):
    m = w.client.mount()
    path = f'{m}/sparse'
    places = [0, 4093, (1 << 31) - 7, (1 << 32) - 5, (1 << 32) + 4096, (1 << 40) + 11]
    with open(path, 'wb', buffering=0) as f:
        for i, at in enumerate(places):
            os.pwrite(f.fileno(), pattern(i, 64), at)
    size = places[-1] + 64
    with open(w.path('sparse'), 'rb'):  # a client that may keep its writes gives them up
        pass
    eq(os.stat(w.path('sparse')).st_size, size)
    assert os.stat(w.path('sparse')).st_blocks < 1000, 'holes were filled'
    w.client.umount(m)
    m = w.client.mount()
    with open(path, 'rb', buffering=0) as f, open(w.path('sparse'), 'rb') as local:
        for i, at in enumerate(places):
            eq(os.pread(f.fileno(), 64, at), pattern(i, 64), f'at {at}')
            eq(os.pread(local.fileno(), 64, at), pattern(i, 64), f'on the server at {at}')
        eq(os.pread(f.fileno(), 4096, 1 << 33), bytes(4096), 'a hole')
        eq(os.pread(f.fileno(), 10, size), b'', 'behind the end')
        eq(os.pread(f.fileno(), 100, size - 10), pattern(5, 64)[-10:], 'across the end')


@test(nfs4='nfs4')
def truncate_and_append(w):
    m = w.client.mount()
    path, local = f'{m}/f', w.path('f')
    put(path, pattern(1, 10000))
    os.truncate(path, 5000)
    eq(get(local), pattern(1, 10000)[:5000])
    os.truncate(path, 9000)
    eq(get(local), pattern(1, 10000)[:5000] + bytes(4000), 'grown with zeros')
    with open(path, 'ab') as f:
        f.write(b'tail')
    eq(get(local)[-4:], b'tail')
    eq(os.stat(local).st_size, 9004)
    put(path, b'short')
    eq(get(local), b'short', 'O_TRUNC')
    os.truncate(path, 0)
    eq(os.stat(local).st_size, 0)
    with open(path, 'wb') as f:
        f.write(b'x' * 100)
        f.flush()
        os.ftruncate(f.fileno(), 10)
        os.fsync(f.fileno())
        eq(os.stat(local).st_size, 10)


@test(clients=2, nfs4='nfs4')
def append_by_two_clients(w):
    """Clients that open, append and close in turn lose no line (close-to-open)."""
    a, b = (c.mount() for c in w.clients)
    for i in range(20):
        with open(f'{(a, b)[i % 2]}/log', 'ab') as f:
            f.write(b'line %02d\n' % i)
    eq(get(w.path('log')), b''.join(b'line %02d\n' % i for i in range(20)))


@test(clients=2, nfs4='nfs4')
def exclusive_open(w):
    a, b = (c.mount() for c in w.clients)
    os.close(os.open(f'{a}/x', os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
    st = os.stat(w.path('x'))
    eq(oct(st.st_mode), oct(0o100640))
    with expect_errno(errno.EEXIST):
        os.open(f'{b}/x', os.O_CREAT | os.O_EXCL | os.O_WRONLY)

    def race(m):
        won = 0
        for i in range(40):
            try:
                os.close(os.open(f'{m}/race-{i}', os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                won += 1
            except FileExistsError:
                pass
        return won
    eq(sum(parallel(lambda: race(a), lambda: race(b))), 40, 'each name was won once')


@test(nfs4='nfs4')
def memory_map(w):
    m = w.client.mount()
    path = f'{m}/map'
    put(path, bytes(3 * 4096 + 100))
    with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as mm:
        mm[4090:4100] = b'0123456789'
        mm[-5:] = b'final'
        mm.flush()
    data = get(w.path('map'))
    eq(data[4090:4100], b'0123456789')
    eq(data[-5:], b'final')
    put(w.path('shared'), pattern(3, 8192))
    with open(f'{m}/shared', 'rb') as f, \
            mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as mm:
        eq(mm[:], pattern(3, 8192))


@test(nfs4='nfs4')
def direct_and_sync(w):
    m = w.client.mount(opts='sync')
    put(f'{m}/s', pattern(9, 300000))
    eq(get(w.path('s')), pattern(9, 300000))
    buf = mmap.mmap(-1, 65536)
    buf[:] = pattern(4, 65536)
    fd = os.open(f'{m}/d', os.O_CREAT | os.O_RDWR | os.O_DIRECT)
    eq(os.pwritev(fd, [buf], 8192), 65536)
    eq(get(w.path('d')), bytes(8192) + pattern(4, 65536))
    back = mmap.mmap(-1, 65536)
    eq(os.preadv(fd, [back], 8192), 65536)
    eq(back[:], pattern(4, 65536))
    os.close(fd)


@test(nfs4='nfs4')
def transfer_sizes(w):
    """Whole files through mounts with transfers from 1 KiB to 1 MiB."""
    data = pattern(7, (3 << 20) + 77)
    for size in (1024, 4096, 32768, 1 << 20):
        m = w.client.mount(opts=f'rsize={size},wsize={size},nosharecache')
        short = data[:200000] if size == 1024 else data
        put(f'{m}/to', short)
        eq(get(w.path('to')) == short, True, f'written with wsize {size}')
        put(w.path('from'), short)
        eq(get(f'{m}/from') == short, True, f'read with rsize {size}')
        options = [line.split()[3] for line in open('/proc/self/mounts', encoding='utf-8')
                   if line.split()[1] == m][0].split(',')
        assert f'wsize={size}' in options, f'the mount uses {options}'
        w.client.umount(m)


@test(clients=4, timeout=60, nfs4='nfs4')
def four_clients(w):
    """Four clients write files of their own and parts of a shared one at the same time."""
    mounts = [c.mount() for c in w.clients]
    part = 128 * 1024
    put(w.path('shared'), bytes(4 * part))

    def work(number):
        m = mounts[number]
        os.mkdir(f'{m}/c{number}')
        for i in range(25):
            put(f'{m}/c{number}/f{i}', pattern(number * 1000 + i, 3000 * (i % 7) + i))
        fd = os.open(f'{m}/shared', os.O_WRONLY)
        for at in range(0, part, 16384):
            os.pwrite(fd, pattern(number, part)[at:at + 16384], number * part + at)
        os.close(fd)
        for i in range(0, 25, 2):
            os.rename(f'{m}/c{number}/f{i}', f'{m}/c{number}/g{i}')
        for i in range(1, 25, 2):
            eq(get(f'{m}/c{number}/f{i}'), pattern(number * 1000 + i, 3000 * (i % 7) + i))
        return sorted(os.listdir(f'{m}/c{number}'))
    names = sorted([f'g{i}' for i in range(0, 25, 2)] + [f'f{i}' for i in range(1, 25, 2)])
    eq(parallel(*[lambda n=n: work(n) for n in range(4)]), [names] * 4)
    eq(get(w.path('shared')) == b''.join(pattern(n, part) for n in range(4)), True, 'shared file')
    for number in range(4):
        for i in range(25):
            path = w.path(f'c{number}', f'{"fg"[i % 2 == 0]}{i}')
            eq(get(path), pattern(number * 1000 + i, 3000 * (i % 7) + i), path)
    eq(get(f'{mounts[3]}/c0/g2'), pattern(2, 6002), 'seen by another client')


@test(nfs4='nfs4')
def times(w):
    m = w.client.mount()
    path = put(f'{m}/t', b'x')
    os.utime(path, ns=(1_000_000_001, 2_147_483_000_123_456_789))
    st = os.stat(w.path('t'))
    eq((st.st_atime_ns, st.st_mtime_ns), (1_000_000_001, 2_147_483_000_123_456_789))
    os.chmod(w.path('t'), 0o666)
    as_user(1234, lambda: os.utime(path))
    st = os.stat(w.path('t'))
    assert st.st_mtime > 1_000_000_000, 'not the server\'s time'
    with expect_errno(errno.EPERM, errno.EACCES):
        as_user(1234, lambda: os.utime(path, (1, 1)))


@test
def out_of_space(w):
    small = f'{w.base}/small'
    w.volume(small, 'tmpfs', '2m')
    w.server.add('small', small)
    m = w.client.mount(small)
    with expect_errno(errno.ENOSPC):
        with open(f'{m}/big', 'wb') as f:
            for i in range(64):
                f.write(pattern(i, 65536))
            f.flush()
            os.fsync(f.fileno())
    os.unlink(f'{m}/big')
    put(f'{m}/fits', pattern(1, 500000))
    eq(get(f'{small}/fits'), pattern(1, 500000))
    n = w.client.nfs(path=small)
    r, local = n.fsstat(n.root), os.statvfs(small)
    eq((r.tbytes, r.fbytes, r.abytes), tuple(b * local.f_frsize for b in (
        local.f_blocks, local.f_bfree, local.f_bavail)), 'FSSTAT')
    eq(os.statvfs(m).f_blocks * os.statvfs(m).f_frsize, 2 << 20, 'size by statfs')

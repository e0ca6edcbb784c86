# SPDX-License-Identifier: GPL-2.0-only
"""Directories that clients list again and again, while local processes change them."""
import contextlib
import ctypes
import itertools
import os
import random
import time

import nfs4as3
import smb2
from checks import eq
from files import put
from harness import test
from processes import Child, run
from smb_info import names
from volumes import syscall

FILES = 150
SAMPLE = 10                     # entries of a listing whose handles are used
ROUNDS = 100
AT_FDCWD, EXCHANGE, IN_ACCESS = -100, 2, 1
TICK = 0.05                     # a listing is kept once the clock has left the change time
BEYOND = 1 << 20                # between hashes of names and those that are clearly others
LIBC = ctypes.CDLL(None, use_errno=True)


def exchange(a, b):
    syscall(LIBC.renameat2(AT_FDCWD, a.encode(), AT_FDCWD, b.encode(), EXCHANGE), 'renameat2')


def changes(where):
    """What a process may do to a directory with the files a0 to a149."""
    return {
        'create': lambda: put(f'{where}/new'),
        'unlink': lambda: os.unlink(f'{where}/a3'),
        'mkdir': lambda: os.mkdir(f'{where}/dir'),
        'rename': lambda: os.rename(f'{where}/a4', f'{where}/moved'),
        'rename over': lambda: os.rename(f'{where}/a5', f'{where}/a6'),
        'exchange': lambda: exchange(f'{where}/a7', f'{where}/a8'),
        'exchange of kinds': lambda: exchange(f'{where}/a9', f'{where}/dir'),
        'link': lambda: os.link(f'{where}/a10', f'{where}/second'),
        'symlink': lambda: os.symlink('a11', f'{where}/symbolic'),
        'replace': lambda: (os.unlink(f'{where}/a12'), put(f'{where}/a12', b'again')),
        'move out': lambda: os.rename(f'{where}/a13', f'{where}/../out'),
        'move in': lambda: os.rename(f'{where}/../out', f'{where}/a13'),
        'rmdir': lambda: (os.mkdir(f'{where}/empty'), os.rmdir(f'{where}/empty')),
    }


class Lister:
    """Lists one directory by all protocols."""

    def __init__(self, w, share, where, name):
        self.where = f'{where}/{name}'
        self.nfs = [w.client.nfs(path=where), nfs4as3.make(w.client, path=where)]
        self.handles = [n.lookup(n.root, name).fh for n in self.nfs]
        self.smb = smb2.Smb2(w.client, share=share)

    def by_nfs(self, n, fh):
        """The numbers of the files by their names; those of some by their handles, too."""
        entries = [e for e in n.listing(fh, plus=True, maxcount=8192)
                   if e.name not in (b'.', b'..')]
        eq(len(entries), len({e.name for e in entries}), 'names')
        for e in random.sample(entries, min(len(entries), SAMPLE)):
            eq(n.getattr(e.fh).attr.fileid, e.attr.fileid, e.name)
        return {e.name.decode(): e.attr.fileid for e in entries}

    def by_smb(self):
        fid = self.smb.create(os.path.basename(self.where), options=smb2.DIRECTORY_FILE,
                              access=smb2.GENERIC_READ, how=smb2.OPEN)
        found = names(self.smb, fid, '*', room=8192)
        self.smb.close(fid)
        return sorted(set(found) - {'.', '..'})

    def check(self, what):
        want = {e.name: e.inode() for e in os.scandir(self.where)}
        for n, fh in zip(self.nfs, self.handles):
            differ = self.by_nfs(n, fh).items() ^ want.items()
            eq(differ, set(), f'{type(n).__name__}, {what}')
        eq(self.by_smb(), sorted(want), f'SMB, {what}')


def fill(where):
    os.mkdir(f'{where}/many')
    os.chmod(f'{where}/many', 0o777)
    for i in range(FILES):
        put(f'{where}/many/a{i}')


def after_each_change(w, share, where):
    fill(where)
    lister = Lister(w, share, where, 'many')
    for what, change in changes(f'{where}/many').items():
        time.sleep(TICK)
        for when in ('before', 'once more before', 'kept before'):
            lister.check(f'{when} {what}')
        change()
        lister.check(f'after {what}')
        lister.check(f'once more after {what}')


@test(smb=True, squash='none', timeout=240)
def local_changes(w):
    """Each listing shows what local processes have changed before it."""
    os.chmod(w.export, 0o777)
    after_each_change(w, 'data', w.export)
    for kind in ('ext4', 'xfs', 'btrfs'):
        after_each_change(w, kind, w.served_volume(kind, kind))


@test(smb=True, squash='none', timeout=120)
def steady_entries(w):
    """While others come and go, entries that stay are in each listing, once."""
    where = w.served_volume('ext4')
    fill(where)
    lister = Lister(w, 'ext4', where, 'many')
    steady = set(os.listdir(f'{where}/many'))

    def disturb():
        rng = random.Random(1)
        while not os.path.exists(f'{where}/stop'):
            a, b = (f'{where}/many/b{rng.randrange(20)}' for _ in range(2))
            with contextlib.suppress(FileNotFoundError):
                rng.choice((put, os.unlink, lambda a: os.rename(a, b)))(a)
            # Now and then the directory rests long enough for a listing to be kept.
            time.sleep(rng.choice((0, 0, 0, 3 * TICK)))
    child = Child(disturb)
    for _ in range(ROUNDS):
        for n, fh in zip(lister.nfs, lister.handles):
            found = [e.name.decode() for e in n.listing(fh, maxcount=8192, plus=True)]
            eq(sorted(name for name in found if name in steady), sorted(steady))
        eq([name for name in lister.by_smb() if name in steady], sorted(steady))
    put(f'{where}/stop')
    child.join()
    lister.check('at rest')


@test(smb=True, squash='none')
def reads_are_noticed(w):
    """Whoever watches a directory is told of each listing, kept or not."""
    os.chmod(w.export, 0o777)
    fill(w.export)
    lister = Lister(w, 'data', w.export, 'many')
    time.sleep(TICK)
    fd = LIBC.inotify_init1(os.O_NONBLOCK)
    syscall(LIBC.inotify_add_watch(fd, f'{w.export}/many'.encode(), IN_ACCESS) < 0, 'inotify')
    for _ in range(4):
        for n, fh in zip(lister.nfs, lister.handles):
            lister.by_nfs(n, fh)
            eq(len(os.read(fd, 4096)) > 0, True)
        lister.by_smb()
        eq(len(os.read(fd, 4096)) > 0, True)
    n, fh = lister.nfs[0], lister.handles[0]
    end = n.listing(fh)[-1].cookie
    for _ in range(2):
        os.read(fd, 4096)
        eq(n.readdir(fh, end).eof, True)
    eq(len(os.read(fd, 4096)) > 0, True)
    os.close(fd)


def legacy_hash(name):
    """The hash of a name in directories of ext4 with hash_alg=legacy."""
    a, b = 0x12a3fe2d, 0x37abe8f9
    for c in name.encode():
        h = (b + (a ^ c * 7152373)) & 0xffffffff
        a, b = h - 0x7fffffff if h & 0x80000000 else h, a
    return a


def same_hash():
    """Two names with the same hash, and some with lower and with higher ones."""
    seen, rest = {}, []
    for chars in itertools.product('abcdefghijklmnopqrstuvwxyz', repeat=4):
        name = ''.join(chars)
        h = legacy_hash(name)
        if h in seen and 1 << 29 < h < 3 << 29:
            break
        seen[h] = name
    rest = sorted(seen.items())
    return ((seen[h], name), [n for other, n in rest if other < h - BEYOND][:FILES * 2],
            [n for other, n in rest if other > h + BEYOND][:FILES])


@test(timeout=120)
def same_positions(w):
    """Entries to which the file system gives the same position are in each listing, once."""
    v = w.volume(f'{w.base}/hashed', 'ext4')
    v.umount()
    run('tune2fs', '-E', 'hash_alg=legacy', v.image)
    v.mount()
    os.chmod(v.where, 0o777)
    w.server.add('hashed', v.where)
    n = w.client.nfs(path=v.where)
    pair, before, behind = same_hash()
    # A read of the directory ends between the two with one of these numbers of entries before.
    for count in range(160, 172):
        where = f'{v.where}/many{count}'
        os.mkdir(where)
        files = [*before[:count], *pair, *behind]
        for name in files:
            put(f'{where}/{name}')
        time.sleep(TICK)
        fh = n.lookup(n.root, os.path.basename(where)).fh
        for _ in range(4):
            r = n.readdirplus(fh, dircount=1 << 17, maxcount=1 << 17)
            found = [e.name.decode() for e in r.entries if e.name not in (b'.', b'..')]
            eq(sorted(found), sorted(files))
            eq(r.eof, True)


@test(smb=True, squash='none')
def reads_set_atime(w):
    """Each listing sets the time of access, kept or not."""
    v = w.volume(f'{w.base}/strict', 'ext4')
    run('mount', '-o', 'remount,strictatime', v.where)
    os.chmod(v.where, 0o777)
    w.server.add('strict', v.where)
    fill(v.where)
    lister = Lister(w, 'strict', v.where, 'many')

    def atime():
        return os.stat(f'{v.where}/many').st_atime_ns
    for _ in range(4):
        for how in [lambda n=n, fh=fh: lister.by_nfs(n, fh)
                    for n, fh in zip(lister.nfs, lister.handles)] + [lister.by_smb]:
            time.sleep(TICK)
            before = atime()
            how()
            eq(atime() > before, True)

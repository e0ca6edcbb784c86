# SPDX-License-Identifier: GPL-2.0-only
"""What is in files whose data comes and goes: a model of them, and steps that change both.

A step uses a file over NFSv3, NFSv4.2 or SMB, or as a process of the server. One that fails leaves
the file in doubt: each of its bytes is the old or the new one, until Disk.settle() has looked.
"""
import ctypes
import errno
import mmap
import os
import time
from concurrent import futures

from checks import SLOW, eq, expect_errno
from volumes import libc, syscall

MIB = 1 << 20
BLOCK = 4096
RECORD = 'trusted.ditto.offload'
# An attribute of the tests' own.
ATTRIBUTE = 'user.model'
LOCAL, NETWORK = 'local', ('nfs3', 'nfs42', 'smb')
DIRECT = {'nfs3': os.O_DIRECT, 'nfs42': os.O_DIRECT}
# What users get who need data that does not come, or room that is not there.
FAILURES = (errno.EIO, errno.EREMOTEIO, errno.ENOSPC, errno.EAGAIN)
PUNCH_HOLE, KEEP_SIZE = 2, 1
SIZES = {'ext4': '220m', 'xfs': '400m', 'btrfs': '500m'}
FOLDERS = ('d0', 'd1', 'd2')
# Where snapshots are shown.
SHOWN = '.snapshots'


class Defect(AssertionError):
    """The server did what the model excludes."""


class File:
    """An inode: its content and attributes, its names, and what a step that failed may have left."""

    def __init__(self, data):
        self.data, self.names, self.doubt = data, set(), None
        self.attributes = None
        # It was pinned, and has to be whole.
        self.pinned = False

    def copy(self):
        new = File(self.data)
        new.names, new.attributes = set(self.names), self.attributes
        return new


def look(path):
    """The attributes of a file that nothing may change that only moves data."""
    st = os.lstat(path)
    try:
        more = os.getxattr(path, ATTRIBUTE)
    except OSError as e:
        if e.errno != errno.ENODATA:
            raise
        more = None
    return st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, st.st_size, more


def is_stub(path):
    return RECORD in os.listxattr(path)


def fallocate(fd, mode, start, length):
    syscall(libc.fallocate(fd, mode, ctypes.c_long(start), ctypes.c_long(length)), 'fallocate')


def read(path, view, start=0, length=None):
    """Bytes of a file, without what a client has in its cache."""
    fd = os.open(path, os.O_RDONLY | DIRECT.get(view, 0))
    try:
        if length is None:
            length = os.fstat(fd).st_size - start
        data = bytearray()
        while len(data) < length:
            block = bytearray(min(MIB, length - len(data)))
            count = os.preadv(fd, [block], start + len(data))
            if not count:
                break
            data += block[:count]
        return bytes(data)
    finally:
        os.close(fd)


def write(path, view, start, data, flags=0):
    fd = os.open(path, os.O_WRONLY | DIRECT.get(view, 0) | flags, 0o666)
    try:
        done = 0
        while done < len(data):
            done += os.pwrite(fd, data[done:done + MIB], start + done)
    finally:
        os.close(fd)


def write_mapped(path, start, data):
    with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
        m[start:start + len(data)] = data


def put_at(old, start, data):
    """The content after a write."""
    return old[:start].ljust(start, b'\0') + data + old[start + len(data):]


def mixed(got, contents):
    """Whether each byte is that of one of some contents, and the length not beyond theirs."""
    sizes = {len(data) for data in contents}
    if not min(sizes) <= len(got) <= max(sizes):
        return False
    contents = [data[:len(got)].ljust(len(got), b'\0') for data in contents]
    for at in range(0, len(got), BLOCK):
        here, *ways = (data[at:at + BLOCK] for data in (got, *contents))
        if here not in ways and any(x[0] not in x[1:] for x in zip(here, *ways)):
            return False
    return True


class Disk:
    """A share on a file system of its own: where it is mounted, and what has to be in it."""

    def __init__(self, w, kind):
        self.w, self.name, self.kind = w, kind, kind
        self.files, self.snapshots, self.mounts = {}, {}, {}
        self.make()

    def make(self):
        """Make an empty disk. What fills it is beside the share."""
        self.volume = self.w.volume(f'{self.w.base}/{self.kind}', self.kind, SIZES[self.kind])
        self.where = f'{self.volume.where}/share'
        for name in ('', *FOLDERS):
            os.mkdir(f'{self.where}/{name}')
            os.chmod(f'{self.where}/{name}', 0o777)
        os.mkdir(f'{self.where}/{SHOWN}')

    def serve(self):
        self.w.server.add(self.name, self.where, offload=True)
        self.w.server.ctl('share', 'set', self.name, 'snapshots', SHOWN)

    def connect(self):
        c, fresh, at = self.w.client, 'actimeo=0,lookupcache=none', f'{self.w.base}/c1.{self.name}'
        self.mounts = {LOCAL: self.where,
                       'nfs3': c.mount(self.where, fresh, vers='3', where=f'{at}.nfs3'),
                       'nfs42': c.mount(self.where, fresh, vers='4.2', where=f'{at}.nfs42'),
                       'smb': c.mount_smb(share=self.name, opts='cache=none,actimeo=0',
                                          where=f'{at}.smb')}

    def disconnect(self):
        for view in NETWORK:
            self.w.client.umount(self.mounts.pop(view))

    def path(self, name, view=LOCAL):
        return f'{self.mounts[view] if view != LOCAL else self.where}/{name}'

    def inodes(self):
        """All files once, in an order that the steps alone decide."""
        return list(dict.fromkeys(self.files.values()))

    def stubs(self):
        return [name for name in self.files if is_stub(self.path(name))]

    def renamed(self):
        """Names of removed files that a client of NFS has open."""
        return [name for folder in FOLDERS for name in os.listdir(f'{self.where}/{folder}')
                if name.startswith('.nfs')]

    # names
    def add(self, name, file):
        self.files[name] = file
        file.names.add(name)

    def remove(self, name):
        self.files.pop(name).names.discard(name)

    def note(self, file):
        """Remember the attributes after a step that may have changed them."""
        file.attributes = look(self.path(min(file.names)))

    # comparisons
    def settle(self, retry):
        """Find out what steps that failed have left."""
        for file in self.inodes():
            if file.doubt is None:
                continue
            name = min(file.names)
            got = retry(lambda name=name: read(self.path(name), LOCAL))
            contents = [file.data, *file.doubt]
            if not mixed(got, contents):
                raise Defect(f'{self.name}/{name}: neither old nor new: ' +
                             '; '.join(differs(got, data) for data in contents))
            file.data, file.doubt = got, None
            self.note(file)

    def compare(self, view, retry):
        """Compare names, attributes and all bytes with the model."""
        top = self.mounts[view]
        found = sorted(f'{folder}/{name}' for folder in FOLDERS
                       for name in os.listdir(f'{top}/{folder}'))
        eq(found, sorted(self.files), f'{self.name} by {view}: names')
        for name, file in self.files.items():
            path = f'{top}/{name}'
            if view == LOCAL:
                eq(look(path), file.attributes, f'{self.name}/{name}: attributes')
                eq(os.stat(path).st_nlink, len(file.names), f'{self.name}/{name}: links')
                if file.pinned and is_stub(path):
                    raise Defect(f'{self.name}/{name}: it is pinned, and its data is not here')
            got = retry(lambda path=path: read(path, view))
            if got != file.data:
                raise Defect(f'{self.name}/{name} by {view}: {differs(got, file.data)}')
            if view == LOCAL:
                eq(look(path), file.attributes, f'{self.name}/{name}: attributes after a read')

    def is_refused(self, *numbers):
        """While no server has data brought back, no stub can be opened, and the rest is whole."""
        for name, file in self.files.items():
            path = self.path(name)
            if is_stub(path):
                with expect_errno(*numbers):
                    open(path, 'rb').close()
            elif read(path, LOCAL) != file.data:
                raise Defect(f'{self.name}/{name}: whole, and not what it was')


def differs(got, want):
    """Where two contents differ first, in short."""
    if len(got) != len(want):
        return f'{len(got)} bytes, expected {len(want)}'
    at = next((i for i in range(0, len(got), BLOCK) if got[i:i + BLOCK] != want[i:i + BLOCK]), None)
    if at is None:
        return 'equal'
    at += next(i for i in range(BLOCK) if got[at + i] != want[at + i])
    end = len(got)
    while end > at and got[end - 1] == want[end - 1]:
        end -= 1
    zeros = not any(got[at:end])
    return f'bytes {at} to {end - 1} of {len(got)} differ{", and are zeros" if zeros else ""}'


def persistent(call, failures, seconds=60):
    """The result of a call that may fail for a while, as a failure of a store lasts a little."""
    end = time.monotonic() + seconds * SLOW
    while True:
        try:
            return call()
        except OSError as e:
            if e.errno not in failures or time.monotonic() > end:
                raise
            time.sleep(0.2)


class Steps:
    """Steps of users: @run has the dice, the disks, and says what may fail."""

    def __init__(self, run):
        self.run, self.dice = run, run.dice
        self.held = []

    # choices
    def disk(self):
        return self.dice.choice(self.run.disks)

    def choose(self):
        """A disk, a name and a file that is in no doubt; or None."""
        disk = self.disk()
        names = [name for name, file in disk.files.items() if file.doubt is None]
        if not names:
            return None
        name = self.dice.choice(names)
        return disk, name, disk.files[name]

    def view(self, *without):
        return self.dice.choice([v for v in (LOCAL, LOCAL, *NETWORK) if v not in without])

    def bytes(self):
        kind, size = self.dice.random(), self.size()
        if kind < 0.1:
            return bytes(size)
        if kind < 0.2:
            return (self.dice.randbytes(1000) * (size // 1000 + 1))[:size]
        if kind < 0.3:
            # A chunk that another file has.
            others = [f.data for d in self.run.disks for f in d.inodes() if f.data]
            if others:
                return self.dice.choice(others)
        return self.dice.randbytes(size)

    def size(self):
        low, high = self.dice.choices([(0, BLOCK), (BLOCK, 300_000), (MIB, 3 * MIB),
                                       (8 * MIB - 100_000, 17 * MIB)], [4, 5, 3, 1])[0]
        return self.dice.randint(low, high)

    def place(self, file):
        """A range that begins in a file, mostly."""
        start = self.dice.randint(0, len(file.data) + 100_000 * (self.dice.random() < 0.2))
        if self.dice.random() < 0.3:
            start -= start % BLOCK
        return start, self.dice.choice([1, 100, BLOCK, 70_000, MIB, 9 * MIB])

    # what may fail
    def change(self, disk, file, new, do):
        """A step after which a file has another content."""
        if self.run.attempt(do):
            file.data = new
            disk.note(file)
        else:
            file.doubt = [new]

    def create(self):
        disk = self.disk()
        if len(disk.files) >= 12 or sum(len(f.data) for f in disk.inodes()) > 50 * MIB:
            self.unlink()
            return
        name = f'{self.dice.choice(FOLDERS)}/f{self.dice.randrange(8)}'
        if name in disk.files:
            return
        view, file = self.view(), File(self.bytes())
        self.run.log(f'create {disk.name}/{name} by {view}, {len(file.data)} bytes')
        if not self.run.attempt(lambda: write(disk.path(name, view), view, 0, file.data,
                                              os.O_CREAT | os.O_EXCL)):
            if os.path.exists(disk.path(name)):
                os.unlink(disk.path(name))
            return
        os.chmod(disk.path(name), 0o666)
        disk.add(name, file)
        disk.note(file)

    def write(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        view, (start, length) = self.view(), self.place(file)
        if self.dice.random() < 0.2:
            start = len(file.data)
        data = self.dice.randbytes(length if length < 9 * MIB else 10)
        self.run.log(f'write {disk.name}/{name} by {view}, {len(data)} bytes at {start} of '
                     f'{len(file.data)}')
        self.change(disk, file, put_at(file.data, start, data),
                    lambda: write(disk.path(name, view), view, start, data))

    def write_map(self):
        one = self.choose()
        if not one or not one[2].data:
            return
        disk, name, file = one
        start = self.dice.randrange(len(file.data))
        data = self.dice.randbytes(min(5000, len(file.data) - start))
        self.run.log(f'write {disk.name}/{name} by a map, {len(data)} bytes at {start}')
        self.change(disk, file, put_at(file.data, start, data),
                    lambda: write_mapped(disk.path(name), start, data))

    def write_both(self):
        """Two users write at the same time, one up to a place in a file and one from there on."""
        one = self.choose()
        if not one or len(one[2].data) < 2:
            return
        disk, name, file = one
        middle = self.dice.randrange(1, len(file.data))
        low, high = (self.dice.choice([1, 100, BLOCK, 70_000]) for _ in range(2))
        view = self.view()
        writes = [(v, start, self.dice.randbytes(end - start)) for v, start, end in (
            (view, max(0, middle - low), middle),
            (self.view(view), middle, min(len(file.data), middle + high)))]
        self.run.log(f'write {disk.name}/{name} by two, ' + ', '.join(
            f'{v} {len(data)} bytes at {start}' for v, start, data in writes))

        def do(v, start, data):
            return self.run.attempt(lambda: write(disk.path(name, v), v, start, data))
        with futures.ThreadPoolExecutor(2) as pool:
            good = list(pool.map(lambda one: do(*one), writes))
        (_, *first), (_, *second) = writes
        both = put_at(put_at(file.data, *first), *second)
        if all(good):
            file.data = both
            disk.note(file)
        else:
            file.doubt = [put_at(file.data, *first), put_at(file.data, *second), both]

    def replace(self):
        """Empty a file and write it anew."""
        if not (one := self.choose()):
            return
        disk, name, file = one
        view, data = self.view(), self.bytes()
        self.run.log(f'replace {disk.name}/{name} by {view}, {len(data)} bytes')
        if self.run.attempt(lambda: write(disk.path(name, view), view, 0, data, os.O_TRUNC)):
            file.data = data
            disk.note(file)
        else:
            file.doubt = [b'', data]

    def truncate(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        view = self.view()
        size = self.dice.choice([0, len(file.data) // 2, self.dice.randint(0, len(file.data)),
                                 len(file.data) + self.dice.randint(0, MIB)])
        self.run.log(f'truncate {disk.name}/{name} by {view}, {len(file.data)} to {size}')
        self.change(disk, file, file.data[:size].ljust(size, b'\0'),
                    lambda: os.truncate(disk.path(name, view), size))

    def punch(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        view, (start, length) = self.view('nfs3'), self.place(file)
        end = min(start + length, len(file.data))
        if end <= start:
            return
        self.run.log(f'punch {disk.name}/{name} by {view}, {start} to {end} of {len(file.data)}')

        def do():
            fd = os.open(disk.path(name, view), os.O_RDWR)
            try:
                fallocate(fd, PUNCH_HOLE | KEEP_SIZE, start, length)
            finally:
                os.close(fd)
        self.change(disk, file, put_at(file.data, start, bytes(end - start)), do)

    def copy(self):
        """Have the server copy a part of a file into another."""
        a, b = self.choose(), self.choose()
        if not a or not b or a[0] is not b[0] or a[2] is b[2] or not a[2].data:
            return
        disk, source, target = a[0], a[1], b[1]
        view = self.view('nfs3')
        start, length = self.place(a[2])
        start = min(start, len(a[2].data) - 1)
        data = a[2].data[start:start + length]
        at = self.dice.randint(0, len(b[2].data))
        self.run.log(f'copy {disk.name}/{source} to {target} by {view}, {len(data)} bytes of {start} '
                     f'to {at}')

        def do():
            src = os.open(disk.path(source, view), os.O_RDONLY)
            dst = os.open(disk.path(target, view), os.O_RDWR)
            try:
                done = 0
                while done < len(data):
                    count = os.copy_file_range(src, dst, len(data) - done, start + done, at + done)
                    if not count:
                        raise Defect(f'a copy ends after {done} bytes')
                    done += count
                os.fsync(dst)
            finally:
                os.close(src)
                os.close(dst)
        self.change(disk, b[2], put_at(b[2].data, at, data), do)

    def read(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        view, (start, length) = self.view(), self.place(file)
        if self.dice.random() < 0.2:
            start, length = 0, len(file.data)
        self.run.log(f'read {disk.name}/{name} by {view}, {length} bytes at {start}')
        got = []
        if self.run.attempt(lambda: got.append(read(disk.path(name, view), view, start, length))):
            want = file.data[start:start + length]
            if got[0] != want:
                raise Defect(f'{disk.name}/{name} by {view} at {start}: {differs(got[0], want)}')

    # names and attributes, which need no data
    def rename(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        new = f'{self.dice.choice(FOLDERS)}/f{self.dice.randrange(8)}'
        there = disk.files.get(new)
        if new == name or there is file or there and there.doubt is not None:
            return
        view = self.view()
        self.run.log(f'rename {disk.name}/{name} to {new} by {view}')
        if not self.run.attempt(lambda: os.rename(disk.path(name, view), disk.path(new, view))):
            if os.path.lexists(disk.path(name)):
                return
        if there:
            disk.remove(new)
            self.noted(disk, there)
        disk.remove(name)
        disk.add(new, file)
        disk.note(file)

    @staticmethod
    def noted(disk, file):
        if file.names:
            disk.note(file)

    def link(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        new = f'{self.dice.choice(FOLDERS)}/f{self.dice.randrange(8)}'
        if new in disk.files:
            return
        view = self.view('smb')
        self.run.log(f'link {disk.name}/{name} as {new} by {view}')
        if self.run.attempt(lambda: os.link(disk.path(name, view), disk.path(new, view))) or \
                os.path.lexists(disk.path(new)):
            disk.add(new, file)
            disk.note(file)

    def unlink(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        view = self.view()
        self.run.log(f'unlink {disk.name}/{name} by {view}')
        os.unlink(disk.path(name, view))
        disk.remove(name)
        self.noted(disk, file)

    def attributes(self):
        if not (one := self.choose()):
            return
        disk, name, file = one
        view, kind = self.view('smb', 'nfs3'), self.dice.choice(['mode', 'times', 'more'])
        path = disk.path(name, view)
        self.run.log(f'set {kind} of {disk.name}/{name} by {view}')
        if kind == 'mode':
            def do(): os.chmod(path, self.dice.choice([0o666, 0o667, 0o676, 0o777]))
        elif kind == 'times':
            def do(): os.utime(path, ns=(10**18, self.dice.randrange(10**18, 15 * 10**17, 100)))
        else:
            def do(): os.setxattr(path, ATTRIBUTE, self.dice.randbytes(self.dice.randint(1, 200)))
        self.run.attempt(do)
        disk.note(file)

    def hold(self):
        """A process keeps a file open, or closes it."""
        if self.held:
            os.close(self.held.pop())
            return
        if one := self.choose():
            disk, name, _ = one
            view = self.view()
            self.run.log(f'hold {disk.name}/{name} by {view}')
            self.run.attempt(lambda: self.held.append(os.open(disk.path(name, view), os.O_RDONLY)))

    def let_go(self):
        while self.held:
            os.close(self.held.pop())

# SPDX-License-Identifier: GPL-2.0-only
"""Local processes of the server in the model: they open files, lock, write, and change names.

The VFS shows them ranges and caches, but no deny bits and no mandatory ranges. Their locks are
those of open file descriptions (fcntl(2)), since all of them are threads of one process.
"""
import errno
import fcntl
import os

import model_access
from lockers import FLOCK
from model_claims import Link, Open
from model_client import Client
from model_loop import Defect
from model_nfs import ALICE, EXIST, FILE_MODES
from truth import A_READ, A_WRITE, H, R, W

MODES = {os.O_RDONLY: A_READ, os.O_WRONLY: A_WRITE, os.O_RDWR: A_READ | A_WRITE}
OPENS_MAX = 2
SETLK = fcntl.F_OFD_SETLK


class Done:
    """The outcome of a system call."""

    def __init__(self, error='', value=None):
        self.error, self.data = error, value


class Local(Client):
    """Processes with the root of the share at a path."""

    STEPS = Client.STEPS | dict(do_open=3, do_close=4, do_create=2, do_lock=5, do_unlock=3,
                                do_remove=2, do_rename=4, do_link=1, do_mkdir=1, do_chmod=2)
    REFUSED = ('AGAIN', 'ACCES')
    counted = False         # no client of the server

    def __init__(self, top, *args):
        super().__init__(*args)
        self.top, self.held = top, []
        self.used = None        # the name by which a file is used

    def call(self, func, *args):
        """Call in a thread, since it may wait for a cache."""
        def work():
            try:
                return Done('', func(*args))
            except OSError as e:
                return Done(errno.errorcode[e.errno].removeprefix('E'))
        return (yield self.loop.in_thread(work))

    def path(self, d, name):
        return f'{self.top}/{d.links[0].path()}/{name}' if d.links else f'{self.top}/gone/{name}'

    def where(self, link):
        return self.path(link.parent, link.name) if link.parent else self.top

    def breaks(self, node, column, key, acc, deny):
        """A lease of the VFS knows readers and others; a change of a directory waits for none."""
        if node.is_dir:
            return [(c, bits, 0) for c, bits, _ in
                    super().breaks(node, column, key, acc, deny)]
        reads = column == 'read' or column == 'open' and not acc & A_WRITE
        lost = W if reads else R | H | W
        return [(c, c.bits & lost, 0 if c.bits == R else c.bits & lost)
                for c in self.m.caches if c.node is node and not c.closing and c.bits & lost]

    def ranges_in_the_way(self, *_):
        return []

    # data
    def target(self, acc):
        """A file: (node, by what, owner, a descriptor or a path)."""
        link = self.pick(self.m.files())
        choices = [(link.node, 'path', None, self.where(link))] if link else []
        choices += [(o.node, o, o, o) for o in self.held if o.acc & acc]
        target = self.pick(choices)
        self.used = link if target and target[1] == 'path' else None
        return target

    def children(self, _node):
        """Only by the name that the process used."""
        link = self.used
        return [(link.parent, 'child')] if link and link.parent else []

    def missing(self, error, node):
        return error == 'NOENT' and (self.overlaps or node.gone())

    def _with(self, by, flags, work):
        """Use an open descriptor, or one of a path for this once."""
        if isinstance(by, Open):
            return self.call(work, by.fd)

        def once():
            fd = os.open(by, flags)
            try:
                return work(fd)
            finally:
                os.close(fd)
        return self.call(once)

    def read(self, by, offset, count):
        return self._with(by, os.O_RDONLY, lambda fd: os.pread(fd, count, offset))

    def write(self, by, offset, data):
        return self._with(by, os.O_WRONLY, lambda fd: os.pwrite(fd, data, offset))

    def size(self, by, size):
        if isinstance(by, Open):
            return self.call(os.ftruncate, by.fd, size)
        return self.call(os.truncate, by, size)

    # opens
    def do_open(self):
        link, flags = self.pick(self.m.files()), self.pick(list(MODES))
        if not link or len(self.held) >= OPENS_MAX:
            return
        o = Open(self, link.node, MODES[flags], 0)
        what = f'open {link} to {"read" if flags == os.O_RDONLY else "write"}'
        r = yield from self.attempt(
            what, lambda: self.call(os.open, self.where(link), flags),
            excused=lambda error: self.missing(error, o.node), names=[(link.parent, link.name)])
        if r:
            o.fd = r.data
            self.held.append(o)
            self.m.local.append(o)
            yield from self.broken(what, (o.node, 'open'), acc=o.acc)

    def do_close(self):
        o = self.pick(self.held)
        if o:
            yield from self.close(o)

    def close(self, o):
        yield from self.attempt(f'close {o}', lambda: self.call(os.close, o.fd),
                                ends=[o, *self.m.ranges_of(o.node, o)])
        self.held.remove(o)
        self.m.local.remove(o)
        self.m.ranges = [r for r in self.m.ranges if r.owner is not o]

    # ranges
    def _set(self, o, kind, lo, hi):
        length = 0 if hi >= 2**63 - 1 else hi - lo + 1
        return self.call(fcntl.fcntl, o.fd, SETLK, FLOCK.pack(kind, os.SEEK_SET, lo, length, 0))

    def do_lock(self):
        o = self.pick(self.held)
        if not o:
            return
        (lo, hi), exclusive = self.range(), o.acc & A_WRITE and self.pick((True, False))
        if not exclusive and not o.acc & A_READ:
            exclusive = True
        kind = fcntl.F_WRLCK if exclusive else fcntl.F_RDLCK
        what = f'lock {lo}-{hi} {"exclusive" if exclusive else "shared"} by {o}'
        if (yield from self.attempt(
                what, lambda: self._set(o, kind, lo, hi),
                lambda: self.m.ranges_against(o.node, lo, hi, exclusive, o, False),
                ends=self.m.ranges_of(o.node, o, lo, hi))):
            self.m.lock_posix(self, o.node, o, lo, hi, bool(exclusive), o)

    def do_unlock(self):
        r = self.pick(r for r in self.m.ranges if r.client is self)
        if not r:
            return
        o, (lo, hi) = r.owner, self.pick([(r.lo, r.hi), self.range()])
        yield from self.attempt(f'unlock {lo}-{hi} by {o}',
                                lambda: self._set(o, fcntl.F_UNLCK, lo, hi),
                                ends=self.m.ranges_of(o.node, o, lo, hi))
        self.m.lock_posix(self, o.node, o, lo, hi, None)

    # names
    def do_create(self):
        d, name = self.place()

        def create(path):
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            os.fchown(fd, ALICE, ALICE)
            os.close(fd)
        what = f'create {name} in {d}'
        if (yield from self.made(what, lambda: self.call(create, self.path(d, name)), d, name,
                                 lambda error: False)):
            self.m.make(d, name)
            yield from self.broken(what, (d, 'entry'))

    def do_mkdir(self):
        d, name = self.pick(self.m.dirs()), self.pick('xyz')
        if len(self.m.dirs()) > 3:
            return

        def mkdir(path):
            os.mkdir(path)
            os.chmod(path, 0o777)
            os.chown(path, ALICE, ALICE)
        what = f'make directory {name} in {d}'
        if (yield from self.made(what, lambda: self.call(mkdir, self.path(d, name)), d, name,
                                 lambda error: False)):
            self.m.make(d, name, is_dir=True)
            yield from self.broken(what, (d, 'entry'))

    def do_link(self):
        link, (d, name) = self.pick(self.m.files()), self.place()
        if not link:
            return
        what, old = f'link {link} to {name} in {d}', (link.parent, link.name)
        if old in self.m.taken:
            return
        if (yield from self.made(
                what, lambda: self.call(os.link, self.where(link), self.path(d, name)), d, name,
                lambda error: self.missing(error, link.node))):
            Link(d, name, link.node)
            yield from self.broken(what, (link.node, 'link'), (d, 'entry'))

    def do_remove(self):
        link = self.pick(self.m.links())
        if not link:
            return
        node, parent, what = link.node, link.parent, f'remove {link}'
        r = yield from self.attempt(
            what, lambda: self.call(os.rmdir if node.is_dir else os.unlink, self.where(link)),
            excused=lambda error: self.overlaps or error == 'NOTEMPTY' and node.entries,
            names=[(parent, link.name)])
        if r:
            if node.entries:
                raise Defect(f'{self}: {what}: it has entries')
            link.drop()
            yield from self.broken(what, (node, 'remove'), (parent, 'entry'))

    def do_rename(self):
        link = self.pick(self.m.links())
        if not link:
            return
        d, name = self.place(link.node.is_dir)
        if link.node.is_dir and d.below(link.node):
            return
        parent, over = link.parent, d.entries.get(name)
        what = f'rename {link} to {name} in {d}{f" over {over}" if over else ""}'
        same = over and over.node is link.node

        def excused(error):
            return self.overlaps or over and error in EXIST and (
                link.node.is_dir != over.node.is_dir or over.node.entries)
        r = yield from self.attempt(
            what, lambda: self.call(os.rename, self.where(link), self.path(d, name)),
            excused=excused, names=[(parent, link.name), (d, name)],
            effects=self.m.renames(link.node, over))
        if r and not same:
            yield from self.renamed(what, link, d, name, told=False)

    def do_chmod(self):
        link = self.pick(self.m.files())
        if not link:
            return
        mode, path = self.pick(FILE_MODES), self.where(link)
        what = f'change the mode of {link} to {mode:o}'
        r = yield from self.attempt(what, lambda: self.call(os.chmod, path, mode),
                                    excused=lambda error: self.missing(error, link.node),
                                    names=[(link.parent, link.name), (link.node, 'mode')])
        if r:
            link.node.edits += 1
            model_access.set_mode(link.node, mode)
            self.used = link
            yield from self.broken(what, (link.node, 'setattr'), *self.children(link.node))

    def leave(self):
        for o in self.held[:]:
            yield from self.close(o)

    def end(self):
        """Nothing is left."""

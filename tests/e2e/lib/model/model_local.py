# SPDX-License-Identifier: GPL-2.0-only
"""Local processes of the server in the model: they open files, lock, write, and change names.

The VFS shows them ranges and caches, but no deny bits and no mandatory ranges. Their locks are
those of open file descriptions (fcntl(2)), since all of them are threads of one process. A thread
that waits for a lock is sent a signal when it is to give up.
"""
import ctypes
import errno
import fcntl
import os
import signal
import threading

import model_access
from lockers import FLOCK
from model_claims import Link, Open
from model_client import Client
from model_loop import Defect, Future, pause
from model_nfs import ALICE, EXIST, FILE_MODES
from model_waits import WAITS_MAX, Wait, Waiter
from truth import A_READ, A_WRITE, H, R, W

MODES = {os.O_RDONLY: A_READ, os.O_WRONLY: A_WRITE, os.O_RDWR: A_READ | A_WRITE}
OPENS_MAX = 3
SETLK, SETLKW = fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW
BLOCKED_S = 0.05            # until a thread is taken to wait, if a range is in its way
WAITS = 'waits'             # in the place of an error
LIBC = ctypes.CDLL(None, use_errno=True)


class Done:
    """The outcome of a system call."""

    def __init__(self, error='', value=None):
        self.error, self.data = error, value


def flock(kind, lo, hi):
    return FLOCK.pack(kind, os.SEEK_SET, lo, 0 if hi >= 2**63 - 1 else hi - lo + 1, 0)


class Local(Waiter, Client):
    """Processes with the root of the share at a path."""

    STEPS = Client.STEPS | dict(do_open=4, do_close=3, do_create=2, do_lock=5, do_unlock=3,
                                do_remove=2, do_rename=4, do_link=1, do_mkdir=1, do_chmod=2,
                                do_wait=5, do_cancel=1)
    REFUSED = ('AGAIN', 'ACCES', WAITS)
    counted = False         # no client of the server

    def __init__(self, top, *args):
        super().__init__(*args)
        self.top, self.held = top, []
        self.used = None        # the name by which a file is used
        signal.signal(signal.SIGUSR1, lambda *_: None)

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
        self.used = target and (link if target[1] == 'path' else target[1].link)
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
        o = Open(self, link.node, MODES[flags], 0, link=link)
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
        # a thread that waits keeps the description, and its locks
        for wait in self.waits_of(o):
            yield from self.cancel(wait)
        yield from self.attempt(f'close {o}', lambda: self.call(os.close, o.fd),
                                ends=[o, *self.m.ranges_of(o.node, o)])
        self.held.remove(o)
        self.m.local.remove(o)
        self.m.ranges = [r for r in self.m.ranges if r.owner is not o]

    # ranges
    def _set(self, o, kind, lo, hi):
        return self.call(fcntl.fcntl, o.fd, SETLK, flock(kind, lo, hi))

    def waits_of(self, o):
        return [w for w in self.waits() if w.by is o]

    def locks_by(self):
        """A description that no thread waits for, and whether it is to lock exclusively."""
        o = self.pick(o for o in self.held if not self.waits_of(o))
        return o, o and bool(o.acc & A_WRITE and (not o.acc & A_READ or self.pick((True, False))))

    def do_lock(self):
        o, exclusive = self.locks_by()
        if not o:
            return
        lo, hi = self.range()
        kind = fcntl.F_WRLCK if exclusive else fcntl.F_RDLCK
        what = f'lock {lo}-{hi} {"exclusive" if exclusive else "shared"} by {o}'
        if (yield from self.attempt(
                what, lambda: self._set(o, kind, lo, hi),
                lambda: self.m.ranges_against(o.node, lo, hi, exclusive, o, False),
                ends=self.m.ranges_of(o.node, o, lo, hi))):
            self.m.lock_posix(self, o.node, o, lo, hi, exclusive, o)

    def do_wait(self):
        """Lock a range, and wait until it is free."""
        o, exclusive = self.locks_by()
        if not o or len(self.waits()) >= WAITS_MAX:
            return
        wait = Wait(self, o.node, o, False, exclusive, *self.wanted(o.node), o)
        if (yield from self.attempt(
                f'lock, {wait}', lambda: self.ask_wait(wait), lambda: self.in_the_way(wait),
                ends=self.m.ranges_of(o.node, o, wait.lo, wait.hi))):
            self.m.grant(wait)

    def ask_wait(self, wait):
        """Begin to wait in a thread."""
        final, blocked = Future(), pause(BLOCKED_S)
        arg = ctypes.create_string_buffer(
            flock(fcntl.F_WRLCK if wait.exclusive else fcntl.F_RDLCK, wait.lo, wait.hi))

        def over(answer):
            (wait if wait in self.m.waits else final).set(answer)
        over = self.loop.shared(over)

        def work():
            wait.thread = threading.get_native_id()
            failed = LIBC.fcntl(wait.by.fd, SETLKW, arg)
            over(Done(errno.errorcode[ctypes.get_errno()].removeprefix('E') if failed else ''))
        threading.Thread(target=work, daemon=True).start()
        while not final.done and not (blocked.ready() and self.present(self.in_the_way(wait))):
            yield pause(0.01)
        if final.done:
            return final.value
        self.begin_wait(wait)
        return Done(WAITS)

    def cancel(self, wait):
        """End a wait by signals, of which one that comes too early is lost."""
        wait.ended = True
        while not wait.answer.done:
            LIBC.tgkill(os.getpid(), wait.thread, signal.SIGUSR1)
            yield pause(0.02)
        if wait.answer.value.error not in ('', 'INTR'):
            raise Defect(f'{self}: {wait} was interrupted: {wait.answer.value.error}')

    def do_unlock(self):
        r = self.pick(r for r in self.m.ranges if r.client is self and not self.waits_of(r.owner))
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

# SPDX-License-Identifier: GPL-2.0-only
"""Records that all protocols write and read at once are never torn and never stale.

Each file holds one record: a number that only grows, its writer, and a checksum over both
and the padding. A writer locks the file, reads, and writes the next number; a reader locks it
shared. Under a lock every protocol promises the newest data (RFC 1813 section 4.11, RFC 8881
section 10.3.2, MS-FSA section 2.1.4.10), so a holder of the lock may not see a number lower
than the last one written before. Meanwhile files are renamed to and fro, opened without
locks, which recalls what clients cache, writers are killed, and the server is restarted.

DITTO_SOAK is the length in seconds, 20 by default.
"""
import contextlib
import errno
import fcntl
import mmap
import os
import random
import select
import struct
import time
import traceback
import zlib

import smb
from checks import SLOW, eq, wait_for
from files import put
from harness import test
from processes import Child

SECONDS = float(os.environ.get('DITTO_SOAK', '20'))
FILES = 6
SIZE = 3000                 # within a page, and no sector fits it
HEAD = struct.Struct('<QII')
ACTORS = ('SMB', 'NFSv3', 'NFSv4.0', 'NFSv4.2', 'local')
SMB, *NFS, LOCAL = range(len(ACTORS))
ALICE = smb.UIDS['alice']
# Errors of an SMB client for files that it had open when the server went, and for locks.
CUT_OFF = (errno.EIO, errno.EAGAIN, errno.EACCES, errno.EBADF, errno.ECONNRESET, errno.ENOTCONN,
           errno.EHOSTDOWN, errno.ESTALE, errno.ECONNABORTED)


def record(number, writer):
    filler = bytes([number & 0xff]) * (SIZE - HEAD.size)
    return HEAD.pack(number, writer, zlib.crc32(filler, number & 0xffffffff)) + filler


def check(data):
    """The number of a record, or None if it is torn."""
    if len(data) != SIZE:
        raise AssertionError(f'{len(data)} bytes of a record')
    number, _, crc = HEAD.unpack_from(data)
    if zlib.crc32(data[HEAD.size:], number & 0xffffffff) != crc:
        raise AssertionError(f'record {number} is torn')
    return number


class Board:
    """Shared state: the last number written to each file, and the counts of operations."""

    def __init__(self, actors, gate):
        self.actors, self.gate = actors, gate
        put(gate)
        self.map = mmap.mmap(-1, 8 * (3 + 2 * actors + FILES + len(NFS)))

    def _at(self, i, value=None):
        if value is not None:
            struct.pack_into('<Q', self.map, 8 * i, value)
        return struct.unpack_from('<Q', self.map, 8 * i)[0]

    def over(self, yes=None):
        """True if it is time to end."""
        return self._at(0, yes)

    def cuts(self, number=None):
        """How often the server went away or returned: odd while it is away."""
        return self._at(1, number)

    def hold(self, yes=None):
        """True while lock holders must keep their locks."""
        return self._at(2, yes)

    def done(self, actor, writes):
        i = 3 + 2 * actor + writes
        self._at(i, self._at(i) + 1)

    def counts(self):
        return [(self._at(3 + 2 * a), self._at(4 + 2 * a)) for a in range(self.actors)]

    def written(self, f, number=None):
        return self._at(3 + 2 * self.actors + f, number)

    @contextlib.contextmanager
    def while_served(self):
        """The server is not stopped during the block."""
        with open(self.gate, 'rb') as gate:
            while True:
                fcntl.flock(gate, fcntl.LOCK_SH)
                if not self.cuts() & 1:
                    break
                fcntl.flock(gate, fcntl.LOCK_UN)
                time.sleep(0.05)
            yield

    @contextlib.contextmanager
    def away(self):
        """True while the server is away."""
        self.cuts(self.cuts() + 1)
        with open(self.gate, 'rb') as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
            self.cuts(self.cuts() + 1)


def look(data, f, newest):
    """The number in a locked file."""
    number = check(data)
    if number < newest:
        raise AssertionError(f'file {f}: {number} was read, {newest} was written before')
    return number


def walk_again(path):
    """Have cifs.ko drop what it read before it opened a file.

    At the last close it marks the pages invalid (_cifsFileInfo_put), but only walking a name
    that it knows drops them (cifs_d_revalidate). If it asks for the name in vain while the
    file has its other one, the next open looks it up anew (cifs_lookup), which drops nothing,
    and reads under the new lease do not ask for the mark (cifs_strict_readv): they return what
    the file held seconds ago. That has nothing to do with when handles are closed
    (closetimeo). What was read under a lease that is still there is not marked, and stays.
    """
    with contextlib.suppress(FileNotFoundError):    # it caches nothing, or would not have asked
        os.stat(path)


def turn(board, where, actor, f, writes):
    """One read or write of one file."""
    cuts = board.cuts()
    path = f'{where}/r{f}'
    try:
        fd = os.open(path, os.O_RDWR if writes else os.O_RDONLY)
    except FileNotFoundError:
        return              # it has its other name
    try:
        if actor == SMB:
            walk_again(path)
        fcntl.lockf(fd, fcntl.LOCK_EX if writes else fcntl.LOCK_SH, SIZE)
        newest = board.written(f)
        data = os.pread(fd, SIZE, 0)
        # a reader that lost its lock with the server may read a record in change
        if writes or actor != SMB or cuts == board.cuts() and not cuts & 1:
            number = look(data, f, newest)
        if writes:
            # a writer that is killed here has written this number, or not
            os.pwrite(fd, record(number + 1, actor), 0)
            os.fsync(fd)
            board.written(f, number + 1)
        fcntl.lockf(fd, fcntl.LOCK_UN, SIZE)
    finally:
        os.close(fd)
    board.done(actor, writes)


def become_alice():
    os.setgroups([])
    os.setresgid(ALICE, ALICE, ALICE)
    os.setresuid(ALICE, ALICE, ALICE)


def work(board, where, actor, seed, forgiven):
    become_alice()
    dice = random.Random(seed)
    while not board.over():
        f, writes = dice.randrange(FILES), dice.random() < 0.4
        # Nobody keeps local processes from files while the modules are out, so they keep away
        # themselves. No SMB lock outlives the server without persistent handles (MS-SMB2
        # 3.3.5.9.12), yet cifs.ko sends what it has cached when it is back, over what others
        # wrote: so it must not have any.
        alone = actor == LOCAL or actor == SMB and writes
        try:
            with board.while_served() if alone else contextlib.nullcontext():
                turn(board, where, actor, f, writes)
        except (OSError, AssertionError) as e:
            # a truncated record is recognised
            if getattr(e, 'errno', None) not in forgiven:
                raise AssertionError(f'{ACTORS[actor]}: {traceback.format_exc()}') from e
            time.sleep(0.1)


def disturb(board, w, where):
    """Open without locks, rename, change attributes."""
    dice, places = random.Random(0), (w.export, where)
    while not board.over():
        f = dice.randrange(FILES)
        for place in places:
            with open(f'{place}/r{f}', 'rb') as one:
                one.read(10)
        os.utime(w.path(f'r{f}'), None)
        # A RENAME of version 3 that is sent again to a server that was restarted can fail.
        with board.while_served():
            place = dice.choice(places)
            os.rename(f'{place}/r{f}', f'{place}/moved{f}')
            os.rename(f'{place}/moved{f}', f'{place}/r{f}')
        time.sleep(0.02)


def hung(w, workers):
    """The stacks of processes that wait."""
    print(w.server.ctl('lock', 'list'))
    for worker in workers:
        print(f'process {worker.pid}:')
        with contextlib.suppress(OSError), open(f'/proc/{worker.pid}/stack', encoding='ascii') as f:
            print(f.read())


def watch(w, workers, seconds):
    """Sleep, and stop when a process has failed."""
    for fd in select.select([x.fd for x in workers], [], [], seconds)[0]:
        print(w.server.ctl('lock', 'list'), w.server.ctl('stats', 'nfs4-delegations'))
        next(x for x in workers if x.fd == fd).join()
        raise AssertionError('a process ended before its time')


def join_all(w, workers):
    """Wait for all; clients that poll for a lock (NFSv4.0, lost NLM callbacks) do so every 30 s."""
    left, end = list(workers), time.monotonic() + 60 * SLOW
    while left:
        fds = select.select([x.fd for x in left], [], [], end - time.monotonic())[0]
        if not fds:
            hung(w, left)
            raise AssertionError(f'{len(left)} processes do not end')
        for worker in [x for x in left if x.fd in fds]:
            worker.join()
            left.remove(worker)


def nothing_left(w):
    """Claims and clients go with the mounts; the harness checks nodes and open files."""
    for client in w.clients:
        for where in client.mounts[:]:
            client.umount(where)
    try:
        wait_for('nothing is claimed', lambda: not set(w.server.claims()) - {'owners'})
        # a client of version 4.0 does not say that it goes, and its lease is long
        w.server.release_clients()
        wait_for('no client is left', lambda: not w.server.json('lock', 'client', 'list'))
    except AssertionError:
        print(w.server.ctl('lock', 'client', 'list'), w.server.ctl('lock', 'list'))
        raise


def keep(board, where, actor, f):
    """Lock, and write when the server is back."""
    become_alice()
    fd = os.open(f'{where}/r{f}', os.O_RDWR)
    fcntl.lockf(fd, fcntl.LOCK_EX, SIZE)
    number = look(os.pread(fd, SIZE, 0), f, 1)
    board.written(f, number)
    while board.hold():
        time.sleep(0.05)
    os.pwrite(fd, record(number + 1, actor), 0)
    os.fsync(fd)
    board.written(f, number + 1)
    os.close(fd)


def rival(board, where, f):
    """A lock of another client is granted only after that."""
    become_alice()
    fd = os.open(f'{where}/r{f}', os.O_RDONLY)
    fcntl.lockf(fd, fcntl.LOCK_SH, SIZE)
    look(os.pread(fd, SIZE, 0), f, 2)
    os.close(fd)


def restart_under_locks(w, board, mounts):
    """NFS clients reclaim their locks and write before others may lock."""
    board.hold(1)
    files = {actor: FILES + i for i, actor in enumerate(NFS)}
    keepers = [Child(keep, board, mounts[actor], actor, f) for actor, f in files.items()]
    wait_for('all hold locks', lambda: all(board.written(f) for f in files.values()))
    w.server.restart()
    # each in a file that another one holds
    others = [Child(rival, board, mounts[NFS[i - 1]], f) for i, f in enumerate(files.values())]
    board.hold(0)
    wait_for('the grace ends', lambda: not w.server.grace()['active'], 30)
    return keepers + others


def run_all(w, restart):
    os.chmod(w.export, 0o777)
    for f in range(FILES + len(NFS)):
        put(w.path(f'r{f}'), record(1, 99), 0o666)
    a, b, c, d = w.clients
    # cifs.ko forgets ranges that it has locked at itself when another process opens the file
    # while a lease is broken: so each has a mount of its own.
    smb1, smb2 = (a.mount_smb(opts='cache=strict,noperm') for _ in range(2))
    # A file that has another name for a moment must not be missing for minutes.
    v3, v40, v42 = (x.mount(vers=vers, opts='lookupcache=positive')
                    for x, vers in ((b, '3'), (c, '4.0'), (d, '4.2')))
    # Nor do two processes share one of version 4: while one has a file open for writing the
    # client takes changes for its own, and a delegation to another has it trust old pages.
    mounts = [smb1, v3, v40, v42, w.export, smb2, v3, w.export]
    actors = [*range(len(ACTORS)), SMB, NFS[0], LOCAL]
    board = Board(len(ACTORS), f'{w.base}/gate')

    def start(i, seed):
        actor = actors[i]
        forgiven = CUT_OFF if restart and actor == SMB else ()
        return Child(work, board, mounts[i], actor, seed, forgiven)
    workers = [start(i, i) for i in range(len(mounts))]
    workers.append(Child(disturb, board, w, v3))
    end, kills = time.monotonic() + SECONDS * (SLOW if SLOW > 1 else 1), 0
    while time.monotonic() < end:
        watch(w, workers, SECONDS / 8)
        # one is killed in the middle of whatever it does, and another takes its place
        i = kills % len(mounts)
        workers[i].kill()
        workers[i] = start(i, 1000 + kills)
        kills += 1
        if restart and kills == 4:
            with board.away():
                kept = restart_under_locks(w, board, mounts)
            join_all(w, kept)
    board.over(1)
    join_all(w, workers)
    for i, (reads, writes) in enumerate(board.counts()):
        print(f'{ACTORS[i]}: {reads} reads, {writes} writes')
        eq(reads > 0 and writes > 0, True, f'actor {i} did something')
    for f in range(FILES + len(NFS)):
        with open(w.path(f'r{f}'), 'rb') as one:
            eq(check(one.read()) >= board.written(f), True, f'file {f} at the end')
    nothing_left(w)


@test(smb=True, locks=True, clients=4, timeout=120 + 2 * SECONDS, squash='none')
def all_at_once(w):
    run_all(w, restart=False)


@test(smb=True, locks=True, clients=4, timeout=150 + 2 * SECONDS, squash='none')
def with_a_restart(w):
    """Claims are reclaimed, and data is sent again."""
    run_all(w, restart=True)

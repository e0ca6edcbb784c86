# SPDX-License-Identifier: GPL-2.0-only
"""Locks of Linux clients: fcntl and flock over NFSv3, from two machines and more."""
import errno
import fcntl
import os
import random
import signal
import time

from checks import eq, one_of, wait_for
from files import get, put
from harness import test
from lockers import READ, SOON, WRITE, Locker, another, end, first, pair
from processes import parallel

# Tests in which a client waits are for Ditto only: the kernel's lockd of this version
# answers that a request is blocked, but forgets it, so that the client has to poll.

LAST = (1 << 63) - 1


def waiting(w):
    return [x for x in w.server.locks() if x['state'] == 'waiting']


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def shared_and_exclusive(w):
    a, b = pair(w)
    a.lock(READ)
    b.lock(READ)
    b.refused('lock', WRITE)
    a.unlock()
    b.lock(WRITE)
    a.refused('lock', READ)
    a.refused('lock', WRITE)
    b.unlock()
    a.lock(WRITE)
    b.refused('lock', READ, 5, 1)
    end(a)
    b.lock(WRITE)
    end(b)


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def two_processes_of_one_client(w):
    a, b = pair(w)
    c = another(w, 1)
    a.lock(WRITE, 0, 10)
    c.refused('lock', WRITE, 0, 10)
    c.lock(WRITE, 10, 10)
    b.refused('lock', READ, 15, 1)
    end(c)
    b.lock(READ, 15, 1)
    b.refused('lock', READ, 5, 1)
    end(a, b)


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def ranges(w):
    """Adjacent ranges do not conflict; ends are exact; length zero reaches to the end."""
    a, b = pair(w)
    a.lock(WRITE, 10, 10)
    b.lock(WRITE, 9, 1)
    b.lock(WRITE, 20, 1)
    b.refused('lock', READ, 10, 1)
    b.refused('lock', READ, 19, 1)
    b.refused('lock', READ, 0, 0)
    b.refused('lock', READ, 0, 11)
    a.lock(WRITE, 1000, 0)
    b.refused('lock', READ, 1000, 1)
    b.refused('lock', READ, LAST, 1)
    b.refused('lock', READ, 1 << 40, 5)
    b.lock(WRITE, 999, 1)
    a.unlock(2000, 0)
    b.lock(WRITE, 2000, 0)
    a.refused('lock', READ, LAST, 1)
    b.lock(WRITE, 1 << 33, 1 << 33)
    end(a, b)


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def split_and_merge(w):
    """Unlocking the middle frees it; locking it again makes one range."""
    a, b = pair(w)
    a.lock(WRITE, 0, 100)
    a.unlock(40, 20)
    b.lock(WRITE, 40, 20)
    b.refused('lock', WRITE, 39, 1)
    b.refused('lock', WRITE, 60, 1)
    b.unlock()
    a.lock(WRITE, 40, 20)
    kind, start, length, _ = b.holder(READ, 50, 1)
    eq((kind, start, length), (WRITE, 0, 100), 'the merged range')
    a.lock(READ, 30, 10)
    b.lock(READ, 30, 10)
    b.refused('lock', READ, 29, 1)
    b.refused('lock', READ, 40, 1)
    b.unlock()
    a.unlock(0, 0)
    b.lock(WRITE)
    end(a, b)


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def upgrade_and_downgrade(w):
    a, b = pair(w)
    a.lock(READ, 0, 10)
    b.lock(READ, 5, 10)
    a.refused('lock', WRITE, 0, 10)
    b.refused('lock', WRITE, 9, 1)
    a.lock(WRITE, 0, 5)
    b.refused('lock', READ, 4, 1)
    b.unlock()
    a.lock(WRITE, 0, 10)
    b.refused('lock', READ, 9, 1)
    a.lock(READ, 0, 10)
    b.lock(READ, 9, 1)
    end(a, b)


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def holder(w):
    """F_GETLK reports the conflicting lock, and that there is none."""
    a, b = pair(w)
    eq(b.holder(WRITE), None)
    a.lock(WRITE, 100, 50)
    eq(b.holder(READ)[:3], (WRITE, 100, 50))
    eq(b.holder(WRITE, 0, 100), None)
    eq(b.holder(WRITE, 150, 0), None)
    a.lock(READ, 100, 0)
    eq(b.holder(READ), None)
    if w.server.name == 'ditto':  # the other one does not tell of readers
        eq(b.holder(WRITE, 5000, 10)[:3], (READ, 100, 0))
    eq(a.holder(WRITE), None, 'one is not in his own way')
    end(a)
    eq(b.holder(WRITE), None)
    end(b)


def blocking(w, proto):
    a, b = pair(w, proto=proto)
    c = another(w, 2)
    for kind in (WRITE, READ):
        a.lock(WRITE, 0, 10)
        b.start('wait', kind, 5, 10).waits()
        c.start('wait', kind, 0, 1).waits()
        began = time.monotonic()
        a.unlock()
        b.result(SOON)
        c.result(SOON)
        assert time.monotonic() - began < SOON, 'granted by asking again, not by a callback'
        a.refused('lock', WRITE, 14, 1)
        b.unlock()
        c.unlock()
    a.lock(WRITE)
    b.start('wait', READ).waits()
    a.end(signal.SIGKILL)
    b.result(SOON)
    end(b, c)


@test(server='ditto', locks=True, clients=2, nfs4='nfs4_open')
def blocking_tcp(w):
    """A waiting lock is granted when the holder unlocks or dies."""
    blocking(w, 'tcp')


@test(server='ditto', locks=True, clients=2)
def blocking_udp(w):
    if w.server.name == 'ditto':
        w.server.ctl('server', 'set', 'udp', 'on')
    blocking(w, 'udp')


@test(server='ditto', locks=True, clients=2)
def waiting_for_several(w):
    """A range held by several processes is granted when the last one unlocks."""
    a, b = pair(w)
    c = another(w, 1)
    a.lock(READ, 0, 10)
    c.lock(READ, 5, 20)
    b.start('wait', WRITE, 8, 4).waits()
    a.unlock()
    b.waits()
    c.unlock(0, 11)
    b.waits()
    c.unlock(11, 1)
    b.result(SOON)
    c.refused('lock', READ, 8, 1)
    c.lock(READ, 12, 5)
    end(a, b, c)


@test(server='ditto', locks=True, clients=3)
def queue(w):
    """Waiting readers are granted together; every waiting writer gets its turn."""
    a, b = pair(w)
    w.clients[2].mount()
    readers = [another(w, n) for n in (2, 3, 1)]
    writers = [another(w, n) for n in (3, 2)]
    a.lock(WRITE)
    for x in readers:
        x.start('wait', READ).waits(0.1)
    a.unlock()
    for x in readers:
        x.result(SOON)
    for x in writers:
        x.start('wait', WRITE).waits(0.1)
    for x in readers:
        x.unlock()
    one = first(writers)
    other, = [x for x in writers if x is not one]
    one.result()
    other.waits()
    one.unlock()
    other.result(SOON)
    end(a, b, *readers, *writers)


@test(server='ditto', locks=True, clients=2)
def deadlock(w):
    """The request that would complete a deadlock fails, over one file and over two."""
    a, b = pair(w)
    a.lock(WRITE, 0, 10)
    b.lock(WRITE, 10, 10)
    b.start('wait', WRITE, 0, 10).waits()
    wait_for('the server knows', lambda: waiting(w))
    a.refused('wait', WRITE, 10, 10, why=(errno.EDEADLK,))
    a.unlock()
    b.result(SOON)
    end(a, b)


@test(server='ditto', locks=True, clients=2, nfs4='nfs4_open')
def cancelled_by_signal(w):
    """A signal ends a wait, and the lock is not granted later."""
    a, b = pair(w)
    c = another(w, 1)
    a.lock(WRITE, 0, 10)
    b.start('wait', WRITE, 0, 5).waits()
    b.signal()
    try:
        b.result()
        raise AssertionError('worked, a signal was expected')
    except OSError as e:
        eq(e.errno, errno.EINTR)
    a.unlock()
    c.lock(WRITE, 0, 10)
    c.unlock()
    # the one that was interrupted can wait again
    a.lock(WRITE, 0, 10)
    b.start('wait', WRITE, 0, 5).waits()
    a.unlock()
    b.result(SOON)
    c.refused('lock', WRITE, 0, 10)
    end(a, b, c)


@test(server='ditto', locks=True, clients=2, nfs4='nfs4 nfs4_open')
def killed(w):
    """A killed process holds no locks and waits for none."""
    a, b = pair(w)
    c = another(w, 2)
    a.lock(WRITE, 0, 10)
    b.lock(WRITE, 20, 10)
    b.start('wait', WRITE, 0, 10).waits()
    b.end(signal.SIGKILL)
    c.lock(WRITE, 20, 10)
    if w.vers == '3':                # others have no word for it
        wait_for('it is cancelled', lambda: not waiting(w))
    a.unlock()
    c.lock(WRITE, 0, 10)
    end(a, c)


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def closed(w):
    """Closing any descriptor of the file releases the process's locks."""
    a, b = pair(w)
    a.lock(WRITE)
    b.refused('lock', READ)
    a.reopen()
    b.lock(WRITE)
    end(a, b)


@test(server='ditto', locks=True, clients=2, nfs4='nfs4_open')
def flock(w):
    """Whole-file locks, also released by a process that inherited the file."""
    a, b = pair(w)
    a.flock(fcntl.LOCK_EX)
    b.refused('flock', fcntl.LOCK_SH | fcntl.LOCK_NB)
    a.flock_by_child(fcntl.LOCK_UN)
    b.flock(fcntl.LOCK_SH | fcntl.LOCK_NB)
    a.flock(fcntl.LOCK_SH | fcntl.LOCK_NB)
    a.refused('flock', fcntl.LOCK_EX | fcntl.LOCK_NB)
    b.flock(fcntl.LOCK_UN)
    a.flock(fcntl.LOCK_EX | fcntl.LOCK_NB)
    b.start('flock', fcntl.LOCK_EX).waits()
    end(a)
    b.result(SOON)
    end(b)


@test(server='ditto', locks=True, clients=2, timeout=90, nfs4='nfs4_open')
def counter(w):
    """A counter that is incremented under a lock loses no increment."""
    put(w.path('n'), b'%08d' % 0)
    paths = [(c.mount() + '/n', c) for c in w.clients]
    lockers = [Locker(*paths[i % 2]) for i in range(4)]
    for x in lockers:
        x.start('count', 25)
    for x in lockers:
        x.result(60)
    end(*lockers)
    eq(int(get(w.path('n'))), 100)


@test(locks=True, clients=2, timeout=60, nfs4='nfs4 nfs4_open')
def thousand_on_one_file(w):
    a, b = pair(w)
    a.start('many', WRITE, [(i * 2, 1) for i in range(1000)]).result(40)
    for i in (0, 1, 499, 998, 999):
        b.refused('lock', READ, i * 2, 1)
        b.lock(WRITE, i * 2 + 1, 1)
    eq(b.holder(WRITE, 1000, 1)[:3], (WRITE, 1000, 1))
    b.unlock()
    if w.server.name == 'ditto':
        eq(w.server.claims()['ranges'], 1000)
    a.unlock()
    b.lock(WRITE)
    end(a, b)


@test(locks=True, clients=2, nfs4='nfs4 nfs4_open')
def many_files(w):
    """One owner's locks on many files are not confused."""
    m, n = [c.mount() for c in w.clients]
    held = [Locker(f'{m}/f{i}', w.clients[0]) for i in range(10)]
    for x in held:
        x.lock(WRITE)
    for i in range(10):
        b = Locker(f'{n}/f{i}', w.clients[1])
        b.refused('lock', READ)
        held[i].unlock()
        b.lock(WRITE)
        end(b)
    end(*held)


@test(locks=True, clients=2, nfs4='nfs4_open')
def removed_and_renamed(w):
    """A lock belongs to the file and not to its name."""
    a, b = pair(w)
    a.lock(WRITE)
    os.rename(f'{w.clients[0].mounts[0]}/f', f'{w.clients[0].mounts[0]}/g')
    c = another(w, 2, 'g')
    c.refused('lock', READ)
    put(w.path('f'), b'new')
    d = another(w, 1)
    d.lock(WRITE)
    b.refused('lock', READ)
    end(d)
    os.unlink(w.path('g'))
    one_of(unlock_anyway(a), (None, errno.ESTALE, errno.ENOLCK))
    end(a, b, c)


def unlock_anyway(locker):
    try:
        locker.unlock()
        return None
    except OSError as e:
        return e.errno


@test(locks=True, clients=2)
def not_for_everybody(w):
    """Clients that mount with nolock do not conflict with locks of the server."""
    a, b = pair(w)
    other = w.clients[1].mount(opts='nolock,nosharecache')
    c = Locker(f'{other}/f', w.clients[1])
    a.lock(WRITE)
    c.lock(WRITE)
    b.refused('lock', WRITE)
    end(a, b, c)


@test(server='ditto', locks=True, clients=4, timeout=90, nfs4='nfs4_open')
def four_clients_at_once(w):
    """Clients lock, wait and unlock at random; in the end everything is free."""
    put(w.path('f'))

    def work(client, seed):
        def go():
            rnd = random.Random(seed)
            x = Locker(f'{client.mounts[0]}/f', client)
            for _ in range(40):
                start, length = rnd.randrange(50), rnd.randrange(1, 20)
                kind = rnd.choice((READ, WRITE))
                x.unlock()
                try:
                    if rnd.random() < 0.5:
                        x.start('wait', kind, start, length).result(40)
                    else:
                        x.lock(kind, start, length)
                except OSError as e:
                    one_of(e.errno, (errno.EAGAIN, errno.EACCES))
            end(x)
        return go
    for c in w.clients:
        c.mount()
    parallel(*[work(c, i) for i, c in enumerate(w.clients)])
    x = another(w, 1)
    x.lock(WRITE)
    end(x)

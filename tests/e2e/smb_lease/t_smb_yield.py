# SPDX-License-Identifier: GPL-2.0-only
"""Disconnected opens of SMB that end on a file system that hangs hold up nobody else."""
import os
import time

from impacket.smb3structs import SMB2_DIALECT_30

import servers
from checks import eq, wait_for
from files import put
from harness import test
from module_unload import others_come_and_go, stays
from one_file import setup
from processes import Child, run
from smb_cachers import H, R, W, Cacher, key
from smb_durable import gone, session, waiting
from volumes import frozen

DELETE_ON_CLOSE = 0x1000
# Of one session, as an open has a number in its key.
PER_CLIENT = 100
MANY = 10000


def lasting(w, count, ms=300000):
    """Clients go away with so many files that are removed when they are closed: their names."""
    names, number = [], 1
    while len(names) < count:
        s = session(w, number)
        for i in range(1, min(count - len(names), PER_CLIENT) + 1):
            names.append(f'd{number}.{i}')
            s.lasting(names[-1], i, ms=ms, options=DELETE_ON_CLOSE)
        number += 1
        s.end()
    wait_for('they wait for their clients', lambda: len(waiting(w)) == count, 60)
    return names


def files(w):
    return [name for name in os.listdir(w.export) if name.startswith('d')]


def other_share(w):
    """A share "other" in another file system, and a client of NFS."""
    path = f'{w.base}/other'
    os.mkdir(path)
    os.chmod(path, 0o777)
    put(f'{path}/y', b'')
    os.chmod(f'{path}/y', 0o666)
    w.server.serve('other', path, squash='none')
    return w.client.nfs(path=path)


def others_go_on(w, n):
    """Locks are granted, caching is recalled, and opens that wait go on, in another share."""
    a, b = (Cacher(w.client, share='other', dialect=SMB2_DIALECT_30) for _ in range(2))
    # a lock that waits is granted
    x, y = a.create('x'), b.create('x')
    a.lock(x, 0, 10)
    number = b.wait_lock(y, 0, 10)
    a.unlock(x, 0, 10)
    eq(b.answer(number)[0], 0, 'the lock')
    a.close(x)
    b.close(y)
    # a client hears of a break, and the open that waits for it goes on
    mine = a.open('y', key=key(77), state=R | H | W, epoch=0)
    eq(mine.state, R | H | W)
    number = b.opening('y')
    eq(a.broken()[:3], (key(77), R | H | W, R | H))
    a.ack(key(77), R | H)
    b.close(b.opened(number).fid)
    # a client that is told only
    eq(n.write(n.lookup(n.root, 'y').fh, 0, b'new').status, 0)
    eq(a.broken()[:3], (key(77), R | H, 0))
    a.close(mine.fid)
    a.end()
    b.end()


@test(smb=True, squash='none', fs='ext4', timeout=190)
def ends_hang(w):
    """Opens that gave way end on a frozen file system, and other shares go on."""
    _, n, _ = setup(w)
    other = other_share(w)
    handles = [n.lookup(n.root, name).fh for name in lasting(w, 300)]
    with frozen(w.export):
        for fh in handles:
            n.read(fh, 0, 3)
        wait_for('all give way', lambda: waiting(w) == [])
        others_go_on(w, other)
        eq(len(files(w)), 300, 'none is removed yet')
    wait_for('all files are removed', lambda: files(w) == [])
    gone(w)


@test(smb=True, squash='none', fs='ext4', timeout=240)
def timeouts_hang(w):
    """Opens whose time is over end on a frozen file system, and other shares go on."""
    setup(w)
    other = other_share(w)
    lasting(w, 300, ms=60000)
    with frozen(w.export):
        wait_for('the time of all is over', lambda: waiting(w) == [], 90)
        others_go_on(w, other)
    wait_for('all files are removed', lambda: files(w) == [])
    gone(w)


def unload(module):
    """Begin to unload a module that has to wait."""
    rmmod = Child(lambda: run('rmmod', module) and None)
    wait_for('the unload', lambda: stays(module) or not servers.loaded(module))
    return rmmod


@test(smb=True, squash='none', fs='ext4', timeout=90)
def unload_waits(w):
    """SMB is unloaded while an open that gave way ends on a frozen file system: it waits alone."""
    _, n, _ = setup(w)
    fh, = [n.lookup(n.root, name).fh for name in lasting(w, 1)]
    with frozen(w.export):
        n.read(fh, 0, 3)
        wait_for('it gives way', lambda: waiting(w) == [])
        rmmod = unload('ditto_smb')
        others_come_and_go()
        time.sleep(0.5)
        eq(stays('ditto_smb'), True, 'SMB waits')
    rmmod.join()
    eq((servers.loaded('ditto_smb'), files(w)), (False, []))


@test(smb=True, squash='none', fs='ext4', timeout=190)
def unload_with_many(w):
    """SMB is unloaded while many opens wait for their clients, and each of them ends."""
    setup(w)
    lasting(w, MANY)
    run('rmmod', 'ditto_smb')
    eq((servers.loaded('ditto_smb'), files(w)), (False, []))

# SPDX-License-Identifier: GPL-2.0-only
"""Mounts of Linux's SMB client that lose their network or their server."""
import fcntl
import os
import time

from checks import eq, wait_for
from files import get, pattern, put
from harness import test
from processes import Child, run
from smb_lasting import available, gone


def cut_mount(w, opts, lasting, seconds=30, restart=False):
    """A mount loses its network or its server while it writes, and loses no data."""
    os.chmod(w.export, 0o777)
    put(w.path('read'), pattern(3, 50000), 0o666)
    os.chmod(w.path('read'), 0o666)
    where = w.client.mount_smb(opts=f'echo_interval=2,{opts}')
    data = pattern(7, 200000)
    wait, go = os.pipe()

    def user():
        with open(f'{where}/f', 'wb+', buffering=0) as f, open(f'{where}/read', 'rb+') as g:
            half = g.read(25000)
            f.write(data[:100000])
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 1000, 0)
            os.fsync(f.fileno())
            os.read(wait, 1)
            f.write(data[100000:])
            os.fsync(f.fileno())
            os.read(wait, 1)
            # a write comes first after a restart: the client repeats it, but not a read
            f.seek(0)
            f.write(data[:1])
            os.fsync(f.fileno())
            f.seek(0)
            same = f.read() == data and half + g.read() == pattern(3, 50000)
            fcntl.lockf(f, fcntl.LOCK_UN, 1000, 0)
            return same

    def of(name):
        return [(o['id'], o['durability']) for o in w.server.json('open', 'list')
                if o['path'] == name]
    with w.client:
        child = Child(user)
    wait_for('the first half', lambda: os.path.exists(w.path('f')) and
             os.path.getsize(w.path('f')) == 100000)
    # a client that caches writes also caches locks, so another one reads
    Child(get, w.path('f')).join()
    wait_for('the lock', lambda: 'ranges' in w.server.claims())
    before = of('f') + of('read')
    eq([x[1] for x in before], [lasting, lasting])
    if restart:
        os.write(go, b'!')
        w.server.restart()
    else:
        run('ip', '-n', w.client.name, 'link', 'set', 'eth0', 'down')
        os.write(go, b'!')
        time.sleep(seconds)
        eq(w.server.claims()['ranges'], 1)
        run('ip', '-n', w.client.name, 'link', 'set', 'eth0', 'up')
    wait_for('the second half', lambda: os.path.getsize(w.path('f')) == 200000, seconds=60)
    # the write may come before the end of the server; the client reopens one by one
    wait_for('the same opens', lambda: of('f') + of('read') == before, seconds=60)
    eq(w.server.claims()['ranges'], 1)
    os.write(go, b'!')
    eq(child.join(), True)
    os.close(wait)
    os.close(go)
    eq(get(w.path('f')), data)
    w.client.umount(where)


@test(smb=True, squash='none', timeout=150)
def resilient_mount_is_cut(w):
    cut_mount(w, 'resilienthandles', 'resilient')


@test(smb=True, squash='none', timeout=150)
def persistent_mount_is_cut(w):
    available(w)
    cut_mount(w, 'persistenthandles', 'persistent')
    gone(w)


@test(smb=True, squash='none', timeout=150)
def persistent_mount_and_a_restart(w):
    """A program writes over a restart of the server without an error."""
    available(w)
    cut_mount(w, 'persistenthandles', 'persistent', restart=True)
    gone(w)

# SPDX-License-Identifier: GPL-2.0-only
"""Mounts that hold delegations, and those that wait for these."""
import collections
import os
import time

import nfs3
from checks import eq, wait_for
from files import put
from one_file import ALL
from processes import Child

DATA = b'0123456789' * 100


def counts(w):
    """The server's counters of delegations."""
    return collections.Counter(w.server.calls('delegations'))


def held(w):
    return w.server.claims().get('leases', 0)


def await_held(w, count, what='delegations'):
    wait_for(f'{count} {what}', lambda: held(w) == count)


class Holder:
    """A mount of the kernel's client with a file that it has open under a delegation."""

    def __init__(self, w, client, vers, writes=False, name=None):
        self.vers = vers
        self.name = name or f'f{vers}{"w" if writes else "r"}'
        put(w.path(self.name), DATA, ALL)
        self.where = client.mounts[0] if client.mounts else client.mount(vers=vers)
        self.path = f'{self.where}/{self.name}'
        before = held(w)
        # the first file that is opened may come before the way back to the client is proven
        for _ in range(50):
            self.fd = os.open(self.path, os.O_RDWR if writes else os.O_RDONLY)
            if held(w) > before:
                break
            os.close(self.fd)
            time.sleep(0.1)
        eq(held(w), before + 1, f'a delegation of {self.name} with {vers}')
        eq(os.pread(self.fd, 10, 0), DATA[:10])

    def end(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


def slowly(call, *args):
    """Repeat an NFSv3 call while the answer is JUKEBOX; returns the final reply."""
    def work():
        while True:
            r = call(*args)
            if r.status != nfs3.JUKEBOX:
                return r.status
            time.sleep(0.02)
    return Child(work).join()


def release_all(w):
    """Remove unmounted 4.0 clients, which are otherwise remembered until their lease ends."""
    for c in w.clients:
        for where in c.mounts[:]:
            c.umount(where)
    w.server.release_clients()

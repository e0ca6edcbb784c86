# SPDX-License-Identifier: GPL-2.0-only
"""A file system with little room, for offloaded data that comes back."""
import contextlib
import os

import nfs3
from checks import eq, wait_for
from files import MIB
from helper_files import RANGE, settled


class SmallDisk:
    """A share on a file system with little room, for files of two ranges.

    The second one, which is brought back, has 4 MiB.
    """
    AT = RANGE + 12345

    def __init__(self, w, kind='ext4', name='small', options=()):
        self.volume = w.volume(f'{w.base}/{name}', kind, {'ext4': '96m', 'xfs': '320m'}[kind],
                               options=options)
        os.chmod(self.volume.where, 0o777)
        w.server.add(name, self.volume.where, offload=True)
        w.server.ctl('server', 'set', 'offload-read-ahead', '0')

    def path(self, name):
        return f'{self.volume.where}/{name}'

    def free(self):
        f = os.statvfs(self.volume.where)
        return f.f_bavail * f.f_bsize

    def leave(self, room):
        """Fill the disk but for so many bytes that users may have."""
        name = self.path('filler')
        with open(name, 'ab') as f:
            more = self.free() - room
            f.truncate(max(f.tell() + more, 0))
            if more > 0:
                os.posix_fallocate(f.fileno(), f.tell(), more)
        eq(room - MIB // 4 < self.free() <= room, True, f'{self.free()} bytes are free')

    def fill(self):
        """Fill all of the disk, with what only the superuser may use."""
        for size in (MIB, 4096):
            with contextlib.suppress(OSError), open(self.path('more'), 'ab', buffering=0) as f:
                while True:
                    f.write(bytes(size))
            # XFS gives back what it has reserved for more.
            os.sync()

    def empty(self):
        for name in ('filler', 'more'):
            os.unlink(self.path(name))

    def part(self, h, n, name, data):
        """Bring the second range of a file back; it may give way again soon."""
        r = settled(n.read, n.lookup(n.root, name).fh, self.AT, 4096)
        eq(r.status, nfs3.OK, f'READ of {name}')
        eq(r.data == data[self.AT:self.AT + 4096], True, f'data of {name}')
        wait_for('the recall has ended',
                 lambda: h.fill.get(self.path(name))['state'] != 'recalling')

# SPDX-License-Identifier: GPL-2.0-only
"""Ranges that come back in advance, with a helper of the tests' own."""
import os

import nfs3
from checks import eq, wait_for
from files import MIB
from harness import test
from helper_files import RANGE, adopted, helper, moves, offloaded, pattern, settled
from small_disk import SmallDisk


@test(fs='ext4', offload=True)
def grows_with_the_reader(w):
    """Twice as many with each range that is read, but only half of the recalls."""
    with helper(w, lambda request: 'hold') as h:
        w.server.ctl('server', 'set', 'offload-recalls', '12')
        adopted(w, h, 'f', 16 * RANGE)
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh

        def read(at, last):
            eq(n.read(fh, at * RANGE, 4096).status, nfs3.JUKEBOX, 'READ')
            wait_for(f'requests to range {last}', lambda: moves(h)[-1:] == [last])
        for at, last in enumerate((1, 3, 6)):
            read(at, last)
            eq(moves(h), list(range(last + 1)), 'ranges that were asked for')
        # Six come in advance, which is all that may; one that is needed comes.
        read(3, 6)
        read(15, 15)
        eq(moves(h), [*range(7), 15], 'ranges that were asked for')


@test(offload=True)
def not_without_room(w):
    """On a disk without room for more, only the range that is needed comes."""
    disk = SmallDisk(w)
    w.server.ctl('server', 'set', 'offload-read-ahead', '8')
    with helper(w) as h:
        data = offloaded(w, h, disk.path('f'), pattern('f', RANGE + 4 * MIB))
        disk.leave(14 * MIB)
        n = w.client.nfs(path=disk.volume.where)
        fh = n.lookup(n.root, 'f').fh

        def part(pos, what):
            eq(settled(n.read, fh, pos, 4096).data == data[pos:pos + 4096], True, 'data')
            wait_for('the recall has ended',
                     lambda: h.fill.get(disk.path('f'))['state'] != 'recalling')
            eq(moves(h), what, 'ranges that were asked for')
        part(0, [0])
        os.unlink(disk.path('filler'))
        part(disk.AT, [0, 1])

# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.2: extents of files on the server's disk, and programs that copy images on a mount."""
import functools
import json
import os

import nfs4
from checks import eq
from files import MIB, get, pattern
from harness import test
from nfs4 import BOTH, putfh
from nfs42_copiers import calls, pair
from nfs4_copy import between, copy
from nfs4_opens import V41, last, opened
from nfs4_ops42 import DATA, HOLE, allocate, deallocate, seek
from processes import run
from sparse_files import extents, sparse, used

wire = functools.partial(test, server='ditto', timeout=60)


def on_disk(path):
    """Ranges of a file that have blocks with data, in bytes, joined: [(start, end)]."""
    run('sync', path)
    out = []
    for block, _, count in extents(path):
        start, end = block * 4096, (block + count) * 4096
        if out and out[-1][1] == start:
            out[-1] = out[-1][0], end
        else:
            out.append((start, end))
    return out


def by_seek(c, sid, fh, size):
    """The same as SEEK finds it."""
    def find(pos, what):
        r = c.compound(putfh(fh), seek(sid, pos, what))
        if r.status == nfs4.NXIO:
            return size
        return last(r, nfs4.OK).offset
    out, pos = [], 0
    while pos < size:
        start = find(pos, DATA)
        if start >= size:
            break
        pos = find(start, HOLE)
        out.append((start, pos))
    return out


def same_extents(w):
    """SEEK and DEALLOCATE agree with the extents on disk; ALLOCATE takes blocks without data."""
    size = 16 * MIB
    sparse(w.path('f'), size, (0, pattern(1, MIB)), (3 * MIB, pattern(2, 2 * MIB)),
           (8 * MIB, pattern(3, 4 * MIB)))
    c = V41.at(w, minor=2)
    sid, fh = opened(c, 'f', BOTH)
    want = [(0, MIB), (3 * MIB, 5 * MIB), (8 * MIB, 12 * MIB)]
    eq((on_disk(w.path('f')), by_seek(c, sid, fh, size)), (want, want))
    last(c.compound(putfh(fh), deallocate(sid, 9 * MIB, 2 * MIB)), nfs4.OK)
    last(c.compound(putfh(fh), deallocate(sid, 0, 2 * MIB)), nfs4.OK)
    want = [(3 * MIB, 5 * MIB), (8 * MIB, 9 * MIB), (11 * MIB, 12 * MIB)]
    eq((on_disk(w.path('f')), by_seek(c, sid, fh, size)), (want, want))
    # parts of blocks are zeroed, and keep their blocks
    last(c.compound(putfh(fh), deallocate(sid, 3 * MIB + 100, MIB)), nfs4.OK)
    eq(get(w.path('f'))[3 * MIB:5 * MIB] ==
       pattern(2, 100) + bytes(MIB) + pattern(2, 2 * MIB)[MIB + 100:], True)
    eq(on_disk(w.path('f'))[:2], [(3 * MIB, 3 * MIB + 4096), (4 * MIB, 5 * MIB)])
    before = used(w.path('f'))
    last(c.compound(putfh(fh), allocate(sid, 0, 2 * MIB)), nfs4.OK)
    eq((used(w.path('f')) - before >= 2 * MIB, get(w.path('f'))[:2 * MIB] == bytes(2 * MIB)),
       (True, True))


@wire(fs='ext4')
def extents_of_ext4(w):
    same_extents(w)


@wire(fs='xfs')
def extents_of_xfs(w):
    same_extents(w)


@wire(fs='btrfs')
def extents_of_btrfs(w):
    same_extents(w)


@wire
def disk_images(w):
    """qemu-img sees holes, keeps them, copies on the server, and allocates."""
    os.chmod(w.export, 0o777)
    sparse(w.path('disk'), 32 * MIB, (MIB, pattern(1, MIB)), (20 * MIB, pattern(2, 3 * MIB)))
    m = w.client.mount(vers='4.2')

    def image(command, *args):
        return w.client.run('qemu-img', command, *args)

    def plan(path):
        return [(e['start'], e['length'], e['data']) for e in
                json.loads(image('map', '-f', 'raw', '--output=json', path))]
    before = calls(w)
    eq(plan(f'{m}/disk'), plan(w.path('disk')))
    eq((calls(w) - before)['seek'] > 0, True)
    image('convert', '-f', 'raw', '-O', 'raw', f'{m}/disk', f'{m}/copy')
    eq((get(w.path('copy')) == get(w.path('disk')), used(w.path('copy')) < 8 * MIB), (True, True))
    before = calls(w)
    image('convert', '-C', '-f', 'raw', '-O', 'raw', f'{m}/disk', f'{m}/offloaded')
    got = calls(w) - before
    eq((got['copy'] > 0, get(w.path('offloaded')) == get(w.path('disk'))), (True, True), got)
    image('convert', '-f', 'raw', '-O', 'qcow2', f'{m}/disk', f'{m}/small')
    image('check', f'{m}/small')
    image('compare', '-f', 'raw', '-F', 'qcow2', f'{m}/disk', f'{m}/small')
    before = calls(w)
    image('create', '-f', 'raw', '-o', 'preallocation=falloc', f'{m}/new', '16M')
    eq((calls(w)['allocate'] > before['allocate'], used(w.path('new')) >= 16 * MIB), (True, True))


@wire(clients=2)
def copied_between_clients(w):
    """Mounts of two clients: the server denies the offload, and cp reads and writes."""
    c, (src, a), _ = pair(w, pattern(4, 4 * MIB))
    other = V41.at(w, w.clients[1], minor=2)
    dst, b = opened(other, 'to')
    last(between(other, a, b, copy(src, dst)), nfs4.OFFLOAD_DENIED)
    last(c.close(a, src), nfs4.OK)
    last(between(other, a, b, copy(src, dst)), nfs4.BAD_STATEID)
    last(other.close(b, dst), nfs4.OK)
    mine, theirs = (client.mount(vers='4.2') for client in w.clients)
    before = calls(w)
    w.client.run('cp', f'{mine}/from', f'{theirs}/to')
    eq(((calls(w) - before)['copy'] > 0, get(w.path('to')) == get(w.path('from'))), (True, True))

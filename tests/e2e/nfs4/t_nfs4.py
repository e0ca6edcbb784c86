# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.0, 4.1 and 4.2 through the kernel's client: the behaviour of all versions, and mounts."""
import errno
import os

from checks import eq, expect_errno
from files import get, pattern, put
from harness import NFS4_VERSIONS, test
from processes import Child, parallel
from volumes import umount


@test(server='ditto')
def versions_side_by_side(w):
    """One client uses one file over all versions at once."""
    mounts = [w.client.mount(vers=v, opts='noac') for v in ('3', *NFS4_VERSIONS)]
    for i, m in enumerate(mounts):
        # of another size each time: the times of a file may be too coarse for version 3
        put(f'{m}/file', pattern(i, 1000 + i))
        for other in mounts:
            eq(get(f'{other}/file'), pattern(i, 1000 + i), f'{other} after {m}')
        eq(get(w.path('file')), pattern(i, 1000 + i))
    calls = w.server.calls('nfs4')
    for op in ('putfh', 'getattr', 'open', 'close', 'read', 'write', 'sequence', 'setclientid'):
        if not calls[op]:
            raise AssertionError(f'no {op} was counted')


@test(server='ditto')
def all_shares_below_one_mount(w):
    """A mount of the root shows all shares, each as a file system of its own."""
    os.makedirs(f'{w.base}/second')
    put(f'{w.base}/second/file', b'second')
    put(w.path('file'), b'first')
    w.server.add('second', f'{w.base}/second')
    for vers in NFS4_VERSIONS:
        m = w.client.mount('/', vers=vers)
        eq(sorted(os.listdir(m)), ['data', 'second'])
        eq((get(f'{m}/data/file'), get(f'{m}/second/file')), (b'first', b'second'))
        devices = {os.stat(p).st_dev for p in (m, f'{m}/data', f'{m}/second')}
        eq(len(devices), 3)
        with expect_errno(errno.EROFS, errno.EACCES):
            os.mkdir(f'{m}/new')
        with expect_errno(errno.ENOENT):
            os.stat(f'{m}/third')
        for below in ('data', 'second'):
            umount(f'{m}/{below}')
        w.client.umount(m)


@test(server='ditto')
def many_connections(w):
    """nconnect uses one session over several connections."""
    for vers in ('4.1', '4.2'):
        m = w.client.mount(vers=vers, opts='nconnect=4,nosharecache')
        parallel(*[lambda i=i: put(f'{m}/{vers}.{i}', pattern(i, 1 << 20)) for i in range(8)])
        for i in range(8):
            eq(get(w.path(f'{vers}.{i}')), pattern(i, 1 << 20))
        w.client.umount(m)


@test(server='ditto')
def statistics(w):
    m = w.client.mount(vers='4.1')
    put(f'{m}/file', bytes(5000))
    get(f'{m}/file')
    rows = {r['op'].lower(): r for r in w.server.json('stats', 'nfs4')}
    for op in ('sequence', 'putfh', 'getattr', 'open', 'write', 'close', 'exchange_id'):
        eq(bool(rows[op]['calls']), True, op)
    eq(rows['write']['bytes'], 5000)
    calls = w.server.calls('nfs4-rpc')
    eq(calls['compound'] > 5, True)


@test(server='ditto')
def unmounted_at_once(w):
    """The file system of a removed share unmounts in spite of a client's mount."""
    for vers in NFS4_VERSIONS:
        m = w.client.mount(vers=vers)
        child = Child(lambda m=m: put(f'{m}/{vers}', b'x'))
        child.join()
        w.client.umount(m)

# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.2: COPY and CLONE within the server, by the kernel's client and by hand."""
import errno
import functools
import os

import nfs4
import rpc
from checks import eq
from files import MIB, get, pattern, put
from harness import test
from nfs4 import ANON, BOTH, BYPASS, CURRENT, READ, WRITE, WRITE_LT, getattr, lookup, putfh, savefh
from nfs42_copiers import calls, copied, pair
from nfs4_callers import Caller
from nfs4_copy import between, clone, copy, copy_notify, netloc
from nfs4_opens import V41, last, opened
from second_server import Second
from sparse_files import extents

wire = functools.partial(test, server='ditto')


@wire
def ranges(w):
    """COPY of pieces, to the end of the file, and of nothing."""
    c, (src, a), (dst, b) = pair(w, fill=b'abcdefghijklmnop')
    r = last(between(c, a, b, copy(src, dst, 2, 4, 3)), nfs4.OK)
    eq((r.count, r.callback, r.consecutive, r.synchronous, r.committed),
       (3, [], True, True, nfs4.UNSTABLE))
    eq(get(w.path('to')), b'abcd234hijklmnop')
    eq(last(between(c, a, b, copy(src, dst, 7, 14)), nfs4.OK).count, 3)
    eq(get(w.path('to')), b'abcd234hijklmn789')
    verf = last(between(c, a, b, copy(src, dst, 10, 0)), nfs4.OK).verf
    eq(last(c.compound(putfh(b), nfs4.commit()), nfs4.OK).verf, verf)
    eq(last(between(c, a, b, copy(src, dst, 0, 20, 1)), nfs4.OK).count, 1)
    eq(get(w.path('to')), b'abcd234hijklmn789\0\0\x000')


@wire
def refused_ranges(w):
    c, (src, a), (dst, b) = pair(w)
    for args, status in (((11, 0, 0), nfs4.INVAL), ((5, 0, 6), nfs4.INVAL),
                         ((0, 0, 1 << 63), nfs4.INVAL), ((1 << 63, 0, 1), nfs4.INVAL),
                         ((0, nfs4.U64_MAX, 1), nfs4.FBIG), ((0, (1 << 63) - 1, 2), nfs4.FBIG)):
        last(between(c, a, b, copy(src, dst, *args)), status, args)
    sid, fh = opened(c, 'from', BOTH, own=b'both')
    last(between(c, fh, fh, copy(sid, sid, 0, 2, 4)), nfs4.INVAL)
    last(between(c, fh, fh, copy(sid, sid, 0, 5, 5)), nfs4.OK)
    eq(get(w.path('from')), b'0123401234')
    # Ranges that overlap, copied in pieces that do not.
    data = pattern(5, 512 << 10)
    put(w.path('from'), data)
    w.server.ctl('server', 'set', 'copy-sync-kib', '64')
    for sync in (True, False):
        last(between(c, fh, fh, copy(sid, sid, 0, 128 << 10, 256 << 10, sync=sync)),
             nfs4.INVAL)
    w.server.ctl('server', 'set', 'copy-sync-kib', '1024')
    eq(get(w.path('from')) == data, True)


@wire
def no_copies_between_servers(w):
    """Neither the source nor the destination of a copy between servers is offered."""
    c, (src, a), (dst, b) = pair(w)
    far = b'a handle of another server'
    last(between(c, a, b, copy(src, dst, servers=[netloc('other')])), nfs4.NOTSUPP)
    last(c.compound(putfh(a), copy_notify(src, netloc('other'))), nfs4.NOTSUPP)
    eq(c.compound(putfh(far), savefh()).status, nfs4.BADHANDLE)


@test(server='ditto')
def copied_between_servers_by_the_client(w):
    """Linux copies by reading and writing between two servers that do not do so themselves."""
    os.chmod(w.export, 0o777)
    data = pattern(5, 3 * MIB + 17)
    other = Second(w)
    here = w.client.mount(vers='4.2')
    for source, target in (here, other.mounted), (other.mounted, here):
        put(f'{source}/f', data)
        copied(f'{source}/f', f'{target}/g')
        eq(get(f'{target}/g') == data, True)
        os.unlink(f'{target}/g')
        os.unlink(f'{source}/f')
    w.client.umount(here)
    other.end(w)


@wire
def handles(w):
    """Both handles must be those of regular files."""
    c, (src, a), (dst, b) = pair(w)
    os.symlink('x', w.path('link'))
    os.mkfifo(w.path('fifo'))
    root, link, fifo = c.root, c.fh('data', 'link'), c.fh('data', 'fifo')
    for op in (copy, clone):
        for x, y, status in ((root, b, nfs4.ISDIR), (a, root, nfs4.ISDIR),
                             (link, b, nfs4.SYMLINK), (a, link, nfs4.SYMLINK),
                             (fifo, b, nfs4.WRONG_TYPE), (a, fifo, nfs4.WRONG_TYPE)):
            last(between(c, x, y, op(src, dst)), status)
        last(c.compound(putfh(b), op(src, dst)), nfs4.NOFILEHANDLE)
        last(c.compound(nfs4.putrootfh(), savefh(), putfh(b), op(src, dst)), nfs4.ISDIR)
        last(c.compound(putfh(a), savefh(), nfs4.putrootfh(), op(src, dst)), nfs4.ISDIR)


@wire
def stateids(w):
    """Both stateids are checked, for the handle that they belong to."""
    c, (src, a), (dst, b) = pair(w)
    bad = 1, b'\1' * 12
    for x, y, status in ((bad, dst, nfs4.BAD_STATEID), (src, bad, nfs4.BAD_STATEID),
                         (dst, dst, nfs4.BAD_STATEID), (src, src, nfs4.BAD_STATEID),
                         ((src[0] + 1, src[1]), dst, nfs4.BAD_STATEID),
                         (ANON, dst, nfs4.OK), (BYPASS, dst, nfs4.OK), (src, ANON, nfs4.OK),
                         (CURRENT, dst, nfs4.BAD_STATEID), (src, CURRENT, nfs4.BAD_STATEID)):
        last(between(c, a, b, copy(x, y)), status, (x, y))
    reader, fh = opened(c, 'to', READ, own=b'reader')
    last(between(c, a, fh, copy(src, reader)), nfs4.OPENMODE)
    last(between(c, a, fh, clone(src, reader)), nfs4.OPENMODE)
    # who writes may read
    writer, fh = opened(c, 'from', WRITE, own=b'writer')
    last(between(c, fh, b, copy(writer, dst)), nfs4.OK)
    locked = last(c.lock(b, WRITE_LT, (0, 1), dst, own=b'other'), nfs4.OK).stateid
    last(between(c, a, b, copy(src, locked)), nfs4.OK)
    # the current stateid of each handle
    put(w.path('to'), b'')
    r = c.compound(putfh(c.root), nfs4.open(c.owner(b'x'), 'from', READ), savefh(),
                   putfh(c.root), nfs4.open(c.owner(b'y'), 'to', BOTH), copy(CURRENT, CURRENT))
    eq((last(r, nfs4.OK).count, get(w.path('to'))), (10, b'0123456789'))
    last(c.compound(putfh(c.root), nfs4.open(c.owner(b'x'), 'from', READ), savefh(),
                    putfh(b), copy(CURRENT, CURRENT)), nfs4.BAD_STATEID)


@test(smb=True, squash='none')
def claims_of_others(w):
    """Share reservations and locks of SMB stop a copy."""
    import smb2
    c, (src, a), (dst, b) = pair(w)
    s = smb2.Smb2(w.client)
    f = s.create('from', access=0xc0000000)
    s.lock(f, 3, 2)
    last(between(c, a, b, copy(src, dst)), nfs4.LOCKED)
    last(between(c, a, b, copy(src, dst, 0, 0, 3)), nfs4.OK)
    last(between(c, a, b, clone(src, dst)), nfs4.LOCKED)
    s.close(f)
    last(between(c, a, b, copy(src, dst)), nfs4.OK)
    s.end()


@wire
def one_user_cannot_read(w):
    """Copies need the permissions of READ and WRITE."""
    import rpc
    c, (_, a), (_, b) = pair(w)
    user = V41.at(w, minor=2, cred=rpc.auth_sys(1000, 1000))
    for mode in (0o600, 0o666):
        os.chmod(w.path('from'), mode)
        for to in (0o600, 0o666):
            os.chmod(w.path('to'), to)
            ok = mode == to == 0o666
            last(between(user, a, b, copy(ANON, ANON)), nfs4.OK if ok else nfs4.ACCESS)
    del c


@wire
def short_answers(w):
    """A synchronous copy copies as much as the setting says; the rest is asked for again."""
    data = pattern(3, 300000)
    c, (src, a), (dst, b) = pair(w, data)
    w.server.ctl('server', 'set', 'copy-sync-kib', '64')
    eq(last(between(c, a, b, copy(src, dst)), nfs4.OK).count, 65536)
    eq(last(between(c, a, b, copy(src, dst, 65536, 65536)), nfs4.OK).count, 65536)
    w.server.ctl('server', 'set', 'copy-sync-kib', '1024')
    eq(last(between(c, a, b, copy(src, dst)), nfs4.OK).count, 300000)
    eq(get(w.path('to')) == data, True)


@wire(clients=2)
def rest_that_another_client_caches(w):
    """COPY to the end of a file recalls the write delegation of its holder, who knows the end."""
    os.chmod(w.export, 0o777)
    data = pattern(3, 300000)
    w.server.ctl('server', 'set', 'recall-pause-s', '0')
    for kib, done in ((1024, len(data)), (64, 65536)):
        w.server.ctl('server', 'set', 'copy-sync-kib', str(kib))
        name = f'from{kib}'
        put(w.path(name), b'', 0o666)
        put(w.path('to'), b'', 0o666)
        holder, c = Caller(w, w.clients[1]), V41.at(w, minor=2)
        deleg, fh = holder.delegated(name, BOTH)
        dst, b = opened(c, 'to')
        last(between(c, fh, b, copy(ANON, dst)), nfs4.DELAY)
        eq(holder.recall().stateid, deleg)
        holder.compound(putfh(fh), nfs4.write(deleg, 0, data)).ok()
        holder.give_back(deleg, fh)
        eq(last(between(c, fh, b, copy(ANON, dst)), nfs4.OK).count, done)
        eq(get(w.path('to')) == data[:done], True)


@wire
def rest_that_is_nothing(w):
    """Where nothing is left to copy, both files are checked all the same."""
    c, (src, a), (dst, b) = pair(w, b'')
    eq(last(between(c, a, b, copy(src, dst)), nfs4.OK).count, 0)
    other = V41.at(w, minor=2, cred=rpc.auth_sys(1001, 1001))
    os.chmod(w.path('from'), 0o600)
    last(between(other, a, b, copy(ANON, ANON)), nfs4.ACCESS)
    os.chmod(w.path('from'), 0o644)
    eq(last(between(other, a, b, copy(ANON, ANON)), nfs4.OK).count, 0)
    os.chmod(w.path('to'), 0o644)
    last(between(other, a, b, copy(ANON, ANON)), nfs4.ACCESS)


@wire
def by_the_kernel(w):
    """copy_file_range() and cp copy on the server."""
    os.chmod(w.export, 0o777)
    data = pattern(5, 3 * MIB + 17)
    m = w.client.mount(vers='4.2')
    put(f'{m}/f', data)
    before = calls(w)
    copied(f'{m}/f', f'{m}/g')
    w.client.run('cp', '--reflink=auto', '--sparse=never', f'{m}/f', f'{m}/h')
    got = calls(w) - before
    # cp tries CLONE first
    eq((got['copy'] >= 1, got['copy'] + got['clone'] >= 2, got['read'], got['write']),
       (True, True, 0, 0), got)
    for name in ('g', 'h'):
        eq(get(w.path(name)) == data, True, name)
        eq(get(f'{m}/{name}') == data, True, name)
    try:
        clone_file(f'{m}/f', f'{m}/i')
        eq(get(w.path('i')) == data, True, 'a file system that shares blocks')
    except OSError as e:
        eq(e.errno in (errno.EOPNOTSUPP, errno.EINVAL), True, e)


def clone_file(source, target):
    """FICLONE"""
    import fcntl
    with open(source, 'rb') as a, open(target, 'wb') as b:
        fcntl.ioctl(b.fileno(), 0x40049409, a.fileno())


def shares_blocks(w):
    data = pattern(7, 8 * MIB)
    c, (src, a), (dst, b) = pair(w, data)
    m = w.client.mount(vers='4.2')
    w.client.run('cp', '--reflink=always', f'{m}/from', f'{m}/clone')
    os.sync()
    eq(get(w.path('clone')) == data, True)
    eq(extents(w.path('clone')), extents(w.path('from')), 'the same blocks')
    # a piece written to gets blocks of its own, and only that piece
    with open(f'{m}/clone', 'r+b') as f:
        f.seek(4 * MIB)
        f.write(b'x' * 65536)
    os.sync()
    eq(get(w.path('from')) == data, True)
    physical = {(x, p) for x, p, n in extents(w.path('clone'))}
    eq(bool(physical & {(x, p) for x, p, n in extents(w.path('from'))}), True)
    # pieces of a file, aligned and not
    block = last(c.compound(putfh(a), getattr('clone_blksize')), nfs4.OK).attrs['clone_blksize']
    last(between(c, a, b, clone(src, dst, block, 0, 2 * block)), nfs4.OK)
    eq(get(w.path('to')) == data[block:3 * block], True)
    for args in ((1, 0, block), (0, 1, block), (0, 0, block - 1), (0, 0, 16 * MIB),
                 (16 * MIB, 0, block), (0, 0, 1 << 63)):
        last(between(c, a, b, clone(src, dst, *args)), nfs4.INVAL, args)
    last(between(c, a, b, clone(src, dst, 8 * MIB + 1, 0, 0)), nfs4.INVAL)
    last(between(c, a, b, clone(src, dst, 8 * MIB, 0, 0)), nfs4.OK)
    last(between(c, a, b, clone(src, dst, 0, 0, 0)), nfs4.OK)
    eq(get(w.path('to')) == data, True)
    sid, fh = opened(c, 'from', BOTH, own=b'both')
    last(between(c, fh, fh, clone(sid, sid, 0, block, 2 * block)), nfs4.INVAL)
    # a COPY shares them too
    put(w.path('to'), b'')
    eq(last(between(c, a, b, copy(src, dst, 0, 0, 4 * MIB)), nfs4.OK).count, 4 * MIB)
    os.sync()
    eq(extents(w.path('to'))[0][:2], extents(w.path('from'))[0][:2])


@wire(fs='xfs', timeout=60)
def reflink_xfs(w):
    shares_blocks(w)


@wire(fs='btrfs', timeout=60)
def reflink_btrfs(w):
    shares_blocks(w)


@wire(fs='ext4')
def reflink_not_there(w):
    c, (src, a), (dst, b) = pair(w)
    last(between(c, a, b, clone(src, dst)), nfs4.NOTSUPP)
    eq(last(between(c, a, b, copy(src, dst)), nfs4.OK).count, 10)
    put(w.path('big'), b'x' * MIB)
    m = w.client.mount(vers='4.2')
    copied(f'{m}/big', f'{m}/big2')
    eq(get(w.path('big2')) == b'x' * MIB, True)


@wire
def between_shares(w):
    """Another share is another file system: copied, and not cloned."""
    w.volume(f'{w.base}/second', 'tmpfs')
    w.server.add('second', f'{w.base}/second')
    c, (src, a), _ = pair(w)
    put(f'{w.base}/second/to', b'', 0o666)
    fh = c.fh('second', 'to')
    eq(last(between(c, a, fh, copy(src, ANON)), nfs4.OK).count, 10)
    eq(get(f'{w.base}/second/to'), b'0123456789')
    last(between(c, a, fh, clone(src, ANON)), nfs4.XDEV)
    last(c.compound(nfs4.putrootfh(), lookup('data'), lookup('from')), nfs4.OK)

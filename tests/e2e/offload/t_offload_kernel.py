# SPDX-License-Identifier: GPL-2.0-only
"""Offloaded files as the kernel serves them, with a helper of the tests' own."""
import errno
import os
import struct
import threading
import time

import nfs3
import nfs4
import smb2
from checks import eq, expect_errno, one_of, wait_for
from fault_points import Point
from files import MIB, get, put
from harness import test
from helper_files import (IO_ERROR, RANGE, SIZE, XATTR, Reader, adopted, blocks, has_record,
                          helper, local, moves, offloaded, pattern, settled)
from nfs3 import sattr
from nfs4 import putfh
from nfs4_opens import V41, last, opened
from nfs4_ops42 import DONTNEED, WILLNEED, deallocate, io_advise
from processes import parallel, run

# FileAttributes: SPARSE_FILE, OFFLINE, RECALL_ON_DATA_ACCESS (MS-FSCC section 2.6).
OFFLOADED = 0x200 | 0x1000 | 0x400000
# CreateOptions (MS-SMB2 section 2.2.13); MS-ERREF section 2.3.1.
NO_RECALL, FILE_IS_OFFLINE = 0x00400000, 0xc0000267
# FSCTL_SET_ZERO_DATA (MS-FSCC section 2.3).
ZERO_DATA = 0x000980c8
# The clock of change times (clock_gettime(2)).
CLOCK_REALTIME_COARSE = 5


@test(fs='ext4', offload=True)
def release_and_read(w):
    """Blocks are freed and the file looks the same; a client reads it back."""
    with helper(w) as h:
        put(w.path('f'), pattern('f'))
        before = os.stat(w.path('f'))
        h.store[b'c'] = pattern('f')
        h.fill.release(w.path('f'), b'c')
        after = os.stat(w.path('f'))
        eq((after.st_size, after.st_mtime_ns, after.st_ctime_ns),
           (before.st_size, before.st_mtime_ns, before.st_ctime_ns), 'size and times')
        if blocks(w, 'f') > 65536:
            raise AssertionError(f'{blocks(w, "f")} bytes of blocks are left')
        told = h.fill.get(w.path('f'))
        eq((told['state'], told['resident'], told['cookie']), ('offloaded', 0, b'c'), 'offload-get')
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(n.read(fh, 0, 4096).status, nfs3.JUKEBOX, 'the first READ')
        r = settled(n.read, fh, 0, 4096)
        eq((r.status, r.data), (nfs3.OK, pattern('f')[:4096]), 'READ')
        eq(h.fill.get(w.path('f'))['state'] in ('partial', 'recalling'), True, 'partly there')
        m = w.client.mount()
        eq(get(f'{m}/f') == pattern('f'), True, 'all data')
        wait_for('no record is left', lambda: not has_record(w, 'f'))
        eq(h.fill.get(w.path('f'))['state'], 'resident', 'state')
        eq(len(h.requests), 3, 'one request for each range')
        eq(os.stat(w.path('f')).st_mtime_ns, before.st_mtime_ns, 'mtime after the recall')


def round_trip(w):
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        eq(has_record(w, 'f'), True, 'the record')
        eq(get(f'{w.client.mount()}/f') == data, True, 'data over NFSv3')
        data = offloaded(w, h, 'g')
        eq(get(f'{w.client.mount(vers="4.2")}/g') == data, True, 'data over NFSv4.2')
        data = offloaded(w, h, 'h')
        eq(local(w.path('h')) == data, True, 'data for a local process')


@test(offload=True)
def on_tmpfs(w):
    round_trip(w)


@test(fs='xfs', offload=True)
def on_xfs(w):
    round_trip(w)


@test(fs='btrfs', offload=True)
def on_btrfs(w):
    round_trip(w)


@test(fs='btrfs', offload=True)
def just_written(w):
    """A file is released while btrfs, busy with other files, records where it put the data."""
    data = pattern('f')
    over = threading.Event()

    def others():
        while not over.is_set():
            with open(w.path('other'), 'wb') as f:
                f.write(data[:1 << 22])
                os.fsync(f)

    busy = threading.Thread(target=others)
    busy.start()
    try:
        with helper(w) as h:
            for i in range(40):
                offloaded(w, h, f'f{i}', data)
    finally:
        over.set()
        busy.join()


@test(offload=True, clients=2)
def one_recall_for_all(w):
    """Readers of a range share one request, and nothing but JUKEBOX comes before the data."""
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f')
        ns = [c.nfs() for c in w.clients]
        fh = ns[0].lookup(ns[0].root, 'f').fh
        for n in ns * 3:
            eq(n.read(fh, 4096, 4096).status, nfs3.JUKEBOX, 'READ while the data comes')
        wait_for('the request', lambda: h.held)
        eq([r for r in h.requests if r[1] == 0], [(b'store\nf', 0, RANGE)], 'requests')
        h.go()
        for n in ns:
            eq(settled(n.read, fh, 4096, 4096).data, data[4096:8192], 'READ')
        eq(len([r for r in h.requests if r[1] == 0]), 1, 'requests for the range')


@test(offload=True)
def asked_for_in_advance(w):
    """IO_ADVISE of NFSv4.2 starts a recall and does not wait for it."""
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f')
        c = V41.at(w, minor=2)
        sid, fh = opened(c, 'f', nfs4.READ)

        def advise(pos, count, hint):
            r = last(c.compound(putfh(fh), io_advise(sid, pos, count, hint)), nfs4.OK)
            eq(r.hints, [hint])
        advise(0, 0, DONTNEED)
        eq(moves(h), [])
        advise(RANGE + 5, 10, WILLNEED)
        wait_for('the request', lambda: moves(h) == [1])
        advise(0, 0, WILLNEED)
        wait_for('those for the beginning', lambda: moves(h) == [0, 1])
        h.go()
        wait_for('the data', lambda: h.fill.get(w.path('f'))['resident'] >= 2 * RANGE)
        eq(moves(h), [0, 1])
        r = last(c.compound(putfh(fh), nfs4.read(sid, RANGE, 4096)), nfs4.OK)
        eq(r.data, data[RANGE:RANGE + 4096])


@test(offload=True, clients=2)
def machines_in_turn(w):
    """A machine that asks for much does not delay the request of another one for long."""
    w.server.ctl('server', 'set', 'offload-recalls', '1')
    w.server.ctl('server', 'set', 'offload-read-ahead', '0')
    with helper(w, lambda request: 'hold') as h:
        for name in 'abc':
            offloaded(w, h, name)
        busy, other = [c.nfs() for c in w.clients]
        for name in 'ab':
            fh = busy.lookup(busy.root, name).fh
            for pos in range(0, SIZE, RANGE):
                eq(busy.read(fh, pos, 100).status, nfs3.JUKEBOX, 'READ')
        fh = other.lookup(other.root, 'c').fh
        eq(other.read(fh, 0, 100).status, nfs3.JUKEBOX, 'READ of the other machine')
        wait_for('the first request', lambda: h.held)
        eq(len(h.requests), 1, 'requests at once')
        h.go()
        wait_for('all requests', lambda: len(h.requests) == 7)
        turn = [cookie for cookie, _, _ in h.requests].index(b'store\nc')
        one_of(turn, (1, 2), 'turn of the other machine')


@test(offload=True)
def writes(w):
    """A write needs its range; one behind the content needs none."""
    with helper(w) as h:
        data = bytearray(offloaded(w, h, 'f'))
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(n.write(fh, RANGE + 10, b'new').status, nfs3.JUKEBOX, 'WRITE to an absent range')
        eq(settled(n.write, fh, RANGE + 10, b'new').status, nfs3.OK, 'WRITE')
        data[RANGE + 10:RANGE + 13] = b'new'
        eq(moves(h), [1], 'ranges asked for')
        eq(n.write(fh, SIZE, b'tail').status, nfs3.OK, 'WRITE at the end')
        data += b'tail'
        eq(moves(h), [1], 'ranges asked for after the WRITE at the end')
        eq(h.fill.get(w.path('f'))['state'], 'partial', 'state')
        eq(local(w.path('f')) == bytes(data), True, 'old and new data')


@test(fs='ext4', offload=True)
def sizes(w):
    """A truncation brings back only a range that it divides, and what was cut never returns."""
    with helper(w) as h:
        n = w.client.nfs()

        def cut(name, size, grow, ranges):
            data = offloaded(w, h, name)
            fh = n.lookup(n.root, name).fh
            h.requests.clear()
            eq(settled(n.setattr, fh, sattr(size=size)).status, nfs3.OK, f'{name}: cut')
            eq(moves(h), ranges, f'{name}: ranges asked for')
            eq(settled(n.setattr, fh, sattr(size=grow)).status, nfs3.OK, f'{name}: grow')
            eq(moves(h), ranges, f'{name}: ranges asked for by growing')
            want = data[:size] + bytes(max(0, grow - size))
            eq(local(w.path(name)) == want, True, f'{name}: data')
        cut('empty', 0, 5000, [])
        cut('border', RANGE, 2 * RANGE + 77, [])
        cut('within', RANGE + 100, 2 * RANGE, [1])
        cut('longer', SIZE, SIZE + RANGE, [])
        # by a local process, which opens nothing
        data = offloaded(w, h, 'local')
        h.requests.clear()
        os.truncate(w.path('local'), RANGE)
        os.truncate(w.path('local'), RANGE + 50)
        eq(local(w.path('local')) == data[:RANGE] + bytes(50), True, 'cut by truncate()')
        offloaded(w, h, 'none')
        h.requests.clear()
        os.truncate(w.path('none'), 0)
        os.truncate(w.path('none'), 50)
        eq(local(w.path('none')), bytes(50), 'emptied by truncate()')
        eq(h.requests, [], 'requests for what was cut')


@test(fs='ext4', offload=True)
def holes(w):
    """Absent ranges are data; a hole that covers them needs none."""
    with helper(w) as h:
        data = bytearray(offloaded(w, h, 'f'))
        m = w.client.mount(vers='4.2')
        with open(f'{m}/f', 'r+b', buffering=0) as f:
            eq(os.lseek(f.fileno(), 5, os.SEEK_DATA), 5, 'SEEK_DATA')
            eq(os.lseek(f.fileno(), 5, os.SEEK_HOLE), SIZE, 'SEEK_HOLE')
            eq(moves(h), [], 'ranges asked for by SEEK')
            run('fallocate', '-p', '-o', '0', '-l', str(RANGE), f'{m}/f')
            eq(moves(h), [], 'ranges asked for by DEALLOCATE')
            eq(os.lseek(f.fileno(), 5, os.SEEK_DATA), RANGE, 'SEEK_DATA behind the hole')
            run('fallocate', '-p', '-o', str(RANGE + 4096), '-l', '4096', f'{m}/f')
            eq(moves(h), [1], 'ranges asked for by a small hole')
        data[:RANGE] = bytes(RANGE)
        data[RANGE + 4096:RANGE + 8192] = bytes(4096)
        eq(local(w.path('f')) == bytes(data), True, 'data')


@test(fs='ext4', offload=True)
def sparse_file(w):
    """What was a hole needs no room when it comes back."""
    with helper(w) as h:
        data = bytearray(SIZE)
        for at in (70000, RANGE + MIB, SIZE - 5):
            data[at:at + 5] = b'bytes'
        with open(w.path('f'), 'wb') as f:
            for at in (70000, RANGE + MIB, SIZE - 5):
                f.seek(at)
                f.write(b'bytes')
        h.store[b'c'] = bytes(data)
        h.fill.release(w.path('f'), b'c')
        eq(get(f'{w.client.mount()}/f') == bytes(data), True, 'data over NFS')
        wait_for('no record is left', lambda: not has_record(w, 'f'))
        eq(local(w.path('f')) == bytes(data), True, 'data')
        if blocks(w, 'f') > MIB:
            raise AssertionError(f'{blocks(w, "f")} bytes of blocks')
        with open(w.path('f'), 'rb', buffering=0) as f:
            eq(os.lseek(f.fileno(), MIB, os.SEEK_DATA) > RANGE, True, 'SEEK_DATA')


@test(fs='xfs', offload=True)
def copies(w):
    """Copies and clones get data, not holes."""
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        m = w.client.mount(vers='4.2')
        run('cp', '--reflink=always', f'{m}/f', f'{m}/clone')
        eq(get(w.path('clone')) == data, True, 'clone')
        data = offloaded(w, h, 'g')
        run('cp', '--reflink=never', f'{m}/g', f'{m}/copy')
        eq(get(w.path('copy')) == data, True, 'copy')
        eq(XATTR in os.listxattr(w.path('copy')), False, 'the copy has no record')


@test(offload=True)
def names_and_attributes(w):
    """Names, modes and attributes change without the data; clients do not see the record."""
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        m = w.client.mount(vers='4.2')
        os.chmod(f'{m}/f', 0o640)
        os.link(f'{m}/f', f'{m}/l')
        os.rename(f'{m}/f', f'{m}/g')
        os.setxattr(f'{m}/g', 'user.x', b'1')
        os.utime(f'{m}/g', ns=(10**18, 10**18))
        eq([x for x in os.listxattr(f'{m}/g') if 'ditto' in x], [], 'attributes')
        with expect_errno(errno.EPERM, errno.EOPNOTSUPP, errno.EACCES):
            os.setxattr(f'{m}/g', XATTR, b'x')
        eq(h.requests, [], 'requests')
        eq(get(f'{m}/l') == data, True, 'data')
        offloaded(w, h, 'gone')
        h.requests.clear()
        os.unlink(f'{m}/gone')
        eq(h.requests, [], 'requests of an unlink')


@test(offload=True)
def refusals(w):
    """Only a file that is unused and unchanged is released."""
    with helper(w) as h:
        put(w.path('f'), b'x' * 100000)
        path, nl = w.path('f'), h.fill
        told = nl.get(path)
        with expect_errno(errno.ESTALE):
            nl.release(path, b'c', change=told['change'] ^ 1)
        with expect_errno(errno.ESTALE):
            nl.release(path, b'c', size=told['size'] + 1)
        with expect_errno(errno.ESTALE):
            nl.release(path, b'c', file_id=told['file_id'] + 1)
        with expect_errno(errno.EINVAL):
            nl.release(path, b'')
        with expect_errno(errno.EINVAL):
            nl.release(path, b'c' * 513)
        for mode in ('rb', 'r+b'):
            with open(path, mode), expect_errno(errno.EBUSY):
                nl.release(path, b'c')
        m = w.client.mount(vers='4.2')
        with open(f'{m}/f', 'r+b') as f:
            with expect_errno(errno.EBUSY):
                nl.release(path, b'c')
            f.write(b'y')
        eq(get(path), b'y' + b'x' * 99999, 'data after refusals')
        with expect_errno(errno.ESTALE):
            nl.release(path, b'c', change=told['change'])
        with expect_errno(errno.EALREADY):
            nl.recall(path)
        w.server.set('data', offload=False)
        with expect_errno(errno.EACCES):
            nl.release(path, b'c')
        w.server.set('data', offload=True)
        h.store[b'c'] = get(path)
        wait_for('the release', lambda: released(nl, path))
        with expect_errno(errno.EALREADY):
            nl.release(path, b'c')
        # it comes back although the share does not have the option any more
        w.server.set('data', offload=False)
        eq(get(f'{m}/f'), b'y' + b'x' * 99999, 'data')


def released(nl, path, cookie=b'c'):
    """Release a file that a client may have closed a moment ago."""
    try:
        nl.release(path, cookie)
    except OSError as e:
        one_of(e.errno, (errno.EBUSY,), 'release')
        return False
    return True


@test(offload=True)
def local_processes(w):
    """A process of the server waits at its open; without the helper it gets an error."""
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f')
        reader = Reader(w.path('f'))
        wait_for('the request', lambda: h.held)
        waits = Reader(w.path('f'))
        h.go()
        eq(reader.join() == data, True, 'data')
        eq(waits.join() == data, True, 'data for the second')
        offloaded(w, h, 'g')
        with expect_errno(errno.EBUSY):
            get(w.path('g'))  # by the helper, which would wait for itself
        h.how = lambda request: 'hold'
        reader = Reader(w.path('g'))
        wait_for('the request', lambda: h.held)
    eq(reader.join(), IO_ERROR, 'the helper went away')
    eq(local(w.path('g')), IO_ERROR, 'no helper')


@test(offload=True)
def failures(w):
    """What cannot be brought back is an error, never zeros; later it is tried again."""
    with helper(w, lambda request: (errno.EIO, 'the bucket is gone')) as h:
        data = offloaded(w, h, 'f')
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(settled(n.read, fh, 0, 100).status, nfs3.IO, 'READ without data')
        eq(n.write(fh, 0, b'x').status, nfs3.IO, 'WRITE without data')
        h.go()
        wait_for('another attempt', lambda: settled(n.read, fh, 0, 100).status == nfs3.OK)
        eq(n.read(fh, 0, 100).data, data[:100], 'READ')
        # an answer without data, and data of a wrong place
        offloaded(w, h, 'g')
        fh = n.lookup(n.root, 'g').fh
        h.give = lambda request: None
        eq(settled(n.read, fh, 0, 100).status, nfs3.IO, 'READ of what was not given')
        eq(h.fill.get(w.path('g'))['resident'], 0, 'nothing counts as there')
        fd = os.memfd_create('data')
        with expect_errno(errno.ENOENT):
            h.fill.fill(12345, fd, 0, 0, 1)
        os.close(fd)
    offloaded_without = n.read(fh, 2 * RANGE, 100)
    one_of(offloaded_without.status, (nfs3.IO, nfs3.JUKEBOX), 'READ without a helper')


@test(fs='ext4', offload=True)
def restart(w):
    """The record survives the modules; what was there stays there."""
    with helper(w) as h:
        data = bytearray(offloaded(w, h, 'f'))
        store = h.store
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(settled(n.write, fh, 5, b'changed').status, nfs3.OK, 'WRITE')
        data[5:12] = b'changed'
        wait_for('no recall is left', lambda: h.fill.get(w.path('f'))['state'] == 'partial')
    w.server.restart()
    with helper(w) as h:
        h.store = store
        eq(local(w.path('f')) == bytes(data), True, 'data after a restart')
        eq(0 in moves(h), False, 'the changed range was not asked for')


@test(offload=True)
def foreign_records(w):
    """A record that was copied to another file is not believed."""
    with helper(w) as h:
        offloaded(w, h, 'f')
        put(w.path('g'), b'g' * 1000)
        os.setxattr(w.path('g'), XATTR, os.getxattr(w.path('f'), XATTR))
        put(w.path('d'), b'd' * 1000)
        os.setxattr(w.path('d'), XATTR, b'DOFL')
        n = w.client.nfs()
        for name in 'gd':
            eq(n.read(n.lookup(n.root, name).fh, 0, 100).status, nfs3.IO, f'READ of {name}')
        eq(h.requests, [], 'requests')


@test(offload=True, share=False)
def share_removed(w):
    """A share is removed while data is on its way."""
    # So that only the local process makes the second request.
    w.server.ctl('server', 'set', 'offload-read-ahead', '0')
    with helper(w, lambda request: 'hold') as h:
        w.server.add('data', w.export, offload=True)
        offloaded(w, h, 'f')
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(n.read(fh, 0, 100).status, nfs3.JUKEBOX, 'READ')
        wait_for('the request', lambda: h.held)
        reader = Reader(w.path('f'))
        wait_for('the second request', lambda: len(h.held) > 1)
        w.server.delete('data')
        eq(reader.join(), IO_ERROR, 'a local process')


@test(smb=True, offload=True)
def over_smb(w):
    """A READ is answered when the data is there; attributes tell what is offloaded."""
    os.chmod(w.export, 0o777)
    m = w.client.mount_smb()
    put(f'{m}/warm', b'x')
    w.server.helper_stop('KILL')
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        flags = struct.unpack('<I', os.getxattr(f'{m}/f', 'user.cifs.dosattrib'))[0]
        eq(flags & OFFLOADED, OFFLOADED, 'FileAttributes')
        eq([x for x in os.listxattr(f'{m}/f') if 'offload' in x], [], 'the record is not an EA')
        eq(h.requests, [], 'requests of a look')
        eq(get(f'{m}/f') == data, True, 'data')
        data = offloaded(w, h, 'g')
        os.chmod(w.path('g'), 0o666)
        with open(f'{m}/g', 'r+b') as f:
            f.seek(RANGE)
            f.write(b'written')
        want = data[:RANGE] + b'written' + data[RANGE + 7:]
        eq(get(f'{m}/g') == want, True, 'old and new data')
    w.server.helper_start(w.server.conf)


@test(smb=True, fs='ext3', offload=True)
def zeros_over_absent_data(w):
    """They are a change, also where the file system cannot zero a range."""
    os.chmod(w.export, 0o777)
    data = pattern('f')
    put(w.path('f'), data, 0o666)
    s = smb2.Smb2(w.client)
    w.server.helper_stop('KILL')
    with helper(w) as h:
        h.store[b'c'] = data
        h.fill.release(w.path('f'), b'c')
        fid = s.create('f')
        s.ioctl(fid, ZERO_DATA, struct.pack('<QQ', 0, SIZE))
        s.close(fid)
        eq(local(w.path('f')) == bytes(SIZE), True, 'zeros')
        wait_for('no record is left', lambda: not has_record(w, 'f'))
        eq(h.fill.get(w.path('f'))['cookie'], None, 'the content is not what was stored')
    s.end()


@test(offload=True)
def zeros_beside_a_hole(w):
    """A file of zeros has data when it is whole: all a hole, it would count as lost."""
    os.chmod(w.export, 0o777)
    with helper(w) as h:
        offloaded(w, h, 'f', bytes(RANGE + MIB))
        os.chmod(w.path('f'), 0o666)
        c = V41.at(w, minor=2)
        sid, fh = opened(c, 'f', nfs4.BOTH)
        last(c.compound(putfh(fh), deallocate(sid, 0, RANGE)), nfs4.OK)
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(settled(n.read, fh, RANGE, 100).data, bytes(100), 'READ')
        wait_for('the recall has ended', lambda: h.fill.get(w.path('f'))['state'] == 'resident')
        eq(moves(h), [1], 'ranges that came')
        with open(w.path('f'), 'rb') as f:
            eq(os.lseek(f.fileno(), 0, os.SEEK_DATA), RANGE, 'where its data begins')


@test(smb=True, offload=True)
def not_recalled(w):
    """An open with FILE_OPEN_NO_RECALL uses what is there, and brings nothing back."""
    os.chmod(w.export, 0o777)
    put(w.path('warm'), b'')
    s = smb2.Smb2(w.client)
    w.server.helper_stop('KILL')
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        os.chmod(w.path('f'), 0o666)
        fid = s.create('f', options=NO_RECALL)

        def offline(call, *args):
            try:
                call(*args)
            except smb2.Status as e:
                eq(e.number, FILE_IS_OFFLINE, 'status')
            else:
                raise AssertionError('worked, STATUS_FILE_IS_OFFLINE expected')
        offline(s.read, fid, 100)
        offline(s.write, fid, b'new', 5)
        eq(h.requests, [], 'requests')
        # What another open has brought back is there for this one.
        usual = s.create('f')
        eq(s.read(usual, 100), data[:100], 'READ of another open')
        eq(s.read(fid, 100), data[:100], 'READ of what is there')
        wait_for('no recall is left', lambda: h.fill.get(w.path('f'))['state'] == 'partial')
        h.requests.clear()
        offline(s.read, fid, 100, 2 * RANGE)
        eq(h.requests, [], 'requests')
    w.server.helper_start(w.server.conf)


@test(offload=True)
def counters(w):
    """What was done is counted, and told."""
    with helper(w) as h:
        offloaded(w, h, 'f')
        h.fill.recall(w.path('f'))
        wait_for('the data', lambda: h.fill.get(w.path('f'))['state'] == 'resident')
        calls = w.server.calls('offload')
        eq((calls['release'], calls['recall']), (1, 3), 'counters')


@test(fs='ext4', offload=True)
def adoption(w):
    """An empty file gets content that comes when it is read, over each way; others are refused."""
    with helper(w) as h:
        data = adopted(w, h, 'f')
        told = h.fill.get(w.path('f'))
        eq((told['state'], told['size'], told['cookie']), ('offloaded', SIZE, b'f'), 'offload-get')
        eq((os.stat(w.path('f')).st_size, has_record(w, 'f')), (SIZE, True), 'size, record')
        os.chown(w.path('f'), 1000, 1000)
        os.utime(w.path('f'), ns=(10**9, 2 * 10**9))
        os.setxattr(w.path('f'), 'user.a', b'1')
        eq(h.requests, [], 'requests')
        eq(get(f'{w.client.mount(vers="4.2")}/f') == data, True, 'data over NFSv4.2')
        wait_for('no record is left', lambda: not has_record(w, 'f'))
        eq(os.stat(w.path('f')).st_mtime_ns, 2 * 10**9, 'mtime')
        # The content may be longer than the file.
        short = adopted(w, h, 'short', 5000)
        eq(local(w.path('short')) == short, True, 'data for a local process')
        adopted(w, h, 'kept')

        put(w.path('full'), b'x')
        with expect_errno(errno.ESTALE):
            h.fill.adopt(w.path('full'), b'f', 10)
        put(w.path('empty'), b'')
        for what, err in (({'file_id': 1}, errno.ESTALE), ({'generation': 77}, errno.ESTALE)):
            with expect_errno(err):
                h.fill.adopt(w.path('empty'), b'f', 10, **what)
        for size, cookie, err in ((0, b'f', errno.EINVAL), (10, b'c' * 513, errno.EINVAL),
                                  (1 << 63, b'f', errno.EFBIG), (1 << 62, b'f', errno.EFBIG)):
            with expect_errno(err):
                h.fill.adopt(w.path('empty'), cookie, size)
        with open(w.path('empty'), 'rb'), expect_errno(errno.EBUSY):
            h.fill.adopt(w.path('empty'), b'f', 10)
        with expect_errno(errno.ESTALE):
            h.fill.adopt(w.path('kept'), b'f', 10)
        eq((os.stat(w.path('empty')).st_size, has_record(w, 'empty')), (0, False), 'refused')
        eq(get(w.path('full')), b'x', 'refused')
        eq(w.server.calls('offload')['adopt'] >= 3, True, 'counter')
        store = h.store
    w.server.restart()
    with helper(w) as h:
        h.store = store
        eq(local(w.path('kept')) == pattern('kept'), True, 'data after a restart')


@test(offload=True)
def many(w):
    """Files are read and written at once while they come back and are released again."""
    def work(h, name):
        data = bytearray(offloaded(w, h, name, pattern(name, 300000)))
        m = mounts[name]
        for i in range(3):
            with open(f'{m}/{name}', 'r+b') as f:
                f.seek(i * 1000)
                f.write(name.encode())
            data[i * 1000:i * 1000 + len(name)] = name.encode()
            eq(get(w.path(name)) == bytes(data), True, f'{name}: data')
            cookie = f'{name}{i}'.encode()
            h.store[cookie] = bytes(data)
            wait_for('the release', lambda: released(h.fill, w.path(name), cookie))
    names = [f'many{i}' for i in range(4)]
    mounts = {name: w.client.mount(vers='4.2') for name in names}
    with helper(w) as h:
        for name in names:
            work(h, name)
        parallel(*(lambda name=name: get(f'{mounts[name]}/{name}') for name in names))


@test(fs='ext4', offload=True)
def attributes_change_during_a_release(w):
    """A release hides no change of attributes, and no other time."""
    with helper(w) as h:
        def released(name, point, change):
            path, cookie = w.path(name), f'store\n{name}'.encode()
            put(path, pattern(name, MIB))
            os.utime(path, (10 ** 9, 10 ** 9))
            h.store[cookie] = pattern(name, MIB)
            before, number = os.stat(path), h.fill.get(path)['change']
            wait_for('another time', lambda: before.st_ctime_ns <
                     time.clock_gettime_ns(CLOCK_REALTIME_COARSE))
            p = Point(point, None)
            release = threading.Thread(target=h.fill.release, args=(path, cookie))
            release.start()
            try:
                p.wait()
                change(path)
            finally:
                p.go_on()
                release.join()
            after = h.fill.get(path)
            eq((after['state'], blocks(w, name) < 65536), ('offloaded', True), name)
            return before, os.stat(path), after['change'] != number

        before, after, moved = released('same', 'release-recorded', lambda path: None)
        eq((after.st_mtime_ns, after.st_ctime_ns, moved),
           (before.st_mtime_ns, before.st_ctime_ns, False), 'times')
        for point in ('release-recorded', 'release-freed'):
            before, after, moved = released(f'mode-{point}', point,
                                            lambda path: os.chmod(path, 0o640))
            eq(after.st_mode & 0o777, 0o640, 'mode')
            eq((after.st_ctime_ns > before.st_ctime_ns, moved), (True, True), point)
            _, after, moved = released(f'times-{point}', point,
                                       lambda path: os.utime(path, (10 ** 8, 10 ** 8)))
            eq((after.st_mtime_ns, moved), (10 ** 17, True), point)
            before, after, _ = released(f'names-{point}', point,
                                        lambda path: os.link(path, f'{path}.other'))
            eq((after.st_nlink, after.st_ctime_ns > before.st_ctime_ns), (2, True), point)

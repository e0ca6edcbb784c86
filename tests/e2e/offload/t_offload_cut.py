# SPDX-License-Identifier: GPL-2.0-only
"""Offloaded files that are cut at a bad moment: what was cut never returns, and nothing is lost."""
import errno
import os
import struct
import threading
import time

import nfs3
from checks import eq, wait_for
from files import get, put
from harness import test
from helper_files import (RANGE, SIZE, XATTR, has_record, helper, local, offloaded, pattern,
                          settled, stopped_at)
from nfs3 import sattr
from offload_helper import Helper
from processes import Child, run

# Bytes that are written into a file at once.
PIECE = 256 << 10


def stands(pid):
    """Whether a process waits for a lock of the kernel, or has ended."""
    with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as f:
        return f.read().rsplit(')', 1)[1].split()[0] in 'DZ'


def found(w, name):
    """A client of NFS, and the handle of a file in the root."""
    n = w.client.nfs()
    return n, n.lookup(n.root, name).fh


def cut_fails(n, fh, point, error):
    """Cut a file whose record cannot be stored."""
    point.fail(error)
    eq(settled(n.setattr, fh, sattr(size=RANGE)).status, nfs3.IO, 'SETATTR of a size')


def recut(path, cut, size):
    """Make a file shorter, and then longer, as truncate(2) of its path."""
    os.truncate(path, cut)
    os.truncate(path, size)


@test(fs='ext4', offload=True)
def while_the_record_is_read(w):
    """A file that a local process cuts while the server reads its record has zeros there."""
    with helper(w) as h:
        data, store = offloaded(w, h, 'f'), h.store
    w.server.restart()
    with helper(w) as h:
        h.store = store
        with stopped_at('load-record') as point:
            reader = Child(local, w.path('f'))
            point.wait()
            cutter = Child(recut, w.path('f'), RANGE, SIZE)
            wait_for('the cut waits, or is done', lambda: stands(cutter.pid))
            point.go_on()
            cutter.join()
            reader.join()
        want = data[:RANGE] + bytes(SIZE - RANGE)
        eq(local(w.path('f')) == want, True, 'data for a local process')
        n, fh = found(w, 'f')
        eq(settled(n.read, fh, RANGE, 4096).data, bytes(4096), 'READ')


@test(fs='ext4', offload=True)
def while_data_comes(w):
    """A file that a local process cuts while data behind the cut is written keeps the cut."""
    with helper(w) as h:
        data = pattern('g')
        n = w.client.nfs()
        for size in RANGE + 100, 2 * RANGE, SIZE + RANGE:
            cut = min(size, RANGE + 100)
            offloaded(w, h, 'g', data)
            fh = n.lookup(n.root, 'g').fh
            with stopped_at('fill-checked') as point:
                eq(n.read(fh, RANGE + 4096, 4096).status, nfs3.JUKEBOX, 'READ')
                point.wait()
                recut(w.path('g'), cut, size)
                point.go_on()
            wait_for('the recall ends', lambda: h.fill.get(w.path('g'))['state'] != 'recalling')
            eq(os.stat(w.path('g')).st_size, size, 'size')
            want = data[:cut] + bytes(size - cut)
            eq(local(w.path('g')) == want, True, f'data after {cut}, {size}')
            os.unlink(w.path('g'))


def written_behind_the_cut(w):
    """What clients write behind a cut stays, though data behind the cut was about to be written."""
    with helper(w) as h:
        data = pattern('f')
        n = w.client.nfs()
        # The piece that is being written, and the cut within or before it; the end of the client's.
        for name, cut, at in (('in', RANGE + 100, RANGE + 70000), ('before', RANGE, RANGE + 4096),
                              ('long', RANGE + 100, RANGE + PIECE + 4096)):
            offloaded(w, h, name, data)
            fh = n.lookup(n.root, name).fh
            with stopped_at('fill-checked') as point:
                eq(n.read(fh, RANGE, 4096).status, nfs3.JUKEBOX, 'READ')
                point.wait()
                os.truncate(w.path(name), cut)
                # Up to the end of the piece, and beyond it.
                for pos in cut + 1000, at:
                    eq(n.write(fh, pos, b'new').status, nfs3.OK, f'WRITE at {pos}')
                point.go_on()
            wait_for('the recall ends', lambda: h.fill.get(w.path(name))['state'] != 'recalling')
            want = bytearray(data[:cut] + bytes(at + 3 - cut))
            for pos in cut + 1000, at:
                want[pos:pos + 3] = b'new'
            eq(local(w.path(name)) == want, True, f'data, {name}')


@test(fs='ext4', offload=True)
def written_on_ext4(w):
    """On ext4, what clients write behind a cut stays."""
    written_behind_the_cut(w)


@test(fs='xfs', offload=True)
def written_on_xfs(w):
    """The same on XFS."""
    written_behind_the_cut(w)


@test(fs='btrfs', offload=True)
def written_on_btrfs(w):
    """The same on btrfs."""
    written_behind_the_cut(w)


@test(offload=True)
def written_on_tmpfs(w):
    """The same on tmpfs."""
    written_behind_the_cut(w)


def times_of_others(w, of_write=False):
    """
    A file that a local process changes while data comes has the time of that change, or with
    `of_write` of the write that it came in the way of.
    """
    with helper(w) as h:
        n = w.client.nfs()
        # Within what is written, which the cut stops, and behind it.
        for name, cut in ('in', RANGE + 100), ('behind', SIZE - 1):
            offloaded(w, h, name)
            os.utime(w.path(name), (5, 5))
            fh = n.lookup(n.root, name).fh
            with stopped_at('fill-checked') as point:
                eq(n.read(fh, RANGE, 4096).status, nfs3.JUKEBOX, 'READ')
                point.wait()
                os.truncate(w.path(name), cut)
                time_of_cut = os.stat(w.path(name)).st_mtime_ns
                point.go_on()
            wait_for('the recall ends',
                     lambda name=name: h.fill.get(w.path(name))['state'] != 'recalling')
            time_now = os.stat(w.path(name)).st_mtime_ns
            if of_write and name == 'behind':
                eq(time_now >= time_of_cut, True, name)
            else:
                eq(time_now, time_of_cut, name)
        # A change while a write fails before it has changed anything.
        offloaded(w, h, 'failed')
        fh = n.lookup(n.root, 'failed').fh
        with stopped_at('fill-checked') as point:
            eq(n.read(fh, RANGE, 4096).status, nfs3.JUKEBOX, 'READ')
            point.wait()
            os.chmod(w.path('failed'), 0o640)
            time_of_change = os.stat(w.path('failed')).st_ctime_ns
            point.fail(errno.EIO)
            wait_for('the recall ends', lambda: h.fill.get(w.path('failed'))['state'] != 'recalling')
        eq(os.stat(w.path('failed')).st_ctime_ns, time_of_change, 'failed')


@test(fs='ext4', offload=True)
def times_on_ext4(w):
    """On ext4, a file has the time of what a local process does."""
    times_of_others(w)


@test(fs='btrfs', offload=True)
def times_on_btrfs(w):
    """The same on btrfs, whose writes of what comes back set the times."""
    times_of_others(w, of_write=True)


def recorded(w, name):
    """Bytes of the content by the record of a file; 0 without one."""
    return struct.unpack_from('<Q', os.getxattr(w.path(name), XATTR), 8)[0] if has_record(
        w, name) else 0


@test(fs='ext4', offload=True, timeout=90)
def not_recorded_of_a_local_process(w):
    """What a local process cuts does not come back, though the record cannot be cut at first."""
    cuts = {'known': RANGE, 'unknown': RANGE + 100, 'empty': 0}
    with helper(w) as h:
        data, store = {name: offloaded(w, h, name) for name in cuts}, h.store
    w.server.restart()
    want = {name: data[name][:cut] + bytes(SIZE - cut) for name, cut in cuts.items()}
    with helper(w) as h:
        h.store = store
        n, fh = found(w, 'known')
        eq(settled(n.read, fh, SIZE - 100, 100).data == data['known'][-100:], True, 'READ before')
        with stopped_at('cut-stored') as point:
            point.fail(errno.EIO)
            for name, cut in cuts.items():
                os.truncate(w.path(name), cut)
            put('/proc/sys/vm/drop_caches', b'2')
            for name, cut in cuts.items():
                os.truncate(w.path(name), SIZE)
                fh = n.lookup(n.root, name).fh
                for at in RANGE + 4096, SIZE - 100:
                    eq(settled(n.read, fh, at, 100).data, bytes(100), f'READ of {name} at {at}')
                eq(recorded(w, name), SIZE, f'the record of {name}')
        for name, cut in cuts.items():
            wait_for('a later attempt', lambda name=name, cut=cut: recorded(w, name) == cut, 30)
    w.server.restart()
    with helper(w) as h:
        h.store = store
        for name in cuts:
            eq(local(w.path(name)) == want[name], True, f'data of {name} after a restart')


def release(h, path, cookie):
    """Release a file as soon as nothing has it open."""
    def done():
        try:
            h.fill.release(path, cookie)
        except OSError as e:
            eq(e.errno, errno.EBUSY, 'errno of a release')
            return False
        return True
    wait_for('the file is released', done)


@test(fs='ext4', offload=True, timeout=90)
def not_recorded_and_opened(w):
    """A file is emptied and opened while its record cannot be removed; a later one stays."""
    with helper(w) as h:
        offloaded(w, h, 'f')
        n, fh = found(w, 'f')
        settled(n.read, fh, SIZE - 100, 100)
        with stopped_at('cut-stored') as point:
            cutter = Child(os.truncate, w.path('f'), 0)
            point.wait()
            opener = Child(get, w.path('f'))
            wait_for('the open waits', lambda: stands(opener.pid))
            point.fail(errno.EIO)
            cutter.join()
            opener.join()
            eq(has_record(w, 'f'), False, 'the record that the open found to be cut')
            data = pattern('later')
            with open(w.path('f'), 'r+b') as f:
                f.write(data)
            h.store[b'later'] = data
            release(h, w.path('f'), b'later')
            point.arm()
            # The attempt to store what could not be stored at first.
            point.wait()
        store = h.store
    w.server.restart()
    with helper(w) as h:
        h.store = store
        eq(has_record(w, 'f'), True, 'the later record')
        eq(local(w.path('f')) == data, True, 'data')


@test(fs='ext4', offload=True, timeout=90)
def not_durable(w):
    """A record that was written and could not be made durable is stored once more."""
    with helper(w) as h:
        offloaded(w, h, 'f')
        n, fh = found(w, 'f')
        with stopped_at('cut-record') as point:
            cut_fails(n, fh, point, errno.EIO)
        with stopped_at('cut-written') as point:
            told = []
            thread = threading.Thread(
                target=lambda: told.append(n.setattr(fh, sattr(size=SIZE)).status))
            thread.start()
            point.wait()
            # The attempt of every five seconds finds that the record was written.
            time.sleep(6)
            point.fail(errno.EIO)
            thread.join()
        with stopped_at('cut-stored') as point:
            point.wait()
        eq(told, [nfs3.IO], 'SETATTR of a larger size')
        eq(settled(n.setattr, fh, sattr(size=SIZE)).status, nfs3.OK, 'when it is durable')


@test(fs='ext4', offload=True)
def not_recorded_of_many(w):
    """A quarter of the nodes waits for records to be cut; if all are lost, few are named."""
    names = [f'f{i}' for i in range(16)]
    with helper(w) as h:
        for name in names:
            offloaded(w, h, name, pattern('f', 100000))
    w.server.ctl('server', 'set', 'node-limit', '40')
    before = len(run('dmesg').splitlines())
    with stopped_at('cut-stored') as point:
        point.fail(errno.EIO)
        for name in names:
            os.truncate(w.path(name), 1000)
        w.server.delete('data')

        def lines(text):
            return sum(text in line for line in run('dmesg').splitlines()[before:])
        wait_for('the number of others', lambda: lines('the same holds for 6 other files'))
        eq(lines('before the server reads it'), 4, 'files that are named')


@test(fs='ext4', offload=True)
def not_recorded_for_a_moment(w):
    """A failure to store a record is an I/O error, whatever it is to the server."""
    with helper(w) as h:
        offloaded(w, h, 'f')
        n, fh = found(w, 'f')
        with stopped_at('cut-record') as point:
            cut_fails(n, fh, point, errno.EBUSY)
            eq(n.setattr(fh, sattr(size=SIZE)).status, nfs3.IO, 'a larger size')


@test(fs='ext4', offload=True)
def while_it_is_adopted(w):
    """A file that a local process empties while it gets content is left empty, and that is told."""
    with helper(w) as h:
        h.store[b'c'] = pattern('f')
        put(w.path('f'))
        told = []

        def adopt():
            try:
                h.fill.adopt(w.path('f'), b'c', SIZE)
            except OSError as e:
                told.append(e.errno)
        for name in 'adopt-record', 'adopt-recorded':
            with stopped_at(name) as point:
                thread = threading.Thread(target=adopt)
                thread.start()
                point.wait()
                os.truncate(w.path('f'), 0)
                point.go_on()
                thread.join()
            eq((os.stat(w.path('f')).st_size, has_record(w, 'f')), (0, False), name)
        eq(told, [errno.ESTALE] * 2, 'errors')
        adopt()
        eq(local(w.path('f')) == pattern('f'), True, 'data')


@test(fs='ext4', offload=True)
def not_recorded(w):
    """A file whose record could not be cut does not grow before it is."""
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        store = h.store
        n, fh = found(w, 'f')
        with stopped_at('cut-record') as point:
            cut_fails(n, fh, point, errno.EIO)
            eq(os.stat(w.path('f')).st_size, RANGE, 'size')
            eq(n.setattr(fh, sattr(size=SIZE)).status, nfs3.IO, 'a larger size')
            eq(settled(n.write, fh, SIZE - 1, b'.').status, nfs3.IO, 'WRITE behind the end')
            eq(os.stat(w.path('f')).st_size, RANGE, 'size after these')
            eq(settled(n.read, fh, 0, 4096).data == data[:4096], True, 'READ')
            os.truncate(w.path('f'), SIZE)
            eq(settled(n.read, fh, RANGE, 4096).data, bytes(4096), 'READ behind the cut')
        eq(settled(n.write, fh, SIZE - 1, b'.').status, nfs3.OK, 'WRITE, when it can be')
        offloaded(w, h, 'g')
        gh = n.lookup(n.root, 'g').fh
        with stopped_at('cut-record') as point:
            point.fail(errno.EIO)
            eq(settled(n.setattr, gh, sattr(size=0)).status, nfs3.IO, 'SETATTR of no size')
            eq(n.setattr(gh, sattr(size=SIZE)).status, nfs3.IO, 'a larger size')
        eq(has_record(w, 'g'), True, 'the record that could not be removed')
        eq(n.setattr(gh, sattr(size=SIZE)).status, nfs3.OK, 'a larger size, when it can be')
        eq(has_record(w, 'g'), False, 'the record')
    w.server.restart()
    h = Helper(w.server_ns)
    try:
        h.store = store
        want = data[:RANGE] + bytes(SIZE - RANGE - 1) + b'.'
        eq(local(w.path('f')) == want, True, 'data after a restart')
        eq(local(w.path('g')) == bytes(SIZE), True, 'data of the other file')
    finally:
        h.close()

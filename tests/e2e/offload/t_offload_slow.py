# SPDX-License-Identifier: GPL-2.0-only
"""Offloaded data over lines that are slow, or that break."""
import errno
import os
import time

import nfs3
from checks import eq, expect_errno, wait_for
from fault_points import Point
from files import MIB, put
from harness import test
from helper_files import RANGE, Reader, helper, local, offloaded, settled, stopped_at
from processes import run
from stores import Store

IO_ERROR = 'Input/output error'
# Milliseconds without any progress after which a recall has failed.
PATIENCE = 3000


def impatient(w, ms=PATIENCE):
    w.server.ctl('server', 'set', 'offload-recall-ms', str(ms))
    w.server.ctl('server', 'set', 'offload-read-ahead', '0')


def stored(s, name, size):
    """Make a file, and release it."""
    data = os.urandom(size)
    path = put(s.world.path(name), data, 0o644)
    eq(s.push(path)['done'], 1, 'pushed')
    eq(s.states(path)['offloaded'], 1, 'offloaded')
    return path, data


@test(smb=True, fs='ext4', offload=True, timeout=300)
def slow_line(w):
    """Ranges that take five times the deadline come, for clients and for local processes."""
    s = Store(w)
    path, data = stored(s, 'f', 10 * MIB)
    other, more = stored(s, 'g', 6 * MIB)
    impatient(w, 10000)
    mount = w.client.mount(vers='3')
    s.mode('throttle 330000')
    readers = [Reader(path), Reader(f'{mount}/g')]
    eq([r.join() for r in readers] == [data, more], True, 'content')
    eq(s.status()['errors'], 0, 'errors')
    eq(s.states(path, other)['resident'], 2, 'files')


@test(smb=True, fs='ext4', offload=True, timeout=300)
def line_that_stops(w):
    """A store that begins to answer, and then stands still, is an error."""
    s = Store(w, timeout=3)
    path, data = stored(s, 'f', 3 * MIB)
    impatient(w)
    s.mode('stall 300000')
    eq(local(path), IO_ERROR, 'a local process')
    failure = s.recall(path, check=False)
    for word in ('share data', 'store main'):
        assert word in failure, failure
    s.mode('ok')
    wait_for('the data comes', lambda: local(path) == data)


@test(smb=True, fs='ext4', offload=True, timeout=300)
def line_that_creeps(w):
    """A store whose answer stops a little later at each attempt is an error, too."""
    # Attempts take longer than the pauses between them.
    s = Store(w, timeout=6)
    path, data = stored(s, 'f', 3 * MIB)
    impatient(w)
    # Longer than an attempt and the pause behind it.
    w.server.ctl('server', 'set', 'offload-recall-ms', '15000')
    s.mode('creep 1000')
    s.forget()
    eq(local(path), IO_ERROR, 'a local process')
    # As many as without a byte: three, and as many when the request was repeated.
    assert len(s.requests('GET', 'chunks/')) <= 6, s.requests()
    s.mode('ok')
    wait_for('the data comes', lambda: local(path) == data)


@test(fs='ext4', offload=True, timeout=240)
def deadline_begins_anew(w):
    """Pieces that the kernel takes, and notices of the helper, are progress; nothing else is."""
    impatient(w, 15000)
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f', os.urandom(RANGE))
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        eq(n.read(fh, 0, 1).status, nfs3.JUKEBOX, 'READ')
        wait_for('the request', lambda: h.held)
        request = h.held.pop()
        # Of each kind for longer than the deadline.
        for i in range(12):
            time.sleep(3)
            if i < 6:
                h.moved(request)
            else:
                h.part(request, (i - 6) * MIB, (i - 5) * MIB)
        eq(n.read(fh, 7 * MIB, 1).status, nfs3.JUKEBOX, 'READ of what comes')
        h.part(request, 6 * MIB, RANGE)
        h.done(request)
        eq(settled(n.read, fh, 7 * MIB, 100).data, data[7 * MIB:7 * MIB + 100], 'what came')
        impatient(w)
        offloaded(w, h, 'g')
        fh = n.lookup(n.root, 'g').fh
        eq(n.read(fh, 0, 1).status, nfs3.JUKEBOX, 'READ')
        wait_for('the request', lambda: h.held)
        request = h.held.pop()
        eq(settled(n.read, fh, 0, 1).status, nfs3.IO, 'READ of what does not come')
        with expect_errno(errno.ENOENT):
            h.part(request, 0, MIB)


@test(fs='ext4', offload=True)
def finished_part_stays(w):
    """What has come of a range stays readable when the rest does not come, and comes once."""
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f', os.urandom(RANGE + 100))
        w.server.ctl('server', 'set', 'offload-read-ahead', '0')
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh

        def wanted(pos):
            eq(n.read(fh, pos, 10).status, nfs3.JUKEBOX, 'READ of what is not here')
            wait_for('the request', lambda: h.held)
            return h.held.pop()

        def lost(request):
            h.fail(request, errno.EIO)
            eq(settled(n.read, fh, RANGE - 10, 10).status, nfs3.IO, 'READ of what does not come')
            wait_for('the next attempt', lambda: n.read(fh, RANGE - 10, 10).status == nfs3.JUKEBOX)
            wait_for('the request', lambda: h.held)
            return h.held.pop()

        request = wanted(0)
        h.part(request, 0, 3 * MIB)
        wait_for('the part', lambda: n.read(fh, 2 * MIB, MIB).status == nfs3.OK)
        request = lost(request)
        eq((request.offset, request.length), (3 * MIB, RANGE - 3 * MIB), 'what is asked for')
        eq(n.read(fh, MIB, 10).data, data[MIB:MIB + 10], 'READ while the rest comes')
        eq(n.write(fh, 0, b'new').status, nfs3.JUKEBOX, 'WRITE')
        h.part(request, 3 * MIB, 5 * MIB)
        wait_for('more', lambda: n.read(fh, 4 * MIB, MIB).status == nfs3.OK)
        request = lost(request)
        eq(request.offset, 5 * MIB, 'what is asked for')
        h.part(request, 5 * MIB, RANGE)
        h.done(request)
        wait_for('the range', lambda: h.fill.get(w.path('f'))['resident'] == RANGE)
        h.go()
        eq(local(w.path('f')) == data, True, 'content')


@test(fs='ext4', offload=True)
def part_comes_again_after_the_disk_failed(w):
    """A recall that was told of a failure of the disk leaves nothing to the next one."""
    with helper(w, lambda request: 'hold') as h:
        data = offloaded(w, h, 'f', os.urandom(RANGE))
        n = w.client.nfs()
        fh = n.lookup(n.root, 'f').fh
        for name in ('commit-data', 'flush-data'):
            wait_for('an attempt', lambda: n.read(fh, RANGE - 10, 10).status == nfs3.JUKEBOX)
            wait_for('the request', lambda: h.held)
            request = h.held.pop()
            eq((request.offset, request.length), (0, RANGE), 'what is asked for')
            h.part(request, 0, 3 * MIB)
            wait_for('the part', lambda: n.read(fh, 2 * MIB, MIB).status == nfs3.OK)
            with stopped_at(name) as point:
                point.fail(errno.EIO)
                h.part(request, 3 * MIB, 5 * MIB)
                h.part(request, 5 * MIB, RANGE)
                h.done(request)
                eq(settled(n.read, fh, RANGE - 10, 10).status, nfs3.IO, f'READ after {name}')
        h.go()
        wait_for('the data', lambda: n.read(fh, RANGE - 10, 10).status == nfs3.OK)
        eq(h.requests[-1][1:], (0, RANGE), 'what is asked for')
        eq(local(w.path('f')) == data, True, 'content')


@test(fs='ext4', offload=True)
def finished_part_is_cut_or_cleared(w):
    """What a client has cut or cleared is not taken for data that came back."""
    with helper(w, lambda request: 'hold') as h:
        w.server.ctl('server', 'set', 'offload-read-ahead', '0')
        m = w.client.mount(vers='4.2')
        n = w.client.nfs()

        def in_part(name):
            data = offloaded(w, h, name, os.urandom(2 * RANGE))
            fh = n.lookup(n.root, name).fh
            eq(n.read(fh, 0, 1).status, nfs3.JUKEBOX, 'READ')
            wait_for('the request', lambda: h.held)
            request = h.held.pop()
            h.part(request, 0, 3 * MIB)
            wait_for('the part', lambda: n.read(fh, 2 * MIB, MIB).status == nfs3.OK)
            h.fail(request, errno.EIO)
            wait_for('the end of the recall',
                     lambda: h.fill.get(w.path(name))['state'] == 'offloaded')
            return data

        data = in_part('cut')
        os.truncate(w.path('cut'), 2 * MIB)
        os.truncate(w.path('cut'), RANGE)
        h.go()
        # The failure was not told to anybody yet.
        eq(local(w.path('cut')), IO_ERROR, 'the first open')
        wait_for('the next attempt', lambda: local(w.path('cut')) != IO_ERROR)
        eq(local(w.path('cut')) == data[:2 * MIB] + bytes(RANGE - 2 * MIB), True, 'cut')
        h.how = lambda request: 'hold'
        data = in_part('cleared')
        # The record cannot be stored, so the range comes back.
        point = Point('commit-record', None)
        try:
            point.fail(errno.EIO)
            run('fallocate', '-p', '-o', '0', '-l', str(RANGE), f'{m}/cleared', check=False)
            wait_for('the point', point.reached)
        finally:
            point.go_on()
        h.go()
        eq(local(w.path('cleared')), IO_ERROR, 'the first open')
        wait_for('the next attempt', lambda: local(w.path('cleared')) != IO_ERROR)
        eq(local(w.path('cleared')) == data, True, 'content after a hole that was not recorded')

# SPDX-License-Identifier: GPL-2.0-only
"""Offloaded files that somebody has written while no server guarded them."""
import errno
import os

import nfs3
from checks import eq, expect_errno, wait_for
from files import MIB, get, put
from harness import test
from helper_files import IO_ERROR, RANGE, helper, local, settled
from nfs3 import sattr
from offload_helper import C
from processes import run
from stores import Store
from volumes import mount, umount

OVERWRITE = C['DITTO_OFFLOAD_DECISION_OVERWRITE']
KEEP_LOCAL = C['DITTO_OFFLOAD_DECISION_KEEP_LOCAL']
SIZES = {'ext4': '200m', 'xfs': '400m', 'btrfs': '400m'}


class Disk:
    """A share with a file system of its own, which can be mounted without it."""

    def __init__(self, w, kind):
        self.w, self.kind = w, kind
        self.volume = w.volume(f'{w.base}/disk', kind, SIZES[kind])
        self.where = self.volume.where
        w.server.add('disk', self.where, offload=True)

    def path(self, name=''):
        return f'{self.where}/{name}'

    def offload(self, h, name, size):
        data = os.urandom(size)
        put(self.path(name), data)
        cookie = f'store\n{name}'.encode()
        h.store[cookie] = data
        h.fill.release(self.path(name), cookie)
        return data

    def away(self, change):
        """What happens while no share serves the file system."""
        self.w.server.delete('disk')
        for do in (change, lambda: None):
            umount(self.where)
            loop = run('losetup', '-f', '--show', self.volume.image).strip()
            mount(loop, self.where, self.kind)
            run('losetup', '-d', loop)
            do()
        self.w.server.add('disk', self.where, offload=True)


def edit(path, at, data):
    with open(path, 'r+b') as f:
        f.seek(at)
        f.write(data)


def edited(disk, data, at=5 * MIB):
    """What is kept after edit(path, at, b'EDITED') to a file without data: a block of it."""
    block = b'EDITED'.ljust(os.statvfs(disk.where).f_bsize, b'\0')
    return data[:at] + block + data[at + len(block):]


def is_refused(h, disk, name):
    path = disk.path(name)
    eq(h.fill.get(path)['state'], 'conflict', f'{name}: state')
    eq(local(path), IO_ERROR, f'{name}: a local process')
    with expect_errno(errno.EIO):
        h.fill.recall(path)
    eq(h.requests, [], f'{name}: requests')


def longer_stays(h, disk, data):
    """What is behind the content of a longer file stays, and the log says so."""
    assert any('(rewritten)' in line and 'the file is longer' in line
               for line in run('dmesg').splitlines()), 'no warning'
    h.fill.recall(disk.path('rewritten'), OVERWRITE)
    eq(local(disk.path('rewritten')) == data['rewritten'] + b'TAIL', True, 'a longer file')


def is_not_resized(n, name):
    """No client makes a file in conflict shorter or longer, but for one that wants nothing of it."""
    fh = n.lookup(n.root, name).fh
    for size in (MIB, 3 * RANGE):
        eq(settled(n.setattr, fh, sattr(size=size)).status, nfs3.IO, 'SETATTR of a size')
    eq(settled(n.setattr, fh, sattr(size=0)).status, nfs3.OK, 'SETATTR of size 0')


def written_meanwhile(w, kind):
    with helper(w) as h:
        disk = Disk(w, kind)
        names = ('edited', 'kept', 'replaced', 'short', 'mode', 'cut', 'longer', 'same',
                 'rewritten', 'emptied')
        data = {name: disk.offload(h, name, RANGE + 70000) for name in names}
        os.chmod(disk.path('longer'), 0o640)

        def change():
            put(disk.path('rewritten'), os.urandom(RANGE + 70000) + b'TAIL')
            for name in ('edited', 'kept', 'emptied'):
                edit(disk.path(name), 5 * MIB, b'EDITED')
            for name in ('replaced', 'short'):
                put(disk.path(name), b'new')
            os.chmod(disk.path('mode'), 0o600)
            os.truncate(disk.path('cut'), MIB + 1)
            with open(disk.path('longer'), 'ab') as f:
                f.write(b'tail')
        disk.away(change)
        for name in ('edited', 'kept', 'replaced', 'short', 'rewritten', 'emptied'):
            is_refused(h, disk, name)
        log = [line for line in run('dmesg').splitlines() if 'conflict' in line]
        for word in ('share disk', '(edited)', 'dittoctl offload recall --overwrite'):
            assert any(word in line for line in log), log
        longer_stays(h, disk, data)
        is_not_resized(w.client.nfs(path=disk.where), 'emptied')
        eq(local(disk.path('emptied')), b'', 'an emptied file')
        eq(local(disk.path('mode')) == data['mode'], True, 'a file with another mode')
        eq(local(disk.path('cut')) == data['cut'][:MIB + 1], True, 'a file that was cut')
        eq(local(disk.path('longer')) == data['longer'] + b'tail', True, 'a longer file')
        eq(local(disk.path('same')) == data['same'], True, 'an unchanged file')
        h.fill.recall(disk.path('edited'), OVERWRITE)
        eq(local(disk.path('edited')) == data['edited'], True, 'what the store has')
        h.fill.recall(disk.path('replaced'), OVERWRITE)
        eq(local(disk.path('replaced')) == data['replaced'], True, 'what the store has')
        h.requests.clear()
        h.fill.recall(disk.path('kept'), KEEP_LOCAL)
        eq(local(disk.path('kept')) == edited(disk, data['kept']), True,
           'what was written, and the rest')
        eq(sorted((at, n) for _, at, n in h.requests), [(0, RANGE), (RANGE, 70000)], 'requests')
        h.fill.recall(disk.path('short'), KEEP_LOCAL)
        eq(local(disk.path('short')), b'new', 'what was written')


@test(offload=True, timeout=300)
def on_ext4(w):
    """What was written stays, until somebody decides; other changes are none of that."""
    written_meanwhile(w, 'ext4')


@test(offload=True, timeout=300)
def on_xfs(w):
    written_meanwhile(w, 'xfs')


@test(offload=True, timeout=300)
def on_btrfs(w):
    written_meanwhile(w, 'btrfs')


def own_data(w, kind):
    with helper(w, lambda request: 'hold') as h:
        w.server.ctl('server', 'set', 'offload-read-ahead', '0')
        disk = Disk(w, kind)
        data = disk.offload(h, 'f', 3 * RANGE)
        n = w.client.nfs(path=disk.where)
        fh = n.lookup(n.root, 'f').fh
        eq(n.read(fh, RANGE, 1).status, nfs3.JUKEBOX, 'READ')
        wait_for('the request', lambda: h.held)
        request = h.held.pop()
        h.part(request, RANGE, RANGE + 3 * MIB)
        wait_for('the part', lambda: n.read(fh, RANGE + 2 * MIB, MIB).status == nfs3.OK)
        # From now on the change number tells nothing.
        os.chmod(disk.path('f'), 0o640)
        disk.away(lambda: None)
        eq(h.fill.get(disk.path('f'))['state'], 'offloaded', 'state')
        # Elsewhere, it is noticed all the same.
        disk.away(lambda: edit(disk.path('f'), 0, b'EDITED'))
        eq(h.fill.get(disk.path('f'))['state'], 'conflict', 'state')
        h.go()
        h.fill.recall(disk.path('f'), OVERWRITE)
        eq(local(disk.path('f')) == data, True, 'content')


@test(offload=True, timeout=300)
def own_data_on_ext4(w):
    """What a recall that did not end has left is no conflict."""
    own_data(w, 'ext4')


@test(offload=True, timeout=300)
def own_data_on_btrfs(w):
    own_data(w, 'btrfs')


@test(offload=True, timeout=300)
def kept_while_the_store_fails(w):
    """What was written stays, though its range came back in part, and the server began anew."""
    with helper(w, lambda request: 'hold') as h:
        disk = Disk(w, 'ext4')
        data = disk.offload(h, 'f', RANGE)
        disk.away(lambda: edit(disk.path('f'), 5 * MIB, b'EDITED'))
        h.fill.recall(disk.path('f'), KEEP_LOCAL)
        wait_for('the request', lambda: h.held)
        request = h.held.pop()
        h.part(request, 0, 6 * MIB - 1)
        h.part(request, 6 * MIB - 1, 6 * MIB + 1)
        h.fail(request, errno.EIO)
        wait_for('the end', lambda: h.fill.get(disk.path('f'))['state'] != 'recalling')
        disk.away(lambda: None)
        eq(h.fill.get(disk.path('f'))['state'], 'conflict', 'state')
        h.go()
        h.fill.recall(disk.path('f'), KEEP_LOCAL)
        eq(local(disk.path('f')) == edited(disk, data), True, 'content')


@test(smb=True, offload=True, timeout=300)
def decided_by_the_tool(w):
    """dittoctl shows a conflict, says what to do, and does it."""
    s = Store(w)
    disk = Disk(w, 'ext4')
    data = {name: os.urandom(MIB) for name in ('a', 'b')}
    for name, content in data.items():
        put(disk.path(name), content, 0o644)
    eq(s.push(disk.path())['done'], 2, 'pushed')
    disk.away(lambda: [edit(disk.path(name), 0, b'EDITED') for name in data])

    def conflicts():
        return [row['conflict'] for row in s.tool('status', disk.path())]
    eq(conflicts(), [2], 'conflicts')
    said = s.recall(disk.path(), check=False)
    for word in ('share disk', 'store main', '--overwrite', '--keep-local'):
        assert word in said, said
    s.recall('--overwrite', disk.path('a'))
    s.recall('--keep-local', disk.path('b'))
    eq(conflicts(), [0], 'conflicts')
    eq(get(disk.path('a')) == data['a'], True, 'what the store has')
    eq(get(disk.path('b')) == edited(disk, data['b'], 0), True, 'what was written, and the rest')

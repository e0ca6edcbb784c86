# SPDX-License-Identifier: GPL-2.0-only
"""Offloaded data that comes back to a full disk, with a helper of the tests' own."""
import contextlib
import copy
import errno
import os
import struct
import threading
import types

import nfs3
import nfs4
import smb2
from checks import eq, one_of, wait_for
from fault_points import AGAIN, Point
from files import MIB, put
from harness import test
from helper_files import RANGE, helper, local, offloaded, pattern, settled
from nfs4 import putfh
from nfs4_opens import V41, opened
from nfs4_ops42 import allocate
from offload_helper import Offload
from processes import run, sleepers
from quotas import PROJECT, WORK, limit, prepare
from server_events import listening
from small_disk import SmallDisk
from volumes import frozen, mount, umount

RECORD, STORED, MARK = (f'trusted.ditto.{name}' for name in ('offload', 'stored', 'keep'))


@test(smb=True, offload=True)
def full_disk(w):
    """Parts that came back and did not change give way to others; nothing is lost, or zeros."""
    disk = SmallDisk(w)
    s = smb2.Smb2(w.client, share='small')
    w.server.helper_stop('KILL')
    with helper(w) as h:
        at, names = disk.AT, 'pqrst'
        for name in names:
            put(disk.path(name), b'')
            os.chmod(disk.path(name), 0o666)
        data = {name: offloaded(w, h, disk.path(name), pattern(name, RANGE + 4 * MIB))
                for name in names}
        disk.leave(11 * MIB)
        n = w.client.nfs(path=disk.volume.where)

        def state(name):
            return h.fill.get(disk.path(name))['state']

        def part(name):
            disk.part(h, n, name, data[name])

        part('p')
        eq(settled(n.write, n.lookup(n.root, 'p').fh, at, b'changed').status, nfs3.OK, 'WRITE')
        data['p'] = data['p'][:at] + b'changed' + data['p'][at + 7:]
        part('q')
        part('r')
        eq([state(name) for name in 'pqr'], ['partial', 'offloaded', 'partial'], 'q has given way')
        eq(os.stat(disk.path('q')).st_blocks * 512 < 65536, True, 'its blocks')

        # What is open stays.
        disk.leave(7 * MIB)
        part('s')
        held = s.create('r', how=smb2.OPEN)
        fid = s.create('t', how=smb2.OPEN)
        eq(s.read(fid, 4096, at) == data['t'][at:at + 4096], True, 'READ of t')
        wait_for('the recall has ended', lambda: state('t') != 'recalling')
        eq((state('r'), state('s')), ('partial', 'offloaded'), 'what has given way')
        s.close(fid)

        disk.fill()
        fid = s.create('q', how=smb2.OPEN)
        # The beginning of the range may find room, its end does not.
        last = RANGE - 100
        eq(settled(n.read, n.lookup(n.root, 'q').fh, last, 100).status, nfs3.NOSPC, 'READ')
        smb2.refused('DISK_FULL', s.read, fid, 100, last)
        s.close(fid)
        s.close(held)
        eq(state('p'), 'partial', 'the file that was changed')
        disk.empty()
        fh = n.lookup(n.root, 'q').fh
        wait_for('room', lambda: settled(n.read, fh, last, 100).status == nfs3.OK)
        for name in 'ps':
            fid = s.create(name, how=smb2.OPEN)
            got = b''.join(s.read(fid, 65536, pos) for pos in range(0, len(data[name]), 65536))
            s.close(fid)
            eq(got == data[name], True, f'data of {name} over SMB')
        for name in names:
            fh = n.lookup(n.root, name).fh
            got = b''.join(settled(n.read, fh, pos, 65536).data
                           for pos in range(0, len(data[name]), 65536))
            eq(got == data[name], True, f'data of {name} over NFS')
    w.server.helper_start(w.server.conf)


def whole_files(w, kind):
    """What came back whole and did not change gives way, too: no upload, nothing lost."""
    disk = SmallDisk(w, kind)
    with helper(w) as h:
        names = 'abcdefgh'
        for name in names:
            put(disk.path(name), b'')
            os.chmod(disk.path(name), 0o666)
        os.mkdir(disk.path('pinned'))
        data = {name: offloaded(w, h, disk.path(name), pattern(name, 4 * MIB + 5))
                for name in names}
        n = w.client.nfs(path=disk.volume.where)
        # For "dittoctl offload pin", what is below it stays.
        os.rename(disk.path('h'), disk.path('pinned/h'))
        os.setxattr(disk.path('pinned'), MARK, b'pin')

        def back(name):
            fh = n.lookup(n.root, name).fh
            for _ in range(2):
                r = settled(n.read, fh, 4 * MIB, 100)
                eq((r.status, r.data), (nfs3.OK, data[name][4 * MIB:4 * MIB + 100]), name)
            wait_for('the recall has ended', lambda: state(name)[0] == 'resident')

        def state(name):
            f = h.fill.get(disk.path(name))
            return f['state'], bool(f['cookie'])

        for name in 'abcde':
            back(name)
        eq([state(name) for name in 'abcde'], [('resident', True)] * 5, 'are stored')
        eq(STORED in os.listxattr(disk.path('a')), True, 'attribute')
        eq(RECORD in os.listxattr(disk.path('a')), False, 'record')
        # A change of the content, of the mode, and what the administrator brings back.
        eq(n.write(n.lookup(n.root, 'a').fh, 0, b'changed').status, nfs3.OK, 'WRITE')
        data['a'] = b'changed' + data['a'][7:]
        os.chmod(disk.path('b'), 0o640)
        with contextlib.suppress(OSError):
            h.fill.recall(disk.path('c'))
        eq([state(name) for name in 'abc'], [('resident', False)] * 3, 'are not stored')
        eq([n for n in 'abc' if STORED in os.listxattr(disk.path(n))], [], 'attributes')

        disk.leave(3 * MIB)
        before = h.fill.get(disk.path('d'))
        back('f')
        eq([state(name) for name in 'abcdef'],
           [('resident', False)] * 3 + [('offloaded', True)] + [('resident', True)] * 2,
           'd has given way')
        eq(os.stat(disk.path('d')).st_blocks * 512 < 65536, True, 'its blocks')
        eq(h.fill.get(disk.path('d'))['change'], before['change'], 'its change number')
        eq(STORED in os.listxattr(disk.path('d')), False, 'its attribute')

        # What is open stays.
        with open(disk.path('e'), 'rb'):
            back('g')
        eq((state('e')[0], state('f')[0]), ('resident', 'offloaded'), 'what has given way')
        # So does a file below a directory that is marked.
        fh = n.lookup(n.lookup(n.root, 'pinned').fh, 'h').fh
        eq(settled(n.read, fh, 0, 100).data, data['h'][:100], 'READ of h')
        for name in 'abdf':
            fh = n.lookup(n.root, name).fh
            got = b''.join(settled(n.read, fh, pos, 65536).data
                           for pos in range(0, len(data[name]), 65536))
            eq(got == data[name], True, f'data of {name}')
        eq(os.path.getsize(disk.path('pinned/h')), 4 * MIB + 5, 'size')
        eq(os.stat(disk.path('pinned/h')).st_blocks > 4 * MIB // 512, True, 'h is here')

        # Another run of the server does not believe what was before.
        eq(state('f'), ('resident', True), 'before a restart')
    w.server.restart()
    with helper(w) as h:
        eq(state('f'), ('resident', False), 'after a restart')
        eq(STORED in os.listxattr(disk.path('f')), False, 'attribute after a restart')


@test(offload=True)
def full_disk_whole_files(w):
    whole_files(w, 'ext4')


@test(offload=True)
def full_disk_whole_files_on_xfs(w):
    whole_files(w, 'xfs')


@test(offload=True)
def reserve(w):
    """Data gives way before room is needed: most recalls do not wait for that."""
    disk = SmallDisk(w)
    with helper(w) as h:
        sizes = {'a': 4 * MIB + 5} | {f'b{i}': 4096 for i in range(20)}
        data = {name: offloaded(w, h, disk.path(name), pattern(name, size))
                for name, size in sizes.items()}
        n = w.client.nfs(path=disk.volume.where)

        def back(name):
            fh = n.lookup(n.root, name).fh
            r = settled(n.read, fh, 0, 4096)
            eq((r.status, r.data == data[name][:4096]), (nfs3.OK, True), name)

        def state(name):
            return h.fill.get(disk.path(name))['state']

        back('a')
        wait_for('the recall has ended', lambda: state('a') == 'resident')
        n.lookup(n.root, 'a')
        # Enough for each of the others, so that none makes room for itself.
        disk.leave(MIB + MIB // 4)
        small = iter(sorted(set(sizes) - {'a'}))

        def given_way():
            name = next(small, None)
            if name:
                back(name)
            return state('a') == 'offloaded'
        wait_for('a has given way', given_way)
        got = b''.join(settled(n.read, n.lookup(n.root, 'a').fh, pos, 65536).data
                       for pos in range(0, len(data['a']), 65536))
        eq(got == data['a'], True, 'data of a')


@contextlib.contextmanager
def two_parts(w, kind, room):
    """Files p and q are here in part, r is not, and the disk is full but for @room bytes.

    The first range of r needs 9 MiB; the parts of p and q have 4 MiB each, their files 12. Gives
    the disk, the helper, a connection, and handle and data of r.
    """
    disk = SmallDisk(w, kind)
    with helper(w) as h:
        data = {name: offloaded(w, h, disk.path(name), pattern(name, RANGE + 4 * MIB))
                for name in 'pqr'}
        n = w.client.nfs(path=disk.volume.where)
        for name in 'pq':
            disk.part(h, n, name, data[name])
        disk.leave(room)
        yield disk, h, n, n.lookup(n.root, 'r').fh, data['r']


@test(offload=True)
def several_parts(w):
    """Files that are here in part give way together if one of them is not enough."""
    with two_parts(w, 'ext4', MIB + MIB // 2) as (disk, h, n, fh, data):
        point = Point('release-record', None)
        try:
            n.read(fh, 0, 4096)
            wait_for('both give way', lambda: point.reached() == 2)
        finally:
            point.go_on()
        eq(settled(n.read, fh, 0, 4096).data == data[:4096], True, 'data of r')
        wait_for('both have given way', lambda: all(
            h.fill.get(disk.path(name))['state'] == 'offloaded' for name in 'pq'))


@test(offload=True)
def parts_that_are_not_enough(w):
    """Nothing gives way for an allocation that needs more than what all of it would free."""
    with two_parts(w, 'ext4', MIB + MIB // 2) as (disk, h, _, _, _):
        def states():
            return [h.fill.get(disk.path(name))['state'] for name in 'pq']

        put(disk.path('new'), b'', 0o666)
        os.chmod(disk.path('new'), 0o666)
        v4 = V41.at(w, minor=2)
        v4.root = v4.fh('small')
        sid, fh = opened(v4, 'new', nfs4.BOTH)

        def reserve(size):
            return nfs4.again_while_delayed(
                lambda: v4.compound(putfh(fh), allocate(sid, 0, size)), lambda r: r.status).status

        with listening(w) as told:
            # The files have 20 MiB each, but only 4 of them are here.
            eq(reserve(15 * MIB), nfs4.NOSPC, 'ALLOCATE of 15 MiB')
            eq(states(), ['partial', 'partial'], 'what has given way')
            # ext4 gives the file what there is.
            wait_for('the event', lambda: told('offload-full', 'small: 0 bytes are free'))
            eq(reserve(6 * MIB), nfs4.OK, 'ALLOCATE of 6 MiB')


def one_part(w, kind):
    """A file that is here in part gives way alone if it is enough."""
    with two_parts(w, kind, 7 * MIB) as (disk, h, n, fh, data):
        eq(settled(n.read, fh, 0, 4096).data == data[:4096], True, 'data of r')
        wait_for('the recall has ended',
                 lambda: h.fill.get(disk.path('r'))['state'] != 'recalling')
        eq(sorted(h.fill.get(disk.path(name))['state'] for name in 'pq'),
           ['offloaded', 'partial'], 'states')


@test(offload=True)
def one_part_on_ext4(w):
    one_part(w, 'ext4')


@test(offload=True)
def one_part_on_xfs(w):
    one_part(w, 'xfs')


@test(offload=True)
def full_disk_that_is_stuck(w):
    """A full disk that is frozen keeps no other one from making room."""
    with helper(w) as h:
        # What gives data to the one does not wait for the other.
        giver = copy.copy(h)
        giver.fill = Offload(w.server_ns)
        disks = [SmallDisk(w, name=name) for name in ('stuck', 'other')]
        data, clients = [], []
        for disk in disks:
            for name in 'pq':
                put(disk.path(name), b'')
                os.chmod(disk.path(name), 0o666)
            data.append({name: offloaded(w, h, disk.path(name), pattern(name, RANGE + 4 * MIB))
                         for name in 'pq'})
            disk.leave(11 * MIB)
            clients.append(w.client.nfs(path=disk.volume.where))
            disk.part(h, clients[-1], 'p', data[-1]['p'])
            disk.leave(2 * MIB)
        stuck, other = disks
        n, h.how = clients[0], lambda request: 'hold'
        eq(n.read(n.lookup(n.root, 'q').fh, stuck.AT, 4096).status, nfs3.JUKEBOX)
        wait_for('the request', lambda: h.held)
        request, h.held, h.how = h.held[0], [], lambda request: None
        with frozen(stuck.volume.where):
            giving = threading.Thread(target=giver.give, args=(request,), daemon=True)
            giving.start()
            wait_for('what makes room hangs', lambda: sleepers('ditto_room'))
            other.part(h, clients[1], 'q', data[1]['q'])
            eq(h.fill.get(other.path('p'))['state'], 'offloaded', 'what gave way')
        giving.join()
        h.done(request)
        stuck.part(h, clients[0], 'q', data[0]['q'])


@test(offload=True)
def full_disk_and_faults(w):
    """A release that fails half way through loses nothing."""
    disk = SmallDisk(w)
    with helper(w) as h:
        data = {name: offloaded(w, h, disk.path(name), pattern(name, RANGE + 4 * MIB))
                for name in 'pqr'}
        disk.leave(8 * MIB + MIB // 2)
        n = w.client.nfs(path=disk.volume.where)
        for point, gone in (('release-record', False), ('release-recorded', True),
                            ('release-freed', True)):
            disk.part(h, n, 'p', data['p'])
            Point.order(f'{point} {errno.EIO}')
            try:
                disk.part(h, n, 'q', data['q'])
            finally:
                Point.order('off')
            eq(h.fill.get(disk.path('p'))['state'], 'offloaded' if gone else 'partial', point)
            for name in 'pqr':
                disk.part(h, n, name, data[name])


@test(offload=True)
def full_disk_and_faults_of_whole_files(w):
    """The same for a file that came back whole."""
    disk = SmallDisk(w)
    with helper(w) as h:
        data = {name: offloaded(w, h, disk.path(name), pattern(name, 4 * MIB + 5)) for name in 'ab'}
        n = w.client.nfs(path=disk.volume.where)

        def back(name):
            fh = n.lookup(n.root, name).fh
            r = settled(n.read, fh, 4 * MIB, 100)
            wait_for('the recall has ended',
                     lambda: h.fill.get(disk.path(name))['state'] != 'recalling')
            n.lookup(n.root, name)
            return r

        for point in AGAIN:
            eq(back('a').data, data['a'][4 * MIB:4 * MIB + 100], 'data of a')
            disk.leave(3 * MIB)
            Point.order(f'{point} {errno.EIO}')
            try:
                one_of(back('b').status, (nfs3.OK, nfs3.NOSPC), f'READ of b at {point}')
            finally:
                Point.order('off')
            os.unlink(disk.path('filler'))
            for name in 'ab':
                wait_for('all data', lambda name=name: local(disk.path(name)) == data[name])
                h.fill.release(disk.path(name), f'store\n{disk.path(name)}'.encode())


@test(offload=True)
def disk_that_holds_less(w):
    """A range is not in the file if the disk did not take its data, whoever heard of that."""
    below, where = f'{w.base}/below', f'{w.base}/disk'
    os.mkdir(below)
    mount('e2e', below, 'tmpfs', 0, 'size=112m')
    w.volumes.append(types.SimpleNamespace(umount=lambda: umount(below)))
    w.volume(where, 'ext4', '96m', f'{below}/image', ['-b', '4096', '-J', 'size=4'])
    w.server.add('disk', where, offload=True)
    data, path = pattern('f', RANGE + 65536), f'{where}/f'
    put(path, b'', 0o666)
    with helper(w, lambda request: 'hold') as h:
        offloaded(w, h, path, data)
        # The image has what is in use, and no room for anything else.
        with open(f'{below}/image', 'rb+') as f:
            os.posix_fallocate(f.fileno(), 0, 96 * MIB)
        os.sync()
        run('fstrim', where)
        with contextlib.suppress(OSError), open(f'{below}/filler', 'wb', buffering=0) as f:
            while True:
                f.write(bytes(4096))
        n = w.client.nfs(path=where)
        fh = n.lookup(n.root, 'f').fh
        point = Point('commit-data', None)
        try:
            eq(n.read(fh, RANGE, 4096).status, nfs3.JUKEBOX, 'READ')
            wait_for('the request', lambda: h.held)
            request = h.held.pop()
            h.part(request, request.offset, request.offset + request.length)
            h.done(request)
            point.wait()
            os.sync()
            eq(n.commit(fh).status, nfs3.NOSPC, 'COMMIT')
            os.unlink(f'{below}/filler')
        finally:
            point.go_on()
        wait_for('the end of the recall', lambda: h.fill.get(path)['state'] != 'recalling')
    # Now all comes from the disk.
    w.server.restart()
    put('/proc/sys/vm/drop_caches', b'3')
    with helper(w) as h:
        h.store[b'store\n' + path.encode()] = data
        n = w.client.nfs(path=where)
        r = settled(n.read, n.lookup(n.root, 'f').fh, RANGE, 4096)
        eq((r.status, r.data == data[RANGE:RANGE + 4096]), (nfs3.OK, True), 'READ')


class Writers:
    """Clients on a disk that is full of data that came back whole, and may give way.

    The disk has files of 4 MiB in @names, and those of the clients: of NFSv3, NFSv4.2 and SMB.
    """

    def __init__(self, w, h, disk, smb, names='abcde'):
        self.h, self.disk, self.smb = h, disk, smb
        os.mkdir(self.disk.path('dir'))
        os.chmod(self.disk.path('dir'), 0o777)
        for name in ('v3', 'v4', 'smb', 'v4-alloc', 'smb-alloc'):
            put(self.disk.path(name), b'', 0o666)
            os.chmod(self.disk.path(name), 0o666)
        self.data = {name: offloaded(w, h, self.disk.path(name), pattern(name, 4 * MIB))
                     for name in names}
        self.nfs = w.client.nfs(path=self.disk.volume.where)
        for name in names:
            self.back(name)
        self.v4 = V41.at(w, minor=2)
        self.v4.root = self.v4.fh('small')
        self.opens = {name: opened(self.v4, name, nfs4.BOTH) for name in ('v4', 'v4-alloc')}
        self.fids = {name: self.smb.create(name, how=smb2.OPEN) for name in ('smb', 'smb-alloc')}

    def back(self, name):
        fh = self.nfs.lookup(self.nfs.root, name).fh
        for _ in range(2):
            r = settled(self.nfs.read, fh, 0, 4096)
            eq((r.status, r.data == self.data[name][:4096]), (nfs3.OK, True), f'READ of {name}')
        wait_for('the recall has ended', lambda: self.state(name) == 'resident')
        self.nfs.lookup(self.nfs.root, name)

    def state(self, name):
        return self.h.fill.get(self.disk.path(name))['state']

    def gone(self):
        """Files without blocks."""
        return [name for name in self.data
                if os.stat(self.disk.path(name)).st_blocks * 512 < 4 * MIB]

    def write3(self):
        return self.nfs.write(self.nfs.lookup(self.nfs.root, 'v3').fh, 0, b'3' * 65536)

    def make3(self):
        return self.nfs.mkdir(self.nfs.lookup(self.nfs.root, 'dir').fh, 'new')

    def write4(self):
        sid, fh = self.opens['v4']
        return self.v4.compound(putfh(fh), nfs4.write(sid, 0, b'4' * 65536))

    def allocate4(self):
        sid, fh = self.opens['v4-alloc']
        return self.v4.compound(putfh(fh), allocate(sid, 0, 2 * MIB))

    def smb_requests(self):
        """WRITE, and the size of an allocation; SET_INFO has no interim answer."""
        s, fids = self.smb, self.fids
        return [s.send(smb2.WRITE, smb2.write_body(fids['smb'], b's' * 65536, 0)),
                s.send(smb2.SET_INFO, smb2.set_body(fids['smb-alloc'], 19,
                                                    struct.pack('<Q', 2 * MIB)))]

    def end(self):
        self.smb.end()
        for name, data in self.data.items():
            fh = self.nfs.lookup(self.nfs.root, name).fh
            got = b''.join(settled(self.nfs.read, fh, pos, 65536).data
                           for pos in range(0, len(data), 65536))
            eq(got == data, True, f'data of {name}')


def writers(w, kind):
    """Who writes to a full disk waits without a thread until something has given way."""
    disk = SmallDisk(w, kind)
    # The helper of the tests logs nobody in.
    smb = smb2.Smb2(w.client, share='small')
    w.server.helper_stop('KILL')
    with helper(w) as h:
        d = Writers(w, h, disk, smb)
        point = Point('release-record', None)
        try:
            d.disk.fill()
            eq(d.gone(), [], 'what has given way')
            eq(d.write3().status, nfs3.JUKEBOX, 'WRITE of NFSv3')
            eq(d.write4().status, nfs4.DELAY, 'WRITE of NFSv4')
            eq(d.allocate4().status, nfs4.DELAY, 'ALLOCATE')
            numbers = d.smb_requests()
            eq(d.smb.answer(numbers[0], pending=True)[0], smb2.PENDING, 'WRITE of SMB')
            point.wait()
        finally:
            point.go_on()
        for number in numbers:
            eq(d.smb.answer(number)[0], smb2.OK, 'SMB')
        eq(settled(d.write3).status, nfs3.OK, 'WRITE of NFSv3')
        for what in (d.write4, d.allocate4):
            eq(nfs4.again_while_delayed(what, lambda r: r.status).status, nfs4.OK, what.__name__)
        eq(settled(d.make3).status, nfs3.OK, 'MKDIR')
        for name, what in (('v3', b'3'), ('v4', b'4'), ('smb', b's')):
            eq(local(d.disk.path(name)), what * 65536, name)
        eq(bool(d.gone()), True, 'something has given way')
        eq(d.write3().status, nfs3.OK, 'WRITE of NFSv3')

        # If nothing gives way, the answer is that of a full disk.
        for name in d.data:
            os.setxattr(d.disk.path(name), MARK, b'pin')
        d.disk.fill()
        for name in ('v3', 'v4', 'smb'):
            os.truncate(d.disk.path(name), 0)
        d.disk.fill()
        eq(settled(d.write3).status, nfs3.NOSPC, 'WRITE of NFSv3')
        eq(nfs4.again_while_delayed(d.write4, lambda r: r.status).status, nfs4.NOSPC, 'of NFSv4')
        smb2.refused('DISK_FULL', d.smb.write, d.fids['smb'], b's' * 65536)
        os.unlink(d.disk.path('more'))
        d.end()
    w.server.helper_start(w.server.conf)


@test(smb=True, offload=True)
def writers_on_ext4(w):
    writers(w, 'ext4')


@test(smb=True, offload=True)
def writers_on_xfs(w):
    writers(w, 'xfs')


@test(smb=True, offload=True)
def names_that_find_no_inode(w):
    """Room that does not help is made once, not for ever."""
    disk = SmallDisk(w, options=['-N', '64'])
    smb = smb2.Smb2(w.client, share='small')
    w.server.helper_stop('KILL')
    with helper(w) as h:
        d = Writers(w, h, disk, smb)
        put(disk.path('filler'), b'')
        number = 0
        with contextlib.suppress(OSError):
            while True:
                put(disk.path(f'empty{number}'), b'')
                number += 1
        d.disk.leave(MIB // 2)
        smb2.refused('DISK_FULL', smb.create, 'new')
        eq(bool(d.gone()), True, 'something has given way')
        eq(settled(d.make3).status, nfs3.NOSPC, 'MKDIR')
        eq(d.write3().status, nfs3.OK, 'WRITE of NFSv3')
        d.end()
    w.server.helper_start(w.server.conf)


@test(smb=True, offload=True)
def lists_do_not_wait(w):
    """An access control list that finds no room is refused, and does not wait for it."""
    disk = SmallDisk(w)
    smb = smb2.Smb2(w.client, share='small')
    w.server.helper_stop('KILL')
    with helper(w) as h:
        d = Writers(w, h, disk, smb)
        everyone = 0, 0, 0x1f01ff, 'EVERYONE@'
        some = [(1, 0, 1, f'S-1-5-21-1-2-3-{1000 + i}@') for i in range(60)] + [everyone]
        point = Point('release-record', None)
        try:
            d.disk.fill()
            fh = d.opens['v4'][1]
            eq(d.v4.compound(putfh(fh), nfs4.setattr(nfs4.ANON, {'acl': some})).status, nfs4.NOSPC,
               'SETATTR of a list')
            eq(d.v4.compound(putfh(fh), nfs4.setattr(d.opens['v4'][0], {
                'size': 0, 'acl': [everyone]})).status, nfs4.OK, 'SETATTR that needs no room')
        finally:
            point.go_on()
        os.unlink(disk.path('more'))
        d.end()
    w.server.helper_start(w.server.conf)


@test(smb=True, offload=True)
def share_goes_while_writers_wait(w):
    """Who waits for room is answered when the share is removed, and before by a cancel."""
    disk = SmallDisk(w)
    w.server.ctl('server', 'set', 'offload-wait-ms', '30000')
    smb = smb2.Smb2(w.client, share='small')
    w.server.helper_stop('KILL')
    with helper(w) as h:
        d = Writers(w, h, disk, smb)
        d.nfs.timeout = 60
        fh = d.nfs.lookup(d.nfs.root, 'v3').fh
        point = Point('release-record', None)
        answers = []
        try:
            d.disk.fill()
            number, cancelled = (smb.send(smb2.WRITE, smb2.write_body(d.fids['smb'],
                                                                      b's' * 65536, 0))
                                 for _ in range(2))
            for one in number, cancelled:
                eq(smb.answer(one, pending=True)[0], smb2.PENDING, 'WRITE of SMB')
            smb.cancel(cancelled)
            eq(smb2.NAMES[smb.answer(cancelled)[0]], 'CANCELLED', 'after a cancel')
            point.wait()
            writing = threading.Thread(
                target=lambda: answers.append(d.nfs.write(fh, 0, b'3' * 1024)), daemon=True)
            going = threading.Thread(target=w.server.delete, args=('small',), daemon=True)
            writing.start()
            going.start()
            wait_for('the removal has begun',
                     lambda: 'small' not in [s['name'] for s in w.server.json('share', 'list')])
        finally:
            point.go_on()
        eq(smb2.NAMES[smb.answer(number)[0]], 'NETWORK_NAME_DELETED', 'WRITE of SMB')
        going.join(60)
        eq('small' in w.server.shares, False, 'share')
        writing.join(60)
        eq(len(answers), 1, 'answers of NFSv3')
        smb.end()
    w.server.helper_start(w.server.conf)


def local_writer(w, kind):
    """What came back gives way to local processes, too, if they leave a moment for that."""
    with helper(w) as h:
        disk = SmallDisk(w, kind)
        names = 'abcd'
        data = {name: offloaded(w, h, disk.path(name), pattern(name, 4 * MIB)) for name in names}
        n = w.client.nfs(path=disk.volume.where)
        for name in names:
            fh = n.lookup(n.root, name).fh
            for _ in range(2):
                eq(settled(n.read, fh, 0, 4096).status, nfs3.OK, f'READ of {name}')
            wait_for('the recall has ended',
                     lambda name=name: h.fill.get(disk.path(name))['state'] == 'resident')
            n.lookup(n.root, name)
        # Most of the room is for the headroom; without it, nobody may write any more.
        with open(disk.path('filler'), 'wb') as f:
            os.posix_fallocate(f.fileno(), 0, disk.free() - MIB)
        with open(disk.path('local'), 'wb', buffering=0) as f:
            for _ in range(48):
                wait_for('room', lambda: disk.free() >= MIB // 2)
                f.write(bytes(MIB // 4))
                os.fsync(f.fileno())
        eq('offloaded' in [h.fill.get(disk.path(name))['state'] for name in names], True,
           'something has given way')
        os.unlink(disk.path('filler'))
        for name in names:
            eq(local(disk.path(name)) == data[name], True, f'data of {name}')


@test(offload=True)
def local_writer_on_ext4(w):
    local_writer(w, 'ext4')


@test(offload=True)
def local_writer_on_xfs(w):
    local_writer(w, 'xfs')


@test(offload=True)
def recalls_leave_room_for_writers(w):
    """The last room of a disk is not taken by data that comes back."""
    disk = SmallDisk(w)
    with helper(w) as h:
        data = offloaded(w, h, disk.path('f'), pattern('f', 4 * MIB))
        put(disk.path('new'), b'')
        os.chmod(disk.path('new'), 0o666)
        n = w.client.nfs(path=disk.volume.where)
        fh = n.lookup(n.root, 'f').fh
        # The range fits, but would leave 32 KiB.
        with open(disk.path('filler'), 'wb') as f:
            os.posix_fallocate(f.fileno(), 0, disk.free() - 4 * MIB - 32768)
        eq(4 * MIB < disk.free() < 4 * MIB + 40000, True, f'{disk.free()} bytes are free')
        eq(settled(n.read, fh, 4 * MIB - 100, 100).status, nfs3.NOSPC, 'READ')
        eq(n.write(n.lookup(n.root, 'new').fh, 0, b'x' * 32768).status, nfs3.OK, 'WRITE')
        os.unlink(disk.path('filler'))
        # Its beginning may be here; the rest is asked for again after a while.
        wait_for('all of it', lambda: local(disk.path('f')) == data)


def share_comes_again(w, kind):
    """What gave way before the last share was removed does so when there is one again."""
    disk = SmallDisk(w, kind)
    where = disk.volume.where

    def again():
        path, options = w.server.shares['small']
        w.server.delete('small')
        w.server.serve('small', path, **options)

    with helper(w) as h:
        data = {name: offloaded(w, h, disk.path(name), pattern(name, 4 * MIB)) for name in 'ab'}
        data['c'] = offloaded(w, h, disk.path('c'), pattern('c', RANGE))
        data['p'] = offloaded(w, h, disk.path('p'), pattern('p', RANGE + 4 * MIB))
        n = w.client.nfs(path=where)

        def back(name):
            fh = n.lookup(n.root, name).fh
            for _ in range(2):
                eq(settled(n.read, fh, 0, 4096).status, nfs3.OK, f'READ of {name}')
            wait_for('the recall has ended', lambda: h.fill.get(disk.path(name))['resident'])
            n.lookup(n.root, name)

        for name in 'ab':
            back(name)
        disk.part(h, n, 'p', data['p'])
        with open(disk.path('b'), 'r+b') as f:
            f.write(b'changed')
        data['b'] = b'changed' + data['b'][7:]
        again()
        again()
        eq([bool(h.fill.get(disk.path(name))['cookie']) for name in 'ab'], [True, False], 'stored')
        disk.leave(MIB)
        n = w.client.nfs(path=where)
        fh = n.lookup(n.root, 'c').fh
        wait_for('room', lambda: settled(n.read, fh, 0, 4096).status == nfs3.OK)
        # It needs the room of both.
        eq([h.fill.get(disk.path(name))['state'] for name in 'abp'],
           ['offloaded', 'resident', 'offloaded'], 'what has given way')
        os.unlink(disk.path('filler'))
        for name, content in data.items():
            eq(local(disk.path(name)) == content, True, f'data of {name}')

        # Another mount: what happened to the file system meanwhile is not known.
        h.fill.release(disk.path('a'), f'store\n{disk.path("a")}'.encode())
        n.lookup(n.root, 'a')
        back('a')
        eq(bool(h.fill.get(disk.path('a'))['cookie']), True, 'is stored')
        path, options = w.server.shares['small']
        w.server.delete('small')
        disk.volume.umount()
        disk.volume.mount()
        w.server.serve('small', path, **options)
        eq(bool(h.fill.get(disk.path('a'))['cookie']), False, 'is not stored')


class LimitedProject:
    """A share with offloaded files of a project of XFS, below work/, and others."""

    def __init__(self, w, h, data):
        self.h, self.data = h, data
        self.where, self.loop = prepare(w, 'xfs', f'{w.base}/limited')
        w.volumes.append(types.SimpleNamespace(umount=lambda: umount(self.where)))
        w.server.add('limited', self.where, squash='none', offload=True)
        w.server.ctl('server', 'set', 'offload-read-ahead', '0')
        for name, content in data.items():
            offloaded(w, h, f'{self.where}/{name}', content)
        self.n = w.client.nfs(path=self.where)
        self.work = self.n.lookup(self.n.root, 'work').fh

    def limit(self, soft, hard):
        limit(self.loop, PROJECT, WORK, soft, hard)

    def read(self, *names):
        for name in names:
            data = self.data[name]
            fh = self.n.lookup(self.work if '/' in name else self.n.root,
                               os.path.basename(name)).fh
            got = b''.join(settled(self.n.read, fh, pos, 65536).data
                           for pos in range(0, len(data), 65536))
            eq(got == data, True, f'data of {name}')
            wait_for('the recall has ended',
                     lambda name=name: self.states(name) == ['resident'])
            # What nobody has looked up since it is whole stays for a while.
            self.n.getattr(fh)

    def states(self, *names):
        return [self.h.fill.get(f'{self.where}/{name}')['state'] for name in names or self.data]


def of_ranges(*names):
    return {name: pattern(name, RANGE) for name in names}


@test(offload=True)
def full_project(w):
    """On XFS, data of a project gives way in it when its quota is used up, and no other data."""
    with helper(w) as h:
        others = [f'other{i}' for i in range(40)]
        work = [f'work/{name}' for name in 'abc']
        d = LimitedProject(w, h, {**{name: pattern(name, 65536) for name in others},
                                  **of_ranges(*work)})
        d.limit(0, 2 * RANGE + RANGE // 2 + 300_000)
        d.read(*others, 'work/a', 'work/b')
        # A recall that finds the quota used up, and more files of no project than it would try.
        d.read('work/c')
        eq(d.states(*work), ['offloaded', 'resident', 'resident'], 'a has given way')
        # A write. What it needs are b, and then c.
        fh, size = d.n.create(d.work, 'new').fh, MIB // 2
        for at in range(0, 2 * RANGE, size):
            eq(settled(d.n.write, fh, at, d.data['work/a'][at % RANGE:][:size]).status, nfs3.OK, at)
        eq(d.states(*work), 3 * ['offloaded'], 'have given way')
        # Nothing else is in the project.
        got = [settled(d.n.write, fh, at, bytes(size)).status
               for at in range(2 * RANGE, 3 * RANGE, size)]
        eq(set(got), {nfs3.OK, nfs3.NOSPC}, 'beyond the quota')
        eq(set(d.states(*others)), {'resident'}, 'files that are in no project')


@test(offload=True)
def full_project_soft(w):
    """What is beyond a soft limit may come back, and nothing gives way for it."""
    with helper(w) as h:
        d = LimitedProject(w, h, of_ranges('work/a', 'work/b', 'work/c'))
        d.limit(RANGE, 0)
        d.read(*d.data)
        eq(d.states(), 3 * ['resident'], 'without another limit')
        h.fill.release(f'{d.where}/work/a', f'store\n{d.where}/work/a'.encode())
        d.limit(RANGE, 8 * RANGE)
        d.read('work/a')
        eq(d.states(), 3 * ['resident'], 'with one that is far away')


@test(offload=True)
def full_project_of_root(w):
    """The same if the root of the file system is in the project."""
    with helper(w) as h:
        d = LimitedProject(w, h, of_ranges('other', 'work/a', 'work/b', 'work/c'))
        run('chattr', '-p', str(WORK), '+P', d.where)
        d.limit(RANGE, 2 * RANGE + RANGE // 2 + 300_000)
        d.read(*d.data)
        eq(d.states(), ['resident', 'offloaded', 'resident', 'resident'], 'what has given way')


@test(offload=True)
def share_comes_again_on_ext4(w):
    share_comes_again(w, 'ext4')


@test(offload=True)
def share_comes_again_on_xfs(w):
    share_comes_again(w, 'xfs')

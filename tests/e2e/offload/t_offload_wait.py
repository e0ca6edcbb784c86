# SPDX-License-Identifier: GPL-2.0-only
"""Calls of NFSv3 that wait for offloaded data without a thread."""
import errno
import os
import struct

import gss
import nfs3
import rpc
from checks import eq, wait_for
from client_lists import budget
from fault_points import Point
from files import MIB, get
from harness import test
from helper_files import RANGE, SIZE, helper, local, offloaded, settled
from kdc import HOST
from nfs3 import NFS, sattr
from processes import as_user
from recall_calls import PIECE, read, status
from rpc import Enc
from rpc_batches import replies
from smb import UIDS, USERS
from smb2 import IOCTL, OK, OPEN, PENDING, Smb2, ioctl_body
from smb_copy import OFFLOAD_WRITE, offload_read
from smb_pieces import CREDIT, noise, writer
from store_files import content, digest, mounts, offloaded as pushed, sha
from stores import Store
from volumes import mount

# The limit of one machine (net/budget_limits.c).
LIMIT = 1024


def parked(w):
    """Calls of the client that wait."""
    return budget(w).get('parked-calls', (0, 0))[0]


def cut(xid, fh, size):
    args = Enc().opaque(fh).fixed(sattr(size=size)).u32(0).bytes()
    return rpc.call_bytes(NFS, 3, nfs3.SETATTR, args, xid=xid)


def park(w, n, fh, count):
    """Send READs that find no data."""
    before = parked(w)
    for xid in range(1, count + 1):
        n.rpc.send(read(xid, fh))
    wait_for('all calls are parked', lambda: parked(w) == before + count)


def hold(w, threads=2, wait=60000):
    for name, value in (('threads', threads), ('offload-read-ahead', 0)):
        w.server.ctl('server', 'set', name, str(value))
    return helper(w, lambda request: 'hold', wait)


def file(w, h, name='f'):
    """An offloaded file; returns its data, a connection, and the file's handle."""
    data = offloaded(w, h, name)
    n = w.client.nfs(timeout=60)
    return data, n, n.lookup(n.root, name).fh


def others_go_on(w, fast):
    w.server.ctl('server', 'set', 'fast-path', fast)
    with hold(w) as h:
        data, n, fh = file(w, h)
        other = w.client.nfs(timeout=60)
        park(w, n, fh, 40)
        for c in (other, n):
            eq(c.getattr(fh).status, nfs3.OK, 'GETATTR')
            eq(c.lookup(c.root, 'missing').status, nfs3.NOENT, 'LOOKUP')
        eq(parked(w), 40, 'calls that wait')
        h.go()
        for xid, (stat, _, body) in replies(n.rpc, 40).items():
            eq((stat, status(body)), (rpc.SUCCESS, nfs3.OK), 'READ')
            eq(body[-PIECE:], data[xid * PIECE:][:PIECE], 'what was read')
        wait_for('no call is parked', lambda: not parked(w))
        eq(len(h.requests), 1, 'requests')


@test(offload=True)
def fast_path(w):
    """Forty calls wait, and two threads answer all others."""
    others_go_on(w, '1')


@test(offload=True)
def slow_path(w):
    """The same for calls that sunrpc receives."""
    others_go_on(w, '0')


@test(offload=True)
def the_time_is_over(w):
    """A call that has waited for long enough is told to try again, and so is one that may not wait."""
    with hold(w, wait=1) as h:
        data, n, fh = file(w, h)
        for wait in (1, 0):
            w.server.ctl('server', 'set', 'offload-wait-ms', str(wait))
            eq(n.read(fh, 0, 100).status, nfs3.JUKEBOX, f'READ with {wait} ms')
            eq(n.read(fh, RANGE - 50, 100).status, nfs3.JUKEBOX, f'READ with {wait} ms')
        w.server.ctl('server', 'set', 'offload-wait-ms', '60000')
        h.go()
        r = n.read(fh, RANGE - 50, 100)
        eq((r.status, r.data), (nfs3.OK, data[RANGE - 50:RANGE + 50]), 'READ of two ranges')


@test(offload=True)
def the_recall_fails(w):
    with hold(w) as h:
        _, n, fh = file(w, h)
        park(w, n, fh, 3)
        h.go((5, 'no store'))
        eq([status(body) for _, _, body in replies(n.rpc, 3).values()], [nfs3.IO] * 3, 'READ')


@test(offload=True)
def too_many(w):
    """Beyond the limit of a machine calls are told to try again."""
    with hold(w) as h:
        data, n, fh = file(w, h)
        other = w.client.nfs(timeout=60)
        park(w, n, fh, LIMIT)
        eq(other.read(fh, 0, 100).status, nfs3.JUKEBOX, 'READ beyond the limit')
        h.go()
        for xid, (_, _, body) in replies(n.rpc, LIMIT).items():
            eq((status(body), body[-PIECE:]), (nfs3.OK, data[xid * PIECE:][:PIECE]), 'READ')


@test(offload=True)
def once(w):
    """A call that is in the reply cache waits, is sent again, and is executed once."""
    with hold(w, threads=1) as h:
        data, n, fh = file(w, h)
        for parked_now in (1, 2):
            n.rpc.send(cut(7, fh, RANGE + 100))
            wait_for('it is parked', lambda: parked(w) == parked_now)
        h.go()
        answers = [n.rpc.recv() for _ in range(2)]
        eq([(r.xid, status(r.body)) for r in answers], [(7, nfs3.OK)] * 2, 'SETATTR')
        eq(answers[0].body, answers[1].body, 'the second answer is the first one again')
        eq(local(w.path('f')) == data[:RANGE + 100], True, 'content')


@test(offload=True)
def connection_ends(w):
    """Nothing is kept for a client that has gone, or was disconnected."""
    with hold(w) as h:
        _, n, fh = file(w, h)
        park(w, n, fh, 30)
        n.rpc.close()
        wait_for('no call is parked', lambda: not parked(w))
        n = w.client.nfs(timeout=60)
        park(w, n, fh, 30)
        w.server.ctl('client', 'disconnect', w.client.addr)
        wait_for('no call is parked', lambda: not parked(w))
        eq(len(h.held), 1, 'the recall goes on')


@test(offload=True, share=False)
def share_ends(w):
    """A share is removed at once while calls wait for its data."""
    with hold(w) as h:
        w.server.add('data', w.export, offload=True)
        _, n, fh = file(w, h)
        park(w, n, fh, 30)
        w.server.delete('data')
        eq({status(body) for _, _, body in replies(n.rpc, 30).values()}, {nfs3.STALE}, 'READ')
        wait_for('no call is parked', lambda: not parked(w))


@test(offload=True)
def server_ends(w):
    """The modules are unloaded while calls wait."""
    with hold(w) as h:
        data, n, fh = file(w, h)
        store = h.store
        park(w, n, fh, 30)
        w.server.restart()
    with helper(w) as h:
        h.store = store
        eq(get(f'{w.client.mount()}/f') == data, True, 'content')


@test(offload=True)
def clients_of_all_versions(w):
    """Kernel clients read and write, with the setting's default."""
    with helper(w, wait=3000) as h:
        for vers in ('3', '4.0', '4.2'):
            m = w.client.mount(vers=vers)
            data = bytearray(offloaded(w, h, f'f{vers}'))
            eq(get(f'{m}/f{vers}') == data, True, f'content over {vers}')
            data = bytearray(offloaded(w, h, f'g{vers}'))
            with open(f'{m}/g{vers}', 'r+b') as f:
                f.seek(2 * RANGE)
                f.write(b'new')
            data[2 * RANGE:2 * RANGE + 3] = b'new'
            eq(get(f'{m}/g{vers}') == data, True, f'changed over {vers}')
            eq(len(data), SIZE, 'size')


@test(smb=True, offload=True, squash='root-to-admin', timeout=240)
def flavours(w):
    """Calls whose arguments were protected are executed again, too."""
    os.chmod(w.export, 0o777)
    realm = gss.Realm(w, USERS)
    realm.ticket(w.client, 'alice', USERS['alice'], UIDS['alice'])
    w.server.set('data', sec=['krb5', 'krb5i', 'krb5p', 'sys'])
    w.server.ctl('server', 'set', 'offload-wait-ms', '60000')
    s = Store(w)
    for sec in ('krb5', 'krb5i', 'krb5p'):
        data = content(sec, 2 * MIB)
        pushed(s, w.path(sec), data)
        where = f'{w.base}/{sec}'
        os.mkdir(where)
        with w.client:
            mount(f'{HOST}:{w.export}', where, 'nfs', 0,
                  f'vers=3,sec={sec},{w.client._options3("tcp")}')
        w.client.mounts.append(where)
        eq(as_user(UIDS['alice'], lambda at=f'{where}/{sec}': sha(get(at))), sha(data), sec)
        w.client.umount(where)
    read_calls = next(r for r in w.server.json('stats', 'nfs3') if r['op'] == 'READ')
    eq(read_calls['errors'], 0, 'calls that were told to try again')
    realm.stop()


def first_chunk(s, data):
    """Path and length of the chunk with which content begins, which was just pushed."""
    for path in s.requests('PUT', 'chunks/'):
        envelope = s.call('GET', path.split('/', 2)[2])
        # The content, which cannot be compressed, follows the header (Documentation/offload.md).
        if envelope[64:96] == data[:32]:
            return path, struct.unpack_from('<Q', envelope, 16)[0]
    raise AssertionError('no chunk has the begin of the content')


@test(smb=True, offload=True, timeout=300)
def first_chunk_is_enough(w):
    """A reader gets the data of the first chunk while the store holds back the others."""
    # Without a key the name of a chunk does not depend on the test.
    s, size = Store(w, more='encryption = off', timeout=120), 16 * MIB
    for kind, where in mounts(w.client).items():
        data = content(kind, size)
        s.forget()
        pushed(s, w.path(kind), data)
        name, length = first_chunk(s, data)
        eq(MIB <= length < RANGE, True, f'a chunk of {length} bytes is less than a range')
        s.forget()
        s.mode(f'only {name}')
        try:
            with open(f'{where}/{kind}', 'rb', buffering=0) as f:
                for at in (0, MIB // 2):
                    eq(os.pread(f.fileno(), 4096, at) == data[at:at + 4096], True,
                       f'data at {at} over {kind}')
                wait_for('the next chunk is asked for',
                         lambda name=name: set(s.requests('GET', 'chunks/')) - {name})
                eq(s.states(w.path(kind))['resident'], 0, 'all data is here')
        finally:
            s.mode('ok')
        eq(digest(f'{where}/{kind}'), sha(data), f'content over {kind}')


@test(smb=True, offload=True, squash='none')
def writes_of_smb(w):
    """Data that wait in the memory of the network count as what the client holds."""
    store = Store(w, timeout=120)
    s, fid = writer(w)
    want = bytearray(content('f', 2 * MIB))
    s.close(fid)
    pushed(store, w.path('f'), bytes(want))
    fid = s.ready('f')
    store.mode('only nothing')
    try:
        asked = []
        for at in range(0, 20 * CREDIT, CREDIT):
            want[at:at + CREDIT] = noise(at, CREDIT)
            number, frame = s.request(fid, want[at:at + CREDIT], at)
            s.socket.sendall(frame)
            eq(s.answer(number, pending=True)[0], PENDING)
            asked.append(number)
        eq(budget(w)['memory-bytes'][0] >= len(asked) * CREDIT, True, budget(w))
    finally:
        store.mode('ok')
    for number in asked:
        s.wrote(number, CREDIT)
    eq(get(w.path('f')) == want, True)
    s.end()


@test(smb=True, offload=True, squash='none', timeout=300)
def copy_within_a_file(w):
    """OFFLOAD_WRITE within one file goes on behind what it copied before it had to wait."""
    w.server.ctl('server', 'set', 'offload-read-ahead', '0')
    store, size = Store(w, timeout=120), 3 * RANGE
    data = content('f', 2 * size)
    pushed(store, w.path('f'), data)
    os.chmod(w.path('f'), 0o666)
    s = Smb2(w.client)
    fid = s.create('f', how=OPEN)
    # The end of the source is missing, beyond what is copied at once.
    for i in 0, 1, 3, 4, 5:
        last = (i + 1) * RANGE - 1
        eq(s.read(fid, 1, last), data[last:last + 1])
    eq(store.states(w.path('f'))['partial'], 1, 'a range is missing')
    count, token = offload_read(s, fid, 0, size)
    eq(count, size)
    point = Point('fill-write', None)
    try:
        number = s.send(IOCTL, ioctl_body(fid, OFFLOAD_WRITE,
                                          struct.pack('<IIQQQ', 544, 0, size, size, 0) + token))
        point.wait()
    finally:
        point.go_on()
    eq(s.answer(number)[0], OK)
    s.end()
    eq(get(w.path('f')) == 2 * data[:size], True)


@test(fs='ext4', offload=True)
def beginning_of_a_range(w):
    """What has come of a range is read at once; what is behind it, and a write, wait."""
    with hold(w) as h:
        data, n, fh = file(w, h)
        other = w.client.nfs(timeout=60)
        other.rpc.send(cut(7, fh, RANGE - 100))
        n.rpc.send(read(1, fh))
        wait_for('both calls wait', lambda: parked(w) == 2)
        wait_for('the request', lambda: h.held)
        request = h.held.pop()
        h.part(request, 0, 3 * MIB + 5)
        eq(replies(n.rpc, 1)[1][2][-PIECE:], data[PIECE:2 * PIECE], 'what has come')
        w.server.ctl('server', 'set', 'offload-wait-ms', '0')
        r = n.read(fh, 3 * MIB, 5)
        eq((r.status, r.data), (nfs3.OK, data[3 * MIB:3 * MIB + 5]), 'the last bytes')
        eq(n.read(fh, 3 * MIB, 6).status, nfs3.JUKEBOX, 'READ of one byte more')
        eq(n.write(fh, 0, b'new').status, nfs3.JUKEBOX, 'WRITE')
        told = h.fill.get(w.path('f'))
        eq((told['state'], told['resident']), ('recalling', 0), 'what the administrator sees')
        eq(parked(w), 1, 'the call that cuts the range waits')
        h.part(request, 3 * MIB + 5, RANGE)
        h.done(request)
        eq(status(other.rpc.recv().body), nfs3.OK, 'SETATTR')
        eq(local(w.path('f')) == data[:RANGE - 100], True, 'content')


@test(fs='ext4', offload=True)
def beginning_cannot_be_written(w):
    """If the disk fails, a reader gets an error and not what is in memory."""
    for point in ('flush-data', 'flush-done'):
        with hold(w, wait=0) as h:
            data, n, fh = file(w, h, point)
            eq(n.read(fh, 0, 100).status, nfs3.JUKEBOX, 'READ')
            wait_for('the request', lambda h=h: h.held)
            request = h.held.pop()
            order = Point(point, None)
            try:
                order.fail(errno.EIO)
                h.part(request, 0, MIB)
                wait_for('the disk is written to', order.reached)
                eq(n.read(fh, 0, 100).status, nfs3.JUKEBOX, 'READ of what is in memory')
                h.part(request, MIB, RANGE)
                h.done(request)
                eq(settled(n.read, fh, 0, 100).status, nfs3.IO, 'READ after the recall')
            finally:
                order.go_on()
            h.go()
            wait_for('the next attempt', lambda n=n, fh=fh:
                     settled(n.read, fh, 0, 100).status == nfs3.OK)
            eq(n.read(fh, 0, 100).data, data[:100], 'what came then')

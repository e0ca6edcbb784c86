# SPDX-License-Identifier: GPL-2.0-only
"""Copies within the server beside claims of the other protocol, by SMB and by NFSv4.2."""
import os
import struct

from impacket.smb3structs import SMB2_DIALECT_30

import nfs4
import nlm
from checks import eq, one_of
from files import MIB, get, pattern, put
from harness import test
from nfs4 import ANON, putfh
from nfs42_copiers import SIZE, copier_to, jobs, source
from nfs4_copy import between, copy
from nfs4_opens import V41, last
from nlm_lockers import connect, status
from processes import run
from smb2 import (AT_ONCE, EXCLUSIVE, GENERIC_READ, GENERIC_WRITE, SHARED, SHARE_READ, SHARE_WRITE,
                  Smb2, Status, refused)
from smb_cachers import H, R, W, Cacher, key
from smb_copy import COPYCHUNK, DUPLICATE, RESUME_KEY, offload_read, offload_write, settle
from smbraw import link
from volumes import frozen

PIECE = 4096


class Copies:
    """Files 'from' and 'to' of three pieces, open in a session of SMB, with locks by NLM."""

    def __init__(self, w):
        self.w, self.data, self.old = w, pattern(1, 3 * PIECE), bytes(3 * PIECE)
        os.chmod(w.export, 0o777)
        put(w.path('from'), self.data, 0o666)
        put(w.path('to'), self.old, 0o666)
        settle()
        self.s, n = Smb2(w.client), w.client.nfs()
        self.source = self.s.create('from', access=GENERIC_READ)
        self.target = self.s.create('to')
        self.locks = {name: connect(w.client, n.lookup(n.root, name).fh) for name in ('from', 'to')}
        self.key = self.s.ioctl(self.source, RESUME_KEY)[:24]
        self.token = offload_read(self.s, self.source, 0, 3 * PIECE)[1]

    def chunks(self):
        """One of each piece."""
        return struct.unpack('<III', self.s.ioctl(
            self.target, COPYCHUNK, self.key + struct.pack('<II', 3, 0) +
            b''.join(struct.pack('<QQII', i * PIECE, i * PIECE, PIECE, 0) for i in range(3))))

    def offload(self):
        return offload_write(self.s, self.target, self.token, 0, 3 * PIECE)

    def written(self):
        """What is in the target, which is emptied."""
        data = get(self.w.path('to'))
        put(self.w.path('to'), self.old)
        return data


@test(smb=True, squash='none', locks='raw')
def chunks_obey_locks(w):
    """COPYCHUNK ends before the chunk that NFS has locked, in the target or in the source."""
    c = Copies(w)
    for name, exclusive in ('to', True), ('to', False), ('from', True):
        status(c.locks[name].lock((PIECE + 10, 5), exclusive=exclusive), nlm.OK)
        refused('FILE_LOCK_CONFLICT', c.chunks)
        eq(c.written() == c.data[:PIECE] + c.old[PIECE:], True, name)
        status(c.locks[name].unlock((0, 0)), nlm.OK)
    # what others only read may be read
    status(c.locks['from'].lock((PIECE + 10, 5), exclusive=False), nlm.OK)
    eq(c.chunks(), (3, 0, 3 * PIECE))
    eq(c.written() == c.data, True)
    status(c.locks['from'].unlock((0, 0)), nlm.OK)
    c.s.end()


@test(smb=True, squash='none', locks='raw')
def tokens_obey_locks(w):
    """OFFLOAD_WRITE obeys what NFS has locked of the target, and of the token's file since."""
    c = Copies(w)
    for exclusive in True, False:
        status(c.locks['to'].lock((PIECE + 10, 5), exclusive=exclusive), nlm.OK)
        refused('FILE_LOCK_CONFLICT', c.offload)
        eq(c.written() == c.old, True)
        status(c.locks['to'].unlock((0, 0)), nlm.OK)
    status(c.locks['from'].lock((PIECE + 10, 5)), nlm.OK)
    refused('FILE_LOCK_CONFLICT', c.offload)
    status(c.locks['from'].unlock((0, 0)), nlm.OK)
    eq(c.offload(), 3 * PIECE)
    eq(c.written() == c.data, True)
    c.s.end()


@test(smb=True, squash='none', locks='raw')
def tokens_are_for_what_may_be_read(w):
    """OFFLOAD_READ of what another client has locked exclusively is refused; zeros obey locks."""
    c = Copies(w)

    def token(count=3 * PIECE):
        return offload_read(c.s, c.source, 0, count)[0]
    status(c.locks['from'].lock((PIECE + 10, 5)), nlm.OK)
    refused('FILE_LOCK_CONFLICT', token)
    eq(token(PIECE), PIECE, 'the range before')
    status(c.locks['from'].unlock((0, 0)), nlm.OK)
    status(c.locks['from'].lock((PIECE + 10, 5), exclusive=False), nlm.OK)
    eq(token(), 3 * PIECE, 'what others only read')
    status(c.locks['from'].unlock((0, 0)), nlm.OK)
    other = Smb2(w.client)
    theirs = other.create('from', access=GENERIC_READ)
    other.lock(theirs, PIECE, 1)
    refused('FILE_LOCK_CONFLICT', token)
    # also where the token would end before the lock
    other.unlock(theirs, PIECE, 1)
    other.lock(theirs, 3 * PIECE, 1)
    eq(token(), 3 * PIECE)
    refused('FILE_LOCK_CONFLICT', token, 4 * PIECE)
    other.unlock(theirs, 3 * PIECE, 1)
    c.s.lock(c.source, PIECE, 1)
    eq(token(), 3 * PIECE, 'its own lock')
    zeros = struct.pack('>IHH', 0xffff0001, 0, 504) + bytes(504)
    mine = other.create('to')
    put(w.path('to'), c.data)
    for fid, flags in (mine, EXCLUSIVE | AT_ONCE), (mine, SHARED | AT_ONCE):
        other.lock(fid, PIECE, 1, flags)
        refused('FILE_LOCK_CONFLICT', offload_write, c.s, c.target, zeros, 0, 3 * PIECE)
        other.unlock(fid, PIECE, 1)
    eq(get(w.path('to')) == c.data, True)
    eq(offload_write(c.s, c.target, zeros, 0, 3 * PIECE), 3 * PIECE)
    eq(c.written() == c.old, True)
    other.end()
    c.s.end()


@test(smb=True, squash='none', fs='xfs')
def sources_of_another_share(w):
    """A copy reads its source only as long as its session may READ it on its own tree."""
    data, empty, size = pattern(1, 3 * PIECE), bytes(3 * PIECE), 3 * PIECE
    os.mkdir(w.path('sub'))
    put(w.path('sub/from'), data, 0o666)
    put(w.path('to'), empty, 0o666)
    settle()
    w.server.add('other', w.path('sub'), squash='none')
    with link(w.client) as s:
        target, mine = s.create('to'), s.tree
        eq(s.connect_tree('other'), 'SUCCESS')
        src, other = s.create('from', access=GENERIC_READ), s.tree
        chunk = s.ioctl(src, RESUME_KEY)[:24] + struct.pack('<IIQQII', 1, 0, 0, 0, size, 0)
        token = offload_read(s, src, 0, size, ttl=300000)[1]
        ways = (lambda: s.ioctl(target, COPYCHUNK, chunk),
                lambda: s.ioctl(target, DUPLICATE, src + struct.pack('<QQQ', 0, 0, size)),
                lambda: offload_write(s, target, token, 0, size))

        def admitted():
            s.tree = mine
            for i, way in enumerate(ways):
                way()
                eq(get(w.path('to')) == data, True, i)
                put(w.path('to'), empty)

        def forbidden(status):
            for tree, calls in ((mine, ways), (other, (lambda: s.read(src, 1),))):
                s.tree = tree
                for call in calls:
                    refused(status, call)
            eq(get(w.path('to')) == empty, True)
        admitted()
        w.server.set('other', users=['alice=none'])
        forbidden('NETWORK_NAME_DELETED')
        w.server.ctl('share', 'set', 'other', 'no-users')
        admitted()
        w.server.ctl('share', 'set', 'other', 'encrypt', 'on')
        forbidden('ACCESS_DENIED')
        s.seal = True
        admitted()
        s.seal = False
        w.server.ctl('share', 'set', 'other', 'encrypt', 'off')
        admitted()
        w.server.delete('other')
        for way in ways:
            try:
                way()
            except Status:
                continue
            raise AssertionError('a file of a share that was removed is copied')
        eq(get(w.path('to')) == empty, True)


@test(smb=True, squash='none')
def share_modes_stop_nfs(w):
    """COPY without an open obeys the share modes of SMB on either file."""
    os.chmod(w.export, 0o777)
    put(w.path('from'), b'0123456789', 0o666)
    put(w.path('to'), b'', 0o666)
    c, s = V41.at(w, minor=2), Smb2(w.client)
    src, dst = c.fh('data', 'from'), c.fh('data', 'to')
    for name, access, share in (('from', GENERIC_WRITE, SHARE_WRITE),
                                ('to', GENERIC_READ, SHARE_READ)):
        fid = s.create(name, access=access, share=share)
        last(between(c, src, dst, copy(ANON, ANON)), nfs4.LOCKED)
        eq(get(w.path('to')), b'')
        s.close(fid)
    last(between(c, src, dst, copy(ANON, ANON)), nfs4.OK)
    eq(get(w.path('to')), b'0123456789')
    s.end()


@test(smb=True, squash='none', timeout=120)
def leases_stop_jobs(w):
    """A copy by NFS that goes on waits for what an SMB client has cached since it began."""
    data = source(w)
    other = w.served_volume('other', size='100m', squash='none')
    c = copier_to(w, 'other', other)
    last(c.compound(putfh(c.src_fh), nfs4.close(c.src)), nfs4.OK)
    c.src = ANON
    s = Cacher(w.client, dialect=SMB2_DIALECT_30)
    run('sync')
    with frozen(other):
        sid = c.start()
        g = s.open('from', key=key(1), state=R | H | W, epoch=0)
        eq(g.state, R | H | W)
    eq(s.broken()[1:4], (R | H | W, R | H, True))
    job, = jobs(w)
    one_of(job['done'], (0, 16 * MIB))
    s.write(g.fid, b'cached', 20 * MIB)
    s.ack(key(1), R | H)
    call = c.ended(sid, 60)
    eq((call.status, call.count), (nfs4.OK, SIZE))
    data = data[:20 * MIB] + b'cached' + data[20 * MIB + 6:]
    eq(get(f'{other}/to') == data, True)
    s.end()

# SPDX-License-Identifier: GPL-2.0-only
"""Durable opens of SMB: reconnects, and conflicts while the client is away."""
import os
import time

from impacket.smb3structs import SMB2_DIALECT_21, SMB2_DIALECT_30

import nfs3
import nlm
import smb2
from checks import SLOW, eq, wait_for
from files import get, pattern, put
from harness import test
from nlm_lockers import connect, status
from one_file import setup
from processes import Child, run
from smb2 import AT_ONCE, DELETE, EMPTY_BODY, GENERIC_READ, GENERIC_WRITE, SHARED, refused
from smb_cachers import BATCH, H, R, W, Cacher, key, later
from smb_contexts import LONGEST_MS, REPLAY, TIMEOUT_MS, app, durable_v2, lease_v2, reconnect_v2
from smb_durable import RWH, Channel, away, close_all, gone, logged_in, session, waiting

DURABLE = b'DHnQ', bytes(16)


@test(smb=True, squash='none')
def comes_back_with_all(w):
    """A reconnect restores data, ranges, the lease and the share mode."""
    setup(w)
    s = session(w)
    g = s.lasting(share=smb2.SHARE_READ)
    eq((g.timeout, g.epoch), (TIMEOUT_MS, 1))
    s.write(g.fid, b'before')
    s.lock(g.fid, 0, 3)
    s.lock(g.fid, 10, 5, SHARED | AT_ONCE)
    before = w.server.claims()
    eq((before['ranges'], before['opens'], before['leases']), (2, 1, 1))
    away(w, s)
    held = w.server.claims()
    eq((held['ranges'], held['opens'], held['leases']), (2, 1, 1))
    opened, = w.server.json('open', 'list')
    eq((opened['session'], opened['user'], opened['path']), (0, 'alice', 'f'))
    eq(0 < opened['waits_s'] <= TIMEOUT_MS // 1000, True)
    s = session(w)
    again = s.back(g.fid)
    eq((again.action, again.state, again.durable, again.epoch), (1, RWH, None, 1))
    eq(again.fid[:8], g.fid[:8])
    eq(waiting(w), [])
    eq(s.read(again.fid, 6), b'before')
    s.unlock(again.fid, 0, 3)
    refused('RANGE_NOT_LOCKED', s.unlock, again.fid, 0, 3)
    s.unlock(again.fid, 10, 5)
    # and once more, as often as need be
    away(w, s)
    s = session(w)
    s.close(s.back(again.fid).fid)
    s.end()
    gone(w)


@test(smb=True, squash='none')
def known_by_its_former_id(w):
    """A request that is repeated after a reconnect may have the FileId of before it."""
    setup(w)
    s = session(w)
    g = s.lasting()
    unknown = g.fid[:8] + bytes(8)
    refused('FILE_CLOSED', s.write, unknown, b'x')
    away(w, s)
    s = session(w)
    again = s.back(g.fid)
    s.write(g.fid, b'before')
    eq(s.read(again.fid, 6), b'before')
    other = session(w, number=2)
    refused('FILE_CLOSED', other.read, g.fid, 1)
    refused('FILE_CLOSED', other.read, again.fid, 1)
    other.end()
    refused('FILE_CLOSED', s.read, bytes(8) + again.fid[8:], 1)
    s.close(g.fid)
    for fid in g.fid, again.fid:
        refused('FILE_CLOSED', s.read, fid, 1)
    s.end()
    gone(w)


@test(smb=True, squash='none')
def back_at_once(w):
    """A reconnect on an existing session works before the old connection has ended."""
    setup(w)
    there = session(w)
    for i in range(20):
        s = session(w)
        g = s.lasting(f'f{i}')
        s.lock(g.fid, 0, 1)
        s.end()
        again = there.back(g.fid, f'f{i}')
        eq((again.action, again.state), (1, RWH))
        there.unlock(again.fid, 0, 1)
        there.close(again.fid)
    there.end()
    gone(w)


@test(smb=True, squash='none')
def oplock_of_version_1(w):
    """A batch oplock of a v1 open is restored for any ClientGuid (section 3.3.5.9.7)."""
    setup(w)
    s = session(w, dialect=SMB2_DIALECT_21)
    g = s.make('f', DURABLE, level=BATCH)
    eq((g.level, g.durable), (BATCH, b'DHnQ'))
    s.lock(g.fid, 0, 1)
    # less than a batch oplock is not durable
    eq(s.make('g', DURABLE, level=8).durable, None)
    eq(s.make('h', DURABLE).durable, None)
    away(w, s)
    s = session(w, number=2, dialect=SMB2_DIALECT_21)
    # version 2 excludes version 1, also where the dialect does not have it
    for other in durable_v2(1), reconnect_v2(g.fid, 1):
        smb2.refused('INVALID_PARAMETER', s.make, 'any name', (b'DHnC', g.fid), other)
    again = s.make('any name', (b'DHnC', g.fid))
    eq((again.level, again.action), (BATCH, 1))
    s.unlock(again.fid, 0, 1)
    s.close(again.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none')
def only_to_its_owner(w):
    """A reconnect needs the same user, client, share, lease key and CreateGuid."""
    setup(w)
    other = f'{w.base}/other'
    os.mkdir(other, 0o777)
    w.server.ctl('share', 'add', 'other', other)
    s = session(w)
    g = s.lasting()
    refused('OBJECT_NAME_NOT_FOUND', session(w, number=3).back, g.fid)
    away(w, s)
    refused('ACCESS_DENIED', session(w, user='bob').back, g.fid)
    refused('OBJECT_NAME_NOT_FOUND', session(w, number=2).back, g.fid)
    refused('OBJECT_NAME_NOT_FOUND', session(w, share='other').back, g.fid)
    s = session(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, number=2)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, lease=2)
    refused('OBJECT_NAME_NOT_FOUND', s.make, 'f', reconnect_v2(g.fid, 1))
    refused('OBJECT_NAME_NOT_FOUND', s.back, bytes(16))
    refused('INVALID_PARAMETER', s.back, g.fid, 'no such file')
    refused('INVALID_PARAMETER', s.make, 'f', DURABLE, durable_v2(1))
    refused('INVALID_PARAMETER', s.make, 'f', durable_v2(1), reconnect_v2(g.fid, 1))
    again = s.back(g.fid)
    # it is taken: there is nothing to come back to
    refused('OBJECT_NAME_NOT_FOUND', session(w).back, g.fid)
    refused('OBJECT_NAME_NOT_FOUND', session(w).back, again.fid)
    s.close(again.fid)
    s.end()
    gone(w)
    w.server.ctl('share', 'del', 'other')


@test(smb=True, squash='none')
def of_a_stream(w):
    """A reconnect to a stream with a lease names this stream, in any case."""
    setup(w)
    s = session(w)
    g = s.lasting('f:s')
    s.close(s.make('f:other').fid)
    away(w, s)
    s = session(w)
    for name in ('f', 'f:other', 'f:none', 'none:s'):
        refused('INVALID_PARAMETER', s.back, g.fid, name)
    again = s.back(g.fid, 'F:S')
    eq(again.state, RWH)
    s.close(again.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=180)
def for_so_long(w):
    """An open whose time is over is closed, and its claims are released."""
    setup(w)
    w.server.ctl('server', 'set', 'durable-s', '30')
    s = session(w)
    eq(s.lasting('long', 1, ms=10**9).timeout, 300000)
    short = s.lasting('short', 2, ms=15000)
    usual = s.lasting('usual', 3, ms=0)
    eq((short.timeout, usual.timeout), (15000, 30000))
    s.lock(short.fid, 0, 1)
    away(w, s, 3)
    wait_for('the short one goes', lambda: waiting(w) == ['long', 'usual'], seconds=30)
    wait_for('the usual one goes', lambda: waiting(w) == ['long'], seconds=45)
    refused('OBJECT_NAME_NOT_FOUND', session(w).back, usual.fid, 'usual', 3, 3)
    w.server.ctl('server', 'set', 'durable-s', '0')
    s = session(w)
    eq(s.make('none', lease_v2(key(4), RWH), durable_v2(4)).durable, None)
    s.end()
    w.server.ctl('server', 'set', 'durable-s', '60')
    close_all(w)
    gone(w)


def gives_way(w, act, state=RWH, kept=False, **kw):
    """A conflict while the client is away succeeds at once and closes the open."""
    s = session(w)
    g = s.lasting(state=state, **kw)
    away(w, s)
    began = time.monotonic()
    act()
    eq(time.monotonic() - began < 25 * SLOW, True, 'at once')
    s = session(w)
    if kept:
        eq(s.back(g.fid).state, state)
    else:
        wait_for('it is closed', lambda: waiting(w) == [])
        refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid)
    s.end()
    close_all(w)
    gone(w)


@test(smb=True, squash='none', clients=2)
def others_of_smb_come_first(w):
    setup(w)
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)

    def opens(**kw):
        g = other.open('f', **kw)
        other.close(g.fid)

    def writes():
        g = other.open('f')
        other.write(g.fid, b'x')
        other.close(g.fid)
    gives_way(w, opens)
    gives_way(w, lambda: opens(key=key(9), state=RWH, epoch=0))
    # the share mode of a disconnected open refuses no open
    gives_way(w, opens, state=R | H, share=0)
    gives_way(w, writes, state=R | H)
    # opens without a conflict stay
    gives_way(w, opens, state=R | H, kept=True)
    gives_way(w, lambda: opens(key=key(9), state=R | H, epoch=0), state=R | H, kept=True)
    gives_way(w, lambda: opens(access=0x100080), kept=True)
    other.end()


@test(smb=True, squash='none', locks='raw')
def others_of_nfs_come_first(w):
    """Conflicts by NFSv3 and by local processes close the open."""
    _, n, fh = setup(w)
    l = connect(w.client, fh)
    gives_way(w, lambda: eq(later(n, 'write', fh, 0, b'new').join(), nfs3.OK))
    eq(get(w.path('f'))[:3], b'new')
    gives_way(w, lambda: eq(later(n, 'read', fh, 0, 3).join(), nfs3.OK))
    gives_way(w, lambda: eq(n.getattr(fh).status, nfs3.OK), kept=True)

    def locks():
        wait_for('the lock', lambda: l.lock((0, 10)).status == nlm.OK)
        status(l.unlock((0, 0)), nlm.OK)
    gives_way(w, locks)
    gives_way(w, lambda: Child(get, w.path('f')).join())
    gives_way(w, lambda: Child(put, w.path('f'), b'local').join(), state=R | H)

    def removes():
        eq(later(n, 'remove', n.root, 'f').join(), nfs3.OK)
        put(w.path('f'), b'', 0o666)
    gives_way(w, removes, state=R | H)


@test(smb=True, squash='none')
def directory_is_renamed(w):
    """A client with a lease comes back by the path that it knows, and by the present one."""
    _, n, _ = setup(w)

    def by_nfs():
        eq(n.rename(n.root, 'd', n.root, 'e').status, nfs3.OK)

    def locally():
        os.rename(w.path('d'), w.path('e'))
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    for renames in (by_nfs, locally):
        for name in ('f', 'f:s'):
            s = session(w)
            g = s.lasting(f'd\\{name}')
            away(w, s)
            renames()
            for path in (f'd\\{name}', f'D\\{name.upper()}', f'e\\{name}'):
                s = session(w)
                refused('INVALID_PARAMETER', s.back, g.fid, name)
                refused('INVALID_PARAMETER', s.back, g.fid, 'd')
                refused('INVALID_PARAMETER', s.back, g.fid, 'd\\f:t')
                eq(s.back(g.fid, path).state, RWH)
                away(w, s)
            close_all(w)
            gone(w)
            os.rename(w.path('e'), w.path('d'))


@test(smb=True, squash='none')
def stream_is_renamed(w):
    """A client knows a stream by the name that it gave it, whatever others do with the file."""
    setup(w)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    s = session(w)
    g = s.lasting('d\\f:s')
    s.rename(g.fid, ':t')
    away(w, s)
    os.rename(w.path('d'), w.path('e'))
    s = session(w)
    refused('INVALID_PARAMETER', s.back, g.fid, 'd\\f:s')
    eq(s.back(g.fid, 'd\\f:t').state, RWH)
    s.end()
    close_all(w)
    gone(w)


@test(smb=True, squash='none')
def file_of_a_stream_goes(w):
    """A removal of a file, by NFS or locally, ends the opens of its streams that wait."""
    _, n, _ = setup(w)

    def by_nfs():
        eq(n.remove(n.root, 'f').status, nfs3.OK)
    with_lease = (lease_v2(key(1), RWH), durable_v2(1, LONGEST_MS)), {}
    with_oplock = (durable_v2(1, LONGEST_MS),), {'level': BATCH}

    def locally():
        os.unlink(w.path('f'))
    for removes in (by_nfs, locally):
        for parts, kw in (with_lease, with_oplock):
            s = session(w)
            g = s.make('f:s', *parts, **kw)
            eq(g.durable, b'DH2Q')
            away(w, s)
            removes()
            wait_for(f'it is closed, {removes.__name__}, {kw}', lambda: waiting(w) == [])
            s = session(w)
            refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, 'f:s')
            s.end()
            gone(w)
            put(w.path('f'), b'', 0o666)
    # a client that is there is told, and its open does not wait when it goes
    s = session(w)
    g = s.lasting('f:s', ms=LONGEST_MS)
    by_nfs()
    _, before, after, ack, _ = s.broken()
    eq((before, after, ack), (RWH, R | W, True))
    s.ack(key(1), after)
    s.write(g.fid, b'still there')
    s.end()
    gone(w)


@test(smb=True, squash='none', clients=2)
def not_kept(w):
    """An unanswered break, a pending deletion, or ranges without a lease end the open."""
    setup(w)
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)
    s = session(w)
    g = s.lasting()
    number = other.opening('f')
    eq(s.broken()[1:3], (RWH, R | H))
    s.end()
    other.close(other.opened(number).fid)
    s = session(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid)
    # acknowledged down to a state that is not durable
    g = s.lasting(state=RWH)
    number = other.opening('f')
    s.broken()
    s.ack(key(1), R)
    other.close(other.opened(number).fid)
    s.end()
    # Its lease key is not free before.
    wait_for('the open has ended', lambda: w.server.claims() == {})
    s = session(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid)
    g = s.lasting('deleted')
    s.delete_on_close(g.fid)
    h = s.lasting('f', 2, R | H)
    s.lock(h.fid, 0, 1)
    s.end()
    wait_for('it is deleted', lambda: not os.path.exists(w.path('deleted')))
    s = session(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, h.fid, 'f', 2, 2)
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', clients=2)
def break_is_lost_with_the_last_session(w):
    """A break that one session of a lease took with it closes the open that another one left."""
    setup(w)
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)
    how = {'access': GENERIC_READ | GENERIC_WRITE, 'share': smb2.SHARE_READ | smb2.SHARE_WRITE}
    s, t = session(w), session(w)
    g = s.lasting(**how)
    kept = t.make('f', lease_v2(key(1), RWH), **how)
    eq(kept.state, RWH)
    away(w, s)
    number = other.opening('f', access=DELETE)
    eq(t.broken()[:2], (key(1), RWH))
    t.end()
    other.close(other.opened(number).fid)
    s = session(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid)
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none')
def ends_of_a_session(w):
    """LOGOFF and a new session keep the open; TREE_DISCONNECT and CLOSE end it."""
    setup(w)

    def ended(how, kept):
        s = session(w)
        g = s.lasting()
        how(s)
        wait_for('it is known', lambda: bool(waiting(w)) == kept)
        fresh = session(w)
        if kept:
            fresh.close(fresh.back(g.fid).fid)
        else:
            refused('OBJECT_NAME_NOT_FOUND', fresh.back, g.fid)
        fresh.end()
        s.end()
        gone(w)
    ended(lambda s: s.call(smb2.LOGOFF, EMPTY_BODY), True)
    ended(lambda s: s.call(smb2.TREE_DISCONNECT, EMPTY_BODY), False)
    ended(lambda s: w.server.ctl('session', 'close', str(s.session)), False)
    ended(lambda s: w.server.ctl('open', 'close',
                                 str(w.server.json('open', 'list')[0]['id'])), False)


@test(smb=True, squash='none')
def share_goes(w):
    """Removing a share closes durable opens without waiting."""
    setup(w)
    s = session(w)
    g = s.lasting()
    away(w, s)
    w.server.ctl('share', 'del', 'data')
    gone(w)
    w.server.ctl('share', 'add', 'data', w.export, 'squash', 'none')
    s = session(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid)
    s.end()


@test(smb=True, squash='none')
def create_is_replayed(w):
    """A replayed CreateGuid opens once, whatever happened to the response."""
    setup(w)
    s = session(w)
    parts = lease_v2(key(1), RWH), durable_v2(1)
    g = s.make('new', *parts)
    refused('DUPLICATE_OBJECTID', s.make, 'new', *parts)
    again = s.make('new', *parts, flags=REPLAY)
    eq((again.fid, again.action, again.state, again.durable), (g.fid, 2, RWH, b'DH2Q'))
    eq(len(w.server.json('open', 'list')), 1)
    refused('ACCESS_DENIED', s.make, 'new', lease_v2(key(2), RWH), durable_v2(1), flags=REPLAY)
    # another client's guids are its own
    t = session(w, number=2)
    other = t.make('other', lease_v2(key(1), RWH), durable_v2(1))
    t.close(other.fid)
    t.end()
    # once it was used the client knows of it, and opens another
    s.write(g.fid, b'x')
    second = s.make('new', *parts, flags=REPLAY)
    eq((second.fid == g.fid, second.action), (False, 1))
    s.close(g.fid)
    s.close(second.fid)
    s.close(s.make('new', *parts, flags=REPLAY).fid)
    s.end()
    gone(w)


@test(smb=True, squash='none')
def late_requests_are_refused(w):
    """Requests from before a channel's loss are refused (MS-SMB2 section 3.3.5.2.10)."""
    setup(w)
    s = session(w)
    g = s.lasting()
    s.sequenced(g.fid, b'0', 0)
    s.sequenced(g.fid, b'1', 1)
    refused('FILE_NOT_AVAILABLE', s.sequenced, g.fid, b'2', 0)
    s.sequenced(g.fid, b'3', 1, flags=REPLAY)
    s.sequenced(g.fid, b'4', 0x8000)
    refused('FILE_NOT_AVAILABLE', s.sequenced, g.fid, b'5', 1)
    eq(s.read(g.fid, 1), b'4')
    s.close(g.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none')
def application_moves(w):
    """An application that moves to another machine closes its former opens."""
    setup(w)
    old = session(w)
    g = old.make('f', lease_v2(key(1), RWH), durable_v2(1), app(7), share=0)
    new = session(w, number=2)
    h = new.make('f', lease_v2(key(2), RWH), durable_v2(2), app(7), share=0)
    eq(h.state, RWH)
    old.quiet()
    refused('FILE_CLOSED', old.read, g.fid, 1)
    # another application has to ask
    third = session(w, number=3)
    number = third.send(smb2.CREATE, third.body('f', durable_v2(3), app(8)))
    eq(new.broken()[1], RWH)
    new.ack(key(2), R | W)
    eq(smb2.NAMES[third.answer(number)[0]], 'SHARING_VIOLATION')
    # not the one that it is itself, nor on another file
    refused('SHARING_VIOLATION', new.make, 'f', durable_v2(4), app(7))
    third.close(third.make('g', durable_v2(5), app(7)).fid)
    new.read(h.fid, 1)
    for s in (old, new, third):
        s.end()
    close_all(w)
    gone(w)


@test(smb=True, squash='none', clients=2)
def break_on_another_channel(w):
    """A break notification lost with its channel is sent over another one."""
    setup(w)
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)
    s = logged_in(w)
    t = Channel(w.client, s.guid).negotiate()
    eq(t.bind(s), 'SUCCESS')
    t.sign = True
    g = s.open('f', key=key(1), state=RWH, epoch=0)
    number = other.opening('f')
    told = s.broken()
    eq(told[1:4], (RWH, R | H, True))
    t.quiet()
    s.end()
    eq(t.broken(), told)
    t.ack(key(1), R | H)
    other.close(other.opened(number).fid)
    t.read(g.fid, 1)
    t.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', clients=2)
def break_is_encrypted(w):
    """A break is encrypted if the share demands it or the open was encrypted."""
    setup(w)
    os.mkdir(w.path('sub'), 0o777)
    os.chmod(w.path('sub'), 0o777)
    w.server.ctl('share', 'add', 'safe', w.path('sub'), 'encrypt', 'on', 'squash', 'none')
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)

    def broken(s, name, sealed):
        s.seal = sealed
        for i, how in enumerate(({'key': key(1), 'state': RWH, 'epoch': 0}, {'level': BATCH})):
            g = s.open(f'{name}{i}', **how)
            below = os.path.exists(w.path('sub', f'{name}{i}'))
            number = other.opening(f'sub\\{name}{i}' if below else f'{name}{i}')
            if 'key' in how:
                eq(s.broken()[1], RWH)
                eq(s.was_sealed, sealed)
                s.ack(key(1), R)
            else:
                eq(s.oplock_broken(), (g.fid, 1))
                eq(s.was_sealed, sealed)
                s.oplock_ack(g.fid, 0)
            other.close(other.opened(number).fid)
            s.close(g.fid)
    s = logged_in(w)
    broken(s, 'plain', False)
    broken(s, 'sealed', True)
    s.end()
    s = Channel(w.client).negotiate()
    eq(s.login(), 'SUCCESS')
    s.seal = True
    eq(s.connect_tree('safe'), 'SUCCESS')
    broken(s, 'safe', True)
    s.end()
    other.end()
    gone(w)
    w.server.ctl('share', 'del', 'safe')


@test(smb=True, squash='none', timeout=150)
def network_is_cut(w):
    """Open files and unwritten data survive 30 s without a network."""
    os.chmod(w.export, 0o777)
    # a client that notices soon
    where = w.client.mount_smb(vers='3.0', opts='echo_interval=2')
    data = pattern(7, 200000)
    wait, go = os.pipe()

    def ids():
        return [o['id'] for o in w.server.json('open', 'list') if o['path'] == 'f']

    def user():
        # no process but this one has the file open: closing it would wait for the network
        with open(f'{where}/f', 'wb+', buffering=0) as f:
            f.write(data[:100000])
            os.lockf(f.fileno(), os.F_LOCK, 1000)
            os.fsync(f.fileno())
            os.read(wait, 1)
            f.write(data[100000:])
            os.fsync(f.fileno())
            os.read(wait, 1)
            f.seek(0)
            return f.read() == data
    with w.client:
        child = Child(user)
    wait_for('the first half', lambda: os.path.exists(w.path('f')) and
             os.path.getsize(w.path('f')) == 100000)
    before = ids()
    eq(len(before), 1)
    sessions = [s['id'] for s in w.server.json('session', 'list')]
    run('ip', '-n', w.client.name, 'link', 'set', 'eth0', 'down')
    os.write(go, b'!')
    time.sleep(30)
    eq(os.path.getsize(w.path('f')), 100000)
    run('ip', '-n', w.client.name, 'link', 'set', 'eth0', 'up')
    wait_for('the second half', lambda: os.path.getsize(w.path('f')) == 200000, seconds=60)
    # another session, the same open
    eq(set(sessions) & {s['id'] for s in w.server.json('session', 'list')}, set())
    eq(ids(), before)
    os.write(go, b'!')
    eq(child.join(), True)
    os.close(wait)
    os.close(go)
    eq(get(w.path('f')), data)
    w.client.umount(where)

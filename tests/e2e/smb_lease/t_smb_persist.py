# SPDX-License-Identifier: GPL-2.0-only
"""Persistent opens of SMB, over restarts and lost connections."""
import os
import struct

import smb2
from checks import eq, wait_for
from client_lists import budget
from files import get, put
from harness import test
from processes import process_stopped, run
from smb2 import AT_ONCE, DELETE_ON_CLOSE, EXCLUSIVE, GENERIC_READ, SHARED, refused
from smb_bodies import Lock
from smb_cachers import BATCH, H, R, W, key
from smb_contexts import REPLAY, TIMEOUT_MS, Answer, durable_v2, lease_v2
from smb_durable import RWH, away, close_all, waiting
from smb_info import GET_REPARSE, SET_REPARSE, symlink_data
from smb_lasting import (PERSISTENT, PERSISTENT_CAP, Client, available, client, gone, opens,
                         records, second_share)
from smb_quota import date_filetime

CONTINUOUS = 0x10


@test(smb=True, squash='none')
def is_granted(w):
    """A persistent open needs the share's option, the v2 context, and a file."""
    available(w, False)
    s = client(w)
    eq(s.server_caps & PERSISTENT_CAP, 0)
    eq(struct.unpack_from('<I', s.body, 8)[0], 0)
    g = s.make('f', lease_v2(key(1), RWH), durable_v2(1, flags=PERSISTENT))
    eq((g.durable, g.kind), (b'DH2Q', 0))
    eq(opens(w), [('f', 'durable')])
    s.close(g.fid)
    s.end()
    available(w)
    share, = w.server.json('share', 'show', 'data')
    eq(share['continuously_available'], 1)
    s = client(w)
    eq(s.server_caps & PERSISTENT_CAP, PERSISTENT_CAP)
    eq(struct.unpack_from('<I', s.body, 8)[0], CONTINUOUS)
    # no lease nor oplock is needed
    g = s.lasting(state=0)
    eq((g.timeout, records(w), opens(w)), (TIMEOUT_MS, 1, [('f', 'persistent')]))
    s.close(g.fid)
    eq(records(w), 0)
    g = s.make('f', lease_v2(key(1), RWH), durable_v2(2))
    eq((g.kind, opens(w)), (0, [('f', 'durable')]))
    s.close(g.fid)
    g = s.make('d', durable_v2(3, flags=PERSISTENT), options=smb2.DIRECTORY_FILE,
               access=GENERIC_READ)
    eq(g.durable, None)
    s.close(g.fid)
    g = s.make('f:stream', durable_v2(4, flags=PERSISTENT))
    eq(g.durable, None)
    s.close(g.fid)
    s.end()
    # a client without the capability gets none
    old = Client(w.client, bytes(16)).negotiate()
    eq(old.login(), 'SUCCESS')
    old.sign = True
    eq(old.connect_tree('data'), 'SUCCESS')
    eq(old.make('f', durable_v2(5, flags=PERSISTENT)).durable, None)
    old.end()
    # nor anybody without a helper that could record it
    s = client(w)
    w.server.helper_stop()
    g = s.make('f', lease_v2(key(1), RWH), durable_v2(6, flags=PERSISTENT))
    eq((g.durable, g.kind), (b'DH2Q', 0))
    s.close(g.fid)
    s.end()
    w.server.helper_start(w.server.conf)
    gone(w)


@test(smb=True, squash='none', timeout=120)
def outlives_the_server(w):
    """Data, ranges, share modes and the lease survive a restart of server and client."""
    available(w)
    s = client(w)
    g = s.lasting(share=smb2.SHARE_READ)
    s.write(g.fid, b'before')
    eq(s.sequenced_lock(g.fid, 0, 3, EXCLUSIVE | AT_ONCE, 1, 5), 'SUCCESS')
    s.lock(g.fid, 10, 5, SHARED | AT_ONCE)
    s.lock(g.fid, 30, 1)
    s.unlock(g.fid, 30, 1)
    # one more that is not persistent
    s.make('g', lease_v2(key(2), RWH), durable_v2(2))
    w.server.restart()
    s.end()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    held = w.server.claims()
    eq((held['ranges'], held['opens'], held['leases']), (2, 1, 1))
    opened, = w.server.json('open', 'list')
    eq((opened['user'], opened['share'], opened['durability']), ('alice', 'data', 'persistent'))
    # a client in between conflicts with it; the lease is broken for a reader
    other = client(w, 2)
    refused('SHARING_VIOLATION', other.make, 'f')
    s = client(w)
    again = s.back(g.fid)
    eq((again.fid[:8], again.action), (g.fid[:8], 1))
    # either by the FileId of before the restart
    for fid in again.fid, g.fid:
        eq(s.read(fid, 6), b'before')
    # the lock that was sent before the restart, and its answer lost
    eq(s.sequenced_lock(again.fid, 0, 3, EXCLUSIVE | AT_ONCE, 1, 5), 'SUCCESS')
    refused('SHARING_VIOLATION', other.make, 'f')
    h = other.make('f', access=GENERIC_READ)
    refused('FILE_LOCK_CONFLICT', other.read, h.fid, 3)
    s.unlock(again.fid, 0, 3)
    refused('RANGE_NOT_LOCKED', s.unlock, again.fid, 0, 3)
    refused('RANGE_NOT_LOCKED', s.unlock, again.fid, 30, 1)
    s.unlock(again.fid, 10, 5)
    eq(other.read(h.fid, 6), b'before')
    other.end()
    # and once more
    s.end()
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    s = client(w)
    third = s.back(again.fid)
    s.write(third.fid, b'after!')
    s.close(third.fid)
    eq(records(w), 0)
    s.end()
    eq(get(w.path('f'))[:6], b'after!')
    gone(w)


@test(smb=True, squash='none', timeout=120)
def of_a_snapshot(w):
    """An open of a file in a snapshot cannot change it, before a restart or after."""
    available(w)
    os.makedirs(w.path('.snap/2026-11-20_14:30:00'))
    put(w.path('.snap/2026-11-20_14:30:00/f'), b'then', 0o666)
    w.server.ctl('share', 'set', 'data', 'snapshots', '.snap')
    name = 'live'.encode('utf-16-le')
    link = struct.pack('<B7xQI', 0, 0, len(name)) + name
    s = client(w)
    when = (b'TWrp', struct.pack('<Q', date_filetime(2026, 11, 20, 14, 30, 0)))
    g = s.make('f', durable_v2(1, TIMEOUT_MS, PERSISTENT), when, access=GENERIC_READ)
    eq(g.kind, PERSISTENT)
    refused('MEDIA_WRITE_PROTECTED', s.set, g.fid, 11, link)
    s.end()
    w.server.restart()
    wait_for('it waits', lambda: len(waiting(w)) == 1)
    s = client(w)
    again = s.back(g.fid, lease=None, access=GENERIC_READ)
    eq(s.read(again.fid, 9), b'then')
    refused('MEDIA_WRITE_PROTECTED', s.set, again.fid, 11, link)
    s.close(again.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def of_a_reparse_point(w):
    """An open whose file became a reparse point has the reparse point after a restart, too."""
    available(w)
    os.truncate(w.path('f'), 0)
    s = client(w)
    g = s.lasting(state=0)
    s.ioctl(g.fid, SET_REPARSE, symlink_data('target'))
    data = s.ioctl(g.fid, GET_REPARSE)
    s.end()
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    s = client(w)
    again = s.back(g.fid, lease=None)
    eq(s.ioctl(again.fid, GET_REPARSE), data)
    s.close(again.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def is_charged_again(w):
    """The user is charged for an open and its ranges before and after a restart."""
    def used():
        held = budget(w)
        return [held.get(kind, (0,))[0] > 0 for kind in ('opens', 'locks')]
    available(w)
    s = client(w)
    leased, plain = s.lasting('g', 1), s.lasting('f', 2, 0)
    for g in (leased, plain):
        s.lock(g.fid, 10, 5, SHARED | AT_ONCE)
    eq(used(), [True, True])
    w.server.restart()
    s.end()
    wait_for('they wait', lambda: waiting(w) == ['f', 'g'])
    wait_for('the connection is gone', lambda: not budget(w))
    s = client(w)
    # first the one without a lease: it alone does not make the session one of the client's
    again = [s.back(plain.fid, 'f', 2, lease=None)]
    eq(used(), [True, True])
    again.append(s.back(leased.fid, 'g', 1))
    for g in again:
        s.close(g.fid)
    s.end()
    gone(w)
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(smb=True, squash='none', timeout=120)
def leases_outlive_the_server(w):
    """Each lease has its last state after a restart, also that of a break."""
    available(w)
    put(w.path('g'), b'', 0o666)
    os.chmod(w.path('g'), 0o666)
    s, other = client(w), client(w, 2)
    both = s.lasting('f', 1), s.lasting('f', 2, lease=1)
    plain = s.lasting('g', 3, state=0, level=BATCH)
    eq(plain.level, BATCH)
    number = other.send(smb2.CREATE, other.body_of('f', lease_v2(key(9), R | H),
                                                   durable_v2(9, flags=PERSISTENT)))
    eq(s.broken()[1:3], (RWH, R | H))
    s.ack(key(1), R | H)
    theirs = Answer(other.answer(number)[1])
    eq((theirs.state, theirs.kind), (R | H, PERSISTENT))
    eq(records(w), 4)
    s.end()
    other.end()
    w.server.restart()
    wait_for('they wait', lambda: waiting(w) == ['f', 'f', 'f', 'g'])
    s, other = client(w), client(w, 2)
    eq(s.back(both[0].fid).state, R | H)
    second = s.back(both[1].fid, number=2)
    eq(second.state, R | H)
    eq(other.back(theirs.fid, number=9, lease=9).state, R | H)
    batch = s.back(plain.fid, 'g', 3, 0)
    eq(batch.level, BATCH)
    # and they are broken as before
    number = other.send(smb2.CREATE, other.body_of('g'))
    eq(s.oplock_broken(), (batch.fid, 1))
    s.oplock_ack(batch.fid, 1)
    eq(other.answer(number)[0], smb2.OK)
    for c in (s, other):
        c.end()
    close_all(w)
    gone(w)


@test(smb=True, squash='none', timeout=120)
def only_to_its_owner(w):
    available(w)
    s = client(w)
    g = s.lasting(state=0)
    refused('OBJECT_NAME_NOT_FOUND', client(w).back, g.fid, lease=0)
    s.end()
    for _ in range(2):
        wait_for('it waits', lambda: waiting(w) == ['f'])
        s, t = client(w), client(w, 2)
        refused('ACCESS_DENIED', client(w, user='bob').back, g.fid, lease=0)
        refused('OBJECT_NAME_NOT_FOUND', t.back, g.fid, lease=0)
        refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, number=2, lease=0)
        refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, lease=1)
        refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, lease=0, flags=0)
        refused('OBJECT_NAME_NOT_FOUND', s.make, 'f', (b'DHnC', g.fid))
        s.end()
        t.end()
        w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    s = client(w)
    # by its CreateGuid, if the id is not known
    again = s.back(bytes(16), lease=0)
    eq(again.fid[:8], g.fid[:8])
    # a CREATE whose response was lost is replayed, also for an open that was used
    s.read(again.fid, 1)
    same = s.make('f', durable_v2(1, flags=PERSISTENT), flags=REPLAY)
    eq((same.fid, same.kind), (again.fid, PERSISTENT))
    s.close(same.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def stands_in_the_way(w):
    """Without its client the open keeps its share mode, but not its lease, until it expires."""
    available(w)
    s = client(w)
    g = s.lasting(share=smb2.SHARE_READ, ms=15000)
    s.lock(g.fid, 0, 5)
    away(w, s)
    other = client(w, 2)
    refused('SHARING_VIOLATION', other.make, 'f')
    h = other.make('f', access=GENERIC_READ)
    refused('FILE_LOCK_CONFLICT', other.read, h.fid, 1)
    s = client(w)
    again = s.back(g.fid)
    eq((again.state & W, again.epoch > g.epoch), (0, True))
    away(w, s)
    refused('SHARING_VIOLATION', other.make, 'f')
    wait_for('its time is over', lambda: len(opens(w)) == 1, seconds=30)
    wait_for('its ranges go', lambda: 'ranges' not in w.server.claims())
    eq(other.read(h.fid, 5), b'01234')
    wait_for('the record goes', lambda: records(w) == 0)
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def ends_after_a_restart(w):
    """Opens of clients that do not return expire; those of removed files end at once."""
    available(w)
    for name in ('short', 'lost', 'deleted', 'closes'):
        put(w.path(name), b'x', 0o666)
        os.chmod(w.path(name), 0o666)
    s = client(w)
    s.lasting('short', 1, ms=12000)
    s.lasting('lost', 2)
    closes = s.lasting('closes', 3, options=DELETE_ON_CLOSE)
    s.end()
    wait_for('they wait', lambda: len(waiting(w)) == 3)
    eq(records(w), 3)
    shares, w.server.shares = w.server.shares, {}
    w.server.helper_stop()
    w.server.unload()
    os.unlink(w.path('lost'))
    eq(os.path.exists(w.path('closes')), True)
    w.server.load()
    w.server.key()
    # the records are there before their share is
    w.server.helper_start(w.server.conf)
    wait_for('the grace', lambda: w.server.grace()['active'])
    w.server.serve('data', shares['data'][0], **shares['data'][1])
    w.server.listen()
    wait_for('they are restored', lambda: waiting(w) == ['closes', 'short'])
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    wait_for('the short one goes', lambda: waiting(w) == ['closes'], seconds=24)
    wait_for('its record goes', lambda: records(w) == 1)
    s = client(w)
    s.close(s.back(closes.fid, 'closes', 3, 3).fid)
    eq(os.path.exists(w.path('closes')), False)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def grace_holds_others_off(w):
    """Before persistent opens are restored nobody opens, locks or creates anything."""
    available(w)
    second_share(w)
    s = client(w, share='other')
    g = s.make('held', durable_v2(1, flags=PERSISTENT), share=0)
    eq(g.kind, PERSISTENT)
    s.end()
    wait_for('it waits', lambda: waiting(w) == ['held'])
    late = w.server.shares.pop('other')
    w.server.restart()
    wait_for('the grace', lambda: w.server.grace()['active'])
    eq(w.server.grace()['known'], 1)
    s = client(w, 2)
    refused('FILE_NOT_AVAILABLE', s.make, 'f')
    w.server.serve('other', late[0], **late[1])
    wait_for('it is restored', lambda: waiting(w) == ['held'])
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    s.close(s.make('f').fid)
    s.end()
    s = client(w, share='other')
    s.close(s.back(g.fid, 'held', lease=0).fid)
    s.end()
    gone(w)
    w.server.delete('other')


@test(smb=True, squash='none', timeout=90)
def ranges_have_a_limit(w):
    """A lock that the record has no room for is refused."""
    available(w)
    s = client(w)
    g = s.lasting(state=0)
    for i in range(0, 256, 64):
        body = b''.join(struct.pack('<QQII', 10 * n, 5, EXCLUSIVE | AT_ONCE, 0)
                        for n in range(i, i + 64))
        s.call(smb2.LOCK, bytes(Lock(count=64, fid=g.fid)) + body)
    refused('INSUFFICIENT_RESOURCES', s.lock, g.fid, 10000, 1, EXCLUSIVE | AT_ONCE)
    refused('INSUFFICIENT_RESOURCES', s.lock, g.fid, 10000, 1, EXCLUSIVE)
    refused('RANGE_NOT_LOCKED', s.unlock, g.fid, 10000, 1)
    # one of the same bytes stays
    other = client(w, 2)
    h = other.make('f')
    for how in (SHARED | AT_ONCE, SHARED):
        refused('INSUFFICIENT_RESOURCES', s.lock, g.fid, 0, 5, how)
        refused('LOCK_NOT_GRANTED', other.lock, h.fid, 0, 5, SHARED | AT_ONCE)
    other.end()
    s.unlock(g.fid, 0, 5)
    s.lock(g.fid, 10000, 1)
    s.end()
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    eq(w.server.claims()['ranges'], 256)
    s = client(w)
    s.close(s.back(g.fid, lease=0).fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def outlives_the_module(w):
    """Reloading only the SMB module keeps the epoch and the ids in use."""
    available(w)
    s = client(w)
    held = [s.lasting(number=n, state=0).fid for n in range(1, 4)]
    away(w, s, 3)
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    wait_for('SMB goes', lambda: run('rmmod', 'ditto_smb', check=False).returncode == 0)
    run('modprobe', 'ditto_smb')
    w.server.helper_stop()
    w.server.helper_start(w.server.conf)
    w.server.listen()
    s = client(w)
    new = [s.lasting(number=n, state=0).fid for n in range(11, 17)]
    eq(len({fid[:8] for fid in held + new}), 9)
    eq(records(w), 9)
    for n, fid in enumerate(held, 1):
        s.close(s.back(fid, number=n, lease=0).fid)
    for fid in new:
        s.close(fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def share_goes_with_its_records(w):
    """The records of opens go with their share, without a helper as soon as there is one."""
    available(w)
    s = client(w)
    s.lasting(state=0)
    for number, helper in ((2, True), (3, False)):
        second_share(w)
        t = client(w, number, share='other')
        t.make('g', durable_v2(number, flags=PERSISTENT))
        eq(records(w), 2)
        if not helper:
            w.server.helper_stop('KILL')
        w.server.delete('other')
        if not helper:
            eq(records(w), 2)
            w.server.helper_start(w.server.conf)
        wait_for('its record goes', lambda: records(w) == 1)
        t.end()
        wait_for('it is closed', lambda: len(w.server.json('open', 'list')) == 1)
        os.remove(f'{w.base}/other/g')
        os.rmdir(f'{w.base}/other')
    eq(opens(w), [('f', 'persistent')])
    close_all(w)
    s.end()
    gone(w)


@test(smb=True, squash='none')
def outlives_a_stop(w):
    """Records of opens stay when the server stops, as it does before a reboot."""
    available(w)
    s = client(w)
    g = s.lasting()
    share = w.server.shares['data']
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    w.server.delete('data')
    s.end()
    eq(records(w), 1)
    w.server.shares['data'] = share
    w.server.restart()
    s = client(w)
    g = s.back(g.fid)
    s.close(g.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def grace_ends_without_a_share(w):
    """The grace ends when the time of opens is over whose share does not come."""
    available(w)
    s = client(w)
    s.lasting(ms=15000)
    away(w, s)
    w.server.lengthen_grace()
    shares, w.server.shares = w.server.shares, {}
    w.server.restart()
    wait_for('the grace', lambda: w.server.grace()['active'])
    eq(w.server.grace()['known'], 1)
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    wait_for('the record goes', lambda: records(w) == 0)
    w.server.serve('data', shares['data'][0], **shares['data'][1])


@test(smb=True, squash='none', timeout=120)
def its_client_leaves_first(w):
    """An open whose client left before the response is closed when its record is gone."""
    def is_free():
        try:
            other.close(other.make('f').fid)
        except smb2.Status as e:
            eq(e.name, 'SHARING_VIOLATION')
            return False
        return True

    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    available(w)
    s, other = client(w), client(w, 2)
    with process_stopped(w.server.helper.pid):
        s.send(smb2.CREATE, s.body_of('f', durable_v2(1, flags=PERSISTENT), share=0))
        wait_for('it is recorded', lambda: not is_free())
        s.end()
        wait_for('its session ends', lambda: len(w.server.json('session', 'list')) == 1)
        eq(is_free(), False)
    wait_for('another gets it', is_free)
    eq((records(w), opens(w)), (0, []))
    other.end()
    gone(w)

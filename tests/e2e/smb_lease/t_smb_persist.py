# SPDX-License-Identifier: GPL-2.0-only
"""Persistent opens of SMB, over restarts and lost connections."""
import contextlib
import os
import select
import sqlite3
import struct
import time

import nfs3
import smb2
from checks import eq, wait_for
from client_lists import budget
from files import get, put
from harness import test
from processes import process_stopped, run
from smb2 import AT_ONCE, DELETE, DELETE_ON_CLOSE, EXCLUSIVE, GENERIC_READ, SHARED, refused
from smb_cachers import BATCH, H, R, W, key
from smb_contexts import REPLAY, TIMEOUT_MS, Answer, app, durable_v2, lease_v2
from smb_durable import RWH, away, close_all, waiting
from smb_info import GET_REPARSE, SET_REPARSE, symlink_data
from smb_lasting import (PERSISTENT, PERSISTENT_CAP, Client, available, before_echo, client, gone,
                         opens, recorded, records, second_share)
from smb_quota import date_filetime

CONTINUOUS = 0x10
MANY = 300              # more than there are workers


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
    eq(s.read(again.fid, 6), b'before')
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


@test(smb=True, squash='none', timeout=240)
def reparse_points_without_a_helper(w):
    """Requests of others do not wait until reparse points are recorded."""
    available(w)
    # the file system of both shares is the same
    os.mkdir(w.path('other'))
    os.chmod(w.path('other'), 0o777)
    w.server.serve('other', w.path('other'), squash='none')
    s, other = client(w), client(w, 2, share='other')
    fids = []
    for n in range(MANY):
        put(w.path(f'r{n}'), b'', 0o666)
        os.chmod(w.path(f'r{n}'), 0o666)
        durable = struct.pack('<IIQQQ', TIMEOUT_MS, PERSISTENT, 0, 1, n)
        fids.append(s.make(f'r{n}', (b'DH2Q', durable)).fid)
    eq(records(w), MANY)
    with process_stopped(w.server.helper.pid):
        numbers = [s.send(smb2.IOCTL, smb2.ioctl_body(fid, SET_REPARSE, symlink_data('target')))
                   for fid in fids]
        other.close(other.make('new').fid)
        eq(select.select([s.socket], [], [], 0)[0], [], 'answers that came first')
    for number, fid in zip(numbers, fids):
        eq(smb2.NAMES[s.answer(number)[0]], 'SUCCESS')
        s.close(fid)
    for session in s, other:
        session.end()
    gone(w)
    w.server.delete('other')


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


@test(smb=True, squash='none', timeout=120, fs='ext4')
def names_outlive_the_machine(w):
    """A restored open deletes the name that it has, and no other one."""
    available(w)
    os.mkdir(w.path('d'))
    os.chmod(w.path('d'), 0o777)
    put(w.path('d', 'single'), b'x')
    os.chmod(w.path('d', 'single'), 0o666)
    for name in 'renamed', 'replaced', 'd/several':
        os.link(w.path('f'), w.path(name))
    s = client(w)
    fids = {name: s.lasting(name, n, state=0, options=DELETE_ON_CLOSE).fid
            for n, name in enumerate(('d\\several', 'd\\single', 'renamed', 'replaced'), 1)}
    s.rename(fids['renamed'], 'd\\moved')
    s.end()
    wait_for('they wait', lambda: len(waiting(w)) == 4)
    shares, w.server.shares = w.server.shares, {}
    w.server.helper_stop()
    w.server.unload()
    os.rename(w.path('replaced'), w.path('kept'))
    put(w.path('replaced'), b'new')
    # the machine starts anew and knows no names
    put('/proc/sys/vm/drop_caches', b'2')
    w.server.load()
    w.server.key()
    w.server.serve('data', shares['data'][0], **shares['data'][1])
    w.server.helper_start(w.server.conf)
    w.server.listen()
    wait_for('they are restored', lambda: len(waiting(w)) == 4)
    s = client(w)
    for n, name in enumerate(fids, 1):
        fid = s.back(fids[name], name, n, lease=0).fid
        if name == 'replaced':
            refused('ACCESS_DENIED', s.rename, fid, 'other')
            refused('CANNOT_DELETE', s.delete_on_close, fid)
        s.close(fid)
    eq(os.listdir(w.path('d')), [])
    eq(sorted(set(os.listdir(w.export)) - {'.ditto', 'lost+found', 'd'}), ['f', 'kept', 'replaced'])
    eq((get(w.path('replaced')), os.stat(w.path('f')).st_nlink), (b'new', 2))
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
        s.call(smb2.LOCK, struct.pack('<HHI16s', 48, 64, 0, g.fid) + body)
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
def closed_without_a_helper(w):
    """A record closed without the helper is removed when the helper is back."""
    available(w)
    s = client(w)
    g, h = s.lasting(state=0), s.lasting(number=2, state=0)
    w.server.helper_stop('KILL')
    s.close(g.fid)
    s.close(h.fid)
    eq(records(w), 2)
    w.server.helper_start(w.server.conf)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def lock_is_sent_again_without_a_helper(w):
    """A LOCK that comes again and cannot be recorded releases nothing of what came first."""
    def again():
        return s.sequenced_lock(g.fid, 0, 5, EXCLUSIVE | AT_ONCE, 1, 5)

    available(w)
    s, other = client(w), client(w, 2)
    g, h = s.lasting(state=0), other.make('f')
    eq(again(), 'SUCCESS')
    w.server.helper_stop('KILL')
    # it is recorded already, until something else changes
    eq(again(), 'SUCCESS')
    refused('INSUFFICIENT_RESOURCES', s.lock, g.fid, 10, 5)
    eq(again(), 'INSUFFICIENT_RESOURCES')
    refused('LOCK_NOT_GRANTED', other.lock, h.fid, 0, 5)
    w.server.helper_start(w.server.conf)
    wait_for('it can be recorded', lambda: again() == 'SUCCESS')
    s.unlock(g.fid, 0, 5)
    other.lock(h.fid, 0, 5)
    s.close(g.fid)
    s.end()
    other.end()
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


@test(smb=True, squash='none', timeout=90)
def of_a_removed_name(w):
    """A client with a lease comes back by the name that others have removed or replaced."""
    available(w)
    for replaced in (False, True):
        put(w.path('f'), b'0123456789', 0o666)
        os.chmod(w.path('f'), 0o666)
        s = client(w)
        g = s.lasting()
        away(w, s)
        if replaced:
            put(w.path('new'), b'another', 0o666)
            os.rename(w.path('new'), w.path('f'))
        else:
            os.unlink(w.path('f'))
        s = client(w)
        again = s.back(g.fid)
        eq((again.fid[:8], again.state, s.read(again.fid, 10)), (g.fid[:8], 0, b'0123456789'))
        s.close(again.fid)
        s.end()
        gone(w)


def renames(w):
    """Ways in which others rename a file."""
    n = w.client.nfs()

    def by_smb(old, new):
        other = client(w, 2)
        h = other.make(old, access=DELETE)
        other.rename(h.fid, new)
        other.close(h.fid)
        other.end()

    def by_nfs(old, new):
        wait_for('the rename', lambda: n.rename(n.root, old, n.root, new).status == nfs3.OK)

    def locally(old, new):
        os.rename(w.path(old), w.path(new))
    return by_smb, by_nfs, locally


def comes_back(w, fid, known, unknown, **kw):
    """A client comes back by each of the names that are known, and by no other one."""
    for name in known:
        s = client(w)
        for other in unknown:
            refused('INVALID_PARAMETER', s.back, fid, other, **kw)
        again = s.back(fid, name, **kw)
        eq(again.fid[:8], fid[:8])
        s.write(again.fid, name.encode())
        away(w, s, len(waiting(w)) + 1)


@test(smb=True, squash='none', timeout=180)
def of_a_name_that_others_changed(w):
    """A client with a lease comes back by the name that it knows, and by the one that others gave."""
    for rename in renames(w):
        available(w)
        s = client(w)
        g = s.lasting()
        away(w, s)
        rename('f', 'moved')
        # another file, even
        put(w.path('f'), b'another', 0o666)
        comes_back(w, g.fid, ('f', 'F', 'moved'), ('other', 'move', 'f:s'))
        eq((get(w.path('f')), get(w.path('moved'))[:5]), (b'another', b'moved'))
        close_all(w)
        gone(w)
        os.unlink(w.path('moved'))
    # while it is there, and over a restart
    available(w)
    s = client(w)
    g = s.lasting(state=R)
    os.rename(w.path('f'), w.path('moved'))
    away(w, s)
    wait_for('it is recorded', lambda: recorded(w, 'moved') == 1)
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['moved'])
    comes_back(w, g.fid, ('f', 'F', 'moved'), ('other',))
    close_all(w)
    gone(w)


@test(smb=True, squash='none', timeout=180)
def of_a_name_that_it_changed(w):
    """A rename by a client with the lease changes the name that it knows, for all its opens."""
    available(w)
    os.link(w.path('f'), w.path('link'))
    s = client(w)
    first = s.lasting('f', 1)
    # an open that is not persistent has the lease, too
    plain = s.make('f', lease_v2(key(1), RWH))
    second = s.lasting('F', 2, lease=1)
    linked = s.lasting('link', 3, lease=1)
    s.rename(plain.fid, 'Own')
    s.close(plain.fid)
    away(w, s, 3)
    comes_back(w, first.fid, ('own', 'link'), ('f', 'moved', 'link 2'))
    wait_for('both are recorded', lambda: recorded(w, 'Own') == 2)
    w.server.restart()
    wait_for('they wait', lambda: len(waiting(w)) == 3)
    os.rename(w.path('Own'), w.path('moved'))
    os.rename(w.path('link'), w.path('link 2'))
    # each name that the file has is good, too
    known = ('own', 'moved', 'link 2')
    comes_back(w, first.fid, known, ('f', 'link'))
    comes_back(w, second.fid, known, ('f', 'link'), number=2)
    comes_back(w, linked.fid, ('link', 'moved', 'link 2'), ('f', 'own'), number=3)
    close_all(w)
    gone(w)


@test(smb=True, squash='none', timeout=90)
def deletes_no_other_name(w):
    """An open whose name others have removed deletes no other name of the file after a restart."""
    available(w)
    for name in 'fgh':
        put(w.path(name), b'x', 0o666)
        os.chmod(w.path(name), 0o666)
        os.link(w.path(name), w.path(f'other {name}'))
    s = client(w)
    at_close = s.lasting('f', 1, state=0, options=DELETE_ON_CLOSE)
    pending = s.lasting('g', 2, state=0)
    carried_out = s.lasting('h', 3, state=0)
    s.delete_on_close(pending.fid)
    s.delete_on_close(carried_out.fid)
    away(w, s, 3)
    os.unlink(w.path('f'))
    os.unlink(w.path('g'))
    w.server.restart()
    wait_for('they wait', lambda: len(waiting(w)) == 3)
    s = client(w)
    for n, (name, g) in enumerate((('f', at_close), ('g', pending), ('h', carried_out)), 1):
        s.close(s.back(g.fid, name, n, lease=0).fid)
    eq([name for name in 'fgh' if not os.path.exists(w.path(f'other {name}'))], [])
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120, fs='ext4')
def names_are_recorded(w):
    """What others do with the names of a file is recorded, and known after a restart."""
    available(w)
    ways = renames(w)
    n = w.client.nfs()

    def unlink(name):
        os.unlink(w.path(name))

    def remove(name):
        wait_for('the removal', lambda: n.remove(n.root, name).status == nfs3.OK)

    def link(name, other):
        os.link(w.path(name), w.path(other))
    for name in ('smb', 'nfs', 'local', 'left', 'gone', 'both', 'back'):
        put(w.path(name), name.encode(), 0o666)
        os.chmod(w.path(name), 0o666)
    s = client(w)
    names = ('smb', 'nfs', 'local', 'left', 'gone', 'both', 'back')
    fids = {name: s.lasting(name, i, state=0, options=DELETE_ON_CLOSE).fid
            for i, name in enumerate(names, 1)}
    away(w, s, len(names))
    for rename, name in zip(ways, names):
        rename(name, f'{name} new')
    for name, removes in ('left', unlink), ('gone', remove):
        link(name, f'{name} link')
        removes(name)
    link('both', 'both link')
    os.rename(w.path('back'), w.path('away'))
    os.rename(w.path('away'), w.path('back'))
    for name in names[:3]:
        wait_for(f'{name} is recorded', lambda: recorded(w, f'{name} new') == 1)
    for name in names[3:5]:
        wait_for(f'{name} is recorded', lambda: recorded(w, name) == 0)
    wait_for('back is recorded', lambda: recorded(w, 'back') == 1)
    for _ in range(2):
        w.server.restart()
        wait_for('they wait', lambda: len(waiting(w)) == len(names))
    # and what they do afterwards, also while there is no helper for a while
    os.rename(w.path('smb new'), w.path('smb last'))
    wait_for('it is recorded', lambda: recorded(w, 'smb last') == 1)
    w.server.helper_stop('KILL')
    os.rename(w.path('nfs new'), w.path('nfs last'))
    w.server.helper_start(w.server.conf)
    wait_for('it is recorded', lambda: recorded(w, 'nfs last') == 1)
    w.server.restart()
    wait_for('they wait', lambda: len(waiting(w)) == len(names))
    s = client(w)
    for i, name in enumerate(names, 1):
        s.close(s.back(fids[name], name, i, lease=0).fid)
    eq(sorted(set(os.listdir(w.export)) - {'.ditto', 'lost+found', 'f'}),
       ['both link', 'gone link', 'left link'])
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120, fs='ext4')
def names_are_not_recorded(w):
    """After a restart an open has no name that nobody recorded: a link, or by a rename."""
    available(w)
    names = ('renamed', 'linked', 'same')
    for name in names:
        put(w.path(name), name.encode(), 0o666)
        os.chmod(w.path(name), 0o666)
    s = client(w)
    fids = {name: s.lasting(name, i, state=0, options=DELETE_ON_CLOSE).fid
            for i, name in enumerate(names, 1)}
    away(w, s, len(names))
    shares, w.server.shares = w.server.shares, {}
    w.server.helper_stop('KILL')
    os.rename(w.path('renamed'), w.path('new'))
    os.link(w.path('linked'), w.path('link'))
    os.unlink(w.path('linked'))
    w.server.unload()
    w.server.load()
    w.server.key()
    w.server.serve('data', shares['data'][0], **shares['data'][1])
    w.server.helper_start(w.server.conf)
    w.server.listen()
    wait_for('they are restored', lambda: len(waiting(w)) == 3)
    s = client(w)
    for i, name in enumerate(names, 1):
        fid = s.back(fids[name], name, i, lease=0).fid
        if name != 'same':
            refused('ACCESS_DENIED', s.rename, fid, 'other')
            refused('CANNOT_DELETE', s.delete_on_close, fid)
        s.close(fid)
    eq(sorted(set(os.listdir(w.export)) - {'.ditto', 'lost+found', 'f'}), ['link', 'new'])
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def ends_without_a_record(w):
    """The server ends right after a change of a name of an open that could not be recorded."""
    available(w)
    s = client(w)
    w.server.helper_stop()
    eq(s.make('f', durable_v2(1, flags=PERSISTENT)).durable, None)
    os.link(w.path('f'), w.path('link'))
    w.server.restart()
    # longer than it takes until records are tried again
    time.sleep(1.5)
    s.end()
    w.server.helper_start(w.server.conf)
    gone(w)


def may_have(s, *args, **kw):
    """A persistent open of f that excludes all others, or None if the file is in use."""
    try:
        return s.lasting('f', *args, state=0, share=0, **kw)
    except smb2.Status as e:
        eq(e.name, 'SHARING_VIOLATION')
        return None


@test(smb=True, squash='none', timeout=120)
def expires_without_a_helper(w):
    """Nobody gets what an expired open holds before its record is gone."""
    def over():
        opened, = w.server.json('open', 'list')
        return opened['session'] == 0 and not opened.get('waits_s')

    available(w)
    s, other = client(w), client(w, 2)
    g = may_have(s, ms=1000)
    w.server.helper_stop('KILL')
    s.end()
    wait_for('its time is over', over)
    refused('SHARING_VIOLATION', other.make, 'f')
    eq((records(w), opens(w)), (1, [('f', 'persistent')]))
    w.server.helper_start(w.server.conf)
    h = wait_for('another gets it', lambda: may_have(other, 2))
    eq(records(w), 1)
    other.end()
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    s = client(w)
    refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, lease=0)
    other = client(w, 2)
    other.close(other.back(h.fid, number=2, lease=0).fid)
    other.end()
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def one_record_stays(w):
    """A record that cannot be removed holds up no other one, and goes as soon as it can."""
    def over():
        return all(o['session'] == 0 and not o.get('waits_s')
                   for o in w.server.json('open', 'list'))

    def database(text):
        with contextlib.closing(sqlite3.connect(f'{w.base}/state/state.db', timeout=30)) as db:
            db.execute(text)
            db.commit()

    available(w)
    s = client(w)
    lost = {s.lasting(f'l{n}', n, state=0, ms=1000).fid[:8]: f'l{n}' for n in range(1, 5)}
    # the first of all that are tried
    first = min(lost, key=lambda fid: int.from_bytes(fid, 'little'))
    w.server.helper_stop('KILL')
    s.end()
    wait_for('their time is over', over)
    eq(records(w), 4)
    database(f"CREATE TRIGGER stays BEFORE DELETE ON record WHEN OLD.key = x'{first.hex()}' "
             "BEGIN SELECT RAISE(ABORT, 'it stays'); END")
    w.server.helper_start(w.server.conf)
    wait_for('the others go', lambda: opens(w) == [(lost[first], 'persistent')])
    eq(records(w), 1)
    # nor does it keep other opens from being closed
    s = client(w, 2)
    s.close(s.lasting(number=5, state=0).fid)
    eq(opens(w), [(lost[first], 'persistent')])
    s.end()
    database('DROP TRIGGER stays')
    gone(w)


@test(smb=True, squash='none', timeout=120)
def ends_without_a_helper(w):
    """Nobody gets what a closed open holds before its record is gone."""
    def close_by_number(*_):
        opened, = w.server.json('open', 'list')
        w.server.ctl('open', 'close', str(opened['id']))

    available(w)
    other = client(w, 2)
    for end in (lambda s, g: s.close(g.fid), lambda s, g: eq(s.disconnect_tree(), 'SUCCESS'),
                close_by_number):
        s = client(w)
        g = may_have(s)
        w.server.helper_stop('KILL')
        end(s, g)
        refused('SHARING_VIOLATION', other.make, 'f')
        eq((records(w), opens(w)), (1, [('f', 'persistent')]))
        w.server.helper_start(w.server.conf)
        h = wait_for('another gets it', lambda: may_have(other, 2))
        eq(records(w), 1)
        other.close(h.fid)
        s.end()
        s = client(w)
        refused('OBJECT_NAME_NOT_FOUND', s.back, g.fid, lease=0)
        s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def taken_over_without_a_helper(w):
    """An application that takes its files over waits for the helper, and its connection does not.

    So does CLOSE of an open that is persistent although its share has the option no more.
    """
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    os.chmod(w.export, 0o777)
    for on in (True, False):
        available(w, False)
        new = client(w, 2)
        w.server.set('data', continuously_available=True)
        old = client(w)
        fids = []
        for n in (1, 2):
            g = old.make(f'a{n}', durable_v2(n, TIMEOUT_MS, PERSISTENT), app(n), share=0)
            eq((g.durable, g.kind), (b'DH2Q', PERSISTENT))
            fids.append(g.fid)
        # a tree whose access was checked before, and opens that outlive their share's option
        w.server.set('data', continuously_available=on)
        old.close(old.make('g').fid)
        with process_stopped(w.server.helper.pid):
            taken = before_echo(new, smb2.CREATE, new.body_of('a1', app(1), share=0))
            closed = before_echo(old, smb2.CLOSE, struct.pack('<HHI16s', 24, 0, 0, fids[1]))
            eq(records(w), 2)
        eq((new.answer(taken, 60)[0], old.answer(closed, 60)[0]), (0, 0))
        wait_for('the records go', lambda: records(w) == 0)
        for s in (new, old):
            s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def deletion_is_taken_back(w):
    """A deletion that another open cancels is in no record any more."""
    available(w)
    s, other = client(w), client(w, 2)
    g, h = s.lasting(state=0), other.lasting(number=2, state=0)
    s.delete_on_close(g.fid)
    refused('DELETE_PENDING', other.make, 'f')
    other.delete_on_close(h.fid, False)
    other.close(other.make('f').fid)
    # a change that cannot be recorded is not made
    s.delete_on_close(g.fid)
    w.server.helper_stop('KILL')
    refused('INSUFFICIENT_RESOURCES', other.delete_on_close, h.fid, False)
    refused('DELETE_PENDING', other.make, 'f')
    w.server.helper_start(w.server.conf)
    other.delete_on_close(h.fid, False)
    s.end()
    other.end()
    w.server.restart()
    wait_for('they wait', lambda: waiting(w) == ['f', 'f'])
    s, other = client(w), client(w, 2)
    s.close(s.back(g.fid, lease=0).fid)
    other.close(other.back(h.fid, number=2, lease=0).fid)
    eq(get(w.path('f')), b'0123456789')
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def deletion_of_another_name(w):
    """To cancel the deletion of one name changes no record of the deletion of another one."""
    available(w)
    os.link(w.path('f'), w.path('g'))
    s, other = client(w), client(w, 2)
    f, g = s.lasting(state=0), other.lasting('g', 2, state=0)
    s.delete_on_close(f.fid)
    with process_stopped(w.server.helper.pid):
        other.delete_on_close(g.fid, False)
    refused('DELETE_PENDING', other.make, 'f')
    s.close(f.fid)
    eq(os.path.exists(w.path('f')), False)
    other.close(g.fid)
    eq(get(w.path('g')), b'0123456789')
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def waited_for_and_recorded(w):
    """A lock that waited, and a deletion, are on disk before the reply."""
    available(w)
    s, other = client(w), client(w, 2)
    g = s.lasting(state=0)
    h = other.make('f')
    other.lock(h.fid, 0, 5)
    number = s.wait_lock(g.fid, 0, 5)
    other.unlock(h.fid, 0, 5)
    eq(s.answer(number)[0], smb2.OK)
    other.close(h.fid)
    s.delete_on_close(g.fid)
    # it waits though there is neither a helper nor a listener
    w.server.helper_stop('KILL')
    other.end()
    s.end()
    eq(records(w), 1)
    w.server.ctl('listener', 'del', str(w.server.json('listener', 'list')[-1]['id']))
    w.server.helper_start(w.server.conf)
    w.server.listen()
    s = client(w)
    again = s.back(g.fid, lease=0)
    s.unlock(again.fid, 0, 5)
    s.close(again.fid)
    eq(os.path.exists(w.path('f')), False)
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

# SPDX-License-Identifier: GPL-2.0-only
"""Persistent opens of SMB over crashes of the server and hangs of its helper."""
import contextlib
import os
import shutil
import struct
import time
import uuid

import smb2
import smbraw
from checks import SLOW, eq, wait_for
from files import get, pattern, put
from harness import test
from processes import Child, process_stopped
from smb2 import CREATE, DELETE_ON_CLOSE, GENERIC_READ, OPLOCK_BREAK, SET_INFO, ack_body, refused
from smb_bodies import Lock, SetInfo, Write
from smb_cachers import H, R, W, key
from smb_contexts import Answer, durable_v2, lease_v2
from smb_copy import COPYCHUNK, RESUME_KEY
from smb_durable import RWH, close_all, waiting
from smb_lasting import (PERSISTENT, available, before_echo, client, gone, opens, recorded_data,
                         records, second_share, unwritable)

PIECE = 4096
WRITE_THROUGH = 1       # of a WRITE
OPEN_THROUGH = 2        # of a CREATE


def breaking(s, other, state=RWH):
    """Open by another client what the client caches; returns the id of that CREATE."""
    number = other.send(CREATE, other.body_of('f'))
    eq(s.broken()[1:3], (state, state & ~W))
    return number


@test(smb=True, squash='none')
def wrong_acknowledgment(w):
    """A wrong acknowledgment changes nothing, also not after a restart."""
    available(w)
    s = client(w)
    g = s.lasting()
    refused('UNSUCCESSFUL', s.ack, key(1), 0)
    s.end()
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    s = client(w)
    again = s.back(g.fid)
    eq(again.state, RWH)
    s.close(again.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none')
def acknowledged_at_once(w):
    """One of simultaneous acknowledgments counts, and all are answered."""
    available(w)
    s, other = client(w), client(w, 2)
    held = [s.lasting('f', n, lease=1) for n in range(1, 5)]
    number = breaking(s, other)
    acks = [s.send(OPLOCK_BREAK, ack_body(key(1), R | H)) for _ in range(16)]
    said = sorted(smbraw.name(s.answer(n)[0]) for n in acks)
    eq(said, ['SUCCESS'] + ['UNSUCCESSFUL'] * 15)
    eq(other.answer(number)[0], smb2.OK)
    other.end()
    s.end()
    w.server.restart()
    wait_for('they wait', lambda: len(waiting(w)) == 4)
    s = client(w)
    for n, g in enumerate(held, 1):
        again = s.back(g.fid, number=n)
        eq(again.state, R | H)
        s.close(again.fid)
    s.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def given_up_without_a_helper(w):
    """An acknowledgment and a cancelled deletion wait for the helper; their connections do not.

    The share does not have the option any more.
    """
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    available(w)
    s, other = client(w), client(w, 2)
    g = s.lasting()
    w.server.set('data', continuously_available=False)
    # The access of the trees is checked again.
    for c in (s, other):
        c.close(c.make('g').fid)
    number = breaking(s, other)
    with process_stopped(w.server.helper.pid):
        ack = before_echo(s, OPLOCK_BREAK, ack_body(key(1), R | H))
    eq(s.answer(ack, 60)[0], smb2.OK)
    status, out = other.answer(number, 60)
    eq(status, smb2.OK)
    h = Answer(out)
    s.delete_on_close(g.fid)
    body = bytes(SetInfo(level=13, length=1, fid=h.fid)) + b'\0'
    with process_stopped(w.server.helper.pid):
        cancelled = before_echo(other, SET_INFO, body)
    eq(other.answer(cancelled, 60)[0], smb2.OK)
    for c, opened in (s, g), (other, h):
        c.close(opened.fid)
        c.end()
    eq(os.path.exists(w.path('f')), True)
    gone(w)


def crash(w):
    """The helper and the server end without having done what they meant to do."""
    w.server.helper_stop('KILL')
    w.server.restart()
    w.server.helper_start(w.server.conf)


@test(smb=True, squash='none', timeout=120)
def unlock_is_recorded_first(w):
    """Others get a range when a crash cannot bring it back; if that is not possible it stays."""
    available(w)
    a, b = client(w), client(w, 2)
    ga, gb = a.lasting('f', 1, state=0), b.lasting('f', 2, state=0)
    a.lock(ga.fid, 0, 4)
    a.lock(ga.fid, 10, 4)
    a.lock(ga.fid, 20, 4)
    with unwritable(w):
        refused('INSUFFICIENT_RESOURCES', a.unlock, ga.fid, 0, 4)
        refused('LOCK_NOT_GRANTED', b.lock, gb.fid, 0, 4)
    a.unlock(ga.fid, 0, 4)
    b.lock(gb.fid, 0, 4)
    # The first one of these is unlocked, and recorded so, although the second one fails.
    body = bytes(Lock(count=2, fid=ga.fid)) + b''.join(
        struct.pack('<QQII', first, 4, smb2.UNLOCK, 0) for first in (20, 30))
    eq(a.status(smb2.LOCK, body), 'RANGE_NOT_LOCKED')
    b.lock(gb.fid, 20, 4)
    crash(w)
    wait_for('both wait', lambda: waiting(w) == ['f', 'f'])
    a, b = client(w), client(w, 2)
    again = b.back(gb.fid, number=2, lease=0)
    b.unlock(again.fid, 0, 4)
    b.unlock(again.fid, 20, 4)
    b.close(again.fid)
    again = a.back(ga.fid, number=1, lease=0)
    refused('RANGE_NOT_LOCKED', a.unlock, again.fid, 0, 4)
    a.unlock(again.fid, 10, 4)
    a.close(again.fid)
    a.end()
    b.end()
    gone(w)


@test(smb=True, squash='none', timeout=120)
def acknowledgment_is_recorded_first(w):
    """Others get what a break takes when a crash cannot bring it back; till then it goes on."""
    available(w)
    s, other = client(w), client(w, 2)
    g = s.lasting()
    before = recorded_data(w)
    number = breaking(s, other)
    with unwritable(w):
        refused('INSUFFICIENT_RESOURCES', s.ack, key(1), R | H)
        eq(recorded_data(w), before)
        eq(other.answer(number, pending=True)[0], smb2.PENDING)
        eq(other.silent(), True)
    s.ack(key(1), R | H)
    eq(other.answer(number, 60)[0], smb2.OK)
    eq(recorded_data(w) != before, True)
    crash(w)
    wait_for('it waits', lambda: waiting(w) == ['f'])
    s = client(w)
    again = s.back(g.fid)
    eq(again.state, R | H)
    s.close(again.fid)
    s.end()
    gone(w)


def acknowledged(s, state):
    try:
        s.ack(key(1), state)
    except smb2.Status as e:
        eq(e.name, 'INSUFFICIENT_RESOURCES')
        return False
    return True


@test(smb=True, squash='none', timeout=90)
def acknowledged_when_a_share_is_gone(w):
    """A record that a crash would restore goes before others get what its lease gives up.

    The lease is of two opens by two shares. The one with a record is removed.
    """
    available(w, on=False)
    w.server.ctl('share', 'add', 'other', w.export, 'id', str(uuid.uuid4()), 'squash', 'none',
                 'continuously-available', 'on')
    s, other = client(w), client(w, 2)
    g = s.make('f', lease_v2(key(1), RWH))
    tree = s.tree
    eq(s.connect_tree('other'), 'SUCCESS')
    s.lasting('f', 2, lease=1)
    s.tree = tree
    number = breaking(s, other)
    with unwritable(w):
        w.server.ctl('share', 'del', 'other')
        refused('INSUFFICIENT_RESOURCES', s.ack, key(1), R | H)
        eq(records(w), 1)
        eq(other.answer(number, pending=True)[0], smb2.PENDING)
    wait_for('the helper is asked again', lambda: acknowledged(s, R | H))
    eq(records(w), 0)
    eq(other.answer(number, 60)[0], smb2.OK)
    s.close(g.fid)
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def refused_while_its_lease_breaks(w):
    """A refused persistent open is an ordinary one while the helper hangs."""
    available(w)
    s, other = client(w), client(w, 2)
    lease = lease_v2(key(1), R | W)
    g = s.make('f', lease)
    number = breaking(s, other, R | W)
    w.server.ctl('server', 'set', 'upcall-ms', '2000')
    with process_stopped(w.server.helper.pid):
        second = s.send(CREATE, s.body_of('f', lease, durable_v2(2, flags=PERSISTENT)))
        time.sleep(0.5)
        # this waits for the record of the other, which is given up meanwhile
        ack = s.send(OPLOCK_BREAK, ack_body(key(1), R))
        status, out = s.answer(second)
        eq(status, smb2.OK)
        h = Answer(out)
        eq(h.durable, None)
        # a crash would restore it
        eq(s.answer(ack)[0], 0xc000009a)
        eq(other.answer(number, pending=True)[0], smb2.PENDING)
    w.server.ctl('server', 'set', 'upcall-ms', '30000')
    wait_for('the record goes', lambda: records(w) == 0)
    wait_for('the helper is asked again', lambda: acknowledged(s, R))
    eq(other.answer(number)[0], smb2.OK)
    eq(opens(w), [('f', 'none')] * 3)
    for fid in (g.fid, h.fid):
        s.close(fid)
    s.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', timeout=90)
def a_loss_does_not_wait_for_the_helper(w):
    """A client reconnects, and others are let in, while the helper hangs."""
    available(w)
    w.server.ctl('server', 'set', 'upcall-ms', '20000')
    s, t, other = client(w), client(w), client(w, 2)
    g = s.lasting('f', 1, R | W)
    h = s.lasting('f', 2, R | W, lease=1)
    s.lock(h.fid, 0, 5)
    number = breaking(s, other, R | W)
    with process_stopped(w.server.helper.pid):
        # the break is not answered any more, which is recorded later
        s.end()
        wait_for('both wait', lambda: len(waiting(w)) == 2)
        eq(other.answer(number)[0], smb2.OK)
        again = t.back(g.fid)
        lock = t.wait_lock(again.fid, 0, 5)
        eq(len(waiting(w)), 1)
    t.quiet()
    t.close(t.back(h.fid, number=2).fid)
    eq(t.answer(lock)[0], smb2.OK)
    t.close(again.fid)
    t.end()
    other.end()
    w.server.ctl('server', 'set', 'upcall-ms', '30000')
    gone(w)


@test(smb=True, squash='none', timeout=120)
def wanted_while_others_are_restored(w):
    """A conflict in grace waits, and then the lease is broken."""
    available(w)
    second_share(w)
    s, t = client(w), client(w, share='other')
    g = s.lasting('f', 1)
    h = t.lasting('held', 2)
    s.end()
    t.end()
    wait_for('they wait', lambda: waiting(w) == ['f', 'held'])
    late = w.server.shares.pop('other')
    w.server.restart()
    wait_for('one is restored', lambda: waiting(w) == ['f'])
    eq(w.server.grace()['active'], 1)
    newcomer = client(w, 2)
    refused('FILE_NOT_AVAILABLE', newcomer.make, 'f')
    # its owner is there before the others are, and has what it had
    s = client(w)
    again = s.back(g.fid)
    eq(again.state, RWH)
    s.write(again.fid, b'mine')
    refused('FILE_NOT_AVAILABLE', newcomer.make, 'f')
    s.quiet()
    # a process on the server does not know of a grace
    reader = Child(get, w.path('f'))
    eq(s.broken()[:3], (key(1), RWH, R | H))
    s.ack(key(1), R | H)
    eq(reader.join()[:4], b'mine')
    w.server.serve('other', late[0], **late[1])
    wait_for('the other is restored', lambda: waiting(w) == ['held'])
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    theirs = newcomer.make('f')
    newcomer.write(theirs.fid, b'ours')
    eq(s.broken()[:3], (key(1), R | H, 0))
    s.ack(key(1), 0)
    eq(s.read(again.fid, 4), b'ours')
    newcomer.close(theirs.fid)
    s.close(again.fid)
    t = client(w, share='other')
    eq(t.back(h.fid, 'held', 2, 2).state, RWH)
    for c in (s, t, newcomer):
        c.end()
    close_all(w)
    gone(w)
    w.server.delete('other')


@test(smb=True, squash='none', timeout=90)
def taken_before_its_owner_is_back(w):
    """A disconnected client loses its lease to others, and learns so later."""
    available(w)
    s = client(w)
    g = s.lasting('f', 1)
    s.end()
    w.server.restart()
    wait_for('it waits', lambda: waiting(w) == ['f'])
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    newcomer = client(w, 2)
    theirs = newcomer.make('f', lease_v2(key(9), RWH))
    eq(theirs.state & W, 0)
    newcomer.write(theirs.fid, b'ours')
    s = client(w)
    again = s.back(g.fid)
    eq((again.state & W, again.epoch > g.epoch), (0, True))
    eq(s.read(again.fid, 4), b'ours')
    for c, fid in ((s, again.fid), (newcomer, theirs.fid)):
        c.close(fid)
        c.end()
    gone(w)


@test(smb=True, squash='none')
def written_through(w):
    """Data is on the disk before the response if the open is persistent, or the client wants it."""
    w.served_volume('disk', size='40m', continuously_available=True)
    s = client(w, share='disk')
    image, pieces = f'{w.base}/disk.img', [pattern(n, PIECE) for n in range(5)]

    def missing():
        there = get(image)
        return [i for i, piece in enumerate(pieces) if piece not in there]

    plain = s.make('plain').fid
    flagged = bytes(Write(length=PIECE, fid=plain, flags=WRITE_THROUGH))
    eq(s.status(smb2.WRITE, flagged + pieces[0]), 'SUCCESS')
    through = s.make('through', options=OPEN_THROUGH).fid
    s.write(through, pieces[1])
    lasting = s.lasting(state=0).fid
    s.write(lasting, pieces[2])
    eq(missing(), [3, 4])
    source = s.ioctl(plain, RESUME_KEY)[:24]
    for fid, piece, left in ((lasting, 3, [4]), (through, 4, [])):
        s.write(plain, pieces[piece], PIECE)
        s.ioctl(fid, COPYCHUNK, source + struct.pack('<IIQQII', 1, 0, PIECE, PIECE, PIECE, 0))
        eq(missing(), left)
    eq(s.read(lasting, 2 * PIECE), pieces[2] + pieces[3])
    s.close(lasting)
    s.end()


class Crash:
    """Restore the files and the database of an earlier time, as a crash would leave them."""

    def __init__(self, w, names):
        self.w, self.names = w, names
        self.state, self.kept = f'{w.base}/state', f'{w.base}/state.kept'
        # by another name an inode stays, whatever the modules do when they go
        for name in names:
            put(w.path(name), b'x', 0o666)
            os.chmod(w.path(name), 0o666)
            os.link(w.path(name), w.path(f'.{name}'))

    def now(self):
        self.w.server.helper_stop('KILL')
        shutil.copytree(self.state, self.kept)

    def restart(self):
        w, shares = self.w, self.w.server.shares
        w.server.unload()
        shutil.rmtree(self.state)
        os.rename(self.kept, self.state)
        for name in self.names:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(w.path(name))
            os.rename(w.path(f'.{name}'), w.path(name))
        w.server.load()
        w.server.key()
        w.server.shares = {}
        w.server.helper_start(w.server.conf)
        for name, (path, options) in shares.items():
            w.server.serve(name, path, **options)
        w.server.listen()


@test(smb=True, squash='none', timeout=120)
def deletion_outlives_a_crash(w):
    """A pending deletion is done at the last close, or when the open expires."""
    available(w)
    names = ['deleted', 'closes', 'left', 'ends']
    crash = Crash(w, names)
    s, other = client(w), client(w, 2)
    deleted = s.lasting('deleted', 1, state=0)
    shares = other.lasting('deleted', 2, state=0, access=GENERIC_READ)
    closes = s.lasting('closes', 3, options=DELETE_ON_CLOSE)
    ends = s.lasting('ends', 4, options=DELETE_ON_CLOSE, ms=20000 * SLOW)
    left = s.lasting('left', 5, ms=20000 * SLOW)
    for g in (deleted, left):
        s.delete_on_close(g.fid)
    eq(records(w), 5)
    crash.now()
    s.end()
    other.end()
    crash.restart()
    wait_for('they wait', lambda: waiting(w) == sorted([*names, 'deleted']))
    wait_for('the grace ends', lambda: not w.server.grace()['active'])
    s, other = client(w), client(w, 2)
    refused('DELETE_PENDING', other.make, 'deleted')
    again = s.back(deleted.fid, 'deleted', 1, 0)
    s.close(again.fid)
    eq(os.path.exists(w.path('deleted')), True)
    other.close(other.back(shares.fid, 'deleted', 2, 0).fid)
    eq(os.path.exists(w.path('deleted')), False)
    eq(os.path.exists(w.path('closes')), True)
    s.close(s.back(closes.fid, 'closes', 3, 3).fid)
    eq(os.path.exists(w.path('closes')), False)
    eq([os.path.exists(w.path(n)) for n in ('left', 'ends')], [True, True])
    wait_for('their time is over', lambda: not opens(w), seconds=40)
    eq([os.path.exists(w.path(n)) for n in ('left', 'ends')], [False, False])
    s.end()
    other.end()
    eq(sorted(os.listdir(w.export)), ['f'])
    gone(w)

# SPDX-License-Identifier: GPL-2.0-only
"""Breaks of SMB leases that the client may not hear of, or answers late."""
import fcntl
import os
import random
import socket
import time

from impacket.smb3structs import SMB2_DIALECT_30

import smb2
from checks import SLOW, eq, wait_for
from files import put
from harness import test
from processes import Child
from smb2 import CREATE, refused
from smb_cachers import BATCH, BREAKING, BREAK_S, H, NOBODY, NONE, R, W, Cacher, key, two
from smb_compound import statuses
from smb_contexts import Answer, durable_v2, lease_v2
from smb_lasting import available, client, gone
from smb_limits import READS, clogged, is_clogged

RWH, RH = R | W | H, R | H
LATE_S = 2                  # for so long a late answer is expected


@test(smb=True, squash='none', clients=2, timeout=150)
def over_before_the_response(w):
    """A break whose time ends before the CREATE's response is sent is told after it."""
    available(w)
    put(w.path('g'), b'0123456789', 0o666)
    w.server.ctl('server', 'set', 'silence-s', '300')
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)
    s = client(w)
    reads = clogged(w, s)
    numbers = [s.send(CREATE, s.body_of('f', lease_v2(key(1), RWH))),
               s.send(CREATE, s.body_of('g', level=BATCH))]
    wait_for('both are open', lambda: {'f', 'g'} <= {
        o['path'] for o in w.server.json('open', 'list')})
    waiting = [other.opening('f'), other.opening('g')]
    for number in waiting:
        eq(other.answer(number, seconds=(BREAK_S + 20) * SLOW)[0], smb2.OK)
    eq(is_clogged(s), True)
    s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    # TCP asks more and more rarely whether there is room
    eq(statuses(s, reads, 60), ['SUCCESS'] * READS)
    f, g = (Answer(s.answer(number)[1]) for number in numbers)
    eq((f.state, g.level), (RWH, BATCH))
    # each follows the response of its own CREATE
    notices = [(*s.answer(NOBODY), s.frame) for _ in numbers]
    s.answers[NOBODY] = sorted(notices, key=lambda notice: len(notice[1]))
    eq(s.oplock_broken(), (g.fid, NONE))
    eq(s.broken(), (key(1), RWH, NONE, False, f.epoch + 1))
    # it has nothing, and may ask anew
    again = s.make('f', lease_v2(key(1), R, f.epoch))
    eq((again.state, again.flags), (R, 0))
    s.quiet()
    s.end()
    other.end()
    gone(w)


def lost_with_its_session(w, other, *durable):
    """A break is notified through a session that ends; returns the lost open and what was told."""
    lost, left = client(w), client(w)
    g = lost.make('f', lease_v2(key(1), RWH), *durable)
    eq(left.make('f', lease_v2(key(1), RWH)).state, RWH)
    number = other.opening('f')
    told = lost.broken()
    eq(told[1:4], (RWH, RH, True))
    left.quiet()
    lost.end()
    eq(left.broken(), told)
    return g, left, number, told


@test(smb=True, squash='none', clients=2)
def heard_by_another_session(w):
    """A notification that was lost with its session is sent to another session with the lease."""
    available(w)
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)
    _, left, number, _ = lost_with_its_session(w, other)
    left.ack(key(1), RH)
    other.close(other.opened(number).fid)
    left.quiet()
    left.end()
    other.end()
    gone(w)


@test(smb=True, squash='none', clients=2)
def heard_after_a_reconnect(w):
    """A client that reconnects is told of the break, and receives its notification again."""
    available(w)
    other = Cacher(w.clients[-1], dialect=SMB2_DIALECT_30)
    g, left, number, told = lost_with_its_session(w, other, durable_v2(1, flags=2))
    s = client(w)
    again = s.back(g.fid)
    eq((again.state, again.flags, again.epoch), (RWH, BREAKING, told[4] - 1))
    eq(s.broken(), told)
    s.ack(key(1), RH)
    other.close(other.opened(number).fid)
    s.quiet()
    left.quiet()
    s.close(again.fid)
    for one in s, left, other:
        one.end()
    gone(w)


def broken_and_closed(s, other, **kw):
    """An open of a lease is closed instead of an answer to a break."""
    f = s.open('f', key=key(1), state=RWH, epoch=0, **kw)
    eq(f.state, RWH)
    number = other.opening('f')
    eq(s.broken()[1:4], (RWH, RH, True))
    s.close(f.fid)
    other.close(other.opened(number).fid)


@test(smb=True, squash='none', clients=2)
def answered_after_the_close(w):
    """An answer that comes after the CLOSE is not taken for one to the break of a new lease."""
    s, other, _, _ = two(w)
    while True:
        since = time.monotonic()
        broken_and_closed(s, other)
        f = s.open('f', key=key(1), state=RWH, epoch=0)
        if time.monotonic() - since < LATE_S:
            break
        s.close(f.fid)
        time.sleep(LATE_S)
    eq((f.state, f.flags), (RH, 0))
    g = s.open('g', key=key(2), state=RWH, epoch=0)
    eq(g.state, RWH)
    refused('UNSUCCESSFUL', s.ack, key(1), RH)
    again = s.open('f', key=key(1), state=RWH, epoch=0)
    eq(again.state, RWH)
    for one in f, g, again:
        s.close(one.fid)
    # the same, while there is no lease
    broken_and_closed(s, other)
    refused('OBJECT_NAME_NOT_FOUND', s.ack, key(1), RH)
    broken_and_closed(s, other)
    # the key on another file
    g = s.open('g', key=key(1), state=RWH, epoch=0)
    eq(g.state, RWH)
    s.close(g.fid)
    s.end()
    other.end()


@test(smb=True, squash='none', clients=2)
def never_answered_after_the_close(w):
    """A client need not answer (MS-SMB2 section 3.2.5.19.2), and caches again soon."""
    s, other, _, _ = two(w)
    broken_and_closed(s, other)

    def cached():
        f = s.open('f', key=key(1), state=RWH, epoch=0)
        s.close(f.fid)
        return f.state == RWH
    wait_for('a lease is granted', cached)
    s.end()
    other.end()


def lock_and_write(path, end, letter, pause=0):
    """Under a lock a process finds what it has written itself, and its writes are not refused."""
    dice = random.Random(letter)
    while time.monotonic() < end:
        with open(path, 'rb') as f:
            fcntl.lockf(f, fcntl.LOCK_SH)
            f.read()
        with open(path, 'r+b', buffering=0) as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            f.write(letter * 3000)
            os.fsync(f)
            time.sleep(dice.random() * pause)
            eq(os.pread(f.fileno(), 4000, 0), letter * 3000)
        time.sleep(dice.random() * pause)


def burn(end):
    """Have processes of low priority run later than the threads of the kernel."""
    while time.monotonic() < end:
        pass


def lock_late(*args):
    os.nice(15)
    lock_and_write(*args)


@test(smb=True, locks=True, squash='none', clients=2, timeout=120)
def locks_of_a_late_client(w):
    """What Linux has locked at itself stays locked.

    It answers a break after it closed its last handle, and if a process has opened the file again
    meanwhile, the answer seems to be to the next break.
    """
    os.chmod(w.export, 0o777)
    smb_mount = w.clients[0].mount_smb(opts='noperm')
    v3 = w.clients[1].mount(vers='3')
    end = time.monotonic() + 10
    workers = [Child(burn, end)]
    for i in range(6):
        put(w.path(f'f{i}'), b'x' * 3000, 0o666)
        workers.append(Child(lock_late, f'{smb_mount}/f{i}', end, b's'))
        workers.append(Child(lock_and_write, f'{v3}/f{i}', end, b'n', 0.02))
    for worker in workers:
        worker.join()

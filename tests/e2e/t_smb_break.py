# SPDX-License-Identifier: GPL-2.0-only
"""Breaks of SMB leases that the client may not hear of: late responses and lost connections."""
import socket

from impacket.smb3structs import SMB2_DIALECT_30

import smb2
from harness import SLOW, eq, put, test, wait_for
from smb2 import CREATE
from smb_lasting import available, client, gone
from t_smb_chain import READS, clogged, is_clogged, statuses
from t_smb_durable import Answer, durable_v2, lease_v2
from t_smb_lease import BATCH, BREAK_S, BREAKING, H, NOBODY, NONE, R, W, Cacher, key

RWH, RH = R | W | H, R | H


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

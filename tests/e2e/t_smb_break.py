# SPDX-License-Identifier: GPL-2.0-only
"""Breaks of SMB leases that the client may not hear of."""
from impacket.smb3structs import SMB2_DIALECT_30

from harness import eq, test
from t_smb_durable import durable_v2, lease_v2
from t_smb_lease import BREAKING, H, R, W, Cacher, key
from t_smb_persist import available, client, gone

RWH, RH = R | W | H, R | H


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

# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients that vanish without FIN or RST.

Their state must be gone within the time that the server promises: TCP's keepalive finds idle
connections, and its user timeout those with unacknowledged data.
"""
import contextlib
import os
import socket
import time

from impacket.smb3structs import SMB2_DIALECT_30

from checks import SLOW, eq, wait_for
from files import put
from harness import test
from processes import run
from smb2 import ECHO, EMPTY_BODY, READ, refused
from smb_bodies import Read
from smb_cachers import H, II, NONE, R, W, Cacher, key
from smb_durable import Channel, logged_in

# Shorter than any time after which a break ends by itself.
SILENCE_S = 4
# Seconds that timers that back off and a slow guest may add to it; a break ends after 35 s.
MORE_S = 24
# How long a break may be on its way if there is another one.
ARRIVAL_S = 5


def cut(client, up=False):
    """Disconnect a client."""
    run('ip', '-n', client.name, 'link', 'set', 'eth0', 'up' if up else 'down')


def two(w):
    """Two sessions on machines that may be silent for a moment only."""
    w.server.ctl('server', 'set', 'silence-s', str(SILENCE_S))
    os.chmod(w.export, 0o777)
    return [Cacher(client, dialect=SMB2_DIALECT_30) for client in w.clients]


def sessions(w):
    return w.server.json('session', 'list')


def gone_in_time(w, began):
    """Check that one session ended, not before its time, and the other remains."""
    wait_for('its session goes', lambda: len(sessions(w)) == 1, SILENCE_S + MORE_S)
    waited = time.monotonic() - began
    eq(SILENCE_S / 2 < waited < (SILENCE_S + MORE_S) * SLOW, True, f'{waited:.1f} s')


def finish(w, a, b):
    """The machine returns and finds its connection closed; the other noticed nothing."""
    cut(w.client, up=True)
    with contextlib.suppress(ConnectionError):
        a.send(ECHO, EMPTY_BODY)
    # packets under way may arrive now
    while a.receive(20) is not None:
        pass
    a.end()
    (address,), = [s['address'] for s in sessions(w)]
    eq(address.split(':')[0], w.clients[1].addr)
    b.end()
    wait_for('claims go', lambda: w.server.claims() == {})


@test(smb=True, squash='none', clients=2, timeout=60)
def idle(w):
    """An idle client's opens, share modes and locks are released, and waits for them end."""
    a, b = two(w)
    put(w.path('denied'), b'x', 0o666)
    a.create('denied', share=0)
    mine, theirs = a.create('locked'), b.create('locked')
    a.lock(mine, 0, 10)
    number = b.wait_lock(theirs, 0, 10)
    refused('SHARING_VIOLATION', b.create, 'denied')
    # being idle is no reason to go
    time.sleep(2 * SILENCE_S)
    eq(len(sessions(w)), 2)
    refused('SHARING_VIOLATION', b.create, 'denied')
    began = time.monotonic()
    cut(w.client)
    gone_in_time(w, began)
    eq(b.answer(number)[0], 0, 'the lock')
    b.create('denied', share=0)
    finish(w, a, b)


@test(smb=True, squash='none', clients=2, timeout=60)
def break_unanswered(w):
    """A lease break to a vanished client delays others only until the connection is closed."""
    a, b = two(w)
    # the time of its silence begins with what it said last
    began = time.monotonic()
    a.open('f', key=key(1), state=R | H | W, epoch=0, share=0)
    cut(w.client)
    number = b.opening('f', key=key(2), state=R | H | W, epoch=0)
    status, _ = b.answer(number, seconds=SILENCE_S + MORE_S * SLOW)
    waited = time.monotonic() - began
    eq(status, 0)
    eq(SILENCE_S / 2 < waited, True, f'{waited:.1f} s')
    gone_in_time(w, began)
    finish(w, a, b)


@test(smb=True, squash='none', clients=2, timeout=60)
def answers_not_taken(w):
    """A sender is not blocked by a vanished client whose socket is full."""
    a, b = two(w)
    put(w.path('big'), bytes(1 << 16), 0o666)
    fid = a.create('big', share=0)
    began = time.monotonic()
    for _ in range(48):
        a.send(READ, bytes(Read(length=1 << 16, fid=fid)))
    wait_for('the first answer', lambda: len(a.socket.recv(1 << 16, socket.MSG_PEEK)) == 1 << 16)
    cut(w.client)
    refused('SHARING_VIOLATION', b.create, 'big')
    gone_in_time(w, began)
    b.create('big', share=0)
    finish(w, a, b)


@contextlib.contextmanager
def held_up(link):
    """Drop what the client sends on a connection."""
    rule = ('OUTPUT', '-p', 'tcp', '--sport', str(link.socket.getsockname()[1]), '-j', 'DROP')
    link.client.run('iptables', '-I', *rule)
    yield
    link.client.run('iptables', '-D', *rule)


def two_channels(w):
    """A session of another client, and two channels of one."""
    os.chmod(w.export, 0o777)
    other = Cacher(w.clients[1], dialect=SMB2_DIALECT_30)
    s = logged_in(w)
    t = Channel(w.client, s.guid).negotiate()
    s.client = t.client = w.client
    eq(t.bind(s), 'SUCCESS')
    t.sign = True
    return other, s, t


@test(smb=True, squash='none', clients=2, timeout=60)
def break_takes_another_way(w):
    """A channel without acknowledgments is closed for a break, unless it is the last."""
    other, s, t = two_channels(w)

    def channels():
        return sorted(len(session['address']) for session in sessions(w))
    g = s.open('f', key=key(1), state=R | W | H, epoch=0)
    with held_up(s):
        began = time.monotonic()
        number = other.opening('f')
        eq(t.broken(), (key(1), R | W | H, R | H, True, 2))
        eq(ARRIVAL_S - 1 < time.monotonic() - began < (ARRIVAL_S + MORE_S) * SLOW, True)
        eq(channels(), [1, 1])
        t.ack(key(1), R | H)
        other.close(other.opened(number).fid)
    s.socket.close()
    t.write(g.fid, b'still open')
    t.open('g', key=key(2), state=R | W | H, epoch=0)
    with held_up(t):
        number = other.opening('g')
        time.sleep(2 * ARRIVAL_S)
        eq(channels(), [1, 1])
    eq(t.broken()[0], key(2))
    t.ack(key(2), R | H)
    other.close(other.opened(number).fid)
    t.read(g.fid, 1)
    t.end()
    other.end()
    wait_for('claims go', lambda: w.server.claims() == {})


@test(smb=True, squash='none', clients=2, timeout=60)
def break_without_ack_takes_another_way(w):
    """A break that wants no acknowledgment is sent again if it may be lost with its channel."""
    other, s, t = two_channels(w)
    for n, name in enumerate('fgh'):
        eq(s.open(name, key=key(n), state=R, epoch=0).state, R)
    o = s.open('o', level=II)
    eq(o.level, II)
    theirs = [other.create(name) for name in 'hfgo']
    other.write(theirs[0], b'new')
    eq(s.broken(), (key(2), R, 0, False, 2))
    eq(s.echo(), 'SUCCESS', 'and the break has arrived')
    with held_up(s):
        for fid in theirs[1:]:
            other.write(fid, b'new')
        eq(t.broken(), (key(0), R, 0, False, 2))
        eq(t.broken(), (key(1), R, 0, False, 2))
        eq(t.oplock_broken(), (o.fid, NONE))
    s.socket.close()
    # what arrived is not repeated, nor is what was repeated
    t.quiet()
    t.end()
    other.end()
    wait_for('claims go', lambda: w.server.claims() == {})


@test(smb=True, squash='none', clients=2)
def break_without_ack_of_a_lost_session(w):
    """Such a break takes the way of another session that has the lease, if its own is gone."""
    os.chmod(w.export, 0o777)
    other = Cacher(w.clients[1], dialect=SMB2_DIALECT_30)
    s, t = logged_in(w), Channel(w.client)
    t.guid = s.guid
    t.negotiate()
    eq(t.login(), 'SUCCESS')
    t.sign = True
    eq(t.connect_tree(), 'SUCCESS')
    s.client = w.client
    for link in s, t:
        eq(link.open('f', key=key(1), state=R, epoch=0).state, R)
    theirs = other.create('f')
    with held_up(s):
        other.write(theirs, b'new')
        eq(s.broken()[:4], (key(1), R, 0, False))
        t.quiet()
        w.server.ctl('session', 'close', str(s.session))
        eq(t.broken()[:4], (key(1), R, 0, False))
    s.socket.close()
    t.end()
    other.end()
    wait_for('claims go', lambda: w.server.claims() == {})

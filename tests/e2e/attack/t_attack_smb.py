# SPDX-License-Identifier: GPL-2.0-only
"""Clients without a login that use the SMB server's memory or time."""
import contextlib
import resource
import socket
import struct
import time

import bystander
import smb2
import smbraw
from checks import eq, wait_for
from client_lists import budget
from files import KIB
from harness import test
from processes import run
from smb2 import EMPTY_BODY
from smbraw import Link, link

# Largest cost of one connection on which nobody has logged in: the charge of one that waits for
# its answers to be taken (smb/transport/trust.c), and as much again for what TCP keeps.
UNPROVEN = 2 * 56 * KIB


def frame(message):
    return struct.pack('>I', len(message)) + message


def deaf(client):
    """A connection that negotiated and reads no replies; it sends without waiting."""
    s = Link(client)
    s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    s.negotiate(0x302)
    s.socket.setblocking(False)
    return s


def flood(s, command, count=100000, same=False):
    """Send as much as the server accepts; returns the number of messages."""
    sent = 0
    while sent < count:
        batch = b''.join(frame(s.header(command, s.next_id + (0 if same else i)) + EMPTY_BODY)
                         for i in range(50))
        try:
            n = s.socket.send(batch)
        except (BlockingIOError, ConnectionError):
            break
        if n < len(batch):
            break
        s.next_id += 0 if same else 50
        sent += 50
    return sent


@contextlib.contextmanager
def deaf_ones(client, count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(deaf(client)) for _ in range(count)]


@test(smb=True, squash='none', clients=2, timeout=120)
def flood_before_login(w):
    """100,000 ECHOs on each connection, whose replies are not read, do not use up memory."""
    with bystander.memory_returns():
        before = bystander.kernel_memory()
        with deaf_ones(w.clients[0], 32) as all_of_them:
            for _ in range(5):
                for s in all_of_them:
                    flood(s, smb2.ECHO)
                time.sleep(0.2)
            used, limit = budget(w)['memory-bytes']
            eq(0 < used <= min(limit, len(all_of_them) * UNPROVEN), True, f'{used} of {limit}')
            more = bystander.kernel_memory() - before
            eq(more < len(all_of_them) * 4 * UNPROVEN, True, f'{more >> 10} KiB more')
            with link(w.clients[1]) as s:
                eq(s.echo(), 'SUCCESS')
        wait_for('nothing is charged any more', lambda: not budget(w))
        bystander.survives_long(w.clients[1], lambda until: echoes(w.clients[0], until))


def echoes(client, until):
    with deaf_ones(client, 32) as all_of_them:
        while time.monotonic() < until:
            for s in all_of_them:
                flood(s, smb2.ECHO, 500)
            time.sleep(0.01)


def cancels(client, until):
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(deaf(client)) for _ in range(8)]
        while time.monotonic() < until:
            for s in links:
                flood(s, smb2.CANCEL, 500, same=True)


@test(smb=True, squash='none', clients=2, timeout=300)
def cancel_storm(w):
    """CANCEL needs no credit and no session, and leaves nothing behind."""
    with bystander.memory_returns():
        bystander.survives(w.clients[1], lambda until: cancels(w.clients[0], until))


def connects(client, until):
    """Connections that nobody logs in on, more than a machine may have."""
    links = []
    with client:
        while time.monotonic() < until:
            links.append(socket.create_connection((client.server_addr, 445), 20))
            if len(links) > 160:
                links.pop(0).close()
    for s in links:
        s.close()


@test(smb=True, squash='none', clients=2, timeout=120)
def many_connections(w):
    """A machine has a limited number of connections without a login; the oldest is closed."""
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(Link(w.client)) for _ in range(160)]
        wait_for('the oldest are gone', lambda: budget(w)['connections'][0] <= 128)
        eq(budget(w)['connections'], (128, 128))
        eq(links[-1].negotiate().login(), 'SUCCESS')
        eq(links[0].dropped(), True)
        with link(w.client) as s:
            eq(s.echo(), 'SUCCESS')
    wait_for('nothing is charged any more', lambda: not budget(w))
    bystander.survives_long(w.clients[1], lambda until: connects(w.client, until))


@test(smb=True, squash='none', clients=2, timeout=240)
def connections_of_many_addresses(w):
    """When strangers hold all places, a newcomer gets the place of one of them."""
    attacker, counts = w.clients[0], [128] * 6 + [17] * 18
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with contextlib.ExitStack() as stack:
        for n, count in enumerate(counts, 10):
            run('ip', '-n', attacker.name, 'addr', 'add', f'192.168.1.{n}/24', 'dev', 'eth0')
            for _ in range(count):
                with attacker:
                    s = socket.create_connection((attacker.server_addr, 445), 20,
                                                 (f'192.168.1.{n}', 0))
                stack.enter_context(s)
        held = [{b['kind']: b['used'] for b in c.get('budget', [])}.get('connections', 0)
                for c in w.server.json('client', 'list')]
        eq(1000 < sum(held) <= 1024 + 32, True, f'{sum(held)}: {held}')
        for _ in range(20):
            eq(stack.enter_context(link(w.clients[1])).echo(), 'SUCCESS')
        eq(min(h for h in held if h) > 10, True, 'who has little keeps it')


@test(smb=True, squash='none', timeout=120)
def idle_connections(w):
    """The buffer for the next message is freed when no message comes."""
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(link(w.client)) for _ in range(20)]
        busy = budget(w)['memory-bytes'][0]
        eq(busy >= len(links) * 64 * KIB, True, f'{busy} bytes')
        wait_for('idle ones cost little',
                 lambda: budget(w)['memory-bytes'][0] <= len(links) * 32 * KIB, 60)
        for s in links:
            eq(s.echo(), 'SUCCESS')


def granted(s):
    """Credits that the last reply granted."""
    return struct.unpack_from('<H', s.frame, 14)[0]


def credits_of(s, rounds=20):
    """The number of credits that the client gets by requesting 64 each time."""
    have = 1
    for _ in range(rounds):
        eq(s.echo(), 'SUCCESS')
        have += granted(s) - 1
    return have


def takes_large(s):
    """True if the connection survives a message above 64 KiB."""
    return s.echo_large() != 'DROPPED'


class Large(Link):
    def echo_large(self, size=100 * KIB):
        try:
            return self.status(smb2.ECHO, EMPTY_BODY + bytes(size))
        except OSError:
            return 'DROPPED'


@test(smb=True, squash='none')
def null_session(w):
    """A null session is refused without a guest share, and is a stranger until it uses one."""
    with Link(w.client) as s:
        eq(s.negotiate().anonymous(), 'ACCESS_DENIED')
    w.server.ctl('server', 'set', 'restrict-anonymous', 'off')
    with Link(w.client) as s:
        eq(s.negotiate().anonymous(), 'SUCCESS')
        eq(s.connect_tree('IPC$'), 'SUCCESS')
    w.server.ctl('server', 'set', 'restrict-anonymous', 'on')
    w.server.ctl('share', 'set', 'data', 'guest', 'on')
    with Large(w.client) as s:
        eq(s.negotiate().anonymous(), 'SUCCESS')
        eq(s.connect_tree('IPC$'), 'SUCCESS')
        eq(credits_of(s) <= 32, True)
        eq(takes_large(s), False)
    with Large(w.client) as s:
        eq(s.negotiate().anonymous(), 'SUCCESS')
        eq(s.connect_tree(), 'SUCCESS')
        eq(credits_of(s) > 32, True)
        eq(takes_large(s), True)
        eq(s.logoff(), 'SUCCESS')
        eq(takes_large(s), False)
    with Large(w.client) as s:
        eq(s.negotiate().login(), 'SUCCESS')
        s.sign = True
        eq(takes_large(s), True)
        eq(s.logoff(), 'SUCCESS')
        s.sign = False
        eq(takes_large(s), False)


def echo_of(s, size=0):
    """A frame with an ECHO that is @size bytes long; its message id is the second."""
    number, s.next_id = s.next_id, s.next_id + 1
    message = s.header(smb2.ECHO, number) + EMPTY_BODY
    return frame(message + b'A' * (size - len(message))), number


@test(smb=True, squash='none')
def burst_after_logoff(w):
    """After LOGOFF a message larger than a stranger's buffer is still answered."""
    w.server.ctl('share', 'set', 'data', 'guest', 'on')
    for anonymous in (False, True) * 4:
        with Link(w.client) as s:
            s.negotiate()
            eq(s.anonymous() if anonymous else s.login(), 'SUCCESS')
            s.sign = not anonymous
            eq(s.connect_tree(), 'SUCCESS')
            eq(s.echo(), 'SUCCESS')
            eq(s.logoff(), 'SUCCESS')
            s.sign, s.session, s.tree = False, 0, 0
            short, first = echo_of(s)
            long, second = echo_of(s, 16370)
            s.socket.sendall(short + long[:12 * KIB])
            eq(smbraw.name(s.answer(first)[0]), 'SUCCESS')
            s.socket.sendall(long[12 * KIB:])
            eq(smbraw.name(s.answer(second)[0]), 'SUCCESS')
            eq(s.echo(), 'SUCCESS')


@test(smb=True, squash='none', timeout=90)
def no_login(w):
    """A connection without a login, or after LOGOFF, is closed after half a minute."""
    w.server.ctl('share', 'set', 'data', 'guest', 'on')
    with Link(w.client) as none, Link(w.client) as null, link(w.client) as off, \
            link(w.client) as user:
        none.negotiate()
        eq(null.negotiate().anonymous(), 'SUCCESS')
        eq(off.logoff(), 'SUCCESS')
        for s in (none, null, off):
            eq(s.dropped(60), True)
        eq(user.echo(), 'SUCCESS')


@test(smb=True, squash='none', timeout=90)
def sessions_of_a_connection(w):
    """One connection can carry many sessions, as of a terminal server."""
    def one_more(s):
        s.session, s.sign, s.sign_key = 0, False, None
        return s.login()
    with Link(w.client) as s:
        s.negotiate(0x302)
        for _ in range(70):
            eq(one_more(s), 'SUCCESS')
        w.server.ctl('server', 'set', 'sessions-per-connection', '70')
        eq(one_more(s), 'INSUFFICIENT_RESOURCES')
        w.server.ctl('server', 'set', 'sessions-per-connection', '71')
        eq(one_more(s), 'SUCCESS')
        eq(budget(w)['sessions'][0], 71)
    wait_for('nothing is charged any more', lambda: not budget(w))

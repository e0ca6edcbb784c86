# SPDX-License-Identifier: GPL-2.0-only
"""Users of the SMB server who ask for more of its memory than they may have."""
import contextlib
import os
import socket
import struct
import time

import bystander
import smb2
import smbraw
from checks import eq, wait_for
from client_lists import budget
from files import KIB, MIB, pattern, put
from harness import test
from shares import share_all
from smb2 import EMPTY_BODY, GENERIC_READ, GENERIC_WRITE, refused
from smb_bodies import ChangeNotify, Close, Create, OplockAck, Read, Write
from smb_cachers import NOBODY
from smb_durable import away, session
from smb_limits import with_credits
from smbraw import Link, link, padded

SAME = b'\xff' * 16     # the FileId of the request before
BATCH, LEVEL_II = 9, 1


def read(fid, count=MIB):
    return smb2.READ, bytes(Read(length=count, fid=fid)), -(-count // 65536)


def ranges(fid):
    """QUERY_ALLOCATED_RANGES, with room for many."""
    return smb2.IOCTL, smb2.ioctl_body(fid, 0x940cf, bytes(16), 8 * MIB), 128


def close():
    return smb2.CLOSE, bytes(Close(fid=SAME)), 1


def notify(fid):
    return smb2.CHANGE_NOTIFY, bytes(ChangeNotify(room=1024, fid=fid, filter=0x17f)), 1


def lock(s, fid, offset):
    return smb2.LOCK, s.lock_body(fid, (offset, 1, smb2.EXCLUSIVE)), 1


def chain(s, *requests, related=None):
    """Send requests, (command, body, credits) each, as one compound: returns their message ids.

    They are related from the one with the index on.
    """
    numbers, out = [], b''
    for i, (command, body, charge) in enumerate(requests):
        last = i == len(requests) - 1
        body = body if last else padded(body)
        kw = {}
        if related is not None and i >= related:
            kw = dict(flags=smbraw.RELATED, tree=2**32 - 1, session=2**64 - 1)
        out += s.signed(s.header(command, s.next_id, charge=charge,
                                 following=0 if last else 64 + len(body), **kw) + body)
        numbers.append(s.next_id)
        s.next_id += charge
    s.raw(s.sealed(out) if s.seal else out)
    return numbers


def status(s, number, **kw):
    return smbraw.name(s.answer(number, **kw)[0])


@test(smb=True, squash='none', timeout=120)
def answers_of_who_waits(w):
    """Data read before a waiting request of a compound is sent with the interim response."""
    put(w.path('big'), pattern(7, MIB), 0o666)
    with link(w.client) as s:
        big = s.create('big')
        top = s.create('', access=smb2.GENERIC_READ, how=smb2.OPEN,
                       options=smb2.DIRECTORY_FILE)
        before, waiting = bystander.kernel_memory(), []
        for _ in range(100):
            first, second = chain(s, read(big), notify(top))
            eq((status(s, first), status(s, second, pending=True)), ('SUCCESS', 'PENDING'))
            waiting.append(second)
        more = bystander.kernel_memory() - before
        eq(more < 32 * MIB, True, f'{more // KIB} KiB more')
        s.close(top)
        eq({status(s, n) for n in waiting}, {'NOTIFY_CLEANUP'})


@test(smb=True, squash='none', timeout=120)
def answers_before_who_waits(w):
    """A lock that waits inside a compound keeps the data read before it, which is charged."""
    put(w.path('big'), pattern(7, MIB), 0o666)
    with link(w.client) as s, link(w.client) as other:
        held = other.create('big')
        for offset in range(16):
            other.lock(held, MIB + offset, 1)
        big = with_credits(s).create('big')
        command, body, _ = small = read(big, 64 * KIB)
        # the last may ask for 2 MiB by the credits that it costs
        waiting = [chain(s, small, lock(s, big, MIB + offset), (command, body, 32))
                   for offset in range(16)]
        eq(s.echo(), 'SUCCESS')
        used = budget(w)['memory-bytes'][0]
        eq(used >= 32 * MIB, True, f'{used // KIB} KiB')
        other.close(held)
        for numbers in waiting:
            eq([status(s, n) for n in numbers], ['SUCCESS'] * 3)
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(smb=True, squash='none', timeout=120)
def large_compound(w):
    """The replies of a compound together are limited to the largest reply."""
    put(w.path('big'), pattern(7, 8 * MIB), 0o666)
    with link(w.client) as s:
        big = with_credits(s).create('big')
        for s.seal in (False, True):
            for count, good in ((8, 1), (4, 2), (2, 4)):
                got = [status(s, n) for n in chain(s, *[read(big, count * MIB)] * (good + 2))]
                eq(got, ['SUCCESS'] * good + ['INSUFFICIENT_RESOURCES'] * 2)
        # the same for a large message, which is decrypted late
        body = bytes(Write(length=2 * MIB, offset=8 * MIB, fid=big))
        numbers = chain(s, (smb2.WRITE, body + bytes(2 * MIB), 32), read(big, 8 * MIB),
                        read(big, 2 * MIB))
        eq([status(s, n) for n in numbers], ['SUCCESS', 'INSUFFICIENT_RESOURCES', 'SUCCESS'])


@test(smb=True, squash='none', timeout=120)
def close_behind_a_refusal(w):
    """CLOSE behind a related request that is refused for the length of its reply closes the file."""
    put(w.path('big'), pattern(7, 8 * MIB), 0o666)
    with link(w.client) as s:
        with_credits(s)
        for s.seal in (False, True):
            got = [status(s, n) for n in chain(s, (*create('big'), 1), read(SAME, 8 * MIB),
                                               read(SAME), close(), related=1)]
            eq(got, ['SUCCESS', 'SUCCESS', 'INSUFFICIENT_RESOURCES', 'SUCCESS'])
            eq(w.server.json('open', 'list'), [])
            # the refused request is the one that names the file
            kept, closed = s.create('big'), s.create('big')
            got = [status(s, n) for n in chain(s, read(kept, 8 * MIB), read(closed), close(),
                                               related=2)]
            eq(got, ['SUCCESS', 'INSUFFICIENT_RESOURCES', 'SUCCESS'])
            eq(len(w.server.json('open', 'list')), 1)
            closed = s.create('big')
            got = [status(s, n) for n in chain(s, read(kept, 8 * MIB), ranges(closed), close(),
                                               related=2)]
            eq(got, ['SUCCESS', 'INSUFFICIENT_RESOURCES', 'SUCCESS'])
            eq(len(w.server.json('open', 'list')), 1)
            s.close(kept)


@test(smb=True, squash='none', timeout=120)
def answers_that_tell_a_target(w):
    """Replies that are long though the command is none with long replies are charged."""
    os.symlink('x' * 4095, w.path('link'))
    with link(w.client) as s:
        with_credits(s).socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        before = bystander.kernel_memory()
        # more than a user may hold
        numbers = [chain(s, *[(*create('link'), 1)] * 64) for _ in range(30)]
        seen = []

        def held():
            """Whether no more replies are made: five times in a row, the charge is the same."""
            time.sleep(0.2)
            seen.append(budget(w)['memory-bytes'][0])
            return seen[-1] >= 16 * MIB and len(seen) > 4 and len(set(seen[-5:])) == 1
        wait_for('replies that cannot be sent', held)
        charged, taken = seen[-1], bystander.kernel_memory() - before
        eq(charged < 72 * MIB, True, f'{charged // KIB} KiB')
        eq(taken < 1.25 * charged + 4 * MIB, True, f'{taken // KIB} KiB for {charged // KIB}')
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MIB)
        got = {status(s, n) for compound in numbers for n in compound}
        eq(got - {'INSUFFICIENT_RESOURCES'}, {'STOPPED_ON_SYMLINK'})
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(smb=True, squash='none', clients=2, timeout=180)
def answers_that_do_not_fit(w):
    """A request waits for room for its reply, but not for ever."""
    put(w.path('big'), pattern(7, 8 * MIB), 0o666)
    with contextlib.ExitStack() as stack:
        first, second, late = [with_credits(stack.enter_context(link(w.clients[0])))
                               for _ in range(3)]
        other = stack.enter_context(link(w.clients[1], user='bob'))
        fids = {s: s.create('big') for s in (first, second, late)}
        before = bystander.kernel_memory()
        for taken in (True, False):
            for s in (first, second):
                s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            waiting = {s: [chain(s, read(fids[s], 8 * MIB))[0] for _ in range(4)]
                       for s in (first, second)}
            wait_for('they hold what they may',
                     lambda: budget(w)['memory-bytes'][0] >= 56 * MIB)
            start = time.monotonic()
            number, = chain(late, read(fids[late], 8 * MIB))
            echo = late.send(smb2.ECHO, EMPTY_BODY)
            eq(late.silent(2), True)
            more = bystander.kernel_memory() - before
            eq(more < 96 * MIB, True, f'{more // KIB} KiB more')
            eq(other.echo(), 'SUCCESS')
            for s in (first, second) if taken else ():
                s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MIB)
            if taken:
                eq([status(first, n) for n in waiting[first]], ['SUCCESS'] * 4)
            # it is held for ten seconds
            in_time = time.monotonic() - start < 8
            got = status(late, number, seconds=60)
            if in_time or not taken:
                eq(got, 'SUCCESS' if taken else 'INSUFFICIENT_RESOURCES')
            eq(status(late, echo), 'SUCCESS')
            for s in (first, second):
                s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MIB)
            got = {status(s, n) for s, numbers in waiting.items() if not (taken and s == first)
                   for n in numbers}
            eq(got - {'INSUFFICIENT_RESOURCES'}, {'SUCCESS'})


def create(name, oplock=0):
    name = name.encode('utf-16-le')
    body = Create(oplock=oplock, access=GENERIC_READ | GENERIC_WRITE, share=smb2.SHARE_ALL,
                  how=smb2.OPEN, name_length=len(name))
    return smb2.CREATE, bytes(body) + name


@test(smb=True, squash='none', clients=2, timeout=240)
def what_frees_comes_in(w):
    """Acknowledgments, CANCEL, CLOSE and LOGOFF work while the user's memory is used up."""
    put(w.path('big'), pattern(7, 8 * MIB), 0o666)
    for name in ('plain', 'sealed'):
        put(w.path(name), b'', 0o666)
    with contextlib.ExitStack() as stack:
        def linked(**kw):
            return with_credits(stack.enter_context(link(**kw)), 512)
        other = linked(client=w.clients[1], user='bob')
        mine, waiting = {}, {}
        for name in ('plain', 'sealed'):
            s = linked(client=w.clients[0])
            s.seal = name == 'sealed'
            top = s.create('', access=GENERIC_READ, how=smb2.OPEN, options=smb2.DIRECTORY_FILE)
            mine[s] = name, s.call(*create(name, BATCH))[64:80]
            waiting[s] = []
            for number in [s.send(*notify(top)[:2]) for _ in range(3)]:
                eq(status(s, number, pending=True), 'PENDING')
                waiting[s].append((number, s.frame))
        wait_for('they keep no buffers', lambda: budget(w)['memory-bytes'][0] < 400 * KIB, 60)
        # the limit of a user follows from that of an address
        peer = budget(w)['memory-bytes'][1]
        limit = max(peer // 2, 64 * MIB) * 48 * MIB // peer
        w.server.ctl('server', 'set', 'budget-user-mib', '48')
        filler, *greedy = [linked(client=w.clients[0]) for _ in range(4)]
        for s in (filler, *greedy):
            s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            big = s.create('big')
            # all of these fit, and the socket takes none of them whole
            chain(s, read(big, 5 * MIB))
            # nothing is smaller than an ECHO: what is left, or becomes free, goes to those
            for _ in range(300 if s is filler else 60):
                chain(s, (smb2.ECHO, EMPTY_BODY, 1) if s is filler else read(big, 256 * KIB))

        def used():
            return budget(w)['memory-bytes'][0]

        def is_full():
            before = used()
            time.sleep(1)
            return before == used() and limit - before < 12 * KIB
        wait_for('nothing is left', is_full, 100)

        for s, (name, fid) in mine.items():
            blocked = other.send(*create(name))
            eq(status(other, blocked, pending=True), 'PENDING')
            _, out = s.answer(NOBODY)
            eq(struct.unpack_from('<HB5x16s', out), (24, LEVEL_II, fid), 'a break')
            s.call(smb2.OPLOCK_BREAK, bytes(OplockAck(level=LEVEL_II, fid=fid)))
            eq(status(other, blocked), 'SUCCESS')
            for number, s.frame in waiting[s]:
                s.cancel(number)
            eq([status(s, number) for number, _ in waiting[s]], ['CANCELLED'] * 3)
            eq(s.echo(), 'SUCCESS')
            s.close(fid)
            eq(s.logoff(), 'SUCCESS')
        eq(limit - used() < 256 * KIB, True, 'nobody else gave anything up')


@test(smb=True, squash='none', timeout=60)
def opens_up_to_the_limit(w):
    """The limit on opens is reached exactly, however the opens are charged."""
    put(w.path('f'), b'', 0o666)
    w.server.ctl('server', 'set', 'budget-opens', '100')
    with link(w.client) as s:
        fids = [s.create('f') for _ in range(100)]
        eq(budget(w)['opens'], (100, 100))
        refused('TOO_MANY_OPENED_FILES', s.create, 'f')
        s.close(fids.pop())
        fids.append(s.create('f'))
        for fid in fids:
            s.close(fid)
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(smb=True, squash='none', timeout=60)
def trees_up_to_the_limit(w):
    """Beyond the first few, trees are charged like opens; a disconnected one makes room."""
    w.server.ctl('server', 'set', 'budget-opens', '20')
    with link(w.client, share=None) as s:
        for share in ('data', 'IPC$'):
            had = []
            while (status := s.connect_tree(share)) == 'SUCCESS':
                had.append(s.tree)
                eq('opens' in budget(w), len(had) > 8)
            eq((status, len(had)), ('INSUFFICIENT_RESOURCES', 28))
            eq(budget(w)['opens'], (20, 20))
            for s.tree in had:
                eq(s.disconnect_tree(), 'SUCCESS')
            eq('opens' in budget(w), False, 'all were given back')
        eq({s.connect_tree() for _ in range(28)}, {'SUCCESS'})
        with link(w.client, share=None) as other:
            eq([other.connect_tree() for _ in range(9)],
               8 * ['SUCCESS'] + ['INSUFFICIENT_RESOURCES'])
            eq(s.logoff(), 'SUCCESS')
            eq(other.connect_tree(), 'SUCCESS')
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(smb=True, squash='none', guest=True)
def worth_of_a_renewal(w):
    """A session that renews as anonymous is as limited as an anonymous one."""
    share_all(w)
    with link(w.client) as s:
        user = budget(w)['connections']
        for _ in range(2):
            eq(s.anonymous(sign=True), 'SUCCESS')
            eq(budget(w)['connections'][1] < user[1], True)
            eq(s.login(sign=True), 'SUCCESS')
            eq(budget(w)['connections'], user)
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(smb=True, squash='none', timeout=240)
def more_than_may_log_in(w):
    """A login refused for the number of connections changes nothing, and may replace a session."""
    with contextlib.ExitStack() as stack:
        def fill(limit, make):
            links = [stack.enter_context(make()) for _ in range(budget(w)['connections'][1] - 1)]
            eq(budget(w)['connections'], (limit, limit))
            return links
        first = stack.enter_context(link(w.client))
        fill(256, lambda: link(w.client))
        s = stack.enter_context(Link(w.client)).negotiate()
        eq(s.login(), 'INSUFFICIENT_RESOURCES')
        eq(first.echo(), 'SUCCESS')
        s = stack.enter_context(Link(w.client)).negotiate()
        eq(s.login(how={'previous': first.session}), 'SUCCESS', 'in the place of another')
        eq(first.connect_tree(), 'USER_SESSION_DELETED')
        stack.close()
        wait_for('nothing is charged any more', lambda: not budget(w))

        w.server.ctl('share', 'set', 'data', 'guest', 'on')
        def guest():
            s = Link(w.client).negotiate()
            eq((s.anonymous(), s.connect_tree()), ('SUCCESS', 'SUCCESS'))
            return s
        stack.enter_context(guest())
        fill(128, guest)
        s = stack.enter_context(Link(w.client)).negotiate()
        eq(s.anonymous(), 'SUCCESS')
        for _ in range(2):
            eq(s.connect_tree(), 'INSUFFICIENT_RESOURCES')
        eq(s.connect_tree('IPC$'), 'SUCCESS')


@test(smb=True, squash='none', timeout=120)
def opens_that_are_closed(w):
    """Closed opens are not charged; durable opens that wait for their client are."""
    share_all(w)
    s = session(w)
    fids = [s.create('f') for _ in range(600)]
    eq(budget(w)['opens'][0] >= 600, True)
    for fid in fids:
        s.close(fid)
    used = budget(w)['opens'][0]
    eq(used <= 256, True, f'{used} are charged')
    fids = [s.lasting(f'f{n}', n).fid for n in range(3)]
    away(w, s, 3)
    wait_for('three are charged', lambda: budget(w)['opens'][0] == 3)
    s = session(w)
    s.back(fids[1], 'f1', 1)
    # a session is charged in steps of 64
    eq(budget(w)['opens'][0], 2 + 64)
    s.end()

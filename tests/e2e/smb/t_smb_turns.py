# SPDX-License-Identifier: GPL-2.0-only
"""Requests that wait for a worker are served in turns of the peers."""
import contextlib
import itertools
import os
import struct
import time

import smb2
import smbraw
from checks import SLOW, eq, wait_for
from client_lists import begun, budget, requests
from files import MIB, put
from harness import test
from nested_mounts import entered
from shares import volumes
from smb2 import EMPTY_BODY
from smb_bodies import Create, Read
from smb_compound import SAME, flush, write
from smb_limits import with_credits
from smbraw import link
from volumes import Volume, frozen

ZERO_DATA = 0x000980c8          # FSCTL_SET_ZERO_DATA (MS-FSCC section 2.3)
CALLS = 240
PLACES = 40                     # workers that may be inside one file system
LINKS = PLACES + 20
WORKERS = 8                     # that receive from a connection
CUT = 300                       # connections, more than there are workers that end them
HANG = 400                      # opens of one session


def zero(fid, at):
    """The body of an IOCTL that makes a byte zero."""
    return smb2.ioctl_body(fid, ZERO_DATA, struct.pack('<QQ', at, at + 1), 0)


def read(fid, count):
    return bytes(Read(length=count, fid=fid))


def open_of(s, share):
    """(tree, open) of the file of a share."""
    eq(s.connect_tree(share), 'SUCCESS')
    return s.tree, s.create('f')


@test(smb=True, clients=2, timeout=180)
def flood_of_slow_requests(w):
    """A request waits for a few of the requests that came before it from another machine."""
    flood, other = w.client, w.clients[1]
    slow, = volumes(w, 'frozen', data=b'x' * CALLS)
    with link(flood, share='frozen') as a, link(other, share='frozen') as b:
        mine, fid = with_credits(a, 2 * CALLS).create('f'), b.create('f', access=smb2.GENERIC_READ)
        before = requests(w, flood)
        with frozen(slow):
            sent = [a.send(smb2.IOCTL, zero(mine, i)) for i in range(CALLS)]
            begun(w, flood, before + CALLS)
            before = requests(w, other)
            number = b.send(smb2.READ, read(fid, CALLS))
            begun(w, other, before + 1)
        status, body = b.answer(number)
        eq((status, len(body[16:])), (smb2.OK, CALLS))
        done = body[16:].count(0)
        for number in sent:
            eq(a.answer(number)[0], smb2.OK)
    # At most 40 have begun (an eighth of the workers, and what may be borrowed); the rest waits.
    assert 1 <= done <= CALLS // 2, f'{done} of {CALLS} requests of another machine were done first'


def create(name, share=smb2.SHARE_ALL):
    """A CREATE of a file, for reading and writing."""
    name = name.encode('utf-16-le')
    return smb2.CREATE, bytes(Create(access=smb2.GENERIC_READ | smb2.GENERIC_WRITE, share=share,
                                     how=smb2.OPEN_IF, name_length=len(name))) + name


@test(smb=True, clients=2, squash='none', server='ditto', timeout=240)
def flood_below_a_share(w):
    """Requests for a file system in a share that hangs leave places for those for the share's."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'on top', 0o666)
    os.mkdir(w.path('at'))
    below = w.volume(w.path('at'), 'ext4', '32m', f'{w.base}/at.img').where
    os.chmod(below, 0o777)
    put(f'{below}/f', bytes(CALLS), 0o666)
    entered(w, w.client.nfs(), 'at')
    flood, other = w.clients
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(link(flood)) for _ in range(LINKS)]
        inner = {s: s.create(r'at\f') for s in links}
        s = stack.enter_context(link(other))
        outer = s.create('f')
        for way in (lambda s, i: [s.send(*write(inner[s], b'x', i))],
                    lambda s, i: [s.send(smb2.IOCTL, zero(inner[s], i))],
                    lambda s, i: [s.send(*create(rf'at\new{i}'))],
                    lambda s, i: s.chain((smb2.READ, read(inner[s], 1)), write(SAME, b'x', i))):
            before = requests(w, flood)
            with frozen(below):
                sent = [(a, number) for i, a in enumerate(links) for number in way(a, i)]
                # a compound that gets no place begins with its first request only
                begun(w, flood, before + min(len(sent), LINKS + PLACES))
                eq(s.read(outer, 6), b'on top')
                s.close(s.create('by the other'))
            for a, number in sent:
                eq(a.answer(number)[0], smb2.OK)


@test(smb=True, timeout=120)
def batch_behind_a_device(w):
    """Requests that came with one that has waited for a device do not wait for each other."""
    slow, slower = volumes(w, 'slow', 'slower')
    with link(w.client, share='slow') as s:
        (one, first), (_, second) = open_of(s, 'slow'), open_of(s, 'slower')
        with frozen(slower):
            with frozen(slow):
                with s.together():
                    sent = [s.send(*write(first, b'x'), tree=one), s.send(*write(second, b'x')),
                            s.send(smb2.ECHO, EMPTY_BODY)]
                time.sleep(0.3 * SLOW)
            for number in sent[0], sent[2]:
                eq(s.answer(number)[0], smb2.OK)
        eq(s.answer(sent[1])[0], smb2.OK)


@test(smb=True, timeout=120)
def batch_with_one_that_hangs(w):
    """What came with a request that hangs is answered when there is more, or after a while."""
    slow, = volumes(w, 'slow')
    with link(w.client, share='slow') as s:
        fid = s.create('f')
        for more in True, False:
            with frozen(slow):
                with s.together():
                    sent = [s.send(smb2.ECHO, EMPTY_BODY), s.send(*write(fid, b'x')),
                            s.send(smb2.ECHO, EMPTY_BODY)]
                time.sleep(0.3 * SLOW)
                if more:
                    eq(s.echo(), 'SUCCESS')
                for number in sent[0], sent[2]:
                    eq(s.answer(number)[0], smb2.OK)
            eq(s.answer(sent[1])[0], smb2.OK)


@test(smb=True, timeout=120)
def more_that_hang_than_workers(w):
    """Requests that hang, however many, keep no others of the connection, nor its end."""
    slow, _ = volumes(w, 'slow', 'quick')
    s = link(w.client, share='slow')
    (one, first), (other, second) = open_of(with_credits(s, 100), 'slow'), open_of(s, 'quick')
    held = s.create('f')
    s.lock(held, 0, 5)
    for end in False, True:
        with frozen(slow):
            before, sent = requests(w, w.client), []
            for i in range(WORKERS + 4):
                sent.append(s.send(*write(first, b'x', i), tree=one))
                begun(w, w.client, before + min(i + 1, WORKERS))
            eq(s.echo(), 'SUCCESS')
            eq(s.status(*write(second, b'x', 10)), 'SUCCESS')
            number = s.wait_lock(second, 0, 5)
            s.cancel(number)
            eq(smbraw.name(s.answer(number)[0]), 'CANCELLED')
            if end:
                s.end()
                wait_for('the session ends', lambda: not w.server.json('session', 'list'))
                break
        for number in sent:
            eq(s.answer(number)[0], smb2.OK)


@test(smb=True)
def credits_of_large_requests(w):
    """A request that is not answered counts against the credits with all that it consumed."""
    slow, = volumes(w, 'slow')
    charge = MIB >> 16

    def granted():
        eq(s.echo(), 'SUCCESS')
        return struct.unpack_from('<H', s.frame, 14)[0]
    with link(w.client, share='slow') as s:
        fid = s.create('f')
        while granted() > 1:
            pass
        with frozen(slow):
            sent = [s.send(*write(fid, bytes(MIB), 0), charge=charge) for _ in range(4)]
            eq(granted(), 1, 'the connection has all that it may have')
        back = 0
        for number in sent:
            eq(s.answer(number)[0], smb2.OK)
            back += struct.unpack_from('<H', s.frame, 14)[0]
        while (more := granted()) > 1:
            back += more - 1
        eq(back, len(sent) * charge)


@test(smb=True, timeout=120)
def deletion_that_hangs(w):
    """A deletion at the end of a session that hangs keeps no other files of it open."""
    slow, quick = volumes(w, 'slow', 'quick')
    for end, how in itertools.product(('cut', 'logoff'), (smb2.DELETE_ON_CLOSE, 0)):
        put(f'{slow}/gone', b'', 0o666)
        s = link(w.client, share='slow')
        gone = s.create('gone', access=smb2.GENERIC_READ | smb2.DELETE, options=how)
        if not how:
            s.delete_on_close(gone)
        _, fid = open_of(s, 'quick')
        s.lock(fid, 0, 5)
        with frozen(slow):
            if end == 'logoff':
                s.send(smb2.LOGOFF, EMPTY_BODY)
            else:
                s.end()
            with link(w.client, share='quick') as other:
                wait_for('the file is free',
                         lambda o=other: o.status(*create('f', share=0)) == 'SUCCESS')
            eq(os.path.exists(f'{slow}/gone'), True)
        wait_for('the other is deleted', lambda: not os.path.exists(f'{slow}/gone'))
        s.end()


@test(smb=True, clients=2, timeout=240)
def cut_connections_that_hang(w):
    """Connections end although deletions of theirs hang, however many, and others come."""
    slow, _ = volumes(w, 'slow', 'quick')
    # Each user and each machine has a limit.
    who = itertools.cycle(zip(w.clients, ('alice', 'bob')))
    links = [link(client, user=user, share='slow') for client, user in itertools.islice(who, CUT)]
    for i, s in enumerate(links):
        s.create(f'gone{i}', access=smb2.GENERIC_READ | smb2.DELETE, options=smb2.DELETE_ON_CLOSE)
        # These open files whose last name a local process removes.
        s.create(f'lost{i}')
        s.create(f'bare{i}:stream')
        os.unlink(f'{slow}/lost{i}')
        os.unlink(f'{slow}/bare{i}')

    def left():
        return [name for name in os.listdir(slow) if name.startswith('gone')]
    with frozen(slow):
        for s in links:
            s.end()
        with link(w.clients[1], share='quick') as other:
            other.close(other.create('f'))
            wait_for('all others end', lambda: len(w.server.json('session', 'list')) == 1)
            wait_for('their connections', lambda: len(w.server.json('connection', 'list')) == 1)
        eq(len(left()), CUT)
    wait_for('all are deleted', lambda: left() == [])


@test(smb=True, timeout=60)
def deletions_that_hang_are_charged(w):
    """Opens whose deletion hangs count for their user until they have ended."""
    slow, = volumes(w, 'slow')
    s = link(w.client, share='slow')
    # A session's charge shrinks in steps, so that few opens could be charged by chance.
    for i in range(HANG):
        s.create(f'gone{i}', access=smb2.GENERIC_READ | smb2.DELETE, options=smb2.DELETE_ON_CLOSE)
    with frozen(slow):
        s.end()
        wait_for('the session ends', lambda: not w.server.json('session', 'list'))
        wait_for('its connection', lambda: not w.server.json('connection', 'list'))
        eq(budget(w)['opens'][0] >= HANG, True)
    wait_for('nothing is charged any more', lambda: not budget(w))


@test(smb=True, timeout=120)
def sessions_closed_that_hang(w):
    """The administrator closes sessions whose deletions hang, and is answered."""
    slow, = volumes(w, 'slow')
    s = link(w.client, share='slow')
    s.create('gone', access=smb2.GENERIC_READ | smb2.DELETE, options=smb2.DELETE_ON_CLOSE)
    with frozen(slow):
        one, = w.server.json('session', 'list')
        w.server.ctl('session', 'close', str(one['id']))
        eq((w.server.json('session', 'list'), os.path.exists(f'{slow}/gone')), ([], True))
    wait_for('it is deleted', lambda: not os.path.exists(f'{slow}/gone'))
    s.end()


def is_late(s, sent, seconds):
    """Take answers. Whether one took as long as what only a trim of the connection finds.

    The server trims it each 5 s. A machine that stood still is late as well, but not often.
    """
    late = False
    for number in sent:
        began = time.monotonic()
        eq(s.answer(number, seconds=60)[0], smb2.OK)
        late |= time.monotonic() - began > seconds
    return late


@test(smb=True, fs='ext4', timeout=180)
def flushes_that_wait(w):
    """What came with a FLUSH does not wait for it; once one has waited, nor do other FLUSHes."""
    slow = Volume(f'{w.base}/slow', 'ext4', '64m', w.path('image'))
    put(f'{slow.where}/f', b'', 0o666)
    w.server.add('slow', slow.where)
    list(volumes(w, 'quick'))
    late = []
    for _ in range(4):
        with link(w.client, share='slow') as s:
            (one, first), (_, second) = open_of(s, 'slow'), open_of(s, 'quick')
            for i in range(4):
                s.status(*write(first, b'x', i), tree=one)
                with frozen(w.export):
                    with s.together():
                        sent = [s.send(*flush(first), tree=one), s.send(smb2.ECHO, EMPTY_BODY)]
                        if i:
                            sent.append(s.send(*flush(second)))
                    late += [i] if is_late(s, sent[1:], min(2 * SLOW, 4)) else []
                eq(s.answer(sent[0])[0], smb2.OK)
    eq([i for i in set(late) if late.count(i) > 1], [], 'late more than once')
    w.server.delete('slow')
    slow.umount()


@test(smb=True, timeout=300)
def more_than_may_be_in_flight(w):
    """Requests that came together are answered one after the other, if there is room for one."""
    put(w.path('big'), bytes(8 * MIB), 0o666)
    with link(w.client) as s:
        fid = with_credits(s).create('big')
        late = 0
        for _ in range(20):
            with s.together():
                sent = [s.send(smb2.READ, read(fid, 8 * MIB), charge=128) for _ in range(14)]
            late += is_late(s, sent, 4 * SLOW)
        eq(late > 2, False, f'answers were late {late} times')

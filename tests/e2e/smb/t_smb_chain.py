# SPDX-License-Identifier: GPL-2.0-only
"""Related compounds of SMB, with ordinary and with persistent opens."""
import os
import socket
import struct
import time

import smb2
import smb_durable
import smbraw
from checks import SLOW, eq, wait_for
from files import get, pattern, put
from harness import test
from processes import process_stopped
from smb2 import AT_ONCE, CREATE, EXCLUSIVE, LOCK, OPEN, SET_INFO
from smb_bodies import SetInfo
from smb_cachers import H, R, W, Cacher, Granted
from smb_compound import SAME, close, flush, statuses, write
from smb_contexts import TIMEOUT_MS, durable_v2
from smb_durable import close_all
from smb_lasting import PERSISTENT, available, client, gone, records, second_share
from smb_limits import READS, clogged, is_clogged

LOCKS = 40              # that wait; a file has at most 100
OPENS = 300             # more than there are workers
KEY, OTHER_KEY = b'k' * 16, b'o' * 16
RH, RWH = R | H, R | W | H
BURST = 10, 4096, 20000, 3000, 4096, 4096, 100000, 1     # bytes of WRITEs in a row


def lock(s, fid, flags=EXCLUSIVE):
    return LOCK, s.lock_body(fid, (0, 5, flags))


def opened(s, name, number=None, **kw):
    """Make an ordinary open, or with a number a persistent one."""
    ask = b'DH2Q', struct.pack('<IIQQQ', TIMEOUT_MS, PERSISTENT, 0, number, number)
    g = s.make(name, *([ask] if number else []), **kw)
    eq(g.kind, PERSISTENT if number else 0)
    return g.fid


def of_both_kinds(w):
    """A client, and a function that opens a file by it, for either kind."""
    available(w)
    for persistent in (False, True):
        s = client(w)
        yield s, lambda name, number=1, s=s, p=persistent: opened(s, name, p and number)
        s.end()
        gone(w)


@test(smb=True, squash='none')
def ends_with_a_close(w):
    """Requests before CLOSE are applied to the open, and after it the open is gone."""
    for s, make in of_both_kinds(w):
        for n, data in enumerate((b'first', b'second')):
            fid = make(f'g{n}')
            eq(statuses(s, s.chain(write(fid, data), close(SAME))), ['SUCCESS'] * 2)
            eq(get(w.path(f'g{n}')), data)
            eq(s.status(*flush(fid)), 'FILE_CLOSED')
            fid = make(f'g{n}')
            eq(statuses(s, s.chain(flush(fid), close(SAME, 1), close(SAME))),
               ['SUCCESS', 'SUCCESS', 'FILE_CLOSED'])
            eq(s.is_signed_right(), True)
        body = s.body_of('made', how=smb2.OPEN_IF)
        eq(statuses(s, s.chain((CREATE, body), write(SAME, b'all'), flush(SAME), close(SAME))),
           ['SUCCESS'] * 4)
        eq(get(w.path('made')), b'all')
        # the first failure is the status of all
        body = s.body_of('none', how=OPEN)
        eq(statuses(s, s.chain((CREATE, body), flush(SAME), close(SAME))),
           ['OBJECT_NAME_NOT_FOUND'] * 3)
        os.unlink(w.path('made'))


@test(smb=True, squash='none')
def create_that_meets_a_link(w):
    """Requests behind a CREATE that a symbolic link stops have no open."""
    os.symlink('f', w.path('link'))
    available(w)
    s = client(w)
    got = statuses(s, s.chain((CREATE, s.body_of('f')), (CREATE, s.body_of('link')), flush(SAME),
                              close(SAME)))
    eq(got, ['SUCCESS', 'STOPPED_ON_SYMLINK', 'INVALID_HANDLE', 'INVALID_HANDLE'])
    s.end()
    gone(w)


def may_lock(s, fid, first):
    body = s.lock_body(fid, (first, 5, EXCLUSIVE | AT_ONCE))
    return s.status(LOCK, body) == 'SUCCESS'


def may_open(s, name):
    """True if the file can be opened exclusively."""
    return s.status(CREATE, s.body_of(name, share=0)) == 'SUCCESS'


@test(smb=True, squash='none')
def closes_before_it_is_heard(w):
    """A closed open is gone before its reply is sent, however long that takes."""
    for s, make in of_both_kinds(w):
        other = client(w, 2)
        put(w.path('g'), b'', 0o666)
        fids = [make('f', 1), make('f', 2), make('g', 3)]
        s.lock(fids[0], 0, 5)
        s.lock(fids[1], 10, 5)
        deleted = s.make('deleted', options=smb2.DELETE_ON_CLOSE).fid
        held = other.make('f').fid
        eq((may_lock(other, held, 0), may_lock(other, held, 10), may_open(other, 'g')),
           (False, False, False))
        reads = clogged(w, s)
        numbers = s.chain(write(fids[0], b'x'), close(SAME))
        wait_for('a range is free', lambda: may_lock(other, held, 0))
        # two messages that may come together
        numbers += [s.send(*write(fids[1], b'x', 20)), s.send(*close(fids[1]))]
        wait_for('the other is free', lambda: may_lock(other, held, 10))
        numbers += s.chain(write(fids[2], b'x'), close(SAME))
        wait_for('nobody has it open', lambda: may_open(other, 'g'))
        numbers += s.chain(write(deleted, b'x'), close(SAME))
        wait_for('the file goes', lambda: not os.path.exists(w.path('deleted')))
        eq(is_clogged(s), True)
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        eq(statuses(s, reads + numbers), ['SUCCESS'] * (READS + 8))
        other.end()


@test(smb=True, squash='none')
def closes_before_it_waits(w):
    """A request behind CLOSE may wait for others; the open is gone meanwhile."""
    available(w)
    s, other = client(w), client(w, 2)
    held = other.make('g').fid
    other.lock(held, 0, 5)
    fid = s.make('f').fid
    numbers = s.chain(lock(s, fid), write(SAME, b'x'), close(SAME),
                      (CREATE, s.body_of('g')), lock(s, SAME))
    eq(statuses(s, numbers[:4]), ['SUCCESS'] * 4)
    eq(may_open(other, 'f'), True)
    other.unlock(held, 0, 5)
    eq(statuses(s, numbers[4:]), ['SUCCESS'])
    s.end()
    other.end()


@test(smb=True, squash='none', timeout=120)
def close_behind_a_lock_that_waits(w):
    """Many compounds wait for a lock, and each CLOSE lets the next one in."""
    for s, make in of_both_kinds(w):
        other = client(w, 2)
        held = other.make('f').fid
        other.lock(held, 0, 5)
        fids = [make('f', n) for n in range(1, LOCKS + 1)]
        chains = [s.chain(lock(s, fid), close(SAME)) for fid in fids]
        plain = make('f', LOCKS + 1)
        number = s.wait_lock(plain, 0, 5)
        # a CLOSE that is no part of the message ends the waiting
        s.close(plain)
        eq(statuses(s, [number]), ['RANGE_NOT_LOCKED'])
        eq(s.echo(), 'SUCCESS')
        other.unlock(held, 0, 5)
        for numbers in chains:
            eq(statuses(s, numbers, 60), ['SUCCESS'] * 2)
        other.lock(held, 0, 5)
        other.end()


@test(smb=True, squash='none')
def burst_of_writes(w):
    """Small and large requests that arrive at once, over several receive buffers."""
    put(w.path('f'), b'', 0o666)
    with smbraw.link(w.client) as s:
        for _ in range(4):
            eq(s.echo(), 'SUCCESS')
        fid = s.create('f')
        numbers, want = [], b''
        with s.together():
            for n in range(60):
                data = pattern(n, BURST[n % len(BURST)])
                command, body = write(fid, data, len(want))
                numbers.append(s.send(command, body, charge=1 + (len(data) - 1) // 65536))
                want += data
        eq(statuses(s, numbers), ['SUCCESS'] * len(numbers))
        eq(get(w.path('f')), want)
        eq(s.echo(), 'SUCCESS')


@test(smb=True, squash='none', timeout=240)
def many_closes_at_once(w):
    """More closes than workers complete while the helper is slow to remove the records."""
    for s, make in of_both_kinds(w):
        put(w.path('f'), pattern(5, 4096), 0o666)
        fids = [make('f', n) for n in range(1, OPENS + 1)]
        with process_stopped(w.server.helper.pid):
            chains = [s.chain(flush(fid) if n % 2 else write(fid, b'x', n), close(SAME))
                      for n, fid in enumerate(fids)]
            time.sleep(0.5)
        for numbers in chains:
            eq(statuses(s, numbers, 60), ['SUCCESS'] * 2)
        want = bytearray(pattern(5, 4096))
        want[0:OPENS:2] = b'x' * (OPENS // 2)
        eq(get(w.path('f')), bytes(want))
        eq(w.server.json('open', 'list'), [])
        wait_for('the records go', lambda: not records(w))
        os.unlink(w.path('f'))
        put(w.path('f'), b'0123456789', 0o666)
        os.chmod(w.path('f'), 0o666)
    smb_durable.gone(w)


def rename(fid, to, replace=False):
    to = to.encode('utf-16-le')
    data = struct.pack('<B7xQI', replace, 0, len(to)) + to
    return SET_INFO, bytes(SetInfo(level=10, length=len(data), fid=fid)) + data


def cached(w, name, state):
    """Another client caches a file."""
    os.chmod(w.path(), 0o777)
    put(w.path(name), b'', 0o666)
    holder = Cacher(w.client, dialect=0x300)
    eq(holder.open(name, key=KEY, state=state, epoch=0).state, state)
    return holder


@test(smb=True, squash='none')
def open_that_waits_is_told(w):
    """A waiting open gets an interim response (MS-SMB2 section 3.3.5.2.7.2)."""
    holder, s = cached(w, 'f', RWH), client(w)
    numbers = s.chain((CREATE, s.body_of('f')), flush(SAME), close(SAME))
    eq(holder.broken()[1:3], (RWH, RH))
    eq(s.answer(numbers[0], pending=True)[0], smb2.PENDING)
    eq(s.silent(), True)
    holder.ack(KEY, RH)
    eq(statuses(s, numbers), ['SUCCESS'] * 3)
    # and can be cancelled: what stands behind it fails likewise
    holder.end()
    holder = cached(w, 'g', RWH)
    numbers = s.chain((CREATE, s.body_of('g')), flush(SAME), close(SAME))
    eq(s.answer(numbers[0], pending=True)[0], smb2.PENDING)
    s.cancel(numbers[0])
    eq(statuses(s, numbers), ['CANCELLED'] * 3)
    holder.end()
    s.end()


@test(smb=True, squash='none', clients=2)
def grant_precedes_its_break(w):
    """A lease is granted before it is broken, also if the rest of the compound waits."""
    holder, s, other = cached(w, 'g', RH), client(w), Cacher(w.clients[1], dialect=0x300)
    put(w.path('f'), b'', 0o666)
    body = Cacher.ask(s, 'f', key=OTHER_KEY, state=RWH, epoch=0,
                      access=smb2.GENERIC_READ | smb2.GENERIC_WRITE | smb2.DELETE)
    numbers = s.chain((CREATE, body), rename(SAME, 'g', True), close(SAME))
    eq(holder.broken()[1:3], (RH, R))
    waits = other.opening('f')
    frame = s.receive(20 * SLOW)
    eq(struct.unpack_from('<Q', frame, 24)[0], numbers[0], 'the first response')
    eq(struct.unpack_from('<I', frame, 8)[0], smb2.OK)
    eq(Granted(frame[64:]).state, RWH)
    eq(Cacher.broken(s)[:3], (OTHER_KEY, RWH, RH))
    Cacher.ack(s, OTHER_KEY, RH)
    other.opened(waits)
    holder.ack(KEY, R)
    # The holder keeps the file open.
    eq(statuses(s, numbers[1:]), ['ACCESS_DENIED', 'SUCCESS'])
    for each in (holder, s, other):
        each.end()


@test(smb=True, squash='none', clients=2, timeout=120)
def grant_precedes_a_record(w):
    """Nor does a granted lease wait until the next open of the compound is recorded."""
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    available(w, False)
    second_share(w)
    s, other = client(w), Cacher(w.clients[1], dialect=0x300)
    trees = [s.tree]
    eq(s.connect_tree('other'), 'SUCCESS')
    trees.append(s.tree)
    with process_stopped(w.server.helper.pid):
        numbers = s.chain((CREATE, Cacher.ask(s, 'f', key=KEY, state=RWH, epoch=0)),
                          (CREATE, s.body_of('g', durable_v2(1, flags=PERSISTENT))), trees=trees)
        status, out = s.answer(numbers[0])
        eq((status, Granted(out).state), (smb2.OK, RWH))
        waits = other.opening('f')
        eq(Cacher.broken(s)[:3], (KEY, RWH, RH))
        Cacher.ack(s, KEY, RH)
        other.opened(waits)
    eq(statuses(s, numbers[1:], 60), ['SUCCESS'])
    for each in (s, other):
        each.end()
    close_all(w)
    gone(w)


@test(smb=True, squash='none')
def rename_waits_in_silence(w):
    """A waiting SET_INFO gets no interim response, and earlier replies wait with it."""
    access = smb2.GENERIC_READ | smb2.DELETE
    s = client(w)
    # also with a lease that grants nothing
    for body in (s.body_of('f', access=access),
                 Cacher.ask(s, 'f', key=OTHER_KEY, state=0, epoch=0, access=access)):
        holder = cached(w, 'f', RH)
        numbers = s.chain((CREATE, body), rename(SAME, 'g'), close(SAME))
        eq(holder.broken()[1:3], (RH, R))
        eq(s.silent(), True)
        holder.ack(KEY, R)
        for number in numbers:
            eq(s.answer(number, pending=True)[0], smb2.OK)
        eq(sorted(os.listdir(w.path())), ['g'])
        holder.end()
        os.unlink(w.path('g'))
    # to its present name: nothing changes, but leases of closed opens are broken
    holder = cached(w, 'h', RH)
    fid = s.make('h', access=smb2.GENERIC_READ | smb2.DELETE).fid
    number = s.send(*rename(fid, 'h'))
    eq(holder.broken()[1:3], (RH, R))
    eq(s.silent(), True)
    holder.ack(KEY, R)
    eq(s.answer(number, pending=True)[0], smb2.OK)
    eq(sorted(os.listdir(w.path())), ['h'])
    holder.end()
    s.end()

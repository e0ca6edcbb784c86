# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.2: copies that go on in the background, CB_OFFLOAD, and `dittoctl job`."""
import contextlib
import errno
import functools
import os
import signal

import nfs4
from checks import eq, expect_errno, wait_for
from files import MIB, get, put
from harness import test
from nfs4 import ANON, DENY_WRITE, READ, WANT_NO, WRITE, free_stateid, putfh
from nfs42_copiers import SIZE, Copier, calls, copied, held_up, jobs, source
from nfs4_copy import between, copy, offload_cancel, offload_status
from nfs4_opens import V41, last
from processes import Child, run
from volumes import frozen

wire = functools.partial(test, server='ditto', clients=2)


@wire
def result(w):
    data = source(w)
    c = Copier(w)
    sid = c.start()
    call = c.ended(sid)
    eq((call.status, call.count, call.committed, call.ids), (nfs4.OK, SIZE, nfs4.UNSTABLE, []))
    eq(call.minor, 2)
    verf = last(c.compound(putfh(c.dst_fh), nfs4.commit()), nfs4.OK).verf
    eq((call.verf, c.verf), (verf, verf))
    # the client can tell which COPY the callback is about even before it has its reply
    eq([session for session, _ in call.sequence.after], [c.s.id])
    eq(get(w.path('to')) == data, True)
    wait_for('the stateid to be gone', lambda: c.compound(
        putfh(c.dst_fh), offload_status(sid)).status == nfs4.BAD_STATEID)
    c.is_forgotten(sid)
    eq(jobs(w), [])


@wire
def pieces(w):
    """Offsets and count of a copy that goes on; a retried CB_OFFLOAD."""
    data = source(w)
    c = Copier(w)
    c.cb.answers['offload'] = nfs4.DELAY
    sid = c.start(MIB + 1, 7, 20 * MIB)
    eq(c.ended(sid).count, 20 * MIB)
    eq((c.progress(sid).count, c.progress(sid).complete), (20 * MIB, [nfs4.OK]))
    c.cb.answers['offload'] = nfs4.OK
    c.ended(sid)
    eq(get(w.path('to')) == bytes(7) + data[MIB + 1:21 * MIB + 1], True)


@wire
def waits_and_is_cancelled(w):
    data = source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        eq((c.progress(sid).count, c.progress(sid).complete), (0, []))
        one, = jobs(w)
        eq([one[k] for k in ('protocol', 'uid', 'done', 'size', 'share', 'path', 'target_share',
                             'target_path')],
           ['nfs4.1', 0, 0, SIZE, 'data', 'from', 'data', 'to'])
        last(c.compound(putfh(c.dst_fh), free_stateid(sid)), nfs4.LOCKS_HELD)
        last(c.compound(putfh(c.src_fh), offload_status(sid)), nfs4.BAD_STATEID)
        last(c.compound(putfh(c.dst_fh), offload_status((0, sid[1]))), nfs4.BAD_STATEID)
        last(V41.at(w, minor=2).compound(putfh(c.dst_fh), offload_cancel(sid)), nfs4.BAD_STATEID)
        wait_for('OFFLOAD_CANCEL', lambda: c.compound(
            putfh(c.dst_fh), offload_cancel(sid)).status == nfs4.OK)
        eq(jobs(w), [])
        c.is_forgotten(sid)
        c.cb.none(c.conn)
        eq(get(w.path('to')), b'')
    with held_up(w, c) as sid:
        pass
    eq(c.ended(sid).count, SIZE)
    eq(get(w.path('to')) == data, True)


@wire
def cancelled_by_the_administrator(w):
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        number = jobs(w)[0]['id']
        w.server.ctl('job', 'cancel', str(number))
        call = c.ended(sid)
        eq((call.status, call.count), (nfs4.IO, 0))
        eq(jobs(w), [])
        eq('there is no job' in w.server.refused('job', 'cancel', str(number)), True)


@wire
def share_removed(w):
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        w.server.delete('data')
        eq(c.ended(sid).status, nfs4.STALE)
        eq(jobs(w), [])
    w.server.released(w.volumes[0])
    w.volumes.clear()


@wire
def share_made_read_only(w):
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        w.server.set('data', ro=True)
    eq(c.ended(sid).status, nfs4.ROFS)


@wire
def client_restarts(w):
    """The copies of a client end with it."""
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        nfs = c.s.nfs
        eq(c.s.destroy().status, nfs4.OK)
        eq(nfs.compound(nfs4.destroy_clientid(c.s.clientid)).status, nfs4.CLIENTID_BUSY)
        eq(len(jobs(w)), 1)
        w.server.ctl('lock', 'client', 'release', jobs(w)[0]['client'])
        wait_for('the end of the copy', lambda: not jobs(w))
    del sid


@wire
def server_restarts(w):
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        w.server.restart()
        eq(jobs(w), [])
    again = V41.at(w, minor=2, reclaimed=False)
    last(again.compound(putfh(c.dst_fh), offload_status(sid)), nfs4.BAD_STATEID)


@wire
def source_shrinks(w):
    data = source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        os.truncate(w.path('from'), 3 * MIB)
    eq(c.ended(sid).count, 3 * MIB)
    eq(get(w.path('to')) == data[:3 * MIB], True)
    os.truncate(w.path('from'), SIZE)
    with held_up(w, c) as sid:
        os.truncate(w.path('from'), 0)
    call = c.ended(sid)
    eq((call.status, call.count), (nfs4.OK, 0))
    eq(call.verf, last(c.compound(putfh(c.dst_fh), nfs4.commit()), nfs4.OK).verf)


@wire
def no_way_back(w):
    """A client that cannot be called back gets a part, at once."""
    source(w)
    c = nfs4.Session.make(nfs4.connect(w.client), minor=2, flags=0)
    c = V41.at(w, minor=2)
    c.nfs.compound(nfs4.destroy_session(c.id))
    seqid = c.exchange.seqid + 1
    c = nfs4.Session(nfs4.connect(w.client), c.clientid, seqid, 2, flags=0)
    a, b = c.fh('data', 'from'), c.fh('data', 'to')
    r = last(between(c, a, b, copy(ANON, ANON, sync=False)), nfs4.OK)
    eq((r.callback, r.count, r.synchronous), ([], 8 * MIB, True))


@wire
def bounded(w):
    """So many copies go on for one client; others are done in parts."""
    source(w)
    c = Copier(w, target=False)
    with held_up(w, c) as sid:
        sids = [sid] + [c.start() for _ in range(63)]
        r = between(c, c.src_fh, c.dst_fh, copy(c.src, c.dst, sync=False))
        eq(r.status, nfs4.DELAY, 'not started, and held up')
        eq(len(jobs(w)), 64)
        for sid in sids:
            wait_for('OFFLOAD_CANCEL', lambda: c.compound(
                putfh(c.dst_fh), offload_cancel(sid)).status == nfs4.OK)
        eq(jobs(w), [])


@test(smb=True, squash='none')
def lock_in_the_way(w):
    """A copy ends before the bytes that an SMB client has locked."""
    import smb2
    data = source(w)
    c = Copier(w)
    s = smb2.Smb2(w.client)
    f = s.create('to', access=0xc0000000)
    s.lock(f, 20 * MIB, 1)
    call = c.ended(c.start())
    eq((call.status, call.count), (nfs4.OK, 16 * MIB))
    eq(get(w.path('to')) == data[:16 * MIB], True)
    call = c.ended(c.start(16 * MIB, 16 * MIB))
    eq((call.status, call.count), (nfs4.LOCKED, 0))
    s.close(f)
    eq(c.ended(c.start(16 * MIB, 16 * MIB)).count, SIZE - 16 * MIB)
    eq(get(w.path('to')) == data, True)
    s.end()


@wire
def no_space(w):
    source(w)
    w.volume(f'{w.base}/small', 'tmpfs', '24m')
    w.server.add('small', f'{w.base}/small')
    put(f'{w.base}/small/to', b'', 0o666)
    c = Copier(w, target=False)
    c.dst_fh = c.s.fh('small', 'to')
    done = c.ended(c.start()).count
    eq(0 < done <= 24 * MIB, True, done)
    call = c.ended(c.start(done, done))
    eq((call.status, call.count), (nfs4.NOSPC, 0))
    m = w.client.mount(f'{w.base}/small', vers='4.2')
    where = w.client.mount(vers='4.2')
    with expect_errno(errno.ENOSPC):
        copied(f'{where}/from', f'{m}/to')


@wire(timeout=60)
def by_the_kernel(w):
    """One COPY for all of it, committed; and what a client sees of its target afterwards."""
    data = source(w, 100 * MIB)
    m = w.client.mount(vers='4.2')
    before = calls(w)
    eq(copied(f'{m}/from', f'{m}/to'), 1)
    got = calls(w) - before
    eq((got['copy'], got['read'], got['write'], got['commit']), (1, 0, 0, 1), got)
    eq(get(w.path('to')) == data, True)
    eq(os.stat(f'{m}/to').st_size, len(data))
    eq(get(f'{m}/to') == data, True)


@wire(fs='xfs', timeout=60)
def a_signal_cancels(w):
    source(w)
    m = w.client.mount(vers='4.2')
    a = os.open(f'{m}/from', os.O_RDONLY)
    b = os.open(f'{m}/to', os.O_RDWR)
    run('sync')

    def body():
        os.copy_file_range(a, b, SIZE)
    with frozen(w.export):
        child = Child(body)
        # a signal before the client has its reply would leave no stateid to cancel
        wait_for('the copy', lambda: jobs(w) and calls(w)['copy'])
        os.kill(child.pid, signal.SIGTERM)
        wait_for('OFFLOAD_CANCEL', lambda: calls(w)['offload_cancel'])
        eq(len(jobs(w)), 1, 'a piece is being copied')
    wait_for('the end of the copy', lambda: not jobs(w))
    eq(os.stat(w.path('to')).st_size < SIZE, True)
    with contextlib.suppress(AssertionError):
        child.join()
    os.close(a)
    os.close(b)


@wire(fs='xfs', timeout=150)
def ends_with_the_lease(w):
    """A copy does not renew the lease of its client, and ends with the client."""
    source(w)
    v = w.volume(f'{w.base}/other', 'tmpfs')
    for name in 'held', 'own':
        put(f'{v.where}/{name}', b'', 0o666)
    w.server.add('other', v.where)
    c, b = Copier(w), V41.at(w, w.clients[1], minor=2)
    b.root = b.fh('other')
    # a client that holds something is not forgotten in a pause of the machine
    last(b.try_open('own'), nfs4.OK)
    r, _ = c.s.open(c.s.fh('other'), 'held', READ | WANT_NO, DENY_WRITE, own=b'held')
    eq(r.status, nfs4.OK)
    run('sync')
    with frozen(w.export):
        c.start()
        eq(len(jobs(w)), 1)
        w.server.ctl('server', 'set', 'lease-time-s', '5')
        wait_for('its open to be given up', lambda: b.try_open('held', WRITE).status == nfs4.OK)
    wait_for('the end of the copy', lambda: not jobs(w))
    eq(c.compound().status, nfs4.BADSESSION)
    eq(os.stat(w.path('to')).st_size < SIZE, True)

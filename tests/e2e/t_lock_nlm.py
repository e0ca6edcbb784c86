# SPDX-License-Identifier: GPL-2.0-only
"""Locks by raw NLM: what no kernel client says, and what each answer must be."""
import contextlib
import os
import time

import daemons
import nfs3
import nlm
import nsm
import rpc
from harness import eq, one_of, put, run, test, wait_for
from rpc import RpcError
from nlm import BOTH, READ, WRITE, Granted, Nlm

END = (1 << 64) - 1

# A client that does not take its lock has so long, and a little more.
CALLBACK = 5


def nlm_port(client, vers=4, proto='tcp'):
    conn = client.connect(port=111)
    port = daemons.getport(conn, nlm.NLM, vers, proto)
    conn.close()
    return port


def connect(client, fh=b'', proto='tcp', vers=4, caller=None, **kw):
    conn = client.connect(proto, port=nlm_port(client, vers, proto), **kw)
    return Nlm(conn, fh, vers, caller or client.hostname)


def file(w, name='f', data=b'0123456789'):
    """A file of the share, by its handle."""
    put(w.path(name), data)
    n = w.client.nfs()
    fh = n.lookup(n.root, name).fh
    n.rpc.close()
    return fh


def machines(w, **kw):
    """The first two clients, without a kernel's NLM."""
    fh = file(w)
    if w.server.name == 'ditto':
        # Until the records are read, no lock of a monitored machine is granted.
        n = nsm.Nsm(w.clients[0].connect(port=w.server.port))
        wait_for('the records of locks', lambda: n.stat('server').state & 1)
    return [connect(c, fh, **kw) for c in w.clients[:2]]


def status(r, want, what=''):
    if r.status != want:
        raise AssertionError(f'{what or "status"}: {nlm.STATUS[r.status]}, expected '
                             f'{nlm.STATUS[want]}')
    return r


def free(n, where=(0, 0), **kw):
    """Nobody is in the way."""
    status(n.test(where, svid=999, **kw), nlm.OK, f'{where} should be free')


def taken(n, where=(0, 0), **kw):
    return status(n.test(where, svid=999, **kw), nlm.DENIED, f'{where} should be taken').holder


@test(locks='raw')
def registered(w):
    """rpcbind knows NLM 1, 3 and 4 and NSM 1, over both transports; NULL is answered."""
    lines = [line.split() for line in
             w.client.run('rpcinfo', '-p', w.client.server_addr).splitlines()[1:]]
    known = {tuple(x[:3]) for x in lines}
    for proto in ('tcp', 'udp'):
        for vers in '134':
            assert ('100021', vers, proto) in known, f'NLM {vers} {proto} is not in {known}'
        assert ('100024', '1', proto) in known, f'NSM {proto} is not in {known}'
        for vers in (1, 3, 4):
            eq(connect(w.client, vers=vers, proto=proto).raw(nlm.NULL).stat, rpc.SUCCESS)
            run('rpcinfo', '-a', f'{w.client.server_addr}.0.111', '-T', proto, '100000', '4',
                ns=w.client)


@test(locks='raw')
def versions_and_procedures(w):
    n = connect(w.client)
    for vers in (0, 2, 5):
        r = n.rpc.call(nlm.NLM, vers, 0)
        eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 1, 4), f'version {vers}')
    for proc in (24, 100, 0xffffffff):
        eq(n.raw(proc).stat, rpc.PROC_UNAVAIL, f'procedure {proc}')


@test(server='ditto', locks='raw')
def unknown_procedures(w):
    """Those that no version has, and those that version 1 does not have."""
    for proc in (16, 17, 18, 19):
        eq(connect(w.client).raw(proc).stat, rpc.PROC_UNAVAIL, f'procedure {proc}')
    for proc in (16, 20, 21, 22, 23):
        eq(connect(w.client, vers=1).raw(proc).stat, rpc.PROC_UNAVAIL, f'version 1: {proc}')


@test(server='ditto', locks='raw')
def registrations_go(w):
    """With the listeners go their registrations."""
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    conn = w.client.connect(port=111)
    for prog, vers in ((nlm.NLM, 1), (nlm.NLM, 3), (nlm.NLM, 4), (100024, 1), (100003, 3)):
        for proto in ('tcp', 'udp'):
            eq(daemons.getport(conn, prog, vers, proto), 0, f'{prog} version {vers} {proto}')


def basics(w, proto, vers):
    a, b = machines(w, proto=proto, vers=vers)
    status(a.lock((0, 10)), nlm.OK)
    status(b.lock((5, 1)), nlm.DENIED)
    status(b.lock((5, 1), exclusive=False), nlm.DENIED)
    status(b.lock((10, 10)), nlm.OK)
    status(a.lock((0, 10)), nlm.OK, 'the same again')
    status(a.lock((0, 10), exclusive=False), nlm.OK, 'a downgrade')
    status(b.lock((5, 1), svid=2, exclusive=False), nlm.OK, 'beside a reader')
    status(a.lock((0, 10)), nlm.DENIED, 'an upgrade beside a reader')
    status(b.lock((0, 5), svid=3), nlm.DENIED)
    free(b, (0, 10), exclusive=False)
    status(b.unlock((5, 1), svid=2), nlm.OK)
    status(a.lock((0, 10)), nlm.OK, 'an upgrade of the only reader')
    status(a.unlock((3, 4)), nlm.OK)
    free(b, (3, 4))
    taken(b, (2, 1))
    taken(b, (7, 1))
    status(a.unlock((100, 100)), nlm.OK, 'unlocking what is not locked')
    status(b.lock((50, 0)), nlm.OK, 'to the end')
    taken(a, (0x7fffffff, 1))
    status(a.unlock((0, 0)), nlm.OK)
    status(b.unlock((0, 0)), nlm.OK)
    free(a)


@test(locks='raw', clients=2)
def basics_tcp(w):
    basics(w, 'tcp', 4)


@test(locks='raw', clients=2)
def basics_udp(w):
    basics(w, 'udp', 4)


@test(server='ditto', locks='raw', clients=2)
def version_3(w):
    basics(w, 'tcp', 3)
    basics(w, 'udp', 3)


@test(server='ditto', locks='raw', clients=2)
def version_1(w):
    basics(w, 'udp', 1)


@test(server='ditto', locks='raw', clients=2)
def versions_share_the_locks(w):
    a, b = machines(w)
    old = connect(w.clients[1], a.fh, vers=3)
    status(a.lock((10, 10)), nlm.OK)
    h = taken(old, (0, 0))
    eq((h.where, h.exclusive), ((10, 10), True))
    status(a.lock((1 << 40, 10), svid=2), nlm.OK, 'beyond what version 3 can say')
    h = taken(old, (100, 0))
    assert h.where[0] >= 0x7fffffff, h.where
    status(old.lock((30, 0), svid=4), nlm.DENIED)
    status(old.lock((30, 70), svid=4), nlm.OK)
    h = taken(a, (30, 1))
    eq((h.where, h.svid), ((30, 70), 4))
    status(a.unlock((0, 0)), nlm.OK)
    status(a.unlock((0, 0), svid=2), nlm.OK)
    status(old.unlock((0, 0), svid=4), nlm.OK)
    assert b


@test(server='ditto', locks='raw', clients=2)
def holder(w):
    """TEST names the true holder."""
    a, b = machines(w)
    status(a.lock((1 << 33, 1 << 32), svid=77), nlm.OK)
    h = taken(b, (0, 0))
    eq((h.exclusive, h.svid, h.where), (True, 77, (1 << 33, 1 << 32)))
    eq(h.oh, nlm.oh_of(77))
    free(a, (0, 1 << 33))
    status(a.unlock((0, 0), svid=77), nlm.OK)
    status(a.lock((7, 0), svid=78, exclusive=False), nlm.OK)
    h = taken(b, (0, 0))
    eq((h.exclusive, h.svid, h.where), (False, 78, (7, 0)))
    eq(a.test((0, 0), svid=78).status, nlm.OK, 'in the way of itself')
    status(a.unlock((0, 0), svid=78), nlm.OK)
    free(b)


@test(server='ditto', locks='raw', clients=2)
def edges_of_ranges(w):
    """Up to the last byte there can be; what goes beyond is refused."""
    a, b = machines(w)
    status(a.lock((END, 1)), nlm.OK, 'the last byte')
    taken(b, (END, 1))
    taken(b, (END - 1, 0))
    free(b, (END - 1, 1))
    eq(taken(b, (0, 0)).where, (END, 0))
    status(b.lock((1 << 63, (1 << 63) - 1), svid=2), nlm.OK)
    taken(a, (END - 1, 1))
    for where in ((END, 2), (1 << 63, (1 << 63) + 1), (END, END), (2, END)):
        status(b.lock(where, svid=3), nlm.FBIG, f'{where}')
        status(b.test(where, svid=3), nlm.FBIG, f'TEST {where}')
    status(b.unlock((0, 0), svid=2), nlm.OK)
    status(a.unlock((END, 0)), nlm.OK)
    free(b)


@test(server='ditto', locks='raw')
def handles(w):
    """Only files can be locked, and only by handles that are good."""
    fh = file(w)
    n = connect(w.client)
    nfs = w.client.nfs()
    nfs.mkdir(nfs.root, 'd')
    nfs.symlink(nfs.root, 'l', 'f')
    directory, link = [nfs.lookup(nfs.root, x).fh for x in 'dl']
    for bad in (b'', b'x' * 16, b'x' * 64, fh[:-4], fh[:-1] + bytes([fh[-1] ^ 1])):
        status(n.lock((0, 0), fh=bad), nlm.STALE_FH, f'handle {bad!r}')
        status(n.test((0, 0), fh=bad), nlm.STALE_FH)
        status(n.unlock((0, 0), fh=bad), nlm.STALE_FH)
    for bad in (directory, link, nfs.root):
        one_of(n.lock((0, 0), fh=bad).status, (nlm.FAILED, nlm.STALE_FH))
    status(n.lock((0, 0), fh=fh), nlm.OK)
    nfs.remove(nfs.root, 'f')
    one_of(n.unlock((0, 0), fh=fh).status, (nlm.OK, nlm.STALE_FH))
    wait_for('the lock goes with the file', lambda: not w.server.claims().get('ranges'))
    nfs.rpc.close()


@test(locks='raw')
def broken_arguments(w):
    """Cut at every word: garbage, and nothing is locked."""
    fh = file(w)
    n = connect(w.client, fh)
    for proc, args in ((nlm.LOCK, n.lock_args((0, 0))), (nlm.TEST, n.test_args((0, 0))),
                       (nlm.UNLOCK, n.unlock_args((0, 0))), (nlm.CANCEL, n.cancel_args((0, 0)))):
        for size in range(0, len(args), 4):
            eq(n.raw(proc, args[:size]).stat, rpc.GARBAGE_ARGS, f'{size} bytes of {proc}')
    for e in (rpc.Enc().opaque(b'c' * 1025), rpc.Enc().u32(0xffffffff),
              rpc.Enc().opaque(b'c').u32(0, 1).u32(0xfffffff0)):
        eq(n.raw(nlm.LOCK, e.bytes() + bytes(200)).stat, rpc.GARBAGE_ARGS)
    free(n)


@test(server='ditto', locks='raw', clients=2)
def owners(w):
    """An owner is a machine and a process, not a connection or a port."""
    a, b = machines(w)
    status(a.lock((0, 10), svid=5), nlm.OK)
    a.rpc.close(abort=True)
    for proto in ('tcp', 'udp'):
        other = connect(w.clients[0], a.fh, proto=proto)
        status(other.lock((0, 10), svid=5), nlm.OK, 'the same owner')
        status(other.lock((0, 10), svid=6), nlm.DENIED, 'another process')
        status(b.lock((0, 10), svid=5), nlm.DENIED, 'another machine')
        other.rpc.close()
    last = connect(w.clients[0], a.fh)
    status(last.unlock((0, 0), svid=5), nlm.OK)
    free(b)


@test(server='ditto', locks='raw', clients=2)
def names_and_addresses(w):
    """Two machines behind one address are two; a name does not give another's locks away."""
    a, b = machines(w)
    twin = connect(w.clients[0], a.fh, caller='another')
    liar = connect(w.clients[1], a.fh, caller='client1')
    status(a.lock((0, 10)), nlm.OK)
    status(twin.lock((5, 1)), nlm.DENIED)
    twin.free_all()
    liar.free_all()
    status(liar.unlock((0, 0)), nlm.OK)
    taken(b)
    eq(len(w.server.locks()), 1)
    a.free_all()
    free(b)


@test(server='ditto', locks='raw', clients=2)
def retransmitted(w):
    """The same call again is answered as before, and done once."""
    a, b = machines(w)
    c = nlm.cookie()
    args = a.lock_args((0, 10), c=c)
    for _ in range(3):
        r = a.raw(nlm.LOCK, args, xid=0x1234567)
        eq(nlm.d_res(rpc.Dec(r.body), 4, nlm.LOCK).status, nlm.OK)
    status(a.unlock((0, 10)), nlm.OK)
    free(b)
    r = a.raw(nlm.LOCK, args, xid=0x1234567)
    eq(nlm.d_res(rpc.Dec(r.body), 4, nlm.LOCK).status, nlm.OK, 'a late copy')
    free(b, (0, 0))


def waiters(w):
    return [x for x in w.server.locks() if x['state'] == 'waiting']


@test(server='ditto', locks='raw', clients=2)
def blocked_is_queued_once(w):
    """However often a client asks for the same lock, it waits once and gets it once."""
    a, b = machines(w)
    status(a.lock((0, 10), exclusive=True), nlm.OK)
    with Granted(w.clients[1], b) as g:
        for _ in range(3):
            status(b.lock((0, 10), block=True), nlm.BLOCKED)
        other = connect(w.clients[1], b.fh, proto='udp')
        status(other.lock((0, 10), block=True), nlm.BLOCKED)
        eq(len(waiters(w)), 1)
        status(a.unlock((0, 10)), nlm.OK)
        call = g.take()
        eq((call.svid, call.where, call.exclusive, call.oh, call.fh),
           (1, (0, 10), True, nlm.oh_of(1), b.fh))
        g.none()
    eq(taken(a).svid, 1)
    status(b.unlock((0, 10)), nlm.OK)
    free(a)
    eq(w.server.locks(), [])


def granted(w, proto, vers):
    a, b = machines(w, proto=proto, vers=vers)
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((5, 10), block=True, svid=3), nlm.BLOCKED)
        status(b.lock((0, 1), block=True, svid=4, exclusive=False), nlm.BLOCKED)
        status(a.unlock((5, 5)), nlm.OK)
        call = g.take()
        eq((call.vers, call.svid, call.where, call.exclusive), (vers, 3, (5, 10), True))
        eq(call.proto, proto)
        g.none()
        status(a.unlock((0, 0)), nlm.OK)
        call = g.take()
        eq((call.svid, call.where, call.exclusive), (4, (0, 1), False))
        g.none()
        eq(taken(a, (0, 0)).where, (0, 1))
        status(b.unlock((0, 0), svid=3), nlm.OK)
        status(b.unlock((0, 0), svid=4), nlm.OK)
        free(a)


@test(server='ditto', locks='raw', clients=2)
def granted_tcp(w):
    """The callback comes with the owner and the range, over the transport of the request."""
    granted(w, 'tcp', 4)


@test(server='ditto', locks='raw', clients=2)
def granted_udp(w):
    granted(w, 'udp', 4)


@test(server='ditto', locks='raw', clients=2)
def granted_version_3(w):
    granted(w, 'udp', 3)


@test(server='ditto', locks='raw', clients=2)
def granted_version_1(w):
    granted(w, 'udp', 1)


@test(server='ditto', locks='raw', clients=2)
def callback_repeated(w):
    """A callback without an answer is repeated with its cookie; answered, the lock is kept."""
    a, b = machines(w, proto='udp')
    with Granted(w.clients[1], b, say=None) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        first = g.take()
        g.say = nlm.OK
        second = g.take()
        eq(second.cookie, first.cookie)
        time.sleep(CALLBACK + 1)
        taken(a)
        status(b.unlock((0, 10)), nlm.OK)


@test(server='ditto', locks='raw', clients=2)
def callback_refused(w):
    """A client that does not want the lock does not get it; the next one does."""
    a, b = machines(w)
    with Granted(w.clients[1], b, say=nlm.DENIED) as g, Granted(w.clients[0], a) as mine:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(a.lock((0, 10), svid=2, block=True), nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        g.take()
        eq(mine.take(CALLBACK).svid, 2)
        g.none()
        status(a.unlock((0, 10), svid=2), nlm.OK)
        free(b)


@test(server='ditto', locks='raw', clients=2)
def callback_unanswered(w):
    """A client that does not answer in time has no lock; nobody to answer at all is the same."""
    a, b = machines(w)
    with Granted(w.clients[1], b, say=None) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        began = time.monotonic()
        status(a.unlock((0, 10)), nlm.OK)
        call = g.take()
        taken(a)
        wait_for('the lock is released', lambda: a.test((0, 0)).status == nlm.OK, CALLBACK + 10)
        took = time.monotonic() - began
        assert took > CALLBACK / 2, f'given up after {took:.1f} s'
        while not g.calls.empty():
            eq(g.calls.get().cookie, call.cookie)
    status(a.lock((0, 10)), nlm.OK)
    status(b.lock((0, 10), block=True), nlm.BLOCKED)
    status(a.unlock((0, 10)), nlm.OK)
    wait_for('the lock is released', lambda: a.test((0, 0)).status == nlm.OK, CALLBACK + 10)


@test(server='ditto', locks='raw', clients=2)
def callback_and_retry(w):
    """A client that asks again instead of answering the callback has its lock."""
    a, b = machines(w)
    with Granted(w.clients[1], b, say=None) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        g.take()
        status(b.lock((0, 10), block=True), nlm.OK)
        time.sleep(CALLBACK + 1)
        taken(a)
        status(b.unlock((0, 10)), nlm.OK)
        free(a)


@test(server='ditto', locks='raw', clients=2)
def callback_and_unlock(w):
    """A lock given up while its callback is under way is free, once and for all."""
    a, b = machines(w)
    with Granted(w.clients[1], b, say=None) as g:
        for give_up in (b.unlock, b.cancel):
            status(a.lock((0, 10)), nlm.OK)
            status(b.lock((0, 10), block=True), nlm.BLOCKED)
            status(a.unlock((0, 10)), nlm.OK)
            g.take()
            status(give_up((0, 10)), nlm.OK)
            free(a)
            status(a.lock((0, 10), svid=8), nlm.OK)
            time.sleep(CALLBACK + 1)
            eq(taken(b).svid, 8, 'still the lock of the next one')
            status(a.unlock((0, 10), svid=8), nlm.OK)
            while not g.calls.empty():
                g.calls.get()


@test(server='ditto', locks='raw', clients=2)
def cancel(w):
    """Only the request that it names is cancelled."""
    a, b = machines(w)
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True, svid=3), nlm.BLOCKED)
        status(b.lock((0, 5), block=True, svid=4), nlm.BLOCKED)
        status(b.cancel((0, 10), svid=3), nlm.OK)
        status(a.unlock((0, 10)), nlm.OK)
        eq(g.take().svid, 4)
        g.none()
        status(b.unlock((0, 5), svid=4), nlm.OK)
        free(a)


@test(server='ditto', locks='raw', clients=2)
def cancel_must_match(w):
    """Another range, another mode, another owner, another file: another request."""
    a, b = machines(w)
    other = file(w, 'g')
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        for kw in (dict(exclusive=False), dict(svid=2), dict(fh=other), dict(oh=b'other')):
            status(b.cancel((0, 10), **kw), nlm.DENIED, f'{kw}')
        status(b.cancel((0, 9)), nlm.DENIED)
        status(a.cancel((0, 10)), nlm.DENIED, 'by the holder')
        eq(len(waiters(w)), 1)
        status(b.cancel((0, 10)), nlm.OK)
        eq(len(waiters(w)), 0)
        status(b.cancel((0, 10)), nlm.DENIED, 'once more')
        status(a.unlock((0, 10)), nlm.OK)
        g.none()
        free(b)


@test(server='ditto', locks='raw', clients=2)
def messages(w):
    """The messages over UDP: each is answered by a call with its cookie."""
    a, b = machines(w, proto='udp')

    def send(proc, args, c):
        b.rpc.send(rpc.call_bytes(nlm.NLM, 4, proc, args))
        call = g.take()
        eq(call.proc, proc + 5)
        eq(call.res.cookie, c)
        return call.res
    with Granted(w.clients[1], b) as g:
        c = nlm.cookie()
        status(send(nlm.LOCK_MSG, b.lock_args((0, 10), c=c), c), nlm.OK)
        status(a.lock((5, 1)), nlm.DENIED)
        status(a.lock((20, 10), svid=9), nlm.OK)
        c = nlm.cookie()
        r = send(nlm.TEST_MSG, b.test_args((15, 10), c=c), c)
        eq((status(r, nlm.DENIED).holder.svid, r.holder.where), (9, (20, 10)))
        c = nlm.cookie()
        status(send(nlm.TEST_MSG, b.test_args((15, 5), c=c), c), nlm.OK)
        c = nlm.cookie()
        status(send(nlm.LOCK_MSG, b.lock_args((20, 1), block=True, svid=5, c=c), c), nlm.BLOCKED)
        c = nlm.cookie()
        status(send(nlm.CANCEL_MSG, b.cancel_args((20, 1), svid=5, c=c), c), nlm.OK)
        c = nlm.cookie()
        status(send(nlm.LOCK_MSG, b.lock_args((20, 1), block=True, svid=6, c=c), c), nlm.BLOCKED)
        status(a.unlock((20, 10), svid=9), nlm.OK)
        call = g.take()
        eq((call.proc, call.svid, call.where), (nlm.GRANTED_MSG, 6, (20, 1)))
        g.none()
        for svid in (1, 6):
            c = nlm.cookie()
            status(send(nlm.UNLOCK_MSG, b.unlock_args((0, 0), svid=svid, c=c), c), nlm.OK)
        free(a)


@test(server='ditto', locks='raw', clients=2)
def messages_unanswered(w):
    """GRANTED_MSG without GRANTED_RES: the lock is released; a forged answer does not help."""
    a, b = machines(w, proto='udp')
    with Granted(w.clients[1], b, say=None) as g:
        status(a.lock((0, 10)), nlm.OK)
        b.rpc.send(rpc.call_bytes(nlm.NLM, 4, nlm.LOCK_MSG, b.lock_args((0, 10), block=True)))
        status(g.take().res, nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        call = g.take()
        eq(call.proc, nlm.GRANTED_MSG)
        # from another machine, and with another cookie
        a.raw(nlm.GRANTED_RES, rpc.Enc().opaque(call.cookie).u32(nlm.OK).bytes())
        b.raw(nlm.GRANTED_RES, rpc.Enc().opaque(b'x' * 8).u32(nlm.OK).bytes())
        wait_for('the lock is released', lambda: a.test((0, 0)).status == nlm.OK, CALLBACK + 10)


@test(server='ditto', locks='raw')
def not_asked(w):
    """Results and grants that nobody waits for are no harm."""
    n = connect(w.client, file(w), proto='udp')
    res = rpc.Enc().opaque(b'12345678').u32(0).bytes()
    for proc in (nlm.TEST_RES, nlm.LOCK_RES, nlm.CANCEL_RES, nlm.UNLOCK_RES, nlm.GRANTED_RES):
        eq(n.raw(proc, res).stat, rpc.SUCCESS)
        for cookie in (b'', b'x' * 1000):
            eq(n.raw(proc, rpc.Enc().opaque(cookie).u32(0).bytes()).stat, rpc.SUCCESS)
    r = n.raw(nlm.GRANTED, n.test_args((0, 0)))
    eq(nlm.d_res(rpc.Dec(r.body), 4, nlm.GRANTED).status, nlm.DENIED)
    free(n)


@test(server='ditto', locks='raw', clients=2, timeout=60)
def hundred_waiters(w):
    """So many may wait for one file; the next is refused, and can come when one has gone."""
    a, b = machines(w)
    other = file(w, 'g')
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        for svid in range(100):
            status(b.lock((0, 10), svid=svid, block=True), nlm.BLOCKED, f'waiter {svid + 1}')
        status(b.lock((0, 10), svid=100, block=True), nlm.NOLOCKS, 'one too many')
        status(b.lock((0, 10), svid=5, block=True), nlm.BLOCKED, 'one who waits already')
        status(a.lock((0, 1), fh=other), nlm.OK)
        status(b.lock((0, 1), svid=100, fh=other, block=True), nlm.BLOCKED, 'another file')
        status(b.cancel((0, 1), svid=100, fh=other), nlm.OK)
        status(a.unlock((0, 1), fh=other), nlm.OK)
        eq(w.server.claims()['waits'], 100)
        status(b.cancel((0, 10), svid=7), nlm.OK)
        status(b.lock((0, 10), svid=100, block=True), nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        order = []
        for _ in range(100):
            order.append(g.take().svid)
            status(b.unlock((0, 10), svid=order[-1]), nlm.OK)
        eq(order, [x for x in range(101) if x != 7], 'first come, first served')
        free(a)


@test(server='ditto', locks='raw', clients=2)
def limits_are_settings(w):
    a, b = machines(w)
    w.server.ctl('server', 'set', 'waits-per-node', '2')
    status(a.lock((0, 10)), nlm.OK)
    for svid in range(2):
        status(b.lock((0, 10), svid=svid, block=True), nlm.BLOCKED)
    status(b.lock((0, 10), svid=2, block=True), nlm.NOLOCKS)
    b.free_all()
    w.server.ctl('server', 'set', 'claims-per-client', '5')
    for i in range(5):
        one_of(a.lock((100 + 2 * i, 1)).status, (nlm.OK, nlm.NOLOCKS))
    status(a.lock((200, 1)), nlm.NOLOCKS, 'one claim too many')
    status(b.lock((200, 1)), nlm.OK, 'another client')
    status(a.unlock((0, 0)), nlm.OK)
    status(a.lock((300, 1)), nlm.OK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def waiting_clients_die(w):
    """Waiters and holders of a machine that is released leave nothing; others get their turn."""
    a, b = machines(w)
    with Granted(w.clients[0], a) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((20, 10)), nlm.OK)
        status(b.lock((0, 10), svid=2, block=True), nlm.BLOCKED)
        status(a.lock((20, 10), svid=3, block=True), nlm.BLOCKED)
        b.free_all()
        call = g.take()
        eq((call.svid, call.where), (3, (20, 10)))
        a.free_all()
        free(b)
        eq(w.server.claims().get('ranges', 0), 0)


@test(server='ditto', locks='raw', clients=2)
def deadlocks(w):
    """A circle of two and of three, over several files."""
    a, b = machines(w)
    g, h = file(w, 'g'), file(w, 'h')
    status(a.lock((0, 1)), nlm.OK)
    status(b.lock((0, 1), fh=g), nlm.OK)
    status(b.lock((0, 1), block=True), nlm.BLOCKED)
    status(a.lock((0, 1), fh=g, block=True), nlm.DEADLCK)
    status(a.lock((0, 1), fh=g), nlm.DENIED, 'without waiting')
    status(b.cancel((0, 1)), nlm.OK)
    status(a.lock((0, 1), fh=h, svid=3), nlm.OK)
    status(b.lock((0, 1), block=True), nlm.BLOCKED)
    status(a.lock((0, 1), fh=g, svid=3, block=True), nlm.BLOCKED)
    status(a.lock((0, 1), fh=h, block=True), nlm.DEADLCK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def upgrade_deadlock(w):
    """Two readers who both want to write: the second is told."""
    a, b = machines(w)
    status(a.lock((0, 10), exclusive=False), nlm.OK)
    status(b.lock((0, 10), exclusive=False), nlm.OK)
    status(a.lock((0, 10), block=True), nlm.BLOCKED)
    status(b.lock((0, 10), block=True), nlm.DEADLCK)
    a.free_all()
    b.free_all()


@test(locks='raw', clients=2)
def share_reservations(w):
    """What one reserves against others is refused to them, until it is given back."""
    a, b = machines(w)
    status(a.share(1, WRITE, READ), nlm.OK)
    status(b.share(1, nlm.NONE, WRITE), nlm.DENIED, 'writing is denied')
    status(b.share(1, nlm.NONE, READ), nlm.OK)
    status(b.share(2, READ, nlm.NONE), nlm.DENIED, 'somebody reads')
    status(a.unshare(1, WRITE, READ), nlm.OK)
    status(b.share(1, nlm.NONE, WRITE), nlm.OK)
    status(a.share(1, BOTH, BOTH), nlm.DENIED)
    status(b.unshare(1, nlm.NONE, WRITE), nlm.OK)
    status(a.share(1, BOTH, BOTH), nlm.OK)
    status(a.unshare(1, BOTH, BOTH), nlm.OK)


@test(server='ditto', locks='raw', clients=2)
def reservations_bind(w):
    """They hold off the reads and writes of other machines, not one's own."""
    a, b = machines(w)
    mine, theirs = [c.nfs() for c in w.clients]
    status(a.share(1, WRITE, BOTH), nlm.OK)
    eq(mine.write(a.fh, 0, b'x').status, nfs3.OK, 'of the machine itself')
    denied = (nfs3.ACCES, nfs3.JUKEBOX)
    one_of(theirs.write(a.fh, 0, b'y').status, denied, 'of another')
    one_of(theirs.setattr(a.fh, nfs3.sattr(size=0)).status, denied)
    eq(theirs.read(a.fh, 0, 10).status, nfs3.OK)
    status(a.share(1, READ, BOTH), nlm.OK, 'changed')
    eq(theirs.write(a.fh, 0, b'y').status, nfs3.OK)
    one_of(theirs.read(a.fh, 0, 10).status, denied)
    eq(theirs.getattr(a.fh).status, nfs3.OK)
    eq([x['type'] for x in w.server.locks()], ['open'])
    status(b.share(1, nlm.NONE, WRITE), nlm.OK)
    a.free_all()
    eq(theirs.read(a.fh, 0, 10).status, nfs3.OK, 'FREE_ALL frees reservations too')
    status(b.unshare(1), nlm.OK)
    status(b.unshare(1), nlm.OK, 'once more')


@test(server='ditto', locks='raw', clients=2)
def nm_lock(w):
    """A lock of a machine that is not monitored; it never waits."""
    a, b = machines(w)
    status(a.nm_lock((0, 10)), nlm.OK)
    status(b.lock((0, 10)), nlm.DENIED)
    status(b.nm_lock((0, 10), block=True), nlm.DENIED)
    status(a.unlock((0, 10)), nlm.OK)
    free(b)


@test(server='ditto', locks='raw', clients=2)
def free_all(w):
    """All of a machine's goes at once, on every file; nothing of another's."""
    a, b = machines(w)
    other = file(w, 'g')
    for fh in (a.fh, other):
        for svid in range(5):
            status(a.lock((svid * 10, 10), svid=svid, fh=fh), nlm.OK)
    status(b.lock((100, 10)), nlm.OK)
    eq(w.server.claims()['ranges'], 11)
    r = a.free_all()
    eq((r.stat, r.body), (rpc.SUCCESS, b''))
    eq(w.server.claims()['ranges'], 1)
    status(b.unlock((0, 0)), nlm.OK)
    eq(w.server.claims().get('ranges', 0), 0)


@test(server='ditto', locks='raw', clients=2)
def read_only(w):
    a, b = machines(w)
    w.server.set('data', ro=True)
    status(a.lock((0, 10), exclusive=True), nlm.ROFS)
    status(a.lock((0, 10), exclusive=False), nlm.OK)
    status(connect(w.clients[0], a.fh, vers=3).lock((0, 10), svid=3), nlm.NOLOCKS)
    free(b, exclusive=False)
    status(a.unlock((0, 0)), nlm.OK)


@test(server='ditto', locks='raw', clients=2)
def not_allowed(w):
    """A client that may not use the share may not lock in it."""
    a, b = machines(w)
    w.server.set('data', allow=['192.168.1.2=rw'])
    status(a.lock((0, 10)), nlm.OK)
    try:
        b.lock((20, 10))
        raise AssertionError('a machine that no share admits is answered')
    except RpcError as e:
        eq(e.reply.stat, rpc.AUTH_ERROR)
    os.mkdir(f'{w.base}/other')
    w.server.serve('other', f'{w.base}/other')
    n = b.lock((20, 10))
    assert n.status != nlm.OK, 'locked without being allowed'
    assert b.test((0, 10)).holder is None, 'told about a lock without being allowed'
    status(a.unlock((0, 0)), nlm.OK)


@test(server='ditto', locks='raw', clients=2)
def without_a_helper(w):
    """Who cannot be recorded may not lock, because he could not reclaim; others go on."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.server.helper_stop('KILL')
    wait_for('the helper is gone', lambda: not w.server.setting('helper'))
    status(a.lock((20, 10)), nlm.OK, 'recorded already')
    one_of(b.lock((40, 10)).status, (nlm.NOLOCKS, nlm.GRACE), 'not recorded')
    status(b.test((0, 10)), nlm.DENIED)
    status(b.nm_lock((40, 10)), nlm.OK, 'not to be recorded')
    w.server.helper_start()
    wait_for('locks again', lambda: b.lock((60, 10)).status == nlm.OK)
    a.free_all()
    b.free_all()


# the administrator

@test(server='ditto', locks='raw', clients=2)
def listed(w):
    """The tool tells who holds and who waits, on which file."""
    a, b = machines(w)
    other = file(w, 'g')
    status(a.lock((0, 10), svid=7), nlm.OK)
    status(a.lock((5, 0), svid=8, fh=other, exclusive=False), nlm.OK)
    status(b.lock((3, 1), svid=9, block=True), nlm.BLOCKED)
    s = w.server
    rows = s.locks()
    eq(len(rows), 3)
    eq({x['protocol'] for x in rows}, {'nlm'})
    held, = [x for x in rows if x['state'] == 'held' and x['exclusive']]
    eq((held['first'], held['last'], held['path'], held['type']),
       (0, 9, w.path('f'), 'range'))
    assert 'client1' in held['client'], held
    assert held['since'], held
    waiting, = [x for x in rows if x['state'] == 'waiting']
    assert 'client2' in waiting['client'], waiting
    eq((waiting['first'], waiting['last']), (3, 3))
    reader, = [x for x in rows if not x['exclusive']]
    eq((reader['first'], reader['last'], reader['path']), (5, END, w.path('g')))
    eq([x['path'] for x in s.locks('--file', w.path('g'))], [w.path('g')])
    eq(len(s.locks('--file', w.path('f'))), 2)
    eq(s.locks('--client', waiting['client']), [waiting])
    eq(s.locks('--client', 'nobody'), [])
    table = s.ctl('lock', 'list')
    for word in (w.path('f'), 'write 0-9', 'read 5-end', 'waiting', 'held'):
        assert word in table, f'{word} is not in\n{table}'
    clients = {x['name']: x for x in s.json('lock', 'client', 'list')}
    eq((clients[held['client']]['ranges'], clients[waiting['client']]['waits']), (2, 1))
    b.free_all()
    a.free_all()
    eq(s.locks(), [])


@test(server='ditto', locks='raw', clients=2)
def released_by_hand(w):
    """One claim, or all of a client: who waits gets it."""
    a, b = machines(w)
    s = w.server
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(a.lock((20, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        ident, = [x['id'] for x in s.locks() if x['state'] == 'held' and x['first'] == 0]
        s.ctl('lock', 'release', str(ident))
        eq(g.take().where, (0, 10))
        taken(b, (20, 1))
        s.refused('lock', 'release', str(ident))
        status(b.lock((20, 10), block=True), nlm.BLOCKED)
        name = [x['client'] for x in s.locks() if x['first'] == 20 and x['state'] == 'held'][0]
        s.ctl('lock', 'client', 'release', name)
        eq(g.take().where, (20, 10))
        s.refused('lock', 'client', 'release', 'nobody')
        status(a.lock((40, 10)), nlm.OK, 'a released client begins anew')
    a.free_all()
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def disconnected(w):
    """Connections are not locks: a client that is disconnected comes back and has them."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.server.ctl('client', 'disconnect', w.clients[0].addr)
    with contextlib.suppress(OSError, EOFError):
        a.raw(nlm.NULL)
        raise AssertionError('the connection is still there')
    taken(b)
    a = connect(w.clients[0], a.fh)
    status(a.unlock((0, 10)), nlm.OK)
    free(b)


@test(server='ditto', locks='raw', clients=2, fs='ext4')
def share_goes(w):
    """A share goes with its locks and waiters: umount works at once."""
    a, b = machines(w)
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(a.lock((0, 0), svid=2, exclusive=False), nlm.DENIED)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(b.share(3, WRITE, READ), nlm.OK)
        w.server.delete('data')
        volume = w.volumes[-1]
        volume.umount()
        w.volumes.pop()
        status(a.unlock((0, 10)), nlm.STALE_FH)
        status(b.cancel((0, 10)), nlm.STALE_FH)
        g.none()
    eq(w.server.locks(), [])
    status(b.unshare(3), nlm.OK)
    wait_for('nothing is claimed', lambda: not w.server.claims())


@test(server='ditto', locks='raw', clients=2, fs='ext4')
def share_goes_during_a_callback(w):
    a, b = machines(w)
    with Granted(w.clients[1], b, say=None) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        g.take()
        w.server.delete('data')
        w.volumes[-1].umount()
        w.volumes.pop()
        wait_for('nothing is claimed', lambda: not w.server.claims(), CALLBACK + 10)


@test(server='ditto', locks='raw', clients=2)
def events(w):
    """The stream of events names conflicts and releases."""
    a, b = machines(w)
    stream = w.server_ns.spawn('sh', '-c', f'exec "$0" events >{w.base}/events.log',
                               '/run/e2e-dittoctl/dittoctl')
    with Granted(w.clients[1], b):
        wait_for('the stream is open', lambda: told(w, a, b))
    a.free_all()
    b.free_all()
    stream.terminate()
    stream.wait()


def told(w, a, b):
    status(a.lock((0, 10)), nlm.OK)
    status(b.lock((0, 10)), nlm.DENIED)
    status(a.unlock((0, 10)), nlm.OK)
    with open(f'{w.base}/events.log', encoding='utf-8') as f:
        return 'lock' in f.read()

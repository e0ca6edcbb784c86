# SPDX-License-Identifier: GPL-2.0-only
"""Waiting for locks by raw NLM: callbacks, cancellation, messages, deadlocks."""
import contextlib
import socket
import time

import daemons
import nlm
import rpc
from checks import eq, wait_for
from harness import test
from nlm import Granted
from nlm_lockers import connect, file, free, machines, status, taken

# The server waits this many seconds for the answer to a callback, and a little longer.
CALLBACK = 5
# Connections to one machine for callbacks at a time.
PART = 32
# Answers to messages of one machine under way.
ANSWERS = 64


def waiters(w):
    return [x for x in w.server.locks() if x['state'] == 'waiting']


@test(server='ditto', locks='raw', clients=2)
def blocked_is_queued_once(w):
    """A client that repeats a blocked request waits once and gets one lock."""
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
    """GRANTED carries owner and range, over the transport of the request."""
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
    """GRANTED without an answer is repeated with its cookie; answered, the lock stays."""
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
    """A client that refuses GRANTED does not get the lock; the next one does."""
    a, b = machines(w)
    with Granted(w.clients[1], b, say=nlm.DENIED) as g, Granted(w.clients[0], a) as mine:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(a.lock((0, 10), svid=2, block=True), nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        g.take()
        eq(mine.take().svid, 2)
        g.none()
        status(a.unlock((0, 10), svid=2), nlm.OK)
        free(b)


def refused_when_repeated(w, proto):
    """A client whose answer was lost has its lock, though it refuses the repeated GRANTED."""
    a, b = machines(w, proto=proto)
    with Granted(w.clients[1], b, say=None) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(a.unlock((0, 10)), nlm.OK)
        g.take()
        g.say = nlm.DENIED
        g.take()
        g.none(CALLBACK)
        taken(a)
        status(b.cancel((0, 10)), nlm.DENIED, 'nothing waits')
        status(b.unlock((0, 10)), nlm.OK)
        free(a)


@test(server='ditto', locks='raw', clients=2)
def refused_in_another_try(w):
    refused_when_repeated(w, 'tcp')


@test(server='ditto', locks='raw', clients=2)
def refused_after_a_retransmission(w):
    refused_when_repeated(w, 'udp')


@test(server='ditto', locks='raw', clients=2)
def callback_unanswered(w):
    """Without an answer in time, or without a listener, the lock is released."""
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
    """A client that repeats the request instead of answering GRANTED has its lock."""
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
    """A lock that is unlocked while its callback is under way stays free."""
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


def given_back(w, end, say):
    """What a machine had before it waited for more is left when it does not take the lock."""
    a, b = machines(w)
    # exclusive, then more bytes; shared, then exclusive
    for had, exclusive, want in (((0, 10), True, (0, 20)), ((0, 10), False, (0, 10))):
        status(b.lock(had, exclusive=exclusive), nlm.OK)
        status(a.lock((15, 1) if exclusive else had, exclusive=exclusive), nlm.OK)
        with Granted(w.clients[1], b, say=say) as g:
            status(b.lock(want, block=True), nlm.BLOCKED)
            status(a.unlock((0, 0)), nlm.OK)
            g.take()
            end(b, want)
            probe = (10, 0) if exclusive else (0, 10)
            wait_for('what is new is given back', lambda probe=probe, exclusive=exclusive: a.test(
                probe, exclusive=exclusive).status == nlm.OK, CALLBACK + 10)
            h = taken(a)
            eq((h.where, h.exclusive), (had, exclusive))
            status(b.unlock((0, 0)), nlm.OK)
            free(a)


@test(server='ditto', locks='raw', clients=2)
def refused_gives_back_what_is_new(w):
    given_back(w, lambda *_: None, nlm.DENIED)


@test(server='ditto', locks='raw', clients=2)
def unanswered_gives_back_what_is_new(w):
    given_back(w, lambda *_: None, None)


@test(server='ditto', locks='raw', clients=2)
def cancelled_gives_back_what_is_new(w):
    given_back(w, lambda b, want: status(b.cancel(want), nlm.OK), None)


@test(server='ditto', locks='raw', clients=2)
def cancel(w):
    """CANCEL removes only the request that it names."""
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
    """CANCEL of another range, mode, owner or file removes nothing."""
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
    """Each _MSG call over UDP is answered by a _RES call with its cookie."""
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
    """Without GRANTED_RES the lock is released; a forged answer does not help."""
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
    """Unexpected results and GRANTED calls are harmless."""
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
    """A file has at most 100 waiters; the next one is refused until there is room."""
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
def waiting_clients_die(w):
    """Holders and waiters of a released machine disappear; others get their locks."""
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
    """Cycles of two and of three waiters, over several files, are refused."""
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
    """The second of two readers that wait to upgrade is refused."""
    a, b = machines(w)
    status(a.lock((0, 10), exclusive=False), nlm.OK)
    status(b.lock((0, 10), exclusive=False), nlm.OK)
    status(a.lock((0, 10), block=True), nlm.BLOCKED)
    status(b.lock((0, 10), block=True), nlm.DEADLCK)
    a.free_all()
    b.free_all()


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


@contextlib.contextmanager
def silent(client):
    """The NLM service of a client that takes no calls; tells how many are connected."""
    with client:
        sock = socket.create_server(('', 0), backlog=1024)
    port = sock.getsockname()[1]
    daemons.setport(client, nlm.NLM, 4, 'tcp', port)

    def connected():
        with client, open('/proc/thread-self/net/tcp', encoding='ascii') as f:
            lines = [line.split() for line in f][1:]
        return sum(x[1].endswith(f':{port:04X}') and x[3] == '01' for x in lines)

    try:
        yield connected
    finally:
        daemons.setport(client, nlm.NLM, 4, 'tcp', 0)
        sock.close()


@test(server='ditto', locks='raw', clients=3)
def machines_take_turns(w):
    """A machine that takes no callbacks keeps a part of their connections; others get theirs."""
    a, b = machines(w)
    c = connect(w.clients[2], a.fh)
    files = [file(w, f'f{i}') for i in range(3)]
    with silent(w.clients[1]) as connected, Granted(w.clients[2], c) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(c.lock((0, 10), block=True), nlm.BLOCKED)
        for fh in files:
            status(a.lock((0, 0), fh=fh), nlm.OK)
            for svid in range(100):
                status(b.lock((svid, 1), svid=svid, fh=fh, block=True), nlm.BLOCKED)
        for fh in files:
            status(a.unlock((0, 0), fh=fh), nlm.OK)
        wait_for('the silent machine has its part', lambda: connected() >= PART)
        status(a.unlock((0, 10)), nlm.OK)
        most = 0
        while g.calls.empty():
            most = max(most, connected())
        eq(g.take().svid, 1)
        # a connection that ended may close after the next one was made
        assert most < 2 * PART, f'{most} connections to a machine that takes no calls'
        status(c.unlock((0, 10)), nlm.OK)
        eq(b.free_all().stat, rpc.SUCCESS)


class Unanswering(Granted):
    """The NLM service of a client that does not reply to *_RES; tells which ones came."""

    def __init__(self, *args, **kw):
        self.cookies = set()
        super().__init__(*args, **kw)

    def _answer(self, call):
        body = super()._answer(call)
        if call.proc not in (nlm.TEST_RES, nlm.LOCK_RES):
            return body
        self.cookies.add(call.res.cookie)
        return None


@test(server='ditto', locks='raw', clients=2)
def answers_hold_up_no_callback(w):
    """A client that replies to no *_RES is told of its lock while answers to it still wait."""
    a, b = machines(w, proto='udp')
    with Unanswering(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        for _ in range(ANSWERS):
            b.rpc.send(rpc.call_bytes(nlm.NLM, 4, nlm.TEST_MSG, b.test_args((20, 1))))
        wait_for('as many answers as it may have', lambda: len(g.cookies) >= ANSWERS / 4)
        status(a.unlock((0, 10)), nlm.OK)
        while g.take().proc != nlm.GRANTED:
            pass
        came = len(g.cookies)
        assert came < ANSWERS, 'all answers were sent first'
        status(b.unlock((0, 10)), nlm.OK)
        free(a)

# SPDX-License-Identifier: GPL-2.0-only
"""Restarts reported by the status monitor: notifications sent, and accepted (C702 chapter 11)."""
import time

import nlm
import nsm
import rpc
from checks import eq
from harness import test
from nlm_lockers import free, machines, status, taken
from nsm import ASKED, Asked, Notified, Nsm

PRIV = bytes(range(16))


def monitors(w, proto='udp'):
    return [Nsm(c.connect(proto, port=w.server.port)) for c in w.clients[:2]]


@test(server='ditto', locks='raw')
def procedures(w):
    for proto in ('tcp', 'udp'):
        n, = monitors(w, proto)
        r = n.stat('client1')
        eq(r.status, nsm.SUCC)
        state = r.state
        eq(state & 1, 1, 'a server that runs has an odd state')
        r = n.mon('somebody', priv=PRIV)
        eq((r.status, r.state), (nsm.SUCC, state))
        eq(n.mon('somebody', priv=PRIV).status, nsm.SUCC, 'once more')
        eq(n.unmon('somebody').state, state)
        eq(n.unmon('nobody').state, state, 'what there is not')
        eq(n.unmon_all().state, state)
        eq(n.mon('').status, nsm.FAIL, 'nobody by name')
        eq(n.raw(nsm.NULL).stat, rpc.SUCCESS)
        eq(n.raw(7).stat, rpc.PROC_UNAVAIL)
        for vers in (0, 2):
            r = n.rpc.call(nsm.NSM, vers, 0)
            eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 1, 1))


@test(server='ditto', locks='raw')
def broken_arguments(w):
    n, = monitors(w)
    name, asked = rpc.Enc().opaque('a').bytes(), rpc.Enc().opaque('b').u32(*ASKED).bytes()
    for proc, args in ((nsm.STAT, name), (nsm.MON, name + asked + PRIV),
                       (nsm.UNMON, name + asked), (nsm.UNMON_ALL, asked),
                       (nsm.NOTIFY, name + b'1234')):
        for size in range(0, len(args), 4):
            eq(n.raw(proc, args[:size]).stat, rpc.GARBAGE_ARGS, f'{size} bytes of {proc}')
        eq(n.raw(proc, rpc.Enc().opaque('x' * 1025).bytes() + args).stat, rpc.GARBAGE_ARGS)
    for i in range(100):
        n.mon(f'host{i}')
    eq(n.mon('one too many').status, nsm.FAIL)
    n.unmon_all()
    eq(n.mon('again').status, nsm.SUCC)
    n.unmon_all()


@test(server='ditto', locks='raw', clients=2)
def notified(w):
    """A restarted machine loses its locks and reservations; all others keep theirs."""
    a, b = machines(w)
    na, nb = monitors(w)
    status(a.lock((0, 10)), nlm.OK)
    status(a.share(1, nlm.WRITE, nlm.READ), nlm.OK)
    status(b.lock((20, 10)), nlm.OK)
    na.notify('client1', 3)
    free(b, (0, 10))
    taken(a, (20, 10))
    status(b.share(1, nlm.NONE, nlm.WRITE), nlm.OK)
    status(a.lock((0, 10)), nlm.OK, 'after the restart')
    na.notify('client1', 3)
    taken(b, (0, 10))
    na.notify('client1', 1)
    taken(b, (0, 10))
    na.notify('client1', 5)
    free(b, (0, 10))
    nb.notify('client2.e2e.test', 3)
    free(a, (20, 10))
    eq(w.server.locks(), [])


@test(server='ditto', locks='raw', clients=2)
def believed_from_itself_only(w):
    a, b = machines(w)
    na, nb = monitors(w)
    status(a.lock((0, 10)), nlm.OK)
    for name in ('client1', 'client1.e2e.test', w.clients[0].addr):
        nb.notify(name, 99)
        taken(b)
    na.notify('client2', 99)
    na.notify('another', 99)
    taken(b)
    na.notify('client1', 99)
    free(b)


@test(server='ditto', locks='raw', clients=2)
def waiters_of_the_restarted(w):
    """A restarted machine's locks go to their waiters; its own waits end."""
    a, b = machines(w)
    na, _ = monitors(w)
    with nlm.Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(b.lock((20, 10)), nlm.OK)
        status(b.lock((0, 10), svid=2, block=True), nlm.BLOCKED)
        status(a.lock((20, 10), svid=3, block=True), nlm.BLOCKED)
        na.notify('client1', 3)
        eq(g.take().where, (0, 10))
        eq([x for x in w.server.locks() if x['state'] == 'waiting'], [])
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def monitors_are_told(w):
    """A client that called MON is called back with its data; after UNMON it is not."""
    a, _ = machines(w)
    na, nb = monitors(w)
    with Asked(w.clients[1]) as g:
        status(a.lock((0, 10)), nlm.OK)
        eq(nb.mon('client1', my_name='client2', priv=PRIV).status, nsm.SUCC)
        na.notify('client1', 3)
        call = g.take()
        eq((call.name, call.state, call.priv), (b'client1', 3, PRIV))
        na.notify('client1', 3)
        g.none()
        eq(nb.mon(w.clients[0].addr, my_name='client2', priv=PRIV).status, nsm.SUCC)
        nb.unmon('client1', my_name='client2')
        status(a.lock((0, 10)), nlm.OK)
        na.notify('client1', 5)
        eq(g.take().name, w.clients[0].addr.encode(), 'asked by address')
        g.none()
        nb.unmon_all(my_name='client2')
        status(a.lock((0, 10)), nlm.OK)
        na.notify('client1', 7)
        g.none()


@test(server='ditto', locks='raw', clients=2)
def simulated_crash(w):
    """SIMU_CRASH is refused to clients; locally, locks are dropped and clients may reclaim."""
    a, b = machines(w)
    na, nb = monitors(w)
    before = na.stat('x').state
    status(a.lock((0, 10)), nlm.OK)
    nb.simu_crash()
    na.simu_crash()
    taken(b)
    eq(na.stat('x').state, before)
    with Notified(w.clients[0]) as g, Asked(w.clients[1]) as h, Notified(w.clients[1]) as i:
        nb.mon('client1', my_name='client2', priv=PRIV)
        local = Nsm(rpc.Rpc(w.server_ns, '127.0.0.1', w.server.port))
        w.server.ctl('server', 'set', 'grace-s', '300')
        eq(local.simu_crash().stat, rpc.SUCCESS)
        call = g.take()
        assert call.state > before and call.state & 1, call.state
        eq(na.stat('x').state, call.state)
        i.take()
        status(b.lock((0, 10)), nlm.GRACE, 'new in grace')
        status(a.lock((0, 10), reclaim=True), nlm.OK)
        w.server.ctl('grace', 'end')
        status(b.lock((20, 10)), nlm.OK)
        h.none()
    a.free_all()
    b.free_all()
    nb.unmon_all(my_name='client2')


@test(server='ditto', locks='raw', clients=2)
def state_in_locks(w):
    """The state number of a lock request is ignored, because clients share one."""
    a, b = machines(w)
    for i, state in enumerate((5, 7, 0, 3)):
        status(a.lock((20 * i, 10), state=state), nlm.OK)
    for i in range(4):
        taken(b, (20 * i, 10))
    a.free_all()


@test(server='ditto', locks='raw', clients=2)
def unanswered_notice(w):
    """A machine that does not answer the notification may reclaim as long as the grace lasts."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    status(a.lock((20, 10)), nlm.OK)
    local = Nsm(rpc.Rpc(w.server_ns, '127.0.0.1', w.server.port))
    w.clients[0].daemons.stop()
    w.clients[0].daemons = None
    w.server.ctl('server', 'set', 'grace-s', '300')
    local.simu_crash()
    eq(w.server.grace()['active'], 1)
    # longer than any other call to a machine is tried
    time.sleep(8)
    eq(w.server.grace()['active'], 1)
    status(a.lock((0, 10), reclaim=True), nlm.OK)
    w.server.end_grace()
    status(a.lock((20, 10), reclaim=True), nlm.GRACE, 'too late')
    status(b.lock((0, 10)), nlm.DENIED)
    status(b.lock((20, 10)), nlm.OK)
    a.free_all()
    b.free_all()

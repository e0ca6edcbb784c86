# SPDX-License-Identifier: GPL-2.0-only
"""Locks of clients and of processes on the server exclude each other."""
import fcntl
import signal

import nfs3
import nlm
from checks import eq, wait_for
from files import put
from harness import test
from local_locks import shown
from lockers import READ, SOON, WRITE, Locker, end, first
from nlm_lockers import connect, file, free, status, taken


def mixed(w, name='f'):
    """A process on the client and one on the server, with the same file open."""
    put(w.path(name), b'0123456789' * 10)
    return (Locker(f'{w.client.mount()}/{name}', w.client), Locker(w.path(name)))


@test(locks=True, nfs4='nfs4')
def both_ways(w):
    a, s = mixed(w)
    a.lock(WRITE, 0, 10)
    s.refused('lock', READ, 5, 1)
    s.lock(WRITE, 10, 10)
    a.refused('lock', READ, 15, 1)
    eq(s.holder(WRITE, 0, 5)[:3], (WRITE, 0, 10))
    eq(a.holder(WRITE, 12, 5)[:3], (WRITE, 10, 10))
    a.unlock()
    s.lock(READ, 0, 20)
    a.lock(READ, 0, 30)
    s.refused('lock', WRITE, 0, 1)
    a.refused('lock', WRITE, 0, 1)
    s.lock(WRITE, 30, 5)
    end(s)
    a.lock(WRITE, 0, 0)
    end(a)


@test(locks=True)
def proc_locks(w):
    """/proc/locks shows the locks of clients, also after splits, merges and unlocks."""
    a, s = mixed(w)
    a.lock(WRITE, 0, 10)
    a.lock(READ, 20, 0)
    eq(shown(w), [('READ', '20', 'EOF', False), ('WRITE', '0', '9', False)])
    a.unlock(4, 2)
    eq(shown(w), [('READ', '20', 'EOF', False), ('WRITE', '0', '3', False),
                  ('WRITE', '6', '9', False)])
    a.lock(READ, 0, 30)
    eq(shown(w), [('READ', '0', 'EOF', False)])
    a.unlock()
    eq(shown(w), [])
    a.lock(WRITE)
    a.end(signal.SIGKILL)
    wait_for('nothing is left', lambda: shown(w) == [])
    end(s)


@test(server='ditto', locks=True)
def local_waits_for_client(w):
    a, s = mixed(w)
    a.lock(WRITE, 0, 10)
    s.start('wait', WRITE, 5, 10).waits()
    a.unlock(0, 6)
    s.waits()
    a.unlock()
    s.result(SOON)
    a.refused('lock', READ, 5, 1)
    s.unlock()
    a.lock(WRITE, 0, 10)
    s.start('wait', READ, 0, 1).waits()
    a.end(signal.SIGKILL)
    s.result(SOON)
    end(s)


@test(server='ditto', locks=True)
def client_waits_for_local(w):
    a, s = mixed(w)
    s.lock(WRITE, 0, 10)
    a.start('wait', WRITE, 5, 10).waits()
    s.unlock()
    a.result(SOON)
    s.refused('lock', READ, 14, 1)
    a.unlock()
    s.lock(WRITE, 0, 10)
    a.start('wait', READ, 0, 1).waits()
    s.end(signal.SIGKILL)
    a.result(SOON)
    end(a)


@test(server='ditto', locks=True, clients=2)
def three_in_a_row(w):
    """A client, a local process and another client get a lock one after the other."""
    a, s = mixed(w)
    b = Locker(f'{w.clients[1].mount()}/f', w.clients[1])
    a.lock(WRITE)
    s.start('wait', WRITE).waits()
    b.start('wait', WRITE).waits()
    a.unlock()
    one = first((s, b))
    other = b if one is s else s
    one.result()
    other.waits()
    one.unlock()
    other.result(SOON)
    end(a, b, s)


@test(server='ditto', locks=True)
def cancelled(w):
    """A signal ends a client's wait for a local process, and the reverse."""
    a, s = mixed(w)
    s.lock(WRITE)
    a.start('wait', WRITE).waits()
    a.signal()
    try:
        a.result()
        raise AssertionError('worked, a signal was expected')
    except InterruptedError:
        pass
    s.unlock()
    eq(shown(w), [])
    a.lock(WRITE)
    s.start('wait', WRITE).waits()
    s.signal()
    try:
        s.result()
        raise AssertionError('worked, a signal was expected')
    except InterruptedError:
        pass
    a.unlock()
    eq(shown(w), [])
    end(a, s)


@test(server='ditto', locks=True)
def holder_is_local(w):
    """NLM TEST and the tool report a local process as holder."""
    n = connect(w.client, file(w))
    s = Locker(w.path('f'))
    s.lock(WRITE, 3, 4)
    h = taken(n)
    eq((h.exclusive, h.where, h.svid), (True, (3, 4), s.pid))
    assert h.oh, 'an owner without a name'
    eq(taken(n).oh, h.oh, 'the same owner')
    rows = w.server.locks('--file', w.path('f'))
    eq([(x['protocol'], x['first'], x['last']) for x in rows], [('local', 3, 6)])
    status(n.lock((0, 1)), nlm.OK)
    status(n.lock((5, 1), svid=2, block=True), nlm.BLOCKED)
    eq(sorted((x['protocol'], x['state']) for x in w.server.locks('--file', w.path('f'))),
       [('local', 'held'), ('nlm', 'held'), ('nlm', 'waiting')])
    n.free_all()
    end(s)
    free(n)


@test(server='ditto', locks=True)
def beyond_what_local_processes_can_lock(w):
    """Bytes above 2^63 can only be locked by clients."""
    n = connect(w.client, file(w))
    s = Locker(w.path('f'))
    status(n.lock((1 << 63, 0)), nlm.OK)
    s.lock(WRITE, 0, 0)
    status(n.lock((0, 0)), nlm.DENIED)
    s.unlock()
    status(n.lock((100, 0)), nlm.OK)
    eq(shown(w), [('WRITE', '100', 'EOF', False)])
    status(n.unlock((1 << 63, 0)), nlm.OK)
    eq(len(shown(w)), 1)
    s.lock(WRITE, 0, 100)
    s.refused('lock', WRITE, 0, 101)
    n.free_all()
    end(s)


@test(server='ditto', locks=True)
def many_ranges(w):
    """Many ranges are few locks of the kernel, and local processes meet exactly the ranges."""
    a, s = mixed(w)
    for i in range(60):
        a.lock(WRITE if i % 2 else READ, 10 * i, 5)
    eq(shown(w), [('WRITE', '0', 'EOF', False)])
    eq(s.holder(WRITE, 305, 20)[:3], (WRITE, 310, 5))
    assert len(shown(w)) < 60, shown(w)
    s.refused('lock', WRITE, 314, 1)
    s.refused('lock', WRITE, 320, 1)
    s.lock(READ, 320, 5)
    s.lock(WRITE, 315, 5)
    a.refused('lock', READ, 316, 1)
    a.refused('lock', WRITE, 322, 1)
    s.start('wait', WRITE, 450, 5).waits()
    a.unlock(440, 10)
    s.waits()
    a.unlock(450, 5)
    s.result(SOON)
    a.start('wait', WRITE, 450, 1).waits()
    s.unlock()
    a.result(SOON)
    s.refused('lock', READ, 450, 1)
    a.end(signal.SIGKILL)
    wait_for('nothing is left', lambda: shown(w) == [])
    s.lock(WRITE)
    end(s)


@test(server='ditto', locks='raw')
def locked_often(w):
    """A file whose locks come and go is locked as a whole for the kernel until a process looks."""
    put(w.path('f'), b'0123456789' * 10)
    s = Locker(w.path('f'))
    a = Locker(f'{w.client.mount(vers="4.1")}/f', w.client)
    whole = [('WRITE', '0', 'EOF', False)]
    for i in range(70):
        a.lock(WRITE, i, 10)
        a.unlock(i, 10)
    eq(shown(w), whole)
    a.lock(WRITE, 0, 10)
    eq(shown(w), whole)
    s.refused('lock', READ, 5, 1)
    eq(shown(w), [('WRITE', '0', '9', False)])
    a.unlock(0, 10)
    eq(shown(w), [])
    s.lock(WRITE, 0, 10)
    a.refused('lock', READ, 5, 1)
    s.unlock()

    def covered():
        a.lock(WRITE, 0, 10)
        a.unlock(0, 10)
        return shown(w) == whole
    wait_for('the file is locked as a whole again', covered)
    a.lock(WRITE, 0, 10)
    s.start('wait', WRITE, 5, 10).waits()
    a.unlock()
    s.result(SOON)
    s.unlock()
    end(a)
    wait_for('nothing is left', lambda: shown(w) == [])
    end(s)


@test(server='ditto', locks=True)
def switched_off(w):
    """Clients exclude only each other with local-locks off."""
    w.server.ctl('share', 'set', 'data', 'local-locks', 'off')
    n = connect(w.client, file(w))
    s = Locker(w.path('f'))
    status(n.lock((0, 10)), nlm.OK)
    eq(shown(w), [])
    s.lock(WRITE)
    status(n.lock((20, 10)), nlm.OK)
    status(n.lock((0, 10), svid=2), nlm.DENIED)
    n.free_all()
    w.server.ctl('share', 'set', 'data', 'local-locks', 'on')
    status(n.lock((0, 10)), nlm.DENIED)
    end(s)
    status(n.lock((0, 10)), nlm.OK)
    eq(len(shown(w)), 1)
    n.free_all()


@test(server='ditto', locks=True)
def flock_is_another_thing(w):
    """A local flock does not conflict with a client's lock."""
    a, s = mixed(w)
    s.flock(fcntl.LOCK_EX)
    a.lock(WRITE)
    end(a, s)


@test(server='ditto', locks=True, fs='ext4')
def share_goes(w):
    """A removed share takes clients' locks out of /proc/locks; local locks stay."""
    n = connect(w.client, file(w))
    s = Locker(w.path('f'))
    t = Locker(w.path('f'))
    status(n.lock((0, 10)), nlm.OK)
    s.lock(WRITE, 20, 10)
    t.start('wait', WRITE, 0, 10).waits()
    w.server.delete('data')
    t.result(SOON)
    eq(len(shown(w)), 2)
    end(s, t)


@test(server='ditto', locks=True)
def local_data(w):
    """Ranges of clients are advisory and delay no local reads and writes."""
    a, s = mixed(w)
    a.lock(WRITE)
    s.write(b'local')
    eq(s.read(5), b'local')
    n = w.client.nfs()
    eq(n.write(n.lookup(n.root, 'f').fh, 0, b'other').status, nfs3.OK)
    n.rpc.close()
    end(a, s)


def many_kinds(w):
    a, s = mixed(w)
    a.lock(WRITE, 0, 10)
    s.refused('lock', WRITE, 0, 10)
    s.start('wait', WRITE, 0, 10).waits()
    a.unlock()
    s.result(SOON)
    a.start('wait', WRITE, 0, 10).waits()
    s.unlock()
    a.result(SOON)
    eq(len(shown(w)), 1)
    end(a, s)


@test(server='ditto', locks=True, fs='ext4')
def on_ext4(w):
    many_kinds(w)


@test(server='ditto', locks=True, fs='xfs', timeout=60)
def on_xfs(w):
    many_kinds(w)


@test(server='ditto', locks=True, fs='btrfs', timeout=60)
def on_btrfs(w):
    many_kinds(w)


@test(server='ditto', locks=True, fs='lower')
def on_overlay(w):
    many_kinds(w)

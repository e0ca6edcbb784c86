# SPDX-License-Identifier: GPL-2.0-only
"""Locks and share reservations by raw NLM: requests that no kernel client sends."""
import os

from impacket.smb3structs import SMB2_DIALECT_30

import daemons
import nfs3
import nlm
import rpc
from checks import eq, one_of, wait_for
from files import put
from harness import test
from nlm import BOTH, READ, WRITE
from nlm_lockers import connect, file, free, machines, status, taken
from processes import run
from rpc import RpcError
from smb2 import DELETE, GENERIC_READ
from smb_cachers import H, R, Cacher, key

END = (1 << 64) - 1


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
    """Procedures of no version, and those that version 1 lacks, are unavailable."""
    for proc in (16, 17, 18, 19):
        eq(connect(w.client).raw(proc).stat, rpc.PROC_UNAVAIL, f'procedure {proc}')
    for proc in (16, 20, 21, 22, 23):
        eq(connect(w.client, vers=1).raw(proc).stat, rpc.PROC_UNAVAIL, f'version 1: {proc}')


@test(server='ditto', locks='raw')
def registrations_go(w):
    """Deleting the listeners removes their registrations with rpcbind."""
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
    """TEST returns the actual holder."""
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
    """Ranges up to the last possible byte work; those beyond it are refused."""
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
    """Only regular files with valid handles can be locked."""
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
    """Arguments that are cut at any word are garbage, and lock nothing."""
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
    """A lock owner is a machine and a process, not a connection or a port."""
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
    """Two caller names at one address are two owners; a name alone releases no locks."""
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
    """A repeated call gets the same reply and is executed once."""
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


@test(locks='raw', clients=2)
def share_reservations(w):
    """A share reservation refuses conflicting ones until it is released."""
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
    """Share reservations refuse reads and writes of other machines, not of the owner's."""
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
def names_of_a_machine(w):
    """A machine with several names is not refused by the reservations of any of them."""
    a, far = machines(w)
    n, theirs = [c.nfs() for c in w.clients]
    names = [a, connect(w.clients[0], a.fh, caller='another')]
    for one, other in names, names[::-1]:
        status(one.share(1, WRITE, BOTH), nlm.OK)
        status(other.share(1, nlm.NONE, READ), nlm.OK)
        eq(n.write(a.fh, 0, b'x').status, nfs3.OK, 'of the machine')
        one_of(theirs.write(a.fh, 0, b'y').status, (nfs3.ACCES, nfs3.JUKEBOX), 'of another')
        for name in names:
            status(name.unshare(1), nlm.OK)
    eq(theirs.write(a.fh, 0, b'y').status, nfs3.OK)
    far.rpc.close()


@test(server='ditto', locks='raw')
def many_reservations(w):
    """Each of a machine's many reservations is found by its owner, changed and released."""
    a, = machines(w)
    owners = [b'%c' % (x % 251) * (x % 7) + b'%d' % x for x in range(300)] + [b'']

    def held():
        return len(w.server.locks())

    for oh in owners:
        status(a.share(1, nlm.NONE, READ, oh=oh), nlm.OK)
    eq(held(), len(owners))
    for oh in owners:
        status(a.share(1, nlm.NONE, BOTH, oh=oh), nlm.OK)
    eq(held(), len(owners), 'changed')
    for oh in b'+', b'x' * 9:
        status(a.unshare(1, oh=oh), nlm.OK)
    eq(held(), len(owners), 'of others')
    for n, oh in enumerate(reversed(owners)):
        status(a.unshare(1, oh=oh), nlm.OK)
        if not n % 50:
            eq(held(), len(owners) - n - 1)
    eq(held(), 0)


@test(server='ditto', locks='raw', clients=2)
def nm_lock(w):
    """NM_LOCK locks for a machine that is not monitored, and never waits."""
    a, b = machines(w)
    status(a.nm_lock((0, 10)), nlm.OK)
    status(b.lock((0, 10)), nlm.DENIED)
    status(b.nm_lock((0, 10), block=True), nlm.DENIED)
    status(a.unlock((0, 10)), nlm.OK)
    free(b)


@test(server='ditto', locks='raw', clients=2)
def free_all(w):
    """FREE_ALL releases a machine's locks on all files, and no other machine's."""
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


def as_user(n, uid):
    """Send all further calls of a machine with the credential of a user."""
    call = n.rpc.call
    n.rpc.call = lambda *args, **kw: call(*args, cred=rpc.auth_sys(uid, uid), **kw)


@test(server='ditto', locks='raw', clients=2)
def unlock_needs_no_permission(w):
    """A lock can be released by its owner whatever the file's mode says meanwhile."""
    a, b = machines(w)
    as_user(a, 1000)
    for mode, later, exclusive in ((0o622, 0o622, True), (0o644, 0o600, False)):
        os.chmod(w.path('f'), mode)
        status(a.lock((0, 10), exclusive=exclusive), nlm.OK, f'with mode {mode:o}')
        os.chmod(w.path('f'), later)
        status(a.unlock((0, 10)), nlm.OK, f'with mode {later:o}')
        eq(w.server.claims().get('ranges', 0), 0)
    assert a.lock((0, 10)).status != nlm.OK, 'locked without permission'
    # Another share still admits the machine to the server.
    status(b.lock((0, 10)), nlm.OK)
    os.mkdir(f'{w.base}/other')
    w.server.serve('other', f'{w.base}/other')
    w.server.set('data', allow=['192.168.1.2=rw'])
    status(b.unlock((0, 10)), nlm.OK, 'of a share that does not admit the machine any more')
    eq(w.server.claims().get('ranges', 0), 0)


@test(server='ditto', locks='raw', clients=2)
def cancel_needs_no_permission(w):
    """A request that waits can be cancelled whatever the file's mode says meanwhile."""
    a, b = machines(w)
    as_user(b, 1000)
    status(a.lock((0, 10)), nlm.OK)
    status(b.lock((0, 10), block=True), nlm.BLOCKED)
    os.chmod(w.path('f'), 0o600)
    status(b.cancel((0, 10)), nlm.OK)
    eq(w.server.claims().get('waits', 0), 0)
    status(b.cancel((0, 10)), nlm.DENIED, 'once more')
    status(a.unlock((0, 10)), nlm.OK)


@test(server='ditto', locks='raw', clients=2, fs='ext4', share=False)
def moved_out_of_the_share(w):
    """Locks of a file that a local process moves out of the share can still be given up."""
    inside, outside = w.path('in/f'), w.path('f')
    os.mkdir(w.path('in'))
    put(inside)
    w.server.add('in', w.path('in'))
    nfs = w.client.nfs(path='in')
    fh = nfs.lookup(nfs.root, 'f').fh
    nfs.rpc.close()
    a, b = [connect(c, fh) for c in w.clients[:2]]
    wait_for('the records of locks', lambda: a.lock((0, 10)).status == nlm.OK)
    for flush in (False, True):
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        os.rename(inside, outside)
        if flush:
            w.server.ctl('cache', 'flush')
        status(b.cancel((0, 10)), nlm.OK)
        eq(w.server.claims().get('waits', 0), 0)
        status(a.lock((20, 1)), nlm.STALE_FH, 'a new lock')
        status(a.unlock((0, 10)), nlm.OK)
        eq(w.server.claims().get('ranges', 0), 0)
        os.rename(outside, inside)
        status(a.lock((0, 10)), nlm.OK, 'back in the share')
    with nlm.Granted(w.clients[1], b, say=nlm.DENIED) as g:
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        os.rename(inside, outside)
        status(a.unlock((0, 10)), nlm.OK)
        g.take()
        wait_for('a lock that is refused is released', lambda: not w.server.claims().get('ranges'))


@test(server='ditto', locks='raw', smb=True, squash='none')
def go_with_a_removed_file(w):
    """What NLM has of a removed file goes with its last open, as no handle leads there."""
    s, v3 = Cacher(w.client, dialect=SMB2_DIALECT_30), w.client.nfs()
    os.chmod(w.export, 0o777)
    for i, level in enumerate((0, R | H)):
        put(w.path('f'), b'0123456789', 0o666)
        os.chmod(w.path('f'), 0o666)
        n = connect(w.client, v3.lookup(v3.root, 'f').fh)
        opened = s.open('f', key=key(i + 1), state=level, epoch=0, access=GENERIC_READ | DELETE)
        status(n.lock((0, 5), exclusive=False), nlm.OK)
        status(n.share(7, WRITE, READ), nlm.OK)
        s.delete_on_close(opened.fid)
        eq(w.server.claims().get('ranges'), 1)
        s.close(opened.fid)
        eq(os.path.exists(w.path('f')), False)
        wait_for('all claims go', lambda: not set(w.server.claims()) - {'owners'})
        status(n.unlock((0, 0)), nlm.STALE_FH)
        status(n.unshare(7), nlm.OK)
    s.end()

# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.2: copies between servers (RFC 7862 section 4.6)."""
import functools
import os
import time

import nfs4
import rpc
from harness import eq, one_of, put, test
from nfs4 import ANON, BOTH, BYPASS, CURRENT, DENY_BOTH, READ, WRITE, WRITE_LT, free_stateid, putfh
from nfs4_callers import Caller
from nfs4_copy import between, clone, copy, copy_notify, netaddr, netloc, offload_cancel, \
    offload_status
from nfs4_ops42 import read_plus
from nfs4_opens import V40, V41, last, opened, read

wire = functools.partial(test, server='ditto', clients=2)
DATA = b'0123456789'
FAR = netloc('destination')


def source(w, mode=0o666):
    """A client with a file open, its stateid and handle, and another server's client."""
    os.chmod(w.export, 0o777)
    put(w.path('from'), DATA, mode)
    c = V41.at(w, minor=2)
    return c, *opened(c, 'from', READ), V41.at(w, w.clients[1], minor=2)


def notified(c, fh, sid, far=FAR):
    return last(c.compound(putfh(fh), copy_notify(sid, far)), nfs4.OK)


@wire
def admits_another_server(w):
    """Whoever knows the stateid reads that file by it."""
    c, sid, fh, other = source(w, 0o600)
    for far in (netloc('x'), netaddr('192.168.2.2'), netaddr('fd00:2::2')):
        r = notified(c, fh, sid, far)
    eq(r.lease, (90, 0))
    eq(r.servers, [(3, b'tcp', b'192.168.1.1.8.1')])
    eq((r.stateid[0], r.stateid[1] != sid[1]), (1, True))
    for at in (r.stateid, (0, r.stateid[1])):
        eq(last(read(other, fh, at), nfs4.OK).data, DATA)
        last(other.compound(putfh(fh), read_plus(at, 0, 100)), nfs4.OK)
    # whatever user the other server claims to be
    user = V41.at(w, w.clients[1], minor=2, cred=rpc.auth_sys(1000, 1000))
    last(read(user, fh, ANON), nfs4.ACCESS)
    eq(last(read(user, fh, r.stateid), nfs4.OK).data, DATA)
    # nothing but reading, and no other file
    put(w.path('g'), b'other', 0o666)
    g = c.fh('data', 'g')
    last(read(other, g, r.stateid), nfs4.BAD_STATEID)
    last(read(other, fh, (2, r.stateid[1])), nfs4.BAD_STATEID)
    last(other.compound(putfh(fh), nfs4.write(r.stateid, 0, b'x')), nfs4.BAD_STATEID)
    last(other.compound(putfh(fh), nfs4.setattr(r.stateid, {'size': 0})), nfs4.BAD_STATEID)
    for op in (copy, clone):
        last(between(other, fh, g, op(r.stateid, ANON)), nfs4.BAD_STATEID)
    for op in (free_stateid, offload_cancel, offload_status):
        last(other.compound(putfh(fh), op(r.stateid)), nfs4.BAD_STATEID)
    # 4.2 only
    for older in (V41.at(w, w.clients[1]), V40(w, w.clients[1])):
        last(read(older, fh, r.stateid), nfs4.BAD_STATEID)
    eq(last(read(other, fh, r.stateid), nfs4.OK).data, DATA)


@wire
def rights_of_the_user(w):
    """The other server reads as the user who asked, and not as the one that it claims to be."""
    c, *_, other = source(w)
    user = V41.at(w, minor=2, cred=rpc.auth_sys(1000, 1000))
    sid, fh = opened(user, 'from', WRITE)
    os.chmod(w.path('from'), 0o600)
    # who writes may read by the stateid, if the mode lets him
    r = notified(user, fh, sid)
    last(read(other, fh, r.stateid), nfs4.ACCESS)
    os.chmod(w.path('from'), 0o666)
    eq(last(read(other, fh, r.stateid), nfs4.OK).data, DATA)
    del c


@wire
def stateids(w):
    """COPY_NOTIFY wants the stateid of an open, a lock or a delegation."""
    c, sid, fh, other = source(w)
    for bad in (ANON, BYPASS, CURRENT, (1, b'\1' * 12), (sid[0] + 1, sid[1])):
        last(c.compound(putfh(fh), copy_notify(bad, FAR)), nfs4.BAD_STATEID, bad)
    last(other.compound(putfh(fh), copy_notify(sid, FAR)), nfs4.BAD_STATEID)
    r = notified(c, fh, sid)
    last(c.compound(putfh(fh), copy_notify(r.stateid, FAR)), nfs4.BAD_STATEID)
    last(c.compound(putfh(c.root), copy_notify(sid, FAR)), nfs4.ISDIR)
    last(c.compound(nfs4.putrootfh(), copy_notify(sid, FAR)), nfs4.ISDIR)
    last(c.compound(copy_notify(sid, FAR)), nfs4.NOFILEHANDLE)
    last(c.compound(putfh(fh), copy_notify(sid, b'\0\0\0\x09')), nfs4.BADXDR)
    last(V41.at(w).compound(putfh(fh), copy_notify(sid, FAR)), nfs4.OP_ILLEGAL)
    both, _ = opened(c, 'from', BOTH, own=b'both')
    lock = last(c.lock(fh, WRITE_LT, (0, 5), both, own=b'both'), nfs4.OK).stateid
    eq(last(read(other, fh, notified(c, fh, lock).stateid), nfs4.OK).data, DATA)
    # the current stateid
    r = c.compound(putfh(c.root), nfs4.open(c.owner(b'x'), 'from', READ), copy_notify(CURRENT, FAR))
    eq(last(read(other, fh, last(r, nfs4.OK).stateid), nfs4.OK).data, DATA)


@wire
def claims(w):
    """The other server reads under the claims of the client that asked."""
    put(w.path('deny'), DATA, 0o666)
    c, _, _, other = source(w)
    sid, fh = opened(c, 'deny', BOTH, DENY_BOTH)
    last(read(other, fh, ANON), nfs4.LOCKED)
    eq(last(read(other, fh, notified(c, fh, sid).stateid), nfs4.OK).data, DATA)
    # a delegation, which is not recalled for this
    put(w.path('deleg'), DATA, 0o666)
    holder = Caller(w, minor=2)
    sid, fh = holder.delegated('deleg', BOTH)
    r = notified(holder, fh, sid)
    eq(last(read(other, fh, r.stateid), nfs4.OK).data, DATA)
    holder.cb.none(holder.conn)
    holder.give_back(sid, fh)
    last(read(other, fh, r.stateid), nfs4.BAD_STATEID)


@wire
def ends(w):
    """The stateid ends with what it was made from, or when the client says so."""
    c, sid, fh, other = source(w)

    def gone(how, status=nfs4.BAD_STATEID):
        r = notified(c, fh, sid)
        eq(last(read(other, fh, r.stateid), nfs4.OK).data, DATA)
        how(r.stateid)
        last(read(other, fh, r.stateid), status)
    put(w.path('g'), b'', 0o666)
    g = c.fh('data', 'g')
    for op in (offload_cancel, free_stateid):
        gone(lambda s, op=op: last(c.compound(putfh(fh), op(s)), nfs4.OK))
    r = notified(c, fh, sid)
    last(c.compound(putfh(fh), offload_status(r.stateid)), nfs4.BAD_STATEID)
    last(c.compound(putfh(g), offload_cancel(r.stateid)), nfs4.BAD_STATEID)
    last(read(other, fh, r.stateid), nfs4.OK)
    gone(lambda _: c.close(fh, sid).ok())
    sid, fh = opened(c, 'from', READ)
    r = notified(c, fh, sid)
    gone(lambda _: w.server.delete('data'), nfs4.STALE)
    w.server.add('data', w.export)
    # the same handle, and no such open any more
    one_of(read(other, fh, r.stateid).status, (nfs4.STALE, nfs4.BAD_STATEID, nfs4.ADMIN_REVOKED))


@wire
def ends_with_the_client(w):
    """The stateid neither keeps a client nor survives it."""
    c, sid, fh, other = source(w)
    r = notified(c, fh, sid)
    eq(last(read(other, fh, r.stateid), nfs4.OK).data, DATA)
    c.close(fh, sid).ok()
    last(c.destroy(), nfs4.OK)
    last(c.nfs.compound(nfs4.destroy_clientid(c.clientid)), nfs4.OK)
    last(read(other, fh, r.stateid), nfs4.BAD_STATEID)
    # a client that starts again
    c = V41.make(nfs4.connect(w.client), b'client', b'verifier', minor=2)
    c.root = c.fh('data')
    sid, fh = opened(c, 'from', READ)
    r = notified(c, fh, sid)
    V41.make(nfs4.connect(w.client), b'client', b'VERIFIER', minor=2)
    last(read(other, fh, r.stateid), nfs4.BAD_STATEID)


@wire
def ends_with_the_lease(w):
    """The stateid ends when nobody has read by it for a lease time."""
    w.server.ctl('server', 'set', 'lease-time-s', '5')
    c, sid, fh, other = source(w)
    # so that a pause of the machine does not end this client
    opened(other, 'from', READ)
    r = notified(c, fh, sid)
    eq(r.lease, (5, 0))
    eq(last(read(other, fh, r.stateid), nfs4.OK).data, DATA)
    for _ in range(6):
        time.sleep(1)
        last(c.compound(), nfs4.OK)
        last(other.compound(), nfs4.OK)
    last(read(other, fh, r.stateid), nfs4.EXPIRED)
    # the next one makes room
    eq(last(read(other, fh, notified(c, fh, sid).stateid), nfs4.OK).data, DATA)
    last(read(other, fh, r.stateid), nfs4.BAD_STATEID)


@wire
def bounded(w):
    """A client has a limited number of them; the one that was not used for longest goes."""
    c, sid, fh, other = source(w)
    ops = [copy_notify(sid, FAR)] * 14
    old = [r.stateid for r in c.compound(putfh(fh), *ops).ok()[2:]]
    for _ in range(74):
        r = c.compound(putfh(fh), *ops).ok()
    last(read(other, fh, old[0]), nfs4.BAD_STATEID)
    eq(last(read(other, fh, r[-1].stateid), nfs4.OK).data, DATA)
    eq(len({x.stateid for x in r[2:]}), 14)


@test(server='ditto', clients=2, share=False)
def rules_of_the_share(w):
    """The other server must be admitted to the share, with its flavour."""
    w.server.add('data', w.export, allow=['192.168.1.2'])
    put(w.path('from'), DATA, 0o666)
    w.volume(f'{w.base}/open', 'tmpfs')
    w.server.add('open', f'{w.base}/open')
    c = V41.at(w, minor=2)
    sid, fh = opened(c, 'from', READ)
    r = notified(c, fh, sid)
    other = nfs4.Session.make(nfs4.connect(w.clients[1]), minor=2)
    last(read(other, fh, r.stateid), nfs4.ACCESS)
    w.server.set('data', allow=['192.168.0.0/16'])
    eq(last(read(other, fh, r.stateid), nfs4.OK).data, DATA)
    w.server.set('data', sec=['krb5'])
    last(read(other, fh, r.stateid), nfs4.WRONGSEC)

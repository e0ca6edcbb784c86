# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4.2: copies between servers (RFC 7862 section 4.6)."""
import collections
import contextlib
import functools
import os
import time

import daemons
import nfs4
import rpc
import servers
from harness import Ns, eq, get, ip, mount, one_of, pattern, put, run, test, wait_for
from nfs4 import ANON, BOTH, BYPASS, CURRENT, DENY_BOTH, READ, WRITE, WRITE_LT, free_stateid, putfh
from nfs4_callers import Caller
from nfs4_copy import between, clone, copy, copy_notify, netaddr, netloc, offload_cancel, \
    offload_status
from nfs4_ops42 import read_plus
from nfs4_opens import V40, V41, last, opened, read
from t_nfs42_copy import copied

MIB = 1 << 20
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


@wire
def foreign_handles(w):
    """A filehandle of another server may be saved, and only COPY can use it."""
    c, sid, fh, _ = source(w)
    far = b'a handle of another server'
    far_server = [netaddr('192.0.2.1')]
    last(between(c, far, fh, copy(sid, sid, servers=far_server)), nfs4.OFFLOAD_DENIED)
    for op in (copy(sid, sid), clone(sid, sid), nfs4.rename('a', 'b'), nfs4.link('x'),
               nfs4.restorefh()):
        r = between(c, far, fh, op)
        eq((len(r), r.status), (5, nfs4.BADHANDLE), op.number)
    for op in (nfs4.getattr('size'), nfs4.getfh(), nfs4.setattr(ANON, {'mode': 0o600}),
               nfs4.lookup('x'), nfs4.open(c.owner(), 'x'), copy(sid, sid, servers=far_server),
               copy_notify(sid, FAR), nfs4.savefh()):
        r = c.compound(putfh(far), nfs4.savefh(), op)
        eq((len(r), r.status), (4, nfs4.OK if op.number == nfs4.OPS['savefh'] else
                                nfs4.BADHANDLE), op.number)
    # only one, directly before SAVEFH, and in 4.2
    r = between(c, far, far, nfs4.savefh())
    eq((len(r), r.status), (4, nfs4.BADHANDLE))
    eq(len(c.compound(putfh(far), nfs4.getfh())), 2)
    eq(len(c.compound(putfh(far))), 2)
    eq(len(between(V41.at(w), far, fh, nfs4.getfh())), 2)
    # a stale one of our own
    put(w.path('gone'), b'')
    gone = c.fh('data', 'gone')
    os.unlink(w.path('gone'))
    last(between(c, gone, c.root, nfs4.rename('a', 'b')), nfs4.STALE)
    last(c.compound(putfh(gone)), nfs4.STALE)
    eq(last(read(c, fh, sid), nfs4.OK).data, DATA)


class Second:
    """A second server in a namespace of its own, which the client and the first one reach."""

    addr, of_first = '192.168.99.1', '192.168.98.1'

    def __init__(self, w):
        self.w = w
        self.ns = Ns('e2e-s2', 'server2')
        self.export = f'{w.base}/second'
        ip(self.ns,
           f'link add eth0 type veth peer name eth9 netns {w.client.name}',
           f'link add eth1 type veth peer name second netns {w.server_ns.name}',
           f'addr add {self.addr}/24 dev eth0', 'addr add 192.168.98.2/24 dev eth1',
           'link set eth0 up', 'link set eth1 up',
           f'route add 192.168.1.0/24 via {self.of_first}')
        ip(w.client, 'addr add 192.168.99.2/24 dev eth9', 'link set eth9 up')
        ip(w.server_ns, f'addr add {self.of_first}/24 dev second', 'link set second up',
           'route add 192.168.99.0/24 via 192.168.98.2')
        w.volume(self.export, 'tmpfs')
        os.chmod(self.export, 0o777)

    def mount(self, path='/second'):
        """Mount its share on the client."""
        where = f'{self.w.base}/c.second'
        os.makedirs(where, exist_ok=True)
        with self.w.client:
            mount(f'{self.addr}:{path}', where, 'nfs', 0,
                  f'vers=4.2,addr={self.addr},proto=tcp,clientaddr=192.168.99.2,hard,timeo=20,'
                  'retrans=3,rsize=65536')
        self.w.client.mounts.append(where)
        return where

    def umount(self):
        for where in reversed(self.w.client.mounts[:]):
            self.w.client.umount(where)


def listeners_end(server):
    """Without the service a server gives up its mounts of sources."""
    for listener in server.json('listener', 'list'):
        server.ctl('listener', 'del', str(listener['id']))


class SecondDitto(Second):
    def __init__(self, w):
        super().__init__(w)
        self.server = servers.Ditto(w)
        self.server.ns = self.ns
        self.server.ctl('server', 'set', 'handle-key', 'ff' * 16)
        self.server.add('second', self.export, copy_from_servers=True)

    def end(self, destination):
        self.umount()
        for share in list(self.server.shares):
            self.server.delete(share)
        for server in destination, self.server:
            listeners_end(server)
        self.ns.remove()


class RootKnfsd(servers.Knfsd):
    """The kernel's nfsd with one directory, as the root of NFSv4."""

    def _line(self, number, path, **_):
        return f'{path} *(rw,no_root_squash,fsid=0,insecure,sync,no_subtree_check)\n'


class SecondKnfsd(Second):
    """The same with the kernel's own server."""

    def __init__(self, w):
        super().__init__(w)
        self.server = RootKnfsd(w)
        self.server.ns = self.ns
        with self.ns:
            mount('nfsd', self.server.proc, 'nfsd')
        self.server.daemons = daemons.Daemons(self.ns, f'{w.base}/knfsd')
        self.server.daemons.spawn('sh', '-c', servers.CLD)
        wait_for('nfsdcld', lambda: run('pgrep', 'nfsdcld', check=False).returncode == 0)
        self.ns.run('rpc.nfsd', '-V', '4.2', '--tcp', '4')
        self.server.daemons.spawn('rpc.mountd', '-F', '-p', '20048')
        wait_for('rpc.mountd', lambda: '20048' in self.ns.run('rpcinfo', '-p', '127.0.0.1'))
        self.server.add('second', self.export)

    def end(self):
        self.umount()
        listeners_end(self.w.server)
        self.server.stop()
        self.ns.remove()


@contextlib.contextmanager
def second(w, first_is_destination=False):
    other = SecondDitto(w)
    yield other
    other.end(w.server if first_is_destination else other.server)


def calls(server):
    return collections.Counter(server.calls('nfs4'))


@test(server='ditto')
def copied_by_the_servers(w):
    """copy_file_range() between mounts of two servers; the client neither reads nor writes."""
    os.chmod(w.export, 0o777)
    data = pattern(5, 3 * MIB + 17)
    with second(w) as other:
        a, b = w.client.mount(vers='4.2', opts='rsize=65536'), other.mount()
        put(f'{a}/f', data, 0o600)
        for name in 'gh':
            before = calls(other.server)
            copied(f'{a}/f', f'{b}/{name}')
            got = calls(other.server) - before
            eq((got['copy'], got['write'], got['read']), (1, 0, 0), got)
            eq(get(f'{other.export}/{name}') == data, True)
            eq(get(f'{b}/{name}') == data, True)
        eq(calls(w.server)['copy_notify'], 2)
        # one mount for both
        eq(len([c for c in w.server.json('lock', 'client', 'list')]), 2)
        # it reads what is there now
        put(f'{a}/f', data[::-1], 0o600)
        copied(f'{a}/f', f'{b}/g')
        eq(get(f'{other.export}/g') == data[::-1], True)


@test(server='ditto')
def copied_by_hand(w):
    """COPY from another server: what it refuses at once, and what CB_OFFLOAD tells."""
    os.chmod(w.export, 0o777)
    data = pattern(5, 3 * MIB + 17)
    w.server.set('data', copy_from_servers=True)
    put(w.path('to'), b'', 0o666)
    with second(w, first_is_destination=True) as other:
        put(f'{other.export}/f', data, 0o666)
        far = nfs4.Session.make(nfs4.Conn(w.client, other.addr, 2049, 'tcp'), minor=2)
        root = far.fh('second')
        opening, fh = far.open(root, 'f')
        sid = opening.stateid
        cnr = notified(far, fh, sid)
        eq(cnr.servers, [(3, b'tcp', b'192.168.99.1.8.1')])
        c = Caller(w, minor=2)
        opening, to = c.open('to', BOTH | nfs4.WANT_NO)
        dst = opening.stateid

        def ask(status, src=cnr.stateid, src_fh=fh, args=(), sync=False, by=c,
                at=netaddr('192.168.98.2')):
            return last(between(by, src_fh, to, copy(src, dst, *args, sync=sync, servers=[
                netloc('second'), at])), status)

        def told(status, count=0, **kw):
            r = ask(nfs4.OK, **kw)
            eq((len(r.callback), r.count, r.synchronous), (1, 0, False))
            call = c.cb.wait(c.conn, 'offload', 60)
            eq((call.status, call.count, call.stateid), (status, count, r.callback[0]))
        told(nfs4.OK, len(data))
        eq(get(w.path('to')) == data, True)
        put(w.path('to'), b'', 0o666)
        told(nfs4.OK, 2 * MIB, args=(7, 5, 2 * MIB))
        eq(get(w.path('to')) == bytes(5) + data[7:2 * MIB + 7], True)
        # two of one file, one after the other
        sids = [ask(nfs4.OK).callback[0], ask(nfs4.OK).callback[0]]
        ended = [c.cb.wait(c.conn, 'offload', 60) for _ in sids]
        eq({e.stateid: (e.status, e.count) for e in ended},
           {s: (nfs4.OK, len(data)) for s in sids})
        eq(get(w.path('to')) == data, True)
        told(nfs4.INVAL, args=(0, 0, len(data) + 1))
        told(nfs4.INVAL, args=(len(data) + 1, 0, 0))
        told(nfs4.OK, args=(len(data), 0, 0))
        # stateids that are forged, of something else, or over; and handles
        for src in (ANON, BYPASS, CURRENT):
            ask(nfs4.BAD_STATEID, src=src)
        for src in ((1, b'forged stateid'[:12]), sid):
            told(nfs4.OFFLOAD_DENIED, src=src)
        told(nfs4.OFFLOAD_DENIED, src_fh=b'a handle of nobody')
        told(nfs4.OFFLOAD_DENIED, src_fh=root)
        last(far.compound(putfh(fh), offload_cancel(cnr.stateid)), nfs4.OK)
        told(nfs4.OFFLOAD_DENIED)
        # nobody answers there
        told(nfs4.OFFLOAD_DENIED, at=netaddr('192.168.1.2'))
        # at once
        for at in (netaddr('192.168.98.2', 2050), netaddr('127.0.0.1'), netloc('x')):
            ask(nfs4.OFFLOAD_DENIED, at=at)
        ask(nfs4.OFFLOAD_DENIED, sync=True)
        ask(nfs4.INVAL, args=(1 << 63, 0, 1))
        ask(nfs4.FBIG, args=(0, (1 << 63) - 1, 2))
        ask(nfs4.OFFLOAD_DENIED, src_fh=to)
        w.server.set('data', copy_from_servers=False)
        ask(nfs4.OFFLOAD_DENIED)
        eq(w.server.json('job', 'list'), [])


@test(server='ditto')
def refused_and_copied_by_the_client(w):
    """A client copies by itself what the servers may not copy, or cannot."""
    os.chmod(w.export, 0o777)
    data = pattern(5, 3 * MIB + 17)
    with second(w) as other:
        a, b = w.client.mount(vers='4.2', opts='rsize=65536'), other.mount()

        def falls_back(source, source_dir, target, target_dir, copies):
            put(f'{source_dir}/f', data)
            before = calls(target)
            copied(f'{source_dir}/f', f'{target_dir}/g')
            got = calls(target) - before
            eq((got['copy'] >= copies, got['write'] >= 1), (True, True), got)
            eq(calls(source)['copy_notify'] >= 1, True)
            eq(get(f'{target_dir}/g') == data, True)
            os.unlink(f'{target_dir}/g')
            os.unlink(f'{source_dir}/f')
        # the option is off
        falls_back(other.server, b, w.server, a, 1)
        # the rules do not admit the source as a client
        other.server.set('second', allow=['192.168.99.2'])
        falls_back(w.server, a, other.server, b, 1)
        # the source does not admit the destination
        other.server.set('second', allow=['*'])
        w.server.set('data', allow=['192.168.1.2'])
        falls_back(w.server, a, other.server, b, 1)


@test(server='ditto')
def copied_from_knfsd(w):
    """The source is the kernel's own server, as whose client the destination reads."""
    os.chmod(w.export, 0o777)
    w.server.set('data', copy_from_servers=True)
    data = pattern(5, 3 * MIB + 17)
    other = SecondKnfsd(w)
    a, b = other.mount('/'), w.client.mount(vers='4.2')
    put(f'{a}/f', data, 0o644)
    before = calls(w.server)
    copied(f'{a}/f', f'{b}/g')
    got = calls(w.server) - before
    eq((got['copy'], got['write'], got['read']), (1, 0, 0), got)
    eq(get(w.path('g')) == data, True)
    # the other way, it refuses, and the client copies
    put(f'{b}/h', data)
    copied(f'{b}/h', f'{a}/h')
    eq(get(f'{other.export}/h') == data, True)
    other.end()

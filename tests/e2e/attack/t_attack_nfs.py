# SPDX-License-Identifier: GPL-2.0-only
"""Machines and users that try to use what belongs to others over NFS.

client1 is the victim. client2 is a machine that no share admits, or a user of an admitted
machine whose programs have no reserved ports.
"""
import os
import socket
import threading
import time

import bystander
import nfs3
import nfs4
import nlm
import nsm
import rpc
from auth_stat import BADCRED, TOOWEAK, denied
from checks import eq, one_of, wait_for
from client_lists import budget
from files import MIB, get, pattern, put
from harness import test
from nfs4 import Nfs4, Session
from nlm import Nlm
from nsm import Nsm
from processes import process_stopped
from rpc import RpcError

ALL = (0, 0)  # a range


def only_victim(w, **kw):
    w.server.set('data', allow=[f'{w.clients[0].addr}=rw'], **kw)


@test(server='ditto', clients=2)
def sessions_of_others(w):
    """A machine that no share admits cannot bind to, use or end a session that it knows."""
    s = Session.make(nfs4.connect(w.clients[0]))
    thief = Nfs4(nfs4.connect(w.clients[1]), 1)
    only_victim(w)
    for what, op in (('bind', nfs4.bind_conn_to_session(s.id)),
                     ('destroy', nfs4.destroy_session(s.id)),
                     ('client', nfs4.destroy_clientid(s.clientid)),
                     ('exchange', nfs4.exchange_id(b'thief')),
                     ('sequence', nfs4.sequence(s.id, 2, 0, 0))):
        denied(lambda op=op: thief.compound(op), BADCRED, what)
    s.compound(nfs4.putrootfh()).ok()
    eq(thief.rpc.call(nfs4.NFS, 4, 0).stat, rpc.SUCCESS, 'NULL is for all')
    w.server.set('data', allow=['*=rw'])
    one_of(thief.compound(nfs4.bind_conn_to_session(s.id)).status, (nfs4.OK,), 'admitted again')


@test(server='ditto', clients=2)
def ids_are_not_guessed(w):
    """Session ids and client ids next to one's own are not valid."""
    c = nfs4.connect(w.client)
    a, b = Session.make(c), Session.make(c)
    same = sum(x == y for x, y in zip(a.id, b.id))
    assert same < 8, f'{same} of 16 bytes of two sessions are equal'
    assert abs(a.clientid - b.clientid) > 1, f'clients {a.clientid:#x} and {b.clientid:#x}'
    eq(a.clientid >> 32, b.clientid >> 32, 'the epoch')
    old = [nfs4.Client40(c).id for _ in range(4)]
    eq(len(set(old)), 4)
    n = Nfs4(c)
    eq(n.compound(nfs4.renew(old[0])).status, nfs4.OK)
    eq(n.compound(nfs4.renew(old[0] - (1 << 32))).status, nfs4.STALE_CLIENTID, 'another epoch')
    # all but a few of four billion numbers were never given out
    known = {i & 0xffffffff for i in old + [a.clientid, b.clientid]}
    other = next(i for i in range(1, 100) if i not in known)
    eq(n.compound(nfs4.renew((old[0] >> 32 << 32) | other)).status, nfs4.STALE_CLIENTID)


@test(server='ditto', clients=2)
def strangers_everywhere(w):
    """MOUNT, NFS and NLM all refuse a machine that no share admits."""
    put(w.path('f'))
    n, x = w.clients[0].nfs(), w.clients[1].nfs()
    only_victim(w)
    denied(lambda: x.getattr(x.root), BADCRED, 'GETATTR')
    denied(lambda: x.create(x.root, 'g'), BADCRED, 'CREATE')
    eq(x.mnt(w.export).status, nfs3.ACCES, 'MNT')
    eq(x.mnt('/no/such/share').status, nfs3.ACCES, 'MNT of nothing')
    conn = w.clients[1].connect()
    for proc in (2, 5):
        r = conn.call(nfs3.MOUNT, 3, proc)
        eq((r.stat, r.body), (rpc.SUCCESS, bytes(4)), f'MOUNT {proc} lists nothing')
    lock = Nlm(w.clients[1].connect(), x.root)
    denied(lambda: lock.lock(ALL), BADCRED, 'LOCK')
    denied(lambda: Nsm(conn).stat('server'), BADCRED, 'STAT')
    r = w.clients[0].connect().call(nfs3.MOUNT, 3, 5)
    assert w.clients[0].addr.encode() in r.body, 'its own address'
    eq(n.getattr(n.root).status, nfs3.OK)
    assert not os.path.exists(w.path('g'))


@test(server='ditto', clients=2)
def shares_of_others(w):
    """A client that may use one share cannot learn of another by its name."""
    os.mkdir(f'{w.base}/secret')
    w.server.add('secret', f'{w.base}/secret', allow=[f'{w.clients[1].addr}=rw'])
    n = w.client.nfs()
    eq(n.mnt('/secret').status, n.mnt('/nothing').status, 'MNT')
    v4 = Nfs4(nfs4.connect(w.client))
    for op in (nfs4.lookup, nfs4.secinfo):
        eq([v4.compound(nfs4.putrootfh(), op(name)).status for name in ('secret', 'nothing')],
           [nfs4.NOENT, nfs4.NOENT])
    assert b'secret' not in n.rpc.call(nfs3.MOUNT, 3, 5).body, 'EXPORT'
    w.server.set('secret', allow=['*=rw'], browse=False)
    assert b'secret' not in n.rpc.call(nfs3.MOUNT, 3, 5).body, 'EXPORT without browse'
    eq(n.mnt('/secret').status, nfs3.OK)


@test(server='ditto')
def root_changes_with_rules(w):
    """The root over all shares changes its change attribute with the rules of a share."""
    v4 = Nfs4(nfs4.connect(w.client))

    def change():
        return v4.compound(nfs4.putrootfh(), nfs4.getattr('change')).ok()[1].attrs['change']
    before = change()
    eq(change(), before)
    w.server.set('data', allow=['*=ro'])
    assert change() != before


@test(server='ditto', clients=1)
def kernel_client_readmitted(w):
    """A refused mount works after a share admits the client again."""
    put(w.path('f'), b'data')
    only_victim(w)
    w.server.set('data', allow=['192.168.9.9=rw'])
    for vers in ('3', '4.1'):
        try:
            w.client.mount(vers=vers)
            raise AssertionError(f'{vers}: mounted')
        except OSError:
            pass
    w.server.set('data', allow=[f'{w.client.addr}=rw'])
    for vers in ('3', '4.0', '4.1', '4.2'):
        where = w.client.mount(vers=vers)
        eq(open(f'{where}/f', 'rb').read(), b'data', vers)
        w.server.set('data', allow=['192.168.9.9=rw'])
        try:
            os.stat(f'{where}/nothing{vers}')
            raise AssertionError('there is such a file')
        except OSError:
            pass
        w.server.set('data', allow=[f'{w.client.addr}=rw'])
        put(f'{where}/g{vers}', b'again')
        eq(os.path.getsize(w.path(f'g{vers}')), 5)


@test(server='ditto')
def forged_users(w):
    """AUTH_SYS is accepted from reserved ports only, unless the share allows others."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    forged = nfs3.Nfs3(w.client.connect(src_port=0))
    denied(lambda: forged.getattr(fh), TOOWEAK, 'GETATTR')
    denied(lambda: forged.remove(n.root, 'f'), TOOWEAK, 'REMOVE')
    eq(forged.mnt(w.export).status, nfs3.ACCES, 'MNT')
    denied(lambda: Nfs4(w.client.connect(src_port=0)).compound(
        nfs4.setclientid(b'forged')), TOOWEAK, 'SETCLIENTID')
    denied(lambda: Nlm(w.client.connect(src_port=0), fh).lock(ALL), TOOWEAK, 'LOCK')
    w.server.set('data', secure_ports=False)
    eq(forged.getattr(fh).status, nfs3.OK, 'off')
    eq(forged.mnt(w.export).status, nfs3.OK)
    lock = Nlm(w.client.connect(src_port=0), fh)
    eq((lock.nm_lock(ALL).status, lock.unlock(ALL).status), (nlm.OK, nlm.OK))
    w.server.set('data', secure_ports=True)
    denied(lambda: forged.getattr(fh), TOOWEAK, 'on again')
    # beside a share that takes any port the others stay as they are
    os.mkdir(f'{w.base}/open')
    w.server.add('open', f'{w.base}/open', secure_ports=False)
    denied(lambda: forged.getattr(fh), TOOWEAK, 'beside another share')
    v4 = Nfs4(w.client.connect(src_port=0))
    eq(v4.compound(nfs4.putrootfh(), nfs4.lookup('data'), nfs4.getattr('change')).status,
       nfs4.WRONGSEC, 'version 4')
    eq(v4.compound(nfs4.putrootfh(), nfs4.lookup('open'), nfs4.getattr('change')).status, nfs4.OK)


@test(server='ditto', locks=True)
def locks_dropped_by_users(w):
    """FREE_ALL, NOTIFY and a simulated crash are accepted from root's ports only."""
    put(w.path('f'))
    w.server.set('data', secure_ports=False)
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    holder = Nlm(w.client.connect(), fh)
    eq(holder.lock(ALL).status, nlm.OK)
    for proto in ('tcp', 'udp'):
        conn = w.client.connect(proto, src_port=0, port=w.server.port)
        denied(Nlm(conn, fh).free_all, TOOWEAK, f'FREE_ALL, {proto}')
        denied(lambda conn=conn: Nsm(conn).raw(nsm.NOTIFY, rpc.Enc().opaque('client1').u32(
            99).bytes()), TOOWEAK, f'NOTIFY, {proto}')
        denied(lambda conn=conn: Nsm(conn).stat('server'), TOOWEAK, f'STAT, {proto}')
    local = rpc.Rpc(w.server_ns, '127.0.0.1', w.server.port, src_port=0)
    denied(Nsm(local).simu_crash, TOOWEAK, 'SIMU_CRASH')
    eq(holder.lock(ALL, svid=2).status, nlm.DENIED, 'it holds the lock')
    holder.free_all()
    wait_for('FREE_ALL by root', lambda: holder.lock(ALL, svid=2).status == nlm.OK)
    eq(holder.unlock(ALL, svid=2).status, nlm.OK)


@test(server='ditto', timeout=60)
def names_while_helper_is_away(w):
    """While host names are unknown, clients are told to retry and not refused."""
    put('/etc/netgroup', 'trusted (client1.e2e.test,,)\n')
    w.server.helper_start()
    put(w.path('f'))
    w.server.set('data', allow=['client1.e2e.test=rw'])
    v4 = Nfs4(nfs4.connect(w.client))
    n = nfs3.Nfs3(w.client.connect())
    r = nfs4.again_while_delayed(lambda: v4.compound(nfs4.putrootfh(), nfs4.lookup('data')),
                                 lambda r: r.status)
    eq(r.status, nfs4.OK)
    eq(n.mnt(w.export).status, nfs3.OK)


@test(server='ditto')
def forged_beside_kerberos(w):
    """A Kerberos-only share does not waive the reserved port for calls without a share."""
    os.mkdir(f'{w.base}/strong')
    w.server.add('strong', f'{w.base}/strong', sec=['krb5'])
    victim = Session.make(nfs4.connect(w.client), b'victim')
    forged = Nfs4(w.client.connect(src_port=0), 1)
    denied(lambda: forged.compound(nfs4.exchange_id(b'victim')), TOOWEAK, 'EXCHANGE_ID')
    denied(lambda: forged.compound(nfs4.create_session(victim.clientid, 2)), TOOWEAK,
           'CREATE_SESSION')
    denied(lambda: Nfs4(w.client.connect(src_port=0)).compound(
        nfs4.setclientid(b'victim')), TOOWEAK, 'SETCLIENTID')
    victim.compound(nfs4.putrootfh()).ok()
    # shares that do not admit the machine do not count, whatever flavours they take
    w.server.set('strong', sec=['sys'], secure_ports=False, allow=['192.168.9.9=rw'])
    denied(lambda: forged.compound(nfs4.exchange_id(b'victim')), TOOWEAK, 'not admitted')
    w.server.set('strong', allow=['*=rw'])
    forged.compound(nfs4.exchange_id(b'other')).ok()
    # kernels without a key tab hold their state by AUTH_SYS beside any share
    w.server.set('strong', sec=['krb5'])
    denied(lambda: forged.compound(nfs4.exchange_id(b'victim')), TOOWEAK, 'without secure-ports')


@test(server='ditto', timeout=60)
def forged_beside_a_group(w):
    """A netgroup's share waives reserved ports only while the machine is in the netgroup."""
    def group(member):
        put('/etc/netgroup', f'open ({member}.e2e.test,,)\n')

    def taken():
        try:
            r = forged.compound(nfs4.exchange_id(os.urandom(8)))
        except RpcError as e:
            eq((e.reply.stat, e.reply.why), (rpc.AUTH_ERROR, TOOWEAK))
            return False
        one_of(r.status, (nfs4.OK, nfs4.DELAY))
        return r.status == nfs4.OK

    os.mkdir(f'{w.base}/open')
    w.server.add('open', f'{w.base}/open', secure_ports=False, allow=['@open=rw'])
    forged = Nfs4(w.client.connect(src_port=0), 1)
    eq(taken(), False, 'without a helper')
    w.server.ctl('server', 'set', 'name-ttl-s', '1', 'name-negative-ttl-s', '1')
    group('client2')
    w.server.helper_start()
    for _ in range(20):
        eq(taken(), False, 'not in the group')
    group('client1')
    wait_for('the group has it', taken)
    group('client2')
    wait_for('the group has it no more', lambda: not taken())


@test(server='ditto')
def results_behind_data(w):
    """The data of READ is not overwritten by the results behind it, nor is a listing."""
    data = pattern(7, 1 << 17)
    put(w.path('f'), data, 0o444)
    for i in range(100):
        put(w.path(f'{i:0100}'))
    user = rpc.auth_sys(5, 5)
    acl = [(1, 0, 2, f'S-1-5-21-{2 ** 31}-{2 ** 31}-{2 ** 31}-{1000 + i}@') for i in range(126)]
    acl += [(0, 0, 0x1f01ff, 'OWNER@'), (0, 0, 0x20081, 'EVERYONE@')]
    root = Session.make(nfs4.connect(w.client))
    fh, top = root.fh('data', 'f'), root.fh('data')
    root.compound(nfs4.putfh(fh), nfs4.setattr(nfs4.ANON, {'acl': acl})).ok()
    one = Nfs4(nfs4.connect(w.client), 0, user)
    two = Session.make(nfs4.connect(w.client), b'user', cred=user)
    for c, too_big in ((one, nfs4.RESOURCE), (two, nfs4.REP_TOO_BIG)):
        for what in (('acl',), ('acl', 'owner', 'filehandle')):
            r = c.compound(nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, 1 << 17),
                           nfs4.getattr(*what)).ok()
            eq((r[-2].data, r[-1].attrs['acl']), (data, acl))
        r = c.compound(nfs4.putfh(top), nfs4.readdir(0, bytes(8), 'type', dircount=65536,
                                        maxcount=65536),
                       nfs4.putfh(fh), nfs4.getattr('acl'))
        one_of(r.status, (nfs4.OK, too_big))
        eq(len(r[-3].entries), 101)
        c.compound(nfs4.putfh(fh), nfs4.getattr('acl')).ok()
        eq(get(w.path('f')), data, 'the file')


@test(server='ditto', timeout=60)
def port_while_helper_is_asked(w):
    """While it is unknown whether a share takes any port, the client must retry."""
    put('/etc/netgroup', 'open (client1.e2e.test,,)\n')
    w.server.helper_start()
    with process_stopped(w.server.helper.pid):
        os.mkdir(f'{w.base}/open')
        w.server.add('open', f'{w.base}/open', secure_ports=False, allow=['@open=rw'])
        high, low = (Nfs4(w.client.connect(src_port=port), 1) for port in (0, None))
        eq(high.compound(nfs4.exchange_id(b'a')).status, nfs4.DELAY)
        eq(low.compound(nfs4.exchange_id(b'b')).status, nfs4.OK)
        r = w.client.connect(src_port=0).call(
            nfs3.NFS, 3, 1, rpc.Enc().opaque(w.client.nfs().root).bytes())
        eq((r.stat, r.body[:4]), (rpc.SUCCESS, nfs3.JUKEBOX.to_bytes(4, 'big')), 'GETATTR')
    r = nfs4.again_while_delayed(lambda: high.compound(nfs4.exchange_id(b'a')),
                                 lambda r: r.status)
    eq(r.status, nfs4.OK)


@test(server='ditto')
def locks_forged_beside_kerberos(w):
    """Kernel clients may lock on a Kerberos share by AUTH_SYS, but their users may not."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    # another share lets calls from every port pass
    os.mkdir(f'{w.base}/open')
    w.server.add('open', f'{w.base}/open', secure_ports=False)
    w.server.set('data', sec=['krb5'], nlm_callers='machine')
    holder = Nlm(w.client.connect(), fh)
    forger = Nlm(w.client.connect(src_port=0), fh)
    eq(holder.nm_lock(ALL).status, nlm.OK)
    ways = ((nlm.NM_LOCK, forger.lock_args(ALL, svid=2)), (nlm.UNLOCK, forger.unlock_args(ALL)),
            (nlm.CANCEL, forger.cancel_args(ALL)))
    for who, cred in (('AUTH_SYS', rpc.ROOT), ('AUTH_NONE', rpc.NOBODY_CLAIMED)):
        for proc, args in ways:
            r = forger.raw(proc, args, cred=cred)
            assert r.stat != rpc.SUCCESS or nlm.d_res(
                rpc.Dec(r.body), 4, proc).status != nlm.OK, f'{who}, {proc}'
        eq(holder.nm_lock(ALL, svid=2).status, nlm.DENIED, f'{who}: it holds the lock')
    w.server.set('data', secure_ports=False)
    eq(forger.unlock(ALL).status, nlm.OK, 'any port')


@test(server='ditto', locks=True)
def reservations_forged(w):
    """A program without a reserved port releases no reservation of its machine by any flavour."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    holder = Nlm(w.client.connect(), fh)
    forger = Nlm(w.client.connect(src_port=0), fh)
    args = holder.share_args(1, nlm.WRITE, nlm.READ)
    eq(holder.share(1, nlm.WRITE, nlm.READ).status, nlm.OK)
    flavours = ('AUTH_SYS', rpc.ROOT), ('AUTH_NONE', rpc.NOBODY_CLAIMED)

    def released(who, cred):
        """What the forger is told."""
        r = forger.raw(nlm.UNSHARE, args, cred=cred)
        eq(holder.share(2, nlm.NONE, nlm.WRITE).status, nlm.DENIED, f'{who}: writing is denied')
        return r

    for who, cred in flavours:
        denied(lambda who=who, cred=cred: released(who, cred), TOOWEAK, who)
    eq(forger.raw(nlm.NULL, cred=rpc.NOBODY_CLAIMED).stat, rpc.SUCCESS, 'NULL')
    # another share lets calls from every port pass
    os.mkdir(f'{w.base}/open')
    w.server.add('open', f'{w.base}/open', secure_ports=False)
    w.server.set('data', sec=['none', 'sys'])
    for who, cred in flavours:
        eq(nlm.d_res(rpc.Dec(released(who, cred).body), 4, nlm.UNSHARE).status, nlm.FAILED, who)
    lock = forger.lock_args(ALL, exclusive=False)
    for who, cred in flavours:
        r = forger.raw(nlm.NM_LOCK, lock, cred=cred)
        eq(nlm.d_res(rpc.Dec(r.body), 4, nlm.NM_LOCK).status, nlm.FAILED, f'{who}: a lock')
    r = holder.raw(nlm.NM_LOCK, lock, cred=rpc.NOBODY_CLAIMED)
    eq(nlm.d_res(rpc.Dec(r.body), 4, nlm.NM_LOCK).status, nlm.OK, 'from a reserved port')
    # what belongs to no machine has the flavour from any port
    r = forger.rpc.call(nfs3.NFS, 3, nfs3.GETATTR, rpc.Enc().opaque(fh).bytes(),
                        cred=rpc.NOBODY_CLAIMED)
    eq((r.stat, r.body[:4]), (rpc.SUCCESS, bytes(4)), 'GETATTR')
    w.server.set('data', secure_ports=False)
    eq(forger.unshare(1).status, nlm.OK, 'any port')
    eq(forger.unlock(ALL).status, nlm.OK)


def records(client, until, enough=None):
    """Create client records without confirming: how many were accepted and refused."""
    nfs, taken, refused = Nfs4(nfs4.connect(client), 1), 0, 0
    while time.monotonic() < until and refused != enough:
        r = nfs.compound(nfs4.exchange_id(os.urandom(16)))
        one_of(r.status, (nfs4.OK, nfs4.DELAY))
        taken += r.status == nfs4.OK
        refused += r.status != nfs4.OK
    return taken, refused


@test(server='ditto', smb=True, squash='none', clients=3, timeout=300)
def client_ids_hoarded(w):
    """A machine has few unconfirmed client records, which expire soon and hinder nobody else."""
    w.server.ctl('server', 'set', 'lease-time-s', '10')
    mounted = w.clients[0].mount(vers='4.1')
    with bystander.memory_returns(seconds=60):
        bystander.survives(w.clients[1], lambda until: records(w.clients[0], until))
        taken, refused = records(w.clients[0], time.monotonic() + 10, 10)
        print(f'{taken} records taken, {refused} refused')
        assert refused and taken <= 1024, f'{taken} records taken, {refused} refused'
        # existing clients go on, and new ones are accepted
        put(f'{mounted}/f', b'data')
        Session.make(nfs4.connect(w.clients[2])).compound(nfs4.putrootfh()).ok()
    wait_for('the machine is let in again', lambda: Nfs4(nfs4.connect(w.clients[0]), 1).compound(
        nfs4.exchange_id(b'new')).status == nfs4.OK, seconds=60)


LARGE = nfs4.Channel(response=8192, cached=4096, requests=1024)


def sessions(client, until, step=8, enough=None):
    """Create sessions with many slots, some in use: how many slots, and the refusals;
    ends with enough refusals.
    """
    nfs, slots, refused = Nfs4(nfs4.connect(client), 1), 0, 0
    while time.monotonic() < until and refused != enough:
        x = nfs.compound(nfs4.exchange_id(os.urandom(16)))
        refused += x.status != nfs4.OK
        for i in range(64 if x.status == nfs4.OK else 0):
            r = nfs.compound(nfs4.create_session(x[0].clientid, x[0].seqid + i, fore=LARGE))
            if r.status != nfs4.OK:
                eq(r.status, nfs4.DELAY)
                refused += 1
                break
            slots += r[0].fore.requests
            for slot in range(0, r[0].fore.requests, step):
                nfs.compound(nfs4.sequence(r[0].sessionid, 1, slot, slot, True))
            if time.monotonic() > until:
                break
    return slots, refused


@test(server='ditto', smb=True, squash='none', clients=3, timeout=300)
def slots_hoarded(w):
    """The memory of one machine's session slots is bounded, and others get their slots."""
    w.server.ctl('server', 'set', 'lease-time-s', '10')
    mounted = w.clients[0].mount(vers='4.1')
    with open('/proc/meminfo', encoding='ascii') as f:
        machine = int(f.readline().split()[1]) << 10
    with bystander.memory_returns(slack=16 << 20, seconds=60):
        bystander.survives(w.clients[1], lambda until: sessions(w.clients[0], until))
        slots, refused = sessions(w.clients[0], time.monotonic() + 30, 1024, 10)
        print(f'{slots} slots given, {refused} times refused')
        assert refused and slots * 4096 < max(machine // 32, 64 << 20), f'{slots} slots'
        put(f'{mounted}/f', b'data')
        s = Session.make(nfs4.connect(w.clients[2]), fore=LARGE)
        eq(s.fore.requests, 128)
        s.compound(nfs4.putrootfh(), slot=100).ok()

    def let_in():
        try:
            return sessions(w.clients[0], time.monotonic() + 0.2, 1024)[0]
        except (EOFError, OSError):
            return 0  # there was no room for the connection
    wait_for('the machine is let in again', let_in, seconds=60)


def tcp_memory():
    """Bytes that TCP uses for all sockets of the machine."""
    with open('/proc/net/sockstat', encoding='ascii') as f:
        words = next(line for line in f if line.startswith('TCP:')).split()
    return int(words[words.index('mem') + 1]) * os.sysconf('SC_PAGE_SIZE')


def asked(client, fh, calls, window=4096):
    """A connection with many READs of 1 MiB in flight, whose replies are not read."""
    conn = client.connect()
    conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    for _ in range(calls):
        conn.send(rpc.call_bytes(nfs3.NFS, 3, nfs3.READ,
                                 rpc.Enc().opaque(fh).u64(0).u32(MIB).bytes()))
    return conn


def is_closed(conn):
    conn.sock.settimeout(0)
    try:
        conn.sock.send(b'')
        return not conn.sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def takes_nothing(client, fh, until, most=48):
    """Keep connections that read no replies; each closed one is replaced."""
    conns = []
    while time.monotonic() < until:
        for conn in [c for c in conns if is_closed(c)]:
            conn.close()
            conns.remove(conn)
        while len(conns) < most and time.monotonic() < until:
            try:
                conns.append(asked(client, fh, 16))
            except OSError:
                break
        time.sleep(0.1)
    for conn in conns:
        conn.close(abort=True)


@test(server='ditto', smb=True, squash='none', clients=2, timeout=300)
def answers_not_taken(w):
    """A machine that reads no replies holds no service thread, and only memory within its limit."""
    put(w.path('large'), pattern(1, MIB))
    n = w.clients[0].nfs()
    fh = n.lookup(n.root, 'large').fh
    before = tcp_memory()
    with bystander.memory_returns():
        bystander.survives(w.clients[1], lambda until: takes_nothing(w.clients[0], fh, until))
        conns = [asked(w.clients[0], fh, 16) for _ in range(48)]
        wait_for('the account is full', lambda: (lambda used, limit: used >= limit)(
            *budget(w).get('unsent-bytes', (0, 1))))
        # other calls are served, and what is in service then is the most that is beyond
        put(f'{w.clients[1].mount(vers="4.1")}/f', b'data')
        used, limit = budget(w)['unsent-bytes']
        print(f'{used >> 10} KiB of {limit >> 10} unsent, TCP has {tcp_memory() >> 10} KiB')
        most = limit + 9 * (MIB + 65536)
        assert used <= most, f'{used} of {limit} bytes'
        assert tcp_memory() - before <= most + (16 << 20), f'{tcp_memory() - before} of TCP'
        for conn in conns:
            conn.close(abort=True)
        wait_for('nothing is charged', lambda: 'unsent-bytes' not in budget(w))
        wait_for('TCP gave it back', lambda: tcp_memory() <= before + (8 << 20))


def taken(conns, calls, data):
    """Read all replies of all connections at once: how many of each were correct."""
    def take(conn):
        conn.sock.settimeout(60)
        for _ in range(calls):
            reply = conn.recv()
            good[conn] += (reply.stat, reply.body[-MIB:]) == (rpc.SUCCESS, data)

    good = dict.fromkeys(conns, 0)
    threads = [threading.Thread(target=take, args=(conn,)) for conn in conns]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return list(good.values())


@test(server='ditto', timeout=120)
def answers_taken_late(w):
    """No reply is lost while a client, or its whole machine, reads nothing."""
    data = pattern(2, MIB)
    put(w.path('large'), data)
    n = w.client.nfs()
    fh = n.lookup(n.root, 'large').fh
    for mib in (0, 4):
        w.server.ctl('server', 'set', 'budget-user-mib', str(mib))
        conns = [asked(w.client, fh, 24, 65536) for _ in range(3)]
        wait_for('answers wait', lambda: budget(w).get('unsent-bytes', (0, 0))[0] >= MIB)
        if mib:
            eq(budget(w)['unsent-bytes'][1], MIB, 'a quarter')
        eq(taken(conns, 24, data), [24, 24, 24])
        for conn in conns:
            conn.close()
        wait_for('nothing is charged', lambda: 'unsent-bytes' not in budget(w))


@test(server='ditto', timeout=180)
def stalled_is_closed(w):
    """A connection whose replies are not read is closed; one without replies stays."""
    put(w.path('large'), pattern(3, MIB))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'large').fh
    conn = asked(w.client, fh, 8)
    wait_for('answers wait', lambda: 'unsent-bytes' in budget(w))
    wait_for('the connection is closed', lambda: 'unsent-bytes' not in budget(w), seconds=120)
    eq(n.getattr(fh).status, nfs3.OK, 'by the other connection')
    conn.close()

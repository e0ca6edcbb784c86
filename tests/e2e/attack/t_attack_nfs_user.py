# SPDX-License-Identifier: GPL-2.0-only
"""Users of admitted machines that try to use what belongs to other users over NFS.

alice is the victim, on client1; bob is another user, mostly of client2, whom the share admits, too.
"""
import os
import socket
import struct
import threading
import time

import nfs3
import nfs4
import rpc
from checks import eq, one_of
from files import MIB, put
from harness import test
from nfs4 import Client40, Nfs4, Session, putfh
from nfs4_callers import V3, Caller40
from quotas import ALICE, BOB, EPERM, NO_QUOTA, OK, USER, ask, fill, limit, limited

AS_ALICE, AS_BOB = rpc.auth_sys(ALICE, ALICE), rpc.auth_sys(BOB, BOB)


def owned(path, uid, mode):
    os.chown(path, uid, uid)
    os.chmod(path, mode)


class Trap:
    """A port that counts the connections to it, and answers nothing that is said there."""

    def __init__(self, ns, addr, port=0, reads=False):
        self.count, self.reads = 0, reads
        with ns:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((addr, port))
        self.sock.listen(64)
        port = self.sock.getsockname()[1]
        self.uaddr = f'{addr}.{port >> 8}.{port & 255}'
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            self.count += 1
            with conn:
                if self.reads:
                    conn.settimeout(1)
                    try:
                        conn.recv(4096)
                    except OSError:
                        pass

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


# Connections to an address that never answers, in the six seconds of a test: at once, then after
# pauses of 20 ms, 1 s, 2 s and 4 s.
SECONDS, FEW = 6, 5


@test(server='ditto', clients=2, timeout=60)
def callbacks_to_others(w):
    """The server calls a 4.0 client back at the address from which it came, and nowhere else."""
    a, b = w.clients
    put(w.path('f'), b'data')
    traps = [Trap(a, a.addr), Trap(w.server_ns, '127.0.0.1'), Trap(w.server_ns, w.client.server_addr),
             Trap(b, b.addr, 1000)]
    own = Trap(b, b.addr)
    c = [Client40(nfs4.connect(b), addr=trap.uaddr) for trap in traps]
    # numbers of services, as NFS has one, are not those of a client's callbacks
    c += [Client40(nfs4.connect(b), prog=prog, addr=own.uaddr)
          for prog in (0, 100003, 0x3fffffff, 0x60000000)]
    for one in c:
        eq(one.open(one.fh('data'), 'f')[0].deleg.type, 0, 'a delegation without callbacks')
    # one that behaves is called back, and so the others would have been
    good = Caller40(w, b)
    good.delegated()
    good.end()
    time.sleep(1)
    eq([trap.count for trap in (*traps, own)], [0] * 5)
    for trap in (*traps, own):
        trap.close()


@test(server='ditto', clients=2, timeout=90)
def callbacks_that_end(w):
    """A callback to who accepts and closes is one connection, and pauses outlive its clients."""
    a, b = w.clients
    for client, reads in ((a, False), (b, True)):
        trap = Trap(client, client.addr, reads=reads)
        Client40(nfs4.connect(client), addr=trap.uaddr)
        time.sleep(SECONDS)
        one_of(trap.count, range(1, FEW + 1), f'connections, reads: {reads}')
        # neither do new clients, nor new incarnations and addresses of one, end the pauses
        for i in range(20):
            for ids in ({}, {'name': b'again'}, {'name': b'moves', 'verf': b'the same'}):
                Client40(nfs4.connect(client), addr=trap.uaddr, **ids)
        time.sleep(1)
        one_of(trap.count, range(1, FEW + 3), f'connections for many clients, reads: {reads}')
        trap.close()


@test(server='ditto', timeout=60)
def callbacks_go_on(w):
    """A client that closes connections while they are idle is called over others."""
    put(w.path('f'), b'data')
    put(w.path('g'), b'data')
    c, other = Caller40(w), V3(w)
    for name in ('f', 'g'):
        sid, fh = c.delegated(name, own=name.encode())
        c.at.drop()
        eq(other.write(name), nfs3.JUKEBOX)
        eq(c.recall().stateid, sid)
        c.give_back(sid, fh)
        other.until(nfs3.OK, name)
    c.end()


@test(server='ditto', clients=2)
def state_taken_over(w):
    """What LOCKT tells of another client does not make its session and its state usable."""
    put(w.path('f'), b'x')
    os.chmod(w.path('f'), 0o666)
    os.chmod(w.export, 0o777)
    v = Session.make(nfs4.connect(w.clients[0]), cred=AS_ALICE)
    got, f = v.open(v.fh('data'), 'f', nfs4.BOTH)
    lock = v.compound(putfh(f), nfs4.lock(nfs4.WRITE_LT, 0, 10, got.stateid,
                                          new=(0, 0, v.owner(b'lock')))).ok()[-1].stateid
    v2 = Session.make(nfs4.connect(w.clients[0]), cred=AS_ALICE)
    t = Session.make(nfs4.connect(w.clients[1]), cred=AS_BOB)
    t0 = Client40(nfs4.connect(w.clients[1]), cred=AS_BOB)

    def told(c, *name):
        r = c.compound(putfh(f), nfs4.lockt(nfs4.WRITE_LT, 0, 10, c.owner(*name)))
        eq(r.status, nfs4.DENIED)
        return r[-1].denied.clientid
    alias = told(t)
    eq([told(c) for c in (t, t0, v2)], [alias] * 3, 'the same for all others')
    eq(alias == v.clientid, False, 'the clientid of the victim')
    eq(told(v, b'other'), v.clientid, 'the holder itself')
    n = Nfs4(nfs4.connect(w.clients[1]), 1, AS_BOB)
    for seq in range(4):
        eq(n.compound(nfs4.create_session(alias, seq)).status, nfs4.STALE_CLIENTID)
    # who has learned the clientid by other ways gets no session by it, not even the last one again
    for seq in (1, 2):
        eq(n.compound(nfs4.create_session(v.clientid, seq)).status, nfs4.CLID_INUSE, seq)
    eq(Nfs4(nfs4.connect(w.clients[0]), 1, AS_BOB).compound(
        nfs4.create_session(v.clientid, 1)).status, nfs4.CLID_INUSE, 'another user of the machine')
    again = Nfs4(nfs4.connect(w.clients[0]), 1, AS_ALICE).compound(
        nfs4.create_session(v.clientid, 1)).ok()[0]
    eq(again.sessionid, v.id, 'a retransmission')
    # nor who knows the session: it can neither be ended nor diverted
    for op in (nfs4.bind_conn_to_session(v.id, 3), nfs4.destroy_clientid(v.clientid)):
        eq(n.compound(op).status, nfs4.WRONG_CRED, op.number)
    n.compound(nfs4.sequence(v.id, 1, 5, 5), nfs4.putrootfh())
    eq(n.compound(nfs4.destroy_session(v.id)).status, nfs4.WRONG_CRED)
    # and other states are not found from the clientid
    eq(lock[1][:8], struct.pack('>Q', v.clientid))
    for i in range(64):
        r = v.compound(putfh(f), nfs4.locku(nfs4.WRITE_LT, 0, 10,
                                            (1, struct.pack('>QI', v.clientid, i))))
        eq(r.status, nfs4.BAD_STATEID, i)
    told(t)
    v.compound(putfh(f), nfs4.locku(nfs4.WRITE_LT, 0, 10, lock)).ok()
    s = Session(nfs4.connect(w.clients[0]), v.clientid, 2, cred=AS_ALICE)
    s.compound(nfs4.putrootfh()).ok()


@test(server='ditto')
def links_to_others(w):
    """A user gives other names only to his files and to those that he may read and write."""
    os.chmod(w.export, 0o755)
    os.mkdir(w.path('bobs'))
    owned(w.path('bobs'), BOB, 0o755)
    modes = {'secret': 0o600, 'public': 0o644, 'writable': 0o666, 'suid': 0o4777,
             'sgid': 0o2777, 'locking': 0o2666, 'appended': 0o222}
    for name, mode in modes.items():
        put(w.path(name), b'#!')
        owned(w.path(name), ALICE, mode)
    os.symlink('secret', w.path('link'))
    os.mknod(w.path('fifo'), 0o010666)
    put(w.path('mine'), b'x')
    owned(w.path('mine'), BOB, 0o4700)
    allowed = {'writable', 'locking', 'mine'}
    n = w.client.nfs()
    root, d = n.root, n.lookup(n.root, 'bobs').fh
    as_bob, v4 = n.as_user(AS_BOB), Nfs4(nfs4.connect(w.client), 0, AS_BOB)
    for name in (*modes, 'link', 'fifo', 'mine'):
        fh = n.lookup(root, name).fh
        want = name in allowed
        eq(as_bob.link(fh, d, f'3{name}').status, nfs3.OK if want else nfs3.PERM, name)
        r = v4.compound(nfs4.putrootfh(), nfs4.lookup('data'), nfs4.lookup(name), nfs4.savefh(),
                        nfs4.putrootfh(), nfs4.lookup('data'), nfs4.lookup('bobs'),
                        nfs4.link(f'4{name}'))
        eq(r.status, nfs4.OK if want else nfs4.PERM, name)
    eq(sorted(os.listdir(w.path('bobs'))), sorted(v + name for v in '34' for name in allowed))
    # who owns a file may do with it what he wants
    owned(w.path('bobs'), BOB, 0o777)
    eq(n.as_user(AS_ALICE).link(n.lookup(root, 'suid').fh, d, 'own').status, nfs3.OK)


@test(server='ditto', timeout=60)
def quota_oracle(w):
    """By RQUOTA from any port, who claims to be a user learns nothing of that user's directories."""
    where, device = limited(w, 'ext4')
    limit(device, USER, ALICE, 3 * MIB, 4 * MIB, files=100)
    fill(f'{where}/f', ALICE, MIB)
    os.makedirs(f'{where}/private/project-x')
    put(f'{where}/private/a-file', b'')
    owned(f'{where}/private', ALICE, 0o700)
    os.mkdir(f'{where}/home')
    owned(f'{where}/home', ALICE, 0o700)
    c = w.client.connect(src_port=0)
    eq(c.port() > 1023, True)
    for path in ('project-x', 'none', 'a-file'):
        for uid in (ALICE, BOB):
            eq(ask(c, f'{where}/private/{path}', uid).status, NO_QUOTA, f'{path} as {uid}')
    # quota(1) of a user: the share, and what everybody may look up, as its own directory
    for path in ('', '/', '/home', '/private'):
        eq(ask(c, where + path, ALICE).hard, 4096, path)
    eq(ask(c, where, ALICE, cred=AS_BOB).status, EPERM, 'the usage of another user')
    # the machine itself may ask for its users wherever they may go
    machine = w.client.connect()
    eq(ask(machine, f'{where}/private/project-x', ALICE).status, OK)
    for path in ('project-x', 'none', 'a-file'):
        eq(ask(machine, f'{where}/private/{path}', BOB).status, NO_QUOTA, path)
    # a share that trusts every port believes every user
    w.server.set('limited', secure_ports=False)
    eq(ask(c, f'{where}/private/project-x', ALICE).status, OK)


@test(server='ditto', clients=2)
def mounts_of_others(w):
    """DUMP lists the mounts of the machine that asks, and EXPORT what admits it."""
    def dump(client):
        return client.connect().call(nfs3.MOUNT, 3, 2).body

    a, b = w.clients
    for client in (a, b):
        eq(client.nfs().mnt(w.export).status, nfs3.OK)
    for client, other in ((a, b), (b, a)):
        body = dump(client)
        assert client.addr.encode() in body, 'its own mount'
        assert other.addr.encode() not in body, 'the mount of another machine'
    # while it is not known whether a share admits the machine, it sees nothing
    w.server.set('data', allow=['@nobody-knows=rw'])
    eq(dump(a), bytes(4))
    w.server.set('data', allow=['*=rw'])
    assert a.addr.encode() in dump(a)

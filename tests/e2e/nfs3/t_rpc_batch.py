# SPDX-License-Identifier: GPL-2.0-only
"""Calls of one connection that arrive together, in pieces, or beside what is no call."""
import os
import socket
import struct
import threading
import time

import nfs3
import nfs4
import rpc
import servers
from checks import eq, one_of, wait_for
from client_lists import budget
from files import KIB, get, pattern, put
from harness import test
from nfs3 import MOUNT, NFS
from nfs4_ops42 import read_plus
from rpc import Enc
from rpc_batches import call, record, replies, setup
from volumes import frozen

# RPCSEC_GSS (RFC 2203 section 5.3.1): data, without protection, of a context that nobody made.
NO_CONTEXT = (rpc.AUTH_GSS, Enc().u32(1, 0, 1, 1).opaque(b'none').bytes())


def fragments(message, size):
    pieces = [message[i:i + size] for i in range(0, len(message), size)]
    last = len(pieces) - 1
    return b''.join(struct.pack('>I', (i == last) << 31 | len(p)) + p
                    for i, p in enumerate(pieces))


def one_by_one(w, messages):
    """The answers if each call has a connection of its own."""
    found = {}
    for message in messages:
        c = w.client.connect()
        c.send(message)
        found.update(replies(c, 1))
        c.close()
    return found


def mixture(n, f, big):
    """Calls of all kinds that change nothing, so that their answers do not depend on the order."""
    fh, read = Enc().opaque(f).bytes(), lambda count: Enc().opaque(big).u64(0).u32(count).bytes()
    calls = [
        (nfs3.GETATTR, fh, {}),
        (0, b'', {'cred': (rpc.AUTH_NONE, b'')}),
        (nfs3.READ, read(4 * KIB), {}),
        (nfs3.GETATTR, fh, {'cred': (rpc.AUTH_SYS, b'')}),
        (nfs3.GETATTR, fh, {'cred': rpc.auth_sys(0, 0, range(16))}),
        (nfs3.GETATTR, fh, {'cred': rpc.auth_sys(0, 0, range(17))}),
        (nfs3.GETATTR, fh, {'cred': (77, b'')}),
        (nfs3.GETATTR, fh, {'cred': NO_CONTEXT}),
        (nfs3.READ, read(1), {}),
        (nfs3.READ, read(4 * KIB + 2), {}),
        (nfs3.READ, read(16 * KIB - 1), {}),
        (nfs3.GETATTR, fh, {'verf': (rpc.AUTH_SYS, b'')}),
        (nfs3.GETATTR, fh, {'verf': (rpc.AUTH_NONE, b'four')}),
        (nfs3.READ, read(128 * KIB), {}),
        (nfs3.GETATTR, fh[:8], {}),
        (nfs3.READ, read(16 * KIB), {}),
        (nfs3.READ, read(16 * KIB + 1), {}),
        (nfs3.LOOKUP, nfs3.diropargs(n.root, 'f'), {}),
        (nfs3.LOOKUP, nfs3.diropargs(n.root, 'missing'), {}),
        (nfs3.READDIR, Enc().opaque(n.root).u64(0).fixed(bytes(8)).u32(4096).bytes(), {}),
        (nfs3.ACCESS, fh + Enc().u32(63).bytes(), {}),
        (99, b'', {}),
        (0, b'', {'vers': 9}),
        (0, b'', {'rpcvers': 3}),
        (nfs3.GETATTR, Enc().opaque(bytes(64)).bytes(), {}),
        (nfs3.FSINFO, Enc().opaque(n.root).bytes(), {}),
    ]
    return [call(0x7000 + i, proc, args, **kw) for i, (proc, args, kw) in enumerate(calls)]


def same(got, want, what):
    eq(sorted(got), sorted(want), f'{what}: calls answered')
    for xid, reply in want.items():
        assert got[xid] == reply, f'{what}: call {xid - 0x7000}: {got[xid]} instead of {reply}'


@test
def together(w):
    """Calls of all kinds in one segment are answered as if each had come alone."""
    n, f, big = setup(w)
    messages = mixture(n, f, big)
    want = one_by_one(w, messages)
    for what, stream in (('in order', messages), ('reversed', messages[::-1]),
                         ('twice', messages * 2), ('by turns', messages[::2] + messages[1::2])):
        c = w.client.connect()
        c.sock.sendall(b''.join(map(record, stream)))
        same(replies(c, len(stream)), want, what)
        c.close()


@test
def callers_together(w):
    """Each call of a segment has the rights of its own user, groups and share."""
    n, f, _ = setup(w)
    os.chown(w.path('f'), 1000, 2000)
    os.chmod(w.path('f'), 0o640)
    roots = [n.root]
    if w.server.name == 'ditto':
        path = f'{w.base}/beside'
        os.makedirs(path)
        os.chmod(path, 0o777)
        w.server.serve('beside', path, ro=True)
        roots.append(w.client.nfs(path=path).root)
    users = [rpc.auth_sys(*who) for who in (
        (1000, 1000), (1001, 1001), (1001, 1001, [2000]), (1001, 2000), (1000, 1000), (0, 0))]
    users += [users[0], (rpc.AUTH_NONE, b''), users[0]]
    access = [(Enc().opaque(fh).u32(63).bytes(), cred)
              for cred in users for fh in (f, f, *roots, *roots)]
    messages = [call(0x7000 + i, nfs3.ACCESS, args, cred=cred)
                for i, (args, cred) in enumerate(access)]
    want = one_by_one(w, messages)
    assert len(set(body for _, _, body in want.values())) > 4, 'the users have different rights'
    for stream in messages, messages[::-1], messages[::3] + messages[1::3] + messages[2::3]:
        c = w.client.connect()
        c.sock.sendall(b''.join(map(record, stream)))
        same(replies(c, len(stream)), want, 'callers')
        c.close()


@test(server='ditto')
def mounting_together(w):
    """What a client may ask with any flavour (RFC 2623 section 2.3.2) opens nothing behind it."""
    setup(w)
    path = f'{w.base}/strong'
    os.makedirs(path)
    put(f'{path}/f', b'secret')
    w.server.add('strong', path)
    n = w.client.nfs(path=path)
    root, f = (Enc().opaque(fh).bytes() for fh in (n.root, n.lookup(n.root, 'f').fh))
    w.server.set('strong', sec=['krb5'])
    refused = [(nfs3.LOOKUP, nfs3.diropargs(n.root, 'f')), (nfs3.GETATTR, f),
               (nfs3.READ, f + Enc().u64(0).u32(6).bytes())]
    # An admission may be remembered for a moment only, so there are many.
    procs = [(nfs3.FSINFO, root), *refused, (nfs3.GETATTR, root), *refused] * 7
    for cred in rpc.ROOT, rpc.auth_sys(1000, 1000), (rpc.AUTH_NONE, b''):
        messages = [call(0x7000 + i, proc, args, cred=cred)
                    for i, (proc, args) in enumerate(procs)]
        want = one_by_one(w, messages)
        for xid, (stat, _, _) in want.items():
            eq(stat, rpc.AUTH_ERROR if xid % 4 else rpc.SUCCESS, f'call {xid - 0x7000} alone')
        c = w.client.connect()
        c.sock.sendall(b''.join(map(record, messages)))
        same(replies(c, len(messages)), want, f'flavour {cred[0]}')
        c.close()


@test(server='ditto')
def flavours_asked_together(w):
    """SECINFO with a flavour that the share does not accept opens nothing behind it."""
    setup(w)
    path = f'{w.base}/strong'
    os.makedirs(path)
    put(f'{path}/f', b'secret')
    w.server.add('strong', path)
    n = nfs4.Nfs4(nfs4.connect(w.client))
    top, f = n.fh('strong'), n.fh('strong', 'f')
    w.server.set('strong', sec=['krb5'])
    compounds = [(nfs4.OK, (nfs4.putfh(top), nfs4.secinfo('f'))),
                 (nfs4.WRONGSEC, (nfs4.putfh(f), nfs4.getattr('type', 'size'))),
                 (nfs4.WRONGSEC, (nfs4.putfh(f), nfs4.read(nfs4.ANON, 0, 6)))] * 20
    for cred in rpc.ROOT, rpc.auth_sys(1000, 1000), (rpc.AUTH_NONE, b''):
        messages = [call(0x7000 + i, 1, nfs4.compound_bytes(ops, 0), vers=4, cred=cred)
                    for i, (_, ops) in enumerate(compounds)]
        want = one_by_one(w, messages)
        for i, (status, ops) in enumerate(compounds):
            stat, _, body = want[0x7000 + i]
            eq((stat, nfs4.read_reply(body, ops).status), (rpc.SUCCESS, status), f'call {i} alone')
        c = w.client.connect()
        c.sock.sendall(b''.join(map(record, messages)))
        same(replies(c, len(messages)), want, f'flavour {cred[0]}')
        c.close()


class Bundles:
    """A thread that sends calls, many together, and looks at the statuses of their answers."""

    def __init__(self, w, message, statuses):
        self.conn, self.message, self.sent, self.end = w.client.connect(), message, 0, False
        self.count = dict.fromkeys(statuses, 0)
        # Each status that was not that of the answer before.
        self.changes = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.end:
            first = self.sent
            self.conn.sock.sendall(b''.join(record(self.message(first + i)) for i in range(60)))
            self.sent += 60
            for _, _, body in replies(self.conn, 60).values():
                status = struct.unpack('>I', body[:4])[0]
                one_of(status, self.count)
                self.count[status] += 1
                if [status] != self.changes[-1:]:
                    self.changes.append(status)

    def goes_on(self, status):
        """Wait for more answers of a kind than a bundle has: one was asked for after now."""
        before = self.count[status]
        wait_for(f'more of {status}', lambda: self.count[status] > before + 60)

    def stop(self):
        self.end = True
        self.thread.join()
        self.conn.close()


def one_thread(w):
    w.server.ctl('server', 'set', 'threads', '1')
    wait_for('one thread', lambda: len(servers.service_threads()) == 1)


@test(server='ditto')
def read_only_meanwhile(w):
    """Once a share is read-only nothing is written, though calls were on the way together."""
    _, f, _ = setup(w)
    # One thread has at most one call between its admission and its end.
    one_thread(w)
    # Each of one byte at a place of its own.
    writes = Bundles(w, lambda i: call(0x7000 + i, nfs3.WRITE, Enc().opaque(f).u64(i).u32(1, 0)
                                       .opaque(b'x').bytes()), (nfs3.OK, nfs3.ROFS))
    try:
        for _ in range(5):
            writes.goes_on(nfs3.OK)
            w.server.set('data', ro=True)
            before = get(w.path('f')).count(b'x')
            writes.goes_on(nfs3.ROFS)
            after = get(w.path('f')).count(b'x')
            assert after <= before + 1, f'{after - before} bytes written to a read-only share'
            w.server.set('data', ro=False)
    finally:
        writes.stop()


@test(server='ditto')
def gone_meanwhile(w):
    """A handle is stale once its file or share is removed, though it was used just before.

    That nothing freed is looked at for it is told by KASAN.
    """
    n, _, _ = setup(w)
    one_thread(w)
    for number in range(20):
        fh = Enc().opaque(n.create(n.root, 'gone').fh).bytes()
        asks = Bundles(w, lambda i, fh=fh: call(0x7000 + i, nfs3.GETATTR, fh),
                       (nfs3.OK, nfs3.STALE))
        want = [nfs3.OK, nfs3.STALE]
        try:
            asks.goes_on(nfs3.OK)
            if number % 4 == 3:
                w.server.delete('data')
                asks.goes_on(nfs3.STALE)
                w.server.add('data', w.export)
                asks.goes_on(nfs3.OK)
                want *= 2
            os.remove(w.path('gone'))
            asks.goes_on(nfs3.STALE)
        finally:
            asks.stop()
        eq(asks.changes, want)


@test(server='ditto')
def requests_counted(w):
    """Each call of a segment counts as a request of the client."""
    def requests():
        found, = w.server.json('client', 'list')
        return found['requests']

    _, f, _ = setup(w)
    messages = [call(0x7000 + i, nfs3.GETATTR, Enc().opaque(f).bytes()) for i in range(20)]
    c = w.client.connect()
    c.send(call(0x6000, 0))
    replies(c, 1)
    for stream in messages, messages[:1], messages * 3:
        before = requests()
        c.sock.sendall(b''.join(map(record, stream)))
        replies(c, len(stream))
        eq(requests() - before, len(stream), 'requests')
    c.close()


@test(server='ditto')
def switched(w):
    """The setting decides how calls are executed, not what is answered; it applies at once."""
    n, f, big = setup(w)
    messages = mixture(n, f, big)
    want = one_by_one(w, messages)
    c = w.client.connect()
    for value in '0', '1', '0', '1', '0':
        w.server.ctl('server', 'set', 'fast-path', value)
        c.sock.sendall(b''.join(map(record, messages)))
        same(replies(c, len(messages)), want, f'fast-path {value}')
    c.close()


@test
def odd_lengths(w):
    """The padding of a reply, and what is behind it, is not touched by the next reply."""
    _, _, big = setup(w)
    reads = [call(0x7000 + i, nfs3.READ, Enc().opaque(big).u64(i).u32(size).bytes())
             for i, size in enumerate([1, 2, 3, 5, 4095, 4097, 8191, 16383] * 4)]
    want = one_by_one(w, reads)
    eq({stat for stat, _, _ in want.values()}, {rpc.SUCCESS})
    c = w.client.connect()
    c.sock.sendall(b''.join(map(record, reads)))
    same(replies(c, len(reads)), want, 'reads')
    c.close()


@test(server='ditto')
def compounds(w):
    """Results behind the payload of a READ arrive as they were, whatever its length."""
    setup(w)
    fh = nfs4.Nfs4(nfs4.connect(w.client)).fh('data', 'big')
    messages = []
    for i, size in enumerate([1, 2, 3, 4097, 8190, 16383, 16384, 100001] * 4):
        ops = (nfs4.putrootfh(), nfs4.getattr('type', 'fileid'))
        messages.append(call(0x7000 + 2 * i, 1, nfs4.compound_bytes(ops, 0), vers=4))
        ops = (nfs4.putfh(fh), nfs4.read(nfs4.ANON, i, size), nfs4.getattr('type', 'size'))
        messages.append(call(0x7001 + 2 * i, 1, nfs4.compound_bytes(ops, 0), vers=4))
    want = one_by_one(w, messages)
    c = w.client.connect()
    c.sock.sendall(b''.join(map(record, messages)))
    same(replies(c, len(messages)), want, 'compounds')
    c.close()


@test(server='ditto', fs='ext4')
def slow_call_in_front(w):
    """A write that hangs does not hold the calls behind it, though it looked like a short one."""
    n, f, _ = setup(w)
    write = call(0x7000, nfs3.WRITE, Enc().opaque(f).u64(0).u32(4, 0).opaque(b'slow').bytes())
    behind = [call(0x7001 + i, nfs3.GETATTR, Enc().opaque(n.root).bytes()) for i in range(8)]
    c = w.client.connect()
    with frozen(w.export):
        c.sock.sendall(b''.join(map(record, [write, *behind])))
        wait_for('it hangs', lambda: 'D' in servers.service_threads())
        got = replies(c, len(behind))
        eq(sorted(got), [0x7001 + i for i in range(8)])
        eq({stat for stat, _, _ in got.values()}, {rpc.SUCCESS})
    (stat, _, body), = replies(c, 1).values()
    eq((stat, body[:4]), (rpc.SUCCESS, bytes(4)))
    with open(w.path('f'), 'rb') as file:
        eq(file.read(4), b'slow')
    c.close()


@test(server='ditto', clients=2)
def turns(w):
    """While another connection waits, a connection with many calls has eight of them done."""
    where = w.served_volume('frozen')
    put(f'{where}/f', b'')
    n, f, _ = setup(w)
    put(w.path('f'), b'')
    stuck, greedy, other = w.client.nfs(path=where), w.client.connect(), w.clients[1].nfs()
    slow = Enc().opaque(stuck.lookup(stuck.root, 'f').fh).u64(0).u32(1, 0).opaque(b'x').bytes()
    calls = [call(0x7000 + i, nfs3.WRITE,
                  Enc().opaque(f).u64(i).u32(1, 0).opaque(b'x').bytes()) for i in range(60)]
    # The only thread hangs until both connections have something for it.
    w.server.ctl('server', 'set', 'threads', '1')
    wait_for('one thread', lambda: len(servers.service_threads()) == 1)
    with frozen(where):
        stuck.rpc.send(call(0x6000, nfs3.WRITE, slow))
        wait_for('it hangs', lambda: servers.service_threads() == ['D'])
        greedy.sock.sendall(b''.join(map(record, calls)))
        other.rpc.send(call(0x6001, nfs3.GETATTR, Enc().opaque(f).bytes()))
    stat = other.rpc.recv()
    eq((stat.xid, stat.body[:4]), (0x6001, bytes(4)))
    # Each call made the file longer by a byte (RFC 1813 2.3.5: size is behind five numbers).
    written, = struct.unpack_from('>Q', stat.body, 24)
    got = replies(greedy, len(calls))
    eq({(stat, body[:4]) for stat, _, body in got.values()}, {(rpc.SUCCESS, bytes(4))})
    assert written <= 8, f'{written} calls of one connection were done while another waited'
    eq(stuck.rpc.recv().stat, rpc.SUCCESS)


@test
def fragments_between(w):
    """Records in several fragments stand between others."""
    n, f, big = setup(w)
    messages = mixture(n, f, big)
    want = one_by_one(w, messages)
    for size in (4, 7, 60, 4 * KIB):
        c = w.client.connect()
        c.sock.sendall(b''.join(fragments(m, size) if i % 3 else record(m)
                                for i, m in enumerate(messages)))
        same(replies(c, len(messages)), want, f'fragments of {size}')
        c.close()


@test
def for_sunrpc_behind_a_payload(w):
    """What sunrpc receives behind the payload of a READ is decoded from where it was received."""
    n, f, _ = setup(w)
    # The payload looks like a call, and must not become one.
    evil = call(0x6666, nfs3.MKDIR, nfs3.diropargs(n.root, 'evil') + nfs3.sattr(mode=0o755))
    put(w.path('evil call'), evil + bytes(16 * KIB))
    fh = nfs4.Nfs4(nfs4.connect(w.client)).fh('data', 'evil call')
    stream, messages = b'', []
    for i, size in enumerate([1, len(evil), 4 * KIB, 16 * KIB] * 2):
        ops = nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, size)
        read = call(0x7000 + 2 * i, 1, nfs4.compound_bytes(ops, 0), vers=4)
        if i % 2:
            other = call(0x7001 + 2 * i, nfs3.GETATTR, Enc().opaque(f).bytes(), cred=NO_CONTEXT)
            stream += record(read) + record(other)
        else:
            other = call(0x7001 + 2 * i, nfs3.GETATTR, Enc().opaque(f).bytes())
            stream += record(read) + fragments(other, 60)
        messages += [read, other]
    want = one_by_one(w, messages)
    c = w.client.connect()
    c.sock.sendall(stream)
    same(replies(c, len(messages)), want, 'in one stream')
    c.close()
    eq(os.path.exists(w.path('evil')), False)


@test
def by_reference_together(w):
    """Payloads that are sent by reference, between others, and again once the file has changed."""
    _, _, big = setup(w)
    fh = nfs4.Nfs4(nfs4.connect(w.client)).fh('data', 'big')
    for number in 1, 2:
        put(w.path('big'), pattern(number, 128 * KIB))
        messages = []
        for i, size in enumerate([24, 1, 32, 64, 17, 16, 33, 4] * 3):
            at = 1000 * i
            ops = nfs4.putfh(fh), nfs4.read(nfs4.ANON, at, size * KIB), nfs4.getattr('size')
            messages += [call(0x7000 + 2 * i, nfs3.READ, Enc().opaque(big).u64(at).u32(size * KIB)
                              .bytes()),
                         call(0x7001 + 2 * i, 1, nfs4.compound_bytes(ops, 0), vers=4)]
        want = one_by_one(w, messages)
        for i, (_, _, body) in want.items():
            at = 1000 * ((i - 0x7000) // 2)
            assert pattern(number, 128 * KIB)[at:at + KIB] in body, i
        c = w.client.connect()
        c.sock.sendall(b''.join(map(record, messages)))
        same(replies(c, len(messages)), want, 'in one stream')
        c.close()


@test
def payload_that_does_not_fit(w):
    """A READ whose data had been found in the page cache, and does not fit into the reply."""
    setup(w)
    s = nfs4.Session.make(nfs4.connect(w.client), minor=2, fore=nfs4.Channel(response=32 * KIB))
    names = nfs4.Nfs4(nfs4.connect(w.client))
    fh = names.fh('data', 'big')
    # With and without padding, and a hole behind the data.
    for size in range(32 * KIB - 200, 32 * KIB - 60):
        put(w.path('holes'), pattern(1, size))
        os.truncate(w.path('holes'), 128 * KIB)
        holes = names.fh('data', 'holes')
        for where, read in ((fh, nfs4.read), (fh, read_plus), (holes, read_plus)):
            r = s.compound(nfs4.putfh(where), read(nfs4.ANON, 0, size), nfs4.getattr('type'))
            one_of(r.status, (nfs4.OK, nfs4.REP_TOO_BIG))
    for _ in range(10):
        eq(s.compound(nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, 64 * KIB),
                      nfs4.getattr('type')).status, nfs4.REP_TOO_BIG)
        for size in 16 * KIB, 24 * KIB:
            r = s.compound(nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, size)).ok()
            eq(r[-1].data, pattern(1, 128 * KIB)[:size])


@test(timeout=60)
def split_everywhere(w):
    """Two calls are answered wherever the stream is divided."""
    n, f, _ = setup(w)
    messages = [call(0x7000, nfs3.GETATTR, Enc().opaque(f).bytes()),
                call(0x7001, nfs3.LOOKUP, nfs3.diropargs(n.root, 'f'))]
    want = one_by_one(w, messages)
    stream = b''.join(map(record, messages))
    c = w.client.connect()
    for cut in range(1, len(stream)):
        c.sock.sendall(stream[:cut])
        # Its answer shows that the server had time for the first part.
        eq(n.getattr(f).status, nfs3.OK)
        c.sock.sendall(stream[cut:])
        same(replies(c, 2), want, f'cut at {cut}')
    for byte in stream:
        c.sock.sendall(bytes([byte]))
    same(replies(c, 2), want, 'byte by byte')


@test
def more_than_a_buffer(w):
    """Hundreds of calls with payload, in one stream that no buffer holds."""
    n, f, big = setup(w)
    data = pattern(2, 3000)
    total = 300
    stream = b''.join(
        record(call(0x7000 + i, nfs3.WRITE,
                    Enc().opaque(f).u64(i * 3000).u32(3000, 0).opaque(data).bytes()))
        if i % 2 else
        record(call(0x7000 + i, nfs3.READ, Enc().opaque(big).u64(4 * i).u32(2000).bytes()))
        for i in range(total))
    c = w.client.connect()
    c.sock.sendall(stream)
    got = replies(c, total)
    eq(len(got), total)
    content = pattern(1, 128 * KIB)
    for xid, (stat, _, body) in got.items():
        eq((stat, body[:4]), (rpc.SUCCESS, bytes(4)), f'call {xid - 0x7000}')
        if not xid % 2:
            i = xid - 0x7000
            assert content[4 * i:4 * i + 2000] in body, f'content of read {i}'
    with open(w.path('f'), 'rb') as file:
        for i in range(1, total, 2):
            file.seek(i * 3000)
            eq(file.read(3000), data, f'write {i}')


@test
def nonsense_behind(w):
    """A call is answered whatever follows it, and other connections are not disturbed."""
    n, f, _ = setup(w)
    message = call(0x7000, nfs3.GETATTR, Enc().opaque(f).bytes())
    want = one_by_one(w, [message])
    for junk in (b'\x80', struct.pack('>I', 0x80000000 | 200) + b'half',
                 struct.pack('>I', 0xffffffff) + b'x' * 100, struct.pack('>I', 0x80000000),
                 struct.pack('>I', 0x80000003) + b'abc', b'GET / HTTP/1.0\r\n\r\n',
                 struct.pack('>I', 0x80000004) + b'abcd', bytes(64), b'\xff' * 4096,
                 record(struct.pack('>II', 0x7001, 1) + bytes(100)),    # a reply
                 record(struct.pack('>II', 0x7001, 7) + bytes(100)), record(message[:39])):
        c = w.client.connect()
        c.sock.sendall(record(message) + junk)
        same(replies(c, 1), want, f'before {junk[:20]}')
        c.close()
        eq(n.getattr(f).status, nfs3.OK, f'after {junk[:20]}')


@test
def repeated(w):
    """A call that changes something is executed once, though it stands twice in one segment."""
    n, _, _ = setup(w)
    attrs = nfs3.sattr(0o644)
    args = nfs3.diropargs(n.root, 'new') + Enc().u32(nfs3.GUARDED).fixed(attrs).bytes()
    c = w.client.connect()
    message = call(0x7000, nfs3.CREATE, args)
    c.sock.sendall(record(message) * 3 + record(call(0x7001, 0)))
    got = {}
    while len(got) < 2:
        r = c.recv()
        got[r.xid] = r.stat, r.body[:4]
    eq(got[0x7000], (rpc.SUCCESS, bytes(4)))
    remove = call(0x7002, nfs3.REMOVE, nfs3.diropargs(n.root, 'new'))
    c.sock.sendall(record(remove) + record(call(0x7003, 0)))
    while 0x7002 not in got:
        r = c.recv()
        got[r.xid] = r.stat, r.body[:4]
        assert r.xid != 0x7000 or r.body[:4] == bytes(4), 'a retransmission gets the first reply'
    eq(got[0x7002], (rpc.SUCCESS, bytes(4)))


@test
def programs_together(w):
    """Calls of several programs and versions share a segment."""
    n, f, _ = setup(w)
    port = w.server.mount_port
    c = w.client.connect(port=port)
    messages = [rpc.call_bytes(prog, vers, 0, xid=0x7000 + i) for i, (prog, vers) in enumerate(
        ((MOUNT, 3), (NFS, 3), (NFS, 4), (100021, 4), (100011, 1), (100227, 3), (NFS, 3), (9, 9)))]
    c.sock.sendall(b''.join(map(record, messages)))
    got = replies(c, len(messages))
    eq(got[0x7000][0], rpc.SUCCESS)
    if port == 2049:
        eq([got[0x7000 + i][0] for i in (1, 2, 6)], [rpc.SUCCESS] * 3)
    eq(got[0x7007][0], rpc.PROG_UNAVAIL)
    eq(n.getattr(f).status, nfs3.OK)


@test(clients=2)
def nobody_reads(w):
    """A client that reads no replies does not keep another one from its own."""
    n, f, big = setup(w)
    c = w.clients[1].connect()
    c.sock.settimeout(2)
    stream = b''.join(record(call(0x7000 + i, nfs3.READ, Enc().opaque(big).u64(0).u32(16 * KIB)
                                  .bytes())) for i in range(64))
    try:
        for _ in range(200):
            c.sock.sendall(stream)
    except OSError:
        pass
    if w.server.name == 'ditto':
        wait_for('the replies are charged', lambda: 'unsent-bytes' in budget(w, 1))
    for _ in range(50):
        eq(n.getattr(f).status, nfs3.OK)
    c.close()
    eq(n.getattr(f).status, nfs3.OK, 'afterwards')


@test
def listings_wait_to_be_read(w):
    """Replies that a client has not read yet keep their entries, whatever is listed meanwhile."""
    n, _, _ = setup(w)
    folders = []
    for i in range(4):
        os.mkdir(w.path(f'd{i}'))
        for j in range(300):
            put(w.path(f'd{i}/{i}-{j:04}'), b'')
        os.utime(w.path(f'd{i}'), (time.time() + 1000, time.time()))
        folders.append(n.lookup(n.root, f'd{i}').fh)
    messages = [call(0x7000 + i, nfs3.READDIRPLUS, Enc().opaque(folders[i % 4]).u64(0)
                     .fixed(bytes(8)).u32(64 * KIB, 64 * KIB).bytes()) for i in range(40)]
    want = one_by_one(w, messages[:4])
    c = w.client.connect()
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
    c.sock.sendall(b''.join(map(record, messages)))
    for i in range(40):
        eq(len(n.readdirplus(folders[i % 4], maxcount=64 * KIB, dircount=64 * KIB).entries), 302)
    same(replies(c, len(messages)), {0x7000 + i: want[0x7000 + i % 4] for i in range(40)},
         'listings')


@test(server='ditto', clients=2)
def unsent_before_a_part(w):
    """Replies are charged though the beginning of a record follows the calls."""
    _, _, big = setup(w)
    c = w.clients[1].connect()
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
    c.sock.sendall(b''.join(record(call(0x7000 + i, nfs3.READ, Enc().opaque(big).u64(0)
                                        .u32(16 * KIB).bytes())) for i in range(60))
                   + struct.pack('>I', 0x80000000 | 200) + b'half')
    wait_for('the replies are charged', lambda: 'unsent-bytes' in budget(w, 1))
    c.close()
    wait_for('nothing is charged', lambda: 'unsent-bytes' not in budget(w, 1))

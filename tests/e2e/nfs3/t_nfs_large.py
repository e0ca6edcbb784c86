# SPDX-License-Identifier: GPL-2.0-only
"""NFS: long WRITEs, whose data stay where the network received them, however TCP divides them."""
import contextlib
import random
import socket
import struct

import nfs3
import nfs4
import rpc
from checks import eq, wait_for
from client_lists import budget
from files import KIB, MIB, get, put
from harness import test
from nfs4 import Channel, Session
from rpc import Enc
from rpc_batches import call, record, replies, setup

# Around the lengths from which data are received apart, and of other buffers, pages and words.
LENGTHS = (16 * KIB - 200, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 20_003, 64 * KIB - 200, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 100_002, 256 * KIB + 3, MIB - 1, MIB)


def noise(seed, count):
    return random.Random(seed).randbytes(count)


def write3(f, data, offset=0, stable=nfs3.UNSTABLE, count=None, told=None, xid=0x7000, **kw):
    """A WRITE of NFSv3; count and told are what the arguments say of the length."""
    args = Enc().opaque(f).u64(offset).u32(len(data) if count is None else count, stable)
    args.u32(len(data) if told is None else told).fixed(data)
    return call(xid, nfs3.WRITE, args.bytes(), **kw)


def send(c, message, *sizes):
    """Send a record in pieces of these sizes, in turn; all at once without sizes."""
    stream, at, turn = record(message), 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)] if sizes else len(stream)
        c.sock.sendall(stream[at:at + size])
        at, turn = at + size, turn + 1


def wrote3(reply, count):
    """Check the answer to a WRITE (RFC 1813 3.3.7): count is in front of committed and verifier."""
    stat, _, body = reply
    eq((stat, body[:4]), (rpc.SUCCESS, bytes(4)))
    eq(struct.unpack_from('>I', body, len(body) - 16)[0], count)


@test
def lengths(w):
    """Data of any length arrive whole, at any offset, with other calls in the same segments."""
    n, f, _ = setup(w)
    c = w.client.connect()
    for at, size in enumerate(LENGTHS):
        offset, data = 7919 * at, noise(at, size)
        small = call(0x7001, nfs3.GETATTR, Enc().opaque(n.root).bytes())
        after = write3(f, b'behind', offset + size, xid=0x7002)
        c.sock.sendall(b''.join(map(record, (small, write3(f, data, offset), after))))
        got = replies(c, 3)
        wrote3(got[0x7000], size)
        wrote3(got[0x7002], 6)
        eq(get(w.path('f'))[offset:offset + size + 6] == data + b'behind', True, size)
    # several that are on their way at once
    each = [noise(50 + i, 300 * KIB + i) for i in range(6)]
    c.sock.sendall(b''.join(record(write3(f, data, i * MIB, xid=0x7100 + i))
                            for i, data in enumerate(each)))
    got = replies(c, len(each))
    content = get(w.path('f'))
    for i, data in enumerate(each):
        wrote3(got[0x7100 + i], len(data))
        eq(content[i * MIB:i * MIB + len(data)] == data, True, i)
    c.close()


@test(timeout=60)
def small_segments(w):
    """A client may send its bytes as it likes, with marks and headers divided, too."""
    _, f, _ = setup(w)
    c = w.client.connect()
    head = len(record(write3(f, b'')))
    for seed, sizes in enumerate(((1448,), (1, 3, 50, 10_000), (head, 2, 511, 513), (head - 1, 70_000),
                                  (20_000, 1, 1, 1), (9000,), (head + 200 * KIB + 11, 1))):
        for size in 200 * KIB + 11, 20_003, 12_001:
            data = noise(seed, size)
            send(c, write3(f, data), *sizes)
            wrote3(replies(c, 1)[0x7000], len(data))
            eq(get(w.path('f'))[:len(data)] == data, True, (size, sizes))
    c.close()


@test(timeout=60)
def one_after_another(w):
    """Many WRITEs of middle size in one stream, with short calls between them."""
    n, f, _ = setup(w)
    c = w.client.connect()
    for size in 16_000, 20_000, 40_000, 64_000:
        each = [noise(i, size + i) for i in range(12)]
        small = call(0x7200, nfs3.GETATTR, Enc().opaque(n.root).bytes())
        c.sock.sendall(b''.join(record(write3(f, data, i * KIB * 64, xid=0x7100 + i)) +
                                (record(small) if i % 3 == 0 else b'')
                                for i, data in enumerate(each)))
        got = [c.recv() for _ in range(16)]
        eq({(r.stat, r.body[:4]) for r in got}, {(rpc.SUCCESS, bytes(4))})
        eq(sum(r.xid == 0x7200 for r in got), 4)
        content = get(w.path('f'))
        for i, data in enumerate(each):
            eq(content[i * KIB * 64:i * KIB * 64 + len(data)] == data, True, (size, i))
    c.close()


@test(server='ditto', timeout=60)
def little_room(w):
    """A call that the socket has no room for as a whole is received all the same."""
    _, f, _ = setup(w)
    w.server_ns.run('sysctl', '-qw', 'net.ipv4.tcp_rmem=4096 4096 4096')
    c = w.client.connect()
    c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for size, sizes in (12_000, ()), (15_000, (3, 100)), (20_003, ()), (200_000, (1448,)):
        data = noise(size, size)
        send(c, write3(f, data), *sizes)
        wrote3(replies(c, 1)[0x7000], len(data))
        eq(get(w.path('f'))[:len(data)] == data, True, size)
    c.close()


def filler(root, total):
    """GETATTRs that are so many bytes long in all."""
    def one(number, pad=0):
        return record(call(0x6000 + number, nfs3.GETATTR, Enc().opaque(root).bytes(),
                           cred=rpc.auth_sys(0, 0, machine=b'm' * pad)))
    size = len(one(0))
    count = total // size
    # The names of the last three machines fill up what is left.
    left = [(total - count * size) // 3 & ~3] * 2
    left.append(total - count * size - sum(left))
    out = [one(i, left[i] if i < 3 else 0) for i in range(count)]
    eq(sum(map(len, out)), total)
    return out


@test(timeout=60)
def cut_headers(w):
    """Short calls in front leave only a part of the header in what is looked at first."""
    n, f, _ = setup(w)
    data = noise(8, 150_000)
    fh = nfs4.Nfs4(nfs4.connect(w.client)).fh('data', 'f') if w.server.name == 'ditto' else None
    ops = fh and (nfs4.putfh(fh), nfs4.write(nfs4.ANON, 0, data), nfs4.getattr('size'))
    long = [write3(f, data), call(0x7000, 0, bytes(100_000))]
    if ops:
        long.append(call(0x7000, 1, nfs4.compound_bytes(ops, 0), vers=4))
    for message in long:
        for cut in (4, 8, 40, 100, 132, 148, 200):
            put(w.path('f'), b'')
            front = filler(n.root, 8 * KIB - cut)
            c = w.client.connect()
            c.sock.sendall(b''.join(front) + record(message))
            got = replies(c, len(front) + 1)
            eq({stat for stat, _, _ in got.values()}, {rpc.SUCCESS}, cut)
            eq(got[0x7000][2][:4], b'' if message is long[1] else bytes(4), cut)
            eq(get(w.path('f')) == (b'' if message is long[1] else data), True, cut)
            c.close()


def limits():
    return Channel(request=2 * MIB)


def compounds_of(w, minor):
    """What sends WRITE among other operations: (bytes of a COMPOUND, its reply, the handle)."""
    c = nfs4.connect(w.client)
    if minor:
        s = Session.make(c, minor=minor, fore=limits())
        return c, lambda *ops: (s.sequence(), *ops), s.fh('data', 'f')
    return c, lambda *ops: ops, nfs4.Nfs4(c).fh('data', 'f')


@test(server='ditto')
def compounds(w):
    """What is behind the data of a WRITE is executed, and what fails in front of it ends it."""
    setup(w)
    big = get(w.path('big'))
    for minor in 0, 1, 2:
        c, whole, fh = compounds_of(w, minor)

        def ask(*ops, tag=b'', sizes=()):
            ops = whole(*ops)
            send(c, call(0x7000, 1, nfs4.compound_bytes(ops, minor, tag), vers=4), *sizes)
            return nfs4.read_reply(c.recv().body, ops)
        for at, size in enumerate(LENGTHS):
            data = noise(10 * minor + at, size)
            with open(w.path('f'), 'wb'):
                pass
            r = ask(nfs4.putfh(fh), nfs4.write(nfs4.ANON, 3, data), nfs4.getattr('size'),
                    nfs4.read(nfs4.ANON, size - 7, 100), tag=b'tag' * (at % 3),
                    sizes=(0, 4000, 300_000)[at % 3:][:1] if at % 3 else ()).ok()
            eq((r.of('write').count, r.of('getattr').attrs['size']), (size, size + 3))
            eq(r.of('read').data, data[-10:])
            eq(get(w.path('f')) == bytes(3) + data, True, size)
        data = noise(77, 90_000)
        # two WRITEs, and one that is not where it is looked for
        r = ask(nfs4.putfh(fh), nfs4.write(nfs4.ANON, 0, data), nfs4.write(nfs4.ANON, 5, b'second')).ok()
        eq(get(w.path('f'))[:90_000] == data[:5] + b'second' + data[11:], True)
        ask(nfs4.putrootfh(), nfs4.putfh(fh), nfs4.write(nfs4.ANON, 0, data)).ok()
        eq(get(w.path('f'))[:90_000] == data, True)
        # the handle is of nothing
        r = ask(nfs4.putfh(bytes(len(fh))), nfs4.write(nfs4.ANON, 0, bytes(90_000)), nfs4.getattr('size'))
        eq(len(r), 2 if minor else 1)
        eq(get(w.path('f'))[:90_000] == data, True)
        # and after all that the connection is as it was
        eq(ask(nfs4.putfh(fh), nfs4.read(nfs4.ANON, 0, 10)).ok().of('read').data, data[:10])
        c.close()
    eq(get(w.path('big')) == big, True)


@test(server='ditto')
def repeated(w):
    """A retry is answered from the cache; other data with the same numbers are another call."""
    _, f, _ = setup(w)
    c = w.client.connect()
    data, other = noise(1, 200_000), noise(2, 200_000)
    first = write3(f, data, stable=nfs3.FILE_SYNC)
    send(c, first)
    wrote3(replies(c, 1)[0x7000], len(data))
    put(w.path('f'), b'changed')
    for sizes in (), (50, 100_000), (1448,):
        send(c, first, *sizes)
        wrote3(replies(c, 1)[0x7000], len(data))
        eq(get(w.path('f')), b'changed', 'from the cache')
    # received by sunrpc, because it is in two fragments
    c.send(first, 150_000)
    wrote3(replies(c, 1)[0x7000], len(data))
    eq(get(w.path('f')), b'changed', 'from the cache')
    send(c, write3(f, other, stable=nfs3.FILE_SYNC))
    wrote3(replies(c, 1)[0x7000], len(other))
    eq(get(w.path('f'))[:len(other)] == other, True)
    c.close()

    s = Session.make(nfs4.connect(w.client), fore=limits())
    fh = s.fh('data', 'f')
    ops = [s.sequence(cache=True), nfs4.putfh(fh), nfs4.write(nfs4.ANON, 0, data)]
    s.nfs.compound(*ops).ok()
    put(w.path('f'), b'changed')
    s.nfs.compound(*ops).ok()
    eq(get(w.path('f')), b'changed', 'from the slot')
    s.rpc.send(call(0x7000, 1, nfs4.compound_bytes(ops, 1), vers=4), 150_000)
    eq(nfs4.read_reply(s.rpc.recv().body, ops).status, nfs4.OK)
    ops[2] = nfs4.write(nfs4.ANON, 0, other)
    eq(s.nfs.compound(*ops).status, nfs4.SEQ_FALSE_RETRY)
    eq(get(w.path('f')), b'changed', 'a false retry')


@test
def not_what_they_say(w):
    """Calls whose data are longer or shorter than told, or that are invalid otherwise."""
    n, f, _ = setup(w)
    put(w.path('f'), b'as it was')
    data = noise(3, 100_000)

    def answer(message):
        c = w.client.connect()
        send(c, message)
        (stat, _, body), = replies(c, 1).values()
        c.sock.sendall(record(call(0x7001, nfs3.GETATTR, Enc().opaque(f).bytes())))
        eq(replies(c, 1)[0x7001][2][:4], bytes(4), 'the connection goes on')
        c.close()
        return stat, struct.unpack('>I', body[:4])[0] if body else None
    garbage = (rpc.GARBAGE_ARGS, None)
    eq(answer(write3(f, data, told=len(data) + 4)), garbage)
    eq(answer(write3(f, data, told=0xffffffff)), garbage)
    eq(answer(write3(f, data, told=0xfffffffd)), garbage)
    eq(answer(write3(f, data, stable=7)), garbage)
    eq(answer(write3(bytes(65), data)), garbage)
    eq(answer(write3(f, data, count=len(data) + 1)), (rpc.SUCCESS, nfs3.INVAL))
    eq(answer(write3(f, data, offset=(1 << 63) - 5)), (rpc.SUCCESS, nfs3.FBIG))
    eq(answer(write3(n.root, data)), (rpc.SUCCESS, nfs3.INVAL))
    eq(answer(write3(bytes(64), data))[0], rpc.SUCCESS)
    eq(get(w.path('f')), b'as it was')
    # less than all of it, and more than all of it behind
    eq(answer(write3(f, data, count=70_000)), (rpc.SUCCESS, nfs3.OK))
    eq(get(w.path('f')) == data[:70_000], True)
    eq(answer(write3(f, data[:80_000]) + bytes(64)), (rpc.SUCCESS, nfs3.OK))
    eq(get(w.path('f')) == data[:80_000], True)
    eq(answer(write3(f, data, told=90_000)), (rpc.SUCCESS, nfs3.INVAL))
    eq(answer(write3(f, data, told=90_000, count=90_000)), (rpc.SUCCESS, nfs3.OK))
    eq(get(w.path('f')) == data[:90_000], True)


@test(server='ditto', clients=2)
def cut_off(w):
    """A connection that ends within the data changes nothing, and holds nothing."""
    _, f, _ = setup(w)
    put(w.path('f'), b'as it was')
    message = record(write3(f, noise(4, MIB)))
    for part in (150, 9000, 200_000, 700_000, len(message) - 1):
        c = w.client.connect()
        c.sock.sendall(message[:part])
        c.close(abort=part == 200_000)
    # urgent data, which no client of NFS sends, end the connection, in the data and behind them
    fh = nfs4.Nfs4(nfs4.connect(w.client)).fh('data', 'f')
    ops = nfs4.putfh(fh), nfs4.write(nfs4.ANON, 0, noise(4, MIB)), nfs4.getattr('size')
    compound = record(call(0x7000, 1, nfs4.compound_bytes(ops, 0), vers=4))
    for stream, part in ((message, 500_000), (compound, 500_000), (compound, len(compound) - 4)):
        c = w.client.connect()
        c.sock.sendall(stream[:part])
        c.sock.send(b'!', socket.MSG_OOB)
        with contextlib.suppress(ConnectionError):
            c.sock.sendall(stream[part:-1])
        with contextlib.suppress(ConnectionError):
            eq(c.sock.recv(1), b'')
        c.close()
    wait_for('nothing is charged any more', lambda: 'memory-bytes' not in budget(w))
    eq(get(w.path('f')), b'as it was')


@test(server='ditto', clients=2, timeout=120)
def half_calls(w):
    """Unfinished WRITEs are charged up to the machine's limit, then their connections are closed."""
    n, f, _ = setup(w)
    n.rpc.close()
    w.server.ctl('server', 'set', 'budget-user-mib', '2')
    message = record(write3(f, noise(5, MIB)))
    conns = []
    for _ in range(12):
        conns.append(w.client.connect())
        with contextlib.suppress(OSError):
            conns[-1].sock.sendall(message[:700 * KIB])
    other = w.clients[1].nfs()
    eq(other.write(f, 0, noise(6, MIB)).status, nfs3.OK, 'another machine')
    wait_for('some are closed', lambda: budget(w)['connections'][0] < 4)
    used, limit = budget(w)['memory-bytes']
    eq((limit, used <= limit, used > 512 * KIB), (2 * MIB, True, True), f'{used}')
    for c in conns:
        c.close()
    wait_for('nothing is charged any more', lambda: 'memory-bytes' not in budget(w))


@test(server='ditto')
def switched(w):
    """The setting that changes how calls are received does not disturb one that is on its way."""
    n, f, _ = setup(w)
    c = w.client.connect()
    for seed in range(4):
        data = noise(seed, 500_000)
        message = record(write3(f, data))
        c.sock.sendall(message[:300_000])
        w.server.ctl('server', 'set', 'fast-path', str(seed % 2))
        c.sock.sendall(message[300_000:])
        wrote3(replies(c, 1)[0x7000], len(data))
        eq(get(w.path('f'))[:len(data)] == data, True, seed)
    # The rest of a short one was awaited as a whole; what follows is shorter.
    for value in '0', '1':
        data = noise(9, 12_000)
        message = record(write3(f, data))
        c.sock.sendall(message[:5000])
        eq(n.getattr(f).status, nfs3.OK, 'the server had time for the first part')
        w.server.ctl('server', 'set', 'fast-path', value)
        c.sock.sendall(message[5000:])
        wrote3(replies(c, 1)[0x7000], len(data))
        c.sock.sendall(record(call(0x7001, nfs3.GETATTR, Enc().opaque(f).bytes())))
        eq(replies(c, 1)[0x7001][2][:4], bytes(4))
    c.close()

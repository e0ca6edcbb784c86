# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 operations of every kind with random damage, which no client sends.

The server must answer each call and go on; the runner checks the kernel's log. SEED in the
environment repeats a run.
"""
import functools
import os
import random
import struct

import nfs4
import rpc
from checks import SLOW, eq
from files import put
from harness import test
from nfs4 import getattr, putfh, putrootfh, savefh
from nfs4_every_op import of_40, of_41, of_42, operations

hostile = functools.partial(test, server='ditto', timeout=120)

CALLS = 3000 // SLOW
WORDS = (0, 1, 2, 3, 4, 8, 255, 256, 1024, 4096, 65536, 0x7fffffff, 0x80000000, 0xfffffffc,
         0xffffffff)
# The body of a reply: SEQUENCE (53), the first of its results, has failed.
NO_SESSION = struct.pack('>5I', nfs4.BADSESSION, 0, 1, 53, nfs4.BADSESSION)


def spoil(rnd, data):
    """Change some words or bytes; perhaps cut the end off, or append to it."""
    data = bytearray(data)
    for _ in range(rnd.randrange(1, 4)):
        if rnd.random() < 0.6:
            at = rnd.randrange(len(data) // 4) * 4
            word = rnd.choice(WORDS) if rnd.random() < 0.7 else rnd.getrandbits(32)
            data[at:at + 4] = struct.pack('>I', word)
        else:
            data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
    kind = rnd.random()
    if kind < 0.15:
        data = data[:rnd.randrange(len(data) + 1) // 4 * 4]
    elif kind < 0.25:
        data += rnd.randbytes(rnd.randrange(1, 2000) // 4 * 4)
    return bytes(data)


def attack(w, rnd, call, operate, fh):
    """Each call has some operations, one of them damaged, with handles before them."""
    statuses = {}
    for _ in range(CALLS):
        ops = [putfh(fh), savefh()] + rnd.sample(operate, rnd.randrange(1, 4))
        at = rnd.randrange(2, len(ops))
        spoilt = [op.bytes() for op in ops]
        spoilt[at] = spoil(rnd, spoilt[at])
        reply = call(spoilt)
        if reply.stat == rpc.SUCCESS:
            status = struct.unpack('>I', reply.body[:4])[0]
            statuses[status] = statuses.get(status, 0) + 1
    named = {nfs4.STATUS.get(s, s): n for s, n in statuses.items()}
    print(named)
    eq([n for n in named if isinstance(n, int)], [], 'statuses that do not exist')
    if len(statuses) < 10:
        raise AssertionError(f'the attack met little of the server: {named}')


def rounds(w):
    seed = int(os.environ.get('SEED') or random.randrange(1 << 32))
    print(f'SEED={seed}')
    put(w.path('file'), b'data' * 1000)
    return random.Random(seed)


@hostile
def version_40(w):
    rnd = rounds(w)
    c = nfs4.Client40(nfs4.connect(w.client))
    fh = c.fh('data')
    got, _ = c.open(fh, 'file', nfs4.BOTH)
    own = c.owner(b'another')
    operate = operations(fh, got.stateid, own, c.id) + of_40(got.stateid, own, c.id)
    attack(w, rnd, lambda ops: c.raw(nfs4.compound_bytes(ops, 0, b'tag')), operate, fh)
    c.compound(putrootfh(), nfs4.lookup('data'), getattr('type')).ok()


def sessions(w, minor):
    rnd = rounds(w)
    conn = nfs4.connect(w.client)
    s = nfs4.Session.make(conn, minor=minor)
    fh = s.fh('data')
    got, _ = s.open(fh, 'file', nfs4.BOTH)
    operate = operations(fh, got.stateid, s.owner(b'another'), s.clientid)
    operate += of_41(got.stateid, s.clientid, s.id)
    if minor == 2:
        operate += of_42(got.stateid)

    def call(ops):
        nonlocal s
        reply = s.nfs.raw(nfs4.compound_bytes([s.sequence(cache=rnd.random() < 0.3), *ops], minor))
        # Damage can make a DESTROY_SESSION of a BIND_CONN_TO_SESSION.
        if reply.stat == rpc.SUCCESS and reply.body == NO_SESSION:
            s = nfs4.Session.make(conn, minor=minor)
        return reply
    attack(w, rnd, call, operate, fh)
    s.compound(putrootfh(), nfs4.lookup('data'), getattr('type')).ok()


@hostile
def version_41(w):
    sessions(w, 1)


@hostile
def version_42(w):
    sessions(w, 2)


@hostile
def envelopes(w):
    """Damage of the head of COMPOUND and its first operation, without a session."""
    rnd = rounds(w)
    conn = nfs4.connect(w.client)
    first = [nfs4.exchange_id(b'hostile', protect=1, must=[42, 43], allow=[3, 22]),
             nfs4.create_session(1, 1), nfs4.sequence(bytes(16), 1, 0, 0),
             nfs4.bind_conn_to_session(bytes(16)), nfs4.destroy_clientid(1),
             nfs4.destroy_session(bytes(16)), nfs4.setclientid(b'hostile'), putrootfh()]
    for minor in (0, 1, 2):
        c = nfs4.Nfs4(conn, minor)
        for _ in range(CALLS // 3):
            args = nfs4.compound_bytes([rnd.choice(first)], minor, b'some tag')
            reply = c.raw(spoil(rnd, args))
            if reply.stat not in (rpc.SUCCESS, rpc.GARBAGE_ARGS):
                raise AssertionError(f'RPC status {reply.stat}')
    nfs4.Nfs4(conn, 0).compound(putrootfh(), getattr('type')).ok()

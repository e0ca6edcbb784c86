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
import nfs4_copy
import nfs4_ops42
import rpc
from harness import SLOW, eq, put, test
from nfs4 import getattr, putfh, putrootfh, savefh

hostile = functools.partial(test, server='ditto', timeout=120)

CALLS = 3000 // SLOW
WORDS = (0, 1, 2, 3, 4, 8, 255, 256, 1024, 4096, 65536, 0x7fffffff, 0x80000000, 0xfffffffc,
         0xffffffff)
# The body of a reply: SEQUENCE (53), the first of its results, has failed.
NO_SESSION = struct.pack('>5I', nfs4.BADSESSION, 0, 1, 53, nfs4.BADSESSION)


def operations(fh, sid, own, clientid):
    """One or more of each operation that all versions have, valid where possible."""
    every = range(83)
    attrs = {'mode': 0o640, 'owner': b'1', 'owner_group': b'1', 'time_modify_set': 'server'}
    new = (1, 1, own)
    return [
        nfs4.access(), nfs4.close(sid, 1), nfs4.commit(), nfs4.create(nfs4.DIR, 'd', attrs),
        nfs4.create(nfs4.LNK, 'l', target=b'text'), nfs4.create(nfs4.CHR, 'c', dev=(1, 3)),
        nfs4.delegpurge(clientid), nfs4.delegreturn(sid), getattr(*every), nfs4.getfh(),
        nfs4.link('x'), nfs4.lock(nfs4.WRITE_LT, 0, 10, sid, new=new),
        nfs4.lock(nfs4.READ_LT, 5, 10, sid), nfs4.lockt(nfs4.WRITE_LT, 0, 10, own),
        nfs4.locku(nfs4.WRITE_LT, 0, 10, sid), nfs4.lookup('file'), nfs4.lookupp(),
        nfs4.verify({'type': 2, 'size': 0}), nfs4.nverify({'mode': 0}),
        nfs4.open(own, 'file', nfs4.BOTH, seqid=1),
        nfs4.open(own, 'new', nfs4.WRITE, seqid=1, how=nfs4.UNCHECKED, attrs=attrs),
        nfs4.open(own, 'excl', nfs4.WRITE, seqid=1, how=nfs4.EXCLUSIVE, verf=b'12345678'),
        nfs4.open(own, None, nfs4.READ, claim=nfs4.CLAIM_PREVIOUS, deleg=1),
        nfs4.open(own, 'file', nfs4.READ, claim=nfs4.CLAIM_DELEGATE_CUR, deleg=sid),
        nfs4.openattr(True), nfs4.open_downgrade(sid, nfs4.READ, 0, 1), putfh(fh), putrootfh(),
        nfs4.read(sid, 0, 5000), nfs4.readdir(0, bytes(8), *every), nfs4.readlink(),
        nfs4.remove('x'), nfs4.rename('new', 'x'), nfs4.restorefh(), savefh(),
        nfs4.secinfo('file'), nfs4.setattr(sid, attrs), nfs4.setattr(sid, {'size': 100}),
        nfs4.write(sid, 0, b'w' * 300),
    ]


def of_40(sid, own, clientid):
    return [nfs4.open_confirm(sid, 1), nfs4.renew(clientid), nfs4.release_lockowner(own),
            nfs4.setclientid(b'hostile'), nfs4.setclientid_confirm(clientid, bytes(8))]


def of_41(sid, clientid, session):
    return [nfs4.free_stateid(sid), nfs4.test_stateid(sid, nfs4.ANON), nfs4.secinfo_no_name(),
            nfs4.get_dir_delegation(0, 1, 2), nfs4.reclaim_complete(),
            nfs4.want_delegation(nfs4.WANT_ANY),
            nfs4.open(nfs4.owner(clientid, b'o'), 'e41', nfs4.WRITE, how=nfs4.EXCLUSIVE4_1,
                      verf=b'12345678', attrs={'mode': 0o600}),
            nfs4.backchannel_ctl(1), nfs4.create_session(clientid, 1),
            nfs4.destroy_clientid(clientid ^ 1), nfs4.destroy_session(bytes(16)),
            nfs4.bind_conn_to_session(session)]


def of_42(sid):
    return [nfs4_ops42.allocate(sid, 0, 10000), nfs4_ops42.deallocate(sid, 100, 1000),
            nfs4_ops42.seek(sid, 0, nfs4_ops42.HOLE), nfs4_ops42.io_advise(sid, 0, 100, 1, 3),
            nfs4_ops42.read_plus(sid, 0, 5000), nfs4_ops42.getxattr('a'),
            nfs4_ops42.setxattr('a', b'v' * 100), nfs4_ops42.listxattrs(0, 1000),
            nfs4_ops42.removexattr('a'), nfs4_copy.copy(sid, sid, 0, 500, 100),
            nfs4_copy.clone(sid, sid, 0, 4096, 4096), nfs4_copy.offload_status(sid),
            nfs4_copy.offload_cancel(sid)]


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

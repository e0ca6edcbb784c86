# SPDX-License-Identifier: GPL-2.0-only
"""Sessions of NFSv4.1 by hand: all cases of slots, of CREATE_SESSION, of connections."""
import os
import struct
import time

import nfs4
import rpc
from checks import eq, one_of, wait_for
from files import put
from harness import test
from nfs4 import ANON, Channel, Nfs4, Op, Session

ALICE = rpc.auth_sys(1000, 1000)


def connect(w, n=0):
    return nfs4.connect(w.clients[n])


def session(w, **kw):
    return Session.make(connect(w), **kw)


def raw_sequence(s, seqid, *ops, slot=0, highest=0, cache=False, nfs=None, **kw):
    """A request with a sequence id that the caller chooses."""
    return (nfs or s.nfs).compound(nfs4.sequence(s.id, seqid, slot, highest, cache), *ops, **kw)


def status(reply, want, what=''):
    eq(nfs4.STATUS.get(reply.status, reply.status), nfs4.STATUS[want], what)


def mkdir(name):
    return (nfs4.putrootfh(), nfs4.lookup('data'), nfs4.create(nfs4.DIR, name, {'mode': 0o755}))


# slots

@test(server='ditto')
def slot_cases(w):
    """New, replayed from the cache, replayed late, and misordered requests."""
    s = session(w, reclaimed=False)
    first = raw_sequence(s, 1, *mkdir('a'), cache=True).ok()
    again = raw_sequence(s, 1, *mkdir('a'), cache=True).ok()
    eq(vars(again[3]), vars(first[3]), 'the same change of the directory')
    status(raw_sequence(s, 3, nfs4.putrootfh()), nfs4.SEQ_MISORDERED, 'too new')
    status(raw_sequence(s, 0, nfs4.putrootfh()), nfs4.SEQ_MISORDERED, 'too old')
    status(raw_sequence(s, 1, *mkdir('a'), cache=True), nfs4.OK, 'the slot did not move')
    raw_sequence(s, 2, nfs4.putrootfh()).ok()
    status(raw_sequence(s, 1, *mkdir('a'), cache=True), nfs4.SEQ_MISORDERED, 'two back')


@test(server='ditto')
def slot_replay_of_an_error(w):
    """A replayed error is returned again without another execution."""
    s = session(w, reclaimed=False)
    gone = (nfs4.putrootfh(), nfs4.lookup('data'), nfs4.lookup('later'))
    status(raw_sequence(s, 1, *gone, cache=True), nfs4.NOENT)
    os.mkdir(w.path('later'))
    status(raw_sequence(s, 1, *gone, cache=True), nfs4.NOENT, 'again')
    raw_sequence(s, 2, *gone, cache=True).ok()


@test(server='ditto')
def slot_replay_has_its_own_xid(w):
    """A cached reply has the new call's xid, also over another connection."""
    s = session(w, reclaimed=False)
    raw_sequence(s, 1, *mkdir('a'), cache=True).ok()
    other = Nfs4(connect(w), 1)
    args = nfs4.compound_bytes([nfs4.sequence(s.id, 1, 0, 0, True), *mkdir('a')], 1)
    for nfs, xid in ((s.nfs, 0x1234), (other, 0x777)):
        reply = nfs.raw(args, xid=xid)
        eq((reply.stat, reply.xid), (rpc.SUCCESS, xid))


@test(server='ditto')
def slot_uncached(w):
    """A reply that was not cached cannot be replayed; a bare SEQUENCE is always cached."""
    s = session(w, reclaimed=False)
    raw_sequence(s, 1, *mkdir('a')).ok()
    status(raw_sequence(s, 1, *mkdir('a')), nfs4.RETRY_UNCACHED_REP)
    status(raw_sequence(s, 1, *mkdir('a'), cache=True), nfs4.RETRY_UNCACHED_REP)
    # Its content is not compared, as it fails in any case.
    status(raw_sequence(s, 1, *mkdir('b')), nfs4.RETRY_UNCACHED_REP)
    status(raw_sequence(s, 1, *mkdir('a'), cred=ALICE), nfs4.SEQ_FALSE_RETRY)
    status(raw_sequence(s, 1, *mkdir('longer')), nfs4.SEQ_FALSE_RETRY)
    eq(os.listdir(w.path()), ['a'])
    raw_sequence(s, 2).ok()
    raw_sequence(s, 2).ok()


@test(server='ditto')
def slot_false_retry(w):
    """Another request with the last sequence id, or by another user, is no retry."""
    s = session(w, reclaimed=False)
    raw_sequence(s, 1, *mkdir('a'), cache=True).ok()
    status(raw_sequence(s, 1, *mkdir('b'), cache=True), nfs4.SEQ_FALSE_RETRY)
    status(raw_sequence(s, 1, nfs4.putrootfh(), cache=True), nfs4.SEQ_FALSE_RETRY)
    status(raw_sequence(s, 1, cache=True), nfs4.SEQ_FALSE_RETRY)
    status(raw_sequence(s, 1, *mkdir('a'), cache=True, cred=ALICE), nfs4.SEQ_FALSE_RETRY)
    raw_sequence(s, 1, *mkdir('a'), cache=True).ok()
    raw_sequence(s, 1, *mkdir('a'), cache=False).ok()
    eq(os.listdir(w.path()), ['a'])


@test(server='ditto')
def slot_numbers(w):
    """A slot that does not exist, and a highest slot beyond the session's, are refused."""
    s = session(w, reclaimed=False, fore=Channel(requests=8))
    eq(s.fore.requests, 8)
    status(raw_sequence(s, 1, slot=8, highest=8), nfs4.BADSLOT)
    status(raw_sequence(s, 1, slot=nfs4.U32_MAX, highest=0), nfs4.BADSLOT)
    status(raw_sequence(s, 1, slot=0, highest=8), nfs4.BAD_HIGH_SLOT)
    for slot in range(8):
        r = raw_sequence(s, 1, slot=slot, highest=7).ok()[0]
        eq((r.slot, r.seqid, r.highest), (slot, 1, 7))


@test(server='ditto')
def slot_wraps(w):
    """Slots are independent, and the sequence id of an unused slot begins with 1."""
    s = session(w, reclaimed=False)
    status(raw_sequence(s, 2, slot=3, highest=3), nfs4.SEQ_MISORDERED)
    status(raw_sequence(s, 0, slot=3, highest=3), nfs4.SEQ_MISORDERED)
    status(raw_sequence(s, nfs4.U32_MAX, slot=3, highest=3), nfs4.SEQ_MISORDERED)
    raw_sequence(s, 1, slot=3, highest=3).ok()
    raw_sequence(s, 1, slot=2, highest=3).ok()


@test(server='ditto')
def failing_sequence_leaves_the_slot(w):
    """A SEQUENCE that is refused for its size does not change the slot."""
    s = session(w, reclaimed=False, fore=Channel(request=2048, ops=4))
    eq((s.fore.request, s.fore.ops), (2048, 4))
    root = nfs4.putrootfh()
    status(raw_sequence(s, 1, root, root, root, root), nfs4.TOO_MANY_OPS)
    status(raw_sequence(s, 1, root, nfs4.lookup('x' * 2048)), nfs4.REQ_TOO_BIG)
    status(raw_sequence(s, 1, root, root, root, root, cache=True), nfs4.TOO_MANY_OPS)
    raw_sequence(s, 1, root, root).ok()
    status(raw_sequence(s, 2, root, root, root, root), nfs4.TOO_MANY_OPS)
    status(raw_sequence(s, 1, root, root), nfs4.RETRY_UNCACHED_REP)
    raw_sequence(s, 2, root).ok()


@test(server='ditto')
def sequence_too_big(w):
    """A SEQUENCE whose result cannot be cached or does not fit does not change the slot."""
    root = nfs4.putrootfh()
    s = session(w, reclaimed=False, fore=Channel(response=256, cached=0))
    for ops in ((), (root,)):
        status(raw_sequence(s, 1, *ops, cache=True), nfs4.REP_TOO_BIG_TO_CACHE, len(ops))
        status(raw_sequence(s, 1, *ops, tag=b'x' * 256), nfs4.REP_TOO_BIG, len(ops))
    raw_sequence(s, 1, root).ok()
    status(raw_sequence(s, 2, root, cache=True), nfs4.REP_TOO_BIG_TO_CACHE)
    status(raw_sequence(s, 1, root), nfs4.RETRY_UNCACHED_REP)
    raw_sequence(s, 2).ok()
    raw_sequence(s, 2).ok()


@test(server='ditto')
def sequence_comes_first_and_once(w):
    s = session(w)
    status(s.nfs.compound(nfs4.putrootfh()), nfs4.OP_NOT_IN_SESSION)
    r = s.compound(nfs4.putrootfh(), s.sequence(1))
    eq([x.status for x in r], [nfs4.OK, nfs4.OK, nfs4.SEQUENCE_POS])
    status(raw_sequence(s, 1, slot=5, highest=5), nfs4.OK)
    bad = nfs4.sequence(bytes(16), 1, 0, 0)
    status(s.nfs.compound(bad), nfs4.BADSESSION)


@test(server='ditto')
def replies_are_bounded(w):
    """A reply beyond the limits of the session is refused before anything is done."""
    s = session(w, fore=Channel(response=512, cached=300))
    root, fh = nfs4.putfh(s.fh('data')), nfs4.getfh()
    status(s.compound(root, *[fh] * 12), nfs4.REP_TOO_BIG)
    status(s.compound(root, *[fh] * 7, cache=True), nfs4.REP_TOO_BIG_TO_CACHE)
    r = s.compound(root, *[fh] * 7, *mkdir('a'), cache=True)
    eq(r.status, nfs4.REP_TOO_BIG_TO_CACHE)
    eq(os.listdir(w.path()), [])
    s.compound(root, *[fh] * 7).ok()
    s.compound(root, fh, cache=True).ok()


@test(server='ditto')
def replies_are_bounded_behind_data(w):
    """The limits of the session hold for what follows a payload, too."""
    put(w.path('f'), b'x' * 10000, 0o666)
    os.mkdir(w.path('d'))
    for n in range(200):
        put(w.path('d', f'{n:040}'))
    s = session(w, fore=Channel(response=8192, cached=6000))
    big, attrs = nfs4.U32_MAX, nfs4.getattr('type', 'size', 'mode', 'owner', 'fileid')
    file, dir = nfs4.putfh(s.fh('data', 'f')), nfs4.putfh(s.fh('data', 'd'))
    for handle, op in ((file, nfs4.read(ANON, 0, 10000)),
                       (dir, nfs4.readdir(0, bytes(8), 'fileid', dircount=big, maxcount=big))):
        for cache, want in ((False, nfs4.REP_TOO_BIG), (True, nfs4.REP_TOO_BIG_TO_CACHE)):
            s.compound(handle, op, cache=cache).ok()
            r = s.compound(handle, op, attrs, cache=cache)
            status(r, want, f'{op.number}, {cache}')
            eq(len(r), 4, 'the data is there')
    s.compound(file, nfs4.read(ANON, 0, 1000), attrs, cache=True).ok()


# sessions

@test(server='ditto')
def create_session_sequence(w):
    """The next number makes a session, the last one is replayed, others are misordered."""
    nfs = Nfs4(connect(w), 1)
    x = nfs.compound(nfs4.exchange_id(b'me')).ok()[0]
    status(nfs.compound(nfs4.create_session(x.clientid, x.seqid + 1)), nfs4.SEQ_MISORDERED)
    status(nfs.compound(nfs4.create_session(x.clientid, x.seqid - 1)), nfs4.SEQ_MISORDERED)
    one = nfs.compound(nfs4.create_session(x.clientid, x.seqid)).ok()[0]
    again = nfs.compound(nfs4.create_session(x.clientid, x.seqid)).ok()[0]
    eq(again.sessionid, one.sessionid)
    two = nfs.compound(nfs4.create_session(x.clientid, x.seqid + 1)).ok()[0]
    assert two.sessionid != one.sessionid
    status(nfs.compound(nfs4.create_session(x.clientid, x.seqid)), nfs4.SEQ_MISORDERED)
    eq(len(w.server.json('session', 'list')), 2)


@test(server='ditto')
def create_session_in_other_words(w):
    """An invalid request does not consume the sequence number."""
    nfs = Nfs4(connect(w), 1)
    x = nfs.compound(nfs4.exchange_id(b'me')).ok()[0]
    small = nfs4.create_session(x.clientid, x.seqid, fore=Channel(request=20))
    status(nfs.compound(small), nfs4.TOOSMALL)
    status(nfs.compound(small), nfs4.TOOSMALL)
    first = nfs.compound(nfs4.create_session(x.clientid, x.seqid)).ok()[0]
    again = nfs.compound(nfs4.create_session(x.clientid, x.seqid)).ok()[0]
    eq(again.sessionid, first.sessionid, 'as answered')
    nfs.compound(nfs4.create_session(x.clientid, x.seqid + 1)).ok()


@test(server='ditto')
def create_session_refuses(w):
    nfs = Nfs4(connect(w), 1)
    status(nfs.compound(nfs4.create_session(0x1234567890, 1)), nfs4.STALE_CLIENTID)

    def one(want, **kw):
        x = nfs.compound(nfs4.exchange_id(os.urandom(8))).ok()[0]
        status(nfs.compound(nfs4.create_session(x.clientid, x.seqid, **kw)), want, str(kw))
    one(nfs4.TOOSMALL, fore=Channel(request=100))
    one(nfs4.TOOSMALL, fore=Channel(response=100))
    one(nfs4.INVAL, fore=Channel(requests=0))
    one(nfs4.INVAL, fore=Channel(ops=0))
    one(nfs4.INVAL, flags=0xf)
    x = nfs.compound(nfs4.exchange_id(b'me')).ok()[0]
    status(nfs.compound(nfs4.create_session(x.clientid, x.seqid), cred=ALICE), nfs4.CLID_INUSE)
    status(nfs.compound(nfs4.create_session(x.clientid, x.seqid), nfs4.putrootfh()),
           nfs4.NOT_ONLY_OP)


@test(server='ditto')
def create_session_clamps(w):
    """Requested sizes are reduced to what the server has, and never raised."""
    huge = Channel(request=1 << 31, response=1 << 31, cached=1 << 31, ops=1 << 31,
                   requests=1 << 31, pad=4096)
    s = session(w, fore=huge, back=huge)
    assert s.fore.request <= (1 << 20) + 8192, s.fore.request
    assert s.fore.response <= (1 << 20) + 8192, s.fore.response
    assert s.fore.cached <= 1 << 16, s.fore.cached
    assert s.fore.ops <= 1024 and s.fore.requests <= 1024
    eq((s.fore.pad, s.back.pad), (0, 0))
    assert s.back.request <= 1 << 16 and s.back.requests <= 1024
    small = Channel(request=1000, response=900, cached=300, ops=3, requests=2)
    s = session(w, fore=small)
    eq(vars(s.fore), vars(small))
    eq(s.flags & nfs4.SESSION_PERSIST, 0)


@test(server='ditto')
def back_channel_security(w):
    """The first usable entry is taken; without one there is no back channel."""
    gss = (rpc.AUTH_GSS, rpc.Enc().u32(1).opaque(b'a').opaque(b'b').bytes())
    unix = (rpc.AUTH_SYS, rpc.auth_sys(7, 8)[1])
    s = session(w, sec=(gss, unix), reclaimed=False)
    eq(s.flags & nfs4.SESSION_BACK, nfs4.SESSION_BACK)
    s = session(w, sec=(gss,), reclaimed=False)
    eq(s.flags & nfs4.SESSION_BACK, 0)
    status(s.compound(nfs4.backchannel_ctl(1234, sec=(gss,))), nfs4.INVAL)
    s.compound(nfs4.backchannel_ctl(1234, sec=(gss, unix))).ok()


@test(server='ditto')
def destroy_session_cases(w):
    a, b = session(w), session(w)
    other = Nfs4(connect(w), 1)
    status(other.compound(nfs4.destroy_session(a.id)), nfs4.CONN_NOT_BOUND_TO_SESSION)
    status(a.nfs.compound(nfs4.destroy_session(bytes(16))), nfs4.BADSESSION)
    r = a.compound(nfs4.destroy_session(a.id), nfs4.putrootfh())
    eq(r[-1].status, nfs4.NOT_ONLY_OP)
    a.compound(nfs4.putrootfh(), nfs4.destroy_session(a.id)).ok()
    status(a.compound(nfs4.putrootfh()), nfs4.BADSESSION)
    status(a.destroy(), nfs4.BADSESSION)
    # of another session, over a connection of both
    b.nfs = Nfs4(a.rpc, 1)
    b.compound(nfs4.putrootfh()).ok()
    b.destroy().ok()


@test(server='ditto')
def destroy_clientid_cases(w):
    s = session(w)
    status(s.nfs.compound(nfs4.destroy_clientid(s.clientid)), nfs4.CLIENTID_BUSY)
    status(s.compound(nfs4.destroy_clientid(s.clientid)), nfs4.CLIENTID_BUSY)
    status(s.nfs.compound(nfs4.destroy_clientid(1)), nfs4.STALE_CLIENTID)
    s.destroy().ok()
    status(s.nfs.compound(nfs4.destroy_clientid(s.clientid), nfs4.putrootfh()), nfs4.NOT_ONLY_OP)
    s.nfs.compound(nfs4.destroy_clientid(s.clientid)).ok()
    status(s.nfs.compound(nfs4.destroy_clientid(s.clientid)), nfs4.STALE_CLIENTID)
    status(s.nfs.compound(nfs4.create_session(s.clientid, 2)), nfs4.STALE_CLIENTID)
    # one that was never confirmed, inside another's session
    x = s.nfs.compound(nfs4.exchange_id(b'never')).ok()[0]
    session(w).compound(nfs4.destroy_clientid(x.clientid)).ok()


@test(server='ditto')
def sessions_per_client(w):
    """The setting takes effect at once."""
    w.server.ctl('server', 'set', 'sessions-per-client', '2')
    s = session(w)
    seqid = s.exchange.seqid + 1
    s.nfs.compound(nfs4.create_session(s.clientid, seqid)).ok()
    status(s.nfs.compound(nfs4.create_session(s.clientid, seqid + 1)), nfs4.NOSPC)
    w.server.ctl('server', 'set', 'sessions-per-client', '3')
    s.nfs.compound(nfs4.create_session(s.clientid, seqid + 2)).ok()


# connections

@test(server='ditto')
def bind_conn_cases(w):
    s = session(w)
    other = Nfs4(connect(w), 1)
    both = 3
    r = other.compound(nfs4.bind_conn_to_session(s.id, 7)).ok()[0]
    eq((r.sessionid, r.direction, r.rdma), (s.id, both, False))
    other.compound(nfs4.bind_conn_to_session(s.id, 3)).ok()
    status(other.compound(nfs4.bind_conn_to_session(s.id, 2)), nfs4.INVAL, 'back only')
    status(other.compound(nfs4.bind_conn_to_session(s.id, 1)), nfs4.INVAL, 'fore only')
    fore = Nfs4(connect(w), 1)
    eq(fore.compound(nfs4.bind_conn_to_session(s.id, 1)).ok()[0].direction, 1)
    status(fore.compound(nfs4.bind_conn_to_session(s.id, 7)), nfs4.INVAL)
    eq(fore.compound(nfs4.bind_conn_to_session(s.id, 3)).ok()[0].direction, both, 'raised')
    status(fore.compound(nfs4.bind_conn_to_session(s.id, 1)), nfs4.INVAL, 'fore only')
    back = Nfs4(connect(w), 1)
    eq(back.compound(nfs4.bind_conn_to_session(s.id, 2)).ok()[0].direction, 2)
    status(back.compound(nfs4.bind_conn_to_session(s.id, 3)), nfs4.INVAL, 'fore, if not both')
    eq(back.compound(nfs4.bind_conn_to_session(s.id, 7)).ok()[0].direction, both, 'raised')
    status(back.compound(nfs4.bind_conn_to_session(s.id, 9)), nfs4.INVAL)
    status(back.compound(nfs4.bind_conn_to_session(bytes(16), 3)), nfs4.BADSESSION)
    status(back.compound(nfs4.bind_conn_to_session(s.id), nfs4.putrootfh()), nfs4.NOT_ONLY_OP)
    r = s.compound(nfs4.bind_conn_to_session(s.id))
    eq(r[-1].status, nfs4.NOT_ONLY_OP)


@test(server='ditto')
def connections_many_to_many(w):
    """Sessions and connections combine freely; a lost connection harms no session."""
    a, b = session(w), session(w)
    conns = [Nfs4(connect(w), 1) for _ in range(5)]
    seqid = {s: s.slots[0] for s in (a, b)}
    for nfs in conns:
        for s in (a, b):
            seqid[s] += 1
            raw_sequence(s, seqid[s], nfs4.putrootfh(), nfs=nfs).ok()

    def places():
        return sorted(len(x['address']) for x in w.server.json('session', 'list'))
    eq(places(), [6, 6])
    for nfs in conns[:3]:
        nfs.rpc.close()
    wait_for('lost connections are gone', lambda: places() == [3, 3])
    raw_sequence(a, seqid[a] + 1, nfs4.putrootfh(), nfs=conns[4]).ok()
    a.destroy().ok()
    raw_sequence(b, seqid[b] + 1, nfs4.putrootfh(), nfs=conns[4]).ok()


@test(server='ditto')
def connections_are_limited(w):
    """A session has at most 64 connections; further ones work without being bound."""
    s = session(w)
    conns = [Nfs4(connect(w), 1) for _ in range(70)]
    for i, nfs in enumerate(conns):
        raw_sequence(s, s.slots[0] + 1 + i, nfs4.putrootfh(), nfs=nfs).ok()
    eq([len(x['address']) for x in w.server.json('session', 'list')], [32])
    status(conns[-1].compound(nfs4.destroy_session(s.id)), nfs4.CONN_NOT_BOUND_TO_SESSION)


@test(server='ditto')
def back_channel_lost(w):
    """SEQUENCE reports the loss of the last back channel connection."""
    down, down_session = 1, 0x200
    s = session(w)
    other = Nfs4(connect(w), 1)
    flags = raw_sequence(s, s.slots[0] + 1, nfs=other).ok()[0].flags
    eq(flags & down_session, 0)
    s.rpc.close()

    def lost():
        s.slots[0] += 1
        return raw_sequence(s, s.slots[0] + 1, nfs=other).ok()[0].flags & (down | down_session)
    wait_for('it is told', lambda: lost() == down | down_session)
    third = Nfs4(connect(w), 1)
    third.compound(nfs4.bind_conn_to_session(s.id, 3)).ok()
    eq(lost() & down_session, 0)


# slots by demand

@test(server='ditto')
def slots_grow_and_shrink(w):
    """The target of slots rises for a client that uses all of them, and falls otherwise."""
    s = session(w, fore=Channel(requests=64))
    eq(s.fore.requests, 64)
    start = s.compound(nfs4.putrootfh()).ok()[0].target
    eq(start, 15)
    for slot in range(64):
        r = raw_sequence(s, s.slots.get(slot, 0) + 1, slot=slot, highest=slot).ok()[0]
        s.slots[slot] = s.slots.get(slot, 0) + 1
    eq((r.target, r.highest), (63, 63))
    w.server.ctl('server', 'set', 'lease-time-s', '5')

    def target():
        s.slots[0] += 1
        return raw_sequence(s, s.slots[0], slot=0, highest=0).ok()[0].target
    wait_for('it shrinks', lambda: target() == start, 20)
    # a slot whose memory was freed continues with any sequence id of the client
    time.sleep(2)
    r = raw_sequence(s, s.slots[63] + 1, slot=63, highest=63).ok()
    r = raw_sequence(s, 1, slot=62, highest=63).ok()


@test(server='ditto')
def slots_setting(w):
    """The setting changes existing sessions, both ways."""
    s = session(w, fore=Channel(requests=64))
    w.server.ctl('server', 'set', 'session-slots', '8')
    eq(session(w, fore=Channel(requests=64)).fore.requests, 8)

    def told():
        r = s.compound(nfs4.putrootfh()).ok()[0]
        return r.target, r.highest
    wait_for('it is told', lambda: told() == (7, 7))
    status(raw_sequence(s, 1, slot=8, highest=8), nfs4.BADSLOT)
    w.server.ctl('server', 'set', 'session-slots', '32')
    wait_for('and may use more', lambda: told()[1] == 31)
    raw_sequence(s, 1, slot=31, highest=31).ok()


# the administrator

@test(server='ditto')
def admin_lists_and_closes(w):
    s, t = session(w, name=b'one'), session(w, name=b'two', minor=2)
    a, b = w.server.json('session', 'list')
    eq((a['protocol'], a['dialect'], b['dialect']), ('nfs', '4.1', '4.2'))
    assert a['address'][0].startswith(w.clients[0].addr), a
    eq((a['software'], b['software']), ('wire', 'wire'))
    eq({x['protocol'] for x in w.server.json('lock', 'client', 'list')}, {'nfs4.1'})
    w.server.ctl('session', 'close', str(a['id']))
    status(s.compound(nfs4.putrootfh()), nfs4.BADSESSION)
    t.compound(nfs4.putrootfh()).ok()
    name, = [x['name'] for x in w.server.json('lock', 'client', 'list') if 'two' in x['name']]
    w.server.ctl('lock', 'client', 'release', name)
    status(t.compound(nfs4.putrootfh()), nfs4.BADSESSION)
    status(t.nfs.compound(nfs4.create_session(t.clientid, 2)), nfs4.STALE_CLIENTID)
    eq(w.server.json('session', 'list'), [])


# hostile

@test(server='ditto')
def garbage(w):
    """Arguments that end early or have wrong counts are refused."""
    nfs = Nfs4(connect(w), 1)
    x = nfs.compound(nfs4.exchange_id(b'me')).ok()[0]
    good = [nfs4.exchange_id(b'you'), nfs4.create_session(x.clientid, x.seqid),
            nfs4.sequence(bytes(16), 1, 0, 0), nfs4.bind_conn_to_session(bytes(16)),
            nfs4.destroy_session(bytes(16)), nfs4.destroy_clientid(1)]
    for op in good:
        for cut in range(4, len(op.args), 4):
            r = nfs.compound(Op(op.number, op.args[:-cut]))
            one_of(r.status, (nfs4.BADXDR,), f'{nfs4.OP_NAMES[op.number]} without {cut} bytes')
    for args in (rpc.Enc().fixed(bytes(8)).opaque(bytes(1025)).u32(0, 0, 0).bytes(),
                 rpc.Enc().fixed(bytes(8)).opaque(b'x').u32(0, 7, 0).bytes(),
                 rpc.Enc().fixed(bytes(8)).opaque(b'x').u32(0, 1, 0xffffffff).bytes(),
                 rpc.Enc().fixed(bytes(8)).opaque(b'x').u32(0, 0, 2).bytes()):
        status(nfs.compound(Op('exchange_id', args)), nfs4.BADXDR)
    s = Session(nfs.rpc, x.clientid, x.seqid)
    for op in (nfs4.reclaim_complete(), nfs4.backchannel_ctl(1)):
        for cut in range(4, len(op.args) + 1, 4):
            r = s.compound(Op(op.number, op.args[:-cut]))
            eq(r[-1].status, nfs4.BADXDR)
    eq(s.compound(Op('reclaim_complete', struct.pack('>I', 2)))[-1].status, nfs4.BADXDR)

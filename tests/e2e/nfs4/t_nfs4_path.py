# SPDX-License-Identifier: GPL-2.0-only
"""The way of callbacks to a client: channels that are busy, silent, lost or new."""
import functools
import os
import time

import nfs3
import nfs4
from checks import eq, wait_for
from harness import test
from nfs4 import DELEG_NONE, delegreturn, putfh
from nfs4_callback import SILENT
from nfs4_callers import LEASE, V3, Caller, Caller40, counts, files, lease
from nfs4_status import BADSESSION, BAD_STATEID, CB_PATH_DOWN, DEADSESSION, DELAY, OK

wire = functools.partial(test, server='ditto', squash='root-to-admin')


def bound(a, n=1):
    """Further connections of the caller's session, from the oldest on."""
    conns = [a.cb.on(nfs4.connect(a.client)) for _ in range(n)]
    for conn in conns:
        eq(nfs4.Nfs4(conn, 1).compound(nfs4.bind_conn_to_session(a.s.id)).status, OK)
    return conns


@wire
def does_not_overtake_the_reply(w):
    """4.1: the recall refers to the request by which the delegation was granted."""
    files(w)
    a, other = Caller(w), V3(w)
    sid, fh = a.delegated()
    used = a.s.slots[0]
    eq(other.write(), nfs3.JUKEBOX)
    eq(a.recall().sequence.after, [(a.s.id, [(used, 0)])])
    a.give_back(sid, fh)


@wire
def not_known_yet(w):
    """A recall answered with BAD_STATEID or DELAY is sent again."""
    files(w)
    say = [BAD_STATEID, DELAY, BAD_STATEID, OK]
    a, other = Caller(w, recall=lambda _: say.pop(0) if say else OK), V3(w)
    sid, fh = a.delegated()
    eq(other.write(), nfs3.JUKEBOX)
    calls = [a.recall() for _ in range(4)]
    eq({c.stateid for c in calls}, {sid})
    eq([c.sequence.seqid for c in calls], list(range(calls[0].sequence.seqid,
                                                     calls[0].sequence.seqid + 4)))
    a.give_back(sid, fh)
    eq(other.write(), nfs3.OK)


@wire
def sequence_is_busy(w):
    """After DELAY to CB_SEQUENCE the same slot and sequence id are used again."""
    files(w)
    a, other = Caller(w), V3(w)
    sid, fh = a.delegated()
    say = [DELAY, DELAY]
    a.cb.answers['sequence'] = lambda _: say.pop(0) if say else OK
    eq(other.write(), nfs3.JUKEBOX)
    eq(a.recall().stateid, sid)
    eq(say, [])
    a.give_back(sid, fh)


@wire
def the_only_slot_is_busy(w):
    """A recall that waits for the only slot does not hold up the one that has it."""
    files(w, 'f', 'g')
    back = nfs4.Channel(request=4096, response=4096, cached=0, ops=2, requests=1)
    a, other = Caller(w, back=back), V3(w)
    given = dict(a.delegated(name) for name in 'fg')
    say = [DELAY]
    a.cb.answers['sequence'] = lambda _: say.pop(0) if say else OK
    for name in 'fg':
        eq(other.write(name), nfs3.JUKEBOX)
    eq({a.recall().stateid for _ in given}, set(given))
    eq(say, [])
    for sid, fh in given.items():
        a.give_back(sid, fh)


@wire
def slow(w):
    """A client that does not answer is called again with the same slot and sequence id."""
    lease(w)
    files(w)
    say = [SILENT, OK]
    a, other = Caller(w, recall=lambda _: say.pop(0) if say else OK), V3(w)
    sid, fh = a.delegated()
    eq(other.write(), nfs3.JUKEBOX)
    first, second = a.recall(), a.recall(8)
    eq((first.sequence.slot, first.sequence.seqid), (second.sequence.slot, second.sequence.seqid))
    a.give_back(sid, fh)
    eq(other.write(), nfs3.OK)


@wire(timeout=180)
def silent_about_one(w):
    """A recall that is never answered does not hold up another one."""
    lease(w, 36)
    files(w, 'f', 'g')
    for make in (Caller, Caller40):
        silent = set()
        a, other = make(w, recall=lambda call, silent=silent: (
            SILENT if call.stateid in silent else OK)), V3(w)
        held = {name: a.delegated(name) for name in 'fg'}
        silent.add(held['f'][0])
        eq(other.write('f'), nfs3.JUKEBOX)
        # when it comes again, the first one counts as lost
        eq([a.recall().stateid for _ in range(2)], [held['f'][0]] * 2)
        eq(other.write('g'), nfs3.JUKEBOX)
        while a.recall().stateid != held['g'][0]:
            eq(counts(w)['revoked'], 0)
        for sid, fh in held.values():
            a.give_back(sid, fh)


@wire
def over_another_connection(w):
    """A recall lost with its connection is sent over another one of the session."""
    files(w)
    a, other = Caller(w, recall=SILENT), V3(w)
    second, = bound(a)
    sid, fh = a.delegated()
    eq(other.write(), nfs3.JUKEBOX)

    def served():
        for conn in a.conn, second:
            conn.serve(0.05)
        return not a.cb.calls.empty()
    wait_for('the recall', served)
    first = a.cb.take('recall')
    a.cb.answers['recall'] = OK
    a.conn.sock.close()
    call = a.cb.wait(second, 'recall')
    eq(call.stateid, first.stateid)
    a.s.nfs.rpc = a.s.rpc = second
    a.give_back(sid, fh)
    eq(other.write(), nfs3.OK)


@wire
def past_silent_connections(w):
    """Connections without answers do not keep a recall from the newest one."""
    lease(w)
    files(w)
    a, other = Caller(w), V3(w)
    conns = bound(a, 2)
    sid, fh = a.delegated()
    eq(other.write(), nfs3.JUKEBOX)
    # The older two are not read.
    eq(a.cb.wait(conns[1], 'recall', 20).stateid, sid)
    a.s.nfs.rpc = a.s.rpc = conns[1]
    a.give_back(sid, fh)
    eq(other.write(), nfs3.OK)


@wire(timeout=60)
def to_the_only_one_that_is_read(w):
    """Silent connections that were bound later do not keep a recall from the oldest one."""
    lease(w, 20)
    files(w)
    a, other = Caller(w), V3(w)
    conns = bound(a, 3)
    sid, fh = a.delegated()
    eq(other.write(), nfs3.JUKEBOX)
    a.conn.sock.close()
    # The newer two are not read.
    eq(a.cb.wait(conns[0], 'recall', 20).stateid, sid)
    a.s.nfs.rpc = a.s.rpc = conns[0]
    a.give_back(sid, fh)
    eq(other.write(), nfs3.OK)
    eq(counts(w)['revoked'], 0)


@wire
def past_a_forgotten_session(w):
    """A session that the client has forgotten keeps no recall from another one, until it is used."""
    files(w, 'a', 'b', 'c', 'd')
    for status, name, later in (BADSESSION, 'a', 'b'), (DEADSESSION, 'c', 'd'):
        a, other = Caller(w), V3(w)
        sid, fh = a.delegated(name)
        second = nfs4.Session(a.conn, a.s.clientid, a.s.exchange.seqid + 1)
        refused = []

        def known(call):
            if call.session != a.s.id:
                return OK
            refused.append(call)
            return status
        a.cb.answers['sequence'] = known
        eq(other.write(name), nfs3.JUKEBOX)
        eq((a.recall().sequence.session, len(refused)), (second.id, 1))
        eq(second.compound(putfh(fh), delegreturn(sid)).status, OK)
        eq(other.write(name), nfs3.OK)

        # Without the other one it is left alone.
        eq(second.destroy().status, OK)
        a.cb.none(a.conn, 1)
        eq(len(refused), 1)
        a.cb.answers['sequence'] = OK
        wait_for('the way back', a.proven)
        sid, fh = a.delegated(later)
        eq(other.write(later), nfs3.JUKEBOX)
        eq(a.recall().sequence.session, a.s.id)
        a.give_back(sid, fh)


@wire
def past_a_session_without_room(w):
    """A session whose back channel is too small keeps no recall from other sessions."""
    files(w)
    small = nfs4.Channel(request=512, response=512, cached=0, ops=2, requests=1)
    a, other = Caller(w), V3(w)
    sid, fh = a.delegated()
    good = [nfs4.Session(a.conn, a.s.clientid, a.s.exchange.seqid + i, back=back)
            for i, back in enumerate((small, None, small), 1)][1]
    eq(a.s.destroy().status, OK)
    eq(other.write(), nfs3.JUKEBOX)
    eq(a.recall().sequence.session, good.id)
    eq(good.compound(putfh(fh), delegreturn(sid)).status, OK)
    eq(other.write(), nfs3.OK)


@wire
def over_a_new_session(w):
    """When the session is gone the recall is sent over the client's new one."""
    files(w)
    a, other = Caller(w), V3(w)
    sid, fh = a.delegated()
    eq(a.s.destroy().status, OK)
    a.conn.sock.close()
    eq(other.write(), nfs3.JUKEBOX)
    time.sleep(0.3)
    conn = a.cb.on(nfs4.connect(w.client))
    s = nfs4.Session(conn, a.s.clientid, a.s.exchange.seqid + 1)
    eq(a.cb.wait(conn, 'recall').stateid, sid)
    eq(s.compound(putfh(fh), delegreturn(sid)).status, OK)
    eq(other.write(), nfs3.OK)


@wire(timeout=60)
def path_is_down(w):
    """4.0: RENEW reports that the callback path is down, before anything is revoked."""
    lease(w)
    files(w)
    a, other = Caller40(w), V3(w)
    sid, fh = a.delegated()
    eq(a.compound(nfs4.renew(a.c.id)).status, OK)
    a.end()
    eq(other.write(), nfs3.JUKEBOX)
    wait_for('RENEW to tell', lambda: a.compound(nfs4.renew(a.c.id)).status == CB_PATH_DOWN)
    eq(counts(w)['revoked'], 0)
    other.until(nfs3.OK, seconds=4 * LEASE)
    eq(counts(w)['revoked'], 1)
    # and of what is revoked, until it reacts
    for _ in range(3):
        eq(a.compound(nfs4.renew(a.c.id)).status, CB_PATH_DOWN)
    a.give_back(sid, fh, BAD_STATEID)
    eq(a.compound(nfs4.renew(a.c.id)).status, OK)


@wire
def probed_again(w):
    """A lost probe does not prevent delegations for ever."""
    lease(w)
    files(w)
    say = [SILENT, SILENT, OK]
    a = Caller40(w, null=lambda _: say.pop(0) if say else OK)
    r, _ = a.c.open(a.root, 'f')
    eq(r.deleg.type, DELEG_NONE)
    wait_for('the third probe', lambda: not say)
    a.delegated()
    a.end()


@wire(clients=2, timeout=60)
def recalled_after_a_long_silence(w):
    """The callback path works after several lease times with renewals only."""
    files(w, 'f', 'g')
    lease(w, 8)
    a, other = Caller(w), V3(w)
    sid, fh = a.delegated()
    m = w.clients[1].mount(vers='4.1')
    fd = os.open(f'{m}/g', os.O_RDONLY)
    for _ in range(12):
        a.cb.none(a.conn, 2)
        a.compound().ok()
    eq(other.write(), nfs3.JUKEBOX)
    eq(a.recall().stateid, sid)
    a.give_back(sid, fh)
    eq(other.write(), nfs3.OK)
    other.until(nfs3.OK, 'g', 7)
    eq(counts(w)['revoked'], 0)
    os.close(fd)

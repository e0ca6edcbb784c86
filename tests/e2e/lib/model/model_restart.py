# SPDX-License-Identifier: GPL-2.0-only
"""A restart of the server under the clients of the model: who may reclaims all that it had.

Persistent opens of SMB are there again before their clients are back, which some are not for a while.
All else of SMB has ended.
"""
import time

import model_lasting
import model_waits
import nfs4
from checks import wait_for
from model_lasting import number_of
from model_loop import Defect
from model_nfs import span
from truth import W

RETURNS = 0.5               # how likely a client is back at once
UNTIL_LOST_S = 30           # until the server has ended, at most


def reclaim_nfs3(c):
    """Take back ranges and shares by NLM."""
    c.connect()
    for r in [r for r in c.m.ranges if r.client is c]:
        got = yield from c.ask_nlm('lock', span(r.lo, r.hi), svid=r.owner[1], fh=r.node.fh3,
                                   exclusive=r.exclusive, reclaim=True)
        expect_done(c, r, got)
    for o in c.shares:
        got = yield from c.ask_nlm('share', o.owner, o.deny, o.acc, fh=o.node.fh3, reclaim=True)
        expect_done(c, o, got)


def reclaim_nfs4(c):
    """Take back opens, with delegations of the same files, and ranges."""
    held = {x.node: x for x in c.m.caches if x.client is c and x.row == 'delegation'}
    c.m.caches = [x for x in c.m.caches if x.client is not c]
    c.connect(again=True)
    for o in c.opens():
        cache = held.pop(o.node, None)
        kind = nfs4.DELEG_NONE if not cache else (
            nfs4.DELEG_WRITE if cache.bits & W else nfs4.DELEG_READ)
        r = yield from c.patient(lambda: c.counted(o.node.fh4, nfs4.open(
            c.c.owner(o.owner), None, o.acc, o.deny, seqid=c.seqid(o.owner),
            claim=nfs4.CLAIM_PREVIOUS, deleg=kind), o.owner, after=(nfs4.getattr('change'),)))
        expect_done(c, o, r)
        got = r.of('open')
        yield from c.confirm(got, o.node.fh4, o.owner)
        o.sid, o.modes, o.lock_sid = got.stateid, [(o.acc, o.deny)], None
        if cache and got.deleg.stateid is None:
            raise Defect(f'{c} does not get back {cache}')
        c.granted(f'reclaim of {o}', o.node, got.deleg, r[-1].attrs['change'])
        for one in [x for x in c.m.ranges if x.by is o]:
            yield from reclaim_range(c, o, one)
        if len(o.node.file.links) > 1:
            # it was reclaimed by its handle, so nobody knows whose removal waits for it
            yield from c.close(o)
    if c.minor:
        r = yield from c.patient(lambda: c.ops(nfs4.reclaim_complete()))
        expect_done(c, 'RECLAIM_COMPLETE', r)


def reclaim_range(c, o, r):
    kind, by = nfs4.WRITE_LT if r.exclusive else nfs4.READ_LT, c.lock_owner(o)
    if o.lock_sid:
        got = yield from c.counted(o.node.fh4, nfs4.lock(
            kind, *span4(r), o.lock_sid, seqid=c.seqid(by), reclaim=True), by)
    else:
        got = yield from c.counted(o.node.fh4, nfs4.lock(
            kind, *span4(r), o.sid, reclaim=True,
            new=(c.seqid(o.owner), c.seqid(by), c.c.owner(by))), o.owner, by)
    expect_done(c, r, got)
    o.lock_sid = got[-1].stateid


def span4(r):
    lo, length = span(r.lo, r.hi)
    return lo, length or nfs4.U64_MAX


def expect_done(c, what, r):
    c.say(f'reclaims {what} -> {r.error or "done"}')
    if r.error:
        raise Defect(f'{c} does not get back {what}: {r.error}')


def persistent(run):
    """Opens that are there again without their clients."""
    return [o for o in run.m.opens if o.persistent]


def restored(run):
    """Whether all are there again, but for those whose time may be over already."""
    there = {o['id'] for o in run.w.server.json('open', 'list') if o['durability'] == 'persistent'}
    return {number_of(o) for o in persistent(run) if not o.client.may_be_over(o)} <= there


def leave(run):
    """Let the clients of SMB lose the server, some of whom were away before."""
    for c in [c for c in run.smb if c.away]:
        # nobody would know whether the open's time was over before the server ended
        if any(c.may_be_over(o, UNTIL_LOST_S) or not o.knows_name() for o in c.opens()):
            run.loop.run(c.back())
    for o in [o for o in persistent(run) if not o.knows_name()]:
        # nobody would know whose removal waits for it
        run.loop.run(o.client.close(o))
    for c in [*run.smb, run.watch]:
        c.lose()


def restart(run):
    """Restart the server; what is open without a name ends, and what SMB has not made lasting."""
    m, server = run.m, run.w.server
    model_waits.cancel_all(run)
    leave(run)
    for link in m.streams() + m.links():
        if link.pending:        # the modules remove it when they go
            link.drop()
    for claims in (m.opens, m.ranges, m.caches, run.v3.shares):
        claims[:] = [x for x in claims if x.node is m.root or not x.node.gone() or
                     x.client is run.local]
    m.say('the server restarts')
    began = time.monotonic()
    for c in run.smb:
        c.wait_since(began, began)
    for c in [run.v3, *run.v4]:
        c.drop()
    server.lengthen_grace()
    server.restart()
    run.settings()      # before anything is granted, whose deadlines follow from them
    known = [x for x in m.opens + m.ranges if x.client.counted]
    wait_for('the grace', lambda: server.grace()['active'] or not known)
    run.loop.run(reclaim_nfs3(run.v3))
    for c in run.v4:
        run.loop.run(reclaim_nfs4(c))
    wait_for('persistent opens', lambda: restored(run))
    for c in run.smb:
        c.wait_since(began, time.monotonic())
    server.end_grace()
    for c in run.smb:
        if run.dice.random() < RETURNS:
            run.loop.run(c.back())
    run.watch.connect()
    run.loop.run(run.watch.begin())
    model_lasting.await_ends(run, run.smb)

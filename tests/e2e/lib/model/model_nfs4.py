# SPDX-License-Identifier: GPL-2.0-only
"""Clients of NFSv4.0, 4.1 and 4.2 of the model: opens, locks, and delegations."""
import os
import struct
import time

import model_access
import nfs4
import nfs4_attr
import rpc
from model_access import LISTS
from model_claims import ADD_ENTRY, REMOVE_ENTRY, RENAME_ENTRY, TO_THE_END, Cache, Open
from model_loop import Defect, Future, pause
from model_nfs import CRED, Nfs
from model_waits import Hope, Waiter
from nfs4 import getattr, getfh, putfh, savefh
from nfs4_callback import SILENT, Callbacks, Listener, modified
from nfs4_status import BADHANDLE, OK, STATUS
from truth import A_WRITE, H, R, W

SLOTS = 32
ENTRY_CHANGES = REMOVE_ENTRY, ADD_ENTRY, RENAME_ENTRY
OPENS_MAX = 6
RENEW_S = 5
MUTE_S = 30                 # until a client is called again that did not reply
LEASE_S = 24                # of the server
WANTS = (nfs4.WANT_NO_PREF, nfs4.WANT_READ, nfs4.WANT_WRITE, nfs4.WANT_ANY, nfs4.WANT_NO)
KINDS = {(True, False): nfs4.WRITE_LT, (True, True): nfs4.WRITEW_LT,
         (False, False): nfs4.READ_LT, (False, True): nfs4.READW_LT}     # by exclusive, waits
PATH_DOWN = 'CB_PATH_DOWN'  # by which a lease is renewed, too (RFC 7530 16.28)
REVOKED = 'EXPIRED', 'BAD_STATEID'       # what 4.0 says of a delegation that was revoked
WRITES = (nfs4.DELEG_WRITE, nfs4.DELEG_WRITE_TIMES)


def span(lo, hi):
    """(offset, length), of which all ones is to the end (RFC 8881 18.10.3)."""
    return lo, TO_THE_END if hi == TO_THE_END else hi - lo + 1


def entry(ace):
    """An entry of a list as NFSv4 has it."""
    who = {model_access.EVERYONE: 'EVERYONE@', model_access.OWNER: 'OWNER@'}.get(ace.who)
    return int(ace.kind != model_access.ALLOW), 0, ace.mask, who or str(ace.who.value)


class Wire:
    """A connection whose replies come as futures, and on which the server may call."""

    def __init__(self, loop, conn):
        self.loop, self.conn, self.waiting = loop, conn, {}
        loop.readers[conn.sock] = self.read

    def call(self, args):
        message = rpc.call_bytes(nfs4.NFS, 4, nfs4.COMPOUND, args, CRED)
        future = self.waiting[message[:4]] = Future()
        self.conn.send(message)
        return future

    def read(self):
        message = self.conn._raw()
        if struct.unpack_from('>I', message, 4)[0]:
            self.waiting.pop(message[:4]).set(rpc.Reply(message))
        else:
            self.conn._called(message)

    def close(self):
        del self.loop.readers[self.conn.sock]
        self.conn.close()


class Nfs4(Waiter, Nfs):
    """A client of one minor version with a few owners."""

    STEPS = Nfs.STEPS | dict(do_open=12, do_close=4, do_lock=5, do_unlock=3, do_downgrade=1,
                             do_return=1, do_dir=2, do_test=2, do_security=2)

    def __init__(self, client, minor, *args):
        super().__init__(*args)
        self.minor, self.listener, self.early = minor, None, set()
        self.hopes, self.hoped = [], set()      # for locks; what was ever hoped for
        self.quiet_until = 0
        if not minor:
            self.STEPS = {step: often for step, often in self.STEPS.items() if step != 'do_dir'}
        self.client, self.id = client, os.urandom(12)
        self.answers = Callbacks(recall=self.recalled, getattr=self.queried, notify=self.notified,
                                 notify_lock=self.is_free)
        if not minor:
            self.answers.called = self.loop.shared(self.answers.called)
            self.listener = Listener(client, self.answers)
        self.connect()
        self.m.root.fh4 = self.c.fh('data')

    def connect(self, again=False):
        self.conn = nfs4.connect(self.client, timeout=60)
        self.begin(again)
        self.wire = Wire(self.loop, self.conn)

    def drop(self):
        """End the connection."""
        self.wire.close()

    def begin(self, again=False):
        """Be a client that has nothing, or the same one as before a restart of the server."""
        if not again:
            self.verf = os.urandom(8)
        if self.minor:
            self.answers.on(self.conn)
            self.c = nfs4.Session.make(
                self.conn, self.id, self.verf, self.minor, CRED, reclaimed=not again,
                fore=nfs4.Channel(requests=SLOTS))
        else:
            self.c = nfs4.Client40(self.conn, self.id, self.verf, CRED, addr=self.listener.uaddr)
        self.free, self.renewed = list(range(SLOTS)), 0
        self.hopes.clear()

    def end(self):
        self.wire.close()
        if self.listener:
            self.listener.__exit__()

    # requests
    def ops(self, *ops, lost=()):
        """A COMPOUND: its results, without that of SEQUENCE. lost: errors of a lost session."""
        slot = self.free.pop(0) if self.minor else None
        if self.minor:
            ops = [self.c.sequence(slot), *ops]
        reply = yield self.wire.call(nfs4.compound_bytes(ops, self.minor))
        if reply.stat != rpc.SUCCESS:
            raise Defect(f'{self}: the RPC status is {reply.stat}')
        r = nfs4.read_reply(reply.body, ops)
        r.error = STATUS.get(r.status, str(r.status)) if r.status else ''
        if self.minor:
            self.free.insert(0, slot)
            if r[0].status == nfs4.DELAY:
                self.c.slots[slot] -= 1
            elif r[0].status and r.error not in lost:
                raise Defect(f'{self}: SEQUENCE: {r.error}')
        if self.minor or r.error in ('', PATH_DOWN):
            self.renewed = time.monotonic()
        return r

    def last(self, *ops):
        """The same: the last result."""
        r = yield from self.ops(*ops)
        r[-1].error = r.error
        return r[-1]

    def counted(self, fh, op, *owners, before=(), after=()):
        """The result of an operation that has the next seqids of owners, which 4.0 counts."""
        r = yield from self.ops(putfh(fh), *before, op, *after)
        if not any(one.op == op.number for one in r):
            for owner in owners if not self.minor else ():
                self.c.seqids[owner] -= 1
        return r

    def seqid(self, owner):
        return 0 if self.minor else self.c.seqid(owner)

    def renew(self, seconds=RENEW_S):
        """Keep the lease, if it was not renewed for so long."""
        if time.monotonic() > self.renewed + seconds:
            yield from self.ops(*[] if self.minor else [nfs4.renew(self.c.id)])

    # data and names
    def target(self, acc):
        """A file with a stateid: (node, by what, owner of ranges, (handle, stateid))."""
        node = self.file()
        return node and self.target_of(node, acc)

    def target_of(self, node, acc):
        choices = [('no open', None, nfs4.ANON)]
        for o in self.opens(node):
            if o.acc & acc == acc:
                choices.append((o, self.locker(o), o.sid))
                if o.lock_sid:
                    choices.append((f'lock of {o}', self.locker(o), o.lock_sid))
        choices += [(c, self, c.sid) for c in self.m.caches if
                    c.client is self and c.node is node and c.row == 'delegation' and
                    c.to is None and not c.closing and not c.doubted and
                    (acc != A_WRITE or c.bits & W)]
        how, owner, sid = self.pick(choices)
        return node, how, owner, (node.fh4, sid)

    def read(self, by, offset, count):
        return self.last(putfh(by[0]), nfs4.read(by[1], offset, count))

    def write(self, by, offset, data):
        return self.last(putfh(by[0]), nfs4.write(by[1], offset, data))

    def size(self, by, size):
        return self.last(putfh(by[0]), nfs4.setattr(by[1], {'size': size}))

    def remove(self, d, name, _is_dir):
        return self.last(putfh(d.fh4), nfs4.remove(name))

    def rename(self, d, old, to, new):
        return self.last(putfh(d.fh4), savefh(), putfh(to.fh4), nfs4.rename(old, new))

    def link(self, node, d, name):
        return self.last(putfh(node.fh4), savefh(), putfh(d.fh4), nfs4.link(name))

    def mkdir(self, d, name):
        return self.last(putfh(d.fh4), nfs4.create(nfs4.DIR, name, {'mode': 0o777}))

    def chmod(self, node, mode):
        return self.last(putfh(node.fh4), nfs4.setattr(nfs4.ANON, {'mode': mode}))

    def attributes(self, node):
        return self.last(putfh(node.fh4), getattr('size', 'numlinks', 'fileid', 'change'))

    # opens
    def do_open(self):
        link, create = self.pick(self.m.files()), None
        if link and self.dice.random() < 0.8:
            d, name = link.parent, link.name
        else:
            (d, name), create = self.place(), self.pick([nfs4.UNCHECKED, nfs4.GUARDED])
        if d.fh4 and len(self.opens()) < OPENS_MAX:
            yield from self.open(d, name, create)

    def open(self, d, name, create):
        own, want = self.pick([b'first', b'other']), self.pick(WANTS) if self.minor else 0
        acc, deny = self.dice.randrange(1, 4), self.pick([0, 0, 0, 0, 1, 2, 3])
        link = d.entries.get(name)
        empties = create == nfs4.UNCHECKED and acc & A_WRITE and self.dice.random() < 0.5
        what = (f'open {link or f"{name} in {d}"} as {own.decode()}, access {acc}, deny {deny}'
                f'{f", want {want:#x}" if want else ""}{"" if create is None else ", create"}'
                f'{", empty it" if empties else ""}')
        attrs = None if create is None else {'mode': 0o666} | ({'size': 0} if empties else {})

        def ask():
            r = yield from self.counted(d.fh4, nfs4.open(
                self.c.owner(own), name, acc | want, deny, seqid=self.seqid(own), how=create,
                attrs=attrs), own,
                after=(getfh(), getattr('change')))
            if not r.error:
                yield from self.confirm(r.of('open'), r.of('getfh').fh, own)
            return r

        def against():
            now = d.entries.get(name)
            return self.m.opens_against(now.node, acc, deny) if now else []

        def reasons():
            now = d.entries.get(name)
            return against() + (self.ranges_in_the_way(now.node, 0, TO_THE_END, True, None)
                                if now and empties else [])
        guarded = create == nfs4.GUARDED
        r = yield from self.attempt(
            what, ask, reasons, against,
            effects=[(link.node, 'open', acc, deny)] if link else (),
            names=[(d, name)] + ([(link.node, 'data')] if link and empties else []),
            excused=lambda error: (error == 'EXIST' and guarded or
                                   self.not_opened(error, d, name, own, acc)))
        if r:
            got, fh = r.of('open'), r.of('getfh').fh
            created = not d.entries.get(name)
            link = self.m.make(d, name) if created else d.entries[name]
            if acc & link.node.denies and not self.overlaps:
                raise Defect(f'{self}: {what}: it was opened, and its list or mode forbids it')
            if link.node.fh4 not in (None, fh):
                raise Defect(f'{self}: {what}: it has another handle than {link.node}')
            link.node.fh4 = fh
            self.add_open(what, link, got, (acc, deny, own))
            self.granted(what, link.node, got.deleg, r[-1].attrs['change'])
            effects = [(link.node, 'open')] + ([(d, 'entry')] if created else [])
            if empties and not created:
                link.node.resize(0)
                effects.append((link.node, 'size'))
            yield from self.broken(what, *effects, acc=acc, deny=deny)

    def not_opened(self, error, d, name, own, acc):
        """An error of OPEN has another reason than claims."""
        link = d.entries.get(name)
        pending = not d.links or d.links[0].pending or link and link.pending
        return (self.overlaps or pending or error == 'NOENT' and not link or
                error == 'ACCESS' and link and acc & link.node.denies or
                error == 'STALE' and link and any(o.owner == own and o.link.pending
                                                  for o in self.opens(link.node)))

    def confirm(self, got, fh, own):
        if got.rflags & nfs4.OPEN_CONFIRM:
            r = yield from self.counted(fh, nfs4.open_confirm(got.stateid, self.seqid(own)), own)
            got.stateid = r.ok()[-1].stateid

    def add_open(self, what, link, got, opened, through=None):
        """Add the open to the model, or to what the owner has open."""
        acc, deny, own = opened
        o = next((o for o in self.opens(link.node) if o.owner == own), None)
        if o:
            if o.sid[1] != got.stateid[1]:
                raise Defect(f'{self}: {what}: it has another stateid than {o}')
            o.acc, o.deny = o.acc | acc, o.deny | deny
        else:
            o = Open(self, link.node, acc, deny, own, link, through)
            o.lock_sid, o.modes = None, []
            o.may_notify = bool(got.rflags & nfs4.OPEN_MAY_NOTIFY_LOCK)
            self.m.opens.append(o)
        o.sid = got.stateid
        o.modes.append((acc, deny))

    def do_close(self):
        o = self.pick(self.opens())
        if o:
            yield from self.close(o)

    def close(self, o):
        r = yield from self.attempt(f'close {o}', lambda: self.counted(
            o.node.fh4, nfs4.close(o.sid, self.seqid(o.owner)), o.owner), names=o.removes(),
            ends=self.m.claims_with(o))
        if r:
            self.hopes = [x for x in self.hopes if x.by is not o]
            self.m.close(o)

    def do_downgrade(self):
        o = self.pick(o for o in self.opens() if (1, 0) in o.modes and (o.acc, o.deny) != (1, 0))
        if not o:
            return
        r = yield from self.attempt(f'downgrade {o} to read', lambda: self.counted(
            o.node.fh4, nfs4.open_downgrade(o.sid, 1, 0, self.seqid(o.owner)), o.owner),
            excused=lambda error: error == 'LOCKS_HELD', ends=[o])
        if r:
            o.sid, o.acc, o.deny, o.modes = r[-1].stateid, 1, 0, [(1, 0)]

    # locks
    def locker(self, o):
        """The owner of the ranges that go with an open."""
        return self, o.owner

    def lock_owner(self, o):
        return b'%s locks file %d' % (o.owner, o.node.number)

    def do_lock(self):
        o = self.pick(self.opens())
        if not o:
            return
        node, (lo, hi), by = o.node, self.range(), self.lock_owner(o)
        exclusive = self.pick([kind for kind in (True, False) if o.acc & (2 if kind else 1)])
        hopes = bool(self.minor) and self.dice.random() < 0.5
        if hopes:
            lo, hi = self.wanted(node)
        kind = KINDS[bool(exclusive), hopes]
        what = (f'lock {lo}-{hi} {"exclusive" if exclusive else "shared"} by {o}'
                f'{", or be told" if hopes else ""}')
        denied = False

        def ask():
            nonlocal denied
            r = yield from ask_once()
            denied = r.error == 'DENIED'
            return r

        def ask_once():
            if o.lock_sid:
                return self.counted(node.fh4, nfs4.lock(
                    kind, *span(lo, hi), o.lock_sid, seqid=self.seqid(by)), by)
            return self.counted(node.fh4, nfs4.lock(kind, *span(lo, hi), o.sid, new=(
                self.seqid(o.owner), self.seqid(by), self.c.owner(by))), o.owner, by)
        r = yield from self.attempt(
            what, ask,
            lambda: self.m.ranges_against(node, lo, hi, exclusive, self.locker(o), False),
            excused=lambda error: self.missing(error, node),
            ends=self.m.ranges_of(node, self.locker(o), lo, hi))
        if denied and hopes:
            self.hope(Hope(self, node, self.locker(o), False, exclusive, lo, hi, o), by)
        if r:
            for hope in [x for x in self.hopes if x.by is o]:
                hope.ended = True       # it may be of a range that the owner has now
            o.lock_sid = r[-1].stateid
            self.m.lock_posix(self, node, self.locker(o), lo, hi, exclusive, o)
            yield from self.broken(what, (node, f'lock {"exclusive" if exclusive else "shared"}'))

    def hope(self, hope, by):
        """Wait to be told."""
        hope.ended = not hope.by.may_notify or time.monotonic() < self.quiet_until
        self.hopes = [x for x in self.hopes if not hope.repeats(x)] + [hope]
        self.hoped.add((hope.node.fh4, by))

    def is_free(self, call):
        """CB_NOTIFY_LOCK"""
        owner = call.owner[1]
        self.say(f'is told that a range of {owner} is free')
        self.m.coverage.steps[self.kind(), 'notify_lock', 'done'] += 1
        if (call.fh, owner) not in self.hoped:
            self.m.strange.append(f'{self} is told of a lock of {owner}, and has not asked for any')
        # it does not tell which, of several of an owner
        of_these = [x for x in self.hopes if
                    (x.node.fh4, self.lock_owner(x.by)) == (call.fh, owner)]
        for x in sorted(of_these, key=lambda x: bool(self.in_the_way(x)))[:1]:
            self.hopes.remove(x)
        return OK

    def do_unlock(self):
        o = self.pick(o for o in self.opens() if o.lock_sid)
        if not o:
            return
        by = self.lock_owner(o)
        lo, hi = self.pick([(r.lo, r.hi) for r in self.m.ranges if r.by is o] + [self.range()])
        r = yield from self.attempt(f'unlock {lo}-{hi} by {o}', lambda: self.counted(
            o.node.fh4, nfs4.locku(nfs4.READ_LT, *span(lo, hi), o.lock_sid, self.seqid(by)), by),
            ends=self.m.ranges_of(o.node, self.locker(o), lo, hi))
        o.lock_sid = r[-1].stateid
        self.m.lock_posix(self, o.node, self.locker(o), lo, hi, None)

    def do_test(self):
        """LOCKT, which tells a range that is in the way."""
        node, own = self.file(), self.pick([b'first', b'other'])
        if not node:
            return
        (lo, hi), exclusive, r = self.range(), self.pick((True, False)), None
        kind = nfs4.WRITE_LT if exclusive else nfs4.READ_LT
        by = self.c.owner(b'%s locks file %d' % (own, node.number))

        def ask():
            nonlocal r
            r = yield from self.last(putfh(node.fh4), nfs4.lockt(kind, *span(lo, hi), by))
            return r

        def reasons():
            return self.m.ranges_against(node, lo, hi, exclusive, (self, own), False)
        what = f'test {lo}-{hi} {"exclusive" if exclusive else "shared"} of {node} by {own}'
        self.may_hide(node, exclusive)
        yield from self.attempt(what, ask, reasons,
                                excused=lambda error: self.missing(error, node))
        if r and r.error == 'DENIED':
            self.told_holder(what, reasons(), r.denied.offset, r.denied.length)

    def do_security(self):
        """Set the list of a file."""
        node, name = self.file(), self.pick(LISTS)
        if not node:
            return
        what = f'give {node} the list "{name}"'
        r = yield from self.attempt(
            what, lambda: self.last(putfh(node.fh4), nfs4.setattr(
                nfs4.ANON, {'acl': [entry(ace) for ace in LISTS[name]]})),
            excused=lambda error: self.missing(error, node), names=[(node, 'mode')])
        if r:
            model_access.set_list(node, name)
            yield from self.broken(what, (node, 'setattr'), *self.children(node))

    # delegations
    def granted(self, what, node, deleg, change):
        if deleg.stateid is None:
            return
        for c in [c for c in self.m.caches if c.client is self and c.node is node and
                  c.row == 'delegation']:
            if c.sid[1] == deleg.stateid[1]:
                self.m.forget(c)
            elif c.to is None and not c.closing:
                raise Defect(f'{self}: {what}: it has a delegation beside {c}')
        writes = W if deleg.type in WRITES else 0
        self.keep(Cache(self, node, 'delegation', None, R | H | writes), deleg.stateid, change)

    def keep(self, c, sid, change=None):
        """Have a delegation, which may have been recalled before its grant was read."""
        c.sid, c.change = sid, change
        self.m.caches.append(c)
        if sid[1] in self.early:
            self.give_up(c)

    def recalled(self, call):
        c = next((c for c in self.m.caches if c.client is self and c.sid[1] == call.stateid[1]),
                 None)
        self.say('is asked for', c or 'a delegation that it does not have, or not yet')
        if c:
            self.m.coverage.broke(c, self.m.asking)
        if not c:
            self.early.add(call.stateid[1])
        elif c.to is None and not c.closing:
            self.give_up(c)
        return SILENT if c and c.mute else OK

    def give_up(self, c):
        c.to, c.told = 0, time.monotonic()
        if not self.ignores(c):
            self.loop.spawn(self.give(c))
            return
        # the server may ask again until the time is over
        c.mute = self.dice.random() < 0.5
        if c.mute:
            self.say('does not reply to the call, either')
            # other calls are late meanwhile, and until the server has tried again
            self.quiet_until = c.expires + MUTE_S
            for hope in self.hopes:
                hope.ended = True
        self.loop.spawn(self.ignore(c))

    def break_s(self):
        """RFC 7530 10.2.1 has one of 4.0 hear of it before."""
        return LEASE_S if self.minor else LEASE_S * 2 / 3

    def loses(self, c):
        super().loses(c)
        self.m.forget(c)

    def answer_late(self, c):
        """The stateid is one that was revoked (RFC 8881 10.4.6 and 18.38.3, RFC 7530 10.4.6)."""
        if c.node.gone() or self.away:
            return
        r = yield from self.ops(putfh(c.node.fh4), nfs4.delegreturn(c.sid))
        self.heard_late(f'a late return of {c}', r.error,
                        ('DELEG_REVOKED',) if self.minor else REVOKED)
        if self.minor:
            r = yield from self.ops(nfs4.free_stateid(c.sid))
            self.heard_late(f'freeing {c}', r.error, ('',))

    def give(self, c):
        """Return a delegation that was recalled, now or later, after a write maybe."""
        yield pause(self.pick([0, 0, 0, 0.1, 0.4]))
        error = ''
        if c.bits & W and self.dice.random() < 0.7:
            error = yield from self.flush(c.node, (c.node.fh4, c.sid), self)
        self.m.forget(c)
        yield from self.returned(c, error)

    def returned(self, c, error=''):
        r = yield from self.ops(putfh(c.node.fh4), nfs4.delegreturn(c.sid))
        error = error or r.error
        self.say(f'return {c} -> {error or "done"}')
        gone = c.node.gone() or any((x.parent, x.name) in self.m.taken for x in c.node.links)
        if error and not gone and not (c.doubted and error in REVOKED):
            raise Defect(f'{self}: return of {c}: {error}')
        return error

    def do_return(self):
        c = self.pick(c for c in self.m.caches if c.client is self and c.to is None)
        if c:
            c.closing = True
            yield from self.returned(c)
            self.m.coverage.ended(self, 'done')
            self.m.forget(c)

    def queried(self, call):
        """CB_GETATTR: what the client has cached does not differ."""
        for c in self.m.caches:
            if c.client is self and c.row == 'delegation' and c.node.fh4 == call.fh:
                return modified(c.change, len(c.node.data))
        return BADHANDLE

    def do_dir(self):
        """Get a delegation of a directory."""
        d = self.pick(d for d in self.m.dirs() if d.fh4)
        if not self.minor or any(c.client is self and c.node is d for c in self.m.caches):
            return
        kinds = self.pick([(), ENTRY_CHANGES])
        before = len(self.m.asking)
        r = yield from self.ops(putfh(d.fh4), nfs4.get_dir_delegation(*kinds))
        self.m.coverage.ended(self, r.error or ('refused' if r[-1].nonfatal else 'done'))
        if not r.error and not r[-1].nonfatal:
            c = Cache(self, d, 'directory delegation', None, R | H)
            c.notify, c.blurred = bool(kinds), bool(before or self.m.asking)
            if r[-1].notify != [nfs4_attr.NAMES[kind] for kind in kinds]:
                raise Defect(f'{self}: {c} is told of {r[-1].notify}, asked for {kinds}')
            self.say('has', c, 'and is told of changes' if kinds else '')
            self.keep(c, r[-1].stateid)

    def notified(self, call):
        """CB_NOTIFY, which comes in order."""
        c = next((c for c in self.m.caches if c.client is self and c.sid[1] == call.stateid[1]),
                 None)
        names = [(kind, *(name.decode() for name in names)) for kind, *names in call.changes]
        self.say('is told of', names, 'in', c or 'a directory that it has not, or not yet')
        if c:
            c.heard += names
        return OK

    def leave(self):
        """Give back all claims."""
        for o in self.opens():
            yield from self.close(o)
        for c in [c for c in self.m.caches if c.client is self and c.to is None]:
            yield from self.returned(c)
            self.m.forget(c)

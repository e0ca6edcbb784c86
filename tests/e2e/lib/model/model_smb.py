# SPDX-License-Identifier: GPL-2.0-only
"""SMB 3.1.1 clients of the model: opens, mandatory ranges, leases and oplocks."""
import itertools
import os
import struct
import time
from types import SimpleNamespace as Result

import model_access
import smb2
import smb_durable
import smbraw
from checks import SLOW
from model_access import LISTS
from model_claims import TO_THE_END, Cache, Link, Open, Range
from model_client import Client
from model_loop import Defect, Future, pause
from model_waits import WAITS_MAX, Wait, Waiter
from smb2 import (DELETE_ON_CLOSE, DIRECTORY_FILE, EMPTY_BODY, MAKE, OPEN, OPEN_IF, OVERWRITE_IF,
                  ack_body)
from smb_acl import ALLOW, DACL, DENY, EVERYONE, READ_ACL, SECURITY, WRITE_ACL, descriptor, user
from smb_bodies import OplockAck
from smb_cachers import ACK_REQUIRED, LEASE, NOBODY
from smb_contexts import Answer, lease_v2
from truth import A_DELETE, A_READ, A_WRITE, H, R, W

LEASING, DIRECTORY_LEASING = 0x02, 0x20
CAPS = smbraw.LARGE_MTU_CAP | LEASING | DIRECTORY_LEASING
OPENS_MAX, DIRS_MAX = 7, 3
OPLOCKS = {1: R, 8: R | W, 9: R | H | W}
CREATED, OVERWRITTEN = 2, 3                              # CreateAction
BASIC, RENAME, LINK, DISPOSITION, END_OF_FILE = 4, 10, 11, 13, 20   # of SET_INFO
ALL = A_READ | A_WRITE | A_DELETE
RIGHTS = {A_READ: 0x89, A_WRITE: 0x116, A_DELETE: smb2.DELETE}
SYNCHRONIZE = 0x100000
WAITS = 'waits'             # in the place of an error: the request waits for a range
BREAK_S = 35                # until a break is over that the holder does not answer
LATE = ('UNSUCCESSFUL', 'INVALID_OPLOCK_PROTOCOL')      # and what the holder hears then


def rights(acc):
    return SYNCHRONIZE | sum(right for bit, right in RIGHTS.items() if acc & bit)


def path_of(d, name):
    above = d.links[0].path('\\')
    return f'{above}\\{name}' if above else name


def open_text(file, acc, share, how, at_close, key, level):
    """An open in the log; @key is that of a lease, without which it asks for an oplock."""
    return (f'open {file}, access {acc}, share {share}, disposition {how}'
            f'{", delete on close" if at_close else ""}'
            f'{f", lease {key.hex()}" if key else f", oplock {level}"}')


def lease_key(parts):
    return next((data[:16] for kind, data in parts if kind == b'RqLs'), None)


def entry(ace):
    """An entry of a list as SMB has it."""
    who = EVERYONE if ace.who == model_access.EVERYONE else user('alice')
    return ALLOW if ace.kind == model_access.ALLOW else DENY, 0, ace.mask, who


class Smb(Waiter, Client):
    """A session on one connection. An open is used by one request at a time."""

    STEPS = Client.STEPS | dict(do_open=12, do_close=5, do_lock=4, do_unlock=3, do_delete=2,
                                do_rename=4, do_link=1, do_dir=4, do_times=1, do_security=2,
                                do_wait=3, do_cancel=1)
    REFUSED = ('SHARING_VIOLATION', 'FILE_LOCK_CONFLICT', 'LOCK_NOT_GRANTED', WAITS)
    exact, caps, tells_at_close = True, CAPS, True
    body_of = smb_durable.Durable.body

    def __init__(self, client, *args):
        super().__init__(*args)
        self.client, self.guid = client, os.urandom(16)
        self.waiting, self.interim, self.keys, self.closed = {}, {}, 0, set()
        self.connect()

    def connect(self):
        self.waiting.clear()
        self.s = smbraw.link(self.client, guid=self.guid, caps=self.caps)
        self.loop.readers[self.s.socket] = self.receive

    def kind(self):
        return 'SMB'

    def end(self):
        del self.loop.readers[self.s.socket]
        self.s.end()
        self.m.waits = [w for w in self.m.waits if w.client is not self]

    def lose(self):
        """Lose the connection, and all that was open."""
        self.end()
        for o in self.opens():
            self.m.close(o)

    # messages
    def receive(self):
        while True:
            frame = self.s.receive(20 * SLOW)
            if frame is None:
                raise Defect(f'{self}: the server closed the connection')
            status, = struct.unpack_from('<I', frame, 8)
            number, = struct.unpack_from('<Q', frame, 24)
            if number == NOBODY:
                self.told(frame[64:])
            elif status == smb2.PENDING:
                self.interim[number] = frame[32:40]
                self.pending(number)
            else:
                error = '' if status == smb2.OK else smbraw.name(status)
                self.interim.pop(number, None)
                self.waiting.pop(number).set(Result(error=error, body=frame[64:]))
            if not self.s.rest:
                return

    def pending(self, number):
        """The server has a request, and answers later."""

    def ask(self, command, body):
        future = self.waiting[self.s.send(command, body)] = Future()
        return (yield future)

    def use(self, o, command, body):
        """A request with an open."""
        o.used = True
        r = yield from self.ask(command, body)
        o.used = False
        return r

    def usable(self, acc=0):
        """Opens of files that no request uses."""
        return [o for o in self.opens() if not o.used and o.acc & acc == acc and
                not o.node.is_dir]

    def key(self, o):
        return o.cache and o.cache.key

    # breaks
    def told(self, body):
        """A break: check it, and answer it."""
        if struct.unpack_from('<H', body)[0] == 24:
            level, key = struct.unpack_from('<2xB5x16s', body)
            after, epoch = OPLOCKS.get(level, 0), None
        else:
            epoch, flags, key, before, after = struct.unpack_from('<2xHI16sII', body)
        c = next((c for c in self.m.caches if c.client is self and c.key == key), None)
        self.say('is told that', c or 'something that it closed', 'is broken')
        if c:
            self.m.coverage.broke(c, self.m.asking)
        if not c or c.closing:
            if key not in self.closed:
                raise Defect(f'{self}: a break of something unknown, {key}')
            return
        if epoch is not None:
            asked = bool(flags & ACK_REQUIRED)
            if before != c.bits or asked != (before != R) or not 0 < epoch - c.epoch & 0xffff < 100:
                raise Defect(f'{self}: a break of {c} from {before}, flags {flags}, epoch {epoch} '
                             f'after {c.epoch}')
            c.epoch = epoch
        if c.to is not None or after & ~c.bits or after == c.bits:
            raise Defect(f'{self}: a break of {c} to {after}')
        if c.bits == R:
            c.bits = after
        else:
            c.to, c.told = after, time.monotonic()
            self.loop.spawn(self.ignore(c) if self.ignores(c) else self.give(c))

    def break_s(self):
        return BREAK_S

    def answer_late(self, c):
        """The lease has ended without the answer (MS-SMB2 3.3.6.5, 3.3.5.22)."""
        if c not in self.m.caches or c.bits or self.busy or self.away:
            return
        r = yield from self.ask(smb2.OPLOCK_BREAK, self.ack(c, 0))
        self.heard_late(f'a late answer to the break of {c}', r.error, LATE)

    def ack(self, c, keep):
        if c.epoch is None:
            return bytes(OplockAck(level=1 if keep else 0, fid=c.key))
        return ack_body(c.key, keep)

    def give(self, c):
        """Acknowledge a break, now or later, after a write maybe."""
        yield pause(self.pick([0, 0, 0, 0.1, 0.4]))
        o = self.pick(o for o in self.usable(A_WRITE) if o.cache is c and not o.delete)
        if c.bits & W and not c.to & W and o and self.dice.random() < 0.7:
            error = yield from self.flush(c.node, o, o)
            if error:
                raise Defect(f'{self}: write of what {c} had cached: {error}')
        if c not in self.m.caches or c.closing:
            return
        keep = c.to & self.pick([R | H | W] * 4 + [R | H, R, 0])
        if c.epoch is None:
            keep &= R
        elif not keep & R:
            keep = 0
        c.bits, c.to = keep, None
        r = yield from self.ask(smb2.OPLOCK_BREAK, self.ack(c, keep))
        self.say(f'leave {c} -> {r.error or "done"}')
        if r.error and c in self.m.caches and not c.closing:
            raise Defect(f'{self}: acknowledgement of the break to {c}: {r.error}')

    # opens
    def do_open(self):
        link = self.pick(self.m.files())
        if link and self.dice.random() < 0.85:
            d, name = link.parent, link.name
            how = self.pick([OPEN] * 6 + [OPEN_IF, OVERWRITE_IF])
        else:
            (d, name), how = self.place(), self.pick([OPEN_IF, MAKE, OVERWRITE_IF])
        if len(self.opens()) < OPENS_MAX:
            yield from self.open(d, name, how)

    def open(self, d, name, how):
        acc = self.pick([1, 1, 2, 3, 3, 3, 7, 7, 4, 5])
        share = self.pick([7, 7, 7, 7, 3, 1, 0, 5, 6])
        at_close = bool(acc & A_DELETE) and self.dice.random() < 0.12
        link = d.entries.get(name)
        parts, level, c = self.caching(link)
        if c and c.to is not None:
            return
        path, deny, key = path_of(d, name), ALL & ~share, lease_key(parts)
        wants = acc | A_WRITE if how == OVERWRITE_IF else acc
        what = open_text(f'{path} ({link.node if link else "new"})', acc, share, how, at_close, key,
                         level)

        def reasons():
            now = d.entries.get(name)
            return self.m.opens_against(now.node, wants, deny) + (
                self.m.keepers(now.node) if acc & A_DELETE else []) if now else []
        body = self.body_of(path, *parts, level=level, share=share, how=how, access=rights(acc),
                            options=DELETE_ON_CLOSE if at_close else 0)
        r = yield from self.attempt(what, lambda: self.ask(smb2.CREATE, body), reasons,
                                    excused=lambda error: self.not_opened(error, d, name, how, wants),
                                    names=[(d, name)] + ([(link.node, 'data')] if link else []) + (
                                        [(link.node, s) for s in link.node.streams]
                                        if link and how == OVERWRITE_IF else []),
                                    effects=[(link.node, 'open', wants, deny)] if link else ())
        if r:
            got = Answer(r.body)
            if link and wants & link.node.denies and not self.overlaps:
                raise Defect(f'{self}: {what}: it was opened, and its list or mode forbids it')
            o = self.opened(what, d, name, got, (acc, deny, at_close))
            self.granted(what, o, got, key)
            effects = [(o.node, 'open')]
            effects += [(o.node, 'size')] if got.action == OVERWRITTEN else []
            effects += [(o.node, 'remove')] if at_close else []
            effects += [(d, 'entry')] if got.action == CREATED else []
            yield from self.broken(what, *effects, key=self.key(o), acc=acc, deny=deny)

    def not_opened(self, error, d, name, how, wants):
        """An error of CREATE has another reason than claims."""
        link = d.entries.get(name)
        pending = link and link.pending or not d.links or d.links[0].pending
        return (self.overlaps or error in ('DELETE_PENDING', 'ACCESS_DENIED') and pending or
                error == 'ACCESS_DENIED' and link and wants & link.node.denies or
                error in ('ACCESS_DENIED', 'CANNOT_DELETE') and link and link.node.readonly or
                error == 'OBJECT_NAME_NOT_FOUND' and not link and how == OPEN or
                error == 'OBJECT_NAME_COLLISION' and link and how == MAKE or
                error == 'OBJECT_PATH_NOT_FOUND' and not d.links or
                error == 'FILE_LOCK_CONFLICT' and how == OVERWRITE_IF)

    def caching(self, link, stream=False):
        """What an open wants: (create contexts, oplock level, the lease if there is one)."""
        how = self.pick(['none', 'oplock', 'lease', 'lease', 'lease'])
        if how != 'lease':
            return [], self.pick(list(OPLOCKS)) if how == 'oplock' else 0, None
        self.keys += 1
        key = struct.pack('<8sII', self.name.encode(), link.number if link else self.keys << 16,
                          self.dice.randrange(2))
        c = next((c for c in self.m.caches if c.client is self and c.key == key), None)
        want = self.pick([R, R | H, R | W, R | H | W, R | H | W])
        return [lease_v2(key, want, c.epoch if c else 0)], LEASE, c

    def opened(self, what, d, name, got, opened):
        """Add the open to the model, with the file if it is new."""
        acc, deny, at_close = opened
        link = d.entries.get(name)
        if link and link.pending and not self.overlaps:
            raise Defect(f'{self}: {what}: it was opened, and is to be removed')
        if got.action == CREATED:
            if link:
                raise Defect(f'{self}: {what}: it was created, and is there')
            link = self.m.make(d, name)
        if not link:
            raise Defect(f'{self}: {what}: it was opened, and is not there')
        if got.action == OVERWRITTEN:
            link.node.resize(0)
            self.m.overwritten(link.node)
        o = Open(self, link.node, acc, deny, None, link)
        o.fid, o.delete = got.fid, at_close
        self.m.opens.append(o)
        return o

    def granted(self, what, o, got, key):
        """Add what the open has got to cache."""
        if not got.level:
            return
        if got.level == LEASE and got.key != key:
            raise Defect(f'{self}: {what}: the lease has the key {got.key.hex()}')
        key, bits = (key, got.state) if got.level == LEASE else (got.fid, OPLOCKS[got.level])
        c = next((c for c in self.m.caches if c.client is self and c.key == key), None)
        if not c:
            c = Cache(self, o.node, 'directory' if o.node.is_dir else 'lease', key, bits)
            self.m.caches.append(c)
        elif c.bits & ~bits:
            raise Defect(f'{self}: {what}: it has {bits}, and there is {c}')
        c.bits, c.epoch, c.since, o.cache = bits, got.epoch, time.monotonic(), c
        c.opens += 1

    def do_dir(self):
        """Open a directory, with a lease or for deletion."""
        d = self.pick(self.m.dirs())
        if len([o for o in self.opens() if o.node.is_dir]) >= DIRS_MAX:
            return
        link = d.links[0]
        acc = A_READ if d is self.m.root else self.pick([A_READ, A_READ | A_DELETE])
        key, parts = struct.pack('<8sII', self.name.encode(), link.number, 9), []
        if acc == A_READ:
            if any(c.client is self and c.key == key for c in self.m.caches):
                return
            parts = [lease_v2(key, self.pick([R, R | H]))]
        what = f'open {link}, access {acc}'
        body = self.body_of(link.path('\\'), *parts, how=OPEN, options=DIRECTORY_FILE,
                            access=rights(acc) & ~RIGHTS[A_READ] | 0x81)
        r = yield from self.attempt(
            what, lambda: self.ask(smb2.CREATE, body), lambda: self.m.opens_against(d, acc),
            excused=lambda error: self.overlaps or link.pending,
            names=[(link.parent, link.name)] if link.parent else ())
        if r:
            got = Answer(r.body)
            o = Open(self, d, acc, 0, None, link)
            o.fid = got.fid
            self.m.opens.append(o)
            if got.state:
                self.granted(what, o, got, key)

    def do_close(self):
        o = self.pick(o for o in self.opens() if not o.used)
        if o:
            yield from self.close(o)

    def close(self, o):
        link, what, names = o.through or o.link, f'close {o}', o.removes()
        parent = link.parent
        if not self.names_free(names):
            return
        self.closed.update((o.fid, self.key(o)))
        for wait in self.waits():
            wait.ended |= wait.by is o
        if o.cache and o.cache.opens == 1:
            o.cache.closing = True
        yield from self.attempt(what, lambda: self.use(o, smb2.CLOSE, smb2.close_body(o.fid)),
                                names=names, ends=self.m.claims_with(o))
        told = self.children(o.node) if o.wrote else ()
        self.m.close(o)
        yield from self.broken(f'{what}, which wrote', *told)
        if parent and not link.parent:
            # no client waits for what its CLOSE removes
            yield from self.broken(f'{what}, which removes it', (parent, 'entry'), waits=False)

    # data
    def target(self, acc):
        """An open: (node, by what, owner of ranges, first argument)."""
        o = self.pick(self.usable(acc))
        return o and (o.node, o, o, o)

    def read(self, o, offset, count):
        r = yield from self.use(o, smb2.READ, smb2.read_body(o.fid, count, offset))
        r.data = b'' if r.error else smb2.read_data(r.body)
        if r.error == 'END_OF_FILE':
            r.error = ''
        return r

    def write(self, o, offset, data):
        return self.use(o, smb2.WRITE, smb2.write_body(o.fid, data, offset))

    def size(self, o, size):
        return self.set_info(o, END_OF_FILE, struct.pack('<Q', size))

    def set_info(self, o, level, data):
        return self.use(o, smb2.SET_INFO, smb2.set_body(o.fid, level, data))

    def do_times(self):
        """Set the time of the last write."""
        o = self.pick(o for o in self.usable(A_WRITE) if not o.through)
        if not o:
            return
        what, when = f'set the time by {o}', 133_000_000_000_000_000 + self.dice.randrange(10**9)
        if (yield from self.attempt(what, lambda: self.set_info(
                o, BASIC, struct.pack('<QQQQII', 0, 0, when, 0, 0, 0)))):
            o.node.edits += 1
            yield from self.broken(what, (o.node, 'setattr'), *self.children(o.node),
                                   key=self.key(o))

    def do_security(self):
        """Set the list of a file, by an open for that."""
        link, name = self.pick(self.m.files()), self.pick(LISTS)
        if not link:
            return
        what = f'give {link} the list "{name}"'
        body = self.body_of(link.path('\\'), how=OPEN, access=READ_ACL | WRITE_ACL)

        def ask():
            r = yield from self.ask(smb2.CREATE, body)
            if r.error:
                return r
            fid = r.body[64:80]
            r = yield from self.ask(smb2.SET_INFO, smb2.set_body(
                fid, 0, descriptor(*map(entry, LISTS[name])), SECURITY, DACL))
            yield from self.ask(smb2.CLOSE, smb2.close_body(fid))
            return r
        r = yield from self.attempt(
            what, ask, excused=lambda error: self.overlaps or link.pending,
            names=[(link.parent, link.name), (link.node, 'mode')])
        # what the open takes from one who is away
        self.present([c for c, _, _ in self.breaks(link.node, 'open', None, 0, 0)])
        if r:
            model_access.set_list(link.node, name)
            yield from self.broken(what, (link.node, 'setattr'), *self.children(link.node))

    # ranges
    def do_lock(self):
        o = self.pick(self.usable(A_READ))
        if not o:
            return
        new = [Range(self, o.node, o, True, self.pick((True, False)), *self.range(), o)
               for _ in range(self.pick([1, 1, 1, 2]))]
        kinds = ['exclusive' if r.exclusive else 'shared' for r in new]
        what = f'lock {" and ".join(f"{r.lo}-{r.hi} {k}" for r, k in zip(new, kinds))} by {o}'
        flags = {r: smb2.AT_ONCE | (smb2.EXCLUSIVE if r.exclusive else smb2.SHARED) for r in new}

        def reasons():
            own = [a for a, b in itertools.combinations(new, 2) if a.lo <= b.hi and b.lo <= a.hi and
                   b.exclusive]
            return own + [x for r in new for x in self.m.ranges_against(
                o.node, r.lo, r.hi, r.exclusive, o, True)]
        r = yield from self.attempt(what, lambda: self.use(o, smb2.LOCK, self.s.lock_body(
            o.fid, *((r.lo, r.hi - r.lo + 1, flags[r]) for r in new))), reasons)
        if r:
            self.m.ranges += new
            yield from self.broken(what, *((o.node, f'lock {k}') for k in kinds), key=self.key(o))

    def do_wait(self):
        """Lock a range, and wait until it is free."""
        o = self.pick(self.usable(A_READ))
        if not o or len(self.waits()) >= WAITS_MAX:
            return
        wait = Wait(self, o.node, o, True, self.pick((True, False)), *self.wanted(o.node), o)
        flags = smb2.EXCLUSIVE if wait.exclusive else smb2.SHARED
        body = self.s.lock_body(o.fid, (wait.lo, wait.hi - wait.lo + 1, flags))
        r = yield from self.attempt(
            f'lock, {wait}', lambda: self.ask_wait(wait, body), lambda: self.in_the_way(wait),
            excused=lambda error: (error == 'POSSIBLE_DEADLOCK' and self.may_close_circle(wait)))
        if r:
            self.m.grant(wait)
            yield from self.broken(f'lock, {wait}', (o.node, wait.column()), key=self.key(o))

    def ask_wait(self, wait, body):
        """Send the request; it waits if the interim response is not about a break."""
        number = self.s.send(smb2.LOCK, body)
        final = self.waiting[number] = Future()
        wait.by.used = True
        while not final.done and not (number in self.interim and
                                      self.present(self.in_the_way(wait))):
            yield pause(0.01)
        wait.by.used = False
        if final.done:
            return final.value
        wait.number, self.waiting[number] = number, wait
        self.begin_wait(wait)
        return Result(error=WAITS)

    def cancel(self, wait):
        """Cancel a request, which may be granted before."""
        wait.ended = True
        head = bytearray(self.s.header(smb2.CANCEL, wait.number, flags=2))
        head[32:40] = self.interim[wait.number]
        self.s.raw(self.s.signed(bytes(head) + EMPTY_BODY))
        r = yield wait.answer
        if r.error not in ('', 'CANCELLED'):
            raise Defect(f'{self}: {wait} was cancelled, and ended with {r.error}')

    def do_unlock(self):
        """Unlock a range, or one that is not locked like this."""
        r = self.pick(r for r in self.m.ranges if r.client is self and not r.by.used)
        if not r:
            return
        more = 0 if r.hi == TO_THE_END else self.pick([0, 0, 0, 0, 1])
        if any(x.by is r.by and (x.lo, x.hi) == (r.lo, r.hi + more) for x in self.m.ranges
               if x is not r):
            return
        body = self.s.lock_body(r.by.fid, (r.lo, r.hi - r.lo + 1 + more, smb2.UNLOCK))
        done = yield from self.attempt(
            f'unlock {r.lo}-{r.hi + more} by {r.by}', lambda: self.use(r.by, smb2.LOCK, body),
            excused=lambda error: more and error == 'RANGE_NOT_LOCKED', ends=[] if more else [r])
        if done and more:
            raise Defect(f'{self}: {r} was unlocked by a request for {more} more')
        if done:
            self.m.ranges.remove(r)

    # names
    def named(self):
        """An open by which the name may be changed."""
        return self.pick(o for o in self.opens() if o.acc & A_DELETE and not o.used and
                         o.link.parent)

    def do_delete(self):
        o, on = self.named(), self.dice.random() < 0.8
        if not o:
            return
        what = f'{"remove at the last close" if on else "do not remove"} by {o}'
        r = yield from self.attempt(
            what, lambda: self.set_info(o, DISPOSITION, bytes([on])), excused=lambda error: (
                error == 'DIRECTORY_NOT_EMPTY' and o.node.entries or not o.link.parent or
                error == 'CANNOT_DELETE' and o.node.file.readonly),
            names=[(o.link.parent, o.link.name)])
        if r:
            o.link.pending = on
            if on:
                yield from self.broken(what, (o.node, 'remove'), key=self.key(o))

    def do_rename(self):
        o = self.named()
        if o:
            yield from self.rename(o)

    def rename(self, o):
        d, name = self.place(o.node.is_dir)
        if o.node.is_dir and d.below(o.node):
            return
        link, replace = o.link, self.pick((True, False))
        over, path = d.entries.get(name), path_of(d, name)
        other = over and over.node is not o.node
        what = f'rename {link} to {path}{f" over {over}" if over else ""} replace {replace} by {o}'

        def excused(error):
            below = o.node.is_dir and any(p.node.file.below(o.node) for p in self.m.opens if
                                          p.node is not o.node)
            return (self.overlaps or link.pending or d.links[0].pending or
                    over and (error == 'OBJECT_NAME_COLLISION' and not replace or
                              error == 'ACCESS_DENIED' and (
                                  self.m.busy(over.node) or over.node.readonly) or
                              over.node.is_dir or over.pending or over.node is o.node) or
                    error == 'ACCESS_DENIED' and below or
                    error == 'SHARING_VIOLATION' and self.m.busy(d))

        def in_the_way():
            return [p for p in self.m.opens if other and p.node.file is over.node and p.link]
        r = yield from self.attempt(what, lambda: self.set_info(
            o, RENAME, smb2.name_data(path, replace)), firm=in_the_way, excused=excused,
            names=[(link.parent, link.name), (d, name)], effects=self.m.renames(o.node, over))
        if r:
            if other and not replace:
                raise Defect(f'{self}: {what}: it was replaced')
            yield from self.renamed(what, link, d, name, self.key(o))
            o.entry = d, name

    def do_link(self):
        o = self.pick(o for o in self.usable() if o.link.parent and not o.through)
        d, name = self.place()
        if not o:
            return
        path = path_of(d, name)
        what = f'link {path} by {o}'

        def excused(error):
            return o.link.pending or error == 'SHARING_VIOLATION' and self.m.busy(d)
        if (yield from self.made(what, lambda: self.set_info(o, LINK, smb2.name_data(path)), d,
                                 name, excused)):
            Link(d, name, o.node)
            yield from self.broken(what, (o.node, 'link'), (d, 'entry'), key=self.key(o))

    def leave(self):
        """Close everything."""
        for o in self.opens():
            yield from self.close(o)

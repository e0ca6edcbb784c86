# SPDX-License-Identifier: GPL-2.0-only
"""What the clients of the model (model_claims.py) have in common, whatever they speak.

A step of a client is a generator that does one operation and compares its outcome with the model.
An operation is refused only if a claim of the model conflicts with it, and done only if none does.
What it takes from caches has been given up when it is done, or their holders are told soon.
"""
import time

from checks import SLOW
from model_claims import REMOVED, TO_THE_END, Open
from model_loop import Defect, pause
from truth import A_READ, A_WRITE

IGNORED = 0.02             # of breaks
EARLY_S, LATE_S = 2, 4 * SLOW       # before and after the time of a break is over
TOLD_S = 20 * SLOW          # until a client is told of a break that nobody waited for
NAMES, DIR_NAMES = 'abcd', 'xyz'


class Client:
    """A client that does one step at a time.

    busy: a step runs; overlaps: so did another one at some time in it; flushes: it writes what it
    had cached, and begins no step. Subclasses have read(),
    write() and size(), and target(), which says on what and by what these are done.
    """

    STEPS = dict(do_read=6, do_write=6, do_size=3)      # how often each is chosen
    REFUSED = ()            # errors by which the server refuses for a claim
    exact = False           # ranges of others stop it, whatever they are
    counted = True          # its claims are in the server's numbers
    away = False            # it has lost its connection
    watches = False         # its open of the root is not one that stops others
    tells_at_close = False  # data written by an open counts for its directory when it is closed

    def __init__(self, name, model, loop, dice):
        self.name, self.m, self.loop, self.dice = name, model, loop, dice
        self.busy = self.overlaps = self.flushes = False
        self.began, self.doing = 0, ''

    def __repr__(self):
        return self.name

    def kind(self):
        """What it speaks."""
        return self.name

    def say(self, *what):
        self.m.say(f'{self.name}:', *what)

    def step(self):
        self.doing, = self.dice.choices(list(self.STEPS), list(self.STEPS.values()))
        return getattr(self, self.doing)()

    # choices
    def pick(self, choices):
        choices = list(choices)
        return self.dice.choice(choices) if choices else None

    def place(self, is_dir=False):
        """A directory and a name in it, which may exist."""
        return self.pick(self.m.dirs()), self.pick(DIR_NAMES if is_dir else NAMES)

    def data(self):
        return bytes([self.dice.randrange(97, 123)]) * self.dice.randrange(1, 12)

    def range(self):
        """(first, last) byte, now and then to the largest offset."""
        lo = self.dice.randrange(1, 40)
        return lo, TO_THE_END if self.dice.random() < 0.1 else lo + self.dice.randrange(1, 20)

    def opens(self, node=None):
        return [o for o in self.m.opens if o.client is self and node in (None, o.node)]

    # outcomes
    def again(self, ask, _reasons):
        """Do what is asked, as often as this protocol says."""
        return (yield from ask())

    def names_free(self, names):
        """No other step has these names; one that changes directories has all."""
        taken = self.m.taken
        directories = any(name in DIR_NAMES for _, name in [*taken, *names])
        return not (names and taken) or not directories and not any(n in taken for n in names)

    def gives_way(self, _claim):
        """Whether one of its claims stops nobody, because it is away."""
        return self.away

    @staticmethod
    def present(claims):
        """Those that stop others; what clients that are away have gives way, if it is not lasting."""
        for claim in claims:
            if claim.client.away or claim.client.gives_way(claim):
                claim.client.doubt(claim)
        return [claim for claim in claims if not claim.client.gives_way(claim)]

    def attempt(self, what, ask, reasons=list, firm=None, excused=lambda error: False, names=(),
                ends=(), effects=()):
        """Do an operation: its result if it was done, and None if it was refused as it may be.

        reasons: the claims that may stop it, at the moment; firm: those that must, by default
        all; excused: whether an error is explained by something else; names: (directory, name)
        pairs that it uses, with 'data' or 'mode' as the name if it changes that of a file; ends: claims that it gives
        up, which stop nobody any more. Of two steps with one name nobody could tell which was
        the first, so one is left out. effects: what it takes from caches, maybe before it is refused,
        as (node, column of the matrix), of an open with access and what it denies.
        """
        if not self.names_free(names):
            return None
        firm = firm or reasons
        before, must, self.began = self.present(reasons()), self.present(firm()), time.monotonic()
        self.say(what, '...')
        self.m.taken += names
        self.m.asking.append(self)
        self.m.ending += ends
        r = yield from self.again(ask, reasons)
        self.m.asking.remove(self)
        for name in names:
            self.m.taken.remove(name)
        for claim in ends:
            self.m.ending.remove(claim)
        self.say(what, '->', r.error or 'done')
        self.m.coverage.ended(self, r.error or 'done')
        self.m.by = self
        if not r.error:
            still = self.present(firm())
            for claim in must:
                if claim in still and claim not in self.m.ending:
                    raise Defect(f'{self}: {what}: it was done in spite of {claim}')
            return r
        for node, column, *modes in effects:
            self.present([c for c, _, _ in self.breaks(node, column, None, *modes or (0, 0))])
        if not excused(r.error):
            if r.error not in self.REFUSED:
                raise Defect(f'{self}: {what}: {r.error} is not explained by the model')
            if not before and not self.present(reasons()) and not self.overlaps:
                raise Defect(f'{self}: {what}: {r.error}, but no claim conflicts with it')
            self.m.coverage.refuses(self, before)
        return None

    def broken(self, what, *effects, key=None, acc=0, deny=0, waits=True):
        """Check that caches were broken by an operation that is done, now or soon.

        effects: (node, column of the matrix) pairs; waits: it is not done before what the matrix
        waits for.
        """
        end = time.monotonic() + TOLD_S
        for node, column in effects:
            for c, bits, first in self.breaks(node, column, key, acc, deny):
                before = c.since < self.began or not self.overlaps
                if not self.present([c]):
                    c.owed |= first if before and waits else 0
                elif before:
                    yield from self._given_up(f'{what} ({column})', c, bits, waits and first, end)

    def breaks(self, node, column, key, acc, deny):
        """What an operation takes from caches, as Model.caches_against()."""
        return self.m.caches_against(node, column, self, key, acc, deny)

    def _given_up(self, what, c, bits, first, end):
        since = c.since
        while c in self.m.caches and c.bits & bits and not c.closing and c.since == since:
            if c.to is not None:
                if not c.bits & first:
                    return
                if c.expires and time.monotonic() > c.expires - EARLY_S:
                    self.say(f'{c} was taken')
                    c.client.loses(c)
                else:
                    raise Defect(f'{self}: {what}: it was done before {c} was given up')
                return
            if time.monotonic() > end:
                raise Defect(f'{self}: {what}: it was done, and {c} was never broken')
            yield pause(0.01)

    def made(self, what, ask, d, name, excused):
        """Make a name in a directory: True if it was made, which it must not be over another."""
        r = yield from self.attempt(what, ask, excused=lambda error: (
            self.overlaps or not d.links or d.links[0].pending or
            error in ('EXIST', 'OBJECT_NAME_COLLISION') and name in d.entries or excused(error)),
            names=[(d, name)])
        if r and name in d.entries:
            raise Defect(f'{self}: {what}: the name is taken by {d.entries[name]}')
        return bool(r)

    def renamed(self, what, link, d, name, key=None, told=True):
        """Rename in the model, over what has the name, which breaks caches.

        told: watchers are told that what had the name is removed.
        """
        parent, over = link.parent, d.entries.get(name)
        effects = [(link.node, 'rename')]
        if over is not link:
            link.move(d, name)
            if over and not told:
                self.m.root.changes.remove((REMOVED, link.path('\\')))
            effects.append((parent, 'entry'))
            if not over or over.node is not link.node:
                effects += [(d, 'entry')] + ([(over.node, 'replace')] if over else [])
        yield from self.broken(what, *effects, key=key)

    # breaks that are not answered
    def ignores(self, c):
        """Whether the client will not answer a break: one such holder at a time is enough."""
        if self.m.ignored or self.dice.random() > IGNORED:
            return False
        self.m.ignored, c.expires = c, c.told + self.break_s()
        self.say('does not answer the break of', c)
        return True

    def break_s(self):
        """How long the server waits for an answer."""
        raise NotImplementedError

    def loses(self, c):
        """The server has taken a cache."""
        c.expires, c.bits, c.to, c.since = None, 0, None, time.monotonic()

    def ignore(self, c):
        """Do not answer until the time is over, and see what is said to an answer then."""
        while c.expires and c in self.m.caches and not c.closing:
            if time.monotonic() > c.expires + LATE_S:
                self.loses(c)
            yield pause(0.2)
        self.m.ignored = None
        if not c.expires and not c.closing:
            yield from self.answer_late(c)
        c.expires = None

    def heard_late(self, what, error, expected):
        self.say(f'{what} -> {error or "done"}')
        self.m.coverage.steps[self.kind(), 'late', error or 'done'] += 1
        if error not in expected:
            raise Defect(f'{self}: {what}: {error or "it is done"}, expected {expected}')

    def children(self, node):
        """Who caches the directories that a file is in is told of its changes, as effects."""
        return [(link.parent, 'child') for link in node.links
                if link.parent and node.file is node]

    # data
    def denied(self, _node, _acc, _owner):
        """Opens that deny an access."""
        return []

    def ranges_in_the_way(self, node, lo, hi, write, owner):
        return self.m.ranges_against_io(node, lo, hi, write, owner, self.exact)

    def key(self, _owner):
        """Whose caches are not broken by what an owner does."""

    def missing(self, _error, _node):
        """The node is not there any more, or may not be."""
        return False

    def forbidden(self, _error, _node, _how):
        """The mode of the file forbids it."""
        return False

    def io(self, what, acc, target, span, ask, firm=None):
        """Read or change a range of a file that span() tells."""
        node, how, owner, by = target
        return (yield from self.attempt(
            what, lambda: ask(by), lambda: self.denied(node, acc, owner) + self.ranges_in_the_way(
                node, *span(), acc == A_WRITE, owner),
            firm, lambda error: self.missing(error, node) or self.forbidden(error, node, how),
            [(node, 'data')] if acc == A_WRITE else ()))

    def do_read(self):
        target = self.target(A_READ)
        if not target:
            return
        node, how, owner, _ = target
        offset, count = self.dice.randrange(50), self.dice.randrange(1, 30)
        what = f'read {count} bytes of {node} at {offset} by {how}'
        r = yield from self.io(what, A_READ, target, lambda: (offset, offset + count - 1),
                               lambda by: self.read(by, offset, count))
        if r:
            want = bytes(node.data[offset:offset + count])
            if r.data != want and not self.overlaps:
                raise Defect(f'{self}: {what}: {r.data!r} was read, and {want!r} is there')
            yield from self.broken(what, (node, 'read'), key=self.key(owner))

    def do_write(self):
        target = self.target(A_WRITE)
        if not target:
            return
        node, how, owner, _ = target
        offset, data = self.dice.randrange(50), self.data()
        what = f'write {data!r} to {node} at {offset} by {how}'
        r = yield from self.io(what, A_WRITE, target, lambda: (offset, offset + len(data) - 1),
                               lambda by: self.write(by, offset, data))
        if r:
            node.write(offset, data)
            later = self.tells_at_close and isinstance(how, Open)
            if later:
                how.wrote = True
            told = () if later else self.children(node)
            yield from self.broken(what, (node, 'write'), *told, key=self.key(owner))

    def do_size(self):
        """Set the size; which ranges stop that is not told, as the size may change meanwhile."""
        target = self.target(A_WRITE)
        if not target:
            return
        (node, how, owner, _), size = target, self.dice.randrange(60)
        what = f'make {node} {size} bytes long by {how}'
        r = yield from self.io(
            what, A_WRITE, target, lambda: (min(size, len(node.data)), TO_THE_END),
            lambda by: self.size(by, size), firm=lambda: self.denied(node, A_WRITE, owner))
        if r:
            node.resize(size)
            yield from self.broken(what, (node, 'size'), *self.children(node),
                                   key=self.key(owner))

    def flush(self, node, by, owner):
        """Write what was cached, if no step runs and no range is in the way: the error."""
        offset, data = self.dice.randrange(50), self.data()
        last = offset + len(data) - 1
        if self.busy or self.ranges_in_the_way(node, offset, last, True, owner):
            return ''
        self.flushes = True
        r = yield from self.again(lambda: self.write(by, offset, data), list)
        self.flushes = False
        self.say(f'flush {data!r} to {node} at {offset} -> {r.error or "done"}')
        if not r.error:
            node.write(offset, data)
        return r.error

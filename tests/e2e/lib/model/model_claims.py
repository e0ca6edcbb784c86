# SPDX-License-Identifier: GPL-2.0-only
"""A model of what a server has: names, data, and the claims of its clients on files.

What may conflict with what is taken from the kernel's matrix (lockd/matrix-table). The model
changes when a reply is read, so the server is ahead of it for a moment. Of what happens in that
moment to others only that is compared which is right in both states.
"""
import collections
import itertools
import time

from model_coverage import Coverage
from model_loop import Defect
from truth import A_DELETE, A_READ, A_WRITE, W

TO_THE_END = 2**64 - 1
ADDED, REMOVED, OLD_NAME, NEW_NAME = 1, 2, 4, 5    # changes of names (MS-FSCC 2.7.1)
REMOVE_ENTRY, ADD_ENTRY, RENAME_ENTRY = 2, 3, 4    # NOTIFY4_* (RFC 8881 3.3.16)
_numbers = itertools.count(1)


def letters(bits, names):
    return ''.join(name for i, name in enumerate(names) if bits >> i & 1) or '-'


class Node:
    """A file or a directory.

    edits: how often it was changed; seen: (change attribute, edits); changes: of names in the
    tree below it, as (action, name) pairs, which only the root keeps; denies: access that its list
    or mode does not let clients have; readonly: its mode lets nobody write; list, mode: what is set,
    as far as it is known; tells: what is called with a change of an entry; streams: names of its streams; file: itself, of a stream its file.
    """

    def __init__(self, is_dir):
        self.number, self.is_dir = next(_numbers), is_dir
        self.data, self.links, self.entries, self.streams = bytearray(), [], {}, {}
        self.fh3 = self.fh4 = self.fileid = self.seen = None
        self.edits, self.changes, self.denies, self.readonly = 0, [], 0, False
        self.list = self.mode = self.tells = None

    def __repr__(self):
        return f'{"directory" if self.is_dir else "file"} {self.number}'

    @property
    def file(self):
        return self

    def write(self, offset, data):
        self.data += bytes(max(0, offset - len(self.data)))
        self.data[offset:offset + len(data)] = data
        self.edits += 1

    def resize(self, size):
        self.edits += size != len(self.data)
        del self.data[size:]
        self.data += bytes(size - len(self.data))

    def below(self, other):
        """True if it is this directory or below it."""
        return self is other or any(x.parent.below(other) for x in self.links if x.parent)

    def gone(self):
        """True if it has no name."""
        return not any(link.parent for link in self.links)


class Stream(Node):
    """A named stream of a file, whose names are in the file's dictionary."""

    def __init__(self, of):
        super().__init__(False)
        self.of = of

    def __repr__(self):
        return f'stream {self.number} of {self.of}'

    @property
    def file(self):
        return self.of

    def gone(self):
        return super().gone() or self.of.gone()


class Link:
    """A name of a node; pending: it is removed with its last open."""

    def __init__(self, parent, name, node):
        self.parent, self.name, self.node, self.pending = parent, name, node, False
        self.number = next(_numbers)
        if parent:
            parent.entries[name] = self
            parent.edits += 1
            self._tell(ADDED, (ADD_ENTRY, name))
        node.links.append(self)

    def __repr__(self):
        name = self.path() or 'the root' if self in self.node.links else 'a removed name'
        return f'{name} ({self.node})'

    def _tell(self, action, *changes):
        """Keep a change of the name in the root, and tell holders, as (kind, names...)."""
        for kind, *names in changes:
            self.parent.tells(self.parent, (kind, *names))
        top = self.parent
        while top.links and top.links[0].parent:
            top = top.links[0].parent
        top.changes.append((action, self.path('\\')))

    def path(self, separator='/'):
        if not self.parent:
            return self.name
        above = self.parent.links[0].path(separator) if self.parent.links else '?'
        return f'{above}{separator}{self.name}' if above else self.name

    def drop(self, replaced=False):
        """Remove it; if it is replaced, the change that does it is told alone."""
        if self.parent:
            self._tell(REMOVED, *[] if replaced else [(REMOVE_ENTRY, self.name)])
            del self.parent.entries[self.name]
            self.parent.edits += 1
        self.parent = None
        self.node.links.remove(self)

    def move(self, parent, name):
        """Rename it, over what has the name."""
        over = parent.entries.get(name)
        if over is self:
            return
        if over and over.node is self.node:
            self.drop()
            return
        if over:
            over.drop(replaced=True)
        for directory in (self.parent, parent):
            directory.edits += 1
        within = parent is self.parent
        old = self.name
        self._tell(OLD_NAME if within else REMOVED, *[] if within else [(REMOVE_ENTRY, old)])
        del self.parent.entries[old]
        self.parent, self.name = parent, name
        parent.entries[name] = self
        self._tell(NEW_NAME if within else ADDED,
                   (RENAME_ENTRY, old, name) if within else (ADD_ENTRY, name))


class StreamName(Link):
    """A name of a stream of the file that is its parent."""

    def __init__(self, parent, name):
        self.parent, self.name, self.node, self.pending = parent, name, Stream(parent), False
        self.number = next(_numbers)
        parent.streams[name] = self
        self.node.links.append(self)

    def path(self, separator='/'):
        above = self.parent.links[0].path(separator) if self.parent.links else '?'
        return f'{above}:{self.name}'

    def drop(self):
        if self.parent:
            del self.parent.streams[self.name]
        self.parent = None
        self.node.links.remove(self)

    def move(self, parent, name):
        over = parent.streams.get(name)
        if over is self:
            return
        if over:
            over.drop()
        del parent.streams[self.name]
        self.name = name
        parent.streams[name] = self


class Open:
    """What a client has open, or shares by NLM: access and what it denies to others. through: the
    name of the file by which one of its streams was opened; entry: the (directory, name) by which it
    was opened, or that it gave the file; wrote: its directory is told of that when it is closed;
    ends: the times (first, last) at which the server gives it up if its client stays away."""

    def __init__(self, client, node, acc, deny, owner=None, link=None, through=None):
        self.client, self.node, self.acc, self.deny = client, node, acc, deny
        self.owner, self.link, self.through = owner, link, through
        self.entry = link and (link.parent, link.name)
        self.cache, self.delete, self.used = None, False, False
        self.durable, self.doubted, self.wrote, self.persistent = None, False, False, False
        self.ends = None

    def __repr__(self):
        return (f"{self.client}'s open of {self.node} (access {letters(self.acc, 'rwd')}, denies "
                f"{letters(self.deny, 'rwd')}{f', owner {self.owner}' if self.owner else ''})")

    def removes(self):
        """The name that may go with it, as a list of (directory, name)."""
        link, names = self.link, []
        if link.parent and (self.delete or link.pending):
            names.append((link.parent, link.name))
        if self.through and self.through.parent and self.through.pending:
            names.append((self.through.parent, self.through.name))
        return names

    def path(self, separator='/'):
        """Where it was opened."""
        above = self.through and self.through.path(separator)
        return f'{above}:{self.link.name}' if above else self.link.path(separator)

    def named(self):
        """The names by which it was opened are there."""
        return self.link.parent and (not self.through or self.through.parent)

    def knows_name(self):
        """The name by which it was opened is where it was, or the file has no other one."""
        return self.entry == (self.link.parent, self.link.name) or (
            self.link.parent and len(self.node.links) == 1)

    def dooms(self):
        """A name by which it was opened is to be removed."""
        return self.delete or self.link.pending or bool(self.through and self.through.pending)


class Range:
    """A locked range. exact: it is mandatory; by: the open that it goes with."""

    def __init__(self, client, node, owner, exact, exclusive, lo, hi, by=None):
        self.client, self.node, self.owner, self.exact = client, node, owner, exact
        self.exclusive, self.lo, self.hi, self.by = exclusive, lo, hi, by

    def __repr__(self):
        return (f"{self.client}'s {'exclusive' if self.exclusive else 'shared'} range "
                f"{self.lo}-{self.hi} of {self.node}")


class Cache:
    """A lease or delegation. row: the one of the matrix; key: whose opens do not break it; to:
    what a break that is not answered leaves; closing: it is being given up unasked; since: when
    it was granted, or granted again; told: when the holder was told of the break; expires: when
    the server takes it from a holder that does not answer; mute: the holder does not even reply to
    the call; doubted: it may be broken without its holder; owed: bits that it must have lost then.
    notify: the holder of a directory is
    told of changes of entries: of these, and it has heard of those; blurred: of some it may or may
    not be told."""

    def __init__(self, client, node, row, key, bits):
        self.client, self.node, self.row, self.key, self.bits = client, node, row, key, bits
        self.to, self.closing, self.opens, self.since = None, False, 0, time.monotonic()
        self.told = self.expires = None
        self.notify = self.blurred = self.mute = self.doubted = False
        self.owed = 0
        self.changes, self.heard = [], []

    def __repr__(self):
        left = '' if self.to is None else f', to be {letters(self.to, "RHW")}'
        return f"{self.client}'s {self.row} {letters(self.bits, 'RHW')} of {self.node}{left}"


class Model:
    """All of it, and a log of what was done."""

    def __init__(self, cells):
        self.cells, self.root, self.coverage = cells, Node(True), Coverage()
        Link(None, '', self.root)
        self.root.tells = self.entry_changed
        self.by = None                      # the client that has done what changes names
        self.nodes, self.opens, self.ranges, self.caches = [self.root], [], [], []
        self.waits = []                     # for ranges
        self.unheard = collections.deque(maxlen=20)     # such as ended, maybe granted just before
        self.strange = []                   # what other threads have seen that must not be
        self.stream_names = None            # what tells those that the server has
        self.ignored = None                 # the cache whose break its holder does not answer
        self.local = []                     # what local processes have open
        self.asking = []                    # clients whose operations are not answered
        self.taken, self.ending = [], []    # names that steps use, and claims that they give up
        self.log, self.started = collections.deque(maxlen=4000), time.monotonic()

    def say(self, *what):
        self.log.append(f'{time.monotonic() - self.started:8.3f} s  ' + ' '.join(map(str, what)))

    def make(self, parent, name, is_dir=False):
        node = Node(is_dir)
        node.tells = self.entry_changed
        self.nodes.append(node)
        return Link(parent, name, node)

    def streams(self):
        return [link for n in self.nodes for link in n.streams.values()]

    def links(self):
        return [link for n in self.nodes for link in n.links if link.parent]

    def files(self):
        return [link for link in self.links() if not link.node.is_dir]

    def dirs(self):
        return [n for n in self.nodes if n.is_dir and n.links]

    def busy(self, node):
        return any(o.node.file is node and not o.client.watches for o in self.opens)

    def keepers(self, node):
        """Opens of streams that keep their file from being opened for deletion."""
        return [o for o in self.opens if o.node.file is node and o.node is not node and
                o.deny & A_DELETE]

    def deleters(self, node):
        """Opens of a file for deletion, which keep its streams from being opened without it."""
        return [o for o in self.opens if o.node is node and o.acc & A_DELETE]

    # what conflicts
    def opens_against(self, node, acc, deny=0, mine=()):
        return [o for o in self.opens if o.node is node and o not in mine and
                (acc & o.deny or deny & o.acc)]

    def _overlapping(self, node, lo, hi):
        return [r for r in self.ranges if r.node is node and r.lo <= hi and r.hi >= lo]

    def ranges_against(self, node, lo, hi, exclusive, owner, exact):
        """Ranges that a new one conflicts with; an exact one with those of its owner, too."""
        return [r for r in self._overlapping(node, lo, hi) if exclusive or r.exclusive if
                r.owner != owner or exact and exclusive]

    def ranges_against_io(self, node, lo, hi, write, owner, exact):
        """Ranges that stop a read or write: mandatory ones, or all if the caller is exact."""
        return [r for r in self._overlapping(node, lo, hi) if
                (r.exact or exact) and (r.exclusive or write) and
                (r.owner != owner or r.exact and write and not r.exclusive)]

    def caches_against(self, node, column, client, key=None, acc=0, deny=0):
        """(cache, bits that it loses, bits of these that are waited for) of each that breaks."""
        out = []
        for c in self.caches:
            mine = c.client is client and (c.row != 'lease' and c.row != 'directory' or
                                           key is not None and c.key == key)
            action, bits, waits, more, _, itself = self.cells[c.row][column]
            if c.node is not node or c.closing or mine or action != 'break' or (
                    c.notify and column == 'entry'):
                continue
            if column == 'open' and (acc & A_WRITE or itself and deny & A_READ):
                bits, waits = bits | more, waits | more
            if bits & c.bits:
                out.append((c, bits, bits & waits))
        return out

    @staticmethod
    def renames(node, over):
        """What a rename takes from caches of the file, and of the one that has the new name."""
        return [(node, 'rename')] + ([(over.node, 'replace')] if over else [])

    def ranges_of(self, node, owner, lo=0, hi=TO_THE_END):
        return [r for r in self._overlapping(node, lo, hi) if r.owner == owner]

    def claims_with(self, o):
        """An open, and the ranges that go with it."""
        return [o] + [r for r in self.ranges if r.by is o]

    # what changes
    def entry_changed(self, d, change):
        """Those who asked for it are to be told of a change of an entry that others made."""
        for c in self.caches:
            if c.node is not d or not c.notify or c.client is self.by:
                continue
            if c.client.away:
                c.client.doubt(c)
            c.changes.append(change)

    def lock_posix(self, client, node, owner, lo, hi, exclusive, by=None):
        """Set what an owner has in a range; exclusive None is to unlock it."""
        new = []
        for r in self.ranges:
            if r.node is not node or r.owner != owner or r.lo > hi or r.hi < lo:
                new.append(r)
                continue
            new += [Range(client, node, owner, False, r.exclusive, first, last, r.by)
                    for first, last in ((r.lo, lo - 1), (hi + 1, r.hi)) if first <= last]
        if exclusive is not None:
            for r in new[:]:
                if r.node is node and r.owner == owner and r.exclusive == exclusive and (
                        r.hi + 1 == lo or r.lo - 1 == hi):
                    lo, hi = min(lo, r.lo), max(hi, r.hi)
                    new.remove(r)
            new.append(Range(client, node, owner, False, exclusive, lo, hi, by))
        self.ranges = new

    def grant(self, wait):
        """A range that was waited for is locked."""
        if wait.exact:
            self.ranges.append(Range(wait.client, wait.node, wait.owner, True, wait.exclusive,
                                     wait.lo, wait.hi, wait.by))
        else:
            self.lock_posix(wait.client, wait.node, wait.owner, wait.lo, wait.hi, wait.exclusive,
                            wait.by)

    def close(self, o):
        """End an open with its ranges, its part of a lease, and a deletion that waits for it."""
        self.opens.remove(o)
        self.ranges = [r for r in self.ranges if r.by is not o]
        self.waits = [w for w in self.waits if w.by is not o]
        if o.cache:
            o.cache.opens -= 1
            if not o.cache.opens:
                self.forget(o.cache)
        if o.link:
            o.link.pending |= o.delete
        self.by = None      # nobody is exempt from what another one's deletion changes
        for link in (o.link, o.through):
            if link and link.pending and not any(link in (p.link, p.through) for p in self.opens):
                if link.parent and not link.node.entries:
                    link.drop()
                link.pending = False

    def overwritten(self, node):
        """A file was emptied by an open, and has no streams but such as are open."""
        kept = self.stream_names(node) if node.streams else ()
        for stream in list(node.streams.values()):
            if stream.name not in kept or not any(o.link is stream for o in self.opens):
                stream.drop()

    def forget(self, cache):
        if cache in self.caches:
            self.caches.remove(cache)

    def reap(self, shares):
        """Claims of clients go with a file's last name and open; shares of NLM do not keep it."""
        for node in self.nodes:
            if node.links or any(o.node.file is node and o not in shares for o in self.opens):
                continue
            self.unheard += [w for w in self.waits if w.node is node and w.client.counted]
            for claims in (self.ranges, self.waits, self.opens, self.caches, shares):
                claims[:] = [x for x in claims if x.node is not node or not x.client.counted]
        self.nodes = [n for n in self.nodes if n.links or self.busy(n)]

    # what must never be
    def check(self):
        for a, b in itertools.combinations(self.opens, 2):
            if a.node is b.node and (a.acc & b.deny or a.deny & b.acc):
                raise Defect(f'both were granted: {a} and {b}')
        for a, b in itertools.combinations(self.ranges, 2):
            if a.node is b.node and a.owner != b.owner and a.lo <= b.hi and b.lo <= a.hi and (
                    a.exclusive or b.exclusive):
                raise Defect(f'both were granted: {a} and {b}')
        for c in self.caches:
            if c.to is None:
                self._check_cache(c)

    def _check_cache(self, c):
        delegation = c.row == 'delegation'
        for o in self.local:
            if o.node is c.node and c.bits and not c.closing and (
                    c.bits & W or o.acc & A_WRITE):
                raise Defect(f'both were granted: {c} and {o}')
        for o in self.opens:
            own = o.client is c.client and (delegation or o.cache is c)
            if o.node is c.node and not own and (
                    c.bits & W or delegation and (o.acc & A_WRITE or o.deny & A_READ)):
                raise Defect(f'both were granted: {c} and {o}')
        for d in self.caches:
            if d is not c and d.node is c.node and d.to is None and (c.bits | d.bits) & W and not (
                    delegation and c.client is d.client):
                raise Defect(f'both were granted: {c} and {d}')

    def held(self):
        """All claims, and the names of files, one a line."""
        lines = [f'  {link}, {len(link.node.data)} bytes'
                 f'{", to be removed" if link.pending else ""}'
                 for link in self.links() + self.streams()]
        caches = [c for c in self.caches if c.bits]
        return '\n'.join(lines + [
            f'  {x}' for x in self.opens + self.local + self.ranges + self.waits + caches])

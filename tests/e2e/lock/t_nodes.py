# SPDX-License-Identifier: GPL-2.0-only
"""Servers on the nodes of a cluster that serve one folder of GFS2; run by tests/vm/cluster."""
import contextlib
import functools

import nfs4
import nfs4_copy
import nfs4_ops42
from checks import eq, wait_for
from cluster_nodes import Process, nodes
from harness import test
from nfs4 import BOTH, DELEG_NONE, DELEG_NONE_EXT, WANT_WRITE, WRITE, putfh
from nfs4_callers import DATA
from smb_cachers import BATCH, NONE, Cacher, H, R, W, key
from truth import Again, Refused
from truth_actors import Nfs3, Nfs40, Nfs41, Smb

cluster = functools.partial(test, server='ditto', fs=None, share=False, clients=0, timeout=500)
ACTORS = (Smb, Nfs3, Nfs40, Nfs41, Process)
SMB_30 = 0x0300
# How long the cluster takes to notice that a node is gone, and to recover its locks.
RECOVERY = 240
DATA_FOUND = 0


@contextlib.contextmanager
def actors(w, node, kinds=ACTORS):
    some = [kind(w, node) for kind in kinds]
    yield some
    for actor in some:
        actor.end()


def attempt(actor, intent, name):
    """True if it worked, False if it was refused."""
    def once():
        try:
            actor.do(intent, name)
            return ['worked']
        except Refused:
            return ['refused']
        except Again:
            return None
    return wait_for(f'{actor.name}: {intent}', once) == ['worked']


@cluster
def byte_ranges_hold(w):
    """A range that a client of one server has is refused to every client of the other."""
    one, two = nodes(2)
    one.put('ranges', 'x' * 100)
    with actors(w, one) as holders, actors(w, two) as others:
        for holder in holders:
            for claim, intent, works in (('range exclusive', 'lock exclusive', False),
                                         ('range exclusive', 'lock shared', False),
                                         ('range shared', 'lock exclusive', False),
                                         ('range shared', 'lock shared', True)):
                held = holder.hold(claim, 'ranges')
                for other in others:
                    eq(attempt(other, intent, 'ranges'), works,
                       f'{holder.name}, {claim}: {other.name}, {intent}')
                held.end()
            # The last holder has gone, and the others may have the bytes again.
            for other in others:
                wait_for(f'{other.name} after {holder.name}',
                         functools.partial(attempt, other, 'lock exclusive', 'ranges'))


@cluster
def deny_modes_do_not(w):
    """Documentation/cluster.md: an open on one server denies nothing on the other."""
    one, two = nodes(2)
    one.put('denied', 'x' * 100)
    with actors(w, one, (Smb, Nfs41)) as holders, actors(w, two, (Smb, Nfs41)) as others, \
            actors(w, one, (Smb, Nfs41)) as same:
        for holder in holders:
            held = holder.hold('deny write', 'denied')
            for other in others:
                eq(attempt(other, 'open to write', 'denied'), True)
            for other in same:
                eq(attempt(other, 'open to write', 'denied'), False)
            held.end()


@cluster
def mandatory_ranges_do_not(w):
    """Nor does a range of SMB stop reads and writes of clients of another server."""
    one, two = nodes(2)
    one.put('mandatory', 'x' * 100)
    with actors(w, one, (Smb, Smb)) as (holder, same), actors(w, two, (Smb,)) as (other,):
        held = holder.hold('range exclusive', 'mandatory')
        for intent in ('read', 'write'):
            eq((attempt(same, intent, 'mandatory'), attempt(other, intent, 'mandatory')),
               (False, True), intent)
        held.end()


@cluster
def nothing_is_cached(w):
    """No client is granted what another node would break, and each sees what others have written."""
    one, two = nodes(2)
    one.put('cached', 'first')
    a, b = [nfs4.Session.make(nfs4.connect(node), minor=2) for node in (one, two)]
    for c in (a, b):
        r, _ = c.open(c.fh('data'), 'cached', WRITE | WANT_WRITE)
        eq(r.deleg.type in (DELEG_NONE, DELEG_NONE_EXT), True)
    s, t = [Cacher(node, dialect=SMB_30) for node in (one, two)]
    g = s.open('cached', key=key(1), state=R | H | W, epoch=0)
    eq((g.state or 0, t.open('cached', level=BATCH).level), (0, NONE))
    n = two.nfs()
    fh = n.lookup(n.root, 'cached').fh
    for text in (b'first', b'second and longer', b'3'):
        s.write(g.fid, text)
        s.set(g.fid, 20, len(text).to_bytes(8, 'little'))
        eq(n.read(fh, 0, 100).data, text)
        eq(n.getattr(fh).attr.size, len(text))
    s.end()
    t.end()


@cluster
def sizes_are_of_now(w):
    """What needs the size of a file asks for it: another node may have written behind the end."""
    one, two = nodes(2)
    one.put('grows', 'x')
    c = nfs4.Session.make(nfs4.connect(two), minor=2)
    root = c.fh('data')
    r, fh = c.open(root, 'grows', BOTH)
    to, to_fh = c.open(root, 'copy', BOTH, own=b'other', how=nfs4.UNCHECKED,
                      attrs={'mode': 0o666})
    for size in range(10_000, 60_000, 10_000):
        # Only this asks the file system, before the other node writes.
        c.compound(putfh(fh), nfs4.getattr('size')).ok()
        one.put('grows', 'y' * size)
        found = c.compound(putfh(fh), nfs4_ops42.seek(r.stateid, size - 1, DATA_FOUND)).ok()[-1]
        eq((found.eof, found.offset), (False, size - 1))
        copied = nfs4_copy.between(c, fh, to_fh, nfs4_copy.copy(r.stateid, to.stateid)).ok()[-1]
        eq(copied.count, size)


@cluster
def a_node_dies(w):
    """The others have the ranges that its clients had, and what these had made stable."""
    one, two = nodes(3)[1:]
    one.put('survives', DATA.decode())
    holder = Nfs41(w, two)
    holder.hold('range exclusive', 'survives')
    n = two.nfs()
    eq(n.write(n.lookup(n.root, 'survives').fh, 0, b'stable', stable=2).status, 0)
    # The process comes first: its request waits until the cluster has recovered.
    with actors(w, one, (Process, Smb, Nfs3, Nfs41)) as others:
        for other in others:
            eq(attempt(other, 'lock exclusive', 'survives'), False)
        two.fence()
        for other in others:
            wait_for('the range of the dead node',
                     functools.partial(attempt, other, 'lock shared', 'survives'), RECOVERY)
        m = one.nfs()
        eq(m.read(m.lookup(m.root, 'survives').fh, 0, 6).data, b'stable')

# SPDX-License-Identifier: GPL-2.0-only
"""What is compared with the model between the steps: names, attributes, numbers of claims."""
import contextlib
import os
import time

import nfs4
from checks import SLOW
from model_loop import Defect
from truth import W

HIDDEN = {'.ditto'}       # of the share's root
NOTICES_S = 30            # until a client is told that has just left a call unanswered


def settle(run, doubtful, look):
    """While something is doubtful, look at the server until the claims are as the model has them."""
    end = time.monotonic() + 5 * SLOW
    while doubtful():
        look()
        try:
            run.m.check()
            return
        except Defect:
            if time.monotonic() > end:
                raise
        run.loop.pump(0.05)


def asks_size(run, node):
    """A client of NFS that caches writes is asked for the size, and is recalled if it does not answer."""
    run.v3.present([c for c in run.m.caches if c.node is node and c.row == 'delegation' and
                    c.bits & W])


def attributes_of(run, node):
    """(client, attributes) for each NFS client."""
    out = []
    for c in run.nfs:
        if c.away:
            continue
        r = yield from c.again(lambda: c.attributes(node), list)
        if r.error:
            raise Defect(f'{c}: attributes of {node}: {r.error}')
        out.append((c, r.attrs))
    return out


def learn(run):
    """Look up the handles and the file number of each node that is new."""
    for link in sorted(run.m.links(), key=lambda link: link.node.number):
        node, d = link.node, link.parent
        if d.fh3 and not node.fh3:
            asks_size(run, node)
            node.fh3, node.fh4 = run.loop.run(handles(run, d, link))
            node.fileid = run.loop.run(number_of(run.v3, node))


def number_of(v3, node):
    """The number of a file; a holder of a delegation may be asked for its size first."""
    r = yield from v3.again(lambda: v3.attributes(node), list)
    if r.error:
        raise Defect(f'{v3}: attributes of {node}: {r.error}')
    return r.attrs['fileid']


def handles(run, d, link):
    """Look up a name by NFSv3 and NFSv4."""
    r = yield from run.v3.call('lookup', d.fh3, link.name)
    if r.error:
        raise Defect(f'{run.v3}: lookup of {link}: {r.error}')
    got = yield from run.v42.last(nfs4.putfh(d.fh4), nfs4.lookup(link.name), nfs4.getfh())
    if got.error:
        raise Defect(f'{run.v42}: lookup of {link}: {got.error}')
    if link.node.fh4 not in (None, got.fh):
        raise Defect(f'{run.v42}: {link} had another handle')
    return r.fh, got.fh


def attributes(run, node):
    """All clients see the same attributes, which are those of the model."""
    edits = node.edits
    asks_size(run, node)
    got = run.loop.run(attributes_of(run, node))
    if node.edits != edits:
        return              # a client that gave up a delegation wrote
    names = len(node.links)
    kept = names - sum(link.pending for link in node.links)
    for c, attrs in got:
        if attrs['fileid'] != node.fileid:
            raise Defect(f'{c}: {node}: file number {attrs["fileid"]}, before {node.fileid}')
        if not node.is_dir and attrs['size'] != len(node.data):
            raise Defect(f'{c}: {node}: size {attrs["size"]}, expected {len(node.data)}')
        if not node.is_dir and attrs['numlinks'] not in (names, kept):
            raise Defect(f'{c}: {node}: {attrs["numlinks"]} links, expected {names}')
    changes = {str(c): attrs['change'] for c, attrs in got if 'change' in attrs}
    change(node, changes)
    node.seen = max(changes.values()), edits


def change(node, changes):
    """The change attribute is the same for all, and larger after a change."""
    if len(set(changes.values())) != 1:
        raise Defect(f'{node}: change attributes differ: {changes}')
    if node.seen:
        before, edits = node.seen
        now = max(changes.values())
        if now < before or now == before and node.edits != edits:
            raise Defect(f'{node}: change attribute {now} after {before} and '
                         f'{node.edits - edits} changes')


def listings(run):
    """The names in the directories, as they are on the server's disk."""
    for d in run.m.dirs():
        here = sorted(set(os.listdir(run.w.path(d.links[0].path()))) - HIDDEN)
        if here != sorted(d.entries):
            raise Defect(f'{d} has the names {here}, expected {sorted(d.entries)}')


def counted(claims_of_all):
    return [x for x in claims_of_all if x.client.counted]


def claims(run):
    """The server has as many claims of each kind as the model. It may hear only now of what a local
    process did to the directory of a silent client."""
    got = {}

    def same():
        for c in run.silent:
            c.look()
        run.m.reap(run.v3.shares)
        ranges, asked = counted(run.m.ranges), len(counted(run.m.waits))
        want = dict(opens=len(run.m.opens), ranges=len(ranges),
                    leases=len([c for c in run.m.caches if c.bits]),
                    waits=asked)
        got.update(want={kind: count for kind, count in want.items() if count},
                   has=run.w.server.claims())
        got['has'].pop('owners', None)
        # those who hope to be told of a lock may be forgotten
        hopes = sum(len(c.hopes) for c in run.v4)
        waits = got['has'].get('waits', 0)
        return asked <= waits <= asked + hopes and (
            {**got['has'], 'waits': 0} == {**got['want'], 'waits': 0})
    try:
        run.loop.until('numbers of claims', same, 10)
    except Defect:
        raise Defect(f'the server has the claims {got["has"]}, expected {got["want"]}') from None


def by_name(changes):
    """The changes of each name, in order. Steps that are done at the same time change different
    names, and nothing orders them."""
    found = {}
    for change in changes:
        for name in change[1:]:
            found.setdefault(name, []).append(change)
    return found


def notices(run):
    """Holders of directories were told of all changes of entries, each once, and of those of a name
    in order."""
    for c in [c for c in run.m.caches if c.notify]:
        def told():
            return (c.to is not None or c.closing or c not in run.m.caches or
                    (len(c.heard) == len(c.changes) and by_name(c.heard) == by_name(c.changes)))
        if c.blurred:
            # the notification may be on its way, if there is one
            with contextlib.suppress(Defect):
                run.loop.until('notices', told, 2)
            c.heard.clear()
            c.changes.clear()
            c.blurred = False
        elif not c.client.away:
            try:
                run.loop.until('notices', told, NOTICES_S)
            except Defect:
                raise Defect(f'{c} heard {c.heard}, expected {c.changes}') from None

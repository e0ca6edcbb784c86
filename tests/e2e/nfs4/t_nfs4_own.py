# SPDX-License-Identifier: GPL-2.0-only
"""What holders of delegations do to their own files."""
import functools
import os

import nfs4
from checks import eq, wait_for
from harness import test
from nfs4 import BOTH, DENY_BOTH, READ, putfh
from nfs4_callers import Caller, Caller40, counts, files
from nfs4_status import LOCKED, OK, STALE

wire = functools.partial(test, server='ditto', squash='root-to-admin')

LOST = 0x3f8        # SEQ4_STATUS_* that tell of lost states and ways back


def used_beside_its_denial(a, fh, sid, opened):
    """The stateids of open and delegation are used, special ones are denied."""
    for used in (sid, opened):
        eq(a.compound(putfh(fh), nfs4.write(used, 0, b'mine')).status, OK)
        eq(a.compound(putfh(fh), nfs4.read(used, 0, 4)).ok()[-1].data, b'mine')
        eq(a.compound(putfh(fh), nfs4.setattr(used, {'size': 50})).status, OK)
    eq(a.compound(putfh(fh), nfs4.write(nfs4.ANON, 0, b'x')).status, LOCKED)
    eq(a.compound(putfh(fh), nfs4.read(nfs4.ANON, 0, 4)).status, LOCKED)


@wire
def its_own_reservation(w):
    """What an open of the holder denies is not denied to its delegation."""
    files(w, 'f', 'g')
    a = Caller(w)
    r, fh = a.open('f', BOTH, deny=DENY_BOTH)
    eq(r.deleg.type, nfs4.DELEG_WRITE)
    used_beside_its_denial(a, fh, r.deleg.stateid, r.stateid)
    b = Caller40(w)
    sid, fh = b.delegated('g', BOTH)
    r, _ = b.c.open(b.root, 'g', BOTH)
    b.compound(putfh(fh), nfs4.close(r.stateid, b.c.seqid())).ok()
    r, _ = b.c.open(b.root, 'g', BOTH, DENY_BOTH)
    used_beside_its_denial(b, fh, sid, r.stateid)
    b.end()


@wire
def removed_by_its_holder(w):
    """A delegation goes with a file that its holder removes, and counts as returned."""
    files(w)
    a = Caller(w)
    for first in ('close', 'remove'):
        files(w)
        r, fh = a.open('f', BOTH, own=first.encode())
        eq(r.deleg.type, nfs4.DELEG_WRITE)
        ops = {'close': [putfh(fh), nfs4.close(r.stateid)],
               'remove': [putfh(a.root), nfs4.remove('f')]}
        a.compound(*ops.pop(first)).ok()
        # an open file keeps its delegation
        eq(w.server.claims().get('leases'), 1)
        a.compound(*ops.popitem()[1]).ok()
        wait_for('the delegation goes', lambda: 'leases' not in w.server.claims())
        eq(a.compound(putfh(fh), nfs4.delegreturn(r.deleg.stateid)).status, STALE)
        eq(a.compound(nfs4.test_stateid(r.deleg.stateid)).ok()[-1].statuses, [nfs4.BAD_STATEID])
    eq(a.flags() & LOST, 0)
    os.mkdir(w.path('d'))
    fh = a.s.fh('data', 'd')
    a.compound(putfh(fh), nfs4.get_dir_delegation()).ok()
    a.compound(putfh(a.root), nfs4.remove('d')).ok()
    wait_for('the delegation goes', lambda: 'leases' not in w.server.claims())
    eq(a.flags() & LOST, 0)
    eq((counts(w)['recalled'], counts(w)['revoked']), (0, 0))


@wire
def removed_by_its_holder_of_40(w):
    """RENEW tells a client of 4.0 of no loss."""
    files(w)
    a = Caller40(w)
    sid, fh = a.delegated()
    # its first stateids are of the same open
    r, _ = a.c.open(a.root, 'f', READ)
    a.compound(putfh(fh), nfs4.close(r.stateid, a.c.seqid())).ok()
    a.compound(putfh(a.root), nfs4.remove('f')).ok()
    wait_for('the delegation goes', lambda: 'leases' not in w.server.claims())
    a.give_back(sid, fh, STALE)
    a.compound(nfs4.renew(a.c.id)).ok()
    eq(counts(w)['revoked'], 0)
    a.end()

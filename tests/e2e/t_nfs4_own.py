# SPDX-License-Identifier: GPL-2.0-only
"""What holders of delegations do to their own files."""
import functools

import nfs4
from harness import eq, test
from nfs4 import BOTH, DENY_BOTH, putfh
from nfs4_callers import Caller, Caller40, files
from nfs4_status import LOCKED, OK

wire = functools.partial(test, server='ditto', squash='root-to-admin')


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

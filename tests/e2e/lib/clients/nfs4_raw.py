# SPDX-License-Identifier: GPL-2.0-only
"""Raw clients of NFSv4, one for each minor version."""
import nfs4
from checks import eq


def open_nfs(w, minor=0, **kw):
    return nfs4.Nfs4(nfs4.connect(w.client, **kw), minor)


def both(w):
    """A raw client of 4.0 and sessions of 4.1 and 4.2, which all send COMPOUNDs."""
    yield open_nfs(w)
    for minor in (1, 2):
        yield nfs4.Session.make(nfs4.connect(w.client), minor=minor)


def last(reply, status, count=None):
    """Check that the last operation ended with this status."""
    got = nfs4.STATUS.get(reply.status, reply.status)
    if reply.status != status:
        raise AssertionError(f'{got}, expected {nfs4.STATUS[status]}: {reply!r}')
    if count is not None:
        eq(len(reply), count, 'results')
    return reply

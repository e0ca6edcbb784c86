# SPDX-License-Identifier: GPL-2.0-only
"""Clients of each version of NFSv4 that look at attributes and directories."""
import nfs4
import rpc
from nfs4 import getattr, putfh, readdir


def raw(w, cred=rpc.ROOT):
    return nfs4.Nfs4(nfs4.connect(w.client), 0, cred)


def each(w, cred=rpc.ROOT):
    """A client that sends COMPOUNDs, for each minor version."""
    yield raw(w, cred)
    for minor in (1, 2):
        yield nfs4.Session.make(nfs4.connect(w.client), minor=minor, cred=cred)


def last(reply, status):
    if reply.status != status:
        got = nfs4.STATUS.get(reply.status, reply.status)
        raise AssertionError(f'{got}, expected {nfs4.STATUS[status]}: {reply!r}')
    return reply[-1]


def attrs_of(c, fh, *names):
    return c.compound(putfh(fh), getattr(*names)).ok()[-1].attrs


def listing(c, fh, *names, **kw):
    """All entries over as many replies as needed, and the number of replies."""
    out, cookie, verf, replies = [], 0, bytes(8), 0
    while True:
        r = c.compound(putfh(fh), readdir(cookie, verf, *names, **kw)).ok()[-1]
        out += r.entries
        replies += 1
        if r.eof:
            return out, replies
        assert r.entries, 'an empty list that is not at its end'
        cookie, verf = r.entries[-1].cookie, r.verf

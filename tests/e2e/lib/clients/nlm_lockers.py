# SPDX-License-Identifier: GPL-2.0-only
"""Clients that lock files of the share by raw NLM, without a kernel's NLM client."""
import daemons
import nlm
import nsm
from checks import wait_for
from files import put
from nlm import Nlm


def nlm_port(client, vers=4, proto='tcp'):
    conn = client.connect(port=111)
    port = daemons.getport(conn, nlm.NLM, vers, proto)
    conn.close()
    return port


def connect(client, fh=b'', proto='tcp', vers=4, caller=None, **kw):
    conn = client.connect(proto, port=nlm_port(client, vers, proto), **kw)
    return Nlm(conn, fh, vers, caller or client.hostname)


def file(w, name='f', data=b'0123456789'):
    """A file of the share, by its handle."""
    put(w.path(name), data)
    n = w.client.nfs()
    fh = n.lookup(n.root, name).fh
    n.rpc.close()
    return fh


def machines(w, **kw):
    """The first two clients, without a kernel's NLM."""
    fh = file(w)
    if w.server.name == 'ditto':
        # Until the records are read, no lock of a monitored machine is granted.
        n = nsm.Nsm(w.clients[0].connect(port=w.server.port))
        wait_for('the records of locks', lambda: n.stat('server').state & 1)
    return [connect(c, fh, **kw) for c in w.clients[:2]]


def status(r, want, what=''):
    if r.status != want:
        raise AssertionError(f'{what or "status"}: {nlm.STATUS[r.status]}, expected '
                             f'{nlm.STATUS[want]}')
    return r


def free(n, where=(0, 0), **kw):
    """Check that no lock conflicts with a range."""
    status(n.test(where, svid=999, **kw), nlm.OK, f'{where} should be free')


def taken(n, where=(0, 0), **kw):
    return status(n.test(where, svid=999, **kw), nlm.DENIED, f'{where} should be taken').holder

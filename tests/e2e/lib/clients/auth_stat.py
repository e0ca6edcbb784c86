# SPDX-License-Identifier: GPL-2.0-only
"""Calls that RPC itself rejects because of who makes them."""
import nfs3
import rpc
from checks import eq

# auth_stat, RFC 5531 section 9
BADCRED, TOOWEAK = 1, 5


def denied(ask, why, what=''):
    """Check that the call is rejected with this auth_stat."""
    try:
        r = ask()
    except rpc.RpcError as e:
        r = e.reply
    eq((getattr(r, 'stat', r), getattr(r, 'why', None)), (rpc.AUTH_ERROR, why), what)


def status_of(call, *args):
    """The status of a call, or None if RPC refused it."""
    try:
        return call(*args).status
    except rpc.RpcError as e:
        eq(e.reply.stat, rpc.AUTH_ERROR, call.__name__)
        return None


def answer(n, fh):
    """The status of a GETATTR; a refusal by RPC counts as ACCES."""
    status = status_of(n.getattr, fh)
    return nfs3.ACCES if status is None else status

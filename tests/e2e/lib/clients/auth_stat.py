# SPDX-License-Identifier: GPL-2.0-only
"""Calls that RPC itself rejects because of who makes them."""
import rpc
from harness import eq

# auth_stat, RFC 5531 section 9
BADCRED, TOOWEAK = 1, 5


def denied(ask, why, what=''):
    """Check that the call is rejected with this auth_stat."""
    try:
        r = ask()
    except rpc.RpcError as e:
        r = e.reply
    eq((getattr(r, 'stat', r), getattr(r, 'why', None)), (rpc.AUTH_ERROR, why), what)

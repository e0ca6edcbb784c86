# SPDX-License-Identifier: GPL-2.0-only
"""Operations of copies by NFSv4.2 (RFC 7862), and requests made of them."""
import nfs4
from nfs4 import Op, d_stateid, putfh, savefh, stateid
from rpc import Enc


def _requirements(d, r):
    r.consecutive, r.synchronous = d.flag(), d.flag()


def d_written(d, r):
    """write_response4"""
    r.callback = [d_stateid(d) for _ in range(d.u32())]
    r.count, r.committed, r.verf = d.u64(), d.u32(), d.fixed(8)


def copy(src, dst, src_pos=0, dst_pos=0, count=0, *, sync=True, servers=()):
    """servers: bytes of netloc4, if the source is on another server."""
    def good(d, r):
        d_written(d, r)
        _requirements(d, r)
    e = Enc().fixed(stateid(src)).fixed(stateid(dst)).u64(src_pos, dst_pos, count)
    e.u32(1, sync, len(servers)).fixed(b''.join(servers))
    return Op('copy', e, good, {nfs4.OFFLOAD_NO_REQS: _requirements})


def clone(src, dst, src_pos=0, dst_pos=0, count=0):
    return Op('clone', Enc().fixed(stateid(src)).fixed(stateid(dst)).u64(src_pos, dst_pos, count))


def offload_cancel(sid):
    return Op('offload_cancel', stateid(sid))


def offload_status(sid):
    def good(d, r):
        r.count, r.complete = d.u64(), [d.u32() for _ in range(d.u32())]
    return Op('offload_status', stateid(sid), good)


def netloc(host):
    """A netloc4 (RFC 7862 section 11.4) by name."""
    return Enc().u32(1).opaque(host).bytes()


def copy_notify(src, destination):
    """destination: bytes of netloc4."""
    return Op('copy_notify', stateid(src) + destination)


def between(c, src, dst, op, *more):
    """Run an operation with the handle src saved and dst current."""
    return c.compound(putfh(src), savefh(), putfh(dst), op, *more)

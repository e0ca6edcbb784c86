# SPDX-License-Identifier: GPL-2.0-only
"""NLM versions 1, 3 and 4 by hand (RFC 1813 appendix II; C702 chapter 10)."""
import itertools
import struct
import time
from types import SimpleNamespace as Result

import callback
import rpc
from rpc import RpcError
from rpc import Dec, Enc

NLM = 100021

(NULL, TEST, LOCK, CANCEL, UNLOCK, GRANTED, TEST_MSG, LOCK_MSG, CANCEL_MSG, UNLOCK_MSG,
 GRANTED_MSG, TEST_RES, LOCK_RES, CANCEL_RES, UNLOCK_RES, GRANTED_RES) = range(16)
SHARE, UNSHARE, NM_LOCK, FREE_ALL = range(20, 24)

OK, DENIED, NOLOCKS, BLOCKED, GRACE, DEADLCK, ROFS, STALE_FH, FBIG, FAILED = range(10)
STATUS = ('granted', 'denied', 'no locks', 'blocked', 'grace period', 'deadlock',
          'read-only', 'stale handle', 'too big', 'failed')

# fsh_mode and fsh_access
NONE, READ, WRITE, BOTH = range(4)

_cookie = itertools.count(1)


def cookie():
    return struct.pack('>Q', 0x0c00c1e000000000 + next(_cookie))


def oh_of(svid):
    return b'%d@e2e' % svid


class Nlm:
    """Calls of one machine. Every call returns a result with its status.

    A range is (offset, length); length 0 is to the end. An owner is its svid.
    """

    def __init__(self, conn, fh=b'', vers=4, caller='client1'):
        self.rpc, self.fh, self.vers, self.caller = conn, fh, vers, caller
        self.recorded = False

    def _name(self, svid, fh=None, oh=None):
        e = Enc().opaque(self.caller).opaque(self.fh if fh is None else fh)
        return e.opaque(oh_of(svid) if oh is None else oh)

    def _lock(self, svid, where, fh=None, oh=None):
        e = self._name(svid, fh, oh).u32(svid & 0xffffffff)
        (e.u64 if self.vers == 4 else e.u32)(*where)
        return e.bytes()

    def raw(self, proc, args=b'', **kw):
        """The whole reply, whatever its status."""
        return self.rpc.call(NLM, self.vers, proc, args, **kw)

    def _do(self, proc, args, c, **kw):
        reply = self.raw(proc, args, **kw)
        if reply.stat != rpc.SUCCESS:
            raise RpcError(reply)
        d = Dec(reply.body)
        r = d_res(d, self.vers, proc)
        d.end()
        if r.cookie != c:
            raise rpc.Bad(f'the cookie of another call: {r.cookie!r}')
        return r

    # arguments
    def test_args(self, where, svid=1, exclusive=True, c=None, **kw):
        return Enc().opaque(c or cookie()).u32(exclusive).bytes() + self._lock(svid, where, **kw)

    def lock_args(self, where, svid=1, exclusive=True, block=False, reclaim=False, state=0, c=None,
                  **kw):
        e = Enc().opaque(c or cookie()).u32(block, exclusive)
        return e.fixed(self._lock(svid, where, **kw)).u32(reclaim, state).bytes()

    def cancel_args(self, where, svid=1, exclusive=True, block=True, c=None, **kw):
        e = Enc().opaque(c or cookie()).u32(block, exclusive)
        return e.bytes() + self._lock(svid, where, **kw)

    def unlock_args(self, where, svid=1, c=None, **kw):
        return Enc().opaque(c or cookie()).bytes() + self._lock(svid, where, **kw)

    def share_args(self, svid, mode, access, reclaim=False, c=None, **kw):
        e = Enc().opaque(c or cookie()).fixed(self._name(svid, **kw).bytes())
        return e.u32(mode, access, reclaim).bytes()

    # calls
    def _range(self, proc, make, where, **kw):
        c = cookie()
        xid = kw.pop('xid', None)
        return self._do(proc, make(where, c=c, **kw), c, xid=xid)

    def test(self, where, **kw):
        return self._range(TEST, self.test_args, where, **kw)

    def _first(self, ask):
        """Ask for a claim; the first time again while the helper of a busy machine records us."""
        for _ in range(1 if self.recorded else 20):
            r = ask()
            if r.status != GRACE:
                break
            time.sleep(0.1)
        self.recorded = True
        return r

    def lock(self, where, **kw):
        return self._first(lambda: self._range(LOCK, self.lock_args, where, **kw))

    def nm_lock(self, where, **kw):
        return self._range(NM_LOCK, self.lock_args, where, **kw)

    def cancel(self, where, **kw):
        return self._range(CANCEL, self.cancel_args, where, **kw)

    def unlock(self, where, **kw):
        return self._range(UNLOCK, self.unlock_args, where, **kw)

    def share(self, svid, mode, access, **kw):
        def ask():
            c = cookie()
            return self._do(SHARE, self.share_args(svid, mode, access, c=c, **kw), c)
        return self._first(ask)

    def unshare(self, svid, mode=NONE, access=NONE, **kw):
        c = cookie()
        return self._do(UNSHARE, self.share_args(svid, mode, access, c=c, **kw), c)

    def free_all(self, name=None, state=0):
        return self.raw(FREE_ALL, Enc().opaque(name or self.caller).u32(state).bytes())


def d_res(d, vers, proc):
    """Decode the result of a procedure, or the arguments of its *_RES."""
    r = Result(cookie=d.opaque(1024), status=d.u32(), holder=None)
    if r.status > (FAILED if vers == 4 else GRACE):
        raise rpc.Bad(f'status {r.status} in version {vers}')
    if proc in (TEST, TEST_RES) and r.status == DENIED:
        h = Result(exclusive=d.flag(), svid=d.u32(), oh=d.opaque(1024))
        h.where = (d.u64(), d.u64()) if vers == 4 else (d.u32(), d.u32())
        r.holder = h
    if proc in (SHARE, UNSHARE):
        r.sequence = d.u32()
    return r


def d_granted(call):
    """Decode the arguments of GRANTED and GRANTED_MSG."""
    d = call.args
    call.cookie, call.exclusive = d.opaque(1024), d.flag()
    call.caller, call.fh, call.oh = d.opaque(1024), d.opaque(1024), d.opaque(1024)
    call.svid = d.u32()
    call.where = (d.u64(), d.u64()) if call.vers == 4 else (d.u32(), d.u32())
    d.end()


class Granted(callback.Callback):
    """The NLM service of a client: accepts every GRANTED by default.

    say: status of the next answers; with None there is no answer.
    """

    def __init__(self, ns, nlm, versions=(1, 3, 4), say=OK, **kw):
        self.nlm, self.say = nlm, say
        super().__init__(ns, NLM, versions, self._answer, **kw)

    def _answer(self, call):
        if call.proc in (GRANTED, GRANTED_MSG):
            d_granted(call)
        elif TEST_RES <= call.proc <= UNLOCK_RES:
            call.res = d_res(call.args, call.vers, call.proc)
            call.args.end()
            return b''
        else:
            return NotImplemented
        if self.say is None:
            return None if call.proc == GRANTED else b''
        res = Enc().opaque(call.cookie).u32(self.say).bytes()
        if call.proc == GRANTED:
            return res
        # an answer to a message is a call of its own
        conn = self.nlm.rpc
        rpc.Rpc(self.ns, *conn.peer, conn.proto).call(NLM, call.vers, GRANTED_RES, res)
        return b''

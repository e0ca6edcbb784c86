# SPDX-License-Identifier: GPL-2.0-only
"""NSM version 1 by hand (C702 chapter 11)."""
import contextlib
import socket
from types import SimpleNamespace as Result

import callback
import rpc
from rpc import RpcError
from rpc import Dec, Enc

NSM = 100024

NULL, STAT, MON, UNMON, UNMON_ALL, SIMU_CRASH, NOTIFY = range(7)
SUCC, FAIL = 0, 1

# the procedure to call on a client that monitors: program, version, procedure
ASKED = (0x20001234, 1, 6)


class Nsm:
    """Calls of one machine."""

    def __init__(self, conn):
        self.rpc = conn

    def raw(self, proc, args=b''):
        return self.rpc.call(NSM, 1, proc, args)

    def _do(self, proc, args, fields):
        reply = self.raw(proc, args)
        if reply.stat != rpc.SUCCESS:
            raise RpcError(reply)
        d = Dec(reply.body)
        r = Result(**{name: d.u32() for name in fields})
        d.end()
        return r

    @staticmethod
    def _id(name, my_name, asked):
        e = Enc()
        if name is not None:
            e.opaque(name)
        return e.opaque(my_name).u32(*asked)

    def stat(self, name):
        return self._do(STAT, Enc().opaque(name).bytes(), ('status', 'state'))

    def mon(self, name, my_name='client1', asked=ASKED, priv=bytes(16)):
        args = self._id(name, my_name, asked).fixed(priv).bytes()
        # There is no reply while the helper of a busy machine records it.
        for _ in range(2):
            with contextlib.suppress(socket.timeout):
                return self._do(MON, args, ('status', 'state'))
        return self._do(MON, args, ('status', 'state'))

    def unmon(self, name, my_name='client1', asked=ASKED):
        return self._do(UNMON, self._id(name, my_name, asked).bytes(), ('state',))

    def unmon_all(self, my_name='client1', asked=ASKED):
        return self._do(UNMON_ALL, self._id(None, my_name, asked).bytes(), ('state',))

    def simu_crash(self):
        return self.raw(SIMU_CRASH)

    def notify(self, name, state):
        return self._do(NOTIFY, Enc().opaque(name).u32(state).bytes(), ())


class Notified(callback.Callback):
    """The NSM of a client, which the server notifies of its restarts."""

    def __init__(self, ns):
        super().__init__(ns, NSM, (1,), self._answer)

    @staticmethod
    def _answer(call):
        if call.proc != NOTIFY:
            return NotImplemented
        call.name, call.state = call.args.opaque(1024), call.args.u32()
        call.args.end()
        return b''


class Asked(callback.Callback):
    """The program that a client named in MON."""

    def __init__(self, ns):
        super().__init__(ns, ASKED[0], (ASKED[1],), self._answer)

    @staticmethod
    def _answer(call):
        if call.proc != ASKED[2]:
            return NotImplemented
        call.name, call.state = call.args.opaque(1024), call.args.u32()
        call.priv = call.args.fixed(16)
        call.args.end()
        return b''

# SPDX-License-Identifier: GPL-2.0-only
"""Requests for connections over RDMA, by the device of the kernel's RDMA_USER_CM (rdma_user_cm.h),
without a queue pair: the other side sees a client that connects, and then is silent."""
import ctypes
import itertools
import os
import select
import socket
import struct

CREATE_ID, RESOLVE_IP, RESOLVE_ROUTE, CONNECT, GET_EVENT = 0, 3, 4, 6, 12
ADDR_RESOLVED, ROUTE_RESOLVED, CONNECT_RESPONSE, REJECTED = 0, 2, 5, 8
PS_TCP, QPT_RC = 0x106, 2
TIMEOUT_MS = 10000
EVENT_BYTES = 336


def sockaddr(addr, port):
    """A struct sockaddr_in in the room of a struct sockaddr_in6."""
    return struct.pack('=H', socket.AF_INET) + struct.pack('>H', port) + \
        socket.inet_aton(addr) + bytes(20)


class Connector:
    """One request for a connection."""

    # Another connection of one number would be taken for the same one, which is stale.
    pairs = itertools.count(77)

    def __init__(self):
        self.fd = os.open('/dev/infiniband/rdma_cm', os.O_RDWR | os.O_CLOEXEC)
        out = self.command(CREATE_ID, lambda at: struct.pack('=QQHB5x', 1, at, PS_TCP, QPT_RC), 4)
        self.id, = struct.unpack('=I', out)

    def command(self, number, body, out=0):
        answer = ctypes.create_string_buffer(max(out, 1))
        data = body(ctypes.addressof(answer))
        os.write(self.fd, struct.pack('=IHH', number, len(data), out) + data)
        return answer.raw[:out]

    def event(self):
        """The number of the next event."""
        if not select.select([self.fd], [], [], 6 * TIMEOUT_MS / 1000)[0]:
            raise TimeoutError('no event of the RDMA connection manager')
        out = self.command(GET_EVENT, lambda at: struct.pack('=Q', at), EVENT_BYTES)
        return struct.unpack_from('=QII', out)[2]

    def connect(self, addr, port):
        """Ask for a connection; returns the event that answers."""
        self.command(RESOLVE_IP, lambda at: bytes(28) + sockaddr(addr, port) +
                     struct.pack('=II', self.id, TIMEOUT_MS))
        assert self.event() == ADDR_RESOLVED
        self.command(RESOLVE_ROUTE, lambda at: struct.pack('=II', self.id, TIMEOUT_MS))
        assert self.event() == ROUTE_RESOLVED
        # qp_num, qkey, private data; their length, srq, responder resources, initiator depth, flow
        # control, retries, retries without a receiver, valid; id; ECE.
        param = struct.pack('=II256s8B', next(self.pairs), 0, b'', 0, 0, 4, 4, 0, 7, 7, 1)
        self.command(CONNECT, lambda at: param + struct.pack('=IIII', self.id, 0, 0, 0))
        return self.event()

    def close(self):
        os.close(self.fd)

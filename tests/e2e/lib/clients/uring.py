# SPDX-License-Identifier: GPL-2.0-only
"""io_uring: requests with other credentials than the task's."""
import ctypes
import mmap
import os
import struct

SETUP, ENTER, REGISTER = 425, 426, 427
SQES, GETEVENTS, REGISTER_PERSONALITY = 0x10000000, 1, 9
SEND = 26
ENTRY = '=BBHiQQIIQHHiQQ'

libc = ctypes.CDLL(None, use_errno=True)


def _call(*args):
    got = libc.syscall(*map(ctypes.c_long, args))
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got


class Ring:
    """A ring for one request at a time."""

    def __init__(self):
        params = ctypes.create_string_buffer(120)
        self.fd = _call(SETUP, 1, ctypes.addressof(params))
        # of struct io_sqring_offsets
        _, self.tail, _, _, _, _, self.array = struct.unpack_from('=7I', params.raw, 40)
        self.queue = mmap.mmap(self.fd, self.array + 4)
        self.entries = mmap.mmap(self.fd, struct.calcsize(ENTRY), offset=SQES)

    def personality(self):
        """Register the task's credentials; returns their number."""
        return _call(REGISTER, self.fd, REGISTER_PERSONALITY, 0, 0)

    def send(self, sock, data, personality=0):
        buffer = ctypes.create_string_buffer(data, len(data))
        self.entries[:] = struct.pack(ENTRY, SEND, 0, 0, sock.fileno(), 0,
                                      ctypes.addressof(buffer), len(data), 0, 0, 0, personality, 0,
                                      0, 0)
        tail, = struct.unpack_from('=I', self.queue, self.tail)
        struct.pack_into('=I', self.queue, self.array, 0)
        struct.pack_into('=I', self.queue, self.tail, tail + 1)
        _call(ENTER, self.fd, 1, 1, GETEVENTS, 0, 0)

    def close(self):
        self.entries.close()
        self.queue.close()
        os.close(self.fd)

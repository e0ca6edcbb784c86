# SPDX-License-Identifier: GPL-2.0-only
"""A helper of another age, which registers by netlink alone."""
import socket
import struct

from netlink import NUMBERS


class Helper:
    """Registers as a helper of another age; the numbers are those of net/uapi/linux/ditto.h."""

    REGISTER, KINDS = 'DITTO_CMD_HELPER_REGISTER', 'DITTO_A_STATE_KINDS'

    def __init__(self, w):
        with w.server_ns:
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.settimeout(20)
        self.sock.bind((0, 0))
        self.sock.setsockopt(270, 11, 1)        # SOL_NETLINK, NETLINK_EXT_ACK
        self.family, self.number = 16, 0        # the controller
        answer = self.call(3, 1, self.attribute(2, b'ditto\0'))
        self.family = struct.unpack_from('=H', answer, answer.index(b'\6\0\1\0') + 4)[0]

    @staticmethod
    def attribute(number, data):
        return struct.pack('=HH', 4 + len(data), number) + data + bytes(-len(data) % 4)

    def call(self, command, version, attributes=b''):
        """The first answer: that of the family, or an error with its message."""
        body = struct.pack('=BBH', command, version, 0) + attributes
        self.number += 1
        self.sock.send(struct.pack('=IHHII', 16 + len(body), self.family, 5, self.number, 0) +
                       body)
        while True:
            answer = self.sock.recv(65536)
            if struct.unpack_from('=I', answer, 8)[0] == self.number:
                return answer

    def register(self, version, kinds=None):
        """Register; returns 0 or an errno, and the message."""
        answer = self.call(NUMBERS[self.REGISTER], version, b'' if kinds is None else
                           self.attribute(NUMBERS[self.KINDS], struct.pack('=Q', kinds)))
        if struct.unpack_from('=H', answer, 4)[0] != 2:
            return 0, ''
        return -struct.unpack_from('=i', answer, 16)[0], answer[36:].decode(errors='replace')


    def is_asked(self):
        """True if a request arrives soon."""
        self.sock.settimeout(2)
        try:
            while True:
                answer = self.sock.recv(65536)
                if (struct.unpack_from('=H', answer, 4)[0] == self.family and
                        answer[16] == NUMBERS['DITTO_CMD_UPCALL']):
                    return True
        except socket.timeout:
            return False

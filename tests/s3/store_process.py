# SPDX-License-Identifier: GPL-2.0-only
"""Talks to ditto-offload as dittod does; userspace/store/msg.h describes the messages."""

import array
import os
import socket
import struct
import subprocess

TYPES = ['', 'HELLO', 'STORE', 'STORED', 'CHECK', 'CHECKED', 'PUSH', 'PROGRESS', 'PUSHED', 'FETCH',
         'DATA', 'FETCHED', 'CANCEL', 'FAILED', 'LIST', 'LISTED', 'READ', 'OBJECT', 'DELETE',
         'DELETED', 'REKEY', 'REKEYED', 'KEEP', 'KEPT', 'OWN', 'OWNED', 'TOLD']
NUMBERS = ['number', 'error', 'offset', 'length', 'start', 'size', 'done', 'uploaded',
           'deduplicated', 'requests']
BYTES = ['store', 'cookie', 'text']
FIELDS = {
    'HELLO': {'number'}, 'STORE': {'store', 'text'}, 'STORED': set(), 'CHECK': {'store'},
    'CHECKED': set(), 'PUSH': {'store'}, 'PROGRESS': {'size', 'done', 'uploaded', 'requests'},
    'PUSHED': {'size', 'uploaded', 'deduplicated', 'requests', 'cookie'},
    'FETCH': {'offset', 'length', 'cookie'}, 'DATA': {'offset', 'length', 'start'},
    'FETCHED': set(), 'CANCEL': set(), 'FAILED': {'error', 'text'}, 'TOLD': {'store', 'text'},
}
PACKET_MAX = 32768
SOCKET_FD = 3


def encode(kind, number, **fields):
    """A packet."""
    body = struct.pack('=Q', number)
    for name in NUMBERS:
        if name in FIELDS[kind]:
            body += struct.pack('=Q', fields[name])
    for name in BYTES:
        if name in FIELDS[kind]:
            value = fields[name] if isinstance(fields[name], bytes) else fields[name].encode()
            body += struct.pack('=I', len(value)) + value
    return struct.pack('=II', TYPES.index(kind), len(body)) + body


def decode(packet):
    """The kind, the number and the fields of a packet."""
    kind, length, number = struct.unpack_from('=IIQ', packet)
    assert length == len(packet) - 8
    kind, at, fields = TYPES[kind], 16, {}
    for name in NUMBERS:
        if name in FIELDS[kind]:
            fields[name], = struct.unpack_from('=Q', packet, at)
            at += 8
    for name in BYTES:
        if name in FIELDS[kind]:
            size, = struct.unpack_from('=I', packet, at)
            value = packet[at + 4:at + 4 + size]
            fields[name] = value if name == 'cookie' else value.decode()
            at += 4 + size
    assert at == len(packet)
    return kind, number, fields


class StoreError(Exception):
    """FAILED: errno and text."""


class StoreProcess:
    """The process and its socket; one request after the other, or several by hand."""

    def __init__(self, program):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.number = 0

        def place():
            os.dup2(theirs.fileno(), SOCKET_FD)
            os.set_inheritable(SOCKET_FD, True)

        # The socket needs a fixed descriptor. pylint: disable=subprocess-popen-preexec-fn
        self.process = subprocess.Popen([program], preexec_fn=place, close_fds=False)
        theirs.close()
        assert self.receive()[0] == 'HELLO'

    def close(self):
        """End the process. Returns its exit status."""
        self.socket.close()
        return self.process.wait()

    def send(self, kind, fd=None, **fields):
        """Send a request. Returns its number."""
        self.number += 1
        ancillary = []
        if fd is not None:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))]
        self.socket.sendmsg([encode(kind, self.number, **fields)], ancillary)
        return self.number

    def receive(self):
        """The next message about a request: kind, number, fields, and its descriptor or None."""
        while True:
            packet, fds, _, _ = socket.recv_fds(self.socket, PACKET_MAX, 1)
            if not packet:
                raise EOFError('the store process ended')
            said = decode(packet)
            if said[0] != 'TOLD':
                return (*said, fds[0] if fds else None)

    def ask(self, kind, fd=None, **fields):
        """Send a request and wait for its last answer, whose fields are returned."""
        self.send(kind, fd, **fields)
        while True:
            answer, _, got, _ = self.receive()
            if answer == 'FAILED':
                raise StoreError(got['error'], got['text'])
            if answer != 'PROGRESS':
                return got

    def store(self, name, **settings):
        """Define a store."""
        settings.setdefault('server_id', 'test')
        lines = [f'{key.replace("_", "-")}={value}' for key, value in settings.items()]
        self.ask('STORE', store=name, text='\n'.join(lines))

    def push(self, name, path):
        """Upload a file. Returns the fields of PUSHED."""
        fd = os.open(path, os.O_RDONLY)
        try:
            return self.ask('PUSH', fd, store=name)
        finally:
            os.close(fd)

    def fetch(self, cookie, offset, length):
        """Parts of a range: offset and bytes, in any order."""
        self.send('FETCH', cookie=cookie, offset=offset, length=length)
        while True:
            answer, _, got, fd = self.receive()
            if answer == 'FAILED':
                raise StoreError(got['error'], got['text'])
            if answer == 'FETCHED':
                return
            yield got['offset'], os.pread(fd, got['length'], got['start'])
            os.close(fd)

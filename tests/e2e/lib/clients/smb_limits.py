# SPDX-License-Identifier: GPL-2.0-only
"""SMB clients that use all of a connection: its credits and its window."""
import fcntl
import socket
import struct
import termios

from checks import eq
from files import pattern, put
from smb2 import READ
from smb_bodies import Read

READS = 32              # of 64 KiB: more than sockets take that nobody reads


def with_credits(s, count=2048):
    """Get this many credits for the connection."""
    have = 1
    while have < count:
        eq(s.echo(), 'SUCCESS')
        have += struct.unpack_from('<H', s.frame, 14)[0] - 1
    return s


def clogged(w, s):
    """Request more than the connection takes and read nothing; returns the message ids."""
    put(w.path('big'), pattern(7, 65536), 0o666)
    fid = s.make('big').fid
    s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    body = bytes(Read(length=65536, fid=fid))
    return [s.send(READ, body) for _ in range(READS)]


def is_clogged(s):
    there = struct.unpack('i', fcntl.ioctl(s.socket, termios.FIONREAD, bytes(4)))[0]
    return there < READS * 65536 // 2

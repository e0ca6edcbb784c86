# SPDX-License-Identifier: GPL-2.0-only
"""Contexts of CREATE requests and responses (MS-SMB2 sections 2.2.13.2 and 2.2.14.2)."""
import struct

import smb2
from smb_bodies import Create
from smb_cachers import Granted

APP_ID = bytes.fromhex('45bca66aefa7f74a9008fa462e144d74')
APP_VERSION = bytes.fromhex('b982d0b73b56074fa07b524a8116a010')
REPLAY = 0x20000000
TIMEOUT_MS = 60000
LONGEST_MS = 300000


def guid(n):
    return bytes([0x40 + n]) * 16


def context(name, data, last):
    at = (16 + len(name) + 7) // 8 * 8
    out = struct.pack('<IHHHHI', 0, 16, len(name), 0, at, len(data)) + name
    out = out.ljust(at, b'\0') + data
    if last:
        return out
    out += bytes(-len(out) % 8)
    return struct.pack('<I', len(out)) + out[4:]


def contexts(parts):
    return b''.join(context(name, data, i == len(parts) - 1)
                    for i, (name, data) in enumerate(parts))


def lease_v2(lease, state, epoch=0):
    return b'RqLs', struct.pack('<16sIIQ16sHH', lease, state, 0, 0, bytes(16), epoch, 0)


def durable_v2(number, ms=TIMEOUT_MS, flags=0):
    return b'DH2Q', struct.pack('<IIQ16s', ms, flags, 0, guid(number))


def reconnect_v2(fid, number):
    return b'DH2C', struct.pack('<16s16sI', fid, guid(number), 0)


def app(number):
    return APP_ID, struct.pack('<HH16s', 20, 0, guid(number))


def app_version(high, low):
    return APP_VERSION, struct.pack('<HHIQQ', 24, 0, 0, high, low)


def found_contexts(out):
    """{name: data} of the contexts in the response of CREATE."""
    at, length = struct.unpack_from('<II', out, 80)
    found, left = {}, out[at - 64:at - 64 + length]
    while left:
        more, name_at, name_len, data_at, data_len = struct.unpack_from('<IHHxxHI', left)
        found[left[name_at:name_at + name_len]] = left[data_at:data_at + data_len]
        left = left[more:] if more else b''
    return found


def create_with(s, name, parts, how=smb2.OPEN_IF):
    """CREATE with contexts {name: data}; returns the FileId and those of the response."""
    wire = name.encode('utf-16-le')
    wire += bytes(-len(wire) % 8)
    tail = contexts(list(parts.items()))
    body = bytes(Create(access=smb2.GENERIC_READ, share=smb2.SHARE_ALL, how=how,
                        name_length=2 * len(name), contexts_at=120 + len(wire),
                        contexts_length=len(tail)))
    out = s.call(smb2.CREATE, body + wire + tail)
    return out[64:80], found_contexts(out)


class Answer(Granted):
    """The response of CREATE, with its durable context."""

    def __init__(self, out):
        super().__init__(out)
        self.action, = struct.unpack_from('<I', out, 4)
        self.durable = self.timeout = None
        self.kind = 0
        at, length = struct.unpack_from('<II', out, 80)
        at -= 64
        while length:
            following, name, name_len, data, size = struct.unpack_from('<IHH2xHI', out, at)
            kind = out[at + name:at + name + name_len]
            if kind in (b'DHnQ', b'DH2Q'):
                self.durable = kind
                if size == 8:
                    self.timeout, self.kind = struct.unpack_from('<II', out, at + data)
            if not following:
                break
            at += following

# SPDX-License-Identifier: GPL-2.0-only
"""A client of SMB that does what macOS does."""
import struct
from dataclasses import dataclass

import smb2
from checks import eq
from smb2 import GENERIC_READ, OPEN
from smb_bodies import Flush, QueryDirectory
from smb_contexts import create_with
from smb_copy import COPYCHUNK, RESUME_KEY

READ_DIR_ATTR, COPYFILE, UNIX_BASED, NFS_ACE = 1, 2, 4, 8
CAPS = READ_DIR_ATTR | COPYFILE | UNIX_BASED | NFS_ACE
RESOLVES_ID, FULL_SYNC = 1, 4
INFO, RESOURCE = ':AFP_AfpInfo', ':AFP_Resource'
STANDARD, STREAMS, END_OF_FILE, ID_BOTH = 5, 22, 20, 37
HEAD = struct.pack('>4sIII', b'AFP\0', 0x100, 0, 0x80000000)


def finder_info(kind=b'TEXTttxt', flags=0, ext_flags=0, added=0):
    """FinderInfo of a file, 32 bytes."""
    return struct.pack('>8sH10xIH6x', kind, flags, added, ext_flags)


def afp_info(finder=finder_info()):
    return (HEAD + finder).ljust(60, b'\0')


def apple_double(finder=bytes(32), fork=b'', **attributes):
    """An AppleDouble file as macOS writes it; a name of an attribute has '_' for '.'."""
    table, at = b'', 120 + sum(11 + len(name) + 1 + -(12 + len(name)) % 4 for name in attributes)
    for name, data in attributes.items():
        name = name.replace('_', '.').encode() + b'\0'
        table += (struct.pack('>IIHB', at, len(data), 0, len(name)) + name).ljust(
            11 + len(name) + -(11 + len(name)) % 4, b'\0')
        at += len(data)
    rest = b''
    if attributes:
        rest = b'\0\0' + struct.pack('>4sIIII12xHH', b'ATTR', 0, at, at, 0, 0, len(attributes))
        rest += table + b''.join(attributes.values())
    return struct.pack('>II16sHIIIIII', 0x51607, 0x20000, b'Mac OS X', 2, 9, 50, 32 + len(rest),
                       2, 82 + len(rest), len(fork)) + finder + rest + fork


def negotiate(s, caps=CAPS, asked=7):
    """The query of a mount on the root of the share; returns what the response has, or None."""
    fid, found = create_with(s, '', {b'AAPL': struct.pack('<IIQQ', 1, 0, asked, caps)}, OPEN)
    s.close(fid)
    return found.get(b'AAPL')


def resolve_id(s, number):
    """(status, path) of a file id, or None."""
    fid, found = create_with(s, '', {b'AAPL': struct.pack('<IIQ', 2, 0, number)}, OPEN)
    s.close(fid)
    answer = found.get(b'AAPL')
    if answer is None:
        return None
    command, _, status, length = struct.unpack_from('<IIII', answer)
    eq((command, len(answer)), (2, 16 + length + -length % 8))
    return smb2.NAMES.get(status, status), answer[16:16 + length].decode('utf-16-le')


@dataclass
class Entry:
    """An entry of a listing as macOS reads it."""

    access: int
    short: int
    resource: int
    finder: bytes
    mode: int
    file_id: int


def listing(s, path='', pattern='*'):
    """{name: Entry} by FileIdBothDirectoryInformation."""
    fid, out = s.create(path, GENERIC_READ, how=OPEN), {}
    text = pattern.encode('utf-16-le')
    body = s.call(smb2.QUERY_DIRECTORY, bytes(QueryDirectory(
        level=ID_BOTH, flags=1, fid=fid, pattern_length=len(text))) + text)
    start, length = struct.unpack_from('<HI', body, 2)
    left = body[start - 64:start - 64 + length]
    while left:
        following, size, access, short = struct.unpack_from('<I56xIIB', left)
        resource, finder, mode, file_id = struct.unpack_from('<Q16sHQ', left, 70)
        out[left[104:104 + size].decode('utf-16-le')] = Entry(access, short, resource, finder,
                                                              mode, file_id)
        left = left[following:] if following else b''
    s.close(fid)
    return out


def streams(s, name):
    """{stream: size} of a file."""
    fid, out = s.create(name, smb2.READ_ATTRIBUTES, how=OPEN), {}
    left = s.query(fid, STREAMS)
    while left:
        following, length, size = struct.unpack_from('<IIQ', left)
        out[left[24:24 + length].decode('utf-16-le')] = size
        left = left[following:] if following else b''
    s.close(fid)
    return out


def put_stream(s, name, data):
    """Write a stream anew."""
    fid = s.create(name, how=smb2.OVERWRITE_IF)
    for at in range(0, len(data), 1 << 15):
        s.write(fid, data[at:at + (1 << 15)], at)
    s.close(fid)


def get_stream(s, name, count=4096, offset=0):
    fid = s.create(name, GENERIC_READ, how=OPEN)
    try:
        return s.read(fid, count, offset)
    finally:
        s.close(fid)


def size_of(s, fid):
    return struct.unpack_from('<QQ', s.query(fid, STANDARD))[1]


def copyfile_input(s, source):
    """The input of COPYCHUNK for a copy of a whole file."""
    return s.ioctl(source, RESUME_KEY)[:24] + struct.pack('<II', 0, 0)


def copyfile(s, source, target, code=COPYCHUNK):
    """Copy a whole file; returns the bytes of its data that were copied."""
    chunks, left, total = struct.unpack('<III', s.ioctl(target, code, copyfile_input(s, source)))
    eq((chunks, left), (0, 0))
    return total


def full_sync(s, fid):
    """F_FULLFSYNC."""
    s.call(smb2.FLUSH, bytes(Flush(reserved1=0xffff, fid=fid)))

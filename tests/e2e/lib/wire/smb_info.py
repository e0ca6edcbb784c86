# SPDX-License-Identifier: GPL-2.0-only
"""Information on files and listings (MS-FSCC section 2.4)."""
import os
import struct

import smb2
from checks import one_of
from smb_bodies import QueryDirectory

FILESYSTEM, SECURITY = 2, 3
ALTERNATE_NAME, COMPRESSION, FS_ATTRIBUTE = 21, 28, 5

BASIC, STANDARD, EA, FULL_EA, ALL, END_OF_FILE, STREAM = 4, 5, 7, 15, 18, 20, 22
(SET_REPARSE, GET_REPARSE, DELETE_REPARSE, SET_SPARSE, ZERO_DATA, RANGES, OBJECT_ID,
 GET_OBJECT_ID, TRIM, GET_COMPRESSION, SET_COMPRESSION, GET_INTEGRITY, SET_INTEGRITY) = (
    0x900a4, 0x900a8, 0x900ac, 0x900c4, 0x980c8, 0x940cf, 0x900c0, 0x9009c, 0x98208, 0x9003c,
    0x9c040, 0x9027c, 0x9c280)
SPARSE, HIDDEN, READONLY, ARCHIVE, COMPRESSED, REPARSE = 0x200, 2, 1, 0x20, 0x800, 0x400
EPOCH = 11644473600


def filetime(seconds):
    return (seconds + EPOCH) * 10 ** 7


def set_basic(s, fid, created=0, accessed=0, written=0, changed=0, flags=0):
    s.set(fid, BASIC, struct.pack('<QQQQII', created, accessed, written, changed, flags, 0))


def basic(s, fid):
    """(created, accessed, written, changed, flags)"""
    return struct.unpack('<QQQQI4x', s.query(fid, BASIC))


def session(w, **kw):
    os.chmod(w.export, 0o777)
    return smb2.Smb2(w.client, **kw)


def fresh(s, name, data=b'', **kw):
    fid = s.create(name, access=smb2.GENERIC_ALL, **kw)
    if data:
        s.write(fid, data)
    return fid


def ea(name, value, last=True):
    body = struct.pack('<BBH', 0, len(name), len(value)) + name + b'\0' + value
    body += bytes(-len(body) % 4)
    return struct.pack('<I', 0 if last else len(body) + 4) + body


def eas(data):
    out, at = {}, 0
    while True:
        following, _, name_len, value_len = struct.unpack_from('<IBBH', data, at)
        name = data[at + 8:at + 8 + name_len]
        out[name] = data[at + 9 + name_len:][:value_len]
        if not following:
            return out
        at += following


def names(s, fid, pattern_, level=12, flags_=1, room=65536):
    """All names of a listing."""
    out, text = [], pattern_.encode('utf-16-le')
    while True:
        try:
            query = QueryDirectory(level=level, flags=flags_, fid=fid, pattern_length=len(text),
                                   room=room)
            body = s.call(smb2.QUERY_DIRECTORY, bytes(query) + text)
        except smb2.Status as e:
            one_of(e.name, ('NO_MORE_FILES', '0xc000000f'))
            return out
        start, length = struct.unpack_from('<HI', body, 2)
        data, at = body[start - 64:start - 64 + length], 0
        while True:
            following, _, size = struct.unpack_from('<III', data, at)
            out.append(data[at + 12:at + 12 + size].decode('utf-16-le'))
            if not following:
                break
            at += following
        flags_ = 0


def shorts(s, fid, pattern_):
    """{name: short name} of a listing, by FileIdBothDirectoryInformation."""
    out, text = {}, pattern_.encode('utf-16-le')
    body = s.call(smb2.QUERY_DIRECTORY, bytes(QueryDirectory(level=37, flags=1, fid=fid,
                                                             pattern_length=len(text))) + text)
    start, length = struct.unpack_from('<HI', body, 2)
    entry = body[start - 64:start - 64 + length]
    while entry:
        following, size, short = *struct.unpack_from('<I56xI', entry), entry[68]
        out[entry[104:104 + size].decode('utf-16-le')] = entry[70:70 + short].decode('utf-16-le')
        entry = entry[following:] if following else b''
    return out


def symlink_data(target, unparsed=0, flags=1):
    """A relative link (MS-FSCC section 2.1.2.4); @unparsed: see MS-SMB2 section 2.2.2.2.1."""
    text = target.encode('utf-16-le')
    return struct.pack('<IHHHHHHI', 0xa000000c, 12 + 2 * len(text), unparsed, 0, len(text),
                       len(text), len(text), flags) + text + text

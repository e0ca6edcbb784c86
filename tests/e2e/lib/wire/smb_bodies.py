# SPDX-License-Identifier: GPL-2.0-only
"""Bodies of SMB2 requests (MS-SMB2 section 2.2), in the order of the wire; what is left out of one
has the value that clients send."""
import struct
from dataclasses import astuple, dataclass


class Body:
    """What begins with the size of its fixed part."""

    def __bytes__(self):
        return struct.pack(self.layout, self.size, *astuple(self))


@dataclass(kw_only=True)
class Create(Body):
    """Section 2.2.13; name and contexts follow."""

    layout, size = '<HBBIQQIIIIIHHII', 57
    security_flags: int = 0
    oplock: int = 0
    impersonation: int = 2
    create_flags: int = 0
    reserved: int = 0
    access: int
    attributes: int = 0
    share: int
    how: int
    options: int = 0
    name_at: int = 120
    name_length: int
    contexts_at: int = 0
    contexts_length: int = 0


@dataclass(kw_only=True)
class Close(Body):
    """Section 2.2.15."""

    layout, size = '<HHI16s', 24
    flags: int = 0
    reserved: int = 0
    fid: bytes


@dataclass(kw_only=True)
class Flush(Body):
    """Section 2.2.17."""

    layout, size = '<HHI16s', 24
    reserved1: int = 0
    reserved2: int = 0
    fid: bytes


@dataclass(kw_only=True)
class Read(Body):
    """Section 2.2.19."""

    layout, size = '<HBBIQ16sIIIHHB', 49
    padding: int = 0
    flags: int = 0
    length: int
    offset: int = 0
    fid: bytes
    minimum: int = 0
    channel: int = 0
    remaining: int = 0
    channel_at: int = 0
    channel_length: int = 0
    buffer: int = 0


@dataclass(kw_only=True)
class Write(Body):
    """Section 2.2.21; the data follow."""

    layout, size = '<HHIQ16sIIHHI', 49
    data_at: int = 112
    length: int
    offset: int = 0
    fid: bytes
    channel: int = 0
    remaining: int = 0
    channel_at: int = 0
    channel_length: int = 0
    flags: int = 0


@dataclass(kw_only=True)
class Lock(Body):
    """Section 2.2.26; the ranges follow."""

    layout, size = '<HHI16s', 48
    count: int
    sequence: int = 0
    fid: bytes


@dataclass(kw_only=True)
class Ioctl(Body):
    """Section 2.2.31; the input follows."""

    layout, size = '<HHI16sIIIIIIII', 57
    reserved: int = 0
    code: int
    fid: bytes
    input_at: int = 120
    input_length: int = 0
    input_room: int = 0
    output_at: int = 0
    output_length: int = 0
    output_room: int = 0
    flags: int = 1
    reserved2: int = 0


@dataclass(kw_only=True)
class QueryDirectory(Body):
    """Section 2.2.33; the pattern follows."""

    layout, size = '<HBBI16sHHI', 33
    level: int
    flags: int = 0
    index: int = 0
    fid: bytes
    pattern_at: int = 96
    pattern_length: int
    room: int = 65536


@dataclass(kw_only=True)
class ChangeNotify(Body):
    """Section 2.2.35."""

    layout, size = '<HHI16sII', 32
    flags: int = 0
    room: int
    fid: bytes
    filter: int
    reserved: int = 0


@dataclass(kw_only=True)
class QueryInfo(Body):
    """Section 2.2.37; the input follows."""

    layout, size = '<HBBIHHIII16s', 41
    kind: int = 1
    level: int
    room: int
    input_at: int = 0
    reserved: int = 0
    input_length: int = 0
    extra: int = 0
    flags: int = 0
    fid: bytes


@dataclass(kw_only=True)
class SetInfo(Body):
    """Section 2.2.39; the data follow."""

    layout, size = '<HBBIHHI16s', 33
    kind: int = 1
    level: int
    length: int
    data_at: int = 96
    reserved: int = 0
    extra: int = 0
    fid: bytes


@dataclass(kw_only=True)
class OplockAck(Body):
    """Section 2.2.24.1."""

    layout, size = '<HBBI16s', 24
    level: int
    reserved: int = 0
    reserved2: int = 0
    fid: bytes


@dataclass(kw_only=True)
class LeaseAck(Body):
    """Section 2.2.24.2."""

    layout, size = '<HHI16sIQ', 36
    reserved: int = 0
    flags: int = 0
    key: bytes
    state: int
    duration: int = 0

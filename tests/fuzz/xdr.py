# SPDX-License-Identifier: GPL-2.0-only
"""XDR (RFC 4506): a packer that remembers its fields, and a strict unpacker."""

import struct


class Malformed(Exception):
    """What was received is not what its type says."""


class Field:
    """Where a number of a packed call is, for whoever wants to spoil it."""

    __slots__ = ("name", "kind", "offset")

    def __init__(self, name, kind, offset):
        self.name = name        # as in the RFC
        self.kind = kind        # "len", "enum", "bool", "u32" or "u64"
        self.offset = offset    # in bytes of the arguments


class Pack:
    """Builds arguments; .fields tells where lengths, enums and counts are."""

    def __init__(self):
        self.data = bytearray()
        self.fields = []

    def number(self, value, name, kind="u32"):
        """Append a number that .fields remembers."""
        self.fields.append(Field(name, kind, len(self.data)))
        self.data += struct.pack(">Q" if kind == "u64" else ">I", value)
        return self

    def raw(self, data):
        """Append bytes as they are."""
        self.data += data
        return self

    def opaque(self, data, name):
        """Append opaque data or a string of variable length."""
        self.number(len(data), name + ".len", "len")
        self.data += data + bytes(-len(data) % 4)
        return self


class Unpack:
    """Reads results; everything that is wrong raises Malformed."""

    def __init__(self, data):
        self.data = data
        self.pos = 0
        self.lenient = False    # forgive what other servers are known to get wrong

    def u32(self):
        """A number of 32 bits."""
        if self.pos + 4 > len(self.data):
            raise Malformed("ends within a number")
        value = int.from_bytes(self.data[self.pos:self.pos + 4], "big")
        self.pos += 4
        return value

    def u64(self):
        """A number of 64 bits."""
        return self.u32() << 32 | self.u32()

    def boolean(self):
        """A bool, which is 0 or 1 and nothing else."""
        value = self.u32()
        if value > 1:
            raise Malformed(f"a bool is {value}")
        return value

    def skip(self, size):
        """Something of fixed size that does not matter."""
        if self.pos + size > len(self.data):
            raise Malformed(f"ends within {size} bytes")
        self.pos += size

    def opaque(self, limit):
        """Opaque data of variable length with zeros as padding."""
        size = self.u32()
        if size > limit:
            raise Malformed(f"opaque of {size} bytes, at most {limit} allowed")
        start = self.pos
        self.skip(size + (-size % 4))
        if any(self.data[start + size:self.pos]):
            raise Malformed("padding is not zero")
        return bytes(self.data[start:start + size])

    def end(self):
        """Nothing may be left."""
        if self.pos != len(self.data):
            raise Malformed(f"{len(self.data) - self.pos} bytes after the results")

# SPDX-License-Identifier: GPL-2.0-only
"""XDR (RFC 4506): a packer that remembers its fields, and a strict unpacker."""

import struct


class Malformed(Exception):
    """The received bytes do not have their type."""


class Field:
    """The place of a number in a packed call, for callers that damage it."""

    __slots__ = ("name", "kind", "offset")

    def __init__(self, name, kind, offset):
        self.name = name        # as in the RFC
        self.kind = kind        # "len", "enum", "bool", "u32" or "u64"
        self.offset = offset    # in bytes of the arguments


class Pack:
    """Encodes arguments; .fields has the places of lengths, enums and counts."""

    def __init__(self):
        self.data = bytearray()
        self.fields = []

    def number(self, value, name, kind="u32"):
        """Append a number that .fields remembers."""
        self.fields.append(Field(name, kind, len(self.data)))
        self.data += struct.pack(">Q" if kind == "u64" else ">I", value)
        return self

    def raw(self, data):
        """Append bytes unchanged."""
        self.data += data
        return self

    def opaque(self, data, name):
        """Append opaque data or a string of variable length."""
        self.number(len(data), name + ".len", "len")
        self.data += data + bytes(-len(data) % 4)
        return self


class Unpack:
    """Reads results; every error raises Malformed."""

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
        """A bool, which must be 0 or 1."""
        value = self.u32()
        if value > 1:
            raise Malformed(f"a bool is {value}")
        return value

    def skip(self, size):
        """Skip bytes of fixed size."""
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
        """Check that nothing is left."""
        if self.pos != len(self.data):
            raise Malformed(f"{len(self.data) - self.pos} bytes after the results")

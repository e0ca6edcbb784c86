# SPDX-License-Identifier: GPL-2.0-only
"""Compressed SMB2 messages by hand: MS-SMB2 sections 2.2.3.1.3 and 2.2.42, MS-XCA sections 2.4 and
2.5, and blocks of LZ4."""
import struct

import smbraw
from smbraw import NEGOTIATE, Link

LZNT1, LZ77, HUFFMAN, PATTERN, LZ4 = range(1, 6)
NONE = 0
ID = b'\xfcSMB'
CHAINED = 1
READ_COMPRESSED = 2
COMPRESS_DATA = 0x00100000


def context(*ids, chained=False, count=None):
    """SMB2_COMPRESSION_CAPABILITIES."""
    return smbraw.context(smbraw.COMPRESSION, struct.pack(
        f'<HHI{len(ids)}H', len(ids) if count is None else count, 0, chained, *ids))


def _matches(data, shortest, farthest, longest):
    """Greedy matches: yields a literal byte, or (distance, length); limits are functions of the
    position, or numbers."""
    seen, at = {}, 0
    while at < len(data):
        far = farthest(at) if callable(farthest) else farthest
        most = min(longest(at) if callable(longest) else longest, len(data) - at)
        found = seen.get(data[at:at + shortest])
        length = 0
        if found is not None and at - found <= far and most >= shortest:
            length = shortest
            while length < most and data[found + length] == data[at + length]:
                length += 1
        seen[data[at:at + shortest]] = at
        yield (at - found, length) if length else data[at]
        at += length or 1


def lz77_pack(data):
    out, flags, flags_at, count, half = bytearray(4), 0, 0, 0, None

    def flag(bit):
        nonlocal flags, flags_at, count
        flags, count = flags << 1 | bit, count + 1
        return count == 32

    for item in _matches(data, 3, 8192, 1 << 30):
        if isinstance(item, int):
            out.append(item)
            full = flag(0)
        else:
            distance, length = item[0] - 1, item[1] - 3
            out += struct.pack('<H', distance << 3 | min(length, 7))
            if length >= 7:
                length -= 7
                if half is None:
                    half = len(out)
                    out.append(min(length, 15))
                else:
                    out[half] |= min(length, 15) << 4
                    half = None
                if length >= 15:
                    length -= 15
                    out.append(min(length, 255))
                    if length >= 255:
                        out += (struct.pack('<H', length + 22) if length + 22 < 65536 else
                                struct.pack('<HI', 0, length + 22))
            full = flag(1)
        if full:
            struct.pack_into('<I', out, flags_at, flags)
            flags, flags_at, count = 0, len(out), 0
            out += bytes(4)
    struct.pack_into('<I', out, flags_at, (flags << 32 - count | (1 << 32 - count) - 1))
    return bytes(out)


def lz77_unpack(data, size):
    out, at, flags, count, half = bytearray(), 0, 0, 0, None
    while True:
        if not count:
            flags, = struct.unpack_from('<I', data, at)
            at, count = at + 4, 32
        count -= 1
        if not flags >> count & 1:
            out.append(data[at])
            at += 1
            continue
        if at == len(data):
            return bytes(out)
        match, = struct.unpack_from('<H', data, at)
        at += 2
        length = match & 7
        if length == 7:
            if half is None:
                length, half, at = data[at] & 15, at, at + 1
            else:
                length, half = data[half] >> 4, None
            if length == 15:
                length, at = data[at], at + 1
                if length == 255:
                    length, = struct.unpack_from('<H', data, at)
                    at += 2
                    if not length:
                        length, = struct.unpack_from('<I', data, at)
                        at += 4
                    length -= 22
                length += 15
            length += 7
        for _ in range(length + 3):
            out.append(out[-1 - (match >> 3)])
        assert len(out) <= size, (len(out), size)


def _lznt1_bits(at):
    """Bits of a length at a place of a chunk."""
    return 16 - max(4, (at - 1).bit_length() if at else 0)


def lznt1_pack(data):
    out = b''
    for start in range(0, len(data), 4096):
        chunk, at = data[start:start + 4096], 0
        packed, group, flags, count = bytearray(), bytearray(), 0, 0
        for item in _matches(chunk, 3, lambda at: 1 << 16 - _lznt1_bits(at),
                             lambda at: (1 << _lznt1_bits(at)) + 2):
            if isinstance(item, int):
                group.append(item)
                at += 1
            else:
                bits = _lznt1_bits(at)
                group += struct.pack('<H', item[0] - 1 << bits | item[1] - 3)
                flags |= 1 << count
                at += item[1]
            count += 1
            if count == 8:
                packed += bytes([flags]) + group
                group, flags, count = bytearray(), 0, 0
        if count:
            packed += bytes([flags]) + group
        if len(packed) < len(chunk):
            out += struct.pack('<H', 0xb000 | len(packed) - 1) + packed
        else:
            out += struct.pack('<H', 0x3000 | len(chunk) - 1) + chunk
    return out


def lznt1_unpack(data, size):
    out, at = bytearray(), 0
    while at < len(data):
        head, = struct.unpack_from('<H', data, at)
        if not head:
            break
        at, end, start = at + 2, at + 3 + (head & 0xfff), len(out)
        if not head & 0x8000:
            out += data[at:end]
            at = end
        while at < end:
            flags, at = data[at], at + 1
            for bit in range(8):
                if at == end:
                    break
                if not flags >> bit & 1:
                    out.append(data[at])
                    at += 1
                    continue
                match, = struct.unpack_from('<H', data, at)
                at, bits = at + 2, _lznt1_bits(len(out) - start)
                for _ in range((match & (1 << bits) - 1) + 3):
                    out.append(out[-1 - (match >> bits)])
    assert len(out) <= size, (len(out), size)
    return bytes(out)


def lz4_pack(data):
    """A block of literals only."""
    head, rest = min(len(data), 15), len(data) - 15
    out = bytes([head << 4])
    if rest >= 0:
        out += b'\xff' * (rest // 255) + bytes([rest % 255])
    return out + data


def lz4_unpack(data, size):
    out, at = bytearray(), 0

    def length(count):
        nonlocal at
        byte = 255 if count == 15 else 0
        while byte == 255:
            byte, at = data[at], at + 1
            count += byte
        return count

    while at < len(data):
        token, at = data[at], at + 1
        count = length(token >> 4)
        out += data[at:at + count]
        at += count
        if at == len(data):
            break
        distance, = struct.unpack_from('<H', data, at)
        at += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-distance])
    assert len(out) <= size, (len(out), size)
    return bytes(out)


PACK = {LZNT1: lznt1_pack, LZ77: lz77_pack, LZ4: lz4_pack}
UNPACK = {LZNT1: lznt1_unpack, LZ77: lz77_unpack, LZ4: lz4_unpack}


def unchained(message, algorithm=LZ77, offset=0, **fields):
    """SMB2_COMPRESSION_TRANSFORM_HEADER_UNCHAINED and what follows; fields: those of it that are
    wrong, as unchained_raw() has them."""
    return unchained_raw(message[:offset] + PACK[algorithm](message[offset:]),
                         **{'size': len(message) - offset, 'where': offset,
                            'algorithm': algorithm, **fields})


def unchained_raw(data, size, algorithm=LZ77, flags=0, where=0):
    return ID + struct.pack('<IHHI', size, algorithm, flags, where) + data


def payload(algorithm, data, size=None, first=False, length=None):
    """SMB2_COMPRESSION_CHAINED_PAYLOAD_HEADER and a payload as it is on the wire."""
    if size is not None:
        data = struct.pack('<I', size) + data
    return struct.pack('<HHI', algorithm, first, len(data) if length is None else length) + data


def pattern_payload(byte, count, **kw):
    return payload(PATTERN, struct.pack('<BBHI', byte, 0, 0, count), **kw)


def packed_payload(algorithm, data, **kw):
    return payload(algorithm, PACK[algorithm](data), len(data), **kw)


def chain(size, *payloads):
    """SMB2_COMPRESSION_TRANSFORM_HEADER_CHAINED."""
    return ID + struct.pack('<I', size) + b''.join(payloads)


def chained(message, algorithm=LZ77, head=64):
    """A chain as a client makes it: the header, a run at either end, and the rest."""
    data = message[head:]
    front = len(data) - len(data.lstrip(data[:1]))
    front = front if front >= 64 else 0
    back = len(data) - front - len(data[front:].rstrip(data[-1:]))
    back = back if back >= 64 else 0
    parts = [payload(NONE, message[:head], first=True)]
    if front:
        parts.append(pattern_payload(data[0], front))
    middle = data[front:len(data) - back]
    if middle:
        parts.append(packed_payload(algorithm, middle))
    if back:
        parts.append(pattern_payload(data[-1], back))
    return chain(len(message), *parts)


def expand(frame):
    """The message in a compressed one, and the algorithms of its payloads, in a list if chained."""
    size, algorithm, flags, where = struct.unpack_from('<IHHI', frame, 4)
    if not flags & CHAINED:
        assert not flags, flags
        data = frame[16:16 + where] + UNPACK[algorithm](frame[16 + where:], size)
        assert len(data) == where + size, (len(data), where, size)
        return data, algorithm
    out, at, algorithms = b'', 8, []
    while at < len(frame):
        algorithm, flags, length = struct.unpack_from('<HHI', frame, at)
        assert flags == (at == 8), flags
        data, at = frame[at + 8:at + 8 + length], at + 8 + length
        assert len(data) == length, (len(data), length)
        if algorithm == PATTERN:
            byte, *reserved, count = struct.unpack('<BBHI', data)
            assert reserved == [0, 0], reserved
            data = bytes([byte]) * count
        elif algorithm != NONE:
            length, = struct.unpack_from('<I', data)
            data = UNPACK[algorithm](data[4:], length)
            assert len(data) == length, (len(data), length)
        out += data
        algorithms.append(algorithm)
    assert len(out) == size, (len(out), size)
    return out, algorithms


class CompressedLink(Link):
    """A connection that compresses what it sends by @pack, if that is set, after signing and before
    encryption, and expands what comes; ids: the common algorithms."""

    pack = None
    # Of the last reply: its algorithm or algorithms, or None; its bytes on the wire.
    was_compressed = None

    def negotiate(self, ids=(LZ77,), chained=False, ciphers=(smbraw.GCM,), **kw):
        contexts = [smbraw.preauth(), smbraw.choices(smbraw.ENCRYPTION, *ciphers),
                    context(*ids, chained=chained)]
        status = self.status(NEGOTIATE, self.negotiate_body([0x311], contexts, **kw))
        if status != 'SUCCESS':
            raise AssertionError(f'NEGOTIATE: {status}')
        self.negotiated()
        data = self.contexts().get(smbraw.COMPRESSION, bytes(8))
        self.ids = struct.unpack_from(f'<{data[0]}H', data, 8)
        return self

    def packed(self, message):
        return self.pack(message) if self.pack and message[:4] == b'\xfeSMB' else message

    def sealed(self, message, session=None):
        return super().sealed(self.packed(message), session)

    def raw(self, data):
        super().raw(self.packed(data))

    def receive_message(self, seconds):
        frame = super().receive_message(seconds)
        self.was_compressed, self.wire_bytes = None, len(frame or b'')
        if frame and frame[:4] == ID:
            frame, self.was_compressed = expand(frame)
        return frame


def compressed_link(client, user='alice', share='data', sign=True, **kw):
    """The same with a session and a tree."""
    return smbraw.logged_in(CompressedLink(client).negotiate(**kw), user, share, sign)

# SPDX-License-Identifier: GPL-2.0-only
"""Remote calls of LSA (MS-LSAT) over a named pipe."""
import struct

LSARPC = bytes.fromhex('785734123412cdabef000123456789ab')
NDR = bytes.fromhex('045d888aeb1cc9119fe808002b104860')


def fragment(kind, body):
    """One fragment of a remote call (C706 12.6.3)."""
    return struct.pack('<BBBBIHHI', 5, 0, kind, 3, 0x10, 16 + len(body), 0, 1) + body


BIND = fragment(11, struct.pack('<HHIBBHHBB', 4280, 4280, 0, 1, 0, 0, 0, 1, 0) + LSARPC +
           struct.pack('<I', 0) + NDR + struct.pack('<I', 2))


def lookup_names4(names):
    """LsarLookupNames4 (MS-LSAT section 3.1.4.5)."""
    out = struct.pack('<II', len(names), len(names))
    for i, name in enumerate(names):
        out += struct.pack('<HHI', 2 * len(name), 2 * len(name), 0x20000 + i)
    for name in names:
        text = name.encode('utf-16-le')
        out += struct.pack('<III', len(name), 0, len(name)) + text + bytes(-len(text) % 4)
    out += struct.pack('<IIHHIII', 0, 0, 1, 0, 0, 0, 2)
    return fragment(0, struct.pack('<IHH', len(out), 0, 77) + out)

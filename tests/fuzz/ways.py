# SPDX-License-Identifier: GPL-2.0-only
"""Ways to damage bytes. "order" is the byte order of the protocol, "<" or ">"."""

import struct

INTERESTING = (0, 1, 2, 3, 4, 7, 8, 63, 64, 65, 255, 256, 1024, 4096, 65535, 65536, 1 << 20,
               0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff)


def flip(rng, data, _order):
    """Flip a few bits."""
    for _ in range(rng.randint(1, 8)):
        i = rng.randrange(len(data))
        data[i] ^= 1 << rng.randrange(8)


def number(rng, data, order):
    """Replace an aligned number."""
    i = rng.randrange((len(data) + 3) // 4) * 4
    data[i:i + 4] = struct.pack(order + "I", rng.choice(INTERESTING))


def noise(rng, data, _order):
    """Overwrite a stretch with noise."""
    i = rng.randrange(len(data))
    data[i:i + 16] = rng.randbytes(min(16, len(data) - i))


def cut(rng, data, _order):
    """Cut the end off."""
    del data[rng.randrange(len(data)):]


def grow(rng, data, _order):
    """Append noise."""
    data += rng.randbytes(rng.randint(1, 64))


def insert(rng, data, order):
    """Insert a number."""
    i = rng.randrange(len(data) // 4 + 1) * 4
    data[i:i] = struct.pack(order + "I", rng.choice(INTERESTING))


def remove(rng, data, _order):
    """Take a number out."""
    i = rng.randrange((len(data) + 3) // 4) * 4
    del data[i:i + 4]


def repeat(rng, data, _order):
    """Repeat a stretch."""
    i = rng.randrange(len(data))
    data[i:i] = data[i:i + rng.randint(1, 40)]


WAYS = (flip, flip, number, number, number, noise, cut, grow, insert, remove, repeat)


def spoil(rng, data, order):
    """Apply some of these ways in place."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if data:
            rng.choice(WAYS)(rng, data, order)

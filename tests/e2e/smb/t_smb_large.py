# SPDX-License-Identifier: GPL-2.0-only
"""SMB: long WRITE requests, however TCP divides them."""
import contextlib
import socket

import smb2
from checks import eq, wait_for
from files import MIB, get, put
from harness import test
from one_file import ALL
from smb_pieces import CREDIT, noise, writer

SIGNED = 8
# Around the lengths from which data are taken from the socket, and of other buffers and pages.
LENGTHS = (8191, 8192, 16384 - 117, 16384 - 116, 16384 - 115, 16384, 20_003, CREDIT - 1, CREDIT, CREDIT + 1, CREDIT + 4096, 100_000, MIB - 1, MIB, MIB + 4095)


@test(smb=True, squash='none')
def lengths(w):
    """Data of any length arrive whole, at any offset, with other requests in the same segments."""
    s, fid = writer(w)
    for at, count in enumerate(LENGTHS):
        offset = 7919 * at
        data = noise(at, count)
        number, frame = s.request(fid, data, offset)
        after, small = s.request(fid, b'behind', offset + count)
        s.socket.sendall(frame + small)
        s.wrote(number, count)
        s.wrote(after, 6)
        eq(get(w.path('f'))[offset:offset + count + 6] == data + b'behind', True, count)
    # the data begin later than they must
    for count in MIB, 20_003, MIB:
        data = noise(99, count)
        number, frame = s.request(fid, data, pad=100)
        s.socket.sendall(frame)
        s.wrote(number, count)
        eq(get(w.path('f'))[:count] == data, True)
    # a stream of several
    each = [noise(i, 17_000 + i) for i in range(12)]
    sent = [s.request(fid, data, i * CREDIT) for i, data in enumerate(each)]
    s.socket.sendall(b''.join(frame for _, frame in sent))
    for number, data in zip([number for number, _ in sent], each):
        s.wrote(number, len(data))
    for i, data in enumerate(each):
        eq(get(w.path('f'))[i * CREDIT:i * CREDIT + len(data)] == data, True, i)
    s.end()


@test(smb=True, squash='none')
def small_segments(w):
    """A client may send its bytes one by one, with the headers divided too."""
    s, fid = writer(w)
    for seed, sizes in enumerate(((1448,), (1, 3, 50, 10_000), (116, 2, 511, 513), (30, 70_000),
                                  (20_000, 1, 1, 1))):
        data = noise(seed, 3 * CREDIT + 11)
        for count in len(data), 20_003, 9_001:
            number, frame = s.request(fid, data[:count])
            s.pieces(frame, sizes)
            s.wrote(number, count)
        eq(get(w.path('f')) == data, True, sizes)
    data = noise(77, CREDIT)
    number, frame = s.request(fid, data)
    s.pieces(frame, (120,) + (1,) * 3000 + (CREDIT,))
    s.wrote(number, len(data))
    eq(get(w.path('f'))[:CREDIT] == data, True)
    s.end()


@test(smb=True, squash='none')
def not_what_they_say(w):
    """Requests whose data are longer or shorter than told, or that are signed by nobody."""
    s, fid = writer(w)
    data = noise(1, 2 * CREDIT - 100)
    number, frame = s.request(fid, data, length=len(data) - 1)
    s.socket.sendall(frame)
    s.wrote(number, len(data) - 1)
    eq(get(w.path('f')) == data[:-1], True)
    number, frame = s.request(fid, data, length=len(data) + 1)
    s.socket.sendall(frame)
    eq(smb2.NAMES[s.answer(number)[0]], 'INVALID_PARAMETER')
    number, frame = s.request(fid, data, flags=SIGNED)
    s.socket.sendall(frame)
    eq(smb2.NAMES[s.answer(number)[0]], 'ACCESS_DENIED')
    # a file id of nothing
    number, frame = s.request(bytes(16), data)
    s.socket.sendall(frame)
    eq(smb2.NAMES[s.answer(number)[0]], 'FILE_CLOSED')
    s.end()


@test(smb=True, squash='none')
def cut_off(w):
    """A connection that ends within the data changes nothing, and holds nothing."""
    put(w.path('f'), b'as it was', ALL)
    for part in (200, 20_000, 700_000, MIB):
        s, fid = writer(w)
        _, frame = s.request(fid, noise(part, MIB))
        s.socket.sendall(frame[:part])
        s.end()
    # urgent data, which no client of SMB sends, end the connection
    s, fid = writer(w)
    _, frame = s.request(fid, noise(5, MIB))
    s.socket.sendall(frame[:500_000])
    s.socket.send(b'!', socket.MSG_OOB)
    with contextlib.suppress(ConnectionError):
        s.socket.sendall(frame[500_000:-1])
    eq(s.receive(), None)
    wait_for('an end of all sessions', lambda: not w.server.json('session', 'list'))
    eq(get(w.path('f')), b'as it was')

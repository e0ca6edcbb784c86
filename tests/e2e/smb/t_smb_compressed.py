# SPDX-License-Identifier: GPL-2.0-only
"""Compression of SMB messages (MS-SMB2 sections 2.2.42, 3.1.4.4 and 3.3.5.2.1.2)."""
import os
import socket
import struct

import smb2
import smb_compressed
import smb_compound
import smbraw
from checks import eq
from client_lists import no_sessions
from files import MIB, get, pattern, put
from harness import test
from one_file import ALL
from shares import share_all
from smb_bodies import QueryDirectory, Read, Write
from smb_compressed import (COMPRESS_DATA, HUFFMAN, LZ4, LZ77, LZNT1, NONE, PATTERN,
                            READ_COMPRESSED, CompressedLink, chain, chained, compressed_link,
                            packed_payload, pattern_payload, payload, unchained, unchained_raw)
from smb_limits import with_credits
from smb_pieces import noise

# LZ4 comes last: not every kernel has it.
EVERY = (LZNT1, LZ77, HUFFMAN, PATTERN, LZ4)
CREDIT = 65536


def write(s, fid, data, offset=0):
    return s.call(smb2.WRITE, bytes(Write(length=len(data), offset=offset, fid=fid)) + data,
                  charge=max(1, -(-len(data) // CREDIT)))


def read(s, fid, count, offset=0, flags=READ_COMPRESSED):
    return smb2.read_data(s.call(smb2.READ, bytes(Read(
        length=count, offset=offset, fid=fid, flags=flags)), charge=max(1, -(-count // CREDIT))))


@test(smb=True, squash='none')
def contexts(w):
    """Algorithms in common are answered in the client's order, a malformed context is refused."""
    def answer(*contexts):
        with CompressedLink(w.client) as s:
            status = s.status(smb2.NEGOTIATE, s.negotiate_body([0x311], [smbraw.preauth(),
                                                                         *contexts]))
            if status != 'SUCCESS':
                return status
            data = s.contexts().get(smbraw.COMPRESSION)
        if data is None:
            return None
        count, padding, flags = struct.unpack_from('<HHI', data)
        eq((padding, len(data)), (0, 8 + 2 * count))
        return flags, struct.unpack_from(f'<{count}H', data, 8)

    offer, bad = smb_compressed.context, 'INVALID_PARAMETER'
    eq(answer(), None)
    lz4 = answer(offer(LZ4)) != (False, (NONE,))
    for chains in False, True:
        eq(answer(offer(*EVERY, chained=chains)), (chains, EVERY if lz4 else EVERY[:-1]))
        other = PATTERN, HUFFMAN, LZ77
        eq(answer(offer(*other, chained=chains)), (chains, other))
        for one in EVERY if lz4 else EVERY[:-1]:
            eq(answer(offer(one, chained=chains)), (chains, (one,)))
        for none in (99,), (NONE,), (99, 0xffff):
            eq(answer(offer(*none, chained=chains)), (False, (NONE,)))
        eq(answer(offer(LZ77, 99, LZ77, NONE, LZNT1, chained=chains)), (chains, (LZ77, LZNT1)))
    for wrong in (offer(), offer(LZ77, count=0), offer(LZ77, count=2), offer(LZ77, count=0xffff),
                  smbraw.context(smbraw.COMPRESSION, b''),
                  smbraw.context(smbraw.COMPRESSION, b'\1\0\0\0\0\0\0\0')):
        eq(answer(wrong), bad, wrong)
    eq(answer(offer(LZ77), offer(LZ77)), bad, 'twice')
    w.server.ctl('server', 'set', 'compression', 'off')
    eq(answer(offer(*EVERY, chained=True)), None, 'not supported, so ignored (section 3.3.5.4)')
    eq(answer(offer()), None)
    w.server.ctl('server', 'set', 'compression', 'on')
    with smbraw.Link(w.client) as s:
        eq(s.negotiate(0x302).login(), 'SUCCESS')


@test(smb=True, squash='none')
def writes(w):
    """What compressed requests write is what all protocols read, signed or encrypted too."""
    share_all(w)
    n = w.client.nfs()
    text, other = pattern(1, 20_000), smb2.Smb2(w.client)
    runs = bytes(3000) + text + b'z' * 5000
    ways = [(unchained, algorithm, plain) for algorithm in (LZNT1, LZ77, LZ4)
            for plain in (0, 64, 112, 130)]
    ways += [(chained, algorithm, plain) for algorithm in (LZNT1, LZ77, LZ4) for plain in (64, 112)]
    for protection in ({}, {'seal': smbraw.GCM}, {'seal': smbraw.CCM}):
        cipher = protection.get('seal', smbraw.GCM)
        with compressed_link(w.client, ids=EVERY, chained=True, ciphers=(cipher,)) as s:
            s.seal, s.sign = bool(protection), not protection
            fid = s.create('f')
            fh = n.lookup(n.root, 'f').fh
            for turn, (how, algorithm, plain) in enumerate(ways):
                if algorithm not in s.ids:
                    continue
                for data in text, runs, b'1':
                    s.pack = lambda m: how(m, algorithm, min(plain, len(m) - 1))
                    write(s, fid, data, turn)
                    s.pack = None
                    eq(get(w.path('f'))[turn:turn + len(data)] == data, True,
                       (how, algorithm, plain))
                eq(n.read(fh, turn, 7).data, b'1' + runs[1:7])
                again = other.create('f')
                eq(other.read(again, 5, turn), b'1' + runs[1:5])
                other.close(again)
    other.end()


@test(smb=True, squash='none')
def large_writes(w):
    """Requests that expand to more than one credit, and to the longest."""
    share_all(w)
    for seal in False, True:
        with compressed_link(w.client, ids=EVERY, chained=True) as s:
            s.seal, s.sign = seal, not seal
            fid = s.create('f')
            text = b''.join(pattern(9, 100) + bytes([i & 255]) * 3900 for i in range(300))
            for algorithm in {LZNT1, LZ77, LZ4} & set(s.ids):
                for count in CREDIT - 112, CREDIT + 1, 200_000, MIB:
                    s.pack = lambda m: unchained(m, algorithm, 112)
                    write(s, fid, text[:count])
                    s.pack = None
                    eq(get(w.path('f'))[:count] == text[:count], True, (algorithm, count))
            # more than may be in flight: they take turns
            with_credits(s)
            numbers, size, count = [], 8 * MIB, 8
            for i in range(count):
                body = bytes(Write(length=size, offset=i * size, fid=fid))
                s.pack = lambda m: chain(len(m) + size, payload(NONE, m, first=True),
                                         pattern_payload(65 + i, size))
                numbers.append(s.send(smb2.WRITE, body, charge=size // CREDIT, sign=False)
                               if seal else signed_run(s, body, 65 + i, size))
                s.pack = None
            eq(smb_compound.statuses(s, numbers, 120), ['SUCCESS'] * count)
            with open(w.path('f'), 'rb') as f:
                for i in range(count):
                    eq(f.read(size) == bytes([65 + i]) * size, True, i)
            os.truncate(w.path('f'), 0)


@test(smb=True, squash='none', timeout=240)
def waits_for_memory(w):
    """What expands to more than its user may hold now waits, and is done when there is memory."""
    share_all(w)
    size = 8 * MIB
    put(w.path('big'), bytes(size), ALL)
    for seal, other in (False, False), (True, False), (False, True):
        with compressed_link(w.client, ids=(LZ77, PATTERN), chained=True) as s, \
                smbraw.link(w.client) as reader:
            fid = s.create('f')
            with_credits(s, 400)
            with_credits(reader, 400)
            w.server.ctl('server', 'set', 'budget-user-mib', '14')
            number = hold_memory(reader, size)
            s.seal, s.sign = seal, not seal
            first = send_run(s, fid, size)
            behind = s.send(smb2.ECHO, smb2.EMPTY_BODY)
            if other:       # nobody reads, so there is no memory for long
                eq(s.dropped(40), True)
                eq(os.stat(w.path('f')).st_size, 0)
                continue
            eq(s.silent(2), True, seal)
            eq(os.stat(w.path('f')).st_size, 0)
            eq(smb_compound.statuses(reader, [number], 60), ['SUCCESS'])
            eq(smb_compound.statuses(s, [first, behind], 60), ['SUCCESS'] * 2)
            eq(get(w.path('f')) == b'A' * size, True)
            os.truncate(w.path('f'), 0)
    w.server.ctl('server', 'set', 'budget-user-mib', '4')
    for seal in False, True:
        with compressed_link(w.client, ids=(LZ77, PATTERN), chained=True) as s:
            fid = s.create('f')
            with_credits(s, 400)
            s.seal, s.sign = seal, not seal
            send_run(s, fid, size)
            eq(s.dropped(), True, 'it may never hold as much')
    eq(os.stat(w.path('f')).st_size, 0)
    w.server.ctl('server', 'set', 'budget-user-mib', '0')


def hold_memory(s, size):
    """Have the server hold a response of this size, as the client does not read."""
    fid = s.create('big', access=smb2.GENERIC_READ)
    s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    number = s.send(smb2.READ, bytes(Read(length=size, fid=fid)), charge=size // CREDIT)
    head = s.socket.recv(16, socket.MSG_PEEK | socket.MSG_WAITALL)
    eq(struct.unpack_from('<I', head, 12), (0,), 'the response is on its way')
    return number


def send_run(s, fid, size):
    """Send a WRITE of a run, compressed; returns its MessageId."""
    body = bytes(Write(length=size, fid=fid))
    if not s.seal:
        return signed_run(s, body, 65, size)
    s.pack = lambda m: chain(len(m) + size, payload(NONE, m, first=True),
                             pattern_payload(65, size))
    number = s.send(smb2.WRITE, body, charge=size // CREDIT)
    s.pack = None
    return number


@test(smb=True, squash='none')
def credits(w):
    """A message expands to no more than 64 KiB for each credit of its requests and 64 KiB more."""
    share_all(w)

    def echo(s, charge, following=0):
        return s.header(smb2.ECHO, s.next_id, charge=charge, following=following) + smb2.EMPTY_BODY

    def hidden(s, message):
        return unchained(message)

    def seen(s, message):
        return unchained(message, offset=64)

    def in_chain(s, message):
        return chain(len(message), payload(NONE, message[:68], first=True),
                     pattern_payload(0, len(message) - 68))

    for make in hidden, seen, in_chain:
        for charge in 1, 3:
            most = (charge + 1) * CREDIT
            for more in 0, 1:
                with compressed_link(w.client, ids=(LZ77, PATTERN), chained=True) as s:
                    with_credits(s, 100)
                    message = echo(s, charge)
                    s.raw(make(s, s.signed(message + bytes(most - len(message) + more))))
                    if more:
                        eq(s.dropped(), True, (make.__name__, charge))
                    else:
                        eq(s.answer(s.next_id)[0], 0, (make.__name__, charge))
    for make in hidden, seen:
        for more in 0, 1:
            with compressed_link(w.client, ids=(LZ77, PATTERN), chained=True) as s:
                with_credits(s, 100)
                first = s.signed(echo(s, 2, 72) + bytes(4))
                s.next_id += 2
                second = echo(s, 3)
                s.raw(make(s, first + s.signed(
                    second + bytes(6 * CREDIT - 72 - len(second) + more))))
                if more:
                    eq(s.dropped(), True, make.__name__)
                else:
                    eq(s.answer(s.next_id)[0], 0, make.__name__)


def signed_run(s, body, byte, size):
    """Send a signed WRITE of a run, compressed; the signature is of the whole message."""
    number, s.next_id = s.next_id, s.next_id + size // CREDIT
    message = s.signed(s.header(smb2.WRITE, number, charge=size // CREDIT) + body +
                       bytes([byte]) * size)
    head = message[:-size]
    pack, s.pack = s.pack, None
    s.raw(chain(len(message), payload(NONE, head, first=True), pattern_payload(byte, size)))
    s.pack = pack
    return number


@test(smb=True, squash='none')
def reads(w):
    """Who asks for it gets data compressed if that makes the response shorter, else as it is."""
    share_all(w)
    text, mixed = pattern(3, 150_000), bytes(5000) + pattern(4, 30_000) + b'e' * 9000
    for name, data in ('text', text), ('mixed', mixed), ('noise', noise(1, 150_000)):
        put(w.path(name), data, ALL)
    for ids in (LZNT1, LZ77), (LZ77,), (LZ4, LZNT1, PATTERN), (LZ77, PATTERN), (PATTERN,):
        for chains in False, True:
            for seal in False, True:
                with compressed_link(w.client, ids=ids, chained=chains) as s:
                    s.seal, s.sign = seal, not seal
                    first = next((i for i in s.ids if i != PATTERN), None)
                    runs = PATTERN in s.ids
                    fid = s.create('text', access=smb2.GENERIC_READ)
                    want = [NONE, first] if chains else first
                    for at, count in ((0, 1000), (17, 16383), (4096, 16384), (1, 65536),
                                      (5, 140_000)):
                        eq(read(s, fid, count, at) == text[at:at + count], True, (ids, at, count))
                        eq((s.was_compressed, s.was_sealed), (want if first else None, seal))
                        eq(s.is_signed_right() > 0, not seal)
                        eq(read(s, fid, count, at, 0) == text[at:at + count], True)
                        eq(s.was_compressed, None, 'nobody asked')
                    smb2.refused('END_OF_FILE', read, s, fid, 65536, len(text))
                    fid = s.create('mixed', access=smb2.GENERIC_READ)
                    eq(read(s, fid, CREDIT) == mixed, True)
                    if chains and runs:
                        eq(s.was_compressed, [NONE, PATTERN, first or NONE, PATTERN])
                        eq(read(s, fid, 4000, 500), bytes(4000))
                        eq((s.was_compressed, s.wire_bytes), ([NONE, PATTERN], 112))
                    else:
                        eq(s.was_compressed, want if first else None)
                    fid = s.create('noise', access=smb2.GENERIC_READ)
                    for count in 1, 16, 16384, 100_000:
                        eq(read(s, fid, count) == noise(1, 150_000)[:count], True)
                        eq(s.was_compressed, None, 'it would be no shorter')
    with compressed_link(w.client, ids=(HUFFMAN,)) as s:
        s.pack = None
        fid = s.create('text', access=smb2.GENERIC_READ)
        s.send(smb2.READ, bytes(Read(length=CREDIT, fid=fid, flags=READ_COMPRESSED)))
        frame = super(CompressedLink, s).receive_message(20)
        size, algorithm, flags, where = struct.unpack_from('<IHHI', frame, 4)
        eq((frame[:4], size, algorithm, flags, where),
           (smb_compressed.ID, CREDIT, HUFFMAN, 0, 80))
        eq(len(frame) < CREDIT // 2, True)


@test(smb=True, squash='none')
def compounds(w):
    """A compound is compressed as a whole, and so are its responses."""
    share_all(w)
    text = pattern(8, 30_000)
    put(w.path('f'), text, ALL)
    for chains, seal in (False, False), (True, False), (False, True), (True, True):
        with compressed_link(w.client, ids=(LZ77, PATTERN), chained=chains) as s:
            s.seal, s.sign = seal, not seal
            fid = s.create('f')
            s.pack = chained if chains else unchained
            numbers = s.chain(
                smb_compound.write(fid, text[:9000], 10_000),
                (smb2.READ, bytes(Read(length=20_000, fid=smb_compound.SAME,
                                       flags=READ_COMPRESSED))),
                smb_compound.close(smb_compound.SAME))
            answers = [s.answer(n) for n in numbers]
            eq([status for status, _ in answers], [0, 0, 0])
            eq(smb2.read_data(answers[1][1]) == (text[:10_000] + text[:9000] + text[19_000:20_000]),
               True)
            eq(s.was_compressed, [NONE, LZ77] if chains else LZ77)
            put(w.path('f'), text)


@test(smb=True, squash='none')
def answers(w):
    """A client that compresses its requests gets long responses compressed, too."""
    share_all(w)
    for i in range(200):
        put(w.path(f'a file with a long name {i:03}'), b'', ALL)
    with compressed_link(w.client) as s:
        fid = s.create('', access=smb2.GENERIC_READ, options=smb2.DIRECTORY_FILE,
                       how=smb2.OPEN)
        body = bytes(QueryDirectory(level=37, flags=1, room=CREDIT, fid=fid,
                                    pattern_length=2)) + '*'.encode('utf-16-le')
        s.call(smb2.QUERY_DIRECTORY, body)      # which sets the time of the last access
        plain = s.call(smb2.QUERY_DIRECTORY, body)
        eq((s.was_compressed, len(plain) > 10_000), (None, True))
        s.pack = unchained
        eq(s.call(smb2.QUERY_DIRECTORY, body) == plain, True)
        eq((s.was_compressed, s.wire_bytes < len(plain) // 2), (LZ77, True))
        s.echo()
        eq(s.was_compressed, None)
        w.server.ctl('share', 'set', 'data', 'compress', 'off')
        eq(s.call(smb2.QUERY_DIRECTORY, body) == plain, True)
        eq(s.was_compressed, None)
        w.server.ctl('share', 'set', 'data', 'compress', 'ask')


@test(smb=True, squash='none')
def share_option(w):
    """With off nothing is sent compressed, with on clients are told to ask (section 3.3.5.7)."""
    share_all(w)
    put(w.path('f'), bytes(50_000), ALL)

    def shown():
        return [line.split()[1] for line in w.server.ctl('share', 'show', 'data').splitlines()
                if line.startswith('compress ')], [
                    share['compress'] for share in w.server.json('share', 'list')]
    eq(shown(), (['ask'], ['ask']))
    with compressed_link(w.client) as s, smbraw.link(w.client, 0x302) as old:
        fid = s.create('f')
        for value, flag, sent in (('off', 0, None), ('ask', 0, LZ77), ('on', COMPRESS_DATA, LZ77),
                                  ('ask', 0, LZ77), ('off', 0, None)):
            w.server.ctl('share', 'set', 'data', 'compress', value)
            eq(shown(), ([value], [value]))
            eq((read(s, fid, 50_000) == bytes(50_000), s.was_compressed), (True, sent), value)
            s.pack = unchained
            write(s, fid, bytes(5000))
            s.pack = None
            with compressed_link(w.client) as t:
                eq(t.share_flags & COMPRESS_DATA, flag, value)
                eq(t.connect_tree('IPC$'), 'SUCCESS')
                eq(t.share_flags & COMPRESS_DATA, 0)
            eq((old.connect_tree(), old.share_flags & COMPRESS_DATA), ('SUCCESS', 0))
    w.server.ctl('share', 'set', 'data', 'compress', 'on')
    with smbraw.link(w.client) as s:
        eq(s.share_flags & COMPRESS_DATA, COMPRESS_DATA)
        fid = s.create('f')
        eq(read(s, fid, 50_000) == bytes(50_000), True, 'it negotiated no compression')
    w.server.ctl('server', 'set', 'compression', 'off')
    with compressed_link(w.client) as s:
        eq(s.share_flags & COMPRESS_DATA, 0)
        eq(read(s, s.create('f'), 50_000) == bytes(50_000), True)
        eq(s.was_compressed, None)
        s.raw(unchained(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY + bytes(200)))
        eq(s.dropped(), True)
    w.server.ctl('server', 'set', 'compression', 'on')
    w.server.refused('share', 'set', 'data', 'compress', 'always')


@test(smb=True, squash='none')
def share_option_of_compounds(w):
    """A compound over several shares is compressed only if all of them allow it."""
    share_all(w)
    os.mkdir(w.path('sub'))
    for name in 'f', 'sub/f':
        put(w.path(name), bytes(9000), ALL)
    with compressed_link(w.client) as s:
        data, fid = s.tree, s.create('f', access=smb2.GENERIC_READ)
        w.server.ctl('share', 'add', 'other', w.path('sub'), 'squash', 'none')
        eq(s.connect_tree('other'), 'SUCCESS')
        other, again = s.tree, s.create('f', access=smb2.GENERIC_READ)

        def sent():
            numbers = s.chain(*[(smb2.READ, bytes(Read(length=9000, fid=f, flags=READ_COMPRESSED)))
                                for f in (fid, again)], trees=[data, other])
            eq([len(s.answer(n)[1]) > 9000 for n in numbers], [True] * 2)
            return s.was_compressed
        eq(sent(), LZ77)
        for share in 'data', 'other':
            w.server.ctl('share', 'set', share, 'compress', 'off')
            eq(sent(), None, share)
            w.server.ctl('share', 'set', share, 'compress', 'ask')
        eq(sent(), LZ77)
    w.server.ctl('share', 'del', 'other')


@test(smb=True, squash='none')
def counters(w):
    """The statistics have what compression was used for, and the bytes before and after."""
    share_all(w)
    put(w.path('text'), pattern(3, 50_000), ALL)
    put(w.path('noise'), noise(1, 50_000), ALL)

    def counts():
        return {row['op']: (row['calls'], row['errors'], row['bytes'])
                for row in w.server.json('stats', 'smb-compression')}
    with compressed_link(w.client) as s:
        text, other = s.create('text'), s.create('noise')
        eq(sum(calls for calls, _, _ in counts().values()), 0)
        read(s, text, 50_000)
        wire = s.wire_bytes
        read(s, text, 50_000, 0, 0)
        read(s, other, 50_000)
        s.pack = unchained
        s.write(text, bytes(60_000))
        message = 64 + 48 + 60_000
        eq(counts(), {'expand from': (1, 0, len(unchained(s.sent))),
                      'expand to': (1, 0, message),
                      'compress from': (2, 1, 2 * 50_080), 'compress to': (1, 0, wire)})


def hostile():
    """(what, frame of a message) that end the connection."""
    def message(s, count=400):
        return s.signed(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY + bytes(count))

    def whole(s):
        return [payload(NONE, message(s)[:68], first=True), pattern_payload(0, 400)]

    yield 'an algorithm that was not negotiated', lambda s: unchained(message(s), LZ4)
    yield 'an unknown algorithm', lambda s: unchained(message(s), algorithm=LZ77, where=0)[:8] + \
        struct.pack('<HHI', 77, 0, 0) + bytes(60)
    yield 'Pattern_V1 unchained', lambda s: unchained_raw(bytes(8) * 5, 468, PATTERN)
    yield 'NONE unchained', lambda s: unchained_raw(message(s), 468, NONE)
    for size in 0, 1, 467, 469, 8 * MIB + 272, 8 * MIB + 273, 2 ** 31, 2 ** 32 - 1:
        yield f'a size of {size}', lambda s, size=size: unchained(message(s), size=size)
        yield f'a chain of {size}', lambda s, size=size: chain(size, *whole(s))
    for where in 1, 400, 484, 65536, 2 ** 31, 2 ** 32 - 16, 2 ** 32 - 1:
        yield f'an offset of {where}', lambda s, where=where: unchained(message(s), where=where)
    yield 'size and offset that wrap', lambda s: unchained(message(s), size=2 ** 32 - 9, where=77)
    for flags in 2, 3, 0x8000:
        yield f'flags {flags}', lambda s, flags=flags: unchained(message(s), flags=flags)
    yield 'a chain of nothing', lambda s: chain(468, bytes(40))
    yield 'a cut payload header', lambda s: chain(468, *whole(s), b'\0\0\0')
    yield 'a payload behind the end', lambda s: chain(468, *whole(s), pattern_payload(0, 1))
    yield 'a payload of nothing', lambda s: chain(468, *whole(s), packed_payload(LZ77, b''))
    yield 'an empty run', lambda s: chain(468, *whole(s), pattern_payload(0, 0))
    for count in 399, 401, 2 ** 31, 2 ** 32 - 1:
        yield f'a run of {count}', lambda s, count=count: chain(
            468, whole(s)[0], pattern_payload(0, count))
    for length in 0, 7, 9, 2 ** 32 - 1:
        yield f'a run whose length is {length}', lambda s, length=length: chain(
            468, whole(s)[0], pattern_payload(0, 400, length=length))
    for length in 0, 3, 4, 2 ** 32 - 1:
        yield f'a payload whose length is {length}', lambda s, length=length: chain(
            468, payload(LZ77, smb_compressed.lz77_pack(message(s)), 468, first=True,
                         length=length))
    for size in 0, 467, 469, 2 ** 32 - 1:
        yield f'a payload of {size}', lambda s, size=size: chain(
            468, payload(LZ77, smb_compressed.lz77_pack(message(s)), size, first=True))
    yield 'a payload that was not negotiated', lambda s: chain(
        468, whole(s)[0], packed_payload(LZ4, bytes(400)))
    yield 'an unknown payload', lambda s: chain(468, whole(s)[0], payload(88, bytes(40), 400))
    yield 'wrong flags of a payload', lambda s: chain(
        468, whole(s)[0], struct.pack('<HHIBBHI', PATTERN, 4, 8, 0, 0, 0, 400))
    yield 'a match before the beginning', lambda s: unchained_raw(
        struct.pack('<IHH', 2 ** 32 - 1, 0x7ff8, 0) + bytes(40), 468)
    yield 'no end of the data', lambda s: unchained(message(s))[:-1]
    yield 'noise', lambda s: unchained_raw(noise(4, 300), 468)
    yield 'compressed twice', lambda s: unchained(unchained(message(s)) + bytes(300))
    yield 'encrypted inside', lambda s: unchained(smbraw.Link.sealed(s, message(s)))
    yield 'SMB1 inside', lambda s: unchained(b'\xffSMB' + bytes(100))
    yield 'a response', lambda s: unchained(message(s)[:16] + b'\1' + message(s)[17:])
    yield 'short', lambda s: unchained(message(s))[:15]
    yield 'of a header only', lambda s: unchained(message(s))[:16] + bytes(19)


@test(smb=True, squash='none', timeout=240)
def hostile_messages(w):
    """What does not expand to exactly one message ends the connection (section 3.3.5.2.1.2)."""
    share_all(w)
    for seal in False, True:
        for what, make in hostile():
            with compressed_link(w.client, ids=(LZNT1, LZ77, PATTERN), chained=True) as s:
                frame = make(s)
                smbraw.Link.raw(s, smbraw.Link.sealed(s, frame) if seal else frame)
                eq(s.dropped(), True, (what, seal))
    with compressed_link(w.client, ids=(LZ77,), chained=False) as s:
        s.raw(chained(s.signed(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY)))
        eq(s.dropped(), True, 'a chain that was not negotiated')
    with compressed_link(w.client, ids=(LZ77,), chained=True) as s:
        message = s.signed(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY + bytes(100))
        s.raw(chain(len(message), payload(NONE, message[:-100], first=True),
                    pattern_payload(0, 100)))
        eq(s.dropped(), True, 'runs that were not negotiated')
    for dialect in 0x311, 0x302, 0x210:
        with smbraw.link(w.client, dialect) as s:
            s.raw(unchained(s.signed(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY)))
            eq(s.dropped(), True, f'nothing was negotiated in {dialect:#x}')
    with compressed_link(w.client) as s:
        message = s.signed(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY)
        s.raw(unchained(message[:48] + bytes(16) + message[64:]))
        status, _ = s.answer(s.next_id)
        eq(smbraw.name(status), 'ACCESS_DENIED', 'the signature is that of the expanded message')
    no_sessions(w)


@test(smb=True, squash='none')
def before_login(w):
    """Nothing is expanded for who has not logged in."""
    with CompressedLink(w.client) as s:
        s.raw(unchained(s.header(smb2.ECHO, 0) + smb2.EMPTY_BODY + bytes(100)))
        eq(s.dropped(), True, 'before NEGOTIATE')
    for steps in 'nothing', 'a leg of a login', 'a null session':
        with CompressedLink(w.client).negotiate() as s:
            if steps == 'a leg of a login':
                eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
            if steps == 'a null session':
                w.server.ctl('server', 'set', 'restrict-anonymous', 'off')
                eq(s.anonymous(), 'SUCCESS')
            s.raw(unchained(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY + bytes(100)))
            eq(s.dropped(), True, steps)
    with compressed_link(w.client) as s:
        s.pack = unchained
        eq(s.echo(), 'SUCCESS')
        eq(s.status(smb2.LOGOFF, smb2.EMPTY_BODY), 'SUCCESS')
        s.sign = False
        s.send(smb2.ECHO, smb2.EMPTY_BODY)
        eq(s.dropped(), True, 'after LOGOFF')
    with compressed_link(w.client) as s:
        s.pack = unchained
        eq(s.echo(), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none')
def small_requests(w):
    """Any request may come compressed, also in the same segment as others."""
    share_all(w)
    with compressed_link(w.client, ids=EVERY, chained=True) as s:
        for how in unchained, chained, lambda m: unchained(m, LZNT1, 64):
            s.pack = how
            eq(s.echo(), 'SUCCESS')
            fid = s.create(f'name {"x" * 100}')
            s.write(fid, b'a' * 300)
            eq(s.read(fid, 300), b'a' * 300)
            numbers = [s.send(smb2.WRITE, smb2.write_body(fid, pattern(i, 2000), i * 2000))
                       for i in range(8)]
            eq(smb_compound.statuses(s, numbers), ['SUCCESS'] * 8)
            eq(s.read(fid, 16_000), b''.join(pattern(i, 2000) for i in range(8)))
            s.lock(fid, 0, 1)
            s.close(fid)
            s.pack = None
            message = s.signed(s.header(smb2.ECHO, s.next_id) + smb2.EMPTY_BODY)
            s.raw(chain(len(message), payload(NONE, message, first=True), payload(NONE, b'')))
            eq(s.answer(s.next_id)[0], 0, 'an empty payload')
            s.next_id += 1
            eq(s.disconnect_tree(), 'SUCCESS')
            s.pack = how
            eq(s.connect_tree(), 'SUCCESS')

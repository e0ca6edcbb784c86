# SPDX-License-Identifier: GPL-2.0-only
"""Negotiation of SMB connections as MS-SMB2 demands."""
import struct

import smb2
import smbraw
from checks import eq
from client_lists import no_sessions
from harness import test
from smbraw import DIALECTS, Link, link


def try_negotiate(w, *args, **kw):
    """The status of a NEGOTIATE on a new connection."""
    with Link(w.client) as s:
        return s.status(smb2.NEGOTIATE, s.negotiate_body(*args, **kw))


@test(smb=True, squash='none')
def negotiation(w):
    """Each dialect alone, the highest of all, and unknown ones (section 3.3.5.4)."""
    for dialect in DIALECTS:
        with Link(w.client) as s:
            eq(s.negotiate(dialect).dialect, dialect)
            eq(s.login(), 'SUCCESS')
    with Link(w.client) as s:
        eq(s.status(smb2.NEGOTIATE, s.negotiate_body(
            [0x311, 0x202, 0x999, 0x302], [smbraw.preauth()])), 'SUCCESS')
        s.negotiated()
        eq(s.dialect, 0x311)
    eq(try_negotiate(w, [0x999]), 'NOT_SUPPORTED')
    eq(try_negotiate(w, []), 'INVALID_PARAMETER')
    eq(try_negotiate(w, [0x300], count=400), 'INVALID_PARAMETER')


@test(smb=True, squash='none')
def capabilities(w):
    """The capabilities of a client of 3.x are those that it announced (section 3.3.5.4)."""
    leasing, large, channels, directories = 2, 4, 8, 0x20
    for dialect, caps, want in (
            (0x202, 0x7f, 0), (0x210, 0, leasing | large),
            (0x300, 0, leasing | large), (0x311, directories, leasing | large | directories),
            (0x302, directories | channels, leasing | large | directories | channels)):
        with Link(w.client) as s:
            eq(s.negotiate(dialect, caps=caps).server_caps, want, f'{dialect:#x} {caps:#x}')


@test(smb=True, squash='none')
def negotiate_contexts(w):
    """Missing, repeated, empty or malformed contexts are refused (section 3.3.5.4)."""
    pre, cipher = smbraw.preauth(), smbraw.choices(smbraw.ENCRYPTION, smbraw.GCM)
    sign = smbraw.choices(smbraw.SIGNING, 1)
    bad = 'INVALID_PARAMETER'
    for contexts, want in (
            ([pre], 'SUCCESS'),
            ([cipher], bad),
            ([pre, pre], bad),
            ([pre, cipher, cipher], bad),
            ([pre, sign, sign], bad),
            ([smbraw.preauth(hashes=())], bad),
            ([smbraw.preauth(hashes=(7,))], 'NO_PREAUTH_INTEGRITY_HASH_OVERLAP'),
            ([smbraw.preauth(hashes=(7, 1))], 'SUCCESS'),
            ([smbraw.preauth(salt=b'')], 'SUCCESS'),
            ([pre, smbraw.choices(smbraw.ENCRYPTION)], bad),
            ([pre, smbraw.choices(smbraw.ENCRYPTION, 99)], 'SUCCESS'),
            ([pre, smbraw.choices(smbraw.SIGNING)], bad),
            ([pre, smbraw.context(smbraw.ENCRYPTION, b'\x05\0\1\0')], bad),
            ([smbraw.context(smbraw.PREAUTH, b'\1\0')], bad),
            ([pre, smbraw.context(0x7777, b'whatever')], 'SUCCESS'),
            ([pre, smbraw.context(smbraw.NETNAME, 'server'.encode('utf-16-le'))], 'SUCCESS')):
        eq(try_negotiate(w, [0x311], contexts), want, f'contexts {contexts}')
    for kw in ({'context_count': 0}, {'context_count': 2}, {'context_count': 0xffff},
               {'offset': 0}, {'offset': 0xfffffff0}, {'offset': 1 << 20}):
        eq(try_negotiate(w, [0x311], [pre], **kw), bad, f'{kw}')
    with Link(w.client) as s:
        s.negotiate(0x311, ciphers=(99,))
        eq(s.contexts()[smbraw.ENCRYPTION], b'\1\0\0\0', 'no cipher in common')
        eq(s.cipher, 0)


@test(smb=True, squash='none')
def one_negotiation(w):
    """A second NEGOTIATE, or a request before the first, ends the connection."""
    for dialect in DIALECTS:
        with Link(w.client) as s:
            s.negotiate(dialect)
            eq(s.status(smb2.NEGOTIATE, s.negotiate_body([dialect])), 'DROPPED')
    with Link(w.client) as s:
        eq(s.echo(), 'DROPPED')
    with Link(w.client) as s:
        eq(s.ntlm_first(), 'DROPPED')


@test(smb=True, squash='none')
def validate_negotiate(w):
    """FSCTL_VALIDATE_NEGOTIATE_INFO detects manipulation (section 3.3.5.15.12)."""
    for dialect in DIALECTS[:-1]:
        with link(w.client, dialect) as s:
            eq(s.validate(), 'SUCCESS')
            at, length = struct.unpack_from('<II', s.body, 32)
            eq(s.body[at - 64:at - 64 + length],
               struct.pack('<I16sHH', s.server_caps, s.server_guid, s.server_mode, dialect))
    for wrong in ({'caps': 0}, {'guid': bytes(16)}, {'mode': 3}, {'dialects': [0x300, 0x302]},
                  {'dialects': [0x999]}, {'dialects': [0x202, 0x300]},
                  {'dialects': [0x300, 0x300]}, {'room': 23}, {'room': 0}):
        with link(w.client, 0x300) as s:
            eq(s.validate(**wrong), 'DROPPED', f'{wrong}')
    for dialects, want in (([0x300, 0x202, 0x999], 'SUCCESS'), ([0x202, 0x300, 0x999], 'DROPPED'),
                           ([0x300, 0x202], 'DROPPED'), ([0x300], 'DROPPED')):
        with Link(w.client) as s:
            eq(s.status(smb2.NEGOTIATE, s.negotiate_body([0x300, 0x202, 0x999])), 'SUCCESS')
            s.negotiated()
            eq(s.login(), 'SUCCESS')
            s.sign = True
            eq(s.connect_tree(), 'SUCCESS')
            eq(s.validate(dialects=dialects), want, f'{dialects}')
    with link(w.client) as s:
        eq(s.validate(), 'DROPPED', 'in 3.1.1')
    no_sessions(w)


def smb1_negotiate(*dialects):
    data = b''.join(b'\x02' + d.encode() + b'\0' for d in dialects)
    return (b'\xffSMB\x72' + bytes(4) + b'\x18\x53\xc8' + bytes(20) +
            struct.pack('<BH', 0, len(data)) + data)


@test(smb=True, squash='none')
def old_negotiation(w):
    """Negotiation from SMB1 works (section 3.3.5.3), other SMB1 requests do not."""
    with Link(w.client) as s:
        s.raw(smb1_negotiate('NT LM 0.12', 'SMB 2.002'))
        s.next_id = 1
        status, s.body = s.answer(0)
        eq((status, struct.unpack_from('<H', s.body, 4)[0]), (0, 0x202))
        s.dialect = 0x202
        eq(s.login(), 'SUCCESS')
        s.sign = True
        eq(s.connect_tree(), 'SUCCESS')
        eq(s.status(smb2.NEGOTIATE, s.negotiate_body([0x202])), 'DROPPED')
    with Link(w.client) as s:
        s.raw(smb1_negotiate('NT LM 0.12', 'SMB 2.002', 'SMB 2.???'))
        s.next_id = 1
        status, s.body = s.answer(0)
        eq((status, struct.unpack_from('<H', s.body, 4)[0]), (0, 0x2ff))
        eq(s.negotiate(0x311).dialect, 0x311)
        eq(s.login(), 'SUCCESS')
    with Link(w.client) as s:
        s.raw(smb1_negotiate('SMB 2.???'))
        s.next_id = 1
        s.answer(0)
        eq(s.ntlm_first(), 'DROPPED', 'no dialect yet')
    with Link(w.client) as s:
        s.raw(smb1_negotiate('PC NETWORK PROGRAM 1.0', 'NT LM 0.12'))
        reply = s.receive()
        eq((reply[:9], reply[9] & 0x80, reply[32:]), (b'\xffSMB\x72\0\0\0\0', 0x80, b'\1\xff\xff\0\0'),
           'no dialect (MS-CIFS section 2.2.4.52.2)')
        eq(s.receive(), None, 'and the end of the connection')
    for bad in (b'\xffSMB\x73' + bytes(40),
                smb1_negotiate('SMB 2.002')[:-4], b'\xffSMB'):
        with Link(w.client) as s:
            s.raw(bad)
            eq(s.dropped(), True, f'{bad}')
    with Link(w.client) as s:
        s.negotiate(0x210)
        s.raw(smb1_negotiate('SMB 2.???'))
        eq(s.dropped(), True, 'SMB1 after SMB2')

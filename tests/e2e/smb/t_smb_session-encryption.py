# SPDX-License-Identifier: GPL-2.0-only
"""Signatures and encryption of SMB."""
import os
import struct

import smb2
import smbraw
from checks import eq
from client_lists import no_sessions
from files import get, pattern, put
from harness import test
from shares import share_all
from smb2 import EMPTY_BODY
from smb_bodies import Write
from smbraw import DIALECTS, Link, link


@test(smb=True, squash='none')
def signatures(w):
    """Required signatures must be present and correct (section 3.3.5.2.4)."""
    share_all(w)
    for dialect in DIALECTS:
        with Link(w.client) as s:
            s.negotiate(dialect)
            eq(s.login(how={'mode': smbraw.SIGNING_REQUIRED}), 'SUCCESS')
            eq(s.is_signed_right(), True, 'the answer to the login')
            if dialect != 0x311:
                eq(s.connect_tree(sign=False), 'ACCESS_DENIED')
            eq(s.connect_tree(sign=True), 'SUCCESS')
            eq(s.is_signed_right(), True)
            eq(s.echo(sign=False), 'ACCESS_DENIED')
            eq(s.echo(sign=True, key=b'not the key 1234'), 'ACCESS_DENIED')
            eq(s.echo(sign=True, spoil=True), 'ACCESS_DENIED')
            eq(s.logoff(sign=False), 'ACCESS_DENIED')
            eq(s.disconnect_tree(sign=False), 'ACCESS_DENIED')
            s.sign = True
            fid = s.create('f')
            s.write(fid, b'signed')
            eq(s.read(fid, 6), b'signed')
            eq(s.is_signed_right(), True)
            eq(s.logoff(), 'SUCCESS')
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    # where it is not required, a signature that is there must be right all the same
    with link(w.client, 0x302) as s:
        eq(s.echo(sign=False), 'SUCCESS')
        eq(s.echo(sign=True, spoil=True), 'ACCESS_DENIED')
    w.server.ctl('server', 'set', 'require-signing', 'on')
    with Link(w.client) as s:
        s.negotiate(0x302)
        eq(s.server_mode, 3)
        eq(s.login(), 'SUCCESS')
        eq(s.connect_tree(sign=False), 'ACCESS_DENIED')
    w.server.ctl('server', 'set', 'require-signing', 'off')


@test(smb=True, squash='none')
def tree_connect_is_proven(w):
    """In 3.1.1 an unsigned first TREE_CONNECT ends the connection (section 3.3.5.7)."""
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    with link(w.client, share=None) as s:
        eq(s.connect_tree(sign=False), 'DROPPED')
    with link(w.client, share=None) as s:
        eq(s.connect_tree(sign=True, spoil=True), 'ACCESS_DENIED')
    with link(w.client, share=None) as s:
        eq(s.connect_tree(sign=False, seal=True), 'SUCCESS')


@test(smb=True, squash='none')
def encryption(w):
    """All ciphers work; unencrypted requests are refused where required (section 3.3.5.2.5)."""
    share_all(w)
    for dialect, cipher in ((0x300, smbraw.CCM), (0x302, smbraw.CCM), (0x311, smbraw.CCM),
                            (0x311, smbraw.GCM)):
        with link(w.client, dialect, ciphers=(cipher,)) as s:
            eq(s.cipher, cipher)
            s.seal, s.sign = True, False
            fid = s.create(f'f{dialect}-{cipher}')
            s.write(fid, b'sealed')
            eq((s.read(fid, 6), s.was_sealed), (b'sealed', True))
    w.server.ctl('server', 'set', 'encryption', 'required')
    with Link(w.client) as s:
        s.negotiate()
        eq(s.login(), 'SUCCESS')
        eq(struct.unpack_from('<H', s.body, 2)[0], smbraw.ENCRYPT_DATA)
        eq(s.connect_tree(sign=True), 'ACCESS_DENIED')
        eq(s.connect_tree(seal=True), 'SUCCESS')
        eq(s.was_sealed, True)
        eq(s.logoff(sign=True), 'ACCESS_DENIED')
        eq(s.logoff(seal=True), 'SUCCESS')
    for kw in ({'dialect': 0x210}, {'dialect': 0x311, 'ciphers': ()}):
        with Link(w.client) as s:
            s.negotiate(**kw)
            eq(s.login(), 'ACCESS_DENIED')
    w.server.ctl('server', 'set', 'encryption', 'offered')
    no_sessions(w)


@test(smb=True, squash='none')
def encrypted_writes(w):
    """Encrypted data is written as it came; what a request has not brought is not looked for."""
    share_all(w)
    for cipher in smbraw.GCM, smbraw.CCM:
        with link(w.client, ciphers=(cipher,)) as s:
            s.seal, s.sign = True, False
            name = f'f{cipher}'
            fid = s.create(name)
            for count in 100, 65536, 65537, 100000, 300001:
                data = pattern(count, count)

                def told(length):
                    body = bytes(Write(length=length, fid=fid))
                    return s.status(smb2.WRITE, body + data, charge=-(-count // 65536))
                eq(told(count), 'SUCCESS', count)
                eq(get(w.path(name))[:count] == data, True, count)
                for more in 1, 52:
                    eq(told(count + more), 'INVALID_PARAMETER', f'{count} and {more}')
                eq(len(get(w.path(name))), count)


@test(smb=True, squash='none')
def encrypted_reads(w):
    """Encrypted data is that of the file at any offset, with a hole, and up to its end."""
    data = pattern(5, 150000) + bytes(50000) + pattern(6, 3000)
    put(w.path('f'), data[:150000], 0o644)
    with open(w.path('f'), 'r+b') as f:
        f.seek(200000)
        f.write(data[200000:])
    for cipher in smbraw.GCM, smbraw.CCM:
        with link(w.client, ciphers=(cipher,)) as s:
            s.seal, s.sign = True, False
            fid = s.create('f', access=smb2.GENERIC_READ)
            for at in 0, 1, 4095, 4096, 100001, 145000, 180000, 203000 - 16384:
                for count in 16383, 16384, 16385, 65535, 65536:
                    eq(s.read(fid, count, at) == data[at:at + count], True, f'{count} at {at}')
            eq(s.was_sealed, True)
            smb2.refused('END_OF_FILE', s.read, fid, 65536, len(data))


@test(smb=True, squash='none')
def encryption_by_share(w):
    os.mkdir(w.path('sub'))
    os.chmod(w.path('sub'), 0o777)
    w.server.ctl('share', 'add', 'safe', w.path('sub'), 'encrypt', 'on')
    with link(w.client, share='safe') as s:
        eq(s.share_flags & 0x8000, 0x8000)
        smb2.refused('ACCESS_DENIED', s.create, 'f')
        s.seal = True
        fid = s.create('f')
        smb2.refused('ACCESS_DENIED', smb_write_clear, s, fid)
        s.write(fid, b'1')
    with link(w.client, 0x210, share=None) as s:
        eq(s.connect_tree('safe'), 'ACCESS_DENIED')
    w.server.ctl('share', 'set', 'safe', 'encrypt', 'off')
    with link(w.client, share='safe') as s, link(w.client, 0x210, share='safe') as old:
        fid = s.create('f')
        for _ in range(2):
            w.server.ctl('share', 'set', 'safe', 'encrypt', 'on')
            smb2.refused('ACCESS_DENIED', s.write, fid, b'the first request after the change')
            smb2.refused('ACCESS_DENIED', old.create, 'f')
            eq(s.disconnect_tree(), 'ACCESS_DENIED')
            s.seal = True
            s.write(fid, b'2')
            s.seal = False
            w.server.ctl('share', 'set', 'safe', 'encrypt', 'off')
            eq(s.read(fid, 9), b'2', 'no request is refused any more')
            eq(old.read(old.create('f'), 9), b'2')
    w.server.ctl('share', 'del', 'safe')


def smb_write_clear(s, fid):
    s.seal = False
    try:
        s.write(fid, b'clear')
    finally:
        s.seal = True


@test(smb=True, squash='none')
def bad_encryption(w):
    """A message that cannot be decrypted, or of another session, ends the connection."""
    def attempts():
        yield 'spoiled', lambda s, m: m[:-1] + bytes([m[-1] ^ 1])
        yield 'no session', lambda s, m: m[:44] + struct.pack('<Q', 77) + m[52:]
        yield 'wrong size', lambda s, m: m[:36] + struct.pack('<I', 9999) + m[40:]
        yield 'short', lambda s, m: m[:40]
        yield 'flags', lambda s, m: m[:42] + b'\0\0' + m[44:]
    for what, change in attempts():
        with link(w.client) as s:
            message = s.header(smb2.ECHO, s.next_id) + EMPTY_BODY
            s.raw(change(s, s.sealed(message)))
            eq(s.dropped(), True, what)
    with link(w.client) as s, link(w.client) as t:
        message = s.header(smb2.ECHO, s.next_id, session=t.session) + EMPTY_BODY
        s.raw(s.sealed(message))
        eq(s.dropped(), True, 'a command for another session')
        eq(t.echo(), 'SUCCESS')
    no_sessions(w)

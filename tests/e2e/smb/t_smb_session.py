# SPDX-License-Identifier: GPL-2.0-only
"""Sessions, trees, signatures and encryption of SMB as MS-SMB2 demands."""
import contextlib
import os
import socket
import struct
import time
from unittest import mock

from Cryptodome.Cipher import ARC4
from impacket import ntlm

import negotiation
import smb2
import smbraw
from checks import eq, one_of, wait_for
from client_lists import no_sessions, sessions
from files import get, pattern, put
from harness import Skip, test
from processes import process_stopped, run
from server_events import listening
from shares import share_all
from smb_cachers import R, W, Cacher, key
from smb_durable import RWH, logged_in
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
                    body = struct.pack('<HHIQ16sIIHHI', 49, 112, length, 0, fid, 0, 0, 0, 0, 0)
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


@test(smb=True, squash='none')
def shares_come_and_go(w):
    """A tree connect is refused while its share is not there; those of other shares are not."""
    share_all(w)
    where = f'{w.base}/other'
    os.mkdir(where)
    os.chmod(where, 0o777)
    with link(w.client) as s:
        for number in range(10):
            w.server.ctl('share', 'add', 'other', where, 'squash', 'none')
            s.create(f'f{number}')
            with link(w.client, share='other') as t:
                t.create('f')
                s.create('f')
                w.server.ctl('share', 'del', 'other')
                smb2.refused('NETWORK_NAME_DELETED', t.create, 'f')
                s.create('f')
                if number % 2:
                    w.server.ctl('share', 'add', 'other', where, 'squash', 'none')
                    t.create('f')
                    w.server.ctl('share', 'del', 'other')
                smb2.refused('NETWORK_NAME_DELETED', t.create, 'f')
                eq(t.disconnect_tree(), 'SUCCESS')


@test(smb=True, squash='none', clients=2)
def refused_user_lets_go(w):
    """A user who may not use a share any more can still release what he holds there."""
    share_all(w)
    for name in 'fg':
        put(w.path(name), b'', 0o666)
    bob = Cacher(w.clients[1], 'bob')
    with logged_in(w) as s:
        f = s.open('f', key=key(1), state=RWH, epoch=0, share=0)
        s.create('g', share=0)
        s.lock(f.fid, 0, 10)
        w.server.set('data', users=['alice=none'])
        smb2.refused('NETWORK_NAME_DELETED', s.read, f.fid, 1)
        smb2.refused('NETWORK_NAME_DELETED', s.lock, f.fid, 20, 10)
        number = bob.opening('f')
        eq(s.broken()[:4], (key(1), RWH, R | W, True))
        s.ack(key(1), R | W)
        smb2.refused('SHARING_VIOLATION', bob.opened, number)
        s.unlock(f.fid, 0, 10)
        eq(w.server.claims().get('ranges'), None)
        closing = struct.pack('<HHI16s', 24, 1, 0, f.fid)
        eq((s.status(smb2.CLOSE, closing), any(s.body[2:])), ('SUCCESS', False), 'no attributes')
        bob.close(bob.create('f'))
        smb2.refused('SHARING_VIOLATION', bob.create, 'g')
        eq(s.disconnect_tree(), 'SUCCESS')
        bob.close(bob.create('g'))
        eq(w.server.claims(), {})
        eq(s.connect_tree(), 'ACCESS_DENIED')
    bob.end()
    no_sessions(w)


@test(smb=True, squash='none')
def undecided_rules(w):
    """While a name in the rules is looked up, clients are told to try again, and may let go."""
    share_all(w)
    with logged_in(w) as s:
        f = s.open('f', key=key(1), state=RWH, epoch=0, share=0)
        s.lock(f.fid, 0, 10)
        with process_stopped(w.server.helper.pid):
            w.server.ctl('cache', 'flush')
            w.server.set('data', allow=['client1.e2e.test=rw'])
            smb2.refused('FILE_NOT_AVAILABLE', s.write, f.fid, b'early')
            smb2.refused('FILE_NOT_AVAILABLE', s.lock, f.fid, 20, 10)
            s.unlock(f.fid, 0, 10)

        def decided():
            status = s.status(smb2.READ, struct.pack('<HBBIQ16sIIIHHB', 49, 0, 0, 1, 0, f.fid, 0,
                                                     0, 0, 0, 0, 0))
            one_of(status, ('FILE_NOT_AVAILABLE', 'END_OF_FILE'))
            return status == 'END_OF_FILE'
        wait_for('the name is known', decided)
        s.write(f.fid, b'later')
        s.close(f.fid)
    no_sessions(w)


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
            message = s.header(smb2.ECHO, s.next_id) + struct.pack('<HH', 4, 0)
            s.raw(change(s, s.sealed(message)))
            eq(s.dropped(), True, what)
    with link(w.client) as s, link(w.client) as t:
        message = s.header(smb2.ECHO, s.next_id, session=t.session) + struct.pack('<HH', 4, 0)
        s.raw(s.sealed(message))
        eq(s.dropped(), True, 'a command for another session')
        eq(t.echo(), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none')
def previous_session(w):
    """A client that reconnects ends its own previous session only (section 3.3.5.5.3)."""
    share_all(w)
    old = link(w.client)
    fid = old.create('f', share=0)
    with Link(w.client) as s:
        s.negotiate()
        eq(s.login('bob', how={'previous': old.session}), 'SUCCESS')
        eq(old.echo(), 'SUCCESS', 'of another user')
    with Link(w.client) as s:
        s.negotiate()
        eq(s.login(how={'previous': old.session}), 'SUCCESS')
        s.sign = True
        eq(s.connect_tree(), 'SUCCESS')
        s.create('f', share=0)
        smb2.refused('USER_SESSION_DELETED', old.read, fid, 1)
    old.end()
    no_sessions(w)


@test(smb=True, squash='none')
def one_dialect_of_a_client(w):
    """All sessions of a ClientGuid have one dialect (section 3.3.5.5.3)."""
    share_all(w)

    def login(guid, dialect, **how):
        with Link(w.client, guid).negotiate(dialect) as t:
            return t.login(how=how)
    with link(w.client) as s:
        fid = s.create('f', share=0)
        for dialect in (0x210, 0x302):
            eq(login(s.guid, dialect), 'USER_SESSION_DELETED')
        eq(login(s.guid, 0x302, previous=s.session), 'USER_SESSION_DELETED')
        s.write(fid, b'it is still there')
        eq(login(s.guid, 0x311), 'SUCCESS')
        eq(login(s.guid, 0x202), 'SUCCESS', 'which has no ClientGuid')
        eq(login(None, 0x302), 'SUCCESS', 'another client')
        guid = s.guid
    no_sessions(w)
    with link(w.client, 0x302, guid=guid):
        eq(login(guid, 0x311), 'USER_SESSION_DELETED')
    no_sessions(w)
    # zero is nobody's
    with link(w.client, guid=bytes(16)):
        eq(login(bytes(16), 0x302), 'SUCCESS')
    # who has no name keeps nobody out
    w.server.ctl('share', 'set', 'data', 'guest', 'on')
    with Link(w.client, guid).negotiate() as t:
        eq(t.anonymous(), 'SUCCESS')
        eq(login(guid, 0x210), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none')
def reauthentication(w):
    """It keeps opens and keys; a failed one ends the session (section 3.3.5.5.3)."""
    share_all(w)
    for dialect in (0x210, 0x302, 0x311):
        with link(w.client, dialect) as s:
            fid = s.create(f'f{dialect}')
            key = s.sign_key
            eq(s.login(sign=True), 'SUCCESS')
            eq(s.sign_key, key)
            eq(s.is_signed_right(), True)
            s.write(fid, b'again')
            eq(s.read(fid, 5), b'again')
            eq(s.login(password='wrong', sign=True), 'LOGON_FAILURE')
            smb2.refused('USER_SESSION_DELETED', s.read, fid, 5)
    with link(w.client, share=None) as s:
        eq(s.login('bob', sign=True), 'ACCESS_DENIED', 'as another user')
        eq(s.echo(), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none')
def renewal_given_up(w):
    """A renewal that is cancelled or loses its channel leaves the session unchanged."""
    share_all(w)
    helper = w.server.helper
    with link(w.client) as s:
        fid = s.create('f')

        def cancelled(token):
            with process_stopped(helper.pid):
                number = s.send(smb2.SESSION_SETUP, s.setup_body(token), sign=True)
                s.raw(s.signed(s.header(smb2.CANCEL, number) + struct.pack('<HH', 4, 0)))
                eq(smbraw.name(s.answer(number)[0]), 'CANCELLED')
            s.write(fid, b'goes on')
            eq(s.read(fid, 7), b'goes on')

        cancelled(ntlm.getNTLMSSPType1('', '', True).getData())
        eq(s.ntlm_first(sign=True), 'MORE_PROCESSING_REQUIRED')
        cancelled(s.ntlm_proof('alice'))
        eq(s.login(sign=True), 'SUCCESS')
        cancelled(ntlm.getNTLMSSPType1('', '', True).getData())
        eq(len(sessions(w)), 1)
        t = Link(w.client, s.guid).negotiate()
        eq(t.bind(s), 'SUCCESS')
        with process_stopped(helper.pid):
            t.send(smb2.SESSION_SETUP, t.setup_body(b'token'), sign=True)
            t.end()
            time.sleep(1)
        eq(s.read(fid, 7), b'goes on')
    with link(w.client, share=None) as s:
        s.session = 0
        with process_stopped(helper.pid):
            number = s.send(smb2.SESSION_SETUP, s.setup_body(
                ntlm.getNTLMSSPType1('', '', True).getData()), sign=False)
            s.raw(s.header(smb2.CANCEL, number) + struct.pack('<HH', 4, 0))
            eq(smbraw.name(s.answer(number)[0]), 'CANCELLED', 'a first login')
    no_sessions(w)


@test(smb=True, squash='none')
def renewal_without_a_helper(w):
    """A renewal that the server cannot decide leaves the session unchanged."""
    share_all(w)
    with link(w.client) as s:
        fid = s.create('f', share=0)
        s.lock(fid, 0, 10)
        s.write(fid, b'data')
        eq(s.ntlm_first(sign=True), 'MORE_PROCESSING_REQUIRED')
        w.server.helper_stop('KILL')
        wait_for('the helper is gone', lambda: not w.server.setting('helper'))
        for attempt in (lambda: s.ntlm_second('alice', sign=True),
                        lambda: s.ntlm_first(sign=True)):
            eq(attempt(), 'NO_LOGON_SERVERS')
            eq(s.is_signed_right(), True)
            eq(s.read(fid, 4), b'data')
            eq(w.server.claims().get('ranges'), 1)
        w.server.helper_start(w.server.conf)
        eq(s.login(sign=True), 'SUCCESS')
        eq(s.read(fid, 4), b'data')
    no_sessions(w)


def guess(client, password='wrong', user='alice'):
    """Send a login without waiting for the reply; returns the link and the message id."""
    s = Link(client).negotiate()
    eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
    return s, s.send(smb2.SESSION_SETUP, s.setup_body(s.ntlm_proof(user, password)))


def outcome(s, number):
    status = smbraw.name(s.answer(number)[0])
    s.end()
    return status


@test(smb=True, squash='none', clients=2, timeout=120)
def guesses_wait(w):
    """Replies to wrong passwords are delayed by the setting, which delays nobody else."""
    ctl = w.server.ctl
    before = link(w.client)
    ctl('server', 'set', 'login-delay-ms', '10000')
    first = guess(w.client)
    eq(first[0].silent(1), True, 'is held')
    # a right one among many is refused like them; they are more than there are workers
    others = [guess(w.client, None if i == 8 else 'wrong') for i in range(80)]
    for client, user in ((w.client, 'bob'), (w.clients[1], 'alice')):
        with link(client, user=user) as s:
            eq(s.echo(), 'SUCCESS', 'another user, or from elsewhere')
    eq(before.login(sign=True), 'SUCCESS', 'a renewal is no guess')
    with Link(w.client, before.guid).negotiate() as channel:
        eq(channel.bind(before), 'SUCCESS', 'nor is a channel')
    before.end()
    # one that is held can be cancelled, and its connection may go
    s, number = others.pop()
    s.raw(s.header(smb2.CANCEL, number) + struct.pack('<HH', 4, 0))
    eq(outcome(s, number), 'CANCELLED')
    others.pop()[0].end()
    eq({outcome(*g) for g in [first] + others}, {'LOGON_FAILURE'})
    ctl('server', 'set', 'login-delay-ms', '0')
    eq({outcome(*guess(w.client)) for _ in range(30)}, {'LOGON_FAILURE'})
    link(w.client).end()
    # a successful login clears the failures
    ctl('server', 'set', 'login-delay-ms', '1')
    for _ in range(3):
        eq(outcome(*guess(w.client)), 'LOGON_FAILURE')
        link(w.client).end()
    no_sessions(w)


@test(smb=True, squash='none', timeout=60)
def renewals_wait(w):
    """A session that begins to log in again and again has answers later, and goes on."""
    w.server.ctl('server', 'set', 'login-delay-ms', '10000')
    share_all(w)
    with link(w.client) as s:
        fid = s.create('f')
        for _ in range(32):
            eq(s.ntlm_first(sign=True), 'MORE_PROCESSING_REQUIRED')
        token = ntlm.getNTLMSSPType1('', '', True).getData()
        number = s.send(smb2.SESSION_SETUP, s.setup_body(token), sign=True)
        eq(s.silent(1), True, 'is held')
        with link(w.client) as t:
            eq(t.login(sign=True), 'SUCCESS', 'another session')
        s.raw(s.signed(s.header(smb2.CANCEL, number) + struct.pack('<HH', 4, 0)))
        eq(smbraw.name(s.answer(number)[0]), 'CANCELLED')
        s.write(fid, b'goes on')
        eq(s.read(fid, 7), b'goes on')
    no_sessions(w)


@test(smb=True, squash='none', timeout=120)
def refusals_wait(w):
    """A right password for another server waits as a wrong one does, and is counted like one."""
    data = ntlm.AV_PAIRS.getData

    def meant_for(kind, value, password):
        def changed(self):
            self[kind] = value
            return data(self)
        with mock.patch.object(ntlm.AV_PAIRS, 'getData', changed):
            return guess(w.client, password)

    w.server.ctl('server', 'set', 'login-delay-ms', '10000')
    held = []
    for kind, value in ((ntlm.NTLMSSP_AV_TARGET_NAME, 'HTTP/a'.encode('utf-16le')),
                        (ntlm.NTLMSSP_AV_CHANNEL_BINDINGS, b'x' * 16)):
        held += [meant_for(kind, value, password) for password in (None, 'wrong')]
    wait_for('all are refused', lambda: w.server.helper_log().count(' refused: ') == len(held))
    held.append(guess(w.client, None))
    for s, _ in held:
        eq(s.silent(1), True, 'is held')
    eq({outcome(*g) for g in held}, {'LOGON_FAILURE'}, 'the last one as well, behind the others')
    no_sessions(w)


@test(smb=True, squash='none', guest=True)
def renewed_without_a_name(w):
    """A session that renews as anonymous acts so, except for its opens, until its user returns."""
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    share_all(w)
    with link(w.client) as s:
        mine = s.create('mine')
        s.write(mine, b'alice')
        os.chmod(w.path('mine'), 0o600)
        for i in range(3):
            eq(s.anonymous(sign=True), 'SUCCESS')
            eq(struct.unpack_from('<H', s.body, 2)[0], smbraw.IS_NULL)
            eq(s.is_signed_right(), True)
            eq([(x['user'], x['guest']) for x in sessions(w)], [('ANONYMOUS LOGON', True)])
            eq(s.read(mine, 5), b'alice')
            smb2.refused('ACCESS_DENIED', s.create, 'mine')
            s.close(s.create(f'by nobody {i}'))
            eq(os.stat(w.path(f'by nobody {i}')).st_uid, 65534)
            eq(s.echo(sign=False), 'SUCCESS')
            eq(s.echo(sign=True, spoil=True), 'ACCESS_DENIED', 'the key is as it was')
            eq(s.login(sign=True), 'SUCCESS')
            s.close(s.create('mine'))
        w.server.ctl('share', 'set', 'data', 'guest', 'off')
        eq(s.anonymous(sign=True), 'SUCCESS')
        smb2.refused('NETWORK_NAME_DELETED', s.read, mine, 5)
        eq(s.connect_tree(sign=True), 'ACCESS_DENIED')
        eq(s.login(sign=True), 'SUCCESS')
        eq(s.read(mine, 5), b'alice')
        eq(s.anonymous(sign=True), 'SUCCESS')
        eq(s.login('bob', sign=True), 'ACCESS_DENIED', 'as another user')
    no_sessions(w)


@contextlib.contextmanager
def groups_added(*names):
    for name in names:
        run('groupadd', name)
    try:
        yield
    finally:
        for name in names:
            run('groupdel', name)


@test(smb=True, squash='none')
def renewed_with_other_groups(w):
    """A renewal takes the groups that the user has by then; what is open stays open."""
    share_all(w)
    with groups_added('e2e-team'), link(w.client) as s:
        os.mkdir(w.path('team'))
        put(w.path('team/f'), b'data', 0o660)
        run('chgrp', '-R', 'e2e-team', w.path('team'))
        os.chmod(w.path('team'), 0o770)
        smb2.refused('ACCESS_DENIED', s.create, 'team\\f')
        for _ in range(20):
            run('gpasswd', '-a', 'alice', 'e2e-team')
            eq(s.login(sign=True), 'SUCCESS')
            fid = s.create('team\\f')
            eq(s.login(sign=True), 'SUCCESS', 'with the same groups')
            s.close(s.create('team\\f'))
            run('gpasswd', '-d', 'alice', 'e2e-team')
            s.close(s.create('team\\f'))
            eq(s.login(sign=True), 'SUCCESS')
            smb2.refused('ACCESS_DENIED', s.create, 'team\\f')
            eq(s.read(fid, 4), b'data')
            s.close(fid)
    no_sessions(w)


@test(smb=True, squash='none')
def renewed_with_ever_other_groups(w):
    """A session whose groups change too often ends, and the user logs in anew."""
    share_all(w)
    names = [f'e2e-team{i}' for i in range(16)]
    with groups_added(*names), link(w.client) as s:
        fid = s.create('f')
        for name in names:
            eq(s.login(sign=True), 'SUCCESS', name)
            s.close(s.create('f'))
            run('gpasswd', '-a', 'alice', name)
        eq(s.login(sign=True), 'ACCESS_DENIED')
        smb2.refused('USER_SESSION_DELETED', s.read, fid, 1)
        with link(w.client) as t:
            t.create('f')
    no_sessions(w)


@test(smb=True, squash='none', clients=2)
def rules_of_the_admitted_address(w):
    """A tree connect stays under the rules of the address that it was made from."""
    share_all(w)
    first, second = (f'{client.addr}=rw' for client in w.clients)
    w.server.set('data', allow=[second])
    with link(w.client, share=None) as s, Link(w.clients[1], s.guid).negotiate() as t:
        eq(s.connect_tree(), 'ACCESS_DENIED')
        eq(t.bind(s), 'SUCCESS')
        t.sign = True
        eq(t.connect_tree(), 'SUCCESS')
        s.tree = t.tree
        fid = t.create('f')
        t.write(fid, b'data')
        for channel in t, s:
            w.server.ctl('share', 'set', 'data', 'comment', f'before {channel.host}')
            eq((channel.read(fid, 4), s.read(fid, 4), t.read(fid, 4)), (b'data',) * 3)
        w.server.set('data', allow=[first])
        for channel in s, t:
            smb2.refused('NETWORK_NAME_DELETED', channel.read, fid, 4)
        eq((t.connect_tree(), s.connect_tree()), ('ACCESS_DENIED', 'SUCCESS'))
    no_sessions(w)


@test(smb=True, squash='none')
def foreign_steps(w):
    """Without the key a client can neither renew nor end a session."""
    with link(w.client, share=None) as s, Link(w.client) as t:
        eq(s.ntlm_first(sign=True, key=b'not the key 1234'), 'ACCESS_DENIED')
        eq(s.echo(), 'SUCCESS')
        t.negotiate()
        t.session = s.session
        eq(t.ntlm_first(), 'USER_SESSION_DELETED')
        eq(t.logoff(session=s.session), 'USER_SESSION_DELETED')
        # a client with the key, but without a channel here, gets the error signed by it
        t.sign_key = s.sign_key
        eq(t.ntlm_first(sign=True), 'USER_SESSION_DELETED')
        eq(t.is_signed_right(), True)
        eq(s.echo(), 'SUCCESS')


@test(smb=True, squash='none')
def logoff(w):
    share_all(w)
    with link(w.client) as s:
        fid = s.create('f', share=0)
        other = link(w.client, share=None)
        s.lock(fid, 0, 10)
        eq(s.logoff(), 'SUCCESS')
        smb2.refused('USER_SESSION_DELETED', s.read, fid, 1)
        eq(s.connect_tree(), 'USER_SESSION_DELETED')
        eq(other.echo(), 'SUCCESS')
        other.end()
        # the connection takes another session
        s.session = s.tree = 0
        s.sign_key, s.sign = None, False
        eq(s.login('bob'), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none')
def binding(w):
    """Binding a session to a second connection, and its refusals (section 3.3.5.5)."""
    share_all(w)
    for dialect in (0x300, 0x311):
        with link(w.client, dialect) as s:
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, sign=False), 'INVALID_PARAMETER')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, key=b'not the key 1234'), 'ACCESS_DENIED')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, 'bob'), 'ACCESS_DENIED')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                eq(t.bind(s, password='wrong'), 'LOGON_FAILURE')
            with Link(w.client).negotiate(dialect) as t:
                eq(t.bind(s), 'USER_SESSION_DELETED', 'another client')
                eq(t.is_signed_right(), True, 'why it is refused')
            with Link(w.client, s.guid).negotiate(0x302) as t:
                eq(t.bind(s), 'INVALID_PARAMETER', 'another dialect')
            with Link(w.client, s.guid).negotiate(dialect) as t:
                s_session, s.session = s.session, 12345
                eq(t.bind(s), 'USER_SESSION_DELETED', 'no session')
                s.session = s_session
            eq(s.bind(s), 'REQUEST_NOT_ACCEPTED', 'it is here')
            eq(s.echo(), 'SUCCESS', 'nothing of this hurt the session')
            both(w, s, dialect)
    with link(w.client, 0x210) as s, Link(w.client, s.guid).negotiate(0x210) as t:
        eq(t.bind(s), 'REQUEST_NOT_ACCEPTED', 'before 3.0')
    with link(w.client) as s, Link(w.client, s.guid) as t:
        t.negotiate(ciphers=(smbraw.CCM,))
        eq(t.bind(s), 'INVALID_PARAMETER', 'another cipher')
    no_sessions(w)


def both(w, s, dialect):
    """Use two channels for I/O; the loss of one has no effect."""
    t = Link(w.client, s.guid).negotiate(dialect)
    eq(t.bind(s), 'SUCCESS')
    eq(t.is_signed_right(), True)
    t.sign = True
    eq(len(sessions(w)), 1)
    eq(len(sessions(w)[0]['address']), 2)
    fid = s.create(f'both{dialect}', share=0)
    s.lock(fid, 0, 10)
    t.write(fid, b'by the second')
    eq(s.read(fid, 13), b'by the second')
    eq(t.echo(sign=True, key=s.sign_key), 'ACCESS_DENIED', 'by the key of the session')
    # a renewal and another binding, too; with the key the error is signed by it
    own, t.channel_key = t.channel_key, None
    for again in (lambda: t.ntlm_first(sign=True), lambda: t.bind(s)):
        eq(again(), 'ACCESS_DENIED')
        eq(t.is_signed_right(), True)
    t.channel_key = own
    eq(t.bind(s), 'REQUEST_NOT_ACCEPTED')
    t.sign, t.seal = False, True
    eq(t.read(fid, 13), b'by the second')
    t.end()
    wait_for('the channel is lost', lambda: len(sessions(w)[0]['address']) == 1)
    s.write(fid, b'by the first')
    eq(w.server.claims().get('ranges'), 1)
    # the first channel may go, too, while another is there
    u = Link(w.client, s.guid).negotiate(dialect)
    eq(u.bind(s), 'SUCCESS')
    u.sign = True
    s.end()
    wait_for('the channel is lost', lambda: len(sessions(w)[0]['address']) == 1)
    eq(u.read(fid, 12), b'by the first')
    eq(w.server.claims().get('ranges'), 1)
    u.end()
    no_sessions(w)


@test(smb=True, squash='none')
def refused_binding(w):
    """A binding that is refused for want of a connection leaves the session's other channels."""
    share_all(w)
    w.server.ctl('server', 'set', 'budget-connections', '4')
    with link(w.client) as s, Link(w.client, s.guid).negotiate() as t, \
            link(w.client, user='bob', share=None) as third:
        eq(t.bind(s), 'SUCCESS')
        t.sign = True
        fid = s.create('f', share=0)
        s.lock(fid, 0, 10)
        with link(w.client, user='bob', share=None), Link(w.client, s.guid).negotiate() as u:
            eq(u.bind(s), 'INSUFFICIENT_RESOURCES')
            eq(u.is_signed_right(), True)
            eq(u.bind(s), 'INSUFFICIENT_RESOURCES', 'the channel is gone again')
        mine, = (x for x in sessions(w) if x['id'] == s.session)
        eq(len(mine['address']), 2)
        t.write(fid, b'by the second')
        eq(s.read(fid, 13), b'by the second')
        eq(w.server.claims().get('ranges'), 1)
        third.end()
        wait_for('there is room', lambda: len(sessions(w)) == 1)
        with Link(w.client, s.guid).negotiate() as u:
            eq(u.bind(s), 'SUCCESS')
            u.sign = True
            eq(u.read(fid, 13), b'by the second')
    no_sessions(w)


@test(smb=True, squash='none', timeout=120)
def limits(w):
    """Limits on channels of a session, sessions of a connection, trees of a session."""
    with link(w.client, share=None) as s:
        more = []
        for i in range(31):
            t = Link(w.client, s.guid).negotiate()
            eq(t.bind(s), 'SUCCESS', f'channel {i + 2}')
            more.append(t)
        with Link(w.client, s.guid).negotiate() as t:
            eq(t.bind(s), 'INSUFFICIENT_RESOURCES', 'channel 33')
        for t in more:
            t.end()
        wait_for('the channels are lost', lambda: len(sessions(w)[0]['address']) == 1)
        eq(s.echo(), 'SUCCESS')
    with Link(w.client).negotiate() as s:
        for i in range(4):
            s.session = 0
            eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED', f'session {i + 1}')
        s.session = 0
        eq(s.ntlm_first(), 'INSUFFICIENT_RESOURCES', 'session 5, before anybody has logged in')
    with link(w.client, share=None) as s:
        for i in range(64):
            s.session = 0
            eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED', f'session {i + 2}')
    with link(w.client, share=None) as s:
        for i in range(4096):
            if s.connect_tree() != 'SUCCESS':
                raise AssertionError(f'tree {i + 1}')
        eq(s.connect_tree(), 'INSUFFICIENT_RESOURCES')
        eq(s.disconnect_tree(), 'SUCCESS')
        eq(s.connect_tree(), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none', timeout=90)
def half_a_login(w):
    """A half login expires, on a connection that works or on one that does not."""
    with link(w.client) as good, Link(w.client) as alone, Link(w.client) as silent:
        alone.negotiate()
        eq(alone.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
        mine, good.session = good.session, 0
        eq(good.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
        half, good.session, proof = good.session, mine, good.ntlm_proof('alice')
        renew = link(w.client)
        eq(renew.ntlm_first(sign=True), 'MORE_PROCESSING_REQUIRED')
        eq(renew.echo(), 'SUCCESS', 'goes on while it is renewed')
        time.sleep(33)
        eq(silent.dropped(20), True, 'who said nothing')
        eq(alone.dropped(20), True, 'who did not log in')
        eq(good.echo(), 'SUCCESS')
        good.session, good.sign = half, False
        eq(good.step(proof, {}), 'USER_SESSION_DELETED')
        eq(renew.echo(), 'SUCCESS', 'the session that was to be renewed')
        renew.end()
    no_sessions(w)


@test(smb=True, squash='none')
def message_ids(w):
    """Message ids are used once and within the granted window (section 3.3.5.2.3)."""
    share_all(w)
    for what, number in (('used', lambda s: s.next_id - 1), ('far', lambda s: s.next_id + 9000),
                         ('no id', lambda s: 2 ** 64 - 1)):
        with link(w.client) as s:
            eq(s.status(smb2.ECHO, struct.pack('<HH', 4, 0), number=number(s)), 'DROPPED', what)
    with link(w.client) as s:
        for i in (5, 3, 4, 0, 2, 1):
            eq(s.echo(number=s.next_id + i), 'SUCCESS', 'in any order')
    with link(w.client) as s:
        # the charge takes more ids than were granted
        eq(s.echo(charge=9000), 'DROPPED')


@test(smb=True, squash='none')
def credit_charge(w):
    """The credit charge must cover the request, from 2.1 on (section 3.3.5.2.5)."""
    share_all(w)
    for dialect in (0x210, 0x311):
        with link(w.client, dialect) as s:
            fid = s.create('f')
            s.write(fid, bytes(60000))
            for charge, size, want in ((0, 65536, 'SUCCESS'), (1, 65536, 'SUCCESS'),
                                       (0, 65537, 'INVALID_PARAMETER'),
                                       (1, 65537, 'INVALID_PARAMETER'), (2, 65537, 'SUCCESS'),
                                       (2, 131073, 'INVALID_PARAMETER')):
                body = struct.pack('<HBBIQ16sIIIHHB', 49, 0, 0, size, 0, fid, 0, 0, 0, 0, 0, 0)
                eq(s.status(smb2.READ, body, charge=charge), want, f'{size} for {charge}')
            body = struct.pack('<HHIQ16sIIHHI', 49, 112, 65537, 0, fid, 0, 0, 0, 0, 0)
            eq(s.status(smb2.WRITE, body + bytes(65537), charge=1), 'INVALID_PARAMETER')
    with link(w.client, 0x202) as s:
        fid = s.create('f')
        eq(s.status(smb2.READ, struct.pack('<HBBIQ16sIIIHHB', 49, 0, 0, 65536, 0, fid, 0, 0, 0,
                                           0, 0, 0), charge=0), 'SUCCESS')


@test(smb=True, squash='none')
def malformed_token(w):
    """A malformed token gets another status than a refused login."""
    with Link(w.client).negotiate() as s:
        s.setup_hash = s.hash
        one_of(s.step(b'NTLMSSP\0\1\0\0\0', {}), ('INVALID_PARAMETER',
                                                  'MORE_PROCESSING_REQUIRED'))
        s.session = 0
        eq(s.step(b'garbage that is no token', {}), 'INVALID_PARAMETER')
        s.session = 0
        eq(s.ntlm_first(), 'MORE_PROCESSING_REQUIRED')
        eq(s.step(b'NTLMSSP\0\3\0\0\0garbage', {}), 'INVALID_PARAMETER')
        s.session = 0
        eq(s.login(password='wrong'), 'LOGON_FAILURE')
    no_sessions(w)


def ntlm_mic(s, data):
    """The signature of the client's first message (MS-NLMP section 3.4.4.2)."""
    seal = ARC4.new(ntlm.SEALKEY(s.ntlm_flags, s.key)).encrypt
    return ntlm.MAC(s.ntlm_flags, seal, ntlm.SIGNKEY(s.ntlm_flags, s.key), 0, data).getData()


def reply_of(s):
    return negotiation.reply(s.token())


@test(smb=True, squash='none')
def tokens_of_clients(w):
    """SPNEGO as clients send it: reqFlags, supportedMech in every token, NEGOEX before NTLM."""
    first = ntlm.getNTLMSSPType1('', '', True)
    both = negotiation.NEGOEX, negotiation.NTLM

    def begin(*args, **kw):
        s = Link(w.client).negotiate()
        s.setup_hash, s.type1 = s.hash, first
        eq(s.step(negotiation.init(*args, **kw), {}), 'MORE_PROCESSING_REQUIRED')
        return s

    def proof(s, password=None):
        return s.ntlm_proof('alice', password, reply_of(s)[negotiation.TOKEN])

    for flags in None, b'\x3e', b'\0\0\0\x3e', b'':
        with begin([negotiation.NTLM], first.getData(), flags) as s:
            eq(reply_of(s)[negotiation.STATE], negotiation.INCOMPLETE)
            eq(reply_of(s)[negotiation.MECH], negotiation.NTLM)
            eq(s.step(negotiation.resp(proof(s), state=1, mech=negotiation.NTLM), {}), 'SUCCESS')
            eq(reply_of(s), {negotiation.STATE: negotiation.COMPLETED})
            s.make_keys(s.key)
            eq(s.connect_tree(sign=True), 'SUCCESS', 'the hash is over all tokens')
    for signed, password, status in (
            (both, None, 'SUCCESS'), (both, 'wrong', 'LOGON_FAILURE'),
            (both[1:], None, 'LOGON_FAILURE'), ((), None, 'LOGON_FAILURE')):
        with begin(both, b'NEGOEXTS') as s:
            eq(reply_of(s), {negotiation.STATE: negotiation.REQUEST_MIC,
                             negotiation.MECH: negotiation.NTLM})
            eq(s.step(negotiation.resp(first.getData()), {}), 'MORE_PROCESSING_REQUIRED')
            token = proof(s, password)
            mic = ntlm_mic(s, negotiation.mech_list(*signed)) if signed else b''
            eq(s.step(negotiation.resp(token, mic), {}), status)
            if status == 'SUCCESS':
                eq(reply_of(s)[negotiation.STATE], negotiation.COMPLETED)
                eq(len(reply_of(s)[negotiation.MIC]), 16)
                s.make_keys(s.key)
                eq(s.connect_tree(sign=True), 'SUCCESS')
    eq('alice was proved, but the list of mechanisms' in w.server.helper_log(), True)
    no_sessions(w)


@test(smb=True, squash='none')
def exchange_begins_anew(w):
    """A first token after CHALLENGE begins anew (sections 3.3.5.5.2 and 3.3.5.5.3)."""
    share_all(w)
    more = 'MORE_PROCESSING_REQUIRED'
    first = ntlm.getNTLMSSPType1('', '', True).getData()
    wrapped = negotiation.init([negotiation.NTLM], first)
    for dialect in (0x210, 0x302, 0x311):
        with Link(w.client).negotiate(dialect) as s:
            eq(s.ntlm_first(), more)
            for token in first, wrapped, wrapped, first:
                eq(s.step(token, {}), more)
            eq(s.ntlm_second('alice'), 'SUCCESS')
            s.make_keys(s.key)
            s.sign = True
            eq(s.connect_tree(), 'SUCCESS')
            fid, key = s.create(f'f{dialect}'), s.sign_key
            # the session that is valid stays so
            for token in wrapped, first, wrapped, first:
                eq(s.step(token, {}), more)
                eq(s.is_signed_right(), True)
                s.write(fid, b'goes on')
            eq(s.ntlm_second('alice'), 'SUCCESS')
            eq((s.sign_key, s.read(fid, 7)), (key, b'goes on'))
            for token in first, wrapped, first:
                eq(s.step(token, {}), more)
            eq(s.ntlm_second('alice', 'wrong'), 'LOGON_FAILURE')
            smb2.refused('USER_SESSION_DELETED', s.read, fid, 7)
    no_sessions(w)


@test(smb=True, squash='none')
def server_speaks_first(w):
    """An empty token is answered with the one of the NEGOTIATE response (section 3.3.5.4)."""
    with Link(w.client).negotiate() as s:
        at, length = struct.unpack_from('<HH', s.body, 56)
        hello = s.body[at - 64:at - 64 + length]
        s.setup_hash = s.hash
        eq(s.step(b'', {}), 'MORE_PROCESSING_REQUIRED')
        eq(s.token(), hello)
        s.type1 = ntlm.getNTLMSSPType1('', '', True)
        eq(s.step(s.type1.getData(), {}), 'MORE_PROCESSING_REQUIRED')
        eq(s.ntlm_second('alice'), 'SUCCESS')
    no_sessions(w)


@test(smb=True, squash='none', timeout=60)
def dead_connections(w):
    """A connection that the other end has lost ends when a reset arrives."""
    held = [link(w.client, share=None) for _ in range(3)]
    eq(len(sessions(w)), 3)
    for s in held:
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        s.end()
    no_sessions(w)


@test(smb=True, squash='none')
def trees_are_shown_and_closed(w):
    share_all(w)
    with link(w.client, 0x302) as s, link(w.client, user='bob', share='IPC$') as other:
        fid, first = s.create('f', share=0), s.tree
        eq(s.connect_tree(), 'SUCCESS')
        second = s.tree
        trees = w.server.json('tree', 'list')
        eq([(t['share'], t['user'], t['writable'], t['encrypt']) for t in trees
            if t['session'] == s.session], [('data', 'alice', True, False)] * 2)
        eq([t['share'] for t in w.server.json('tree', 'list', '--session', str(other.session))],
           ['IPC$'])
        w.server.ctl('tree', 'close', str(s.session), str(first))
        s.tree = first
        smb2.refused('NETWORK_NAME_DELETED', s.read, fid, 1)
        eq(w.server.claims(), {})
        s.tree = second
        s.create('f', share=0)
        eq('has no tree' in w.server.refused('tree', 'close', str(s.session), str(first)), True)
        w.server.refused('tree', 'close', '77', '1')
        w.server.refused('tree', 'close', str(s.session))
    no_sessions(w)
    eq(w.server.json('tree', 'list'), [])


@test(smb=True, squash='none')
def events_and_log(w):
    """Logins, disconnects and refusals are reported with reasons."""
    w.server.set('data', users=['bob=none'])
    with listening(w) as told, open('/dev/kmsg', encoding='utf-8') as log:
        os.set_blocking(log.fileno(), False)
        os.lseek(log.fileno(), 0, os.SEEK_END)
        with link(w.client) as s:
            who = f'alice@{w.client.addr} #{s.session}'
            wait_for('session-opened', lambda: told('session-opened', who))
        wait_for('session-closed', lambda: told('session-closed', who))
        with Link(w.client).negotiate() as s:
            eq(s.login('alice', 'wrong'), 'LOGON_FAILURE')
        wait_for('auth-refused', lambda: told('auth-refused', f'alice@{w.client.addr}'))
        with Link(w.client).negotiate() as s:
            eq(s.login('evil\nname\x1b', 'x'), 'LOGON_FAILURE')
        wait_for('the name is escaped',
                 lambda: told('auth-refused', f'evil\\nname\\e@{w.client.addr}'))
        with link(w.client, user='bob', share=None) as s:
            eq(s.connect_tree(sign=True), 'ACCESS_DENIED')
        lines = kernel_lines(log)
    for words in (('cannot log in as "alice"', w.client.addr, 'refused'),
                  ('(bob)', 'share "data"', w.client.addr, 'gives this user no permission')):
        eq(any(all(x in line for x in words) for line in lines), True, f'{words} in {lines}')


def kernel_lines(log):
    lines = []
    while True:
        try:
            lines.append(os.read(log.fileno(), 8192).decode(errors='replace'))
        except BlockingIOError:
            return lines


@test(smb=True, squash='none', timeout=120)
def several_channels(w):
    """The kernel's client uses four connections, to as many addresses."""
    share_all(w)
    for i in range(3):
        w.server_ns.run('ip', 'addr', 'add', f'192.168.1.{10 + i}/24', 'dev', 'veth1')
    data = os.urandom(1 << 20) * 16
    where = w.client.mount_smb(opts='multichannel,max_channels=4')
    if b'DFS' not in get('/proc/fs/cifs/DebugData'):
        raise Skip('the client of a kernel without CONFIG_CIFS_DFS_UPCALL has one channel')
    wait_for('four channels', lambda: any(len(s['address']) == 4 for s in sessions(w)))
    put(f'{where}/big', data)
    eq(get(w.path('big')) == data, True)
    with open(f'{where}/big', 'rb') as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        eq(f.read() == data, True)
    w.client.umount(where)
    no_sessions(w)

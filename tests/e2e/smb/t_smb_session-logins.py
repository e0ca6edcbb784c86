# SPDX-License-Identifier: GPL-2.0-only
"""Logins of SMB: guesses, renewals, and tokens in the shapes of clients."""
import contextlib
import os
import select
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
from files import put
from harness import test
from processes import process_stopped, run
from shares import share_all
from smb2 import EMPTY_BODY
from smbraw import Link, link


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
            if dialect >= 0x300:
                eq(s.login(sign=False, seal=True), 'SUCCESS')
                eq((s.was_sealed, s.is_signed_right()), (True, True), 'encrypted')
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
                s.raw(s.signed(s.header(smb2.CANCEL, number) + EMPTY_BODY))
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
            s.raw(s.header(smb2.CANCEL, number) + EMPTY_BODY)
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
    status = smbraw.name(s.answer(number, seconds=60)[0])
    s.end()
    return status


@test(smb=True, squash='none', clients=2, timeout=180)
def guesses_wait(w):
    """Replies to wrong passwords are delayed by the setting, which delays nobody else."""
    ctl = w.server.ctl
    ctl('server', 'set', 'upcall-ms', '30000')
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
    s.raw(s.header(smb2.CANCEL, number) + EMPTY_BODY)
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
        s.raw(s.signed(s.header(smb2.CANCEL, number) + EMPTY_BODY))
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
    # All together: a second for each would leave none of the delay to a machine that is slow.
    eq(select.select([s.socket for s, _ in held], [], [], 1)[0], [], 'all are held')
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


@test(smb=True, squash='none', timeout=300)
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

# SPDX-License-Identifier: GPL-2.0-only
"""Logins by NTLM of clients that nobody here wrote, each with messages of its own."""
import ntlm_shape as shape
import smb2
import smbraw
from checks import eq, wait_for
from harness import test
from ntlm_shape import (ALWAYS_SIGN, ANONYMOUS, ESS, INFO, KEY_128, KEY_56, KEY_EXCH, NTLM, OEM,
                        SEAL, SIGN, TARGET, UNICODE, VERSION, WINDOWS, Shape)
from smb import USERS
from smbraw import Link

SMBJ = KEY_128 | TARGET | ESS
IMPACKET = UNICODE | TARGET | NTLM | ESS | INFO | KEY_128 | KEY_56
LIBSMB2 = UNICODE | OEM | TARGET | SEAL | NTLM | ESS | KEY_128
GO = (UNICODE | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | INFO | VERSION | KEY_128 | KEY_EXCH
      | KEY_56)
CIFS = UNICODE | TARGET | SIGN | SEAL | NTLM | ALWAYS_SIGN | ESS | INFO | KEY_128 | KEY_EXCH
NO_BINDINGS = {shape.AV_BINDINGS: bytes(16)}


def step(s, c, *who):
    """Log in by the messages of a client; returns the status."""
    s.setup_hash = s.hash
    status = s.step(c.first(), {})
    if status != 'MORE_PROCESSING_REQUIRED':
        return status
    status = s.step(c.last(s.token(), *who), {})
    if status == 'SUCCESS' and who[0]:
        s.make_keys(c.key)
    return status


@test(smb=True, squash='none', timeout=60)
def clients(w):
    """Users of all clients log in, and both sides have the same key."""
    shapes = {
        'Windows': Shape(mic=True, lm=bytes(24), pairs=NO_BINDINGS),
        'Windows without a MIC': Shape(size=72),
        'go-smb2': Shape(GO, mic=True, lm=bytes(24), pairs=NO_BINDINGS),
        'smbj': Shape(SMBJ | SIGN | ALWAYS_SIGN | KEY_EXCH | VERSION, mic=True,
                      answer=SMBJ | SIGN | ALWAYS_SIGN | KEY_EXCH | VERSION | UNICODE),
        'impacket': Shape(IMPACKET, 64, 32, lm=bytes(24)),
        'libsmb2': Shape(LIBSMB2, 72, 32, answer=LIBSMB2 | SIGN),
        'v9u-smb2': Shape(UNICODE | TARGET | NTLM | ALWAYS_SIGN | ESS | VERSION | KEY_128, 64),
        'cifs.ko': Shape(CIFS | VERSION, 72, odd=True),
        'cifs.ko before 5.19': Shape(CIFS, 64, 32),
        'jcifs': Shape(OEM | NTLM, 64, 32),
        'no fields': Shape(UNICODE | NTLM, 64, 16),
    }
    w.server.ctl('server', 'set', 'login-delay-ms', '0')
    for client, c in shapes.items():
        for domain in '', 'WORKGROUP':
            with Link(w.client).negotiate() as s:
                eq(step(s, c, 'alice', domain, USERS['alice']), 'SUCCESS', client)
                eq(s.is_signed_right(), True, client)
                s.sign = True
                eq(s.connect_tree(), 'SUCCESS', client)
            with Link(w.client).negotiate() as s:
                eq(step(s, c, 'alice', domain, 'wrong'), 'LOGON_FAILURE', client)


@test(smb=True, squash='none', guest=True, timeout=60)
def without_a_name(w):
    """Anonymous clients use a share with 'guest', however short their messages are."""
    shapes = {
        'Windows': Shape(WINDOWS | ANONYMOUS, lm=b'\0'),
        'Windows without a MIC': Shape(size=72, lm=b'\0'),
        'smbclient': Shape(lm=b''),
        'go-smb2': Shape(GO, answer=0),
        'smbj': Shape(SMBJ | ANONYMOUS | VERSION, 72),
        'smbj without a version': Shape(SMBJ | ANONYMOUS, 64, 32),
        'jcifs-ng': Shape(UNICODE | TARGET | NTLM | ESS | VERSION | KEY_128, 72),
        'jcifs': Shape(OEM | NTLM, 64, 32),
        'impacket': Shape(IMPACKET, 64, 32, lm=b'\0'),
        'impacket that signs': Shape(IMPACKET | SIGN | SEAL | ALWAYS_SIGN | KEY_EXCH, 64, 32,
                                     lm=b'\0'),
        'libsmb2': Shape(LIBSMB2, 72, 32, answer=LIBSMB2 | SIGN | ANONYMOUS),
        'v9u-smb2': Shape(UNICODE | TARGET | NTLM | ALWAYS_SIGN | ESS | VERSION | KEY_128, 64),
        'cifs.ko': Shape(CIFS | VERSION, 72, odd=True),
        'cifs.ko before 5.19': Shape(CIFS, 64, 32, odd=True),
        'no fields': Shape(UNICODE | NTLM, 64, 16),
    }
    for client, c in shapes.items():
        with Link(w.client).negotiate() as s:
            eq(step(s, c, ''), 'SUCCESS', client)
            eq(s.connect_tree(), 'SUCCESS', client)


def guess(client, c, user, password=None):
    """Send a login without waiting for the reply; returns the link and the message id."""
    s = Link(client).negotiate()
    s.setup_hash = s.hash
    eq(s.step(c.first(), {}), 'MORE_PROCESSING_REQUIRED')
    proof = c.last(s.token(), user, '', password or USERS[user])
    return s, s.send(smb2.SESSION_SETUP, s.setup_body(proof))


def result(s, number):
    status = smbraw.name(s.answer(number)[0])
    s.end()
    return status


class Damaged(Shape):
    """The message was changed on its way, which the MIC shows."""

    def last(self, *args):
        message = super().last(*args)
        return message[:76] + bytes([message[76] ^ 1]) + message[77:]


@test(smb=True, squash='none', timeout=180)
def refused_after_the_proof(w):
    """A right password in a login that is refused counts as a wrong one does, or it would tell."""
    w.server.ctl('server', 'set', 'upcall-ms', '30000')
    reasons = {
        'alice': Shape(mic=True, pairs={shape.AV_TARGET: 'HTTP/a'.encode('utf-16le')}),
        'bob': Shape(mic=True, pairs={shape.AV_BINDINGS: b'x' * 16}),
        'carol': Damaged(mic=True),
    }
    # Two failures fill the time in which further logins of the user are refused; the helper writes
    # a line before the kernel has counted the last one.
    w.server.ctl('server', 'set', 'login-delay-ms', '10000')
    refused = [guess(w.client, c, user) for user, c in reasons.items() for _ in range(3)]
    # they are processed side by side, and the last one may overtake them
    wait_for('all are refused', lambda: w.server.helper_log().count(' refused: ') == len(refused))
    right = [guess(w.client, Shape(mic=True), user) for user in reasons]
    eq([result(*g) for g in refused + right], ['LOGON_FAILURE'] * 12)
    w.server.ctl('server', 'set', 'login-delay-ms', '0')
    for user in reasons:
        eq(result(*guess(w.client, Shape(mic=True), user)), 'SUCCESS', user)
    log = w.server.helper_log()
    for what in ('the service HTTP/a, which is none of SMB',
                 "the proof of user 'bob' of '' was right, but is for a connection over TLS",
                 "the proof of user 'carol' of '' was right, but the MIC"):
        eq(what in log, True, log)
    eq('wrong password' in log, False, log)

# SPDX-License-Identifier: GPL-2.0-only
"""Messages of NTLM (MS-NLMP section 2.2) as the clients that there are build them."""
import hashlib
import hmac
import os
import struct

from Cryptodome.Cipher import ARC4
from impacket import ntlm

UNICODE, OEM, TARGET, SIGN, SEAL, NTLM = 1, 2, 4, 0x10, 0x20, 0x200
ANONYMOUS, ALWAYS_SIGN, ESS, INFO = 0x800, 0x8000, 0x80000, 0x800000
VERSION, KEY_128, KEY_EXCH, KEY_56 = 0x2000000, 0x20000000, 0x40000000, 0x80000000
AV_FLAGS, AV_TARGET, AV_BINDINGS = 6, 9, 10
WINDOWS = (UNICODE | OEM | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | VERSION | KEY_128 | KEY_EXCH
           | KEY_56)


def md5(key, *parts):
    return hmac.new(key, b''.join(parts), hashlib.md5).digest()


class Shape:
    """A client.

    size: where the payload of AUTHENTICATE begins, 64, 72 behind a version, 88 behind a MIC.
    negotiate: where NEGOTIATE ends. answer: flags of AUTHENTICATE if they are others.
    lm: LmChallengeResponse. odd: fields without bytes have an offset outside the message.
    """

    def __init__(self, flags=WINDOWS, size=88, negotiate=40, mic=False, lm=b'', answer=None,
                 odd=False, pairs=()):
        self.flags, self.size, self.negotiate, self.mic = flags, size, negotiate, mic
        self.lm, self.answer, self.odd, self.pairs = lm, answer, odd, dict(pairs)

    def first(self):
        message = b'NTLMSSP\0' + struct.pack('<II', 1, self.flags)
        self.sent = message.ljust(self.negotiate, b'\0')
        return self.sent

    def text(self, name):
        return name.encode('utf-16le' if self.used & UNICODE else 'ascii')

    def proof(self, challenge, user, domain, password):
        """NtChallengeResponse, and the key."""
        at, = struct.unpack_from('<I', challenge, 44)
        size, = struct.unpack_from('<H', challenge, 40)
        pairs = dict(self.pairs)
        if self.mic:
            pairs[AV_FLAGS] = struct.pack('<I', 2)
        info = challenge[at:at + size - 4]
        info += b''.join(struct.pack('<HH', k, len(v)) + v for k, v in pairs.items())
        rest = (b'\1\1' + bytes(14) + os.urandom(8) + bytes(4) + info + bytes(8))
        key = md5(ntlm.compute_nthash(password),
                  user.upper().encode('utf-16le') + domain.encode('utf-16le'))
        proof = md5(key, challenge[24:32], rest)
        return proof + rest, md5(key, proof)

    def last(self, challenge, user='', domain='', password=''):
        """AUTHENTICATE; self.key is the session's key."""
        flags, = struct.unpack_from('<I', challenge, 20)
        self.used = self.flags & flags if self.answer is None else self.answer
        response, self.key, sealed = b'', bytes(16), b''
        if user:
            response, self.key = self.proof(challenge, user, domain, password)
        if self.used & KEY_EXCH:
            base, self.key = self.key, os.urandom(16)
            sealed = ARC4.new(base).encrypt(self.key)
        fields = [self.lm, response] + [self.text(n) for n in (domain, user, 'PC')] + [sealed]
        head, payload = b'NTLMSSP\0\3\0\0\0', b''
        for field in fields:
            offset = self.size + len(payload) if field or not self.odd else 0xfffffff0
            head += struct.pack('<HHI', len(field), len(field), offset)
            payload += field
        message = (head + struct.pack('<I', self.used)).ljust(self.size, b'\0') + payload
        if self.mic:
            mic = md5(self.key, self.sent, challenge, message)
            message = message[:72] + mic + message[88:]
        return message

# SPDX-License-Identifier: GPL-2.0-only
"""SMB2 wholly by hand: negotiation, logins, signatures and encryption (MS-SMB2).

A Link is a connection with at most one session on it. It sends nothing by itself, and
each part of a message can be made wrong.
"""
import hashlib
import hmac
import os
import socket
import struct
from unittest import mock

from Cryptodome.Cipher import AES
from Cryptodome.Hash import CMAC
from impacket import ntlm
from impacket.crypto import KDF_CounterMode

import kdc
import smb
import smb2
from smb2 import (ECHO, EMPTY_BODY, IOCTL, LOGOFF, NEGOTIATE, SESSION_SETUP, TREE_CONNECT,
                  TREE_DISCONNECT)

DIALECTS = (0x202, 0x210, 0x300, 0x302, 0x311)

MORE = 0xc0000016
SIGNED, RELATED = 8, 4
SIGNING_ENABLED, SIGNING_REQUIRED = 1, 2
ENCRYPTION_CAP, CHANNEL_CAP, LARGE_MTU_CAP = 0x40, 0x08, 0x04
BINDING, IS_GUEST, IS_NULL, ENCRYPT_DATA = 1, 1, 2, 4
PREAUTH, ENCRYPTION, COMPRESSION, NETNAME, SIGNING = 1, 2, 3, 5, 8
CCM, GCM = 1, 2
HMAC, AES_CMAC, AES_GMAC = range(3)
VALIDATE = 0x00140204


def name(status):
    return smb2.NAMES.get(status, f'{status:#010x}')


class Dropped(ConnectionError):
    """The server closed the connection."""


def context(kind, data):
    return struct.pack('<HHI', kind, len(data), 0) + data


def preauth(hashes=(1,), salt=b's' * 32):
    return context(PREAUTH, struct.pack(f'<HH{len(hashes)}H', len(hashes), len(salt), *hashes)
                   + salt)


def choices(kind, *ids):
    return context(kind, struct.pack(f'<H{len(ids)}H', len(ids), *ids))


def padded(data):
    return data + bytes(-len(data) % 8)


class Link(smb2.Smb2):
    """A connection of a client (harness.Client)."""

    def __init__(self, client, guid=None, port=445):
        with client:
            self.socket = socket.create_connection((client.server_addr, port), 20)
        self.host = client.server_addr
        self.guid = guid or os.urandom(16)
        self.next_id = self.session = self.tree = self.dialect = 0
        self.answers = {}
        self.hash = bytes(64)
        self.sign_key = self.out_key = self.in_key = self.channel_key = None
        self.sign = self.seal = False
        self.cipher, self.nonce, self.signing = 0, 0, AES_CMAC
        self.rest = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    # protection
    def signature(self, message, key=None):
        """The signature of a message whose signature field is zero (section 3.1.4.1)."""
        key = key or self.channel_key or self.sign_key
        if self.signing == AES_GMAC:
            command, flags = struct.unpack_from('<HxxI', message, 12)
            role = flags & 1 | (2 if command == smb2.CANCEL else 0)
            c = AES.new(key, AES.MODE_GCM, message[24:32] + struct.pack('<I', role))
            c.update(message)
            return c.digest()
        if self.dialect >= 0x300 and self.signing:
            return CMAC.new(key, message, AES).digest()
        return hmac.new(key, message, hashlib.sha256).digest()[:16]

    def signed(self, message, key=None):
        message = bytearray(message)
        message[16] |= SIGNED
        message[48:64] = bytes(16)
        message[48:64] = self.signature(bytes(message), key)
        return bytes(message)

    def _cipher(self, key, nonce, ad, size):
        if self.cipher == GCM:
            c = AES.new(key, AES.MODE_GCM, nonce[:12])
        else:
            c = AES.new(key, AES.MODE_CCM, nonce[:11], msg_len=size, assoc_len=len(ad))
        c.update(ad)
        return c

    def sealed(self, message, session=None):
        self.nonce += 1
        nonce = struct.pack('<QQ', self.nonce, 0)
        ad = nonce + struct.pack('<IHHQ', len(message), 0, 1, session or self.session)
        body, tag = self._cipher(self.out_key, nonce, ad, len(message)).encrypt_and_digest(message)
        return b'\xfdSMB' + tag + ad + body

    def receive(self, seconds=20):
        """The next reply: of the present message, or of the next one."""
        if self.rest:
            return self.rest.pop(0)
        frame = self.receive_message(seconds)
        following = frame and struct.unpack_from('<I', frame, 20)[0]
        while following:
            self.rest.append(frame[:following])
            frame = frame[following:]
            following, = struct.unpack_from('<I', frame, 20)
        if self.rest:
            self.rest.append(frame)
            return self.rest.pop(0)
        return frame

    def receive_message(self, seconds):
        frame = super().receive(seconds)
        self.was_sealed = bool(frame) and frame[:4] == b'\xfdSMB'
        if self.was_sealed:
            ad = frame[20:52]
            frame = self._cipher(self.in_key, ad[:16], ad, len(frame) - 52).decrypt_and_verify(
                frame[52:], frame[4:20])
        return frame

    # messages
    def header(self, command, message_id, flags=0, tree=None, charge=1, following=0,
               session=None):
        return struct.pack('<4sHHIHHIIQIIQ16s', b'\xfeSMB', 64, charge, 0, command, 64, flags,
                           following, message_id, 0, self.tree if tree is None else tree,
                           self.session if session is None else session, bytes(16))

    def send(self, command, body, sign=None, seal=None, key=None, spoil=False, number=None, **kw):
        if number is None:
            number, self.next_id = self.next_id, self.next_id + (kw.get('charge') or 1)
        message = self.header(command, number, **kw) + body
        if self.sign if sign is None else sign:
            message = self.signed(message, key)
        if spoil:
            message = message[:48] + bytes(16) + message[64:]
        self.sent = message
        self.raw(self.sealed(message) if (self.seal if seal is None else seal) else message)
        return number

    def chain(self, *requests, trees=None):
        """Send requests, (command, body) each, as one compound; returns their ids.

        They are related, or each is for a tree.
        """
        numbers, out = [], b''
        for i, (command, body) in enumerate(requests):
            number, self.next_id = self.next_id, self.next_id + 1
            kw = dict(flags=RELATED, tree=2**32 - 1, session=2**64 - 1) if i else {}
            if trees:
                kw = dict(tree=trees[i])
            last = i == len(requests) - 1
            body = body if last else padded(body)
            message = self.header(command, number, following=0 if last else 64 + len(body),
                                  **kw) + body
            out += self.signed(message) if self.sign else message
            numbers.append(number)
        self.raw(self.sealed(out) if self.seal else out)
        return numbers

    def cancel(self, number):
        head = bytearray(self.header(smb2.CANCEL, number, flags=2))
        head[32:40] = self.frame[32:40]
        message = bytes(head) + EMPTY_BODY
        message = self.signed(message) if self.sign else message
        self.raw(self.sealed(message) if self.seal else message)

    def answer(self, number, seconds=20, pending=False):
        try:
            return super().answer(number, seconds, pending)
        except ConnectionError as e:
            raise Dropped(str(e)) from e

    def status(self, command, body, **kw):
        """Send a request, return the name of its status; 'DROPPED' if the connection is closed."""
        try:
            status, self.body = self.answer(self.send(command, body, **kw))
        except Dropped:
            return 'DROPPED'
        return name(status)

    def is_signed_right(self):
        """The last reply has a signature that is correct."""
        frame = bytearray(self.frame)
        signature, frame[48:64] = bytes(frame[48:64]), bytes(16)
        return frame[16] & SIGNED and signature == self.signature(bytes(frame))

    # negotiation
    def negotiate_body(self, dialects, contexts=None, caps=None, mode=SIGNING_ENABLED,
                       count=None, context_count=None, offset=None):
        caps = ENCRYPTION_CAP | CHANNEL_CAP | LARGE_MTU_CAP if caps is None else caps
        self.caps, self.mode, self.dialects = caps, mode, dialects
        body = struct.pack('<HHHHI16s', 36, len(dialects) if count is None else count, mode, 0,
                           caps, self.guid)
        names = struct.pack(f'<{len(dialects)}H', *dialects)
        if contexts is None:
            return body + bytes(8) + names
        body = padded(body + bytes(8) + names)
        if offset is None:
            offset = 64 + len(body)
        number = len(contexts) if context_count is None else context_count
        body = body[:28] + struct.pack('<IHH', offset, number, 0) + body[36:]
        return body + b''.join(padded(c) for c in contexts[:-1]) + b''.join(contexts[-1:])

    def negotiate(self, dialect=0x311, ciphers=(GCM,), signing=(), **kw):
        """Negotiate this dialect; returns self."""
        contexts = None
        if dialect == 0x311:
            contexts = [preauth()] + ([choices(ENCRYPTION, *ciphers)] if ciphers else [])
            contexts += [choices(SIGNING, *signing)] if signing else []
        body = self.negotiate_body([dialect], contexts, **kw)
        status = self.status(NEGOTIATE, body, charge=0 if dialect == 0x202 else 1)
        if status != 'SUCCESS':
            raise AssertionError(f'NEGOTIATE of {dialect:#x}: {status}')
        self.negotiated()
        return self

    def negotiated(self):
        """Take over the values of the last reply."""
        self.dialect, = struct.unpack_from('<H', self.body, 4)
        self.server_mode, = struct.unpack_from('<H', self.body, 2)
        self.server_guid = self.body[8:24]
        self.server_caps, = struct.unpack_from('<I', self.body, 24)
        self.cipher = CCM if self.server_caps & ENCRYPTION_CAP else 0
        if self.dialect == 0x311:
            self.cipher = self.contexts().get(ENCRYPTION, b'\0\0\0\0')[2]
            self.signing = self.contexts().get(SIGNING, b'\0\0\1\0')[2]
            self.mix(self.sent, self.frame)

    def contexts(self):
        """The contexts of the NEGOTIATE response."""
        out = {}
        at, count = struct.unpack_from('<I', self.body, 60)[0] - 64, self.body[6]
        for _ in range(count):
            kind, length = struct.unpack_from('<HH', self.body, at)
            out[kind] = self.body[at + 8:at + 8 + length]
            at += 8 + length + (-length % 8)
        return out

    def mix(self, *messages):
        for message in messages:
            self.hash = hashlib.sha512(self.hash + message).digest()

    # sessions
    def setup_body(self, token, flags=0, previous=0, mode=SIGNING_ENABLED):
        return struct.pack('<HBBIIHHQ', 25, flags, mode, 0, 0, 88, len(token), previous) + token

    def step(self, token, how, **kw):
        """Send one SESSION_SETUP; returns its status. how: the fields of setup_body()."""
        status = self.status(SESSION_SETUP, self.setup_body(token, **how), **kw)
        if status != 'DROPPED':
            self.session, = struct.unpack_from('<Q', self.frame, 40)
            self.setup_hash = hashlib.sha512(self.setup_hash + self.sent).digest()
        if status == 'MORE_PROCESSING_REQUIRED':
            self.setup_hash = hashlib.sha512(self.setup_hash + self.frame).digest()
        return status

    def token(self):
        if len(self.body) < 8:
            return b''
        at, length = struct.unpack_from('<HH', self.body, 4)
        return self.body[at - 64:at - 64 + length]

    def ntlm_first(self, how=None, **kw):
        """The first half of a login."""
        self.setup_hash = self.hash
        self.type1 = ntlm.getNTLMSSPType1('', '', True)
        return self.step(self.type1.getData(), how or {}, **kw)

    def ntlm_begin(self):
        """Send the first half without waiting for the reply."""
        token = ntlm.getNTLMSSPType1('', '', True).getData()
        self.send(SESSION_SETUP, self.setup_body(token))

    def ntlm_proof(self, user, password=None, challenge=None):
        """The token for a challenge, by default the last one."""
        type3, self.key = ntlm.getNTLMSSPType3(self.type1, challenge or self.token(), user,
                                               password or smb.USERS[user], '')
        self.ntlm_flags = type3['flags']
        return type3.getData()

    def ntlm_second(self, user, password=None, how=None, **kw):
        return self.step(self.ntlm_proof(user, password), how or {}, **kw)

    def login(self, user='alice', password=None, how=None, **kw):
        """Log in by NTLM; returns the name of the last status. On success the keys are made."""
        status = self.ntlm_first(how, **kw)
        if status != 'MORE_PROCESSING_REQUIRED':
            return status
        status = self.ntlm_second(user, password, how, **kw)
        if status == 'SUCCESS' and not self.sign_key:
            self.make_keys(self.key)
        return status

    def anonymous(self, **kw):
        """Log in without a name; returns the status."""
        status = self.ntlm_first(**kw)
        if status != 'MORE_PROCESSING_REQUIRED':
            return status
        type3, _ = ntlm.getNTLMSSPType3(self.type1, self.token(), '', '', '')
        return self.step(type3.getData(), {}, **kw)

    def kerberos(self, cache, service=f'cifs/{kdc.HOST}', **kw):
        """Log in with the ticket for the server from a cache; returns the status."""
        token, key = kdc.ticket_token(cache, service)
        self.setup_hash = self.hash
        status = self.step(token, {}, **kw)
        if status == 'SUCCESS' and not self.sign_key:
            self.make_keys(key)
        return status

    def derive(self, key, label, old_label, old_context):
        if self.dialect == 0x311:
            return KDF_CounterMode(key, label, self.setup_hash, 128)
        return KDF_CounterMode(key, old_label, old_context, 128)

    def make_keys(self, key):
        """Derive the keys from the key of the authentication (section 3.3.5.5.3)."""
        self.session_key = key = key[:16].ljust(16, b'\0')
        if self.dialect < 0x300:
            self.sign_key = key
            return
        self.sign_key = self.derive(key, b'SMBSigningKey\0', b'SMB2AESCMAC\0', b'SmbSign\0')
        self.out_key = self.derive(key, b'SMBC2SCipherKey\0', b'SMB2AESCCM\0', b'ServerIn \0')
        self.in_key = self.derive(key, b'SMBS2CCipherKey\0', b'SMB2AESCCM\0', b'ServerOut\0')

    def bind(self, first, user='alice', password=None, key=None, **kw):
        """Bind the session of another link to this one; returns the last status."""
        how = {'flags': BINDING}
        self.session = first.session
        self.sign_key = key or first.sign_key
        sign = dict({'sign': True}, **kw)
        status = self.ntlm_first(how, **sign)
        if status != 'MORE_PROCESSING_REQUIRED':
            return status
        status = self.ntlm_second(user, password, how, **sign)
        if status == 'SUCCESS':
            self.sign_key, self.session_key = first.sign_key, first.session_key
            self.out_key, self.in_key = first.out_key, first.in_key
            key = self.key[:16]
            self.channel_key = self.derive(key, b'SMBSigningKey\0', b'SMB2AESCMAC\0',
                                           b'SmbSign\0')
            self.tree = first.tree
        return status

    # commands
    def connect_tree(self, share='data', **kw):
        """Connect to a tree; returns the status, and sets self.tree on success."""
        path = f'\\\\{self.host}\\{share}'.encode('utf-16-le')
        status = self.status(TREE_CONNECT, struct.pack('<HHHH', 9, 0, 72, len(path)) + path,
                             tree=0, **kw)
        if status == 'SUCCESS':
            self.tree, = struct.unpack_from('<I', self.frame, 36)
            self.share_flags, = struct.unpack_from('<I', self.body, 4)
        return status

    def disconnect_tree(self, **kw):
        return self.status(TREE_DISCONNECT, EMPTY_BODY, **kw)

    def logoff(self, **kw):
        return self.status(LOGOFF, EMPTY_BODY, **kw)

    def echo(self, **kw):
        return self.status(ECHO, EMPTY_BODY, **kw)

    def validate(self, caps=None, guid=None, mode=None, dialects=None, room=24, **kw):
        """FSCTL_VALIDATE_NEGOTIATE_INFO (2.2.31.4)."""
        dialects = dialects or self.dialects
        data = struct.pack(f'<I16sHH{len(dialects)}H', self.caps if caps is None else caps,
                           guid or self.guid, self.mode if mode is None else mode,
                           len(dialects), *dialects)
        return self.status(IOCTL, struct.pack('<HHIQQIIIIIIII', 57, 0, VALIDATE, 2 ** 64 - 1,
                                              2 ** 64 - 1, 120, len(data), 0, 0, 0, room, 1, 0)
                           + data, **kw)

    def dropped(self, seconds=10):
        """The server has closed the connection, or does so now."""
        try:
            while self.receive(seconds) is not None:
                pass
        except socket.timeout:
            return False
        return True


def logged_in(out, user='alice', share='data', sign=True):
    """A negotiated connection with a session and a tree."""
    status = out.login(user)
    if status != 'SUCCESS':
        raise AssertionError(f'login of {user}: {status}')
    out.sign = sign
    if share:
        status = out.connect_tree(share)
        if status != 'SUCCESS':
            raise AssertionError(f'tree connect to {share}: {status}')
    return out


def link(client, dialect=0x311, user='alice', share='data', guid=None, sign=True, **kw):
    """A connection with a session and a tree."""
    return logged_in(Link(client, guid).negotiate(dialect, **kw), user, share, sign)


def ntlm_of(client, pairs):
    """Log in by NTLM with these AV pairs in the proof; returns the status."""
    data = ntlm.AV_PAIRS.getData

    def changed(self):
        for kind, value in pairs.items():
            self[kind] = value
        return data(self)
    with Link(client).negotiate() as s, mock.patch.object(ntlm.AV_PAIRS, 'getData', changed):
        return s.login()

# SPDX-License-Identifier: GPL-2.0-only
"""SMB2 by hand (MS-SMB2): requests that no finished client sends, with the status of each reply.

impacket negotiates and authenticates; everything after that is made here.
"""
import contextlib
import hashlib
import hmac
import socket
import struct

from impacket import crypto, smb3
from impacket.smb3structs import SMB2_DIALECT_21

import smb
from smb_bodies import Close, Create, Ioctl, LeaseAck, Lock, QueryInfo, Read, SetInfo, Write

# Of ECHO, LOGOFF, TREE_DISCONNECT and CANCEL.
EMPTY_BODY = struct.pack('<HH', 4, 0)

(NEGOTIATE, SESSION_SETUP, LOGOFF, TREE_CONNECT, TREE_DISCONNECT, CREATE, CLOSE, FLUSH, READ,
 WRITE, LOCK, IOCTL, CANCEL, ECHO, QUERY_DIRECTORY, CHANGE_NOTIFY, QUERY_INFO, SET_INFO,
 OPLOCK_BREAK) = range(19)

OK = 0
PENDING = 0x103
NAMES = {
    0: 'SUCCESS', 0x103: 'PENDING', 0x10b: 'NOTIFY_CLEANUP', 0x10c: 'NOTIFY_ENUM_DIR',
    0x80000005: 'BUFFER_OVERFLOW', 0x80000006: 'NO_MORE_FILES', 0x8000001a: 'NO_MORE_ENTRIES',
    0x8000002d: 'STOPPED_ON_SYMLINK', 0xc0000001: 'UNSUCCESSFUL', 0xc0000002: 'NOT_IMPLEMENTED',
    0xc0000008: 'INVALID_HANDLE', 0xc000000d: 'INVALID_PARAMETER',
    0xc0000010: 'INVALID_DEVICE_REQUEST', 0xc0000011: 'END_OF_FILE',
    0xc0000016: 'MORE_PROCESSING_REQUIRED', 0xc0000022: 'ACCESS_DENIED',
    0xc0000023: 'BUFFER_TOO_SMALL', 0xc0000033: 'OBJECT_NAME_INVALID',
    0xc0000034: 'OBJECT_NAME_NOT_FOUND', 0xc0000035: 'OBJECT_NAME_COLLISION',
    0xc000003a: 'OBJECT_PATH_NOT_FOUND', 0xc0000043: 'SHARING_VIOLATION',
    0xc0000054: 'FILE_LOCK_CONFLICT', 0xc0000055: 'LOCK_NOT_GRANTED', 0xc0000056: 'DELETE_PENDING',
    0xc000005a: 'INVALID_OWNER', 0xc000005e: 'NO_LOGON_SERVERS', 0xc0000061: 'PRIVILEGE_NOT_HELD',
    0xc000006d: 'LOGON_FAILURE', 0xc0000078: 'INVALID_SID', 0xc0000079: 'INVALID_SECURITY_DESCR',
    0xc000007e: 'RANGE_NOT_LOCKED', 0xc000007f: 'DISK_FULL', 0xc0000099: 'ALLOTTED_SPACE_EXCEEDED',
    0xc000009a: 'INSUFFICIENT_RESOURCES', 0xc00000a2: 'MEDIA_WRITE_PROTECTED',
    0xc00000b0: 'PIPE_DISCONNECTED', 0xc00000b6: 'FILE_FORCED_CLOSED', 0xc00000bb: 'NOT_SUPPORTED',
    0xc00000c9: 'NETWORK_NAME_DELETED', 0xc00000cc: 'BAD_NETWORK_NAME',
    0xc00000d0: 'REQUEST_NOT_ACCEPTED', 0xc00000d4: 'NOT_SAME_DEVICE', 0xc00000d9: 'PIPE_EMPTY',
    0xc00000e3: 'INVALID_OPLOCK_PROTOCOL', 0xc0000101: 'DIRECTORY_NOT_EMPTY',
    0xc000011f: 'TOO_MANY_OPENED_FILES', 0xc0000120: 'CANCELLED', 0xc0000121: 'CANNOT_DELETE',
    0xc0000128: 'FILE_CLOSED', 0xc000014b: 'PIPE_BROKEN', 0xc0000184: 'INVALID_DEVICE_STATE',
    0xc0000194: 'POSSIBLE_DEADLOCK', 0xc0000203: 'USER_SESSION_DELETED',
    0xc000022a: 'DUPLICATE_OBJECTID', 0xc000035c: 'NETWORK_SESSION_EXPIRED',
    0xc000042a: 'REQUEST_OUT_OF_SEQUENCE', 0xc0000467: 'FILE_NOT_AVAILABLE',
    0xc0000906: 'VIRUS_INFECTED', 0xc0000909: 'CANNOT_BREAK_OPLOCK',
    0xc05d0000: 'NO_PREAUTH_INTEGRITY_HASH_OVERLAP',
}
NUMBERS = {name: number for number, name in NAMES.items()}

GENERIC_ALL, GENERIC_READ, GENERIC_WRITE = 0x10000000, 0x80000000, 0x40000000
MAXIMUM, DELETE, READ_ATTRIBUTES = 0x02000000, 0x00010000, 0x80
SHARE_READ, SHARE_WRITE, SHARE_DELETE, SHARE_ALL = 1, 2, 4, 7
SUPERSEDE, OPEN, MAKE, OPEN_IF, OVERWRITE, OVERWRITE_IF = range(6)
DIRECTORY_FILE, DELETE_ON_CLOSE = 1, 0x1000

EXCLUSIVE, SHARED, UNLOCK, AT_ONCE = 2, 1, 4, 16
SIGNED = 8


class Status(Exception):
    """A reply with an error status."""

    def __init__(self, command, number):
        self.number = number
        self.name = NAMES.get(number, f'{number:#010x}')
        super().__init__(f'command {command}: {self.name}')


class Smb2:
    """One session of a user on one connection, with one tree."""

    # Signs what is sent, as a server wants by default of users who logged in by NTLM.
    frame_key = None

    def __init__(self, client, user='alice', share='data', dialect=SMB2_DIALECT_21):
        with client:
            self.smb = smb3.SMB3(client.server_addr, client.server_addr, timeout=20,
                                 preferredDialect=dialect)
        self.smb.login(user, smb.USERS[user]) if user else self.smb.login('', '')
        self.socket = self.smb._NetBIOSSession.get_socket()
        self.session = self.smb._Session['SessionID']
        if user and self.smb._Session['SigningRequired']:
            self.cmac = dialect != SMB2_DIALECT_21
            self.frame_key = (self.smb._Session['SigningKey'] if self.cmac else
                              self.smb._Session['SessionKey'][:16].ljust(16, b'\0'))
        self.next_id = self.smb._Connection['SequenceWindow']
        self.tree = self.connect(client.server_addr, share) if share else 0
        self.answers = {}

    def connect(self, host, share):
        tree = self.smb.connectTree(f'\\\\{host}\\{share}')
        self.next_id = self.smb._Connection['SequenceWindow']
        return tree

    # messages
    def header(self, command, message_id, flags=0, tree=None, charge=1, following=0):
        return struct.pack('<4sHHIHHIIQIIQ16s', b'\xfeSMB', 64, charge, 0, command, 64, flags,
                           following, message_id, 0, self.tree if tree is None else tree,
                           self.session, bytes(16))

    def signed_frame(self, data):
        """The same with signatures of all its requests (section 3.1.4.1), if there is a key."""
        out = b''
        while self.frame_key and len(data) >= 64:
            following, = struct.unpack_from('<I', data, 20)
            one = bytearray(data[:following or len(data)])
            data = data[following:] if following else b''
            one[16] |= SIGNED
            one[48:64] = bytes(16)
            if self.cmac:
                one[48:64] = crypto.AES_CMAC(self.frame_key, bytes(one), len(one))
            else:
                one[48:64] = hmac.new(self.frame_key, one, hashlib.sha256).digest()[:16]
            out += one
        return out + data

    def raw(self, data):
        """Send bytes as one frame."""
        data = self.signed_frame(data)
        self.socket.sendall(struct.pack('>I', len(data)) + data)

    @contextlib.contextmanager
    def together(self):
        """What is sent meanwhile goes out at once, at the end."""
        frames = []
        self.raw = lambda data: frames.append(self.signed_frame(data))
        try:
            yield
        finally:
            del self.raw
        self.socket.sendall(b''.join(struct.pack('>I', len(f)) + f for f in frames))

    def send(self, command, body, **kw):
        """Send a request; returns the message id to wait for."""
        number, self.next_id = self.next_id, self.next_id + 1
        self.raw(self.header(command, number, **kw) + body)
        return number

    def receive(self, seconds=20):
        """The next frame, or None if the server closed the connection."""
        self.socket.settimeout(seconds)
        head = self._exactly(4)
        return head and self._exactly(struct.unpack('>I', head)[0])

    def _exactly(self, count):
        data = b''
        while len(data) < count:
            try:
                got = self.socket.recv(count - len(data))
            except ConnectionError:
                return None
            if not got:
                return None
            data += got
        return data

    def answer(self, number, seconds=20, pending=False):
        """(status, body) of the reply to a message; replies to other messages are kept."""
        while number not in self.answers:
            frame = self.receive(seconds)
            if frame is None:
                raise ConnectionError('the server closed the connection')
            status, = struct.unpack_from('<I', frame, 8)
            self.answers.setdefault(struct.unpack_from('<Q', frame, 24)[0], []).append(
                (status, frame[64:], frame))
        status, body, frame = self.answers[number].pop(0)
        if not self.answers[number]:
            del self.answers[number]
        if status == PENDING and not pending:
            return self.answer(number, seconds)
        self.frame = frame
        return status, body

    def call(self, command, body, good=(OK,), **kw):
        status, out = self.answer(self.send(command, body, **kw))
        if status not in good:
            raise Status(command, status)
        return out

    def silent(self, seconds=0.5):
        """Check that no reply arrives."""
        try:
            return self.receive(seconds) is None
        except socket.timeout:
            return True

    # commands
    def create(self, name, access=GENERIC_READ | GENERIC_WRITE, share=SHARE_ALL, how=OPEN_IF,
               options=0, attributes=0, context=None):
        return self.create_answer(name, access, share, how, options, attributes, context)[64:80]

    def create_answer(self, name, access=GENERIC_READ | GENERIC_WRITE, share=SHARE_ALL,
                      how=OPEN_IF, options=0, attributes=0, context=None):
        """The whole reply of CREATE. @context: (name, data) of a create context."""
        name = name.encode('utf-16-le')
        length = len(name)
        name = name or b'\0'
        at, size, tail = 0, 0, b''
        if context:
            kind, data = context
            name += bytes(-len(name) % 8)
            tail = struct.pack('<IHHHHI4sI', 0, 16, 4, 0, 24 if data else 0, len(data), kind,
                               0) + data
            at, size = 120 + len(name), len(tail)
        body = bytes(Create(access=access, attributes=attributes, share=share, how=how,
                            options=options, name_length=length, contexts_at=at,
                            contexts_length=size)) + name + tail
        return self.call(CREATE, body)

    def close(self, fid):
        return self.call(CLOSE, close_body(fid))

    def read(self, fid, count, offset=0):
        return read_data(self.call(READ, read_body(fid, count, offset)))

    def write(self, fid, data, offset=0):
        return self.call(WRITE, write_body(fid, data, offset))

    def lock_body(self, fid, *locks, sequence=0):
        """locks: (offset, length, flags)."""
        return bytes(Lock(count=len(locks), sequence=sequence, fid=fid)) + b''.join(
            struct.pack('<QQII', offset, length, flags, 0) for offset, length, flags in locks)

    def lock(self, fid, offset, length, flags=EXCLUSIVE | AT_ONCE):
        self.call(LOCK, self.lock_body(fid, (offset, length, flags)))

    def unlock(self, fid, offset, length):
        self.lock(fid, offset, length, UNLOCK)

    def wait_lock(self, fid, offset, length, flags=EXCLUSIVE, sequence=0):
        """Send a lock that waits: returns the message id, after STATUS_PENDING arrived."""
        number = self.send(LOCK, self.lock_body(fid, (offset, length, flags), sequence=sequence))
        status, _ = self.answer(number, pending=True)
        if status != PENDING:
            raise Status(LOCK, status)
        return number

    def cancel(self, number):
        """Cancel by the async id of the last reply."""
        head = bytearray(self.header(CANCEL, number, flags=2))
        head[32:40] = self.frame[32:40]
        self.raw(bytes(head) + EMPTY_BODY)

    def cancel_sent(self, number):
        """Cancel by the message id, before any reply."""
        self.raw(self.header(CANCEL, number) + EMPTY_BODY)

    def query(self, fid, level, kind=1, room=65536, extra=0):
        """The buffer of QUERY_INFO."""
        out = self.call(QUERY_INFO, bytes(QueryInfo(kind=kind, level=level, room=room, extra=extra,
                                                    fid=fid)) + b'\0')
        start, length = struct.unpack_from('<HI', out, 2)
        return out[start - 64:start - 64 + length]

    def set(self, fid, level, data, kind=1, extra=0):
        self.call(SET_INFO, set_body(fid, level, data, kind, extra))

    def ioctl(self, fid, code, data=b'', room=65536):
        out = self.call(IOCTL, ioctl_body(fid, code, data, room))
        start, length = struct.unpack_from('<II', out, 32)
        return out[start - 64:start - 64 + length]

    def delete_on_close(self, fid, on=True):
        self.set(fid, 13, bytes([on]))

    def rename(self, fid, name, replace=False):
        self.set(fid, 10, name_data(name, replace))

    def end(self):
        """Close the connection without LOGOFF."""
        self.socket.close()


def close_body(fid):
    return bytes(Close(fid=fid))


def read_body(fid, count, offset):
    return bytes(Read(length=count, offset=offset, fid=fid))


def read_data(body):
    """The data in the response of READ."""
    start, length = struct.unpack_from('<BxI', body, 2)
    return body[start - 64:start - 64 + length]


def write_body(fid, data, offset):
    return bytes(Write(length=len(data), offset=offset, fid=fid)) + data


def set_body(fid, level, data, kind=1, extra=0):
    return bytes(SetInfo(kind=kind, level=level, length=len(data), extra=extra, fid=fid)) + data


def name_data(name, replace=False):
    """What SET_INFO wants for a rename or a link."""
    name = name.encode('utf-16-le')
    return struct.pack('<B7xQI', replace, 0, len(name)) + name


def ioctl_body(fid, code, data=b'', room=65536):
    return bytes(Ioctl(code=code, fid=fid, input_length=len(data), output_room=room)) + data


def refused(name, call, *args, **kw):
    """Check that the call gets this status."""
    try:
        call(*args, **kw)
    except Status as e:
        if e.name != name:
            raise AssertionError(f'{e}, expected {name}') from e
    else:
        raise AssertionError(f'worked, expected {name}')


def ack_body(lease, state):
    return bytes(LeaseAck(key=lease, state=state))

# SPDX-License-Identifier: GPL-2.0-only
"""A hostile SMB client: valid messages to damage, and how they are sent."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

# pylint: disable=wrong-import-position
import folders  # noqa: E402,F401  (finds the modules of tests/e2e)
import smb2  # noqa: E402

GUID = bytes(range(16))
MESSAGE_LIMIT = 20  # seconds in which something must happen
BATCH = 16  # messages that go out before answers are looked at
SESSION_DELETED = 0xc0000203
HEADER = 64


class Failure(Exception):
    """The server did something that it must not."""


class Here:
    """The loopback of this machine, in the form of a client of smb2.py."""

    def __init__(self, address):
        self.server_addr = address

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def negotiate(dialects=(0x202, 0x210, 0x300, 0x302, 0x311)):
    """The body of a NEGOTIATE with all contexts."""
    body = struct.pack("<HHHHI16s", 36, len(dialects), 1, 0, 0x7f, GUID)
    contexts = [(1, struct.pack("<HHH", 1, 32, 1) + bytes(32)),
                (2, struct.pack("<H4H", 4, 2, 1, 4, 3)), (8, struct.pack("<H3H", 3, 2, 1, 0)),
                (3, struct.pack("<HHIH", 1, 0, 0, 1)), (5, "server".encode("utf-16-le"))]
    lists = struct.pack(f"<{len(dialects)}H", *dialects)
    offset = (64 + 36 + len(lists) + 7) // 8 * 8
    body += struct.pack("<IHH", offset, len(contexts), 0) + lists
    body += bytes(offset - 64 - len(body))
    for kind, data in contexts:
        body += bytes(-len(body) % 8) + struct.pack("<HHI", kind, len(data), 0) + data
    return body


def session_setup(token=b"NTLMSSP\0\1\0\0\0\x97\x82\x08\xe2" + bytes(24)):
    """The first leg of an authentication."""
    return struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 88, len(token), 0) + token


NTLM = b"NTLMSSP\0"
STRINGS = b"".join(struct.pack("<HHI", n, n, 88) for n in (24, 60, 8, 10, 8, 16))
# Tokens that the helper parses: MS-NLMP 2.2.1.1 and 2.2.1.3, RFC 4178 4.2.
TOKENS = (
    NTLM + b"\1\0\0\0\x97\x82\x08\xe2" + bytes(24),
    NTLM + struct.pack("<I", 3) + STRINGS + struct.pack("<I", 0xe2088297) + bytes(224),
    bytes.fromhex("604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a0428")
    + NTLM + b"\1\0\0\0\x97\x82\x08\xe2" + bytes(24),
    bytes.fromhex("a1073005a0030a0101"),
)


class Templates:
    """Valid bodies of all commands, for one session."""

    def __init__(self, s):
        name = "file".encode("utf-16-le")
        deep = "dir\\below:stream".encode("utf-16-le")
        # One of its own: others may have set any rights.
        fid = s.create(f"file{s.session:x}")
        folder = s.create("", access=smb2.GENERIC_READ, how=smb2.OPEN)
        contexts = b"".join(self.context(tag, data, last) for tag, data, last in (
            (b"MxAc", b"", False), (b"QFid", b"", False), (b"AlSi", bytes(8), False),
            (b"RqLs", bytes(32), False), (b"DH2Q", bytes(32), False),
            (b"ExtA", struct.pack("<IBBH", 0, 0, 1, 1) + b"e\0v", True)))
        create = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0xc0000000, 0, 7, 3, 0, 120,
                             len(name), 128, len(contexts)) + name + contexts
        plain = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0xc0000000, 0, 7, 3, 0, 120,
                            len(deep), 0, 0) + deep
        path = "\\\\host\\data".encode("utf-16-le")
        rename = struct.pack("<B7xQI", 1, 0, len(name)) + name
        chunk = fid + b"\0" * 8 + struct.pack("<IIQQII", 1, 0, 0, 100, 10, 0)
        self.all = [
            (smb2.NEGOTIATE, negotiate()), (smb2.SESSION_SETUP, session_setup()),
            (smb2.TREE_CONNECT, struct.pack("<HHHH", 9, 0, 72, len(path)) + path),
            (smb2.CREATE, create), (smb2.CREATE, plain),
            (smb2.CLOSE, struct.pack("<HHI16s", 24, 1, 0, bytes(16))),
            (smb2.FLUSH, struct.pack("<HHI16s", 24, 0, 0, fid)),
            (smb2.READ, struct.pack("<HBBIQ16sIIIHHB", 49, 0, 0, 4096, 0, fid, 0, 0, 0, 0, 0, 0)),
            (smb2.WRITE, struct.pack("<HHIQ16sIIHHI", 49, 112, 64, 0, fid, 0, 0, 0, 0, 0)
             + bytes(64)),
            (smb2.LOCK, s.lock_body(fid, (0, 10, 18), (20, 5, 18))),
            (smb2.LOCK, s.lock_body(fid, (0, 10, 4), (20, 5, 4))),
            (smb2.ECHO, struct.pack("<HH", 4, 0)),
            (smb2.QUERY_DIRECTORY, struct.pack("<HBBI16sHHI", 33, 37, 1, 0, folder, 96, 2, 4096)
             + b"*\0"),
            (smb2.CHANGE_NOTIFY, struct.pack("<HHI16sII", 32, 0, 4096, folder, 0xfff, 0)),
            (smb2.QUERY_INFO, self.query(fid, 1, 18)), (smb2.QUERY_INFO, self.query(fid, 1, 22)),
            (smb2.QUERY_INFO, self.query(fid, 1, 15)), (smb2.QUERY_INFO, self.query(fid, 2, 5)),
            (smb2.QUERY_INFO, self.query(fid, 3, 0, 7)),
            (smb2.SET_INFO, self.set(fid, 1, 4, bytes(40))),
            (smb2.SET_INFO, self.set(fid, 1, 10, rename)),
            (smb2.SET_INFO, self.set(fid, 1, 15, struct.pack("<IBBH", 0, 0, 1, 1) + b"e\0v")),
            (smb2.SET_INFO, self.set(fid, 1, 20, struct.pack("<Q", 100))),
            (smb2.SET_INFO, self.set(fid, 3, 0, self.descriptor(), 7)),
            (smb2.IOCTL, self.ioctl(fid, 0x900c4, b"")),
            (smb2.IOCTL, self.ioctl(fid, 0x980c8, struct.pack("<QQ", 0, 4096))),
            (smb2.IOCTL, self.ioctl(fid, 0x940cf, struct.pack("<QQ", 0, 4096))),
            (smb2.IOCTL, self.ioctl(fid, 0x140078, b"")),
            (smb2.IOCTL, self.ioctl(fid, 0x1440f2, chunk)),
            (smb2.IOCTL, self.ioctl(bytes([255] * 16), 0x1401fc, b"")),
            (smb2.IOCTL, self.ioctl(bytes([255] * 16), 0x60194, bytes(20))),
            (smb2.OPLOCK_BREAK, struct.pack("<HBBI16s", 24, 0, 0, 0, fid)),
            (smb2.OPLOCK_BREAK, struct.pack("<HHI16sIQ", 36, 0, 0, GUID, 0, 0)),
        ]

    @staticmethod
    def context(tag, data, last):
        """A create context with its padding."""
        out = struct.pack("<IHHHHI", 0, 16, 4, 0, 24 if data else 0, len(data)) + tag + bytes(4)
        out += data + bytes(-len(data) % 8)
        return out if last else struct.pack("<I", len(out)) + out[4:]

    @staticmethod
    def query(fid, kind, level, extra=0):
        """QUERY_INFO."""
        return struct.pack("<HBBIHHIII16s", 41, kind, level, 4096, 104, 0, 0, extra, 0, fid) + b"\0"

    @staticmethod
    def set(fid, kind, level, data, extra=0):
        """SET_INFO."""
        return struct.pack("<HBBIHHI16s", 33, kind, level, len(data), 96, 0, extra, fid) + data

    @staticmethod
    def ioctl(fid, code, data):
        """IOCTL."""
        return struct.pack("<HHI16sIIIIIIII", 57, 0, code, fid, 120, len(data), 0, 0, 0, 4096, 1,
                           0) + data

    @staticmethod
    def descriptor():
        """Owner, group and a DACL with one entry."""
        sid = struct.pack("<BB6sII", 1, 2, bytes([0, 0, 0, 0, 0, 22]), 1, 3000)
        acl = struct.pack("<BBHHH", 2, 0, 8 + 8 + len(sid), 1, 0) + struct.pack(
            "<BBHI", 0, 0, 8 + len(sid), 0x1f01ff) + sid
        return struct.pack("<BBHIIII", 1, 0, 0x8004, 20, 20 + len(sid), 0,
                           20 + 2 * len(sid)) + sid + sid + acl


class Attacker:
    """Sessions that are renewed when the server ends them."""

    def __init__(self, options):
        self.options, self.here = options, Here(options.address)
        self.session = self.templates = None
        self.waiting = []
        self.sent = self.logins = self.dropped = self.checked = self.greeted = 0
        self.look()

    def look(self):
        """Connect the other client."""
        self.watch = smb2.Smb2(self.here, "bob")
        self.watched = self.watch.create("watched")

    def fresh(self):
        """Make a new session."""
        if not self.session:
            self.session = smb2.Smb2(self.here)
            self.logins += 1
            self.templates = Templates(self.session).all
        return self.session

    def gone(self):
        """The server closed the connection or ended the session, as it may."""
        if self.session:
            self.session.end()
            self.dropped += 1
        self.session = None

    def alive(self):
        """Check that the other client is served."""
        self.flush()
        text = b"%016d" % self.sent
        self.watch.write(self.watched, text)
        if self.watch.read(self.watched, 16) != text:
            raise Failure("another client reads something else than it wrote")

    def shoot(self, make, about, alone=False):
        """Add a damaged message, encoded for the session in use when it is sent.

        Several are sent together; each must be answered, or the connection ends.
        """
        self.waiting.append((make, about))
        if alone or len(self.waiting) >= BATCH:
            self.flush()

    def flush(self):
        """Send the queue; if it ended the session, send each message in a session of its own."""
        waiting, self.waiting = self.waiting, []
        if not waiting or self.volley(waiting):
            pass
        elif len(waiting) > 1:
            for one in waiting:
                self.volley([one])
        if self.sent - self.checked >= 500:
            self.checked = self.sent
            self.alive()

    def volley(self, waiting):
        """Send messages; False if the session did not survive them."""
        s = self.fresh()
        ids, data = {}, b""
        for make, about in waiting:
            number = s.next_id
            message, whole = make()
            s.next_id += 1
            data += struct.pack(">I", len(message)) + message
            if whole:
                ids[number] = about
        self.sent += len(waiting)
        echo, s.next_id = s.next_id, s.next_id + 1
        ids[echo] = "ECHO behind " + waiting[-1][1]
        body = struct.pack("<HH", 4, 0)
        data += struct.pack(">I", HEADER + 4) + s.header(smb2.ECHO, echo) + body
        try:
            s.socket.settimeout(MESSAGE_LIMIT)
            s.socket.sendall(data)
            lives = answers(s.socket, ids)
        except TimeoutError as e:
            self.gone()
            raise Failure(f"silence after {list(ids.values())}: {data.hex()}") from e
        except OSError:
            lives = False
        if not lives:
            self.gone()
        return lives

    def message(self, command, body, **kw):
        """A whole message of the session."""
        s = self.fresh()
        return s.header(command, s.next_id, **kw) + body


def answers(conn, ids):
    """Wait for replies to all of these ids. False if the session or the connection ended."""
    data, lives = b"", True
    while ids:
        got = conn.recv(1 << 20)
        if not got:
            return False
        data += got
        while len(data) >= 4:
            length, = struct.unpack_from(">I", data)
            if len(data) < 4 + length:
                break
            if data[4:8] != b"\xfeSMB":
                raise Failure(f"an answer that is none: {data[:80].hex()}")
            lives = note_answers(data[4:4 + length], ids) and lives
            data = data[4 + length:]
    return lives


def note_answers(frame, ids):
    """Note the replies of a frame. False if one reports the end of the session."""
    at, lives = 0, True
    while True:
        status, = struct.unpack_from("<I", frame, at + 8)
        following, number = struct.unpack_from("<IQ", frame, at + 20)
        ids.pop(number, None)
        lives = lives and status != SESSION_DELETED
        if not following:
            return lives
        at += following

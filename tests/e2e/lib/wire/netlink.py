# SPDX-License-Identifier: GPL-2.0-only
"""Netlink, spoken by the test's own process: the server's family, and the kernel's interfaces.

A start of dittoctl or of ip takes longer than what tests ask of it. The server's commands and
attributes are called as in the specification: call(ns, 'SHARE_DEL', ('SHARE_NAME', 'data')).
"""
import contextlib
import errno
import ipaddress
import os
import re
import socket
import struct

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../..')
NETLINK_GENERIC, SOL_NETLINK, CAP_ACK, EXT_ACK = 16, 270, 10, 11
REQUEST, ACK, DUMP, DUMP_INTR = 1, 4, 0x300, 0x10
ERROR, DONE = 2, 3
NESTED = 1 << 15
CONTROL, GETFAMILY, FAMILY_ID, FAMILY_NAME = 16, 3, 1, 2
REASON = 1                      # in an acknowledgment: why not, for people
CREATE = 0x400
NEWLINK, NEWADDR, NEWROUTE = 16, 20, 24
LINK_NAME, LINK_INFO, LINK_NAMESPACE = 3, 18, 28
INFO_KIND, INFO_DATA, VETH_PEER = 1, 2, 1
ADDR_LOCAL, ADDR_PREFIX, ADDR_NODAD = 2, 1, 2
ROUTE_GATEWAY, MAIN, BY_BOOT, UNICAST = 5, 254, 3, 1
UP = 1


def _numbers():
    """The enums of the kernel's header."""
    out = {}
    with open(f'{TOP}/net/uapi/linux/ditto.h', encoding='ascii') as f:
        for body in re.findall(r'^enum \w*\s*{(.*?)^}', f.read(), re.S | re.M):
            number = -1
            for name, value in re.findall(r'^\t(\w+)(?: = (\d+))?,', body, re.M):
                number = int(value) if value else number + 1
                out[name] = number
    return out


def _options():
    """The options of shares that are numbers: owner, kind and the names of their values."""
    out = {}
    for owner, folder in (('core', 'fs/share'), ('nfs', 'fs/nfs'), ('smb', 'smb')):
        with open(f'{TOP}/{folder}/option_defs.h', encoding='ascii') as f:
            for kind, name, values in re.findall(
                    r'^OPTION\((\w+), "([^"]+)",(?: \w+,){4}\s*"([^"]*)"', f.read(), re.M):
                out[name] = (owner, kind, values.split('|'))
    return out


NUMBERS, OPTIONS = _numbers(), _options()


def attribute(number, value):
    if isinstance(value, str):
        value = value.encode() + b'\0'
    elif isinstance(value, int):
        value = struct.pack('=I', value)
    elif isinstance(value, list):
        value = b''.join(attribute(*pair) for pair in value)
        number |= NESTED
    return struct.pack('=HH', 4 + len(value), number) + value + bytes(-len(value) % 4)


def named(pairs):
    """Attributes by numbers, of names and values: a text, a number, bytes, or a list of pairs."""
    return [(NUMBERS[f'DITTO_A_{name}'], named(value) if isinstance(value, list) else value)
            for name, value in pairs]


def decode(data):
    """Attributes by number; the last of those that are repeated."""
    out = {}
    while len(data) >= 4:
        size, number = struct.unpack_from('=HH', data)
        out[number & ~NESTED] = data[4:size]
        data = data[size + 3 & ~3:]
    return out


class Reply:
    """Attributes of a message: its numbers, None for those that are not there."""

    def __init__(self, data):
        self.attrs = decode(data)

    def number(self, name):
        value = self.attrs.get(NUMBERS[f'DITTO_A_{name}'])
        return None if value is None else int.from_bytes(value, 'little')


def option(name, value):
    """The attribute of a share's option; a value is a bool, a name, or a list of names."""
    owner, kind, names = OPTIONS[name]
    if kind == 'ENUM':
        value = names.index(value)
    elif kind == 'FLAGS':
        value = sum(1 << names.index(one) for one in value)
    return 'SHARE_OPTION', [('SHARE_OPTION_NAME', name), ('SHARE_OPTION_OWNER', owner),
                            ('SHARE_OPTION_VALUE', int(value))]


def _exchange(sock, kind, flags, body, pairs=()):
    """Send a request; the messages of the answer, without netlink's header."""
    body += b''.join(attribute(*pair) for pair in pairs)
    sock.send(struct.pack('=IHHII', 16 + len(body), kind, REQUEST | ACK | flags, 1, 0) + body)
    out = []
    while True:
        got = sock.recv(1 << 18)
        while len(got) >= 16:
            size, kind = struct.unpack_from('=IH', got)
            if kind in (ERROR, DONE):
                code, = struct.unpack_from('=i', got, 16)
                if code < 0:
                    # behind the number, and of an error the request's header, stand attributes
                    said = decode(got[36 if kind == ERROR else 20:size]).get(REASON, b'')
                    name = errno.errorcode.get(-code, str(code))
                    raise OSError(-code, f'{name} {said.decode()}')
                return out
            out.append(got[16:size])
            got = got[size + 3 & ~3:]


@contextlib.contextmanager
def _socket(ns, protocol):
    with ns:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    with sock:
        sock.bind((0, 0))
        for one in (CAP_ACK, EXT_ACK):
            sock.setsockopt(SOL_NETLINK, one, 1)
        yield sock


def _generic(sock, family, command, flags, pairs):
    return [got[4:] for got in _exchange(sock, family, flags, struct.pack('=BBH', command, 1, 0),
                                         pairs)]


def call(ns, command, *pairs, dump=False):
    """Ask the server of a namespace; returns what it replies, with dump of all there are."""
    with _socket(ns, NETLINK_GENERIC) as sock:
        about = _generic(sock, CONTROL, GETFAMILY, 0, [(FAMILY_NAME, 'ditto')])[0]
        family, = struct.unpack('=H', decode(about)[FAMILY_ID])
        return [Reply(data) for data in _generic(
            sock, family, NUMBERS[f'DITTO_CMD_{command}'], DUMP if dump else 0, named(pairs))]


def datagram(family, *calls, dump=False):
    """Requests of the server's family, numbered from 1: each a command and its attributes."""
    out = b''
    for number, (command, *pairs) in enumerate(calls, 1):
        body = struct.pack('=BBH', NUMBERS[f'DITTO_CMD_{command}'], 1, 0)
        body += b''.join(attribute(*pair) for pair in named(pairs))
        flags = REQUEST | ACK | (DUMP if dump else 0)
        out += struct.pack('=IHHII', 16 + len(body), family, flags, number, 0) + body
    return out


@contextlib.contextmanager
def family_socket(ns):
    """A socket, and the number of the server's family."""
    with _socket(ns, NETLINK_GENERIC) as sock:
        about = _generic(sock, CONTROL, GETFAMILY, 0, [(FAMILY_NAME, 'ditto')])[0]
        yield sock, struct.unpack('=H', decode(about)[FAMILY_ID])[0]


def acknowledgments(sock, count):
    """The next ones, in their order: number of the request and errno, or 0."""
    out = []
    while len(out) < count:
        got = sock.recv(1 << 18)
        while len(got) >= 16:
            size, kind, _, number = struct.unpack_from('=IHHI', got)
            if kind == ERROR:
                out.append((number, -struct.unpack_from('=i', got, 16)[0]))
            got = got[size + 3 & ~3:]
    return out


def dump_interrupted(ns, command, meanwhile):
    """Dump in small parts, and do something behind the first; was the dump marked as interrupted?"""
    parts, flags, kind = 0, 0, None
    with _socket(ns, NETLINK_GENERIC) as sock:
        about = _generic(sock, CONTROL, GETFAMILY, 0, [(FAMILY_NAME, 'ditto')])[0]
        family, = struct.unpack('=H', decode(about)[FAMILY_ID])
    # the kernel makes parts as long as the longest buffer that the socket was ever read with
    with _socket(ns, NETLINK_GENERIC) as sock:
        body = struct.pack('=BBH', NUMBERS[f'DITTO_CMD_{command}'], 1, 0)
        sock.send(struct.pack('=IHHII', 16 + len(body), family, REQUEST | DUMP, 2, 0) + body)
        while kind != DONE:
            got = sock.recv(4096)
            if not parts:
                meanwhile()
            parts += 1
            while len(got) >= 16:
                size, kind, one = struct.unpack_from('=IHH', got)
                flags |= one
                got = got[size + 3 & ~3:]
    # the first two parts are made before the first is read
    assert parts > 2, f'{parts} parts'
    return bool(flags & DUMP_INTR)


# interfaces

def _link(index=0, flags=0):
    return struct.pack('=BxHiII', 0, 0, index, flags, flags)


def cable(ns, name, other, other_name):
    """Connect two namespaces by a pair of interfaces."""
    with open(other.files['net'], 'rb') as f, _socket(ns, socket.NETLINK_ROUTE) as sock:
        peer = _link() + attribute(LINK_NAME, other_name) + attribute(LINK_NAMESPACE, f.fileno())
        _exchange(sock, NEWLINK, CREATE, _link(), [
            (LINK_NAME, name),
            (LINK_INFO, [(INFO_KIND, 'veth'), (INFO_DATA, [(VETH_PEER | NESTED, peer)])])])


def bring_up(ns, name, addresses, gateway=None):
    """Give an interface its addresses, each with the length of its prefix, and start it."""
    with ns:
        index = socket.if_nametoindex(name)
    with _socket(ns, socket.NETLINK_ROUTE) as sock:
        for one in map(ipaddress.ip_interface, addresses):
            v6 = one.version == 6
            body = struct.pack('=BBBBI', socket.AF_INET6 if v6 else socket.AF_INET,
                               one.network.prefixlen, ADDR_NODAD if v6 else 0, 0, index)
            pairs = [(ADDR_LOCAL, one.ip.packed), (ADDR_PREFIX, one.ip.packed)]
            _exchange(sock, NEWADDR, CREATE, body, pairs)
        _exchange(sock, NEWLINK, 0, _link(index, UP))
        if gateway:
            body = struct.pack('=BBBBBBBBI', socket.AF_INET, 0, 0, 0, MAIN, BY_BOOT, 0, UNICAST, 0)
            _exchange(sock, NEWROUTE, CREATE, body,
                      [(ROUTE_GATEWAY, ipaddress.ip_address(gateway).packed)])

# SPDX-License-Identifier: GPL-2.0-only
"""Clients find the server: dittoctl announce writes what avahi-daemon tells those who ask."""
import os
import socket
import struct

from checks import eq, wait_for
from files import get, put
from harness import test
from processes import run

MDNS = ('224.0.0.251', 5353)
AVAHI = """
[server]
host-name=server
use-ipv6=no
enable-dbus=no
[publish]
publish-hinfo=no
publish-workstation=no
"""


def ask(w, name, kind=12):
    """The first answer to a client that asks all, as bytes; PTR is 12 (RFC 1035 section 3.2.2)."""
    labels = b''.join(bytes((len(part),)) + part.encode() for part in name.split('.'))
    query = struct.pack('>6H', 1, 0, 1, 0, 0, 0) + labels + struct.pack('>xHH', kind, 1)
    with w.client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(w.client.addr))
        s.settimeout(1)
        s.sendto(query, MDNS)
        try:
            return s.recvfrom(9000)[0]
        except TimeoutError:
            return b''


@test(server='ditto', smb=True)
def found_by_clients(w):
    """Services follow the listeners, with their ports, and end with them."""
    services = '/etc/avahi/services'
    path = f'{services}/ditto.service'
    run('mount', '-t', 'tmpfs', 'tmpfs', '/etc/avahi')
    try:
        os.makedirs(services)
        put('/etc/avahi/avahi-daemon.conf', AVAHI)
        w.server.ctl('announce', path)
        for part in (b'_smb._tcp', b'<port>445<', b'_nfs._tcp', b'<port>2049<', b'path=/',
                     b'_device-info._tcp'):
            assert part in get(path), part
        eq(w.server.ctl('announce'), get(path).decode())
        w.server_ns.spawn('avahi-daemon', '--no-drop-root', '--no-chroot', '--no-rlimits')
        wait_for('the service', lambda: b'\x06server' in ask(w, '_smb._tcp.local'), 30)
        wait_for('the other one', lambda: b'\x06server' in ask(w, '_nfs._tcp.local'), 30)
        for listener in w.server.json('listener', 'list'):
            w.server.ctl('listener', 'del', str(listener['id']))
        w.server.ctl('announce', path)
        eq(os.listdir(services), [])
        wait_for('the end', lambda: b'\x06server' not in ask(w, '_smb._tcp.local'), 30)
    finally:
        run('umount', '-l', '/etc/avahi')


@test(server='ditto', share=False, clients=0)
def not_announced_while_stopped(w):
    """A server that was stopped is not announced, whatever listeners it has."""
    s = w.server

    def announced():
        return '_nfs._tcp' in s.ctl('announce')
    s.helper_start('[listener nfs]\n')
    wait_for('the listener', announced)
    s.ctl('stop')
    s.ctl('listener', 'add', 'nfs')
    eq((len(s.json('listener', 'list')), announced()), (1, False))
    s.ctl('start')
    wait_for('the listener', announced)

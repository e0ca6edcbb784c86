# SPDX-License-Identifier: GPL-2.0-only
"""Clients find the server: dittoctl announce writes what avahi-daemon tells those who ask."""
import json
import os
import socket
import struct
import xml.dom.minidom

from checks import eq, wait_for
from files import get, put
from harness import test
from processes import run

# Names that XML cannot have: of ISO 8859-1, and with what is no character.
LATIN, UNKNOWN = os.fsdecode(b'caf\xe9'), 'x\uffff'
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


def texts(w, kind):
    """The strings of the TXT record of a service, as a client sees them; TXT is 16."""
    said = ask(w, f'server._{kind}._tcp.local', 16)
    at = 12
    for _ in range(2):          # the names of question and answer
        while said[at:at + 1] and not said[at] >= 0xc0 and said[at]:
            at += 1 + said[at]
        if not said[at:at + 1]:
            return []
        at += 2 if said[at] >= 0xc0 else 1
        at += 4
    at += 4
    end, out = at + 2 + int.from_bytes(said[at:at + 2], 'big'), []
    at += 2
    while at < end:
        out.append(said[at + 1:at + 1 + said[at]].decode())
        at += 1 + said[at]
    return out


@test(server='ditto', smb=True)
def disks_of_time_machine(w):
    """Shares of Time Machine are found as disks, with their names and identities."""
    s, services = w.server, '/etc/avahi/services'
    path = f'{services}/ditto.service'
    names = 'a, b', 'R&D <1>', LATIN, UNKNOWN
    for name in names:
        os.makedirs(w.path(name))
        if name == LATIN:
            ids = {x['name']: x['id'] for x in s.json('share', 'list')}
        s.ctl('share', 'add', name, w.path(name), 'time-machine', 'on', errors='replace')
    run('mount', '-t', 'tmpfs', 'tmpfs', '/etc/avahi')
    try:
        os.makedirs(services)
        put('/etc/avahi/avahi-daemon.conf', AVAHI)
        said = s.ctl('announce', path, errors='replace')
        assert 'a, b is not announced to Time Machine: a comma' in said, said
        eq(said.count('is not announced to Time Machine: its name is not UTF-8'), 2, said)
        warned = [json.loads(line)['warning'] for line in
                  s.ctl('announce', path, '--json', errors='replace').splitlines()]
        eq(sum('not announced' in line for line in warned), 3, warned)
        document = xml.dom.minidom.parseString(get(path))
        eq(document.documentElement.tagName, 'service-group')
        w.server_ns.spawn('avahi-daemon', '--no-drop-root', '--no-chroot', '--no-rlimits')
        disk = f'dk0=adVN=R&D <1>,adVF=0x82,adVU={ids["R&D <1>"]}'
        wait_for('the disk', lambda: sorted(texts(w, 'adisk')) == [disk, 'sys=adVF=0x100'], 30)
        wait_for('the device', lambda: texts(w, 'device-info') == ['model=RackMac'], 30)
        # the option follows the share while it is served
        s.ctl('share', 'set', 'data', 'time-machine', 'on')
        s.ctl('share', 'set', 'R&D <1>', 'time-machine', 'off')
        s.ctl('announce', path, errors='replace')
        wait_for('the other disk', lambda: any(x.startswith('dk0=adVN=data,')
                                               for x in texts(w, 'adisk')), 30)
        # a share that is for NFS only is no disk
        s.ctl('share', 'set', 'data', 'protocols', 'nfs')
        assert '_adisk' not in s.ctl('announce', errors='replace')
    finally:
        run('umount', '-l', '/etc/avahi')
        for name in names:
            s.ctl('share', 'del', name)


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

# SPDX-License-Identifier: GPL-2.0-only
"""The commands of Documentation/administration.md, word for word."""
import contextlib
import os
import re
import shutil

import daemons
from appliance import (IMAGE, SERVER, Hour, addresses, disk, keep_out, locked, sources,
                       still_mine)
from checks import eq, wait_for
from documents import blocks, known_blocks
from files import get, put
from harness import test
from machine import is_clean, machine
from processes import run
from servers import tool
from volumes import Volume

PAGE = 'Documentation/administration.md'
STATE = '/var/state.img'
# This kernel has no conntrack; what is not the first packet of a connection passes.
CHAIN = """table inet filter {
	chain input {
		type filter hook input priority 0; policy drop;
		iif lo accept
		tcp flags & (syn | ack) != syn accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
%s
	}
}
"""


@test(smb=True, locks=True)
def firewall(w):
    """The lines for nftables let clients of all protocols in, and nobody else."""
    lines, = blocks(PAGE, 'Firewall')
    os.chmod(w.export, 0o777)
    with w.server_ns:
        run('nft', '-f', '-', input=CHAIN % lines)
    mounts = w.client.mount(vers='3'), w.client.mount(vers='4.2'), w.client.mount_smb()
    for i, where in enumerate(mounts):
        put(f'{where}/f{i}', b'through')
        eq(get(w.path(f'f{i}')), b'through', where)
    said = w.client.run('rpcinfo', '-T', 'udp', w.client.server_addr, '100021', '4')
    assert 'ready and waiting' in said, said
    w.server.ctl('listener', 'add', 'nfs', 'port', '2050')
    p = w.client.run('timeout', '2', 'bash', '-c',
                     f'exec 3<>/dev/tcp/{w.client.server_addr}/2050', check=False)
    eq(p.returncode, 124, 'a port that is not named')
    w.server.ctl('listener', 'del', str(max(w.server.listeners())))
    with w.server_ns:
        run('nft', 'flush', 'ruleset')


@test(server='ditto', share=False, clients=0)
def several_files(w):
    """The commands of the page have a share of a file of its own served."""
    (text,), s = blocks(PAGE, 'Configuration in several files'), w.server
    state = f'{w.base}/state'
    for folder in (state, '/etc/ditto/ditto.conf.d'):
        os.makedirs(folder, exist_ok=True)
    try:
        with open(f'{w.base}/dittod.log', 'ab') as log:
            s.helper = s.ns.spawn(tool('dittod'), '-s', state, stdout=log, stderr=log)
        wait_for('a listener', lambda: s.json('listener', 'list'))
        s.ns.run('bash', '-ec', f'PATH={os.path.dirname(tool("dittoctl"))}:$PATH\n' +
                 text.replace('/srv/data', w.export))
        eq([(x['name'], x['path']) for x in s.json('share', 'list')], [('data', w.export)])
    finally:
        shutil.rmtree('/etc/ditto/ditto.conf.d')
    s.ctl('stop')


@contextlib.contextmanager
def holders(hour):
    """Mounts of the client, and files that they have locked, with the users who did that."""
    w, uid = hour.w, hour.alice()
    w.client.daemons = daemons.Daemons(w.client, f'{w.base}/client')
    base, users = f'{w.base}/c1', {'v3': uid, 'v42': uid, 'smb': 0}
    mounts = {'v3': hour.mount('nfs', f'{base}.3', 'vers=3'),
              'v42': hour.mount('nfs', f'{base}.42', 'vers=4.2'),
              'smb': hour.mount('cifs', f'{base}.smb')}
    files = {name: locked(f'{where}/of-{name}', users[name]) for name, where in mounts.items()}
    yield files, users
    for f in files.values():
        f.close()
    for where in mounts.values():
        w.client.umount(where)


def go_on(files, users, text):
    for name, f in files.items():
        wait_for(f'{name} goes on', lambda f=f, uid=users[name]: still_mine(f, uid, text), 90)


def installed(w, m, image):
    """A machine that has everything but a configuration; its disk is mounted when it starts."""
    hour = Hour(w, m)
    sources(m)
    m.boot()
    hour.install('systemctl')
    hour.alice()
    return hour, image


def switch_off(m, *images):
    """End a machine, and what it serves; its disks can be copied then."""
    m.kill()
    m.w.server.unload()
    for image in images:
        wait_for(f'{image} is free', lambda image=image: not run('losetup', '-j', image), 60)


@test(server='ditto', share=False, fs=None, timeout=420)
def restored(w):
    """A machine with nothing but the backup and the disk goes on with the clients of the first."""
    with addresses(w), contextlib.ExitStack() as stack:
        text = known_blocks(PAGE, 'Backup and restore', {'save': 'systemctl stop dittod',
                                                         'restore': 'systemctl stop ditto dittod'})
        kept, archive = f'{w.base}/kept', f'{w.base}/state.tgz'
        with machine(w) as m:
            hour, image = installed(w, m, disk(w, m))
            hour.shell('systemctl enable --now ditto')
            hour.share(hour.text['share'])
            hour.shell('chown alice /srv/data && dittoctl config save')
            held = stack.enter_context(holders(hour))
            hour.shell(text['save'])
            hour.serves()
            go_on(*held, b'two')
            shutil.copy(m.path('/root/ditto-state.tgz'), archive)
            switch_off(m, image)
            shutil.copy(image, kept)
        with machine(w, 'second') as m:
            shutil.rmtree('/etc/ditto', ignore_errors=True)
            image = disk(w, m)
            shutil.copy(kept, image)
            put(m.path('/etc/machine-id'), f'{"fedcba9876543210" * 2}\n')
            shutil.copy(archive, m.path('/root/ditto-state.tgz'))
            hour, _ = installed(w, m, image)
            # As the packages do. Its state and its key are not those of the backup.
            hour.shell('systemctl start ditto dittod')
            hour.serves()
            new = get(m.path('/var/lib/ditto/server-id'))
            hour.shell(text['restore'])
            hour.serves()
            assert get(m.path('/var/lib/ditto/server-id')) != new, 'the state of the backup'
            go_on(*held, b'three')
            keep_out(m, held[0])
            stack.close()
            m.power_off()
            is_clean(image)


@test(server='ditto', share=False, fs=None, timeout=420)
def another_machine(w):
    """A second machine takes the disk, the state and the address over, and clients keep locks."""
    text = known_blocks(PAGE, 'Another machine with the same disk',
                        {'fstab': '/dev/disk/by-label', 'units': 'systemctl disable',
                         'over': 'mount /var/lib/ditto'})
    fstab = text['fstab'].replace('/dev/disk/by-label/state', STATE)
    fstab = fstab.replace('/dev/disk/by-label/data', IMAGE).replace('noauto', 'noauto,loop')
    over = text['over'].replace('192.0.2.1/24', f'{SERVER}/24').replace('eth0', 'veth1')
    saved = f'{w.base}/saved'
    os.mkdir(saved)
    with addresses(w), contextlib.ExitStack() as stack:
        with machine(w) as m:
            disk(w, m)
            Volume(f'{w.base}/made', 'ext4', '64m', m.path(STATE)).umount()
            put(m.path('/etc/fstab'), fstab)
            hour, _ = installed(w, m, IMAGE)
            hour.shell('systemctl enable ditto')
            hour.shell(text['units'])
            enabled = m.run('systemctl', 'is-enabled', 'ditto', 'dittod', check=False)
            eq(enabled.stdout.split(), ['disabled'] * 2, 'units')
            # Without its line, dittod itself sees to the disk.
            hour.shell(re.sub('^(ip|mount /var).*', '', over, flags=re.M))
            m.run('findmnt', '/var/lib/ditto')
            hour.share(hour.text['share'])
            hour.shell('chown alice /srv/data && dittoctl config save')
            hour.serves()
            held = stack.enter_context(holders(hour))
            switch_off(m, *(m.path(image) for image in (IMAGE, STATE)))
            run('ip', 'address', 'del', f'{SERVER}/24', 'dev', 'veth1', ns=w.server_ns)
            for image in IMAGE, STATE:
                shutil.copy(m.path(image), f'{saved}/{os.path.basename(image)}')
            shutil.copytree(m.path('/etc/ditto'), f'{saved}/etc')
        with machine(w, 'second') as m:
            for image in IMAGE, STATE:
                shutil.copy(f'{saved}/{os.path.basename(image)}', m.path(image))
            os.makedirs(m.path('/srv/data'))
            put(m.path('/etc/fstab'), fstab)
            put(m.path('/etc/machine-id'), f'{"fedcba9876543210" * 2}\n')
            hour, _ = installed(w, m, IMAGE)
            hour.shell(text['units'])
            shutil.copytree(f'{saved}/etc', m.path('/etc/ditto'), dirs_exist_ok=True)
            hour.shell(over)
            hour.serves()
            go_on(*held, b'two')
            keep_out(m, held[0])
            stack.close()
            m.power_off()
            is_clean(m.path(IMAGE))

# SPDX-License-Identifier: GPL-2.0-only
"""The first hour of an administrator: the commands of the README, word for word."""
import re

import daemons
from appliance import (Hour, acts_as, addresses, disk, keep_out, locked, readable, sources,
                       still_mine)
from checks import eq, wait_for
from documents import blocks
from files import get, put
from harness import test
from machine import in_order, is_clean, machine
from servers import TOP


@test(server='ditto', share=False, fs=None, timeout=420)
def first_hour(w):
    """The README's commands serve a machine, which is then reloaded, switched off and started."""
    with machine(w) as m, addresses(w):
        image = disk(w, m)
        hour = Hour(w, m)
        sources(m)
        m.boot()
        hour.install()
        uid = hour.alice()
        hour.share(hour.text['share'])
        hour.shell(re.search(r'`(chown alice /srv/data)`', get(f'{TOP}/README.md').decode())[1])
        # With SMB the mount has one user, whom the server knows; on the client its files are root's.
        users = {'nfs': uid, 'cifs': 0, 'v3': uid, 'v42': uid, 'smb': 0}
        for kind in ('nfs', 'cifs'):
            with hour.mounted(kind) as where, acts_as(users[kind]):
                put(f'{where}/by-{kind}', kind)
        eq(hour.shell('cat /srv/data/by-nfs /srv/data/by-cifs'), 'nfscifs')
        hour.shell(hour.text['file'])
        hour.serves()

        w.client.daemons = daemons.Daemons(w.client, f'{w.base}/client')
        base = f'{w.base}/c1'
        mounts = {'v3': hour.mount('nfs', f'{base}.3', 'vers=3'),
                  'v42': hour.mount('nfs', f'{base}.42', 'vers=4.2'),
                  'smb': hour.mount('cifs', f'{base}.smb')}
        files = {name: locked(f'{where}/of-{name}', users[name])
                 for name, where in mounts.items()}
        keep_out(m, files)
        for command in ('systemctl reload ditto', 'systemctl restart dittod'):
            hour.shell(command)
            hour.serves()
            for name, f in files.items():
                eq(still_mine(f, users[name], b'two'), True, f'{name} after "{command}"')
            keep_out(m, files)

        m.power_off()
        in_order(m.said(), 'Stopped ditto.service', 'Unmounted srv-data.mount')
        is_clean(image)
        eq(w.server.json('share', 'list'), [])
        w.server.unload()
        m.boot()
        hour.serves()
        for name, f in files.items():
            wait_for(f'{name} goes on',
                     lambda f=f, uid=users[name]: still_mine(f, uid, b'three'), 60)
        wait_for('the grace ends', lambda: not w.server.grace()['active'], 120)
        keep_out(m, files)
        for f in files.values():
            f.close()
        eq(hour.shell('tail -qc 5 /srv/data/of-*'), 'three' * 3)

        # Clients wait for a server that was stopped; their locks end with it.
        hour.shell('systemctl stop ditto')
        eq((w.server.json('share', 'list'), hour.status()[0]), ([], 4))
        hour.shell('umount /srv/data && mount /srv/data && systemctl start ditto')
        hour.serves()
        for name, where in mounts.items():
            wait_for(f'{name} goes on', lambda where=where: readable(f'{where}/by-nfs'), 60)
        for where in mounts.values():
            w.client.umount(where)
        m.power_off()
        is_clean(image)


@test(server='ditto', share=False, fs=None, timeout=180)
def without_systemd(w):
    """The recipe for a machine without systemd serves at the first attempt."""
    with machine(w) as m, addresses(w):
        hour = Hour(w, m)
        sources(m)
        image = disk(w, m)
        m.start('sleep', 'infinity')
        hour.install('systemctl')
        hour.shell('mount -a && chown 3000 /srv/data')
        script, = blocks('Documentation/administration.md', 'Services')
        script = script.replace('dittod &', 'dittod >/tmp/log 2>&1 &')
        hour.shell(script)
        eq(hour.status()[0], 0, f'status: {hour.status()}')
        ids = [(x['name'], x['id']) for x in w.server.json('share', 'list')]
        with hour.mounted('nfs') as where, acts_as(3000):
            put(f'{where}/f', b'by NFS')
        eq(hour.shell('cat /srv/data/f'), 'by NFS')
        # Twice is as good as once.
        hour.shell('\n'.join(script.splitlines()[2:4]))
        eq([(x['name'], x['id']) for x in w.server.json('share', 'list')], ids)
        hour.shell('dittoctl stop && umount /srv/data')
        is_clean(image)

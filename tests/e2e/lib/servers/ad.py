# SPDX-License-Identifier: GPL-2.0-only
"""A domain of Active Directory beside a test's world; see ad_domain.py."""
import contextlib
import os
import re
import shutil
import subprocess

import harness
from ad_domain import (BASE, DC_HOST, DNS, DOMAIN, HOST, NUMBER, REALM, USERS, Controller, Files,
                       Machine, Member, etc, tree)
from checks import wait_for
from files import put
from gss import opened
from processes import as_user, run
from servers import tool
from volumes import MNT_DETACH, mount, umount

DENIED = 'NT_STATUS_ACCESS_DENIED'

LIBRARIES = '/usr/lib/x86_64-linux-gnu'


SSSD_CONF = f"""[sssd]
config_file_version = 2
services = nss
domains = {DNS}
[nss]
[domain/{DNS}]
id_provider = ad
access_provider = permit
ad_domain = {DNS}
ad_server = {DC_HOST}
ad_hostname = {HOST}
ad_enable_gc = false
krb5_keytab = %(dir)s/keytab
ldap_sasl_authid = SERVER1$
dyndns_update = false
use_fully_qualified_names = true
enumerate = false
entry_cache_timeout = 5
"""


class Sssd(Machine):
    """The server as a member of the domain by SSSD."""

    def __init__(self, ns, folder):
        super().__init__(ns, folder, '', '/run/samba')
        self.conf = put(f'{folder}/sssd.conf', SSSD_CONF % {'dir': folder}, 0o600)

    def start(self):
        for name in ('db', 'mc', 'pipes/private', 'pubconf/krb5.include.d', 'gpo_cache',
                     'deskprofile', 'secrets', 'keytabs'):
            os.makedirs(f'/var/lib/sss/{name}', exist_ok=True)
        os.makedirs('/var/log/sssd', exist_ok=True)
        self.spawn('sssd', '-i', '-d', '0x0070', '--logger=stderr', '-c', self.conf)
        wait_for('SSSD knows the domain', lambda: not run(
            'getent', 'passwd', f'anna@{REALM}', check=False).returncode, 120)

    def stop(self):
        super().stop()
        shutil.rmtree('/var/lib/sss')


class Domain:
    """The domain, its controller running; the server joins it by join_winbind()."""

    def __init__(self, world):
        self.world, self.files, self.member, self.gssd = world, Files(), None, None
        self.listeners = world.server.conf.removeprefix('[server]\n')
        kept = f'{tree()}/domain.tar'
        os.makedirs(BASE, exist_ok=True)
        mount('ad', BASE, 'tmpfs', 0, 'mode=755')
        run('tar', '-C', BASE, '-xf', kept)
        with world.server_ns:
            put('/proc/sys/net/ipv4/ip_forward', '1')
        # winbind answers slowly while it gets to know the controller
        world.server.ctl('server', 'set', 'upcall-ms', '15000')
        self.machine = harness.Client(world, NUMBER)
        etc(self.files, f'{BASE}/server/keytab')
        self.controller = Controller(self.machine, f'{BASE}/dc')
        self.controller.start()

    def join_winbind(self, conf='identity = winbind local'):
        """Start winbind with what it got when it joined, and the helper with these lines."""
        for name in ('libnss_winbind.so.2',):
            shutil.copy(f'{tree()}{LIBRARIES}/{name}', f'{LIBRARIES}/{name}')
        self.member = Member(self.world.server_ns, f'{BASE}/server')
        self.member.start()
        self.helper(conf)

    def join_sssd(self, conf='identity = sssd local'):
        """The same with SSSD, and the key that the server got when it joined."""
        for name in ('libnss_sss.so.2', 'libsss_nss_idmap.so.0'):
            shutil.copy(f'{tree()}{LIBRARIES}/{name}', f'{LIBRARIES}/{name}')
        etc(self.files, f'{BASE}/server/keytab', 'files sss')
        self.member = Sssd(self.world.server_ns, f'{BASE}/server')
        self.member.start()
        self.helper(conf)

    def helper(self, conf):
        """Start the helper again, with these lines for [server]."""
        server = self.world.server
        server.helper_stop()
        os.environ['KRB5_CONFIG'] = '/etc/krb5.conf'
        server.helper_start(f'[server]\n{conf}\n{self.listeners}')

    @staticmethod
    def uid(user):
        """The number of a user's account on the server."""
        return int(run('getent', 'passwd', f'{user}@{REALM}').split(':')[2])

    def login(self, client, user, password=None):
        """Get a ticket for a user on a client; returns the path of its cache."""
        cache = f'{BASE}/cache-{user}-{len(os.listdir(BASE))}'
        p = client.run('kinit', '-c', cache, f'{user}@{REALM}', check=False,
                       input=f'{password or USERS[user]}\n')
        if p.returncode:
            raise AssertionError(f'kinit {user}: {p.stdout}')
        return cache

    def smb(self, client, who, command, *args, share='data'):
        """Output of smbclient; who: a cache of tickets, or DOMAIN\\user%password."""
        auth, env = ('-U', who), os.environ
        if who.startswith('/'):
            auth = ('--use-kerberos=required', f'--use-krb5-ccache={who}')
            env = dict(env, KRB5CCNAME=who)
        return client.run('smbclient', '-s', '/dev/null', f'//{HOST}/{share}', *auth, *args,
                          '-c', command, check=False, env=env).stdout

    def smbcacls(self, user, name, *args):
        """Show or change a list as a user."""
        return self.world.client.run('smbcacls', '-s', '/dev/null', '-U', self.password(user),
                                     f'//{HOST}/data', name, *args)

    @staticmethod
    def password(user):
        """The arguments of smb() for a login by NTLM."""
        return f'{DOMAIN}\\{user}%{USERS[user]}'

    def mount_nfs(self, where=None):
        """Mount the share on the first client, which has rpc.gssd and a key of its own."""
        client, base = self.world.client, f'{BASE}/client1'
        if not self.gssd:
            os.makedirs(f'{base}/pipes')
            os.makedirs(f'{base}/tickets', mode=0o1777)
            os.chmod(self.world.base, 0o755)
            with client:
                mount('rpc_pipefs', f'{base}/pipes', 'rpc_pipefs')
            with open(f'{self.world.base}/gssd.log', 'ab') as log:
                self.gssd = client.spawn('rpc.gssd', '-f', '-vv', '-p', f'{base}/pipes', '-k',
                                         f'{base}.keytab', '-d', f'{base}/tickets', stdout=log,
                                         stderr=subprocess.STDOUT)
            wait_for('rpc.gssd', lambda: opened(self.gssd.pid, f'{base}/pipes/gssd/'))
        where = where or f'{self.world.base}/c{client.number}.{len(client.mounts)}'
        os.makedirs(where, exist_ok=True)
        with client:
            mount(f'{HOST}:/data', where, 'nfs', 0,
                  f'vers=4.1,sec=krb5,{client._options4()}')
        client.mounts.append(where)
        return where

    def ticket(self, user):
        """Log a user in on the first client; returns the number that finds the ticket there."""
        uid, cache = self.uid(user), self.login(self.world.client, user)
        os.chown(cache, uid, uid)
        os.rename(cache, f'{BASE}/client1/tickets/krb5cc_{uid}')
        return uid

    def stop(self):
        if self.gssd:
            self.gssd.terminate()
            self.gssd.wait()
            umount(f'{BASE}/client1/pipes')
        if self.member:
            self.member.stop()
        self.controller.stop()
        self.machine.remove()
        self.files.restore()
        umount(BASE, MNT_DETACH)


def owner_of_new(domain, who, name, tries=5):
    """The owner of a file that a login makes; the error if it is refused.

    A login is tried again if the domain does not answer in time: winbind begins without a cache.
    So is a file, for which the server does not wait until a helper that has just been started knows
    all of its user.
    """
    w, refused = domain.world, None
    for _ in range(tries):
        out = domain.smb(w.client, who, f'put {put(f"{w.base}/new", b"x")} {name}')
        if 'putting file' in out:
            return os.stat(w.path(name)).st_uid
        refused = re.search(r'NT_STATUS_\w+', out)
        if refused and refused[0] not in ('NT_STATUS_NO_LOGON_SERVERS',
                                          'NT_STATUS_FILE_NOT_AVAILABLE'):
            break
    return refused[0] if refused else out


def why_refused(w, who):
    """The helper's answer about a name without a login."""
    return w.server_ns.run(tool('dittod'), '-c', f'{w.base}/ditto.conf', '--map-user', who,
                           check=False).stdout


def may_write(domain, mounted, name, uids):
    """Those of the users who can make a file in a directory: by SMB, by NFS."""
    out = {}
    for user, uid in uids.items():
        by_smb = owner_of_new(domain, domain.login(domain.world.client, user),
                              f'{name}/{user}-by-smb')

        def make(path=f'{mounted}/{name}/{user}-by-nfs'):
            with contextlib.suppress(PermissionError):
                put(path)
        as_user(uid, make)
        path = domain.world.path(f'{name}/{user}-by-nfs')
        out[user] = by_smb, os.stat(path).st_uid if os.path.exists(path) else DENIED
    return out

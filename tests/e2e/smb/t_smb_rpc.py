# SPDX-License-Identifier: GPL-2.0-only
"""Accounts and domains as remote calls tell them: lsarpc and samr, asked by Samba's rpcclient."""
import os
import re

from impacket.dcerpc.v5 import lsad, lsat, srvs, transport
from impacket.dcerpc.v5.dtypes import NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.smb3structs import SMB2_DIALECT_21
from impacket.smbconnection import SMBConnection, SessionError

import smb
from checks import eq, wait_for
from harness import test
from identity_config import administrate
from smb_compound import write
from smbraw import link
from srvsvc import Srvsvc

MACHINE_DOMAIN = re.compile(r'S-1-5-21-\d+-\d+-\d+')


class Rpc:
    """rpcclient as a user, one command line each time."""

    def __init__(self, client, user='alice'):
        self.client = client
        self.auth = ['-N', '-U', '%'] if user is None else ['-U', f'{user}%{smb.USERS[user]}']

    def ask(self, *commands):
        p = self.client.run('rpcclient', '-s', '/dev/null', *self.auth, self.client.server_addr,
                            '-c', ';'.join(commands), check=False)
        return p.stdout


def has(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f'no {part!r} in\n{text}')


def rid(uid):
    return 1000 + 2 * uid


def machine(rpc):
    """SID of the server as a domain."""
    return MACHINE_DOMAIN.search(rpc.ask('lsaquery 5')).group()


@test(smb=True)
def names_and_sids(w):
    with w.client:
        rpc = Rpc(w.client)
        uid = smb.UIDS['alice']
        has(rpc.ask('lookupnames alice bob nobody_knows Everyone BUILTIN\\\\Administrators'),
            f'alice S-1-22-1-{uid} (User: 1)', f'bob S-1-22-1-{uid + 1} (User: 1)',
            'Everyone S-1-1-0 (Well-known Group: 5)', 'S-1-5-32-544 (Local Group: 4)')
        own = machine(rpc)
        out = rpc.ask(f'lookupsids S-1-22-1-{uid} S-1-22-2-{uid} S-1-5-32-545 S-1-5-18 {own}-513 '
                      f'{own}-{rid(uid)} S-1-5-21-1-2-3-4')
        has(out, f'S-1-22-1-{uid} Unix User\\alice (1)', f'S-1-22-2-{uid} Unix Group\\alice (2)',
            'S-1-5-32-545 BUILTIN\\Users (4)', 'S-1-5-18 NT AUTHORITY\\SYSTEM (5)',
            '\\None (2)', f'{own}-{rid(uid)} ', 'S-1-5-21-1-2-3-4 *unknown*\\*unknown* (8)')
        has(rpc.ask('lookupsids S-1-5-21-1-2-3-4', 'getusername', 'enumprivs', 'dsroledominfo'),
            'S-1-5-21-1-2-3-4 *unknown*', 'Account Name: alice', 'SeTakeOwnershipPrivilege',
            'Machine Role = [2]')


@test(smb=True)
def description_of_the_machine(w):
    """The configuration names the work group and describes the machine."""
    with w.client:
        rpc = Rpc(w.client)
        has(rpc.ask('lsaquery', 'srvinfo'), 'Domain Name: WORKGROUP', 'Ditto')
        w.server.reload(f'[server]\nworkgroup = OFFICE\nserver-string = Files of us\n{w.server.conf}')
        wait_for('the new names', lambda: 'Domain Name: OFFICE' in rpc.ask('lsaquery'))
        has(rpc.ask('srvinfo', 'wkssvc_wkstagetinfo'), 'Files of us')
        w.server.reload(f'[server]\nserver-string =\n{w.server.conf}')
        wait_for('the usual name', lambda: 'Domain Name: WORKGROUP' in rpc.ask('lsaquery'))
        eq('Ditto' in rpc.ask('srvinfo'), False)


@test(smb=True)
def accounts_of_the_machine(w):
    with w.client:
        rpc = Rpc(w.client)
        uid = smb.UIDS['alice']
        own = machine(rpc)
        user, group = f'{rid(uid):#x}', f'{rid(uid) + 1:#x}'
        out = rpc.ask('enumdomains', 'enumdomusers', 'enumdomgroups', 'enumalsgroups domain',
                      'enumalsgroups builtin')
        has(out, '[Builtin]', *(f'user:[{n}] rid:[{rid(u):#x}]' for n, u in smb.UIDS.items()),
            'group:[None] rid:[0x201]', f'group:[alice] rid:[{group}]',
            'group:[Administrators] rid:[0x220]', 'group:[Users] rid:[0x221]')
        eq('[root]' in out, False)
        has(rpc.ask(f'queryuser {user}', 'queryuser nobody_knows'), 'User Name   :\talice',
            f'user_rid :\t{user}', 'group_rid:\t0x201', 'NT_STATUS_NONE_MAPPED')
        has(rpc.ask('querygroup 0x201', 'querygroupmem 0x201', f'queryusergroups {user}'),
            'Group Name:\tNone', f'rid:[{user}]', 'group rid:[0x201]')
        has(rpc.ask(f'queryuseraliases domain {own}-{rid(uid)}', f'queryaliasmem domain {group}'),
            f'group rid:[{group}]', f'{own}-{rid(uid)}')
        has(rpc.ask('querydominfo', 'querydispinfo', 'getdompwinfo', 'samquerysecobj'),
            'Server Role:', 'Account: alice', 'min_password_length: 0', 'S-1-5-32-544')
        has(rpc.ask('samlookupnames domain alice bob', f'samlookuprids domain {user}',
                    'samlookupnames domain alice nobody_knows'),
            f'name alice: {user} (1)', f'rid {user}: alice (1)', 'SOME_UNMAPPED')


@test(smb=True)
def accounts_are_not_changed(w):
    with w.client:
        rpc = Rpc(w.client)
        for command in ('createdomuser mallory', 'createdomgroup mallory', 'deletedomuser alice'):
            has(rpc.ask(command), 'NT_STATUS_ACCESS_DENIED')
        has(rpc.ask('enumdomusers'), 'user:[alice]')


@test(smb=True)
def nobody_sees_no_account(w):
    """A client that gave no name is told no account, even if it may log in."""
    w.server.ctl('server', 'set', 'restrict-anonymous', 'off')
    with w.client:
        rpc = Rpc(w.client, None)
        out = rpc.ask('getusername', 'lookupnames alice', 'enumdomusers')
        has(out, 'ANONYMOUS LOGON', 'NT_STATUS_ACCESS_DENIED')
        eq('S-1-22' in out or '[alice]' in out, False)


@test(smb=True)
def sessions_of_others(w):
    """Administrators see and end what others have open. Others see their own sessions only."""
    administrate(w, 'alice')
    os.chmod(w.path(), 0o777)
    with w.client, link(w.client, user='bob') as s:
        fid = s.create('opened')
        admin, user = Srvsvc(w.client, 'alice'), Srvsvc(w.client, 'carol')
        bob = ('bob', w.client.addr)
        for level in (1, 2, 10, 502):
            eq(sorted(name for name, _ in admin.sessions(level)), ['alice', 'bob', 'carol'])
            eq(bob in admin.sessions(level), True)
        eq(admin.sessions(0), [(w.client.addr,)] * 3)
        eq(admin.sessions(10, user='bob\0'), [bob])
        eq(admin.result(srvs.hNetrSessionEnum, '\\\\192.0.2.99\0', NULL, 10), 2312)
        eq(admin.result(srvs.hNetrSessionEnum, NULL, 'mallory\0', 10), 2221)

        path = 'C:' + w.path('opened').replace('/', '\\')
        number = admin.files()[path]
        eq(admin.files(path + '\0'), {path: number})
        info = srvs.hNetrFileGetInfo(admin.dce, number, 3)['InfoStruct']['FileInfo3']
        eq((info['fi3_username'][:-1], info['fi3_permissions']), ('bob', 7))
        eq(len(srvs.hNetrConnectionEnum(admin.dce, 'data\0', 1)['InfoStruct']['ConnectInfo']
               ['Level1']['Buffer']), 1)
        eq(admin.result(srvs.hNetrShareGetInfo, 'data\0', 502), 0)

        eq(user.sessions(10), [('carol', w.client.addr)])
        for call, *args in ((srvs.hNetrSessionEnum, NULL, NULL, 502),
                            (srvs.hNetrFileEnum, NULL, NULL, 3),
                            (srvs.hNetrFileGetInfo, number, 3), (srvs.hNetrFileClose, number),
                            (srvs.hNetrSessionDel, NULL, 'bob\0'),
                            (srvs.hNetrConnectionEnum, 'data\0', 1),
                            (srvs.hNetrShareGetInfo, 'data\0', 502)):
            eq(user.result(call, *args), 5, call)

        eq(admin.result(srvs.hNetrFileClose, number ^ 1), 2314)
        eq(admin.result(srvs.hNetrFileClose, number), 0)
        eq(s.status(*write(fid, b'x')), 'FILE_CLOSED')
        eq(path in admin.files(), False)
        eq(admin.result(srvs.hNetrSessionDel, NULL, NULL), 87)
        eq(admin.result(srvs.hNetrSessionDel, '\\\\' + w.client.addr + '\0', 'bob\0'), 0)
        wait_for('the end of the session', lambda: bob not in admin.sessions(10))
        # an administrator's own session ends, too, though its call waits for that
        with link(w.client, user='bob') as s:
            try:
                admin.result(srvs.hNetrSessionDel, NULL, 'alice\0')
            except SessionError:
                pass
            eq(s.echo(), 'SUCCESS')
            again = Srvsvc(w.client, 'alice')
            eq(sorted(name for name, _ in again.sessions(10)), ['alice', 'bob', 'carol'])


@test(smb=True)
def files_of_others_by_net(w):
    """Samba's net lists and closes what others have open."""
    administrate(w, 'alice')
    os.chmod(w.path(), 0o777)

    def net(*args):
        return w.client.run('net', '-s', '/dev/null', 'rpc', 'file', *args, '-S',
                            w.client.server_addr, '-U', f'alice%{smb.USERS["alice"]}',
                            check=False).stdout
    with w.client, link(w.client, user='bob') as s:
        fid = s.create('opened')
        line, = [line for line in net().splitlines() if line.endswith('\\opened')]
        number, user = line.split()[:2]
        eq(user, 'bob')
        net('close', number)
        eq(s.status(*write(fid, b'x')), 'FILE_CLOSED')


@test(smb=True)
def many_names_at_once(w):
    """The largest number of SIDs of a call gets an answer in many fragments."""
    with w.client:
        addr = w.client.server_addr
        conn = SMBConnection(addr, addr, preferredDialect=SMB2_DIALECT_21)
        conn.login('alice', smb.USERS['alice'])
        dce = transport.SMBTransport(addr, filename=r'\lsarpc', smb_connection=conn).get_dce_rpc()
        dce.connect()
        dce.bind(lsat.MSRPC_UUID_LSAT)
        policy = lsad.hLsarOpenPolicy2(dce)['PolicyHandle']
        known = f'S-1-22-1-{smb.UIDS["alice"]}'
        for count in (1000, 1001):
            sids = [f'S-1-5-21-1234567890-1234567891-1234567892-{n}' for n in range(count - 1)]
            try:
                lsat.hLsarLookupSids(dce, policy, [known, *sids])
            except DCERPCException as e:
                status, answer = e.get_error_code(), e.get_packet()
            eq(status, 0x107 if count == 1000 else 0xc000000d)
            names = answer['TranslatedNames']['Names']
            eq(len(names), count if count == 1000 else 0)
            if count == 1000:
                eq((names[0]['Name'], names[-1]['Name']), ('alice', sids[-1]))
        # the pipe goes on
        answer = lsat.hLsarLookupSids(dce, policy, [known])
        eq(answer['TranslatedNames']['Names'][0]['Name'], 'alice')

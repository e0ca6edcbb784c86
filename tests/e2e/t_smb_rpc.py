# SPDX-License-Identifier: GPL-2.0-only
"""Accounts and domains as remote calls tell them: lsarpc and samr, asked by Samba's rpcclient."""
import re

import smb
from harness import eq, test

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

# SPDX-License-Identifier: GPL-2.0-only
"""Remote calls of the server service (MS-SRVS)."""
from impacket.dcerpc.v5 import srvs, transport
from impacket.dcerpc.v5.dtypes import DWORD, LPBYTE, NULL
from impacket.dcerpc.v5.ndr import NDRPOINTER, NDRSTRUCT
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.smb3structs import SMB2_DIALECT_21
from impacket.smbconnection import SMBConnection

import smb


# Access-based enumeration, and encryption (MS-SRVS section 2.2.4.29).
DFS, DFS_ROOT, ACCESS_BASED, ENCRYPT = 0x1, 0x2, 0x800, 0x8000
ANY_NUMBER = 0xffffffff


class ShareInfo1501(NDRSTRUCT):
    """MS-SRVS section 2.2.4.31; impacket's own has no pointer."""
    structure = (('shi1501_reserved', DWORD), ('shi1501_security_descriptor', LPBYTE))


class ShareInfo1501Pointer(NDRPOINTER):
    referent = (('Data', ShareInfo1501),)


srvs.SHARE_INFO.union = {**srvs.SHARE_INFO.union, 1501: ('ShareInfo1501', ShareInfo1501Pointer)}


def share_info(level, **fields):
    """A SHARE_INFO structure; what it has and is not said is nothing."""
    info = ShareInfo1501() if level == 1501 else getattr(srvs, f'SHARE_INFO_{level}')()
    key = f'shi{level}_'
    for name, *_ in info.structure:
        name = name[len(key):]
        value = fields.get(name, 0)
        if name in ('netname', 'remark', 'path'):
            value = fields.get(name, '') + '\0'
        elif name in ('passwd', 'servername'):
            value = NULL
        elif name == 'max_uses':
            value = fields.get(name, ANY_NUMBER)
        elif name == 'reserved':
            value = len(fields.get('security_descriptor', b''))
        elif name == 'security_descriptor':
            value = fields.get(name, NULL)
        info[key + name] = value
    return info


def windows_path(path):
    return 'C:' + path.replace('/', '\\')


class Srvsvc:
    """The pipe srvsvc, spoken to by impacket."""

    def __init__(self, client, user):
        addr = client.server_addr
        self.smb = SMBConnection(addr, addr, preferredDialect=SMB2_DIALECT_21)
        self.smb.login(user, smb.USERS[user])
        pipe = transport.SMBTransport(addr, filename=r'\srvsvc', smb_connection=self.smb)
        self.dce = pipe.get_dce_rpc()
        self.dce.connect()
        self.dce.bind(srvs.MSRPC_UUID_SRVS)

    def result(self, call, *args):
        """The error of a call; 0 if there is none."""
        try:
            call(self.dce, *args)
        except DCERPCException as e:
            return e.get_error_code()
        return 0

    def sessions(self, level, client=NULL, user=NULL):
        """(user, client) of each session; the client alone at level 0."""
        info = srvs.hNetrSessionEnum(self.dce, client, user, level)['InfoStruct']['SessionInfo']
        key = f'sesi{level}_'
        return [tuple(e[key + f][:-1] for f in ('username', 'cname') if level or f == 'cname')
                for e in info[f'Level{level}']['Buffer']]

    def files(self, base=NULL):
        """{path: number}"""
        info = srvs.hNetrFileEnum(self.dce, base, NULL, 3)['InfoStruct']['FileInfo']
        return {e['fi3_path_name'][:-1]: e['fi3_id'] for e in info['Level3']['Buffer']}

    # shares
    def share_add(self, name, path, level=2, **fields):
        """Returns the error."""
        return self.result(srvs.hNetrShareAdd, level,
                           share_info(level, netname=name, path=windows_path(path), **fields))

    def share_set(self, name, level, **fields):
        """Returns the error."""
        return self.result(srvs.hNetrShareSetInfo, name + '\0', level, share_info(level, **fields))

    def share_del(self, name):
        """Returns the error."""
        return self.result(srvs.hNetrShareDel, name + '\0')

    def share(self, name, level=502):
        """{field: value}"""
        info = srvs.hNetrShareGetInfo(self.dce, name + '\0', level)['InfoStruct']
        info, key = info[f'ShareInfo{level}'], f'shi{level}_'
        out = {n[len(key):]: info[n] for n, *_ in info.structure}
        return {n: v[:-1] if isinstance(v, str) else v for n, v in out.items()}

    def shares(self, level=1):
        """The names of the shares that are listed."""
        info = srvs.hNetrShareEnum(self.dce, level)['InfoStruct']['ShareInfo']
        return sorted(e[f'shi{level}_netname'][:-1] for e in info[f'Level{level}']['Buffer'])

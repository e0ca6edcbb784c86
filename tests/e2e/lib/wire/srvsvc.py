# SPDX-License-Identifier: GPL-2.0-only
"""Remote calls of the server service (MS-SRVS)."""
from impacket.dcerpc.v5 import srvs, transport
from impacket.dcerpc.v5.dtypes import NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.smb3structs import SMB2_DIALECT_21
from impacket.smbconnection import SMBConnection

import smb


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

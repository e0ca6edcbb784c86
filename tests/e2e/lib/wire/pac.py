# SPDX-License-Identifier: GPL-2.0-only
"""PACs of Kerberos tickets (MS-PAC): written into tickets by the key of the server.

MIT's KDC knows no domain, so that it has no SIDs to tell. It could be any domain controller that
did, because the server's key is all that a server can check.
"""
import calendar
import struct
import time

from impacket.krb5 import asn1, crypto
from impacket.krb5.ccache import CCache
from impacket.krb5.keytab import Keytab
from pyasn1.codec.der import decoder, encoder
from pyasn1.type.univ import noValue

from kdc import HOST, REALM

LOGON_INFO, SERVER_CHECKSUM, KDC_CHECKSUM, CLIENT_INFO = 1, 6, 7, 10
AD_IF_RELEVANT, AD_WIN2K_PAC = 1, 128
# Key usage numbers: RFC 4120 section 7.5.1, MS-PAC section 2.8.
USAGE_TICKET, USAGE_PAC = 2, 17
# Checksums of the same keys: RFC 3962 section 7.
CHECKSUMS = {17: 15, 18: 16}
# Mandatory, enabled by default, enabled.
ATTRIBUTES = 7


def split(sid):
    domain, rid = sid.rsplit('-', 1)
    return domain, int(rid)


def sid_ndr(text):
    """RPC_SID (MS-DTYP section 2.4.2.3)."""
    authority, *subs = [int(part) for part in text.split('-')[2:]]
    return (struct.pack('<IBB', len(subs), 1, len(subs)) + authority.to_bytes(6, 'big')
            + struct.pack(f'<{len(subs)}I', *subs))


def groups_ndr(rids):
    return struct.pack('<I', len(rids)) + b''.join(struct.pack('<II', r, ATTRIBUTES) for r in rids)


def logon_info(user, groups=(), extra=(), resource=()):
    """KERB_VALIDATION_INFO (MS-PAC section 2.5): SIDs of the user, and of three kinds of groups."""
    domain, rid = split(user)
    refs, tail = iter(range(0x20004, 0x30000, 4)), b''

    def pointer(there, what):
        nonlocal tail
        if not there:
            return struct.pack('<I', 0)
        tail += what
        return struct.pack('<I', next(refs))

    rids = [split(group)[1] for group in groups]
    name = struct.pack('<HHI', 0, 0, 0)
    out = struct.pack('<6Q', *[0] * 6) + name * 6 + struct.pack('<HHII', 0, 0, rid, 513)
    out += struct.pack('<I', len(rids)) + pointer(rids, groups_ndr(rids))
    out += struct.pack('<I16x', 0x220) + name * 2 + pointer(True, sid_ndr(domain))
    out += struct.pack('<8xII2QII', 0x210, 0, 0, 0, 0, 0)
    array = struct.pack('<I', len(extra))
    array += b''.join(struct.pack('<II', 0x30000 + 4 * i, ATTRIBUTES) for i in range(len(extra)))
    out += struct.pack('<I', len(extra))
    out += pointer(extra, array + b''.join(sid_ndr(sid) for sid in extra))
    rids = [split(group)[1] for group in resource]
    out += pointer(rids, sid_ndr(split(resource[0])[0]) if rids else b'')
    out += struct.pack('<I', len(rids)) + pointer(rids, groups_ndr(rids))
    out = struct.pack('<I', 0x20000) + out + tail
    out += bytes(-len(out) % 8)
    # MS-RPCE section 2.2.6
    return struct.pack('<BBHIII', 1, 0x10, 8, 0xcccccccc, len(out), 0) + out


def pac(key, name, authtime, info, sign=True):
    """A PAC with its signatures (MS-PAC sections 2.3, 2.7, 2.8)."""
    checksum = crypto._checksum_table[CHECKSUMS[key.enctype]]  # pylint: disable=protected-access
    empty = struct.pack('<I', CHECKSUMS[key.enctype]) + bytes(checksum.macsize)
    text = name.encode('utf-16-le')
    client = struct.pack('<QH', (authtime + 11644473600) * 10000000, len(text)) + text
    buffers = [(LOGON_INFO, info), (CLIENT_INFO, client), (SERVER_CHECKSUM, empty),
               (KDC_CHECKSUM, empty)]
    head, body, at = struct.pack('<II', len(buffers), 0), b'', {}
    for kind, data in buffers:
        at[kind] = 8 + 16 * len(buffers) + len(body)
        head += struct.pack('<IIQ', kind, len(data), at[kind])
        body += data + bytes(-len(data) % 8)
    out = bytearray(head + body)
    if sign:
        mac = checksum.checksum(key, USAGE_PAC, bytes(out))
        out[at[SERVER_CHECKSUM] + 4:at[SERVER_CHECKSUM] + 4 + len(mac)] = mac
    return bytes(out)


def add(cache, keytab, info, sign=True, service='cifs'):
    """Write a PAC into the ticket for the server that is in a cache."""
    ccache, service = CCache.loadFile(cache), f'{service}/{HOST}@{REALM}'
    cred = ccache.getCredential(service)
    ticket = decoder.decode(cred.ticket['data'], asn1Spec=asn1.Ticket())[0]
    etype = int(ticket['enc-part']['etype'])
    block = Keytab.loadFile(keytab).getKey(service, etype)
    key = crypto.Key(etype, block['keyvalue']['data'])
    cipher = crypto._enctype_table[etype]  # pylint: disable=protected-access
    plain = cipher.decrypt(key, USAGE_TICKET, bytes(ticket['enc-part']['cipher']))
    part = decoder.decode(plain, asn1Spec=asn1.EncTicketPart())[0]
    authtime = calendar.timegm(time.strptime(str(part['authtime']), '%Y%m%d%H%M%SZ'))
    name = '/'.join(str(component) for component in part['cname']['name-string'])
    data = asn1.AD_IF_RELEVANT()
    data[0] = noValue
    data[0]['ad-type'] = AD_WIN2K_PAC
    data[0]['ad-data'] = pac(key, name, authtime, info, sign)
    part['authorization-data'] = noValue
    part['authorization-data'][0] = noValue
    part['authorization-data'][0]['ad-type'] = AD_IF_RELEVANT
    part['authorization-data'][0]['ad-data'] = encoder.encode(data)
    ticket['enc-part']['cipher'] = cipher.encrypt(key, USAGE_TICKET, encoder.encode(part), None)
    cred.ticket['data'] = encoder.encode(ticket)
    cred.ticket['length'] = len(cred.ticket['data'])
    ccache.saveFile(cache)

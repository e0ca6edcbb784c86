# SPDX-License-Identifier: GPL-2.0-only
"""Tokens of SPNEGO by hand (RFC 4178 section 4.2), in the shapes that clients have."""
import struct

NEGOEX = bytes.fromhex('2b06010401823702021e')
NTLM = bytes.fromhex('2b06010401823702020a')
KERBEROS = bytes.fromhex('2a864886f712010202')
MS_KERBEROS = bytes.fromhex('2a864882f712010202')
SPNEGO = bytes.fromhex('2b0601050502')

COMPLETED, INCOMPLETE, REJECT, REQUEST_MIC = range(4)
STATE, MECH, TOKEN, MIC = 0xa0, 0xa1, 0xa2, 0xa3


def der(tag, *content):
    """A value in DER."""
    content = b''.join(content)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, 'big')
    return bytes([tag, 128 | len(length)]) + length + content


def values(data):
    """The values in DER: pairs of tag and content."""
    while data:
        tag, size, at = data[0], data[1], 2
        if size & 128:
            at = 2 + (size & 127)
            size = int.from_bytes(data[2:at], 'big')
        yield tag, data[at:at + size]
        data = data[at + size:]


def mech_list(*mechs):
    return der(0x30, *(der(6, mech) for mech in mechs))


def init(mechs, token=b'', flags=None):
    """NegTokenInit; flags: the bytes of reqFlags behind the number of unused bits."""
    fields = der(0xa0, mech_list(*mechs))
    if flags is not None:
        fields += der(0xa1, der(3, b'\0', flags))
    if token:
        fields += der(TOKEN, der(4, token))
    return der(0x60, der(6, SPNEGO), der(0xa0, der(0x30, fields)))


def resp(token=b'', mic=b'', state=None, mech=b''):
    """NegTokenResp."""
    fields = b'' if state is None else der(STATE, der(10, bytes([state])))
    if mech:
        fields += der(MECH, der(6, mech))
    if token:
        fields += der(TOKEN, der(4, token))
    if mic:
        fields += der(MIC, der(4, mic))
    return der(0xa1, der(0x30, fields))


def reply(token):
    """The fields of NegTokenResp, by tag; the state is a number."""
    (tag, body), = values(token)
    (inner, fields), = values(body)
    assert (tag, inner) == (0xa1, 0x30), token
    out = {tag: next(values(content))[1] for tag, content in values(fields)}
    if STATE in out:
        out[STATE], = struct.unpack('B', out[STATE])
    return out

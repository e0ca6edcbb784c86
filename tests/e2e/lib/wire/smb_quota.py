# SPDX-License-Identifier: GPL-2.0-only
"""Quotas and snapshots of a volume over SMB (MS-FSCC sections 2.3 and 2.4.41)."""
import calendar
import struct

import smb2
from smb_bodies import QueryInfo

SNAPSHOTS = 0x144064


def sid(uid):
    return struct.pack('<BB6sII', 1, 2, (22).to_bytes(6, 'big'), 1, uid)


def quotas(s, fid, *uids, single=False, restart=True, room=65536):
    """QUERY_INFO for quotas: {user: (used, soft limit, hard limit)}; of all without users."""
    asked = b''
    for i, uid in enumerate(uids):
        one = struct.pack('<I', len(sid(uid))) + sid(uid)
        asked += struct.pack('<I', len(one) + 4 if i + 1 < len(uids) else 0) + one
    head = struct.pack('<BBHIII', single, restart, 0, len(asked), 0, 0)
    query = QueryInfo(kind=4, level=0, room=room, input_at=104, input_length=len(head + asked),
                      fid=fid)
    out = s.call(smb2.QUERY_INFO, bytes(query) + head + asked)
    at, length = struct.unpack_from('<HI', out, 2)
    left, found = out[at - 64:at - 64 + length], {}
    while left:
        more, size, _, *numbers = struct.unpack_from('<IIQQQQ', left)
        found[struct.unpack_from('<I', left, 40 + size - 4)[0]] = tuple(numbers)
        left = left[more:] if more else b''
    return found


def date_filetime(*when):
    """The FILETIME of a date and time in UTC."""
    return (calendar.timegm(when) + 11644473600) * 10 ** 7

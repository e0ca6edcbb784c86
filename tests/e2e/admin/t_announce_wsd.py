# SPDX-License-Identifier: GPL-2.0-only
"""Windows finds the server: wsdd answers WS-Discovery (OASIS WS-Discovery 1.1) for SMB."""
import socket
import uuid
import xml.etree.ElementTree

from checks import eq, wait_for
from files import get, put
from harness import test

# The address and port of WS-Discovery, and the namespaces of what Windows sends.
GROUP = ('239.255.255.250', 3702)
SOAP = 'http://www.w3.org/2003/05/soap-envelope'
WSA = 'http://schemas.xmlsoap.org/ws/2004/08/addressing'
WSD = 'http://schemas.xmlsoap.org/ws/2005/04/discovery'
WSDP = 'http://schemas.xmlsoap.org/ws/2006/02/devprof'
PROBE = f"""<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="{SOAP}" xmlns:wsa="{WSA}" xmlns:wsd="{WSD}" xmlns:wsdp="{WSDP}">
<soap:Header><wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>
<wsa:Action>{WSD}/Probe</wsa:Action><wsa:MessageID>urn:uuid:%s</wsa:MessageID></soap:Header>
<soap:Body><wsd:Probe><wsd:Types>wsdp:Device</wsd:Types></wsd:Probe></soap:Body>
</soap:Envelope>"""


def device(w):
    """The type and the address of the first device that answers a client."""
    with w.client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(w.client.addr))
        s.settimeout(2)
        s.sendto((PROBE % uuid.uuid4()).encode(), GROUP)
        try:
            answer, sender = s.recvfrom(9000)
        except TimeoutError:
            return None, None
    kind = xml.etree.ElementTree.fromstring(answer).find(f'.//{{{WSD}}}Types')
    return (kind.text if kind is not None else None), sender[0]


@test(server='ditto', smb=True)
def found_by_windows(w):
    """A probe of Windows' kind finds a computer, at whose address the share is."""
    put(w.path('f'), b'data')
    w.server_ns.spawn('wsdd', '-4', '--hostname', 'server')
    wait_for('the device', lambda: device(w) == ('wsdp:Device pub:Computer', w.client.server_addr),
             60)
    mounted = w.client.mount_smb()
    eq(get(f'{mounted}/f'), b'data')

/* SPDX-License-Identifier: GPL-2.0-only */
/* The names and addresses by which clients call this machine. */
#ifndef _DITTOD_OWN_NAMES_H
#define _DITTOD_OWN_NAMES_H

#include <stdbool.h>

/*
 * Is it a name or an address of this machine? Names are the host name, alone and in the domains of
 * resolv.conf, the names that /etc/hosts gives the host name or a local address, and the names of
 * the keys in the keytab. No name server is asked: an attacker may write anything into the DNS.
 *
 * Thread-safe; reads files.
 */
bool own_names_have(const char *host);

#endif

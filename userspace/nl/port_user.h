/* SPDX-License-Identifier: GPL-2.0-only */
/* Find the owner of a port that a listener needs. */
#ifndef _DITTO_TOOLS_PORT_USER_H
#define _DITTO_TOOLS_PORT_USER_H

#include "listener.h"

/* Bytes of the longest text of port_user(), with its NUL. */
#define PORT_USER_MAX	200

/**
 * port_user - name the server that uses a listener's port
 * @l: the listener that could not be added
 * @ours: the listeners of this server
 * @n: entries of @ours
 * @text: filled, such as "port 2049 is in use by knfsd, the kernel's NFS server"
 *
 * A process is named only if its descriptors can be read: by dittoctl as root, but not by dittod,
 * which has given up CAP_SYS_PTRACE.
 *
 * Return: false if the port is not in use.
 */
bool port_user(const struct listener *l, const struct listener *ours, unsigned int n,
	       char text[PORT_USER_MAX]);

#endif

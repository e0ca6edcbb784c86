/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has a port that a listener asks for. */
#ifndef _DITTO_TOOLS_PORT_USER_H
#define _DITTO_TOOLS_PORT_USER_H

#include "listener.h"

/* Longest sentence of port_user() and NUL. */
#define PORT_USER_MAX	200

/**
 * port_user - name the server that has a listener's port
 * @l: the listener that could not be added
 * @text: filled: "port 2049 is in use by knfsd, the kernel's NFS server"
 *
 * A process is named if its descriptors may be looked at: root's tool may, the helper,
 * which has given up CAP_SYS_PTRACE, may not.
 *
 * Return: false if nobody has the port.
 */
bool port_user(const struct listener *l, char text[PORT_USER_MAX]);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_SOCKET_H
#define _DITTO_COMPAT_LINUX_SOCKET_H

#include_next <linux/socket.h>

#ifndef DITTO_HAVE_SOCKADDR_UNSIZED
#define sockaddr_unsized	sockaddr
#endif

#endif

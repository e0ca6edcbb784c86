/* SPDX-License-Identifier: GPL-2.0-only */
/* The version of the modules and programs. */
#ifndef _DITTO_NET_VERSION_H
#define _DITTO_NET_VERSION_H

#define DITTO_VERSION	"0.1.0"

#endif

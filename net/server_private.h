/* SPDX-License-Identifier: GPL-2.0-only */
/* Data shared by the parts of ditto.ko and hidden from protocols. fs/main.c sets it up. */
#ifndef _DITTO_NET_SERVER_PRIVATE_H
#define _DITTO_NET_SERVER_PRIVATE_H

struct workqueue_struct;

/* Workqueue of ditto.ko. Works on it may sleep. It exists as long as any server. */
extern struct workqueue_struct *ditto_wq;
/* Index of the pointers to servers among the data of network namespaces, see net_generic(). */
extern unsigned int ditto_net_id;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What dittod reads from the kernel's configuration and changes in it.
 *
 * All functions return 0 or a negative errno, -CONN_NOT_LOADED if ditto.ko is
 * not there; kernel_why() then says it in words.
 */
#ifndef _DITTOD_KERNEL_H
#define _DITTOD_KERNEL_H

#include "common/listener.h"
#include "common/share.h"
#include "ditto-nl-gen.h"

struct kernel;

/* Protocols that can be loaded at once, more than there are. */
#define KERNEL_PROTOCOLS	16

/**
 * struct kernel_server - the server as it is
 * @has: which numbers are there, by DITTO_A_SERVER_*
 * @value: the numbers
 * @protocol: names of the protocols that are loaded
 * @nprotocols: of @protocol
 */
struct kernel_server {
	bool has[DITTO_A_SERVER_MAX + 1];
	u64 value[DITTO_A_SERVER_MAX + 1];
	char protocol[KERNEL_PROTOCOLS][LISTENER_PROTOCOL_MAX];
	unsigned int nprotocols;
};

/* Lists of what there is, to be freed with their functions. */
struct kernel_shares {
	struct share **share;
	unsigned int n;
};

struct kernel_listeners {
	struct listener *listener;
	unsigned int n;
};

struct kernel *kernel_open(void);
void kernel_close(struct kernel *k);
const char *kernel_why(const struct kernel *k);
/* What the kernel said about the last change although it did it; "" for nothing. */
const char *kernel_warning(const struct kernel *k);

int kernel_server_get(struct kernel *k, struct kernel_server *server);
/* Set the numbers that @has. Without any, what other programs may have forgotten is told again. */
int kernel_server_set(struct kernel *k, const struct kernel_server *server);
int kernel_set_handle_key(struct kernel *k, const u8 key[16]);

/* Options of shares that the module knows: SHARE_BIT() of each; all if it does not say. */
u32 kernel_share_options(struct kernel *k);
int kernel_shares_get(struct kernel *k, struct kernel_shares *out);
void kernel_shares_free(struct kernel_shares *s);
/* NULL if there is none or on error. */
struct share *kernel_share_get(struct kernel *k, const char *name);
int kernel_share_add(struct kernel *k, const struct share *s);
int kernel_share_set(struct kernel *k, const struct share *s);
int kernel_share_del(struct kernel *k, const char *name);

int kernel_listeners_get(struct kernel *k, struct kernel_listeners *out);
void kernel_listeners_free(struct kernel_listeners *l);
int kernel_listener_add(struct kernel *k, const struct listener *l, u32 *id);
int kernel_listener_del(struct kernel *k, u32 id);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads and changes the kernel's configuration over netlink.
 *
 * Functions that return int return 0 or a negative errno, and -CONN_NOT_LOADED if ditto.ko is not
 * loaded; kernel_why() then describes the error. A struct kernel is used by one thread at a time.
 * All functions block until the kernel has answered.
 */
#ifndef _DITTOD_KERNEL_H
#define _DITTOD_KERNEL_H

#include "nl/listener.h"
#include "nl/setting.h"
#include "nl/share.h"
#include "ditto-nl-gen.h"

struct kernel;

/* Most protocols that can be loaded; larger than the number that exist. */
#define KERNEL_PROTOCOLS	16

/**
 * struct kernel_server - settings and state of the server
 * @has: true for each setting that is present; by enum setting_id
 * @value: values of the settings
 * @started: time of the start, in nanoseconds since 1970
 * @protocol: names of the loaded protocols
 * @nprotocols: number of entries in @protocol
 */
struct kernel_server {
	bool has[SETTINGS];
	u32 value[SETTINGS];
	u64 started;
	char protocol[KERNEL_PROTOCOLS][LISTENER_PROTOCOL_MAX];
	unsigned int nprotocols;
};

/* Lists read from the kernel, freed by their own free functions. */
struct kernel_shares {
	struct share **share;
	unsigned int n;
};

struct kernel_listeners {
	struct listener *listener;
	unsigned int n;
};

/* Open a netlink connection. Returns NULL on error; the caller frees it with kernel_close(). */
struct kernel *kernel_open(void);
/* The same; functions that change something do nothing, and return 0. */
struct kernel *kernel_open_dry(void);
bool kernel_is_dry(const struct kernel *k);
void kernel_close(struct kernel *k);
/* Return the text of the last error, valid until the next call. */
const char *kernel_why(const struct kernel *k);
/* Return the warning that came with the last change, which succeeded; "" if there was none. */
const char *kernel_warning(const struct kernel *k);

/* Read all settings of the server. */
int kernel_server_get(struct kernel *k, struct kernel_server *server);
/*
 * Change the settings that @has marks. Without any, the kernel only repeats registrations that
 * other programs, such as rpcbind, may have lost.
 */
int kernel_server_set(struct kernel *k, const struct kernel_server *server);
/* Set the key that signs file handles. */
int kernel_set_handle_key(struct kernel *k, const u8 key[16]);

/* List, change and remove shares. @out is freed with kernel_shares_free(). */
int kernel_shares_get(struct kernel *k, struct kernel_shares *out);
/* The same, only those that the user of a session may use. */
int kernel_shares_of_session(struct kernel *k, u64 session, struct kernel_shares *out);
void kernel_shares_free(struct kernel_shares *s);
/* Read one share, freed with share_free(). NULL if there is none, or on error. */
struct share *kernel_share_get(struct kernel *k, const char *name);
int kernel_share_add(struct kernel *k, const struct share *s);
int kernel_share_set(struct kernel *k, const struct share *s);
int kernel_share_del(struct kernel *k, const char *name);
/* Make the file system that is mounted on a path part of a share. */
int kernel_nested_add(struct kernel *k, const char *share, const char *path);
/* Let the kernel drop file systems that are not mounted any more. */
int kernel_nested_check(struct kernel *k);

/*
 * List, add and remove listeners. @out is freed with kernel_listeners_free(); @id is filled with
 * the id that the kernel chose.
 */
int kernel_listeners_get(struct kernel *k, struct kernel_listeners *out);
void kernel_listeners_free(struct kernel_listeners *l);
int kernel_listener_add(struct kernel *k, const struct listener *l, u32 *id);
int kernel_listener_del(struct kernel *k, u32 id);

/* Tell the name that the client of the socket with a cookie has proved. */
int kernel_connection_prove(struct kernel *k, u64 cookie, const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shares: what is served, under which name, to whom and how.
 *
 * Locking: the share tables are read under RCU. Adding, changing and removing
 * happen under the table's mutex. The options of a share are replaced as a
 * whole: readers see the old or the new ones, never a mixture.
 *
 * Lifetime: ditto_share_get_*() take a reference with percpu_ref_tryget_live();
 * each operation in flight holds one. ditto_share_del() kills the reference
 * and waits until the last one is gone.
 */
#ifndef _DITTO_FS_SHARE_SHARE_H
#define _DITTO_FS_SHARE_SHARE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/path.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/uuid.h>

#include "rules.h"
#include "share_users.h"

struct ditto_server;
struct ditto_volume;
struct netlink_ext_ack;

/* Longest name of a share; the same limit as a file name. */
#define DITTO_SHARE_NAME_MAX	255
/* Shares of one server. */
#define DITTO_SHARES_MAX	4096

/**
 * enum ditto_squash - whose identity a request acts with
 * @DITTO_SQUASH_ROOT_TO_GUEST: uid 0 becomes the anonymous user (the default)
 * @DITTO_SQUASH_NONE: as the client says, uid 0 an ordinary user without privileges
 * @DITTO_SQUASH_ROOT_TO_ADMIN: as the client says, and uid 0 keeps the administrator's privileges
 * @DITTO_SQUASH_ALL_TO_ADMIN: everybody acts as uid 0 with its privileges
 * @DITTO_SQUASH_ALL_TO_GUEST: everybody acts as the anonymous user
 *
 * The values are those of the netlink enum "squash-mode".
 */
enum ditto_squash {
	DITTO_SQUASH_ROOT_TO_GUEST,
	DITTO_SQUASH_NONE,
	DITTO_SQUASH_ROOT_TO_ADMIN,
	DITTO_SQUASH_ALL_TO_ADMIN,
	DITTO_SQUASH_ALL_TO_GUEST,
};

/**
 * enum ditto_chmod - what a mode that a client sets does to a list
 * @DITTO_CHMOD_GROUPMASK: the list is changed to fit; who is named has no more than the group
 *	(the default; RFC 8881 section 6.4.1.1)
 * @DITTO_CHMOD_DISCARD: the list goes, and the mode counts
 * @DITTO_CHMOD_PASSTHROUGH: who is named keeps what he has; inherited lists stay whole
 * @DITTO_CHMOD_RESTRICTED: refused, but for lists that name nobody; inherited lists stay whole
 *
 * The values are those of the netlink enum "acl-mode".
 */
enum ditto_chmod {
	DITTO_CHMOD_GROUPMASK,
	DITTO_CHMOD_DISCARD,
	DITTO_CHMOD_PASSTHROUGH,
	DITTO_CHMOD_RESTRICTED,
};

/* Security flavours a share accepts, as bits; the netlink flags "flavor". */
#define DITTO_SEC_NONE	BIT(0)	/* AUTH_NONE: acts as the anonymous user */
#define DITTO_SEC_SYS	BIT(1)	/* AUTH_SYS */
#define DITTO_SEC_KRB5	BIT(2)	/* RPCSEC_GSS, authentication */
#define DITTO_SEC_KRB5I	BIT(3)	/* RPCSEC_GSS, integrity */
#define DITTO_SEC_KRB5P	BIT(4)	/* RPCSEC_GSS, privacy */

/**
 * struct ditto_share_opts - everything about a share that can change
 * @rcu: replaced under RCU
 * @generation: unique over all options of this boot; caches of decisions carry it
 * @read_only: nothing can be changed, whatever the rules say
 * @manage_gids: supplementary groups come from the helper, not from the request
 * @local_locks: clients and processes of the server exclude each other
 * @squash: see enum ditto_squash
 * @anon_uid: the anonymous user
 * @anon_gid: the anonymous group
 * @sec: accepted flavours, DITTO_SEC_* bits
 * @encrypt: connections that are not encrypted are refused, by protocols that can encrypt
 * @guest: users without an account and anonymous ones may use it
 * @browse: it is shown in lists of shares
 * @streams: files may have named streams
 * @short_names: files with long names have short ones, too
 * @notify: clients may watch directories for changes
 * @continuous: what clients have open may outlive the server, by protocols that can
 * @secure_ports: an identity that a request only claims counts from a reserved port alone
 * @hide_unreadable: listings leave out what the user may not read, by protocols that can
 * @acl_mode: see enum ditto_chmod
 * @create_mask: permission bits that new files can have, where the protocol names none
 * @directory_mask: the same of directories
 * @force_create_mode: mode bits that new files get besides
 * @force_directory_mode: the same of directories
 * @comment: for people; NULL without
 * @snapshots: path from the root to the directory of snapshots, see snapshot.h; NULL without
 * @rules: which clients may use it; empty means every client, read and write
 * @share_users: what users may do
 */
struct ditto_share_opts {
	struct rcu_head rcu;
	u64 generation;
	bool read_only;
	bool manage_gids;
	bool local_locks;
	enum ditto_squash squash;
	kuid_t anon_uid;
	kgid_t anon_gid;
	u32 sec;
	bool encrypt;
	bool guest;
	bool browse;
	bool streams;
	bool short_names;
	bool notify;
	bool continuous;
	bool secure_ports;
	bool hide_unreadable;
	u32 acl_mode;
	u32 create_mask;
	u32 directory_mask;
	u32 force_create_mode;
	u32 force_directory_mode;
	char *comment;
	char *snapshots;
	struct ditto_rules rules;
	struct ditto_share_users share_users;
};

/**
 * struct ditto_share - something served
 * @srv: whose share it is
 * @name: unique on the server; what MOUNT and tree connects name, with a slash before it or not
 * @id: stable identity: set by hand, else made from the file system's UUID and the root's file id
 * @tag: the first 64 bits of a hash of @id; what handles carry; unique on the server
 * @number: what claims of the lock table know it by; not used again
 * @root: the served directory; pins the mount
 * @volume: the file system it lies on
 * @no_streams: there was no place for streams when the server's count of such had this value;
 *	see ditto_streams_forget()
 * @is_subtree: @root is not the root of its file system, so handles are checked against it
 * @opts: see struct ditto_share_opts
 * @ref: operations in flight
 * @gone: completed when @ref has dropped to zero
 * @instances_lock: guards @instances; node->lock is taken inside
 * @instances: open instances, see fs/open/instance.h
 * @by_name: in the table by name
 * @by_tag: in the table by tag
 * @list: in the table's list, under its mutex
 * @volume_link: in the volume's list of shares, under the table's mutex
 * @rcu: freed under RCU
 */
struct ditto_share {
	struct ditto_server *srv;
	char *name;
	uuid_t id;
	u64 tag;
	u32 number;
	struct path root;
	struct ditto_volume *volume;
	int no_streams;
	bool is_subtree;
	struct ditto_share_opts __rcu *opts;
	struct percpu_ref ref;
	struct completion gone;
	spinlock_t instances_lock;	/* see above */
	struct list_head instances;
	struct rhash_head by_name;
	struct rhash_head by_tag;
	struct list_head list;
	struct list_head volume_link;
	struct rcu_head rcu;
};

/**
 * struct ditto_share_config - what is asked of a new or changed share
 * @name: required
 * @path: absolute path, resolved in the caller's root; only for a new share
 * @id: NULL to derive it
 * @opts: made with ditto_share_opts_alloc(); consumed by ditto_share_add() and
 *	ditto_share_set() on success
 */
struct ditto_share_config {
	const char *name;
	const char *path;
	const uuid_t *id;
	struct ditto_share_opts *opts;
};

/*
 * Defaults: root_to_guest, anonymous 65534, AUTH_SYS, read and write, no rules, no grants but
 * write for all, shown in lists.
 */
struct ditto_share_opts *ditto_share_opts_alloc(void);
/* A deep copy, to change some of them. The caller keeps @from. Any context. */
struct ditto_share_opts *ditto_share_opts_dup(const struct ditto_share_opts *from);
void ditto_share_opts_free(struct ditto_share_opts *opts);

/**
 * ditto_share_add - serve a directory
 * @srv: the server
 * @cfg: see there
 * @extack: filled with a sentence on error, and with a warning where not every
 *	protocol can serve it; may be NULL
 *
 * Context: process, may sleep; CAP_NET_ADMIN was checked by the caller.
 * Return: 0, -EEXIST (name or id taken), -ENOENT, -ENOTDIR (no such
 * directory), -EOPNOTSUPP (the file system cannot be served), -ENOSPC (too
 * many shares), -ENOMEM.
 */
int ditto_share_add(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack);

/**
 * ditto_share_set - replace the options of a share
 * @srv: the server
 * @cfg: name and new options
 * @extack: filled on error; may be NULL
 *
 * Operations that began before go on with the old options.
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOENT.
 */
int ditto_share_set(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack);

/**
 * ditto_share_del - stop serving a directory, synchronously
 * @srv: the server
 * @name: which
 * @extack: filled on error; may be NULL
 *
 * New requests fail at once. Waits up to the drain setting for those in
 * flight, closes cached files, drops the nodes nobody else serves. After
 * success nothing of Ditto pins the mount.
 *
 * Context: process, may sleep (drain setting).
 * Return: 0, -ENOENT, or -ETIMEDOUT with a sentence that tells how many
 * requests still run; the share then is gone for clients and goes on
 * draining in the background.
 */
int ditto_share_del(struct ditto_server *srv, const char *name,
		    struct netlink_ext_ack *extack);

/**
 * ditto_share_get_by_name - find a share
 * @srv: the server
 * @name: not NUL-terminated
 * @len: of @name
 *
 * Context: any. Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_name(struct ditto_server *srv,
					    const char *name, size_t len);
/* The same by the tag that handles carry. */
struct ditto_share *ditto_share_get_by_tag(struct ditto_server *srv, u64 tag);

/**
 * ditto_share_get_by_path - the share whose root has this path, for MOUNT by path
 * @srv: the server
 * @path: absolute, not NUL-terminated
 * @len: of @path
 *
 * Accepts the name of a share with or without a leading slash first, then the
 * path that the share was added with.
 *
 * Context: any. Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_path(struct ditto_server *srv,
					    const char *path, size_t len);

/* What a mode does to lists now. Any context. */
enum ditto_chmod ditto_share_acl_mode(const struct ditto_share *share);
/* Is what a user may not read left out of listings? Any context. */
bool ditto_share_hides_unreadable(const struct ditto_share *share);
/**
 * ditto_share_new_mode - the mode of what is made by a protocol whose clients name none
 * @share: in which
 * @mode: what it would be, permission bits
 * @is_dir: a directory is made
 *
 * Context: any. Return: @mode as the share's masks let it be, with the bits they force.
 */
umode_t ditto_share_new_mode(const struct ditto_share *share, umode_t mode, bool is_dir);

static inline void ditto_share_put(struct ditto_share *share)
{
	percpu_ref_put(&share->ref);
}

/* The path a share was added with, for people; valid while the share is. */
const char *ditto_share_path(const struct ditto_share *share);

/**
 * ditto_share_for_each - call a function for every share, in order of name
 * @srv: the server
 * @from: start behind this name; NULL for the first
 * @fn: returns 0 to go on; runs with the table's mutex held, may sleep, must not add or remove
 * @arg: passed to @fn
 *
 * Return: 0 or what @fn returned.
 */
int ditto_share_for_each(struct ditto_server *srv, const char *from,
			 int (*fn)(struct ditto_share *share, void *arg), void *arg);

/**
 * ditto_share_visit - call a function for every share, in order of name, with no lock held
 * @srv: the server
 * @fn: returns 0 to go on; may sleep; the share is held while it runs
 * @arg: passed to @fn
 *
 * A share that comes or goes meanwhile may be visited or not.
 *
 * Context: as @fn. Return: 0 or what @fn returned.
 */
int ditto_share_visit(struct ditto_server *srv, int (*fn)(struct ditto_share *share, void *arg),
		      void *arg);

/* Does a share let guests in? Any context. */
bool ditto_shares_let_guests(struct ditto_server *srv);

/*
 * When shares were added, changed or removed last, or the server started: wall clock time in
 * nanoseconds, and never the same for different shares or options. Any context.
 */
u64 ditto_shares_changed(const struct ditto_server *srv);

/**
 * ditto_shares_set_key - set the key that signs handles
 * @srv: the server
 * @key: the same again is no change: a helper that starts anew says all it knows
 *
 * Handles that clients hold were signed with the old key, so it stays once
 * there are shares.
 *
 * Context: process, may sleep. Return: 0 or -EBUSY.
 */
int ditto_shares_set_key(struct ditto_server *srv, const siphash_key_t *key);

int ditto_shares_init(struct ditto_server *srv);
/* Removes all shares; waits for operations in flight without limit: the namespace is going. */
void ditto_shares_exit(struct ditto_server *srv);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shares: the directories that are served, with their names and options.
 *
 * Locking: the tables of shares are read under RCU and changed under the table's mutex. The
 * options of a share are replaced as a whole, so readers see either the old or the new ones.
 *
 * Lifetime: ditto_share_get_*() take a reference with percpu_ref_tryget_live(), and each
 * operation in flight holds one. ditto_share_del() kills the reference and waits for the last
 * holder.
 */
#ifndef _DITTO_FS_SHARE_SHARE_H
#define _DITTO_FS_SHARE_SHARE_H

#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/uidgid.h>

#include "../node/share_types.h"
#include "option.h"
#include "rules.h"
#include "share_users.h"

struct ditto_links;
struct ditto_server;
struct ditto_volume;
struct netlink_ext_ack;

/* Longest name of a share; the same limit as for a file name. */
#define DITTO_SHARE_NAME_MAX	255
/* Shares of one server, and home shares among them: others always have room. */
#define DITTO_SHARES_MAX	4096
#define DITTO_HOMES_MAX		3072

/**
 * enum ditto_squash - mapping of the identities that requests carry
 * @DITTO_SQUASH_ROOT_TO_GUEST: uid 0 becomes the anonymous user (the default)
 * @DITTO_SQUASH_NONE: identities are kept; uid 0 is an ordinary user without privileges
 * @DITTO_SQUASH_ROOT_TO_ADMIN: identities are kept; uid 0 has the administrator's privileges
 * @DITTO_SQUASH_ALL_TO_ADMIN: every user acts as uid 0 with the administrator's privileges
 * @DITTO_SQUASH_ALL_TO_GUEST: every user acts as the anonymous user
 *
 * The values are as in the netlink enum "squash-mode".
 */
enum ditto_squash {
	DITTO_SQUASH_ROOT_TO_GUEST,
	DITTO_SQUASH_NONE,
	DITTO_SQUASH_ROOT_TO_ADMIN,
	DITTO_SQUASH_ALL_TO_ADMIN,
	DITTO_SQUASH_ALL_TO_GUEST,
};

/* Values of the option "samba-acl": what is done with the lists of fs/op/check/ntacl.h. */
enum ditto_ntacl_use {
	DITTO_NTACL_OFF,	/* they are not read */
	DITTO_NTACL_CHECKED,	/* obeyed if they belong to the present mode and POSIX ACL */
	DITTO_NTACL_ALWAYS,	/* obeyed whatever mode and POSIX ACL are */
};

/**
 * enum ditto_chmod - effect on an access control list when a client sets the mode
 * @DITTO_CHMOD_GROUPMASK: the list is changed to fit the mode; named users and groups
 *	keep no more than the group bits allow (the default; RFC 8881 section 6.4.1.1)
 * @DITTO_CHMOD_DISCARD: the list is removed and the mode alone counts
 * @DITTO_CHMOD_PASSTHROUGH: entries for named users and groups are kept; inherited lists
 *	stay whole
 * @DITTO_CHMOD_RESTRICTED: refused, except for lists without named entries; inherited
 *	lists stay whole
 *
 * The values are as in the netlink enum "acl-mode".
 */
enum ditto_chmod {
	DITTO_CHMOD_GROUPMASK,
	DITTO_CHMOD_DISCARD,
	DITTO_CHMOD_PASSTHROUGH,
	DITTO_CHMOD_RESTRICTED,
};

/* Accepted security flavours, as bits; the netlink flags "flavor". */
#define DITTO_SEC_NONE	BIT(0)	/* AUTH_NONE: the anonymous user acts */
#define DITTO_SEC_SYS	BIT(1)	/* AUTH_SYS */
#define DITTO_SEC_KRB5	BIT(2)	/* RPCSEC_GSS, authentication */
#define DITTO_SEC_KRB5I	BIT(3)	/* RPCSEC_GSS, integrity */
#define DITTO_SEC_KRB5P	BIT(4)	/* RPCSEC_GSS, privacy */

/* Values of the option "nested": what is mounted below the root of a share. */
enum ditto_nested_use {
	DITTO_NESTED_OFF,	/* not part of it: covered directories are served */
	DITTO_NESTED_LOOK,	/* part of it, read-only */
	DITTO_NESTED_ON,	/* part of it */
};

/* Values of the option "scan": what happens if the program does not answer, see fs/op/scan.h. */
enum ditto_scan_use {
	DITTO_SCAN_OFF,		/* it is not asked */
	DITTO_SCAN_REQUIRED,	/* the content is refused */
	DITTO_SCAN_ADVISED,	/* the content is read */
};

/* What the administrator can do about committed files, see fs/op/check/worm.h. */
enum ditto_worm_mode {
	DITTO_WORM_GOVERNANCE,	/* release them */
	DITTO_WORM_COMPLIANCE,	/* nothing */
};

/**
 * struct ditto_share_opts - the options of a share
 * @rcu: replaced and freed under RCU
 * @generation: unique over all options since the module was loaded; caches of decisions carry it
 * @unserved: bits of protocols that do not serve the share, see option.h
 * @read_only: no client may change anything, whatever the rules say
 * @manage_gids: supplementary groups come from the helper, not from the request
 * @local_locks: locks of clients and of local processes exclude each other
 * @squash: see enum ditto_squash
 * @anon_uid: uid of the anonymous user, for clients whose rule names no other
 * @anon_gid: the same for the gid
 * @sec: accepted security flavours, DITTO_SEC_* bits
 * @guest: users without an account and anonymous users may connect
 * @browse: the share appears in lists of shares
 * @streams: files may have named streams
 * @short_names: files with long names have 8.3 names, too
 * @utf8_names: new files get only names that are UTF-8
 * @list_snapshots: listings show the directory of snapshots
 * @nested: see enum ditto_nested_use
 * @secure_ports: accept identities without proof from reserved ports only
 * @acl_mode: see enum ditto_chmod
 * @samba_acl: see enum ditto_ntacl_use
 * @audit: accesses are recorded as audit lists say
 * @security_labels: clients may see and set security labels of files
 * @offload: data of files may be moved to a store
 * @scan: see enum ditto_scan_use
 * @scan_time: seconds that the program may take for a file
 * @scan_size: MiB of the largest file that it is asked about; 0 for any
 * @trash: removed files go to the bin
 * @trash_keep: days that the helper leaves them there; 0 for ever
 * @trash_size: MiB that the helper leaves there; 0 for any
 * @worm: seconds after which unchanged files are committed, see fs/op/check/worm.h; 0 for never
 * @worm_retention: days until they can be removed; 0 for never
 * @worm_retention_max: days that clients may ask for; 0 for @worm_retention
 * @worm_mode: see enum ditto_worm_mode
 * @blocks: options of protocols; owned
 * @comment: shown to people; NULL without; owned
 * @snapshots: path from the root to the directory of snapshots, see snapshot.h; NULL
 *	without; owned
 * @protocols: names of the protocols that serve the share, separated by commas; NULL for all;
 *	owned
 * @links: directories that lead to other servers, see link.h; NULL without; a reference
 * @trash_exclude: patterns of names, see trash.h, of files that do not go to the bin; NULL without;
 *	owned
 * @veto: patterns of names that no client sees or makes, see ../node/pattern.h; NULL without; owned
 * @veto_folded: folded form of @veto, or NULL; owned
 * @force_uid: user that those who prove who they are act as; invalid for none
 * @force_gid: their primary group; invalid for none
 * @rules: client rules
 * @share_users: access of users and groups
 */
struct ditto_share_opts {
	struct rcu_head rcu;
	u64 generation;
	u32 unserved;
	bool read_only;
	bool manage_gids;
	bool local_locks;
	enum ditto_squash squash;
	kuid_t anon_uid;
	kgid_t anon_gid;
	u32 sec;
	bool guest;
	bool browse;
	bool streams;
	bool short_names;
	bool utf8_names;
	bool list_snapshots;
	u32 nested;
	bool secure_ports;
	u32 acl_mode;
	u32 samba_acl;
	u32 audit;
	u32 security_labels;
	u32 offload;
	u32 scan;
	u32 scan_time;
	u32 scan_size;
	bool trash;
	u32 trash_keep;
	u32 trash_size;
	u32 worm;
	u32 worm_retention;
	u32 worm_retention_max;
	u32 worm_mode;
	struct ditto_share_blocks *blocks;
	char *comment;
	char *snapshots;
	char *protocols;
	struct ditto_links *links;
	char *trash_exclude;
	char *veto;
	char *veto_folded;
	kuid_t force_uid;
	kgid_t force_gid;
	struct ditto_rules rules;
	struct ditto_share_users share_users;
};

/* Clear what is owned or held, in a copy of options that outlives them. */
static inline void ditto_share_opts_disown(struct ditto_share_opts *copy)
{
	memset(&copy->rules, 0, sizeof(copy->rules));
	memset(&copy->share_users, 0, sizeof(copy->share_users));
	copy->blocks = NULL;
	copy->comment = NULL;
	copy->snapshots = NULL;
	copy->protocols = NULL;
	copy->links = NULL;
	copy->trash_exclude = NULL;
	copy->veto = NULL;
	copy->veto_folded = NULL;
}

/**
 * struct ditto_share_config - parameters of a new or changed share
 * @name: name; required
 * @path: absolute path, resolved in the caller's root; for a new share only
 * @id: identity; NULL to derive it
 * @home: for the home share of a user; else NULL
 * @opts: made with ditto_share_opts_alloc(); consumed by ditto_share_add() and
 *	ditto_share_set() on success
 */
struct ditto_share_config {
	const char *name;
	const char *path;
	const uuid_t *id;
	const struct ditto_home *home;
	struct ditto_share_opts *opts;
};

/**
 * ditto_share_opts_check - check options for contradictions, and against what was promised before
 * @old: options of before, or NULL
 * @opts: new ones
 * @extack: gets the reason
 *
 * Context: any.
 * Return: 0, -EINVAL, or -EPERM if they are weaker than worm-mode compliance permits.
 */
int ditto_share_opts_check(const struct ditto_share_opts *old, const struct ditto_share_opts *opts,
			   struct netlink_ext_ack *extack);

/**
 * ditto_share_check_scan - check that scans of the files of a share can hold
 * @share: with its volume
 * @opts: options that it is to have
 * @extack: gets the reason
 *
 * Context: any.
 * Return: 0, or -EOPNOTSUPP if other machines change the files.
 */
int ditto_share_check_scan(const struct ditto_share *share, const struct ditto_share_opts *opts,
			   struct netlink_ext_ack *extack);

/**
 * ditto_share_opts_alloc - allocate options with default values
 *
 * The defaults are: squash root_to_guest, anonymous user 65534, AUTH_SYS, read and write, all
 * protocols, no client rules, write access for all users, browsable.
 *
 * Return: the options, freed with ditto_share_opts_free() or consumed by a share; NULL without
 * memory.
 */
struct ditto_share_opts *ditto_share_opts_alloc(void);

/**
 * ditto_share_opts_dup - make a deep copy of options
 * @from: options to copy; the caller keeps them
 *
 * Context: any; allocates atomically.
 * Return: the copy, or NULL without memory.
 */
struct ditto_share_opts *ditto_share_opts_dup(const struct ditto_share_opts *from);

/**
 * ditto_share_opts_free - free options that no share uses
 * @opts: the options, or NULL
 *
 * Context: any.
 */
void ditto_share_opts_free(struct ditto_share_opts *opts);

/**
 * ditto_share_add - serve a directory
 * @srv: the server
 * @cfg: parameters of the share
 * @extack: gets a message on error, and a warning if not every protocol can serve the
 *	directory; may be NULL
 *
 * Context: process, may sleep; the caller has checked CAP_NET_ADMIN.
 * Return: 0; -EEXIST (name or id taken); -ENOENT, -ENOTDIR (no such directory); -EINVAL (name or
 * path); -EOPNOTSUPP (the file system cannot be served); -ENOSPC (too many shares); -ENOMEM; errors
 * of ditto_home_find().
 */
int ditto_share_add(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack);

/**
 * ditto_share_set - replace the options of a share
 * @srv: the server
 * @cfg: name and new options; no path
 * @extack: gets a message on error; may be NULL
 *
 * Operations in flight finish with the old options.
 *
 * Context: process, may sleep.
 * Return: 0, -ENOENT, -ENOMEM, or -EINVAL if @cfg has a path.
 */
int ditto_share_set(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack);

/**
 * ditto_share_del - stop serving a directory, synchronously
 * @srv: the server
 * @name: name of the share
 * @extack: gets a message on error; may be NULL
 *
 * New requests fail. The function waits up to the drain setting for requests in flight,
 * closes cached files and drops the nodes that no other share serves. After success nothing of
 * Ditto pins the mount. For an overlay, files of the whole machine are closed that threads of the
 * kernel have put.
 *
 * Context: process, may sleep (drain setting); no lock held, and no task with one waits for it.
 * Return: 0; -ENOENT; or -ETIMEDOUT with a message that tells the number of running requests. In
 * that case the share is gone for clients and drains in the background.
 */
int ditto_share_del(struct ditto_server *srv, const char *name,
		    struct netlink_ext_ack *extack);

/**
 * ditto_share_get_by_name - find a share by its name
 * @srv: the server
 * @name: not NUL-terminated
 * @len: length of @name
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_name(struct ditto_server *srv,
					    const char *name, size_t len);

/**
 * ditto_share_get_by_tag - find a share by the tag that handles carry
 * @srv: the server
 * @tag: tag of the share
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_tag(struct ditto_server *srv, u64 tag);

/**
 * ditto_share_get_by_path - find a share by its name or by the path of its root
 * @srv: the server
 * @path: not NUL-terminated; slashes at its end are ignored, and those that repeat count once
 * @len: length of @path
 *
 * The name of a share, with or without a leading slash, is tried first, then the path that a
 * share was added with.
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_path(struct ditto_server *srv,
					    const char *path, size_t len);

/**
 * ditto_share_get_by_file - find a share that contains a file
 * @srv: the server
 * @file: the file
 * @name: name of the share; NULL for the one with the innermost root
 *
 * A share does not contain what is mounted below its root; a file system that is part of a share
 * is found as itself.
 *
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_file(struct ditto_server *srv, const struct path *file,
					    const char *name);

/**
 * ditto_share_get_home - find the home share of a user
 * @srv: the server
 * @uid: the user
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_home(struct ditto_server *srv, kuid_t uid);

/**
 * ditto_share_local_locks - check whether local processes see the locks and leases of clients
 * @share: the share
 *
 * Context: any.
 * Return: the current value of its option local_locks.
 */
bool ditto_share_local_locks(const struct ditto_share *share);

/**
 * ditto_share_acl_mode - get the current acl-mode of a share
 * @share: held
 *
 * Context: any.
 * Return: effect on an access control list when a client sets the mode.
 */
enum ditto_chmod ditto_share_acl_mode(const struct ditto_share *share);

/* True if the share records accesses. Any context. */
bool ditto_share_audits(const struct ditto_share *share);

/**
 * ditto_share_ntacl - get the current value of the option samba-acl of a share
 * @share: held
 *
 * Context: any.
 * Return: whether lists that Samba has stored are obeyed.
 */
enum ditto_ntacl_use ditto_share_ntacl(const struct ditto_share *share);

/**
 * ditto_share_sec - get the security flavours that a share accepts
 * @opts: current options of the share, with its rules
 *
 * With AUTH_SYS and AUTH_NONE the machine speaks for its users, so they need a rule that names the
 * machine, or "any".
 *
 * Context: RCU.
 * Return: DITTO_SEC_* bits; 0 if the share serves nobody by remote procedure calls.
 */
static inline u32 ditto_share_sec(const struct ditto_share_opts *opts)
{
	return opts->rules.count ? opts->sec : opts->sec & ~(DITTO_SEC_NONE | DITTO_SEC_SYS);
}

/**
 * ditto_share_anon_uid - get the anonymous user for a client
 * @opts: options of the share, held by the caller
 * @verdict: result of the client rules
 *
 * Context: any.
 * Return: its uid.
 */
static inline kuid_t ditto_share_anon_uid(const struct ditto_share_opts *opts,
					  const struct ditto_verdict *verdict)
{
	return verdict->anon_uid ? KUIDT_INIT(verdict->anon_uid) : opts->anon_uid;
}

/* The same for its group. */
static inline kgid_t ditto_share_anon_gid(const struct ditto_share_opts *opts,
					  const struct ditto_verdict *verdict)
{
	return verdict->anon_gid ? KGIDT_INIT(verdict->anon_gid) : opts->anon_gid;
}

/**
 * ditto_share_block - find the values of a protocol's own options
 * @opts: current options of a share
 * @bit: bit of the protocol, which is registered
 *
 * Context: RCU.
 * Return: the values, of the structure that the protocol described; NULL if it must not serve the
 * share.
 */
static inline const void *ditto_share_block(const struct ditto_share_opts *opts, unsigned int bit)
{
	return opts->blocks->block[bit];
}

/**
 * ditto_shares_withdrawn - get a number that changes before a share may be freed
 * @srv: the server
 *
 * Context: any.
 * Return: the number, for ditto_share_get_again(). A share that is found afterwards is valid under
 * RCU while the number is the same.
 */
u64 ditto_shares_withdrawn(const struct ditto_server *srv);

/**
 * ditto_share_get_again - get a share that was found before, and was put
 * @srv: the server
 * @share: what ditto_share_get_by_tag() returned
 * @withdrawn: ditto_shares_withdrawn() before that
 *
 * Context: RCU.
 * Return: whether it has another reference. It is also false if any share was removed.
 */
bool ditto_share_get_again(const struct ditto_server *srv, struct ditto_share *share,
			   u64 withdrawn);

/**
 * ditto_share_path - get the path that a share was added with, for display
 * @share: held
 *
 * Context: any.
 * Return: the path; valid while the share is held.
 */
const char *ditto_share_path(const struct ditto_share *share);

/**
 * ditto_share_for_each - call a function for every share, in order of name
 * @srv: the server
 * @from: start behind this name; NULL for the first share
 * @fn: returns 0 to continue; runs with the table's mutex held, may sleep, must not add
 *	or remove shares
 * @arg: passed to @fn
 *
 * Return: 0, or the first nonzero value of @fn.
 */
int ditto_share_for_each(struct ditto_server *srv, const char *from,
			 int (*fn)(struct ditto_share *share, void *arg), void *arg);

/**
 * ditto_share_visit - call a function for every share, in order of name, with no lock held
 * @srv: the server
 * @fn: returns 0 to continue; may sleep; the share is held while it runs
 * @arg: passed to @fn
 *
 * A share that is added or removed in between may be visited or not.
 *
 * Context: as @fn requires.
 * Return: 0, or the first nonzero value of @fn.
 */
int ditto_share_visit(struct ditto_server *srv, int (*fn)(struct ditto_share *share, void *arg),
		      void *arg);

/**
 * ditto_volume_visit - call a function for the shares of a file system
 * @volume: the volume; it has a share as long as this runs, or ends and waits for the caller
 * @fn: may sleep; the share is held while it runs
 * @arg: passed to @fn
 *
 * File systems mounted within shares are shares, too. One that is added or removed in between may
 * be missed.
 *
 * Context: as @fn requires.
 */
void ditto_volume_visit(struct ditto_volume *volume,
			void (*fn)(struct ditto_share *share, void *arg), void *arg);

/* Name a share that serves the volume; nothing if none does. Any context. */
void ditto_volume_share_name(const struct ditto_volume *volume, char *name, size_t size);

/**
 * ditto_share_visit_others - call a function for the other shares of a share's file system
 * @share: the share, held
 * @fn: may sleep; the share is held while it runs
 * @arg: passed to @fn
 *
 * It works as ditto_volume_visit(). A request can afford to ask: most file systems have one share,
 * which is one comparison.
 *
 * Context: as @fn requires.
 */
void ditto_share_visit_others(struct ditto_share *share,
			      void (*fn)(struct ditto_share *share, void *arg), void *arg);

/**
 * ditto_shares_let_guests - tell whether any share admits guests
 * @srv: the server
 *
 * Context: any.
 * Return: true if one does.
 */
bool ditto_shares_let_guests(struct ditto_server *srv);

/**
 * ditto_shares_have_links - tell whether any share has links
 * @srv: the server
 *
 * Context: any.
 * Return: true if one does.
 */
bool ditto_shares_have_links(struct ditto_server *srv);

/**
 * ditto_shares_changed - get the generation of the set of shares
 * @srv: the server
 *
 * The value is the wall clock time in nanoseconds of the last addition, change or removal of a
 * share, or of the server's start. It never repeats for different shares or options.
 *
 * Context: any.
 * Return: the generation.
 */
u64 ditto_shares_changed(const struct ditto_server *srv);

/**
 * ditto_shares_set_key - set the key that signs handles
 * @srv: the server
 * @key: the key; setting the same key again is no change, because a restarted helper
 *	sends everything it knows
 *
 * The first key is always taken, as ditto_listener_add() refuses before it. Clients hold handles
 * signed with it, so it changes only while there are no shares.
 *
 * Context: process, may sleep.
 * Return: 0 or -EBUSY.
 */
int ditto_shares_set_key(struct ditto_server *srv, const siphash_key_t *key);

/* Set up the tables of shares. */
int ditto_shares_init(struct ditto_server *srv);
/* Remove all shares, which may wait for operations in flight and for disks, and the tables. */
void ditto_shares_exit(struct ditto_server *srv);

#endif

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

int ditto_share_opts_check(const struct ditto_share_opts *old, const struct ditto_share_opts *opts,
			   struct netlink_ext_ack *extack);
int ditto_share_check_volume(const struct ditto_share *share, const struct ditto_share_opts *opts,
			     struct netlink_ext_ack *extack);
struct ditto_share_opts *ditto_share_opts_alloc(void);
struct ditto_share_opts *ditto_share_opts_dup(const struct ditto_share_opts *from);
void ditto_share_opts_free(struct ditto_share_opts *opts);

int ditto_share_add(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack);

int ditto_share_set(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack);

int ditto_share_del(struct ditto_server *srv, const char *name,
		    struct netlink_ext_ack *extack);
struct ditto_share *ditto_share_get_by_name(struct ditto_server *srv,
					    const char *name, size_t len);
struct ditto_share *ditto_share_get_by_tag(struct ditto_server *srv, u64 tag);
struct ditto_share *ditto_share_get_by_path(struct ditto_server *srv,
					    const char *path, size_t len);

struct ditto_share *ditto_share_get_by_file(struct ditto_server *srv, const struct path *file,
					    const char *name);

struct ditto_share *ditto_share_get_home(struct ditto_server *srv, kuid_t uid);

bool ditto_share_local_locks(const struct ditto_share *share);
enum ditto_chmod ditto_share_acl_mode(const struct ditto_share *share);
bool ditto_share_audits(const struct ditto_share *share);
enum ditto_ntacl_use ditto_share_ntacl(const struct ditto_share *share);

/*
 * Get the security flavours that a share accepts. With AUTH_SYS and AUTH_NONE the machine speaks
 * for its users, so they need a rule that names the machine, or "any". Context: RCU. Return:
 * DITTO_SEC_* bits; 0 if the share serves nobody by remote procedure calls.
 */
static inline u32 ditto_share_sec(const struct ditto_share_opts *opts)
{
	return opts->rules.count ? opts->sec : opts->sec & ~(DITTO_SEC_NONE | DITTO_SEC_SYS);
}

/*
 * Get the anonymous user for a client. @opts: options of the share, held by the caller. Context:
 * any. Return: its uid.
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

/*
 * Find the values of a protocol's own options. Context: RCU. Return: the values, of the structure
 * that the protocol described; NULL if it must not serve the share.
 */
static inline const void *ditto_share_block(const struct ditto_share_opts *opts, unsigned int bit)
{
	return opts->blocks->block[bit];
}

u64 ditto_shares_withdrawn(const struct ditto_server *srv);
bool ditto_share_get_again(const struct ditto_server *srv, struct ditto_share *share,
			   u64 withdrawn);
const char *ditto_share_path(const struct ditto_share *share);

int ditto_share_for_each(struct ditto_server *srv, const char *from,
			 int (*fn)(struct ditto_share *share, void *arg), void *arg);
int ditto_share_visit(struct ditto_server *srv, int (*fn)(struct ditto_share *share, void *arg),
		      void *arg);
void ditto_volume_visit(struct ditto_volume *volume,
			void (*fn)(struct ditto_share *share, void *arg), void *arg);
void ditto_volume_share_name(const struct ditto_volume *volume, char *name, size_t size);
void ditto_share_visit_others(struct ditto_share *share,
			      void (*fn)(struct ditto_share *share, void *arg), void *arg);

bool ditto_shares_let_guests(struct ditto_server *srv);
bool ditto_shares_have_links(struct ditto_server *srv);
u64 ditto_shares_changed(const struct ditto_server *srv);
int ditto_shares_set_key(struct ditto_server *srv, const siphash_key_t *key);
int ditto_shares_init(struct ditto_server *srv);
void ditto_shares_exit(struct ditto_server *srv);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Shares as the tools know them: made from words or a message, compared, sent. */
#ifndef _DITTO_SHARE_H
#define _DITTO_SHARE_H

#include "grant.h"
#include "text.h"

struct nl_msg;

/* What an anonymous request acts as unless a share says otherwise. */
#define SHARE_ANONYMOUS	65534
/* Permission bits that new files and directories can have unless a share says otherwise. */
#define SHARE_CREATE_MASK	0744
#define SHARE_DIRECTORY_MASK	0755

/**
 * struct share_rule - who may do what
 * @spec: which clients
 * @access: enum ditto_access_right
 * @has_squash: @squash counts, else the share's
 * @squash: enum ditto_squash_mode
 */
struct share_rule {
	char *spec;
	u32 access;
	bool has_squash;
	u32 squash;
};

/**
 * struct share - a share, wished or found
 * @name: of the share
 * @path: absolute
 * @fs_type: name of the file system; only of a share that was found
 * @given: bits 1 << DITTO_A_SHARE_*: which of the others count
 * @id: stable identity
 * @read_only: nothing can be changed
 * @manage_gids: groups come from the helper
 * @local_locks: clients and local processes exclude each other
 * @squash: enum ditto_squash_mode
 * @anon_uid: anonymous user
 * @anon_gid: anonymous group
 * @sec: enum ditto_flavor bits
 * @encrypt: connections that are not encrypted are refused
 * @guest: users without an account may use it
 * @browse: it is shown in lists of shares
 * @streams: files may have named streams
 * @short_names: files with long names have names of 8.3, too
 * @notify: clients may watch directories for changes
 * @continuous: clients may have files open beyond a restart
 * @secure_ports: AUTH_SYS counts from reserved ports only
 * @hide_unreadable: listings of SMB leave out what the user may not read
 * @acl_mode: enum ditto_acl_mode
 * @create_mask: permission bits that new files can have
 * @directory_mask: and new directories
 * @force_create_mode: mode bits that new files get besides
 * @force_directory_mode: and new directories
 * @comment: for people; NULL without
 * @snapshots: where its snapshots are, from its root; NULL without
 * @default_access: enum ditto_share_right of whom no grant is for
 * @rules: in order
 * @nrules: of @rules
 * @grants: what users and groups may do
 * @mountpoint: dittod serves it only if its path is a mount point; the kernel is not told
 */
struct share {
	char *name;
	char *path;
	char *fs_type;
	u32 given;
	u8 id[16];
	bool read_only;
	bool manage_gids;
	bool local_locks;
	u32 squash;
	u32 anon_uid;
	u32 anon_gid;
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
	u32 default_access;
	struct share_rule *rules;
	unsigned int nrules;
	struct grants grants;
	bool mountpoint;
};

/* Bit of an attribute in struct share.given. */
#define SHARE_BIT(attr)	(1U << (attr))

/* A share with the kernel's defaults, nothing given. */
struct share *share_new(const char *name);
void share_free(struct share *s);

bool share_check_name(const char *name, struct why *why);
/* Slashes at the end are dropped. */
bool share_set_path(struct share *s, const char *path, struct why *why);
bool share_set_read_only(struct share *s, const char *text, struct why *why);
bool share_set_manage_gids(struct share *s, const char *text, struct why *why);
bool share_set_local_locks(struct share *s, const char *text, struct why *why);
bool share_set_squash(struct share *s, const char *text, struct why *why);
bool share_set_anon_uid(struct share *s, const char *text, struct why *why);
bool share_set_anon_gid(struct share *s, const char *text, struct why *why);
bool share_set_sec(struct share *s, const char *text, struct why *why);
bool share_set_id(struct share *s, const char *text, struct why *why);
bool share_set_encrypt(struct share *s, const char *text, struct why *why);
bool share_set_guest(struct share *s, const char *text, struct why *why);
bool share_set_browse(struct share *s, const char *text, struct why *why);
bool share_set_streams(struct share *s, const char *text, struct why *why);
bool share_set_short_names(struct share *s, const char *text, struct why *why);
bool share_set_notify(struct share *s, const char *text, struct why *why);
bool share_set_secure_ports(struct share *s, const char *text, struct why *why);
bool share_set_hide_unreadable(struct share *s, const char *text, struct why *why);
bool share_set_continuous(struct share *s, const char *text, struct why *why);
bool share_set_acl_mode(struct share *s, const char *text, struct why *why);
/* Modes are octal, as for chmod(1). */
bool share_set_create_mask(struct share *s, const char *text, struct why *why);
bool share_set_directory_mask(struct share *s, const char *text, struct why *why);
bool share_set_force_create_mode(struct share *s, const char *text, struct why *why);
bool share_set_force_directory_mode(struct share *s, const char *text, struct why *why);
bool share_set_comment(struct share *s, const char *text, struct why *why);
bool share_set_snapshots(struct share *s, const char *text, struct why *why);
bool share_set_default_access(struct share *s, const char *text, struct why *why);
/* Add a grant: NAME=ACCESS. */
bool share_add_user(struct share *s, const char *text, struct why *why);
bool share_add_group(struct share *s, const char *text, struct why *why);
/* The same, to be looked up with grants_resolve(). */
bool share_add_user_unresolved(struct share *s, const char *text, struct why *why);
bool share_add_group_unresolved(struct share *s, const char *text, struct why *why);
bool share_set_mountpoint(struct share *s, const char *text, struct why *why);
/* Add a rule: SPEC, SPEC=ACCESS, and behind commas squash=MODE. */
bool share_add_rule(struct share *s, const char *text, struct why *why);

/* Add to a message what is given and the command takes. */
void share_put(struct nl_msg *msg, u8 cmd, const struct share *s);
/* A share from an answer; NULL if the answer makes no sense. */
struct share *share_from_msg(struct nl_msg *msg);

/* Bits 1 << DITTO_A_SHARE_* of the options that differ; name, path and id do not count. */
u32 share_diff(const struct share *a, const struct share *b);
/* A rule as share_add_rule() reads it; to be freed. */
char *share_rule_text(const struct share_rule *r);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Shares: made from text or a message, compared, and sent to the kernel. */
#ifndef _DITTO_SHARE_H
#define _DITTO_SHARE_H

#include "share_users.h"
#include "text.h"

struct nl_msg;

/* Uid and gid of anonymous requests by default. */
#define SHARE_ANONYMOUS	65534

/**
 * struct share_rule - an export rule
 * @spec: clients that the rule is for
 * @access: enum ditto_access_right
 * @has_squash: @squash is valid, else the share's squash mode applies
 * @squash: enum ditto_squash_mode
 */
struct share_rule {
	char *spec;
	u32 access;
	bool has_squash;
	u32 squash;
};

/**
 * struct share - a share, configured or existing
 * @name: name of the share
 * @path: absolute path
 * @fs_type: name of the file system; only of an existing share
 * @given: bits 1 << DITTO_A_SHARE_* of the options that are set
 * @id: stable identity
 * @read_only: the share cannot be written
 * @manage_gids: the helper looks up the groups of users
 * @local_locks: locks of clients and of local processes conflict
 * @squash: enum ditto_squash_mode
 * @anon_uid: uid of anonymous requests
 * @anon_gid: gid of anonymous requests
 * @sec: enum ditto_flavor bits
 * @encrypt: connections that are not encrypted are refused
 * @guest: users without an account may use it
 * @browse: it is shown in lists of shares
 * @streams: files may have named streams
 * @short_names: files with long names also have 8.3 names
 * @notify: clients may watch directories for changes
 * @continuous: clients may have opens that survive a restart
 * @secure_ports: AUTH_SYS is accepted only from reserved ports
 * @hide_unreadable: SMB listings leave out what the user may not read
 * @acl_mode: enum ditto_acl_mode
 * @create_mask: permission bits that new files may have
 * @directory_mask: permission bits that new directories may have
 * @force_create_mode: mode bits that new files always get
 * @force_directory_mode: mode bits that new directories always get
 * @comment: comment for display, or NULL
 * @snapshots: directory of snapshots, relative to the root; or NULL
 * @default_access: enum ditto_share_right of users that are not named
 * @rules: export rules in order
 * @nrules: entries of @rules
 * @users: what users and groups may do
 * @mountpoint: dittod serves it only if its path is a mount point; not sent to the kernel
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
	struct share_users users;
	bool mountpoint;
};

/* Bit of an attribute in struct share.given. */
#define SHARE_BIT(attr)	(1U << (attr))

/* Create a share with the kernel's defaults and no option set. */
struct share *share_new(const char *name);
void share_free(struct share *s);

/* Set an option from text. They return false and fill @why on error. */
bool share_check_name(const char *name, struct why *why);
/* Drops slashes at the end. */
bool share_set_path(struct share *s, const char *path, struct why *why);
#define SHARE_OPTION_ID(_kind, _attr, ...) SHARE_OPTION_##_attr,

/* Places of the options of fs/share/option_defs.h. */
enum share_option_id {
#define OPTION(...) SHARE_OPTION_ID(__VA_ARGS__)
#include "../../fs/share/option_defs.h"
	SHARE_OPTIONS
};

/* Set one of these options, by its name. */
bool share_set_option(struct share *s, const char *name, const char *text, struct why *why);
/* The i-th of their names, or NULL. */
const char *share_option_name(unsigned int i);
bool share_set_anon_uid(struct share *s, const char *text, struct why *why);
bool share_set_anon_gid(struct share *s, const char *text, struct why *why);
bool share_set_id(struct share *s, const char *text, struct why *why);
bool share_set_comment(struct share *s, const char *text, struct why *why);
bool share_set_snapshots(struct share *s, const char *text, struct why *why);
bool share_set_default_access(struct share *s, const char *text, struct why *why);
/* Add a user or a group: NAME=ACCESS. */
bool share_add_user(struct share *s, const char *text, struct why *why);
bool share_add_group(struct share *s, const char *text, struct why *why);
/* The same, to be looked up later with share_users_resolve(). */
bool share_add_user_unresolved(struct share *s, const char *text, struct why *why);
bool share_add_group_unresolved(struct share *s, const char *text, struct why *why);
bool share_set_mountpoint(struct share *s, const char *text, struct why *why);
/* Add a rule: SPEC or SPEC=ACCESS, optionally followed by ",squash=MODE". */
bool share_add_rule(struct share *s, const char *text, struct why *why);

/* Add to a message the options that are set and that the command takes. */
void share_put(struct nl_msg *msg, u8 cmd, const struct share *s);
/* Read a share from a reply; NULL if the reply is malformed. */
struct share *share_from_msg(struct nl_msg *msg);

/* Bits 1 << DITTO_A_SHARE_* of the options that differ; name, path and id do not count. */
u32 share_diff(const struct share *a, const struct share *b);
/* Format a rule as share_add_rule() parses it; the caller frees the text. */
char *share_rule_text(const struct share_rule *r);

#endif

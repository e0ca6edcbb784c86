/* SPDX-License-Identifier: GPL-2.0-only */
/* Shares: made from text or a message, compared, and sent to the kernel. */
#ifndef _DITTO_SHARE_H
#define _DITTO_SHARE_H

#include "setting.h"
#include "share_users.h"
#include "common/offload_ctl.h"
#include "common/text.h"

struct nl_msg;
struct nlattr;

/* Uid and gid of anonymous requests by default. */
#define SHARE_ANONYMOUS	65534
/* No user and no group. */
#define SHARE_NOBODY	UINT32_MAX

/**
 * struct share_rule - an export rule
 * @spec: clients that the rule is for
 * @access: enum ditto_access_right
 * @has_squash: @squash is valid, else the share's squash mode applies
 * @squash: enum ditto_squash_mode
 * @anon_uid: uid of anonymous requests of these clients; 0 for the share's
 * @anon_gid: the same for the gid
 */
struct share_rule {
	char *spec;
	u32 access;
	bool has_squash;
	u32 squash;
	u32 anon_uid;
	u32 anon_gid;
};

/**
 * struct share_bits - some of the attributes and options of a share
 * @attrs: SHARE_BIT() of attributes
 * @options: SHARE_OPTION_BIT() of options
 */
struct share_bits {
	u64 attrs;
	u64 options;
};

/* The member of struct share for a line of option_defs.h. */
#define SHARE_C_BOOL	bool
#define SHARE_C_ENUM	u32
#define SHARE_C_FLAGS	u32
#define SHARE_C_MODE	u32
#define SHARE_C_NUMBER	u32
#define SHARE_MEMBER(_kind, _name, _field, ...) SHARE_C_##_kind _field;

/**
 * struct share - a share, configured or existing
 * @name: name of the share
 * @path: absolute path
 * @fs_type: name of the file system; only of an existing share
 * @device: device of its root, as st_dev of stat(2); only of an existing share
 * @inode: inode of its root; 0 if it is not known
 * @no_handles: its file system gives no file handles; only of an existing share
 * @given: what is set
 * @id: stable identity
 * @anon_uid: uid of anonymous requests
 * @anon_gid: gid of anonymous requests
 * @comment: comment for display, or NULL
 * @snapshots: directory of snapshots, relative to the root; or NULL
 * @protocols: names of the protocols that serve it, separated by commas; NULL or empty for
 *	all
 * @links: directories that lead to other servers, a line PATH=TARGET[,TARGET...] each; or NULL
 * @trash_exclude: patterns of names, separated by commas, that do not go to the bin; or NULL
 * @veto_files: patterns of names, separated by slashes, that clients do not see; or NULL
 * @force_uid: user that all who log in act as, or SHARE_NOBODY
 * @force_gid: their primary group, or SHARE_NOBODY
 * @force_user: name to be looked up for @force_uid, or NULL; not sent to the kernel
 * @force_group: the same for @force_gid
 * @home_uid: user of a home share, if @given says that it is one
 * @home_gid: group of the directory if that is made, if @given says so; not of an existing share
 * @home_dir: descriptor of the directory that the home is in; not of an existing share
 * @default_access: enum ditto_share_right of users that are not named
 * @rules: export rules in order
 * @nrules: entries of @rules
 * @users: what users and groups may do
 * @mountpoint: dittod serves it only if its path is a mount point; not sent to the kernel
 * @snapshot_keep: local snapshots that the schedule makes; not sent to the kernel
 * @offload_store: name of the store that its data is offloaded to, or NULL; not sent to the kernel
 */
struct share {
	char *name;
	char *path;
	char *fs_type;
	u64 device;
	u64 inode;
	bool no_handles;
	struct share_bits given;
	u8 id[16];
	u32 anon_uid;
	u32 anon_gid;
	char *comment;
	char *snapshots;
	char *protocols;
	char *links;
	char *trash_exclude;
	char *veto_files;
	u32 force_uid;
	u32 force_gid;
	char *force_user;
	char *force_group;
	u32 home_uid;
	u32 home_gid;
	u32 home_dir;
	u32 default_access;
	struct share_rule *rules;
	unsigned int nrules;
	struct share_users users;
	bool mountpoint;
	struct offload_keep snapshot_keep[OFFLOAD_KEEPS];
	char *offload_store;
	/* The options that are described in option_defs.h. */
#define OPTION(...) SHARE_MEMBER(__VA_ARGS__)
#include "../../fs/share/option_defs.h"
#define OPTION(...) SHARE_MEMBER(__VA_ARGS__)
#include "../../fs/nfs/option_defs.h"
#define OPTION(...) SHARE_MEMBER(__VA_ARGS__)
#include "../../smb/option_defs.h"
};

#define SHARE_OPTION_ID(_kind, _name, _field, ...) SHARE_OPTION_##_field,

/* Places of the options in the table; the core's are the first. */
enum share_option_id {
#define OPTION(...) SHARE_OPTION_ID(__VA_ARGS__)
#include "../../fs/share/option_defs.h"
#define OPTION(...) SHARE_OPTION_ID(__VA_ARGS__)
#include "../../fs/nfs/option_defs.h"
#define OPTION(...) SHARE_OPTION_ID(__VA_ARGS__)
#include "../../smb/option_defs.h"
	SHARE_OPTIONS
};

/* Bits in struct share_bits: of an attribute, of an option by its place, and of all options. */
#define SHARE_BIT(attr)		(1ULL << (attr))
#define SHARE_OPTION_BIT(id)	(1ULL << (id))
#define SHARE_OPTION_BITS	(SHARE_OPTION_BIT(SHARE_OPTIONS) - 1)

/* Descriptions by enum share_option_id. */
extern const struct setting share_options[SHARE_OPTIONS];

/* Is an existing share the home share of a user? */
bool share_is_home(const struct share *s);

/* Create a share with the kernel's defaults and no option set. */
struct share *share_new(const char *name);
void share_free(struct share *s);
/* Copy a share without its users and groups. */
struct share *share_dup(const struct share *s);
/* The place of the share with a name in a list of @n, or -1. */
int share_place(struct share *const *list, unsigned int n, const char *name);

/* Set an option from text. They return false and fill @why on error. */
bool share_check_name(const char *name, struct why *why);
/* Drops slashes at the end. */
bool share_set_path(struct share *s, const char *path, struct why *why);
/* Set one of the options that are numbers, by its name. */
bool share_set_option(struct share *s, const char *name, const char *text, struct why *why);
/* The i-th of their names, or NULL. */
const char *share_option_name(unsigned int i);
/* The value of one of them. */
u32 share_option_value(const struct share *s, unsigned int id);
bool share_set_anon_uid(struct share *s, const char *text, struct why *why);
bool share_set_anon_gid(struct share *s, const char *text, struct why *why);
bool share_set_id(struct share *s, const char *text, struct why *why);
bool share_set_comment(struct share *s, const char *text, struct why *why);
bool share_set_snapshots(struct share *s, const char *text, struct why *why);
/* Names of protocols, separated by commas or spaces; all of them are the same as none. */
bool share_set_protocols(struct share *s, const char *text, struct why *why);
/* Patterns of names, separated by commas. */
bool share_set_trash_exclude(struct share *s, const char *text, struct why *why);
/* Patterns of names, separated by slashes. */
bool share_set_veto_files(struct share *s, const char *text, struct why *why);
/* A name, which is to be looked up as follows, a number, or "" for none. */
bool share_set_force_user(struct share *s, const char *text, struct why *why);
bool share_set_force_group(struct share *s, const char *text, struct why *why);
/* Fill a list with the names that are to be looked up; freed with share_users_free(). */
void share_force_begin(const struct share *s, struct share_users *forced);
/* Set what was found for that list. Returns false and fills @why if it has no account here. */
bool share_force_end(struct share *s, const struct share_users *found, struct why *why);
/* Add a link: PATH=SERVER:/PATH[,SERVER:/PATH...]; the kernel checks it. */
bool share_add_link(struct share *s, const char *text, struct why *why);
/* Is it one of the protocols that serve the share? */
bool share_has_protocol(const struct share *s, const char *name);
/* True if AUTH_SYS, or AUTH_NONE, would be accepted if the share had a rule. */
bool share_lacks_rule(const struct share *s);
bool share_set_default_access(struct share *s, const char *text, struct why *why);
/* Add a user or a group: NAME=ACCESS. */
bool share_add_user(struct share *s, const char *text, struct why *why);
bool share_add_group(struct share *s, const char *text, struct why *why);
/* The same, to be looked up later with share_users_resolve(). */
bool share_add_user_unresolved(struct share *s, const char *text, struct why *why);
bool share_add_group_unresolved(struct share *s, const char *text, struct why *why);
bool share_set_mountpoint(struct share *s, const char *text, struct why *why);
bool share_set_snapshot_schedule(struct share *s, const char *text, struct why *why);
bool share_set_offload_store(struct share *s, const char *text, struct why *why);
/* Add a rule: SPEC or SPEC=ACCESS, then any of ",squash=MODE", ",anon-uid=UID", ",anon-gid=GID". */
bool share_add_rule(struct share *s, const char *text, struct why *why);

/* Add to a message the options that are set and that the command takes. */
void share_put(struct nl_msg *msg, u8 cmd, const struct share *s);
/* Add the name of the share that a request is about. */
void share_put_name(struct nl_msg *msg, const void *name);
/* Read a share from a reply; NULL if the reply is malformed. */
struct share *share_from_msg(struct nl_msg *msg);
/* Whether a directory is the root that the kernel serves, if that tells. */
bool share_has_root(const struct share *s, int fd);

/*
 * Read a nested option of a message. Sets @name to NULL if it is malformed. Returns its place, or
 * SHARE_OPTIONS if it is newer than this program.
 */
unsigned int share_option_parse(struct nlattr *nest, const char **name, u32 *value);

/* What differs; name, path and id do not count. */
struct share_bits share_diff(const struct share *a, const struct share *b);
/* True if a bit is set. */
bool share_bits_any(const struct share_bits *bits);
/* Format a rule as share_add_rule() parses it; the caller frees the text. */
char *share_rule_text(const struct share_rule *r);

#endif

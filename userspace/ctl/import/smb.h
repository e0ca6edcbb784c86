/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters of smb.conf(5) and ksmbd.conf(5), and the shares that are made of them. */
#ifndef _DITTO_CTL_IMPORT_SMB_H
#define _DITTO_CTL_IMPORT_SMB_H

#include "import.h"

struct smb_share;
struct smb_value;

/**
 * struct smb_param - a parameter of the file
 * @name: its names, separated by '|'; one that ends with '*' stands for all that begin so
 * @map: says what becomes of a value
 * @to: key of ditto.conf(5), or why there is no counterpart
 * @arg: what else @map needs
 * @usual: values that leave no share out, separated by '|'; NULL if only the empty one does
 * @global: only [global] has it; others are defaults for shares there
 * @both: what [global] says counts, too, if the share has a value
 */
struct smb_param {
	const char *name;
	void (*map)(struct smb_share *s, const struct smb_param *p, const struct smb_value *v);
	const char *to;
	unsigned int arg;
	const char *usual;
	bool global;
	bool both;
};

/**
 * struct smb_value - a parameter as it is written
 * @at: where
 * @what: the line
 * @name: its name as it is compared
 * @hash: of @name
 * @param: what it is; NULL if nobody knows
 * @text: its value
 * @order: how many were read before it
 * @again: another one of the section counts instead
 * @told: the report says what becomes of it
 */
struct smb_value {
	struct import_source at;
	char *what;
	const char *name;
	unsigned int hash;
	const struct smb_param *param;
	char *text;
	unsigned int order;
	bool again;
	bool told;
};

#define SMB_HOSTS	"hosts allow|allow hosts|hosts deny|deny hosts"

/* Lists of users, by what they grant; those before decide, but for ksmbd's list of readers. */
enum smb_list { LIST_INVALID, LIST_ADMIN, LIST_WRITE, LIST_READ, LIST_VALID, LISTS };

/**
 * struct smb_share - a share that is made
 * @im: the import
 * @chain: memory of texts
 * @section: its section, or [server]
 * @refused: why no share is imported, or NULL; filled if @section is [server]
 * @ksmbd: the file is ksmbd.conf
 * @homes: it is the rule for homes of users
 * @home_guessed: the file does not say where they are
 * @writable: users may write, as the line @written says
 * @encrypted: clients must encrypt
 * @crossmnt: file systems below are part of it
 * @guests_made: users without an account become guests
 * @guests_refused: there are no anonymous logins
 * @guest: guests may use it, and
 * @guest_only: everybody is one
 * @guest_account: the account of guests, or NULL
 * @ntacl: obeys lists of Samba, and
 * @ntacl_always: whatever the mode is
 * @list: lists of users; NULL if there is none
 * @allow: lists of hosts; NULL if there is none
 * @deny: the same
 * @snapshots: where the module shadow_copy2 is named, or NULL
 * @snapdir: directory of snapshots, or NULL
 * @recycle: where the module recycle is named, or NULL
 * @worm: where the module worm is named, or NULL
 * @worm_grace: its time, or NULL
 */
struct smb_share {
	struct import *im;
	struct mem_chain **chain;
	struct import_section *section;
	const char **refused;
	bool ksmbd;
	bool homes;
	bool home_guessed;
	bool writable;
	const struct smb_value *written;
	bool encrypted;
	bool crossmnt;
	bool guests_made;
	bool guests_refused;
	bool guest;
	bool guest_only;
	const struct smb_value *guest_account;
	bool ntacl;
	bool ntacl_always;
	const struct smb_value *list[LISTS];
	const struct smb_value *allow;
	const struct smb_value *deny;
	const struct smb_value *snapshots;
	const struct smb_value *snapdir;
	const struct smb_value *recycle;
	const struct smb_value *worm;
	const struct smb_value *worm_grace;
};

/* The parameter of a name, or NULL. */
const struct smb_param *smb_param_find(const char *name);
/* Is a name one of a list, such as "read only|write*"? Blanks and case do not matter. */
bool smb_name_matches(const char *names, const char *name);
/* Does ksmbd read the parameter? Its names are compared as they are, but for the case. */
bool smb_param_is_of_ksmbd(const char *name);
/* Its values change nothing, and its names are of several parameters. */
bool smb_param_is_only_told(const struct smb_param *p);
/* May it have no value? */
bool smb_param_may_be_empty(const struct smb_param *p);
/* Are they names of one parameter, or of one and its opposite? */
bool smb_param_is_same(const struct smb_param *a, const struct smb_param *b);
/* Say what becomes of a value, as import_tell() does. */
void smb_tell(const struct smb_share *s, const struct smb_value *v, enum import_verdict verdict,
	      const char *format, ...)
	__printf(4, 5);
/* Say why a value has no counterpart, and leave out the share, or all if it is of the server. */
void smb_refuse(struct smb_share *s, const struct smb_value *v, const char *format, ...)
	__printf(3, 4);
/* Set a key and tell it, or tell why that is not possible. Returns true if it is set. */
bool smb_set(struct smb_share *s, const struct smb_value *v, const char *key, const char *value);
/* The next of a list of words, which may be quoted; NULL behind the last one. */
char *smb_word(char **list);
/* Make a share of what its parameters have said. */
void smb_share_finish(struct smb_share *s);

#endif

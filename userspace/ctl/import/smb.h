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
 * @global: only [global] has it; others are defaults for shares there
 */
struct smb_param {
	const char *name;
	void (*map)(struct smb_share *s, const struct smb_param *p, const struct smb_value *v);
	const char *to;
	unsigned int arg;
	bool global;
};

/**
 * struct smb_value - a parameter as it is written
 * @at: where
 * @what: the line
 * @param: what it is; NULL if nobody knows
 * @text: its value
 * @again: it is there again below
 * @told: the report says what becomes of it
 */
struct smb_value {
	struct import_source at;
	char *what;
	const struct smb_param *param;
	char *text;
	bool again;
	bool told;
};

/* Lists of users, by what they grant; those before decide, but for ksmbd's list of readers. */
enum smb_list { LIST_INVALID, LIST_ADMIN, LIST_WRITE, LIST_READ, LIST_VALID, LISTS };

/**
 * struct smb_share - a share that is made
 * @im: the import
 * @chain: memory of texts
 * @section: its section, or [server]
 * @ksmbd: the file is ksmbd.conf
 * @writable: users may write
 * @crossmnt: file systems below are part of it
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
 */
struct smb_share {
	struct import *im;
	struct mem_chain **chain;
	struct import_section *section;
	bool ksmbd;
	bool writable;
	bool crossmnt;
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
};

/* The parameter of a name, or NULL. */
const struct smb_param *smb_param_find(const char *name);
/* Its values change nothing, and its names are of several parameters. */
bool smb_param_is_only_told(const struct smb_param *p);
/* Say what becomes of a value, as import_tell() does. */
void smb_tell(const struct smb_share *s, const struct smb_value *v, enum import_verdict verdict,
	      const char *format, ...)
	__printf(4, 5);
/* Set a key and tell it, or tell why that is not possible. Returns true if it is set. */
bool smb_set(struct smb_share *s, const struct smb_value *v, const char *key, const char *value);
/* The next of a list of words, which may be quoted; NULL behind the last one. */
char *smb_word(char **list);
/* Make a share of what its parameters have said. */
void smb_share_finish(struct smb_share *s);

#endif

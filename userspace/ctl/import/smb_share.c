// SPDX-License-Identifier: GPL-2.0-only
/* What shares of Samba and ksmbd are made of, see smb.h: users, hosts and what depends on both. */

#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "smb.h"

/* A share takes fewer. */
#define NAMES_MAX	512

static const char *const list_access[LISTS] = { "none", "admin", "write", "read", NULL };

/**
 * struct named - a user or group of a list
 * @name: the name
 * @group: it is a group
 * @in: the lists that have it, as bits
 * @list: the list that decides
 */
struct named {
	const char *name;
	bool group;
	unsigned int in;
	enum smb_list list;
};

void smb_tell(const struct smb_share *s, const struct smb_value *v, enum import_verdict verdict,
	      const char *format, ...)
{
	va_list args;
	char *text;

	if (v->told)
		return;
	va_start(args, format);
	text = mem_vprint(format, args);
	va_end(args);
	import_tell(s->im, &v->at, v->what, verdict, "%s", text);
	free(text);
}

void smb_refuse(struct smb_share *s, const struct smb_value *v, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprint(format, args);
	va_end(args);
	smb_tell(s, v, IMPORT_LOST, "%s", text);
	if (s->section->share)
		import_leave_out(s->section, "%s:%u: %s: %s", v->at.file, v->at.line, v->what,
				 text);
	else if (!*s->refused)
		*s->refused = mem_chain_print(s->chain, "%s:%u: %s: %s", v->at.file, v->at.line,
					      v->what, text);
	free(text);
}

bool smb_set(struct smb_share *s, const struct smb_value *v, const char *key, const char *value)
{
	struct why why;
	bool good = import_set(s->section, key, value, &why);

	if (good)
		smb_tell(s, v, IMPORT_MAPPED, "%s = %s", key, value);
	else
		smb_tell(s, v, IMPORT_LOST, "%s: %s", key, why.text);
	return good;
}

char *smb_word(char **list)
{
	char *word = *list + strspn(*list, " \t,;"), *to = word;
	bool quoted = false;

	if (!*word)
		return NULL;
	for (*list = word; **list && (quoted || !strchr(" \t,;", **list)); (*list)++) {
		if (**list == '"')
			quoted = !quoted;
		else
			*to++ = **list;
	}
	*list += !!**list;
	*to = '\0';
	return word;
}

static struct named *named_find(struct named *named, unsigned int n, const char *name, bool group)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (named[i].group == group && !strcasecmp(named[i].name, name))
			return &named[i];
	return NULL;
}

/* What may be behind the '@' of a group; numbers and SIDs are no names here. */
static bool name_is_fit(const char *name)
{
	return *name && !strchr("@+&", *name) && !strchr(name, '%') &&
	       strncasecmp(name, "S-1-", 4) && strspn(name, "0123456789") != strlen(name);
}

/* Add the names of a list that no list before has; the valid users are the last. */
static struct named *list_add(struct smb_share *s, enum smb_list list, struct named *named,
			      unsigned int *n)
{
	const struct smb_value *v = s->list[list];
	char *rest = mem_chain_print(s->chain, "%s", v ? v->text : ""), *word;
	struct named *one;

	while ((word = smb_word(&rest))) {
		/* ksmbd knows neither "+group" nor quotation marks. */
		bool group = word[0] == '@' || (word[0] == '+' && !s->ksmbd);
		bool fit = name_is_fit(word + group) && (!s->ksmbd || !strchr(v->text, '"'));

		word += group;
		if (!fit || *n == NAMES_MAX) {
			smb_refuse(s, v, *n == NAMES_MAX ? "there are too many names" :
				   "'%s' cannot be named: only names of users and groups can",
				   word);
			break;
		}
		one = named_find(named, *n, word, group);
		if (!one) {
			named = mem_grow(named, *n, sizeof(*named));
			one = &named[(*n)++];
			*one = (struct named){ word, group, 0, list };
		}
		one->in |= 1U << list;
	}
	return named;
}

/* What a list grants: none, read, write or admin, as a number. */
static unsigned int list_rank(const struct smb_share *s, enum smb_list list)
{
	static const unsigned int ranks[LISTS] = { 0, 3, 2, 1 };

	return list == LIST_VALID ? s->writable ? 2 : 1 : ranks[list];
}

/*
 * Here a user counts before his groups, and of these the one that grants most. So a group cannot
 * take away what an entry of a later list grants.
 */
static void groups_compare(struct smb_share *s, const struct named *named, unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < n; i++)
		for (j = i + 1; named[i].group && j < n; j++)
			if (list_rank(s, named[j].list) > list_rank(s, named[i].list))
				import_leave_out(s->section,
						 "the group '%s' is to have less than '%s'",
						 named[i].name, named[j].name);
}

/* Who is in another list, but not valid, is refused. */
static bool named_is_valid(struct smb_share *s, const struct named *one)
{
	if (!s->list[LIST_VALID] || one->list == LIST_INVALID || one->in & 1U << LIST_VALID)
		return true;
	smb_tell(s, s->list[one->list], IMPORT_LOST, "'%s' is not named in valid users", one->name);
	if (one->list == LIST_READ)
		import_leave_out(s->section,
				 "'%s' of the list of readers is not named in valid users",
				 one->name);
	return false;
}

/* There an administrator changes nothing where he is a reader; here he does. */
static void admins_check(struct smb_share *s, const struct named *named, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (named[i].list == LIST_ADMIN && !(named[i].in & 1U << LIST_WRITE) &&
		    (!s->writable || named[i].in & 1U << LIST_READ))
			smb_refuse(s, s->list[LIST_ADMIN],
				   "'%s' could write: name him in write list, too, if he may",
				   named[i].name);
}

static void users_finish(struct smb_share *s)
{
	static const enum smb_list order[][LISTS] = {
		{ LIST_INVALID, LIST_ADMIN, LIST_WRITE, LIST_READ, LIST_VALID },
		{ LIST_INVALID, LIST_ADMIN, LIST_READ, LIST_WRITE, LIST_VALID },
	};
	bool writers = s->list[LIST_ADMIN] || s->list[LIST_WRITE];
	struct named *named = NULL;
	unsigned int i, n = 0;
	struct why why;

	for (i = 0; i < LISTS; i++)
		named = list_add(s, order[s->ksmbd][i], named, &n);
	groups_compare(s, named, n);
	admins_check(s, named, n);
	if (s->guest_only && s->guest && n)
		import_leave_out(s->section, "everybody is the guest: lists of users are in vain");
	if (s->list[LIST_VALID])
		import_set(s->section, "default-access", "none", &why);
	else if (!s->writable && writers)
		import_set(s->section, "default-access", "read", &why);
	if (!s->writable && !writers)
		import_set(s->section, "read-only", "yes", &why);
	for (i = 0; i < n; i++) {
		const struct named *one = &named[i];
		const char *access = list_access[one->list] ?: s->writable ? "write" : "read";
		char *value;

		if (!named_is_valid(s, one))
			continue;
		value = mem_chain_print(s->chain, "%s=%s", one->name, access);
		if (!smb_set(s, s->list[one->list], one->group ? "group" : "user", value))
			import_leave_out(s->section, "'%s' cannot be named", one->name);
		/* dittod does not serve the share before somebody has the name. */
		if (one->group ? !getgrnam(one->name) : !getpwnam(one->name)) {
			smb_tell(s, s->list[one->list], IMPORT_LOST,
				 "there is no %s '%s' on this machine: the share waits for one",
				 one->group ? "group" : "user", one->name);
			s->im->unknown++;
		}
	}
	free(named);
}

/* A host of a list as a rule can name it; NULL if none can. */
static const char *host_text(struct smb_share *s, const char *word)
{
	size_t len = strlen(word), digits = strspn(word, "0123456789.");
	unsigned int dots = 0;
	const char *p;

	for (p = word; (p = strchr(p, '.')); p++)
		dots++;
	if (!strcasecmp(word, "ALL"))
		return "*";
	if (!strcasecmp(word, "EXCEPT") || !strcasecmp(word, "LOCAL") || !strcasecmp(word, "FAIL"))
		return NULL;
	/* There a pattern is compared with the address, too. */
	if (strpbrk(word, "*?") && strcmp(word, "*") &&
	    (strspn(word, "*?0123456789.") == len ||
	     strspn(word, "*?0123456789abcdefABCDEF:") == len))
		return NULL;
	/* "192.0.2." is the beginning of addresses, ".example.org" the end of names. */
	if (len && digits == len && word[len - 1] == '.' && dots <= 3)
		word = mem_chain_print(s->chain, "%s%s/%u", word,
				       dots == 1 ? "0.0.0" : dots == 2 ? "0.0" : "0", 8 * dots);
	else if (word[0] == '.')
		word = mem_chain_print(s->chain, "*%s", word);
	word = import_network(s->chain, word);
	return import_client_is_fit(word) ? word : NULL;
}

static void hosts_add(struct smb_share *s, const struct smb_value *v, const char *access)
{
	char *rest = mem_chain_print(s->chain, "%s", v ? v->text : ""), *word;

	while ((word = smb_word(&rest))) {
		const char *host = host_text(s, word), *rule = NULL;

		if (host)
			rule = mem_chain_print(s->chain, "%s=%s", host, access);
		if (host && smb_set(s, v, "allow", rule))
			continue;
		smb_refuse(s, v, "'%s' cannot be named: write a network as 192.0.2.0/24", word);
		return;
	}
}

/* Who is allowed is admitted although denied; without a list of these, all that are not denied. */
static void hosts_finish(struct smb_share *s)
{
	struct why why;

	hosts_add(s, s->allow, "rw");
	hosts_add(s, s->deny, "none");
	if (s->deny)
		import_set(s->section, "allow", "*=rw", &why);
}

static void guest_finish(struct smb_share *s)
{
	const struct passwd *account;

	if (!s->guest_account)
		return;
	account = getpwnam(s->guest_account->text);
	if (!s->guest) {
		smb_tell(s, s->guest_account, IMPORT_NEEDLESS, "the share has no guests");
	} else if (!account) {
		smb_refuse(s, s->guest_account, "there is no such user on this machine");
	} else {
		char *uid = mem_chain_print(s->chain, "%u", account->pw_uid);
		char *gid = mem_chain_print(s->chain, "%u", account->pw_gid);

		smb_set(s, s->guest_account, "anon-uid", uid);
		smb_set(s, s->guest_account, "anon-gid", gid);
	}
}

static void snapshots_finish(struct smb_share *s)
{
	const struct smb_value *v = s->snapdir ?: s->snapshots;
	const char *dir = s->snapdir ? s->snapdir->text : ".snapshots";

	if (!s->snapshots && s->snapdir)
		smb_tell(s, s->snapdir, IMPORT_NEEDLESS, "the module shadow_copy2 is not used");
	else if (s->snapshots)
		smb_set(s, v, "snapshots", dir);
}

/* The module lets nobody remove the files, and has an hour as default. */
static void worm_finish(struct smb_share *s)
{
	if (!s->worm && s->worm_grace)
		smb_tell(s, s->worm_grace, IMPORT_NEEDLESS, "the module worm is not used");
	if (!s->worm)
		return;
	/* There it means that files are committed when they are closed, and here never. */
	if (s->worm_grace && !atoi(s->worm_grace->text)) {
		smb_set(s, s->worm, "worm", "1");
		smb_tell(s, s->worm_grace, IMPORT_LOST,
			 "worm = 1: files get a second to be written");
	} else {
		smb_set(s, s->worm_grace ?: s->worm, "worm",
			s->worm_grace ? s->worm_grace->text : "3600");
	}
	smb_set(s, s->worm, "worm-retention", "0");
}

void smb_share_finish(struct smb_share *s)
{
	struct why why;
	unsigned int i;

	for (i = 0; i < s->section->n && strncmp(s->section->line[i], "path = ", 7); i++)
		;
	/* Samba takes the directories of the accounts. */
	s->home_guessed = i == s->section->n && s->homes;
	if (s->home_guessed)
		import_set(s->section, "path", "/home/%U", &why);
	else if (i == s->section->n)
		import_leave_out(s->section, "it has no path");
	if (s->recycle && s->worm)
		smb_tell(s, s->recycle, IMPORT_LOST,
			 "a share with worm has no bin: its files would move");
	else if (s->recycle)
		smb_set(s, s->recycle, "trash", "yes");
	if (!s->homes)
		import_set(s->section, "protocols", "smb", &why);
	/* Committed files exclude file systems within the share. */
	import_set(s->section, "nested", s->crossmnt && !s->worm ? "on" : "off", &why);
	if (s->encrypted)
		import_set(s->section, "encrypt", "yes", &why);
	if (s->guest && s->guest_only)
		import_set(s->section, "squash", "all-to-guest", &why);
	if (s->ntacl)
		import_set(s->section, "samba-acl", s->ntacl_always ? "always" : "checked", &why);
	guest_finish(s);
	snapshots_finish(s);
	worm_finish(s);
	users_finish(s);
	hosts_finish(s);
}

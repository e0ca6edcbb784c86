// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl user import: accounts of Samba as "pdbedit -Lw" prints them, in the format of
 * smbpasswd(5), and lines NAME:BASE64 of ksmbd's ksmbdpwd.db. Both have NT hashes, which are as
 * good as passwords: they are never printed, and wiped from memory.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/out.h"
#include "ctl/users.h"
#include "identity/nss.h"
#include "import.h"
#include "mem.h"
#include "paths.h"

#define INPUT_MAX	(1024 * 1024)
/* NAME:UID:LM HASH:NT HASH:FLAGS:LAST CHANGE:... */
#define FIELDS		6
#define FIELDS_MIN	5
#define BASE64_LEN	24

/**
 * struct result - what becomes of a line
 * @line: its number
 * @name: the account
 * @why: why it is left out, or NULL
 */
struct result {
	unsigned int line;
	const char *name;
	const char *why;
};

static const struct column columns[] = {
	{ "LINE", true }, { "NAME", false }, { "RESULT", false }, { NULL, false }
};

/* Nobody but root may have read hashes. ksmbd's file is also readable for root's group. */
static bool input_is_private(int fd, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st))
		return why_not(why, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return why_not(why, "it is no regular file");
	if (st.st_uid && st.st_uid != geteuid())
		return why_not(why, "it belongs to somebody else");
	if ((st.st_mode & 07) || ((st.st_mode & 070) && st.st_gid))
		return why_not(why, "others may read it, and so log in: chmod 600");
	return true;
}

/* Read all of a descriptor, with a NUL behind it. Returns NULL with @why filled. */
static char *input_read(int fd, struct why *why)
{
	char *text = mem_new(INPUT_MAX + 1);
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, INPUT_MAX - len)) > 0)
		len += (size_t)n;
	if (!n && len < INPUT_MAX && !memchr(text, '\0', len))
		return text;
	why_not(why, "%s", n < 0 ? strerror(errno) : len == INPUT_MAX ? "it is too large" :
		"a NUL byte: this is not a text file");
	explicit_bzero(text, INPUT_MAX);
	free(text);
	return NULL;
}

static bool hash_from_hex(const char *text, u8 hash[USERS_HASH_LEN])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	if (strlen(text) != 2 * USERS_HASH_LEN ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * USERS_HASH_LEN)
		return false;
	memset(hash, 0, USERS_HASH_LEN);
	for (i = 0; i < 2 * USERS_HASH_LEN; i++)
		hash[i / 2] = (u8)(hash[i / 2] << 4 | (strchr(digits, tolower(text[i])) - digits));
	return true;
}

/* RFC 4648 section 4. */
static bool hash_from_base64(const char *text, u8 hash[USERS_HASH_LEN])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int bits = 0, n = 0;
	size_t i, len = 0;

	if (strlen(text) != BASE64_LEN || strcmp(text + BASE64_LEN - 2, "==") ||
	    strspn(text, digits) != BASE64_LEN - 2)
		return false;
	for (i = 0; i < BASE64_LEN - 2; i++) {
		bits = bits << 6 | (unsigned int)(strchr(digits, text[i]) - digits);
		n += 6;
		if (n >= 8) {
			n -= 8;
			hash[len++] = (u8)(bits >> n);
		}
	}
	return len == USERS_HASH_LEN;
}

/* Why an account with flags such as "[UX         ]" is left out, or NULL: see smbpasswd(5). */
static const char *flags_check(const char *flags)
{
	static const struct {
		const char *flags, *why;
	} known[] = {
		{ "WSI", "it is the account of a machine" },
		{ "D", "it is disabled" },
		{ "L", "it is locked: pdbedit -z -u NAME unlocks it" },
		{ "N", "it has no NT hash" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (strpbrk(flags, known[i].flags))
			return known[i].why;
	/* Passwords that do not expire, and homes, are all the same here. */
	i = flags[0] == '[' ? 1 + strspn(flags + 1, "UXH ") : 0;
	if (!i || strcmp(flags + i, "]") || !strchr(flags, 'U'))
		return "it is no account of a user";
	return NULL;
}

/*
 * Read a line, of which @name is a part then. Returns NULL, or why it has no account that can be
 * used here.
 */
static const char *line_read(char *line, const char **name, u8 hash[USERS_HASH_LEN])
{
	static const char empty[] = "31D6CFE0D16AE931B73C59D7E0C089C0";
	char *field[FIELDS] = { NULL };
	const char *why = NULL;
	u8 none[USERS_HASH_LEN];
	struct why ignored;
	unsigned int n;

	for (n = 0; n < FIELDS && line; n++)
		field[n] = strsep(&line, ":");
	if (n < 2 || !users_check_name(field[0], &ignored))
		return "it is no account";
	*name = field[0];
	if (n > 2)
		why = n < FIELDS_MIN ? "it is no account" : flags_check(field[4]);
	/* With X a password does not expire, whenever it was set. */
	if (!why && n == FIELDS && !strcmp(field[5], "LCT-00000000") && !strchr(field[4], 'X'))
		why = "its password must be changed first: smbpasswd NAME";
	if (why)
		return why;
	if (n == 2 ? !hash_from_base64(field[1], hash) : !hash_from_hex(field[3], hash))
		return "it has no NT hash";
	hash_from_hex(empty, none);
	return memcmp(hash, none, sizeof(none)) ? NULL : "its password is empty";
}

/* Why the account of a user cannot be used, or NULL. */
static const char *account_check(struct users *users, const char *name, uid_t *uid)
{
	const struct passwd *account = getpwnam(name);
	enum nss_state state;

	if (!account)
		return "there is no such user on this machine: useradd makes one";
	*uid = account->pw_uid;
	if (nss_account_state(name, &state))
		return "it is not known whether the user is locked: the name service fails";
	if (state == NSS_LOCKED)
		return "the user is locked on this machine: usermod -U";
	if (state == NSS_EXPIRED)
		return "the user has expired on this machine: chage -E -1";
	return users_find(users, name) ? "it is there already" : NULL;
}

/* Add the accounts. Returns what becomes of each line, to be freed, and their number. */
static struct result *accounts_add(struct users *users, char *text, unsigned int *n)
{
	struct result *results = NULL;
	u8 hash[USERS_HASH_LEN];
	unsigned int line = 0;
	char *one;

	*n = 0;
	while ((one = strsep(&text, "\n"))) {
		struct result *r;
		uid_t uid;

		line++;
		one[strcspn(one, "\r")] = '\0';
		if (!*one || *one == '#')
			continue;
		results = mem_grow(results, *n, sizeof(*results));
		r = &results[(*n)++];
		*r = (struct result){ .line = line, .name = "" };
		r->why = line_read(one, &r->name, hash);
		if (!r->why)
			r->why = account_check(users, r->name, &uid);
		if (!r->why)
			users_set(users, r->name, uid, hash);
	}
	explicit_bzero(hash, sizeof(hash));
	return results;
}

static void results_print(const struct result *r, unsigned int n, bool json)
{
	struct table *t = list_begin(json, columns);

	for (; n; n--, r++) {
		if (t) {
			table_cell(t, "%u", r->line);
			table_cell(t, "%s", r->name);
			table_cell(t, "%s", r->why ?: "imported");
			continue;
		}
		json_open(stdout, NULL, '{');
		json_number(stdout, "line", r->line);
		json_string(stdout, "name", r->name);
		json_bool(stdout, "imported", !r->why);
		if (r->why)
			json_string(stdout, "why", r->why);
		json_close(stdout, '}');
	}
	list_end(t);
}

int user_import(struct ctl *ctl, char **words)
{
	return accounts_import(ctl, words, DITTO_USERS_FILE);
}

int accounts_import(struct ctl *ctl, char **words, const char *database)
{
	unsigned int n = 0, i, added = 0;
	struct result *results = NULL;
	const char *path = NULL;
	bool dry_run = false, good;
	struct users users;
	struct why why;
	char *text = NULL;
	int fd;

	for (; *words; words++) {
		if (!strcmp(*words, "--dry-run"))
			dry_run = true;
		else if (!path)
			path = *words;
		else
			return ctl_no_more(ctl, words);
	}
	if (!path && isatty(STDIN_FILENO))
		return ctl_usage(ctl, "name a file, or pipe in what pdbedit -Lw prints");
	fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : STDIN_FILENO;
	good = fd >= 0 || why_not(&why, "%s", strerror(errno));
	good = good && (!path || input_is_private(fd, &why));
	text = good ? input_read(fd, &why) : NULL;
	if (path && fd >= 0)
		close(fd);
	if (!text)
		return ctl_failed(ctl, "%s: %s", path ?: "standard input", why.text);
	good = users_read(&users, database, !dry_run, &why);
	if (good)
		results = accounts_add(&users, text, &n);
	for (i = 0; i < n; i++)
		added += !results[i].why;
	if (good && added && !dry_run)
		good = users_write(&users, &why);
	if (good)
		results_print(results, n, ctl->json);
	free(results);
	users_free(&users);
	explicit_bzero(text, INPUT_MAX);
	free(text);
	if (!good)
		return ctl_failed(ctl, "%s", why.text);
	return added < n ? CTL_DEGRADED : CTL_OK;
}

// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl user */

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "import/import.h"
#include "out.h"
#include "password.h"
#include "paths.h"
#include "users.h"

static const struct column user_columns[] = {
	{ "NAME", false }, { "UID", true }, { NULL, false }
};

static int user_refused(struct ctl *ctl, const struct why *why)
{
	ctl->conn.why = *why;
	return ctl_refused(ctl, NULL);
}

/* Add a user to the file, or replace the hash of an existing one. */
static int user_add(struct ctl *ctl, char **words)
{
	char password[USERS_PASSWORD_MAX + 1];
	const struct passwd *account;
	const char *name = NULL;
	u8 hash[USERS_HASH_LEN];
	bool from_stdin = false;
	struct users users;
	struct why why;
	bool good;
	u32 uid;

	for (; *words; words++) {
		if (!strcmp(*words, "--password-stdin"))
			from_stdin = true;
		else if (!name)
			name = *words;
		else
			return ctl_no_more(ctl, words);
	}
	if (!name)
		return ctl_usage(ctl, "the name of the user is needed");
	if (!users_check_name(name, &why))
		return ctl_usage(ctl, "%s", why.text);
	account = getpwnam(name);
	if (!account)
		return ctl_failed(ctl,
				  "there is no user '%s' on this machine: useradd --shell /usr/sbin/nologin '%s' makes one",
				  name, name);
	uid = account->pw_uid;
	if (from_stdin)
		good = password_line(password, sizeof(password), &why);
	else
		good = password_ask(name, password, sizeof(password), &why);
	good = good && users_hash(password, hash, &why);
	explicit_bzero(password, sizeof(password));
	if (!good)
		return ctl_usage(ctl, "%s", why.text);
	good = users_read(&users, DITTO_USERS_FILE, true, &why);
	if (good) {
		users_set(&users, name, uid, hash);
		good = users_write(&users, &why);
	}
	users_free(&users);
	explicit_bzero(hash, sizeof(hash));
	return good ? CTL_OK : user_refused(ctl, &why);
}

static int user_del(struct ctl *ctl, char **words)
{
	struct users users;
	struct why why;
	bool good;

	if (!words[0])
		return ctl_usage(ctl, "the name of the user is needed");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	good = users_read(&users, DITTO_USERS_FILE, true, &why);
	if (good && !users_del(&users, words[0]))
		good = why_not(&why, "there is no user '%s'", words[0]);
	good = good && users_write(&users, &why);
	users_free(&users);
	return good ? CTL_OK : user_refused(ctl, &why);
}

static void print_json(const struct users *users)
{
	unsigned int i;

	json_open(stdout, NULL, '[');
	for (i = 0; i < users->n; i++) {
		if (!users->line[i].name)
			continue;
		json_open(stdout, NULL, '{');
		json_string(stdout, "name", users->line[i].name);
		json_number(stdout, "uid", users->line[i].uid);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
	json_end(stdout);
}

static void print_table(const struct users *users)
{
	struct table *t = table_new(user_columns);
	unsigned int i;

	for (i = 0; i < users->n; i++) {
		if (!users->line[i].name)
			continue;
		table_cell(t, "%s", users->line[i].name);
		table_cell(t, "%u", users->line[i].uid);
	}
	table_end(t, stdout);
}

static int user_list(struct ctl *ctl, char **words)
{
	struct users users;
	struct why why;
	bool good;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	good = users_read(&users, DITTO_USERS_FILE, false, &why);
	if (good && ctl->json)
		print_json(&users);
	else if (good)
		print_table(&users);
	users_free(&users);
	return good ? CTL_OK : user_refused(ctl, &why);
}

const struct verb user_verbs[] = {
	{ "add", user_add, "NAME [--password-stdin]" },
	{ "del", user_del, "NAME" },
	{ "list", user_list, "" },
	{ "import", user_import, "[FILE] [--dry-run]" },
	{ NULL, NULL, NULL }
};

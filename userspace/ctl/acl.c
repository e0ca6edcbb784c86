// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl acl */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acl_import.h"
#include "acl_text.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "out.h"

/**
 * struct acl_request - what is asked or changed
 * @path: absolute path of the file
 * @share: name of the share, or NULL
 * @acl: the list to set, or NULL
 * @remove: remove the list
 */
struct acl_request {
	const char *path;
	const char *share;
	const struct acl *acl;
	bool remove;
};

/* Where a list comes from, for people. */
static const char *const acl_sources[] = {
	[DITTO_ACL_SOURCE_STORED] = "stored",
	[DITTO_ACL_SOURCE_ADAPTED] = "stored, and changed to fit a later chmod on the server",
	[DITTO_ACL_SOURCE_MODE] = "made of the mode",
	[DITTO_ACL_SOURCE_POSIX_ACL] = "made of the POSIX ACL",
	[DITTO_ACL_SOURCE_POSIX_ACL_OVER_STORED] =
		"made of the POSIX ACL, which was set after the list that is stored",
	[DITTO_ACL_SOURCE_DAMAGED] =
		"the stored list cannot be read: only the owner and administrators have access",
	[DITTO_ACL_SOURCE_SAMBA] = "stored by Samba",
};

static void acl_request_put(struct nl_msg *msg, const void *arg)
{
	const struct acl_request *r = arg;

	msg_put_string(msg, DITTO_A_ACL_PATH, r->path);
	if (r->share)
		msg_put_string(msg, DITTO_A_ACL_SHARE, r->share);
	if (r->acl)
		acl_put(msg, r->acl);
	if (r->remove)
		msg_put_number(msg, &spec_acl_set, DITTO_A_ACL_REMOVE, 1);
}

/* "--share NAME" in front of other words. */
static bool take_share(char ***words, const char **share)
{
	if (!**words || strcmp(**words, "--share") || !(*words)[1])
		return false;
	*share = (*words)[1];
	*words += 2;
	return true;
}

/* Take the path off the words, made absolute; the caller frees it. NULL after an error. */
static char *take_path(const struct ctl *ctl, char ***words)
{
	const char *word = **words;
	char *path;

	if (!word) {
		ctl_usage(ctl, "the path of the file is needed");
		return NULL;
	}
	++*words;
	path = realpath(word, NULL);
	if (!path) {
		ctl_usage(ctl, "%s: %s", word, strerror(errno));
	} else if (strlen(path) > spec_acl_set.attrs[DITTO_A_ACL_PATH].max_len) {
		ctl_usage(ctl, "%s: the path is too long", word);
		free(path);
		path = NULL;
	}
	return path;
}

/* Ask for the list of a file. The caller frees @reply. Returns an exit status. */
static int acl_fetch(struct ctl *ctl, const struct acl_request *r, struct nl_msg **reply,
		     struct nlattr **tb)
{
	const int needed[] = {
		DITTO_A_ACL_PATH, DITTO_A_ACL_SHARE, DITTO_A_ACL_UID, DITTO_A_ACL_GID,
		DITTO_A_ACL_MODE, DITTO_A_ACL_SOURCE, DITTO_A_ACL_FLAGS,
	};
	bool good;
	size_t i;

	if (ctl_do_retry(ctl, DITTO_CMD_ACL_GET, acl_request_put, r, r->path, reply))
		return CTL_REFUSED;
	good = *reply && !msg_parse(*reply, &spec_acl_set, tb);
	for (i = 0; good && i < ARRAY_SIZE(needed); i++)
		good = tb[needed[i]];
	if (good)
		return CTL_OK;
	if (*reply)
		nlmsg_free(*reply);
	why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
	return ctl_refused(ctl, r->path);
}

/* The entries of a reply; libnl's table of attributes has only the last one. */
static bool acl_entries(struct nl_msg *reply, struct acl *acl)
{
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(reply), GENL_HDRLEN, rest)
		if (nla_type(nla) == DITTO_A_ACL_ACE && !acl_add_attr(acl, nla))
			return false;
	return true;
}

static const char *source_text(u32 source)
{
	return source < ARRAY_SIZE(acl_sources) ? acl_sources[source] : "?";
}

static void acl_show_text(struct nlattr **tb, const struct acl *acl)
{
	char *owner = acl_user_text(nla_get_u32(tb[DITTO_A_ACL_UID]));
	char *group = acl_group_text(nla_get_u32(tb[DITTO_A_ACL_GID]));
	char *path = text_printable(nla_get_string(tb[DITTO_A_ACL_PATH]));
	char *flags;
	unsigned int i;

	/* The output can be given to "acl set --file": a name must not be able to add a line. */
	printf("# file: %s\n", path);
	printf("# share: %s\n", nla_get_string(tb[DITTO_A_ACL_SHARE]));
	printf("# owner: %s\n# group: %s\n", owner, group);
	printf("# mode: %04o\n", nla_get_u32(tb[DITTO_A_ACL_MODE]));
	printf("# list: %s\n", source_text(nla_get_u32(tb[DITTO_A_ACL_SOURCE])));
	flags = acl_flags_text(&spec_acl_flag, acl->flags);
	if (flags[0])
		printf("flags:%s\n", flags);
	for (i = 0; i < acl->n; i++) {
		char *text = acl_entry_text(&acl->entry[i]);

		puts(text);
		free(text);
	}
	free(flags);
	free(path);
	free(group);
	free(owner);
}

static void acl_show_json(struct nlattr **tb, const struct acl *acl)
{
	char *owner = acl_user_text(nla_get_u32(tb[DITTO_A_ACL_UID]));
	char *group = acl_group_text(nla_get_u32(tb[DITTO_A_ACL_GID]));
	char mode[8];
	unsigned int i;

	json_open(stdout, NULL, '{');
	json_string(stdout, "path", nla_get_string(tb[DITTO_A_ACL_PATH]));
	json_string(stdout, "share", nla_get_string(tb[DITTO_A_ACL_SHARE]));
	json_bool(stdout, "directory",
		  tb[DITTO_A_ACL_DIRECTORY] && nla_get_u8(tb[DITTO_A_ACL_DIRECTORY]));
	json_number(stdout, "uid", nla_get_u32(tb[DITTO_A_ACL_UID]));
	json_string(stdout, "owner", owner);
	json_number(stdout, "gid", nla_get_u32(tb[DITTO_A_ACL_GID]));
	json_string(stdout, "group", group);
	snprintf(mode, sizeof(mode), "%04o", nla_get_u32(tb[DITTO_A_ACL_MODE]) & 07777);
	json_string(stdout, "mode", mode);
	json_string(stdout, "source",
		    spec_enum_name(&spec_acl_source, nla_get_u32(tb[DITTO_A_ACL_SOURCE])));
	acl_flags_json("flags", &spec_acl_flag, acl->flags);
	json_open(stdout, "entries", '[');
	for (i = 0; i < acl->n; i++)
		acl_entry_json(NULL, &acl->entry[i]);
	json_close(stdout, ']');
	json_close(stdout, '}');
	json_end(stdout);
	free(group);
	free(owner);
}

static int acl_show(struct ctl *ctl, char **words)
{
	struct nlattr *tb[DITTO_A_ACL_MAX + 1];
	struct acl_request r = { 0 };
	struct acl acl = { 0 };
	struct nl_msg *reply;
	char *path;
	int status;

	take_share(&words, &r.share);
	if (words[0] && !strcmp(words[0], "--json")) {
		ctl->json = true;
		words++;
	}
	path = take_path(ctl, &words);
	if (!path)
		return CTL_USAGE;
	r.path = path;
	status = ctl_no_more(ctl, words) ? CTL_USAGE : acl_fetch(ctl, &r, &reply, tb);
	if (status)
		goto free;
	acl.flags = nla_get_u32(tb[DITTO_A_ACL_FLAGS]);
	if (!acl_entries(reply, &acl)) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		status = ctl_refused(ctl, path);
	} else if (ctl->json) {
		acl_show_json(tb, &acl);
	} else {
		acl_show_text(tb, &acl);
	}
	acl_free(&acl);
	nlmsg_free(reply);
free:
	free(path);
	return status;
}

/* Read entries from a file, one in a line; "-" is the standard input. */
static int acl_read_file(const struct ctl *ctl, const char *name, struct acl *acl)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	int status = CTL_OK, number = 0;
	char *line = NULL;
	size_t room = 0;
	struct why why;

	if (!file)
		return ctl_usage(ctl, "%s: %s", name, strerror(errno));
	while (!status && getline(&line, &room, file) >= 0) {
		char *text = line + strspn(line, " \t");
		size_t len = strlen(text);

		number++;
		while (len && strchr(" \t\r\n", text[len - 1]))
			text[--len] = '\0';
		if (text[0] && text[0] != '#' && !acl_add(acl, text, &why))
			status = ctl_usage(ctl, "%s, line %d: %s", name, number, why.text);
	}
	if (!status && ferror(file))
		status = ctl_usage(ctl, "%s: it cannot be read", name);
	free(line);
	if (file != stdin)
		fclose(file);
	return status;
}

/* Fetch the list of another file. */
static int acl_copy_from(struct ctl *ctl, char **words, struct acl *acl)
{
	struct nlattr *tb[DITTO_A_ACL_MAX + 1];
	struct acl_request r = { 0 };
	struct nl_msg *reply;
	char *path = take_path(ctl, &words);
	int status;

	if (!path)
		return CTL_USAGE;
	r.path = path;
	status = ctl_no_more(ctl, words) ? CTL_USAGE : acl_fetch(ctl, &r, &reply, tb);
	if (!status) {
		acl->flags = nla_get_u32(tb[DITTO_A_ACL_FLAGS]);
		if (!acl_entries(reply, acl)) {
			why_not(&ctl->conn.why,
				"this version does not understand the kernel's answer");
			status = ctl_refused(ctl, path);
		}
		nlmsg_free(reply);
	}
	free(path);
	return status;
}

/* The words behind the path: what to set. */
static int acl_read_words(struct ctl *ctl, char **words, struct acl *acl, struct acl_request *r)
{
	struct why why;

	if (!words[0])
		return ctl_usage(ctl,
				 "entries, --file, --copy-from or --remove is needed behind the path");
	if (!strcmp(words[0], "--remove")) {
		r->remove = true;
		return ctl_no_more(ctl, words + 1);
	}
	r->acl = acl;
	if (!strcmp(words[0], "--copy-from"))
		return acl_copy_from(ctl, words + 1, acl);
	if (!strcmp(words[0], "--file")) {
		if (!words[1])
			return ctl_usage(ctl, "the name of a file is missing behind '--file'");
		if (ctl_no_more(ctl, words + 2))
			return CTL_USAGE;
		return acl_read_file(ctl, words[1], acl);
	}
	for (; *words; words++)
		if (!acl_add(acl, *words, &why))
			return ctl_usage(ctl, "%s", why.text);
	return CTL_OK;
}

static int acl_set(struct ctl *ctl, char **words)
{
	struct acl_request r = { 0 };
	struct acl acl = { 0 };
	char *path;
	int status;

	take_share(&words, &r.share);
	path = take_path(ctl, &words);
	if (!path)
		return CTL_USAGE;
	r.path = path;
	status = acl_read_words(ctl, words, &acl, &r);
	if (!status)
		status = ctl_do_retry(ctl, DITTO_CMD_ACL_SET, acl_request_put, &r, path, NULL);
	acl_free(&acl);
	free(path);
	return status;
}

const struct verb acl_verbs[] = {
	{ "show", acl_show, "[--share NAME] PATH" },
	{ "set", acl_set, "[--share NAME] PATH ENTRY...|--file FILE|--copy-from PATH|--remove" },
	{ "import", acl_import, "[--always] [--dry-run] [--json] PATH|SHARE" },
	{ NULL, NULL, NULL }
};

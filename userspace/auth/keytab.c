// SPDX-License-Identifier: GPL-2.0-only
/* The keytab of this machine, see keytab.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <krb5/krb5.h>

#include "keytab.h"
#include "daemon/log.h"
#include "mem.h"

/* Maximum size of the keytab in bytes. */
#define KEYTAB_MAX	1048576

static bool entry_is_of(const krb5_keytab_entry *entry, const char *service)
{
	const krb5_data *first;

	if (entry->principal->length < 2)
		return false;
	first = &entry->principal->data[0];
	return first->length == strlen(service) && !memcmp(first->data, service, first->length);
}

static krb5_error_code keytab_search(krb5_context context, krb5_keytab keytab,
				     const char *service, bool *found)
{
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;
	krb5_error_code code;

	code = krb5_kt_start_seq_get(context, keytab, &cursor);
	if (code)
		return code;
	while (!*found && !(code = krb5_kt_next_entry(context, keytab, &entry, &cursor))) {
		*found = entry_is_of(&entry, service);
		krb5_free_keytab_entry_contents(context, &entry);
	}
	krb5_kt_end_seq_get(context, keytab, &cursor);
	return *found || code == KRB5_KT_END ? 0 : code;
}

bool keytab_has_service(const char *service, struct why *why)
{
	char name[1024] = "the keytab";
	krb5_keytab keytab = NULL;
	krb5_context context;
	krb5_error_code code;
	bool found = false;
	const char *text;

	if (krb5_init_context(&context))
		return why_not(why, "the Kerberos configuration cannot be read");
	code = krb5_kt_default(context, &keytab);
	if (!code) {
		krb5_kt_get_name(context, keytab, name, sizeof(name));
		code = keytab_search(context, keytab, service, &found);
		krb5_kt_close(context, keytab);
	}
	if (code) {
		text = krb5_get_error_message(context, code);
		/* The text may have the name. */
		if (strstr(text, name))
			why_not(why, "%s", text);
		else
			why_not(why, "%s: %s", name, text);
		krb5_free_error_message(context, text);
	} else if (!found) {
		why_not(why, "%s has no key of %s/HOST", name, service);
	}
	krb5_free_context(context);
	return found;
}

char *keytab_path(void)
{
	char name[1024], *path = NULL;
	krb5_context context;

	if (krb5_init_context(&context))
		return NULL;
	if (!krb5_kt_default_name(context, name, sizeof(name))) {
		if (!strncmp(name, "FILE:", 5) || !strncmp(name, "WRFILE:", 7))
			path = mem_string(strchr(name, ':') + 1);
		else if (name[0] == '/')
			path = mem_string(name);
		else
			log_warning("the keytab %s is no file: it cannot be used", name);
	}
	krb5_free_context(context);
	return path;
}

int keytab_copy(const char *path)
{
	int to = memfd_create("ditto-keytab", MFD_CLOEXEC);
	size_t total = 0;
	int from, rc = 0;
	u8 part[4096];
	ssize_t n;

	if (to < 0)
		return -errno;
	from = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (from < 0)
		return to;
	do {
		n = read(from, part, sizeof(part));
		if (n < 0) {
			rc = -errno;
			break;
		}
		total += (size_t)n;
		if (total > KEYTAB_MAX)
			rc = -EFBIG;
		else if (write(to, part, (size_t)n) != n)
			rc = -ENOSPC;
	} while (!rc && n);
	explicit_bzero(part, sizeof(part));
	close(from);
	if (!rc)
		return to;
	close(to);
	return rc;
}

struct keytab_mark keytab_look(const char *path)
{
	struct keytab_mark mark = { 0 };
	struct stat st;

	if (!path || stat(path, &st))
		return mark;
	mark.there = true;
	mark.dev = st.st_dev;
	mark.ino = st.st_ino;
	mark.size = st.st_size;
	mark.changed = st.st_ctim;
	return mark;
}

bool keytab_same(const struct keytab_mark *a, const struct keytab_mark *b)
{
	return a->there == b->there && a->dev == b->dev && a->ino == b->ino &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}
